// Datagrams that go out by a raw socket, with IPv4 and UDP headers of ours (udp4_raw, pings in the name of others): the system then does
// nothing for them but send.
import { copyBytes } from "../util/bytes.ts";
import { parseIp } from "../util/ip.ts";
import type { RawUdp, SocketAddress } from "./host.ts";
import * as C from "./libc.ts";
import { MessageVector } from "./message-vector.ts";
import { NAME_WORDS, NativePeer, writeName } from "./udp-peers.ts";

/** Bytes of both headers. */
export const HEADERS = 28;
const DEFAULT_TTL = 64; // what Linux gives ordinary sockets

/** How datagrams are sent raw. */
export interface RawOptions {
  /** The longest packet, headers included; longer ones go by the ordinary socket, where the system cuts them. */
  readonly mtu: number;
  /** Hops; -1 as ordinary sockets have it. */
  readonly ttl: number;
}

/** A raw IPv4 socket that takes whole packets; null when that is not permitted. */
export function openRaw(libc: C.Libc): number | null {
  // of protocol RAW: it receives nothing, and headers are ours to write
  const fd = libc.socket(C.AF_INET, C.SOCK_RAW | C.SOCK_NONBLOCK | C.SOCK_CLOEXEC, C.IPPROTO_RAW);
  return fd < 0 ? null : fd;
}

/** Writes the headers of one socket's datagrams. */
export class RawHeaders {
  readonly mtu: number;
  readonly #template = new Uint8Array(HEADERS);
  readonly #sum: boolean;

  constructor(address: string, port: number, trafficClass: number, { mtu, ttl }: RawOptions) {
    this.mtu = mtu;
    const t = this.#template;
    t[0] = 0x45;
    t[1] = trafficClass;
    t[8] = ttl < 0 ? DEFAULT_TTL : ttl;
    t[9] = 17;
    parseIp(address, octets);
    t.set(octets.subarray(0, 4), 12);
    t[20] = port >> 8;
    t[21] = port & 255;
    this.#sum = address !== "0.0.0.0"; // the system fills an address in that we do not know; then there is no sum
  }

  /** Writes both headers at arena[at]; the datagram of `length` bytes stands behind them already. */
  write(arena: Uint8Array, at: number, length: number, peer: NativePeer): void {
    arena.set(this.#template, at);
    const total = HEADERS + length;
    const datagram = 8 + length;
    arena[at + 2] = total >> 8; // the system fills in the sum of this header, and a number for the packet
    arena[at + 3] = total & 255;
    const to = peer.word1;
    arena[at + 16] = to & 255;
    arena[at + 17] = (to >> 8) & 255;
    arena[at + 18] = (to >> 16) & 255;
    arena[at + 19] = to >>> 24;
    arena[at + 22] = (peer.word0 >> 16) & 255;
    arena[at + 23] = peer.word0 >>> 24;
    arena[at + 24] = datagram >> 8;
    arena[at + 25] = datagram & 255;
    if (!this.#sum) return;
    const sum = checksum(arena, at, datagram);
    arena[at + 26] = sum >> 8;
    arena[at + 27] = sum & 255;
  }
}

/** The longest packet sent in the name of others, headers included: what fits everywhere uncut. */
const MOST = 1280;

/** Network.openRawUdp. */
export class NativeRawUdp implements RawUdp {
  readonly #libc: C.Libc;
  readonly #fd: number;
  readonly #arena = C.nativeMemory(MOST);
  readonly #vector: MessageVector;
  readonly #name = new Int32Array(NAME_WORDS);
  #open = true;

  /** The sender; null when raw sockets are not permitted. */
  static open(libc: C.Libc): NativeRawUdp | null {
    const fd = openRaw(libc);
    return fd === null ? null : new NativeRawUdp(libc, fd);
  }

  private constructor(libc: C.Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#vector = new MessageVector(libc, this.#arena, 1, 4);
  }

  send(from: SocketAddress, to: SocketAddress, buf: Uint8Array, start: number, end: number): boolean {
    const length = HEADERS + end - start;
    if (!this.#open || length > MOST || from.family !== 4 || !writeName(this.#name, 0, to, 4)) return false;
    copyBytes(this.#arena, HEADERS, buf, start, end);
    const headers = new RawHeaders(from.address, from.port, 0, { mtu: MOST, ttl: -1 });
    headers.write(this.#arena, 0, end - start, new NativePeer(to, this.#name, 0));
    this.#vector.place(0, 0, length);
    this.#name[0] = this.#name[0]! & 0xffff; // a raw socket wants no port
    this.#vector.names.set(this.#name);
    return this.#libc.sendmmsg(this.#fd, this.#vector.pinned, 1, C.MSG_DONTWAIT) === 1;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#libc.close(this.#fd);
    this.#vector.release();
    C.releaseMemory(this.#arena);
  }
}

// RFC 768: over both addresses, the protocol, the length and the datagram; 0 stands for "none".
function checksum(arena: Uint8Array, at: number, datagram: number): number {
  let sum = 17 + datagram;
  for (let i = at + 12; i < at + 20; i += 2) sum += (arena[i]! << 8) | arena[i + 1]!;
  const from = at + 20;
  const even = from + (datagram & ~1);
  for (let i = from; i < even; i += 2) sum += (arena[i]! << 8) | arena[i + 1]!;
  if ((datagram & 1) !== 0) sum += arena[even]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum === 0xffff ? 0xffff : ~sum & 0xffff;
}

const octets = new Uint8Array(16);
