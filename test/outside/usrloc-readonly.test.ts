// usrloc with db_mode 4: bindings are read at start and never written. As Kamailio 5.6.3 did when asked by hand.

import { expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const DB = "/data/location.sqlite";

const config = (mode: number): string => `${modules("db_sqlite")}modparam("usrloc", "db_url", "sqlite://${DB}")
modparam("usrloc", "db_mode", ${mode})
modparam("usrloc", "timer_interval", 1)
request_route { if (is_method("REGISTER")) { save("location"); exit; } $var(rc) = lookup("location"); sl_send_reply("299", "$var(rc) $ru"); }
`;

type Send = (method: string, user: string, contact?: string) => Promise<string>;

/** What a proxy answers. */
async function phoneOf(bed: ProxyBed): Promise<Send> {
  const phone = await bed.udp(7000);
  return async (method, user, contact) => {
    const lines = [`To: <sip:${user}@example.org>`, `From: <sip:${user}@example.org>;tag=a`];
    if (contact !== undefined) lines.push(`Contact: ${contact}`);
    const [reply = ""] = await phone.send(bed.request(method, `sip:${user}@example.org`, lines));
    return reply.split("\r\n")[0]!.replace("SIP/2.0 ", "");
  };
}

test("what is registered is seen and not written, what was written stays", async () => {
  const first = await openProxy(config(1));
  const before = await phoneOf(first);
  for (const user of ["kept", "gone"]) await before("REGISTER", user, `<sip:${user}@192.0.2.40:5060>`);
  const source = first.host.openSqlite(DB);
  const tables = source.prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all();
  const rows = source.prepare("SELECT * FROM location ORDER BY username").all();
  const versions = source.prepare("SELECT * FROM version").all();
  expect(rows).toHaveLength(2);
  await first.close();

  const quoted = (value: unknown): string =>
    value === null ? "NULL" : typeof value === "number" ? String(value) : `'${String(value)}'`;
  const insert = (table: string, row: object): string =>
    `INSERT INTO ${table} (${Object.keys(row).join(",")}) VALUES (${Object.values(row).map(quoted).join(",")});`;
  const prepare = (host: SimHost): void => {
    const db = host.openSqlite(DB);
    for (const { name, sql } of tables) if (!String(name).startsWith("sqlite_")) db.exec(String(sql));
    for (const row of versions) db.exec(insert("version", row as object));
    for (const row of rows) db.exec(insert("location", row as object));
  };
  const bed = await openProxy(config(4), -1, undefined, undefined, {}, prepare);
  const send = await phoneOf(bed);
  const stored = (): unknown => bed.host.openSqlite(DB).prepare("SELECT * FROM location ORDER BY username").all();
  expect(await send("MESSAGE", "kept")).toBe("299 1 sip:kept@192.0.2.40:5060");
  expect(await send("REGISTER", "new", "<sip:new@192.0.2.40:5060>")).toBe("200 OK");
  expect(await send("MESSAGE", "new")).toBe("299 1 sip:new@192.0.2.40:5060");
  expect(await send("REGISTER", "gone", "<sip:gone@192.0.2.40:5060>;expires=0")).toBe("200 OK");
  expect(await send("MESSAGE", "gone")).toMatch(/^299 -1 /);
  await bed.world.advance(5000);
  expect(stored()).toEqual(rows);
  await bed.close();
});
