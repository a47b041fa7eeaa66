// Calls that one server began and another one ends: Kamailio and Portico on one database, real processes, one of them killed.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createSql, parseLayouts } from "../../src/store/layouts.ts";
import { openDatabase, prepareDatabase } from "../support/database.ts";
import { freePort } from "../support/ports.ts";
import { root, Server, type Target } from "../support/server.ts";
import { Call, type CallWorld, callConfig, note, type Side } from "./dialog-call.ts";
import { haveOracle } from "./oracle.ts";

const KAMAILIO: Target = { name: "kamailio", command: ["kamailio", "-DD", "-n", "1", "-m", "32", "-M", "8"], env: {} };
const PORTICO: Target = {
  name: "bun",
  command: [join(root, "scripts/portico")],
  env: { PORTICO_RUNTIME: "bun" },
};

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

function config(oracle: boolean, database: string): string {
  const group = {
    name: "",
    cases: [],
    modules: ["db_sqlite"],
    params: `modparam("dialog","db_mode",1)\nmodparam("dialog","db_url","sqlite://${database}")\nmodparam("dialog","profiles_with_value","caller")\n`,
    first: 'if (is_method("OPTIONS") && !has_totag()) { sl_send_reply("200", "OK"); exit; }\n',
    initial: 'dlg_manage(); $dlg_var(x)="kept"; set_dlg_profile("caller","$fU"); dlg_setflag("4");',
    within: `is_in_profile("caller","alice"); ${note("within $rm st=$dlg(state) x=$dlg_var(x) sf=$dlg(sflags) in=$rc")}`,
    routes: `event_route[dialog:end] { ${note("end $rm x=$dlg_var(x)")} }\n`,
  };
  return callConfig(group, oracle, "").replace("disable_tcp=yes\n", "");
}

async function phones(port: number): Promise<Call> {
  const sockets: Record<Side, Socket> = { uac: createSocket("udp4"), uas: createSocket("udp4") };
  for (const socket of Object.values(sockets)) {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    opened.push(socket);
  }
  const at = (side: Side): string => `127.0.0.1:${sockets[side].address().port}`;
  const world: CallWorld = {
    ends: { me: `127.0.0.1:${port}`, uac: at("uac"), uas: at("uas") },
    send: (side, text) => void sockets[side].send(Buffer.from(text, "latin1"), port, "127.0.0.1"),
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
    later: (ms, act) => void setTimeout(act, ms),
    rows: async () => [],
    rpc: async () => null,
  };
  const call = new Call(world, 0, String(port));
  for (const side of ["uac", "uas"] as const)
    sockets[side].on("message", (data) => call.got(side, data.toString("latin1")));
  return call;
}

async function servers(first: Target, second: Target): Promise<[Server, Server]> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "takeover-"));
  const database = join(directory, "data.sqlite");
  prepareDatabase(database, "x", []);
  const layouts = parseLayouts(readFileSync(join(root, "embed/kamailio.tables"), "utf8"));
  const db = openDatabase(database);
  for (const name of ["dialog", "dialog_vars"]) db.exec(createSql(layouts.get(name)!, name));
  db.exec("INSERT INTO version (table_name, table_version) VALUES ('dialog', 7), ('dialog_vars', 1)");
  db.close();
  const made = [first, second].map(
    (target) => new Server(target, port, directory, { config: config(target === KAMAILIO, database) }),
  );
  opened.push(...made);
  return made as [Server, Server];
}

// The other way round Kamailio refuses to start: hash_entry must be what its own hash makes of the Call-ID.
const CASES: readonly (readonly [string, Target, Target, boolean])[] = [
  ["Portico goes on after it was killed", PORTICO, PORTICO, true],
  ["Portico goes on with Kamailio's calls", KAMAILIO, PORTICO, false],
];

describe.runIf(haveOracle())("a call outlives the server it began with", () => {
  test.each(CASES)("%s", { timeout: 60_000 }, async (_, first, second, kill) => {
    const [before, after] = await servers(first, second);
    await before.start();
    const call = await phones(before.port);
    await call.establish();
    await call.wait(100);
    if (kill) process.kill(before.pid, "SIGKILL");
    await before.stop();
    expect(after.rows("SELECT state, sflags FROM dialog")).toEqual([{ state: 4, sflags: 16 }]);

    await after.start();
    await call.within("uas", "INFO");
    await call.wait(200);
    await call.within("uac", "BYE");
    await call.wait(300);
    expect(call.seen.filter((l) => l.startsWith("uas < BYE"))).toHaveLength(1);
    expect(after.log).toContain("within INFO st=4 x=kept sf=16 in=1");
    expect(after.log).toContain("end BYE x=kept");
    await after.stop();
    expect(after.rows("SELECT state FROM dialog WHERE state < 5")).toHaveLength(0);
  });
});
