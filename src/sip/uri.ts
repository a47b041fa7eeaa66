// URIs as SIP carries them: sip, sips (RFC 3261 section 19.1), tel (RFC 3966), urn and any other scheme.
// parseUri fills a reused record of offsets; uri-text.ts has the convenient form for configuration and scripts.
import { SipError } from "./errors.ts";
import { skipHost } from "./host.ts";
import { C, CLASS, equalsIgnoreCase, findByte, parseUint } from "./tokens.ts";
import { parseTransport, Transport } from "./transports.ts";

/** Schemes. `TELS` is the obsolete secure tel that Kamailio knows too; `OTHER` is any well-formed scheme not listed. */
export const Scheme = { NONE: 0, SIP: 1, SIPS: 2, TEL: 3, TELS: 4, URN: 5, OTHER: 6 } as const;

/** One URI. All fields are offsets, -1 when absent, unless said otherwise. */
export class UriRange {
  /** A `Scheme` number. */
  scheme: number = Scheme.NONE;
  start = -1;
  end = -1;
  /** First byte after the scheme's colon. */
  restStart = -1;
  /** User part, still escaped; for tel the number. Without the password. */
  userStart = -1;
  userEnd = -1;
  passwordStart = -1;
  passwordEnd = -1;
  /** Host; IPv6 with its brackets. */
  hostStart = -1;
  hostEnd = -1;
  portStart = -1;
  portEnd = -1;
  /** Port number, or -1. */
  port = -1;
  /** Parameters after the first `;`, without it. */
  paramsStart = -1;
  paramsEnd = -1;
  /** Headers after the `?`, without it. */
  headersStart = -1;
  headersEnd = -1;
  /** A `Transport` number; -1 when there is no such parameter. */
  transport = -1;
  transportStart = -1;
  transportEnd = -1;
  /** 1 when `lr` is there; its value, if any, is the range. */
  lr: 0 | 1 = 0;
  lrStart = -1;
  lrEnd = -1;
  maddrStart = -1;
  maddrEnd = -1;
  ttlStart = -1;
  ttlEnd = -1;
  /** Value of the parameter `user` (as in `user=phone`). */
  userParamStart = -1;
  userParamEnd = -1;
  methodStart = -1;
  methodEnd = -1;
  /** 1 when `ob` is there (RFC 5626). */
  ob: 0 | 1 = 0;
  /** 1 when `gr` is there (RFC 5627); its value, if any, is the range. */
  gr: 0 | 1 = 0;
  grStart = -1;
  grEnd = -1;
  /** Value of `alias`, as Kamailio's nathelper writes it into a Contact. */
  aliasStart = -1;
  aliasEnd = -1;
}

/** Forget an earlier result. */
export function clearUri(out: UriRange): void {
  out.scheme = Scheme.NONE;
  out.start = out.end = out.restStart = out.userStart = out.userEnd = out.passwordStart = out.passwordEnd = -1;
  out.hostStart = out.hostEnd = out.portStart = out.portEnd = out.port = -1;
  out.paramsStart = out.paramsEnd = out.headersStart = out.headersEnd = -1;
  out.transport = out.transportStart = out.transportEnd = -1;
  out.lr = out.ob = out.gr = 0;
  out.lrStart = out.lrEnd = out.maddrStart = out.maddrEnd = out.ttlStart = out.ttlEnd = -1;
  out.userParamStart = out.userParamEnd = out.methodStart = out.methodEnd = -1;
  out.grStart = out.grEnd = out.aliasStart = out.aliasEnd = -1;
}

const COLON = 0x3a;
const SEMI = 0x3b;
const QUESTION = 0x3f;
const AT = 0x40;
const PERCENT = 0x25;

/**
 * Parse the URI that is all of [start, end), without surrounding white space or brackets. Returns 0 or a `SipError`.
 * Refuses what RFC 3261 section 25.1 does not generate, save for the allowances named at `skipHost` and `C.USER`.
 * A port 0 is syntax and passes; a tel number without phone-context passes, as old equipment sends it.
 */
export function parseUri(buf: Uint8Array, start: number, end: number, out: UriRange): number {
  clearUri(out);
  if (end <= start) return SipError.URI_EMPTY;
  out.start = start;
  out.end = end;
  const colon = schemeEnd(buf, start, end);
  if (colon < 0) return SipError.URI_SCHEME;
  out.restStart = colon + 1;
  out.scheme = schemeOf(buf, start, colon);
  if (out.scheme === Scheme.SIP || out.scheme === Scheme.SIPS) return parseSip(buf, colon + 1, end, out);
  if (out.scheme === Scheme.TEL || out.scheme === Scheme.TELS) return parseTel(buf, colon + 1, end, out);
  return scan(buf, colon + 1, end, C.URIC, SipError.URI_BYTE) === end ? 0 : scanError;
}

/** Position of the colon after a well-formed scheme, or -1. */
function schemeEnd(buf: Uint8Array, start: number, end: number): number {
  if ((CLASS[buf[start]!]! & C.ALPHA) === 0) return -1;
  for (let i = start + 1; i < end; i++) {
    const b = buf[i]!;
    if (b === COLON) return i + 1 < end ? i : -1;
    if ((CLASS[b]! & (C.ALPHA | C.DIGIT)) === 0 && b !== 0x2b && b !== 0x2d && b !== 0x2e) return -1;
  }
  return -1;
}

function schemeOf(buf: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 3:
      if (equalsIgnoreCase(buf, start, end, "sip")) return Scheme.SIP;
      if (equalsIgnoreCase(buf, start, end, "tel")) return Scheme.TEL;
      return equalsIgnoreCase(buf, start, end, "urn") ? Scheme.URN : Scheme.OTHER;
    case 4:
      if (equalsIgnoreCase(buf, start, end, "sips")) return Scheme.SIPS;
      return equalsIgnoreCase(buf, start, end, "tels") ? Scheme.TELS : Scheme.OTHER;
    default:
      return Scheme.OTHER;
  }
}

/** Why the last `scan` stopped before its end. */
let scanError = 0;
/** How many escapes the last `scan` passed. */
let scanEscapes = 0;

/** First position in [pos, end) that is neither of the class nor a whole `%XX`; `scanError` then says why. */
function scan(buf: Uint8Array, pos: number, end: number, bits: number, otherwise: number): number {
  let i = pos;
  scanEscapes = 0;
  while (i < end) {
    const b = buf[i]!;
    // `%` first: the generic class holds it, and it must still be a whole escape.
    if (b === PERCENT) {
      if (i + 2 >= end || (CLASS[buf[i + 1]!]! & CLASS[buf[i + 2]!]! & C.HEX) === 0) {
        scanError = SipError.URI_ESCAPE;
        return i;
      }
      scanEscapes++;
      i += 3;
    } else if ((CLASS[b]! & bits) !== 0) i++;
    else break;
  }
  scanError = otherwise;
  return i;
}

function parseSip(buf: Uint8Array, pos: number, end: number, out: UriRange): number {
  let i = pos;
  // `@` stands nowhere unescaped but after the user, while `;` and `?` may stand inside it: so the `@` decides.
  const at = findByte(buf, pos, end, AT);
  if (at >= 0) {
    const code = parseUserinfo(buf, pos, at, out);
    if (code !== 0) return code;
    i = at + 1;
  }
  const hostEnd = skipHost(buf, i, end);
  if (hostEnd < 0) return i < end && buf[i] === 0x5b ? SipError.URI_IPV6 : SipError.URI_HOST;
  out.hostStart = i;
  out.hostEnd = hostEnd;
  i = hostEnd;
  if (i < end && buf[i] === COLON) {
    let portEnd = i + 1;
    while (portEnd < end && (CLASS[buf[portEnd]!]! & C.DIGIT) !== 0) portEnd++;
    out.portStart = i + 1;
    out.portEnd = portEnd;
    out.port = parseUint(buf, i + 1, portEnd);
    if (out.port < 0 || out.port > 65535) return SipError.URI_PORT;
    i = portEnd;
  }
  if (i < end && buf[i] === SEMI) {
    i = parseUriParams(buf, i, end, out);
    if (i < 0) return -i;
  }
  if (i < end && buf[i] === QUESTION) {
    i = parseUriHeaders(buf, i, end, out);
    if (i < 0) return -i;
  }
  return i === end ? 0 : SipError.URI_HOST;
}

function parseUserinfo(buf: Uint8Array, pos: number, at: number, out: UriRange): number {
  const userEnd = scan(buf, pos, at, C.USER, SipError.URI_USER);
  if (userEnd === pos) return scanError;
  out.userStart = pos;
  out.userEnd = userEnd;
  if (userEnd === at) return 0;
  if (buf[userEnd] !== COLON) return scanError;
  out.passwordStart = userEnd + 1;
  out.passwordEnd = at;
  return scan(buf, userEnd + 1, at, C.PASSWORD, SipError.URI_PASSWORD) === at ? 0 : scanError;
}

function parseTel(buf: Uint8Array, pos: number, end: number, out: UriRange): number {
  let i = pos;
  const global = buf[i] === 0x2b;
  if (global) i++;
  let digits = 0;
  while (i < end) {
    const b = buf[i]!;
    const bits = CLASS[b]!;
    // A local number may also hold hexadecimal letters, `*` and `#` (RFC 3966 phonedigit-hex).
    const dialled = (bits & C.DIGIT) !== 0 || (!global && ((bits & C.HEX) !== 0 || b === 0x2a || b === 0x23));
    if (dialled) digits++;
    else if ((bits & C.PHONE) === 0) break;
    i++;
  }
  if (digits === 0) return SipError.URI_TEL_NUMBER;
  out.userStart = pos;
  out.userEnd = i;
  if (i < end && buf[i] === SEMI) {
    i = parseUriParams(buf, i, end, out);
    if (i < 0) return -i;
  }
  return i === end ? 0 : SipError.URI_TEL_NUMBER;
}

/** One parameter of a URI, as offsets; the value range is -1 when there is no `=`. */
export class UriParamRange {
  nameStart = -1;
  nameEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  /** How many escapes the name holds; `%6Cr` is the name `lr` (RFC 3261 section 19.1.4). */
  nameEscapes = 0;
}

const uriParam = new UriParamRange();

/** Read `name[=value]` at `pos`. Returns the position after it, or a negated `SipError`. */
export function nextUriParam(buf: Uint8Array, pos: number, end: number, out: UriParamRange): number {
  let i = scan(buf, pos, end, C.URI_PARAM, SipError.URI_PARAM);
  if (i === pos) return -scanError;
  out.nameStart = pos;
  out.nameEnd = i;
  out.nameEscapes = scanEscapes;
  out.valueStart = -1;
  out.valueEnd = -1;
  if (i < end && buf[i] === 0x3d) {
    out.valueStart = i + 1;
    i = scan(buf, i + 1, end, C.URI_PARAM, SipError.URI_PARAM);
    if (i === out.valueStart) return -scanError;
    out.valueEnd = i;
  }
  return i >= end || buf[i] === SEMI || buf[i] === QUESTION ? i : -scanError;
}

function parseUriParams(buf: Uint8Array, semicolon: number, end: number, out: UriRange): number {
  out.paramsStart = semicolon + 1;
  let i = semicolon;
  while (i < end && buf[i] === SEMI) {
    i = nextUriParam(buf, i + 1, end, uriParam);
    if (i < 0) return i;
    keepUriParam(buf, out);
  }
  out.paramsEnd = i;
  return i;
}

/** Room for a parameter name without its escapes: that of the longest name anybody looks for. */
const plainName = new Uint8Array(32);

/** Write a name without its escapes into `plainName`; returns its length, or 0 when it is longer than any name of interest. */
function unescapeName(buf: Uint8Array, start: number, end: number): number {
  let n = 0;
  for (let i = start; i < end; n++) {
    if (n === plainName.length) return 0;
    const b = buf[i]!;
    plainName[n] = b === PERCENT ? (hexValue(buf[i + 1]!) << 4) | hexValue(buf[i + 2]!) : b;
    i += b === PERCENT ? 3 : 1;
  }
  return n;
}

/** Value of a byte that is a hexadecimal digit. */
export function hexValue(b: number): number {
  return b <= 0x39 ? b - 0x30 : (b | 32) - 0x57;
}

/** Remember the parameters a proxy looks at. The first of a repeated one counts. */
function keepUriParam(message: Uint8Array, out: UriRange): void {
  const escaped = uriParam.nameEscapes > 0;
  const buf = escaped ? plainName : message;
  const s = escaped ? 0 : uriParam.nameStart;
  const e = escaped ? unescapeName(message, uriParam.nameStart, uriParam.nameEnd) : uriParam.nameEnd;
  const v = uriParam.valueStart;
  const ve = uriParam.valueEnd;
  switch (e - s) {
    case 2:
      if (out.lr === 0 && equalsIgnoreCase(buf, s, e, "lr")) {
        out.lr = 1;
        out.lrStart = v;
        out.lrEnd = ve;
      } else if (out.gr === 0 && equalsIgnoreCase(buf, s, e, "gr")) {
        out.gr = 1;
        out.grStart = v;
        out.grEnd = ve;
      } else if (equalsIgnoreCase(buf, s, e, "ob")) out.ob = 1;
      break;
    case 3:
      if (out.ttlStart < 0 && equalsIgnoreCase(buf, s, e, "ttl")) {
        out.ttlStart = v;
        out.ttlEnd = ve;
      }
      break;
    case 4:
      if (out.userParamStart < 0 && equalsIgnoreCase(buf, s, e, "user")) {
        out.userParamStart = v;
        out.userParamEnd = ve;
      }
      break;
    case 5:
      if (out.maddrStart < 0 && equalsIgnoreCase(buf, s, e, "maddr")) {
        out.maddrStart = v;
        out.maddrEnd = ve;
      } else if (out.aliasStart < 0 && equalsIgnoreCase(buf, s, e, "alias")) {
        out.aliasStart = v;
        out.aliasEnd = ve;
      }
      break;
    case 6:
      if (out.methodStart < 0 && equalsIgnoreCase(buf, s, e, "method")) {
        out.methodStart = v;
        out.methodEnd = ve;
      }
      break;
    case 9:
      if (out.transportStart < 0 && equalsIgnoreCase(buf, s, e, "transport")) {
        out.transportStart = v;
        out.transportEnd = ve;
        out.transport = v < 0 ? Transport.OTHER : parseTransport(message, v, ve);
      }
      break;
    default:
  }
}

function parseUriHeaders(buf: Uint8Array, question: number, end: number, out: UriRange): number {
  out.headersStart = question + 1;
  let i = question;
  do {
    const name = i + 1;
    i = scan(buf, name, end, C.URI_HEADER, SipError.URI_HEADER);
    if (i === name || i >= end || buf[i] !== 0x3d) return -scanError;
    i = scan(buf, i + 1, end, C.URI_HEADER, SipError.URI_HEADER);
  } while (i < end && buf[i] === 0x26);
  if (i !== end) return -scanError;
  out.headersEnd = i;
  return i;
}

/** Find the parameter called `lowerName` (given in lower case) among a URI's parameters [start, end). False when absent. */
export function findUriParam(
  buf: Uint8Array,
  start: number,
  end: number,
  lowerName: string,
  out: UriParamRange,
): boolean {
  let i = start;
  while (i >= 0 && i < end) {
    i = nextUriParam(buf, i, end, out);
    if (i < 0) return false;
    if (out.nameEscapes === 0) {
      if (equalsIgnoreCase(buf, out.nameStart, out.nameEnd, lowerName)) return true;
    } else {
      const length = unescapeName(buf, out.nameStart, out.nameEnd);
      if (equalsIgnoreCase(plainName, 0, length, lowerName)) return true;
    }
    if (buf[i] !== SEMI) return false;
    i++;
  }
  return false;
}
