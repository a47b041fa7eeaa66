// Bytes and byte strings: script text is latin1, one character an octet (design.md, D2).
// Everything here is total: no input makes it throw.

// Measured (30 to 400 bytes): on Bun Buffer's native copy takes 17 ns against 50 ns for set(subarray), on Deno it is the other way
// round; latin1Slice takes 30 to 60 ns on both, String.fromCharCode.apply 150 to 600; on Bun latin1Write takes 20 ns whatever the length and
// a loop 1 ns a character, on Deno 200 ns and more.
const buffer = globalThis.Buffer.prototype;
const latin1Slice = (buffer as unknown as { latin1Slice(start: number, end: number): string }).latin1Slice;
const nativeCopy = "Bun" in globalThis ? buffer.copy : null;
const latin1Write = (buffer as unknown as { latin1Write(text: string, at: number, most: number): number }).latin1Write;
/** The shortest text that is not written in a loop. */
const LONG = "Bun" in globalThis ? 24 : Number.POSITIVE_INFINITY;

/** Copies src[start,end) into dst at `at` and returns the position after it. The ranges must not overlap in one buffer. */
export function copyBytes(dst: Uint8Array, at: number, src: Uint8Array, start: number, end: number): number {
  const n = end - start;
  if (n < 24) {
    for (let i = 0; i < n; i++) dst[at + i] = src[start + i]!;
  } else if (nativeCopy !== null) {
    nativeCopy.call(src as Buffer, dst, at, start, end);
  } else {
    dst.set(src.subarray(start, end), at);
  }
  return at + n;
}

/** Writes a byte string (one character an octet; higher bits are cut) into dst at `at`; returns the position after it. */
export function putText(dst: Uint8Array, at: number, text: string): number {
  const n = text.length;
  if (n >= LONG && at + n <= dst.length) latin1Write.call(dst, text, at, n);
  else for (let i = 0; i < n; i++) dst[at + i] = text.charCodeAt(i);
  return at + n;
}

/** Writes a non-negative integer (below 2^53) in decimal; returns the position after it. */
export function putUint(dst: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    dst[at] = 48 + value;
    return at + 1;
  }
  let digits = 1;
  for (let v = value; v >= 10; v = Math.floor(v / 10)) digits++;
  let v = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(v / 10);
    dst[i] = 48 + (v - next * 10);
    v = next;
  }
  return at + digits;
}

/** The byte string of buf[start,end): one character an octet. */
export function textOf(buf: Uint8Array, start: number, end: number): string {
  return end <= start ? "" : latin1Slice.call(buf, start, end);
}

/** The bytes of a byte string. */
export function bytesOf(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  putText(out, 0, text);
  return out;
}

/** A byte string without white space around it. Not trim(), which takes off octet A0 too: the end of many a letter in UTF-8. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

// Space, tab, line ends.
function isBlank(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13);
}

/** True when buf[start,end) holds exactly the byte string `text`. */
export function equalsText(buf: Uint8Array, start: number, end: number, text: string): boolean {
  const n = text.length;
  if (end - start !== n) return false;
  for (let i = 0; i < n; i++) if (buf[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** True when the two ranges hold the same bytes. */
export function equalsBytes(a: Uint8Array, as: number, ae: number, b: Uint8Array, bs: number, be: number): boolean {
  const n = ae - as;
  if (be - bs !== n) return false;
  for (let i = 0; i < n; i++) if (a[as + i] !== b[bs + i]) return false;
  return true;
}

/** Hash of a byte range, continued from `seed` (FNV-1a with a final mix): 32 bits unsigned. Seed it with a secret where strangers choose the bytes. */
export function hashBytes(buf: Uint8Array, start: number, end: number, seed: number): number {
  let h = seed ^ 0x811c9dc5;
  for (let i = start; i < end; i++) h = Math.imul(h ^ buf[i]!, 0x01000193);
  h ^= h >>> 15;
  h = Math.imul(h, 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

/** CRC-32 of ITU V.42, as Ethernet and zip have it: 32 bits unsigned. */
export function crc32(buf: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let i = start; i < end; i++) {
    crc ^= buf[i]!;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The byte string that spells `text` in UTF-8; for the edges where text comes from outside (JSON, arguments, files). */
export function fromUnicode(text: string): string {
  if (isAscii(text)) return text;
  const bytes = encoder.encode(text);
  return textOf(bytes, 0, bytes.length);
}

/** The text that a byte string spells when read as UTF-8 (bad sequences become U+FFFD). */
export function toUnicode(text: string): string {
  return isAscii(text) ? text : decoder.decode(bytesOf(text));
}

// Most texts are the same both ways, and turning them costs more than looking.
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where a byte string first stands in buf[start,end); -1 when it does not. */
export function indexOfText(buf: Uint8Array, start: number, end: number, text: string): number {
  const last = end - text.length;
  for (let i = start; i <= last; i++) if (equalsText(buf, i, i + text.length, text)) return i;
  return -1;
}
