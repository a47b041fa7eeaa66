// SCTP on the simulated network: whole messages, each arrives once or its sender is told; an association breaks by a cut or when nothing
// gets through any more.
import { canonicalIp } from "../util/ip.ts";
import type { Flushable } from "./flush.ts";
import { HostError, type SocketAddress } from "./host.ts";
import { SCTP_DEFAULTS, type SctpAssociation, type SctpOptions, type SctpSettings, type SctpSocket } from "./sctp.ts";
import { isAny, type Packet } from "./sim-network.ts";
import { type SimEndpoint, sourceFor } from "./sim-udp.ts";

const NOTHING = new Uint8Array(0);
const LONGEST = 65_535;

interface Message {
  readonly bytes: Uint8Array;
  readonly mark: number;
}

/** A simulated SCTP socket. Throws HostError from its constructor when the address cannot be had. */
export class SimSctpSocket implements SctpSocket, Flushable {
  readonly local: SocketAddress;
  readonly endpoint: SimEndpoint;
  readonly options: SctpOptions;
  readonly #release: () => void;
  readonly #associations = new Map<string, SimAssociation>();
  readonly #dirty = new Set<SimAssociation>();
  #settings: Required<SctpSettings>;
  #open = true;

  constructor(endpoint: SimEndpoint, options: SctpOptions) {
    this.endpoint = endpoint;
    this.options = options;
    this.#settings = { ...SCTP_DEFAULTS, ...options.settings };
    const { network, id, addresses } = endpoint;
    const { local, release } = network.bind("sctp", id, addresses, options.local, this as SimSctpSocket);
    this.local = local;
    this.#release = release;
  }

  associate(to: SocketAddress): SimAssociation | null {
    const address = canonicalIp(to.address);
    if (!this.#open || address === null || (address.includes(":") ? 6 : 4) !== this.local.family) return null;
    const remote: SocketAddress = { family: this.local.family, address, port: to.port };
    let association = this.#associations.get(keyOf(remote));
    if (association === undefined) {
      association = new SimAssociation(this, remote);
      this.#associations.set(keyOf(remote), association);
      association.connect();
    }
    return association;
  }

  /** The end of an association that a peer opens, or the one that is being opened from here. */
  accept(remote: SocketAddress): SimAssociation {
    const known = this.#associations.get(keyOf(remote));
    const association = known ?? new SimAssociation(this, remote);
    this.#associations.set(keyOf(remote), association);
    return association;
  }

  send(association: SctpAssociation, buf: Uint8Array, start: number, end: number, mark: number): boolean {
    const own = association as SimAssociation;
    const length = end - start;
    if (!this.#open || !own.open || length === 0 || length > LONGEST || own.queued + length > this.options.maxQueue)
      return false;
    own.add({ bytes: buf.slice(start, end), mark });
    if (this.#dirty.size === 0) this.endpoint.gate.mark(this);
    this.#dirty.add(own);
    return true;
  }

  flush(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const association of dirty) association.sendAll();
  }

  end(association: SctpAssociation, abort: boolean): void {
    (association as SimAssociation).end(abort);
  }

  settings(): Required<SctpSettings> {
    return this.#settings;
  }

  change(settings: SctpSettings): HostError | null {
    this.#settings = { ...this.#settings, ...settings };
    return null;
  }

  close(): void {
    if (!this.#open) return;
    this.flush();
    this.#open = false;
    for (const association of [...this.#associations.values()]) association.end(false);
    this.#release();
  }

  forget(association: SimAssociation): void {
    const key = keyOf(association.remote);
    if (this.#associations.get(key) === association) this.#associations.delete(key);
  }
}

/** One end of a simulated association. */
export class SimAssociation implements SctpAssociation {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  attachment: unknown = null;
  open = true;
  queued = 0;
  readonly #socket: SimSctpSocket;
  #up = false;
  #other: SimAssociation | null = null;
  #queue: Message[] = [];
  readonly #onTheWay = new Set<Message>();
  #cancelIdle: (() => void) | null = null;

  constructor(socket: SimSctpSocket, remote: SocketAddress) {
    this.#socket = socket;
    this.remote = remote;
    const any = isAny(socket.local.address);
    this.local = any ? { ...socket.local, address: sourceFor(socket.endpoint, remote) } : socket.local;
  }

  add(message: Message): void {
    this.#queue.push(message);
    this.queued += message.bytes.length;
  }

  sendAll(): void {
    if (!this.#up) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const message of queue) this.#transmit(message);
  }

  /** Network.cut has broken it. */
  broken(code: string): void {
    this.#lose(new HostError(code, `the association was lost: ${code}`));
  }

  end(abort: boolean): void {
    if (!this.open) return;
    if (!abort) this.sendAll();
    const other = this.#other;
    const delay = this.#pass(NOTHING);
    this.#shut();
    if (other === null || delay < 0) return;
    const error = abort ? new HostError("ECONNRESET", "the association was lost: ECONNRESET") : null;
    this.#later(delay, () => other.#lose(error));
  }

  /** INIT and its answer; then what waits goes with the COOKIE. */
  connect(): void {
    const { network, id } = this.#socket.endpoint;
    const refused = (): void =>
      this.#lose(new HostError("ECONNREFUSED", "no association could be opened: ECONNREFUSED"));
    const host = network.hostOf(this.remote.address, id);
    const there = this.#pass(NOTHING);
    if (host < 0 || there < 0) {
      this.#later(this.#patience(), refused);
      return;
    }
    this.#later(there, () => {
      const peer = network.sctpAt(host, this.remote)?.target;
      const back = network.passTcp(this.#packet(NOTHING, true));
      if (back < 0) this.#later(this.#patience(), refused);
      else this.#later(back, () => (peer === undefined ? refused() : this.#meet(peer)));
    });
  }

  #meet(peer: SimSctpSocket): void {
    if (!this.open || this.#up) return;
    const other = peer.accept(this.local);
    this.#join(other);
    this.#socket.options.onOpen(this);
    other.#join(this);
    if (!peer.options.onOpen(other)) other.end(true);
    else other.sendAll();
    this.sendAll();
  }

  #join(other: SimAssociation): void {
    this.#other = other;
    this.#up = true;
    this.#socket.endpoint.network.connections.add(this);
    this.#active();
  }

  #transmit(message: Message): void {
    const delay = this.#pass(message.bytes);
    this.#active();
    this.#onTheWay.add(message);
    const { asocmaxrxt, srto_max } = this.#socket.settings();
    if (delay < 0) {
      this.#later(asocmaxrxt * srto_max, () => this.broken("ECONNRESET"));
      return;
    }
    const other = this.#other;
    this.#later(delay, () => {
      if (other?.open !== true) return; // it is unsent, and will be told so
      this.#onTheWay.delete(message);
      this.queued -= message.bytes.length;
      other.#deliver(message.bytes);
    });
  }

  #deliver(bytes: Uint8Array): void {
    if (!this.open) return;
    this.#active();
    const { gate } = this.#socket.endpoint;
    gate.startBatch();
    try {
      if (bytes.length > this.#socket.options.maxMessage) this.#tooLong();
      else this.#socket.options.onMessage(bytes, 0, bytes.length, this);
    } finally {
      gate.endBatch(true);
    }
  }

  #tooLong(): void {
    this.end(true);
    this.#socket.options.onClose(this, new HostError("EMSGSIZE", "a message is too long"));
  }

  #lose(error: HostError | null): void {
    if (!this.open) return;
    const unsent = [...this.#onTheWay, ...this.#queue];
    this.#shut();
    const { onUnsent, onClose } = this.#socket.options;
    for (const { bytes, mark } of unsent) onUnsent(this, bytes, mark);
    onClose(this, error);
  }

  #shut(): void {
    this.open = false;
    this.#cancelIdle?.();
    this.#queue = [];
    this.#socket.endpoint.network.connections.delete(this);
    this.#socket.forget(this);
  }

  // autoclose
  #active(): void {
    const { autoclose } = this.#socket.settings();
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    if (autoclose <= 0) return;
    this.#cancelIdle = this.#later(autoclose * 1000, () => {
      const told = this.open;
      this.end(false);
      if (told) this.#socket.options.onClose(this, null);
    });
  }

  // How long it takes until an attempt to open it is given up.
  #patience(): number {
    const { srto_initial, init_max_attempts, init_max_timeo } = this.#socket.settings();
    let sum = 0;
    let step = srto_initial;
    for (let i = 0; i <= init_max_attempts; i++) {
      sum += step;
      step = Math.min(step * 2, init_max_timeo);
    }
    return sum;
  }

  #later(delay: number, fn: () => void): () => void {
    const { events } = this.#socket.endpoint.network;
    return events.at(events.now + delay, fn);
  }

  #pass(bytes: Uint8Array): number {
    return this.#socket.endpoint.network.passTcp(this.#packet(bytes, false));
  }

  #packet(bytes: Uint8Array, back: boolean): Packet {
    const { events } = this.#socket.endpoint.network;
    const [from, to] = back ? [this.remote, this.local] : [this.local, this.remote];
    return { time: events.now, protocol: "sctp", from, to, bytes };
  }
}

function keyOf({ address, port }: SocketAddress): string {
  return `${address} ${port}`;
}
