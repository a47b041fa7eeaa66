// The in-memory network of a simulation: hosts by address, links with loss, delay, jitter, duplication and corruption.
import { canonicalIp } from "../util/ip.ts";
import { HostError, type SocketAddress } from "./host.ts";
import type { EventQueue, SeededRandom } from "./sim-clock.ts";

/** What a link does to what passes, one direction. */
export interface LinkOptions {
  /** Part of the datagrams that vanish, 0 to 1; on TCP each loss costs a retransmission delay. */
  readonly loss: number;
  /** Milliseconds each packet takes. */
  readonly delay: number;
  /** Up to so many milliseconds more, drawn for each packet: datagrams overtake each other. */
  readonly jitter: number;
  /** Part of the datagrams that arrive twice. */
  readonly duplicate: number;
  /** Part of the datagrams that arrive with one octet changed. */
  readonly corrupt: number;
  /** TCP: segments are cut at random into pieces of at most so many bytes. */
  readonly segment: number;
}

/** One packet, as an observer or a filter sees it. */
export interface Packet {
  readonly time: number;
  readonly protocol: "udp" | "tcp" | "sctp";
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  readonly bytes: Uint8Array;
}

/** Something bound to an address and port of a host. */
export interface Binding<T> {
  readonly local: SocketAddress;
  readonly target: T;
}

/** An end of a connection that a cut breaks. */
export interface Breakable {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  broken(code: string): void;
}

export const PERFECT_LINK: LinkOptions = { loss: 0, delay: 1, jitter: 0, duplicate: 0, corrupt: 0, segment: 0 };
const RETRANSMISSION = 200; // ms that a lost TCP segment costs

/** The network that all hosts of a world share. `U`, `L` and `S` are what is bound to UDP, TCP and SCTP ports. */
export class SimNetwork<U, L, S> {
  readonly events: EventQueue;
  readonly random: SeededRandom;
  /** Open ends of TCP connections and SCTP associations, for `cut`. */
  readonly connections = new Set<Breakable>();
  readonly names = new Map<string, string[]>();
  /** Sees each packet as it is sent. */
  observer: ((packet: Packet) => void) | null = null;
  /** Returns false to lose a packet. */
  filter: ((packet: Packet) => boolean) | null = null;
  /** Whether a datagram to a closed port of a known host is told to the sender. */
  icmp = false;
  readonly #udp = new Map<string, Binding<U>>();
  readonly #tcp = new Map<string, Binding<L>>();
  readonly #sctp = new Map<string, Binding<S>>();
  readonly #links = new Map<string, LinkOptions>();
  readonly #cuts = new Set<string>();
  readonly #owners = new Map<string, number>();
  #default = PERFECT_LINK;
  #nextPort = 40_000;

  constructor(events: EventQueue, random: SeededRandom) {
    this.events = events;
    this.random = random;
  }

  /** Gives an address to a host; throws HostError "EADDRINUSE" when another has it. */
  own(address: string, host: number): void {
    if (this.#owners.has(address)) throw new HostError("EADDRINUSE", `two hosts with the address ${address}`);
    this.#owners.set(address, host);
  }

  /** Sets what links do by default. */
  setDefault(options: Partial<LinkOptions>): void {
    this.#default = { ...this.#default, ...options };
  }

  /** Sets one direction of one link. */
  setLink(from: string, to: string, options: Partial<LinkOptions>): void {
    this.#links.set(`${from} ${to}`, { ...this.#default, ...options });
  }

  cut(a: string, b: string): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  heal(a: string, b: string): void {
    this.#cuts.delete(`${a} ${b}`);
    this.#cuts.delete(`${b} ${a}`);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from} ${to}`);
  }

  /** Takes a port; throws HostError as the system would. `addresses` are those of the host. */
  bind<T extends U | L | S>(
    kind: "udp" | "tcp" | "sctp",
    host: number,
    addresses: readonly string[],
    local: SocketAddress,
    target: T,
  ): { local: SocketAddress; release: () => void } {
    const tables = { udp: this.#udp, tcp: this.#tcp, sctp: this.#sctp };
    const table = tables[kind] as Map<string, Binding<U | L | S>>;
    const address = canonicalIp(local.address) ?? "";
    const any = isAny(address);
    if (!any && !isLoopback(address) && !addresses.includes(address))
      throw new HostError("EADDRNOTAVAIL", `cannot listen on ${kind}:${local.address}: EADDRNOTAVAIL`);
    const port = local.port === 0 ? this.ephemeralPort() : local.port;
    const taken = any
      ? [`0.0.0.0`, "::", ...addresses, "127.0.0.1", "::1"]
      : [address, local.family === 4 ? "0.0.0.0" : "::"];
    for (const other of taken)
      if ((other.includes(":") ? 6 : 4) === local.family && table.has(`${host} ${other} ${port}`))
        throw new HostError("EADDRINUSE", `cannot listen on ${kind}:${local.address}:${port}: EADDRINUSE`);
    const key = `${host} ${address} ${port}`;
    const bound: SocketAddress = { family: local.family, address, port };
    table.set(key, { local: bound, target });
    return { local: bound, release: () => table.delete(key) };
  }

  ephemeralPort(): number {
    if (this.#nextPort > 65_000) this.#nextPort = 40_000;
    return this.#nextPort++;
  }

  /** The host that has this address, seen from `from`; -1 when none has. */
  hostOf(address: string, from: number): number {
    return isLoopback(address) ? from : (this.#owners.get(address) ?? -1);
  }

  udpAt(host: number, to: SocketAddress): Binding<U> | undefined {
    return find(this.#udp, host, to);
  }

  tcpAt(host: number, to: SocketAddress): Binding<L> | undefined {
    return find(this.#tcp, host, to);
  }

  sctpAt(host: number, to: SocketAddress): Binding<S> | undefined {
    return find(this.#sctp, host, to);
  }

  /** The delays after which copies of a datagram arrive: none when it is lost, two when it is doubled. */
  passUdp(packet: Packet): readonly number[] {
    this.observer?.(packet);
    const link = this.#link(packet);
    const lost = this.#lost(link);
    if (this.#dropped(packet) || lost) return [];
    const first = this.#delay(link);
    if (link.duplicate > 0 && this.random.unit() < link.duplicate) return [first, this.#delay(link)];
    return [first];
  }

  /** The delay of a stream segment or an SCTP message, or -1 when the way is cut. */
  passTcp(packet: Packet): number {
    this.observer?.(packet);
    if (this.#dropped(packet)) return -1;
    const link = this.#link(packet);
    let delay = this.#delay(link);
    while (this.#lost(link)) delay += RETRANSMISSION;
    return delay;
  }

  /** The bytes as they arrive: changed in one place now and then. */
  corrupt(packet: Packet): Uint8Array {
    const link = this.#link(packet);
    if (link.corrupt === 0 || packet.bytes.length === 0 || this.random.unit() >= link.corrupt) return packet.bytes;
    const bytes = packet.bytes.slice();
    const at = this.random.uint32() % bytes.length;
    bytes[at] = bytes[at]! ^ (1 << (this.random.uint32() & 7));
    return bytes;
  }

  /** Where to cut a segment of `length` bytes: the length of the next piece. */
  piece(packet: Packet, length: number): number {
    const { segment } = this.#link(packet);
    return segment <= 0 ? length : Math.min(length, 1 + (this.random.uint32() % segment));
  }

  #link({ from, to }: Packet): LinkOptions {
    return this.#links.get(`${from.address} ${to.address}`) ?? this.#default;
  }

  #delay(link: LinkOptions): number {
    return link.delay + (link.jitter > 0 ? this.random.unit() * link.jitter : 0);
  }

  #lost(link: LinkOptions): boolean {
    return link.loss > 0 && this.random.unit() < Math.min(link.loss, 0.99);
  }

  #dropped(packet: Packet): boolean {
    return this.isCut(packet.from.address, packet.to.address) || this.filter?.(packet) === false;
  }
}

function find<T>(table: Map<string, Binding<T>>, host: number, to: SocketAddress): Binding<T> | undefined {
  const any = to.family === 4 ? "0.0.0.0" : "::";
  return table.get(`${host} ${to.address} ${to.port}`) ?? table.get(`${host} ${any} ${to.port}`);
}

/** Whether a socket bound to that address takes any of its host. */
export function isAny(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
