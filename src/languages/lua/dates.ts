// Dates of Lua's library os: a moment's fields, local or of UTC, and texts as strftime() of C makes them (locale "C").

/** The fields of a moment. */
export interface DateFields {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly min: number;
  readonly sec: number;
  /** 1 is Sunday. */
  readonly wday: number;
  /** 1 is the first of January. */
  readonly yday: number;
  readonly isdst: boolean;
  /** Minutes by which it is ahead of UTC. */
  readonly offset: number;
  readonly zone: string;
  /** Seconds since 1970. */
  readonly time: number;
}

const DAY = 86_400_000;

/** The fields of a moment (seconds since 1970); null when it is none that a calendar has. */
export function fieldsOf(time: number, isUtc: boolean): DateFields | null {
  const date = new Date(Math.floor(time) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const offset = isUtc ? 0 : -date.getTimezoneOffset();
  // the same moment on a clock that shows UTC
  const shown = new Date(date.getTime() + offset * 60_000);
  const year = shown.getUTCFullYear();
  return {
    year,
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    min: shown.getUTCMinutes(),
    sec: shown.getUTCSeconds(),
    wday: shown.getUTCDay() + 1,
    yday: Math.floor((shown.getTime() - Date.UTC(year, 0, 1)) / DAY) + 1,
    isdst: !isUtc && offset !== standardOffset(year),
    offset,
    zone: isUtc ? "GMT" : zoneOf(date),
    time: Math.floor(time),
  };
}

// What local time is ahead of UTC outside summer time.
function standardOffset(year: number): number {
  return -Math.max(new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset());
}

function zoneOf(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** Seconds since 1970 of a date in local time; fields out of their range carry over, as with mktime(). */
export function timeOf(year: number, month: number, day: number, hour: number, min: number, sec: number): number {
  const date = new Date(2000, 0, 1);
  date.setFullYear(year, month - 1, day);
  date.setHours(hour, min, sec, 0);
  return Math.floor(date.getTime() / 1000);
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const two = (n: number, pad = "0"): string => String(n).padStart(2, pad);

type Part = (d: DateFields) => string;

const PARTS: Readonly<Record<string, Part>> = {
  a: (d) => DAYS[d.wday - 1]!.slice(0, 3),
  A: (d) => DAYS[d.wday - 1]!,
  b: (d) => MONTHS[d.month - 1]!.slice(0, 3),
  B: (d) => MONTHS[d.month - 1]!,
  c: (d) => strftime("%a %b %e %H:%M:%S %Y", d),
  C: (d) => two(Math.floor(d.year / 100)),
  d: (d) => two(d.day),
  D: (d) => strftime("%m/%d/%y", d),
  e: (d) => two(d.day, " "),
  F: (d) => strftime("%Y-%m-%d", d),
  g: (d) => two(isoWeek(d).year % 100),
  G: (d) => String(isoWeek(d).year),
  h: (d) => MONTHS[d.month - 1]!.slice(0, 3),
  H: (d) => two(d.hour),
  I: (d) => two(((d.hour + 11) % 12) + 1),
  j: (d) => String(d.yday).padStart(3, "0"),
  k: (d) => two(d.hour, " "),
  l: (d) => two(((d.hour + 11) % 12) + 1, " "),
  m: (d) => two(d.month),
  M: (d) => two(d.min),
  n: () => "\n",
  p: (d) => (d.hour < 12 ? "AM" : "PM"),
  P: (d) => (d.hour < 12 ? "am" : "pm"),
  r: (d) => strftime("%I:%M:%S %p", d),
  R: (d) => strftime("%H:%M", d),
  s: (d) => String(d.time),
  S: (d) => two(d.sec),
  t: () => "\t",
  T: (d) => strftime("%H:%M:%S", d),
  u: (d) => String(d.wday === 1 ? 7 : d.wday - 1),
  U: (d) => two(Math.floor((d.yday + 6 - (d.wday - 1)) / 7)),
  V: (d) => two(isoWeek(d).week),
  w: (d) => String(d.wday - 1),
  W: (d) => two(Math.floor((d.yday + 6 - ((d.wday + 5) % 7)) / 7)),
  x: (d) => strftime("%m/%d/%y", d),
  X: (d) => strftime("%H:%M:%S", d),
  y: (d) => two(((d.year % 100) + 100) % 100),
  Y: (d) => String(d.year),
  z: (d) => `${d.offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(d.offset) / 60))}${two(Math.abs(d.offset) % 60)}`,
  Z: (d) => d.zone,
  "%": () => "%",
};

/** A moment by a format; conversions that there are none of stay as they are. */
export function strftime(format: string, date: DateFields): string {
  return format.replace(/%[EO]?(.)/gs, (whole, kind: string) => PARTS[kind]?.(date) ?? whole);
}

// Week and its year by ISO 8601: weeks begin on Mondays, the first one has the year's first Thursday.
function isoWeek({ year, yday, wday }: DateFields): { readonly year: number; readonly week: number } {
  const fromMonday = (wday + 5) % 7;
  const week = Math.floor((yday - 1 - fromMonday + 10) / 7);
  if (week < 1) return { year: year - 1, week: weeksOf(year - 1) };
  return week > weeksOf(year) ? { year: year + 1, week: 1 } : { year, week };
}

function weeksOf(year: number): number {
  const first = new Date(Date.UTC(year, 0, 1)).getUTCDay();
  const isLeap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
  return first === 4 || (isLeap && first === 3) ? 53 : 52;
}
