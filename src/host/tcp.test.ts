// One suite for TCP of the runtime that runs it and of the simulation.
import { describe, expect, test, vi } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import type { SocketAddress, TcpConnection, TcpHandlers, TcpListener } from "./host.ts";
import { type Rig, rigs } from "./suite-rig.ts";

const LOOPBACK4: SocketAddress = { family: 4, address: "127.0.0.1", port: 0 };
const LOOPBACK6: SocketAddress = { family: 6, address: "::1", port: 0 };
const QUEUE = 4_000_000;

/** One end: what it got and how it ended. */
class End implements TcpHandlers {
  text = "";
  bytes = 0;
  closes: (string | null)[] = [];
  connection: TcpConnection | null = null;
  onData = (connection: TcpConnection, buf: Uint8Array, start: number, end: number) => {
    this.connection = connection;
    this.bytes += end - start;
    if (this.bytes < 100_000) this.text += textOf(buf, start, end);
  };
  onClose = (_connection: TcpConnection, error: { code: string } | null) => {
    this.closes.push(error?.code ?? null);
  };
}

async function listen({ host }: Rig, local: SocketAddress): Promise<{ listener: TcpListener; ends: End[] }> {
  const ends: End[] = [];
  const listener = await host.network.listenTcp({
    local,
    maxQueue: QUEUE,
    onConnection(connection) {
      const end = new End();
      end.connection = connection;
      ends.push(end);
      return end;
    },
  });
  return { listener, ends };
}

async function connect(rig: Rig, remote: SocketAddress, timeout = 1000): Promise<End & { connection: TcpConnection }> {
  const end = new End();
  let error: unknown = null;
  void rig.host.network.connectTcp({ remote, timeout, handlers: end, maxQueue: QUEUE }).then(
    (connection) => {
      end.connection = connection;
    },
    (reason: unknown) => {
      error = reason;
    },
  );
  await rig.until(() => end.connection !== null || error !== null);
  if (error !== null) throw error;
  return end as End & { connection: TcpConnection };
}

function say(connection: TcpConnection, text: string): boolean {
  const bytes = bytesOf(text);
  const sent = connection.send(bytes, 0, bytes.length);
  bytes.fill(0); // it was copied
  return sent;
}

for (const rig of rigs()) {
  describe(`TCP, ${rig.name}`, () => {
    for (const local of [LOOPBACK4, LOOPBACK6]) {
      test(`bytes go both ways over IPv${local.family}, and a close is orderly on both ends`, async () => {
        const { listener, ends } = await listen(rig, local);
        const client = await connect(rig, listener.local);
        expect(client.connection.remote).toEqual(listener.local);
        for (const word of ["one ", "two ", "three"]) expect(say(client.connection, word)).toBe(true);
        await rig.until(() => ends[0]?.text === "one two three");
        const server = ends[0]!;
        expect(server.connection!.remote).toEqual(client.connection.local);
        expect(server.connection!.local).toEqual(listener.local);
        say(server.connection!, "last words");
        server.connection!.close();
        expect(say(server.connection!, "more")).toBe(false);
        await rig.until(() => client.closes.length === 1 && server.closes.length === 1);
        expect([client.text, client.closes, server.closes]).toEqual(["last words", [null], [null]]);
        expect(say(client.connection, "late")).toBe(false);
        listener.close();
      });
    }

    test("hooks run before bytes leave, once for all of a turn", async () => {
      const { listener, ends } = await listen(rig, LOOPBACK4);
      const client = await connect(rig, listener.local);
      let hooks = 0;
      let on = true;
      rig.host.beforeFlush(() => {
        if (on && hooks++ === 0) expect(ends[0]?.text ?? "").toBe("");
      });
      for (let i = 0; i < 10; i++) say(client.connection, "x");
      expect(hooks).toBe(0);
      await rig.until(() => ends[0]?.text.length === 10);
      on = false;
      expect(hooks).toBeLessThanOrEqual(2); // the turn of the receiving end is ours too
      client.connection.close();
      await rig.until(() => ends[0]!.closes.length === 1);
      listener.close();
    });

    test("a reader that pauses pushes back, and misses nothing when it resumes", async () => {
      const { listener, ends } = await listen(rig, LOOPBACK4);
      const client = await connect(rig, listener.local);
      say(client.connection, "x");
      await rig.until(() => ends[0]?.bytes === 1);
      const server = ends[0]!;
      server.connection!.pause();
      const block = "y".repeat(100_000);
      let sent = 1;
      while (client.connection.queued < 2_000_000) {
        expect(say(client.connection, block)).toBe(true);
        sent += block.length;
      }
      expect(client.connection.queued).toBeGreaterThan(1_000_000);
      server.connection!.resume();
      await rig.until(() => server.bytes === sent);
      await rig.until(() => client.connection.queued === 0);
      client.connection.close();
      await rig.until(() => server.closes.length === 1);
      listener.close();
    });

    test("a full queue ends the connection and says so", async () => {
      const { listener, ends } = await listen(rig, LOOPBACK4);
      const client = await connect(rig, listener.local);
      say(client.connection, "x");
      await rig.until(() => ends[0]?.bytes === 1);
      ends[0]!.connection!.pause();
      const block = "y".repeat(500_000);
      let blocks = 0;
      while (say(client.connection, block)) blocks++;
      expect(blocks).toBeLessThan(20);
      await rig.until(() => client.closes.length === 1);
      expect(client.closes).toEqual(["ENOBUFS"]);
      ends[0]!.connection!.abort();
      listener.close();
    });

    test("who has said all that he wants to say still gets all that is queued for him", async () => {
      const { listener, ends } = await listen(rig, LOOPBACK4);
      const client = await connect(rig, listener.local);
      client.connection.pause();
      say(client.connection, "x");
      await rig.until(() => ends[0]?.bytes === 1);
      const server = ends[0]!;
      const block = "y".repeat(100_000);
      let sent = 0;
      while (server.connection!.queued < 2_000_000) {
        expect(say(server.connection!, block)).toBe(true);
        sent += block.length;
      }
      client.connection.close();
      expect(say(client.connection, "more")).toBe(false);
      await rig.until(() => !say(server.connection!, "z"));
      client.connection.resume();
      await rig.until(() => client.closes.length === 1 && server.closes.length === 1);
      expect(client.bytes).toBeGreaterThanOrEqual(sent);
      expect([client.closes, server.closes]).toEqual([[null], [null]]);
      listener.close();
    });

    test.runIf(rig.name !== "simulated")("who takes nothing of what is left is not waited for", async () => {
      const { listener, ends } = await listen(rig, LOOPBACK4);
      const client = await connect(rig, listener.local);
      client.connection.pause();
      say(client.connection, "x");
      await rig.until(() => ends[0]?.bytes === 1);
      const server = ends[0]!;
      const block = "y".repeat(100_000);
      // more than the system takes on both sides
      for (let same = 0, before = -1; same < 50; same = server.connection!.queued === before ? same + 1 : 0) {
        before = server.connection!.queued;
        if (before < 3_000_000) say(server.connection!, block);
        await new Promise((next) => setImmediate(next));
      }
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      try {
        server.connection!.close();
        expect(server.connection!.queued).toBeGreaterThan(0);
        vi.advanceTimersByTime(16_000);
      } finally {
        vi.useRealTimers();
      }
      await rig.until(() => server.closes.length === 1);
      client.connection.abort();
      listener.close();
    });

    test("an abort is an error for the other end, if it hears of it, and none for ours", async () => {
      const { listener, ends } = await listen(rig, LOOPBACK4);
      const client = await connect(rig, listener.local);
      say(client.connection, "x");
      await rig.until(() => ends[0]?.bytes === 1);
      client.connection.abort();
      client.connection.abort();
      await rig.until(() => ends[0]!.closes.length === 1 && client.closes.length === 1);
      expect(client.closes).toEqual([null]);
      listener.close();
    });

    test("refused connections, taken ports and foreign addresses have their codes", async () => {
      const { listener } = await listen(rig, LOOPBACK4);
      await expect(listen(rig, listener.local)).rejects.toMatchObject({ name: "HostError", code: "EADDRINUSE" });
      await expect(listen(rig, { ...LOOPBACK4, address: "192.0.2.1" })).rejects.toMatchObject({
        code: "EADDRNOTAVAIL",
      });
      listener.close();
      await expect(connect(rig, listener.local)).rejects.toMatchObject({ name: "HostError", code: "ECONNREFUSED" });
    });
  });
}
