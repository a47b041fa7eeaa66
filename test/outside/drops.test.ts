// What strangers can cause, seen from outside on a whole proxy: unusable messages cost their source its answers, lines of the log are
// limited, connections of one source are, and core.drops tells of all of it.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

const SCRIPT =
  'request_route { if ($rU == "dead") { $du = "sip:192.0.2.10:1;transport=tls"; forward(); exit; } sl_send_reply("200", "OK"); }\n';
const INFO = 2;

type Drops = { bad_messages: number; log_lines_left_out: number; drops: Record<string, number> };

test("one source's unusable messages: some answered and logged, all counted; good ones of the same source are served", async () => {
  const bed = await openProxy(
    `#!KAMAILIO\nsource_bad_message_rate=1\nsource_bad_message_burst=8\n${modules()}${SCRIPT}`,
    INFO,
  );
  const stranger = await bed.udp(7000);
  const bad = bed.request("OPTIONS", "sip:x@192.0.2.1").replace(/CSeq: .*\r\n/, "CSeq: nothing\r\n");
  for (let i = 0; i < 20; i++) await stranger.send(bad);
  expect(stranger.received.filter((r) => r.startsWith("SIP/2.0 400")).length).toBeGreaterThanOrEqual(8);
  expect(stranger.received.length).toBeLessThanOrEqual(10);
  for (let i = 0; i < 20; i++) await stranger.send("garbage\r\n\r\n");
  expect((await stranger.send(bed.request("OPTIONS", "sip:x@192.0.2.1")))[0]).toMatch(/^SIP\/2.0 200/);
  const other = await bed.udpAt("192.0.2.11", 7000);
  expect((await other.send(bad))[0]).toMatch(/^SIP\/2.0 400/);
  const { drops, bad_messages } = (await bed.rpc("core.drops")) as unknown as Drops;
  expect(bad_messages).toBe(41);
  expect(drops["not-sip"]).toBe(20);
  expect(drops["bad-messages-of-source"]).toBeGreaterThanOrEqual(28);
  await bed.close();
});

test("lines of one kind: five in ten seconds, then how many more", async () => {
  const bed = await openProxy(`#!KAMAILIO\n${modules()}${SCRIPT}`, INFO);
  const stranger = await bed.udp(7000);
  for (let i = 0; i < 30; i++) await stranger.send("garbage\r\n\r\n");
  for (let i = 0; i < 7; i++) await stranger.send(bed.request("OPTIONS", "sip:dead@192.0.2.1"));
  expect(bed.log.filter((l) => l.includes("garbage"))).toHaveLength(5);
  expect(bed.log.filter((l) => l.includes("cannot forward"))).toHaveLength(5);
  await bed.world.advance(10_000);
  expect(bed.log.filter((l) => l.includes("more of these"))).toEqual([
    expect.stringContaining("25 more of these in 10 s: messages that are not SIP"),
    expect.stringContaining("2 more of these in 10 s: no socket listens on TLS"),
  ]);
  expect(((await bed.rpc("core.drops")) as unknown as Drops).log_lines_left_out).toBe(27);
  await bed.close();
});

test("log_limit_burst=0 writes every line", async () => {
  const bed = await openProxy(`#!KAMAILIO\nlog_limit_burst=0\n${modules()}${SCRIPT}`, INFO);
  const stranger = await bed.udp(7000);
  for (let i = 0; i < 30; i++) await stranger.send("garbage\r\n\r\n");
  expect(bed.log.filter((l) => l.includes("garbage"))).toHaveLength(30);
  await bed.close();
});

test("connections of one source: a quiet one gives way to a new one, and half of all places are the default", async () => {
  const bed = await openProxy(`#!KAMAILIO\ntcp_max_connections=6\n${modules()}${SCRIPT}`, INFO);
  const request = (): string => bed.request("OPTIONS", "sip:x@192.0.2.1", [], "TCP 192.0.2.10:7000");
  const phones: Awaited<ReturnType<typeof bed.tcp>>[] = [];
  for (let i = 0; i < 3; i++) {
    const phone = await bed.tcp();
    expect((await phone.send(request()))[0]).toMatch(/^SIP\/2.0 200/);
    phones.push(phone);
  }
  expect(await bed.rpc("core.sources")).toEqual([{ source: "192.0.2.10", connections: 3 }]);
  const refused = await bed.tcp();
  await bed.world.advance(50);
  expect(refused.isClosed()).toBe(true); // none of the others is quiet
  await bed.world.advance(6_000);
  await phones[0]!.send("\r\n\r\n");
  const late = await bed.tcp();
  expect((await late.send(request()))[0]).toMatch(/^SIP\/2.0 200/);
  expect(phones.map((p) => p.isClosed())).toEqual([false, true, false]);
  const { drops } = (await bed.rpc("core.drops")) as unknown as Drops;
  expect(drops).toMatchObject({ "source-connections": 1, "connection-gave-way": 1 });
  await bed.close();
});

test("an office of twenty telephones behind one address, one gone mad: the others keep their connections", async () => {
  const bed = await openProxy(`#!KAMAILIO\ntcp_max_connections=100\n${modules()}${SCRIPT}`, INFO);
  const request = (): string => bed.request("OPTIONS", "sip:x@192.0.2.1", [], "TCP 192.0.2.10:7000");
  const phones: Awaited<ReturnType<typeof bed.tcp>>[] = [];
  for (let i = 0; i < 20; i++) phones.push(await bed.tcp());
  const keepAlive = async (): Promise<void> => {
    for (const phone of phones) expect((await phone.send(request()))[0]).toMatch(/^SIP\/2.0 200/);
  };
  await keepAlive();
  await bed.world.advance(12_000);
  await keepAlive();
  let opened = 0;
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 100; i++) {
      const mad = await bed.tcp();
      if (!mad.isClosed()) opened++;
      await mad.send(request());
    }
    expect(phones.filter((p) => p.isClosed())).toHaveLength(0);
    await keepAlive();
  }
  expect(opened).toBeGreaterThan(300);
  expect(await bed.rpc("core.sources")).toEqual([{ source: "192.0.2.10", connections: 50 }]);
  const fresh = await bed.tcp();
  expect((await fresh.send(request()))[0]).toMatch(/^SIP\/2.0 200/);
  await bed.close();
});

test("new connections of one source beyond its rate; a stream of garbage; a message that is never finished", async () => {
  const bed = await openProxy(
    `#!KAMAILIO\nsource_connection_rate=1\nsource_connection_burst=3\n${modules()}${SCRIPT}`,
    INFO,
  );
  const [slow, garbage, third, fourth] = [await bed.tcp(), await bed.tcp(), await bed.tcp(), await bed.tcp()];
  expect(fourth.isClosed()).toBe(true);
  await garbage.send("\x01\x02\x03\x04\r\n\r\n");
  expect(garbage.isClosed()).toBe(true);
  await third.send(bed.request("OPTIONS", "sip:x@192.0.2.1", [], "TCP 192.0.2.10:7000"));
  for (let i = 0; i < 8; i++) {
    await slow.send("OPTIONS sip:x SIP/2.0\r\nVia:"[i]!);
    await bed.world.advance(5_000);
  }
  expect(slow.isClosed()).toBe(true);
  expect(third.isClosed()).toBe(false);
  const { drops } = (await bed.rpc("core.drops")) as unknown as Drops;
  expect(drops).toMatchObject({ "source-connection-rate": 1, "stream-neither-sip-nor-http": 1, "connection-slow": 1 });
  await bed.close();
});

test("unusable messages over a stream end it when there are too many", async () => {
  const bed = await openProxy(
    `#!KAMAILIO\nsource_bad_message_rate=1\nsource_bad_message_burst=3\n${modules()}${SCRIPT}`,
    INFO,
  );
  const peer = await bed.tcp();
  for (let i = 0; i < 6; i++) await peer.send("OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n");
  expect(peer.isClosed()).toBe(true);
  await bed.close();
});
