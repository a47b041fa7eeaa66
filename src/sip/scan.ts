// One pass over a message's bytes: first line, header boundaries and ids, end of head. Makes no strings and no objects.

import { H, headerId } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { parseMethod } from "./methods.ts";

/** Numbers a header takes in the index: id, name start and end, value start and end (without white space at its edges), end of line. */
export const STRIDE = 6;
export const ID = 0;
export const NAME_START = 1;
export const NAME_END = 2;
export const VALUE_START = 3;
export const VALUE_END = 4;
export const LINE_END = 5;

/** The most headers a message may have; more is refused, so that an index stays small. */
export const MAX_HEADERS = 256;

/** Why a message could not be scanned; 0 is none. Numbers from 200 up, apart from the grammars' own. */
export const ScanError = {
  EMPTY: 200,
  FIRST_LINE: 201,
  VERSION: 202,
  STATUS: 203,
  METHOD: 204,
  HEADER_NAME: 205,
  TOO_MANY_HEADERS: 206,
  NO_END: 207,
} as const;

const TEXTS: Readonly<Record<number, string>> = {
  [ScanError.EMPTY]: "the message is empty",
  [ScanError.FIRST_LINE]: "the first line is neither a request line nor a status line",
  [ScanError.VERSION]: "the version is not SIP/2.0",
  [ScanError.STATUS]: "the status code is not three digits from 100 to 699",
  [ScanError.METHOD]: "the method is not a token",
  [ScanError.HEADER_NAME]: "a header line has no name and colon",
  [ScanError.TOO_MANY_HEADERS]: `more than ${MAX_HEADERS} headers`,
  [ScanError.NO_END]: "the head does not end with an empty line",
};

/** A sentence for a ScanError. */
export function scanErrorText(code: number): string {
  return TEXTS[code] ?? `scan error ${code}`;
}

const TOKEN = new Uint8Array(256);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~") TOKEN[c.charCodeAt(0)] = 1;

const SP = 32;
const TAB = 9;
const CR = 13;
const LF = 10;
const COLON = 58;
const DEL = 127;

/** Fills the first-line fields and the header index of `m` from its bytes. Returns 0, or a ScanError; then the index has the headers before the fault. */
export function scan(m: SipMessage): number {
  const { buf, end } = m;
  let p = m.start;
  m.isRequest = false;
  m.headerCount = 0;
  m.headEnd = end;
  m.bodyStart = end;
  while (p < end && (buf[p] === CR || buf[p] === LF)) p++; // RFC 3261 7.5: leading CRLFs are ignored
  if (p >= end) return ScanError.EMPTY;
  m.lineStart = p;
  let eol = p;
  while (eol < end && buf[eol] !== LF) eol++;
  if (eol >= end) return ScanError.NO_END;
  const lineEnd = eol > p && buf[eol - 1] === CR ? eol - 1 : eol;
  const bad = isStatusLine(buf, p, lineEnd) ? scanStatusLine(m, p, lineEnd) : scanRequestLine(m, p, lineEnd);
  if (bad !== 0) return bad;
  m.firstLineEnd = eol + 1;
  return scanHeaders(m, eol + 1);
}

function isStatusLine(buf: Uint8Array, p: number, end: number): boolean {
  // "SIP/" cannot begin a request line: '/' is no token character
  return (
    end - p > 4 &&
    (buf[p]! | 0x20) === 115 &&
    (buf[p + 1]! | 0x20) === 105 &&
    (buf[p + 2]! | 0x20) === 112 &&
    buf[p + 3] === 47
  );
}

function isVersion(buf: Uint8Array, p: number, end: number): boolean {
  return isStatusLine(buf, p, end) && end - p === 7 && buf[p + 4] === 50 && buf[p + 5] === 46 && buf[p + 6] === 48;
}

// "HTTP/1." and a digit; the framer has looked closer.
function isHttpVersion(buf: Uint8Array, p: number, end: number): boolean {
  return end - p === 8 && buf[p] === 72 && buf[p + 1] === 84 && buf[p + 4] === 47 && buf[p + 5] === 49;
}

function scanStatusLine(m: SipMessage, p: number, end: number): number {
  const { buf } = m;
  let sp = p;
  while (sp < end && buf[sp] !== SP) sp++;
  if (!isVersion(buf, p, sp)) return ScanError.VERSION;
  const d = sp + 1;
  if (d + 3 > end) return ScanError.STATUS;
  const a = buf[d]! - 48;
  const b = buf[d + 1]! - 48;
  const c = buf[d + 2]! - 48;
  if (a < 1 || a > 6 || b < 0 || b > 9 || c < 0 || c > 9) return ScanError.STATUS;
  if (d + 3 < end && buf[d + 3] !== SP) return ScanError.STATUS;
  m.isRequest = false;
  m.status = a * 100 + b * 10 + c;
  m.method = 0;
  m.reasonStart = Math.min(d + 4, end);
  m.reasonEnd = end;
  return 0;
}

function scanRequestLine(m: SipMessage, p: number, end: number): number {
  const { buf } = m;
  let q = p;
  while (q < end && TOKEN[buf[q]!] === 1) q++;
  if (q === p) return ScanError.METHOD;
  if (q >= end || buf[q] !== SP) return ScanError.FIRST_LINE;
  m.methodStart = p;
  m.methodEnd = q;
  let v = end;
  while (v > q && buf[v - 1] !== SP) v--; // the version follows the last space
  const uriStart = q + 1;
  const uriEnd = v - 1;
  if (uriEnd <= uriStart) return ScanError.FIRST_LINE;
  if (!(m.http !== null ? isHttpVersion(buf, v, end) : isVersion(buf, v, end))) return ScanError.VERSION;
  for (let i = uriStart; i < uriEnd; i++) if (buf[i]! <= SP || buf[i] === DEL) return ScanError.FIRST_LINE;
  m.isRequest = true;
  m.status = 0;
  m.method = parseMethod(buf, p, q);
  m.uriStart = uriStart;
  m.uriEnd = uriEnd;
  return 0;
}

function scanHeaders(m: SipMessage, from: number): number {
  const { buf, end } = m;
  let index = m.index;
  let n = 0;
  let p = from;
  for (;;) {
    m.headerCount = n;
    if (p >= end) return ScanError.NO_END;
    const c = buf[p]!;
    if (c === LF || (c === CR && p + 1 < end && buf[p + 1] === LF)) {
      m.headEnd = p;
      m.bodyStart = p + (c === LF ? 1 : 2);
      return 0;
    }
    const nameStart = p;
    while (p < end && TOKEN[buf[p]!] === 1) p++;
    const nameEnd = p;
    while (p < end && (buf[p] === SP || buf[p] === TAB)) p++;
    if (nameEnd === nameStart || p >= end || buf[p] !== COLON) return ScanError.HEADER_NAME;
    p++;
    let valueStart = p;
    // to the end of the line, and of the lines folded onto it
    for (;;) {
      while (p < end && buf[p] !== LF) p++;
      if (p >= end) return ScanError.NO_END;
      p++;
      if (p >= end || (buf[p] !== SP && buf[p] !== TAB)) break;
    }
    let valueEnd = p - 1;
    while (valueEnd > valueStart && isSpace(buf[valueEnd - 1]!)) valueEnd--;
    while (valueStart < valueEnd && isSpace(buf[valueStart]!)) valueStart++;
    if (n >= MAX_HEADERS) return ScanError.TOO_MANY_HEADERS;
    const at = n * STRIDE;
    if (at >= index.length) index = m.growIndex();
    index[at] = headerId(buf, nameStart, nameEnd);
    index[at + NAME_START] = nameStart;
    index[at + NAME_END] = nameEnd;
    index[at + VALUE_START] = valueStart;
    index[at + VALUE_END] = valueEnd;
    index[at + LINE_END] = p;
    n++;
  }
}

function isSpace(c: number): boolean {
  return c === SP || c === TAB || c === CR || c === LF;
}

/** Position in the index of the first header with this id at or after header number `from`; -1 when there is none. */
export function findHeader(m: SipMessage, id: number, from = 0): number {
  const { index, headerCount } = m;
  for (let h = from; h < headerCount; h++) if (index[h * STRIDE] === id) return h;
  return -1;
}

/** The same for a header outside the table, by its lower-case name; also right for names in the table when `id` is given as H.OTHER. */
export function findHeaderByName(m: SipMessage, lowerName: string, from = 0): number {
  const { index, headerCount, buf } = m;
  const n = lowerName.length;
  for (let h = from; h < headerCount; h++) {
    const at = h * STRIDE;
    const s = index[at + NAME_START]!;
    if (index[at] !== H.OTHER || index[at + NAME_END]! - s !== n) continue;
    let i = 0;
    while (i < n) {
      let c = buf[s + i]!;
      if (c >= 65 && c <= 90) c |= 0x20;
      if (c !== lowerName.charCodeAt(i)) break;
      i++;
    }
    if (i === n) return h;
  }
  return -1;
}
