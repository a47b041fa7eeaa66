// One suite for all UDP transports of the runtime that runs it: native, portable and simulated.
import { describe, expect, test } from "vitest";
import type { HostError, SocketAddress, UdpPeer, UdpSocket } from "./host.ts";
import { type Rig, rigs } from "./suite-rig.ts";

const LOOPBACK4: SocketAddress = { family: 4, address: "127.0.0.1", port: 0 };
const LOOPBACK6: SocketAddress = { family: 6, address: "::1", port: 0 };

interface Inbox {
  readonly socket: UdpSocket;
  readonly messages: { bytes: Uint8Array; peer: UdpPeer }[];
  readonly errors: HostError[];
}

async function open({ host }: Rig, local: SocketAddress, answer = false): Promise<Inbox> {
  const messages: Inbox["messages"] = [];
  const errors: HostError[] = [];
  const socket = await host.network.bindUdp({
    local,
    onMessage(buf, start, end, peer) {
      messages.push({ bytes: buf.slice(start, end), peer });
      if (answer) socket.send(peer, buf, start, end);
    },
    onError: (_peer, error) => errors.push(error),
  });
  return { socket, messages, errors };
}

/** node:dgram on Deno closes a little later; all others at once. */
async function reopen(rig: Rig, local: SocketAddress): Promise<Inbox> {
  for (let turn = 0; rig.name === "deno portable" && turn < 1000; turn++) {
    try {
      return await open(rig, local);
    } catch (error) {
      if ((error as HostError).code !== "EADDRINUSE") throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return open(rig, local);
}

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed) & 255;
  return bytes;
}

for (const rig of rigs()) {
  describe(`UDP, ${rig.name}`, () => {
    for (const local of [LOOPBACK4, LOOPBACK6]) {
      test(`datagrams go there and back over IPv${local.family}, any length whole`, async () => {
        const server = await open(rig, local, true);
        const client = await open(rig, local);
        expect(server.socket.local.port).toBeGreaterThan(0);
        expect(server.socket.local.address).toBe(local.address);
        const peer = client.socket.peer(server.socket.local)!;
        const lengths = [0, 1, 100, 1472, 1473, 4096, 30_000, 65_507];
        for (const length of lengths) {
          client.socket.send(peer, pattern(length + 10, length), 5, length + 5);
          await rig.until(() => client.messages.at(-1)?.bytes.length === length);
          expect(client.messages.at(-1)!.bytes).toEqual(pattern(length + 10, length).slice(5, length + 5));
        }
        expect(server.messages.length).toBe(lengths.length);
        expect(server.messages[0]!.peer.remote).toEqual(client.socket.local);
        expect(client.socket.stats).toMatchObject({ received: lengths.length, sent: lengths.length, sendErrors: 0 });
        server.socket.close();
        client.socket.close();
      });
    }

    test("the same address is the same peer, and keeps what is attached to it", async () => {
      const server = await open(rig, LOOPBACK4);
      const client = await open(rig, LOOPBACK4);
      const peer = client.socket.peer(server.socket.local)!;
      for (let i = 0; i < 3; i++) {
        client.socket.send(peer, pattern(10, i), 0, 10);
        await rig.until(() => server.messages.length === i + 1);
      }
      const from = server.messages[0]!.peer;
      expect(from.attachment).toBe(null);
      from.attachment = "mine";
      expect(server.messages[2]!.peer).toBe(from);
      expect(server.socket.peer({ ...client.socket.local })).toBe(from);
      expect(server.socket.peer({ family: 6, address: "::1", port: 5060 })).toBe(null);
      expect(server.socket.peer({ family: 4, address: "sip.example.org", port: 5060 })).toBe(null);
      server.socket.close();
      client.socket.close();
    });

    test("hundreds of datagrams of one turn all leave, in order, each to its own peer", async () => {
      const servers = [await open(rig, LOOPBACK4), await open(rig, LOOPBACK4), await open(rig, LOOPBACK4)];
      const client = await open(rig, LOOPBACK4);
      const peers = servers.map(({ socket }) => client.socket.peer(socket.local)!);
      const buf = new Uint8Array(4);
      for (let i = 0; i < 600; i++) {
        new DataView(buf.buffer).setUint32(0, i);
        client.socket.send(peers[i % 3]!, buf, 0, 4); // the same buffer again and again: bytes are copied
      }
      await rig.until(() => servers.every(({ messages }) => messages.length === 200));
      for (const [s, { messages }] of servers.entries()) {
        const numbers = messages.map(({ bytes }) => new DataView(bytes.buffer).getUint32(0));
        expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => 3 * i + s));
      }
      for (const { socket } of [...servers, client]) socket.close();
    });

    test("hooks run before what was sent leaves", async () => {
      const seen: string[] = [];
      let on = true;
      rig.host.beforeFlush(() => {
        if (on) seen.push(`hook, ${server.messages.length} arrived`);
      });
      const server = await open(rig, LOOPBACK4);
      const client = await open(rig, LOOPBACK4);
      client.socket.send(client.socket.peer(server.socket.local)!, pattern(3, 0), 0, 3);
      expect(seen).toEqual([]);
      await rig.until(() => server.messages.length === 1);
      expect(seen[0]).toBe("hook, 0 arrived");
      on = false;
      server.socket.close();
      client.socket.close();
    });

    test("an address in use, one that is not ours and one that is none are refused with their codes", async () => {
      const first = await open(rig, LOOPBACK4);
      await expect(open(rig, first.socket.local)).rejects.toMatchObject({ name: "HostError", code: "EADDRINUSE" });
      await expect(open(rig, { family: 4, address: "192.0.2.1", port: 0 })).rejects.toMatchObject({
        code: "EADDRNOTAVAIL",
      });
      first.socket.close();
    });

    test("a closed socket hears nothing, and its port is free again", async () => {
      const server = await open(rig, LOOPBACK4);
      const { local } = server.socket;
      const client = await open(rig, LOOPBACK4);
      const peer = client.socket.peer(local)!;
      client.socket.send(peer, pattern(3, 0), 0, 3);
      await rig.until(() => server.messages.length === 1);
      server.socket.close();
      server.socket.close();
      const again = await reopen(rig, local);
      client.socket.send(peer, pattern(3, 0), 0, 3);
      await rig.until(() => again.messages.length === 1);
      expect(server.messages.length).toBe(1);
      expect(() => server.socket.send(server.messages[0]!.peer, pattern(3, 0), 0, 3)).not.toThrow();
      again.socket.close();
      client.socket.close();
    });

    test("what the system refuses to send is told with the peer, and the rest still leaves", async () => {
      const server = await open(rig, LOOPBACK4);
      const client = await open(rig, LOOPBACK4);
      const peer = client.socket.peer(server.socket.local)!;
      client.socket.send(peer, pattern(10, 0), 0, 10);
      client.socket.send(peer, new Uint8Array(65_600), 0, 65_600);
      client.socket.send(peer, pattern(20, 0), 0, 20);
      await rig.until(() => server.messages.length === 2 && client.errors.length === 1);
      expect(client.errors[0]!.code).toBe("EMSGSIZE");
      expect(client.socket.stats.sendErrors).toBe(1);
      server.socket.close();
      client.socket.close();
    });

    test("many sockets come and go", async () => {
      for (let round = 0; round < 5; round++) {
        const inboxes = await Promise.all(Array.from({ length: 8 }, () => open(rig, LOOPBACK4)));
        for (const { socket } of inboxes)
          socket.send(socket.peer(inboxes[(round + 1) % 8]!.socket.local)!, pattern(5, 5), 0, 5);
        await rig.until(() => inboxes[(round + 1) % 8]!.messages.length === 8);
        for (const { socket } of inboxes) socket.close();
      }
    });
  });
}
