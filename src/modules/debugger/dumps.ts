// What dbg_pv_dump() and dbg_sip_msg() write: variables as JSON, and the message as it would leave with what was changed in it.

import type { RouteContext } from "../../proxy/context.ts";
import type { Xavp } from "../../proxy/xavp.ts";
import { NO_ROOM, writeForwardedReply, writeForwardedRequest } from "../../sip/build.ts";
import type { SipMessage } from "../../sip/message.ts";
import type { Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";

/** What is dumped, as bits. */
export const Dump = { NULL: 1, AVP: 2, VAR: 4, XAVP: 8, OTHER: 16 } as const;

type Json = Value | Json[] | { [name: string]: Json };

function xavpJson({ value, fields }: Xavp): Json {
  if (fields === null) return value;
  const out = new Map<string, Json[]>();
  for (const field of fields) {
    const values = out.get(field.name);
    if (values === undefined) out.set(field.name, [field.value]);
    else values.push(field.value);
  }
  return Object.fromEntries(out);
}

/** The variables of a run as JSON. */
export function variablesJson(ctx: RouteContext, mask: number): string {
  const out: Record<string, Json> = {};
  const put = (name: string, value: Value): void => {
    if (value !== null || (mask & Dump.NULL) !== 0) out[name] = value;
  };
  if ((mask & Dump.VAR) !== 0) {
    const { varNames } = ctx.routes;
    for (const name of varNames?.names() ?? []) put(`$var(${name})`, ctx.vars[varNames!.slot(name)] ?? 0);
  }
  const avps = ctx.avpsOrNull;
  if ((mask & Dump.AVP) !== 0 && avps !== null)
    for (const name of avps.names()) out[`$avp(${name.replace("\x00", "i:")})`] = [...(avps.all(name) ?? [])];
  if ((mask & Dump.XAVP) !== 0 && avps !== null)
    for (const [name, entries] of avps.xavps("xavp").entries()) out[`$xavp(${name})`] = entries.map(xavpJson);
  if ((mask & Dump.OTHER) !== 0) {
    put("$rc", ctx.rc);
    put("$si", ctx.flow.remote.address);
    put("$sp", ctx.flow.remote.port);
  }
  return JSON.stringify(out);
}

/** Lines that are in one list and not in the other, each as often as it is missing there. */
function missing(lines: readonly string[], among: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of among) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const n = left.get(line) ?? 0;
    left.set(line, n - 1);
    return n <= 0;
  });
}

function split(text: string): { readonly head: string[]; readonly body: string[] } {
  const at = text.indexOf("\r\n\r\n");
  const [head, body] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 4)];
  return { head: head.split("\r\n"), body: body === "" ? [] : body.split(/\r?\n/) };
}

function diff(before: readonly string[], after: readonly string[]): string[] {
  return [...missing(before, after).map((line) => `- ${line}`), ...missing(after, before)];
}

/** The lines that show a message as it would be sent now; one saying so when it has no room. */
export function messageLines(msg: SipMessage, out: Uint8Array, line: number): string[] {
  const end = msg.isRequest ? writeForwardedRequest(msg, null, "", "", out) : writeForwardedReply(msg, out);
  if (end === NO_ROOM) return ["the message is too large to be shown"];
  const now = split(textOf(out, 0, end));
  const before = split(textOf(msg.buf, msg.start, msg.end));
  const title = (text: string): string => ` ${text} `.padStart(Math.floor((80 + text.length) / 2), "-").padEnd(79, "-");
  return [
    `CONFIG LINE ${line}`,
    title("START OF SIP message debug"),
    ...now.head,
    "",
    ...now.body,
    title("SIP header diffs"),
    ...diff(before.head, now.head),
    title("SIP body diffs"),
    ...diff(before.body, now.body),
    title("END OF SIP message debug"),
  ];
}
