// Routing by scripts in Lua (cfgengine "lua"): waiting, errors, budgets, callbacks, reload and access to the system.

import { afterEach, describe, expect, test } from "vitest";
import { bytesOf } from "../../src/util/bytes.ts";
import { openNameServer } from "../support/name-server.ts";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed | null = null;
let phone: BedAgent;

afterEach(async () => {
  await bed?.close();
  bed = null;
});

/** A proxy whose routing is that script; `more` are lines of its configuration, `files` other scripts. */
async function open(
  script: string,
  more = "",
  files: Readonly<Record<string, string>> = {},
  level = -1,
): Promise<ProxyBed> {
  const config = `${modules("app_lua", "tmx", "kemix")}modparam("app_lua", "load", "/route.lua")\n${more}\ncfgengine "lua"\n`;
  bed = await openProxy(config, level, undefined, undefined, { "/route.lua": script, ...files });
  phone = await bed.udp(7000);
  return bed;
}

const REPLY = 'KSR.sl.sl_send_reply(200, KSR.pv.gete("$var(said)"))';
const ask = async (method = "OPTIONS", user = "x"): Promise<string> => {
  const got = await phone.send(bed!.request(method, `sip:${user}@example.org`));
  return got.map((text) => text.split("\r\n")[0]!.replace("SIP/2.0 ", "")).join(", ");
};
/** What a body of the request route answers as reason of a 200. */
const said = (body: string): string =>
  `function ksr_request_route() local function run() ${body} end KSR.pv.sets("$var(said)", tostring(run())) ${REPLY} end`;

describe("waiting", () => {
  const SLOW = 'KSR.x.modf("exec", "sleep 2")';
  const WAYS: readonly (readonly [string, string])[] = [
    ["a plain call", `${SLOW} return "done"`],
    ["inside pcall", `local ok, rc = pcall(KSR.x.modf, "exec", "sleep 2") return tostring(ok) .. rc`],
    ["inside xpcall", `local ok, rc = xpcall(function() return ${SLOW} end, print) return tostring(ok) .. rc`],
    [
      "inside a coroutine",
      `local co = coroutine.create(function(a) local rc = ${SLOW} local b = coroutine.yield(a + rc) return b end)
      local _, x = coroutine.resume(co, 4) local s = coroutine.status(co) local _, y = coroutine.resume(co, 9) return x .. s .. y .. coroutine.status(co)`,
    ],
    [
      "inside coroutine.wrap",
      `local f = coroutine.wrap(function() for i = 1, 2 do ${SLOW} coroutine.yield(i) end end) return f() .. f()`,
    ],
    [
      "inside two coroutines",
      `local f = coroutine.wrap(function() local g = coroutine.wrap(function() ${SLOW} return 7 end) return g() + 1 end) return f()`,
    ],
    ["an error after it, inside pcall", `return select(2, pcall(function() ${SLOW} error("late", 0) end))`],
    [
      "an error after it, inside a coroutine",
      `local _, e = coroutine.resume(coroutine.create(function() ${SLOW} error("late", 0) end)) return e`,
    ],
    [
      "inside a metamethod of the script",
      `local t = setmetatable({}, {__index = function() return ${SLOW} end}) return t.x`,
    ],
    [
      "inside an iterator",
      `local n = 0 for i in function() n = n + 1 ${SLOW} if n < 3 then return n end end do end return n`,
    ],
    ["io.popen", `local p = io.popen("echo words") local s = p:read("*a") p:close() return s:sub(1, 5)`],
    ["os.execute", `return os.execute("exit 3")`],
  ];
  const ANSWERS = ["done", "true1", "true1", "5suspended9dead", "12", "8", "late", "late", "1", "3", "words", "768"];

  test.each(WAYS.map(([name, body], i) => [name, body, ANSWERS[i]!] as const))("%s", async (_, body, answer) => {
    await open(said(body));
    await ask();
    await bed!.world.advance(10_000);
    expect(phone.received.map((text) => text.split("\r\n")[0])).toEqual([`SIP/2.0 200 ${answer}`]);
  });

  const CANNOT: readonly (readonly [string, string])[] = [
    ["a comparison of table.sort", `return pcall(table.sort, {2, 1}, function(a, b) ${SLOW} return a < b end)`],
    ["a function called by gsub", `return pcall(string.gsub, "x", "x", function() ${SLOW} end)`],
  ];
  test.each(CANNOT)("not inside %s: an error that says so", async (_, body) => {
    await open(said(`local _, e = (function() ${body} end)() return e`));
    expect(await ask()).toMatch(/exec has to wait, which it cannot inside a metamethod, a comparison of table.sort or/);
  });

  test("not at the top level of a file", async () => {
    await expect(open(`${SLOW}\n`)).rejects.toThrow();
  });

  test("others go on meanwhile, and contexts do not mix", async () => {
    await open(`function ksr_request_route()
      local before = KSR.pv.get("$rU")
      KSR.pv.sets("$avp(who)", before)
      if before ~= "fast" then KSR.x.modf("exec", "sleep " .. before) end
      KSR.sl.sl_send_reply(200, before .. KSR.pv.get("$rU") .. KSR.pv.get("$avp(who)"))
    end`);
    await ask("OPTIONS", "3");
    await ask("OPTIONS", "1");
    expect(await ask("OPTIONS", "fast")).toBe("200 fastfastfast");
    await bed!.world.advance(5000);
    expect(phone.received.map((text) => text.slice(12).split("\r\n")[0])).toEqual(["fastfastfast", "111", "333"]);
  });

  test("a name of DNS is looked up", async () => {
    await open(
      `function ksr_request_route() KSR.pv.sets("$du", "sip:far.example.net:7001") KSR.pv.seti("$var(rc)", KSR.tm.t_relay()) end`,
    );
    await openNameServer(bed!.world, "192.0.2.53", "far.example.net 60 A 192.0.2.10\n");
    bed!.host.files.makeDirectory("/etc");
    bed!.host.files.write("/etc/resolv.conf", bytesOf("nameserver 192.0.2.53\n"));
    const far = await bed!.udp(7001);
    await ask("MESSAGE");
    await bed!.world.advance(1000);
    expect(far.received[0]).toMatch(/^MESSAGE sip:x@example.org/);
  });

  test("a coroutine that waits in one run cannot be resumed by another", async () => {
    await open(`function ksr_request_route()
      if KSR.pv.get("$rU") == "one" then
        kept = coroutine.create(function() ${SLOW} return "one's" end)
        local _, v = coroutine.resume(kept)
        KSR.sl.sl_send_reply(200, v)
      else
        KSR.sl.sl_send_reply(200, coroutine.status(kept) .. select(2, coroutine.resume(kept)))
      end
    end`);
    await ask("OPTIONS", "one");
    expect(await ask("OPTIONS", "two")).toBe("200 normalcannot resume normal coroutine");
    await bed!.world.advance(5000);
    expect(phone.received.at(-1)).toMatch(/^SIP\/2.0 200 one's/);
  });
});

describe("errors and ends", () => {
  test("an error is logged once with file, line and traceback; the request is answered with 500", async () => {
    await open(`local function inner()\n  error("oops")\nend\nfunction ksr_request_route()\n  inner()\nend\n`);
    expect(await ask()).toMatch(/^500 /);
    const lines = bed!.log.filter((line) => line.includes("oops"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /route\.lua:2: oops stack traceback: .*route\.lua:2: in upvalue 'inner'.*route\.lua:5: in function 'ksr_request_route'/,
    );
    expect(await ask()).toMatch(/^500 /);
  });

  test.each(["KSR.x.exit()", "KSR.x.drop()"])("%s ends the run from any depth", async (end) => {
    await open(`local function deep(n) if n == 0 then ${end} end deep(n - 1) return n end
      function ksr_request_route() KSR.sl.sl_send_reply(200, "before") deep(50) KSR.sl.sl_send_reply(200, "after") end`);
    for (let i = 0; i < 3; i++) expect(await ask()).toBe("200 before");
    expect(bed!.log).toEqual([]);
  });

  test("KSR.x.exit ends the run from a coroutine that is wrapped", async () => {
    await open(
      `function ksr_request_route() coroutine.wrap(function() KSR.sl.sl_send_reply(200, "inside") KSR.x.exit() end)() KSR.sl.sl_send_reply(200, "after") end`,
    );
    expect(await ask()).toBe("200 inside");
    expect(bed!.log).toEqual([]);
  });

  const ENDLESS: readonly (readonly [string, string])[] = [
    ["a loop", "while true do end"],
    ["a loop that catches its errors", "while true do pcall(function() while true do end end) end"],
    [
      "pcall inside a metamethod",
      "local t = setmetatable({}, {__tostring = function() while true do pcall(function() while true do end end) end end}) tostring(t)",
    ],
    ["a coroutine", "while true do coroutine.resume(coroutine.create(function() while true do end end)) end"],
    ["many short coroutines", "while true do coroutine.wrap(function() end)() end"],
    ["a function called by gsub", "string.gsub('x', 'x', function() while true do end end)"],
    ["a comparison of sort", "table.sort({3, 2, 1}, function() while true do pcall(error) end end)"],
    ["a pattern that backtracks", "string.find(string.rep('a', 3000), '.-.-.-.-.-b')"],
    ["a text that doubles", "local s = 'x' while true do s = s .. s end"],
    ["many long texts", "local t, s = {}, string.rep('x', 100000) for i = 1, 1e9 do t[i] = s .. i end"],
    ["many large repetitions", "local t = {} for i = 1, 1e9 do t[i] = string.rep('x', 1e6) end"],
    ["texts read as Lua", "local t = {} for i = 1, 1e9 do t[i] = loadstring('return 1') end"],
    ["coroutines that are kept", "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end"],
    [
      "many values at once",
      "local a, t = {}, {} for i = 1, 5000 do a[i] = i end for i = 1, 1e9 do t[i] = {unpack(a)} end",
    ],
    ["many octets at once", "local s, t = string.rep('x', 5000), {} for i = 1, 1e9 do t[i] = {s:byte(1, -1)} end"],
    ["recursion that is caught", "local function f() pcall(f) end while true do f() end"],
  ];
  test.each(ENDLESS)("ended when its instructions are used up: %s", async (_, body) => {
    await open(
      `function ksr_request_route() if KSR.pv.get("$rU") == "well" then KSR.sl.sl_send_reply(200, "well") return end ${body} end`,
      'modparam("app_lua", "instruction_limit", 1000000)',
    );
    expect(await ask()).toMatch(/^500 /);
    expect(bed!.log.join("\n")).toContain("it ran for too long (instruction_limit)");
    expect(await ask("OPTIONS", "well")).toBe("200 well");
  });

  test.each([
    ["a repetition", "string.rep('x', 1e12)"],
    ["many into one", "local s, t = string.rep('x', 1e6), {} for i = 1, 1e5 do t[i] = s end table.concat(t)"],
    ["a replacement", "local s = string.rep('x', 1e5) s:gsub('x', s)"],
    ["a format", "local s = string.rep('x', 1e7) string.format('%s%s', s, s)"],
  ])("no text is longer than 16 MiB, which is an error that can be caught: %s", async (_, body) => {
    await open(said(`local _, e = pcall(function() ${body} end) return e`));
    expect(await ask()).toMatch(/^200 .*a text of \d+ octets is longer than a script may make \(16777216\)/);
  });

  test("the budget is that of a run, over its suspensions, and each run has a full one", async () => {
    await open(
      `function ksr_request_route() for i = 1, 3 do for j = 1, 50000 do end KSR.x.modf("exec", "sleep 1") end ${REPLY} end`,
      'modparam("app_lua", "instruction_limit", 120000)',
    );
    await ask();
    await bed!.world.advance(10_000);
    expect(phone.received.at(-1)).toMatch(/^SIP\/2.0 500 /);
    await open(
      `function ksr_request_route() for j = 1, 50000 do end ${REPLY} end`,
      'modparam("app_lua", "instruction_limit", 120000)',
    );
    for (let i = 0; i < 5; i++) expect(await ask()).toMatch(/^200/);
  });

  test("an endless top level is refused at start", async () => {
    await expect(open("while true do end", 'modparam("app_lua", "instruction_limit", 100000)')).rejects.toThrow();
  });

  test("lua_run gives -1 for a script with an error", async () => {
    const config = `${modules("app_lua")}modparam("app_lua", "load", "/route.lua")
      request_route { $var(x) = lua_run("bad"); sl_send_reply("200", "rc $rc"); }`;
    bed = await openProxy(config, -1, undefined, undefined, { "/route.lua": 'function bad() error("no") end' });
    phone = await bed.udp(7000);
    expect(await ask()).toBe("200 rc -1");
  });
});

describe("callbacks", () => {
  test("of the core, in their order", async () => {
    await open(
      `local seen = {}
      local function note(name) return function(...) seen[#seen + 1] = name .. select("#", ...) .. tostring((...)) end end
      ksr_received, ksr_pre, my_onsend, my_reply = note("received"), note("pre"), note("onsend"), note("reply")
      ksr_branch, ksr_onreply = note("branch"), note("onreply")
      function ksr_failure() note("failure")() KSR.tm.t_reply(480, table.concat(seen, " ")) end
      function ksr_request_route()
        note("request")()
        KSR.tm.t_on_branch("ksr_branch") KSR.tm.t_on_reply("ksr_onreply") KSR.tm.t_on_failure("ksr_failure")
        KSR.pv.sets("$du", "sip:192.0.2.10:7001") KSR.tm.t_relay()
      end`,
      `received_route_mode=1
      kemi.received_route_callback="ksr_received"
      kemi.pre_routing_callback="ksr_pre"
      kemi.onsend_route_callback="my_onsend"
      kemi.reply_route_callback="my_reply"`,
    );
    const far = await bed!.udp(7001);
    await ask("MESSAGE");
    const head = far.received[0]!.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq)/.test(line));
    await far.send(
      ["SIP/2.0 486 Busy", ...head.map((l) => (l.startsWith("To") ? `${l};tag=b` : l)), "", ""].join("\r\n"),
    );
    expect(phone.received.at(-1)).toMatch(
      /^SIP\/2.0 480 received0nil pre1core:pre-routing request0nil branch0nil onsend0nil received0nil pre1core:pre-routing reply0nil onreply0nil failure0nil\r/,
    );
  });

  test("drop in those before routing; none and an empty name", async () => {
    await open(
      `function ksr_received() if KSR.kx ~= nil and gone then KSR.x.drop() end end
      function ksr_reply_route() KSR.err("never") end
      function ksr_request_route() gone = true ${REPLY} end`,
      `received_route_mode=1\nkemi.received_route_callback="ksr_received"\nkemi.reply_route_callback="none"\nkemi.onsend_route_callback=""`,
    );
    expect(await ask()).toMatch(/^200/);
    expect(await ask()).toBe("");
  });

  test("event_callback of modules", async () => {
    await open(
      `function ksr_htable(name) KSR.err("HT " .. name .. " " .. KSR.pv.gete("$shtrecord(key)")) end
      function ksr_request_route() KSR.htable.sht_sets("a", "k", "v") ${REPLY} end`,
      `loadmodule "htable.so"\nmodparam("htable", "htable", "a=>size=4;autoexpire=2;")\nmodparam("htable", "event_callback", "ksr_htable")\nmodparam("htable", "timer_interval", 1)`,
    );
    await ask();
    await bed!.world.advance(6000);
    expect(bed!.log.join("\n")).toMatch(/HT htable:mod-init[\s\S]*HT htable:expired:a k/);
  });

  test("event_callback of xhttp and tm", async () => {
    await open(
      `function ksr_xhttp(name) KSR.xhttp.xhttp_reply(200, "OK", "text/plain", name .. " " .. KSR.pv.get("$hu")) end
      function ksr_tm(name) KSR.pv.sets("$avp(x)", name) KSR.hdr.append("X-Event: " .. name .. "\\r\\n") end
      function ksr_request_route() ${REPLY} end`,
      `loadmodule "xhttp.so"\nmodparam("xhttp", "event_callback", "ksr_xhttp")\nmodparam("tm", "event_callback", "ksr_tm")\ntcp_accept_no_cl=yes`,
    );
    const web = await bed!.tcp();
    const page = await web.send("GET /there HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    expect(page.join("")).toMatch(/200 OK[\s\S]*xhttp:request \/there/);
    const far = await bed!.udp(7001);
    const headers = "From: <sip:us@example.org>\r\nTo: <sip:far@example.org>\r\n";
    void bed!.rpc("tm.t_uac_start", "NOTIFY", "sip:far@192.0.2.10:7001", ".", ".", headers).catch(() => {});
    await bed!.world.advance(100);
    expect(far.received[0]).toMatch(/^NOTIFY[\s\S]*X-Event: tm:local-request/);
  });

  test("event_callback of dialog", async () => {
    await open(
      `function ksr_dialog(name) KSR.err("DLG " .. name) end
      function ksr_request_route() KSR.pv.sets("$du", "sip:192.0.2.10:7001")
        if KSR.pv.get("$rm") == "INVITE" then KSR.dialog.dlg_manage() end KSR.tm.t_relay() end`,
      `loadmodule "dialog.so"\nmodparam("dialog", "event_callback", "ksr_dialog")`,
    );
    const far = await bed!.udp(7001);
    await ask("INVITE");
    const head = far.received[0]!.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq|Record-Route)/.test(line));
    const lines = head.map((line) => (line.startsWith("To") ? `${line};tag=b` : line));
    await far.send(["SIP/2.0 200 OK", ...lines, "Contact: <sip:b@192.0.2.10:7001>", "", ""].join("\r\n"));
    expect(bed!.log.join("\n")).toMatch(/DLG dialog:start/);
  });

  test("native named routes by KSR.route(); no request_route is needed", async () => {
    await open(
      `function ksr_request_route() KSR.route("NATIVE") ${REPLY} end`,
      'route[NATIVE] { $var(said) = "from native " + $rU; }',
    );
    expect(await ask()).toBe("200 from native x");
  });
});

describe("files", () => {
  test("several scripts and modules beside them", async () => {
    await open(
      `local other = require("other")\nlocal inner = require("deep.inner")\n${said("return other.name .. inner .. helper() .. tostring(require('other') == other)")}`,
      'modparam("app_lua", "load", "/lib/helper.lua")',
      {
        "/lib/helper.lua": '#!/usr/bin/lua\nfunction helper() return "H" end',
        "/other.lua": "return {name = ...}",
        "/deep/inner.lua": 'return "I"',
      },
    );
    expect(await ask()).toBe("200 otherIHtrue");
    expect(await bed!.rpc("app_lua.list")).toEqual(["0: [/lib/helper.lua]", "1: [/route.lua]"]);
  });

  test("reload: all, one, a broken one, none when it is off", async () => {
    const more = { "/more.lua": "function other() return 1 end" };
    await open(said("return 'old' .. other()"), 'modparam("app_lua", "load", "/more.lua")', more, 0);
    expect(await ask()).toBe("200 old1");
    const write = (name: string, text: string): void => bed!.host.files.write(name, bytesOf(text));
    write("/route.lua", said("return 'new' .. other()"));
    write("/more.lua", "function other() return 2 end");
    await bed!.rpc("app_lua.reload", 0);
    expect(await ask()).toBe("200 old2");
    await bed!.rpc("app_lua.reload");
    expect(await ask()).toBe("200 new2");
    for (const broken of ["x =", "error('at the top')", "while true do end"]) {
      write("/route.lua", broken);
      await expect(bed!.rpc("app_lua.reload")).rejects.toMatchObject({ code: 500 });
      expect(await ask()).toBe("200 new2");
    }
    write("/route.lua", said("if other() > 2 then KSR.sl.send_rply() end return 'more'"));
    bed!.log.length = 0;
    await bed!.rpc("app_lua.reload");
    expect(bed!.log).toEqual([
      expect.stringMatching(/\/route.lua:1: there is no function KSR.sl.send_rply\(\); did you mean/),
    ]);
    expect(await ask()).toBe("200 more");
    await expect(bed!.rpc("app_lua.reload", 7)).rejects.toMatchObject({ code: 500 });
    await open(said("return 1"), 'modparam("app_lua", "reload", 0)');
    await expect(bed!.rpc("app_lua.reload")).rejects.toMatchObject({ code: 500 });
  });

  test("a run that is suspended ends in the machine it began in", async () => {
    await open(`name = "old"\n${said(`KSR.x.modf("exec", "sleep 2") return name`)}`);
    await ask();
    bed!.host.files.write("/route.lua", bytesOf(`name = "new"\n${said("return name")}`));
    await bed!.rpc("app_lua.reload");
    expect(await ask()).toBe("200 new");
    await bed!.world.advance(3000);
    expect(phone.received.map((text) => text.slice(12, 15))).toEqual(["new", "old"]);
  });

  test("print is logged", async () => {
    await open(said("print('to the', 'log', 7, nil) return 1"), "", {}, 2);
    await ask();
    expect(bed!.log.join("\n")).toContain("app_lua: to the\tlog\t7\tnil");
  });

  test("log_mode 1 logs each call", async () => {
    await open(said("return 1"), 'modparam("app_lua", "log_mode", 1)', {}, 3);
    await ask();
    expect(bed!.log.join("\n")).toMatch(/KSR\.pv\.sets\(\)[\s\S]*KSR\.sl\.sl_send_reply\(\)/);
  });

  test("the API is listed as Kamailio lists it", async () => {
    await open(said("return 1"));
    const { msize, methods } = (await bed!.rpc("app_lua.api_list")) as { msize: number; methods: unknown[] };
    expect(methods).toHaveLength(msize);
    expect(methods).toContainEqual({ func: { ret: "int", module: "sl", name: "sl_send_reply", params: "int, str" } });
    expect(methods).toContainEqual({ func: { ret: "none", module: "", name: "dbg", params: "str" } });
  });

  test.each([
    ["files", 6, 'io.open("/x")', "io.open"],
    ["files", 6, 'os.remove("/x")', "os.remove"],
    ["processes", 5, 'io.popen("id")', "io.popen"],
    ["processes", 5, 'os.execute("id")', "os.execute"],
    ["the end", 3, "os.exit()", "os.exit"],
  ])("access to %s can be closed (%i): %s", async (_, access, call, name) => {
    await open(
      said(`return select(2, pcall(function() return ${call} end))`),
      `modparam("app_lua", "system_access", ${access})`,
    );
    expect(await ask()).toContain(`${name} is closed to scripts by modparam("app_lua", "system_access", ${access})`);
  });

  test("os.exit ends the program", async () => {
    await open(said("os.exit(3)"));
    await ask();
    expect(bed!.host.process.exitCode).toBe(3);
  });

  test("files are written, read and moved in", async () => {
    await open(
      said(`local f = assert(io.open("/data/t", "w+")) f:write("one\\n", 2, " 0x10\\nrest") f:seek("set") local a = f:read("*l") local b, c = f:read("*n", "*n")
      f:read(1) local d = f:read("*a") f:close() local n = 0 for line in io.lines("/data/t") do n = n + #line end
      local g = io.open("/data/t", "a") g:write("!") g:close() os.rename("/data/t", "/data/u")
      return table.concat({a, b, c, d, n, io.open("/data/u"):seek("end"), tostring(io.open("/data/t")), io.type(f)}, " ")`),
    );
    expect(await ask()).toBe("200 one 2 16 rest 13 16 nil closed file");
  });
});
