// Settings of the system for connections, read back from the sockets themselves, on the runtime that runs the tests.
import { describe, expect, test } from "vitest";
import { openBunLibc } from "./ffi-bun.ts";
import { openDenoLibc } from "./ffi-deno.ts";
import type { TcpConnection, TcpHandlers, TcpTuning } from "./host.ts";
import { type Libc, nativeMemory } from "./libc.ts";
import { rigs } from "./suite-rig.ts";

const { host, until } = rigs()[0]!;
const NAMES: Readonly<Record<string, readonly [number, number]>> = {
  isListening: [1, 30],
  keepAlive: [1, 9],
  idle: [6, 4],
  interval: [6, 5],
  count: [6, 6],
  synRetries: [6, 7],
  finWait: [6, 8],
  deferAccept: [6, 9],
  tos: [0, 1],
  tclass: [41, 67],
};

// What those sockets of ours have whose own port is that one; `-1` what they do not.
function settings(port: number): Record<string, number>[] {
  const libc: Libc = "Deno" in globalThis ? openDenoLibc() : openBunLibc();
  const [name, value, length] = [nativeMemory(32), nativeMemory(8), nativeMemory(8)];
  const found: Record<string, number>[] = [];
  for (let fd = 0; fd < 400; fd++) {
    new Int32Array(length.buffer)[0] = 32;
    if (libc.getsockname(fd, libc.pin(name), libc.pin(length)) < 0) continue;
    if (((name[2]! << 8) | name[3]!) !== port) continue;
    const own: Record<string, number> = {};
    for (const [what, [level, option]] of Object.entries(NAMES)) {
      new Int32Array(length.buffer)[0] = 4;
      new Int32Array(value.buffer)[0] = 0;
      const got = libc.getsockopt(fd, level, option, libc.pin(value), libc.pin(length));
      own[what] = got < 0 ? -1 : new Int32Array(value.buffer)[0]!;
    }
    found.push(own);
  }
  return found;
}

const quiet: TcpHandlers = { onData: () => {}, onClose: () => {} };
const TUNING: TcpTuning = { keepAlive: 7000, keepInterval: 3, keepCount: 4, finWait: 9, trafficClass: 0x28 };
const TUNED = { keepAlive: 1, idle: 7, interval: 3, count: 4, finWait: 9 };

describe.skipIf(!host.network.nativeUdp)("settings of connections (only where native calls can be made)", () => {
  for (const address of ["127.0.0.1", "::1"]) {
    const local = { family: address === "::1" ? 6 : 4, address, port: 0 } as const;
    const marks = local.family === 4 ? { tos: 0x28 } : { tclass: 0x28 };

    test(`connections that we accept and that we open have them: ${address}`, async () => {
      const accepted: TcpConnection[] = [];
      const listener = await host.network.listenTcp({
        local,
        maxQueue: 1000,
        ...TUNING,
        synRetries: 2,
        onConnection(connection) {
          accepted.push(connection);
          return quiet;
        },
      });
      const remote = listener.local;
      const opened = await host.network.connectTcp({
        remote,
        timeout: 5000,
        handlers: quiet,
        maxQueue: 1000,
        ...TUNING,
      });
      await until(() => accepted.length === 1);
      expect(settings(opened.local.port)).toEqual([expect.objectContaining({ ...TUNED, ...marks })]);
      const ours = settings(remote.port);
      expect(ours.filter((s) => s["isListening"] === 0)).toEqual([expect.objectContaining({ ...TUNED, ...marks })]);
      expect(ours.filter((s) => s["isListening"] === 1)).toEqual([expect.objectContaining({ synRetries: 2 })]);
      opened.abort();
      listener.close();
    });
  }

  test("without settings the system's own stay", async () => {
    const local = { family: 4, address: "127.0.0.1", port: 0 } as const;
    const listener = await host.network.listenTcp({ local, maxQueue: 1000, onConnection: () => quiet });
    const opened = await host.network.connectTcp({
      remote: listener.local,
      timeout: 5000,
      handlers: quiet,
      maxQueue: 1000,
    });
    expect(settings(opened.local.port)).toEqual([expect.objectContaining({ keepAlive: 0, tos: 0 })]);
    opened.abort();
    listener.close();
  });

  test("a connection that says nothing is held back", async () => {
    let accepted = 0;
    const local = { family: 4, address: "127.0.0.1", port: 0 } as const;
    const onConnection = (): TcpHandlers => {
      accepted++;
      return quiet;
    };
    const listener = await host.network.listenTcp({ local, maxQueue: 1000, deferAccept: 5, onConnection });
    const open = { remote: listener.local, timeout: 5000, handlers: quiet, maxQueue: 1000 };
    const silent = await host.network.connectTcp(open);
    const talks = await host.network.connectTcp(open);
    talks.send(new Uint8Array(3), 0, 3);
    await until(() => accepted > 0);
    expect(accepted).toBe(1);
    silent.abort();
    talks.abort();
    listener.close();
  });
});
