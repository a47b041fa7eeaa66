// Module debugger on a whole proxy: the trace, levels by module, dumps; what there is not is said. Lines and answers as on Kamailio 5.6.3 where
// they mean the same.

import { expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let port = 20_000;
/** The lines of the log that one request makes. */
async function linesOf(bed: ProxyBed): Promise<string[]> {
  const from = bed.log.length;
  const agent = await bed.udp(port++);
  await agent.send(bed.request("OPTIONS", "sip:x@example.org"));
  return bed.log.slice(from);
}

const param = (name: string, value: string | number): string =>
  `modparam("debugger", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;

test("the trace: on at start, its level, prefix and form; off and on by command", async () => {
  const bed = await openProxy(
    `${modules("debugger")}${param("cfgtrace", 1)}${param("log_level", 1)}${param("cfgtrace_format", 1)}${param("log_prefix", "trace:")}
request_route {
  $var(x) = 1;
  sl_send_reply("200", "ok");
}\n`,
    1,
  );
  expect(await linesOf(bed)).toEqual([
    expect.stringMatching(/^NOTICE: trace: request_route l=\d+ n=assign$/),
    expect.stringMatching(/^NOTICE: trace: request_route l=\d+ n=sl_send_reply$/),
  ]);
  expect(await bed.rpc("dbg.trace", "off")).toBe("200 ok");
  expect(await linesOf(bed)).toEqual([]);
  expect(await bed.rpc("dbg.ls")).toMatchObject([{ entry: 0, set: 0, state: 0 }]);
  await bed.rpc("dbg.trace", "on");
  expect((await linesOf(bed)).length).toBe(2);
  for (const [args, message] of [
    [[], "Config trace command missing"],
    [["maybe"], "Unknown trace command"],
    [["on", 7_777_777], "No such pid"],
  ] as const)
    await expect(bed.rpc("dbg.trace", ...args)).rejects.toMatchObject({ code: 500, message });
  await bed.close();
});

test("loaded without cfgtrace it is silent until it is told", async () => {
  const bed = await openProxy(`${modules("debugger")}request_route { sl_send_reply("200", "ok"); }\n`, -1);
  expect(await linesOf(bed)).toEqual([]);
  await bed.rpc("dbg.trace", "on");
  expect(await linesOf(bed)).toEqual([
    expect.stringMatching(/^ERROR: \*\*\* cfgtrace: request_route c=\[\/portico.cfg\] l=\d+ n=sl_send_reply$/),
  ]);
  await bed.close();
});

test("log_level_name is the word in lines of the trace; a facility that is none is refused", async () => {
  const routes = 'request_route { sl_send_reply("200", "ok"); }\n';
  const named = param("cfgtrace", 1) + param("log_level_name", "exec") + param("log_facility", "LOG_LOCAL3");
  const bed = await openProxy(modules("debugger") + named + routes, -1);
  expect(await linesOf(bed)).toEqual([
    expect.stringMatching(/^exec: \*\*\* cfgtrace: request_route .*n=sl_send_reply$/),
  ]);
  await bed.close();
  await expect(openProxy(modules("debugger") + param("log_facility", "LOG_NOPE") + routes)).rejects.toMatchObject({
    diagnostics: [{ message: expect.stringContaining("there is no facility LOG_NOPE") }],
  });
});

test("modules have levels of their own", async () => {
  const bed = await openProxy(
    `${modules("debugger", "htable")}${param("mod_level_mode", 1)}${param("mod_level", "htable=2")}
modparam("htable", "htable", "a=>size=4")
request_route { sht_print(); sl_send_reply("200", "ok"); }\n`,
    0,
  );
  expect(await linesOf(bed)).toEqual([expect.stringMatching(/^INFO: htable: items: a 0$/)]);
  expect(await bed.rpc("dbg.get_mod_level", "htable")).toBe(2);
  expect(await bed.rpc("dbg.get_mod_level", "tm")).toBe(0);
  expect(await bed.rpc("dbg.set_mod_level", "htable", 0)).toBe("200 ok");
  expect(await linesOf(bed)).toEqual([]);
  expect(await bed.rpc("dbg.mod_level", "core", 3)).toBe("200 ok");
  expect(await bed.rpc("dbg.get_mod_level", "core")).toBe(3);
  await expect(bed.rpc("dbg.set_mod_level", "tm")).rejects.toMatchObject({ code: 500, message: "invalid parameters" });
  await bed.close();
});

test("dumps of variables and of the message", async () => {
  const bed = await openProxy(
    `${modules("debugger")}request_route {
  $var(x) = 1; $avp(y) = "a"; $avp(y) = "b"; $xavp(z=>q) = 5; $var(text) = "t";
  dbg_pv_dump(14, "L_ALERT");
  dbg_pv_dump();
  append_hf("P-Hint: hi\\r\\n"); remove_hf("Max-Forwards");
  dbg_sip_msg("L_ALERT");
  dbg_breakpoint("1");
  sl_send_reply("200", "ok");
}\n`,
    0,
  );
  const lines = await linesOf(bed);
  const [first, ...rest] = lines.map((line) => line.replace(/^ALERT: debugger: /, ""));
  expect(JSON.parse(first!)).toEqual({
    "$var(x)": 1,
    "$var(text)": "t",
    "$avp(y)": ["b", "a"],
    "$xavp(z)": [{ q: [5] }],
  });
  expect(rest[0]).toMatch(/^CONFIG LINE \d+$/);
  expect(rest[2]).toBe("OPTIONS sip:x@example.org SIP/2.0");
  expect(rest).toContain("P-Hint: hi");
  const diffs = rest.slice(rest.findIndex((line) => line.includes("SIP header diffs")));
  expect(diffs.slice(1, 3)).toEqual(["- Max-Forwards: 70", "P-Hint: hi"]);
  expect(lines.at(-1)).toMatch(/^WARNING: debugger: dbg_breakpoint\(\) does nothing/);
  await bed.close();
});

test("breakpoints are refused, in words, and what its parameter has not allowed", async () => {
  const bed = await openProxy(`${modules("debugger")}${param("breakpoint", 1)}request_route { exit; }\n`);
  expect(bed.diagnostics.some((d) => d.message.includes("breakpoint"))).toBe(true);
  await expect(bed.rpc("dbg.bp", "on")).rejects.toMatchObject({ code: 500, message: /no breakpoints/ });
  await expect(bed.rpc("dbg.bp", "eval", 7_777_777, "$fu")).rejects.toMatchObject({ message: "No such pid" });
  await expect(bed.rpc("dbg.bp", "foo")).rejects.toMatchObject({ message: "Unknown inner command" });
  await expect(bed.rpc("dbg.bp")).rejects.toMatchObject({ message: "Config breakpoint command missing" });
  expect(await bed.rpc("dbg.bp", "off")).toBe("200 ok");
  await expect(bed.rpc("dbg.set_mod_facility", "core", "NOPE")).rejects.toMatchObject({
    message: "facility not found",
  });
  expect(await bed.rpc("dbg.set_mod_facility", "core", "LOG_LOCAL1")).toBe("200 ok");
  expect(await bed.rpc("dbg.get_mod_facility", "core")).toBe("LOG_DAEMON"); // mod_facility_mode is 0
  await expect(bed.rpc("dbg.reset_msgid")).rejects.toMatchObject({
    code: 500,
    message: "reset_msgid is 0. Set it to 1 to enable.",
  });
  await bed.close();
});

test("modules have syslog facilities of their own", async () => {
  const routes =
    'request_route { sht_print(); dbg_pv_dump("4", "L_ERR"); xlog("script\\n"); sl_send_reply("200", "ok"); }\n';
  const facilities = param("mod_facility_mode", 1) + param("mod_facility", "htable=LOG_LOCAL1");
  const bed = await openProxy(
    `${modules("debugger", "htable")}${facilities}modparam("htable", "htable", "a=>size=4")\n${routes}`,
    3,
  );
  const seen: (readonly [string, number | null | undefined])[] = [];
  const { settings } = bed.server.proxy.log;
  const { sink } = settings;
  settings.sink = (level, line, facility) => {
    if (/items:|script/.test(line)) seen.push([line, facility]);
    sink(level, line, facility);
  };
  await linesOf(bed);
  expect(seen).toEqual([
    ["INFO: htable: items: a 0", 17],
    ["ERROR: <script>: script", null],
  ]);
  expect(await bed.rpc("dbg.get_mod_facility", "htable")).toBe("LOG_LOCAL1");
  expect(await bed.rpc("dbg.get_mod_facility", "tm")).toBe("LOG_DAEMON");
  expect(await bed.rpc("dbg.set_mod_facility", "htable", "log_mail")).toBe("200 ok");
  expect(await bed.rpc("dbg.get_mod_facility", "htable")).toBe("LOG_MAIL");
  await linesOf(bed);
  expect(seen[2]).toEqual(["INFO: htable: items: a 0", 2]);
  await expect(bed.rpc("dbg.get_mod_facility")).rejects.toMatchObject({ code: 500, message: "invalid parameters" });
  await bed.close();
  await expect(
    openProxy(`${modules("debugger")}${param("mod_facility", "tm=LOG_NOPE")}request_route { exit; }`),
  ).rejects.toMatchObject({ diagnostics: [{ message: expect.stringContaining("is no facility of a module") }] });
});

test("log_assign tells what variables hold after assignments, in Kamailio's words", async () => {
  const bed = await openProxy(
    `${modules("debugger")}${param("log_assign", 1)}request_route {
  $var(a) = 5; $var(b) = "x y"; $avp(c) = $var(a) + 1; $du = $null; $xavp(x=>y) = 7; $var(z) = $(ru{uri.user}); $var(i) = -3; $rU = "k";
  $avp(d) = sl_send_reply("200", "ok");
}\n`,
    3,
  );
  const told = async (): Promise<string[]> => (await linesOf(bed)).filter((l) => l.startsWith("DEBUG: debugger:"));
  expect((await told()).map((line) => line.slice("DEBUG: debugger: ".length))).toEqual([
    "$var(a):5",
    '$var(b):"x y"',
    "$avp(c):6",
    "$du: $null",
    "$xavp(x=>y):7",
    '$var(z):"x"',
    "$var(i):-3",
    '$rU:"k"',
    "$avp(d):1",
  ]);
  await bed.close();
});

test("$mi is the number of the message, in its failure_route too, and starts again by dbg.reset_msgid", async () => {
  const bed = await openProxy(
    `${modules("debugger", "corex")}${param("reset_msgid", 1)}request_route {
  xlog("mi $mi\\n");
  if (!is_method("INVITE")) exit;
  t_on_failure("LATER");
  t_set_fr(500, 500);
  $du = "sip:192.0.2.10:9";
  t_relay();
}
failure_route[LATER] { xlog("failed $mi\\n"); t_reply(480, "Gone"); }\n`,
  );
  const numbers = async (): Promise<string | undefined> =>
    (await linesOf(bed)).find((l) => l.includes("mi "))?.slice(-4);
  expect([await numbers(), await numbers(), await numbers()]).toEqual(["mi 1", "mi 2", "mi 3"]);
  expect(await bed.rpc("dbg.reset_msgid")).toBe("200 ok");
  const caller = await bed.udp(port++);
  await caller.send(bed.request("INVITE", "sip:x@example.org"));
  expect([await numbers(), await numbers()]).toEqual(["mi 2", "mi 3"]);
  await bed.world.advance(2000);
  expect(bed.log.filter((line) => line.includes("failed "))).toEqual(["ERROR: <script>: failed 1"]);
  await bed.close();
});
