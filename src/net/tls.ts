// What TLS needs beyond TCP: whose certificates are shown and believed. Module tls gives it.

import type { SocketAddress } from "../host/host.ts";
import type { TlsAcceptor, TlsDialer } from "../host/tls.ts";

/** How this process speaks TLS. */
export interface TlsProvider {
  readonly acceptor: TlsAcceptor;
  /** How it is spoken on a connection to that address, from one of ours. */
  dialer(remote: SocketAddress, local: SocketAddress): TlsDialer;
}
