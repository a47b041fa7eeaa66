// Datagrams in the name of addresses that are not ours: for modules that ping in the place of another server. They take a raw socket, which is opened
// with the others, while the process still may.

import type { Network, RawUdp, SocketAddress } from "../host/host.ts";

/** The raw socket of one process. */
export class ForeignDatagrams {
  /** Whether somebody will send such; set before listeners are opened. */
  wanted = false;
  private socket: RawUdp | null = null;

  /** Opens the socket where one is wanted; false when there is none though one is wanted. */
  open(network: Network): boolean {
    if (this.wanted) this.socket ??= network.openRawUdp();
    return !this.wanted || this.socket !== null;
  }

  /** Sends all of `bytes` from one numeric IPv4 address to another; false when that cannot be. */
  send(from: SocketAddress, to: SocketAddress, bytes: Uint8Array): boolean {
    return this.socket?.send(from, to, bytes, 0, bytes.length) === true;
  }

  close(): void {
    this.socket?.close();
    this.socket = null;
  }
}
