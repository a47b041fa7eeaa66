// Digest access authentication as text: reading and writing credentials and challenges (RFC 3261 section 22,
// RFC 7616, RFC 8760). Nothing is hashed here.
import { textOf } from "../util/bytes.ts";
import { SipError } from "./errors.ts";
import { equalsIgnoreCase, skipLws, skipQuoted, skipToken, unquote } from "./tokens.ts";

/** Parameters with a meaning; the numbers index `DigestRange.start` and `.end`. */
export const DigestParam = {
  USERNAME: 0,
  REALM: 1,
  NONCE: 2,
  URI: 3,
  RESPONSE: 4,
  ALGORITHM: 5,
  CNONCE: 6,
  OPAQUE: 7,
  QOP: 8,
  NC: 9,
  DOMAIN: 10,
  STALE: 11,
  USERHASH: 12,
  CHARSET: 13,
  RSPAUTH: 14,
  NEXTNONCE: 15,
} as const;

const LOWER_NAMES = Object.keys(DigestParam).map((name) => name.toLowerCase());

/** Algorithms; `NONE` when the parameter is absent (then MD5 is meant), `OTHER` when it is one we do not know. */
export const Algorithm = {
  NONE: 0,
  MD5: 1,
  MD5_SESS: 2,
  SHA256: 3,
  SHA256_SESS: 4,
  SHA512_256: 5,
  SHA512_256_SESS: 6,
  OTHER: 7,
} as const;

const ALGORITHM_NAMES = ["", "MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess", "other"];
const ALGORITHM_LOWER = ALGORITHM_NAMES.map((name) => name.toLowerCase());

const MAX_PARAMS = 32;

/** One set of credentials or one challenge. Offsets into the message, -1 when absent. */
export class DigestRange {
  schemeStart = -1;
  schemeEnd = -1;
  /** 1 when the scheme is Digest. */
  isDigest: 0 | 1 = 0;
  /** An `Algorithm` number. */
  algorithm: number = Algorithm.NONE;
  /** What follows a scheme that takes one opaque word (Basic, Bearer). */
  wordStart = -1;
  wordEnd = -1;
  /** Value of each `DigestParam`, without quotes, still escaped. */
  readonly start: Int32Array = new Int32Array(16);
  readonly end: Int32Array = new Int32Array(16);
  /** How many parameters there are, unknown ones too, and the place of each: name start, name end, value start, value end. */
  count = 0;
  readonly all: Int32Array = new Int32Array(MAX_PARAMS * 4);
  /** Start of the next challenge in the same header, or -1. */
  next = -1;
}

/**
 * Parse the first credentials or challenge in [start, end): `scheme name=value, …`. Returns 0 or a `SipError`.
 * Any scheme is taken. Values may be quoted or not whatever their name, since user agents differ; a name given twice is
 * refused, so that no two readers of the same credentials can see different ones.
 */
export function parseDigest(buf: Uint8Array, start: number, end: number, out: DigestRange): number {
  out.start.fill(-1);
  out.end.fill(-1);
  out.count = 0;
  out.algorithm = Algorithm.NONE;
  out.wordStart = out.wordEnd = out.next = -1;
  out.schemeStart = skipLws(buf, start, end);
  out.schemeEnd = skipToken(buf, out.schemeStart, end);
  if (out.schemeEnd === out.schemeStart) return SipError.DIGEST_SCHEME;
  out.isDigest = equalsIgnoreCase(buf, out.schemeStart, out.schemeEnd, "digest") ? 1 : 0;
  let i = skipLws(buf, out.schemeEnd, end);
  if (i === out.schemeEnd || i >= end) return SipError.DIGEST_PARAM;
  if (out.isDigest === 0 && isOpaqueWord(buf, i, end)) {
    out.wordStart = i;
    out.wordEnd = wordEnd(buf, i, end);
    return skipLws(buf, out.wordEnd, end) >= end ? 0 : SipError.DIGEST_VALUE;
  }
  for (;;) {
    i = parseParam(buf, i, end, out);
    if (i < 0) return -i;
    i = skipLws(buf, i, end);
    if (i >= end) return 0;
    if (buf[i] !== 0x2c) return SipError.DIGEST_PARAM;
    // Empty elements are legal in a list (RFC 9110 section 5.6.1) and a trailing comma is a known habit.
    while (i < end && buf[i] === 0x2c) i = skipLws(buf, i + 1, end);
    if (i >= end) return 0;
    if (beginsChallenge(buf, i, end)) {
      out.next = i;
      return 0;
    }
  }
}

/** Position after `name = value`, or a negated `SipError`. */
function parseParam(buf: Uint8Array, pos: number, end: number, out: DigestRange): number {
  const nameEnd = skipToken(buf, pos, end);
  let i = skipLws(buf, nameEnd, end);
  if (nameEnd === pos || i >= end || buf[i] !== 0x3d) return -SipError.DIGEST_PARAM;
  if (out.count === MAX_PARAMS) return -SipError.DIGEST_TOO_MANY;
  i = skipLws(buf, i + 1, end);
  let valueStart = i;
  let valueEnd: number;
  if (i < end && buf[i] === 0x22) {
    i = skipQuoted(buf, i, end);
    if (i < 0) return -SipError.UNTERMINATED_QUOTE;
    valueStart++;
    valueEnd = i - 1;
  } else {
    i = wordEnd(buf, i, end);
    if (i === valueStart) return -SipError.DIGEST_VALUE;
    valueEnd = i;
  }
  const base = out.count++ * 4;
  out.all[base] = pos;
  out.all[base + 1] = nameEnd;
  out.all[base + 2] = valueStart;
  out.all[base + 3] = valueEnd;
  const id = paramId(buf, pos, nameEnd);
  if (id < 0) return i;
  if (out.start[id]! >= 0) return -SipError.DIGEST_PARAM;
  out.start[id] = valueStart;
  out.end[id] = valueEnd;
  if (id === DigestParam.ALGORITHM) out.algorithm = algorithmId(buf, valueStart, valueEnd);
  return i;
}

function paramId(buf: Uint8Array, start: number, end: number): number {
  for (let id = 0; id < LOWER_NAMES.length; id++) if (equalsIgnoreCase(buf, start, end, LOWER_NAMES[id]!)) return id;
  return -1;
}

/** End of an unquoted value: up to white space, comma or quote. Wider than a token, for unquoted URIs and base64. */
function wordEnd(buf: Uint8Array, pos: number, end: number): number {
  let i = pos;
  while (i < end) {
    const b = buf[i]!;
    if (b <= 0x20 || b >= 0x7f || b === 0x2c || b === 0x22) break;
    i++;
  }
  return i;
}

/** Whether one word is all there is: base64 may end in `=`, while `name=value` has something after it. */
function isOpaqueWord(buf: Uint8Array, pos: number, end: number): boolean {
  let i = skipToken(buf, pos, end);
  while (i < end && buf[i] === 0x2f) i = skipToken(buf, i + 1, end);
  while (i < end && buf[i] === 0x3d) i++;
  return i > pos && skipLws(buf, i, end) >= end;
}

/** Whether `scheme name=` begins here, and not `name=`. */
function beginsChallenge(buf: Uint8Array, pos: number, end: number): boolean {
  const wordStop = skipToken(buf, pos, end);
  const after = skipLws(buf, wordStop, end);
  return wordStop > pos && after > wordStop && after < end && buf[after] !== 0x3d;
}

/** Number of the algorithm named by [start, end), in any case. */
export function algorithmId(buf: Uint8Array, start: number, end: number): number {
  for (let id = 1; id < Algorithm.OTHER; id++) {
    if (equalsIgnoreCase(buf, start, end, ALGORITHM_LOWER[id]!)) return id;
  }
  return Algorithm.OTHER;
}

/** Name of an algorithm as it goes on the wire; "" for `NONE`. */
export function algorithmName(id: number): string {
  return ALGORITHM_NAMES[id] ?? "other";
}

/** Whether the parameter is there (perhaps empty). */
export function hasDigestParam(range: DigestRange, id: number): boolean {
  return range.start[id]! >= 0;
}

/** Value of a parameter as a byte string, escapes resolved; "" when absent. */
export function digestText(buf: Uint8Array, range: DigestRange, id: number): string {
  const start = range.start[id]!;
  return start < 0 ? "" : unescapeQuoted(buf, start, range.end[id]!);
}

/** Content of a quoted string without its quotes, escapes resolved. */
function unescapeQuoted(buf: Uint8Array, start: number, end: number): string {
  for (let i = start; i < end; i++) if (buf[i] === 0x5c) return unquote(buf, start, end);
  return textOf(buf, start, end);
}

/** What credentials must carry to be checked at all (RFC 3261 section 22.4): 0 or `SipError.DIGEST_MISSING`. */
export function checkCredentials(range: DigestRange): number {
  const at = range.start;
  const basic =
    at[DigestParam.USERNAME]! >= 0 &&
    at[DigestParam.REALM]! >= 0 &&
    at[DigestParam.NONCE]! >= 0 &&
    at[DigestParam.URI]! >= 0 &&
    at[DigestParam.RESPONSE]! >= 0;
  // With qop, nc and cnonce enter the response (RFC 7616 section 3.4).
  const withQop = at[DigestParam.QOP]! < 0 || (at[DigestParam.NC]! >= 0 && at[DigestParam.CNONCE]! >= 0);
  return range.isDigest === 1 && basic && withQop ? 0 : SipError.DIGEST_MISSING;
}

/** The nonce count: eight hexadecimal digits as a number, or -1. */
export function nonceCount(buf: Uint8Array, range: DigestRange): number {
  const start = range.start[DigestParam.NC]!;
  const end = range.end[DigestParam.NC]!;
  if (start < 0 || end - start !== 8) return -1;
  let n = 0;
  for (let i = start; i < end; i++) {
    const b = buf[i]!;
    const lower = b | 32;
    const digit = b >= 0x30 && b <= 0x39 ? b - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
    if (digit < 0) return -1;
    n = n * 16 + digit;
  }
  return n;
}
