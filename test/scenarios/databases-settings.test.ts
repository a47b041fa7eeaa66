// What modules db_mysql and db_postgres set, on real servers: TLS and whom it trusts, names and times of connections, whether lost ones are
// opened again.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { selectHost } from "../../src/host/index.ts";
import { Databases } from "../../src/store/connect.ts";
import { NetworkSettings } from "../../src/store/network-settings.ts";
import { parseNetworkUrl } from "../../src/store/network-url.ts";
import { connectPostgres } from "../../src/store/postgres.ts";
import { Log } from "../../src/util/log.ts";
import {
  DATABASE_PASSWORD,
  type DatabaseServer,
  openDatabaseServer,
  READER,
  type ServerKind,
  whyNoServer,
} from "../support/database-servers.ts";
import { chosenTargets, type Server, startServer } from "../support/server.ts";

const MODULES = { mysql: "db_mysql", postgres: "db_postgres" } as const;
const SILENT = new Log({ level: -5, sink: () => {} }, "test");
/** From source: nothing here depends on how the program is packed. */
const TARGETS = chosenTargets().filter((t) => t.name === "bun" || t.name === "deno");

for (const kind of ["mysql", "postgres"] as const) {
  const missing = whyNoServer(kind);
  if (missing !== null && process.env["CI"] === "true") throw new Error(missing);
  describe.skipIf(missing !== null)(`settings of ${kind}${missing === null ? "" : `: skipped, ${missing}`}`, () => {
    let database: DatabaseServer;
    let databases: Databases;

    beforeAll(async () => {
      database = await openDatabaseServer(kind);
      databases = new Databases(await selectHost(), SILENT);
      const db = databases.get(database.url);
      await db.ensureTable({ name: "dbaliases", layout: "dbaliases", version: 1 });
      const columns = ["alias_username", "alias_domain", "username", "domain"];
      await db.insert("dbaliases", columns, ["desk", "office.example", "bob", "office.example"]);
    }, 60_000);
    afterAll(async () => {
      databases?.closeAll();
      await database?.remove();
    }, 30_000);

    /** A server that looks aliases up; its database is asked over connections that are set like that. */
    async function open(target: (typeof TARGETS)[number], params: string): Promise<Server> {
      const config = `#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "${MODULES[kind]}.so"
loadmodule "alias_db.so"
${params}modparam("alias_db", "db_url", "${database.url}")
request_route {
  if ($rU == "up") { sl_send_reply("200", "OK"); exit; }
  alias_db_lookup("dbaliases");
  $var(rc) = $rc;
  append_to_reply("X-Found: $var(rc) $rU\\r\\n");
  sl_send_reply("200", "OK");
}
`;
      const server = await startServer(target, { config });
      onTestFinished(async () => {
        await server.close();
      });
      return server;
    }
    async function found(server: Server): Promise<string> {
      const agent = await server.agent("udp");
      const reply = await agent.ask({ method: "OPTIONS", uri: "sip:desk@office.example" });
      return reply.first("X-Found");
    }

    for (const target of TARGETS) each(kind, target, open, found, () => ({ database, databases }));
  });
}

type Target = (typeof TARGETS)[number];

const reading = (url: string): string => `#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "db_mysql.so"
loadmodule "db_postgres.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "${url}")
modparam("auth_db", "calculate_ha1", 1)
modparam("auth_db", "password_column", "password")
modparam("auth_db", "use_domain", 0)
request_route {
  if ($rU == "up") { sl_send_reply("200", "OK"); exit; }
  if (!www_authorize("office.example", "subscriber")) { www_challenge("office.example", "0"); exit; }
  sl_send_reply("200", "OK");
}
`;

/** Makes the user that may only read; the second time it is there. */
async function allowReading(url: string): Promise<void> {
  const connection = await connectPostgres(parseNetworkUrl(url)!, new NetworkSettings(), () => {});
  const run = (sql: string): Promise<unknown> => connection.run({ sql, values: [] });
  await run(`CREATE ROLE ${READER} LOGIN PASSWORD '${DATABASE_PASSWORD}'`).catch(() => undefined);
  await run(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${READER}`);
  connection.close(false);
}

function each(
  kind: ServerKind,
  target: Target,
  open: (target: Target, params: string) => Promise<Server>,
  found: (server: Server) => Promise<string>,
  given: () => { database: DatabaseServer; databases: Databases },
): void {
  const set = (name: string, value: string | number): string =>
    `modparam("${MODULES[kind]}", "${name}", ${JSON.stringify(value)})\n`;
  const back = async (): Promise<void> => {
    const { database } = given();
    await database.kill();
    await database.start();
  };

  // once is enough: the runtimes differ in TLS, not in this
  if (target === TARGETS[0])
    test(`lost connections (${target.name})`, { timeout: 60_000 }, async () => {
      const again = await open(target, kind === "mysql" ? set("auto_reconnect", 1) : set("retries", 3));
      const never = kind === "mysql" ? await open(target, set("auto_reconnect", 0) + set("ping_interval", 60)) : null;
      expect(await found(again)).toBe("1 bob");
      if (never !== null) expect(await found(never)).toBe("1 bob");
      await back();
      const end = Date.now() + 30_000;
      let answer = "";
      while (answer !== "1 bob" && Date.now() < end) answer = await found(again);
      expect(answer).toBe("1 bob");
      if (never !== null) expect(await found(never)).toBe("-1 desk");
    });

  test(`auth_db with a user that may only read (${target.name})`, { timeout: 60_000 }, async () => {
    const { database, databases } = given();
    const db = databases.get(database.url);
    await db.ensureTable({ name: "subscriber", layout: "subscriber", version: 7 });
    const columns = ["username", "domain", "password", "ha1", "ha1b"];
    if ((await db.query("subscriber", ["id"], [])).length === 0)
      await db.insert("subscriber", columns, ["bob", "office.example", "secret", "", ""]);
    if (kind === "postgres") await allowReading(database.url);
    const url = database.url.replace("//portico:", `//${READER}:`);
    const server = await startServer(target, { config: reading(url) });
    onTestFinished(async () => {
      await server.close();
    });
    const agent = await server.agent("udp");
    expect((await agent.register({ user: "bob", password: "secret" })).status).toBe(200);
    expect((await agent.register({ user: "bob", password: "wrong" })).status).toBe(401);
  });

  if (kind === "mysql")
    test(`TLS, and whom it trusts (${target.name})`, { timeout: 60_000 }, async () => {
      const ca = `${given().database.directory}/ca.pem`;
      for (const [params, expected] of [
        [set("opt_ssl_mode", 3), "1 bob"],
        [set("opt_ssl_mode", 4) + set("opt_ssl_ca", ca), "1 bob"],
      ] as const)
        expect(await found(await open(target, params)), params).toBe(expected);
      await expect(open(target, set("opt_ssl_mode", 4))).rejects.toThrow(/certificate/);
    });
  else
    test(`names and times of connections (${target.name})`, { timeout: 60_000 }, async () => {
      const { database, databases } = given();
      const server = await open(
        target,
        set("con_param", "application_name=office;connect_timeout=5") + set("tcp_keepalive", 30) + set("timeout", 1),
      );
      expect(await found(server)).toBe("1 bob");
      const rows = await databases.get(database.url).query("pg_stat_activity", ["application_name"], []);
      expect(rows.map((row) => row["application_name"])).toContain("office");
    });
}
