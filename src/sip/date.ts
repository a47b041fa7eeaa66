// SIP-date (RFC 3261 section 20.17): RFC 1123 form, always GMT. Pure arithmetic; no clock is read here.
import { C, equalsIgnoreCase, isClass, parseUint, skipLws, trimEnd } from "./tokens.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LOWER_DAYS = DAYS.map((name) => name.toLowerCase());
const LOWER_MONTHS = MONTHS.map((name) => name.toLowerCase());
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MS_A_DAY = 86_400_000;

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar; month 1 to 12. */
function daysFromCivil(year: number, month: number, day: number): number {
  // Years begin in March here, so that the leap day is the last of the year.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

/**
 * Milliseconds since 1970 of the date in [start, end), such as `Sat, 13 Nov 2010 23:29:00 GMT`; NaN when malformed or
 * in another zone. The weekday must be one, but need not be the right one. A leap second counts as the next second.
 */
export function parseDate(buf: Uint8Array, start: number, end: number): number {
  const e = trimEnd(buf, start, end);
  const s = skipLws(buf, start, e);
  // "Www, DD Mmm YYYY HH:MM:SS GMT": every field has its place.
  if (e - s !== 29) return Number.NaN;
  if (buf[s + 3] !== 0x2c || buf[s + 19] !== 0x3a || buf[s + 22] !== 0x3a) return Number.NaN;
  for (const gap of GAPS) if (!isClass(buf[s + gap]!, C.LWS)) return Number.NaN;
  if (indexOfName(buf, s, LOWER_DAYS) < 0 || !equalsIgnoreCase(buf, s + 26, e, "gmt")) return Number.NaN;
  const month = indexOfName(buf, s + 8, LOWER_MONTHS);
  const day = parseUint(buf, s + 5, s + 7);
  const year = parseUint(buf, s + 12, s + 16);
  const hour = parseUint(buf, s + 17, s + 19);
  const minute = parseUint(buf, s + 20, s + 22);
  const second = parseUint(buf, s + 23, s + 25);
  if (month < 0 || day < 1 || year < 0 || hour < 0 || minute < 0 || second < 0) return Number.NaN;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > MONTH_DAYS[month]! || (month === 1 && day === 29 && !leap)) return Number.NaN;
  if (hour > 23 || minute > 59 || second > 60) return Number.NaN;
  return daysFromCivil(year, month + 1, day) * MS_A_DAY + ((hour * 60 + minute) * 60 + second) * 1000;
}

const GAPS = [4, 7, 11, 16, 25];

function indexOfName(buf: Uint8Array, pos: number, lowerNames: readonly string[]): number {
  for (let i = 0; i < lowerNames.length; i++) if (equalsIgnoreCase(buf, pos, pos + 3, lowerNames[i]!)) return i;
  return -1;
}

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);

/** The SIP-date of a time in milliseconds since 1970 (whole seconds kept), for years 0 to 9999. */
export function formatDate(ms: number): string {
  const days = Math.floor(ms / MS_A_DAY);
  const seconds = Math.floor((ms - days * MS_A_DAY) / 1000);
  // The inverse of daysFromCivil, era by era of 400 years.
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = (marchMonth + 2) % 12;
  const year = yearOfEra + era * 400 + (month <= 1 ? 1 : 0);
  const weekday = DAYS[(((days + 4) % 7) + 7) % 7];
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${weekday}, ${two(day)} ${MONTHS[month]} ${String(year).padStart(4, "0")} ${time} GMT`;
}
