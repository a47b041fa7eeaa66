// SIP over WebSocket on a whole proxy: the handshake, messages both ways, keep-alives, closing, commands, the event route.

import { afterEach, describe, expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { ACCEPT, frame, handshake, openWs } from "../support/ws-agent.ts";

const WEB = `${modules("xhttp", "websocket")}server_header="Server: portico"\n`;
const ROUTE = `event_route[xhttp:request] {
  if ($hdr(Upgrade) =~ "websocket") {
    if (ws_handle_handshake()) exit;
  }
  xhttp_reply("404", "Not Found", "", "");
}
event_route[websocket:closed] { xlog("L_ERR", "ended $ws_conid $si:$sp $conid $pr\\n"); }
`;
const SIP = `request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("INVITE|MESSAGE|SUBSCRIBE")) record_route();
  if (has_totag()) { if (loose_route()) { t_relay(); exit; } }
  if (is_method("CANCEL")) { t_relay(); exit; }
  if ($rU == "seen") { sl_send_reply("200", "$proto $pr $RAu $su $sas $ws_conid"); exit; }
  if ($rU == "closeme") { $var(r) = ws_close(4000, "Because"); exit; }
  if ($rU == "bad") { ws_close(10, "x"); sl_send_reply("200", "rc $rc"); exit; }
  if ($rU == "other") { ws_close(1000, "x", 7777); sl_send_reply("200", "rc $rc"); exit; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`;

let bed: ProxyBed;
afterEach(() => bed.close());

const open = async (params = "", sip = SIP): Promise<ProxyBed> => {
  bed = await openProxy(WEB + params + ROUTE + sip);
  return bed;
};

const HOST = "df7jal23ls0d.invalid";
const request = (method: string, uri: string, lines: string[] = []): string =>
  bed.request(method, uri, lines, `WS ${HOST}`);

const REPLY_HEADERS = /^(?:via|record-route|from|to|call-id|cseq):/i;
/** A 200 to a request, as a phone would send it. */
function answer(text: string, contact: string): string {
  const lines = text.split("\r\n").filter((line) => REPLY_HEADERS.test(line));
  const all = lines.map((line) => (/^to:/i.test(line) && !line.includes("tag=") ? `${line};tag=callee` : line));
  return ["SIP/2.0 200 OK", ...all, `Contact: <${contact}>`, "Content-Length: 0", "", ""].join("\r\n");
}

describe("handshake (RFC 6455 4.2)", () => {
  const REFUSED: readonly (readonly [string, Record<string, string | null>, number])[] = [
    ["no Upgrade", { Upgrade: null }, 404],
    ["no Connection", { Connection: null }, 400],
    ["Connection without Upgrade", { Connection: "keep-alive" }, 400],
    ["no key", { "Sec-WebSocket-Key": null }, 400],
    ["a key that is too short", { "Sec-WebSocket-Key": "abc" }, 400],
    ["an empty key", { "Sec-WebSocket-Key": "" }, 400],
    ["no version", { "Sec-WebSocket-Version": null }, 400],
    ["version 8", { "Sec-WebSocket-Version": "8" }, 426],
    ["a version that is no number", { "Sec-WebSocket-Version": "x" }, 426],
    ["no sub-protocol", { "Sec-WebSocket-Protocol": null }, 400],
    ["another sub-protocol", { "Sec-WebSocket-Protocol": "chat" }, 400],
    ["a sub-protocol that only contains sip", { "Sec-WebSocket-Protocol": "xsipx" }, 400],
    ["the sub-protocol msrp", { "Sec-WebSocket-Protocol": "msrp" }, 400],
  ];
  const TAKEN: readonly (readonly [string, Record<string, string | null>])[] = [
    ["as it should be", {}],
    ["Upgrade in other letters", { Upgrade: "WebSocket" }],
    ["Upgrade as a list", { Upgrade: "foo, websocket" }],
    ["Connection as a list", { Connection: "keep-alive, Upgrade" }],
    ["sub-protocols as a list", { "Sec-WebSocket-Protocol": "chat, sip" }],
    ["extensions offered", { "Sec-WebSocket-Extensions": "permessage-deflate" }],
  ];

  test("what is taken, and what is refused with which status", async () => {
    await open();
    for (const [name, headers] of TAKEN) {
      const got = (await (await bed.tcp()).send(handshake(headers))).join("");
      expect([name, got]).toEqual([
        name,
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: sip\r\nUpgrade: websocket\r\nConnection: upgrade\r\n" +
          `Sec-WebSocket-Accept: ${ACCEPT}\r\nServer: portico\r\n\r\n`,
      ]);
    }
    for (const [name, headers, status] of REFUSED) {
      const client = await bed.tcp();
      const got = (await client.send(handshake(headers))).join("");
      expect([name, got.slice(0, 13)]).toEqual([name, `HTTP/1.1 ${status} `]);
      await bed.world.advance(50);
      if (status !== 404) expect([name, client.isClosed()]).toEqual([name, true]);
      if (status === 400) expect(got).toContain("Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n");
      if (status === 426) expect(got).toContain("Sec-WebSocket-Version: 13\r\n");
    }
  });

  test("a method other than GET, and HTTP/1.0, are refused", async () => {
    await open();
    for (const line of ["POST / HTTP/1.1", "GET / HTTP/1.0"]) {
      const got = (await (await bed.tcp()).send(handshake({}, line))).join("");
      expect(got).toMatch(/^HTTP\/1\.[01] 400 /);
    }
  });

  test("sub_protocols: without module msrp 3 is sip alone, and told; 2 and others leave nothing", async () => {
    bed = await openProxy(`${WEB}modparam("websocket", "sub_protocols", 3)\n${ROUTE}${SIP}`, 0);
    expect(bed.log.join("\n")).toContain("WebSockets speak sip alone");
    const offer = async (protocols: string): Promise<string> =>
      (await (await bed.tcp()).send(handshake({ "Sec-WebSocket-Protocol": protocols }))).join("");
    expect(await offer("msrp")).toMatch(/^HTTP\/1\.1 400 .*\r\nSec-WebSocket-Protocol: sip\r\n/s);
    for (const protocols of ["msrp, sip", "sip, msrp"])
      expect(await offer(protocols)).toMatch(/^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Protocol: sip\r\n/s);
    for (const value of [0, 2, 4])
      await expect(
        openProxy(`${WEB}modparam("websocket", "sub_protocols", ${value})\n${ROUTE}${SIP}`),
      ).rejects.toThrow();
  });

  test("cors_mode", async () => {
    await open('modparam("websocket", "cors_mode", 2)\n');
    const got = async (headers: Record<string, string>): Promise<string> =>
      (await (await bed.tcp()).send(handshake(headers))).join("");
    expect(await got({ Origin: "http://o.example" })).toContain("Access-Control-Allow-Origin: http://o.example\r\n");
    expect(await got({})).not.toContain("Access-Control");
    await bed.close();
    await open('modparam("websocket", "cors_mode", 1)\n');
    expect(await got({})).toContain("Access-Control-Allow-Origin: *\r\n");
  });

  test("frames right behind the handshake, in the same segment, are read", async () => {
    await open();
    const client = await bed.tcp();
    const message = request("OPTIONS", "sip:seen@192.0.2.1");
    const got = (await client.send(handshake() + frame(1, message))).join("");
    expect(got).toMatch(/^HTTP\/1.1 101 /);
    expect(got).toContain("SIP/2.0 200 ws ws sip:192.0.2.1:5060;transport=ws sip:192.0.2.10:");
  });

  test("ws.disable answers 503, ws.enable takes them again", async () => {
    await open();
    await bed.rpc("ws.disable");
    expect((await (await bed.tcp()).send(handshake())).join("")).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
    await bed.rpc("ws.enable");
    await openWs(bed);
  });
});

describe("messages (RFC 7118)", () => {
  test("variables see a WebSocket", async () => {
    await open();
    const ws = await openWs(bed);
    const [got] = await ws.send(request("OPTIONS", "sip:seen@192.0.2.1"));
    const line =
      /^SIP\/2.0 200 ws ws sip:192.0.2.1:5060;transport=ws sip:192.0.2.10:(\d+);transport=ws ws:192.0.2.10:\1 (\d+)\r\n/;
    expect(got).toMatch(line);
    expect(got).toContain(`Via: SIP/2.0/WS ${HOST};`);
    expect(got).toContain(";received=192.0.2.10");
  });

  test("binary frames, fragments with a ping between, two messages in a segment", async () => {
    await open();
    const ws = await openWs(bed);
    const one = request("OPTIONS", "sip:seen@192.0.2.1");
    expect((await ws.raw(frame(2, one)))[0]).toMatch(/^SIP\/2.0 200/);
    const first = frame(1, one.slice(0, 40));
    const open1 = String.fromCharCode(first.charCodeAt(0) & 0x7f) + first.slice(1);
    const rest = frame(0, one.slice(40));
    const got = await ws.raw(open1 + frame(9, "in between") + rest);
    expect(got[0]).toBe("pong in between");
    expect(got[1]).toMatch(/^SIP\/2.0 200/);
    expect(await ws.raw(frame(1, one) + frame(1, request("OPTIONS", "sip:seen@192.0.2.1")))).toHaveLength(2);
  });

  test("CRLF keep-alives are answered; what is no SIP is dropped and the connection goes on", async () => {
    await open();
    const ws = await openWs(bed);
    expect(await ws.send("\r\n\r\n")).toEqual(["\r\n"]);
    expect(await ws.send("hello")).toEqual([]);
    expect(await ws.send("")).toEqual([]);
    expect(await ws.send(request("OPTIONS", "sip:seen@192.0.2.1"))).toHaveLength(1);
  });

  test("a message without Content-Length is whole, as it is in its frame", async () => {
    await open();
    const ws = await openWs(bed);
    const text = request("OPTIONS", "sip:seen@192.0.2.1").replace(/Content-Length: 0\r\n/i, "");
    expect((await ws.send(text))[0]).toMatch(/^SIP\/2.0 200/);
  });

  test("a reply that is no UTF-8 goes out in a binary frame, others as text", async () => {
    await open("", SIP.replace('"$proto', '"$fn $proto'));
    const tcp = await bed.tcp();
    await tcp.send(handshake());
    const ask = (name: string): string =>
      frame(1, request("OPTIONS", "sip:seen@192.0.2.1", [`From: "${name}" <sip:a@b>;tag=1`]));
    expect((await tcp.send(ask("Zo\xc3\xab")))[0]!.charCodeAt(0)).toBe(0x81);
    const binary = frame(2, request("OPTIONS", "sip:seen@192.0.2.1", ['From: "Zo\xeb" <sip:a@b>;tag=1']));
    expect((await tcp.send(binary))[0]!.charCodeAt(0)).toBe(0x82);
  });
});

describe("calls", () => {
  const register = (user: string, contact: string): string =>
    request("REGISTER", "sip:example.org", [`To: <sip:${user}@example.org>`, `Contact: <${contact}>;expires=600`]);

  test("a UDP phone calls a browser, and hangs up; the browser is found by its connection and its name", async () => {
    await open();
    const browser = await openWs(bed);
    const phone = await bed.udp(7000);
    const contact = `sip:h3x@${HOST};transport=ws`;
    expect((await browser.send(register("bob", contact)))[0]).toMatch(/^SIP\/2.0 200 OK/);

    await phone.send(
      bed.request("INVITE", "sip:bob@example.org", ["Contact: <sip:alice@192.0.2.10:7000>", "CSeq: 1 INVITE"]),
    );
    const invite = browser.take().find((m) => m.startsWith("INVITE "))!;
    expect(invite).toMatch(/^INVITE sip:h3x@df7jal23ls0d.invalid;transport=ws SIP\/2.0\r\n/);
    expect(invite).toContain("\r\nVia: SIP/2.0/WS 192.0.2.1:5060;branch=z9hG4bK");
    expect(invite).toMatch(
      /Record-Route: <sip:192.0.2.1:5060;transport=ws;r2=on;lr[^>]*>\r\nRecord-Route: <sip:192.0.2.1:5060;r2=on;lr/,
    );

    await browser.send(answer(invite, contact));
    const ok = phone.received.find((m) => m.startsWith("SIP/2.0 200"))!;
    const routes = [...ok.matchAll(/^Record-Route: (.*)$/gm)].map((m) => m[1]!.trim()).reverse();
    const inDialog = (method: string): string =>
      bed.request(method, contact, [
        `Route: ${routes.join(", ")}`,
        `Call-ID: ${/^Call-ID: (.*)$/m.exec(ok)![1]!.trim()}`,
        "To: <sip:bob@example.org>;tag=callee",
        `CSeq: ${method === "ACK" ? "1 ACK" : "2 BYE"}`,
      ]);
    await phone.send(inDialog("ACK"));
    expect(browser.take().map((m) => m.split(" ")[0])).toEqual(["ACK"]);
    await phone.send(inDialog("BYE"));
    const bye = browser.take()[0]!;
    expect(bye).toMatch(/^BYE sip:h3x@df7jal23ls0d.invalid;transport=ws SIP\/2.0\r\n/);
    expect(bye).not.toContain("\r\nRoute:");
    await browser.send(answer(bye, contact));
    expect(phone.received.at(-1)).toMatch(/^SIP\/2.0 200 OK\r\n[\s\S]*CSeq: 2 BYE/);
  });

  test("a browser calls a UDP phone, which hangs up", async () => {
    await open();
    const browser = await openWs(bed);
    const phone = await bed.udp(7000);
    await phone.send(
      bed.request("REGISTER", "sip:example.org", [
        "To: <sip:carol@example.org>",
        "Contact: <sip:carol@192.0.2.10:7000>",
      ]),
    );
    const contact = `sip:h3x@${HOST};transport=ws`;
    await browser.send(request("INVITE", "sip:carol@example.org", [`Contact: <${contact}>`]));
    const invite = phone.received.at(-1)!;
    expect(invite).toMatch(/^INVITE sip:carol@192.0.2.10:7000 SIP\/2.0\r\n/);
    expect(invite).toContain("\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;");
    await phone.send(answer(invite, "sip:carol@192.0.2.10:7000"));
    const ok = browser.take().find((m) => m.startsWith("SIP/2.0 200"))!;
    expect(ok).toContain("Contact: <sip:carol@192.0.2.10:7000>");
    const routes = [...invite.matchAll(/^Record-Route: (.*)$/gm)].map((m) => m[1]!.trim());
    await phone.send(
      bed.request("BYE", contact, [`Route: ${routes.join(", ")}`, "To: <sip:alice@example.org>;tag=a", "CSeq: 9 BYE"]),
    );
    expect(browser.take()[0]).toMatch(/^BYE sip:h3x@df7jal23ls0d.invalid/);
  });

  test("a request to its own address ($du) takes the connection; to nobody, it fails at once", async () => {
    await open(
      "",
      'request_route { $du = "sip:192.0.2.10:" + $rU + ";transport=ws"; if (!t_relay()) sl_send_reply("503", "No"); }\n',
    );
    const browser = await openWs(bed);
    const phone = await bed.udp(7000);
    const port = /ws:192.0.2.10:(\d+) ->/.exec(JSON.stringify(await bed.rpc("ws.dump")))![1]!;
    await phone.send(bed.request("MESSAGE", `sip:${port}@example.org`));
    expect(browser.take()[0]).toMatch(/^MESSAGE /);
    const got = await phone.send(bed.request("MESSAGE", "sip:9@example.org"));
    expect(got[0]).toMatch(/^SIP\/2.0 (?:4|5)\d\d /);
  });

  test("the name of another client is not taken over from another address, but kept by who has it", async () => {
    await open();
    const first = await openWs(bed);
    await first.send(request("OPTIONS", "sip:seen@192.0.2.1"));
    const { webSockets } = bed.server.proxy.transports;
    const holder = webSockets!.find(5, HOST, 5060)!;
    // same address: a browser that has connected anew
    const second = await openWs(bed);
    await second.send(request("OPTIONS", "sip:seen@192.0.2.1"));
    expect(webSockets!.find(5, HOST, 5060)!.id).not.toBe(holder.id);
    // its end does not take the name from the other
    await first.raw(frame(8, "\x03\xe8"));
    await bed.world.advance(6000);
    expect(webSockets!.find(5, HOST, 5060)).not.toBeNull();
    await second.raw(frame(8, "\x03\xe8"));
    expect(webSockets!.find(5, HOST, 5060)).toBeNull();
  });
});

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
