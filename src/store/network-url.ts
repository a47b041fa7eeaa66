// Kamailio's URLs of MySQL and PostgreSQL databases: `mysql://user:password@host:port/database`. Nothing is percent-decoded, as there.

import { StoreError } from "./database.ts";

/** Which server program. */
export type NetworkKind = "mysql" | "postgres";

/** Where a database is and as whom to enter. */
export interface NetworkTarget {
  readonly kind: NetworkKind;
  readonly user: string;
  readonly password: string;
  readonly host: string;
  /** 0 when the URL names none. */
  readonly port: number;
  readonly database: string;
  /** What may stand in a log: never user or password. */
  readonly name: string;
}

const KINDS: Readonly<Record<string, NetworkKind>> = { mysql: "mysql", postgres: "postgres", postgresql: "postgres" };

/** The port of a kind of server when the URL names none. */
export const DEFAULT_PORTS: Readonly<Record<NetworkKind, number>> = { mysql: 3306, postgres: 5432 };

/** Reads a URL; null when it is of another kind. Throws StoreError, whose message does not show the URL. */
export function parseNetworkUrl(url: string): NetworkTarget | null {
  const scheme = /^([a-z]+):\/\//i.exec(url);
  const kind = scheme === null ? undefined : KINDS[scheme[1]!.toLowerCase()];
  if (scheme === null || kind === undefined) return null;
  const rest = url.slice(scheme[0].length);
  const at = rest.lastIndexOf("@"); // a password may hold one
  const login = at < 0 ? "" : rest.slice(0, at);
  const colon = login.indexOf(":");
  const user = colon < 0 ? login : login.slice(0, colon);
  const password = colon < 0 ? "" : login.slice(colon + 1);
  const where = /^(\[[^\]]*\]|[^:/[\]]*)(?::(\d{1,5}))?\/([^/?]+)$/.exec(rest.slice(at + 1));
  if (where === null)
    throw new StoreError(
      "ERR_DB_URL",
      `a ${kind} URL is ${kind}://user:password@host[:port]/database; this one is not`,
    );
  const host = where[1]!.replace(/^\[|\]$/g, "");
  if (where[1] !== host && !host.includes(":"))
    throw new StoreError(
      "ERR_DB_URL",
      `the group [${host}] of my.cnf is not read: name host, user and password in the URL`,
    );
  const port = Number(where[2] ?? 0);
  if (port > 65535) throw new StoreError("ERR_DB_URL", `a ${kind} URL names the port ${port}, which there is not`);
  const database = where[3]!;
  const shown = `${where[1] === "" ? "localhost" : where[1]}:${port || DEFAULT_PORTS[kind]}`;
  return {
    kind,
    user,
    password,
    host: host === "" ? "localhost" : host,
    port,
    database,
    name: `${kind} database ${database} on ${shown}`,
  };
}
