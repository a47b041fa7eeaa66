// Peers of native sockets: a sockaddr kept as numbers, so that a datagram's source is recognised without making anything.
import { formatIp, parseIp } from "../util/ip.ts";
import type { SocketAddress, UdpPeer } from "./host.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";

/** Words (32 bits) of one socket address in the name arrays: 28 bytes of sockaddr_in6, padded. */
export const NAME_WORDS = 8;
/** Bytes the system reads and writes of it. */
export const nameLength = (family: 4 | 6): number => (family === 4 ? 16 : 28);

/** The far end, with its sockaddr as signed words in the order they lie in memory (family and port first). */
export class NativePeer implements UdpPeer {
  readonly remote: SocketAddress;
  attachment: unknown = null;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly word4: number;
  readonly word5: number;
  readonly word6: number;

  constructor(remote: SocketAddress, names: Int32Array, at: number) {
    this.remote = remote;
    this.word0 = names[at]!;
    this.word1 = names[at + 1]!;
    this.word2 = names[at + 2]!;
    this.word3 = names[at + 3]!;
    this.word4 = names[at + 4]!;
    this.word5 = names[at + 5]!;
    this.word6 = names[at + 6]!;
  }
}

/** Direct-mapped: a newcomer takes the place of the old one, so that strangers cannot make it grow. */
export class PeerCache {
  readonly #family: 4 | 6;
  readonly #mask: number;
  readonly #slots: (NativePeer | null)[];

  /** @param size number of places, a power of two */
  constructor(family: 4 | 6, size: number) {
    this.#family = family;
    this.#mask = size - 1;
    this.#slots = new Array(size).fill(null);
  }

  /** The peer whose sockaddr begins at names[at]. */
  find(names: Int32Array, at: number): NativePeer {
    return this.#family === 4 ? this.#find4(names, at) : this.#find6(names, at);
  }

  #find4(names: Int32Array, at: number): NativePeer {
    const word0 = names[at]!;
    const word1 = names[at + 1]!;
    const slot = mix(word0 ^ Math.imul(word1, 0x9e3779b1)) & this.#mask;
    const known = this.#slots[slot]!;
    if (known !== null && known.word0 === word0 && known.word1 === word1) return known;
    return this.#add(slot, names, at);
  }

  #find6(names: Int32Array, at: number): NativePeer {
    const word0 = names[at]!;
    let hash = word0;
    for (let i = 2; i < 7; i++) hash = mix(hash ^ names[at + i]!);
    const slot = hash & this.#mask;
    const known = this.#slots[slot]!;
    if (
      known !== null &&
      known.word0 === word0 &&
      known.word2 === names[at + 2] &&
      known.word3 === names[at + 3] &&
      known.word4 === names[at + 4] &&
      known.word5 === names[at + 5] &&
      known.word6 === names[at + 6]
    )
      return known;
    return this.#add(slot, names, at);
  }

  #add(slot: number, names: Int32Array, at: number): NativePeer {
    const peer = new NativePeer(readName(names, at), names, at);
    this.#slots[slot] = peer;
    return peer;
  }
}

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return h ^ (h >>> 13);
}

/** Writes a sockaddr at names[at]; false when the address is not of this family or not an address. */
export function writeName(names: Int32Array, at: number, address: SocketAddress, family: 4 | 6): boolean {
  const percent = address.address.indexOf("%");
  const text = percent < 0 ? address.address : address.address.slice(0, percent);
  if (parseIp(text, octets) !== family) return false;
  if (!(address.port >= 0 && address.port <= 65535)) return false;
  names.fill(0, at, at + NAME_WORDS);
  const bytes = new Uint8Array(names.buffer, names.byteOffset + 4 * at, 4 * NAME_WORDS);
  bytes[0] = family === 4 ? AF_INET : AF_INET6;
  bytes[2] = address.port >> 8;
  bytes[3] = address.port & 255;
  bytes.set(family === 4 ? octets.subarray(0, 4) : octets, family === 4 ? 4 : 8);
  if (percent >= 0 && family === 6) names[at + 6] = Number(address.address.slice(percent + 1)) | 0;
  return true;
}

/** Reads the sockaddr at names[at]. A link-local IPv6 address carries its interface number ("fe80::1%2"). */
export function readName(names: Int32Array, at: number): SocketAddress {
  const bytes = new Uint8Array(names.buffer, names.byteOffset + 4 * at, 4 * NAME_WORDS);
  const port = (bytes[2]! << 8) | bytes[3]!;
  if (bytes[0] === AF_INET) return { family: 4, address: formatIp(bytes, 4, 4), port };
  const address = formatIp(bytes, 8, 6);
  const linkLocal = bytes[8] === 0xfe && (bytes[9]! & 0xc0) === 0x80;
  return { family: 6, address: linkLocal && names[at + 6] !== 0 ? `${address}%${names[at + 6]}` : address, port };
}

const octets = new Uint8Array(16);
