// Delivery by names from a real name server (dnsmasq), through real processes: what the first target of a name does wrong, the second
// makes good; weights share out.

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server as TcpServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { selectHost } from "../../src/host/index.ts";
import { Dns, locate } from "../../src/net/dns/index.ts";
import { type Dnsmasq, hasDnsmasq, startDnsmasq } from "../support/dnsmasq.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/programs.ts";
import { chosenTargets, root, type Server, startServer } from "../support/server.ts";

const MISSING = "dnsmasq is missing (Debian package dnsmasq-base)";
if (!hasDnsmasq && process.env["CI"] === "true") throw new Error(MISSING);

const CONFIG = `
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:ctl.sock")
children=1
dns_try_naptr=yes
use_dns_failover=on
modparam("tm", "fr_timer", 600)
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "here"); exit; }
  if (is_method("INFO")) {
    $var(rc) = t_uac_send("NOTIFY", "$hdr(X-To)", "", "", "From: <sip:a@x>\\r\\nTo: <sip:b@y>\\r\\n", "");
    sl_send_reply("200", "$var(rc)");
    exit;
  }
  if (!t_relay()) sl_reply_error();
}
event_route[tm:local-request] { append_hf("X-Local: 1\\r\\n"); }
`;

const answer = (request: string, code: number): string =>
  `SIP/2.0 ${code} X\r\n${request
    .split("\r\n")
    .filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line))
    .map((line) => (line.startsWith("To:") ? `${line};tag=z` : line))
    .join("\r\n")}\r\nContent-Length: 0\r\n\r\n`;

/** A next hop on UDP and TCP of one port; `code` 0 says nothing. */
interface Hop {
  readonly port: number;
  readonly got: string[];
  /** Whether what came last had passed the event route of requests made here. */
  marked: boolean;
  code: number;
  close(): void;
}

async function openHop(code: number): Promise<Hop> {
  const port = await freePort();
  const udp: Socket = createSocket("udp4");
  const close = (): void => {
    udp.close();
    tcp.close();
  };
  const hop: Hop = { port, got: [], marked: false, code, close };
  const take = (text: string, reply: (text: string) => void): void => {
    hop.got.push(text.split(" ", 1)[0]!);
    hop.marked = text.includes("\r\nX-Local: 1\r\n");
    if (hop.code !== 0 && !text.startsWith("ACK")) reply(answer(text, hop.code));
  };
  udp.on("message", (data, { address, port: from }) =>
    take(data.toString("latin1"), (text) => udp.send(text, from, address)),
  );
  const tcp: TcpServer = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => take(data.toString("latin1"), (text) => void socket.write(text)));
  });
  await new Promise<void>((resolve) => void udp.bind(port, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => void tcp.listen(port, "127.0.0.1", resolve));
  return hop;
}

let dns: Dnsmasq;
let silent: Hop;
let busy: Hop;
let good: Hop;
let closed = 0;

beforeAll(async () => {
  if (!hasDnsmasq) return;
  silent = await openHop(0);
  busy = await openHop(503);
  good = await openHop(200);
  closed = await freePort();
  const srv = (name: string, ...ports: readonly number[]) =>
    ports.map((port, i) => `srv-host=${name}.test,host.test,${port},${10 + i},0`);
  dns = await startDnsmasq([
    "host-record=host.test,127.0.0.1",
    "cname=alias.test,host.test",
    ...srv("_sip._udp.silent", silent.port, good.port),
    ...srv("_sip._udp.busy", busy.port, good.port),
    ...srv("_sip._udp.closed", closed, good.port),
    ...srv("_sip._tcp.refused", closed, good.port),
    ...srv("_sip._udp.allbad", silent.port, busy.port, closed, good.port),
    `naptr-record=nap.test,10,10,S,SIP+D2T,,_sip._tcp.refused.test`,
    ...[50, 25, 15, 10].map((weight, i) => `srv-host=_sip._udp.shared.test,host.test,${6001 + i},10,${weight}`),
    ...Array.from({ length: 60 }, (_, i) => `host-record=large.test,10.99.${i}.1`),
  ]);
});

afterAll(async () => {
  for (const hop of [silent, busy, good]) hop?.close();
  await dns?.close();
});

describe.runIf(hasDnsmasq)("with a name server", () => {
  describe.each(chosenTargets().filter((target) => target.name !== "kamailio"))("$name", (target) => {
    let server: Server;
    beforeAll(async () => {
      const env = { ...target.env, PORTICO_RESOLV_CONF: dns.resolvConf };
      server = await startServer({ ...target, env }, { config: CONFIG });
    });
    afterAll(async () => {
      await server?.close();
    });

    test.each([
      ["INVITE", "sip:x@silent.test"],
      ["MESSAGE", "sip:x@silent.test"],
      ["INVITE", "sip:x@busy.test"],
      ["MESSAGE", "sip:x@busy.test"],
      ["MESSAGE", "sip:x@closed.test"],
      ["INVITE", "sip:x@refused.test;transport=tcp"],
      ["MESSAGE", "sip:x@refused.test"], // by TCP, since there are no records for UDP
      ["MESSAGE", "sip:x@nap.test"],
      ["MESSAGE", "sip:x@allbad.test"],
    ])("%s %s: the last target answers", async (method, uri) => {
      const agent = await server.agent("udp");
      const before = good.got.length;
      const reply = await agent.ask({ method, uri }, 10_000);
      expect(reply.status).toBe(200);
      expect(good.got.slice(before)).toContain(method);
    });

    // As on Kamailio, where a closed port is found by fr_timer only.
    test.each([
      "sip:x@silent.test",
      "sip:x@busy.test",
      "sip:x@closed.test",
      "sip:x@refused.test;transport=tcp",
      "sip:x@allbad.test",
    ])("requests made here: %s, by the script and by a command", { timeout: 30_000 }, async (uri) => {
      const agent = await server.agent("udp");
      const before = good.got.length;
      const reply = await agent.ask({ method: "INFO", headers: [`X-To: ${uri}`] }, 10_000);
      expect(reply.startLine).toBe("SIP/2.0 200 1");
      for (const end = Date.now() + 30_000; good.got.length === before && Date.now() < end; )
        await new Promise((done) => setTimeout(done, 20));
      expect(good.got.slice(before)).toContain("NOTIFY");
      const at = `unix:${join(server.directory, "ctl.sock")}`;
      const headers = "From: <sip:a@x>\r\nTo: <sip:b@y>\r\nContact: <sip:c@127.0.0.1>\r\n";
      const { output } = await run(
        [join(root, "scripts/portico"), "ctl", "-s", at, "tm.t_uac_wait", "INVITE", uri, ".", ".", headers],
        { limit: 20_000 },
      );
      expect(output).toMatch(/^200\n/);
      expect(good.got.slice(before)).toContain("INVITE");
      expect(good.marked).toBe(true);
    });

    test("a name that is no name", async () => {
      const agent = await server.agent("udp");
      expect((await agent.ask({ method: "MESSAGE", uri: "sip:x@nobody.test" }, 10_000)).status).toBe(478);
    });
  });

  async function open(): Promise<Dns> {
    const host = await selectHost();
    const env = (name: string) => (name === "PORTICO_RESOLV_CONF" ? dns.resolvConf : host.process.env(name));
    const told = { ...host, process: { ...host.process, env } };
    return new Dns(told, { speaks: (protocol) => protocol < 3, speaksIpv6: () => false });
  }

  test("10,000 selections share out by weight within 2 %", async () => {
    const names = await open();
    names.settings = { ...names.settings, srvWeights: true, minTtl: 60 };
    const place = { host: "shared.test", port: 0, protocol: -1, secure: false };
    await locate(names, place);
    const first = new Map<number, number>();
    for (let i = 0; i < 10_000; i++) {
      const targets = locate(names, place);
      if (targets instanceof Promise) throw new Error("it is known: nothing to wait for");
      const { port } = (await targets.next())!;
      first.set(port, (first.get(port) ?? 0) + 1);
    }
    for (const [i, weight] of [50, 25, 15, 10].entries())
      expect(Math.abs(first.get(6001 + i)! / 10_000 - weight / 100)).toBeLessThan(0.02);
    expect(names.client.stats.sent).toBeLessThanOrEqual(2);
  });

  test("aliases, large answers, unknown names", async () => {
    const names = await open();
    expect(await names.addresses("alias.test")).toEqual(["127.0.0.1"]);
    expect((await names.addresses("large.test")).length).toBe(60);
    expect(await names.addresses("nobody.test")).toEqual([]);
    expect(names.client.stats).toMatchObject({ timeouts: 0, stray: 0 });
  });
});

if (!hasDnsmasq) test("with a name server", ({ skip }) => skip(MISSING));
