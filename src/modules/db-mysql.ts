// Module db_mysql: MySQL and MariaDB are chosen by a db_url; the module sets how their connections behave.

import { ConfigError, defineModule, intParam, strParam } from "../registry/define.ts";

const params = {
  ping_interval: intParam(300, "Seconds without use after which a connection is asked whether it still is one."),
  timeout_interval: intParam(2, "A third of the seconds that a connection or a statement may take."),
  auto_reconnect: intParam(1, "Whether lost connections are opened again."),
  opt_ssl_mode: intParam(0, "0, 1 and 2 no TLS, 3 TLS, 4 with the certificate checked, 5 and the server's name."),
  server_timezone: intParam(0, "No meaning: times are written in local time, as with 0."),
  insert_delayed: intParam(0, "No meaning: MySQL has INSERT DELAYED no more, and nothing here waits in the loop."),
  update_affected_found: intParam(0, "No meaning: an update always counts the rows that it matched."),
  opt_ssl_ca: strParam("", "No meaning: certificates are checked against those the runtime trusts."),
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
  start: (p, { networkDatabases, log }) => {
    const limits = networkDatabases.limits("mysql");
    limits.timeout = p.timeout_interval * 3000; // it counts three times, as its documentation says
    limits.connectTimeout = limits.timeout;
    limits.ping = p.ping_interval * 1000;
    limits.reconnect = p.auto_reconnect !== 0;
    networkDatabases.mysql.sslMode = p.opt_ssl_mode;
    if (p.server_timezone !== 0) log.warn("server_timezone has no effect: times are written in local time");
    if (p.insert_delayed !== 0) log.warn("insert_delayed has no effect: MySQL has no INSERT DELAYED any more");
    if (p.opt_ssl_mode === 2) log.warn("opt_ssl_mode 2 (preferred) is taken as no TLS; 3 requires it");
    if (p.opt_ssl_ca !== "") log.warn("opt_ssl_ca has no effect: the runtime's trusted certificates count");
  },
});
