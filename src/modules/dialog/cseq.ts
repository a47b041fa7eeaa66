// CSeq numbers that are higher on one side of the server than on the other (track_cseq_updates).

import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";

/** Raises the number of a request that is about to be forwarded. */
export function raiseCseq(msg: SipMessage, by: number): void {
  change(msg, by);
}

/** Lowers the number of a reply that is about to be forwarded again. */
export function restoreCseq(reply: SipMessage | null, by: number): void {
  if (reply !== null) change(reply, -by);
}

function change(msg: SipMessage, by: number): void {
  const h = msg.find(H.CSEQ);
  const cseq = msg.cseq();
  if (h < 0 || cseq === null) return;
  const to = cseq.number + by;
  if (to < 0 || to > 0x7fffffff) return;
  const end = msg.index[h * STRIDE + VALUE_END]!;
  let start = msg.index[h * STRIDE + VALUE_START]!;
  while (start < end && !isDigit(msg.buf[start]!)) start++;
  let stop = start;
  while (stop < end && isDigit(msg.buf[stop]!)) stop++;
  msg.currentEdits().add(start, stop - start, String(to));
}

function isDigit(octet: number): boolean {
  return octet >= 48 && octet <= 57;
}
