// The addresses of a session description, however loosely it is written: c=, o= and a=rtcp lines of the body of a message.

import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { ContentTypeRange, isContentType, parseContentType } from "../../sip/misc.ts";
import { equalsIgnoreCase } from "../../sip/tokens.ts";
import { valueEnd, valueStart } from "../core/index.ts";

const type = new ContentTypeRange();

/** Whether the body is a session description: of that type, or without a type. */
export function hasSession(msg: SipMessage): boolean {
  if (msg.end <= msg.bodyStart) return false;
  const h = msg.find(H.CONTENT_TYPE);
  if (h < 0) return true;
  if (parseContentType(msg.buf, valueStart(msg, h), valueEnd(msg, h), type) !== 0) return false;
  return isContentType(msg.buf, type, "application", "sdp");
}

/** Kinds of lines with an address. */
export const AddressLine = { CONNECTION: 1, ORIGIN: 2, RTCP: 4 } as const;

/** An address of a session description, as offsets. */
export class SessionAddress {
  /** One of AddressLine. */
  kind = 0;
  /** "IP4" or "IP6". */
  typeStart = -1;
  typeEnd = -1;
  start = -1;
  end = -1;
  /** Where to go on. */
  next = -1;

  get isIpv6(): boolean {
    return this.typeEnd - this.typeStart === 3 && this.last === 0x36;
  }
  /** Last byte of the address type; set by `nextAddress`. */
  last = 0;
}

/** How many words stand in front of the address type. */
const BEFORE_TYPE: Readonly<Record<number, number>> = {
  [AddressLine.CONNECTION]: 1,
  [AddressLine.ORIGIN]: 4,
  [AddressLine.RTCP]: 2,
};

/** The next address from `pos` on; false when there is none. Lines that are not as they should be are passed over. */
export function nextAddress(buf: Uint8Array, pos: number, end: number, out: SessionAddress): boolean {
  for (let at = pos; at < end; ) {
    let lineEnd = at;
    while (lineEnd < end && buf[lineEnd] !== 0x0a) lineEnd++;
    const next = lineEnd + 1;
    if (lineEnd > at && buf[lineEnd - 1] === 0x0d) lineEnd--;
    const kind = kindOf(buf, at, lineEnd);
    if (kind !== 0 && readAddress(buf, at + (kind === AddressLine.RTCP ? 7 : 2), lineEnd, BEFORE_TYPE[kind]!, out)) {
      out.kind = kind;
      out.next = next;
      return true;
    }
    at = next;
  }
  return false;
}

function kindOf(buf: Uint8Array, start: number, end: number): number {
  if (end - start < 3 || buf[start + 1] !== 0x3d) return 0;
  if (buf[start] === 0x63) return AddressLine.CONNECTION;
  if (buf[start] === 0x6f) return AddressLine.ORIGIN;
  return end - start > 7 && equalsIgnoreCase(buf, start, start + 7, "a=rtcp:") ? AddressLine.RTCP : 0;
}

function readAddress(buf: Uint8Array, start: number, end: number, before: number, out: SessionAddress): boolean {
  let i = start;
  for (let word = 0; ; word++) {
    while (i < end && buf[i] === 0x20) i++;
    if (i >= end) return false;
    const from = i;
    while (i < end && buf[i] !== 0x20) i++;
    if (word === before) {
      if (i - from !== 3) return false;
      out.typeStart = from;
      out.typeEnd = i;
      out.last = buf[i - 1]!;
    } else if (word === before + 1) {
      out.start = from;
      out.end = from;
      while (out.end < i && buf[out.end] !== 0x2f) out.end++; // the time to live of multicast is not part of it
      return true;
    }
  }
}
