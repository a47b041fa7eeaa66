// A browser and a telephone that knows plain RTP only talk to each other: Chromium with a microphone that beeps, ICE and DTLS-SRTP up to the real
// rtpengine, plain RTP behind it. Audio must arrive on both sides, whoever calls.

import { afterAll, beforeAll, expect, test } from "vitest";
import { mediaConfig } from "../support/media-config.ts";
import { type AudioSocket, audioOf, describeAudio, openAudio, rtp, soundsOf } from "../support/phone-call.ts";
import { freePort } from "../support/ports.ts";
import { hasRtpengine, NO_RTPENGINE, type Rtpengine, startRtpengine } from "../support/rtpengine.ts";
import type { SipAgent } from "../support/sip-agent.ts";
import { type SipText, uriOf } from "../support/sip-text.ts";
import { describeTargets } from "../support/targets.ts";
import { type Browser, bundleJsSip, findBrowser, startBrowser } from "./browser.ts";
import { BROWSER_PHONE } from "./browser-phone.ts";

const program = findBrowser();
const missing =
  program === null
    ? "no Chromium is installed (Debian package chromium-headless-shell)"
    : hasRtpengine
      ? null
      : NO_RTPENGINE;
const relayPort = await freePort();
const SDP = "Content-Type: application/sdp";
const MICROPHONE = "{ mediaConstraints: { audio: true, video: false } }";
const ENOUGH = 20;

describeTargets("audio of a browser", { config: mediaConfig(relayPort, true) }, (group) => {
  let relay: Rtpengine | null = null;
  let browser: Browser | null = null;
  let script = "";

  beforeAll(async () => {
    if (missing !== null || program === null) return;
    relay = await startRtpengine(relayPort);
    script = await bundleJsSip();
    browser = await startBrowser(program);
  });
  afterAll(async () => {
    await browser?.close();
    await relay?.close();
  });

  function audioTest(name: string, run: (page: Browser, phone: SipAgent, audio: AudioSocket) => Promise<void>): void {
    test(name, { timeout: 180_000 }, async ({ skip }) => {
      if (missing !== null || browser === null) {
        if (process.env.CI === "true") throw new Error(missing ?? "no browser");
        skip(missing ?? "no browser");
        return;
      }
      const { port } = group.server;
      await browser.open(`http://127.0.0.1:${port}/`);
      await browser.evaluate(`${script}\n${BROWSER_PHONE}`);
      await browser.evaluate(`begin("ws://127.0.0.1:${port}/", "sip:web@127.0.0.1:${port}", "")`);
      await browser.until("notes.includes('registered')");
      const phone = await group.server.agent("udp");
      const registered = await phone.ask({
        ...{ method: "REGISTER", from: phone.from("plain"), to: `<sip:plain@127.0.0.1:${port}>` },
        headers: [`Contact: <${phone.contact("plain")}>`, "Expires: 60"],
      });
      expect(registered.status).toBe(200);
      const audio = await openAudio();
      try {
        await run(browser, phone, audio);
        await browser.evaluate("ua.stop()");
      } finally {
        audio.close();
      }
    });
  }

  /** Plays to the browser until both sides have heard enough. */
  async function talk(page: Browser, audio: AudioSocket, sdp: string): Promise<void> {
    expect(sdp).toMatch(/m=audio \d+ RTP\/AVP /);
    expect(sdp).not.toMatch(/a=(?:candidate|fingerprint|crypto|ice-)/);
    const [address, port] = audioOf(sdp);
    let sent = 0;
    const timer = setInterval(() => audio.send(rtp(sent++, "\xd5".repeat(160)), address, port), 20);
    try {
      while (soundsOf(audio).length < ENOUGH && sent < 1500) await new Promise((resolve) => setTimeout(resolve, 20));
      await page.until(
        `audio().then((a) => (globalThis.heard = a)) && globalThis.heard?.received >= ${ENOUGH}`,
        30_000,
      );
    } catch (error) {
      const told = {
        browser: await page.evaluate("heard"),
        phone: soundsOf(audio).length,
        sent,
        relay: relay!.log.slice(-3000),
      };
      throw new Error(JSON.stringify(told, null, 1), { cause: error });
    } finally {
      clearInterval(timer);
    }
    expect(await page.evaluate("heard")).toMatchObject({ dtls: "connected", codec: "audio/PCMA" });
    const heard = soundsOf(audio);
    expect(heard.length).toBeGreaterThanOrEqual(ENOUGH);
    expect(new Set(heard.map((sound) => sound.length))).toEqual(new Set([160])); // 20 ms of A-law, decrypted
  }

  audioTest("the browser calls a telephone with plain RTP", async (page, phone, audio) => {
    await page.evaluate(`void ua.call("sip:plain@127.0.0.1:${group.server.port}", ${MICROPHONE})`);
    const invite = await phone.receiveRequest("INVITE", 15_000);
    const headers = [`Contact: <${phone.contact("plain")}>`, SDP];
    phone.send(phone.reply(invite, 200, "OK", headers, describeAudio(audio)));
    await phone.receiveRequest("ACK");
    await page.until("notes.includes('confirmed')");
    await talk(page, audio, invite.body);
    expect(await relay!.calls()).toHaveLength(1);
    await page.evaluate("session.terminate()");
    const bye = await phone.receiveRequest("BYE");
    phone.send(phone.reply(bye, 200, "OK"));
    await page.until("notes.some((n) => n.startsWith('ended'))");
    expect(await relay!.calls()).toEqual([]);
  });

  audioTest("a telephone with plain RTP calls the browser", async (page, phone, audio) => {
    const uri = `sip:web@127.0.0.1:${group.server.port}`;
    const headers = [`Contact: <${phone.contact("plain")}>`, SDP];
    const invite: SipText = phone.request({
      ...{ method: "INVITE", uri, from: phone.from("plain"), headers },
      body: describeAudio(audio),
    });
    phone.send(invite.raw);
    await page.until("notes.includes('session remote')");
    await page.evaluate(`void session.answer(${MICROPHONE})`);
    const ok = await phone.receiveFinal(invite, 15_000);
    expect(ok.status).toBe(200);
    const within = {
      ...{ uri: uriOf(ok.first("Contact")), from: ok.first("From"), to: ok.first("To") },
      callId: ok.first("Call-ID"),
      headers: ok
        .all("Record-Route")
        .reverse()
        .map((route) => `Route: ${route}`),
    };
    phone.send(phone.request({ method: "ACK", ...within }).raw);
    await page.until("notes.includes('confirmed')");
    await talk(page, audio, ok.body);
    const bye = phone.request({ method: "BYE", cseq: 2, ...within });
    phone.send(bye.raw);
    expect((await phone.receiveFinal(bye)).status).toBe(200);
    await page.until("notes.some((n) => n.startsWith('ended'))");
    expect(await relay!.calls()).toEqual([]);
  });
});
