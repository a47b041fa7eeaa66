// SIP over TCP: listeners, and connections as flows, opened on demand and used again.
import { type Host, HostError, type TcpListener as HostListener, type SocketAddress } from "../host/host.ts";
import { Transport } from "../sip/transports.ts";
import { canonicalIp } from "../util/ip.ts";
import { type Flow, type Listener, ListenerBase, type ListenOptions, type Receive } from "./flow.ts";
import type { FlowTable, StreamFlow } from "./flows.ts";
import { DEFAULT_LIMITS, type FrameLimits } from "./frame-rules.ts";
import { TcpFlow } from "./tcp-flow.ts";

/** What TCP is given: where messages go and what the limits are. */
export interface TcpOptions {
  readonly flows: FlowTable;
  readonly receive: Receive;
  /** A flow has gone, whoever closed it; called once for each, also for one that never connected. */
  readonly onClose?: (flow: Flow, error: HostError | null) => void;
  /** A whole HTTP request. Without it HTTP is answered with 404 and a close. */
  readonly onHttp?: (buf: Uint8Array, start: number, end: number, flow: Flow, upgrade: boolean) => void;
  readonly limits?: FrameLimits;
  /** Bytes one connection may queue for sending. */
  readonly maxQueue?: number;
  /** Milliseconds an attempt to connect may take; 10 s is Kamailio's tcp_connect_timeout. */
  readonly connectTimeout?: number;
}

const MAX_QUEUE = 1 << 20;
const CONNECT_TIMEOUT = 10_000;

/** All that is TCP: call `listen` for each address, `flowTo` to reach a peer. */
export class TcpTransport {
  readonly host: Host;
  readonly flows: FlowTable;
  readonly receive: Receive;
  readonly onHttp: TcpOptions["onHttp"] | null;
  readonly limits: FrameLimits;
  readonly maxQueue: number;
  readonly #onClose: (flow: Flow, error: HostError | null) => void;
  readonly #connectTimeout: number;
  /** Streams ended because of what the peer sent, by FrameError. */
  readonly frameErrors = new Map<number, number>();

  constructor(host: Host, options: TcpOptions) {
    this.host = host;
    this.flows = options.flows;
    this.receive = options.receive;
    this.onHttp = options.onHttp ?? null;
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.maxQueue = options.maxQueue ?? MAX_QUEUE;
    this.#onClose = options.onClose ?? (() => {});
    this.#connectTimeout = options.connectTimeout ?? CONNECT_TIMEOUT;
  }

  /** Opens a listening port; rejects with HostError when it cannot be had. */
  async listen(options: ListenOptions): Promise<TcpListener> {
    let listener: TcpListener | null = null;
    const socket = await this.host.network.listenTcp({
      local: options.local,
      maxQueue: this.maxQueue,
      onConnection: (connection) => {
        if (listener === null || !this.flows.hasRoom()) return null;
        const flow = new TcpFlow(this, listener, connection.local, connection.remote);
        flow.accepted(connection);
        this.flows.add(flow);
        return flow;
      },
    });
    listener = new TcpListener(socket, options);
    return listener;
  }

  /**
   * The flow to an address: one that is open, else a new one that connects while it queues what is sent. Its messages name
   * `listener` as ours; with `forced` one that is open counts only when it does so too. Null when there are too many flows or the listener is of another family.
   */
  flowTo(to: SocketAddress, listener: Listener, forced = false): StreamFlow | null {
    // IPv6 can be spelled in many ways; the table knows one.
    const remote = to.family === 6 ? { ...to, address: canonicalIp(to.address) ?? to.address } : to;
    const open = this.flows.find(Transport.TCP, remote.address, remote.port, forced ? listener : null);
    if (open !== null) return open;
    if (remote.family !== listener.local.family || remote.port === 0 || !this.flows.hasRoom()) return null;
    const flow = new TcpFlow(this, listener, listener.local, remote);
    this.flows.add(flow);
    flow.connecting();
    const { address } = listener.local;
    const any = address === "0.0.0.0" || address === "::";
    this.host.network
      .connectTcp({
        remote,
        ...(any ? {} : { localAddress: address }),
        timeout: this.#connectTimeout,
        handlers: flow,
        maxQueue: this.maxQueue,
      })
      .then(
        (connection) => flow.connected(connection),
        (error: unknown) => flow.fail(error instanceof HostError ? error : new HostError("EIO", String(error))),
      );
    return flow;
  }

  /** Called by each flow once when it has gone. */
  gone(flow: TcpFlow, error: HostError | null): void {
    this.flows.remove(flow);
    this.#onClose(flow, error);
  }

  countFrameError(code: number): void {
    this.frameErrors.set(code, (this.frameErrors.get(code) ?? 0) + 1);
  }
}

/** A listening TCP port. */
export class TcpListener extends ListenerBase implements Listener {
  readonly #socket: HostListener;

  constructor(socket: HostListener, options: ListenOptions) {
    super(Transport.TCP, socket.local, options);
    this.#socket = socket;
  }

  close(): void {
    this.#socket.close();
  }
}
