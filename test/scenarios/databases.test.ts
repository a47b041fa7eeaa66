// MariaDB and PostgreSQL as databases of the default configuration: telephones register and call; the database is killed under load
// and comes back; somebody's slow statement is nobody else's. No password ever reaches the log.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Users } from "../../src/control/users.ts";
import { selectHost } from "../../src/host/index.ts";
import { Databases } from "../../src/store/connect.ts";
import { connectMysql } from "../../src/store/mysql.ts";
import { NetworkSettings } from "../../src/store/network-settings.ts";
import { parseNetworkUrl } from "../../src/store/network-url.ts";
import type { Connection } from "../../src/store/pool.ts";
import { connectPostgres } from "../../src/store/postgres.ts";
import { Log } from "../../src/util/log.ts";
import {
  DATABASE_PASSWORD,
  type DatabaseServer,
  openDatabaseServer,
  type ServerKind,
  whyNoServer,
} from "../support/database-servers.ts";
import { chosenTargets, type Server, startServer } from "../support/server.ts";
import type { SipAgent } from "../support/sip-agent.ts";
import { login, PASSWORD } from "../support/targets.ts";

/** Telephones of the test under load, and how many register at a time. */
const PHONES = 150;
const AT_A_TIME = 12;

const SILENT = new Log({ level: -5, sink: () => {} }, "test");

for (const kind of ["mysql", "postgres"] as const)
  for (const target of chosenTargets().filter((t) => t.name !== "kamailio")) {
    const missing = whyNoServer(kind);
    if (missing !== null && process.env["CI"] === "true") throw new Error(missing);
    const name = `database ${kind} (${target.name})${missing === null ? "" : `: skipped, ${missing}`}`;
    describe.skipIf(missing !== null)(name, () => {
      let database: DatabaseServer;
      let server: Server;
      let databases: Databases;

      beforeAll(async () => {
        database = await openDatabaseServer(kind);
        const host = await selectHost();
        databases = new Databases(host, SILENT);
        const users = new Users(host, databases.get(database.url));
        await users.open();
        for (let i = 0; i < PHONES; i++) await users.add({ name: `phone${i}`, domain: "" }, PASSWORD);
        server = await startServer(target, { defines: { DB_URL: `"${database.url}"` } });
      }, 60_000);

      afterAll(async () => {
        const log = server?.log ?? "";
        const finished = await server?.close();
        databases?.closeAll();
        await database?.remove();
        expect(finished?.code, log.slice(-3000)).toBe(0);
        expect(log).not.toContain(DATABASE_PASSWORD);
        expect(log).not.toMatch(/(?:mysql|postgres):\/\//);
      }, 30_000);

      const rowsOf = async (user: string) =>
        databases.get(database.url).query("location", [], [{ column: "username", value: user }]);

      test("a telephone registers, is called, hangs up, deregisters", async () => {
        const [phone, other] = [await server.agent("udp"), await server.agent("tcp")];
        expect((await phone.register(login("phone0"))).status).toBe(200);
        expect(await rowsOf("phone0")).toMatchObject([
          { contact: phone.contact("phone0"), socket: `udp:127.0.0.1:${server.port}`, domain: null },
        ]);
        expect((await other.register({ user: "phone1", password: "wrong" })).status).toBe(401);
        expect((await other.register(login("phone1"))).status).toBe(200);
        const hangUp = await call(server, other, "phone1", phone, "phone0");
        await hangUp();
        expect((await phone.register(login("phone0"), { expires: 0 })).status).toBe(200);
        expect(await rowsOf("phone0")).toEqual([]);
      });

      test("a telephone is found after a restart of the proxy", async () => {
        const [phone, other] = [await server.agent("udp"), await server.agent("udp")];
        expect((await phone.register(login("phone2"))).status).toBe(200);
        await server.restart();
        await (await call(server, other, "phone3", phone, "phone2"))();
      });

      test("a slow statement delays only its own message", async () => {
        const [slow, quick] = [await server.agent("udp"), await server.agent("udp")];
        expect((await slow.register(login("phone4"))).status).toBe(200);
        const holder = await connectionOf(kind, database.url);
        await holder.run({ sql: "BEGIN", values: [] });
        const ruid = String((await rowsOf("phone4"))[0]?.["ruid"]);
        await holder.run({ sql: `UPDATE location SET cseq = cseq WHERE ruid = '${ruid}'`, values: [] });
        let isDone = false;
        const again = slow.register(login("phone4")).then((reply) => {
          isDone = true;
          return reply;
        });
        for (let i = 0; i < 5; i++) expect((await quick.register(login("phone5"))).status).toBe(200);
        expect(isDone).toBe(false);
        await holder.run({ sql: "COMMIT", values: [] });
        holder.close(false);
        expect((await again).status).toBe(200);
      });

      test("killed and started again under load: no call and no acknowledged registration is lost", async () => {
        const [caller, called] = [await server.agent("udp"), await server.agent("udp")];
        expect((await called.register(login("phone6"))).status).toBe(200);
        const hangUp = await call(server, caller, "phone7", called, "phone6");

        const phone = await server.agent("udp");
        const acknowledged = new Set<string>();
        let next = 8;
        let started = 0;
        const statuses: number[] = [];
        const registrations = async (): Promise<void> => {
          while (next < PHONES) {
            const user = `phone${next++}`;
            started++;
            const reply = await phone.register(login(user)); // a reply, whatever it says: no request is lost
            statuses.push(reply.status);
            if (reply.status === 200) acknowledged.add(user);
          }
        };
        const load = Promise.all(Array.from({ length: AT_A_TIME }, registrations));
        await until(() => acknowledged.size >= AT_A_TIME);
        await database.kill();
        const during = started;
        await hangUp(); // a call goes on and ends without the database
        await database.start();
        await load;
        expect(during).toBeLessThan(PHONES); // the database was away under load
        expect(statuses.filter((status) => status !== 200)).toEqual([]);
        const table = async () => {
          const rows = await databases.get(database.url).query("location", ["username"], []);
          return new Set(rows.map((row) => String(row["username"])));
        };
        await until(async () => (await table()).isSupersetOf(acknowledged));
        expect(server.log).toContain("cannot be reached");
        expect(server.log).toContain("is back after");
      }, 60_000);
    });
  }

/** Calls one telephone from another, through authentication; gives what ends the call. */
async function call(server: Server, from: SipAgent, caller: string, to: SipAgent, called: string) {
  const uri = `sip:${called}@127.0.0.1:${server.port}`;
  let invite = from.request({ method: "INVITE", uri });
  const contact = `Contact: <${from.contact(caller)}>`;
  const answered = from.askWithLogin({ method: "INVITE", uri, headers: [contact] }, login(caller), (sent) => {
    invite = sent;
  });
  const ringing = await to.receiveRequest("INVITE");
  to.send(to.reply(ringing, 200, "OK", [`Contact: <${to.contact(called)}>`]));
  const ok = await answered;
  expect(ok.status).toBe(200);
  const inDialog = (method: string, cseq: number) =>
    from.request({
      method,
      uri: to.contact(called),
      from: invite.first("From"),
      to: ok.first("To"),
      callId: invite.first("Call-ID"),
      cseq,
      headers: ok.all("Record-Route").map((route) => `Route: ${route}`),
    });
  from.send(inDialog("ACK", 2).raw);
  await to.receiveRequest("ACK");
  return async (): Promise<void> => {
    const bye = inDialog("BYE", 3);
    from.send(bye.raw);
    const arrived = await to.receiveRequest("BYE");
    to.send(to.reply(arrived, 200, "OK"));
    expect((await from.receiveFinal(bye)).status).toBe(200);
  };
}

async function until(holds: () => boolean | Promise<boolean>, limit = 20_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function connectionOf(kind: ServerKind, url: string): Promise<Connection> {
  const target = parseNetworkUrl(url)!;
  const settings = new NetworkSettings();
  const lost = (): void => {};
  return kind === "mysql" ? connectMysql(target, settings, null, lost) : connectPostgres(target, settings, lost);
}
