// Names in a whole proxy, in virtual time: what SRV and address records lead to, failover, and that a slow or dead name server delays
// nobody but those who need it.

import { expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { openNameServer, useNameServers } from "../support/name-server.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const ZONE = `
t.example 60 A 192.0.2.10
u.example 60 A 192.0.2.10
silent.example 60 A 192.0.2.10
_sip._udp.srv.example 60 SRV 10 60 7001 t.example
_sip._udp.srv.example 60 SRV 20 10 7002 u.example
_sip._udp.many.example 60 SRV 10 0 7003 silent.example
_sip._udp.many.example 60 SRV 20 0 7002 u.example
_sip._tcp.tcp.example 60 SRV 10 0 7091 t.example
_sip._tcp.tcp.example 60 SRV 20 0 7092 t.example
nap.example 60 NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.srv.example
`;

const RELAY = `
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "here"); exit; }
  if ($rU == "off") t_set_disable_failover(1);
  if ($rU == "stateless") { if (!forward()) sl_send_reply("500", "not forwarded"); exit; }
  t_on_failure("F");
  t_on_branch("B");
  if (!t_relay()) sl_reply_error();
}
branch_route[B] { append_hf("X-Branch: $T_branch_idx\\r\\n"); xlog("L_ALERT", "branch $T_branch_idx\\n"); }
failure_route[F] { xlog("L_ALERT", "failure $T_reply_code\\n"); }
`;

async function open(globals: string, more = "") {
  const params = 'modparam("tm", "fr_timer", 2000)\n';
  const bed = await openProxy(`${globals}\n${modules("tmx")}${params}${more}${RELAY}`);
  const server = await openNameServer(bed.world, "192.0.2.53", ZONE);
  const { files } = bed.server.proxy.host;
  files.makeDirectory("/etc");
  files.write("/etc/resolv.conf", bytesOf("nameserver 192.0.2.53\noptions timeout:2 attempts:1\n"));
  const phone = await bed.udp(7000);
  const first = await bed.udp(7001);
  const second = await bed.udp(7002);
  return { bed, server, phone, first, second };
}

const replyTo = (request: string, code: number): string =>
  `SIP/2.0 ${code} X\r\n${request
    .split("\r\n")
    .filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line))
    .map((line) => (line.startsWith("To:") ? `${line};tag=z` : line))
    .join("\r\n")}\r\nContent-Length: 0\r\n\r\n`;

const statuses = (received: readonly string[]): string[] =>
  received.filter((text) => text.startsWith("SIP/2.0")).map((text) => text.slice(8, 11));
const via = (text: string | undefined): string => /^Via: (.*)\r$/m.exec(text ?? "")?.[1] ?? "";
const invite = (bed: ProxyBed, uri: string) => bed.request("INVITE", uri, ["Contact: <sip:a@192.0.2.10:7000>"]);

test("SRV by priority; NAPTR first where it is switched on", async () => {
  const { bed, server, phone, first } = await open("dns_try_naptr=yes");
  await phone.send(bed.request("MESSAGE", "sip:x@nap.example"));
  expect(first.received.length).toBe(1);
  expect(server.asked).toEqual(["NAPTR nap.example", "SRV _sip._udp.srv.example", "A t.example"]);
  await phone.send(bed.request("MESSAGE", "sip:x@nap.example"));
  expect(first.received.length).toBe(2);
  expect(server.asked.length).toBe(3);
  await bed.close();
});

test("a silent target: the next one after fr_timer, as a branch of its own, without the branch route", async () => {
  const { bed, phone, first, second } = await open("use_dns_failover=on");
  await phone.send(invite(bed, "sip:x@srv.example"));
  expect(first.received.length).toBe(1);
  await bed.world.advance(1800);
  expect(second.received).toEqual([]);
  await bed.world.advance(300);
  expect(second.received.length).toBe(1);
  expect(via(first.received[0]).replace(/\.0$/, ".1")).toBe(via(second.received[0]));
  expect(second.received[0]).toContain("X-Branch: 0\r\n");
  await second.send(replyTo(second.received[0]!, 404));
  expect(statuses(phone.received)).toEqual(["100", "404"]);
  expect(
    bed.log.filter((line) => /branch|failure/.test(line)).map((l) => l.replace(/.*?(branch|failure)/, "$1")),
  ).toEqual([...["branch 0", "failure 404"]]);
  await bed.close();
});

test("503, a closed port: the next one at once", async () => {
  const { bed, phone, first, second } = await open("use_dns_failover=on");
  await phone.send(invite(bed, "sip:x@srv.example"));
  await first.send(replyTo(first.received[0]!, 503));
  expect(first.received.at(-1)).toMatch(/^ACK /);
  expect(second.received.length).toBe(1);
  await second.send(replyTo(second.received[0]!, 200));
  expect(statuses(phone.received)).toEqual(["100", "200"]);
  bed.world.setIcmp(true); // nobody listens on 7003
  await phone.send(bed.request("MESSAGE", "sip:x@many.example"));
  expect(second.received.at(-1)).toMatch(/^MESSAGE /);
  await bed.close();
});

test("a refused connection: the next one at once", async () => {
  const { bed, phone } = await open("use_dns_failover=on");
  const host = bed.world.host({ addresses: ["192.0.2.77"] });
  const got: string[] = [];
  await host.network.listenTcp({
    local: { family: 4, address: "192.0.2.77", port: 7092 },
    maxQueue: 1 << 16,
    onConnection: () => ({
      onData: (_c, buf, start, end) => void got.push(new TextDecoder().decode(buf.subarray(start, end))),
      onClose: () => undefined,
    }),
  });
  bed.server.proxy.host.files.write("/etc/hosts", bytesOf("192.0.2.77 t.example\n"));
  await phone.send(bed.request("MESSAGE", "sip:x@tcp.example;transport=tcp"));
  await bed.world.advance(500);
  expect(got.length).toBe(1);
  expect(via(got[0])).toMatch(/^SIP\/2\.0\/TCP 192\.0\.2\.1:5060;branch=.*\.0$/);
  await bed.close();
});

test("reparse_on_dns_failover 0: the next request is made anew, its branch route runs again", async () => {
  for (const how of ["silent", "503", "503, and the next one is to be looked up"]) {
    const { bed, server, phone, first, second } = await open(
      "use_dns_failover=on",
      'modparam("tm", "reparse_on_dns_failover", 0)\n',
    );
    const request = invite(bed, "sip:x@srv.example");
    await phone.send(request);
    if (how.includes("looked up")) server.manners.delay = 200;
    if (how === "silent") await bed.world.advance(2100);
    else await first.send(replyTo(first.received[0]!, 503));
    await bed.world.advance(300);
    const [before, after] = [first.received[0]!, second.received[0]!];
    expect(after).toBe(before.replace(via(before), via(after)).replace("X-Branch: 0", "X-Branch: 1"));
    expect(via(after)).toBe(via(before).replace(/\.0$/, ".1"));
    await second.send(replyTo(second.received[0]!, 404));
    expect(statuses(phone.received)).toEqual(["100", "404"]);
    expect(bed.log.filter((l) => /branch|failure/.test(l)).map((l) => l.replace(/.*?(branch|failure)/, "$1"))).toEqual([
      ...["branch 0", "branch 1", "failure 404"],
    ]);
    await bed.close();
  }
});

test("reparse_on_dns_failover 0: branch routes that wait take their turns, and a CANCEL ends what they prepare", async () => {
  const route = `request_route { if (is_method("CANCEL|ACK")) { t_relay(); exit; } append_hf("X-All: 1\\r\\n");
      append_branch("sip:other@srv.example"); t_on_branch("B"); t_on_branch_failure("X"); t_relay(); }
    branch_route[B] { exec("sleep 1"); append_hf("X-Branch: $T_branch_idx $rU\\r\\n"); }
    event_route[tm:branch-failure:X] { append_hf("X-Failed: 1\\r\\n"); }\n`;
  const params = 'modparam("tm", "fr_timer", 20000)\nmodparam("tm", "reparse_on_dns_failover", 0)\n';
  for (const isCancelled of [false, true]) {
    const prepare = (host: SimHost): void => useNameServers(host, ["192.0.2.53"]);
    const bed = await openProxy(
      `use_dns_failover=on\n${modules("tmx")}${params}${route}`,
      -1,
      undefined,
      undefined,
      {},
      prepare,
    );
    await openNameServer(bed.world, "192.0.2.53", ZONE);
    const phone = await bed.udp(7000);
    const first = await bed.udp(7001);
    const second = await bed.udp(7002);
    const request = invite(bed, "sip:one@srv.example");
    await phone.send(request);
    await bed.world.advance(3000);
    const made = [...new Map(first.received.map((t) => [via(t), t])).values()];
    expect(made.length).toBe(2);
    for (const text of made) await first.send(replyTo(text, 503));
    await bed.world.advance(400);
    if (isCancelled) await phone.send(request.replace(/INVITE/g, "CANCEL").replace(/Contact:.*\r\n/, ""));
    await bed.world.advance(4000);
    const tried = [...new Map(second.received.filter((t) => t.startsWith("INVITE")).map((t) => [via(t), t])).values()];
    expect(
      tried.map((t) => [/^X-Branch: (.*)\r$/m.exec(t)?.[1], t.includes("X-All: 1"), t.includes("X-Failed")]),
    ).toEqual(
      isCancelled
        ? []
        : [
            ["2 one", true, false],
            ["3 other", true, false],
          ],
    );
    if (isCancelled) expect(new Set(statuses(phone.received))).toEqual(new Set(["100", "200", "500"])); // all that were asked have said 503
    await bed.world.advance(60_000);
    expect(await bed.rpc("tm.stats")).toMatchObject({ current: 0 });
    await bed.close();
  }
});

test("several sockets: mhomed chooses one for each target; dns_reuse_rcv_socket only for the first; Record-Route follows where the request is made anew", async () => {
  const zone =
    "_sip._udp.far.example 60 SRV 10 0 7001 one.example\n_sip._udp.far.example 60 SRV 20 0 7002 two.example\n";
  const sockets = "listen=udp:192.0.2.1:5060\nlisten=udp:10.0.0.1:5060\n";
  const seen: string[][] = [];
  for (const params of [[], ["dns_reuse_rcv_socket", 1], ["reparse_on_dns_failover", 0]]) {
    const param = params.length === 0 ? "" : `modparam("tm", "${params[0]}", ${params[1]})\n`;
    const route = "request_route { record_route(); if (!t_relay()) sl_reply_error(); }\n";
    const prepare = (host: SimHost): void => useNameServers(host, ["192.0.2.53"]);
    const globals = `mhomed=1\nuse_dns_failover=on\n${sockets}`;
    const config = `${globals}${modules("tmx")}${param}${route}`;
    const bed = await openProxy(config, -1, ["192.0.2.1", "10.0.0.1"], undefined, {}, prepare);
    await openNameServer(bed.world, "192.0.2.53", `${zone}one.example 60 A 192.0.2.10\ntwo.example 60 A 10.0.0.10\n`);
    const phone = await bed.udp(7000);
    const first = await bed.udp(7001);
    const second = await bed.udpAt("10.0.0.10", 7002);
    await phone.send(bed.request("MESSAGE", "sip:x@far.example"));
    await first.send(replyTo(first.received[0]!, 503));
    const route2 = /^Record-Route: <sip:([^;>]*)/m.exec(second.received[0] ?? "")?.[1] ?? "";
    seen.push([via(second.received[0]).split(/[ ;]/)[1] ?? "", route2]);
    await bed.close();
  }
  expect(seen).toEqual([
    ["10.0.0.1:5060", "192.0.2.1:5060"],
    ["192.0.2.1:5060", "192.0.2.1:5060"],
    ["10.0.0.1:5060", "10.0.0.1:5060"],
  ]);
});

test("without use_dns_failover, without the cache, or after t_set_disable_failover there is no second try", async () => {
  for (const [globals, user] of [
    ["", "x"],
    ["use_dns_failover=on\nuse_dns_cache=off", "x"],
    ["use_dns_failover=on", "off"],
  ] as const) {
    const { bed, phone, second } = await open(globals);
    await phone.send(invite(bed, `sip:${user}@srv.example`));
    await bed.world.advance(10_000);
    expect(second.received).toEqual([]);
    expect(statuses(phone.received)).toEqual(expect.arrayContaining(["100", "408"]));
    await bed.close();
  }
});

test("forward() uses the same records", async () => {
  const { bed, phone, first } = await open("");
  await phone.send(bed.request("MESSAGE", "sip:stateless@srv.example"));
  expect(first.received.length).toBe(1);
  await phone.send(bed.request("MESSAGE", "sip:stateless@nobody.example"));
  expect(statuses(phone.received)).toEqual(["500"]);
  await bed.close();
});

test("forward() tries the next target when one cannot be sent to", async () => {
  const zone = `${ZONE}\n_sip._tcp.two.example 60 SRV 1 0 7091 t.example\n`;
  for (const [globals, status] of [
    ["use_dns_failover=on", []],
    ["", ["500"]],
  ] as const) {
    const { bed, server, phone } = await open(globals);
    server.setZone(`${zone}_sip._tcp.two.example 60 SRV 2 0 7092 t.example\n`);
    const got: string[] = [];
    await bed.world.host({ addresses: ["192.0.2.77"] }).network.listenTcp({
      local: { family: 4, address: "192.0.2.77", port: 7092 },
      maxQueue: 1 << 16,
      onConnection: () => ({ onData: () => void got.push("request"), onClose: () => undefined }),
    });
    bed.server.proxy.host.files.write("/etc/hosts", bytesOf("192.0.2.77 t.example\n"));
    await phone.send(bed.request("MESSAGE", "sip:stateless@two.example;transport=tcp"));
    await bed.world.advance(500);
    expect(statuses(phone.received)).toEqual(status);
    expect(got.length).toBe(1 - status.length);
    await bed.close();
  }
});

test("dns_try_ipv6=no keeps requests from IPv6 addresses, written as such or found", async () => {
  const { bed, server, phone } = await open("dns_try_ipv6=no");
  server.setZone("six.example 60 AAAA 2001:db8::9\n");
  await phone.send(bed.request("MESSAGE", "sip:x@[2001:db8::9]:7001"));
  await phone.send(bed.request("MESSAGE", "sip:x@six.example:7001"));
  expect(new Set(statuses(phone.received))).toEqual(new Set(["478"]));
  expect(server.asked).toEqual(["A six.example"]);
  await bed.close();
});

test("what the parameters say", async () => {
  const { bed } = await open(
    `dns_retr_time=3\ndns_retr_no=0\ndns_servers_no=2\ndns_cache_mem=100\ndns_cache_gc_interval=10\ndns_cache_del_nonexp=yes
    dns_cache_min_ttl=5\ndns_cache_max_ttl=50\ndns_cache_negative_ttl=0\ndns_cache_rec_pref=3\ndns_cache_flags=4\ndns_srv_lb=yes
    dns_try_ipv6=yes\ndns_use_search_list=no\ndns_search_full_match=no\ndns_udp_pref=-1\ndns_tcp_preference=7\ndns_tls_pref=8\ndns_sctp_pref=9
    dns_naptr_ignore_rfc=no\ndns_try_naptr=on\nuse_dns_failover=on`,
  );
  expect(bed.diagnostics).toEqual([]);
  expect(bed.server.proxy.dns.settings).toEqual({
    ...{ timeout: 3000, tries: null, servers: 2, memory: 102_400, gcInterval: 10_000, deleteLive: true },
    ...{ minTtl: 5, maxTtl: 50, negativeTtl: 0, recordPreference: 3, flags: 4, srvWeights: true, tryIpv6: true },
    ...{
      useSearchList: false,
      searchFullMatch: false,
      udpPreference: -1,
      tcpPreference: 7,
      tlsPreference: 8,
      sctpPreference: 9,
    },
    ...{ naptrIgnoreOrder: false, tryNaptr: true, failover: true, useCache: true },
  });
  await bed.close();
});

test("a dead name server delays only those who need it, and is asked once for a name", async () => {
  const { bed, server, phone, first } = await open("");
  server.manners.silent = true;
  for (let i = 0; i < 50; i++) await phone.send(bed.request("MESSAGE", "sip:x@dead.example"));
  expect(new Set(server.asked).size).toBe(server.asked.length);
  await phone.send(bed.request("OPTIONS", "sip:x@dead.example"));
  await phone.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7001"));
  expect(statuses(phone.received).filter((s) => s === "200").length).toBe(1);
  expect(first.received.length).toBe(1);
  await bed.world.advance(8000);
  const refused = phone.received.filter((text) => text.startsWith("SIP/2.0 478"));
  expect(new Set(refused.map((text) => /^Call-ID: (.*)\r$/m.exec(text)?.[1])).size).toBe(50);
  expect(new Set(server.asked).size).toBe(server.asked.length);
  await bed.close();
});

test("a slow name server: a CANCEL meanwhile ends it, and what is answered late is of no harm", async () => {
  const { bed, server, phone, first } = await open("");
  server.manners.delay = 1000;
  const request = invite(bed, "sip:x@srv.example");
  await phone.send(request);
  await phone.send(request); // a retransmission
  expect(statuses(phone.received)).toContain("100");
  await phone.send(
    request
      .replace(/^INVITE/, "CANCEL")
      .replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL")
      .replace(/Contact:.*\r\n/, ""),
  );
  await bed.world.advance(5000);
  expect(new Set(statuses(phone.received))).toEqual(new Set(["100", "200", "487"]));
  expect(first.received).toEqual([]);
  await bed.close();
});

test("a reply to a name without port goes where its SRV records say (RFC 3263 5)", async () => {
  const { bed, phone, first } = await open("");
  const lines = [
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKsl1",
    "Via: SIP/2.0/UDP srv.example;branch=z9hG4bKother",
    ...["From: <sip:a@b>;tag=1", "To: <sip:b@b>;tag=2", "Call-ID: lost", "CSeq: 1 MESSAGE", "Content-Length: 0"],
  ];
  await phone.send(`SIP/2.0 200 OK\r\n${lines.join("\r\n")}\r\n\r\n`);
  expect(statuses(first.received)).toEqual(["200"]);
  await bed.close();
});

test("corex dns_file: records that are there from the start, one a line; lines of comment are left out", async () => {
  const records = "# records of the office\n\ntype=A;name=far.example;addr=192.0.2.10;ttl=3600;flags=2\n";
  const bed = await openProxy(
    `${modules("corex")}modparam("corex", "dns_file", "/records.txt")
request_route { $du = "sip:far.example:7100"; t_relay(); }`,
    0,
    undefined,
    undefined,
    { "/records.txt": records },
  );
  const far = await bed.udp(7100);
  const phone = await bed.udp(7000);
  await phone.send(bed.request("MESSAGE", "sip:bob@example.org"));
  expect(far.received[0]).toMatch(/^MESSAGE sip:bob@example\.org/);
  await bed.close();
});
