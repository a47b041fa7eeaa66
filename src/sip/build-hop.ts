// ACK for a failure and CANCEL, built from the very bytes of the request that was sent (RFC 3261 17.1.1.3, 9.1).
// Both write into a given buffer and return the end, or NO_ROOM.

import { copyBytes, putText } from "../util/bytes.ts";
import { H } from "./headers.ts";
import { SipMessage } from "./message.ts";
import { LINE_END, NAME_START, STRIDE, VALUE_START } from "./scan.ts";
import { equalsIgnoreCase } from "./tokens.ts";

/** As in build.ts: the output would not fit. */
const NO_ROOM = -1;

const sent = new SipMessage();
const came = new SipMessage();

/** How ACK and CANCEL are made of the INVITE. */
export interface HopStyle {
  /** Lower-case beginning of the names of further headers that they have from it; empty for none (ac_extra_hdrs). */
  readonly extraHeaders: string;
  /** The INVITE as it came, whose headers they have in place of those that were sent; null for the latter (reparse_invite). */
  readonly received: Uint8Array | null;
}

const AS_SENT: HopStyle = { extraHeaders: "", received: null };

/** Writes the ACK for `reply`, a failure of the INVITE in `invite`. To is the reply's, all else the INVITE's. */
export function writeAck(invite: Uint8Array, reply: SipMessage, out: Uint8Array, style = AS_SENT): number {
  const model = modelOf(invite, style, out.length - (reply.end - reply.start));
  if (model === null) return NO_ROOM;
  const p = headers(model, reply.find(H.TO) < 0 ? model : reply, "ACK", style, out);
  return finish(out, p);
}

/** Writes the CANCEL for the INVITE in `invite`; `extra` is whole header lines (Reason) or nothing. */
export function writeCancel(invite: Uint8Array, extra: string, out: Uint8Array, style = AS_SENT): number {
  const model = modelOf(invite, style, out.length - extra.length - 64);
  if (model === null) return NO_ROOM;
  let p = headers(model, model, "CANCEL", style, out);
  p = putText(out, p, "Content-Length: 0\r\n");
  p = putText(out, p, extra); // after Content-Length, as Kamailio has it
  return putText(out, p, "\r\n");
}

// The message whose headers are taken; null when it cannot be read or does not fit.
function modelOf(invite: Uint8Array, style: HopStyle, room: number): SipMessage | null {
  if (sent.parse(invite, 0, invite.length) !== 0 || invite.length > room) return null;
  const { received } = style;
  if (received === null) return sent;
  if (came.parse(received, 0, received.length) !== 0 || invite.length + received.length > room) return null;
  return came;
}

function headers(model: SipMessage, to: SipMessage, method: string, style: HopStyle, out: Uint8Array): number {
  let p = head(`${method} `, out);
  if (model !== sent) p = via(out, p);
  for (let h = 0; h < model.headerCount; h++) {
    switch (model.index[h * STRIDE]) {
      case H.VIA:
        if (model === sent && h === sent.find(H.VIA)) p = via(out, p);
        break;
      case H.TO:
        p = line(to, H.TO, out, p);
        break;
      case H.CSEQ:
        p = cseq(model, method, out, p);
        break;
      default:
        p = common(model, h, style.extraHeaders, out, p);
    }
  }
  return p;
}

function head(method: string, out: Uint8Array): number {
  const p = putText(out, 0, method);
  return copyBytes(out, p, sent.buf, sent.uriStart, sent.firstLineEnd);
}

// Of the Vias only ours.
function via(out: Uint8Array, p: number): number {
  const first = sent.via();
  if (first === null) return p;
  const i = sent.find(H.VIA) * STRIDE;
  const { buf, index } = sent;
  if (first.next < 0) return copyBytes(out, p, buf, index[i + NAME_START]!, index[i + LINE_END]!);
  const end = copyBytes(out, p, buf, index[i + NAME_START]!, first.end);
  return putText(out, end, "\r\n");
}

// The headers both have as the INVITE has them, and those that were asked for by the beginning of their names.
function common(model: SipMessage, h: number, extra: string, out: Uint8Array, p: number): number {
  const i = h * STRIDE;
  const { buf, index } = model;
  const id = index[i];
  const isKept = id === H.FROM || id === H.CALL_ID || id === H.MAX_FORWARDS || id === H.ROUTE;
  if (!isKept && (extra === "" || isNever(id!) || !beginsWith(buf, index[i + NAME_START]!, extra))) return p;
  return copyBytes(out, p, buf, index[i + NAME_START]!, index[i + LINE_END]!);
}

// What such messages never have from the INVITE, whatever is asked for (RFC 3261 9.1, 17.1.1.3).
function isNever(id: number): boolean {
  return (
    id === H.CONTENT_LENGTH || id === H.CONTENT_TYPE || id === H.CONTACT || id === H.RECORD_ROUTE || id === H.REQUIRE
  );
}

function beginsWith(buf: Uint8Array, start: number, lower: string): boolean {
  return start + lower.length <= buf.length && equalsIgnoreCase(buf, start, start + lower.length, lower);
}

function line(msg: SipMessage, id: number, out: Uint8Array, p: number): number {
  const i = msg.find(id) * STRIDE;
  return copyBytes(out, p, msg.buf, msg.index[i + NAME_START]!, msg.index[i + LINE_END]!);
}

function cseq(model: SipMessage, method: string, out: Uint8Array, p: number): number {
  const range = model.cseq();
  if (range === null) return p;
  const i = model.find(H.CSEQ) * STRIDE;
  let end = putText(out, p, "CSeq: ");
  end = copyBytes(out, end, model.buf, model.index[i + VALUE_START]!, range.methodStart);
  end = putText(out, end, method);
  return putText(out, end, "\r\n");
}

function finish(out: Uint8Array, p: number): number {
  return putText(out, p, "Content-Length: 0\r\n\r\n");
}
