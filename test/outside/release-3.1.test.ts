// What release 3.1 called otherwise: commands by their names there, parameters that have moved or are needed no more.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

test("commands run under their names of release 3.1", async () => {
  const files = { "/address.txt": "" };
  const bed = await openProxy(
    `${modules("kex", "tmx", "pike", "dialog", "htable", "presence", "domain", "permissions", "db_sqlite")}
modparam("htable", "htable", "t=>size=4;dbtable=htable")
modparam("htable|domain|permissions", "db_url", "sqlite:///data/d.sqlite")
modparam("permissions", "db_mode", 1)
modparam("permissions", "load_backends", 15)
modparam("permissions", "address_file", "/address.txt")
modparam("dialog", "profiles_with_value", "caller")
request_route { exit; }
`,
    0,
    undefined,
    undefined,
    files,
  );
  for (const [older, today, ...args] of [
    ["arg", "core.arg"],
    ["pwd", "core.pwd"],
    ["uptime", "core.uptime"],
    ["version", "core.version"],
    ["which", "system.listMethods"],
    ["address_reload", "permissions.addressReload"],
    ["address_dump", "permissions.addressDump"],
    ["subnet_dump", "permissions.subnetDump"],
    ["trusted_reload", "permissions.trustedReload"],
    ["trusted_dump", "permissions.trustedDump"],
    ["domain_reload", "domain.reload"],
    ["domain_dump", "domain.dump"],
    ["cleanup", "presence.cleanup"],
    ["dlg_list", "dlg.list"],
    ["dlg_list_ctx", "dlg.list_ctx"],
    ["profile_get_size", "dlg.profile_get_size", "caller"],
    ["profile_list_dlgs", "dlg.profile_list", "caller"],
    ["sht_dump", "htable.dump", "t"],
    ["sht_reload", "htable.reload", "t"],
    ["pike_list", "pike.list"],
    ["t_hash", "tm.hash_stats"],
    ["kill", "core.kill", 0],
  ] as const) {
    const given = await bed.rpc(older, ...args);
    if (older.endsWith("_reload")) await bed.world.advance(10_000); // one reload in 5 seconds
    expect(given, older).toEqual(await bed.rpc(today, ...args));
    await bed.world.advance(10_000);
  }
  // what these say of such arguments is today's command's
  for (const [older, ...args] of [
    ["dlg_list", "nobody"],
    ["dlg_end_dlg", 1, 1],
    ["t_reply", 200, "OK", "1:1", "tag", ".", "."],
    ["t_uac_cancel", "none", 1],
    ["refreshWatchers", "sip:a@b", "weather", 0],
    ["t_uac_dlg", "BAD METHOD", "x"],
  ] as const) {
    const answer: unknown = await bed.rpc(older, ...args).catch((error: unknown) => error);
    expect(String(answer), older).not.toContain(`command ${older} not found`);
  }
  await expect(bed.rpc("dlg_lists")).rejects.toThrow("command dlg_lists not found");
  await bed.close();
});

test.each([
  ["domain", "db_mode", "domains are always kept in memory"],
  ["presence", "fallback2db", "subs_db_mode says where subscriptions are"],
  ["presence", "to_tag_pref", "tags are hard to guess"],
  ["htable", "timer_mode", "there are no timer processes"],
  ["tls", "handshake_timeout", "handshakes have a limit of their own"],
  ["tls", "send_timeout", "tcp_send_timeout counts for TLS too"],
  ["tls", "ssl_free_list_max_len", "looks after its memory itself"],
])("%s parameter %s is a warning with its reason", async (module, param, reason) => {
  const url =
    module === "domain" ? 'loadmodule "db_sqlite.so"\nmodparam("domain", "db_url", "sqlite:///data/d.sqlite")\n' : "";
  const bed = await openProxy(
    `${modules(module)}${url}modparam("${module}", "${param}", 1)\nrequest_route { exit; }\n`,
  );
  expect(bed.diagnostics.map((d) => d.message).join("\n")).toContain(`${module} parameter ${param} has no effect: `);
  expect(bed.diagnostics.map((d) => d.message).join("\n")).toContain(reason);
  await bed.close();
});

test.each([
  ["nathelper", "rtpproxy_sock", "it is one of module rtpproxy since release 3.2"],
  ["rtpproxy", "natping_interval", "it is one of module nathelper since release 3.2"],
  ["acc", "radius_flag", "accounting by RADIUS and Diameter is not offered"],
])("%s parameter %s is refused with what to do", async (module, param, hint) => {
  const config = `${modules(module)}modparam("${module}", "${param}", 1)\nrequest_route { exit; }\n`;
  await expect(openProxy(config)).rejects.toThrow(hint);
});

test("registrar reg_callid_avp: registered() asks for a binding of that Call-ID", async () => {
  const bed = await openProxy(`${modules()}modparam("registrar", "reg_callid_avp", "$avp(s:cid)")
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if ($hdr(X-Call) != $null) $avp(s:cid) = $hdr(X-Call);
  registered("location");
  $var(rc) = $rc;
  sl_send_reply("200", "rc $var(rc)");
}
`);
  const phone = await bed.udp(7000);
  const lines = ["To: <sip:bob@example.org>", "Contact: <sip:bob@192.0.2.10:7000>", "Call-ID: own"];
  await phone.send(bed.request("REGISTER", "sip:example.org", lines));
  const asked = async (...more: string[]): Promise<string> =>
    (await phone.send(bed.request("OPTIONS", "sip:bob@example.org", more)))[0]!.split("\r\n")[0]!;
  expect([await asked(), await asked("X-Call: own"), await asked("X-Call: other")]).toEqual(
    [1, 1, -1].map((rc) => `SIP/2.0 200 rc ${rc}`),
  );
  await bed.close();
});

test("$T_reply_last is the code of the reply in onreply routes, and nothing elsewhere", async () => {
  const bed = await openProxy(`${modules("tmx")}
request_route { xlog("L_ALERT", "at request $T_reply_last\\n"); t_on_reply("R"); $du = "sip:192.0.2.10:7100"; t_relay(); }
onreply_route[R] { xlog("L_ALERT", "at reply $T_reply_last\\n"); }
`);
  const [phone, far] = [await bed.udp(7000), await bed.udp(7100)];
  await phone.send(bed.request("OPTIONS", "sip:bob@example.org"));
  const kept = far.received[0]!.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
  await far.send(["SIP/2.0 404 No", ...kept, "Content-Length: 0", "", ""].join("\r\n"));
  expect(bed.log.flatMap((l) => /at .*$/.exec(l)?.[0] ?? [])).toEqual(["at request <null>", "at reply 404"]);
  await bed.close();
});

test("siputils ring_insert_callid: 183 becomes 180 for ring_timeout seconds", async () => {
  const bed = await openProxy(`${modules()}modparam("siputils", "ring_timeout", 5)
request_route { if ($hdr(X-Ring) == "yes") ring_insert_callid(); t_on_reply("R"); $du = "sip:192.0.2.10:7100"; t_relay(); }
onreply_route[R] { xlog("L_ALERT", "at reply $rs $rr\\n"); }
`);
  const [phone, far] = [await bed.udp(7000), await bed.udp(7100)];
  const progress = async (ring: string, after: number): Promise<string> => {
    const before = far.received.length;
    await phone.send(bed.request("INVITE", "sip:bob@example.org", [`X-Ring: ${ring}`]));
    await bed.world.advance(after);
    const kept = far.received[before]!.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
    await far.send(["SIP/2.0 183 Session Progress", ...kept, "Content-Length: 2", "", "hi"].join("\r\n"));
    return phone.received.at(-1)!;
  };
  const changed = await progress("yes", 0);
  expect(changed).toMatch(/^SIP\/2\.0 180 Ringing\r\n/);
  expect(changed.endsWith("\r\n\r\nhi")).toBe(true);
  expect(bed.log.at(-1)).toContain("at reply 180 Ringing");
  expect(await progress("yes", 6000)).toMatch(/^SIP\/2\.0 183 Session Progress\r\n/);
  expect(await progress("no", 0)).toMatch(/^SIP\/2\.0 183 Session Progress\r\n/);
  await bed.close();
});
