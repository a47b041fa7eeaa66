// WebSockets on real processes, with the client that the runtime of the tests has: sub-protocol, registration and messages with a UDP
// telephone, large messages, many connections, and the goodbye when the server ends.

import { expect, test } from "vitest";
import { chosenTargets, startServer } from "../support/server.ts";
import { unique } from "../support/sip-agent.ts";
import { readSip, type SipText, writeSip } from "../support/sip-text.ts";
import { describeTargets } from "../support/targets.ts";

const config = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "xhttp.so"
loadmodule "websocket.so"
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if ($rU == $null) { sl_send_reply("200", "OK"); exit; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
event_route[xhttp:request] {
  if ($hdr(Upgrade) =~ "websocket" && ws_handle_handshake()) exit;
  xhttp_reply("404", "Not Found", "", "");
}
`;

/** A client; `receive` gives the next message. */
class Client {
  readonly socket: WebSocket;
  readonly name = `${unique("c")}.invalid`;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #inbox: SipText[] = [];
  #waiting: ((message: SipText) => void)[] = [];

  constructor(port: number, protocols: string[] = ["sip"]) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols);
    this.socket.addEventListener("message", (event) => {
      const message = readSip(String(event.data));
      const waiter = this.#waiting.shift();
      if (waiter) waiter(message);
      else this.#inbox.push(message);
    });
    this.closed = new Promise((done) =>
      this.socket.addEventListener("close", ({ code, reason }) => done({ code, reason })),
    );
  }

  opened(): Promise<boolean> {
    return new Promise((done) => {
      this.socket.addEventListener("open", () => done(true));
      this.socket.addEventListener("error", () => done(false));
    });
  }

  receive(): Promise<SipText> {
    const message = this.#inbox.shift();
    return message ? Promise.resolve(message) : new Promise((done) => this.#waiting.push(done));
  }

  request(method: string, uri: string, headers: readonly string[] = [], body = "", to = uri): void {
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/WS ${this.name};branch=z9hG4bK${unique("b")}`,
      "Max-Forwards: 70",
      `From: <sip:web@example.org>;tag=${unique("t")}`,
      `To: <${to}>`,
      `Call-ID: ${unique("call")}`,
      `CSeq: 1 ${method}`,
      ...headers,
    ];
    this.socket.send(writeSip(lines, body));
  }

  reply(request: SipText): void {
    const lines = ["Via", "From", "To", "Call-ID", "CSeq"].flatMap((h) => request.all(h).map((v) => `${h}: ${v}`));
    this.socket.send(writeSip(["SIP/2.0 200 OK", ...lines]));
  }
}

describeTargets("websocket", { config, without: ["kamailio"] }, (group) => {
  const open = async (): Promise<Client> => {
    const client = new Client(group.server.port);
    expect(await client.opened()).toBe(true);
    return client;
  };

  test("the sub-protocol is agreed on; without it there is no WebSocket", async () => {
    const client = await open();
    expect(client.socket.protocol).toBe("sip");
    client.socket.close(1000, "done");
    expect((await client.closed).code).toBe(1000);
    expect(await new Client(group.server.port, []).opened()).toBe(false);
    expect(await new Client(group.server.port, ["chat"]).opened()).toBe(false);
  });

  test("messages with a UDP telephone, both ways", async () => {
    const client = await open();
    client.request(
      "REGISTER",
      "sip:example.org",
      [`Contact: <sip:x@${client.name};transport=ws>`],
      "",
      "sip:web@example.org",
    );
    expect((await client.receive()).status).toBe(200);
    const phone = await group.server.agent("udp");
    const asked = await phone.ask({
      method: "REGISTER",
      to: "<sip:phone@example.org>",
      headers: [`Contact: <${phone.contact("phone")}>`],
    });
    expect(asked.status).toBe(200);

    const answer = phone.ask({ method: "MESSAGE", uri: "sip:web@example.org", body: "hi" });
    const message = await client.receive();
    expect(message.uri).toBe(`sip:x@${client.name};transport=ws`);
    client.reply(message);
    expect((await answer).status).toBe(200);

    client.request("MESSAGE", "sip:phone@example.org", [], "hello");
    const got = await phone.receiveRequest("MESSAGE");
    expect(got.body).toBe("hello");
    phone.send(phone.reply(got, 200, "OK"));
    let final = await client.receive();
    if (final.status === 100) final = await client.receive();
    expect(final.status).toBe(200);
    client.socket.close();
  });

  test("a message of 150,000 octets from one browser to another; a longer one than may be is closed with 1009", async () => {
    const [a, b] = [await open(), await open()];
    b.request("REGISTER", "sip:example.org", [`Contact: <sip:y@${b.name};transport=ws>`], "", "sip:big@example.org");
    expect((await b.receive()).status).toBe(200);
    const body = "0123456789".repeat(15_000);
    a.request("MESSAGE", "sip:big@example.org", [], body);
    expect((await b.receive()).body).toBe(body);
    a.request("MESSAGE", "sip:big@example.org", [], body + body);
    expect((await a.closed).code).toBe(1009);
    b.socket.close();
  });

  test("200 connections at a time are all answered", async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, open));
    for (const client of clients) client.request("OPTIONS", "sip:example.org");
    const replies = await Promise.all(clients.map((client) => client.receive()));
    expect(replies.every((reply) => reply.status === 200)).toBe(true);
    for (const client of clients) client.socket.close();
    await Promise.all(clients.map((client) => client.closed));
  });
});

for (const target of chosenTargets().filter((t) => t.name !== "kamailio"))
  test(`the server ends: clients hear that it is going away (${target.name})`, { timeout: 60_000 }, async () => {
    const server = await startServer(target, { config });
    const client = new Client(server.port);
    expect(await client.opened()).toBe(true);
    await server.close();
    expect((await client.closed).code).toBe(1001);
  });
