// Audio of a call through the real rtpengine: sipp plays a capture to a telephone that compares every packet, and sends back what that telephone plays.

import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect } from "vitest";
import { mediaConfig } from "../support/media-config.ts";
import { firstPackets, G711 } from "../support/pcap.ts";
import { type AudioSocket, audioOf, describeAudio, openAudio, rtp, soundsOf } from "../support/phone-call.ts";
import { freePort } from "../support/ports.ts";
import { hasRtpengine, NO_RTPENGINE, type Rtpengine, startRtpengine } from "../support/rtpengine.ts";
import type { SipAgent } from "../support/sip-agent.ts";
import { hasSipp, startSipp } from "../support/sipp.ts";
import { describeTargets, sippTest } from "../support/targets.ts";

const PACKETS = 25;
const relayPort = await freePort();
const SDP = "Content-Type: application/sdp";
const canRun = hasSipp && hasRtpengine && existsSync(G711);

/** Waits until something holds; throws with what `told` says after `limit` ms. */
async function until(holds: () => boolean, told: () => string, limit = 5000): Promise<void> {
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

  /** Answers a new INVITE; gives the description that came with it. */
  async function answer(direction: string): Promise<string> {
    const invite = await phone.receiveRequest("INVITE");
    expect(audioOf(invite.body)[0]).toBe("127.0.0.1");
    expect(invite.body).toContain(`a=${direction === "recvonly" ? "sendonly" : direction}\r\n`);
    const headers = [`Contact: <${phone.contact("sound")}>`, SDP];
    phone.send(phone.reply(invite, 200, "OK", headers, describeAudio(audio, direction)));
    await phone.receiveRequest("ACK");
    return invite.body;
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
      const before = await answer("sendrecv");
      expect(audioOf(before)[1]).not.toBe(echo); // not sipp's own port
      await echoed(audio, before, own);
      await played();
      const [callId = ""] = await relay.calls();
      const counts = Object.values(await relay.packets(callId));
      expect(counts).toHaveLength(2);
      for (const count of counts) expect(count).toBeGreaterThanOrEqual(10);

      await answer("recvonly"); // held
      audio.got.length = 0;
      const after = await answer("sendrecv");
      await echoed(audio, after, own);
      await played();
      const bye = await phone.receiveRequest("BYE");
      phone.send(phone.reply(bye, 200, "OK"));
      await sipp.done;
      expect(await relay.calls()).toEqual([]); // its session went with the call
    },
  );
});
