// UDP listeners: one socket each, and one Flow object for each peer, kept on the peer itself.
import type { Host, HostError, SocketAddress, UdpMarks, UdpPeer, UdpSocket, UdpStats } from "../host/host.ts";
import { Transport } from "../sip/transports.ts";
import {
  type Flow,
  FlowStage,
  type Listener,
  ListenerBase,
  type ListenOptions,
  nextFlowId,
  type Receive,
} from "./flow.ts";
import { Wire } from "./wire.ts";

/** What a UDP listener is asked for. */
export interface UdpListenOptions extends ListenOptions {
  readonly receive: Receive;
  /** The system says that something sent to that flow did not get there. */
  readonly onError?: (flow: Flow | null, error: HostError) => void;
  /** SO_RCVBUF and SO_SNDBUF in bytes. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
  readonly marks?: UdpMarks;
  /** Send IPv4 by a raw socket where that is permitted. */
  readonly raw?: { readonly mtu: number; readonly ttl: number };
  /** Have onError called for ICMP errors too, where the system tells. */
  readonly icmp?: boolean;
  readonly wire?: Wire;
}

/** Opens a UDP socket; rejects with HostError when it cannot be had. */
export async function listenUdp(host: Host, options: UdpListenOptions): Promise<UdpListener> {
  const { receive, onError, receiveBuffer, sendBuffer, marks, raw, joinOn } = options;
  let listener: UdpListener | null = null;
  const socket = await host.network.bindUdp({
    local: options.local,
    onMessage(buf, start, end, peer) {
      // A datagram can come before the promise of the socket has been seen; it is lost like one that came a little earlier.
      if (listener !== null) receive(buf, start, end, flowOf(listener, peer));
    },
    onError(peer, error) {
      if (listener !== null) onError?.(peer === null ? null : flowOf(listener, peer), error);
    },
    ...(options.icmp === true ? { icmp: true } : {}),
    ...(receiveBuffer === undefined ? {} : { receiveBuffer }),
    ...(sendBuffer === undefined ? {} : { sendBuffer }),
    ...(raw === undefined ? {} : { raw }),
    ...(marks === undefined && joinOn === undefined
      ? {}
      : { marks: { ...marks, ...(joinOn === undefined ? {} : { joinOn }) } }),
  });
  listener = new UdpListener(socket, options, options.wire);
  return listener;
}

/** A UDP socket that we listen on and send from. */
export class UdpListener extends ListenerBase implements Listener {
  readonly socket: UdpSocket;
  readonly wire: Wire;
  open = true;

  constructor(socket: UdpSocket, options: ListenOptions, wire = new Wire()) {
    super(Transport.UDP, socket.local, options);
    this.socket = socket;
    this.wire = wire;
  }

  get sendsRaw(): boolean {
    return this.socket.sendsRaw === true;
  }

  /** Begins to send IPv4 by a raw socket, or ends that with null; whether it could. */
  sendRaw(raw: UdpListenOptions["raw"] | null): boolean {
    return this.local.family === 6 || (this.socket.sendRaw?.(raw) ?? raw === null);
  }

  get stats(): UdpStats {
    return this.socket.stats;
  }

  /** The flow to that address, or null when it is of another family or no numeric address. */
  flowTo(remote: SocketAddress): Flow | null {
    if (!this.open || remote.port === 0) return null;
    const peer = this.socket.peer(remote);
    return peer === null ? null : flowOf(this, peer);
  }

  close(): void {
    this.open = false;
    this.socket.close();
  }
}

function flowOf(listener: UdpListener, peer: UdpPeer): Flow {
  const known = peer.attachment as UdpFlow | null;
  if (known !== null) return known;
  const flow = new UdpFlow(listener, peer);
  peer.attachment = flow;
  return flow;
}

class UdpFlow implements Flow {
  readonly protocol: number = Transport.UDP;
  readonly reliable = false;
  readonly settling = null;
  readonly dialled = true;
  readonly stage = FlowStage.CONNECTED;
  readonly id = nextFlowId();
  readonly listener: UdpListener;
  readonly remote: SocketAddress;
  private readonly peer: UdpPeer;

  constructor(listener: UdpListener, peer: UdpPeer) {
    this.listener = listener;
    this.remote = peer.remote;
    this.peer = peer;
  }

  get local(): SocketAddress {
    return this.listener.local;
  }

  get open(): boolean {
    return this.listener.open;
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    const { listener } = this;
    if (!listener.open) return false;
    const other = listener.wire.outgoing?.(buf, start, end, this) ?? null;
    if (other === null) listener.socket.send(this.peer, buf, start, end);
    else listener.socket.send(this.peer, other, 0, other.length);
    return true;
  }

  /** Nothing to close: the next datagram needs no beginning. */
  close(): void {}
  finish(): void {}
}
