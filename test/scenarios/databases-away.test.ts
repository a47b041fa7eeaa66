// What a database server that is away does to registrations, lookups and authentication, by db_mode. The answers are those that Kamailio
// 5.6.3 with db_mysql gave to the same requests, but for one that is said below (PORTICO_TARGETS=kamailio asks it again).

import { test } from "vitest";
import { Users } from "../../src/control/users.ts";
import { selectHost } from "../../src/host/index.ts";
import { Databases } from "../../src/store/connect.ts";
import { Log } from "../../src/util/log.ts";
import { openDatabaseServer, whyNoServer } from "../support/database-servers.ts";
import { chosenTargets, startServer } from "../support/server.ts";
import { PASSWORD } from "../support/targets.ts";

const config = (kind: string, url: string, mode: number): string => `
children=1
debug=0
log_stderror=yes
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "db_${kind}.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("db_mysql", "timeout_interval", 1)
modparam("usrloc|auth_db", "db_url", "${url}")
modparam("usrloc", "db_mode", ${mode})
modparam("usrloc", "timer_interval", 1)
modparam("auth_db", "password_column", "ha1")
modparam("auth_db", "load_credentials", "username")
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "up"); exit; }
  if (is_method("PUBLISH")) { $var(r) = is_subscriber("sip:alice@x", "subscriber", "0"); sl_send_reply("480", "user $var(r)"); exit; }
  if (is_method("MESSAGE")) { $var(r) = lookup("location"); sl_send_reply("480", "lookup $var(r)"); exit; }
  save("location");
}
`;

const AWAY: Readonly<Record<number, readonly string[]>> = {
  1: ["500", "500", "lookup 1", "lookup -1", "user -1", "500"],
  2: ["200", "200", "lookup 1", "lookup 1", "user -1", "200"],
  // Kamailio answers the last one, a deregistration, with 200 although it could not look what to remove
  3: ["500", "500", "lookup -1", "lookup -1", "user -1", "500"],
};
/** Who is in the table when the server is back. */
const AFTERWARDS: Readonly<Record<number, readonly string[]>> = {
  1: ["last"],
  2: ["last", "second"],
  3: ["first", "last"],
};

const missing = whyNoServer("mysql");
if (missing !== null && process.env["CI"] === "true") throw new Error(missing);

// One target: which runtime it is makes no difference here, and each mode waits for seconds.
for (const target of chosenTargets().slice(0, 1))
  for (const mode of [1, 2, 3])
    test
      .skipIf(missing !== null)
      .concurrent(`database away, db_mode ${mode} (${target.name})`, { timeout: 60_000 }, async ({ expect }) => {
        const database = await openDatabaseServer("mysql");
        const host = await selectHost();
        const databases = new Databases(host, new Log({ level: -5, sink: () => {} }, "test"));
        const db = databases.get(database.url);
        const users = new Users(host, db);
        await users.open();
        await users.add({ name: "alice", domain: "" }, PASSWORD);
        await db.ensureTable({ name: "location", layout: "location", version: 9 });
        const server = await startServer(target, { config: config("mysql", database.url, mode) });
        try {
          const agent = await server.agent("udp");
          const register = async (user: string, expires = 600): Promise<string> => {
            const headers = [`Contact: <${agent.contact(user)}>`, `Expires: ${expires}`];
            return String((await agent.ask({ method: "REGISTER", to: `<sip:${user}@x>`, headers }, 15_000)).status);
          };
          const told = async (method: string, user: string): Promise<string> =>
            (await agent.ask({ method, uri: `sip:${user}@x` }, 15_000)).startLine.replace("SIP/2.0 480 ", "");
          expect(await register("first")).toBe("200");
          expect(await told("PUBLISH", "alice"), server.log).toBe("user 1");
          await database.kill();
          const answers = [await register("second"), await register("first")];
          answers.push(await told("MESSAGE", "first"), await told("MESSAGE", "second"), await told("PUBLISH", "alice"));
          answers.push(await register("first", 0));
          if (target.name === "kamailio") return expect(answers.slice(0, 5)).toEqual(AWAY[mode]!.slice(0, 5));
          expect(answers).toEqual(AWAY[mode]);
          await database.start();
          for (let i = 0; i < 50 && (await register("last")) !== "200"; i++)
            await new Promise((resolve) => setTimeout(resolve, 100));
          const table = async (): Promise<string[]> =>
            (await db.query("location", ["username"], [])).map((row) => String(row["username"])).sort();
          await expect.poll(table, { timeout: 20_000 }).toEqual(AFTERWARDS[mode]);
        } finally {
          await server.close();
          databases.closeAll();
          await database.remove();
        }
      });
