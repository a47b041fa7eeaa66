// For how long a binding is granted.

import type { Random } from "../../host/host.ts";
import type { SipMessage } from "../../sip/message.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { parseUint } from "../../sip/tokens.ts";
import type { RegistrarSettings } from "./settings.ts";

/**
 * Seconds of the Expires header, whose number in the index is `header`; -1 when it is missing (`header` below 0) or malformed, which
 * RFC 3261 10.2.1.1 takes as if it were not there.
 */
export function expiresAt(msg: SipMessage, header: number): number {
  if (header < 0) return -1;
  const at = header * STRIDE;
  const seconds = parseUint(msg.buf, msg.index[at + VALUE_START]!, msg.index[at + VALUE_END]!);
  return seconds > 0x7fffffff ? -1 : seconds;
}

/**
 * The seconds granted to one contact that asked for `asked` in its own parameter (-1: not, or malformed) in a request whose header says
 * `header` (likewise). 0 removes; -1 means it is too short and to be refused.
 */
export function grant(s: RegistrarSettings, random: Random, asked: number, header: number, noRange: boolean): number {
  let seconds = asked >= 0 ? asked : header;
  if (seconds === 0) return 0;
  if (seconds > 0) {
    if (!noRange && s.expiresRange > 0) seconds = shortened(seconds, s.expiresRange, random);
  } else {
    seconds = s.defaultExpires;
    if (!noRange && s.defaultExpiresRange > 0) seconds = shortened(seconds, s.defaultExpiresRange, random);
  }
  if (seconds < s.minExpires) {
    if (s.refuseBrief) return -1;
    seconds = s.minExpires;
  }
  return s.maxExpires > 0 && seconds > s.maxExpires ? s.maxExpires : seconds;
}

/** Somewhere between `percent` less and all of it, so that phones that started together do not stay together. */
function shortened(seconds: number, percent: number, random: Random): number {
  const most = (seconds * Math.min(100, percent)) / 100;
  return Math.max(1, seconds - Math.floor((random.uint32() / 0x1_0000_0000) * (most + 1)));
}
