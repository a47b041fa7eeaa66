// What is told of one event: the values all records have, those the configuration adds, and those of the legs of a call.

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { toText, type Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import type { Extra, LegPart } from "./settings.ts";

/** The values all records have; a code or reason that is not known is "". */
export interface AccRecord {
  readonly method: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  readonly code: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The most legs of a call that are told. */
const MAX_LEGS = 64;

/** The tag of From or To; "" without one. */
export function tagOf(msg: SipMessage, which: "from" | "to"): string {
  const party = which === "from" ? msg.from() : msg.to();
  return party === null || party.tagStart < 0 ? "" : textOf(msg.buf, party.tagStart, party.tagEnd);
}

/** A record of a message; `toTag` stands in place of its own. */
export function recordOf(msg: SipMessage, toTag: string, code: string, reason: string, at: number): AccRecord {
  return {
    method: msg.methodText(),
    fromTag: tagOf(msg, "from"),
    toTag,
    callId: msg.header(H.CALL_ID) ?? "",
    code,
    reason,
    at,
  };
}

/** Code and reason of a comment, "404 Not Found"; without three digits in front it is all reason (as the oracle). */
export function codeAndReason(comment: string): readonly [code: string, reason: string] {
  return /^\d{3}/.test(comment) ? [comment.slice(0, 3), comment.slice(3).trimStart()] : ["", comment];
}

/** The further values, now. */
export function valuesOf(extras: readonly Extra[], ctx: RouteContext): Value[] {
  return extras.map((extra) => extra.value.get(ctx));
}

/** The values of each leg, the newest AVPs first; none when no part has a value. Missing ones are null. */
export function legsOf(parts: readonly LegPart[], ctx: RouteContext): Value[][] {
  const avps = ctx.avpsOrNull;
  if (parts.length === 0 || avps === null) return [];
  const lists = parts.map((part) => avps.all(part.avp) ?? []);
  const count = Math.min(MAX_LEGS, Math.max(...lists.map((list) => list.length)));
  return Array.from({ length: count }, (_, i) => lists.map((list) => list[i] ?? null));
}

/** A value as text; null is "". */
export function shown(value: Value): string {
  return value === null ? "" : toText(value);
}
