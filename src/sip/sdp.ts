// SDP (RFC 8866) as far as a proxy reads it: addresses, ports, media, RTCP and ICE candidates, as byte ranges.

import { equalsText } from "../util/bytes.ts";
import { SipError } from "./errors.ts";
import { isIPv4, isIPv6 } from "./host.ts";
import { C, equalsIgnoreCase, parseUint, skipClass } from "./tokens.ts";

/** Returned by `nextSdpLine` at the end of the body. */
export const LINES_END = -1;

/** One line `x=value`. */
export class SdpLine {
  /** The letter before the `=`, as a byte. */
  type = 0;
  /** Start of the line, its value, and the end of the value without the line end. */
  start = -1;
  valueStart = -1;
  end = -1;
  /** Start of the next line. */
  next = -1;
}

/** Read the line at `pos`; CRLF and a bare LF both end one. Returns 0, `LINES_END` or `SipError.SDP_LINE`. */
export function nextSdpLine(buf: Uint8Array, pos: number, end: number, out: SdpLine): number {
  let i = pos;
  while (i < end && (buf[i] === 0x0d || buf[i] === 0x0a)) i++;
  if (i >= end) return LINES_END;
  out.start = i;
  out.type = buf[i]!;
  if (i + 1 >= end || buf[i + 1] !== 0x3d) return SipError.SDP_LINE;
  out.valueStart = i + 2;
  while (i < end && buf[i] !== 0x0a) i++;
  out.next = i < end ? i + 1 : i;
  out.end = i > out.valueStart && buf[i - 1] === 0x0d ? i - 1 : i;
  return 0;
}

/** Directions of a medium, from the attributes of the same names. */
export const Direction = { SENDRECV: 0, SENDONLY: 1, RECVONLY: 2, INACTIVE: 3 } as const;

/** One `m=` section. Offsets, -1 when absent, unless said otherwise. */
export class SdpMedia {
  /** The section: from its `m` to the next section or the end of the body. */
  start = -1;
  end = -1;
  /** End of the m= line's value (before its line end). */
  lineEnd = -1;
  typeStart = -1;
  typeEnd = -1;
  portStart = -1;
  portEnd = -1;
  /** Port number; 0 is a refused medium. */
  port = -1;
  /** Number of ports after a `/`, or 1. */
  portCount = 1;
  protoStart = -1;
  protoEnd = -1;
  /** Formats (payload types), separated by spaces. */
  formatsStart = -1;
  formatsEnd = -1;
  /** Address of the section's own c= line; family 4, 6, or 0 when there is none. */
  addressStart = -1;
  addressEnd = -1;
  addressTypeStart = -1;
  addressTypeEnd = -1;
  family = 0;
  /** `a=rtcp:` line: whole, its port, and its address if it has one. */
  rtcpLineStart = -1;
  rtcpLineEnd = -1;
  rtcpPortStart = -1;
  rtcpPortEnd = -1;
  rtcpAddressStart = -1;
  rtcpAddressEnd = -1;
  rtcpAddressTypeStart = -1;
  rtcpAddressTypeEnd = -1;
  /** 1 when `a=rtcp-mux` is there. */
  rtcpMux = 0;
  /** A `Direction` number; the session's when the section says nothing. */
  direction: number = Direction.SENDRECV;
  /** How many ICE candidates it has. */
  candidates = 0;
}

/** One ICE candidate (RFC 8839) or remote-candidates line is six numbers in `Sdp.candidates`; see `CANDIDATE_FIELDS`. */
export const CANDIDATE_FIELDS = 6;

/** More media than this is refused. */
export const MAX_MEDIA = 64;

/** A whole session description. Reuse it: the media objects are kept. */
export class Sdp {
  start = -1;
  end = -1;
  /** o= line value, its session version number, and its address. */
  originStart = -1;
  originEnd = -1;
  originVersionStart = -1;
  originVersionEnd = -1;
  originAddressStart = -1;
  originAddressEnd = -1;
  originTypeStart = -1;
  originTypeEnd = -1;
  /** Address of the session's c= line; family 4, 6 or 0. */
  addressStart = -1;
  addressEnd = -1;
  addressTypeStart = -1;
  addressTypeEnd = -1;
  family = 0;
  direction: number = Direction.SENDRECV;
  /** End of the session part: start of the first m= line, or end. */
  sessionEnd = -1;
  mediaCount = 0;
  readonly media: SdpMedia[] = [];
  /** Candidates, six numbers each: media index, line start, address start, address end, port start, port end. */
  readonly candidates: number[] = [];
}

const line = new SdpLine();
const words = new Int32Array(16);

/** Split [start, end) at runs of spaces; returns how many words there are, at most eight, their ranges in `words`. */
function splitWords(buf: Uint8Array, start: number, end: number): number {
  let count = 0;
  let i = start;
  while (count < 8) {
    while (i < end && buf[i] === 0x20) i++;
    if (i >= end) break;
    words[count * 2] = i;
    while (i < end && buf[i] !== 0x20) i++;
    words[count * 2 + 1] = i;
    count++;
  }
  return count;
}

/**
 * Parse the session description in [start, end). Returns 0 or a `SipError`.
 * Order of lines is not enforced, and s= and t= may be missing, as equipment omits them; v=0 and a sound o= are required.
 */
export function parseSdp(buf: Uint8Array, start: number, end: number, out: Sdp): number {
  clearSdp(out, start, end);
  let medium: SdpMedia | null = null;
  let pos = start;
  let first = true;
  for (;;) {
    const code = nextSdpLine(buf, pos, end, line);
    if (code === LINES_END) break;
    if (code !== 0) return code;
    if (first !== (line.type === 0x76)) return SipError.SDP_VERSION;
    let refused = 0;
    if (first) {
      first = false;
      if (!equalsText(buf, line.valueStart, line.end, "0")) return SipError.SDP_VERSION;
    } else if (line.type === 0x6f) {
      refused = parseOrigin(buf, out);
    } else if (line.type === 0x63) {
      refused = parseConnection(buf, medium ?? out);
    } else if (line.type === 0x6d) {
      if (out.mediaCount === MAX_MEDIA) return SipError.SDP_TOO_MANY_MEDIA;
      if (medium !== null) medium.end = line.start;
      else out.sessionEnd = line.start;
      medium = nextMedium(out);
      refused = parseMedia(buf, medium);
    } else if (line.type === 0x61) {
      refused = parseAttribute(buf, out, medium);
    }
    if (refused !== 0) return refused;
    pos = line.next;
  }
  if (first) return SipError.SDP_VERSION;
  if (medium !== null) medium.end = end;
  else out.sessionEnd = end;
  return out.originStart < 0 ? SipError.SDP_ORIGIN : 0;
}

function clearSdp(out: Sdp, start: number, end: number): void {
  out.start = start;
  out.end = end;
  out.originStart = out.originEnd = out.originVersionStart = out.originVersionEnd = -1;
  out.originAddressStart = out.originAddressEnd = out.originTypeStart = out.originTypeEnd = -1;
  out.addressStart = out.addressEnd = out.addressTypeStart = out.addressTypeEnd = -1;
  out.family = 0;
  out.direction = Direction.SENDRECV;
  out.sessionEnd = -1;
  out.mediaCount = 0;
  out.candidates.length = 0;
}

function nextMedium(out: Sdp): SdpMedia {
  const medium = out.media[out.mediaCount] ?? new SdpMedia();
  out.media[out.mediaCount++] = medium;
  medium.end = -1;
  medium.portCount = 1;
  medium.formatsStart = medium.formatsEnd = -1;
  medium.addressStart = medium.addressEnd = medium.addressTypeStart = medium.addressTypeEnd = -1;
  medium.family = 0;
  medium.rtcpLineStart = medium.rtcpLineEnd = medium.rtcpPortStart = medium.rtcpPortEnd = -1;
  medium.rtcpAddressStart = medium.rtcpAddressEnd = -1;
  medium.rtcpAddressTypeStart = medium.rtcpAddressTypeEnd = -1;
  medium.rtcpMux = 0;
  medium.direction = out.direction;
  medium.candidates = 0;
  return medium;
}

/** o=username sess-id sess-version nettype addrtype address */
function parseOrigin(buf: Uint8Array, out: Sdp): number {
  if (out.originStart >= 0 || splitWords(buf, line.valueStart, line.end) !== 6) return SipError.SDP_ORIGIN;
  out.originStart = line.valueStart;
  out.originEnd = line.end;
  out.originVersionStart = words[4]!;
  out.originVersionEnd = words[5]!;
  out.originTypeStart = words[8]!;
  out.originTypeEnd = words[9]!;
  out.originAddressStart = words[10]!;
  out.originAddressEnd = words[11]!;
  return 0;
}

/** c=IN IP4 address[/ttl[/count]]; the range leaves out what follows a slash. The first c= of a section counts. */
function parseConnection(buf: Uint8Array, out: Sdp | SdpMedia): number {
  if (splitWords(buf, line.valueStart, line.end) !== 3) return SipError.SDP_CONNECTION;
  const family = familyOf(buf, words[2]!, words[3]!);
  let addressEnd = words[4]!;
  while (addressEnd < words[5]! && buf[addressEnd] !== 0x2f) addressEnd++;
  if (family === 0 || !isAddress(buf, words[4]!, addressEnd, family)) return SipError.SDP_CONNECTION;
  if (out.family !== 0) return 0;
  out.family = family;
  out.addressTypeStart = words[2]!;
  out.addressTypeEnd = words[3]!;
  out.addressStart = words[4]!;
  out.addressEnd = addressEnd;
  return 0;
}

function familyOf(buf: Uint8Array, start: number, end: number): number {
  if (equalsIgnoreCase(buf, start, end, "ip4")) return 4;
  return equalsIgnoreCase(buf, start, end, "ip6") ? 6 : 0;
}

/** An address of the family, or a host name, which SDP allows. */
function isAddress(buf: Uint8Array, start: number, end: number, family: number): boolean {
  if (family === 4 ? isIPv4(buf, start, end) : isIPv6(buf, start, end)) return true;
  return end > start && skipClass(buf, start, end, C.HOST) === end && !isIPv4(buf, start, end);
}

/** m=type port[/count] proto formats */
function parseMedia(buf: Uint8Array, out: SdpMedia): number {
  if (splitWords(buf, line.valueStart, line.end) < 3) return SipError.SDP_MEDIA;
  out.start = line.start;
  out.lineEnd = line.end;
  out.typeStart = words[0]!;
  out.typeEnd = words[1]!;
  out.portStart = words[2]!;
  out.portEnd = skipClass(buf, words[2]!, words[3]!, C.DIGIT);
  out.port = parseUint(buf, out.portStart, out.portEnd);
  if (out.port < 0 || out.port > 65535) return SipError.SDP_PORT;
  if (out.portEnd < words[3]!) {
    out.portCount = buf[out.portEnd] === 0x2f ? parseUint(buf, out.portEnd + 1, words[3]!) : -1;
    if (out.portCount < 1) return SipError.SDP_PORT;
  }
  out.protoStart = words[4]!;
  out.protoEnd = words[5]!;
  if (words[5]! < line.end) {
    let i = words[5]!;
    while (i < line.end && buf[i] === 0x20) i++;
    out.formatsStart = i;
    out.formatsEnd = line.end;
  }
  return 0;
}

/** a=name[:value]; only those that carry addresses, ports or a direction are read. */
function parseAttribute(buf: Uint8Array, out: Sdp, medium: SdpMedia | null): number {
  const start = line.valueStart;
  let nameEnd = start;
  while (nameEnd < line.end && buf[nameEnd] !== 0x3a) nameEnd++;
  switch (nameEnd - start) {
    case 4:
      if (medium !== null && equalsText(buf, start, nameEnd, "rtcp")) return parseRtcp(buf, nameEnd + 1, medium);
      break;
    case 8:
      for (let d = 0; d < DIRECTIONS.length; d++) {
        if (!equalsText(buf, start, nameEnd, DIRECTIONS[d]!)) continue;
        if (medium === null) out.direction = d;
        else medium.direction = d;
      }
      if (medium !== null && equalsText(buf, start, nameEnd, "rtcp-mux")) medium.rtcpMux = 1;
      break;
    case 9:
      if (medium !== null && equalsText(buf, start, nameEnd, "candidate")) keepCandidate(buf, nameEnd + 1, out, medium);
      break;
    default:
  }
  return 0;
}

const DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"];

/** a=rtcp:port [nettype addrtype address] (RFC 3605) */
function parseRtcp(buf: Uint8Array, start: number, out: SdpMedia): number {
  const count = splitWords(buf, start, line.end);
  const port = count > 0 ? parseUint(buf, words[0]!, words[1]!) : -1;
  if (port < 0 || port > 65535 || (count !== 1 && count !== 4)) return SipError.SDP_PORT;
  out.rtcpLineStart = line.start;
  out.rtcpLineEnd = line.next;
  out.rtcpPortStart = words[0]!;
  out.rtcpPortEnd = words[1]!;
  if (count === 4) {
    out.rtcpAddressTypeStart = words[4]!;
    out.rtcpAddressTypeEnd = words[5]!;
    out.rtcpAddressStart = words[6]!;
    out.rtcpAddressEnd = words[7]!;
  }
  return 0;
}

/** a=candidate:foundation component transport priority address port … A malformed one is left alone, as endpoints do. */
function keepCandidate(buf: Uint8Array, start: number, out: Sdp, medium: SdpMedia): void {
  if (splitWords(buf, start, line.end) < 6) return;
  medium.candidates++;
  out.candidates.push(out.mediaCount - 1, line.start, words[8]!, words[9]!, words[10]!, words[11]!);
}
