// Addresses with parameters: From, To, Contact, Route, Record-Route, Path, Refer-To and their like (RFC 3261 20.10).
// One value of a possibly comma-separated list, as offsets; the URI inside is parsed by uri.ts when somebody asks.
import { SipError } from "./errors.ts";
import { nextParam, PARAMS_END, ParamRange } from "./params.ts";
import { C, CLASS, equalsIgnoreCase, skipClass, skipLws, skipQuoted } from "./tokens.ts";

/** One address. All fields are offsets, -1 when absent, unless said otherwise. */
export class NameAddrRange {
  /** This one value, without the comma and white space around it. */
  start = -1;
  end = -1;
  /** Display name without the white space around it; a quoted one keeps its quotes. */
  displayStart = -1;
  displayEnd = -1;
  /** The URI without `<` and `>`. */
  uriStart = -1;
  uriEnd = -1;
  /** Header parameters, from the first `;` to the end of the last one. */
  paramsStart = -1;
  paramsEnd = -1;
  tagStart = -1;
  tagEnd = -1;
  qStart = -1;
  qEnd = -1;
  expiresStart = -1;
  expiresEnd = -1;
  /** Start of the next comma-separated value, or -1. */
  next = -1;
  /** 1 when the value is the lone `*` of a Contact. */
  star: 0 | 1 = 0;
  /** 1 when the URI stood in `<` and `>`. */
  brackets: 0 | 1 = 0;
  /**
   * 1 when it is understood but not well-formed: characters in the display name that need quotes, white space inside
   * `<` and `>`. Such calls go through, as on Kamailio; `validateMessage` refuses them.
   */
  loose: 0 | 1 = 0;
}

const param = new ParamRange();

/** Forget an earlier result. */
export function clearNameAddr(out: NameAddrRange): void {
  out.start = out.end = out.displayStart = out.displayEnd = out.uriStart = out.uriEnd = -1;
  out.paramsStart = out.paramsEnd = out.tagStart = out.tagEnd = -1;
  out.qStart = out.qEnd = out.expiresStart = out.expiresEnd = out.next = -1;
  out.star = 0;
  out.brackets = 0;
  out.loose = 0;
}

/**
 * Parse the first address in [start, end). Returns 0 or a `SipError`.
 * Without `<` and `>` the first `;` begins the header parameters, and a `?` is refused (RFC 3261 section 20.10).
 * The URI's bytes are checked for what no URI may hold; its parts are not.
 */
export function parseNameAddr(buf: Uint8Array, start: number, end: number, out: NameAddrRange): number {
  return parseValue(buf, start, end, out, false);
}

/**
 * As `parseNameAddr`, for headers of one value (From, To): a comma in an unquoted display name separates nothing there, so
 * `Doe, John <sip:…>` is understood (`loose` is 1), as Kamailio does. A second value after the first gives `next` as always.
 */
export function parseSingleAddr(buf: Uint8Array, start: number, end: number, out: NameAddrRange): number {
  return parseValue(buf, start, end, out, true);
}

function parseValue(buf: Uint8Array, start: number, end: number, out: NameAddrRange, single: boolean): number {
  clearNameAddr(out);
  const first = skipLws(buf, start, end);
  if (first >= end) return SipError.ADDR_EMPTY;
  out.start = first;
  let i = parseAddress(buf, first, end, out, single);
  if (i < 0) return -i;
  out.end = i;
  i = skipLws(buf, i, end);
  if (i < end && buf[i] === 0x3b) {
    out.paramsStart = i;
    const code = parseAddrParams(buf, i, end, out);
    if (code !== 0) return code;
    out.end = out.paramsEnd;
    i = param.next;
  }
  if (i >= end) return 0;
  if (buf[i] !== 0x2c) return SipError.TRAILING_GARBAGE;
  out.next = skipLws(buf, i + 1, end);
  return out.next >= end ? SipError.ADDR_EMPTY : 0;
}

/** As `parseNameAddr`, and `*` alone is taken too: then `star` is 1 and there is no URI. */
export function parseContact(buf: Uint8Array, start: number, end: number, out: NameAddrRange): number {
  const first = skipLws(buf, start, end);
  if (first >= end || buf[first] !== 0x2a) return parseNameAddr(buf, start, end, out);
  const after = skipLws(buf, first + 1, end);
  // `*` is a token character: it may begin a display name, as in `*Star <sip:a@b>`.
  if (after < end && buf[after] !== 0x2c && buf[after] !== 0x3b) return parseNameAddr(buf, start, end, out);
  clearNameAddr(out);
  if (after < end) return SipError.ADDR_STAR;
  out.start = first;
  out.end = first + 1;
  out.star = 1;
  return 0;
}

/** Position after the display name and URI, or a negated `SipError`. */
function parseAddress(buf: Uint8Array, pos: number, end: number, out: NameAddrRange, single: boolean): number {
  const b = buf[pos]!;
  if (b === 0x3c) return parseBracketed(buf, pos, end, out);
  if (b === 0x22) {
    const quoteEnd = skipQuoted(buf, pos, end);
    if (quoteEnd < 0) return -SipError.UNTERMINATED_QUOTE;
    out.displayStart = pos;
    out.displayEnd = quoteEnd;
    const open = skipLws(buf, quoteEnd, end);
    if (open >= end || buf[open] !== 0x3c) return -SipError.ADDR_DISPLAY;
    return parseBracketed(buf, open, end, out);
  }
  // Words followed by `<` are a display name; a run that ends otherwise is a bare URI.
  let i = pos;
  let wordEnd = pos;
  let odd: 0 | 1 = 0;
  while (i < end) {
    const c = buf[i]!;
    if (c === 0x3c || (c === 0x2c && !single) || c === 0x3b || c === 0x22 || c === 0x3e) break;
    const bits = CLASS[c]!;
    if ((bits & C.LWS) === 0) {
      wordEnd = i + 1;
      if ((bits & C.TOKEN) === 0) odd = 1;
    }
    i++;
  }
  if (i < end && buf[i] === 0x3c) {
    out.displayStart = pos;
    out.displayEnd = wordEnd;
    out.loose = odd;
    return parseBracketed(buf, i, end, out);
  }
  return parseBare(buf, pos, end, out);
}

function parseBracketed(buf: Uint8Array, open: number, end: number, out: NameAddrRange): number {
  const first = skipLws(buf, open + 1, end);
  const last = skipClass(buf, first, end, C.URIC | C.UNRESERVED);
  const close = skipLws(buf, last, end);
  if (close >= end) return -SipError.ADDR_UNCLOSED;
  if (buf[close] !== 0x3e || !startsWithScheme(buf, first, last)) return -SipError.ADDR_URI;
  if (first > open + 1 || close > last) out.loose = 1;
  out.brackets = 1;
  out.uriStart = first;
  out.uriEnd = last;
  return close + 1;
}

function parseBare(buf: Uint8Array, pos: number, end: number, out: NameAddrRange): number {
  let i = pos;
  while (i < end) {
    const b = buf[i]!;
    if (b === 0x3b || b === 0x2c || b === 0x3f || (CLASS[b]! & C.URIC) === 0) break;
    i++;
  }
  if (i < end && buf[i] === 0x3f) return -SipError.ADDR_NEEDS_BRACKETS;
  if (!startsWithScheme(buf, pos, i)) return -SipError.ADDR_URI;
  out.uriStart = pos;
  out.uriEnd = i;
  return i;
}

/** Whether [start, end) begins as `scheme:` and holds something after it. */
function startsWithScheme(buf: Uint8Array, start: number, end: number): boolean {
  if (start >= end || (CLASS[buf[start]!]! & C.ALPHA) === 0) return false;
  for (let i = start + 1; i < end; i++) {
    const b = buf[i]!;
    if (b === 0x3a) return i + 1 < end;
    const plain = (CLASS[b]! & (C.ALPHA | C.DIGIT)) !== 0;
    if (!plain && b !== 0x2b && b !== 0x2d && b !== 0x2e) return false;
  }
  return false;
}

function parseAddrParams(buf: Uint8Array, pos: number, end: number, out: NameAddrRange): number {
  let i = pos;
  for (;;) {
    const code = nextParam(buf, i, end, param);
    if (code === PARAMS_END) return 0;
    if (code !== 0) return SipError.ADDR_PARAM;
    const s = param.nameStart;
    const e = param.nameEnd;
    const v = param.valueStart;
    out.paramsEnd = v >= 0 ? param.valueEnd : e;
    const length = e - s;
    if (length === 3 && out.tagStart < 0 && equalsIgnoreCase(buf, s, e, "tag")) {
      if (v < 0 || v === param.valueEnd || buf[v] === 0x22) return SipError.ADDR_TAG;
      out.tagStart = v;
      out.tagEnd = param.valueEnd;
    } else if (length === 1 && out.qStart < 0 && (buf[s]! | 32) === 0x71) {
      out.qStart = v;
      out.qEnd = param.valueEnd;
    } else if (length === 7 && out.expiresStart < 0 && equalsIgnoreCase(buf, s, e, "expires")) {
      out.expiresStart = v;
      out.expiresEnd = param.valueEnd;
    }
    i = param.next;
  }
}
