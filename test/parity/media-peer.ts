// The relays of tests as comparisons with Kamailio use them: datagram in, answer out, and what was asked in a form that can be compared.

import type { Bencoded, Dictionary } from "../../src/modules/rtpengine/bencode.ts";
import { NgPeer } from "../support/ng-peer.ts";
import { RtpProxyPeer } from "../support/rtpproxy-peer.ts";

/** One relay. */
export interface MediaPeer {
  answer(datagram: string): string | null;
  /** What it was asked since the last time, but for questions whether it is there. */
  taken(): string[];
}

/** A relay for that module. */
export function mediaPeer(module: "rtpengine" | "rtpproxy"): MediaPeer {
  if (module === "rtpproxy") return new RtpProxyPeer();
  const peer = new NgPeer();
  return { answer: (datagram) => peer.answer(datagram), taken: () => peer.taken().map(sorted) };
}

// The order of entries of a dictionary means nothing.
function sorted(request: Dictionary): string {
  const order = (value: Bencoded): Bencoded =>
    typeof value !== "object" || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => [k, order(v)]),
        );
  return JSON.stringify(order(request));
}

/** Relays of several calls at one address, each with its own memory; `calls` are looked for by their Call-IDs. */
export class MediaPeers {
  readonly #module: "rtpengine" | "rtpproxy";
  readonly #peers = new Map<string, MediaPeer>();

  constructor(module: "rtpengine" | "rtpproxy") {
    this.#module = module;
  }

  /** Takes a datagram for one of the calls, which is told what was asked. */
  answer(
    datagram: string,
    calls: readonly { readonly callId: string; relayed(command: string): void }[],
  ): string | null {
    const call = calls.find(({ callId }) => datagram.includes(callId));
    const name = call?.callId ?? "";
    const peer = this.#peers.get(name) ?? mediaPeer(this.#module);
    this.#peers.set(name, peer);
    const said = peer.answer(datagram);
    for (const command of peer.taken()) call?.relayed(command);
    return said;
  }
}
