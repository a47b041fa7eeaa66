// Parameters of registrar and usrloc that Kamailio 5.6 has no more, or not yet, on a whole proxy in virtual time: aor_avp and tcp_persistent_flag of
// release 3.1, ka_reply_codes of later ones.

import { expect, test } from "vitest";
import { UnusableConfig } from "../../src/boot.ts";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const register = (bed: ProxyBed, user: string, contact: string, lines: string[] = [], via?: string): string =>
  bed.request(
    "REGISTER",
    "sip:example.org",
    [`From: <sip:${user}@example.org>;tag=a`, `To: <sip:${user}@example.org>`, `Contact: ${contact}`, ...lines],
    via,
  );

// What is wrong with a parameter of usrloc.
const refusals = (name: string, value: string | number, more = ""): Promise<string> =>
  openProxy(
    `${modules()}modparam("usrloc", "${name}", ${JSON.stringify(value)})\n${more}\nrequest_route { exit; }\n`,
  ).then(
    () => "nothing",
    (error: unknown) => (error instanceof UnusableConfig ? error.diagnostics : []).map((d) => d.message).join(),
  );

test("aor_avp: the URI of an AVP stands for that of the message, unless the function is given one", async () => {
  const bed = await openProxy(`${modules()}modparam("registrar", "aor_avp", "$avp(s:aor)")
request_route {
  if ($hdr(X-Aor) != $null) $avp(aor) = $hdr(X-Aor);
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("INFO")) { if (registered("location")) sl_send_reply("290", "There"); else sl_send_reply("490", "Not"); exit; }
  if (is_method("MESSAGE")) lookup("location", "sip:given@example.org");
  else lookup("location");
  sl_send_reply("299", "$rc $ru");
}
`);
  const phone = await bed.udp(7000);
  const say = async (method: string, lines: string[] = []): Promise<string> =>
    /^SIP\/2\.0 (.*)\r/.exec((await phone.send(bed.request(method, "sip:bob@example.org", lines)))[0]!)![1]!;
  const alias = "X-Aor: sip:other@example.net";
  expect((await phone.send(register(bed, "bob", "<sip:b@192.0.2.10:7000>", [alias])))[0]).toMatch(/^SIP\/2\.0 200 /);
  expect(JSON.stringify(await bed.rpc("ul.dump"))).toContain('"AoR":"other"');
  expect(await say("INFO", [alias])).toBe("290 There");
  expect(await say("INFO")).toBe("490 Not");
  expect(await say("OPTIONS", [alias])).toBe("299 1 sip:b@192.0.2.10:7000");
  expect(await say("OPTIONS")).toBe("299 -1 sip:bob@example.org");
  expect(await say("MESSAGE", [alias])).toBe("299 -1 sip:bob@example.org");
  const broken = "X-Aor: nonsense";
  expect((await phone.send(register(bed, "bob", "<sip:b@192.0.2.10:7000>", [broken])))[0]).toMatch(/^SIP\/2\.0 400 /);
  expect(await say("OPTIONS", [broken])).toBe("299 -3 sip:bob@example.org");
  await bed.close();
});

test("tcp_persistent_flag: an idle connection stays as long as what is registered over it, and no longer", async () => {
  const bed = await openProxy(`tcp_connection_lifetime=60
${modules()}modparam("registrar", "tcp_persistent_flag", 7)
request_route { if ($hdr(X-Stay) != $null) setflag(7); save("location"); }
`);
  const over = async (user: string, contact: string, lines: string[] = []) => {
    const phone = await bed.tcp();
    const [answer] = await phone.send(register(bed, user, contact, lines, "TCP 192.0.2.10:7000"));
    expect(answer).toMatch(/^SIP\/2\.0 200 /);
    return phone;
  };
  const stay = "X-Stay: yes";
  const plain = await over("a", "<sip:a@192.0.2.10:7000;transport=tcp>;expires=600");
  const kept = await over("b", "<sip:b@192.0.2.10:7000;transport=tcp>;expires=600", [stay]);
  const udp = await over("c", "<sip:c@192.0.2.10:7000;transport=udp>;expires=600", [stay]);
  const gone = await over("d", "<sip:d@192.0.2.10:7000;transport=tcp>;expires=600", [stay]);
  await gone.send(register(bed, "d", "<sip:d@192.0.2.10:7000;transport=tcp>;expires=0", [stay], "TCP 192.0.2.10:7000"));
  await bed.world.advance(70_000);
  expect([plain, kept, udp, gone].map((phone) => phone.isClosed())).toEqual([true, false, true, true]);
  await bed.world.advance(500_000);
  expect(kept.isClosed()).toBe(false);
  await bed.world.advance(60_000);
  expect(kept.isClosed()).toBe(true);
  await bed.close();
});

const pings = (agent: BedAgent): string[] => agent.received.filter((m) => m.startsWith("OPTIONS "));

test("ka_reply_codes: only these answers to keepalives show that somebody is there", async () => {
  const bed = await openProxy(
    `${modules()}modparam("usrloc", "ka_mode", 1)
modparam("usrloc", "ka_reply_codes", "2, 486")
modparam("usrloc", "ka_timeout", 30)
modparam("usrloc", "ka_loglevel", 1)
modparam("usrloc", "ka_logmsg", " said $rs")
modparam("usrloc", "timer_interval", 5)
request_route { save("location"); }
`,
    1,
  );
  const codes = [200, 486, 480, 404];
  const phones = await Promise.all(codes.map((_, i) => bed.udp(7000 + i)));
  for (const [i, phone] of phones.entries())
    await phone.send(register(bed, `u${i}`, `<sip:u${i}@192.0.2.10:${7000 + i}>`));
  for (let time = 0; time < 60; time += 5) {
    await bed.world.advance(5000);
    for (const [i, phone] of phones.entries()) {
      const ping = pings(phone).at(-1);
      if (ping !== undefined)
        await phone.send(ping.replace(/^OPTIONS .*/, `SIP/2.0 ${codes[i]} X`).replace(/^Max-Forwards.*\r\n/m, ""));
    }
  }
  const dump = JSON.stringify(await bed.rpc("ul.dump"));
  expect([0, 1, 2, 3].map((i) => dump.includes(`"u${i}"`))).toEqual([true, true, false, false]);
  const lines = bed.log.filter((line) => line.includes("keepalive roundtrip"));
  expect(new Set(lines.map((line) => /said \d+/.exec(line)?.[0]))).toEqual(new Set(["said 200", "said 486"]));
  await bed.close();
});

test("ka_reply_codes and ka_logmsg that cannot be meant are refused", async () => {
  expect(await refusals("ka_reply_codes", "2xx")).toContain('"2xx" is no code of a reply');
  expect(await refusals("ka_loglevel", 1, 'modparam("usrloc", "ka_logmsg", "$nosuch(x)")')).toContain("nosuch");
});

test("usrloc needs no module pv as long as no line about keepalives is wanted", async () => {
  const bare = (more: string): Promise<ProxyBed> =>
    openProxy(
      `loadmodule "sl.so"\nloadmodule "usrloc.so"\nloadmodule "registrar.so"\n${more}request_route { save("location"); }\n`,
    );
  await (await bare('modparam("usrloc", "ka_mode", 1)\n')).close();
  await expect(bare('modparam("usrloc", "ka_loglevel", 1)\n')).rejects.toThrow();
});

test("ul.db_users and ul.db_contacts count what has not expired, ul.db_expired_contacts the rest", async () => {
  const bed = await openProxy(`${modules("db_sqlite")}modparam("usrloc", "db_mode", 1)
modparam("usrloc", "db_url", "sqlite:///data/l.sqlite")
request_route { save("location"); }
`);
  const phone = await bed.udp(7000);
  await phone.send(register(bed, "x", "<sip:x@192.0.2.10:7000>"));
  await phone.send(register(bed, "x", "<sip:x@192.0.2.10:7001>"));
  await phone.send(register(bed, "y", "<sip:y@192.0.2.10:7000>"));
  await phone.send(register(bed, "z", "<sip:z@192.0.2.10:7000>"));
  bed.host
    .openSqlite("/data/l.sqlite")
    .exec("UPDATE location SET expires = julianday('2001-01-01') WHERE username = 'z'");
  const count = (what: string): Promise<unknown> => bed.rpc(`ul.db_${what}`, "location");
  expect(await Promise.all(["users", "contacts", "expired_contacts"].map(count))).toEqual([2, 3, 1]);
  await bed.rpc("ul.add", "location", "p", "sip:p@192.0.2.10:7000", 0, "0.5");
  expect(await Promise.all(["users", "contacts", "expired_contacts"].map(count))).toEqual([3, 4, 1]);
  await bed.close();
});

test("rm_expired_delay is refused where it would do nothing, as on Kamailio", async () => {
  expect(await refusals("rm_expired_delay", 5)).toContain("db_mode 3 only");
});

test("ul.add of a binding that a phone has made leaves the phone's own requests good", async () => {
  const bed = await openProxy(`${modules()}request_route { save("location"); }
`);
  const phone = await bed.udp(7000);
  const refresh = (n: number): Promise<string[]> =>
    phone.send(register(bed, "x", "<sip:x@192.0.2.10:7000>", ["Call-ID: one", `CSeq: ${n} REGISTER`]));
  await refresh(7);
  await bed.rpc("ul.add", "location", "x", "sip:x@192.0.2.10:7000", 100, "0.5", ".", 0, 0, 4095, "sip:192.0.2.9:7001");
  expect(JSON.stringify(await bed.rpc("ul.lookup", "location", "x"))).toContain('"Received":"sip:192.0.2.9:7001"');
  await bed.world.advance(30_000);
  expect((await refresh(8))[0]).toMatch(/^SIP\/2\.0 200 [\s\S]*expires=3600/);
  await bed.close();
});

test("parameters of registrar change while the program runs (cfg_rpc)", async () => {
  const bed = await openProxy(`${modules("cfg_rpc")}
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  lookup("location");
  sl_send_reply("299", "$rc $ru $(branch(count))");
}
`);
  const phone = await bed.udp(7000);
  const change = (name: string, value: number): Promise<unknown> =>
    bed.rpc("cfg.set_now_int", "registrar", name, value);
  const save = async (user: string, contact: string, callId = "c"): Promise<string> =>
    (await phone.send(register(bed, user, contact, [`Call-ID: ${callId}`])))[0]!.replace(/\r\n/g, "|");
  await change("default_expires", 100);
  expect(await save("a", "<sip:a@192.0.2.10:7000>")).toContain("expires=100");
  await change("max_expires", 90);
  expect(await save("b", "<sip:b@192.0.2.10:7000>")).toContain("expires=90");
  await change("min_expires", 80);
  expect(await save("c", "<sip:c@192.0.2.10:7000>;expires=10")).toContain("expires=80");
  await change("default_q", 300);
  await change("max_contacts", 2);
  expect(await save("d", "<sip:d1@192.0.2.10:7000>")).toContain("q=0.3");
  expect(await save("d", "<sip:d2@192.0.2.10:7000>", "d")).toMatch(/^SIP\/2\.0 200 /);
  await change("retry_after", 33);
  expect(await save("d", "<sip:d3@192.0.2.10:7000>", "e")).toMatch(/^SIP\/2\.0 503 .*Retry-After: 33/);
  await change("append_branches", 0);
  const [found] = await phone.send(bed.request("OPTIONS", "sip:d@example.org"));
  expect(found).toMatch(/^SIP\/2\.0 299 1 sip:d1@192\.0\.2\.10:7000 <null>/);
  await change("case_sensitive", 1);
  expect((await phone.send(bed.request("OPTIONS", "sip:D@example.org")))[0]).toMatch(/^SIP\/2\.0 299 -1 /);
  await expect(change("expires_range", 101)).rejects.toThrow();
  await expect(change("use_path", 1)).rejects.toThrow();
  expect(await bed.rpc("cfg.get", "registrar", "default_expires")).toBe(100);
  await bed.close();
});

test("unregister() by the record id alone, with nothing in memory", async () => {
  const bed = await openProxy(`${modules("db_sqlite")}modparam("usrloc", "db_mode", 3)
modparam("usrloc", "db_url", "sqlite:///data/l.sqlite")
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  reg_fetch_contacts("location", "$ru", "u");
  $var(id) = $ulc(u=>ruid);
  unregister("location", "", "$var(id)");
  $var(first) = $rc;
  unregister("location", "", "$var(id)");
  sl_send_reply("299", "$var(first) $rc");
}
`);
  const phone = await bed.udp(7000);
  await phone.send(register(bed, "x", "<sip:x@192.0.2.10:7000>"));
  await phone.send(register(bed, "y", "<sip:y@192.0.2.10:7000>"));
  expect((await phone.send(bed.request("OPTIONS", "sip:x@example.org")))[0]).toMatch(/^SIP\/2\.0 299 1 -3\r/);
  expect(await bed.rpc("ul.db_contacts", "location")).toBe(1);
  await bed.close();
});

test("$location_ua and $ruid tell of the binding that was looked up", async () => {
  const bed = await openProxy(`${modules()}request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  $var(before) = $location_ua;
  lookup("location");
  sl_send_reply("299", "$var(before) $location_ua $(ruid{s.substr,0,4})");
}
`);
  const phone = await bed.udp(7000);
  const none = await phone.send(bed.request("OPTIONS", "sip:x@example.org"));
  expect(none[0]).toMatch(/^SIP\/2\.0 299 0 <null> \r/);
  await phone.send(register(bed, "x", "<sip:x@192.0.2.10:7000>", ["User-Agent: Phone 7"]));
  const found = await phone.send(bed.request("OPTIONS", "sip:x@example.org"));
  expect(found[0]).toMatch(/^SIP\/2\.0 299 0 Phone 7 uloc\r/);
  await bed.close();
});

test("commands want the domain of a user where domains count (use_domain)", async () => {
  const bed = await openProxy(`${modules()}modparam("usrloc", "use_domain", 1)\nrequest_route { save("location"); }\n`);
  const phone = await bed.udp(7000);
  await phone.send(register(bed, "x", "<sip:x@192.0.2.10:7000>"));
  for (const [name, ...more] of [["ul.lookup"], ["ul.rm"], ["ul.rm_contact", "sip:x@192.0.2.10:7000"]])
    await expect(bed.rpc(name!, "location", "x", ...more)).rejects.toThrow("Domain missing in AOR");
  expect(await bed.rpc("ul.lookup", "location", "x@example.org")).toMatchObject({ AoR: "x@example.org" });
  await bed.close();
});

test("lookup_xavp() and reg_from_user(): what is stored of a user, and whether a message comes from there", async () => {
  const bed = await openProxy(`${modules("nathelper")}modparam("nathelper|registrar", "received_avp", "$avp(rcv)")
request_route {
  if (is_method("REGISTER")) { if ($hdr(X-Nat) != $null) fix_nated_register(); save("location"); exit; }
  if (is_method("INFO")) {
    $var(m) = $hdr(X-Mode);
    reg_from_user("location", "$ru", "$var(m)");
    sl_send_reply("299", "$rc");
    exit;
  }
  lookup_xavp("location", "$ru", "rul", "cul");
  sl_send_reply("299", "$rc $xavp(rul=>aor) $xavp(rul=>count) $xavp(cul=>uri) $xavp(cul=>socket) $xavp(cul=>dsturi) $xavp(cul[1]=>uri) $xavp(cul[1]=>dsturi)");
}
`);
  const phone = await bed.udp(7000);
  const tcp = await bed.tcp();
  await phone.send(register(bed, "x", "<sip:x@192.0.2.10:7000>;q=0.9"));
  await phone.send(register(bed, "x", "<sip:x@10.1.1.1:7000>;q=0.5", ["X-Nat: yes"]));
  await phone.send(register(bed, "y", "<sip:y@192.0.2.99:7000>"));
  const phrase = (answers: string[]): string => /^SIP\/2\.0 299 (.*)\r/.exec(answers[0]!)![1]!;
  const ask = async (user: string): Promise<string> =>
    phrase(await phone.send(bed.request("OPTIONS", `sip:${user}@example.org`)));
  expect(await ask("x")).toBe(
    "1 x 2 sip:x@192.0.2.10:7000 udp:192.0.2.1:5060 <null> sip:x@10.1.1.1:7000 sip:192.0.2.10:7000",
  );
  expect(await ask("nobody")).toBe("-1 <null> <null> <null> <null> <null> <null> <null>");
  const from = async (agent: BedAgent, user: string, mode: number): Promise<string> =>
    phrase(await agent.send(bed.request("INFO", `sip:${user}@example.org`, [`X-Mode: ${mode}`])));
  for (const mode of [0, 1, 2, 3]) expect(await from(phone, "x", mode)).toBe("1");
  for (const [mode, answer] of Object.entries(["1", "-1", "-1", "-1"]))
    expect(await from(tcp, "x", Number(mode))).toBe(answer);
  expect(await from(phone, "y", 0)).toBe("-1");
  expect(await from(phone, "nobody", 0)).toBe("-1");
  await bed.close();
});

test("a temporary GRUU leads to its binding where that is in the database only", async () => {
  const bed = await openProxy(`${modules("db_sqlite")}modparam("usrloc", "db_mode", 3)
modparam("usrloc", "db_url", "sqlite:///data/l.sqlite")
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  lookup("location");
  sl_send_reply("299", "$rc $ru");
}
`);
  const phone = await bed.udp(7000);
  const instance = (n: number): string => `<sip:x${n}@192.0.2.10:7000>;+sip.instance="<urn:uuid:${n}>"`;
  await phone.send(register(bed, "x", instance(1), ["Supported: gruu", "Call-ID: one"]));
  const [ok] = await phone.send(register(bed, "x", instance(2), ["Supported: gruu", "Call-ID: two"]));
  const gruus = [...ok!.matchAll(/temp-gruu="([^"]*)"/g)].map((found) => found[1]!);
  expect(gruus).toHaveLength(2);
  const led = async (uri: string): Promise<string> =>
    /^SIP\/2\.0 299 (.*)\r/.exec((await phone.send(bed.request("OPTIONS", uri)))[0]!)![1]!;
  expect(await led(gruus[0]!)).toBe("1 sip:x1@192.0.2.10:7000");
  expect(await led(gruus[1]!)).toBe("1 sip:x2@192.0.2.10:7000");
  expect(await led("sip:uloc-1-1-1-2@example.org;gr")).toMatch(/^-1 /);
  await bed.close();
});
