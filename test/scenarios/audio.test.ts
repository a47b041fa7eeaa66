// Audio of a call through the real rtpengine: sipp plays a capture to a telephone that compares every packet, and sends back what that telephone plays.

import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect } from "vitest";
import { mediaConfig } from "../support/media-config.ts";
import { firstPackets, G711 } from "../support/pcap.ts";
import { type AudioSocket, audioOf, describeAudio, openAudio, rtp, soundsOf } from "../support/phone-call.ts";
import { freePort } from "../support/ports.ts";
import { hasRtpengine, NO_RTPENGINE, type Rtpengine, startRtpengine } from "../support/rtpengine.ts";
import type { RequestParts, SipAgent } from "../support/sip-agent.ts";
import { uriOf } from "../support/sip-text.ts";
import { hasSipp, startSipp } from "../support/sipp.ts";
import { describeTargets, sippTest } from "../support/targets.ts";

const PACKETS = 25;
const relayPort = await freePort();
const SDP = "Content-Type: application/sdp";
const canRun = hasSipp && hasRtpengine && existsSync(G711);

/** Waits until something holds; throws with what `told` says after `limit` ms. */
async function until(holds: () => boolean, told: () => string, limit = 15_000): Promise<void> {
  for (const deadline = Date.now() + limit; !holds(); ) {
    if (Date.now() > deadline) throw new Error(`not in time: ${told()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Plays packets with that sound, one after another, until the same sound has come back often enough. */
async function echoed(audio: AudioSocket, sdp: string, sound: string): Promise<void> {
  const [address, port] = audioOf(sdp);
  let sent = 0;
  const timer = setInterval(() => audio.send(rtp(sent++, sound), address, port), 20);
  const back = (): number => soundsOf(audio).filter((one) => one === sound).length;
  try {
    await until(
      () => back() >= 10,
      () => `${back()} of ${sent} packets came back`,
    );
  } finally {
    clearInterval(timer);
  }
}

describeTargets("audio", { config: mediaConfig(relayPort, false) }, (group) => {
  let relay: Rtpengine;
  let phone: SipAgent;
  let audio: AudioSocket;
  beforeAll(async () => {
    if (!canRun) return;
    relay = await startRtpengine(relayPort);
    audio = await openAudio();
  });
  afterAll(async () => {
    if (!canRun) return;
    audio.close();
    await relay.close();
  });

  /** Takes the call; what is needed for requests within it, and the description that came. */
  async function answer(): Promise<{ within: Omit<RequestParts, "method">; sdp: string }> {
    const invite = await phone.receiveRequest("INVITE");
    expect(audioOf(invite.body)[0]).toBe("127.0.0.1");
    phone.send(phone.reply(invite, 200, "OK", [contact(), SDP], describeAudio(audio)));
    await phone.receiveRequest("ACK");
    const within = {
      uri: uriOf(invite.first("Contact")),
      from: `${invite.first("To")};tag=agent${phone.port}`,
      to: invite.first("From"),
      callId: invite.first("Call-ID"),
      headers: invite.all("Record-Route").map((route) => `Route: ${route}`),
    };
    return { within, sdp: invite.body };
  }

  const contact = (): string => `Contact: <${phone.contact("sound")}>`;

  /** Changes the call; the description that comes back. */
  async function change(within: Omit<RequestParts, "method">, cseq: number, direction: string): Promise<string> {
    const headers = [...within.headers!, contact(), SDP];
    const invite = phone.request({ ...within, method: "INVITE", cseq, headers, body: describeAudio(audio, direction) });
    phone.send(invite.raw);
    const ok = await phone.receiveFinal(invite);
    expect(ok.status).toBe(200);
    phone.send(phone.request({ ...within, method: "ACK", cseq }).raw);
    return ok.body;
  }

  sippTest(
    `a capture played by sipp, sound sent back, held, taken up again; ${hasRtpengine ? "rtpengine" : NO_RTPENGINE}`,
    canRun,
    async () => {
      phone = await group.server.agent("udp");
      const registered = await phone.ask({
        ...{ method: "REGISTER", from: phone.from("sound"), to: `<sip:sound@127.0.0.1:${group.server.port}>` },
        headers: [`Contact: <${phone.contact("sound")}>`, "Expires: 60"],
      });
      expect(registered.status).toBe(200);
      const { capture, sounds } = firstPackets(G711, PACKETS);
      const own = "sound sent back ".repeat(10);
      const echo = await freePort();
      const sipp = await startSipp(group.server, {
        ...{ flow: "uac-audio", transport: "udp", user: "sound", echo },
        files: { "sound.pcap": capture },
      });
      const came = (): string[] => soundsOf(audio).filter((sound) => sound !== own);
      const played = async (): Promise<void> => {
        await until(
          () => came().length >= PACKETS,
          () => `${came().length} packets of ${PACKETS}`,
        );
        expect(came()).toEqual(sounds); // every octet, in order
      };
      const { within, sdp } = await answer();
      expect(audioOf(sdp)[1]).not.toBe(echo); // not sipp's own port
      await echoed(audio, sdp, own);
      await played();
      const [callId = ""] = await relay.calls();
      const counts = Object.values(await relay.packets(callId));
      expect(counts).toHaveLength(2);
      for (const count of counts) expect(count).toBeGreaterThanOrEqual(10);

      expect(await change(within, 1, "sendonly")).toContain("a=recvonly\r\n"); // held
      audio.got.length = 0;
      await echoed(audio, await change(within, 2, "sendrecv"), own);
      await played();
      expect((await phone.ask({ ...within, method: "BYE", cseq: 3 })).status).toBe(200);
      await sipp.done;
      expect(await relay.calls()).toEqual([]); // its session went with the call
    },
  );
});
