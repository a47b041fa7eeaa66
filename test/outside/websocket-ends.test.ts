// WebSockets on a whole proxy: how they end, keep-alives, commands, the event route.

import { afterEach, describe, expect, test } from "vitest";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { HOST, ROUTE, SIP, WEB } from "../support/websocket-config.ts";
import { frame, handshake, openWs } from "../support/ws-agent.ts";

let bed: ProxyBed;
afterEach(() => bed.close());

const open = async (params = "", sip = SIP): Promise<ProxyBed> => {
  bed = await openProxy(WEB + params + ROUTE + sip);
  return bed;
};

const request = (method: string, uri: string, lines: string[] = []): string =>
  bed.request(method, uri, lines, `WS ${HOST}`);

describe("closing", () => {
  test("the far end closes: its code goes back, the event route runs, the connection ends", async () => {
    await open();
    const ws = await openWs(bed);
    const [seen] = await ws.send(request("OPTIONS", "sip:seen@192.0.2.1"));
    const id = / (\d+)\r\n/.exec(seen!)![1]!;
    expect(await ws.raw(frame(8, "\x0f\xa0bye"))).toEqual(["close 4000 "]);
    await bed.world.advance(100);
    expect(ws.isClosed()).toBe(true);
    expect(bed.log.some((line) => line.includes(`ended ${id} 192.0.2.10:`) && line.includes("<null> tcp"))).toBe(true);
  });

  test("ws_close: of the message's connection, with code and reason; bad codes and unknown connections are -1", async () => {
    await open();
    const ws = await openWs(bed);
    expect((await ws.send(request("OPTIONS", "sip:bad@192.0.2.1")))[0]).toMatch(/^SIP\/2.0 200 rc -1/);
    expect((await ws.send(request("OPTIONS", "sip:other@192.0.2.1")))[0]).toMatch(/^SIP\/2.0 200 rc -1/);
    expect(await ws.send(request("OPTIONS", "sip:closeme@192.0.2.1"))).toEqual(["close 4000 Because"]);
    expect(ws.isClosed()).toBe(false);
    expect(JSON.stringify(await bed.rpc("ws.dump"))).toContain("state: CLOSING");
    await ws.raw(frame(8, "\x0f\xa0"));
    await bed.world.advance(100);
    expect(ws.isClosed()).toBe(true);
  });

  test("a far end that does not answer a close frame is not waited for longer than rm_delay_interval", async () => {
    await open('modparam("websocket", "rm_delay_interval", 3)\n');
    const ws = await openWs(bed);
    await ws.send(request("OPTIONS", "sip:closeme@192.0.2.1"));
    await bed.world.advance(2500);
    expect(ws.isClosed()).toBe(false);
    await bed.world.advance(1000);
    expect(ws.isClosed()).toBe(true);
  });

  test("wrong frames are answered with their close code", async () => {
    await open();
    for (const [bytes, expected] of [
      ["\x81\x01x", "close 1002 Protocol error"],
      ["\xf1\x80\x00\x00\x00\x00", "close 1002 Protocol error"],
      [frame(1, "\xff"), "close 1007 Invalid UTF-8"],
      ["\x82\xff\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00", "close 1009 Message too big"],
    ]) {
      const ws = await openWs(bed);
      expect(await ws.raw(bytes!)).toEqual([expected]);
      await bed.world.advance(100);
      expect(ws.isClosed()).toBe(true);
    }
    const { counters } = bed.server.proxy;
    expect(counters.dropsByReason().get("websocket-protocol-error")).toBe(2);
  });

  test("a frame that is begun and not ended is waited for as long as any message, then the connection ends", async () => {
    await open();
    const ws = await openWs(bed);
    await ws.raw(frame(1, "abcdef").slice(0, 8));
    await bed.world.advance(20_000);
    expect(ws.isClosed()).toBe(false);
    await bed.world.advance(20_000);
    expect(ws.isClosed()).toBe(true);
  });

  test("the process ends: going away", async () => {
    await open();
    const ws = await openWs(bed);
    void bed.server.stop();
    await bed.world.advance(100);
    expect(ws.take()).toEqual(["close 1001 Going away"]);
  });

  test("a call that waits for a browser whose connection ends fails at once", async () => {
    await open();
    const browser = await openWs(bed);
    const phone = await bed.udp(7000);
    await browser.send(
      request("REGISTER", "sip:example.org", [
        "To: <sip:bob@example.org>",
        `Contact: <sip:h3x@${HOST};transport=ws>;expires=600`,
      ]),
    );
    await phone.send(bed.request("INVITE", "sip:bob@example.org", ["Contact: <sip:a@192.0.2.10:7000>"]));
    expect(browser.take().some((m) => m.startsWith("INVITE"))).toBe(true);
    await browser.raw(frame(8, "\x03\xe9"));
    await bed.world.advance(200);
    expect(phone.received.at(-1)).toMatch(/^SIP\/2.0 [45]\d\d /);
  });
});

describe("keep-alives and commands", () => {
  const QUICK = 'modparam("websocket", "keepalive_timeout", 2)\n';

  test("an idle connection is pinged; one that does not answer is closed, one that does goes on", async () => {
    await open(`${QUICK}modparam("websocket", "ping_application_data", "there?")\n`);
    const lives = await openWs(bed);
    const gone = await openWs(bed);
    for (let i = 0; i < 4; i++) {
      await bed.world.advance(1000);
      for (const m of lives.take()) {
        expect(m).toBe("ping there?");
        await lives.raw(frame(10, "there?"));
      }
    }
    await bed.world.advance(2000);
    expect(gone.take()).toEqual(["ping there?", "close 1001 Going away"]);
    await bed.world.advance(6000);
    expect(gone.isClosed()).toBe(true);
  });

  test("keepalive_mechanism: pongs (2), nothing (0); the data is what Server says", async () => {
    await open(`${QUICK}modparam("websocket", "keepalive_mechanism", 2)\n`);
    const ws = await openWs(bed);
    await bed.world.advance(3500);
    expect(ws.take()).toEqual(["pong portico"]);
    await bed.close();
    await open(`${QUICK}modparam("websocket", "keepalive_mechanism", 0)\n`);
    const quiet = await openWs(bed);
    await bed.world.advance(10_000);
    expect(quiet.take()).toEqual([]);
  });

  test("keepalive_interval: how often idle connections are looked for", async () => {
    await open(`${QUICK}modparam("websocket", "keepalive_interval", 20)\n`);
    const ws = await openWs(bed);
    await bed.world.advance(15_000);
    expect(ws.take()).toEqual([]);
    await bed.world.advance(7000);
    expect(ws.take()).toEqual(["ping portico"]);
  });

  test("verbose_list: each look tells the log of all connections, at level debug", async () => {
    const list = async (params: string): Promise<string[]> => {
      bed = await openProxy(WEB + params + ROUTE + SIP, 3);
      await openWs(bed);
      const from = bed.log.length;
      await bed.world.advance(1100);
      return bed.log.slice(from).filter((line) => line.startsWith("DEBUG: websocket:"));
    };
    expect(await list('modparam("websocket", "verbose_list", 1)\n')).toEqual([
      "DEBUG: websocket: 1 connections",
      expect.stringMatching(/^DEBUG: websocket: \d+: ws:192.0.2.10:\d+ -> ws:192.0.2.1:5060 \(state: OPEN/),
    ]);
    await bed.close();
    expect(await list("")).toEqual([]);
  });

  test("ws.dump, ws.ping, ws.pong, ws.close and their refusals", async () => {
    await open();
    const a = await openWs(bed);
    const b = await openWs(bed);
    await bed.world.advance(2000);
    await b.send("\r\n");
    const dump = (await bed.rpc("ws.dump")) as { connections: string[]; info: object };
    expect(dump.info).toEqual({ wscounter: 2, truncated: "no" });
    expect(dump.connections[0]).toMatch(
      /^\d+: ws:192.0.2.10:\d+ -> ws:192.0.2.1:5060 \(state: OPEN, {2}last used 2s ago, sub-protocol: sip\)$/,
    );
    const [idA, idB] = dump.connections.map((line) => Number.parseInt(line, 10)) as [number, number];
    const ids = async (order: string): Promise<number[]> =>
      ((await bed.rpc("ws.dump", order)) as { connections: string[] }).connections.map((line) =>
        Number.parseInt(line, 10),
      );
    expect(await ids("id_hash")).toEqual([idA, idB]);
    expect(await ids("used_desc")).toEqual([idA, idB]);
    expect(await ids("used_asc")).toEqual([idB, idA]);
    await bed.rpc("ws.ping", idA);
    await bed.rpc("ws.pong", idA);
    await bed.world.advance(50);
    expect(a.take()).toEqual(["ping portico", "pong portico"]);
    expect(JSON.stringify(await bed.rpc("ws.dump"))).toContain("(state: OPEN,  awaiting Pong,  last used 0s ago");
    await bed.rpc("ws.close", idB);
    await bed.world.advance(50);
    expect(b.take()).toEqual(["close 1000 Normal closure"]);
    await expect(bed.rpc("ws.ping", 99_999)).rejects.toThrow("Unknown connection ID");
    await expect(bed.rpc("ws.close", 99_999)).rejects.toThrow("Unknown connection ID");
    await expect(bed.rpc("ws.dump", "bogus")).rejects.toThrow("Bad display order parameter");
  });

  test("statistics", async () => {
    const stats =
      "handshakes $stat(ws_successful_handshakes) $stat(ws_failed_handshakes) now $stat(ws_current_connections) " +
      "max $stat(ws_max_concurrent_connections) in $stat(ws_sip_received_frames) out $stat(ws_sip_transmitted_frames) " +
      "closed $stat(ws_remote_closed_connections) $stat(ws_local_closed_connections)";
    await open("", `request_route { sl_send_reply("200", "${stats}"); }\n`);
    const ws = await openWs(bed);
    const other = await openWs(bed);
    await other.raw(frame(8, "\x03\xe8"));
    await (await bed.tcp()).send(handshake({ "Sec-WebSocket-Key": null }));
    await bed.world.advance(100);
    const [got] = await ws.send(request("OPTIONS", "sip:x@192.0.2.1"));
    expect(got).toMatch(/^SIP\/2.0 200 handshakes 2 1 now 1 max 2 in 1 out 0 closed 1 0\r\n/);
  });
});
