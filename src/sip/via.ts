// Via (RFC 3261 section 20.42, RFC 3581 rport, RFC 5923 alias): one value of a possibly comma-separated list.
// Offsets into the message only; the reused ViaRange is the whole result.
import { equalsText } from "../util/bytes.ts";
import { SipError } from "./errors.ts";
import { isIPv6, skipHost } from "./host.ts";
import { nextParam, PARAMS_END, ParamRange } from "./params.ts";
import { C, equalsIgnoreCase, parseUint, skipClass, skipComment, skipLws, skipToken } from "./tokens.ts";
import { parseTransport, Transport } from "./transports.ts";

export { parseTransport, Transport, transportName } from "./transports.ts";

/** One Via value. All fields are offsets (-1 when absent) unless said otherwise. */
export class ViaRange {
  /** This one value, without the comma and white space around it. */
  start = -1;
  end = -1;
  /** The whole sent-protocol, such as `SIP/2.0/UDP`. */
  protoStart = -1;
  protoEnd = -1;
  /** 1 when name and version are SIP and 2.0. */
  isSip2 = 0;
  /** A `Transport` number. */
  transport: number = Transport.OTHER;
  transportStart = -1;
  transportEnd = -1;
  /** Host of sent-by; IPv6 with its brackets. */
  hostStart = -1;
  hostEnd = -1;
  /** Port number of sent-by, or -1. */
  port = -1;
  portStart = -1;
  portEnd = -1;
  /** From the first `;` to the end of the last parameter. */
  paramsStart = -1;
  paramsEnd = -1;
  branchStart = -1;
  branchEnd = -1;
  receivedStart = -1;
  receivedEnd = -1;
  /** Position of the parameter's name; the value range is -1 when it stands bare. `rport=` counts as none. */
  rportStart = -1;
  rportValueStart = -1;
  rportValueEnd = -1;
  maddrStart = -1;
  maddrEnd = -1;
  ttlStart = -1;
  ttlEnd = -1;
  /** Value of `i`, by which Kamailio marks the connection a request came in on. */
  iStart = -1;
  iEnd = -1;
  /** Position of the name of `alias`. */
  aliasStart = -1;
  /** Start of the next comma-separated value, or -1. */
  next = -1;
}

const param = new ParamRange();

/** Forget an earlier result. */
export function clearVia(out: ViaRange): void {
  out.start = out.end = out.protoStart = out.protoEnd = -1;
  out.isSip2 = 0;
  out.transport = Transport.OTHER;
  out.transportStart = out.transportEnd = out.hostStart = out.hostEnd = -1;
  out.port = out.portStart = out.portEnd = -1;
  out.paramsStart = out.paramsEnd = out.branchStart = out.branchEnd = -1;
  out.receivedStart = out.receivedEnd = -1;
  out.rportStart = out.rportValueStart = out.rportValueEnd = -1;
  out.maddrStart = out.maddrEnd = out.ttlStart = out.ttlEnd = -1;
  out.iStart = out.iEnd = out.aliasStart = out.next = -1;
}

/**
 * Parse the first Via value in [start, end). Returns 0 or a `SipError`.
 * White space is allowed around `/`, `:`, `;` and `=`. A comment after the value, which RFC 2543 permitted, is skipped.
 */
export function parseVia(buf: Uint8Array, start: number, end: number, out: ViaRange): number {
  clearVia(out);
  const first = skipLws(buf, start, end);
  if (first >= end) return SipError.EMPTY;
  out.start = first;
  let i = parseSentProtocol(buf, first, end, out);
  if (i < 0) return -i;
  i = parseSentBy(buf, i, end, out);
  if (i < 0) return -i;
  let last = i;
  i = skipLws(buf, i, end);
  if (i < end && buf[i] === 0x3b) {
    out.paramsStart = i;
    const code = parseViaParams(buf, i, end, out);
    if (code !== 0) return code;
    last = out.paramsEnd;
    i = param.next;
  }
  if (i < end && buf[i] === 0x28) {
    i = skipComment(buf, i, end);
    if (i < 0) return SipError.UNTERMINATED_COMMENT;
    i = skipLws(buf, i, end);
  }
  out.end = last;
  if (i >= end) return 0;
  if (buf[i] !== 0x2c) return SipError.VIA_PARAM;
  out.next = skipLws(buf, i + 1, end);
  return out.next >= end ? SipError.EMPTY : 0;
}

/** Position after `SIP / 2.0 / UDP` and its white space, or a negated `SipError`. */
function parseSentProtocol(buf: Uint8Array, pos: number, end: number, out: ViaRange): number {
  let transportStart = pos + USUAL.length;
  if (equalsText(buf, pos, Math.min(transportStart, end), USUAL)) {
    out.isSip2 = 1;
    transportStart = skipLws(buf, transportStart, end);
  } else {
    const nameEnd = skipToken(buf, pos, end);
    const slash = skipLws(buf, nameEnd, end);
    if (nameEnd === pos || slash >= end || buf[slash] !== 0x2f) return -SipError.VIA_PROTOCOL;
    const versionStart = skipLws(buf, slash + 1, end);
    const versionEnd = skipToken(buf, versionStart, end);
    const second = skipLws(buf, versionEnd, end);
    if (versionEnd === versionStart || second >= end || buf[second] !== 0x2f) return -SipError.VIA_PROTOCOL;
    const isSip = equalsIgnoreCase(buf, pos, nameEnd, "sip");
    out.isSip2 = isSip && equalsText(buf, versionStart, versionEnd, "2.0") ? 1 : 0;
    transportStart = skipLws(buf, second + 1, end);
  }
  const transportEnd = skipToken(buf, transportStart, end);
  const i = skipLws(buf, transportEnd, end);
  if (transportEnd === transportStart || i === transportEnd) return -SipError.VIA_TRANSPORT;
  out.protoStart = pos;
  out.protoEnd = transportEnd;
  out.transportStart = transportStart;
  out.transportEnd = transportEnd;
  out.transport = parseTransport(buf, transportStart, transportEnd);
  return i;
}

/** How nearly every Via begins. */
const USUAL = "SIP/2.0/";

/** Position after host and port, or a negated `SipError`. */
function parseSentBy(buf: Uint8Array, pos: number, end: number, out: ViaRange): number {
  const hostEnd = skipHost(buf, pos, end);
  if (hostEnd < 0) return -SipError.VIA_HOST;
  out.hostStart = pos;
  out.hostEnd = hostEnd;
  let i = skipLws(buf, hostEnd, end);
  if (i >= end || buf[i] !== 0x3a) return hostEnd;
  i = skipLws(buf, i + 1, end);
  out.portStart = i;
  out.portEnd = skipClass(buf, i, end, C.DIGIT);
  out.port = parseUint(buf, out.portStart, out.portEnd);
  return out.port < 0 || out.port > 65535 ? -SipError.VIA_PORT : out.portEnd;
}

function parseViaParams(buf: Uint8Array, pos: number, end: number, out: ViaRange): number {
  let i = pos;
  for (;;) {
    const code = nextParam(buf, i, end, param);
    if (code === PARAMS_END) return 0;
    if (code !== 0) return SipError.VIA_PARAM;
    out.paramsEnd = param.valueEnd >= 0 ? param.valueEnd : param.nameEnd;
    const refused = keepViaParam(buf, out);
    if (refused !== 0) return refused;
    i = param.next;
  }
}

/** Remember the parameters a proxy needs; the length decides which name is compared. The first of a repeated one counts. */
function keepViaParam(buf: Uint8Array, out: ViaRange): number {
  const s = param.nameStart;
  const e = param.nameEnd;
  const v = param.valueStart;
  switch (e - s) {
    case 1:
      if (out.iStart < 0 && (buf[s]! | 32) === 0x69) {
        out.iStart = v;
        out.iEnd = param.valueEnd;
      }
      break;
    case 3:
      if (out.ttlStart < 0 && equalsIgnoreCase(buf, s, e, "ttl")) {
        out.ttlStart = v;
        out.ttlEnd = param.valueEnd;
        const ttl = parseUint(buf, v, param.valueEnd);
        if (ttl < 0 || ttl > 255) return SipError.VIA_TTL;
      }
      break;
    case 5:
      if (out.rportStart < 0 && equalsIgnoreCase(buf, s, e, "rport")) {
        if (v >= 0 && v === param.valueEnd) break;
        out.rportStart = s;
        out.rportValueStart = v;
        out.rportValueEnd = param.valueEnd;
        const port = v < 0 ? 0 : parseUint(buf, v, param.valueEnd);
        if (port < 0 || port > 65535) return SipError.VIA_RPORT;
      } else if (out.maddrStart < 0 && equalsIgnoreCase(buf, s, e, "maddr")) {
        if (v < 0 || !isHostValue(buf, v, param.valueEnd)) return SipError.VIA_PARAM;
        out.maddrStart = v;
        out.maddrEnd = param.valueEnd;
      } else if (out.aliasStart < 0 && equalsIgnoreCase(buf, s, e, "alias")) {
        out.aliasStart = s;
      }
      break;
    case 6:
      if (out.branchStart < 0 && equalsIgnoreCase(buf, s, e, "branch")) {
        if (v < 0 || v === param.valueEnd) return SipError.VIA_BRANCH;
        out.branchStart = v;
        out.branchEnd = param.valueEnd;
      }
      break;
    case 8:
      if (out.receivedStart < 0 && equalsIgnoreCase(buf, s, e, "received")) {
        if (v < 0 || !isHostValue(buf, v, param.valueEnd)) return SipError.VIA_PARAM;
        out.receivedStart = v;
        out.receivedEnd = param.valueEnd;
      }
      break;
    default:
  }
  return 0;
}

/** A host, or an IPv6 address without brackets as `received` may carry it (RFC 5118 section 4.5). */
function isHostValue(buf: Uint8Array, start: number, end: number): boolean {
  return skipHost(buf, start, end) === end || isIPv6(buf, start, end);
}
