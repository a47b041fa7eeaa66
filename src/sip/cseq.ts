// CSeq (RFC 3261 section 20.16): a number below 2^31 and a method.
import { SipError } from "./errors.ts";
import { Method, parseMethod } from "./methods.ts";
import { skipLws, skipToken, trimEnd } from "./tokens.ts";

/** A parsed CSeq. `method` is a `Method` number; the range holds its exact bytes for methods we do not know. */
export class CseqRange {
  number = -1;
  method: number = Method.UNKNOWN;
  methodStart = -1;
  methodEnd = -1;
}

/** Parse the CSeq value in [start, end). Returns 0 or a `SipError`. */
export function parseCseq(buf: Uint8Array, start: number, end: number, out: CseqRange): number {
  out.number = -1;
  out.method = Method.UNKNOWN;
  out.methodStart = -1;
  out.methodEnd = -1;
  const stop = trimEnd(buf, start, end);
  const first = skipLws(buf, start, stop);
  let i = first;
  let n = 0;
  while (i < stop) {
    const d = buf[i]! - 0x30;
    if (d < 0 || d > 9) break;
    if (n < 0x80000000) n = n * 10 + d;
    i++;
  }
  if (i === first) return SipError.CSEQ_NUMBER;
  if (n >= 0x80000000) return SipError.CSEQ_RANGE;
  const methodStart = skipLws(buf, i, stop);
  if (methodStart === i) return i === stop ? SipError.CSEQ_METHOD : SipError.CSEQ_NUMBER;
  const methodEnd = skipToken(buf, methodStart, stop);
  if (methodEnd === methodStart || methodEnd !== stop) return SipError.CSEQ_METHOD;
  out.number = n;
  out.methodStart = methodStart;
  out.methodEnd = methodEnd;
  out.method = parseMethod(buf, methodStart, methodEnd);
  return 0;
}
