// Content-Length after edits of a body: what is written must say how long it really is (RFC 3261 20.14).

import type { Edits } from "./edits.ts";
import { H } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { STRIDE, VALUE_END, VALUE_START } from "./scan.ts";

/**
 * The edits to build a message with: its current ones, and when they change the length of the body a copy that also sets Content-Length
 * (adding one where there is none). A script that edits the header itself has its way.
 */
export function editsForSending(msg: SipMessage): Edits {
  const edits = msg.currentEdits();
  if (edits.count === 0) return edits;
  const delta = edits.delta(msg.bodyStart);
  if (delta === 0) return edits;
  const length = String(Math.max(0, msg.end - msg.bodyStart + delta));
  const h = msg.find(H.CONTENT_LENGTH) * STRIDE;
  const fixed = edits.clone();
  if (h < 0) {
    fixed.add(msg.headEnd, 0, `Content-Length: ${length}\r\n`);
    return fixed;
  }
  const start = msg.index[h + VALUE_START]!;
  const end = msg.index[h + VALUE_END]!;
  if (edits.touches(start, end)) return edits;
  fixed.add(start, end - start, length);
  return fixed;
}
