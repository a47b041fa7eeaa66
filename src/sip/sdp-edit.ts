// Rewriting of addresses and ports in a session description, as a list of edits against the original bytes.
// Nothing is changed in place: the message applies the edits when it is built.
import { putText } from "../util/bytes.ts";
import { isIPv4 } from "./host.ts";
import { CANDIDATE_FIELDS, nextSdpLine, type Sdp, SdpLine, type SdpMedia } from "./sdp.ts";

/** Replace `del` bytes at `pos` by `text` (a byte string). */
export interface SdpEdit {
  readonly pos: number;
  readonly del: number;
  readonly text: string;
}

/** Push the edit that makes [start, end) read `text`. */
function replace(edits: SdpEdit[], start: number, end: number, text: string): void {
  if (start >= 0) edits.push({ pos: start, del: end - start, text });
}

/**
 * Edits that set every c= address, and the address of every a=rtcp that has one, to `address`.
 * `address` is written without brackets, `family` is 4 or 6. The address 0.0.0.0 (hold, RFC 2543) is kept.
 */
export function setAddress(buf: Uint8Array, sdp: Sdp, address: string, family: 4 | 6, edits: SdpEdit[]): void {
  setConnection(buf, sdp, address, family, edits);
  for (let i = 0; i < sdp.mediaCount; i++) setMediaAddress(buf, sdp.media[i]!, address, family, edits);
}

/** Edits that set the addresses of one medium: its own c= if it has one, and its a=rtcp. */
export function setMediaAddress(
  buf: Uint8Array,
  medium: SdpMedia,
  address: string,
  family: 4 | 6,
  edits: SdpEdit[],
): void {
  setConnection(buf, medium, address, family, edits);
  replace(edits, medium.rtcpAddressTypeStart, medium.rtcpAddressTypeEnd, `IP${family}`);
  replace(edits, medium.rtcpAddressStart, medium.rtcpAddressEnd, address);
}

function setConnection(buf: Uint8Array, part: Sdp | SdpMedia, address: string, family: 4 | 6, edits: SdpEdit[]): void {
  if (part.family === 0 || isHold(buf, part.addressStart, part.addressEnd)) return;
  replace(edits, part.addressTypeStart, part.addressTypeEnd, `IP${family}`);
  replace(edits, part.addressStart, part.addressEnd, address);
}

function isHold(buf: Uint8Array, start: number, end: number): boolean {
  if (!isIPv4(buf, start, end)) return false;
  for (let i = start; i < end; i++) if (buf[i] !== 0x30 && buf[i] !== 0x2e) return false;
  return true;
}

/** Edits that set the address in o=. */
export function setOrigin(sdp: Sdp, address: string, family: 4 | 6, edits: SdpEdit[]): void {
  replace(edits, sdp.originTypeStart, sdp.originTypeEnd, `IP${family}`);
  replace(edits, sdp.originAddressStart, sdp.originAddressEnd, address);
}

/** Edits that set a medium's port, and its a=rtcp port to `rtcpPort` if it has one (default: the port after it). */
export function setPort(medium: SdpMedia, port: number, edits: SdpEdit[], rtcpPort: number = port + 1): void {
  replace(edits, medium.portStart, medium.portEnd, String(port));
  replace(edits, medium.rtcpPortStart, medium.rtcpPortEnd, String(rtcpPort));
}

const line = new SdpLine();

/** Edits that remove every ICE candidate line. */
export function removeCandidates(buf: Uint8Array, sdp: Sdp, edits: SdpEdit[]): void {
  for (let k = 0; k < sdp.candidates.length; k += CANDIDATE_FIELDS) {
    const start = sdp.candidates[k + 1]!;
    if (nextSdpLine(buf, start, sdp.end, line) === 0) edits.push({ pos: start, del: line.next - start, text: "" });
  }
}

/** Edit that adds an attribute (`name` or `name:value`) at the end of the session part, or of one medium. */
export function addAttribute(buf: Uint8Array, sdp: Sdp, medium: SdpMedia | null, text: string, edits: SdpEdit[]): void {
  const pos = medium === null ? sdp.sessionEnd : medium.end;
  const open = pos > sdp.start && buf[pos - 1] !== 0x0a;
  edits.push({ pos, del: 0, text: open ? `\r\na=${text}\r\n` : `a=${text}\r\n` });
}

/** The bytes of [start, end) with the edits applied. They must not overlap; their order is free. */
export function applyEdits(buf: Uint8Array, start: number, end: number, edits: readonly SdpEdit[]): Uint8Array {
  const sorted = [...edits].sort((a, b) => a.pos - b.pos);
  let size = end - start;
  for (const edit of sorted) size += edit.text.length - edit.del;
  const out = new Uint8Array(size);
  let at = 0;
  let pos = start;
  for (const edit of sorted) {
    out.set(buf.subarray(pos, edit.pos), at);
    at = putText(out, at + edit.pos - pos, edit.text);
    pos = edit.pos + edit.del;
  }
  out.set(buf.subarray(pos, end), at);
  return out;
}
