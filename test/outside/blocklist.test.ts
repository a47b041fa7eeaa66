// The destination blocklist: what puts a next hop on it, what is not sent then, and when it is sent again.

import { expect, test } from "vitest";
import { HostError } from "../../src/host/host.ts";
import { core } from "../../src/modules/core/index.ts";
import type { RpcValue } from "../../src/registry/define.ts";
import { firstLine } from "../support/message-text.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const ON = "use_dst_blocklist=yes\ndst_blocklist_expire=20\n";
const SEND_FAILED = "SIP/2.0 477 Unfortunately error on sending to next hop occurred (477/TM)";
const ROUTE = `
request_route {
  if (is_method("CANCEL")) { t_relay(); exit; }
  if ($hdr(X-Ignore) != $null) { blst_set_ignore(16); }
  if ($rU == "stateless") {
    if (forward()) { exit; }
    sl_send_reply("299", "Not sent");
    exit;
  }
  if ($hdr(X-Next) != $null) { t_on_failure("NEXT"); }
  if ($hdr(X-Also) != $null) { append_branch("sip:also@192.0.2.10:" + $hdr(X-Also)); }
  t_relay();
}
failure_route[NEXT] { $du = "sip:192.0.2.10:" + $hdr(X-Next); t_relay(); }
`;

function config(globals = ON, tm = ""): string {
  return `${globals}${modules("blst", "pv")}modparam("tm", "fr_timer", 1000)\n${tm}${ROUTE}`;
}

/** The final answer to a request that is given time to fail. */
async function call(bed: ProxyBed, method: string, uri: string, lines: readonly string[] = [], ms = 1500) {
  const port = 7100 + ++callers;
  const caller = await bed.udp(port);
  await caller.send(bed.request(method, uri, lines, `UDP 192.0.2.10:${port}`));
  await bed.world.advance(ms);
  return firstLine(caller.received.filter((m) => !m.startsWith("SIP/2.0 1")).at(-1) ?? "nothing\r\n");
}
let callers = 0;

/** A next hop that answers every request, unless it has nothing to say. */
async function hop(bed: ProxyBed, port: number, answer = "", extra = "") {
  const agent = await bed.udp(port);
  let seen = 0;
  const requests = (): string[] => agent.received.filter((m) => !m.startsWith("SIP/2.0"));
  const respond = async (): Promise<void> => {
    for (const text of requests().slice(seen)) {
      seen++;
      if (answer === "" || text.startsWith("ACK")) continue;
      const kept = text.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
      await agent.send(
        [`SIP/2.0 ${answer}`, ...kept, ...(extra === "" ? [] : [extra]), "Content-Length: 0", "", ""].join("\r\n"),
      );
    }
  };
  return { requests, respond };
}

test("an INVITE nobody answers lists the next hop; the next requests fail at once until its time is over", async () => {
  const bed = await openProxy(config());
  const dead = await hop(bed, 7001);
  expect(await call(bed, "INVITE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  const count = dead.requests().length;
  expect(count).toBeGreaterThan(1);
  for (const method of ["INVITE", "MESSAGE", "OPTIONS"])
    expect(await call(bed, method, "sip:bob@192.0.2.10:7001", [], 0)).toBe(SEND_FAILED);
  expect(await call(bed, "MESSAGE", "sip:stateless@192.0.2.10:7001", [], 0)).toBe("SIP/2.0 299 Not sent");
  expect(dead.requests().length).toBe(count);
  expect(await call(bed, "BYE", "sip:bob@192.0.2.10:7001", [], 0)).toBe("nothing");
  expect(dead.requests().length).toBe(count + 1);
  await bed.world.advance(20_000);
  expect(await call(bed, "MESSAGE", "sip:stateless@192.0.2.10:7001", [], 0)).toBe("nothing");
  expect(dead.requests().length).toBeGreaterThan(count + 1);
  await bed.close();
});

test("silence after other methods than those of blst_methods_add, after a provisional reply, or with the list off lists nothing", async () => {
  const bed = await openProxy(config());
  const dead = await hop(bed, 7001);
  expect(await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  expect(bed.server.proxy.blocklist.usedBytes).toBe(0);
  const ringing = await hop(bed, 7002, "180 Ringing");
  const caller = await bed.udp(7000);
  await caller.send(bed.request("INVITE", "sip:bob@192.0.2.10:7002"));
  await ringing.respond();
  await bed.world.advance(200_000);
  expect(bed.server.proxy.blocklist.usedBytes).toBe(0);
  await bed.close();
  const off = await openProxy(config(""));
  await hop(off, 7001);
  for (let i = 0; i < 2; i++)
    expect(await call(off, "INVITE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  await off.close();
  expect(dead.requests().length).toBeGreaterThan(0);
});

test("methods that list and are held back follow blst_methods_add and blst_methods_lookup", async () => {
  const bed = await openProxy(
    config(ON, 'modparam("tm", "blst_methods_add", 256)\nmodparam("tm", "blst_methods_lookup", 1)\n'),
  );
  await hop(bed, 7001);
  expect(await call(bed, "INVITE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  expect(await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  expect(await call(bed, "INVITE", "sip:bob@192.0.2.10:7001", [], 0)).toBe(SEND_FAILED);
  expect(await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  await bed.close();
});

test("failures the message or the transport ignores list nothing", async () => {
  const bed = await openProxy(config());
  await hop(bed, 7001);
  expect(await call(bed, "INVITE", "sip:bob@192.0.2.10:7001", ["X-Ignore: 1"])).toBe("SIP/2.0 408 Request Timeout");
  expect(await call(bed, "INVITE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  expect(await call(bed, "INVITE", "sip:bob@192.0.2.10:7001", ["X-Ignore: 1"], 0)).toBe(SEND_FAILED);
  await bed.close();
  const masked = await openProxy(config(`${ON}dst_blacklist_udp_imask=16\n`));
  await hop(masked, 7001);
  for (let i = 0; i < 2; i++)
    expect(await call(masked, "INVITE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  await masked.close();
});

test.each([
  ["", "", 0],
  ["", "Retry-After: 7", 7],
  ['modparam("tm", "blst_503_def_timeout", 9)\n', "", 9],
  ['modparam("tm", "blst_503_min_timeout", 5)\n', "Retry-After: 2 (soon);duration=3", 5],
  ['modparam("tm", "blst_503_max_timeout", 30)\n', "Retry-After: 100", 30],
])("503 with blst_503: %j %j", async (params, header, seconds) => {
  const bed = await openProxy(config(ON, `modparam("tm", "blst_503", 1)\n${params}`));
  const busy = await hop(bed, 7001, "503 Busy", header);
  const first = call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001", [], 200);
  await first.then(() => busy.respond());
  const entries = [...bed.server.proxy.blocklist.list()];
  if (seconds === 0) expect(entries).toEqual([]);
  else {
    expect(entries).toMatchObject([{ address: "192.0.2.10", port: 7001, seconds, flags: 32 }]);
    expect(await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001", [], 0)).toBe(SEND_FAILED);
  }
  await bed.close();
});

test("a fork goes on without the listed branch; a failure route that ends at one answers 477", async () => {
  const bed = await openProxy(config());
  await hop(bed, 7001);
  const well = await hop(bed, 7002, "200 OK");
  const gone = await hop(bed, 7003, "404 Gone");
  await call(bed, "INVITE", "sip:bob@192.0.2.10:7001");
  const answered = async (uri: string, line: string, by: { respond(): Promise<void> }): Promise<string> => {
    const caller = await bed.udp(7500 + ++callers);
    await caller.send(bed.request("INVITE", uri, [line], `UDP 192.0.2.10:${7500 + callers}`));
    await by.respond();
    return firstLine(caller.received.at(-1)!);
  };
  expect(await answered("sip:bob@192.0.2.10:7001", "X-Also: 7002", well)).toBe("SIP/2.0 200 OK");
  expect(await answered("sip:bob@192.0.2.10:7002", "X-Also: 7001", well)).toBe("SIP/2.0 200 OK");
  expect(await answered("sip:bob@192.0.2.10:7001", "X-Also: 7003", gone)).toBe("SIP/2.0 404 Gone");
  expect(await answered("sip:bob@192.0.2.10:7003", "X-Next: 7001", gone)).toBe(SEND_FAILED);
  expect(await answered("sip:bob@192.0.2.10:7001", "X-Next: 7002", well)).toBe(SEND_FAILED);
  await bed.close();
});

test("a connection that is refused lists its destination for TCP alone, unless the transport ignores it", async () => {
  const bed = await openProxy(config());
  const uri = "sip:bob@192.0.2.10:7009;transport=tcp";
  for (let i = 0; i < 2; i++) expect(await call(bed, "MESSAGE", uri, [], 200)).toBe(SEND_FAILED);
  expect([...bed.server.proxy.blocklist.list()]).toMatchObject([{ port: 7009, flags: 6 }]);
  expect(bed.server.proxy.counters.dropsByReason().get("blocked")).toBe(1);
  const same = await hop(bed, 7009);
  await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7009", [], 0);
  expect(same.requests().length).toBe(1);
  await bed.close();
  const masked = await openProxy(config(`${ON}dst_blocklist_tcp_imask=6\n`));
  await call(masked, "MESSAGE", uri, [], 200);
  expect(masked.server.proxy.blocklist.usedBytes).toBe(0);
  await masked.close();
});

test("replies, CANCEL and retransmissions go to listed addresses all the same", async () => {
  const bed = await openProxy(
    `${ON}${modules("blst")}request_route { if (is_method("CANCEL")) { t_relay(); exit; }
      if ($rU == "me") { blst_add(); sl_send_reply("298", "Listed"); exit; } t_relay(); }\n`,
  );
  const callee = await hop(bed, 7001, "180 Ringing");
  const caller = await bed.udp(7000);
  expect((await caller.send(bed.request("MESSAGE", "sip:me@192.0.2.1"))).map(firstLine)).toEqual([
    "SIP/2.0 298 Listed",
  ]);
  const invite = bed.request("INVITE", "sip:bob@192.0.2.10:7001");
  await caller.send(invite);
  await callee.respond();
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 180 Ringing");
  bed.server.proxy.blocklist.add(1, "192.0.2.10", 7001, 64);
  const cancel = invite.replace(/INVITE/g, "CANCEL");
  expect((await caller.send(cancel)).map(firstLine)).toContain("SIP/2.0 200 canceling");
  expect(firstLine(callee.requests().at(-1)!)).toMatch(/^CANCEL /);
  await bed.close();
});

test("commands show, add and delete, with Kamailio's fields and refusals, under both names", async () => {
  const bed = await openProxy(config());
  const run = (name: string, ...args: (string | number)[]) =>
    core.rpc[name]!.run({ proxy: bed.server.proxy }, args) as RpcValue;
  expect(run("dst_blocklist.add", "10.0.0.5", 0, 0, 0)).toBe(null);
  run("dst_blacklist.add", "::1", 5060, 1, 0);
  run("dst_blocklist.add", "192.0.2.10", 7001, 1, 16);
  expect(run("dst_blocklist.view")).toEqual([
    { protocol: "*", ip: "10.0.0.5", port: 0, "expires in (s)": 20, flags: 0 },
    { protocol: "udp", ip: "::1", port: 5060, "expires in (s)": 20, flags: 1 },
    { protocol: "udp", ip: "192.0.2.10", port: 7001, "expires in (s)": 20, flags: 16 },
  ]);
  expect(run("dst_blocklist.debug")).toEqual(
    ["*", "10.0.0.5", 0, 20, 0, "udp", "::1", 5060, 20, 1].concat(["udp", "192.0.2.10", 7001, 20, 16]),
  );
  expect(run("dst_blocklist.mem_info")).toEqual([84, 256000]);
  expect(await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001", [], 0)).toBe(SEND_FAILED);
  expect(() => run("dst_blocklist.add", "nohost", 5060, 1, 2)).toThrow("Malformed ip address");
  expect(() => run("dst_blocklist.add", "10.0.0.1", 5060, 9, 2)).toThrow("Unknown protocol");
  run("dst_blocklist.delete_all");
  expect(run("dst_blocklist.view")).toEqual([]);
  await bed.close();
  const off = await openProxy(config(""));
  expect(() => core.rpc["dst_blocklist.view"]!.run({ proxy: off.server.proxy }, [])).toThrow(
    "dst blocklist support disabled",
  );
  await off.close();
});

test("what the system says of a datagram that did not arrive lists its destination, unless UDP ignores that", async () => {
  for (const [mask, listed] of [
    [0, 8],
    [8, 0],
  ] as const) {
    const bed = await openProxy(config(`${ON}dst_blocklist_udp_imask=${mask}\n`));
    const { proxy } = bed.server;
    const flow = proxy.transports.flowTo(1, "192.0.2.10", 7001, null);
    proxy.flowFailed(flow, new HostError("ECONNREFUSED", "192.0.2.10:7001 was not reached"));
    proxy.flowFailed(flow, new HostError("EMSGSIZE", "datagram too long"));
    expect([...proxy.blocklist.list()].map((e) => e.flags)).toEqual(listed === 0 ? [] : [listed]);
    await bed.close();
  }
});

test("a port where nobody listens is listed at once; the request that found out still has its time, as with Kamailio", async () => {
  const bed = await openProxy(config());
  bed.world.setIcmp(true);
  expect(await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001")).toBe("SIP/2.0 408 Request Timeout");
  expect([...bed.server.proxy.blocklist.list()]).toMatchObject([{ port: 7001, flags: 8 }]);
  expect(await call(bed, "MESSAGE", "sip:bob@192.0.2.10:7001", [], 0)).toBe(SEND_FAILED);
  await bed.close();
});
