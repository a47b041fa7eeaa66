// A phone behind NAT on a whole proxy in virtual time: it registers, is called over the hole it keeps open, and is let go when it is silent;
// connections and bindings that end together; why a login failed.

import { expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import { ADDRESS, type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const REGISTRAR = `
request_route {
    if (is_method("REGISTER")) {
        if (nat_uac_test("19")) { fix_nated_register(); setbflag(6); setbflag(7); }
        save("location");
        exit;
    }
    if (lookup("location")) { t_relay(); exit; }
    sl_send_reply("404", "Nobody");
}
`;
const NAT = `${modules("nathelper")}
modparam("nathelper|registrar", "received_avp", "$avp(rcv)")
modparam("usrloc", "nat_bflag", 6)
modparam("nathelper", "natping_interval", 30)
modparam("nathelper", "ping_nated_only", 1)
modparam("nathelper", "sipping_bflag", 7)
modparam("nathelper", "sipping_from", "sip:pinger@example.org")
modparam("nathelper", "keepalive_timeout", 90)
`;

const register = (
  bed: ProxyBed,
  user: string,
  contact: string,
  via = "UDP 10.0.0.5:5060",
  lines: string[] = [],
): string =>
  bed.request(
    "REGISTER",
    "sip:example.org",
    [
      `From: <sip:${user}@example.org>;tag=a`,
      `To: <sip:${user}@example.org>`,
      `Contact: <${contact}>;expires=3600`,
      ...lines,
    ],
    via,
  );

const pings = (agent: BedAgent): string[] => agent.received.filter((m) => m.startsWith("OPTIONS "));

test("a private Contact behind a public source is called where it came from, pinged, and let go when it is silent", async () => {
  const bed = await openProxy(NAT + REGISTRAR);
  const phone = await bed.udpAt("198.51.100.7", 31000);
  const caller = await bed.udp(7000);
  const [ok] = await phone.send(register(bed, "bob", "sip:bob@10.0.0.5:5060"));
  expect(ok).toContain('received="sip:198.51.100.7:31000"');
  await caller.send(bed.request("MESSAGE", "sip:bob@example.org"));
  expect(phone.received.at(-1)).toMatch(/^MESSAGE sip:bob@10\.0\.0\.5:5060 SIP\/2\.0/);
  await bed.world.advance(31_000);
  expect(pings(phone)).toHaveLength(1);
  // it answers: silence is counted from the next ping
  const ping = pings(phone)[0]!;
  const answer = ping.replace(/^OPTIONS .*/, "SIP/2.0 200 OK").replace(/^Max-Forwards.*\r\n/m, "");
  expect(await phone.send(answer)).toEqual([]);
  await bed.world.advance(120_000);
  expect((await caller.send(bed.request("OPTIONS", "sip:bob@example.org"))).join()).not.toContain("404");
  await bed.world.advance(60_000);
  const [gone] = await caller.send(bed.request("OPTIONS", "sip:bob@example.org"));
  expect(gone).toMatch(/^SIP\/2\.0 404/);
  await bed.close();
});

test("an answer that nobody was asked for keeps nobody alive, and goes no further", async () => {
  const bed = await openProxy(NAT + REGISTRAR);
  const phone = await bed.udpAt("198.51.100.7", 31000);
  const other = await bed.udpAt("198.51.100.9", 31000);
  await phone.send(register(bed, "bob", "sip:bob@10.0.0.5:5060"));
  await bed.world.advance(31_000);
  const forged = pings(phone)[0]!
    .replace(/^OPTIONS .*/, "SIP/2.0 200 OK")
    .replace(/branch=\S+/, "branch=z9hG4bKka0000000000000000.1");
  expect(await other.send(forged)).toEqual([]);
  const dump = JSON.stringify(await bed.rpc("ul.dump"));
  expect(dump).toContain('"KA-Roundtrip":0');
  await bed.close();
});

test("pings of many bindings are spread over the interval", async () => {
  const bed = await openProxy(
    `${modules("nathelper")}modparam("nathelper", "natping_interval", 20)\nrequest_route { save("location"); }\n`,
  );
  const phone = await bed.udp(7000);
  for (let i = 0; i < 100; i++)
    await phone.send(register(bed, `u${i}`, "sip:u@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  const zeros = (): number => phone.received.filter((m) => m === "\0\0\0\0").length;
  await bed.world.advance(20_000);
  const start = zeros();
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    await bed.world.advance(5000);
    counts.push(zeros() - start);
  }
  expect(counts.at(-1)).toBeGreaterThanOrEqual(95);
  expect(counts.at(-1)).toBeLessThanOrEqual(105);
  expect(counts[1]! - counts[0]!).toBeLessThan(60);
  await bed.rpc("nathelper.enable_ping", 0);
  await bed.world.advance(100);
  const before = zeros();
  await bed.world.advance(40_000);
  expect(zeros()).toBe(before);
  await bed.close();
});

test("natping_socket without the right to send in the name of others: pings leave as ever, and the log tells", async () => {
  const config = (from: string): string =>
    `${modules("nathelper")}modparam("nathelper", "natping_interval", 20)\nmodparam("nathelper", "natping_socket", "${from}")\nrequest_route { save("location"); }\n`;
  const without = (host: SimHost): void => void Object.assign(host.network, { openRawUdp: () => null });
  for (const [from, port] of [
    ["198.51.100.1", 5060],
    [`${ADDRESS}:5061`, 5061],
  ] as const) {
    const bed = await openProxy(config(from), 0, undefined, undefined, {}, without);
    const phone = await bed.udp(7000);
    const seen: number[] = [];
    bed.world.observe((packet) => void (packet.bytes.length === 4 && seen.push(packet.from.port)));
    await phone.send(register(bed, "bob", "sip:bob@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
    await bed.world.advance(41_000);
    expect(seen).toEqual([port, port]);
    expect(bed.log.filter((line) => line.includes("CAP_NET_RAW"))).toHaveLength(1);
    await bed.close();
  }
  await expect(openProxy(config("::1"))).rejects.toThrow(/no IPv4 address/);
});

test("pings of bindings that are in the database only are spread over the interval, from the second round on", async () => {
  const bed = await openProxy(`${modules("nathelper", "db_sqlite")}modparam("nathelper", "natping_interval", 20)
modparam("usrloc", "db_mode", 3)
modparam("usrloc", "fetch_rows", 30)
modparam("usrloc", "db_url", "sqlite:///data/l.sqlite")
request_route { save("location"); }
`);
  const phone = await bed.udp(7000);
  for (let i = 0; i < 100; i++)
    await phone.send(register(bed, `u${i}`, "sip:u@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  await bed.world.advance(36_000); // 41 s since the start
  const zeros = (): number => phone.received.filter((m) => m === "\0\0\0\0").length;
  const start = zeros();
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    await bed.world.advance(5000);
    counts.push(zeros() - start);
  }
  expect(counts.at(-1)).toBeGreaterThanOrEqual(95);
  expect(counts.at(-1)).toBeLessThanOrEqual(105);
  expect(counts[1]! - counts[0]!).toBeLessThan(60);
  await bed.close();
});

test("udpping_from_path: a phone that no other proxy stands before is pinged as ever", async () => {
  const bed = await openProxy(
    `${modules("nathelper")}modparam("nathelper", "natping_interval", 20)
modparam("nathelper", "udpping_from_path", 1)
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
request_route { save("location"); }
`,
  );
  const phone = await bed.udp(7000);
  const from: string[] = [];
  bed.world.observe((p) => void (p.bytes.length === 4 && from.push(`${p.from.address}:${p.from.port}`)));
  await phone.send(register(bed, "bob", "sip:bob@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  const path = ["Path: <sip:198.51.100.1;lr>, <sip:198.51.100.2:5070;lr>"];
  await phone.send(register(bed, "amy", "sip:amy@192.0.2.10:7000", "UDP 192.0.2.10:7000", path));
  const named = ["Path: <sip:edge.example.org;lr>"];
  await phone.send(register(bed, "tom", "sip:tom@192.0.2.10:7000", "UDP 192.0.2.10:7000", named));
  await bed.world.advance(39_000);
  expect(from.sort()).toEqual(["192.0.2.1:5060", "192.0.2.1:5060", "198.51.100.2:5070"]);
  await bed.close();
});

test("handle_lost_tcp: bindings go with their connection, others stay", async () => {
  const bed = await openProxy(
    `${modules()}modparam("usrloc", "handle_lost_tcp", 1)\nmodparam("usrloc", "close_expired_tcp", 1)\nmodparam("registrar", "min_expires", 1)\n${REGISTRAR.replace(/if \(nat_uac.*\n/, "\n")}`,
  );
  const udp = await bed.udp(7000);
  const tcp = await bed.tcp();
  await udp.send(register(bed, "udp", "sip:udp@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  await tcp.send(register(bed, "tcp", "sip:tcp@192.0.2.10:7000;transport=tcp", "TCP 192.0.2.10:7000"));
  expect(await bed.rpc("ul.dump", "brief")).toMatchObject({ Domains: [{ Domain: { Stats: { Records: 2 } } }] });
  await bed.world.advance(130_000); // idle connections are closed after 120 s
  expect(tcp.isClosed()).toBe(true);
  expect(await bed.rpc("ul.dump", "brief")).toMatchObject({
    Domains: [{ Domain: { AoRs: [{ AoR: "udp" }], Stats: { Records: 1 } } }],
  });
  await bed.close();
});

test("close_expired_tcp: the connection of a binding ends with it", async () => {
  const bed = await openProxy(
    `${modules()}modparam("usrloc", "close_expired_tcp", 1)\nmodparam("usrloc", "timer_interval", 1)\nmodparam("registrar", "min_expires", 1)\nmodparam("registrar", "max_expires", 5)\nrequest_route { save("location"); }\n`,
  );
  const tcp = await bed.tcp();
  await tcp.send(register(bed, "tcp", "sip:tcp@192.0.2.10:7000;transport=tcp", "TCP 192.0.2.10:7000"));
  await bed.world.advance(3000);
  expect(tcp.isClosed()).toBe(false);
  await bed.world.advance(5000);
  expect(tcp.isClosed()).toBe(true);
  await bed.close();
});

test("save() for a reply stores the contacts it carries", async () => {
  const bed = await openProxy(
    `${modules()}request_route { if (is_method("OPTIONS")) { lookup("location"); sl_send_reply("299", "$ru"); exit; } $du = "sip:192.0.2.10:7001"; t_on_reply("R"); t_relay(); }\nonreply_route[R] { save("location"); }\n`,
  );
  const phone = await bed.udp(7000);
  const far = await bed.udp(7001);
  await phone.send(register(bed, "bob", "sip:bob@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  const asked = far.received[0]!;
  await far.send(asked.replace(/^REGISTER .*/, "SIP/2.0 200 OK").replace(/^(Max-Forwards).*\r\n/m, ""));
  const [found] = await phone.send(bed.request("OPTIONS", "sip:bob@example.org"));
  expect(found).toMatch(/^SIP\/2\.0 299 sip:bob@192\.0\.2\.10:7000/);
  await bed.close();
});

test("statistics of registrar and usrloc", async () => {
  const bed = await openProxy(
    `${modules("kex")}stats_name_separator="-"\nrequest_route { if (is_method("REGISTER")) { save("location"); exit; } sl_send_reply("299", "$stat(accepted_regs) $stat(rejected_regs) $stat(location-contacts) $stat(registered_users)"); }\n`,
  );
  const phone = await bed.udp(7000);
  await phone.send(register(bed, "bob", "sip:bob@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  await phone.send(register(bed, "bob", "sip:bob@192.0.2.10:7002", "UDP 192.0.2.10:7000"));
  const [told] = await phone.send(bed.request("OPTIONS", "sip:x@example.org"));
  expect(told).toMatch(/^SIP\/2\.0 299 2 0 2 1\r\n/);
  await bed.close();
});

test("at level debug the log tells why a login failed, without letting strangers write lines", async () => {
  const bed = await openProxy(
    `${modules("auth")}request_route { pv_www_authenticate("example.org", "secret", "0"); www_challenge("example.org", "0"); }\n`,
    3,
  );
  const phone = await bed.udp(7000);
  const [challenged] = await phone.send(bed.request("REGISTER", "sip:example.org"));
  const nonce = /nonce="([^"]*)"/.exec(challenged!)![1]!;
  const bad = `Authorization: Digest username="eve\\\u0007", realm="example.org", nonce="${nonce}", uri="sip:example.org", response="${"0".repeat(32)}"`;
  await phone.send(bed.request("REGISTER", "sip:example.org", [bad]));
  const told = bed.log.filter((line) => line.includes("login"));
  expect(told[0]).toContain("login from 192.0.2.10:7000 refused: no credentials for the realm");
  expect(told.at(-1)).toContain('of realm "example.org" from 192.0.2.10:7000 refused: wrong password');
  expect(told.join("")).not.toContain("\u0007");
  await bed.close();
});

test("usrloc ka_interval: each binding is asked once in that time", async () => {
  const bed = await openProxy(`${modules()}modparam("usrloc", "ka_mode", 1)
modparam("usrloc", "timer_interval", 5)
modparam("usrloc", "ka_interval", 40)
request_route { save("location"); }
`);
  const phone = await bed.udp(7000);
  await phone.send(register(bed, "bob", "sip:bob@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  await bed.world.advance(121_000);
  const calls = new Set(pings(phone).map((ping) => /Call-ID: (.*)\r/.exec(ping)?.[1]));
  expect(calls.size).toBe(3);
  await bed.close();
});

test("nathelper filter_server_id: bindings that another server has taken are left to it", async () => {
  const config = (id: number): string => `server_id=${id}
${modules("nathelper", "db_sqlite")}modparam("nathelper", "natping_interval", 20)
modparam("nathelper", "filter_server_id", 1)
modparam("usrloc", "db_mode", 1)
modparam("usrloc", "db_url", "sqlite:///data/l.sqlite")
request_route { save("location"); }
`;
  const first = await openProxy(config(1));
  const phone = await first.udp(7000);
  await phone.send(register(first, "bob", "sip:bob@192.0.2.10:7000", "UDP 192.0.2.10:7000"));
  const zeros = (agent: BedAgent): number => agent.received.filter((m) => m === "\0\0\0\0").length;
  await first.world.advance(41_000);
  expect(zeros(phone)).toBe(2);
  const db = first.host.openSqlite("/data/l.sqlite");
  const { sql } = db.prepare("SELECT sql FROM sqlite_master WHERE name = 'location'").all()[0] as { sql: string };
  const row = db.prepare("SELECT * FROM location").all()[0] as Record<string, string | number | null>;
  await first.close();
  const names = Object.keys(row);
  const second = await openProxy(config(2), 0, undefined, undefined, {}, (host) => {
    const own = host.openSqlite("/data/l.sqlite");
    own.exec(
      `CREATE TABLE version (table_name VARCHAR(32), table_version INTEGER); INSERT INTO version VALUES ('location', 9); ${sql}`,
    );
    own
      .prepare(`INSERT INTO location (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
      .run(...Object.values(row));
  });
  const again = await second.udp(7000);
  await second.world.advance(61_000);
  expect(JSON.stringify(await second.rpc("ul.dump"))).toContain("sip:bob@192.0.2.10:7000");
  expect(zeros(again)).toBe(0);
  await second.close();
});
