// ACK for a failure and CANCEL, built from the very bytes of the request that was sent (RFC 3261 17.1.1.3, 9.1).
// Both write into a given buffer and return the end, or NO_ROOM.

import { copyBytes, putText } from "../util/bytes.ts";
import { H } from "./headers.ts";
import { SipMessage } from "./message.ts";
import { LINE_END, NAME_START, STRIDE, VALUE_START } from "./scan.ts";

/** As in build.ts: the output would not fit. */
const NO_ROOM = -1;

const sent = new SipMessage();

/** Writes the ACK for `reply`, a failure of the INVITE in `invite`. To is the reply's, all else the INVITE's. */
export function writeAck(invite: Uint8Array, reply: SipMessage, out: Uint8Array): number {
  if (sent.parse(invite, 0, invite.length) !== 0) return NO_ROOM;
  if (invite.length + (reply.end - reply.start) > out.length) return NO_ROOM;
  let p = head("ACK ", out);
  for (let h = 0; h < sent.headerCount; h++) {
    switch (sent.index[h * STRIDE]) {
      case H.TO:
        p = line(reply.find(H.TO) < 0 ? sent : reply, H.TO, out, p);
        break;
      case H.CSEQ:
        p = cseq("ACK", out, p);
        break;
      default:
        p = common(h, out, p);
    }
  }
  return finish(out, p);
}

/** Writes the CANCEL for the INVITE in `invite`; `extra` is whole header lines (Reason) or nothing. */
export function writeCancel(invite: Uint8Array, extra: string, out: Uint8Array): number {
  if (sent.parse(invite, 0, invite.length) !== 0) return NO_ROOM;
  if (invite.length + extra.length + 64 > out.length) return NO_ROOM;
  let p = head("CANCEL ", out);
  for (let h = 0; h < sent.headerCount; h++) {
    switch (sent.index[h * STRIDE]) {
      case H.TO:
        p = line(sent, H.TO, out, p);
        break;
      case H.CSEQ:
        p = cseq("CANCEL", out, p);
        break;
      default:
        p = common(h, out, p);
    }
  }
  p = putText(out, p, "Content-Length: 0\r\n");
  p = putText(out, p, extra); // after Content-Length, as Kamailio has it
  return putText(out, p, "\r\n");
}

function head(method: string, out: Uint8Array): number {
  const p = putText(out, 0, method);
  return copyBytes(out, p, sent.buf, sent.uriStart, sent.firstLineEnd);
}

// The headers both have as the INVITE has them; of the Vias only ours.
function common(h: number, out: Uint8Array, p: number): number {
  const i = h * STRIDE;
  const { buf, index } = sent;
  switch (index[i]) {
    case H.VIA: {
      const via = h === sent.find(H.VIA) ? sent.via() : null;
      if (via === null) return p;
      if (via.next < 0) return copyBytes(out, p, buf, index[i + NAME_START]!, index[i + LINE_END]!);
      const end = copyBytes(out, p, buf, index[i + NAME_START]!, via.end);
      return putText(out, end, "\r\n");
    }
    case H.FROM:
    case H.CALL_ID:
    case H.MAX_FORWARDS:
    case H.ROUTE:
      return copyBytes(out, p, buf, index[i + NAME_START]!, index[i + LINE_END]!);
    default:
      return p;
  }
}

function line(msg: SipMessage, id: number, out: Uint8Array, p: number): number {
  const i = msg.find(id) * STRIDE;
  return copyBytes(out, p, msg.buf, msg.index[i + NAME_START]!, msg.index[i + LINE_END]!);
}

function cseq(method: string, out: Uint8Array, p: number): number {
  const range = sent.cseq();
  if (range === null) return p;
  const i = sent.find(H.CSEQ) * STRIDE;
  let end = putText(out, p, "CSeq: ");
  end = copyBytes(out, end, sent.buf, sent.index[i + VALUE_START]!, range.methodStart);
  end = putText(out, end, method);
  return putText(out, end, "\r\n");
}

function finish(out: Uint8Array, p: number): number {
  return putText(out, p, "Content-Length: 0\r\n\r\n");
}
