// What the shared transport tests need of a host under test: real hosts wait for the system, the simulated one moves time.
import { openBunLibc } from "./ffi-bun.ts";
import { openDenoLibc } from "./ffi-deno.ts";
import { FlushGate } from "./flush.ts";
import type { Host } from "./host.ts";
import { makeHost } from "./node-host.ts";
import { connectTcp, listenTcp } from "./node-tcp.ts";
import { createSimulation } from "./simulated.ts";
import { bindPortableUdp } from "./udp-portable.ts";

/** A host and a way to wait on it. */
export interface Rig {
  readonly name: string;
  readonly host: Host;
  /** Goes on until `condition` holds; throws when it never does. */
  until(condition: () => boolean): Promise<void>;
}

const DEADLINE = 10_000;

/** Hosts whose sockets are native, portable (node:net, no native calls) and simulated, on the runtime that runs the tests. */
export function rigs(): Rig[] {
  const runtime = "Deno" in globalThis ? "deno" : "bun";
  const native = makeHost(runtime, runtime === "deno" ? openDenoLibc : openBunLibc);
  const gate = new FlushGate((fn) => native.clock.soon(fn));
  const portable: Host = {
    ...native,
    beforeFlush: (fn) => gate.before(fn),
    network: {
      ...native.network,
      nativeUdp: false,
      bindUdp: (options) => bindPortableUdp(gate, options),
      listenTcp: (options) => listenTcp(gate, options),
      connectTcp: (options) => connectTcp(gate, options),
    },
  };
  return [
    { name: `${runtime} native`, host: native, until: untilReal },
    { name: `${runtime} portable`, host: portable, until: untilReal },
    simulatedRig(),
  ];
}

/** A simulated host. */
export function simulatedRig(): Rig {
  const world = createSimulation({ seed: 7 });
  return {
    name: "simulated",
    host: world.host({ addresses: ["10.0.0.1", "fd00::1"] }),
    async until(condition) {
      for (let i = 0; i < DEADLINE && !condition(); i++) await world.advance(1);
      if (!condition()) throw new Error("the condition never held");
    },
  };
}

async function untilReal(condition: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE;
  while (!condition()) {
    if (performance.now() > end) throw new Error("the condition never held");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
