// What TLS needs beyond TCP: whose certificates are shown and believed. Module tls gives it.

import type { SocketAddress } from "../host/host.ts";
import type { TlsAcceptor, TlsDialer } from "../host/tls.ts";
import type { Flow } from "./flow.ts";

/** How this process speaks TLS. */
export interface TlsProvider {
  readonly acceptor: TlsAcceptor;
  /** How it is spoken on a connection to that address, from one of ours; `asker`: whose message opens it, as given to flowTo. */
  dialer(remote: SocketAddress, local: SocketAddress, asker: object | null): TlsDialer;
  /** Milliseconds after which a connection is closed over which nothing came since its handshake. */
  readonly silence: number;
  /** A connection was accepted, its handshake being done. */
  accepted(flow: Flow): void;
  /** Whether a connection that we have opened may be used, now that it is there. */
  mayUse(flow: Flow): boolean;
}
