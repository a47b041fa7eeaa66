// Where the session description stands in a message: its whole body, or the first part of that type of a body of several parts.

import { equalsText, indexOfText, textOf } from "../util/bytes.ts";
import { H } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { ContentTypeRange, isContentType, parseContentType } from "./misc.ts";
import { STRIDE, VALUE_END, VALUE_START } from "./scan.ts";
import { equalsIgnoreCase } from "./tokens.ts";

/** A range of the message's buffer. */
export class BodyRange {
  start = -1;
  end = -1;
}

const type = new ContentTypeRange();
const SDP_PART = /^content-type\s*:\s*application\/sdp\b/im;

/** Finds it. False when there is none: no body, or one of another type. A body without a type is taken for one. */
export function findSdp(msg: SipMessage, out: BodyRange): boolean {
  if (msg.end <= msg.bodyStart) return false;
  out.start = msg.bodyStart;
  out.end = msg.end;
  const h = msg.find(H.CONTENT_TYPE);
  if (h < 0) return true;
  const { buf, index } = msg;
  if (parseContentType(buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!, type) !== 0) return false;
  if (isContentType(buf, type, "application", "sdp")) return true;
  if (!equalsIgnoreCase(buf, type.typeStart, type.typeEnd, "multipart") || type.boundaryStart < 0) return false;
  return findPart(msg, textOf(buf, type.boundaryStart, type.boundaryEnd).replace(/^"(.*)"$/, "$1"), out);
}

// RFC 2046 5.1: parts between lines "--boundary"; the line end in front of one belongs to it.
function findPart({ buf, bodyStart, end }: SipMessage, boundary: string, out: BodyRange): boolean {
  const delimiter = `--${boundary}`;
  let at = indexOfText(buf, bodyStart, end, delimiter);
  while (at >= 0) {
    const next = indexOfText(buf, at + delimiter.length, end, delimiter);
    if (next < 0) return false;
    let headersEnd = indexOfText(buf, at, next, "\r\n\r\n");
    if (headersEnd >= 0 && SDP_PART.test(textOf(buf, at, headersEnd))) {
      headersEnd += 4;
      out.start = headersEnd;
      // the description keeps its last line end; the one in front of the boundary is not its own
      out.end = equalsText(buf, next - 4, next, "\r\n\r\n") ? next - 2 : next;
      return out.end > out.start;
    }
    at = next;
  }
  return false;
}
