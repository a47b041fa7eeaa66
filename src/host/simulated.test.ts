// The simulated world: determinism, links, virtual time, push-back.
import { describe, expect, test } from "vitest";
import type { SocketAddress, TcpConnection } from "./host.ts";
import { createSimulation, type LinkOptions, type SimHost } from "./simulated.ts";

const A: SocketAddress = { family: 4, address: "10.0.0.1", port: 5060 };
const B: SocketAddress = { family: 4, address: "10.0.0.2", port: 5060 };

/** Sends 500 numbered datagrams over a bad link; the numbers and times at which they arrive. */
async function traffic(seed: number, links: Partial<LinkOptions>): Promise<{ numbers: number[]; times: number[] }> {
  const world = createSimulation({ seed });
  world.setLinks(links);
  const a = world.host({ addresses: [A.address] });
  const b = world.host({ addresses: [B.address] });
  const numbers: number[] = [];
  const times: number[] = [];
  await b.network.bindUdp({
    local: B,
    onMessage(buf, start) {
      numbers.push(new DataView(buf.buffer, buf.byteOffset).getUint32(start));
      times.push(world.now);
    },
  });
  const socket = await a.network.bindUdp({ local: A, onMessage: () => {} });
  const peer = socket.peer(B)!;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 500; i++) {
    new DataView(bytes.buffer).setUint32(0, i);
    socket.send(peer, bytes, 0, 4);
    await world.advance(1);
  }
  await world.runUntilIdle();
  return { numbers, times };
}

const sorted = (numbers: number[]) => [...numbers].sort((x, y) => x - y);

describe("simulation", () => {
  test("the same seed gives the same events, another seed others", async () => {
    const bad = { loss: 0.1, delay: 10, jitter: 20, duplicate: 0.05, corrupt: 0.01 };
    const first = await traffic(1, bad);
    expect(await traffic(1, bad)).toEqual(first);
    expect(await traffic(2, bad)).not.toEqual(first);
  });

  test("a perfect link keeps order and loses nothing", async () => {
    const { numbers, times } = await traffic(3, { delay: 7 });
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(times[0]).toBe(7);
  });

  test("loss, doubling, reordering and corruption do what they say", async () => {
    expect((await traffic(4, { loss: 0.2 })).numbers.length).toBeGreaterThan(350);
    expect((await traffic(4, { loss: 0.2 })).numbers.length).toBeLessThan(450);
    const doubled = (await traffic(4, { duplicate: 0.2 })).numbers.length;
    expect(doubled).toBeGreaterThan(550);
    expect(doubled).toBeLessThan(650);
    const { numbers } = await traffic(4, { jitter: 10 });
    expect(numbers).not.toEqual(sorted(numbers));
    expect(sorted(numbers)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    const changed = (await traffic(4, { corrupt: 0.2 })).numbers.filter((n, i) => n !== i).length;
    expect(changed).toBeGreaterThan(60);
    expect(changed).toBeLessThan(140);
  });

  test("timers fire in the order of their times, and of their making at the same time", async () => {
    const world = createSimulation({ seed: 1 });
    const { clock } = world.host({ addresses: [A.address] });
    const order: string[] = [];
    clock.after(10, () => order.push("10 a"));
    clock.after(5, () => order.push("5"));
    const cancel = clock.after(7, () => order.push("7"));
    clock.after(10, () => order.push("10 b"));
    clock.soon(() => {
      order.push("soon");
      clock.after(0, () => order.push("at once"));
    });
    cancel();
    const wall = clock.wall();
    await world.run(9);
    expect(order).toEqual(["soon", "at once", "5"]);
    expect([world.now, clock.mono(), clock.wall() - wall]).toEqual([9, 9, 9]);
    world.runSync(10);
    expect(order.slice(3)).toEqual(["10 a", "10 b"]);
    expect(world.step()).toBe(false);
  });

  test("32 seconds of waiting promises take none", async () => {
    const world = createSimulation({ seed: 1 });
    const { clock } = world.host({ addresses: [A.address] });
    let at = -1;
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    const task = (async () => {
      for (let i = 0; i < 64; i++) await wait(500);
      at = clock.mono();
    })();
    await world.run(40_000);
    await task;
    expect(at).toBe(32_000);
  });

  test("many timers keep their order", async () => {
    const world = createSimulation({ seed: 9 });
    const { clock, random } = world.host({ addresses: [A.address] });
    const fired: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const ms = random.uint32() % 1000;
      clock.after(ms, () => fired.push(ms));
    }
    world.runSync(1000);
    expect(fired).toEqual(sorted(fired));
    expect(fired.length).toBe(5000);
  });

  test("a filter loses what it wants, an observer sees all, names are found, ICMP is told when asked for", async () => {
    const world = createSimulation({ seed: 1 });
    const a = world.host({ addresses: [A.address, "fd00::1"] });
    world.host({ addresses: [B.address] });
    world.setName("Sip.Example.org", [B.address, "fd00::2"]);
    const errors: string[] = [];
    const seen: number[] = [];
    world.observe(({ time }) => seen.push(time));
    const socket = await a.network.bindUdp({
      local: { ...A, address: "0.0.0.0" },
      icmp: true,
      onMessage: () => {},
      onError: (peer, error) => errors.push(`${peer?.remote.address} ${error.code}`),
    });
    const ping = async () => {
      socket.send(socket.peer(B)!, new Uint8Array(1), 0, 1);
      await world.advance(10);
    };
    await ping();
    world.setIcmp(true);
    world.filter(() => false);
    await ping();
    world.filter(null);
    await ping();
    expect(errors).toEqual([`${B.address} ECONNREFUSED`]);
    expect(seen).toEqual([0, 10, 20]);
    let found: readonly string[] = [];
    void a.network.lookup("sip.example.ORG", 6).then((addresses) => {
      found = addresses;
    });
    await world.advance(5);
    expect(found).toEqual(["fd00::2"]);
    expect(() => world.host({ addresses: [A.address] })).toThrow("10.0.0.1");
  });

  test("databases of a path are there again, output and exit codes are kept", () => {
    const host = createSimulation({ seed: 1 }).host({ addresses: [A.address], args: ["-c"], env: { X: "1" } });
    host.openSqlite("/a.db").exec("create table t (v); insert into t values (1)");
    host.openSqlite("/a.db").close();
    expect(host.openSqlite("/a.db").prepare("select v from t").all()).toEqual([{ v: 1 }]);
    host.process.write(1, "hello");
    expect(() => host.process.exit(2)).toThrow();
    expect([host.process.output[1], host.process.exitCode, host.process.args, host.process.env("X")]).toEqual([
      "hello",
      2,
      ["-c"],
      "1",
    ]);
  });

  test("TCP pushes back: a paused reader fills the sender's queue, and the sender is told", async () => {
    const world = createSimulation({ seed: 1 });
    const { received, sender, receiver, closed } = await pair(world.host({ addresses: [A.address] }), world);
    receiver().pause();
    const block = new Uint8Array(20_000);
    for (let i = 0; i < 5; i++) expect(sender.send(block, 0, block.length)).toBe(true);
    await world.advance(100);
    expect(received()).toBe(0);
    expect(sender.queued).toBeGreaterThan(30_000);
    receiver().resume();
    await world.advance(100);
    expect([received(), sender.queued]).toEqual([100_000, 0]);
    receiver().pause();
    while (sender.send(block, 0, block.length));
    await world.advance(100);
    expect(closed).toContain("ENOBUFS");
  });
});

async function pair(host: SimHost, world: { advance(ms: number): Promise<void> }) {
  let received = 0;
  let receiver: TcpConnection | null = null;
  let sender: TcpConnection | null = null;
  const closed: (string | null)[] = [];
  await host.network.listenTcp({
    local: A,
    maxQueue: 100_000,
    onConnection(connection) {
      receiver = connection;
      return {
        onData: (_c, _buf, start, end) => {
          received += end - start;
        },
        onClose: () => {},
      };
    },
  });
  void host.network
    .connectTcp({
      remote: A,
      timeout: 100,
      maxQueue: 100_000,
      handlers: { onData: () => {}, onClose: (_c, error) => closed.push(error?.code ?? null) },
    })
    .then((connection) => {
      sender = connection;
    });
  await world.advance(10);
  return { received: () => received, receiver: () => receiver!, sender: sender!, closed };
}
