// Module db_postgres: PostgreSQL is chosen by a db_url; the module sets how its connections behave.

import { ArgError } from "../registry/args.ts";
import { ConfigError, defineModule, intParam, parsedParam } from "../registry/define.ts";
import { own } from "../util/own.ts";

/** What is understood of con_param. */
interface ConnectionParams {
  readonly connectTimeout: number;
  readonly sslMode: "off" | "require" | "verify";
  readonly applicationName: string;
  readonly ignored: readonly string[];
}

const NONE: ConnectionParams = { connectTimeout: 0, sslMode: "off", applicationName: "portico", ignored: [] };

const SSL_MODES: Readonly<Record<string, ConnectionParams["sslMode"]>> = {
  disable: "off",
  allow: "off",
  prefer: "off",
  require: "require",
  "verify-ca": "verify",
  "verify-full": "verify",
};

/** "name=value;name=value" with libpq's names. */
function connectionParams(text: string): ConnectionParams | ArgError {
  let found = NONE;
  for (const part of text.split(/[;\s]+/)) {
    if (part === "") continue;
    const [name = "", value = ""] = part.split("=", 2);
    if (value === "") return new ArgError(`"${name}" has no value`, "write name=value;name=value");
    if (name === "connect_timeout") {
      if (!/^\d{1,4}$/.test(value)) return new ArgError("connect_timeout is a number of seconds");
      found = { ...found, connectTimeout: Number(value) };
    } else if (name === "sslmode") {
      const sslMode = own(SSL_MODES, value);
      if (sslMode === undefined)
        return new ArgError(`"${value}" is no sslmode`, `there are ${Object.keys(SSL_MODES).join(", ")}`);
      found = { ...found, sslMode };
    } else if (name === "application_name") found = { ...found, applicationName: value };
    else found = { ...found, ignored: [...found.ignored, name] };
  }
  return found;
}

const params = {
  retries: intParam(2, "How often a statement is given again when its connection was lost."),
  timeout: intParam(
    0,
    "Seconds that a connection or a statement may take; 0 means 10 here, for nothing waits for ever.",
  ),
  tcp_keepalive: intParam(0, "Seconds of silence after which the system asks whether the server is there; 0 never."),
  con_param: parsedParam<ConnectionParams>(
    NONE,
    "connect_timeout, sslmode and application_name as name=value;name=value.",
    connectionParams,
  ),
  lockset: intParam(4, "Size of a set of locks, as an exponent of two.", {
    effect: "there are no locks between processes here",
  }),
  bytea_output_escape: intParam(1, "Whether bytea columns are read as escaped texts.", {
    effect: "they are read whichever way they are written",
  }),
};

/** Kamailio's module db_postgres. */
export const dbPostgres = defineModule({
  name: "db_postgres",
  doc: "PostgreSQL databases (db_url postgres://user:password@host:port/database), by connections that never block.",
  params,
  state: () => null,
  configure: (_, p) => {
    if (p.timeout < 0 || p.timeout > 600) throw new ConfigError("must be from 0 to 600", "timeout");
    if (p.retries < 0 || p.retries > 100) throw new ConfigError("must be from 0 to 100", "retries");
    return p;
  },
  start: (p, { networkDatabases, log }) => {
    const limits = networkDatabases.limits("postgres");
    limits.timeout = (p.timeout || 10) * 1000;
    limits.connectTimeout = p.con_param.connectTimeout > 0 ? p.con_param.connectTimeout * 1000 : limits.timeout;
    limits.retries = p.retries;
    networkDatabases.postgres.keepAlive = Math.max(0, p.tcp_keepalive);
    networkDatabases.postgres.sslMode = p.con_param.sslMode;
    networkDatabases.postgres.applicationName = p.con_param.applicationName;
    if (p.con_param.ignored.length > 0) log.warn(`con_param: ${p.con_param.ignored.join(", ")} have no effect`);
  },
});
