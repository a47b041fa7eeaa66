// Moments as strftime writes them. Calendars are computed here, in the zone of the process or in UTC.

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

/** Broken-down time. */
export interface TimeParts {
  readonly sec: number;
  readonly min: number;
  readonly hour: number;
  readonly mday: number;
  /** 0 to 11. */
  readonly mon: number;
  readonly year: number;
  /** 0 Sunday to 6. */
  readonly wday: number;
  /** 0 to 365. */
  readonly yday: number;
  /** Minutes east of Greenwich. */
  readonly offset: number;
  readonly isdst: number;
}

/** A moment, ms since 1970, in the zone of the process or in UTC. */
export function partsOf(ms: number, utc: boolean): TimeParts {
  const d = new Date(ms);
  const offset = utc ? 0 : -d.getTimezoneOffset();
  // the local calendar read through UTC accessors
  const l = new Date(ms + offset * 60_000);
  const year = l.getUTCFullYear();
  const winter = -Math.max(new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset());
  return {
    sec: l.getUTCSeconds(),
    min: l.getUTCMinutes(),
    hour: l.getUTCHours(),
    mday: l.getUTCDate(),
    mon: l.getUTCMonth(),
    year,
    wday: l.getUTCDay(),
    yday: Math.floor((Date.UTC(year, l.getUTCMonth(), l.getUTCDate()) - Date.UTC(year, 0, 1)) / 86_400_000),
    offset,
    isdst: utc || offset === winter ? 0 : 1,
  };
}

const two = (n: number, fill = "0"): string => String(n).padStart(2, fill);

/** What strftime would write; a conversion it does not know stays as it is. */
export function strftime(format: string, ms: number, utc: boolean): string {
  const p = partsOf(ms, utc);
  return format.replace(/%[-_0^#EO]*([a-zA-Z%])/g, (whole, c: string) => {
    const show = CONVERSIONS[c];
    return show === undefined ? whole : show(p, ms, utc);
  });
}

type Conversion = (p: TimeParts, ms: number, utc: boolean) => string;

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  "%": () => "%",
  a: (p) => DAYS[p.wday]!.slice(0, 3),
  A: (p) => DAYS[p.wday]!,
  b: (p) => MONTHS[p.mon]!.slice(0, 3),
  B: (p) => MONTHS[p.mon]!,
  c: (p) => asctime(p),
  C: (p) => two(Math.floor(p.year / 100)),
  d: (p) => two(p.mday),
  D: (p) => `${two(p.mon + 1)}/${two(p.mday)}/${two(p.year % 100)}`,
  e: (p) => two(p.mday, " "),
  F: (p) => `${p.year}-${two(p.mon + 1)}-${two(p.mday)}`,
  g: (p) => two(isoWeek(p).year % 100),
  G: (p) => String(isoWeek(p).year),
  h: (p) => MONTHS[p.mon]!.slice(0, 3),
  H: (p) => two(p.hour),
  I: (p) => two(p.hour % 12 === 0 ? 12 : p.hour % 12),
  j: (p) => String(p.yday + 1).padStart(3, "0"),
  k: (p) => two(p.hour, " "),
  l: (p) => two(p.hour % 12 === 0 ? 12 : p.hour % 12, " "),
  m: (p) => two(p.mon + 1),
  M: (p) => two(p.min),
  n: () => "\n",
  p: (p) => (p.hour < 12 ? "AM" : "PM"),
  P: (p) => (p.hour < 12 ? "am" : "pm"),
  r: (p) => `${two(p.hour % 12 === 0 ? 12 : p.hour % 12)}:${two(p.min)}:${two(p.sec)} ${p.hour < 12 ? "AM" : "PM"}`,
  R: (p) => `${two(p.hour)}:${two(p.min)}`,
  s: (_p, ms) => String(Math.floor(ms / 1000)),
  S: (p) => two(p.sec),
  t: () => "\t",
  T: (p) => `${two(p.hour)}:${two(p.min)}:${two(p.sec)}`,
  u: (p) => String(p.wday === 0 ? 7 : p.wday),
  U: (p) => two(Math.floor((p.yday + 7 - p.wday) / 7)),
  V: (p) => two(isoWeek(p).week),
  w: (p) => String(p.wday),
  W: (p) => two(Math.floor((p.yday + 7 - ((p.wday + 6) % 7)) / 7)),
  x: (p) => `${two(p.mon + 1)}/${two(p.mday)}/${two(p.year % 100)}`,
  X: (p) => `${two(p.hour)}:${two(p.min)}:${two(p.sec)}`,
  y: (p) => two(p.year % 100),
  Y: (p) => String(p.year),
  z: (p) => `${p.offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(p.offset) / 60))}${two(Math.abs(p.offset) % 60)}`,
  Z: (p, _ms, utc) =>
    utc || p.offset === 0 ? "GMT" : `${p.offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(p.offset) / 60))}`,
};

// Week and its year by ISO 8601: weeks begin on Mondays, the first one has the year's first Thursday.
function isoWeek({ year, yday, wday }: TimeParts): { readonly year: number; readonly week: number } {
  const week = Math.floor((yday - ((wday + 6) % 7) + 10) / 7);
  if (week < 1) return { year: year - 1, week: weeksOf(year - 1) };
  return week > weeksOf(year) ? { year: year + 1, week: 1 } : { year, week };
}

function weeksOf(year: number): number {
  const first = new Date(Date.UTC(year, 0, 1)).getUTCDay();
  const isLeap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
  return first === 4 || (isLeap && first === 3) ? 53 : 52;
}

/** Milliseconds since 1970 of a date in local time; fields out of their range carry over, as with mktime(). Months count from 1. */
export function localTime(year: number, month: number, day: number, hour: number, min: number, sec: number): number {
  const date = new Date(2000, 0, 1);
  date.setFullYear(year, month - 1, day);
  date.setHours(hour, min, sec, 0);
  return date.getTime();
}

/** "Fri Feb 13 23:31:30 2009". */
export function asctime(p: TimeParts): string {
  return `${DAYS[p.wday]!.slice(0, 3)} ${MONTHS[p.mon]!.slice(0, 3)} ${two(p.mday, " ")} ${two(p.hour)}:${two(p.min)}:${two(p.sec)} ${p.year}`;
}
