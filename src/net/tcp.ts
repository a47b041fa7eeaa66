// SIP over TCP and TLS: listeners, and connections as flows, opened on demand and used again.
import {
  type Host,
  HostError,
  type TcpListener as HostListener,
  type SocketAddress,
  type TcpConnection,
  type TcpTuning,
} from "../host/host.ts";
import { Transport } from "../sip/transports.ts";
import { canonicalIp } from "../util/ip.ts";
import { type Flow, type Listener, ListenerBase, type ListenOptions, type Receive } from "./flow.ts";
import type { FlowTable, StreamFlow } from "./flows.ts";
import { DEFAULT_LIMITS, type FrameLimits, frameDrop } from "./frame-rules.ts";
import type { ReceiveHttp } from "./http-flow.ts";
import { AwaitsHeader } from "./proxy-header.ts";
import { Refused, SourceLimits } from "./source-limits.ts";
import { TcpFlow } from "./tcp-flow.ts";
import type { TlsProvider } from "./tls.ts";
import { Wire } from "./wire.ts";

/** What TCP is given: where messages go and what the limits are. */
export interface TcpOptions {
  /** TCP, or TLS; TCP without it. */
  readonly protocol?: number;
  /** The most connections of this transport; the table of flows has a limit for all. */
  readonly maxConnections?: number;
  readonly flows: FlowTable;
  readonly receive: Receive;
  readonly wire?: Wire;
  /** A flow has gone, whoever closed it; called once for each, also for one that never connected. */
  readonly onClose?: (flow: Flow, error: HostError | null) => void;
  /** A whole HTTP request. Without it HTTP ends the connection. */
  readonly onHttp?: ReceiveHttp;
  readonly limits?: FrameLimits;
  /** Bytes one connection may queue for sending. */
  readonly maxQueue?: number;
  /** Milliseconds an attempt to connect may take; 10 s is Kamailio's tcp_connect_timeout. */
  readonly connectTimeout?: number;
  readonly rules?: Partial<TcpRules>;
  /** What one source may take; shared by all transports that accept connections. */
  readonly sources?: SourceLimits;
  /** A connection was refused or cannot go on; `reason` is one of a few fixed words. */
  readonly onDrop?: (reason: string, from: SocketAddress) => void;
}

/** What else the configuration says of connections. */
export interface TcpRules {
  /** Whether CRLF CRLF is answered (RFC 5626 4.4.1; tcp_crlf_ping). */
  readonly answerPings: boolean;
  /** Whether a second connection to a listener from the same address and port is refused (tcp_accept_unique). */
  readonly unique: boolean;
  /** The addresses that connections are opened from, in place of the listener's (tcp_source_ipv4, tcp_source_ipv6); null for that one. */
  readonly source4: string | null;
  readonly source6: string | null;
  /** Bytes that all connections together may queue (tcp_wq_max). */
  readonly maxTotalQueue: number;
  /** Milliseconds a connection may take nothing of what is queued for it (tcp_send_timeout). */
  readonly sendTimeout: number;
  /** What the system is told about each connection (tcp_keepalive, tcp_keepidle, tcp_keepintvl, tcp_keepcnt, tcp_linger2, tcp_syncnt, tos). */
  readonly tuning: TcpTuning;
  /** Seconds for which the system holds a new connection back until something comes over it; null: it does not (tcp_defer_accept). */
  readonly deferAccept: number | null;
  /** Whether each TCP connection begins with a header of the PROXY protocol (tcp_accept_haproxy). */
  readonly proxyHeader: boolean;
}

const RULES: TcpRules = {
  answerPings: true,
  unique: false,
  source4: null,
  source6: null,
  maxTotalQueue: Number.POSITIVE_INFINITY,
  sendTimeout: Number.POSITIVE_INFINITY,
  tuning: {},
  deferAccept: null,
  proxyHeader: false,
};
/** Milliseconds between two looks at what all connections have queued. */
const LOOK_EVERY = 5;
/** Bytes each connection may queue whatever the others have: who takes nothing must not hold up those who do. */
const OWN_QUEUE = 16_384;

const MAX_QUEUE = 1 << 20;
const CONNECT_TIMEOUT = 10_000;

/** All that is TCP, or all that is TLS: call `listen` for each address, `flowTo` to reach a peer. */
export class TcpTransport {
  readonly host: Host;
  readonly protocol: number;
  /** For TLS; until it is set nothing listens and nothing connects. */
  tls: TlsProvider | null = null;
  readonly flows: FlowTable;
  readonly wire: Wire;
  readonly receive: Receive;
  readonly onHttp: ReceiveHttp | null;
  limits: FrameLimits;
  maxQueue: number;
  rules: TcpRules;
  #maxConnections: number;
  #connections = 0;
  #queued = 0; // at the last look
  #sentSince = 0;
  #nextLook = 0;
  readonly #onClose: (flow: Flow, error: HostError | null) => void;
  readonly #onDrop: (reason: string, from: SocketAddress) => void;
  readonly #sources: SourceLimits;
  #connectTimeout: number;
  /** Streams ended because of what the peer sent, by FrameError. */
  readonly frameErrors = new Map<number, number>();

  constructor(host: Host, options: TcpOptions) {
    this.host = host;
    this.protocol = options.protocol ?? Transport.TCP;
    this.#maxConnections = options.maxConnections ?? Number.POSITIVE_INFINITY;
    this.flows = options.flows;
    this.wire = options.wire ?? new Wire();
    this.receive = options.receive;
    this.onHttp = options.onHttp ?? null;
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.maxQueue = options.maxQueue ?? MAX_QUEUE;
    this.rules = { ...RULES, ...options.rules };
    this.#onClose = options.onClose ?? (() => {});
    this.#onDrop = options.onDrop ?? (() => {});
    this.#sources = options.sources ?? new SourceLimits();
    this.#connectTimeout = options.connectTimeout ?? CONNECT_TIMEOUT;
  }

  /**
   * Puts other limits in force, those that are given. Limits of messages and queues, and what the system is told of a connection, hold for
   * connections opened from now on.
   */
  change(options: Pick<TcpOptions, "limits" | "maxQueue" | "rules" | "connectTimeout" | "maxConnections">): void {
    this.limits = options.limits ?? this.limits;
    this.maxQueue = options.maxQueue ?? this.maxQueue;
    this.rules = { ...this.rules, ...options.rules };
    this.#connectTimeout = options.connectTimeout ?? this.#connectTimeout;
    this.#maxConnections = options.maxConnections ?? this.#maxConnections;
  }

  /** Opens a listening port; rejects with HostError when it cannot be had. */
  async listen(options: ListenOptions): Promise<TcpListener> {
    let listener: TcpListener | null = null;
    const tls = this.#tls();
    const queue = (): number => this.maxQueue;
    const socket = await this.host.network.listenTcp({
      local: options.local,
      get maxQueue() {
        return queue(); // of each connection, when it comes
      },
      ...this.rules.tuning,
      ...(this.rules.deferAccept === null ? {} : { deferAccept: this.rules.deferAccept }),
      // one source's limits count before the work of a handshake is done for it
      ...(tls === null ? {} : { tls: tls.acceptor, mayBegin: (remote) => !this.#refuses(remote) }),
      onConnection: (connection) => {
        if (listener === null) return null;
        const own = listener;
        // the limits are those of a balancer's clients, not its own
        if (this.rules.proxyHeader && tls === null)
          return new AwaitsHeader(connection, this.host.clock.after, (remote) =>
            this.#accept(connection, remote, own, true),
          );
        return this.#accept(connection, connection.remote, own, tls === null);
      },
    });
    listener = new TcpListener(this.protocol, socket, options);
    return listener;
  }

  // The flow of a connection from there; null when it is not wanted. `judge`: nobody has looked at the limits yet.
  #accept(connection: TcpConnection, remote: SocketAddress, listener: Listener, judge: boolean): TcpFlow | null {
    if (this.rules.unique && this.flows.find(this.protocol, remote.address, remote.port, listener) !== null)
      return null;
    if (judge ? this.#refuses(remote) : !this.#hasRoom()) return null;
    const flow = new TcpFlow(this, listener, connection.local, remote);
    flow.accepted(connection);
    this.#add(flow);
    this.#sources.add(flow);
    if (connection.tls !== null) this.tls?.accepted(flow);
    return flow;
  }

  // Whether a connection from there is one too many.
  #refuses(remote: SocketAddress): boolean {
    if (remote.port === 0) return true; // it has gone before it was looked at
    const now = this.host.clock.mono();
    let reason = this.#sources.refuses(remote.address, now);
    if (reason === null && !this.#hasRoom() && !this.#sources.makeRoom(remote.address, now)) reason = Refused.FULL;
    if (reason !== null) this.#onDrop(reason, remote);
    return reason !== null;
  }

  /**
   * The flow to an address: one that is open, else a new one that connects while it queues what is sent. Its messages name
   * `listener` as ours; with `forced` one that is open counts only when it does so too; `asker` is told to TLS. Null when there are too many flows or the listener is of another family.
   */
  flowTo(to: SocketAddress, listener: Listener, forced = false, asker: object | null = null): StreamFlow | null {
    // IPv6 can be spelled in many ways; the table knows one.
    const remote = to.family === 6 ? { ...to, address: canonicalIp(to.address) ?? to.address } : to;
    const open = this.flows.find(this.protocol, remote.address, remote.port, forced ? listener : null);
    if (open !== null) return open;
    if (remote.family !== listener.local.family || remote.port === 0 || !this.#hasRoom()) return null;
    const flow = new TcpFlow(this, listener, listener.local, remote);
    this.#add(flow);
    flow.connecting();
    const { address } = listener.local;
    const any = address === "0.0.0.0" || address === "::";
    // a socket that the script has named is more than the address for all
    const source = forced ? null : remote.family === 4 ? this.rules.source4 : this.rules.source6;
    this.#connect(flow, remote, source ?? (any ? null : address), source !== null, asker);
    return flow;
  }

  #add(flow: TcpFlow): void {
    this.#connections++;
    this.flows.add(flow);
  }

  #hasRoom(): boolean {
    return this.#connections < this.#maxConnections && this.flows.hasRoom();
  }

  // Throws HostError where TLS is not set up.
  #tls(): TlsProvider | null {
    if (this.protocol !== Transport.TLS) return null;
    if (this.tls === null) throw new HostError("ENOTSUP", "TLS is not set up: load module tls");
    return this.tls;
  }

  // An address that cannot be had is left to the system.
  #connect(
    flow: TcpFlow,
    remote: SocketAddress,
    from: string | null,
    mayDoWithout: boolean,
    asker: object | null,
  ): void {
    const { tls } = this;
    this.host.network
      .connectTcp({
        remote,
        ...(from === null ? {} : { localAddress: from }),
        ...this.rules.tuning,
        ...(tls === null ? {} : { tls: tls.dialer(remote, flow.local, asker) }),
        timeout: this.#connectTimeout,
        handlers: flow,
        maxQueue: this.maxQueue,
      })
      .then(
        (connection) => flow.connected(connection),
        (error: unknown) => {
          const code = error instanceof HostError ? error.code : "EIO";
          if (mayDoWithout && code === "EADDRNOTAVAIL") this.#connect(flow, remote, null, false, asker);
          else flow.fail(error instanceof HostError ? error : new HostError(code, String(error)));
        },
      );
  }

  /**
   * Whether a connection that has queued `own` bytes may queue so many more, by what all connections have queued together. What was
   * sent since they were last counted is taken as queued; they are counted again only when that is too much, and not more often than LOOK_EVERY.
   */
  mayQueue(own: number, length: number): boolean {
    const { maxTotalQueue } = this.rules;
    if (own + length <= OWN_QUEUE) {
      this.#sentSince += length;
      return true;
    }
    if (this.#queued + this.#sentSince + length > maxTotalQueue) {
      const now = this.host.clock.mono();
      if (now < this.#nextLook) return false;
      this.#nextLook = now + LOOK_EVERY;
      this.#sentSince = 0;
      this.#queued = 0;
      for (const flow of this.flows.all()) this.#queued += flow.queued;
      if (this.#queued + length > maxTotalQueue) return false;
    }
    this.#sentSince += length;
    return true;
  }

  /** Called by each flow once when it has gone. */
  gone(flow: TcpFlow, error: HostError | null): void {
    this.#connections--;
    this.flows.remove(flow);
    this.#sources.remove(flow);
    this.#onClose(flow, error);
  }

  /** Called by a flow whose stream cannot go on. */
  countFrameError(code: number, from: SocketAddress): void {
    this.frameErrors.set(code, (this.frameErrors.get(code) ?? 0) + 1);
    this.#onDrop(frameDrop(code), from);
  }
}

/** A listening port of TCP or TLS. */
export class TcpListener extends ListenerBase implements Listener {
  readonly #socket: HostListener;

  constructor(protocol: number, socket: HostListener, options: ListenOptions) {
    super(protocol, socket.local, options);
    this.#socket = socket;
  }

  close(): void {
    this.#socket.close();
  }
}
