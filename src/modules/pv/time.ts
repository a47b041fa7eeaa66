// Variables for time. The clock is the host's; calendars are computed in util/strftime.ts, in the zone of the process or in UTC.

import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass, type TransformDef } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";
import { own } from "../../util/own.ts";
import { asctime, partsOf, strftime, type TimeParts } from "../../util/strftime.ts";

const FIELDS: Readonly<Record<string, (p: TimeParts) => number>> = {
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
