// Moments as columns of Kamailio's tables hold them: SQLite's as Julian days, those of MySQL and PostgreSQL as texts of local time.

import { Moment } from "./database.ts";

const JULIAN_1970 = 2440587.5;
const DAY = 86400;

/** A moment in seconds since 1970 for a DATETIME column; each database writes it its own way. */
export function dateCell(seconds: number): Moment {
  return new Moment(seconds);
}

/** The Julian day that Kamailio's db_sqlite writes for a moment; 0 ("never") stays 0. */
export function julianDay(seconds: number): number {
  return seconds === 0 ? 0 : seconds / DAY + JULIAN_1970;
}

/** "YYYY-MM-DD HH:MM:SS" in local time, as Kamailio writes to MySQL and PostgreSQL. */
export function localText(seconds: number): string {
  const d = new Date(Math.trunc(seconds) * 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${String(d.getFullYear()).padStart(4, "0")}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${day} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** Seconds since 1970 of "YYYY-MM-DD HH:MM:SS" in local time or UTC; 0 when it is none. */
export function secondsOfText(text: string, isLocal: boolean): number {
  const m = /^\s*(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?/.exec(text);
  if (m === null) return 0;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = m.slice(1).map((part) => Number(part ?? 0));
  const ms = isLocal
    ? new Date(year, month - 1, day, hour, minute, second).getTime()
    : Date.UTC(year, month - 1, day, hour, minute, second);
  return Number.isNaN(ms) ? 0 : Math.trunc(ms / 1000);
}
