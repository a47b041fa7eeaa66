// Networks in conditions: 10.0.0.0/8, 10.0.0.0/255.0.0.0, 2001:db8::/32.

import { ipFamily, parseIp } from "../util/ip.ts";

export interface Network {
  /** Whether an address in text form lies in the network. */
  contains(address: string): boolean;
}

/** Parses address/bits or address/mask; null when it is neither. */
export function parseNetwork(text: string): Network | null {
  const [address, width, ...more] = text.split("/");
  if (address === undefined || width === undefined || more.length > 0) return null;
  const base = new Uint8Array(16);
  const family = parseIp(address, base);
  if (family === 0) return null;
  const mask = maskOf(width, family);
  if (mask === null) return null;
  const size = family === 4 ? 4 : 16;
  const scratch = new Uint8Array(16);
  return {
    contains(other) {
      if (parseIp(other, scratch) !== family) return false;
      for (let i = 0; i < size; i++) if ((scratch[i]! & mask[i]!) !== (base[i]! & mask[i]!)) return false;
      return true;
    },
  };
}

function maskOf(width: string, family: 4 | 6): Uint8Array | null {
  const mask = new Uint8Array(16);
  if (ipFamily(width) === family) {
    parseIp(width, mask);
    return mask;
  }
  if (!/^\d{1,3}$/.test(width) || Number(width) > (family === 4 ? 32 : 128)) return null;
  let bits = Number(width);
  for (let i = 0; bits > 0; i++, bits -= 8) mask[i] = bits >= 8 ? 255 : (255 << (8 - bits)) & 255;
  return mask;
}
