// Packets as they arrive at this machine, with their IP headers: a raw socket by native calls. Linux, and the rights of root.

import { openBunLibc } from "../../src/host/ffi-bun.ts";
import { openDenoLibc } from "../../src/host/ffi-deno.ts";
import { AF_INET, SO_RCVBUFFORCE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, SOL_SOCKET } from "../../src/host/libc.ts";

/** One packet of IPv4. */
export interface Packet {
  readonly tos: number;
  readonly ttl: number;
  /** Whether no router may cut it (DF). */
  readonly whole: boolean;
  readonly from: string;
  readonly to: string;
  readonly toPort: number;
  /** What it carries, latin1. */
  readonly text: string;
}

const UDP = 17;
const TCP = 6;
const SIZE = 65_536;
const ROOM = 16 << 20;

/** Why there can be none here; null when there can. */
export const whyNoSniffer = (): string | null =>
  process.platform !== "linux" || process.getuid?.() !== 0 ? "raw sockets need Linux and the rights of root" : null;

/** Sees what arrives by one protocol from when it is opened; loopback included. */
export class Sniffer {
  readonly #libc = "Deno" in globalThis ? openDenoLibc() : openBunLibc();
  readonly #fd: number;
  readonly #protocol: number;
  readonly #data = new Uint8Array(SIZE);
  readonly #vector = new Uint8Array(16);
  readonly #header = new Uint8Array(64);

  constructor(protocol: "udp" | "tcp") {
    this.#protocol = protocol === "udp" ? UDP : TCP;
    this.#fd = this.#libc.socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, this.#protocol);
    if (this.#fd < 0) throw new Error(`no raw socket: error ${this.#libc.errno()}`);
    // whatever else goes over the loopback comes too
    const room = new Uint8Array(new Int32Array([ROOM]).buffer);
    this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, this.#libc.pin(room), 4);
    const put = (to: Uint8Array, at: number, value: bigint): void =>
      new DataView(to.buffer).setBigUint64(at, value, true);
    put(this.#vector, 0, BigInt(this.#libc.address(this.#data)));
    put(this.#vector, 8, BigInt(SIZE));
    put(this.#header, 16, BigInt(this.#libc.address(this.#vector)));
    put(this.#header, 24, 1n);
  }

  /** The first packet that fits, of those that have not been looked at; null when none comes in time. */
  async find(fits: (packet: Packet) => boolean, limit = 15_000): Promise<Packet | null> {
    for (const end = performance.now() + limit; performance.now() < end; ) {
      const packet = this.#next();
      if (packet === null) await new Promise((done) => setTimeout(done, 5));
      else if (fits(packet)) return packet;
    }
    return null;
  }

  #next(): Packet | null {
    if (this.#libc.recvmmsg(this.#fd, this.#libc.pin(this.#header), 1, 0) < 1) return null;
    const length = new DataView(this.#header.buffer).getUint32(56, true);
    const d = this.#data;
    const head = (d[0]! & 15) * 4;
    const data = head + (this.#protocol === UDP ? 8 : (d[head + 12]! >> 4) * 4);
    const address = (at: number): string => d.subarray(at, at + 4).join(".");
    return {
      tos: d[1]!,
      ttl: d[8]!,
      whole: (d[6]! & 0x40) !== 0,
      from: address(12),
      to: address(16),
      toPort: (d[head + 2]! << 8) | d[head + 3]!,
      text: Buffer.from(d.subarray(data, length)).toString("latin1"),
    };
  }

  close(): void {
    this.#libc.close(this.#fd);
  }
}
