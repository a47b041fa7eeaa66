// Selects of header values by the header's name: @hf_value, @hf_value2, @hf_value_exists, @msg.header. Underscores in names stand for
// hyphens.

import type { RouteContext } from "../proxy/context.ts";
import { H, headerIdOfName } from "../sip/headers.ts";
import { listValues } from "../sip/list.ts";
import type { SipMessage } from "../sip/message.ts";
import { findHeader, findHeaderByName } from "../sip/scan.ts";
import type { Segment, SelectReader, SelectRoot } from "./select-parts.ts";

/** The number of the next header of that name (lower case) from `from` on; -1 when there is none. */
export function headerNumber(msg: SipMessage, name: string, from = 0): number {
  const id = headerIdOfName(name);
  return id === H.OTHER ? findHeaderByName(msg, name, from) : findHeader(msg, id, from);
}

/** The first header of that name, in lower case. */
export function header(name: string): SelectReader {
  return (ctx) => {
    const h = headerNumber(ctx.message, name);
    return h < 0 ? null : ctx.message.value(h);
  };
}

/** Every header of that name, whole. */
export function headers(name: string): (ctx: RouteContext) => string[] {
  return ({ message }) => {
    const all: string[] = [];
    for (let h = headerNumber(message, name); h >= 0; h = headerNumber(message, name, h + 1))
      all.push(message.value(h));
    return all;
  };
}

/** The comma-separated values of all headers of that name. */
export function values(name: string): (ctx: RouteContext) => string[] {
  const whole = headers(name);
  return (ctx) => whole(ctx).flatMap(listValues);
}

/** One of several texts: from 1, from the end when negative. */
export function nth(all: (ctx: RouteContext) => string[], index: number): SelectReader {
  return (ctx) => (index > 0 ? all(ctx)[index - 1] : index < 0 ? all(ctx).at(index) : undefined) ?? null;
}

/** A root of this file by its segments, with how many of them it takes; null when they are none. */
export function valueRoot(name: string, segments: readonly Segment[]): (SelectRoot & { used: number }) | null {
  const [, second, third] = segments;
  if (second === undefined) return null;
  const named = second.text.toLowerCase().replaceAll("_", "-");
  const index = third?.isIndex === true ? Number(third.text) : null;
  const used = index === null ? 2 : 3;
  if (name === "hf_value") return { ...headerValue(named, index), used };
  if (name === "hf_value2")
    return { read: index === null ? header(named) : nth(headers(named), index), is: "pairs", used };
  if (name === "hf_value_exists" && third !== undefined)
    return { read: exists(named, third.text), is: "text", used: 3 };
  return null;
}

// One value of a header ([0] is the first too), or all of them joined by commas: their parts are those of the first.
function headerValue(name: string, index: number | null): SelectRoot {
  const all = values(name);
  if (index !== null) return { read: nth(all, index === 0 ? 1 : index), is: "value" };
  return { read: (ctx) => all(ctx).join(",") || null, is: "values" };
}

/** @msg.header.name[n]: a header whole; without a number the first one, but parts are taken from the last. */
export function messageHeader(name: string, index: number | null): SelectRoot {
  const all = headers(name);
  if (index !== null) return { read: nth(all, index), is: "header" };
  return { read: header(name), parts: nth(all, -1), is: "header" };
}

function exists(name: string, wanted: string): SelectReader {
  const all = values(name);
  const lower = wanted.toLowerCase();
  return (ctx) => (all(ctx).some((value) => value.toLowerCase() === lower) ? "1" : "0");
}
