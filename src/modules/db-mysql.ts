// Module db_mysql: MySQL and MariaDB are chosen by a db_url; the module sets how their connections behave.

import { ConfigError, defineModule, intParam, strParam } from "../registry/define.ts";
import { textOf } from "../util/bytes.ts";

const params = {
  ping_interval: intParam(300, "Seconds without use after which a connection is asked whether it still is one."),
  timeout_interval: intParam(2, "A third of the seconds that a connection or a statement may take."),
  auto_reconnect: intParam(1, "Whether lost connections are opened again."),
  opt_ssl_mode: intParam(0, "0, 1 and 2 no TLS, 3 TLS, 4 with the certificate checked, 5 and the server's name."),
  server_timezone: intParam(0, "Whether times are those of the server's zone.", {
    effect: "times are written in local time",
  }),
  insert_delayed: intParam(0, "Whether INSERT DELAYED is used.", {
    effect: "MySQL has it no more, and nothing here waits in the loop",
  }),
  update_affected_found: intParam(0, "Whether an update counts rows that it matched, not those that it changed.", {
    effect: "it always does",
  }),
  opt_ssl_ca: strParam("", "File with certificates of authorities to trust in place of those that the runtime trusts."),
};

/** Kamailio's module db_mysql. */
export const dbMysql = defineModule({
  name: "db_mysql",
  doc: "MySQL and MariaDB databases (db_url mysql://user:password@host:port/database), by connections that never block.",
  params,
  state: () => null,
  configure: (_, p) => {
    if (p.timeout_interval < 1 || p.timeout_interval > 600)
      throw new ConfigError("must be a number of seconds from 1 to 600", "timeout_interval");
    if (p.ping_interval < 0) throw new ConfigError("must not be negative", "ping_interval");
    return p;
  },
  start: (p, { networkDatabases, log, host, proxy }) => {
    const limits = networkDatabases.limits("mysql");
    limits.timeout = p.timeout_interval * 3000; // it counts three times, as its documentation says
    limits.connectTimeout = limits.timeout;
    limits.ping = p.ping_interval * 1000;
    limits.reconnect = p.auto_reconnect !== 0;
    networkDatabases.mysql.sslMode = p.opt_ssl_mode;
    if (p.opt_ssl_ca !== "") {
      const bytes = host.files.read(host.files.resolve(proxy.places.config, p.opt_ssl_ca));
      networkDatabases.mysql.authorities = textOf(bytes, 0, bytes.length);
    }
    if (p.opt_ssl_mode === 2) log.warn("opt_ssl_mode 2 (preferred) is taken as no TLS; 3 requires it");
  },
});
