// How the proxy reaches the network: the listeners of the process, and the flow to any address.

import type { Host, HostError, SocketAddress } from "../host/host.ts";
import type { Flow, Listener, ListenOptions, Receive } from "../net/flow.ts";
import { DEFAULT_FLOW_LIMITS, type FlowLimits, FlowTable, type StreamFlow } from "../net/flows.ts";
import { ForeignDatagrams } from "../net/foreign-datagrams.ts";
import { DEFAULT_LIMITS } from "../net/frame-rules.ts";
import type { ReceiveHttp } from "../net/http-flow.ts";
import { SctpTransport } from "../net/sctp.ts";
import { SourceLimits, type SourceRules } from "../net/source-limits.ts";
import { type TcpOptions, type TcpRules, TcpTransport } from "../net/tcp.ts";
import type { TlsProvider } from "../net/tls.ts";
import { listenUdp, type UdpListener, type UdpListenOptions } from "../net/udp.ts";
import { Wire } from "../net/wire.ts";
import { WsConnections } from "../net/ws/connections.ts";
import { isWebSocket, Transport } from "../sip/transports.ts";
import { ipFamily } from "../util/ip.ts";

/** What the proxy asks of the network. */
export interface Transports {
  /** Listeners in the order of the configuration. */
  readonly listeners: readonly Listener[];
  /**
   * The flow to an address: a UDP peer, an open stream connection, or one that is being opened and queues what is sent meanwhile.
   * `from` is preferred when it is of that protocol and family; with `forced` an open connection counts only when it belongs to `from`.
   * `asker` says whose message it is (its AVPs), for settings of TLS. Null when nothing can reach it.
   */
  flowTo(
    protocol: number,
    address: string,
    port: number,
    from: Listener | null,
    forced?: boolean,
    asker?: object | null,
  ): Flow | null;
  /**
   * The listener to send from to an address as the system's routes say (mhomed): the one of that protocol with the address that the
   * system would send from, `from` if it is one of them; `from` when there is none.
   */
  routed(protocol: number, address: string, from: Listener | null): Listener | null;
  /** An open flow by its id; null when it has gone. */
  flowById(id: number): Flow | null;
  /** The open stream flow to an address, of that listener when one is given; null when there is none. */
  openFlow(protocol: number, address: string, port: number, of?: Listener | null): Flow | null;
  /** Lets a stream flow also be found under another port of its peer; false when that may not be. */
  alias(flow: Flow, port: number): boolean;
  /** Lets TLS be spoken from now on. */
  useTls(provider: TlsProvider): void;
  /** Whether IPv4 datagrams go by raw sockets. */
  readonly sendsRaw?: boolean;
  /** Sends in the name of other addresses; absent where nobody can. */
  readonly foreign?: ForeignDatagrams;
  /** What is SCTP; absent where there can be none. */
  readonly sctp?: SctpTransport;
  /** The most connections; absent where there are none. */
  readonly maxFlows?: number;
  /** The most connections with TLS. */
  readonly maxTls: number;
  /** All stream flows, oldest first. */
  streams(): Iterable<StreamFlow>;
  /** Milliseconds until a stream flow is closed when nothing moves on it. */
  idleLeft(flow: StreamFlow): number;
  /** Lets a stream flow stay open for so many milliseconds though nothing moves on it; 0: no longer than others. */
  keepOpen(flow: Flow, time: number): void;
  /** What looks at messages that leave. */
  readonly wire: Wire;
  /** Connections that have become WebSockets; null where there can be none. */
  readonly webSockets?: WsConnections;
  /** How many connections each source has opened and holds. */
  connectionsBySource?(): Iterable<readonly [string, number]>;
}

/** What happens on the transports, for whoever joins the parts. */
export interface TransportEvents {
  readonly receive: Receive;
  /** A whole HTTP request has come over a stream. */
  readonly onHttp?: ReceiveHttp;
  /** A stream connection has gone. */
  readonly onClose: (flow: Flow, error: HostError | null) => void;
  /** A connection was refused or could not go on; `reason` is one of a few fixed words. */
  readonly onDrop?: (reason: string, from: SocketAddress) => void;
  /** The system says that a datagram to that flow did not arrive. */
  readonly onError: (flow: Flow | null, error: HostError) => void;
}

/** Limits of the stream transports; what is left out has its default. */
export interface TransportLimits {
  /** Open stream connections at a time. */
  readonly maxFlows?: number;
  /** Of these, with TLS. */
  readonly maxTls?: number;
  /** Milliseconds without a byte after which a connection is closed. */
  readonly idleTimeout?: number;
  /** Milliseconds an outgoing connection may take. */
  readonly connectTimeout?: number;
  /** Bytes a connection may queue for sending. */
  readonly maxQueue?: number;
  /** Bytes of the largest message. */
  readonly maxMessage?: number;
  /** Whether a message without Content-Length is taken as one without a body. */
  readonly acceptNoLength?: boolean;
  readonly tcp?: Partial<TcpRules>;
  /** What one source may take; nothing is limited without it. */
  readonly sources?: SourceRules;
  /** Whether no connection is ever opened (tcp_no_connect). */
  readonly noConnect?: boolean;
  /** Buffers of UDP sockets, and what their datagrams carry. */
  readonly udp?: Pick<UdpListenOptions, "receiveBuffer" | "sendBuffer" | "marks" | "raw" | "icmp">;
}

/** Milliseconds for which a route of the system is believed, and how many are kept. */
const ROUTE_TTL = 10_000;
const MAX_ROUTES = 4096;

/** All sockets of one process. */
export class NetTransports implements Transports {
  readonly listeners: Listener[] = [];
  readonly flows: FlowTable;
  readonly wire = new Wire();
  maxTls: number;
  maxFlows: number;
  readonly webSockets: WsConnections;
  readonly sctp: SctpTransport;
  readonly foreign = new ForeignDatagrams();
  private readonly sourceLimits: SourceLimits;
  private readonly host: Host;
  private readonly events: TransportEvents;
  private readonly udp: UdpListener[] = [];
  private readonly tcp: TcpTransport;
  private readonly tls: TcpTransport;
  private noConnect: boolean;
  private readonly udpOptions: TransportLimits["udp"];
  private readonly sources = new Map<string, { readonly address: string | null; readonly until: number }>();

  constructor(host: Host, events: TransportEvents, limits: TransportLimits = {}) {
    this.host = host;
    this.events = events;
    this.maxFlows = limits.maxFlows ?? DEFAULT_FLOW_LIMITS.maxFlows;
    this.maxTls = limits.maxTls ?? DEFAULT_FLOW_LIMITS.maxFlows;
    this.noConnect = limits.noConnect === true;
    this.udpOptions = limits.udp;
    const { maxQueue, maxMessage } = limits;
    this.flows = new FlowTable(host.clock, { ...DEFAULT_FLOW_LIMITS, ...flowLimits(limits) });
    this.sourceLimits = new SourceLimits(limits.sources);
    const common: TcpOptions = {
      sources: this.sourceLimits,
      ...(events.onDrop === undefined ? {} : { onDrop: events.onDrop }),
      flows: this.flows,
      wire: this.wire,
      receive: events.receive,
      onClose: events.onClose,
      ...(events.onHttp === undefined ? {} : { onHttp: events.onHttp }),
      ...streamLimits(limits),
    };
    this.webSockets = new WsConnections({
      clock: host.clock,
      flows: this.flows,
      wire: this.wire,
      receive: events.receive,
      onClose: (flow) => events.onClose(flow, null),
      ...(events.onDrop === undefined ? {} : { onDrop: events.onDrop }),
      ...(maxMessage === undefined ? {} : { maxMessage }),
      ...(limits.tcp?.answerPings === undefined ? {} : { answerPings: limits.tcp.answerPings }),
    });
    this.sctp = new SctpTransport(host, {
      sources: this.sourceLimits,
      wire: this.wire,
      receive: events.receive,
      onClose: events.onClose,
      onError: events.onError,
      onDrop: (reason, from) => events.onDrop?.(reason, from),
      ...(maxQueue === undefined ? {} : { maxQueue }),
    });
    this.tcp = new TcpTransport(host, common);
    this.tls = new TcpTransport(host, {
      ...common,
      protocol: Transport.TLS,
      maxConnections: this.maxTls,
    });
  }

  /** Puts the limits of TCP and TLS in force anew; other rules stay as they were when the process began. */
  change(limits: TransportLimits): void {
    this.noConnect = limits.noConnect === true;
    this.maxFlows = limits.maxFlows ?? this.maxFlows;
    this.maxTls = limits.maxTls ?? this.maxTls;
    this.flows.change(flowLimits(limits));
    this.tcp.change(streamLimits(limits));
    this.tls.change({ ...streamLimits(limits), maxConnections: this.maxTls });
  }

  /** Begins to send IPv4 datagrams by raw sockets, or ends that with null. Whether all could. */
  sendRaw(raw: UdpListenOptions["raw"] | null): boolean {
    const all = this.udp.map((listener) => listener.sendRaw(raw)).every(Boolean);
    if (!all) for (const listener of this.udp) listener.sendRaw(null);
    return all;
  }

  /** Whether IPv4 datagrams go by raw sockets. */
  get sendsRaw(): boolean {
    return this.udp.some((listener) => listener.sendsRaw);
  }

  useTls(provider: TlsProvider): void {
    this.tls.tls = provider;
    this.flows.tlsSilence = () => provider.silence;
  }

  /** Opens a listener; rejects with HostError when it cannot be had. */
  async listen(protocol: number, options: ListenOptions): Promise<Listener> {
    if (protocol === Transport.UDP) {
      const listener = await listenUdp(this.host, {
        ...this.udpOptions,
        ...options,
        wire: this.wire,
        receive: this.events.receive,
        onError: this.events.onError,
      });
      this.udp.push(listener);
      this.listeners.push(listener);
      return listener;
    }
    const stream = protocol === Transport.SCTP ? this.sctp : protocol === Transport.TLS ? this.tls : this.tcp;
    const listener = await stream.listen(options);
    this.listeners.push(listener);
    return listener;
  }

  flowTo(
    protocol: number,
    address: string,
    port: number,
    from: Listener | null,
    forced = false,
    asker: object | null = null,
  ): Flow | null {
    if (isWebSocket(protocol)) return this.webSockets.find(protocol, address, port);
    const family = ipFamily(address);
    if (family === 0) return null;
    const remote: SocketAddress = { family, address, port };
    if (protocol === Transport.UDP) return this.udpFlow(remote, from);
    const listener = this.pick(protocol, family, from);
    if (protocol === Transport.SCTP) return listener === null ? null : this.sctp.flowTo(remote, listener, forced);
    if (protocol !== Transport.TCP && protocol !== Transport.TLS) return null;
    const open = this.flows.find(protocol, address, port, forced ? listener : null);
    if (open !== null) return open;
    if (listener === null || this.noConnect) return null;
    return (protocol === Transport.TLS ? this.tls : this.tcp).flowTo(remote, listener, forced, asker);
  }

  private udpFlow(remote: SocketAddress, from: Listener | null): Flow | null {
    for (const l of this.udp) if (l === from) return l.flowTo(remote) ?? this.firstUdp(remote);
    return this.firstUdp(remote);
  }

  private firstUdp(remote: SocketAddress): Flow | null {
    for (const l of this.udp) if (l.local.family === remote.family) return l.flowTo(remote);
    return null;
  }

  private pick(protocol: number, family: 4 | 6, from: Listener | null): Listener | null {
    if (from !== null && from.protocol === protocol && from.local.family === family) return from;
    for (const l of this.listeners) if (l.protocol === protocol && l.local.family === family) return l;
    return null;
  }

  routed(protocol: number, address: string, from: Listener | null): Listener | null {
    const source = this.sourceFor(address);
    if (source === null) return from;
    const fits = (l: Listener): boolean => l.protocol === protocol && l.local.address === source;
    return from !== null && fits(from) ? from : (this.listeners.find(fits) ?? from);
  }

  private sourceFor(address: string): string | null {
    const now = this.host.clock.mono();
    const known = this.sources.get(address);
    if (known !== undefined && known.until > now) return known.address;
    if (this.sources.size >= MAX_ROUTES) this.sources.clear();
    const found = this.host.network.sourceFor(address);
    this.sources.set(address, { address: found, until: now + ROUTE_TTL });
    return found;
  }

  /** Whether TLS is set up. */
  get hasTls(): boolean {
    return this.tls.tls !== null;
  }

  streams(): Iterable<StreamFlow> {
    return this.flows.all();
  }

  idleLeft(flow: StreamFlow): number {
    return this.flows.idleLeft(flow);
  }

  keepOpen(flow: Flow, time: number): void {
    const flows = flow.protocol === Transport.SCTP ? this.sctp.flows : this.flows;
    const own = flows.byId(flow.id);
    if (own !== null) flows.keep(own, time);
  }

  flowById(id: number): Flow | null {
    return this.flows.byId(id) ?? this.sctp.flows.byId(id);
  }

  openFlow(protocol: number, address: string, port: number, of: Listener | null = null): Flow | null {
    if (isWebSocket(protocol)) return this.webSockets.find(protocol, address, port);
    return (protocol === Transport.SCTP ? this.sctp.flows : this.flows).find(protocol, address, port, of);
  }

  alias(flow: Flow, port: number): boolean {
    const flows = flow.protocol === Transport.SCTP ? this.sctp.flows : this.flows;
    const own = flows.byId(flow.id);
    return own !== null && flows.addAlias(own, port);
  }

  connectionsBySource(): Iterable<readonly [string, number]> {
    return this.sourceLimits.counts();
  }

  /** Closes everything, connections in order. */
  close(): void {
    this.flows.closeAll(); // first: a WebSocket still says goodbye
    this.sctp.flows.closeAll();
    this.foreign.close();
    for (const l of this.listeners) l.close();
    this.listeners.length = 0;
    this.udp.length = 0;
  }
}

function flowLimits({ maxFlows, idleTimeout }: TransportLimits): Partial<FlowLimits> {
  return {
    ...(maxFlows === undefined ? {} : { maxFlows }),
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
  };
}

function streamLimits({ maxMessage, acceptNoLength, connectTimeout, maxQueue, tcp }: TransportLimits) {
  return {
    limits: {
      ...DEFAULT_LIMITS,
      ...(maxMessage === undefined ? {} : { maxMessage }),
      ...(acceptNoLength === undefined ? {} : { acceptNoLength }),
    },
    ...(connectTimeout === undefined ? {} : { connectTimeout }),
    ...(maxQueue === undefined ? {} : { maxQueue }),
    ...(tcp === undefined ? {} : { rules: tcp }),
  };
}
