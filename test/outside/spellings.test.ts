// Older and other spellings, commands and parameters that no other test here names: each is used once on a whole proxy for what it does.

import { describe, expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const LOAD = modules("kex", "corex", "textopsx", "tmx");

/** A proxy whose request_route is this. */
function open(body: string, more = ""): Promise<ProxyBed> {
  return openProxy(`${LOAD}${more}\nrequest_route {\n${body}\n}\n`);
}

/** What a route answers in the reason of its 200. */
async function told(bed: ProxyBed, method = "OPTIONS", lines: readonly string[] = []): Promise<string> {
  const phone = await bed.udp(20_000 + Math.floor(bed.world.now % 40_000));
  const [reply] = await phone.send(bed.request(method, "sip:bob@example.org", lines));
  return /^SIP\/2\.0 200 (.*)\r/.exec(reply ?? "")?.[1] ?? `nothing: ${reply}`;
}

const tell = (text: string): string => `sl_send_reply("200", "${text}"); exit;`;

describe("functions under their older names", () => {
  test("pv_www_authorize and pv_proxy_authorize are pv_www_authenticate and pv_proxy_authenticate", async () => {
    const bed = await open(
      `$var(a) = pv_www_authorize("example.org", "secret", "0"); $var(b) = pv_proxy_authorize("example.org", "secret", "0"); ${tell("$var(a) $var(b)")}`,
      'loadmodule "auth.so"',
    );
    expect(await told(bed)).toBe("-5 -5");
    await bed.close();
  });

  test("blst_is_blacklisted is blst_is_blocklisted", async () => {
    const bed = await open(
      `$var(a) = blst_is_blacklisted(); blst_add("60"); $var(b) = blst_is_blacklisted(); ${tell("$var(a) $var(b)")}`,
      'loadmodule "blst.so"\nuse_dst_blacklist=yes',
    );
    expect(await told(bed)).toBe("-1 1");
    await bed.close();
  });

  test("t_relay_to_proxy and t_forward_nonack_udp send where they say", async () => {
    const bed = await open(
      `if ($rm == "INFO") { t_relay_to_udp("192.0.2.10", "7101"); exit; } if ($rm == "MESSAGE") { t_forward_nonack_udp("192.0.2.10", "7102"); exit; } t_relay_to_proxy("udp:192.0.2.10:7100");`,
    );
    const [client, ...phones] = await Promise.all([7000, 7100, 7101, 7102].map((port) => bed.udp(port)));
    for (const method of ["OPTIONS", "INFO", "MESSAGE"]) await client!.send(bed.request(method, "sip:bob@example.org"));
    expect(phones.map((p) => p.received[0]?.split(" ")[0])).toEqual(["OPTIONS", "INFO", "MESSAGE"]);
    await bed.close();
  });

  test.each(["t_forward_nonack_tcp", "t_relay_to_tcp"])("%s goes by TCP", async (name) => {
    const bed = await open(`${name}("192.0.2.10", "7200");`);
    await bed.tcpServer(7200);
    const phone = await bed.udp(7000);
    await phone.send(bed.request("OPTIONS", "sip:bob@example.org"));
    expect([...bed.server.proxy.transports.streams()].map((flow) => flow.remote.port)).toEqual([7200]);
    await bed.close();
  });

  test.each(["t_forward_nonack_tls", "t_forward_nonack_sctp"])("%s without such a socket fails", async (name) => {
    const bed = await open(`$var(rc) = ${name}("192.0.2.10", "7200"); ${tell("$var(rc)")}`);
    expect(Number(await told(bed))).toBeLessThan(0);
    await bed.close();
  });

  test("copies: t_replicate_to and t_replicate_to_udp; by TCP; by what there is no socket for", async () => {
    const bed = await open(`
      t_replicate_to("udp", "192.0.2.10:7101"); t_replicate_to_udp("192.0.2.10", "7102");
      t_replicate_tcp("192.0.2.10", "7200"); t_replicate_to_tcp("192.0.2.10", "7201");
      $var(a) = t_replicate_tls("192.0.2.10", "7300"); $var(b) = t_replicate_to_tls("192.0.2.10", "7300");
      $var(c) = t_replicate_sctp("192.0.2.10", "7300"); $var(d) = t_replicate_to_sctp("192.0.2.10", "7300");
      t_reply("202", "$var(a) $var(b) $var(c) $var(d)");`);
    await bed.tcpServer(7200);
    await bed.tcpServer(7201);
    const [client, ...phones] = await Promise.all([7000, 7101, 7102].map((port) => bed.udp(port)));
    const [reply] = await client!.send(bed.request("MESSAGE", "sip:bob@example.org"));
    expect(reply).toMatch(/^SIP\/2\.0 202 -\d -\d -\d -\d\r/);
    expect(phones.map((p) => p.received.length)).toEqual([1, 1]);
    const ports = [...bed.server.proxy.transports.streams()].map((flow) => flow.remote.port);
    expect(ports.sort()).toEqual([7200, 7201]);
    await bed.close();
  });
});

describe("commands", () => {
  test("dns.*: records are added, shown and deleted", async () => {
    const bed = await open("exit;");
    await bed.rpc("dns.add_a", "one.test", 60, "1.2.3.4", 0);
    await bed.rpc("dns.add_aaaa", "six.test", 60, "::5", 0);
    await bed.rpc("dns.add_srv", "_sip._udp.s.test", 60, 10, 20, 5060, "one.test", 0);
    expect(await bed.rpc("dns.debug")).toContain("one.test");
    expect(JSON.stringify(await bed.rpc("dns.debug_all"))).toContain("1.2.3.4");
    await bed.rpc("dns.delete_a", "one.test");
    await bed.rpc("dns.delete_aaaa", "six.test");
    await bed.rpc("dns.delete_srv", "_sip._udp.s.test");
    expect(await bed.rpc("dns.debug")).not.toContain("one.test");
    for (const name of ["dns.delete_naptr", "dns.delete_cname", "dns.delete_txt", "dns.delete_ptr"])
      await expect(bed.rpc(name, "none.test")).rejects.toMatchObject({ code: 400 });
    await bed.rpc("dns.add_a", "two.test", 60, "1.2.3.4", 2);
    await bed.rpc("dns.delete_all");
    expect(await bed.rpc("dns.debug")).toContain("two.test"); // permanent
    await bed.rpc("dns.delete_all_force");
    expect(await bed.rpc("dns.debug")).not.toContain("two.test");
    await bed.close();
  });

  test("dst_blacklist.* are dst_blocklist.*", async () => {
    const bed = await open("exit;", "use_dst_blacklist=yes");
    await bed.rpc("dst_blacklist.add", "192.0.2.77", 5060, 1, 4);
    expect(JSON.stringify(await bed.rpc("dst_blacklist.view"))).toContain("192.0.2.77");
    expect(JSON.stringify(await bed.rpc("dst_blacklist.debug"))).toContain("192.0.2.77");
    expect(await bed.rpc("dst_blacklist.mem_info")).toEqual(await bed.rpc("dst_blocklist.mem_info"));
    await bed.rpc("dst_blacklist.delete_all");
    expect(JSON.stringify(await bed.rpc("dst_blacklist.view"))).not.toContain("192.0.2.77");
    await bed.close();
  });

  test("memory by module, and the signature of a command", async () => {
    const bed = await open("exit;");
    expect(await bed.rpc("mod.mem_stats", "all", "all")).not.toBeNull();
    expect(await bed.rpc("mod.mem_statsx", "all", "all")).not.toBeNull();
    expect(await bed.rpc("system.methodSignature", "core.version")).toBeTruthy();
    await bed.close();
  });

  test("tm.t_uac_*: bodies in hexadecimal, ACK left to others, an answer waited for", async () => {
    const bed = await open("exit;");
    const phone = await bed.udp(7100);
    const target = "sip:x@192.0.2.10:7100";
    const head = "From: <sip:a@x>\r\nTo: <sip:b@y>\r\nContent-Type: text/plain\r\n";
    const hex = "68656c6c6f";
    for (const name of [
      "tm.t_uac_start_noack_hex",
      "tm.t_uac_wait_hex",
      "tm.t_uac_wait_noack",
      "tm.t_uac_wait_noack_hex",
      "tm.t_uac_wait_block_hex",
      "tm.t_uac_wait_block_noack",
      "tm.t_uac_wait_block_noack_hex",
    ]) {
      const body = name.endsWith("hex") ? hex : "hello";
      const before = phone.received.length;
      const answered = bed.rpc(name, "MESSAGE", target, ".", ".", head, body);
      await bed.world.advance(20);
      const request = phone.received[before]!;
      expect(request.endsWith("\r\n\r\nhello"), name).toBe(true);
      const kept = request.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
      await phone.send(`SIP/2.0 202 Taken\r\n${kept.join("\r\n")};x=y\r\nContent-Length: 0\r\n\r\n`);
      const result = await answered;
      if (name.includes("_wait")) expect(JSON.stringify({ result }), name).toContain("202");
    }
    await bed.close();
  });

  test("tm.retransmit_reply_callid sends the last reply again", async () => {
    const bed = await open('t_newtran(); t_reply("486", "Busy"); exit;');
    const phone = await bed.udp(7000);
    await phone.send(bed.request("INVITE", "sip:bob@example.org", ["Call-ID: again", "CSeq: 9 INVITE"]));
    const before = phone.received.length;
    await bed.rpc("tm.retransmit_reply_callid", "again", 9);
    await bed.world.advance(10);
    expect(phone.received.length).toBe(before + 1);
    expect(phone.received.at(-1)).toBe(phone.received[before - 1]);
    await bed.close();
  });
});

describe("parameters", () => {
  test("registrar: default_expires_range and expires_range shorten what is granted", async () => {
    const range = (name: string): string => `modparam("registrar", "${name}", 50)\n`;
    const bed = await open(
      'save("location");',
      `modparam("registrar", "default_expires", 1000)\n${range("default_expires_range")}${range("expires_range")}`,
    );
    const phone = await bed.udp(7000);
    const granted: number[] = [];
    for (let i = 0; i < 40; i++) {
      const more = i % 2 === 0 ? "" : ";expires=1000";
      const to = [`To: <sip:u${i}@example.org>`, `Contact: <sip:u@192.0.2.10:7000>${more}`];
      const [reply] = await phone.send(bed.request("REGISTER", "sip:example.org", to));
      granted.push(Number(/expires=(\d+)/.exec(reply!)![1]));
    }
    expect(Math.min(...granted)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...granted)).toBeLessThanOrEqual(1500);
    expect(new Set(granted.filter((_, i) => i % 2 === 0)).size).toBeGreaterThan(5);
    expect(new Set(granted.filter((_, i) => i % 2 === 1)).size).toBeGreaterThan(5);
    await bed.close();
  });

  test("usrloc: max_total_contacts refuses with 503", async () => {
    const bed = await open('save("location");', 'modparam("usrloc", "max_total_contacts", 1)');
    const phone = await bed.udp(7000);
    const register = (user: string): Promise<string[]> =>
      phone.send(
        bed.request("REGISTER", "sip:example.org", [`To: <sip:${user}@example.org>`, "Contact: <sip:u@192.0.2.10>"]),
      );
    expect((await register("a"))[0]).toMatch(/^SIP\/2\.0 200/);
    expect((await register("b"))[0]).toMatch(/^SIP\/2\.0 503/);
    await bed.close();
  });

  test("siputils: e164_max_len", async () => {
    const bed = await open(
      `$var(a) = "+12345678"; $var(b) = "+1234567"; $var(x) = is_e164("$var(a)"); $var(y) = is_e164("$var(b)"); ${tell("$var(x) $var(y)")}`,
      'modparam("siputils", "e164_max_len", 8)',
    );
    expect(await told(bed)).toBe("-1 1");
    await bed.close();
  });

  test("tm: retr_timer1 and retr_timer2 say when a request is sent again", async () => {
    const bed = await open(
      't_relay_to_udp("192.0.2.10", "7100");',
      'modparam("tm", "retr_timer1", 100)\nmodparam("tm", "retr_timer2", 200)\nmodparam("tm", "fr_timer", 1000)',
    );
    const phone = await bed.udp(7100);
    const client = await bed.udp(7000);
    await client.send(bed.request("MESSAGE", "sip:bob@example.org"));
    await bed.world.advance(900);
    expect(phone.received).toHaveLength(6); // 0, 0.1, 0.3, 0.5, 0.7, 0.9 s
    await bed.close();
  });

  test("pike: sampling_time_unit and pike_log_level", async () => {
    const bed = await open(
      `$var(rc) = pike_check_req(); ${tell("$var(rc)")}`,
      'loadmodule "pike.so"\nmodparam("pike", "sampling_time_unit", 10)\nmodparam("pike", "reqs_density_per_unit", 2)\nmodparam("pike", "pike_log_level", -1)',
    );
    const answers: string[] = [];
    for (let i = 0; i < 5; i++) answers.push(await told(bed));
    expect(answers.slice(0, 2)).toEqual(["1", "1"]);
    expect(answers.at(-1)).not.toBe("1");
    expect(bed.log.some((line) => line.includes("192.0.2.10"))).toBe(true);
    await bed.close();
  });

  test("xlog: buf_size cuts lines; $C gives colours where force_color says so", async () => {
    const bed = await open(
      'xlog("L_ERR", "$C(rx)red$C(xx) $hdr(X-Long)\\n"); exit;',
      'modparam("xlog", "buf_size", 256)\nmodparam("xlog", "force_color", 1)',
    );
    const phone = await bed.udp(7000);
    await phone.send(bed.request("OPTIONS", "sip:x@example.org", [`X-Long: ${"y".repeat(1000)}`]));
    const line = bed.log.find((l) => l.includes("red"))!;
    expect(line.length).toBeLessThan(400);
    expect(line).toMatch(/\x1b\[|\\x1b|\\u001b|\[/);
    await bed.close();
  });

  test("tmx: precheck_trans; sl: what sl_reply_error says without a failure", async () => {
    const bed = await open(
      'if (t_precheck_trans()) exit; if ($rm == "INFO") { sl_reply_error(); exit; } sl_send_reply("200", "new");',
      'modparam("tmx", "precheck_trans", 0)\nmodparam("sl", "default_code", 505)\nmodparam("sl", "default_reason", "Not Today")',
    );
    expect(await told(bed)).toBe("new");
    expect(await told(bed, "INFO")).toMatch(/SIP\/2\.0 505 Not Today/);
    await bed.close();
  });
});

test.each([
  "$dlg(constructor)",
  "$dlg_ctx(toString)",
  "$subs(constructor)",
  "$jsonrpl(constructor)",
  "$(ulc(p=>constructor))",
  "$tls(constructor)",
])("%s: what every object of the language has is no field", async (variable) => {
  const more = modules("dialog", "presence", "jsonrpcs", "xhttp", "tls");
  await expect(openProxy(`${more}request_route { $var(x) = ${variable}; }`)).rejects.toThrow("cannot be used");
});
