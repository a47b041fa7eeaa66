// Transactions by Call-ID and CSeq number, for commands and functions that know no more of them. Looks at all there are: not for the
// path of a message.

import { H } from "../sip/headers.ts";
import { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../sip/scan.ts";
import { textOf } from "../util/bytes.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";

/**
 * The first transaction, other than of CANCEL and ACK, with that Call-ID and CSeq number; null without one. Those that are over count only with
 * `andOver`.
 */
export function findByCallId(tm: Tm, callId: string, cseq: number, andOver = false): Transaction | null {
  for (const tx of tm.table.all()) {
    if ((tx.waiting && !andOver) || tx.method === Method.CANCEL || tx.method === Method.ACK) continue;
    if (looked.parse(tx.bytes, 0, tx.bytes.length) !== 0 || looked.cseq()?.number !== cseq) continue;
    if (headerValue(looked, H.CALL_ID) === callId) return tx;
  }
  return null;
}

function headerValue(msg: SipMessage, id: number): string {
  const at = msg.find(id) * STRIDE;
  return at < 0 ? "" : textOf(msg.buf, msg.index[at + VALUE_START]!, msg.index[at + VALUE_END]!);
}

const looked = new SipMessage();
