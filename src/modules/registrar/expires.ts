// For how long a binding is granted.

import type { Random } from "../../host/host.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import type { RegistrarSettings } from "./settings.ts";

/** Seconds of the Expires header; -1 when it is missing or malformed (RFC 3261 10.2.1.1: malformed is as if it were 3600, here default_expires). */
export function expiresHeader(msg: SipMessage): number {
  const seconds = msg.uint(H.EXPIRES);
  return seconds < 0 || seconds > 0x7fffffff ? -1 : seconds;
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
