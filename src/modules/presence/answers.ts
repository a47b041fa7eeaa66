// What PUBLISH and SUBSCRIBE are answered when they are refused, with Kamailio's reason phrases, and what is read of both alike.

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import type { EventPackage } from "./event-package.ts";
import type { Presence } from "./presence.ts";

/** A refusal. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  /** Whole header lines. */
  readonly headers?: string;
}

export const BAD: Refusal = { code: 400, reason: "Bad request" };
export const INVALID: Refusal = { code: 400, reason: "Invalid request" };
export const NO_MATCH: Refusal = { code: 412, reason: "Conditional request failed" };
export const TOO_LARGE: Refusal = { code: 413, reason: "Request Entity Too Large" };
export const WRONG_TYPE: Refusal = { code: 415, reason: "Unsupported media type" };
export const NO_DIALOG: Refusal = { code: 481, reason: "Subscription does not exist" };
export const FAILED: Refusal = { code: 500, reason: "Server Internal Error" };
export const TOO_MANY: Refusal = { code: 503, reason: "Service Unavailable", headers: "Retry-After: 60\r\n" };

/** Answers with a refusal; what the function then returns to the script. */
export function refuse(ctx: RouteContext, r: Refusal): number {
  ctx.proxy.reply(ctx, r.code, r.reason, r.headers ?? "");
  return -1;
}

/** What Event says: the package, and the identifier of the subscription. */
export interface EventNamed {
  readonly pkg: EventPackage;
  readonly id: string;
}

/** Reads Event; 489 for a package that is not known here (RFC 6665 8.3.2). */
export function eventOf(presence: Presence, msg: SipMessage): EventNamed | Refusal {
  const [name = "", ...params] = (msg.header(H.EVENT) ?? "").split(";").map((part) => part.trim());
  const id = params.find((p) => /^id\s*=/i.test(p))?.replace(/^id\s*=\s*/i, "") ?? "";
  // a package may be named with a parameter: dialog;sla
  const whole = params.map((p) => presence.package(`${name};${p}`)).find((p) => p !== null);
  const pkg = whole ?? presence.package(name);
  if (pkg === null || id.length > 64 || /[\r\n]/.test(id)) {
    const names = presence.packageNames;
    return {
      code: 489,
      reason: "Bad Event",
      headers: names.length === 0 ? "" : `Allow-Events: ${names.join(", ")}\r\n`,
    };
  }
  return { pkg, id };
}

/** The seconds asked for, within bounds; 423 when they are too few (RFC 3903 6, RFC 6665 4.2.1.1). */
export function expiresOf(presence: Presence, msg: SipMessage, fallback: number): number | Refusal {
  const { maxExpires, minExpires, refuseBrief } = presence.settings;
  const said = msg.find(H.EXPIRES) < 0 ? fallback : msg.uint(H.EXPIRES);
  const asked = Math.min(said < 0 ? fallback : said, maxExpires);
  if (asked === 0 || asked >= minExpires) return asked;
  if (!refuseBrief) return minExpires;
  return { code: 423, reason: "Interval Too Brief", headers: `Min-Expires: ${minExpires}\r\n` };
}

/** Whether it is a refusal. */
export function isRefusal(value: object): value is Refusal {
  return "code" in value;
}
