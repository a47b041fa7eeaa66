// SIP over WebSocket on a whole proxy: the handshake, messages both ways, calls.

import { afterEach, describe, expect, test } from "vitest";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { answer, HOST, ROUTE, SIP, WEB } from "../support/websocket-config.ts";
import { ACCEPT, frame, handshake, openWs } from "../support/ws-agent.ts";

let bed: ProxyBed;
afterEach(() => bed.close());

const open = async (params = "", sip = SIP): Promise<ProxyBed> => {
  bed = await openProxy(WEB + params + ROUTE + sip);
  return bed;
};

const request = (method: string, uri: string, lines: string[] = []): string =>
  bed.request(method, uri, lines, `WS ${HOST}`);

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
