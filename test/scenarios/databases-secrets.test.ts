// Passwords of databases reach neither the log nor a reply of a command: wrong ones, servers that refuse, URLs that are none, verbose logs.

import { expect, onTestFinished, test } from "vitest";
import { DATABASE_PASSWORD, openDatabaseServer, whyNoServer } from "../support/database-servers.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/programs.ts";
import { chosenTargets, root, startServer } from "../support/server.ts";

const SECRET = "hunter2-Geheim";

const config = (kind: string, url: string): string => `
debug=4
log_stderror=yes
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "db_${kind}.so"
${kind === "mysql" ? "" : 'loadmodule "db_mysql.so"'}
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "jsonrpcs.so"
loadmodule "cfg_rpc.so"
modparam("usrloc|auth_db", "db_url", "${url}")
modparam("db_mysql", "timeout_interval", 1)
modparam("usrloc", "db_mode", 1)
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("INFO")) { jsonrpc_exec("$rb"); set_reply_body("$jsonrpl(body)", "application/json"); sl_send_reply("200", "told"); exit; }
  if (is_method("MESSAGE")) { $var(r) = is_subscriber("sip:alice@x", "nosuchtable", "0"); sl_send_reply("480", "$var(r)"); exit; }
  sl_send_reply("200", "up");
}
`;

const [target] = chosenTargets().filter(({ name }) => name !== "kamailio");

for (const kind of ["mysql", "postgres"] as const) {
  const missing = whyNoServer(kind);
  if (missing !== null && process.env["CI"] === "true") throw new Error(missing);

  test.skipIf(missing !== null)(`a server that lets nobody in, or is not there (${kind})`, async () => {
    const database = await openDatabaseServer(kind);
    onTestFinished(() => database.remove());
    const { port } = database;
    for (const [url, why] of [
      [`${kind}://portico:${SECRET}@127.0.0.1:${port}/portico`, /password|denied/i],
      [`${kind}://${SECRET}:${SECRET}@127.0.0.1:${port}/portico`, /password|denied|role/i],
      [`${kind}://portico:${SECRET}@127.0.0.1:${await freePort()}/portico`, /refused/i],
      [`${kind}://portico:${SECRET}@127.0.0.1`, /URL/],
      [`${kind}:portico:${SECRET}@127.0.0.1/portico`, /URL/],
    ] as const) {
      const said = await startServer(target!, { config: config(kind, url) }).then(
        async (server) => {
          await server.close();
          return "it started";
        },
        (error: Error) => error.message,
      );
      expect(said, url).toMatch(why);
      expect(said.replaceAll("the server (", ""), url).not.toContain(
        url.includes(`//${SECRET}`) ? `:${SECRET}` : SECRET,
      );
    }
  });

  if (kind === "mysql")
    test.skipIf(missing !== null)(`a server that is lost while commands are answered (${kind})`, async () => {
      const database = await openDatabaseServer(kind);
      onTestFinished(() => database.remove());
      const server = await startServer(target!, { config: config(kind, database.url) });
      onTestFinished(async () => void (await server.close()));
      const agent = await server.agent("udp");
      let said = "";
      const rpc = async (method: string, ...params: string[]): Promise<void> => {
        const body = JSON.stringify({ jsonrpc: "2.0", method, params, id: 1 });
        said += (await agent.ask({ method: "INFO", body }, 15_000)).raw;
      };
      await agent.ask({ method: "MESSAGE" });
      await database.kill();
      said += (
        await agent.ask({ method: "REGISTER", to: "<sip:a@x>", headers: [`Contact: <${agent.contact("a")}>`] }, 15_000)
      ).raw;
      for (const method of ["ul.db_users", "core.info", "core.modules", "cfg.list", "mod.stats", "core.psa"])
        await rpc(method, "location");
      await rpc("cfg.get", "usrloc", "db_url");
      await rpc("ul.dump");
      expect(said).toContain('"result":\t"mysql..."');
      for (const text of [said, server.log]) {
        expect(text).not.toContain(DATABASE_PASSWORD);
        expect(text).not.toMatch(/(?:mysql|postgres):\/\//);
      }
    });
}

test("commands of the command line", async () => {
  for (const args of [
    ["db", "check", "--db", `mysql:u:${SECRET}@h/db`],
    ["db", "check", "--db", `postgres://u:${SECRET}@h/db`],
    ["user", "list", "--db", `mysql//u:${SECRET}@h/db`],
  ]) {
    const { code, output } = await run([`${root}/scripts/portico`, ...args]);
    expect(code, output).not.toBe(0);
    expect(output).not.toContain(SECRET);
  }
});
