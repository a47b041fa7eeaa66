// A real browser (headless Chromium with JsSIP) on the default configuration with WebSockets: registers with a password over WS or WSS, calls a
// UDP telephone, is called by it; signalling only; and all of that while sipp and curl use the same ports. The page comes from the same port by HTTP.

import { readFileSync } from "node:fs";
import { join } from "node:path";
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

const PAGE = '"200", "OK", "text/html", "<!doctype html><title>telephone</title>"';
const DEFAULT = readFileSync(join(root, "embed/default.cfg"), "utf8");
const config = `#!KAMAILIO
#!define WITH_TLS
#!define WITH_BROWSERS
${DEFAULT.replace('"404", "Not Found", "text/plain", "Telephones only.\\n"', PAGE)}
listen=tls:127.0.0.1:${tlsPort}
# The names that telephones get (GRUU) are without our port, which is none of 5060 in tests.
alias="127.0.0.1:5060"
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
    test(name, { timeout: 60_000 }, async ({ skip }) => {
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

  /** curl on both ports until told to stop: connections used again, HEAD, uploads in chunks; how many answers came. */
  async function curls(done: () => boolean): Promise<number> {
    let answers = 0;
    const bases = [`http://127.0.0.1:${group.server.port}`, `https://127.0.0.1:${tlsPort}`];
    const chunked = ["-H", "Transfer-Encoding: chunked", "--data-binary", "x".repeat(50_000)];
    while (!done()) {
      for (const base of bases) {
        const pages = Array.from({ length: 20 }, (_, i) => `${base}/${i}`);
        for (const args of [pages, ["-I", `${base}/head`], [...chunked, `${base}/up`]]) {
          const format = "%{http_code}\n";
          const all = ["-sk", "--max-time", "10", "--noproxy", "*", "-w", format, ...args];
          const { code, output } = await run(["curl", ...all], { limit: 15_000 });
          expect(code).toBe(0);
          answers += output.split("\n").filter((line) => line.endsWith("200")).length;
        }
      }
    }
    return answers;
  }

  const parties = { caller: group.user("sippcaller"), callee: group.user("sippcallee") };

  /** Ten calls of sipp over TCP. */
  async function sippCalls(): Promise<void> {
    const waiting = await startSipp(group.server, { flow: "uas-call", transport: "tcp", calls: 10, limit: 40 });
    const keys = { contact: `sip:${parties.callee}@127.0.0.1:${waiting.port};transport=tcp`, expires: 600 };
    const user = parties.callee;
    await runSipp(group.server, { flow: "register", transport: "tcp", user, login: login(user), keys });
    await runSipp(group.server, {
      ...{ flow: "uac-call", transport: "tcp", user, calls: 10, limit: 40 },
      ...{ login: login(parties.caller), keys: { from: parties.caller } },
    });
    await waiting.done;
  }

  browserTest("sipp, curl and the browser at once, on one TCP and one TLS port", async (page) => {
    await telephone(page, "wss");
    const phone = await udpPhone("wss");
    let over = false;
    const loading = curls(() => over);
    const calling = sippCalls();
    for (let i = 0; i < 3; i++) {
      await page.evaluate("notes.length = 0");
      await page.evaluate(
        `void ua.call("sip:${users.wss[1]}@127.0.0.1:${group.server.port}", { mediaConstraints: { audio: true, video: false } })`,
      );
      const invite = await phone.receiveRequest("INVITE", 15_000);
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
    over = true;
    expect(await loading).toBeGreaterThan(20);
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
