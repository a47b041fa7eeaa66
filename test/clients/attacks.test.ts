// Strangers at the door of the default configuration: what they send must change nothing for the telephones, cost a bounded
// amount, and reach nobody else. Volumes are small; ./scripts/test --long multiplies them.

import { createSocket, type Socket as Datagrams } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { root } from "../support/server.ts";
import { unique } from "../support/sip-agent.ts";
import { describeTargets, login } from "../support/targets.ts";

/** The default configuration with room for 20 connections. */
const fewConnections = readFileSync(join(root, "embed/default.cfg"), "utf8").replace(
  "\ntcp_connection_lifetime=3660",
  "\ntcp_connection_lifetime=3660\ntcp_max_connections=20",
);
const TIMES = process.env.PORTICO_LONG === "1" ? 10 : 1;

describeTargets("attacks", {}, (group) => {
  const user = group.user("phone");
  const datagrams: Datagrams[] = [];
  const streams: Socket[] = [];
  afterEach(() => {
    for (const socket of datagrams.splice(0)) socket.close();
    for (const socket of streams.splice(0)) socket.destroy();
  });

  /** A socket that counts what it gets. */
  async function stranger(): Promise<{ port: number; send: (text: string | Uint8Array) => void; got: string[] }> {
    const socket = createSocket("udp4");
    datagrams.push(socket);
    const got: string[] = [];
    socket.on("message", (data) => got.push(data.toString("latin1")));
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const send = (text: string | Uint8Array): void =>
      socket.send(typeof text === "string" ? Buffer.from(text, "latin1") : text, group.server.port, "127.0.0.1");
    return { port: socket.address().port, send, got };
  }

  function stream(text: string): Promise<{ socket: Socket; ended: Promise<string> }> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: group.server.port, host: "127.0.0.1" });
      streams.push(socket);
      let got = "";
      const ended = new Promise<string>((done) => socket.once("close", () => done(got)));
      socket.on("data", (data: Buffer) => {
        got += data.toString("latin1");
      });
      socket.on("error", reject);
      socket.once("connect", () => {
        socket.on("error", () => {});
        socket.write(text, "latin1");
        resolve({ socket, ended });
      });
    });
  }

  /** A telephone registers and reaches itself: all that matters still works. By then, what was sent before has been handled. */
  async function stillWorks(): Promise<void> {
    for (const transport of ["udp", "tcp"] as const) {
      const phone = await group.server.agent(transport);
      expect((await phone.register(login(user))).status).toBe(200);
      const uri = `sip:${user}@127.0.0.1:${group.server.port}`;
      const sent = phone.askWithLogin({ method: "MESSAGE", uri, body: "x", from: phone.from(user) }, login(user));
      const seen = await phone.receiveRequest("MESSAGE");
      phone.send(phone.reply(seen, 200, "OK"));
      expect((await sent).status).toBe(200);
      expect((await phone.register(login(user), { expires: 0 })).status).toBe(200);
    }
  }

  const request = (method: string, port: number, more: readonly string[] = [], to = "<sip:b@x>"): string =>
    [
      `${method} sip:b@127.0.0.1:${group.server.port} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${unique("a")};rport`,
      "Max-Forwards: 70",
      "From: <sip:a@x>;tag=1",
      `To: ${to}`,
      `Call-ID: ${unique("c")}`,
      `CSeq: 1 ${method}`,
      ...more,
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n");

  test("floods of garbage, ACK, CANCEL, INVITE and REGISTER", async () => {
    const { port, send } = await stranger();
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % below;
    };
    for (let i = 0; i < 1000 * TIMES; i++) {
      send(Uint8Array.from({ length: random(300) }, () => random(256)));
      for (const method of ["ACK", "CANCEL", "INVITE", "REGISTER"]) send(request(method, port));
      const cut = request("INVITE", port);
      send(cut.slice(0, random(cut.length)));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await stillWorks();
  });

  test("a reply reaches no third party when its first Via is not ours", async () => {
    const [forger, victim] = [await stranger(), await stranger()];
    const reply = (first: string): string =>
      [
        "SIP/2.0 200 OK",
        `Via: SIP/2.0/UDP ${first};branch=z9hG4bK2.1.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${victim.port};branch=z9hG4bKz`,
        "From: <sip:a@x>;tag=1",
        "To: <sip:b@x>;tag=2",
        "Call-ID: forged",
        "CSeq: 1 INVITE",
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n");
    for (const first of ["192.0.2.1:5060", `192.0.2.1:${group.server.port}`, "127.0.0.1:1", "host.example", "[::1]:9"])
      forger.send(reply(first));
    await stillWorks();
    expect(victim.got).toEqual([]);
  });

  test("a request makes us send to its own source and nowhere else", async () => {
    const [forger, victim] = [await stranger(), await stranger()];
    for (const via of [`127.0.0.1:${victim.port}`, `192.0.2.1;received=127.0.0.1;rport=${victim.port}`])
      forger.send(request("OPTIONS", forger.port).replace(/Via: .*;rport/, `Via: SIP/2.0/UDP ${via};branch=z9hG4bKq`));
    await stillWorks();
    expect(victim.got).toEqual([]);
    expect(forger.got).toHaveLength(2);
  });

  test("a reply that names us in hundreds of Vias comes to an end", async () => {
    const { send } = await stranger();
    const us = `Via: SIP/2.0/UDP 127.0.0.1:${group.server.port};branch=z9hG4bKx\r\n`;
    const rest = "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: l\r\nCSeq: 1 INVITE\r\n\r\n";
    for (let i = 0; i < 5; i++) send(`SIP/2.0 200 OK\r\n${us.repeat(400)}${rest}`);
    await stillWorks();
  });

  test("a binding that leads to ourselves does not go round", async () => {
    const phone = await group.server.agent("udp");
    const uri = `sip:${user}@127.0.0.1:${group.server.port}`;
    const contacts = Array.from({ length: 9 }, (_, i) => `<${uri};x=${i}>`).join(", ");
    expect((await phone.register(login(user), { contact: contacts })).status).toBe(200);
    const sent = { method: "MESSAGE", uri, body: "x", from: phone.from(user) };
    expect((await phone.askWithLogin(sent, login(user), undefined)).status).toBeGreaterThanOrEqual(400);
    const off = { method: "REGISTER", to: `<${uri}>`, headers: ["Contact: *", "Expires: 0"] };
    expect((await phone.askWithLogin(off, login(user))).status).toBe(200);
    await stillWorks();
  });

  test.each([
    ["a negative Content-Length", "OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n"],
    ["a huge Content-Length", "OPTIONS sip:x SIP/2.0\r\nContent-Length: 1000000000\r\n\r\n"],
    ["a Content-Length beyond 64 bits", "OPTIONS sip:x SIP/2.0\r\nContent-Length: 18446744073709551617\r\n\r\n"],
    ["two Content-Lengths", "OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"],
    ["a head without end", `OPTIONS sip:x SIP/2.0\r\nX: ${"a".repeat(100_000)}`],
    ["no SIP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ])("%s ends the connection", async (_, text) => {
    expect(await (await stream(text)).ended).toBe("");
    await stillWorks();
  });

  test("hundreds of half messages by TCP, and CRLF without an end", async () => {
    for (let i = 0; i < 200 * TIMES; i++) await stream("OPTIONS sip:x SIP/2.0\r\nVia:");
    const { socket } = await stream("\r\n\r\n");
    for (let i = 0; i < 200; i++) socket.write("\r\n\r\n".repeat(1000));
    await stillWorks();
  });
});

describeTargets("a full table of connections", { config: fewConnections }, (group) => {
  const user = group.user("phone");
  test("lets telephones in at the cost of those who say nothing", async () => {
    const sockets: Socket[] = [];
    try {
      for (let i = 0; i < 30; i++) {
        const socket = connect({ port: group.server.port, host: "127.0.0.1" });
        socket.on("error", () => {});
        sockets.push(socket);
        await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
      }
      const phone = await group.server.agent("tcp");
      expect((await phone.register(login(user))).status).toBe(200);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
