// TCP on the simulated network: reliable and ordered, cut into pieces as the link says, broken only by a cut.
import { canonicalIp } from "../util/ip.ts";
import type { Flushable } from "./flush.ts";
import {
  HostError,
  type SocketAddress,
  type TcpConnection,
  type TcpConnectOptions,
  type TcpHandlers,
  type TcpListener,
  type TcpListenOptions,
} from "./host.ts";
import type { Packet } from "./sim-network.ts";
import { simHandshake } from "./sim-tls.ts";
import { type SimEndpoint, sourceFor } from "./sim-udp.ts";
import type { TlsInfo } from "./tls.ts";

/** Bytes on their way that count as taken by the system. */
const SYSTEM_BUFFER = 65_536;
const NOTHING = new Uint8Array(0);

/** A simulated listening port. */
export class SimTcpListener implements TcpListener {
  readonly local: SocketAddress;
  readonly endpoint: SimEndpoint;
  readonly options: TcpListenOptions;
  readonly connections = new Set<SimTcpConnection>();
  readonly #release: () => void;

  constructor(endpoint: SimEndpoint, options: TcpListenOptions) {
    this.endpoint = endpoint;
    this.options = options;
    const { network, id, addresses } = endpoint;
    const bound = network.bind("tcp", id, addresses, options.local, this as SimTcpListener);
    this.local = bound.local;
    this.#release = bound.release;
  }

  close(): void {
    this.#release();
    for (const connection of this.connections) connection.close();
  }
}

function isOwn({ addresses }: SimEndpoint, address: string): boolean {
  return addresses.includes(address) || address.startsWith("127.") || address === "::1";
}

/** Network.connectTcp on the simulated network: one trip there and one back. */
export function connectSimTcp(endpoint: SimEndpoint, options: TcpConnectOptions): Promise<TcpConnection> {
  const { network } = endpoint;
  const { events } = network;
  const to = { ...options.remote, address: canonicalIp(options.remote.address) ?? options.remote.address };
  const from: SocketAddress = {
    family: to.family,
    address: options.localAddress ?? sourceFor(endpoint, to),
    port: network.ephemeralPort(),
  };
  return new Promise((resolve, reject) => {
    let settled = false;
    const fail = (code: string) => {
      if (settled) return;
      settled = true;
      cancel();
      reject(new HostError(code, `cannot connect to ${to.address}:${to.port}: ${code}`));
    };
    const cancel = events.at(events.now + options.timeout, () => fail("ETIMEDOUT"));
    if (!isOwn(endpoint, from.address)) {
      fail("EADDRNOTAVAIL");
      return;
    }
    const there = network.passTcp({ time: events.now, protocol: "tcp", from, to, bytes: NOTHING });
    const host = network.hostOf(to.address, endpoint.id);
    if (there < 0 || host < 0) return; // nobody answers: the timeout tells
    events.at(events.now + there, () => {
      const listener = network.tcpAt(host, to)?.target;
      const back = network.passTcp({ time: events.now, protocol: "tcp", from: to, to: from, bytes: NOTHING });
      if (back < 0) return;
      if (listener === undefined) {
        events.at(events.now + back, () => fail("ECONNREFUSED"));
        return;
      }
      if (listener.options.tls !== undefined && listener.options.mayBegin?.(from) === false) {
        events.at(events.now + back, () => fail("ECONNRESET"));
        return;
      }
      const tls = simHandshake(options.tls, listener.options.tls, from, to);
      if (typeof tls === "string") {
        events.at(events.now + back, () => fail("EPROTO"));
        return;
      }
      const client = new SimTcpConnection(endpoint, from, to, options.maxQueue);
      const server = new SimTcpConnection(listener.endpoint, to, from, listener.options.maxQueue);
      client.tls = tls.client;
      server.tls = tls.server;
      client.pair(server);
      server.accept(listener);
      events.at(events.now + back, () => {
        if (settled) return client.abort();
        settled = true;
        cancel();
        client.start(options.handlers);
        resolve(client);
      });
    });
  });
}

/** One end of a simulated connection. */
export class SimTcpConnection implements TcpConnection, Flushable {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** Set before it is handed out. */
  tls: TlsInfo | null = null;
  readonly endpoint: SimEndpoint;
  readonly #maxQueue: number;
  #other: SimTcpConnection | null = null;
  #handlers: TcpHandlers | null = null;
  #listener: SimTcpListener | null = null;
  #chunks: Uint8Array[] = [];
  #marked = false;
  #undelivered = 0;
  #lastArrival = 0;
  #inbox: (Uint8Array | null)[] = []; // null: the other end closed in order
  #paused = false;
  #closing = false;
  #closed = false;
  #error: HostError | null = null;

  constructor(endpoint: SimEndpoint, local: SocketAddress, remote: SocketAddress, maxQueue: number) {
    this.endpoint = endpoint;
    this.local = local;
    this.remote = remote;
    this.#maxQueue = maxQueue;
  }

  /** Joins the two ends. */
  pair(other: SimTcpConnection): void {
    this.#other = other;
    other.#other = this;
    this.endpoint.network.connections.add(this).add(other);
  }

  /** The listening side begins: asks who handles it. */
  accept(listener: SimTcpListener): void {
    const handlers = listener.options.onConnection(this);
    if (handlers === null) {
      this.abort();
      return;
    }
    this.#listener = listener;
    listener.connections.add(this);
    this.start(handlers);
  }

  start(handlers: TcpHandlers): void {
    this.#handlers = handlers;
    // The other end may have refused us before we knew that we were connected.
    if (this.#closed) this.#report();
    else this.#deliver();
  }

  get queued(): number {
    return this.#closed ? 0 : Math.max(0, this.#undelivered - SYSTEM_BUFFER);
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#closed || this.#closing) return false;
    if (this.queued + end - start > this.#maxQueue) {
      this.abort(
        new HostError("ENOBUFS", `${this.remote.address}:${this.remote.port} does not take what is sent to it`),
      );
      return false;
    }
    this.#chunks.push(buf.slice(start, end));
    this.#undelivered += end - start;
    this.#mark();
    return true;
  }

  flush(): void {
    this.#marked = false;
    const chunks = this.#chunks;
    this.#chunks = [];
    if (this.#closed) return;
    const all = join(chunks);
    for (let at = 0; at < all.length; ) {
      const length = this.endpoint.network.piece(this.#packet(all), all.length - at);
      this.#transmit(all.subarray(at, at + length));
      at += length;
    }
    if (this.#closing) this.#transmit(null);
  }

  close(): void {
    if (this.#closed || this.#closing) return;
    this.#closing = true;
    this.#mark();
  }

  abort(error: HostError | null = null): void {
    if (this.#closed) return;
    const { network } = this.endpoint;
    const delay = network.passTcp(this.#packet(NOTHING));
    const other = this.#other;
    if (delay >= 0 && other !== null) {
      const { events } = network;
      events.at(events.now + delay, () => other.broken("ECONNRESET"));
    }
    this.#finish(error);
  }

  /** The connection is gone without a word from this end. */
  broken(code: string): void {
    this.#finish(new HostError(code, `connection with ${this.remote.address}:${this.remote.port} broke: ${code}`));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  #mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.endpoint.gate.mark(this);
  }

  #packet(bytes: Uint8Array): Packet {
    return { time: this.endpoint.network.events.now, protocol: "tcp", from: this.local, to: this.remote, bytes };
  }

  #transmit(bytes: Uint8Array | null): void {
    const { network } = this.endpoint;
    const { events } = network;
    const delay = network.passTcp(this.#packet(bytes ?? NOTHING));
    const other = this.#other;
    if (delay < 0 || other === null) return; // on a cut link nothing arrives any more
    this.#lastArrival = Math.max(this.#lastArrival, events.now + delay);
    events.at(this.#lastArrival, () => {
      if (other.#closed) return;
      other.#inbox.push(bytes);
      other.#deliver();
    });
  }

  #deliver(): void {
    const { gate } = this.endpoint;
    while (this.#handlers !== null && !this.#paused && !this.#closed && this.#inbox.length > 0) {
      const bytes = this.#inbox.shift()!;
      if (bytes === null) {
        this.flush(); // our own bytes leave before we answer the close
        this.#transmit(null);
        this.#finish(null);
        return;
      }
      this.#other!.#undelivered -= bytes.length;
      gate.startBatch();
      try {
        this.#handlers.onData(this, bytes, 0, bytes.length);
      } finally {
        gate.endBatch(true);
      }
    }
  }

  #finish(error: HostError | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunks = [];
    this.#inbox = [];
    this.#listener?.connections.delete(this);
    this.endpoint.network.connections.delete(this);
    this.#error = error;
    this.#report();
  }

  #report(): void {
    const handlers = this.#handlers;
    const { events } = this.endpoint.network;
    if (handlers !== null) events.at(events.now, () => handlers.onClose(this, this.#error));
  }
}

function join(chunks: Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
