// A flow is a way to one far end: a UDP peer of one socket, or one stream connection. All above sends by flows.
import type { SocketAddress } from "../host/host.ts";
import type { TlsInfo } from "../host/tls.ts";
import { transportName } from "../sip/transports.ts";

/** A socket that we listen on, as messages and configuration show it. */
export interface Listener {
  /** A `Transport` number (sip/transports.ts). */
  readonly protocol: number;
  /** What the socket is bound to; the port is the real one. */
  readonly local: SocketAddress;
  /** What Via and Record-Route show in place of the address; null: the address itself. IPv6 without brackets. */
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
  /** As the configuration spells it: "udp:127.0.0.1:5060". */
  readonly name: string;
  /** The name that `listen … name "x"` gives it; null without one. */
  readonly socketName: string | null;
  /** The address as it stands in messages ("127.0.0.1", "[::1]"), and the port. */
  readonly addressText: string;
  readonly portText: string;
  /** Stops listening. Connections accepted by it are closed in order. */
  close(): void;
}

/** One way to one far end. */
export interface Flow {
  /** A `Transport` number. */
  readonly protocol: number;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** Never 0, never used twice in one process. */
  readonly id: number;
  /** Whether what is sent arrives, in order, unless the flow closes. */
  readonly reliable: boolean;
  /** The socket that messages over this flow name as ours. */
  readonly listener: Listener;
  /** False when it has closed for good; one that still connects is open. */
  readonly open: boolean;
  /**
   * While a connection that we open is young: settled when it is there, when it has failed (`open` is false then), or when that takes
   * longer than a moment. Null otherwise, and always for datagrams.
   */
  readonly settling: Promise<void> | null;
  /** Whether it can be opened again from here, since it was us who opened it: a peer's end of its own connection listens to nobody. */
  readonly dialled: boolean;
  /** What TLS has agreed on; null, or not there, without it and before it is connected. */
  readonly tls?: TlsInfo | null;
  /** Whether replies to what comes by it go to the address in their Via all the same (sctp_assoc_reuse=0). */
  readonly repliesElsewhere?: boolean;
  /** How far it got, for those who wait for something over it when it goes. */
  readonly stage: FlowStage;
  /** Queues a copy of buf[start,end); false when the flow is closed or its queue is full. */
  send(buf: Uint8Array, start: number, end: number): boolean;
  close(): void;
  /**
   * Nothing more will be sent by it: what is queued goes out, even when it still connects, then our side is closed. What the far end
   * still says is received until it closes its side too, for a few seconds. Nothing happens to datagrams.
   */
  finish(): void;
}

/** How far a flow got. FINISHED: its connection was there, and it was us who said that no more would follow (`finish`). */
export const FlowStage = { CONNECTING: 0, CONNECTED: 1, FINISHED: 2 } as const;
export type FlowStage = (typeof FlowStage)[keyof typeof FlowStage];

/** Receives each message: whole for stream flows, one datagram for others. Valid only during the call; must not throw. */
export type Receive = (buf: Uint8Array, start: number, end: number, flow: Flow) => void;

/** What a listener is asked for. */
export interface ListenOptions {
  /** Port 0: one that the system gives. */
  readonly local: SocketAddress;
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  readonly socketName?: string;
  /** UDP on a multicast address: the address of the interface that joins the group. */
  readonly joinOn?: string;
}

let lastId = 0;

/** A new flow id. */
export function nextFlowId(): number {
  return ++lastId;
}

/** What all listeners have in common; `local` is what the socket was really bound to. */
export class ListenerBase {
  readonly protocol: number;
  readonly local: SocketAddress;
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
  readonly addressText: string;
  readonly portText: string;
  readonly name: string;
  readonly socketName: string | null;

  constructor(protocol: number, local: SocketAddress, options: ListenOptions) {
    this.protocol = protocol;
    this.local = local;
    this.advertisedHost = options.advertisedHost ?? null;
    this.advertisedPort = options.advertisedPort ?? null;
    this.socketName = options.socketName ?? null;
    this.addressText = local.family === 6 ? `[${local.address}]` : local.address;
    this.portText = String(local.port);
    this.name = `${transportName(protocol).toLowerCase()}:${this.addressText}:${local.port}`;
  }
}
