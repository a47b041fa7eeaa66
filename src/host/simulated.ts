// The simulated Host (design.md, D1): a world with virtual time, seeded randomness and an in-memory network.
//
//   const world = createSimulation({ seed: 1 });
//   const a = world.host({ addresses: ["10.0.0.1"] });
//   world.setLinks({ loss: 0.05, delay: 20, jitter: 5 });
//   await world.run(32_000);                      // 32 seconds, in no time
import { asset, pythonFolder } from "./assets.ts";
import { FlushGate } from "./flush.ts";
import { type Files, type Host, HostError, type Network, type SqliteDatabase } from "./host.ts";
import { hashing } from "./node-basics.ts";
import { nodeTls } from "./node-tls.ts";
import { EventQueue, SeededRandom } from "./sim-clock.ts";
import { type SimProcess, type SimProcessOptions, simFiles, simProcess } from "./sim-files.ts";
import { type LinkOptions, type Packet, SimNetwork } from "./sim-network.ts";
import { SimSctpSocket } from "./sim-sctp.ts";
import { type SimSystem, simSystem } from "./sim-system.ts";
import { connectSimTcp, SimTcpListener } from "./sim-tcp.ts";
import { type SimEndpoint, SimUdpSocket, sendSimUdp } from "./sim-udp.ts";
import { openRuntimeSqlite } from "./sqlite-runtime.ts";

export type { LinkOptions } from "./sim-network.ts";

/** What a simulated host is given. */
export interface SimHostOptions extends SimProcessOptions {
  /** Numeric addresses, the first of each family being what it sends from. Loopback is there anyway. */
  readonly addresses: readonly string[];
  /** Milliseconds by which its wall clock is wrong. */
  readonly skew?: number;
  /** Whether its system has no SCTP. */
  readonly noSctp?: boolean;
}

/** A Host of a simulation, with what a test may look at. */
export interface SimHost extends Host {
  readonly name: "simulated";
  readonly process: SimProcess;
  readonly system: SimSystem;
}

/** Hosts, a network between them, and time that moves only when told. */
export interface Simulation {
  /** Milliseconds since the beginning. */
  readonly now: number;
  host(options: SimHostOptions): SimHost;
  /** What all links do that were not set one by one. At first: 1 ms delay and nothing lost. */
  setLinks(options: Partial<LinkOptions>): void;
  /** One direction between two addresses. */
  setLink(from: string, to: string, options: Partial<LinkOptions>): void;
  /** Breaks the way between two addresses: open connections break on both ends, nothing passes until `heal`. */
  cut(a: string, b: string): void;
  heal(a: string, b: string): void;
  /** What Network.lookup finds. */
  setName(name: string, addresses: readonly string[]): void;
  /** Whether datagrams to a closed port of a known host are reported to the sender. At first: no. */
  setIcmp(on: boolean): void;
  /** Sees each packet when it is sent, also those that get lost. */
  observe(fn: ((packet: Packet) => void) | null): void;
  /** Loses the packets for which it returns false. */
  filter(fn: ((packet: Packet) => boolean) | null): void;
  /** Takes the next event; false when there is none. Promises do not go on within it. */
  step(): boolean;
  /** Takes all events up to that time, letting promises go on after each, and sets the clock to it. */
  run(untilMs: number): Promise<void>;
  /** The same for `ms` from now. */
  advance(ms: number): Promise<void>;
  /** Like `run`, but in one go: for code that waits for no promise. */
  runSync(untilMs: number): void;
  /** Runs until no event is left, at most to `limitMs`; returns whether none is left. */
  runUntilIdle(limitMs?: number): Promise<boolean>;
}

const IDLE_LIMIT = 3_600_000;

/** A new world. The same seed and the same calls give the same events. */
export function createSimulation({ seed }: { seed: number }): Simulation {
  const events = new EventQueue();
  const random = new SeededRandom(seed);
  const network = new SimNetwork<SimUdpSocket, SimTcpListener, SimSctpSocket>(events, random);
  let hosts = 0;

  const run = async (untilMs: number) => {
    await settle();
    while (events.next() <= untilMs) {
      events.step();
      await settle();
    }
    events.now = Math.max(events.now, Math.min(untilMs, Number.MAX_SAFE_INTEGER));
  };
  return {
    get now() {
      return events.now;
    },
    host: (options) => makeSimHost(++hosts, seed, network, options),
    setLinks: (options) => network.setDefault(options),
    setLink: (from, to, options) => network.setLink(from, to, options),
    cut(a, b) {
      network.cut(a, b);
      for (const connection of network.connections)
        if (network.isCut(connection.local.address, connection.remote.address)) connection.broken("ECONNRESET");
    },
    heal: (a, b) => network.heal(a, b),
    setName: (name, addresses) => void network.names.set(name.toLowerCase(), [...addresses]),
    setIcmp: (on) => {
      network.icmp = on;
    },
    observe: (fn) => {
      network.observer = fn;
    },
    filter: (fn) => {
      network.filter = fn;
    },
    step: () => events.step(),
    run,
    advance: (ms) => run(events.now + ms),
    runSync(untilMs) {
      while (events.next() <= untilMs) events.step();
      events.now = Math.max(events.now, untilMs);
    },
    async runUntilIdle(limitMs = events.now + IDLE_LIMIT) {
      await settle();
      while (events.next() <= limitMs) {
        events.step();
        await settle();
      }
      return events.next() === Number.POSITIVE_INFINITY;
    },
  };
}

/** Lets every promise that can go on do so: a turn of the real loop comes after all of them. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function makeSimHost(
  id: number,
  seed: number,
  network: SimNetwork<SimUdpSocket, SimTcpListener, SimSctpSocket>,
  options: SimHostOptions,
): SimHost {
  const clock = network.events.clock(options.skew);
  const gate = new FlushGate(clock.soon);
  const noSctp = options.noSctp === true ? new HostError("EPROTONOSUPPORT", "socket: EPROTONOSUPPORT") : null;
  const endpoint: SimEndpoint = { id, addresses: options.addresses, gate, network, noSctp };
  for (const address of options.addresses) network.own(address, id);
  const files = simFiles();
  return {
    name: "simulated",
    clock,
    random: new SeededRandom(Math.imul(seed, 0x9e3779b1) + id),
    hashing,
    network: simNetworkOf(endpoint),
    files,
    process: simProcess(id, options),
    system: simSystem((ms, fn) => void clock.after(ms, fn)),
    tls: nodeTls("bun"),
    openSqlite: keepDatabases(files),
    beforeFlush: (fn) => gate.before(fn),
    asset,
    pythonFolder,
  };
}

function simNetworkOf(endpoint: SimEndpoint): Network {
  const { network, addresses } = endpoint;
  const { events, names } = network;
  return {
    nativeUdp: false,
    bindUdp: async (options) => new SimUdpSocket(endpoint, options),
    openRawUdp: () => ({
      send: (from, to, buf, start, end) => sendSimUdp(endpoint, from, to, buf.slice(start, end), () => undefined),
      close: () => undefined,
    }),
    noSctp: () => endpoint.noSctp,
    bindSctp: async (options) => {
      if (endpoint.noSctp !== null) throw endpoint.noSctp;
      return new SimSctpSocket(endpoint, options);
    },
    listenTcp: async (options) => new SimTcpListener(endpoint, options),
    connectTcp: (options) => connectSimTcp(endpoint, options),
    listenUnix: async ({ path }) => {
      throw new HostError("ENOSYS", `cannot listen on unix:${path}: not in a simulation`);
    },
    connectUnix: async ({ path }) => {
      throw new HostError("ENOSYS", `cannot connect to unix:${path}: not in a simulation`);
    },
    interfaces: () => [["lo", "127.0.0.1"], ...addresses.map((address) => ["eth0", address] as const)],
    // the address that shares most of its beginning with the far one, as if that were the network both are in
    sourceFor: (address) => {
      const alike = (own: string): number => {
        let n = 0;
        while (n < own.length && own[n] === address[n]) n++;
        return n;
      };
      const family = address.includes(":");
      const own = addresses.filter((a) => a.includes(":") === family);
      return own.sort((a, b) => alike(b) - alike(a))[0] ?? null;
    },
    nameOf: async (address) => [...names].find(([, addresses]) => addresses.includes(address))?.[0] ?? null,
    lookup: (name, family) =>
      new Promise((resolve) => {
        const found = names.get(name.toLowerCase()) ?? [];
        events.at(events.now + 1, () => resolve(found.filter((a) => a.includes(":") === (family === 6))));
      }),
  };
}

/** Databases live in memory; one opened by a path is there again when that path is opened again, as a file would be. */
function keepDatabases(files: Files): Host["openSqlite"] {
  const kept = new Map<string, SqliteDatabase>();
  return (path) => {
    if (path === ":memory:") return openRuntimeSqlite(path);
    let database = kept.get(path);
    if (database === undefined) {
      database = openRuntimeSqlite(":memory:");
      kept.set(path, database);
      files.makeDirectory(files.resolve(path, ".."));
      files.write(path, new Uint8Array(0)); // so that the file is seen to be there
    }
    return { ...database, close: () => {} };
  };
}
