// Scripts in Lua and in Python that ask a database which answers late: others are answered meanwhile, and the script sees a plain call. A real
// MariaDB behind a relay that holds back what it says.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server as Relay } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Users } from "../../src/control/users.ts";
import { selectHost } from "../../src/host/index.ts";
import { Databases } from "../../src/store/connect.ts";
import { Log } from "../../src/util/log.ts";
import { openDatabaseServer, whyNoServer } from "../support/database-servers.ts";
import { SCRIPT_LANGUAGES, scriptOf } from "../support/script-bed.ts";
import { chosenTargets, startServer } from "../support/server.ts";
import { PASSWORD } from "../support/targets.ts";

const LATE = 1500;

const BODIES = {
  ksr_request_route: {
    Lua: `
if KSR.pv.get("$rU") == "fast" then KSR.sl.send_reply(200, "fast") return 1 end
local rc = KSR.auth_db.is_subscriber(KSR.pv.get("$ru"), "subscriber", 0)
KSR.sl.send_reply(200, KSR.pv.get("$rU") .. " " .. rc)
return 1`,
    Python: `
if KSR.pv.get("$rU") == "fast": KSR.sl.send_reply(200, "fast"); return 1
rc = KSR.auth_db.is_subscriber(KSR.pv.get("$ru"), "subscriber", 0)
KSR.sl.send_reply(200, "%s %s" % (KSR.pv.get("$rU"), rc))
return 1`,
  },
};

const config = (language: string, script: string, url: string): string => {
  const module = language === "Lua" ? "app_lua" : "app_python3";
  const names = ["sl", "pv", "siputils", "db_mysql", "auth", "auth_db", module];
  return `${names.map((name) => `loadmodule "${name}.so"\n`).join("")}
modparam("auth_db", "db_url", "${url}")
modparam("auth_db", "load_credentials", "username")
modparam("${module}", "load", "${script}")
${language === "Lua" ? "" : 'modparam("app_python3", "time_limit", 20000)'}
cfgengine "${language === "Lua" ? "lua" : "python"}"
`;
};

/** Passes connections on to a port; what comes back is held for `delay.ms`. */
async function openRelay(to: number, delay: { ms: number }): Promise<Relay> {
  const relay = createServer((client) => {
    const server = connect(to, "127.0.0.1");
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    client.on("data", (data) => void server.write(data));
    server.on("data", (data) => void setTimeout(() => client.write(data), delay.ms));
    for (const side of [client, server]) side.on("close", end).on("error", end);
  });
  await new Promise<void>((done) => relay.listen(0, "127.0.0.1", done));
  return relay;
}

const missing = whyNoServer("mysql");
if (missing !== null && process.env["CI"] === "true") throw new Error(missing);
const targets = chosenTargets().filter(({ name }) => name !== "kamailio");

// Each language has its turn with one way to run the server.
for (const [i, language] of SCRIPT_LANGUAGES.entries()) {
  const target = targets[i % targets.length]!;
  test.skipIf(missing !== null)(`${language} (${target.name})`, { timeout: 120_000 }, async () => {
    const database = await openDatabaseServer("mysql");
    const directory = mkdtempSync(join(tmpdir(), "portico-late-"));
    const host = await selectHost();
    const databases = new Databases(host, new Log({ level: -5, sink: () => {} }, "test"));
    const users = new Users(host, databases.get(database.url));
    await users.open();
    await users.add({ name: "alice", domain: "" }, PASSWORD);
    const delay = { ms: 0 };
    const relay = await openRelay(database.port, delay);
    const url = database.url.replace(`:${database.port}/`, `:${(relay.address() as AddressInfo).port}/`);
    const script = join(directory, "script");
    writeFileSync(script, scriptOf(language, BODIES));
    const server = await startServer(target, { config: config(language, script, url) });
    try {
      const agent = await server.agent("udp");
      const ask = async (user: string): Promise<string> =>
        (await agent.ask({ method: "MESSAGE", uri: `sip:${user}@x` }, 60_000)).startLine.replace("SIP/2.0 ", "");
      expect(await ask("alice"), server.log).toBe("200 alice 1");
      delay.ms = LATE;
      const order: string[] = [];
      const noted = async (user: string): Promise<void> => void order.push(await ask(user));
      const began = performance.now();
      const slow = [noted("alice"), noted("nobody")];
      for (const work of slow) work.catch(() => {}); // told where they are awaited
      await noted("fast");
      await noted("fast");
      await Promise.all(slow);
      expect(performance.now() - began).toBeGreaterThan(LATE - 50);
      expect(order.slice(0, 2)).toEqual(["200 fast", "200 fast"]);
      expect(order.slice(2).sort()).toEqual(["200 alice 1", "200 nobody -2"]);
    } finally {
      await server.close();
      relay.close();
      databases.closeAll();
      await database.remove();
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
