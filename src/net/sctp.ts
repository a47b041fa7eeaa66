// SIP over SCTP (RFC 4168): one socket for each listener, associations as flows, opened on demand and used again. A message of SCTP is a
// message of SIP, so nothing is framed.
import type { Host, HostError, SocketAddress } from "../host/host.ts";
import type { SctpAssociation, SctpSettings, SctpSocket } from "../host/sctp.ts";
import { Transport } from "../sip/transports.ts";
import { canonicalIp } from "../util/ip.ts";
import { type Flow, type Listener, ListenerBase, type ListenOptions, type Receive } from "./flow.ts";
import { FlowTable } from "./flows.ts";
import { SctpFlow } from "./sctp-flow.ts";
import { Refused, type SourceLimits } from "./source-limits.ts";

/** What the configuration says, besides the settings of sockets. */
export interface SctpRules {
  /** Times a message that the system gave up is sent again over a new association (sctp_send_retries). */
  readonly sendRetries: number;
  /** Whether replies go by the association that the request came by (sctp_assoc_reuse), if associations are followed (sctp_assoc_tracking). */
  readonly reuse: boolean;
  readonly tracking: boolean;
  /** The most associations; below zero: as many as we can hold (sctp_max_assocs). */
  readonly maxAssociations: number;
}

export const SCTP_RULES: SctpRules = { sendRetries: 0, reuse: true, tracking: true, maxAssociations: -1 };

/** sctp_autoclose and sctp_send_ttl have defaults of their own in Kamailio, whatever the system's are. */
export const SCTP_SETTINGS: SctpSettings = { autoclose: 180, send_ttl: 32_000 };

/** What SCTP is given. */
export interface SctpTransportOptions {
  readonly receive: Receive;
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
  readonly receive: Receive;
  readonly maxQueue: number;
  readonly listeners: SctpListener[] = [];
  readonly flows: FlowTable;
  rules: SctpRules = SCTP_RULES;
  settings: SctpSettings = SCTP_SETTINGS;
  /** Whether it is to be had where no protocol is named (module sctp, or enable_sctp=1). */
  wanted = false;
  /** Associations that are there, and those that we open. */
  opened = 0;
  readonly #options: SctpTransportOptions;

  constructor(host: Host, options: SctpTransportOptions) {
    this.host = host;
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
      settings: this.settings,
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
    this.#add(flow);
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
    // without tracking nobody knows how many there are before it is opened
    if (!this.hasRoom()) return null;
    const flow = new SctpFlow(this, own, remote, true);
    if (!flow.connect()) return null;
    this.#add(flow);
    return flow;
  }

  #add(flow: SctpFlow): void {
    this.opened++;
    this.flows.add(flow);
  }

  /** Whether one more association may be there. */
  hasRoom(): boolean {
    const { maxAssociations } = this.rules;
    return (maxAssociations < 0 || this.flows.size < maxAssociations) && this.flows.hasRoom();
  }

  /** Changes settings of all sockets, mostly for associations that begin later; the first error. */
  change(settings: SctpSettings): HostError | null {
    this.settings = { ...this.settings, ...settings };
    let failed: HostError | null = null;
    for (const { socket } of this.listeners) failed ??= socket.change(settings);
    return failed;
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
