// TCP connections as scripts see them, over real sockets: opened, refused, broken off, closed on purpose, and forced to leave by one of
// several addresses. Kamailio passes the same tests (PORTICO_TARGETS=kamailio); where it does something else, the test says so.

import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { farReply, openFarEnd, until } from "../support/far-end.ts";
import { freePort } from "../support/ports.ts";
import { unique } from "../support/sip-agent.ts";
import { readSip, type SipText, writeSip } from "../support/sip-text.ts";
import { describeTargets } from "../support/targets.ts";

const far = await openFarEnd();
/** Nobody listens there. */
const dead = await freePort();
const second = await freePort();

const CONFIG = `#!KAMAILIO
debug=0
listen=udp:127.0.0.2:${second}
listen=tcp:127.0.0.2:${second}
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "rr.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tm", "fr_timer", 1000)
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if ($rU == "forward") { $var(rc) = "no"; if (forward()) { $var(rc) = "yes"; } sl_send_reply("299", "$var(rc)"); exit; }
  if ($rU == "forward-error") { forward(); sl_reply_error(); exit; }
  if ($rU == "forward-tcp") { if (!forward_tcp(uri:host, uri:port)) { sl_reply_error(); } exit; }
  if ($rU == "forward-udp") { if (forward_udp(uri:host, uri:port)) { sl_send_reply("299", "yes"); } exit; }
  if ($rU == "forward-tls") { if (!forward_tls(uri:host, uri:port)) { sl_reply_error(); } exit; }
  if ($rU == "forward-sctp") { if (!forward_sctp(uri:host, uri:port)) { sl_reply_error(); } exit; }
  if ($rU == "forward-close") { set_forward_close(); forward(); exit; }
  if ($rU == "forward-no-connect") { set_forward_no_connect(); $var(rc) = "no"; if (forward()) { $var(rc) = "yes"; } sl_send_reply("299", "$var(rc)"); exit; }
  if ($rU == "relay") { t_relay(); exit; }
  if ($rU == "relay-rc") { t_on_failure("FAILED"); t_relay(); $var(rc) = $rc; if ($var(rc) < 0) { send_reply("299", "rc $var(rc)"); } exit; }
  if ($rU == "relay-again") { if (!t_relay()) { $du = "sip:${far.hostPort}"; t_relay(); } exit; }
  if ($rU == "relay-close") { set_forward_close(); t_relay(); exit; }
  if ($rU == "relay-no-connect") { set_forward_no_connect(); t_relay(); exit; }
  if ($rU == "branch-close") { t_on_branch("CLOSE"); t_relay(); exit; }
  if ($rU == "reply-close") { set_reply_close(); sl_send_reply("298", "Closing"); exit; }
  if ($rU == "t-reply-close") { set_reply_close(); t_newtran(); t_reply("298", "Closing"); exit; }
  if ($rU == "relay-reply-close") { set_reply_close(); t_relay(); exit; }
  if ($rU == "onreply-close") { t_on_reply("CLOSE"); t_relay(); exit; }
  if ($rU == "reply-no-connect") { set_reply_no_connect(); t_relay(); exit; }
  if ($rU == "alias") { force_tcp_alias(); sl_send_reply("298", "Alias"); exit; }
  if ($rU == "forced") { force_send_socket(tcp:127.0.0.2:${second}); forward(); exit; }
  if ($rU == "relay-forced") { $fs = "tcp:127.0.0.2:${second}"; t_relay(); exit; }
  if ($rU == "relay-first") { $fs = "tcp:127.0.0.1:" + $Rp; t_relay(); exit; }
}
branch_route[CLOSE] { set_forward_close(); }
onreply_route[CLOSE] { set_reply_close(); }
failure_route[FAILED] {
  $var(by) = "reply";
  if (t_branch_timeout()) { $var(by) = "timeout"; }
  if (t_check_status("408|503")) { send_reply("297", "code $T_reply_code by $var(by)"); }
}
`;

/** A caller's TCP connection whose Via may name another port than its own. */
class Caller {
  readonly socket: Socket;
  readonly received: SipText[] = [];
  ended = false;
  readonly #via: string;

  constructor(socket: Socket, via: string) {
    this.socket = socket;
    this.#via = via;
    let buffered = "";
    socket.on("error", () => {});
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("data", (data: Buffer) => {
      buffered += data.toString("latin1");
      for (let end = buffered.indexOf("\r\n\r\n"); end >= 0; end = buffered.indexOf("\r\n\r\n")) {
        this.received.push(readSip(buffered.slice(0, end + 4)));
        buffered = buffered.slice(end + 4);
      }
    });
  }

  /** Sends a request and returns its Call-ID. */
  send(uri: string, method = "MESSAGE"): string {
    const callId = unique("conn");
    const lines = [
      `${method} sip:${uri} SIP/2.0`,
      `Via: SIP/2.0/TCP ${this.#via};branch=z9hG4bK${callId}`,
      "Max-Forwards: 70",
      "From: <sip:a@example.org>;tag=a",
      "To: <sip:b@example.org>",
      `Call-ID: ${callId}`,
      `CSeq: 1 ${method}`,
    ];
    this.socket.write(writeSip(lines), "latin1");
    return callId;
  }
}

const callers: Caller[] = [];

function openCaller(port: number, via: string): Promise<Caller> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      const caller = new Caller(socket, via);
      callers.push(caller);
      resolve(caller);
    });
  });
}

describeTargets("connections", { config: CONFIG }, (group) => {
  const oracle = group.target === "kamailio";
  const there = (user: string) => `sip:${user}@${far.hostPort}`;
  const nobody = (user: string) => `sip:${user}@127.0.0.1:${dead};transport=tcp`;

  afterEach(async () => {
    for (const caller of callers.splice(0)) caller.socket.destroy();
    far.answer = 0;
    far.breaks = false;
    await far.closeAll();
  });

  /** Sends a MESSAGE (or INVITE) by UDP; first line of its final reply, and how long that took. */
  async function ask(uri: string, method = "MESSAGE"): Promise<{ line: string; took: number; callId: string }> {
    const agent = await group.server.agent("udp");
    const request = agent.request({ method, uri });
    const began = Date.now();
    agent.send(request.raw);
    const reply = await agent.receiveFinal(request);
    if (method === "INVITE") agent.send(agent.ackRefusal(request, reply));
    return { line: reply.startLine.slice(8), took: Date.now() - began, callId: request.first("Call-ID") };
  }

  /** The same for what is not answered. */
  async function tell(uri: string): Promise<string> {
    const agent = await group.server.agent("udp");
    const request = agent.request({ method: "MESSAGE", uri });
    agent.send(request.raw);
    return request.first("Call-ID");
  }

  const SEND_ERROR = "477 Unfortunately error on sending to next hop occurred";

  test("a refused connection: forward() is false, sl_reply_error() says 477", async () => {
    expect((await ask(nobody("forward"))).line).toBe("299 no");
    expect((await ask(nobody("forward-error"))).line).toBe(`${SEND_ERROR} (477/SL)`);
    expect((await ask(nobody("forward-tcp"))).line).toBe(`${SEND_ERROR} (477/SL)`);
  });

  test("a refused connection: t_relay() returns -1 at once and no failure route runs; unanswered it is 477", async () => {
    for (const method of ["MESSAGE", "INVITE"]) {
      expect((await ask(nobody("relay"), method)).line).toBe(`${SEND_ERROR} (477/TM)`);
      const { line, took } = await ask(nobody("relay-rc"), method);
      expect(line).toBe("299 rc -1");
      expect(took).toBeLessThan(5000);
    }
  });

  test("after a refused connection the script relays elsewhere", async () => {
    far.answer = 200;
    const { line, callId } = await ask(nobody("relay-again"));
    expect(line).toBe("200 Far");
    await far.got(callId, "MESSAGE");
  });

  test("forward() opens a connection and uses it again", async () => {
    const first = await far.got((await ask(there("forward"))).callId, "MESSAGE");
    const again = await far.got((await ask(there("forward"))).callId, "MESSAGE");
    expect(again.connection).toBe(first.connection);
    expect(first.message.first("Via")).toMatch(/^SIP\/2\.0\/TCP 127\.0\.0\.\d:\d+;branch=z9hG4bK/);
    expect(first.connection.ended).toBe(false);
    await far.got(await tell(there("forward-tcp")), "MESSAGE");
    expect((await ask(there("forward-udp"))).line).toBe("299 yes");
  });

  test("forward_tls and forward_sctp fail without such a socket, and so does t_relay() there", async () => {
    const wrong = "500 I'm terribly sorry, server error occurred";
    expect((await ask(there("forward-tls"))).line).toBe(`${wrong} (7/SL)`);
    expect((await ask(there("forward-sctp"))).line).toBe(`${wrong} (7/SL)`);
    for (const transport of ["tls", "sctp"]) {
      const { line } = await ask(`sip:relay@127.0.0.1:${far.port};transport=${transport}`);
      expect(line).toBe(`${wrong} (7/TM)`);
    }
    // Kamailio's log does not name the transport.
    if (!oracle) for (const name of ["TLS", "SCTP"]) expect(group.server.log).toContain(`no socket listens on ${name}`);
  });

  test("set_forward_close closes behind the message, also on a connection that was just opened", async () => {
    for (const user of ["forward-close", "forward-close", "relay-close", "branch-close"]) {
      const { connection, message } = await far.got(await tell(there(user)), "MESSAGE");
      expect(message.uri).toContain(user);
      await until(() => connection.ended, `the close after ${user}`);
    }
    expect(far.connections).toHaveLength(4);
  });

  test("no reply after set_forward_close: 408 when the timer says so, not the end of the connection", async () => {
    const { line, took } = await ask(there("relay-close"));
    expect(line).toBe("408 Request Timeout");
    expect(took).toBeGreaterThan(600);
  });

  test("set_forward_no_connect opens nothing: false, 477; an open connection is used", async () => {
    expect((await ask(there("forward-no-connect"))).line).toBe("299 no");
    expect((await ask(there("relay-no-connect"))).line).toBe(`${SEND_ERROR} (477/TM)`);
    expect(far.connections).toHaveLength(0);
    const opened = await far.got((await ask(there("forward"))).callId, "MESSAGE");
    const used = await far.got((await ask(there("forward-no-connect"))).callId, "MESSAGE");
    expect(used.connection).toBe(opened.connection);
    far.answer = 200;
    expect((await ask(there("relay-no-connect"))).line).toBe("200 Far");
  });

  test("set_reply_close closes behind the reply: stateless, by the transaction, relayed, in an onreply_route", async () => {
    far.answer = 200;
    for (const user of ["reply-close", "t-reply-close", "relay-reply-close", "onreply-close"]) {
      const caller = await openCaller(group.server.port, "127.0.0.1:9");
      caller.send(`${user}@${far.hostPort}`);
      await until(() => caller.ended, `the close after ${user}`);
      expect(caller.received.map(({ status }) => status)).toEqual([
        user.includes("relay") || user.includes("on") ? 200 : 298,
      ]);
    }
  });

  test("set_reply_close lets an INVITE have its final reply", async () => {
    far.answer = 486;
    const caller = await openCaller(group.server.port, "127.0.0.1:9");
    caller.send(`relay-reply-close@${far.hostPort}`, "INVITE");
    await until(() => caller.ended, "the close");
    // Kamailio closes behind the first reply, which is its own 100: the caller never hears the end.
    expect(caller.received.map(({ status }) => status)).toEqual(oracle ? [100] : [100, 486]);
  });

  test("a connection broken off before a reply", async () => {
    far.breaks = true;
    for (const method of ["MESSAGE", "INVITE"]) {
      const { line, took } = await ask(there("relay-rc"), method);
      // Kamailio does not notice; we need not wait (RFC 3261 16.9).
      expect(line).toBe(oracle ? "297 code 408 by timeout" : "297 code 503 by reply");
      if (!oracle) expect(took).toBeLessThan(5000);
    }
  });

  test("a reply whose connection has gone takes a new one to the port in Via, unless set_reply_no_connect", async () => {
    const listening = await openFarEnd();
    try {
      for (const user of ["relay", "reply-no-connect"]) {
        const caller = await openCaller(group.server.port, `127.0.0.1:${listening.port}`);
        const callId = caller.send(`${user}@${far.hostPort}`);
        const { message, connection } = await far.got(callId, "MESSAGE");
        caller.socket.destroy();
        // What the server does after it has seen the end of the connection; another request proves that it has had the time.
        await ask("sip:alias@example.org");
        connection.socket.write(farReply(message, 200), "latin1");
        if (user === "relay") await listening.got(callId, 200);
        else {
          await ask(there("forward"));
          expect(listening.connections).toHaveLength(0);
        }
        await listening.closeAll();
      }
    } finally {
      await listening.close();
    }
  });

  test("force_tcp_alias: requests to the port in the Via go by the caller's connection", async () => {
    const port = await freePort();
    const caller = await openCaller(group.server.port, `127.0.0.1:${port}`);
    caller.send("alias@example.org");
    await until(() => caller.received.length === 1, "the reply");
    expect((await ask(`sip:forward-no-connect@127.0.0.1:${port};transport=tcp`)).line).toBe("299 yes");
    await until(() => caller.received.length === 2, "the request");
    expect(caller.received[1]!.method).toBe("MESSAGE");
  });

  test("force_send_socket and $fs choose the address that a connection is made from", async () => {
    const came = async (user: string) => far.got(await tell(there(user)), "MESSAGE");
    const plain = await came("relay-first");
    expect(plain.connection.socket.remoteAddress).toContain("127.0.0.1");
    const forced = await came("forced");
    expect(forced.connection.socket.remoteAddress).toContain("127.0.0.2");
    expect(forced.message.first("Via")).toContain(`SIP/2.0/TCP 127.0.0.2:${second};`);
    const relayed = await came("relay-forced");
    expect(relayed.connection).toBe(forced.connection);
    const back = await came("relay-first");
    expect(back.connection).toBe(plain.connection);
    expect(back.message.first("Via")).toContain(`SIP/2.0/TCP 127.0.0.1:${group.server.port};`);
  });
});
