// Mutated messages through a whole proxy on the simulated host: it must go on answering, and keep nothing for good.

import { describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { readSip, writeSip } from "../support/sip-text.ts";
import { corpus, mutate, ROUNDS, randomFrom, SEED } from "./mutate.ts";
import { megabytes, OPEN_RELAY, openTarget, PROXY } from "./world.ts";

/** Feeds `rounds` messages; returns how many replies of which class the stranger got. */
async function attack(config: string | null, rounds: number): Promise<Map<number, number>> {
  const next = randomFrom(SEED);
  const { world, server } = await openTarget(config, next);
  const classes = new Map<number, number>();
  let answered = "";
  const stranger = await world.host({ addresses: ["192.0.2.10"] }).network.bindUdp({
    local: { family: 4, address: "192.0.2.10", port: 5060 },
    onMessage: (buf, from, to) => {
      const text = textOf(buf, from, Math.min(to, from + 12));
      const type = Number(text.slice(8, 9));
      classes.set(type, (classes.get(type) ?? 0) + 1);
      if (textOf(buf, from, to).includes("Call-ID: probe-")) answered = readSip(textOf(buf, from, to)).first("Call-ID");
    },
  });
  const peer = stranger.peer(PROXY)!;
  const send = (text: string) => {
    const bytes = bytesOf(text);
    stranger.send(peer, bytes, 0, bytes.length);
  };
  const probe = async (round: number) => {
    const lines = [
      "Max-Forwards: 9",
      "From: <sip:p@x>;tag=p",
      "To: <sip:192.0.2.1>",
      `Call-ID: probe-${round}`,
      "CSeq: 1 OPTIONS",
    ];
    const via = `Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKprobe${round}`;
    send(writeSip(["OPTIONS sip:192.0.2.1 SIP/2.0", via, ...lines]));
    await world.advance(20);
    expect(answered, `no answer after round ${round}, seed ${SEED}`).toBe(`probe-${round}`);
  };

  const seeds = corpus();
  const early = Math.floor(rounds / 5);
  let heap = 0;
  for (let round = 0; round < rounds; round++) {
    // A branch of its own, or every request of a kind would be taken for a repetition of the first.
    const text = seeds[next() % seeds.length]!.replace(/z9hG4bK/, `z9hG4bK${round.toString(36)}`);
    send(mutate(text, next));
    if (round % 20 === 0) world.runSync(world.now + 10);
    if (round % 1000 === 0) await probe(round);
    if (round === early) {
      await world.advance(200_000);
      heap = megabytes();
    }
  }
  // Everything has ended by then: transactions, registrations, connections.
  await world.advance(4_000_000);
  await probe(rounds);
  expect(megabytes() - heap, "MB of heap more than after a fifth of the messages").toBeLessThan(96);
  expect(server.proxy.counters.routeErrors).toBe(0);
  await server.stop();
  return classes;
}

describe("a proxy under mutated messages", () => {
  const half = ROUNDS / 2;
  test(`open relay: ${half} of them`, { timeout: 3_600_000 }, async () => {
    const classes = await attack(OPEN_RELAY, half);
    for (const type of [1, 2, 4]) expect(classes.get(type) ?? 0, `replies ${type}xx`).toBeGreaterThan(half / 1000);
  });
  test(`default configuration: ${half} of them`, { timeout: 3_600_000 }, async () => {
    const classes = await attack(null, half);
    for (const type of [2, 4]) expect(classes.get(type) ?? 0, `replies ${type}xx`).toBeGreaterThan(half / 1000);
  });
});
