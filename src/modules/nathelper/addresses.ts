// Which addresses cannot be reached from outside: the private ones, and those reserved beside them.

import { isIPv4 } from "../../sip/host.ts";
import { bytesOf } from "../../util/bytes.ts";

/**
 * Whether buf[start,end) is a private IPv4 address (RFC 1918, RFC 6598, RFC 7335 2); with `reserved` also one of the rest of 192.0.0.0/24
 * (parameter nat_addr_mode). Names and IPv6 addresses are not.
 */
export function isPrivate(buf: Uint8Array, start: number, end: number, reserved: boolean): boolean {
  if (start < 0 || !isIPv4(buf, start, end)) return false;
  let n = 0;
  let octet = 0;
  for (let i = start; i < end; i++) {
    const c = buf[i]!;
    if (c === 0x2e) {
      n = n * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + c - 0x30;
  }
  n = n * 256 + octet;
  return (
    within(n, 0x0a000000, 8) ||
    within(n, 0xac100000, 12) ||
    within(n, 0xc0a80000, 16) ||
    within(n, 0x64400000, 10) ||
    within(n, 0xc0000000, reserved ? 24 : 29)
  );
}

/** The same for an address in text. */
export function isPrivateText(address: string, reserved: boolean): boolean {
  const bytes = bytesOf(address);
  return isPrivate(bytes, 0, bytes.length, reserved);
}

function within(n: number, net: number, bits: number): boolean {
  const size = 2 ** (32 - bits);
  return n >= net && n < net + size;
}
