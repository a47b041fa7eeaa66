// SIP over SCTP (RFC 4168): one socket for each listener, associations as flows, opened on demand and used again. A message of SCTP is a
// message of SIP, so nothing is framed.
import type { Host, HostError, SocketAddress } from "../host/host.ts";
import { SCTP_DEFAULTS, type SctpAssociation, type SctpSettings, type SctpSocket } from "../host/sctp.ts";
import { Transport } from "../sip/transports.ts";
import { canonicalIp } from "../util/ip.ts";
import { type Flow, type Listener, ListenerBase, type ListenOptions, type Receive } from "./flow.ts";
import { FlowTable } from "./flows.ts";
import { SctpFlow } from "./sctp-flow.ts";
import { isRule, ruleProblem, SCTP_RULES, SCTP_SETTINGS, type SctpParameter, type SctpRules } from "./sctp-rules.ts";
import { Refused, type SourceLimits } from "./source-limits.ts";
import { Wire } from "./wire.ts";

/** What SCTP is given. */
export interface SctpTransportOptions {
  readonly receive: Receive;
  readonly wire?: Wire;
  readonly onClose: (flow: Flow, error: HostError | null) => void;
  /** A message to that flow was given up by the system, though the association is there. */
  readonly onError: (flow: Flow, error: HostError) => void;
  readonly onDrop: (reason: string, from: SocketAddress) => void;
  readonly sources: SourceLimits;
  /** Bytes one association may queue for sending. */
  readonly maxQueue?: number;
}

/** As many associations as there can be without sctp_max_assocs. */
const MOST = 65_536;
const MAX_MESSAGE = 65_535;
const MAX_QUEUE = 1 << 20;

/** All that is SCTP: call `listen` for each address, `flowTo` to reach a peer. */
export class SctpTransport {
  readonly host: Host;
  readonly wire: Wire;
  readonly receive: Receive;
  readonly maxQueue: number;
  readonly listeners: SctpListener[] = [];
  readonly flows: FlowTable;
  readonly rules: SctpRules = { ...SCTP_RULES };
  #settings: SctpSettings = SCTP_SETTINGS;
  /** Whether it is to be had where no protocol is named (module sctp, or enable_sctp=1). */
  wanted = false;
  /** Associations there have been, those that could not be opened not counted. */
  total = 0;
  readonly #options: SctpTransportOptions;

  constructor(host: Host, options: SctpTransportOptions) {
    this.host = host;
    this.wire = options.wire ?? new Wire();
    this.receive = options.receive;
    this.maxQueue = options.maxQueue ?? MAX_QUEUE;
    this.#options = options;
    // the system closes idle associations itself
    const limits = { maxFlows: MOST, idleTimeout: Number.POSITIVE_INFINITY, messageTimeout: Number.POSITIVE_INFINITY };
    this.flows = new FlowTable(host.clock, limits);
  }

  /** Opens a listening port; rejects with HostError when it cannot be had. */
  async listen(options: ListenOptions): Promise<SctpListener> {
    const socket = await this.host.network.bindSctp({
      local: options.local,
      settings: this.#settings,
      maxMessage: MAX_MESSAGE,
      maxQueue: this.maxQueue,
      onOpen: (association) => this.#opened(listener, association),
      onMessage: (buf, start, end, association) =>
        (association.attachment as SctpFlow | null)?.onMessage(buf, start, end),
      onUnsent: (association, message, mark) => (association.attachment as SctpFlow | null)?.onUnsent(message, mark),
      onClose: (association, error) => (association.attachment as SctpFlow | null)?.onClose(error),
    });
    const listener = new SctpListener(socket, options);
    this.listeners.push(listener);
    return listener;
  }

  // Whether an association is welcome.
  #opened(listener: SctpListener, association: SctpAssociation): boolean {
    const known = association.attachment as SctpFlow | null;
    if (known !== null) {
      this.total++;
      known.onOpen();
      return true;
    }
    const { remote } = association;
    const now = this.host.clock.mono();
    let reason = this.#options.sources.refuses(remote.address, now);
    if (reason === null && !this.hasRoom()) reason = Refused.FULL;
    if (reason !== null) {
      this.#options.onDrop(reason, remote);
      return false;
    }
    const flow = new SctpFlow(this, listener, remote, false);
    flow.accepted(association);
    this.total++;
    this.flows.add(flow);
    this.#options.sources.add(flow);
    return true;
  }

  /**
   * The flow to an address: one that is there, else one that is opened by what is sent. With `forced` one that is there counts only when
   * it is of that listener. Null when there are too many, or the listener is of another family.
   */
  flowTo(to: SocketAddress, listener: Listener, forced = false): Flow | null {
    const remote = to.family === 6 ? { ...to, address: canonicalIp(to.address) ?? to.address } : to;
    const there = this.flows.find(Transport.SCTP, remote.address, remote.port, forced ? listener : null);
    if (there !== null) return there;
    const own = this.listeners.find((l) => l === listener);
    if (own === undefined || remote.port === 0 || remote.family !== own.local.family) return null;
    if (!this.hasRoom()) return null;
    const flow = new SctpFlow(this, own, remote, true);
    if (!flow.connect()) return null;
    this.flows.add(flow);
    return flow;
  }

  /** Whether one more association may be there. */
  hasRoom(): boolean {
    const { max_assocs } = this.rules;
    return (max_assocs < 0 || this.flows.size < max_assocs) && this.flows.hasRoom();
  }

  /** Parameters as the configuration gives them; without tracking nothing is reused. */
  configure(given: ReadonlyMap<SctpParameter, number>): void {
    if (given.get("assoc_tracking") === 0) this.set("assoc_reuse", 0);
    for (const [name, value] of given) this.set(name, value);
  }

  /** Gives a parameter another value; settings of sockets hold mostly for associations that begin later. The error when it cannot be. */
  set(name: SctpParameter, value: number): HostError | null {
    if (isRule(name)) {
      const problem = ruleProblem(this.rules, name, value);
      if (problem === null) this.rules[name] = value;
      return problem;
    }
    for (const { socket } of this.listeners) {
      const failed = socket.change({ [name]: value });
      if (failed !== null) return failed;
    }
    this.#settings = { ...this.#settings, [name]: value };
    return null;
  }

  /** The parameters in force; those of sockets as the one of that listener has them, else the first. */
  values(listener: SctpListener | undefined = this.listeners[0]): Record<SctpParameter, number> {
    const settings = listener?.socket.settings() ?? { ...SCTP_DEFAULTS, ...this.#settings };
    return { ...settings, ...this.rules };
  }

  /** Called by each flow once when it has gone. */
  gone(flow: SctpFlow, error: HostError | null): void {
    this.flows.remove(flow);
    this.#options.sources.remove(flow);
    this.#options.onClose(flow, error);
  }

  /** Called by a flow some of whose messages the system has given up. */
  unsent(flow: SctpFlow, error: HostError): void {
    this.#options.onError(flow, error);
  }
}

/** A listening port of SCTP. */
export class SctpListener extends ListenerBase implements Listener {
  readonly socket: SctpSocket;
  open = true;

  constructor(socket: SctpSocket, options: ListenOptions) {
    super(Transport.SCTP, socket.local, options);
    this.socket = socket;
  }

  close(): void {
    this.open = false;
    this.socket.close();
  }
}
