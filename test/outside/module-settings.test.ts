// Parameters of small modules that change what users see or what the log says.

import { expect, test } from "vitest";
import { ADDRESS, modules, openProxy } from "../support/proxy-bed.ts";

test("auth: the AVP and the headers of challenges have the names that are configured", async () => {
  const bed = await openProxy(`${modules("auth")}
modparam("auth", "challenge_attr", "$avp(challenge)")
modparam("auth", "www_challenge_header", "X-Challenge")
request_route {
  pv_www_authenticate("home", "secret", "4");
  append_to_reply("$avp(challenge)");
  sl_send_reply(401, "Who are you");
}
`);
  const phone = await bed.udp(7000);
  const [reply] = await phone.send(bed.request("REGISTER", "sip:home"));
  expect(reply).toMatch(/^X-Challenge: Digest realm="home", nonce="[0-9a-f]+", qop="auth"\r$/m);
  expect(reply).not.toContain("WWW-Authenticate");
  await bed.close();
});

test.each([
  ["challenge_attr", "challenge", "names no AVP"],
  ["www_challenge_header", "X Challenge", "is no name of a header"],
  ["proxy_challenge_header", "", "is no name of a header"],
])("auth: %s cannot be %j", async (param, value, words) => {
  const config = `${modules("auth")}modparam("auth", "${param}", "${value}")\nrequest_route { exit; }\n`;
  await expect(openProxy(config)).rejects.toThrow(words);
});

test("ctl: the FIFO protocol over UDP and TCP", async () => {
  const bed = await openProxy(`${modules("ctl", "htable")}
modparam("ctl", "binrpc", "udp:${ADDRESS}:2048")
modparam("ctl", "fifo", "udp:${ADDRESS}:2050")
modparam("ctl", "fifo", "tcp:${ADDRESS}:5061")
modparam("htable", "htable", "h=>size=2;")
request_route { exit; }
`);
  const client = await bed.udp(7000, 2050);
  expect(await client.send(":htable.sets:\nh\nk:1\na,b:c\n\n")).toEqual(["200 OK\nOk. Key set to new value.\n"]);
  const [item] = await client.send(":htable.get:\nh\nk:1\n\n");
  expect(item).toMatch(/^200 OK\nitem:.*value:a\\cb\\oc,name:k\\o1\n$/);
  expect(await client.send(":nosuch:\n\n")).toEqual(["500 Command 'nosuch' not found\n"]);
  expect(await client.send(":core.version:")).toEqual([]);
  expect(await bed.rpc("ctl.listen")).toEqual([
    "binrpc",
    "udp",
    ADDRESS,
    "2048",
    "fifo",
    "udp",
    ADDRESS,
    "2050",
    "fifo",
    "tcp",
    ADDRESS,
    "5061",
  ]);
  const stream = await bed.tcp(5061);
  expect(await stream.send(":core.echo:\none\n5\n")).toEqual([]);
  expect((await stream.send("\n:ctl.connections:\n\njunk\n\n")).join("")).toBe(
    "200 OK\none\n5\n200 OK\n1\n400 Command must begin with :\n",
  );
  expect(await bed.rpc("ctl.who")).toEqual(["fifo", "tcp", "192.0.2.10", expect.any(String), ADDRESS, "5061"]);
  await bed.close();
});

test("presence: retrieve_order_by takes columns of publications only", async () => {
  const config = `${modules("presence")}modparam("presence", "retrieve_order", 1)\nmodparam("presence", "retrieve_order_by", "priority, shoe_size")\nrequest_route { exit; }\n`;
  await expect(openProxy(config)).rejects.toMatchObject({
    diagnostics: [{ message: expect.stringContaining('"shoe_size" is no column') }],
  });
});

test("sl: send_reply_mode closes the connection (2), in a transaction too, or leaves it open", async () => {
  const bed = await openProxy(`${modules()}request_route {
  if ($hdr(X-Stateful) == "1") t_newtran();
  send_reply_mode("404", "Not here", "$hdr(X-Mode)");
}\n`);
  for (const [mode, stateful, closes] of [
    [0, 0, false],
    [1, 0, false],
    [2, 0, true],
    [3, 1, true],
  ] as const) {
    const phone = await bed.tcp();
    const lines = [`X-Mode: ${mode}`, `X-Stateful: ${stateful}`];
    const [reply] = await phone.send(bed.request("MESSAGE", "sip:x@example.org", lines, "TCP 192.0.2.10:7000"));
    expect(reply).toMatch(/^SIP\/2.0 404 Not here\r/);
    await bed.world.advance(100);
    expect([mode, phone.isClosed()]).toEqual([mode, closes]);
  }
  await bed.close();
});

test("functions of request_route run in the event routes of tm and where Kamailio takes them: challenges in failure_route, send_reply in reply_route", async () => {
  const bed = await openProxy(`${modules("auth", "permissions", "maxfwd", "xlog")}
request_route {
  t_on_failure("ASK");
  $du = "sip:192.0.2.10:7001";
  t_relay();
}
failure_route[ASK] { if (t_check_status("486")) { www_challenge("home", "1"); exit; } }
reply_route { $var(rc) = send_reply("200", "No"); xlog("L_ERR", "reply $var(rc) $rs\n"); }
onsend_route { allow_trusted(); }
event_route[tm:local-request] { maxfwd_process("10"); append_urihf("X-Uri: ", "\\r\\n"); xlog("L_ERR", "local $rc\\n"); }
`);
  const phone = await bed.udp(7000);
  const callee = await bed.udp(7001);
  await phone.send(bed.request("INVITE", "sip:bob@home"));
  const invite = callee.received[0]!;
  const lines = invite.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  await callee.send(
    [
      "SIP/2.0 486 Busy",
      ...lines.map((l) => (l.startsWith("To:") ? `${l};tag=c` : l)),
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n"),
  );
  expect(phone.received.at(-1)).toMatch(/^SIP\/2.0 401 Unauthorized\r\n[\s\S]*WWW-Authenticate: Digest realm="home"/);
  expect(bed.log.filter((line) => line.includes("reply "))).toEqual(["ERROR: <script>: reply -1 486"]);
  await bed.rpc(
    "tm.t_uac_start",
    "OPTIONS",
    "sip:192.0.2.10:7001",
    ".",
    ".",
    "From: <sip:a@b>\r\nTo: <sip:c@d>\r\n",
    "",
  );
  await bed.world.advance(100);
  expect(
    callee.received.some((text) => text.startsWith("OPTIONS ") && text.includes("\r\nX-Uri: sip:192.0.2.10:7001\r\n")),
  ).toBe(true);
  await bed.close();
});

test("parameters of modules that Kamailio lets be changed while it runs: maxfwd, xlog, debugger, tls, websocket, rtpengine, siputils", async () => {
  const bed = await openProxy(`enable_tls=yes
${modules("cfg_rpc", "maxfwd", "debugger", "tls", "xhttp", "websocket", "rtpengine")}
modparam("rtpengine", "rtpengine_sock", "udp:192.0.2.99:2223")
modparam("debugger", "mod_level", "core=-5")
request_route {
  maxfwd_process("10");
  xlogm("L_ERR", "limit $hdr(Max-Forwards)\\n");
  sl_send_reply("200", "ok");
}
event_route[xhttp:request] { xhttp_reply("404", "no", "", ""); }
`);
  const phone = await bed.udp(7000);
  const ask = async (): Promise<string[]> => {
    const from = bed.log.length;
    await phone.send(bed.request("OPTIONS", "sip:x@example.org"));
    return bed.log.slice(from).filter((line) => line.includes("limit"));
  };
  expect(await ask()).toEqual(["ERROR: <script>: limit 69"]);
  await bed.rpc("cfg.set_now_int", "maxfwd", "max_limit", 20);
  expect(await ask()).toEqual(["ERROR: <script>: limit 20"]);
  await bed.rpc("cfg.set_now_int", "xlog", "methods_filter", 512); // OPTIONS
  expect(await ask()).toEqual([]);
  await bed.rpc("cfg.set_now_int", "xlog", "methods_filter", 1);
  expect((await ask()).length).toBe(1);
  await bed.rpc("cfg.set_now_int", "dbg", "mod_level_mode", 1);
  expect(await ask()).toEqual([]);
  await bed.rpc("cfg.set_now_int", "dbg", "mod_level_mode", 0);
  for (const [group, name, value] of [
    ["tls", "log", 1],
    ["tls", "connection_timeout", 20],
    ["websocket", "keepalive_timeout", 60],
    ["websocket", "enabled", 0],
    ["dbg", "mod_facility_mode", 1],
    ["rtpengine", "rtpengine_tout_ms", 500],
    ["rtpengine", "rtpengine_retr", 1],
    ["rtpengine", "rtpengine_disable_tout", 5],
    ["rtpengine", "aggressive_redetection", 0],
    ["rtpengine", "queried_nodes_limit", 2],
    ["siputils", "ring_timeout", 30],
  ] as const) {
    await bed.rpc("cfg.set_now_int", group, name, value);
    expect(await bed.rpc("cfg.get", group, name)).toBe(value);
  }
  await expect(bed.rpc("cfg.set_now_int", "maxfwd", "max_limit", 0)).rejects.toMatchObject({ code: 400 });
  await bed.close();
});

test("$location_ua and $branch(location_ua) are the User-Agents that were registered; $ksr tells whose language is spoken", async () => {
  const bed = await openProxy(`${modules("xlog")}request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  xlog("L_ERR", "before $location_ua\\n");
  lookup("location");
  xlog("L_ERR", "after $location_ua $ru $(branch(location_ua)[0]) $(branch(location_ua)[1])\\n");
  xlog("L_ERR", "ksr $ksr(ver) $ksr(verval)\\n");
}
`);
  const phone = await bed.udp(7000);
  for (const n of [1, 2, 3]) {
    const lines = ["To: <sip:bob@home>", `Contact: <sip:p${n}@192.0.2.10:70${n}0>;q=0.${n}`, `User-Agent: phone ${n}`];
    await phone.send(bed.request("REGISTER", "sip:home", lines));
  }
  await phone.send(bed.request("OPTIONS", "sip:bob@home"));
  const said = bed.log
    .filter((line) => line.includes("<script>"))
    .map((line) => line.slice("ERROR: <script>: ".length));
  expect(said.slice(0, 2)).toEqual(["before <null>", "after phone 3 sip:p3@192.0.2.10:7030 phone 2 phone 1"]);
  expect(said[2]).toBe("ksr 5.6.3 5006003");
  await bed.close();
});
