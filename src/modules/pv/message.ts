// Variables for the message itself: method, status, headers, body, the whole text.

import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass } from "../../registry/define.ts";
import { H } from "../../sip/headers.ts";
import { nextValue } from "../../sip/list.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseContact } from "../../sip/name-addr.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { parseUint, skipLws, trimEnd } from "../../sip/tokens.ts";
import type { Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import { own } from "../../util/own.ts";
import { findNamed, type HeaderName, headerName, kamailioMethodBit } from "../core/index.ts";

function def(doc: string, get: (ctx: RouteContext) => Value, aliases: readonly string[] = []): PvDef<unknown> {
  return pv(doc, (_i: unknown, ctx) => get(ctx), undefined, aliases);
}

function headerValue(id: number): (ctx: RouteContext) => Value {
  return (ctx) => ctx.message.header(id);
}

// ---- headers by name ----

/** The header lines of a name, by position; negative positions count from the last. */
function nthHeader(msg: SipMessage, name: HeaderName, index: number): Value {
  if (index === 0 && name.lower !== "*") {
    const h = findNamed(msg, name);
    return h < 0 ? null : msg.value(h);
  }
  const all = headerValues(msg, name);
  return all.at(index) ?? null;
}

function headerValues(msg: SipMessage, name: HeaderName): string[] {
  const out: string[] = [];
  if (name.lower === "*") {
    for (let h = 0; h < msg.headerCount; h++) out.push(msg.value(h));
    return out;
  }
  for (let h = findNamed(msg, name); h >= 0; h = findNamed(msg, name, h + 1)) out.push(msg.value(h));
  return out;
}

/** Headers whose values are addresses or hops: only those are split, as on Kamailio. */
const SPLIT: ReadonlySet<number> = new Set([
  H.VIA,
  H.ROUTE,
  H.RECORD_ROUTE,
  H.PATH,
  H.CONTACT,
  H.P_ASSERTED_IDENTITY,
  H.P_PREFERRED_IDENTITY,
  H.DIVERSION,
]);

/** The comma-separated values of all headers of a name, each by itself; whole lines of headers that are no such lists. */
function listValues(msg: SipMessage, name: HeaderName): string[] {
  if (!SPLIT.has(name.id)) return headerValues(msg, name);
  const out: string[] = [];
  for (let h = findNamed(msg, name); h >= 0; h = findNamed(msg, name, h + 1)) {
    const end = msg.index[h * STRIDE + VALUE_END]!;
    for (let at = msg.index[h * STRIDE + VALUE_START]!; at < end; ) {
      const comma = nextValue(msg.buf, at, end);
      out.push(textOf(msg.buf, skipLws(msg.buf, at, comma), trimEnd(msg.buf, at, comma)));
      at = comma + 1;
    }
  }
  return out;
}

type Values = (msg: SipMessage, name: HeaderName) => string[];

function byName(doc: string, nth: (msg: SipMessage, name: HeaderName, index: number) => Value): PvDef<unknown> {
  return pvClass<unknown>({
    doc,
    inner: "required",
    indexed: true,
    resolve: (_i, inner, index): Accessor => {
      const name = headerName(inner ?? "");
      if (index === "*") return { get: (ctx) => joined(headerValues(ctx.message, name)) };
      return { get: (ctx) => nth(ctx.message, name, index ?? 0) };
    },
  });
}

function joined(values: readonly string[]): Value {
  return values.length === 0 ? null : values.join(",");
}

function counting(doc: string, all: Values): PvDef<unknown> {
  return pvClass<unknown>({
    doc,
    inner: "required",
    resolve: (_i, inner): Accessor => {
      const name = headerName(inner ?? "");
      return { get: (ctx) => (name.lower === "*" ? 0 : all(ctx.message, name).length) };
    },
  });
}

// ---- expiry of contacts ----

const contact = new NameAddrRange();

// The least or the most of what the Contacts ask for, each else what Expires says.
function expires(msg: SipMessage, pick: (a: number, b: number) => number): Value {
  const general = msg.uint(H.EXPIRES);
  let result = -1;
  for (let h = msg.find(H.CONTACT); h >= 0; h = msg.find(H.CONTACT, h + 1)) {
    const end = msg.index[h * STRIDE + VALUE_END]!;
    for (let at = msg.index[h * STRIDE + VALUE_START]!; at >= 0; at = contact.next) {
      if (parseContact(msg.buf, at, end, contact) !== 0) break;
      const own = contact.expiresStart < 0 ? -1 : parseUint(msg.buf, contact.expiresStart, contact.expiresEnd);
      const n = own >= 0 ? own : general;
      if (n >= 0) result = result < 0 ? n : pick(result, n);
    }
  }
  if (result < 0) result = general;
  return result < 0 ? null : result;
}

// ---- parts of the whole ----

function bodyOf(msg: SipMessage): Value {
  return textOf(msg.buf, msg.bodyStart, msg.end);
}

function contentLength(msg: SipMessage): Value {
  const length = msg.uint(H.CONTENT_LENGTH);
  return length < 0 && msg.http !== null ? null : Math.max(0, length);
}

const PARTS: Readonly<Record<string, (msg: SipMessage) => Value>> = {
  buf: (msg) => textOf(msg.buf, msg.start, msg.end),
  len: (msg) => msg.end - msg.start,
  fline: (msg) => textOf(msg.buf, msg.lineStart, trimEnd(msg.buf, msg.lineStart, msg.firstLineEnd)),
  hdrs: (msg) => textOf(msg.buf, msg.firstLineEnd, msg.headEnd),
  lpart: (msg) => textOf(msg.buf, msg.firstLineEnd, msg.end),
  body: bodyOf,
  body_len: (msg) => msg.end - msg.bodyStart,
  fpart: (msg) => textOf(msg.buf, msg.lineStart, msg.headEnd),
};

/** The message with the edits made so far. */
function updated(msg: SipMessage): string {
  const { buf, newUri } = msg;
  const edits = msg.currentEdits();
  const out = new Uint8Array(msg.end - msg.start + edits.growth());
  const from = newUri === null ? msg.lineStart : msg.firstLineEnd;
  const rest = textOf(out, 0, edits.write(out, 0, buf, from, msg.end, true));
  return newUri === null
    ? rest
    : textOf(buf, msg.lineStart, msg.uriStart) + newUri + textOf(buf, msg.uriEnd, msg.firstLineEnd) + rest;
}

/** Variables of the message. */
export const messageVariables: Record<string, PvDef<unknown>> = {
  rm: def("The method; of a reply that of its CSeq.", (ctx) => ctx.message.methodText()),
  rmid: def("The method as one bit, numbered as Kamailio does: INVITE 1, CANCEL 2, ACK 4, BYE 8 …", (ctx) =>
    kamailioMethodBit(ctx.message.methodText()),
  ),
  rv: def("The version: SIP/2.0, of an HTTP request its own.", (ctx) => ctx.message.versionText()),
  rs: def("Status of a reply.", (ctx) => (ctx.message.isRequest ? null : ctx.message.status)),
  rsi: def("Status of a reply, 0 in a request.", (ctx) => (ctx.message.isRequest ? 0 : ctx.message.status)),
  rr: def("Reason phrase of a reply.", (ctx) =>
    ctx.message.isRequest ? null : textOf(ctx.message.buf, ctx.message.reasonStart, ctx.message.reasonEnd),
  ),
  mt: def("1 for a request, 2 for a reply.", (ctx) => (ctx.message.isRequest ? 1 : 2)),
  mts: def("rq for a request, rpl for a reply.", (ctx) => (ctx.message.isRequest ? "rq" : "rpl")),
  mi: def(
    "Number of the message: how many had come when it did; dbg.reset_msgid counts from 1 again.",
    (ctx) => ctx.message.number || ctx.proxy.counters.number,
  ),
  ml: def("Length of the message in bytes.", (ctx) => ctx.message.end - ctx.message.start),
  mb: def("The whole message as it came.", (ctx) => textOf(ctx.message.buf, ctx.message.start, ctx.message.end)),
  mbu: def("The whole message with the changes made so far.", (ctx) => updated(ctx.message)),
  rb: def("The body.", (ctx) => bodyOf(ctx.message)),
  bs: def("Length of the body in bytes.", (ctx) => ctx.message.end - ctx.message.bodyStart),
  cl: def("Value of Content-Length, 0 without one (null in an HTTP request).", (ctx) => contentLength(ctx.message)),
  ci: def("Call-ID.", headerValue(H.CALL_ID)),
  cs: def("Number in CSeq, as it is written.", (ctx) => /^\d+/.exec(ctx.message.header(H.CSEQ) ?? "")?.[0] ?? null),
  csb: def("CSeq as a whole.", headerValue(H.CSEQ)),
  ct: def("Value of the first Contact.", headerValue(H.CONTACT)),
  cT: def("Content-Type.", headerValue(H.CONTENT_TYPE)),
  ua: def("User-Agent.", headerValue(H.USER_AGENT)),
  rt: def("URI in Refer-To.", (ctx) => addressUri(ctx.message, H.REFER_TO)),
  hdr: byName("Value of a header by its name; [n] its n-th line, [-1] the last, [*] all joined by commas.", nthHeader),
  hdrc: counting("How many header lines of that name there are.", headerValues),
  hfl: byName(
    "One address or hop out of a header that lists them (Contact, Route, Via …), over all its lines; [n] the n-th, [-1] the last, [*] all lines.",
    (msg, name, index) => listValues(msg, name).at(index) ?? null,
  ),
  hflc: counting("How many values the headers of that name list.", listValues),
  expires: pvClass<unknown>({
    doc: "Expiry the Contacts ask for, or else Expires: (min) the least, (max) the most.",
    inner: "required",
    resolve: (_i, which) => {
      if (which === "min") return { get: (ctx) => expires(ctx.message, Math.min) };
      if (which === "max") return { get: (ctx) => expires(ctx.message, Math.max) };
      return new ArgError(`unknown form of expiry "${which}"`, "use $expires(min) or $expires(max)");
    },
  }),
  msg: pvClass<unknown>({
    doc: "A part of the message: (buf) all, (len) its length, (fline) first line, (hdrs) headers, (body) body, (body_len) its length, (fpart) first line and headers, (lpart) headers and body.",
    inner: "required",
    resolve: (_i, part) => {
      const read = own(PARTS, part);
      return read === undefined
        ? new ArgError(`unknown part of a message "${part}"`, `one of ${Object.keys(PARTS).join(", ")}`)
        : { get: (ctx) => read(ctx.message) };
    },
  }),
};

const address = new NameAddrRange();

/** One part of the first address in a header, by the ranges the grammar fills; null without the header or when it is malformed. */
export function addressOf(msg: SipMessage, id: number): NameAddrRange | null {
  const h = msg.find(id);
  if (h < 0) return null;
  return parseContact(msg.buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!, address) === 0
    ? address
    : null;
}

/** The URI of the first address in a header. */
export function addressUri(msg: SipMessage, id: number): string | null {
  const a = addressOf(msg, id);
  return a === null || a.uriStart < 0 ? null : textOf(msg.buf, a.uriStart, a.uriEnd);
}
