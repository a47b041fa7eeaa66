// Whether two URIs are the same: RFC 3261 section 19.1.4 for sip and sips, RFC 3966 section 4 for tel.
// Works on parsed ranges of two buffers; equality under these rules is not transitive, so there is no canonical form.
import { isIPv6, readIPv6 } from "./host.ts";
import { C, equalsIgnoreCase, findByte, isClass, lowerByte, rangesEqualIgnoreCase } from "./tokens.ts";
import { hexValue, nextUriParam, Scheme, UriParamRange, type UriRange } from "./uri.ts";

/** More parameters or headers than this are compared byte for byte only: it keeps a hostile URI cheap. */
const MAX_PARTS = 64;

/** Parts of one URI: four offsets each (name start, name end, value start, value end). */
class Parts {
  count = 0;
  readonly at = new Int32Array(MAX_PARTS * 4);
}

const aParts = new Parts();
const bParts = new Parts();
const one = new UriParamRange();

/** Whether URI `a` (parsed from `aBuf`) and URI `b` (parsed from `bBuf`) are equivalent. Both must have parsed without error. */
export function urisEqual(aBuf: Uint8Array, a: UriRange, bBuf: Uint8Array, b: UriRange): boolean {
  if (a.scheme !== b.scheme) return false;
  switch (a.scheme) {
    case Scheme.SIP:
    case Scheme.SIPS:
      return sipEqual(aBuf, a, bBuf, b);
    case Scheme.TEL:
    case Scheme.TELS:
      return telEqual(aBuf, a, bBuf, b);
    default:
      // RFC 3986 section 6.2.1 and 6.2.2.1: only the scheme is compared without case.
      return (
        rangesEqualIgnoreCase(aBuf, a.start, a.restStart, bBuf, b.start, b.restStart) &&
        sameEscaped(aBuf, a.restStart, a.end, bBuf, b.restStart, b.end, false)
      );
  }
}

function sipEqual(aBuf: Uint8Array, a: UriRange, bBuf: Uint8Array, b: UriRange): boolean {
  if (a.port !== b.port) return false;
  if (!sameEscaped(aBuf, a.userStart, a.userEnd, bBuf, b.userStart, b.userEnd, false)) return false;
  if (a.passwordStart < 0 !== b.passwordStart < 0) return false;
  if (!sameEscaped(aBuf, a.passwordStart, a.passwordEnd, bBuf, b.passwordStart, b.passwordEnd, false)) return false;
  if (!hostsEqual(aBuf, a.hostStart, a.hostEnd, bBuf, b.hostStart, b.hostEnd)) return false;
  return paramsEqual(aBuf, a, bBuf, b, mustBeInBoth) && headersEqual(aBuf, a, bBuf, b);
}

const aAddress = new Uint16Array(8);
const bAddress = new Uint16Array(8);

/** Hosts are compared without case, IPv6 references by value (RFC 5954 section 4.2). */
export function hostsEqual(
  aBuf: Uint8Array,
  as: number,
  ae: number,
  bBuf: Uint8Array,
  bs: number,
  be: number,
): boolean {
  if (as < 0 || bs < 0) return as < 0 && bs < 0;
  if (rangesEqualIgnoreCase(aBuf, as, ae, bBuf, bs, be)) return true;
  if (aBuf[as] !== 0x5b || bBuf[bs] !== 0x5b) return false;
  if (!isIPv6(aBuf, as + 1, ae - 1) || !isIPv6(bBuf, bs + 1, be - 1)) return false;
  readIPv6(aBuf, as + 1, ae - 1, aAddress);
  readIPv6(bBuf, bs + 1, be - 1, bAddress);
  for (let i = 0; i < 8; i++) if (aAddress[i] !== bAddress[i]) return false;
  return true;
}

/** One character at `pos`; an escape of a reserved character is not that character (values from 256). */
function unitAt(buf: Uint8Array, pos: number, end: number): number {
  const b = buf[pos]!;
  if (b !== 0x25 || pos + 2 >= end) return b;
  const value = (hexValue(buf[pos + 1]!) << 4) | hexValue(buf[pos + 2]!);
  return RESERVED.includes(value) ? 256 + value : value;
}

const RESERVED = [0x3b, 0x2f, 0x3f, 0x3a, 0x40, 0x26, 0x3d, 0x2b, 0x24, 0x2c];

/** Whether two ranges are the same once escapes are read (RFC 3261 section 19.1.4, second rule). -1 is an empty range. */
function sameEscaped(
  aBuf: Uint8Array,
  as: number,
  ae: number,
  bBuf: Uint8Array,
  bs: number,
  be: number,
  ignoreCase: boolean,
): boolean {
  let i = as;
  let j = bs;
  while (i < ae && j < be) {
    let x = unitAt(aBuf, i, ae);
    let y = unitAt(bBuf, j, be);
    if (ignoreCase) {
      x = lowerByte(x);
      y = lowerByte(y);
    }
    if (x !== y) return false;
    i += aBuf[i] === 0x25 ? 3 : 1;
    j += bBuf[j] === 0x25 ? 3 : 1;
  }
  return i >= ae && j >= be;
}

/** Fill `out` with the parameters of a URI; false when there are too many. */
function collectParams(buf: Uint8Array, uri: UriRange, out: Parts): boolean {
  out.count = 0;
  let i = uri.paramsStart;
  while (i >= 0 && i < uri.paramsEnd) {
    i = nextUriParam(buf, i, uri.paramsEnd, one);
    if (i < 0) return true;
    if (out.count === MAX_PARTS) return false;
    const base = out.count++ * 4;
    out.at[base] = one.nameStart;
    out.at[base + 1] = one.nameEnd;
    out.at[base + 2] = one.valueStart;
    out.at[base + 3] = one.valueEnd;
    i++;
  }
  return true;
}

/** Fill `out` with the headers of a URI (`name=value` joined by `&`); false when there are too many. */
function collectHeaders(buf: Uint8Array, uri: UriRange, out: Parts): boolean {
  out.count = 0;
  let i = uri.headersStart;
  while (i >= 0 && i < uri.headersEnd) {
    if (out.count === MAX_PARTS) return false;
    const amp = findByte(buf, i, uri.headersEnd, 0x26);
    const end = amp < 0 ? uri.headersEnd : amp;
    const equals = findByte(buf, i, end, 0x3d);
    const base = out.count++ * 4;
    out.at[base] = i;
    out.at[base + 1] = equals;
    out.at[base + 2] = equals + 1;
    out.at[base + 3] = end;
    i = end + 1;
  }
  return true;
}

/** Index of the part of `b` with the name of part `k` of `a`, or -1. */
function findPart(aBuf: Uint8Array, a: Parts, k: number, bBuf: Uint8Array, b: Parts): number {
  const s = a.at[k * 4]!;
  const e = a.at[k * 4 + 1]!;
  for (let i = 0; i < b.count; i++) {
    if (sameEscaped(aBuf, s, e, bBuf, b.at[i * 4]!, b.at[i * 4 + 1]!, true)) return i;
  }
  return -1;
}

function samePartValue(aBuf: Uint8Array, a: Parts, k: number, bBuf: Uint8Array, b: Parts, m: number): boolean {
  const as = a.at[k * 4 + 2]!;
  const bs = b.at[m * 4 + 2]!;
  return as < 0 === bs < 0 && sameEscaped(aBuf, as, a.at[k * 4 + 3]!, bBuf, bs, b.at[m * 4 + 3]!, true);
}

/**
 * Parameters that make a difference by being there at all: user, ttl, method, maddr by the text of section 19.1.4,
 * transport by its list of URIs that are not equivalent.
 */
function mustBeInBoth(buf: Uint8Array, start: number, end: number): boolean {
  return (
    equalsIgnoreCase(buf, start, end, "transport") ||
    equalsIgnoreCase(buf, start, end, "user") ||
    equalsIgnoreCase(buf, start, end, "ttl") ||
    equalsIgnoreCase(buf, start, end, "method") ||
    equalsIgnoreCase(buf, start, end, "maddr")
  );
}

type NameTest = (buf: Uint8Array, start: number, end: number) => boolean;

/** Parameters in both must be the same; those in one only are ignored, unless `needed` says they count. */
function paramsEqual(aBuf: Uint8Array, a: UriRange, bBuf: Uint8Array, b: UriRange, needed: NameTest): boolean {
  if (!collectParams(aBuf, a, aParts) || !collectParams(bBuf, b, bParts)) {
    return sameEscaped(aBuf, a.paramsStart, a.paramsEnd, bBuf, b.paramsStart, b.paramsEnd, true);
  }
  for (let k = 0; k < aParts.count; k++) {
    const m = findPart(aBuf, aParts, k, bBuf, bParts);
    if (m < 0) {
      if (needed(aBuf, aParts.at[k * 4]!, aParts.at[k * 4 + 1]!)) return false;
    } else if (!samePartValue(aBuf, aParts, k, bBuf, bParts, m)) return false;
  }
  for (let k = 0; k < bParts.count; k++) {
    if (!needed(bBuf, bParts.at[k * 4]!, bParts.at[k * 4 + 1]!)) continue;
    if (findPart(bBuf, bParts, k, aBuf, aParts) < 0) return false;
  }
  return true;
}

/** Headers are never ignored: each must have its match in the other, in any order. */
function headersEqual(aBuf: Uint8Array, a: UriRange, bBuf: Uint8Array, b: UriRange): boolean {
  if (a.headersStart < 0 || b.headersStart < 0) return a.headersStart < 0 && b.headersStart < 0;
  if (!collectHeaders(aBuf, a, aParts) || !collectHeaders(bBuf, b, bParts)) {
    return sameEscaped(aBuf, a.headersStart, a.headersEnd, bBuf, b.headersStart, b.headersEnd, true);
  }
  return (
    aParts.count === bParts.count &&
    allHaveMatch(aBuf, aParts, bBuf, bParts) &&
    allHaveMatch(bBuf, bParts, aBuf, aParts)
  );
}

/** A header may be repeated with different values, so every pair is looked at. */
function allHaveMatch(aBuf: Uint8Array, a: Parts, bBuf: Uint8Array, b: Parts): boolean {
  for (let k = 0; k < a.count; k++) {
    let found = false;
    for (let m = 0; m < b.count && !found; m++) {
      const sameName = sameEscaped(aBuf, a.at[k * 4]!, a.at[k * 4 + 1]!, bBuf, b.at[m * 4]!, b.at[m * 4 + 1]!, true);
      found = sameName && samePartValue(aBuf, a, k, bBuf, b, m);
    }
    if (!found) return false;
  }
  return true;
}

/** Numbers are compared without visual separators, hexadecimal letters without case. A leading + is part of the number. */
function telEqual(aBuf: Uint8Array, a: UriRange, bBuf: Uint8Array, b: UriRange): boolean {
  let i = a.userStart;
  let j = b.userStart;
  for (;;) {
    while (i < a.userEnd && isSeparator(aBuf[i]!)) i++;
    while (j < b.userEnd && isSeparator(bBuf[j]!)) j++;
    if (i >= a.userEnd || j >= b.userEnd) break;
    if (lowerByte(aBuf[i]!) !== lowerByte(bBuf[j]!)) return false;
    i++;
    j++;
  }
  return i >= a.userEnd && j >= b.userEnd && paramsEqual(aBuf, a, bBuf, b, telNeeded);
}

function isSeparator(b: number): boolean {
  return isClass(b, C.PHONE) && !isClass(b, C.DIGIT);
}

/** phone-context, ext, isub and mandatory (`m-`) parameters make another number of it. */
function telNeeded(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start > 2 && lowerByte(buf[start]!) === 0x6d && buf[start + 1] === 0x2d) return true;
  return (
    equalsIgnoreCase(buf, start, end, "phone-context") ||
    equalsIgnoreCase(buf, start, end, "ext") ||
    equalsIgnoreCase(buf, start, end, "isub")
  );
}
