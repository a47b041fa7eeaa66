// A relay for tests that speaks rtpengine's "ng" protocol: keeps what it is asked, and answers as a real one would.

import { type Bencoded, type Dictionary, decode, encode } from "../../src/modules/rtpengine/bencode.ts";

/** The address it gives to descriptions. */
export const RELAYED = "203.0.113.9";

/** One relay. `answer` takes a datagram and gives the one to send back; null for silence. */
export class NgPeer {
  readonly asked: Dictionary[] = [];
  silent = false;

  answer(datagram: string): string | null {
    const space = datagram.indexOf(" ");
    const request = decode(datagram.slice(space + 1));
    if (request === null || space < 0) return null;
    this.asked.push(request);
    return this.silent ? null : `${datagram.slice(0, space)} ${encode(answerTo(request))}`;
  }

  /** What it was asked since the last time, pings left out. */
  taken(): Dictionary[] {
    return this.asked.splice(0).filter((request) => request["command"] !== "ping");
  }
}

function answerTo(request: Dictionary): Dictionary {
  const callId = String(request["call-id"] ?? "");
  if (callId.includes("refused")) return { result: "error", "error-reason": "No way" };
  switch (request["command"]) {
    case "ping":
      return { result: "pong" };
    case "offer":
    case "answer":
      return {
        result: "ok",
        sdp: String(request["sdp"]).replace(/IN IP4 [0-9.]+/g, `IN IP4 ${RELAYED}`),
        ...(callId.includes("warned") ? { warning: "careful" } : {}),
      };
    case "play media":
      return { result: "ok", duration: 1234 };
    case "delete":
    case "query":
      return report(String(request["from-tag"] ?? ""));
    default:
      return { result: "ok" };
  }
}

function report(tag: string): Dictionary {
  const quality = (mos: number, at: number): Dictionary => ({
    MOS: mos,
    "reported at": at,
    "packet loss": 1,
    jitter: 2,
    "round-trip time": 300,
    "round-trip time leg": 150,
  });
  const source = (low: number, high: number, mean: number): Bencoded => ({
    "lowest MOS": quality(low, 111),
    "highest MOS": quality(high, 95),
    "average MOS": { MOS: mean, "packet loss": 1, jitter: 2, "round-trip time": 250, samples: 3 },
  });
  return {
    result: "ok",
    created: 31,
    totals: { RTP: { packets: 10, bytes: 1720, errors: 0 }, RTCP: { packets: 2, bytes: 200, errors: 1 } },
    tags: { [tag]: { label: "a", medias: [{ streams: [{ SSRC: 1234 }] }] } },
    SSRC: { "1234": source(35, 44, 40) },
  };
}
