// All WebSocket connections of the process: found by address and by the names of their clients, counted, and taken over from HTTP.
import type { Clock, SocketAddress } from "../../host/host.ts";
import { Transport } from "../../sip/transports.ts";
import { canonicalIp } from "../../util/ip.ts";
import type { Flow, Listener, Receive } from "../flow.ts";
import type { FlowTable } from "../flows.ts";
import { Wire } from "../wire.ts";
import { Ended, WsFlow } from "./flow.ts";
import { putFrame } from "./frames.ts";
import { DEFAULT_WS_LIMITS, MAX_HEAD, type WsLimits } from "./rules.ts";
import { topViaName } from "./top-via.ts";
import { Utf8Check } from "./utf8.ts";

/** What WebSockets are given. */
export interface WsOptions {
  readonly clock: Clock;
  readonly flows: FlowTable;
  readonly receive: Receive;
  readonly wire?: Wire;
  /** A connection ends, whoever ends it: nothing comes by it any more. Once for each. */
  readonly onClose: (flow: Flow) => void;
  /** A connection could not go on; `reason` is one of a few fixed words. */
  readonly onDrop?: (reason: string, from: SocketAddress) => void;
  readonly maxMessage?: number;
  /** Whether CRLF CRLF is answered. */
  readonly answerPings?: boolean;
}

/** Numbers since the start, as the statistics of module websocket name them. */
export class WsCounts {
  received = 0;
  sent = 0;
  sipReceived = 0;
  sipSent = 0;
  max = 0;
  closedHere = 0;
  closedThere = 0;
  failed = 0;
}

const OUT = 70_000;
const MAX_NAMES = 4;

/** The connections; one a process. */
export class WsConnections {
  readonly clock: Clock;
  readonly flows: FlowTable;
  readonly wire: Wire;
  readonly receive: Receive;
  readonly limits: WsLimits;
  readonly answerPings: boolean;
  readonly counts = new WsCounts();
  /** Where frames are written before they are sent. */
  out = new Uint8Array(OUT);
  /** Milliseconds that the far end may take to answer our close frame. */
  closeTimeout = 5_000;
  /** Told of each connection that has ended, last of all. */
  onEnded: ((flow: WsFlow) => void) | null = null;
  readonly #options: WsOptions;
  readonly #all = new Map<number, WsFlow>();
  readonly #names = new Map<string, WsFlow>();
  readonly #listeners = new WeakMap<Listener, Listener>();
  readonly #utf8 = new Utf8Check();

  constructor(options: WsOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.flows = options.flows;
    this.wire = options.wire ?? new Wire();
    this.receive = options.receive;
    this.answerPings = options.answerPings ?? true;
    const { maxMessage } = options;
    this.limits = { ...DEFAULT_WS_LIMITS, ...(maxMessage === undefined ? {} : { maxMessage }) };
  }

  get size(): number {
    return this.#all.size;
  }

  /** All that are open or closing, oldest first. */
  all(): IterableIterator<WsFlow> {
    return this.#all.values();
  }

  byId(id: number): WsFlow | null {
    return this.#all.get(id) ?? null;
  }

  /**
   * Makes a WebSocket of a stream flow whose client has asked for it: it takes its place in the table of flows, under WS or WSS. It must be
   * given the bytes from then on (HttpFlow.upgrade); `release` when that fails. Null when the flow has gone.
   */
  adopt(from: Flow): WsFlow | null {
    const below = this.flows.byId(from.id);
    if (below === null || !below.open || this.#all.has(from.id)) return null;
    const flow = new WsFlow(this, below, this.#listenerFor(below.listener));
    this.flows.remove(below);
    this.flows.add(flow);
    this.#all.set(flow.id, flow);
    this.counts.max = Math.max(this.counts.max, this.#all.size);
    return flow;
  }

  /** Undoes `adopt`. */
  release(flow: WsFlow): void {
    this.#all.delete(flow.id);
    this.flows.remove(flow);
    if (flow.below.open) this.flows.add(flow.below);
  }

  // The socket as messages over WebSocket show it: the same address and name, with the transport WS or WSS.
  #listenerFor(listener: Listener): Listener {
    let own = this.#listeners.get(listener);
    if (own === undefined) {
      const protocol = listener.protocol === Transport.TLS ? Transport.WSS : Transport.WS;
      own = { ...listener, protocol, close: () => listener.close() };
      this.#listeners.set(listener, own);
    }
    return own;
  }

  /**
   * The open connection to an address, over TLS or not (RFC 7118: a URI says transport=ws for both), or to a client by its name, whose end
   * is .invalid. Null when there is none: nothing can be opened towards a browser.
   */
  find(protocol: number, address: string, port: number): Flow | null {
    const name = this.#names.get(address);
    if (name !== undefined) return name;
    const ip = canonicalIp(address) ?? address;
    const other = protocol === Transport.WS ? Transport.WSS : Transport.WS;
    return this.flows.find(protocol, ip, port) ?? this.flows.find(other, ip, port);
  }

  /**
   * Learns the name that a client goes by from the top Via of its request: its Contact has the same one. A name that another open
   * connection has stays there, unless that comes from the same address: a browser that has connected anew.
   */
  learnName(flow: WsFlow, buf: Uint8Array, start: number, end: number): void {
    const known = flow.names.at(-1) ?? "";
    const name = topViaName(buf, start, end, known);
    if (name === null || name === known) return;
    const holder = this.#names.get(name);
    if (holder === flow) return;
    if (holder !== undefined) {
      if (holder.open && holder.remote.address !== flow.remote.address) return;
      holder.names.splice(holder.names.indexOf(name), 1);
    }
    if (flow.names.length >= MAX_NAMES) this.#names.delete(flow.names.shift()!);
    flow.names.push(name);
    this.#names.set(name, flow);
  }

  /** Writes a frame into `out`; returns its length. */
  write(opcode: number, buf: Uint8Array, start: number, end: number): number {
    if (this.out.length < end - start + MAX_HEAD) this.out = new Uint8Array(2 * (end - start) + MAX_HEAD);
    return putFrame(this.out, opcode, buf, start, end);
  }

  /** Whether bytes may go out as text. */
  isText(buf: Uint8Array, start: number, end: number): boolean {
    this.#utf8.reset();
    return this.#utf8.feed(buf, start, end) && this.#utf8.whole;
  }

  /** Called by a flow whose stream cannot go on. */
  refused(flow: WsFlow, text: string): void {
    this.#options.onDrop?.(`websocket-${text.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`, flow.remote);
  }

  /** Called by a flow that closes, and when its connection has ended: it is found no more, and those who wait for it are told, once. */
  leaving(flow: WsFlow): void {
    if (flow.left) return;
    flow.left = true;
    this.flows.remove(flow);
    for (const name of flow.names) if (this.#names.get(name) === flow) this.#names.delete(name);
    this.#options.onClose(flow);
  }

  /** Called once by each flow whose connection has ended. */
  closed(flow: WsFlow): void {
    this.leaving(flow);
    if (!this.#all.delete(flow.id)) return;
    const { counts } = this;
    if (flow.ended === Ended.HERE) counts.closedHere++;
    else if (flow.ended === Ended.FAILED) counts.failed++;
    else counts.closedThere++;
    this.onEnded?.(flow);
  }
}
