// Modules presence and presence_xml on a whole proxy: what a comparison with Kamailio cannot show (time, bounds, storage, what scripts see).

import { afterEach, expect, test } from "vitest";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const URL = "sqlite:///data/p.sqlite";
let bed: ProxyBed;
afterEach(() => bed.close());

const ROUTES = `request_route {
  if (is_method("PUBLISH")) handle_publish();
  else if (is_method("SUBSCRIBE")) handle_subscribe();
  exit;
}
`;

async function open(params: string, routes = ROUTES, db = true): Promise<void> {
  const url = db ? `modparam("presence|presence_xml", "db_url", "${URL}")\n` : "";
  const active = params.includes("force_active") ? "" : 'modparam("presence_xml", "force_active", 1)\n';
  const loads = `${modules("presence", "presence_xml")}loadmodule "db_sqlite.so"\n`;
  bed = await openProxy(`${loads}${url}${active}${params}${routes}`);
}

const pidf = (id: string, basic: string, note = ""): string =>
  `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@example.org"><tuple id="${id}"><status><basic>${basic}</basic></status>${note === "" ? "" : `<note>${note}</note>`}</tuple></presence>`;

function publish(body: string, lines: readonly string[] = []): string {
  const type = body === "" ? [] : ["Content-Type: application/pidf+xml"];
  return bed.request("PUBLISH", "sip:bob@example.org", ["Event: presence", ...type, ...lines], undefined, body);
}
function subscribe(port: number, lines: readonly string[] = []): string {
  const contact = `Contact: <sip:w@192.0.2.10:${port}>`;
  return bed.request(
    "SUBSCRIBE",
    "sip:bob@example.org",
    ["Event: presence", contact, ...lines],
    `UDP 192.0.2.10:${port}`,
  );
}
function ok(request: string, code = 200): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq|To):/.test(l));
  return `SIP/2.0 ${code} OK\r\n${kept.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`;
}
const notifies = (texts: readonly string[]): string[] => texts.filter((t) => t.startsWith("NOTIFY"));
const stateOf = (text: string | undefined): string => /Subscription-State: (.*)\r/.exec(text ?? "")?.[1] ?? "";
const etagOf = (text: string | undefined): string => /SIP-ETag: (.*)\r/.exec(text ?? "")?.[1] ?? "";
const sql = (text: string): unknown[] => bed.host.openSqlite("/data/p.sqlite").prepare(text).all();

/** A watcher that answers its NOTIFYs. */
async function watcher(port: number, lines: readonly string[] = []) {
  const agent = await bed.udp(port);
  const got = await agent.send(subscribe(port, lines));
  for (const n of notifies(got)) await agent.send(ok(n));
  return { agent, got };
}

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

test("settings: one body, other case, the same call, a time that is raised", async () => {
  await open(`modparam("presence_xml", "force_presence_single_body", 1)
modparam("presence_xml", "presence_single_body_priorities", "Busy|Free")
modparam("presence", "sip_uri_match", 1)
modparam("presence", "delete_same_subs", 1)
modparam("presence", "min_expires", 100)
modparam("presence", "min_expires_action", 2)
modparam("presence", "subs_db_mode", 1)
`);
  const alice = await bed.udp(7000);
  const { agent } = await watcher(7001, ["Call-ID: same", "Expires: 5"]);
  expect(stateOf(notifies(agent.received)[0])).toBe("active;expires=100");
  const again = await agent.send(
    subscribe(7001, ["Call-ID: same", "From: <sip:alice@example.org>;tag=other", "CSeq: 9 SUBSCRIBE"]),
  );
  for (const n of notifies(again)) await agent.send(ok(n));
  expect(sql("SELECT from_tag FROM active_watchers")).toEqual([{ from_tag: "other" }]);
  const upper = publish(pidf("a", "open", "Busy")).replace("sip:bob@example.org SIP", "sip:BOB@Example.org SIP");
  await alice.send(upper);
  await agent.send(ok(notifies(agent.received).at(-1)!));
  await alice.send(publish(pidf("b", "open", "Free")));
  const told = notifies(agent.received).at(-1)!;
  expect(told).toContain("Busy");
  expect(told).not.toContain("Free");
});

test("rules count again when they change, for those who ask as well as for those who watch", async () => {
  await open(
    'modparam("presence_xml", "force_active", 0)\nmodparam("presence_xml", "integrated_xcap_server", 1)\n',
    `request_route {
  if (is_method("OPTIONS")) { pres_update_watchers("sip:bob@example.org", "presence"); $var(u) = $rc; pres_auth_status("sip:alice@example.org", "sip:bob@example.org"); append_to_reply("X: $var(u) $rc\\r\\n"); sl_send_reply("200", "OK"); exit; }
  if (is_method("PUBLISH")) handle_publish(); else handle_subscribe();
  exit;
}
`,
  );
  const options = (): string => bed.request("OPTIONS", "sip:x@example.org");
  const alice = await bed.udp(7000);
  const { agent, got } = await watcher(7001);
  expect(stateOf(notifies(got)[0])).toBe("pending;expires=3600");
  expect((await alice.send(options()))[0]).toContain("X: -1 2");
  const allow =
    '<ruleset xmlns="urn:ietf:params:xml:ns:common-policy"><rule id="a"><conditions><identity><one id="sip:alice@example.org"/></identity></conditions><actions><sub-handling>allow</sub-handling></actions></rule></ruleset>';
  bed.host
    .openSqlite("/data/p.sqlite")
    .exec(
      `INSERT INTO xcap (username, domain, doc, doc_type, etag, source, doc_uri, port) VALUES ('bob', 'example.org', '${allow}', 2, 'e', 0, 'u', 0)`,
    );
  expect((await alice.send(options()))[0]).toContain("X: 1 1");
  expect(stateOf(notifies(agent.received).at(-1))).toMatch(/^active;/);
  await agent.send(ok(notifies(agent.received).at(-1)!));
  expect(await bed.rpc("presence.updateWatchers", "sip:bob@example.org", "presence")).toBeNull();
  await expect(bed.rpc("presence.refreshWatchers", "sip:bob@example.org", "weather", 0)).rejects.toThrow(
    "Execution failed",
  );
});

test("a database that fails costs an answer 500, and nothing else", async () => {
  await open("");
  const alice = await bed.udp(7000);
  bed.host.openSqlite("/data/p.sqlite").exec("DROP TABLE presentity");
  expect((await alice.send(publish(pidf("a", "open"))))[0]).toContain("SIP/2.0 500 ");
  expect(bed.log.some((l) => l.includes("presentity"))).toBe(true);
});

test("tables by other names, read row by row at the next start", async () => {
  const params = `modparam("presence", "presentity_table", "pt")
modparam("presence", "active_watchers_table", "aw")
modparam("presence", "watchers_table", "wt")
modparam("presence_xml", "xcap_table", "xt")
modparam("presence_xml", "force_active", 0)
modparam("presence", "fetch_rows", 1)
modparam("presence", "subs_db_mode", 1)
modparam("presence", "publ_cache", 0)
`;
  await open(params);
  const alice = await bed.udp(7000);
  await alice.send(publish(pidf("a", "open")));
  for (const port of [7001, 7002]) await watcher(port);
  const counts = ["pt", "aw", "wt", "xt"].map((t) => sql(`SELECT count(*) AS n FROM ${t}`)[0]);
  expect(counts).toEqual([{ n: 1 }, { n: 2 }, { n: 1 }, { n: 0 }]);
  const { host, world } = bed;
  await bed.server.stop();
  const options = parseOptions(["-l", "udp:192.0.2.1:5060", "--data", "/data", "-f", "/portico.cfg"]);
  const checked = check(host, await readSource(host, options.config), options);
  if (!checked.ok) throw new Error("refused");
  Object.assign(bed, { server: await start(host, checked, { level: -1, sink: () => {} }, null, "/data") });
  await world.advance(100);
  await bed.rpc("presence.cleanup");
  expect(sql("SELECT count(*) AS n FROM aw")).toEqual([{ n: 2 }]);
});

test("max_watchers of one presentity, max_publications of all", async () => {
  await open('modparam("presence", "max_watchers", 1)\nmodparam("presence", "max_publications", 1)\n', ROUTES, false);
  const alice = await bed.udp(7000);
  expect((await alice.send(publish(pidf("a", "open"))))[0]).toContain("SIP/2.0 200 ");
  expect((await alice.send(publish(pidf("b", "open"))))[0]).toContain("SIP/2.0 503 ");
  expect((await watcher(7001)).got[0]).toContain("SIP/2.0 200 ");
  expect((await watcher(7002)).got[0]).toContain("SIP/2.0 503 ");
});

test("cseq_offset lets a SUBSCRIBE through whose CSeq lies behind by less; pres_subs_mode 0 keeps $subs empty", async () => {
  const routes = ROUTES.replace(
    "handle_subscribe();",
    '{ handle_subscribe(); xlog("L_ALERT", "subs $subs(uri)\\n"); }',
  );
  for (const offset of [0, 5]) {
    if (offset > 0) await bed.close();
    await open(`modparam("presence", "cseq_offset", ${offset})\nmodparam("presence", "pres_subs_mode", 0)\n`, routes);
    const { agent, got } = await watcher(7001, ["CSeq: 8 SUBSCRIBE", "Call-ID: one"]);
    const tag = /To: .*;tag=([^\r]*)/.exec(got[0]!)![1];
    const again = (cseq: number) =>
      agent.send(subscribe(7001, [`CSeq: ${cseq} SUBSCRIBE`, "Call-ID: one", `To: <sip:bob@example.org>;tag=${tag}`]));
    const status = (texts: readonly string[]): string => texts.find((t) => t.startsWith("SIP"))!.slice(8, 11);
    expect([status(await again(7)), status(await again(1)), status(await again(9))]).toEqual(
      offset === 0 ? ["400", "400", "200"] : ["200", "400", "200"],
    );
    expect(bed.log.filter((l) => l.includes("subs ")).every((l) => l.includes("subs <null>"))).toBe(true);
  }
});

test("retrieve_order: the document of the highest priority counts, else the newest", async () => {
  const routes = ROUTES.replace(
    "handle_publish();",
    "{ $xavp(pres=>priority) = $(hdr(Priority){s.int}); handle_publish(); }",
  );
  for (const [order, expected] of [
    [0, "second"],
    [1, "first"],
  ] as const) {
    if (order > 0) await bed.close();
    await open(
      `modparam("presence", "xavp_cfg", "pres")
modparam("presence", "retrieve_order", ${order})
modparam("presence_xml", "force_presence_single_body", 1)
modparam("presence_xml", "presence_single_body_lookup_element", "mood")
`,
      routes,
    );
    const alice = await bed.udp(7000);
    await alice.send(publish(pidf("first", "open"), ["Priority: 9"]));
    await bed.world.advance(2000);
    await alice.send(publish(pidf("second", "open"), ["Priority: 1"]));
    const { got } = await watcher(7001);
    expect(notifies(got)[0]).toContain(`id="${expected}"`);
  }
});

test("presence_single_body_lookup_element names the element that the priorities are about", async () => {
  await open(`modparam("presence_xml", "force_presence_single_body", 1)
modparam("presence_xml", "presence_single_body_lookup_element", "mood")
modparam("presence_xml", "presence_single_body_priorities", "good|bad")
`);
  const alice = await bed.udp(7000);
  const mood = (id: string, text: string): string =>
    pidf(id, "open", "x").replace("<note>x</note>", `<mood>${text}</mood>`);
  await alice.send(publish(mood("a", "good")));
  await bed.world.advance(2000);
  await alice.send(publish(mood("b", "bad")));
  const { got } = await watcher(7001);
  expect(notifies(got)[0]).toContain('id="a"');
});

test("packages that are left out, and the time of a subscription that names none", async () => {
  const asked = async (event: string): Promise<string> => {
    const agent = await bed.udp(7100 + event.length);
    const text = subscribe(7100 + event.length).replace("Event: presence", `Event: ${event}`);
    const got = await agent.send(text);
    for (const n of notifies(got)) await agent.send(ok(n));
    return `${got[0]!.slice(8, 11)}${/Expires: (\d+)/.exec(got[0]!)?.[0] ?? ""}`;
  };
  await open('modparam("presence_xml", "default_expires", 120)\n');
  for (const event of ["presence", "presence.winfo", "xcap-diff"]) expect(await asked(event)).toBe("200Expires: 120");
  for (const [param, event] of [
    ["disable_presence", "presence"],
    ["disable_winfo", "presence.winfo"],
    ["disable_xcapdiff", "xcap-diff"],
  ] as const) {
    await bed.close();
    await open(`modparam("presence_xml", "${param}", 1)\n`);
    for (const other of ["presence", "presence.winfo", "xcap-diff"])
      expect(await asked(other), `${param} ${other}`).toMatch(other === event ? /^489/ : /^200/);
  }
  await bed.close();
  await open('modparam("presence_xml", "passive_mode", 1)\n');
  expect(await asked("presence")).toMatch(/^489/);
});

test("xcapauth_userdel_reason tells a watcher whose rule is gone why", async () => {
  await open(
    `modparam("presence_xml", "force_active", 0)
modparam("presence_xml", "xcapauth_userdel_reason", "giveup")
`,
    `request_route {
  if (is_method("OPTIONS")) { pres_update_watchers("sip:bob@example.org", "presence"); sl_send_reply("200", "OK"); exit; }
  if (is_method("PUBLISH")) handle_publish(); else handle_subscribe();
  exit;
}
`,
  );
  const rule = (who: string): string =>
    `<ruleset xmlns="urn:ietf:params:xml:ns:common-policy"><rule id="a"><conditions><identity><one id="${who}"/></identity></conditions><actions><sub-handling>allow</sub-handling></actions></rule></ruleset>`;
  const db = bed.host.openSqlite("/data/p.sqlite");
  db.exec(
    `INSERT INTO xcap (username, domain, doc, doc_type, etag, source, doc_uri, port) VALUES ('bob', 'example.org', '${rule("sip:alice@example.org")}', 2, 'e', 0, 'u', 0)`,
  );
  const alice = await bed.udp(7000);
  const { agent, got } = await watcher(7001);
  expect(stateOf(notifies(got)[0])).toMatch(/^active/);
  db.exec(`UPDATE xcap SET doc = '${rule("sip:other@example.org")}'`);
  await alice.send(bed.request("OPTIONS", "sip:x@example.org"));
  expect(stateOf(notifies(agent.received).at(-1))).toBe("terminated;reason=giveup");
});
