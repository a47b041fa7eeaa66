// Datagrams sent by a raw socket arrive as any others: where the test may open one.
import { describe, expect, test } from "vitest";
import { rigs } from "./suite-rig.ts";

const rig = rigs()[0]!;
const { network } = rig.host;
const mayRaw = network.nativeUdp && process.getuid?.() === 0;

async function exchange(mtu: number, lengths: readonly number[]) {
  const got: { text: string; port: number }[] = [];
  const local = { family: 4, address: "127.0.0.1", port: 0 } as const;
  const receiver = await network.bindUdp({
    local,
    onMessage: (buf, start, end, peer) =>
      void got.push({ text: new TextDecoder().decode(buf.slice(start, end)), port: peer.remote.port }),
  });
  const sender = await network.bindUdp({
    local,
    onMessage: () => {},
    raw: { mtu, ttl: -1 },
    marks: { trafficClass: 0xb8 },
  });
  const peer = sender.peer(receiver.local)!;
  const texts = lengths.map((n) => "abcdefghij".repeat(n).slice(0, n));
  for (const text of texts) sender.send(peer, new TextEncoder().encode(text), 0, text.length);
  await rig.until(() => got.length === texts.length);
  const result = { got: got.map((g) => g.text), ports: new Set(got.map((g) => g.port)), texts, sender, receiver };
  return result;
}

describe.skipIf(!mayRaw)("raw sockets (native UDP, as root)", () => {
  test("even and odd lengths, from the socket's own address and port, with right sums", async () => {
    const { got, texts, ports, sender, receiver } = await exchange(1500, [1, 2, 3, 500, 501, 1472]);
    expect(got).toEqual(texts);
    expect(ports).toEqual(new Set([sender.local.port]));
    expect(sender.sendsRaw).toBe(true);
    expect(sender.stats).toMatchObject({ sent: 6, sendErrors: 0 });
    sender.close();
    receiver.close();
  });
  test("it begins and ends while the socket is in use", async () => {
    const { sender, receiver } = await exchange(1500, [1]);
    expect(sender.sendRaw!(null)).toBe(true);
    expect(sender.sendsRaw).toBe(false);
    const { sent } = sender.stats;
    const peer = sender.peer(receiver.local)!;
    for (const raw of [null, { mtu: 1400, ttl: 3 }, { mtu: 600, ttl: 9 }, null]) {
      expect(sender.sendRaw!(raw)).toBe(true);
      const before = receiver.stats.received;
      sender.send(peer, new TextEncoder().encode("more"), 0, 4);
      await rig.until(() => receiver.stats.received === before + 1);
    }
    expect(sender.stats.sent).toBe(sent + 4);
    sender.close();
    receiver.close();
    expect(sender.sendRaw!({ mtu: 1400, ttl: 3 })).toBe(false);
  });
  test("what is longer than the MTU goes by the ordinary socket", async () => {
    const { got, texts, sender, receiver } = await exchange(600, [100, 573, 2000, 30_000]);
    expect([...got].sort()).toEqual([...texts].sort());
    sender.close();
    receiver.close();
  });
});

describe.skipIf(!mayRaw)("openRawUdp (native UDP, as root)", () => {
  test("datagrams arrive from whatever address and port they are said to be", async () => {
    const got: string[] = [];
    const receiver = await network.bindUdp({
      local: { family: 4, address: "127.0.0.1", port: 0 },
      onMessage: (buf, start, end, { remote }) =>
        void got.push(`${remote.address}:${remote.port} ${new TextDecoder().decode(buf.slice(start, end))}`),
    });
    const raw = network.openRawUdp()!;
    const bytes = new TextEncoder().encode("xxhello");
    const from = { family: 4, address: "127.0.0.9", port: 5066 } as const;
    expect(raw.send(from, receiver.local, bytes, 2, 7)).toBe(true);
    expect(raw.send({ ...from, address: "127.0.0.8", port: 1 }, receiver.local, bytes, 6, 7)).toBe(true);
    expect(raw.send(from, receiver.local, new Uint8Array(2000), 0, 2000)).toBe(false);
    expect(raw.send(from, { family: 6, address: "::1", port: 5060 }, bytes, 0, 7)).toBe(false);
    await rig.until(() => got.length === 2);
    expect(got).toEqual(["127.0.0.9:5066 hello", "127.0.0.8:1 o"]);
    raw.close();
    expect(raw.send(from, receiver.local, bytes, 0, 7)).toBe(false);
    receiver.close();
  });
});

test("without permission the ordinary socket sends", async () => {
  const local = { family: 6, address: "::1", port: 0 } as const;
  const socket = await network.bindUdp({ local, onMessage: () => {}, raw: { mtu: 1500, ttl: -1 } });
  expect(socket.sendsRaw ?? false).toBe(false);
  socket.close();
});
