// How long whoever sent a message wants to be left alone.

import { H } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { parseRetryAfter } from "./misc.ts";
import { STRIDE, VALUE_END, VALUE_START } from "./scan.ts";

/** Seconds in the message's first Retry-After (RFC 3261 20.33); -1 without one, or when it is no number. */
export function retryAfter(msg: SipMessage): number {
  const h = msg.find(H.RETRY_AFTER);
  if (h < 0) return -1;
  return parseRetryAfter(msg.buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!);
}
