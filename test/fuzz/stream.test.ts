// The same over TCP: what is mutated decides where the next message begins, pieces end anywhere, connections come and go.

import { expect, test } from "vitest";
import type { TcpConnection } from "../../src/host/host.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { writeSip } from "../support/sip-text.ts";
import { corpus, mutate, ROUNDS, randomFrom, SEED } from "./mutate.ts";
import { megabytes, OPEN_RELAY, openTarget, PROXY } from "./world.ts";

const MESSAGES = ROUNDS / 5;

test(`${MESSAGES} mutated messages over TCP`, { timeout: 3_600_000 }, async () => {
  const next = randomFrom(SEED);
  const { world, server } = await openTarget(OPEN_RELAY, next);
  const host = world.host({ addresses: ["192.0.2.10"] });
  world.setLinks({ segment: 700 });
  let received = "";
  let closed = 0;
  const connect = async (): Promise<TcpConnection> => {
    let connection: TcpConnection | undefined;
    const handlers = {
      onData: (_: TcpConnection, buf: Uint8Array, from: number, to: number) => {
        received = (received + textOf(buf, from, to)).slice(-10_000);
      },
      onClose: () => {
        closed++;
      },
    };
    const promise = host.network.connectTcp({ remote: PROXY, timeout: 5000, maxQueue: 1 << 24, handlers });
    promise.then((one) => {
      connection = one;
    });
    for (let i = 0; i < 100 && !connection; i++) await world.advance(5);
    return promise;
  };
  const probe = async (name: string) => {
    const connection = await connect();
    const head = [
      "Max-Forwards: 9",
      "From: <sip:p@x>;tag=p",
      "To: <sip:192.0.2.1>",
      `Call-ID: probe-${name}`,
      "CSeq: 1 OPTIONS",
    ];
    const via = `Via: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKprobe${name}`;
    const bytes = bytesOf(writeSip(["OPTIONS sip:192.0.2.1 SIP/2.0", via, ...head]));
    connection.send(bytes, 0, bytes.length);
    await world.advance(50);
    expect(received, `no answer after message ${name}, seed ${SEED}`).toContain(`Call-ID: probe-${name}\r\n`);
    connection.close();
  };

  const seeds = corpus();
  let heap = 0;
  let connection = await connect();
  for (let n = 0; n < MESSAGES; n++) {
    const text = seeds[next() % seeds.length]!.replace(/z9hG4bK/, `z9hG4bK${n.toString(36)}`);
    const bytes = bytesOf(mutate(text, next));
    // A connection that was closed on us, for good reasons, or that may hang in the middle of a message.
    if (!connection.send(bytes, 0, bytes.length) || next() % 16 === 0) {
      connection.close();
      connection = await connect();
    }
    if (n % 8 === 0) world.runSync(world.now + 10);
    if (n % 1000 === 0) await probe(String(n));
    if (n === MESSAGES / 5) {
      connection.close();
      await world.advance(4_000_000);
      heap = megabytes();
      connection = await connect();
    }
  }
  connection.close();
  await world.advance(4_000_000);
  await probe("last");
  expect(closed).toBeGreaterThan(MESSAGES / 100);
  expect(megabytes() - heap, "MB of heap more than after a fifth of the messages").toBeLessThan(64);
  expect(server.proxy.counters.routeErrors).toBe(0);
  await server.stop();
});
