// Modules presence and presence_xml on a whole proxy: what their parameters change.

import { afterEach, expect, test } from "vitest";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import {
  bed,
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
