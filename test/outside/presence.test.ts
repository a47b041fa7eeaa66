// Modules presence and presence_xml on a whole proxy: what a comparison with Kamailio cannot show (time, bounds, storage, what scripts see).

import { afterEach, expect, test } from "vitest";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import {
  bed,
  etagOf,
  notifies,
  ok,
  open,
  pidf,
  publish,
  PRESENCE_ROUTES as ROUTES,
  sql,
  stateOf,
  subscribe,
  watcher,
} from "../support/presence-bed.ts";

afterEach(() => bed.close());

test("a subscription ends when its time is over, a publication at the next look", async () => {
  await open('modparam("presence", "clean_period", 10)\n');
  const alice = await bed.udp(7000);
  const { agent } = await watcher(7001, ["Expires: 60"]);
  const [published] = await alice.send(publish(pidf("a", "open"), ["Expires: 20"]));
  expect(published).toContain("200 OK");
  for (const n of notifies(agent.received).slice(1)) await agent.send(ok(n));
  const before = agent.received.length;
  await bed.world.advance(31_000);
  const [gone] = notifies(agent.received.slice(before));
  expect(gone).toContain("<basic>closed</basic>");
  await agent.send(ok(gone!));
  expect(sql("SELECT count(*) AS n FROM presentity")).toEqual([{ n: 0 }]);
  await bed.world.advance(30_000);
  expect(stateOf(notifies(agent.received).at(-1))).toBe("terminated;reason=timeout");
  expect(await alice.send(publish(pidf("a", "open")))).toHaveLength(1);
  // retransmitted ones count once
  expect(new Set(notifies(agent.received).map((n) => /CSeq: \d+/.exec(n)?.[0])).size).toBe(4);
});

test("with force_delete nobody is told of a publication that is over", async () => {
  await open('modparam("presence", "clean_period", 10)\nmodparam("presence", "force_delete", 1)\n');
  const alice = await bed.udp(7000);
  const { agent } = await watcher(7001);
  await alice.send(publish(pidf("a", "open"), ["Expires: 5"]));
  await agent.send(ok(notifies(agent.received).at(-1)!));
  await bed.world.advance(30_000);
  expect(notifies(agent.received)).toHaveLength(2);
});

test("who does not answer a NOTIFY is no watcher any more, unless timeout_rm_subs is 0", async () => {
  for (const [value, left] of [
    [1, 0],
    [0, 1],
  ]) {
    await open(`modparam("presence", "timeout_rm_subs", ${value})\nmodparam("presence", "subs_db_mode", 1)\n`);
    const agent = await bed.udp(7001);
    await agent.send(subscribe(7001));
    await bed.world.advance(40_000);
    expect(sql("SELECT count(*) AS n FROM active_watchers")).toEqual([{ n: left }]);
    if (value === 1) await bed.close();
  }
});

test("without a database all is in memory, and commands show it", async () => {
  await open("", ROUTES, false);
  const alice = await bed.udp(7000);
  const { agent } = await watcher(7001);
  const [first] = await alice.send(publish(pidf("a", "open", "one")));
  await alice.send(publish(pidf("b", "closed", "two")));
  const told = notifies(agent.received).at(-1)!;
  expect(told.indexOf('id="b"')).toBeLessThan(told.indexOf('id="a"'));
  const list = await bed.rpc("presence.presentity_list");
  expect(list).toMatchObject([{ user: "bob", domain: "example.org", event: "presence" }, { user: "bob" }]);
  expect(JSON.stringify(await bed.rpc("presence.presentity_list", "full"))).toContain("two");
  expect((await alice.send(publish("", ["Expires: 0", `SIP-If-Match: ${etagOf(first)}`])))[0]).toContain("200 OK");
  expect(await bed.rpc("presence.presentity_list")).toHaveLength(1);
});

test("publ_cache 2 keeps publications out of the database, subs_db_mode 2 writes by timer", async () => {
  await open('modparam("presence", "publ_cache", 2)\nmodparam("presence", "db_update_period", 20)\n');
  const alice = await bed.udp(7000);
  await alice.send(publish(pidf("a", "open")));
  await watcher(7001);
  expect(sql("SELECT count(*) AS n FROM presentity")).toEqual([{ n: 0 }]);
  expect(sql("SELECT count(*) AS n FROM active_watchers")).toEqual([{ n: 0 }]);
  await bed.world.advance(21_000);
  expect(sql("SELECT count(*) AS n FROM active_watchers")).toEqual([{ n: 1 }]);
  await watcher(7002);
  expect(await bed.rpc("presence.cleanup")).toBe("Reload OK");
  expect(sql("SELECT count(*) AS n FROM active_watchers")).toEqual([{ n: 2 }]);
});

test.each([1, 2, 3])("with subs_db_mode %i subscriptions and publications outlive the server", async (mode) => {
  await open(`modparam("presence", "subs_db_mode", ${mode})\n`);
  const alice = await bed.udp(7000);
  const { agent } = await watcher(7001, ["Expires: 600"]);
  const { agent: short } = await watcher(7002, ["Expires: 10"]);
  const [published] = await alice.send(publish(pidf("a", "open")));
  for (const a of [agent, short]) await a.send(ok(notifies(a.received).at(-1)!));
  await bed.close();
  await bed.world.advance(20_000);
  const options = parseOptions(["-l", "udp:192.0.2.1:5060", "--data", "/data", "-f", "/portico.cfg"]);
  const checked = check(bed.host, await readSource(bed.host, options.config), options);
  if (!checked.ok) throw new Error("the configuration is refused");
  const again = await start(bed.host, checked, { level: -1, sink: () => undefined }, null, "/data");
  await bed.world.advance(1500);
  expect(stateOf(notifies(short.received).at(-1))).toBe("terminated;reason=timeout");
  await short.send(ok(notifies(short.received).at(-1)!));
  const before = agent.received.length;
  await alice.send(publish(pidf("a", "closed"), [`SIP-If-Match: ${etagOf(published)}`]));
  const [told] = notifies(agent.received.slice(before));
  expect(told).toContain("<basic>closed</basic>");
  expect(told).toMatch(/CSeq: 3 NOTIFY/);
  await again.stop();
});

test("a table that others have written to is read again by pres_refresh_watchers; a SUBSCRIBE that comes twice counts once", async () => {
  await open(
    'modparam("presence", "subs_db_mode", 1)\n',
    'request_route { if (is_method("OPTIONS")) pres_refresh_watchers("sip:bob@example.org", "presence", 1); else handle_subscribe(); exit; }\n',
  );
  const agent = await bed.udp(7001);
  const request = subscribe(7001);
  for (const n of notifies(await agent.send(request))) await agent.send(ok(n));
  for (const n of notifies(await agent.send(request))) await agent.send(ok(n));
  expect(sql("SELECT local_cseq FROM active_watchers")).toEqual([{ local_cseq: 2 }]);
  bed.host
    .openSqlite("/data/p.sqlite")
    .exec(
      `INSERT INTO presentity (username, domain, event, etag, expires, received_time, body, sender) VALUES ('bob', 'example.org', 'presence', 'e', 4000000000, 1, '${pidf("z", "open")}', '')`,
    );
  const got = notifies(await agent.send(bed.request("OPTIONS", "sip:x@example.org")));
  expect(got).toHaveLength(1);
  expect(got[0]).toContain('id="z"');
});

test("with subs_db_mode 3 what other servers write to the table counts", async () => {
  await open('modparam("presence", "subs_db_mode", 3)\nmodparam("presence", "publ_cache", 0)\n');
  const alice = await bed.udp(7000);
  const { agent } = await watcher(7001);
  bed.host
    .openSqlite("/data/p.sqlite")
    .exec("UPDATE active_watchers SET contact = 'sip:moved@192.0.2.10:7001', local_cseq = 20");
  await alice.send(publish(pidf("a", "open")));
  expect(notifies(agent.received).at(-1)).toMatch(/^NOTIFY sip:moved@[\s\S]*CSeq: 21 NOTIFY/);
  bed.host.openSqlite("/data/p.sqlite").exec("DELETE FROM active_watchers");
  const before = agent.received.length;
  await alice.send(publish(pidf("a", "closed")));
  expect(agent.received).toHaveLength(before);
});

test("what strangers send is bounded", async () => {
  await open(`modparam("presence", "max_subscriptions", 2)
modparam("presence", "max_publications_per_presentity", 2)
modparam("presence", "max_body_size", 20000)
`);
  const alice = await bed.udp(7000);
  for (const [body, code] of [
    [`<!DOCTYPE a [<!ENTITY x "y">]>${pidf("a", "&x;")}`, 415],
    [`<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, 415],
    [`${"<a>".repeat(200)}${"</a>".repeat(200)}`, 415],
    [`<p>${"<a/>".repeat(1000)}</p>`, 415],
    [`<p>${"<a/>".repeat(990)}</p>`, 200],
    [`<p>${"x".repeat(20_000)}</p>`, 413],
    [pidf("a", "open"), 200],
    [pidf("b", "open"), 503],
  ] as const)
    expect((await alice.send(publish(body)))[0]).toContain(`SIP/2.0 ${code} `);
  for (const code of [200, 200, 503]) {
    const got = await alice.send(subscribe(7000));
    expect(got[0]).toContain(`SIP/2.0 ${code} `);
    for (const n of notifies(got)) await alice.send(ok(n));
  }
});

test("watchers whom nobody has decided about are noted up to a bound, a day at a time", async () => {
  await open('modparam("presence_xml", "force_active", 0)\nmodparam("presence", "max_subscriptions", 3)\n');
  const alice = await bed.udp(7000);
  const ask = (n: number): Promise<string[]> =>
    alice.send(subscribe(7000, ["Expires: 0"]).replace("sip:bob@example.org SIP", `sip:u${n}@example.org SIP`));
  for (let n = 0; n < 6; n++) expect((await ask(n))[0]).toContain("SIP/2.0 200 ");
  expect(sql("SELECT id FROM watchers")).toHaveLength(3);
});

test("scripts see subscriptions and the answers to NOTIFYs, and may end them", async () => {
  await open(
    'modparam("presence", "xavp_cfg", "pres")\n',
    `request_route {
  if (is_method("PUBLISH")) { $xavp(pres=>priority) = 7; handle_publish(); }
  else { handle_subscribe("sip:zoe@example.org"); xlog("L_ERR", "made $subs(uri) for $subs(watcher_username) by $subs(from_user) $subs(event) $subs(status)"); }
  exit;
}
event_route[tm:local-request] { xlog("L_ERR", "to be sent to $subs(contact) for $subs(pres_uri)"); }
event_route[presence:notify-reply] {
  xlog("L_ERR", "answered $notify_reply($rs) $notify_reply($rr) of $subs(callid)");
  if ($notify_reply($rs) == 486) $xavp(pres=>delete_subscription) = 1;
}
`,
  );
  const alice = await bed.udp(7000);
  const { agent, got } = await watcher(7001);
  const call = /Call-ID: (.*)\r/.exec(got[0]!)?.[1];
  expect(
    bed.log.filter((l) => /made|sent|answered/.test(l)).map((l) => l.replace(/^.*?(made|to be|answered)/, "$1")),
  ).toEqual([
    "to be sent to sip:w@192.0.2.10:7001 for sip:bob@example.org",
    "made sip:bob@example.org for zoe by alice presence 1",
    `answered 200 OK of ${call}`,
  ]);
  await alice.send(publish(pidf("a", "open")));
  expect(sql("SELECT priority FROM presentity")).toEqual([{ priority: 7 }]);
  await agent.send(ok(notifies(agent.received).at(-1)!, 486));
  const before = agent.received.length;
  await alice.send(publish(pidf("a", "closed")));
  expect(agent.received).toHaveLength(before);
});
