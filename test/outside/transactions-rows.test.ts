// What transactions, look-ups and the blocklist promise beyond single functions, on a whole proxy in virtual time: counters over calls, times
// and memory, control from outside, masks of every transport. Figures of tm.stats are those of Kamailio 5.6.3 for the same messages.

import { expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { openNameServer, useNameServers } from "../support/name-server.ts";
import { ADDRESS, type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const HOP = "192.0.2.10:7001";
const RELAY = 'request_route { if (is_method("ACK|CANCEL")) { t_relay(); exit; } t_relay(); }\n';
const TIMES = 'modparam("tm", "fr_timer", 400)\nmodparam("tm", "wt_timer", 600)\n';

function answer(request: string, code: number): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq):/.test(l));
  const to = request.split("\r\n").find((l) => l.startsWith("To:"))!;
  return [`SIP/2.0 ${code} R`, ...kept, `${to};tag=u`, "Content-Length: 0", "", ""].join("\r\n");
}

function ackOf(reply: string): string {
  const kept = reply.split("\r\n").filter((l) => /^(Via|From|To|Call-ID):/.test(l));
  return [`ACK sip:x@${HOP} SIP/2.0`, ...kept, "CSeq: 1 ACK", "Max-Forwards: 70", "Content-Length: 0", "", ""].join(
    "\r\n",
  );
}

const statuses = (agent: BedAgent): string[] => agent.received.map((text) => text.slice(8, 11));

test("tm.stats over calls: while it rings, answered, over; failures of every kind", async () => {
  const bed = await openProxy(`${modules("tmx")}${TIMES}${RELAY}`);
  const client = await bed.udp(7000);
  const hop = await bed.udp(7001);
  const zero = { total_local: 0, delayed_free: 0 };
  const none = { "6xx": 0, "5xx": 0, "4xx": 0, "3xx": 0, "2xx": 0 };
  await client.send(bed.request("INVITE", `sip:x@${HOP}`));
  await hop.send(answer(hop.received[0]!, 180));
  const ringing = {
    current: 1,
    waiting: 0,
    total: 1,
    rpl_received: 1,
    rpl_generated: 1,
    rpl_sent: 2,
    created: 1,
    freed: 0,
  };
  expect(await bed.rpc("tm.stats")).toEqual({ ...zero, ...none, ...ringing });
  await hop.send(answer(hop.received[0]!, 200));
  const answered = { ...ringing, waiting: 1, rpl_received: 2, rpl_sent: 3 };
  expect(await bed.rpc("tm.stats")).toEqual({ ...zero, ...none, ...answered, "2xx": 1 });
  await bed.world.advance(900);
  expect(await bed.rpc("tm.stats")).toEqual({
    ...zero,
    ...none,
    ...answered,
    current: 0,
    waiting: 0,
    "2xx": 1,
    freed: 1,
  });
  for (const code of [302, 404, 503, 603]) {
    await client.send(bed.request("MESSAGE", `sip:x@${HOP}`));
    await hop.send(answer(hop.received.at(-1)!, code));
  }
  const each = { "6xx": 1, "5xx": 1, "4xx": 1, "3xx": 1, "2xx": 1 };
  const failed = {
    current: 4,
    waiting: 4,
    total: 5,
    rpl_received: 6,
    rpl_generated: 2,
    rpl_sent: 7,
    created: 5,
    freed: 1,
  };
  expect(await bed.rpc("tm.stats")).toEqual({ ...zero, ...each, ...failed });
  await bed.world.advance(900);
  await client.send(bed.request("MESSAGE", `sip:x@${HOP}`));
  await bed.world.advance(500);
  const silent = {
    current: 1,
    waiting: 1,
    total: 6,
    rpl_received: 6,
    rpl_generated: 3,
    rpl_sent: 8,
    created: 6,
    freed: 5,
  };
  expect(await bed.rpc("tm.stats")).toEqual({ ...zero, ...each, ...silent, "4xx": 2 });
  await bed.world.advance(900);
  await client.send(bed.request("INVITE", `sip:x@${HOP}`));
  await hop.send(answer(hop.received.at(-1)!, 486));
  await client.send(ackOf(client.received.at(-1)!));
  await bed.world.advance(1200);
  const all = {
    current: 0,
    waiting: 0,
    total: 7,
    rpl_received: 7,
    rpl_generated: 4,
    rpl_sent: 10,
    created: 7,
    freed: 7,
  };
  expect(await bed.rpc("tm.stats")).toEqual({ ...zero, ...each, ...all, "4xx": 3 });
  await bed.close();
});

test("a transaction is gone after its lifetime, fr_timer and wt_timer at the latest", async () => {
  const lives = 'modparam("tm", "max_inv_lifetime", 3000)\nmodparam("tm", "max_noninv_lifetime", 2000)\n';
  const bed = await openProxy(`${modules("tmx")}${TIMES}modparam("tm", "fr_inv_timer", 60000)\n${lives}
    request_route { if (is_method("MESSAGE")) t_set_fr("0", "60000"); t_relay(); }\n`);
  const client = await bed.udp(7000);
  const hop = await bed.udp(7001);
  const current = async (): Promise<number> => ((await bed.rpc("tm.stats")) as { current: number }).current;
  await client.send(bed.request("INVITE", `sip:x@${HOP}`));
  for (let ms = 0; ms < 2900; ms += 300) {
    await hop.send(answer(hop.received[0]!, 180));
    await bed.world.advance(250);
  }
  expect(await current()).toBe(1);
  await bed.world.advance(100 + 400 + 600); // nobody acknowledges the 408
  expect(statuses(client)).toContain("408");
  expect(await current()).toBe(0);
  await client.send(bed.request("MESSAGE", `sip:x@${HOP}`));
  await bed.world.advance(2000 + 500);
  expect(await current()).toBe(1);
  await bed.world.advance(200);
  expect(await current()).toBe(0);
  await bed.close();
});

test("t_set_retr says when this request is sent again; t_reset_retr takes it back", async () => {
  const bed = await openProxy(
    `${modules("tmx")}modparam("tm", "fr_timer", 2000)\nrequest_route {
      if ($rU == "reset") { t_set_retr("100", "200"); t_reset_retr(); } else if ($rU == "own") { t_set_retr("100", "200"); }
      t_relay(); }\n`,
  );
  const client = await bed.udp(7000);
  const hop = await bed.udp(7001);
  const times = async (user: string): Promise<number> => {
    await client.send(bed.request("MESSAGE", `sip:${user}@${HOP}`));
    await bed.world.advance(900);
    return hop.received.filter((text) => text.startsWith(`MESSAGE sip:${user}@`)).length;
  };
  expect(await times("usual")).toBe(2); // 0, 0.5 s
  expect(await times("own")).toBe(6); // 0, 0.1, 0.3, 0.5, 0.7, 0.9 s
  expect(await times("reset")).toBe(2);
  await bed.close();
});

test("an HTTP request cancels a call, and answers one", async () => {
  const bed = await openProxy(`${modules("tmx", "xhttp")}${RELAY}
    event_route[xhttp:request] {
      $var(id) = $(hu{s.select,2,/});
      if ($hu =~ "^/cancel/") { t_cancel_callid("$var(id)", "1", "21"); } else { t_reply_callid("$var(id)", "1", "480", "Gone Home"); }
      xhttp_reply("200", "OK", "text/plain", "$rc");
    }\n`);
  const client = await bed.udp(7000);
  const hop = await bed.udp(7001);
  const http = await bed.tcp();
  for (const what of ["cancel", "reply"]) {
    await client.send(bed.request("INVITE", `sip:x@${HOP}`, [`Call-ID: call-${what}`]));
    const invite = hop.received.at(-1)!;
    await hop.send(answer(invite, 180));
    const [said] = await http.send(`GET /${what}/call-${what}/1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\n1$/);
    expect(hop.received.at(-1)).toMatch(/^CANCEL /);
    await hop.send(answer(invite, 487));
    expect(statuses(client).at(-1)).toBe(what === "cancel" ? "487" : "480");
  }
  await bed.close();
});

test("fr_timer_next is not known any more", async () => {
  await expect(openProxy(`${modules()}modparam("tm", "fr_timer_next", 5)\n${RELAY}`)).rejects.toThrow(/fr_timer_next/);
});

test("a look-up takes two seconds at most with the settings made for that, and holds nobody up", async () => {
  const bed = await openProxy(
    `dns_try_ipv6=no\ndns_retr_time=1\ndns_retr_no=1\ndns_use_search_list=no\n${modules()}
    request_route { if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; } t_relay(); }\n`,
    -1,
    undefined,
    undefined,
    {},
    (host) => useNameServers(host, ["192.0.2.53", "192.0.2.54"], "search office.test"),
  );
  for (const address of ["192.0.2.53", "192.0.2.54"])
    (await openNameServer(bed.world, address, "")).manners.silent = true;
  const client = await bed.udp(7000);
  await client.send(bed.request("MESSAGE", "sip:x@slow.test:7001"));
  expect((await client.send(bed.request("OPTIONS", "sip:x@here"))).map((t) => t.slice(8, 11))).toEqual(["200"]);
  await bed.world.advance(2000);
  expect(statuses(client)).toEqual(["200", "478"]);
  await bed.close();
});

test("dns_cache_gc_interval and dst_blocklist_gc_interval: when what has expired gives its room back", async () => {
  for (const [seconds, isGone] of [
    [5, true],
    [100, false],
  ] as const) {
    const bed = await openProxy(
      `use_dst_blocklist=on\ndst_blocklist_expire=1\ndst_blocklist_gc_interval=${seconds}\ndns_cache_gc_interval=${seconds}\n${modules()}request_route { exit; }\n`,
    );
    const used = async (name: string): Promise<number> => ((await bed.rpc(name)) as number[])[0]!;
    await bed.rpc("dns.add_a", "one.test", 1, "192.0.2.7", 0);
    await bed.rpc("dst_blocklist.add", "192.0.2.7", 5060, 1, 64);
    expect([(await used("dns.mem_info")) > 0, (await used("dst_blocklist.mem_info")) > 0]).toEqual([true, true]);
    await bed.world.advance(12_000);
    await bed.rpc("dns.add_a", "two.test", 60, "192.0.2.7", 0); // the cache is looked through when something comes
    const isKept = ((await bed.rpc("dns.debug")) as unknown[]).includes("one.test");
    expect([!isKept, (await used("dst_blocklist.mem_info")) === 0]).toEqual([isGone, isGone]);
    await bed.close();
  }
});

async function refusedBy(bed: ProxyBed, transport: string): Promise<number[]> {
  const client = await bed.udp(7000);
  await client.send(bed.request("MESSAGE", `sip:x@192.0.2.20:7009;transport=${transport}`));
  await bed.world.advance(2000);
  expect(statuses(client).at(-1)).toBe("477");
  return [...bed.server.proxy.blocklist.list()].map((e) => e.flags);
}

test.each([
  ["tls", "enable_tls=yes\n", "tls"],
  ["sctp", "enable_sctp=yes\n", "sctp"],
  ["tcp", "", "tmx"],
])(
  "dst_blocklist_%s_imask: a refused connection is listed, unless the mask says that it does not count",
  async (transport, globals, module) => {
    for (const [mask, flags] of [
      [0, [6]],
      [6, []],
    ] as const) {
      const listen = `listen=udp:${ADDRESS}:5060\nlisten=${transport}:${ADDRESS}:5061\n`;
      const list = `use_dst_blocklist=on\ndst_blocklist_${transport}_imask=${mask}\n`;
      const bed = await openProxy(`${globals}${listen}${list}${modules(module)}${RELAY}`, -1, [ADDRESS]);
      bed.world.host({ addresses: ["192.0.2.20"] });
      expect(await refusedBy(bed, transport)).toEqual(flags);
      await bed.close();
    }
  },
);

test.each([
  ["t_forward_nonack_tls", 3],
  ["t_relay_to_tls", 3],
  ["t_forward_nonack_sctp", 4],
  ["t_relay_to_sctp", 4],
])("%s goes by that transport, whatever the URI says", async (name, protocol) => {
  const listen = ["udp", "tls", "sctp"].map((t) => `listen=${t}:${ADDRESS}:5061\n`).join("");
  const globals = `enable_tls=yes\nenable_sctp=yes\n${listen}use_dst_blocklist=on\n`;
  const route = `request_route { ${name}("192.0.2.20", "7009"); }\n`;
  const bed = await openProxy(`${globals}${modules("tls", "sctp")}${route}`, -1, [ADDRESS]);
  bed.world.host({ addresses: ["192.0.2.20"] });
  const client = await bed.udp(7000, 5061);
  await client.send(bed.request("MESSAGE", `sip:x@${HOP};transport=udp`));
  await bed.world.advance(2000);
  expect([...bed.server.proxy.blocklist.list()]).toMatchObject([{ protocol, address: "192.0.2.20", port: 7009 }]);
  await bed.close();
});

test("blst_rpl_set_ignore: a client that is not reached by a reply is not listed; blst_rpl_clear_ignore takes it back", async () => {
  for (const [calls, flags] of [
    ["", [6]],
    ["blst_rpl_set_ignore();", []],
    ["blst_rpl_set_ignore(4);", [2]],
    ["blst_rpl_set_ignore(); blst_rpl_clear_ignore();", [6]],
  ] as const) {
    const route = `request_route { ${calls} t_relay(); }\n`;
    const bed = await openProxy(`use_dst_blocklist=on\n${modules("blst")}${route}`);
    const hop = await bed.udp(7001);
    const { network } = bed.world.host({ addresses: ["192.0.2.40"] });
    const handlers = { onData: () => undefined, onClose: () => undefined };
    const remote = { family: 4, address: ADDRESS, port: 5060 } as const;
    const connecting = network.connectTcp({ remote, timeout: 5000, maxQueue: 1 << 20, handlers });
    await bed.world.advance(50);
    const client = await connecting;
    const request = bytesOf(bed.request("MESSAGE", `sip:x@${HOP}`, [], "TCP 192.0.2.40:7777"));
    client.send(request, 0, request.length);
    await bed.world.advance(50);
    client.close();
    await bed.world.advance(50);
    await hop.send(answer(hop.received[0]!, 200));
    await bed.world.advance(1000);
    expect([...bed.server.proxy.blocklist.list()].map((e) => e.flags)).toEqual(flags);
    await bed.close();
  }
});

test("dns_*_pref rank the transports of NAPTR records, TLS and SCTP too; a negative one leaves them out", async () => {
  const records = [
    ["SIP+D2U", "udp"],
    ["SIP+D2T", "tcp"],
    ["SIPS+D2T", "tls"],
    ["SIP+D2S", "sctp"],
  ].map(([service, t], i) => {
    const srv = t === "tls" ? "_sips._tcp.all.example" : `_sip._${t}.all.example`;
    return `all.example 60 NAPTR ${i} 10 "s" "${service}" "" ${srv}\n${srv} 60 SRV 1 1 7001 t.example\n`;
  });
  const listen = ["udp", "tcp", "tls", "sctp"].map((t, i) => `listen=${t}:${ADDRESS}:${5061 + i}\n`).join("");
  const prepare = (host: SimHost): void => useNameServers(host, ["192.0.2.53"]);
  const first = async (prefs: string): Promise<string | undefined> => {
    const globals = `dns_try_naptr=yes\nenable_tls=yes\nenable_sctp=yes\n${listen}${prefs}`;
    const route = "request_route { t_relay(); }\n";
    const bed = await openProxy(`${globals}${modules("tls", "sctp")}${route}`, -1, [ADDRESS], undefined, {}, prepare);
    const server = await openNameServer(bed.world, "192.0.2.53", `${records.join("")}t.example 60 A 192.0.2.10\n`);
    const phone = await bed.udp(7000, 5061);
    await phone.send(bed.request("MESSAGE", "sip:x@all.example"));
    await bed.close();
    return server.asked.find((q) => q.startsWith("SRV"));
  };
  expect(await first("")).toBe("SRV _sip._udp.all.example"); // 30 for UDP, 20 for TCP and SCTP, 10 for TLS
  expect(await first("dns_udp_pref=-1\n")).toBe("SRV _sip._tcp.all.example");
  expect(await first("dns_tls_pref=40\n")).toBe("SRV _sips._tcp.all.example");
  expect(await first("dns_sctp_pref=50\ndns_tls_pref=40\n")).toBe("SRV _sip._sctp.all.example");
  expect(await first("dns_udp_pref=-1\ndns_tcp_pref=-1\ndns_sctp_pref=-1\n")).toBe("SRV _sips._tcp.all.example");
});
