// What only the native driver promises: threads and descriptors come back, and a flood starves nobody.
import { readdirSync, readlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openBunLibc } from "./ffi-bun.ts";
import { openDenoLibc } from "./ffi-deno.ts";
import { FlushGate } from "./flush.ts";
import type { Libc } from "./libc.ts";
import { Poller } from "./poller.ts";
import { rigs } from "./suite-rig.ts";
import { NativeUdp } from "./udp-native.ts";

const rig = rigs()[0]!;
const { network, clock } = rig.host;
const LOCAL = { family: 4, address: "127.0.0.1", port: 0 } as const;

/** Descriptors that belong to UDP sockets' waiting: epoll instances, event counters and sockets. */
function descriptors(): number {
  let count = 0;
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (/^(socket:|anon_inode:\[eventfd\]|anon_inode:\[eventpoll\])/.test(readlinkSync(`/proc/self/fd/${fd}`)))
        count++;
    } catch {} // closed meanwhile: the one of the listing itself
  }
  return count;
}

const threads = () => readdirSync("/proc/self/task").length;

async function openAndClose(): Promise<void> {
  let got = 0;
  const a = await network.bindUdp({
    local: LOCAL,
    onMessage: () => {
      got++;
    },
  });
  a.send(a.peer(a.local)!, new Uint8Array(3), 0, 3);
  await rig.until(() => got === 1);
  a.close();
}

describe.skipIf(!network.nativeUdp)("native UDP (only where the system has it)", () => {
  test("closing the last socket gives descriptors and the thread back", async () => {
    await openAndClose();
    const before = descriptors();
    for (let i = 0; i < 10; i++) await openAndClose();
    await rig.until(() => descriptors() <= before);
    const settled = threads();
    for (let i = 0; i < 10; i++) await openAndClose();
    // runtimes keep some threads of their own ready; ten more wakers would show
    await rig.until(() => threads() < settled + 5);
  });

  test("a flood that never ends leaves timers and other sockets their turns", async () => {
    const pay = new Uint8Array(300);
    let bounced = 0;
    // Two sockets send each datagram back for ever, 500 of them at once.
    let over = false;
    const open = () =>
      network.bindUdp({
        local: LOCAL,
        onMessage(buf, start, end, peer) {
          bounced++;
          if (!over)
            sockets.get(peer.remote.port === b.local.port ? a.local.port : b.local.port)!.send(peer, buf, start, end);
        },
      });
    const a = await open();
    const b = await open();
    const sockets = new Map([
      [a.local.port, a],
      [b.local.port, b],
    ]);
    let others = 0;
    const quiet = await network.bindUdp({
      local: LOCAL,
      onMessage: () => {
        others++;
      },
    });
    const peer = a.peer(b.local)!;
    for (let i = 0; i < 500; i++) a.send(peer, pay, 0, pay.length);
    await rig.until(() => bounced > 2000);
    let ticks = 0;
    for (let i = 0; i < 20; i++) {
      quiet.send(quiet.peer(quiet.local)!, pay, 0, 1);
      await new Promise<void>((resolve) => void clock.after(1, resolve));
      ticks++;
    }
    await rig.until(() => others === 20);
    expect(ticks).toBe(20);
    expect(bounced).toBeGreaterThan(5000);
    over = true;
    for (const socket of [a, b, quiet]) socket.close();
  });

  test("one bug above does not cost the other datagrams of a batch", async () => {
    let got = 0;
    const errors: unknown[] = [];
    const seen = (error: unknown) => errors.push(error);
    const old = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", seen);
    const a = await network.bindUdp({
      local: LOCAL,
      onMessage() {
        if (++got === 2) throw new Error("a bug");
      },
    });
    for (let i = 0; i < 5; i++) a.send(a.peer(a.local)!, new Uint8Array(3), 0, 3);
    await rig.until(() => got === 5 && errors.length === 1);
    process.off("uncaughtException", seen);
    for (const listener of old) process.on("uncaughtException", listener);
    expect(String(errors[0])).toContain("a bug");
    a.close();
  });

  test("a closed port is told of once a datagram went there, when asked for; datagrams to others are not lost", async () => {
    const gone = await network.bindUdp({ local: LOCAL, onMessage: () => {} });
    const { local: closed } = gone;
    gone.close();
    for (const icmp of [true, false]) {
      const errors: string[] = [];
      let got = 0;
      const b = await network.bindUdp({ local: LOCAL, onMessage: () => void got++ });
      const a = await network.bindUdp({
        local: LOCAL,
        icmp,
        onMessage: () => {},
        onError: (peer, error) => void errors.push(`${peer?.remote.port === closed.port} ${error.code}`),
      });
      const well = a.peer(b.local)!;
      for (let i = 0; i < 20; i++) {
        a.send(a.peer(closed)!, new Uint8Array(3), 0, 3);
        a.send(well, new Uint8Array(3), 0, 3);
        await rig.until(() => got === i + 1 && (!icmp || errors.length === i + 1));
      }
      expect(errors).toEqual(icmp ? new Array(20).fill("true ECONNREFUSED") : []);
      expect(a.stats.sendErrors).toBe(0);
      a.close();
      b.close();
    }
  });

  test("after errors the socket sleeps again, and IPv6 tells them too", async () => {
    const local = { family: 6, address: "::1", port: 0 } as const;
    const gone = await network.bindUdp({ local, onMessage: () => {} });
    const { local: closed } = gone;
    gone.close();
    // looks at the socket are counted: one that woke up again and again would be looked at all the time
    let looks = 0;
    const libc = "Deno" in globalThis ? openDenoLibc() : openBunLibc();
    const counting: Libc = Object.create(libc, {
      recvmmsg: {
        value: (...args: Parameters<Libc["recvmmsg"]>) => {
          looks++;
          return libc.recvmmsg(...args);
        },
      },
    });
    const soon = (fn: () => void): void => clock.soon(fn);
    const driver = new NativeUdp(new Poller(counting, new FlushGate(soon), soon));
    let told = 0;
    const a = driver.bind({
      local,
      icmp: true,
      onMessage: () => {},
      onError: (peer) => void (told += peer?.remote.port === closed.port ? 1 : 100),
    });
    a.send(a.peer(closed)!, new Uint8Array(3), 0, 3);
    await rig.until(() => told === 1);
    await new Promise<void>((resolve) => void clock.after(100, resolve));
    const before = looks;
    await new Promise<void>((resolve) => void clock.after(200, resolve));
    expect(looks - before).toBeLessThan(20);
    expect(looks).toBeGreaterThan(0);
    expect(told).toBe(1);
    a.close();
  });
});
