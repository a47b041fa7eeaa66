// The name that a WebSocket client puts into the Via of its requests, for want of an address it could know (RFC 7118 8.1).
import { textOf } from "../../util/bytes.ts";

const TAIL = ".invalid";
const MARK = "SIP/2.0/WS";
const LONGEST = 80;
const NEAR = 4096;

/**
 * The name in the first Via of the request buf[start,end), when it ends with .invalid, in lower case; null for replies and for all else.
 * `known` is given back, without a new string, when it is that one.
 */
export function topViaName(buf: Uint8Array, start: number, end: number, known: string): string | null {
  if (startsWith(buf, start, end, "SIP/2.0 ")) return null;
  const mark = find(buf, start, Math.min(end, start + NEAR), MARK);
  if (mark < 0) return null;
  let p = mark + MARK.length;
  if (p < end && (buf[p]! | 0x20) === 0x73) p++; // WSS
  const from = p;
  while (p < end && (buf[p] === 32 || buf[p] === 9)) p++;
  if (p === from) return null;
  const name = p;
  while (p < end && p - name < LONGEST && isNameChar(buf[p]!)) p++;
  if (p - name <= TAIL.length || !same(buf, p - TAIL.length, TAIL)) return null;
  if (p - name === known.length && same(buf, name, known)) return known;
  return textOf(buf, name, p).toLowerCase();
}

function find(buf: Uint8Array, start: number, end: number, text: string): number {
  const first = text.charCodeAt(0);
  for (let p = buf.indexOf(first, start); p >= 0 && p < end; p = buf.indexOf(first, p + 1))
    if (startsWith(buf, p, end, text)) return p;
  return -1;
}

function startsWith(buf: Uint8Array, at: number, end: number, text: string): boolean {
  if (end - at < text.length) return false;
  for (let i = 0; i < text.length; i++) if (buf[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Letters of buf in any case; `lower` is lower case. */
function same(buf: Uint8Array, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const c = buf[at + i]!;
    if ((c >= 65 && c <= 90 ? c | 0x20 : c) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

function isNameChar(c: number): boolean {
  const lower = c | 0x20;
  return (lower >= 97 && lower <= 122) || (c >= 48 && c <= 57) || c === 45 || c === 46;
}
