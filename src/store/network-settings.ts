// What modules db_mysql and db_postgres set for the databases of their kind; one object a process, read when connections are opened.

import type { NetworkKind } from "./network-url.ts";
import type { PoolLimits } from "./pool.ts";

export interface MysqlSettings {
  /** mysql_ssl_mode of MySQL's client: 0 and 1 no TLS, 3 and above TLS, 4 with the certificate checked, 5 and the name. */
  sslMode: number;
  /** Certificates of the authorities to trust, PEM; "" those that the runtime trusts. */
  authorities: string;
}

export interface PostgresSettings {
  sslMode: "off" | "require" | "verify";
  /** Seconds without traffic before the system asks whether the peer is there; 0 never. */
  keepAlive: number;
  applicationName: string;
}

/** The most connections to one database, and the most statements that wait for one. */
const CONNECTIONS = 10;
const WAITING = 5000;

/** Settings of network databases with Kamailio's defaults; PostgreSQL's timeout is 0 (none) there, but here nothing waits for ever. */
export class NetworkSettings {
  readonly mysql: MysqlSettings = { sslMode: 0, authorities: "" };
  readonly postgres: PostgresSettings = { sslMode: "off", keepAlive: 0, applicationName: "portico" };
  private readonly byKind: Readonly<Record<NetworkKind, PoolLimits>> = {
    mysql: limitsOf(6000, 300_000),
    postgres: limitsOf(10_000, 0),
  };

  /** The bounds of connections of a kind; may be changed. */
  limits(kind: NetworkKind): PoolLimits {
    return this.byKind[kind];
  }
}

function limitsOf(timeout: number, ping: number): PoolLimits {
  return {
    connections: CONNECTIONS,
    waiting: WAITING,
    timeout,
    connectTimeout: timeout,
    retries: 2,
    reconnect: true,
    ping,
  };
}
