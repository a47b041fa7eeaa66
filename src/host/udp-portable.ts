// UDP by node:dgram: what runs where native calls are not to be had. Same interface, same tests as the native driver.
import { createSocket, type Socket } from "node:dgram";
import { canonicalIp, ipFamily } from "../util/ip.ts";
import type { Flushable, FlushGate } from "./flush.ts";
import { HostError, type SocketAddress, type UdpOptions, type UdpPeer, type UdpSocket } from "./host.ts";
import { toHostError } from "./node-files.ts";

const PEERS = 16_384;
const MAX_DATAGRAM = 65_535;
const MAX_HELD = 1024;
/** Datagrams that node:dgram has not confirmed; beyond it we drop instead of filling memory. */
const MAX_QUEUED = 8192;
/** Deno sends datagrams that are given to it at once in any order; there, one waits for the other. */
const WINDOW = "Deno" in globalThis ? 1 : MAX_QUEUED;

/** Network.bindUdp by node:dgram. */
export function bindPortableUdp(gate: FlushGate, options: UdpOptions): Promise<UdpSocket> {
  const { local } = options;
  if (ipFamily(local.address.split("%", 1)[0]!) !== local.family)
    return Promise.reject(new HostError("EINVAL", `not an IPv${local.family} address: ${local.address}`));
  return new Promise((resolve, reject) => {
    const socket = createSocket(local.family === 4 ? { type: "udp4" } : { type: "udp6", ipv6Only: true });
    socket.once("error", (error) => {
      socket.close();
      const { code } = toHostError(error);
      reject(new HostError(code, `cannot listen on udp:${local.address}:${local.port}: ${code}`));
    });
    socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve(new PortableSocket(gate, socket, options));
    });
  });
}

interface Datagram {
  readonly peer: PortablePeer;
  readonly bytes: Uint8Array;
}

class PortablePeer implements UdpPeer {
  readonly remote: SocketAddress;
  attachment: unknown = null;
  constructor(remote: SocketAddress) {
    this.remote = remote;
  }
}

class PortableSocket implements UdpSocket, Flushable {
  readonly local: SocketAddress;
  readonly #gate: FlushGate;
  readonly #socket: Socket;
  readonly #options: UdpOptions;
  readonly #counts = { received: 0, sent: 0, droppedFull: 0, sendErrors: 0, receiveErrors: 0 };
  #peers = new Map<string, PortablePeer>();
  #held: Datagram[] = []; // until the gate lets them go
  #ready: Datagram[] = []; // until node:dgram takes them
  #next = 0; // those of #ready before it are with node:dgram
  #inFlight = 0;
  #open = true;

  constructor(gate: FlushGate, socket: Socket, options: UdpOptions) {
    this.#gate = gate;
    this.#socket = socket;
    this.#options = options;
    const { address, port } = socket.address();
    this.local = { family: options.local.family, address, port };
    socket.on("message", (data, { address, port }) => {
      this.#counts.received++;
      // A Buffer's own slice() would not copy: nobody above must meet one.
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
      gate.touch();
      options.onMessage(bytes, 0, bytes.length, this.#peer(address, port));
    });
    socket.on("error", (error) => {
      this.#counts.receiveErrors++;
      options.onError?.(null, toHostError(error));
    });
  }

  get stats() {
    return { ...this.#counts };
  }

  peer(remote: SocketAddress): PortablePeer | null {
    if (!(remote.port >= 0 && remote.port <= 65535)) return null;
    const percent = remote.address.indexOf("%");
    const zone = percent < 0 ? "" : remote.address.slice(percent);
    const address = canonicalIp(percent < 0 ? remote.address : remote.address.slice(0, percent));
    if (address === null || (address.includes(":") ? 6 : 4) !== this.local.family) return null;
    return this.#peer(address + zone, remote.port);
  }

  send(peer: PortablePeer, buf: Uint8Array, start: number, end: number): void {
    if (!this.#open) return;
    if (end - start > MAX_DATAGRAM) {
      this.#failed(peer, new HostError("EMSGSIZE", "datagram too long: EMSGSIZE"));
      return;
    }
    if (this.#held.length >= MAX_HELD) this.#gate.flush();
    if (this.#inFlight + this.#held.length + this.#ready.length - this.#next >= MAX_QUEUED) {
      this.#counts.droppedFull++;
      return;
    }
    this.#held.push({ peer, bytes: buf.slice(start, end) });
    if (this.#held.length === 1) this.#gate.mark(this);
  }

  flush(): void {
    for (const datagram of this.#held) this.#ready.push(datagram);
    this.#held = [];
    this.#pump();
  }

  close(): void {
    if (!this.#open) return;
    this.flush();
    this.#open = false;
    this.#socket.close();
  }

  #pump(): void {
    while (this.#open && this.#inFlight < WINDOW && this.#next < this.#ready.length) {
      this.#transmit(this.#ready[this.#next++]!);
    }
    if (this.#next < this.#ready.length) return;
    this.#ready = [];
    this.#next = 0;
  }

  #transmit({ peer, bytes }: Datagram): void {
    this.#inFlight++;
    const done = (error: Error | null) => {
      this.#inFlight--;
      if (error === null || error === undefined) this.#counts.sent++;
      else this.#failed(peer, toHostError(error));
      if (this.#ready.length > 0) this.#pump();
    };
    try {
      this.#socket.send(bytes, 0, bytes.length, peer.remote.port, peer.remote.address, done);
    } catch (error) {
      done(error as Error);
    }
  }

  #failed(peer: PortablePeer, error: HostError): void {
    this.#counts.sendErrors++;
    this.#options.onError?.(peer, error);
  }

  #peer(address: string, port: number): PortablePeer {
    const key = `${address} ${port}`;
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    if (this.#peers.size >= PEERS) this.#peers.clear();
    const peer = new PortablePeer({ family: this.local.family, address, port });
    this.#peers.set(key, peer);
    return peer;
  }
}
