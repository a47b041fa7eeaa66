// UDP on the simulated network.
import { canonicalIp } from "../util/ip.ts";
import type { Flushable, FlushGate } from "./flush.ts";
import { HostError, type SocketAddress, type UdpOptions, type UdpPeer, type UdpSocket } from "./host.ts";
import { isAny, type Packet, type SimNetwork } from "./sim-network.ts";
import type { SimSctpSocket } from "./sim-sctp.ts";
import type { SimTcpListener } from "./sim-tcp.ts";

/** What sockets need to know of their host. */
export interface SimEndpoint {
  readonly id: number;
  readonly addresses: readonly string[];
  readonly gate: FlushGate;
  /** Why the host has no SCTP; null when it has. */
  readonly noSctp: HostError | null;
  readonly network: SimNetwork<SimUdpSocket, SimTcpListener, SimSctpSocket>;
}

interface SimPeer extends UdpPeer {
  readonly remote: SocketAddress;
  attachment: unknown;
}

const MAX_DATAGRAM = 65_535;

/** A simulated UDP socket. Throws HostError from its constructor when the address cannot be had. */
export class SimUdpSocket implements UdpSocket, Flushable {
  readonly local: SocketAddress;
  sendsRaw: boolean;
  readonly stats = { received: 0, sent: 0, droppedFull: 0, sendErrors: 0, receiveErrors: 0 };
  readonly #endpoint: SimEndpoint;
  readonly #options: UdpOptions;
  readonly #release: () => void;
  readonly #peers = new Map<string, SimPeer>();
  #queue: { peer: SimPeer; bytes: Uint8Array }[] = [];
  #open = true;

  constructor(endpoint: SimEndpoint, options: UdpOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    const { network, id, addresses } = endpoint;
    const { local, release } = network.bind("udp", id, addresses, options.local, this as SimUdpSocket);
    this.local = local;
    this.#release = release;
    this.sendsRaw = options.raw !== undefined && local.family === 4;
  }

  /** Told only: datagrams of a simulation have no headers. */
  sendRaw(raw: UdpOptions["raw"] | null): boolean {
    if (raw !== null && this.local.family !== 4) return false;
    this.sendsRaw = raw !== null;
    return true;
  }

  peer(remote: SocketAddress): SimPeer | null {
    const address = canonicalIp(remote.address);
    if (address === null || (address.includes(":") ? 6 : 4) !== this.local.family) return null;
    if (!(remote.port >= 0 && remote.port <= 65535)) return null;
    const key = `${address} ${remote.port}`;
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      peer = { remote: { family: this.local.family, address, port: remote.port }, attachment: null };
      this.#peers.set(key, peer);
    }
    return peer;
  }

  send(peer: UdpPeer, buf: Uint8Array, start: number, end: number): void {
    if (!this.#open) return;
    if (end - start > MAX_DATAGRAM) {
      this.stats.sendErrors++;
      this.#options.onError?.(peer, new HostError("EMSGSIZE", "datagram too long: EMSGSIZE"));
      return;
    }
    this.#queue.push({ peer: peer as SimPeer, bytes: buf.slice(start, end) });
    if (this.#queue.length === 1) this.#endpoint.gate.mark(this);
  }

  flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const { peer, bytes } of queue) this.#transmit(peer, bytes);
  }

  close(): void {
    if (!this.#open) return;
    this.flush();
    this.#open = false;
    this.#release();
  }

  #transmit(peer: SimPeer, bytes: Uint8Array): void {
    this.stats.sent++;
    sendSimUdp(this.#endpoint, this.#source(peer.remote), peer.remote, bytes, () => this.#refused(peer));
  }

  /** A datagram has come. */
  deliver(from: SocketAddress, bytes: Uint8Array): void {
    if (!this.#open) return;
    this.stats.received++;
    const { gate } = this.#endpoint;
    gate.startBatch();
    try {
      this.#options.onMessage(bytes, 0, bytes.length, this.peer(from)!);
    } finally {
      gate.endBatch(true);
    }
  }

  #refused(peer: SimPeer): void {
    if (this.#open && this.#options.icmp === true)
      this.#options.onError?.(peer, new HostError("ECONNREFUSED", "port unreachable: ECONNREFUSED"));
  }

  #source(to: SocketAddress): SocketAddress {
    if (!isAny(this.local.address)) return this.local;
    return { ...this.local, address: sourceFor(this.#endpoint, to) };
  }
}

/** Sends a datagram, whoever it says it is from; `refused` is called when nobody listens where it goes and the network tells. Always true. */
export function sendSimUdp(
  { network, id }: SimEndpoint,
  from: SocketAddress,
  to: SocketAddress,
  bytes: Uint8Array,
  refused: () => void,
): boolean {
  const { events } = network;
  const packet: Packet = { time: events.now, protocol: "udp", from, to, bytes };
  for (const delay of network.passUdp(packet)) {
    const arriving = network.corrupt(packet);
    events.at(events.now + delay, () => {
      const host = network.hostOf(packet.to.address, id);
      const binding = network.udpAt(host, packet.to);
      if (binding !== undefined) binding.target.deliver(packet.from, arriving);
      else if (host >= 0 && network.icmp) refused();
    });
  }
  return true;
}

/** The address a host sends from when its socket is bound to none in particular. */
export function sourceFor({ addresses, id, network }: SimEndpoint, to: SocketAddress): string {
  if (network.hostOf(to.address, id) === id) return to.address;
  const isSix = to.family === 6;
  return addresses.find((address) => address.includes(":") === isSix) ?? (isSix ? "::1" : "127.0.0.1");
}
