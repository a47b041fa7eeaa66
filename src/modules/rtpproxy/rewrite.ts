// A session description as the relay sees it, and with the relay's addresses in place of those in it.

import type { Edits } from "../../sip/edits.ts";
import { parseSdp, Sdp, type SdpMedia } from "../../sip/sdp.ts";
import type { BodyRange } from "../../sip/sdp-body.ts";
import { equalsText, indexOfText, textOf } from "../../util/bytes.ts";

const sdp = new Sdp();

/** A medium as the relay is told of it. */
export interface Stream {
  /** As it stands there: "4000", "4000/2". */
  readonly port: string;
  readonly address: string;
  readonly family: 4 | 6;
  /** Payload types with commas; null for what is no RTP. */
  readonly formats: string | null;
}

/** Where the relay takes a medium. */
export interface Relayed {
  readonly port: number;
  readonly address: string;
  readonly family: 4 | 6;
}

/** The media of a description; null when it cannot be used. */
export function streamsOf(buf: Uint8Array, range: BodyRange): readonly Stream[] | null {
  if (parseSdp(buf, range.start, range.end, sdp) !== 0) return null;
  const streams: Stream[] = [];
  for (let i = 0; i < sdp.mediaCount; i++) {
    const m = sdp.media[i]!;
    const own = m.family !== 0;
    const family = own ? m.family : sdp.family;
    if (family === 0) return null;
    const address = own ? textOf(buf, m.addressStart, m.addressEnd) : textOf(buf, sdp.addressStart, sdp.addressEnd);
    streams.push({
      port: textOf(buf, m.portStart, portEnd(buf, m)),
      address,
      family: family === 6 ? 6 : 4,
      formats: formatsOf(buf, m),
    });
  }
  return streams;
}

/** Whether a line of the description is that mark; `mark` has its line end. */
export function isMarked(buf: Uint8Array, range: BodyRange, mark: string): boolean {
  return mark !== "" && indexOfText(buf, range.start, range.end, mark.trimEnd()) >= 0;
}

function formatsOf(buf: Uint8Array, m: SdpMedia): string | null {
  if (/^udptl$/i.test(textOf(buf, m.protoStart, m.protoEnd))) return null;
  if (m.formatsStart < 0) return "";
  return textOf(buf, m.formatsStart, m.formatsEnd)
    .split(/ +/)
    .filter((f) => /^\d{1,3}$/.test(f))
    .join(",");
}

// The number of ports belongs to it.
function portEnd(buf: Uint8Array, m: SdpMedia): number {
  let end = m.portEnd;
  while (end < m.lineEnd && buf[end] !== 0x20) end++;
  return end;
}

/** Priorities of our candidates: none, above those of hosts, below all. */
export const IcePriority = { NONE: -1, HIGH: 130, LOW: 0 } as const;

/** How a description is rewritten. */
export interface Rewriting {
  /** The session's c= too, where all media have their own. */
  readonly session: boolean;
  /** A whole line put behind all; "" none. */
  readonly mark: string;
  /** One of IcePriority. */
  readonly ice: number;
}

/** Edits the description so that the media go by the relay, one place for each. False when it cannot be read any more. */
export function rewrite(
  buf: Uint8Array,
  range: BodyRange,
  edits: Edits,
  places: readonly Relayed[],
  how: Rewriting,
): boolean {
  if (parseSdp(buf, range.start, range.end, sdp) !== 0 || sdp.mediaCount !== places.length) return false;
  let session = how.session && sdp.family !== 0;
  let shown = places[0] ?? null;
  for (let i = 0; i < sdp.mediaCount; i++) {
    const m = sdp.media[i]!;
    const place = onHold(buf, m) ? { ...places[i]!, address: places[i]!.family === 6 ? "::" : "0.0.0.0" } : places[i]!;
    if (i === 0) shown = place;
    if (m.family === 0) session = true;
    else setAddress(buf, edits, m.addressTypeStart, m.addressStart, m.addressEnd, place);
    if (m.port === 0) continue; // refused media stay so
    edits.add(m.portStart, portEnd(buf, m) - m.portStart, String(place.port));
    if (m.rtcpPortStart >= 0) edits.add(m.rtcpPortStart, m.rtcpPortEnd - m.rtcpPortStart, String(place.port + 1));
    if (m.rtcpAddressStart >= 0)
      setAddress(buf, edits, m.rtcpAddressTypeStart, m.rtcpAddressStart, m.rtcpAddressEnd, place);
  }
  if (shown !== null) {
    setAddress(buf, edits, sdp.originTypeStart, sdp.originAddressStart, sdp.originAddressEnd, shown);
    if (session) setAddress(buf, edits, sdp.addressTypeStart, sdp.addressStart, sdp.addressEnd, shown);
  }
  if (how.ice !== IcePriority.NONE) addCandidates(edits, places, how.ice);
  if (how.mark !== "" && !isMarked(buf, range, how.mark)) {
    const endsLine = buf[range.end - 1] === 0x0a;
    edits.add(range.end, 0, endsLine ? how.mark : `\r\n${how.mark.trimEnd()}`);
  }
  return true;
}

function onHold(buf: Uint8Array, m: SdpMedia): boolean {
  const [start, end] = m.family !== 0 ? [m.addressStart, m.addressEnd] : [sdp.addressStart, sdp.addressEnd];
  return equalsText(buf, start, end, "0.0.0.0") || equalsText(buf, start, end, "::");
}

// What stands behind the address (the time to live of multicast) goes with it.
function setAddress(buf: Uint8Array, edits: Edits, typeStart: number, start: number, end: number, to: Relayed): void {
  let after = end;
  while (after < sdp.end && buf[after]! > 0x20) after++;
  edits.add(start, after - start, to.address);
  const type = `IP${to.family}`;
  if (typeStart >= 0 && !equalsText(buf, typeStart, typeStart + 3, type)) edits.add(typeStart, 3, type);
}

// A relay candidate for each component, in front of the medium's first one (RFC 8839 5.1).
function addCandidates(edits: Edits, places: readonly Relayed[], preference: number): void {
  const seen = new Set<number>();
  for (let c = 0; c + 1 < sdp.candidates.length; c += 6) {
    const index = sdp.candidates[c]!;
    const place = places[index];
    if (seen.has(index) || place === undefined || sdp.media[index]!.port === 0) continue;
    seen.add(index);
    const foundation = place.address.replace(/[^0-9a-zA-Z]/g, ""); // the same for all candidates of an address
    const priority = preference * 2 ** 24 + 65_535 * 2 ** 8 + 256;
    const line = (component: number): string =>
      `a=candidate:${foundation} ${component} UDP ${priority - component} ${place.address} ${place.port + component - 1} typ relay\r\n`;
    edits.add(sdp.candidates[c + 1]!, 0, line(2) + line(1));
  }
}
