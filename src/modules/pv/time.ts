// Variables for time. The clock is the host's; calendars are computed here, in the zone of the process or in UTC.

import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass, type TransformDef } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";
import { own } from "../../util/own.ts";

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
interface Parts {
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

function partsOf(ms: number, utc: boolean): Parts {
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

type Conversion = (p: Parts, ms: number, utc: boolean) => string;

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
  h: (p) => MONTHS[p.mon]!.slice(0, 3),
  H: (p) => two(p.hour),
  I: (p) => two(p.hour % 12 === 0 ? 12 : p.hour % 12),
  j: (p) => String(p.yday + 1).padStart(3, "0"),
  k: (p) => two(p.hour, " "),
  m: (p) => two(p.mon + 1),
  M: (p) => two(p.min),
  n: () => "\n",
  p: (p) => (p.hour < 12 ? "AM" : "PM"),
  r: (p) => `${two(p.hour % 12 === 0 ? 12 : p.hour % 12)}:${two(p.min)}:${two(p.sec)} ${p.hour < 12 ? "AM" : "PM"}`,
  R: (p) => `${two(p.hour)}:${two(p.min)}`,
  s: (_p, ms) => String(Math.floor(ms / 1000)),
  S: (p) => two(p.sec),
  t: () => "\t",
  T: (p) => `${two(p.hour)}:${two(p.min)}:${two(p.sec)}`,
  u: (p) => String(p.wday === 0 ? 7 : p.wday),
  U: (p) => two(Math.floor((p.yday + 7 - p.wday) / 7)),
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

function asctime(p: Parts): string {
  return `${DAYS[p.wday]!.slice(0, 3)} ${MONTHS[p.mon]!.slice(0, 3)} ${two(p.mday, " ")} ${two(p.hour)}:${two(p.min)}:${two(p.sec)} ${p.year}`;
}

const FIELDS: Readonly<Record<string, (p: Parts) => number>> = {
  sec: (p) => p.sec,
  min: (p) => p.min,
  hour: (p) => p.hour,
  mday: (p) => p.mday,
  mon: (p) => p.mon + 1,
  year: (p) => p.year,
  wday: (p) => p.wday + 1,
  yday: (p) => p.yday + 1,
  isdst: (p) => p.isdst,
};

function wall(ctx: RouteContext): number {
  return ctx.proxy.host.clock.wall();
}

function field(doc: string, utc: boolean): PvDef<unknown> {
  return pvClass<unknown>({
    doc: `${doc}: ${Object.keys(FIELDS).join(", ")}; wday 1 is Sunday.`,
    inner: "required",
    resolve: (_i, name): Accessor | ArgError => {
      const read = own(FIELDS, name);
      if (read === undefined)
        return new ArgError(`unknown part of a time "${name}"`, `one of ${Object.keys(FIELDS).join(", ")}`);
      return { get: (ctx) => read(partsOf(wall(ctx), utc)) };
    },
  });
}

function formatted(doc: string, utc: boolean): PvDef<unknown> {
  return pvClass<unknown>({
    doc,
    inner: "required",
    resolve: (_i, format) => ({ get: (ctx) => strftime(format ?? "", wall(ctx), utc) }),
  });
}

const TV: Readonly<Record<string, (ms: number) => Value>> = {
  s: (ms) => Math.floor(ms / 1000),
  u: (ms) => Math.floor((ms % 1000) * 1000),
  sn: (ms) => Math.floor(ms / 1000),
  un: (ms) => Math.floor((ms % 1000) * 1000),
  Sn: (ms) => `${Math.floor(ms / 1000)}.${String(Math.floor((ms % 1000) * 1000)).padStart(6, "0")}`,
};

/** Variables of time; `startedAt` is when the process began, ms since 1970. */
export function timeVariables(startedAt: (instance: unknown) => number): Record<string, PvDef<unknown>> {
  const seconds = (_i: unknown, ctx: RouteContext): Value => Math.floor(wall(ctx) / 1000);
  const text = (_i: unknown, ctx: RouteContext): Value => asctime(partsOf(wall(ctx), false));
  return {
    Ts: pv("Seconds since 1970.", seconds),
    TS: pv("Seconds since 1970, read from the clock now.", seconds),
    Tf: pv("Date and time as text, local.", text),
    TF: pv("Date and time as text, local, read from the clock now.", text),
    Tb: pv("Seconds since 1970 when the server started.", (instance): Value => Math.floor(startedAt(instance) / 1000)),
    TV: pvClass<unknown>({
      doc: "Time with microseconds: (s) seconds, (u) microseconds, (sn) and (un) the same read now, (Sn) seconds.microseconds.",
      inner: "required",
      resolve: (_i, name) => {
        const read = own(TV, name);
        return read === undefined
          ? new ArgError(`unknown form of time "${name}"`, `one of ${Object.keys(TV).join(", ")}`)
          : { get: (ctx) => read(wall(ctx)) };
      },
    }),
    time: field("A part of the local time", false),
    utime: field("A part of the time in UTC", true),
    timef: formatted("Local time formatted as strftime does.", false),
    utimef: formatted("UTC time formatted as strftime does.", true),
  };
}

/** {s.ftime,format}: seconds since 1970 as local time; null for what is no number. */
export const TIME_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "s.ftime": {
    doc: "seconds since 1970 as local time, formatted as strftime does",
    minArgs: 1,
    maxArgs: 1,
    apply: (value, [format]) => {
      const text = String(value ?? "");
      return /^-?[0-9]{1,12}$/.test(text) ? strftime(format ?? "", Number(text) * 1000, false) : null;
    },
  },
};
