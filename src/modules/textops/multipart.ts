// Functions of textops on bodies of several parts (RFC 2046 5.1).

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { type Accessor, optional, str, variable } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { ContentTypeRange, parseContentType } from "../../sip/misc.ts";
import { equalsText, textOf } from "../../util/bytes.ts";
import { findNamed, headerName, lineEnd, lineStart, oneLine, valueEnd, valueStart, wholeLines } from "../core/index.ts";
import { bytesOfHex } from "./hex.ts";

const CHANGING = RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH | RouteKind.ONREPLY | RouteKind.LOCAL;
const LINE_FEED = 10;
const DASH = 0x2d;
/** More parts than any real body has; what comes behind them is not looked at. */
const MAX_PARTS = 64;
const DEFAULT_BOUNDARY = "unique-boundary-1";

/** One part, as offsets into the message. */
interface Part {
  /** Where the delimiter in front of it begins. */
  readonly delimiter: number;
  /** Its headers, from their start to the empty line. */
  readonly start: number;
  readonly headersEnd: number;
  /** Where the next delimiter begins, and where its line ends. */
  readonly next: number;
  readonly nextEnd: number;
}

interface Body {
  readonly boundary: string;
  readonly parts: readonly Part[];
  /** Where the delimiter stands that ends the last part; -1 when none does. */
  readonly close: number;
}

const range = new ContentTypeRange();

function boundaryOf(msg: SipMessage): string | null {
  const h = msg.find(H.CONTENT_TYPE);
  if (h < 0 || parseContentType(msg.buf, valueStart(msg, h), valueEnd(msg, h), range) !== 0) return null;
  if (!equalsText(msg.buf, range.typeStart, range.typeEnd, "multipart") || range.boundaryStart < 0) return null;
  const text = textOf(msg.buf, range.boundaryStart, range.boundaryEnd).replace(/^"(.*)"$/, "$1");
  return text === "" ? null : text;
}

/** The parts of the message's body; null when it is no body of several parts, or its boundary never comes. */
function bodyOf(msg: SipMessage): Body | null {
  const boundary = boundaryOf(msg);
  if (boundary === null) return null;
  const parts: Part[] = [];
  let at = delimiterFrom(msg, msg.bodyStart, boundary);
  if (at < 0) return null;
  while (!isClosing(msg, at, boundary)) {
    const start = lineAfter(msg, at);
    const found = delimiterFrom(msg, start, boundary);
    const next = found < 0 ? msg.end : found;
    const nextEnd = found < 0 ? msg.end : lineAfter(msg, found);
    if (parts.length < MAX_PARTS)
      parts.push({ delimiter: at, start, headersEnd: emptyLine(msg, start, next), next, nextEnd });
    if (found < 0) return { boundary, parts, close: -1 };
    at = found;
  }
  return { boundary, parts, close: at };
}

// A delimiter stands at the beginning of a line and ends with it, white space aside.
function delimiterFrom(msg: SipMessage, from: number, boundary: string): number {
  const { buf, end } = msg;
  const length = boundary.length + 2;
  for (let at = from; at + length <= end; at = lineAfter(msg, at)) {
    if (buf[at] !== DASH || buf[at + 1] !== DASH) continue;
    if (textOf(buf, at + 2, at + length) !== boundary) continue;
    if (
      /^(?:--)?[ \t\r]*$/.test(
        textOf(buf, at + length, Math.min(lineAfter(msg, at), at + length + 80)).replace("\n", ""),
      )
    )
      return at;
  }
  return -1;
}

function isClosing(msg: SipMessage, at: number, boundary: string): boolean {
  const behind = at + 2 + boundary.length;
  return behind + 1 < msg.end && msg.buf[behind] === DASH && msg.buf[behind + 1] === DASH;
}

function lineAfter(msg: SipMessage, at: number): number {
  const found = msg.buf.indexOf(LINE_FEED, at);
  return found < 0 || found >= msg.end ? msg.end : found + 1;
}

function emptyLine(msg: SipMessage, start: number, end: number): number {
  for (let at = start; at < end; at = lineAfter(msg, at)) {
    if (msg.buf[at] === LINE_FEED || (msg.buf[at] === 13 && msg.buf[at + 1] === LINE_FEED)) return at;
  }
  return end;
}

/** The first part of a type: its whole Content-Type, or what stands in front of its parameters. */
function partOfType(msg: SipMessage, body: Body, type: string): Part | null {
  const wanted = type.trim().toLowerCase();
  for (const part of body.parts) {
    const headers = textOf(msg.buf, part.start, part.headersEnd);
    const value = /^(?:content-type|c)[ \t]*:(.*)$/im.exec(headers)?.[1]?.trim().toLowerCase();
    if (value !== undefined && (value === wanted || value.split(";")[0]!.trim() === wanted)) return part;
  }
  return null;
}

// Without parts the body itself is what is meant, whatever its type, as on Kamailio.
function getPart(ctx: RouteContext, type: string, target: Accessor, raw: boolean): number {
  const msg = ctx.message;
  if (msg.end === msg.bodyStart || target.set === undefined) return -1;
  const isParted = boundaryOf(msg) !== null;
  const body = bodyOf(msg);
  const part = body === null ? null : partOfType(msg, body, type);
  if (part === null && isParted) return -1;
  const text =
    part === null
      ? textOf(msg.buf, msg.bodyStart, msg.end)
      : raw
        ? textOf(msg.buf, part.start, part.nextEnd)
        : textOf(msg.buf, part.headersEnd, part.next);
  target.set(ctx, text);
  return 1;
}

function removePart(msg: SipMessage, type: string): number {
  const body = bodyOf(msg);
  const part = body === null ? null : partOfType(msg, body, type);
  if (part === null) return -1;
  msg.currentEdits().add(part.delimiter, part.next - part.delimiter, "");
  return 1;
}

function filterBody(msg: SipMessage, type: string): number {
  const body = bodyOf(msg);
  const part = body === null ? null : partOfType(msg, body, type);
  if (part === null) return -1;
  const start = Math.min(lineAfter(msg, part.headersEnd), part.next);
  // the line end in front of a delimiter belongs to it
  let end = part.next;
  if (end > start && msg.buf[end - 1] === LINE_FEED) end--;
  if (end > start && msg.buf[end - 1] === 13) end--;
  const edits = msg.currentEdits();
  edits.add(msg.bodyStart, start - msg.bodyStart, "");
  edits.add(end, msg.end - end, "");
  return 1;
}

function partText(boundary: string, type: string, disposition: string | undefined, content: string): string {
  const headers = wholeLines(`Content-Type: ${type}`);
  const more =
    disposition === undefined || disposition === "" ? "" : `Content-Disposition: ${oneLine(disposition)}\r\n`;
  return `--${boundary}\r\n${headers}${more}\r\n${content}\r\n`;
}

function appendPart(msg: SipMessage, content: string, type: string, disposition: string | undefined): number {
  const body = content === "" || type === "" ? null : bodyOf(msg);
  if (body === null) return -1;
  const text = partText(body.boundary, type, disposition, content);
  if (body.close >= 0) msg.currentEdits().add(body.close, 0, text);
  else msg.currentEdits().add(msg.end, 0, `\r\n${text}--${body.boundary}--\r\n`);
  return 1;
}

/** The body, or the one given, becomes the first part of one of several parts. */
function makeMultipart(msg: SipMessage, text: string, type: string, boundary: string): number {
  const own = text === "";
  if (own && boundaryOf(msg) !== null) return 1;
  const h = msg.find(H.CONTENT_TYPE);
  const kind = own ? (h < 0 ? "" : msg.value(h)) : type;
  const content = own ? textOf(msg.buf, msg.bodyStart, msg.end) : text;
  if (content === "" || kind === "" || !/^[\w'()+,\-./:=? ]{1,70}$/.test(boundary)) return -1;
  const edits = msg.currentEdits();
  for (let i = h; i >= 0; i = msg.find(H.CONTENT_TYPE, i + 1))
    edits.add(lineStart(msg, i), lineEnd(msg, i) - lineStart(msg, i), "");
  const version = findNamed(msg, headerName("Mime-Version")) >= 0 ? "" : "Mime-Version: 1.0\r\n";
  edits.add(msg.headEnd, 0, `Content-Type: multipart/mixed;boundary="${boundary}"\r\n${version}`);
  edits.add(
    msg.bodyStart,
    msg.end - msg.bodyStart,
    `${partText(boundary, kind, undefined, content)}--${boundary}--\r\n`,
  );
  return 1;
}

/** Functions of textops on bodies of several parts. */
export const multipartFunctions: Record<string, FunctionDef<unknown>> = {
  set_body_multipart: fn({
    args: [optional(str("txt")), optional(str("content_type")), optional(str("boundary"))],
    routes: CHANGING,
    doc: "Makes the body, or the given text, the first part of a body of several parts; alone, one argument is the boundary.",
    run: (_i: unknown, ctx, text, type, boundary) =>
      text !== undefined && type === undefined
        ? makeMultipart(ctx.message, "", "", text)
        : makeMultipart(ctx.message, text ?? "", type ?? "", boundary ?? DEFAULT_BOUNDARY),
  }),
  append_body_part: fn({
    args: [str("txt"), str("content_type"), optional(str("content_disposition"))],
    routes: CHANGING,
    doc: "Adds a part to a body of several parts; its type may have further header lines behind it.",
    run: (_i: unknown, ctx, text, type, disposition) => appendPart(ctx.message, text, type, disposition),
  }),
  append_body_part_hex: fn({
    args: [str("txt"), str("content_type"), optional(str("content_disposition"))],
    routes: CHANGING,
    doc: "As append_body_part(), the content in hexadecimal with or without blanks.",
    run: (_i: unknown, ctx, hex, type, disposition) => {
      const text = bytesOfHex(hex);
      return text === null ? -1 : appendPart(ctx.message, text, type, disposition);
    },
  }),
  remove_body_part: fn({
    args: [str("content_type")],
    routes: CHANGING,
    doc: "Takes the first part of that type away.",
    run: (_i: unknown, ctx, type) => removePart(ctx.message, type),
  }),
  get_body_part: fn({
    args: [str("content_type"), variable("opv")],
    routes: RouteKind.ANY,
    doc: "Puts the first part of that type, from the empty line on, into a variable; the body itself when it has no parts.",
    run: (_i: unknown, ctx, type, target) => getPart(ctx, type, target, false),
  }),
  get_body_part_raw: fn({
    args: [str("content_type"), variable("opv")],
    routes: RouteKind.ANY,
    doc: "As get_body_part(), with the headers of the part and the delimiter behind it.",
    run: (_i: unknown, ctx, type, target) => getPart(ctx, type, target, true),
  }),
  filter_body: fn({
    args: [str("content_type")],
    routes: RouteKind.ANY,
    doc: "Leaves of a body of several parts only the content of the first one of that type; Content-Type stays for the script to change.",
    run: (_i: unknown, ctx, type) => filterBody(ctx.message, type),
  }),
};
