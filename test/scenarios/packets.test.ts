// Global parameters that show in packets alone, on real processes, as a raw socket sees them: tos, ttl, the bit that forbids cutting, raw sending, source
// addresses of connections, the transport of large requests. Kamailio passes the same (PORTICO_TARGETS=kamailio).

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server, type Socket as Stream } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { type Packet, Sniffer, whyNoSniffer } from "../support/sniffer.ts";
import { describeTargets, type Group } from "../support/targets.ts";

const GROUP = "239.77.1.11";
const groupPort = await freePort();
const missing = whyNoSniffer();

const ROUTE = `loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tm.so"
request_route {
  if ($rU == "far") { t_relay(); exit; }
  if ($rU == "group") { $du = "sip:${GROUP}:${groupPort}"; t_relay(); exit; }
  sl_send_reply("200", "OK");
}
`;
const MARKED = `#!KAMAILIO
debug=0
tos=0x28
pmtu_discovery=yes
mcast_ttl=7
mcast_loopback=yes
udp_mtu=1000
udp_mtu_try_proto=TCP
tcp_source_ipv4=127.0.0.9
${ROUTE}`;
const RAW = `#!KAMAILIO
debug=0
udp4_raw=1
udp4_raw_ttl=33
udp4_raw_mtu=1000
${ROUTE}`;

let count = 0;
const request = (user: string, port: number, more = ""): string =>
  `MESSAGE sip:${user}@127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKp${++count}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n` +
  `Call-ID: packet${process.pid}x${count}\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 9\r\n${more}Content-Length: 0\r\n\r\n`;

describe.skipIf(missing !== null)(`packets${missing === null ? "" : ` (${missing})`}`, () => {
  let udp: Sniffer;
  let tcp: Sniffer;
  let phone: Socket;
  let far: Server;
  let farPort = 0;
  const streams: Stream[] = [];
  beforeAll(async () => {
    udp = new Sniffer("udp");
    tcp = new Sniffer("tcp");
    phone = createSocket("udp4");
    await new Promise<void>((done) => phone.bind(0, "127.0.0.1", () => done()));
    far = createServer((socket) => {
      streams.push(socket);
      socket.on("error", () => {});
    });
    await new Promise<void>((done) => far.listen(0, "127.0.0.1", () => done()));
    const address = far.address();
    farPort = typeof address === "object" && address !== null ? address.port : 0;
  });
  afterAll(() => {
    udp.close();
    tcp.close();
    phone.close();
    far.close();
  });
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.destroy();
  });

  const ask = (group: Group, text: string): void => void phone.send(text, group.server.port, "127.0.0.1");
  const reply = (): Promise<Packet | null> =>
    udp.find(({ toPort, text }) => toPort === phone.address().port && text.startsWith("SIP/2.0 200"));

  describeTargets("marked", { config: MARKED }, (group) => {
    test("tos and pmtu_discovery: on datagrams", async () => {
      ask(group, request("x", group.server.port));
      expect(await reply()).toMatchObject({ tos: 0x28, whole: true, ttl: 64 });
    });

    test("mcast_ttl and mcast_loopback: on what goes to a group", async () => {
      const member = createSocket({ type: "udp4", reuseAddr: true });
      await new Promise<void>((done) => member.bind(groupPort, GROUP, () => done()));
      member.addMembership(GROUP, "127.0.0.1");
      ask(group, request("group", 9));
      expect(await udp.find(({ to, text }) => to === GROUP && text.includes("z9hG4bK"), 2000)).toMatchObject({
        ttl: 7,
        tos: 0x28,
      });
      member.close();
    });

    test("udp_mtu with udp_mtu_try_proto, tcp_source_ipv4: a large request goes by TCP, from that address", async () => {
      ask(group, request("far", farPort));
      expect(await udp.find(({ toPort, text }) => toPort === farPort && text.startsWith("MESSAGE"))).not.toBeNull();
      ask(group, request("far", farPort, `X: ${"x".repeat(1000)}\r\n`));
      const packet = await tcp.find(({ toPort, text }) => toPort === farPort && text.startsWith("MESSAGE"));
      expect(packet).toMatchObject({ from: "127.0.0.9", tos: 0x28 });
      expect(packet!.text).toContain("Via: SIP/2.0/TCP 127.0.0.1");
    });
  });

  describeTargets("raw", { config: RAW }, (group) => {
    test("udp4_raw: ttl as said, and larger than udp4_raw_mtu by the usual way", async () => {
      ask(group, request("x", group.server.port));
      expect(await reply()).toMatchObject({ ttl: 33 });
      ask(group, request("far", farPort, `X: ${"x".repeat(1200)}\r\n`));
      expect(await udp.find(({ toPort, text }) => toPort === farPort && text.startsWith("MESSAGE"))).not.toBeNull();
    });
  });
});
