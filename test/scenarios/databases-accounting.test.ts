// Records of what happens while the database is away. Kamailio 5.6.3 with db_mysql loses them (PORTICO_TARGETS=kamailio asks it again).

import { test } from "vitest";
import { selectHost } from "../../src/host/index.ts";
import { Databases } from "../../src/store/connect.ts";
import { Log } from "../../src/util/log.ts";
import { openDatabaseServer, whyNoServer } from "../support/database-servers.ts";
import { chosenTargets, startServer } from "../support/server.ts";

const config = (url: string): string => `
children=1
debug=0
log_stderror=yes
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "db_mysql.so"
loadmodule "acc.so"
modparam("db_mysql", "timeout_interval", 1)
modparam("acc", "db_url", "${url}")
modparam("acc", "db_flag", 1)
modparam("acc", "failed_transaction_flag", 2)
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "up"); exit; }
  if (is_method("INFO")) { $var(rc) = acc_db_request("200 asked", "acc"); sl_send_reply("200", "$var(rc)"); exit; }
  setflag(1); setflag(2);
  t_newtran();
  t_reply("200", "OK");
}
`;

const missing = whyNoServer("mysql");
if (missing !== null && process.env["CI"] === "true") throw new Error(missing);

// One target: which runtime it is makes no difference here.
for (const target of chosenTargets().slice(0, 1))
  test.skipIf(missing !== null)(
    `accounting while the database is away (${target.name})`,
    { timeout: 60_000 },
    async ({ expect }) => {
      const database = await openDatabaseServer("mysql");
      const host = await selectHost();
      const databases = new Databases(host, new Log({ level: -5, sink: () => {} }, "test"));
      const db = databases.get(database.url);
      await db.ensureTable({ name: "acc", layout: "acc", version: 5 });
      const server = await startServer(target, { config: config(database.url) });
      const rows = async (): Promise<string[]> =>
        (await db.query("acc", ["callid", "method"], [], { order: "id" })).map(({ callid }) =>
          String(callid).replace(/@.*/, ""),
        );
      try {
        const agent = await server.agent("udp");
        const send = async (callId: string, method = "MESSAGE"): Promise<string> =>
          (await agent.ask({ method, uri: "sip:x@y", callId }, 15_000)).startLine.replace("SIP/2.0 ", "");
        expect(await send("before")).toBe("200 OK");
        await expect.poll(rows).toEqual(["before"]);
        await database.kill();
        for (let i = 0; i < 10; i++) expect(await send(`away${i}`)).toBe("200 OK");
        await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than timeout_interval
        expect(await send("later")).toBe("200 OK");
        expect(await send("asked", "INFO")).toBe("200 -1");
        await database.start();
        const kept = target.name === "kamailio" ? [] : [...Array.from({ length: 10 }, (_, i) => `away${i}`), "later"];
        const expected = ["before", ...kept];
        await expect.poll(rows, { timeout: 20_000 }).toEqual(expected);
        await send("after");
        await expect.poll(rows, { timeout: 10_000 }).toEqual([...expected, "after"]);
      } finally {
        await server.close();
        databases.closeAll();
        await database.remove();
      }
    },
  );
