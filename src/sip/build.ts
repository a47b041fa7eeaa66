// Messages built from messages: replies, forwarded replies, forwarded requests. All write into a given buffer and return the end,
// or NO_ROOM when it would not fit; nothing is allocated.

import { copyBytes, equalsText, putText, putUint } from "../util/bytes.ts";
import { editsForSending } from "./content-length.ts";
import { H } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { LINE_END, NAME_START, STRIDE, VALUE_END, VALUE_START } from "./scan.ts";

/** Returned instead of an end position when the output would not fit the buffer. */
export const NO_ROOM = -1;

/** Where a message really came from, for `received` and `rport` (RFC 3261 18.2.1, RFC 3581). */
export interface Source {
  /** Numeric, without brackets. */
  readonly address: string;
  readonly port: number;
}

/**
 * Writes a reply to a request (RFC 3261 8.2.6) in the order of the request's headers, as Kamailio writes it:
 * Via (the topmost with received and rport), From, To (with `toTag` when it has no tag and one is given), Call-ID, CSeq,
 * Record-Route when `recordRoute`, then `extra` (whole header lines), then `server` (a whole line or nothing), Content-Length and `body`.
 */
export function writeReply(
  msg: SipMessage,
  source: Source,
  code: number,
  reason: string,
  toTag: string,
  recordRoute: boolean,
  extra: string,
  server: string,
  body: string,
  out: Uint8Array,
  at = 0,
): number {
  const bound =
    msg.bodyStart - msg.start + reason.length + toTag.length + extra.length + server.length + body.length + 256;
  if (at + bound > out.length) return NO_ROOM;
  const { buf, index, headerCount } = msg;
  let p = putText(out, at, "SIP/2.0 ");
  p = putUint(out, p, code);
  out[p++] = 32;
  p = putText(out, p, reason);
  p = crlf(out, p);
  let topVia = true;
  for (let h = 0; h < headerCount; h++) {
    const i = h * STRIDE;
    switch (index[i]) {
      case H.VIA:
        p = topVia
          ? writeTopVia(msg, source, index[i + NAME_START]!, index[i + LINE_END]!, out, p)
          : copyBytes(out, p, buf, index[i + NAME_START]!, index[i + LINE_END]!);
        topVia = false;
        break;
      case H.TO:
        p = writeTo(msg, toTag, i, out, p);
        break;
      case H.RECORD_ROUTE:
        if (!recordRoute) break;
        p = copyBytes(out, p, buf, index[i + NAME_START]!, index[i + LINE_END]!);
        break;
      case H.FROM:
      case H.CALL_ID:
      case H.CSEQ:
        p = copyBytes(out, p, buf, index[i + NAME_START]!, index[i + LINE_END]!);
        break;
    }
  }
  p = putText(out, p, extra);
  p = putText(out, p, server);
  p = putText(out, p, "Content-Length: ");
  p = putUint(out, p, body.length);
  p = putText(out, p, "\r\n\r\n");
  return body === "" ? p : putText(out, p, body);
}

function crlf(out: Uint8Array, p: number): number {
  out[p] = 13;
  out[p + 1] = 10;
  return p + 2;
}

function writeTo(msg: SipMessage, toTag: string, i: number, out: Uint8Array, at: number): number {
  const { buf, index } = msg;
  const to = msg.to();
  if (toTag === "" || (to !== null && to.tagStart >= 0))
    return copyBytes(out, at, buf, index[i + NAME_START]!, index[i + LINE_END]!);
  let p = copyBytes(out, at, buf, index[i + NAME_START]!, index[i + VALUE_END]!);
  p = putText(out, p, ";tag=");
  p = putText(out, p, toTag);
  return crlf(out, p);
}

// The topmost Via header of a local reply: rport filled in where it stands, whatever it says, received after the parameters. An rport that only
// the script asks for needs no received where sent-by says it.
function writeTopVia(msg: SipMessage, source: Source, start: number, end: number, out: Uint8Array, at: number): number {
  const { buf } = msg;
  const via = msg.via();
  if (via === null) return copyBytes(out, at, buf, start, end);
  const answerRport = via.rportStart >= 0 || msg.forceRport;
  const known = via.rportStart < 0 && hostIs(buf, via.hostStart, via.hostEnd, source.address);
  if (!answerRport && known) return copyBytes(out, at, buf, start, end);
  let p = at;
  let cursor = start;
  if (answerRport) {
    if (via.rportValueStart >= 0) {
      p = copyBytes(out, p, buf, cursor, via.rportValueStart);
      cursor = via.rportValueEnd;
    } else if (via.rportStart >= 0) {
      cursor = via.rportStart + 5;
      p = copyBytes(out, p, buf, start, cursor);
      out[p++] = 61;
    } else {
      p = copyBytes(out, p, buf, cursor, via.end);
      cursor = via.end;
      p = putText(out, p, ";rport=");
    }
    p = putUint(out, p, source.port);
  }
  p = copyBytes(out, p, buf, cursor, via.end);
  if (via.receivedStart < 0 && !known) {
    p = putText(out, p, ";received=");
    p = putText(out, p, source.address);
  }
  return copyBytes(out, p, buf, via.end, end);
}

/** Whether a host as written in a Via or URI (IPv6 with brackets) is exactly that numeric address. */
export function hostIs(buf: Uint8Array, start: number, end: number, address: string): boolean {
  if (buf[start] === 91) return equalsText(buf, start + 1, end - 1, address.toLowerCase());
  return equalsText(buf, start, end, address);
}

/**
 * Records where a request came from as edits of its topmost Via, once, for when it is forwarded:
 * `received` right after sent-by, `rport` filled in (RFC 3261 18.2.1, RFC 3581 4; the places are Kamailio's). What a client says of itself in
 * `rport` does not count.
 */
export function markSource(msg: SipMessage, source: Source): void {
  if (msg.sourceMarked) return;
  msg.sourceMarked = true;
  const via = msg.via();
  if (via === null) return;
  const afterSentBy = via.portEnd >= 0 ? via.portEnd : via.hostEnd;
  if (via.rportStart < 0 && msg.forceRport) msg.edits.add(afterSentBy, 0, `;rport=${source.port}`);
  if (via.receivedStart >= 0) msg.edits.add(via.receivedStart, via.receivedEnd - via.receivedStart, source.address);
  else if (via.rportStart >= 0 || !hostIs(msg.buf, via.hostStart, via.hostEnd, source.address))
    msg.edits.add(afterSentBy, 0, `;received=${source.address}`);
  if (via.rportStart < 0) return;
  if (via.rportValueStart >= 0)
    msg.edits.add(via.rportValueStart, via.rportValueEnd - via.rportValueStart, String(source.port));
  else msg.edits.add(via.rportStart + 5, 0, `=${source.port}`);
}

/**
 * Writes a request as it is forwarded: the current R-URI (or `uri`), `via` (a whole header line) above the topmost Via, `route` (whole
 * header lines or nothing) above everything of the message, all edits applied. `msg.currentEdits()` decides which edits.
 * `top` (whole header lines or nothing) comes right behind the first line: Record-Route, which must stand above any other.
 */
export function writeForwardedRequest(
  msg: SipMessage,
  uri: string | null,
  via: string,
  route: string,
  out: Uint8Array,
  at = 0,
  top = "",
): number {
  const edits = editsForSending(msg);
  const newUri = uri ?? msg.newUri;
  const bound =
    msg.end -
    msg.start +
    edits.growth() +
    via.length +
    route.length +
    top.length +
    (newUri === null ? 0 : newUri.length) +
    16;
  if (at + bound > out.length) return NO_ROOM;
  const { buf } = msg;
  const h = msg.find(H.VIA);
  const viaAt = h < 0 ? msg.firstLineEnd : msg.index[h * STRIDE + NAME_START]!;
  let p: number;
  if (newUri === null) p = copyBytes(out, at, buf, msg.lineStart, msg.firstLineEnd);
  else {
    p = copyBytes(out, at, buf, msg.lineStart, msg.uriStart);
    p = putText(out, p, newUri);
    p = copyBytes(out, p, buf, msg.uriEnd, msg.firstLineEnd);
  }
  p = putText(out, p, top);
  if (viaAt > msg.firstLineEnd) p = edits.write(out, p, buf, msg.firstLineEnd, viaAt);
  p = putText(out, p, route);
  // texts put exactly where the first Via stands (Record-Route) come above our own Via
  p = edits.writeTextsAt(out, p, viaAt);
  p = putText(out, p, via);
  return edits.write(out, p, buf, viaAt, msg.end, true, true);
}

/** Writes a reply as it is forwarded: without its topmost Via value, edits applied. */
export function writeForwardedReply(msg: SipMessage, out: Uint8Array, at = 0): number {
  const edits = editsForSending(msg);
  if (at + msg.end - msg.start + edits.growth() + 16 > out.length) return NO_ROOM;
  const { buf } = msg;
  const h = msg.find(H.VIA);
  const via = msg.via();
  if (h < 0 || via === null) return edits.write(out, at, buf, msg.lineStart, msg.end, true);
  const i = h * STRIDE;
  let from = msg.index[i + NAME_START]!;
  let to = msg.index[i + LINE_END]!;
  if (via.next >= 0) {
    from = msg.index[i + VALUE_START]!;
    to = via.next;
  }
  const p = edits.write(out, at, buf, msg.lineStart, from);
  return edits.write(out, p, buf, to, msg.end, true);
}
