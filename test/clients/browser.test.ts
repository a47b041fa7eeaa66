// A real browser (headless Chromium with JsSIP) on the default configuration with WebSockets: registers with a password over WS or WSS, calls a
// UDP telephone, is called by it; signalling only; and all of that while sipp and curl use the same ports. The page comes from the same port by HTTP.

import { readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { run } from "../support/programs.ts";
import { root } from "../support/server.ts";
import { openAgent, type SipAgent } from "../support/sip-agent.ts";
import { param, type SipText, uriOf } from "../support/sip-text.ts";
import { runSipp, startSipp } from "../support/sipp.ts";
import { describeTargets, login, PASSWORD } from "../support/targets.ts";
import { type Browser, bundleJsSip, findBrowser, startBrowser } from "./browser.ts";
import { BROWSER_PHONE } from "./browser-phone.ts";

const program = findBrowser();
const MISSING = "no Chromium is installed (Debian package chromium-headless-shell)";
const tlsPort = await freePort();
/** From there connections go on by TLS: sipp as Debian builds it speaks none. */
const tunnelPort = await freePort();

const PAGE = '"200", "OK", "text/html", "<!doctype html><title>telephone</title>"';
const DEFAULT = readFileSync(join(root, "embed/default.cfg"), "utf8");
const config = `#!KAMAILIO
#!define WITH_TLS
#!define WITH_BROWSERS
${DEFAULT.replace('"404", "Not Found", "text/plain", "Telephones only.\\n"', PAGE).replace(
  "event_route[xhttp:request] {",
  'event_route[xhttp:request] {\n\tif ($hu == "/connections") exit; # the page that is built in: it comes in chunks',
)}
listen=tls:127.0.0.1:${tlsPort}
# The names that telephones get (GRUU) are without our port, which is none of 5060 in tests.
alias="127.0.0.1:5060"
alias="127.0.0.1:${tunnelPort}"
`;

/** What a telephone that speaks WebRTC would offer or answer; no audio ever flows. */
const SDP = (setup: string): string =>
  [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 127.0.0.1",
    "a=rtpmap:111 opus/48000/2",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789abcdefghijklmn",
    `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`,
    `a=setup:${setup}`,
    "a=mid:0",
    "a=sendrecv",
    "a=rtcp-mux",
    "",
  ].join("\r\n");

describeTargets("browser", { config, without: ["kamailio"] }, (group) => {
  const users = {
    ws: [group.user("web"), group.user("phone")],
    wss: [group.user("web"), group.user("phone")],
  } as const;
  let script = "";
  let browser: Browser | null = null;

  beforeAll(async () => {
    if (program === null) return;
    script = await bundleJsSip();
    browser = await startBrowser(program);
  });
  afterAll(async () => browser?.close());

  function browserTest(name: string, run: (browser: Browser) => Promise<void>): void {
    test(name, { timeout: 180_000 }, async ({ skip }) => {
      if (browser === null) {
        if (process.env.CI === "true") throw new Error(MISSING);
        skip(MISSING);
        return;
      }
      await run(browser);
    });
  }

  /** A page with a telephone that has registered. */
  async function telephone(page: Browser, side: "ws" | "wss"): Promise<void> {
    const { port } = group.server;
    const [http, ws, at] = side === "ws" ? ["http", "ws", port] : ["https", "wss", tlsPort];
    await page.open(`${http}://127.0.0.1:${at}/`);
    expect(await page.evaluate("document.title")).toBe("telephone");
    await page.evaluate(`${script}\n${BROWSER_PHONE}`);
    const uri = `sip:${users[side][0]}@127.0.0.1:${port}`;
    await page.evaluate(`begin("${ws}://127.0.0.1:${at}/", "${uri}", ${JSON.stringify(PASSWORD)})`);
    await page.until("notes.includes('registered')");
  }

  async function udpPhone(side: "ws" | "wss"): Promise<SipAgent> {
    const phone = await openAgent("udp", group.server.port);
    const reply = await phone.register(login(users[side][1]));
    expect(reply.status).toBe(200);
    return phone;
  }

  const contact = (phone: SipAgent, side: "ws" | "wss"): string => `Contact: <${phone.contact(users[side][1])}>`;

  /** Twenty requests in one write over one connection; how many answers came, in order. */
  function pipelined(at: number, secure: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const to = { host: "127.0.0.1", port: at, rejectUnauthorized: false };
      const socket = secure ? connectTls(to) : connect(to);
      const timer = setTimeout(() => reject(new Error("twenty requests at once were not all answered")), 30_000);
      let got = "";
      socket.on("error", reject);
      socket.on("data", (data: Uint8Array) => {
        got += Buffer.from(data).toString("latin1");
        const answers = got.split("HTTP/1.1 200 OK").length - 1;
        if (answers < 20 || got.split("</title>").length - 1 < 20) return;
        clearTimeout(timer);
        socket.destroy();
        resolve(answers);
      });
      const all = Array.from({ length: 20 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`).join("");
      socket.once(secure ? "secureConnect" : "connect", () => socket.write(all));
    });
  }

  /**
   * curl on both ports until told to stop: connections used again, HEAD, uploads and downloads in chunks, and requests one behind the other; how
   * many answers came.
   */
  async function curls(done: () => boolean): Promise<number> {
    let answers = 0;
    const bases = [`http://127.0.0.1:${group.server.port}`, `https://127.0.0.1:${tlsPort}`];
    const chunked = ["-H", "Transfer-Encoding: chunked", "--data-binary", "x".repeat(50_000)];
    while (!done()) {
      for (const base of bases) {
        const secure = base.startsWith("https");
        answers += await pipelined(secure ? tlsPort : group.server.port, secure);
        const pages = Array.from({ length: 20 }, (_, i) => `${base}/${i}`);
        for (const args of [
          pages,
          ["-I", `${base}/head`],
          [...chunked, `${base}/up`],
          ["-D", "-", `${base}/connections`],
        ]) {
          const format = "%{http_code}\n";
          const all = ["-sk", "--max-time", "40", "--noproxy", "*", "-w", format, ...args];
          const { code, output } = await run(["curl", ...all], { limit: 50_000 });
          expect(code, `curl ${args.join(" ").slice(0, 100)}: ${output.slice(-300)}`).toBe(0);
          if (args.at(-1)?.endsWith("/connections") === true)
            expect(output).toMatch(/Transfer-Encoding: chunked\r\n\r\n(?:\d+ \w+ [\d.]+ \d+ \S+ \d+\n)+200\n$/);
          answers += output.split("\n").filter((line) => line.endsWith("200")).length;
        }
      }
    }
    return answers;
  }

  const parties = {
    tcp: { caller: group.user("sippcaller"), callee: group.user("sippcallee") },
    tls: { caller: group.user("sippcaller"), callee: group.user("sippcallee") },
  };

  async function tunnel(): Promise<Server> {
    const door = createServer((near) => {
      const far = connectTls({ host: "127.0.0.1", port: tlsPort, rejectUnauthorized: false });
      near.pipe(far).pipe(near);
      for (const end of [near, far]) {
        end.on("error", () => undefined);
        end.on("close", () => {
          near.destroy();
          far.destroy();
        });
      }
    });
    await new Promise<void>((resolve, reject) => {
      door.once("error", reject);
      door.listen(tunnelPort, "127.0.0.1", resolve);
    });
    return door;
  }

  /** Ten calls of sipp over TCP, or over TLS to a telephone that has registered by TCP. */
  async function sippCalls(by: "tcp" | "tls"): Promise<void> {
    const { caller, callee: user } = parties[by];
    const front = by === "tls" ? await tunnel() : null;
    const to = front === null ? group.server.port : tunnelPort;
    const waiting = await startSipp(group.server, { flow: "uas-call", transport: "tcp", calls: 10, limit: 90 });
    const keys = { contact: `sip:${user}@127.0.0.1:${waiting.port};transport=tcp`, expires: 600 };
    await runSipp(group.server, { flow: "register", transport: "tcp", user, login: login(user), keys });
    await runSipp(group.server, {
      ...{ flow: "uac-call", transport: "tcp", to, user, calls: 10, limit: 90 },
      ...{ login: login(caller), keys: { from: caller } },
    });
    await waiting.done;
    front?.close();
  }

  browserTest("sipp, curl and the browser at once, on one TCP and one TLS port", async (page) => {
    await telephone(page, "wss");
    const phone = await udpPhone("wss");
    let over = false;
    const loading = curls(() => over);
    const calling = Promise.all([sippCalls("tcp"), sippCalls("tls")]);
    for (const work of [loading, calling]) work.catch(() => {}); // what went wrong is told where it is awaited
    try {
      for (let i = 0; i < 3; i++) {
        await page.evaluate("notes.length = 0");
        await page.evaluate(
          `void ua.call("sip:${users.wss[1]}@127.0.0.1:${group.server.port}", { mediaConstraints: { audio: true, video: false } })`,
        );
        const invite = await phone.receiveRequest("INVITE", 30_000);
        const headers = [contact(phone, "wss"), "Content-Type: application/sdp"];
        phone.send(phone.reply(invite, 200, "OK", headers, SDP("active")));
        await phone.receiveRequest("ACK");
        await page.until("notes.includes('confirmed')");
        await page.evaluate("session.terminate()");
        const bye = await phone.receiveRequest("BYE");
        phone.send(phone.reply(bye, 200, "OK"));
        await page.until("notes.some((n) => n.startsWith('ended'))");
      }
      await calling;
    } finally {
      over = true;
    }
    expect(await loading).toBeGreaterThan(80);
    await page.evaluate("ua.stop()");
    phone.close();
  });

  for (const side of ["ws", "wss"] as const) {
    describe(side, () => {
      browserTest("the browser registers and calls a UDP telephone, which hangs up", async (page) => {
        await telephone(page, side);
        const phone = await udpPhone(side);
        await page.evaluate(
          `void ua.call("sip:${users[side][1]}@127.0.0.1:${group.server.port}", { mediaConstraints: { audio: true, video: false } })`,
        );
        const invite = await phone.receiveRequest("INVITE", 15_000);
        expect(invite.all("Via")[1]).toMatch(new RegExp(`^SIP/2.0/${side.toUpperCase()} [a-z0-9]+\\.invalid;`));
        expect(invite.all("Record-Route")[1]).toContain(";transport=ws;"); // for both (RFC 7118)
        phone.send(phone.reply(invite, 180, "Ringing", [contact(phone, side)]));
        await page.until("notes.includes('progress')");
        const headers = [contact(phone, side), "Content-Type: application/sdp"];
        phone.send(phone.reply(invite, 200, "OK", headers, SDP("active")));
        await phone.receiveRequest("ACK");
        await page.until("notes.includes('confirmed')");
        const tag = `;tag=agent${phone.port}`;
        const bye = phone.request({
          method: "BYE",
          uri: uriOf(invite.first("Contact")),
          from: `${invite.first("To")}${tag}`,
          to: invite.first("From"),
          callId: invite.first("Call-ID"),
          headers: invite.all("Record-Route").map((route) => `Route: ${route}`),
        });
        phone.send(bye.raw);
        expect((await phone.receiveFinal(bye)).status).toBe(200);
        await page.until("notes.some((n) => n.startsWith('ended'))");
        phone.close();
      });

      browserTest("a UDP telephone calls the browser, which answers and hangs up", async (page) => {
        await telephone(page, side);
        const phone = await udpPhone(side);
        let invite: SipText | null = null;
        const asking = phone.askWithLogin(
          {
            method: "INVITE",
            uri: `sip:${users[side][0]}@127.0.0.1:${group.server.port}`,
            headers: [contact(phone, side), "Content-Type: application/sdp"],
            body: SDP("actpass"),
          },
          login(users[side][1]),
          (request) => {
            invite = request;
          },
        );
        await page.until("notes.includes('session remote')");
        await page.evaluate("void session.answer({ mediaConstraints: { audio: true, video: false } })");
        const ok = await asking;
        expect(ok.status).toBe(200);
        expect(param(ok.first("To"), "tag")).not.toBeNull();
        const ack = phone.request({
          method: "ACK",
          uri: uriOf(ok.first("Contact")),
          from: ok.first("From"),
          to: ok.first("To"),
          callId: ok.first("Call-ID"),
          cseq: Number.parseInt(invite!.first("CSeq"), 10),
          headers: ok
            .all("Record-Route")
            .reverse()
            .map((route) => `Route: ${route}`),
        });
        phone.send(ack.raw);
        await page.until("notes.includes('confirmed')");
        await page.evaluate("session.terminate()");
        const bye = await phone.receiveRequest("BYE");
        phone.send(phone.reply(bye, 200, "OK"));
        await page.until("notes.some((n) => n.startsWith('ended'))");
        await page.evaluate("ua.stop()");
        phone.close();
      });
    });
  }
});
