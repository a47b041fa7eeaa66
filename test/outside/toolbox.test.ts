// Script toolbox, seen from outside: what cannot be compared in one process, since it is about replies, sockets or commands.

import { describe, expect, test } from "vitest";
import type { RpcValue } from "../../src/registry/define.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const LOAD = modules("corex", "kex", "textopsx");

function config(route: string, globals = ""): string {
  return `${globals}\n${LOAD}\nrequest_route {\n${route}\n}\n`;
}

function bodyOf(message: string): string {
  return message.slice(message.indexOf("\r\n\r\n") + 4);
}

describe("textops", () => {
  test("set_reply_body gives stateless and stateful replies a body and its type", async () => {
    for (const reply of ['sl_send_reply("200", "OK")', 't_newtran(); t_reply("200", "OK")']) {
      const bed = await openProxy(config(`set_reply_body("hello $rm", "text/plain"); ${reply};`));
      const phone = await bed.udp(7000);
      const [answer] = await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
      expect(answer).toContain("\r\nContent-Type: text/plain\r\n");
      expect(answer).toContain("\r\nContent-Length: 13\r\n");
      expect(bodyOf(answer!)).toBe("hello OPTIONS");
      await bed.close();
    }
  });

  test("set_reply_body_hex, set_body_hex and subst_v", async () => {
    const bed = await openProxy(
      config(
        'set_body_hex("68 69", "text/plain"); msg_apply_changes(); subst_v("$rb", "/hi/ho/", "$var(x)"); set_reply_body_hex("686f21", "text/x"); append_to_reply("X-Body: $rb $var(x)\\r\\n"); sl_send_reply("200", "OK");',
      ),
    );
    const phone = await bed.udp(7000);
    const [answer] = await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(answer).toContain("\r\nX-Body: hi ho\r\n");
    expect(bodyOf(answer!)).toBe("ho!");
    await bed.close();
  });

  test("no line break of a value ends a header early", async () => {
    const bed = await openProxy(
      config(
        '$var(v) = "a\\r\\nX-Evil: 1"; append_hf_value("X-Good", "$var(v)"); $du = "sip:192.0.2.10:7001"; forward();',
      ),
    );
    const phone = await bed.udp(7000);
    const far = await bed.udp(7001);
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(far.received[0]).toContain("\r\nX-Good: a X-Evil: 1\r\n");
    await bed.close();
  });
});

describe("textopsx", () => {
  test("four iterators of a kind are open at a time, and none outlives its message", async () => {
    const each = (n: number): string => `hf_iterator_start("n${n}"); append_to_reply("X-${n}: $rc\\r\\n");`;
    const bed = await openProxy(config(`${[0, 1, 2, 3, 4].map(each).join("\n")} sl_send_reply("200", "OK");`));
    const phone = await bed.udp(7000);
    for (let i = 0; i < 2; i++) {
      const [answer] = await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
      expect(answer!.match(/^X-\d: -?\d/gm)).toEqual(["X-0: 1", "X-1: 1", "X-2: 1", "X-3: 1", "X-4: -1"]);
    }
    await bed.close();
  });
});

describe("corex", () => {
  test("via_use_xavp_fields shows what the XAVP says, and replies with that Via are ours", async () => {
    const bed = await openProxy(
      config(
        '$xavp(vf=>address) = "edge.example"; $xavp(vf[0]=>port) = "5099"; via_use_xavp_fields("1"); $du = "sip:192.0.2.10:7001"; t_relay();',
        'xavp_via_fields="vf"',
      ),
    );
    const phone = await bed.udp(7000);
    const far = await bed.udp(7001);
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    const request = far.received[0]!;
    expect(request).toMatch(/^Via: SIP\/2\.0\/UDP edge\.example:5099;branch=z9hG4bK/m);
    const head = request.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
    await far.send(`SIP/2.0 200 OK\r\n${head.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
    expect(phone.received.at(-1)).toMatch(/^SIP\/2\.0 200 OK/);
    await bed.close();
  });

  test("what could break Via is left out of it", async () => {
    const bed = await openProxy(
      config(
        '$xavp(vp=>ok) = "1"; $xavp(vp[0]=>bad) = "a;b\\r\\nX: y"; via_add_xavp_params("1"); $du = "sip:192.0.2.10:7001"; forward();',
        'xavp_via_params="vp"',
      ),
    );
    const phone = await bed.udp(7000);
    const far = await bed.udp(7001);
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(far.received[0]!.split("\r\n")[1]).toMatch(/;ok=1$/);
    await bed.close();
  });

  test("set_source_address sends replies over UDP there", async () => {
    const bed = await openProxy(config('set_source_address("udp:192.0.2.10:7002"); sl_send_reply("200", "$si:$sp");'));
    const phone = await bed.udp(7000);
    const other = await bed.udp(7002);
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(phone.received).toEqual([]);
    expect(other.received[0]).toMatch(/^SIP\/2\.0 200 192\.0\.2\.10:7002/);
    await bed.close();
  });

  test("set_recv_socket sends replies from that socket", async () => {
    const bed = await openProxy(config('set_recv_socket("udp:192.0.2.1:5061"); sl_send_reply("200", "$Rp");'));
    const phone = await bed.udp(7000);
    const [answer] = await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(answer).toMatch(/^SIP\/2\.0 200 5061/);
    await bed.close();
  });

  test("is_faked_msg tells routes without a message from others", async () => {
    const bed = await openProxy(
      `${config('if (is_faked_msg()) { sl_send_reply("500", "x"); } else { sl_send_reply("200", "OK"); }')}
event_route[core:worker-one-init] { if (is_faked_msg()) { xlog("L_ERR", "nobody sent it\\n"); } }`,
    );
    const phone = await bed.udp(7000);
    const [answer] = await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(answer).toMatch(/^SIP\/2\.0 200/);
    expect(bed.log.join("\n")).toContain("nobody sent it");
    await bed.close();
  });

  test("forward_reply forwards the reply when it is called", async () => {
    const bed = await openProxy(
      `${config('$du = "sip:192.0.2.10:7001"; forward();')}\nreply_route { forward_reply(); drop; }`,
    );
    const phone = await bed.udp(7000);
    const far = await bed.udp(7001);
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    const head = far.received[0]!.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
    await far.send(`SIP/2.0 200 OK\r\n${head.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
    expect(phone.received.filter((m) => m.startsWith("SIP/2.0 200"))).toHaveLength(1);
    await bed.close();
  });

  test("$cfg says where it stands", async () => {
    const bed = await openProxy(
      config('\n  append_to_reply("X-At: $cfg(line) $cfg(route)\\r\\n");\n  route(R);\n').concat(
        'route[R] { append_to_reply("X-Route: $cfg(route)\\r\\n"); sl_send_reply("200", "OK"); }\n',
      ),
    );
    const phone = await bed.udp(7000);
    const [answer] = await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(answer).toMatch(/\r\nX-At: \d+ request_route\r\n/);
    expect(answer).toContain("\r\nX-Route: R\r\n");
    await bed.close();
  });

  test("commands", async () => {
    const bed = await openProxy(config("exit;", 'alias="office.example:5080"'), 1);
    expect(await bed.rpc("corex.debug")).toEqual({ debug: 1 });
    expect(await bed.rpc("corex.debug", 2)).toEqual({ old: 1, new: 2 });
    await bed.rpc("corex.shm_status");
    await bed.rpc("corex.shm_summary");
    await bed.rpc("corex.pkg_summary", "idx", 0);
    expect(bed.log.filter((l) => l.includes("memory: "))).toHaveLength(3);
    await expect(bed.rpc("corex.pkg_summary")).rejects.toThrow("Selector and value not provided");
    expect(await bed.rpc("corex.list_aliases")).toEqual([{ PROTO: "*", ADDR: "office.example", PORT: 5080 }]);
    const [first] = (await bed.rpc("corex.list_sockets")) as { [key: string]: RpcValue }[];
    expect(first).toMatchObject({ PROTO: "udp", NAME: "192.0.2.1", PORT: 5060, SOCKNAME: "-", ADVERTISE: "-" });
    await bed.close();
  });
});

describe("kex", () => {
  test("commands about the process", async () => {
    const bed = await openProxy(config("exit;", 'alias="office.example"'));
    await bed.world.advance(61_000);
    expect(await bed.rpc("core.uptime")).toMatchObject({ uptime: 61 });
    expect(await bed.rpc("core.runinfo")).toMatchObject({ utime_days: "0d 0h 1m 1s" });
    expect(await bed.rpc("core.version")).toContain("kamailio 5.6.3 language");
    expect(await bed.rpc("core.info", 1)).toMatchObject({ id: "unknown" });
    expect(await bed.rpc("core.flags")).toContain("USE_TCP");
    expect(Array.isArray(await bed.rpc("core.arg"))).toBe(true);
    expect(await bed.rpc("core.psx")).toMatchObject([{ IDX: 0, DSC: "main process" }]);
    expect(await bed.rpc("core.ps")).toHaveLength(2);
    expect(await bed.rpc("core.pwd")).toHaveLength(1);
    expect(await bed.rpc("core.shmmem")).toHaveProperty("used");
    expect(await bed.rpc("core.sockets_list")).toMatchObject({
      socket: [{ proto: "udp", address: "192.0.2.1", port: "5060" }, { port: "5061" }, { proto: "tcp" }],
    });
    expect(await bed.rpc("core.aliases_list")).toEqual({
      myself_callbacks: "no",
      aliases: [{ alias: { proto: "*", address: "office.example", port: "*" } }],
    });
    expect(await bed.rpc("pkg.stats")).toMatchObject([{ entry: 0 }]);
    expect(await bed.rpc("pkg.info")).toHaveProperty("size");
    await bed.close();
  });

  test("connections are listed and counted", async () => {
    const bed = await openProxy(config("exit;"));
    await bed.tcp();
    expect(await bed.rpc("core.tcp_list")).toMatchObject([{ type: "TCP", src_ip: "192.0.2.10", dst_port: 5060 }]);
    expect(await bed.rpc("core.tcp_info")).toMatchObject({ opened_connections: 1, opened_tls_connections: 0 });
    await bed.close();
  });

  test("statistics are read, reset and cleared", async () => {
    const bed = await openProxy(config('sl_send_reply("200", "OK");'));
    const phone = await bed.udp(7000);
    for (let i = 0; i < 3; i++) await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(await bed.rpc("stats.get_statistics", "rcv_requests")).toEqual(["core:rcv_requests = 3"]);
    expect(await bed.rpc("stats.fetch", "core:")).toMatchObject({ "core.rcv_requests": "3" });
    expect(await bed.rpc("stats.clear_statistics", "rcv_requests")).toBe("core:rcv_requests = 3");
    expect(await bed.rpc("stats.fetchn", "all")).toMatchObject({ "core.rcv_requests": 0 });
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(
      await bed.rpc("stats.fetchn", "rcv_requests_options", "sent_replies", "200_replies", "rcv_replies_2xx"),
    ).toEqual({ "core.rcv_requests_options": 4, "sl.sent_replies": 4, "sl.200_replies": 4, "core.rcv_replies_2xx": 0 });
    await phone.send(bed.request("BREW", "sip:a@example.org"));
    expect(await bed.rpc("stats.fetchn", "unsupported_methods")).toEqual({ "core.unsupported_methods": 1 });
    expect(await bed.rpc("stats.fetchn", "tcp:")).toMatchObject({ "tcp.current_opened_connections": 0 });
    await bed.rpc("stats.reset_statistics", "core:");
    expect(await bed.rpc("stats.fetchn", "rcv_requests")).toEqual({ "core.rcv_requests": 0 });
    await bed.close();
  });

  test("setdebug holds until resetdebug", async () => {
    const bed = await openProxy(
      config('if (is_method("INFO")) { setdebug("2"); } else { resetdebug(); } xlog("L_INFO", "info $rm\\n"); exit;'),
    );
    const phone = await bed.udp(7000);
    await phone.send(bed.request("INFO", "sip:a@example.org"));
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(bed.log.filter((l) => l.includes("info "))).toHaveLength(1);
    await bed.close();
  });
});

describe("pv", () => {
  test("varset holds for each message anew", async () => {
    const bed = await openProxy(
      `${LOAD}\nmodparam("pv", "varset", "n=i:5")\nrequest_route { $var(n) = $var(n) + 1; sl_send_reply("200", "$var(n)"); }\n`,
    );
    const phone = await bed.udp(7000);
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    const [second] = await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    expect(second).toMatch(/^SIP\/2\.0 200 6/);
    await bed.close();
  });
});

describe("xlog", () => {
  test("prefix_mode fills in the variables of the prefix for each line", async () => {
    const bed = await openProxy(
      `${LOAD}\nmodparam("xlog", "prefix", "<$ci> ")\nmodparam("xlog", "prefix_mode", 1)\nrequest_route { xlog("L_ERR", "seen\\n"); xlog("LOG_LOCAL1", "L_ERR", "apart\\n"); xlog("LOG_NONE", "L_ERR", "never\\n"); exit; }\n`,
    );
    const phone = await bed.udp(7000);
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    await phone.send(bed.request("OPTIONS", "sip:a@example.org"));
    const said = bed.log.filter((l) => /<bed\d>/.test(l)).map((l) => l.replace(/^.*?</, "<"));
    expect(said).toEqual(["<bed1> seen", "<bed1> apart", "<bed2> seen", "<bed2> apart"]);
    await bed.close();
  });
});

describe("rr", () => {
  test("loose_route_mode: the R-URI is not asked whether it is ours", async () => {
    for (const [mode, sent] of [
      [0, "192.0.2.10:7002"],
      [1, "192.0.2.10:7001"],
    ] as const) {
      const bed = await openProxy(
        `${LOAD}\nmodparam("rr", "loose_route_mode", ${mode})\nrequest_route { loose_route(); append_to_reply("X-To: $du $ru\\r\\n"); sl_send_reply("200", "OK"); }\n`,
      );
      const phone = await bed.udp(7000);
      const routes = ["Route: <sip:192.0.2.10:7001;lr>, <sip:192.0.2.10:7002;lr>", "To: <sip:b@h>;tag=2"];
      const [answer] = await phone.send(bed.request("BYE", "sip:192.0.2.1", routes));
      const shown = /X-To: (.*)/.exec(answer!)?.[1] ?? "";
      expect(shown).toContain(mode === 1 ? `sip:${sent};lr sip:192.0.2.1` : `sip:${sent}`);
      await bed.close();
    }
  });
});
