// Character classes of RFC 3261 section 25.1 as one table of bit flags, and the smallest scanning helpers.
// Every other grammar in this folder is written on these.

/** Bits of `CLASS`: what a byte may be part of. */
export const C = {
  TOKEN: 1,
  DIGIT: 2,
  ALPHA: 4,
  HEX: 8,
  /** SP, HTAB, CR, LF: the header index has already proved that a line end here is a fold. */
  LWS: 16,
  /** Letters, digits, `-`, `.`, and `_`, which RFC 3261 leaves out but real host names carry. */
  HOST: 32,
  /** unreserved: alphanum and mark */
  UNRESERVED: 64,
  /** unreserved and user-unreserved, and `#`, which phones send unescaped in feature codes */
  USER: 128,
  PASSWORD: 256,
  /** URI parameter names and values */
  URI_PARAM: 512,
  /** URI header names and values */
  URI_HEADER: 1024,
  /** Everything a URI of a scheme we do not know may hold (reserved, unreserved, `%`, `#`) */
  URIC: 2048,
  /**
   * Unquoted values of header parameters: token, host, IPv6 with or without brackets; and the odd characters that
   * equipment puts into branches and tags (`z9hG4bK{…}`, base64), which Kamailio takes too
   */
  VALUE: 4096,
  /** Call-ID words: RFC 3261 `word` */
  WORD: 8192,
  /** Digits and visual separators of telephone numbers (RFC 3966 phonedigit) */
  PHONE: 16384,
} as const;

/** Class bits of every byte; test with `CLASS[b]! & C.TOKEN`. Bytes from 0x80 have none. */
export const CLASS: Uint16Array = buildClasses();

function buildClasses(): Uint16Array {
  const table = new Uint16Array(256);
  const mark = (chars: string, bits: number): void => {
    for (let i = 0; i < chars.length; i++) {
      const c = chars.charCodeAt(i);
      table[c] = (table[c] ?? 0) | bits;
    }
  };
  const lower = "abcdefghijklmnopqrstuvwxyz";
  const alpha = lower + lower.toUpperCase();
  const digits = "0123456789";
  const marks = "-_.!~*'()";
  const inUri = C.UNRESERVED | C.USER | C.PASSWORD | C.URI_PARAM | C.URI_HEADER | C.URIC;
  const everywhere = C.TOKEN | C.HOST | C.VALUE | C.WORD | inUri;
  mark(alpha, everywhere | C.ALPHA);
  mark(digits, everywhere | C.DIGIT | C.HEX | C.PHONE);
  mark("abcdefABCDEF", C.HEX);
  mark("-.!%*_+`'~", C.TOKEN | C.VALUE | C.WORD);
  mark(" \t\r\n", C.LWS);
  mark("-._", C.HOST);
  mark(marks, inUri);
  mark("&=+$,;?/#", C.USER);
  mark("&=+$,", C.PASSWORD);
  mark("[]/:&+$", C.URI_PARAM);
  mark("[]/?:+$", C.URI_HEADER);
  mark(";/?:@&=+$,%#[]", C.URIC);
  mark("[]:/@?{}|^$&#", C.VALUE);
  mark('()<>:\\"/[]?{}', C.WORD);
  mark("-.()", C.PHONE);
  return table;
}

/** Whether byte `b` has one of the class bits. */
export function isClass(b: number, bits: number): boolean {
  return ((CLASS[b] ?? 0) & bits) !== 0;
}

/** First position in [pos, end) that is no linear white space, or end. */
export function skipLws(buf: Uint8Array, pos: number, end: number): number {
  let i = pos;
  while (i < end) {
    const b = buf[i]!;
    if (b !== 0x20 && b !== 0x09 && b !== 0x0d && b !== 0x0a) break;
    i++;
  }
  return i;
}

/** End of [start, end) without trailing linear white space. */
export function trimEnd(buf: Uint8Array, start: number, end: number): number {
  let i = end;
  while (i > start) {
    const b = buf[i - 1]!;
    if (b !== 0x20 && b !== 0x09 && b !== 0x0d && b !== 0x0a) break;
    i--;
  }
  return i;
}

/** First position in [pos, end) whose byte has none of the class bits, or end. */
export function skipClass(buf: Uint8Array, pos: number, end: number, bits: number): number {
  let i = pos;
  while (i < end && (CLASS[buf[i]!]! & bits) !== 0) i++;
  return i;
}

/** End of the token that begins at pos (pos itself when there is none). */
export function skipToken(buf: Uint8Array, pos: number, end: number): number {
  return skipClass(buf, pos, end, C.TOKEN);
}

/** Whether [start, end) is one non-empty token. */
export function isToken(buf: Uint8Array, start: number, end: number): boolean {
  return end > start && skipClass(buf, start, end, C.TOKEN) === end;
}

/** Position of byte `b` in [pos, end), or -1. */
export function findByte(buf: Uint8Array, pos: number, end: number, b: number): number {
  for (let i = pos; i < end; i++) if (buf[i] === b) return i;
  return -1;
}

/** The decimal number that is all of [start, end); -1 when empty, when a byte is no digit, or above 2^32 - 1. */
export function parseUint(buf: Uint8Array, start: number, end: number): number {
  if (end <= start) return -1;
  let n = 0;
  for (let i = start; i < end; i++) {
    const d = buf[i]! - 0x30;
    if (d < 0 || d > 9) return -1;
    n = n * 10 + d;
    if (n > 0xffffffff) return -1;
  }
  return n;
}

/** A byte with A-Z folded to a-z. */
export function lowerByte(b: number): number {
  return b >= 0x41 && b <= 0x5a ? b + 32 : b;
}

/** Whether [start, end) spells `asciiLower` (given in lower case) in any case. Allocates nothing. */
export function equalsIgnoreCase(buf: Uint8Array, start: number, end: number, asciiLower: string): boolean {
  const length = end - start;
  if (length !== asciiLower.length) return false;
  for (let i = 0; i < length; i++) {
    const b = buf[start + i]!;
    const folded = b >= 0x41 && b <= 0x5a ? b + 32 : b;
    if (folded !== asciiLower.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether two ranges hold the same bytes, letters compared without case. */
export function rangesEqualIgnoreCase(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (length !== bEnd - bStart) return false;
  for (let i = 0; i < length; i++) {
    if (lowerByte(a[aStart + i]!) !== lowerByte(b[bStart + i]!)) return false;
  }
  return true;
}

/**
 * Position after the closing quote of the quoted string that opens at `pos` (which must hold `"`), or -1 when it is
 * not closed before `end`. A backslash takes the next byte with it; it cannot take CR or LF (RFC 3261 quoted-pair).
 */
export function skipQuoted(buf: Uint8Array, pos: number, end: number): number {
  let i = pos + 1;
  while (i < end) {
    const b = buf[i]!;
    if (b === 0x22) return i + 1;
    if (b === 0x5c) {
      i++;
      if (i >= end) return -1;
      const escaped = buf[i]!;
      if (escaped === 0x0d || escaped === 0x0a || escaped > 0x7f) return -1;
    }
    i++;
  }
  return -1;
}

/** Position after the comment that opens at `pos` (which must hold `(`); comments nest. -1 when it is not closed. */
export function skipComment(buf: Uint8Array, pos: number, end: number): number {
  let depth = 0;
  for (let i = pos; i < end; i++) {
    const b = buf[i]!;
    if (b === 0x5c) i++;
    else if (b === 0x28) depth++;
    else if (b === 0x29 && --depth === 0) return i + 1;
  }
  return -1;
}

/** The content of a quoted string (range with or without its quotes) as latin1 text, escapes resolved. */
export function unquote(buf: Uint8Array, start: number, end: number): string {
  let s = start;
  let e = end;
  if (e - s >= 2 && buf[s] === 0x22 && buf[e - 1] === 0x22) {
    s++;
    e--;
  }
  let out = "";
  for (let i = s; i < e; i++) {
    let b = buf[i]!;
    if (b === 0x5c && i + 1 < e) b = buf[++i]!;
    out += String.fromCharCode(b);
  }
  return out;
}

/** `text` as a quoted string: quotes and backslashes escaped, line ends and NUL dropped (they cannot be escaped). */
export function quote(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22 || c === 0x5c) out += "\\";
    if (c !== 0x0d && c !== 0x0a && c !== 0) out += text.charAt(i);
  }
  return `${out}"`;
}
