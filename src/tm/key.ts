// Which request belongs to which transaction: RFC 3261 17.2.3, by the branch of the topmost Via, or without one of RFC 3261 by the
// older rules. Works on bytes; makes no strings.

import { H } from "../sip/headers.ts";
import { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../sip/scan.ts";
import { rangesEqualIgnoreCase } from "../sip/tokens.ts";
import { equalsBytes, equalsText, hashBytes } from "../util/bytes.ts";
import type { Transaction } from "./transaction.ts";

/** The method whose transaction a request looks for: ACK looks for INVITE; CANCEL for itself or, asked so, for INVITE. */
export function methodSought(method: number, cancelled: boolean): number {
  return method === Method.ACK || (cancelled && method === Method.CANCEL) ? Method.INVITE : method;
}

/** Whether the topmost Via has a branch by the rules of RFC 3261 (cookie and something after it). */
export function hasCookie(msg: SipMessage): boolean {
  const via = msg.via();
  if (via === null || via.branchEnd - via.branchStart <= 7) return false;
  return equalsText(msg.buf, via.branchStart, via.branchStart + 7, "z9hG4bK");
}

/** Hash of what identifies the transaction of that method to which the request belongs. */
export function keyHash(msg: SipMessage, method: number, seed: number, callIdOnly = false): number {
  const via = msg.via();
  const { buf } = msg;
  if (via !== null && !callIdOnly && hasCookie(msg)) {
    return (hashBytes(buf, via.branchStart, via.branchEnd, seed) ^ Math.imul(method + 1, 0x9e3779b1)) >>> 0;
  }
  const h = msg.find(H.CALL_ID);
  const hash =
    h < 0 ? seed : hashBytes(buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!, seed);
  return (hash ^ Math.imul(method + 1, 0x9e3779b1) ^ Math.imul(msg.cseq()?.number ?? 0, 0x85ebca6b)) >>> 0;
}

/** Records in the transaction what its key is; `msg` is the request it was made for, `delta` what its offsets move by in the copy. */
export function setKey(tx: Transaction, msg: SipMessage, delta: number): void {
  const via = msg.via();
  if (via === null || !hasCookie(msg)) return;
  tx.branchStart = via.branchStart + delta;
  tx.branchEnd = via.branchEnd + delta;
  tx.hostStart = via.hostStart + delta;
  tx.hostEnd = via.hostEnd + delta;
  tx.port = via.port;
}

/** What is compared beside the branch (ruri_matching, via1_matching, callid_matching, callid_cseq_matching). */
export interface Matching {
  /** R-URI and topmost Via, where there is no branch of RFC 3261. */
  readonly uri: boolean;
  readonly via: boolean;
  /** Call-ID too. */
  readonly callId: boolean;
  /** Call-ID and CSeq in place of the branch, against RFC 3261. */
  readonly callIdOnly: boolean;
}

/** As RFC 3261 17.2.3 has it. */
export const BY_BRANCH: Matching = { uri: true, via: true, callId: false, callIdOnly: false };

/** Whether the request belongs to that transaction; the methods are already known to fit. */
export function keyMatches(tx: Transaction, msg: SipMessage, matching = BY_BRANCH): boolean {
  const via = msg.via();
  if (via === null) return false;
  if (matching.callIdOnly) return sameCall(tx, msg, true);
  if (tx.branchStart < 0) return matchesOld(tx, msg, matching);
  if (matching.callId && !sameCall(tx, msg, false)) return false;
  const { buf } = msg;
  return (
    equalsBytes(tx.bytes, tx.branchStart, tx.branchEnd, buf, via.branchStart, via.branchEnd) &&
    tx.port === via.port &&
    rangesEqualIgnoreCase(tx.bytes, tx.hostStart, tx.hostEnd, buf, via.hostStart, via.hostEnd) &&
    (tx.method !== Method.UNKNOWN || sameMethodName(tx, msg))
  );
}

function sameMethodName(tx: Transaction, msg: SipMessage): boolean {
  older.parse(tx.bytes, 0, tx.bytes.length);
  return equalsBytes(older.buf, older.methodStart, older.methodEnd, msg.buf, msg.methodStart, msg.methodEnd);
}

// RFC 3261 17.2.3, second half: R-URI, tags, Call-ID, CSeq number and topmost Via are all the same; ACK carries the To tag of the reply.
function matchesOld(tx: Transaction, msg: SipMessage, matching: Matching): boolean {
  if (hasCookie(msg)) return false;
  older.parse(tx.bytes, 0, tx.bytes.length);
  const a = older;
  const b = msg;
  const fromA = a.from();
  const fromB = b.from();
  const toA = a.to();
  const toB = b.to();
  const viaA = a.via();
  const viaB = b.via();
  if (fromA === null || fromB === null || toA === null || toB === null || viaA === null || viaB === null) return false;
  return (
    a.cseq()?.number === b.cseq()?.number &&
    (!matching.uri || equalsBytes(a.buf, a.uriStart, a.uriEnd, b.buf, b.uriStart, b.uriEnd)) &&
    equalsBytes(a.buf, fromA.tagStart, fromA.tagEnd, b.buf, fromB.tagStart, fromB.tagEnd) &&
    (b.method === Method.ACK || equalsBytes(a.buf, toA.tagStart, toA.tagEnd, b.buf, toB.tagStart, toB.tagEnd)) &&
    (!matching.via || equalsBytes(a.buf, viaA.start, viaA.end, b.buf, viaB.start, viaB.end)) &&
    sameHeader(a, b, H.CALL_ID) &&
    (tx.method !== Method.UNKNOWN || sameMethodName(tx, msg))
  );
}

/** Whether a request or reply has the Call-ID of the transaction, and the CSeq number if asked. */
export function sameCall(tx: Transaction, msg: SipMessage, cseqToo: boolean): boolean {
  older.parse(tx.bytes, 0, tx.bytes.length);
  return sameHeader(older, msg, H.CALL_ID) && (!cseqToo || older.cseq()?.number === msg.cseq()?.number);
}

function sameHeader(a: SipMessage, b: SipMessage, id: number): boolean {
  const x = a.find(id) * STRIDE;
  const y = b.find(id) * STRIDE;
  if (x < 0 || y < 0) return false;
  return equalsBytes(
    a.buf,
    a.index[x + VALUE_START]!,
    a.index[x + VALUE_END]!,
    b.buf,
    b.index[y + VALUE_START]!,
    b.index[y + VALUE_END]!,
  );
}

const older = new SipMessage();
