// Memory after load (real processes): calls by the thousand, then silence. What the calls took goes back to the system, the live heap is what it
// was after the calls before, and no transaction is left.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { run, start, stop } from "../support/programs.ts";
import { chosenTargets, root, type Server, startServer, type Target } from "../support/server.ts";
import { hasSipp } from "../support/sipp.ts";

const CALLS = 6000;
const A_SECOND = 2000;
const MB = 1 << 20;
/** What the first calls may leave: compiled code and tables at their working size. */
const FIRST = 25 * MB;
/** What as many calls again may leave. A transaction kept for each would be five times this. */
const AGAIN = 8 * MB;
/** The live heap moves less: pages that are half in use do not count. */
const HEAP = 3 * MB;
/** Memory is released 4 s after the last call, and 12 s after it. */
const PATIENCE = 30_000;

const CONFIG = `
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:ctl.sock")
modparam("tm", "wt_timer", 1000)
modparam("tm", "fr_timer", 2000)
modparam("tm", "fr_inv_timer", 3000)
request_route {
  if (method == "OPTIONS") { sl_send_reply("200", "OK"); exit; }
  t_relay();
}
`;

interface Memory {
  readonly resident: number;
  readonly heap: number;
}

const resident = (server: Server): number =>
  Number(/VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, "latin1"))?.[1]) * 1024;

async function command(server: Server, ...args: readonly string[]): Promise<string> {
  const at = `unix:${join(server.directory, "ctl.sock")}`;
  const { code, output } = await run([join(root, "scripts/portico"), "ctl", "-s", at, ...args], { limit: 20_000 });
  if (code !== 0) throw new Error(`ctl ${args.join(" ")}: ${output}`);
  return output;
}

/** Plays the calls; returns the largest resident size meanwhile. */
async function load(server: Server): Promise<number> {
  const port = await freePort();
  const common = ["-i", "127.0.0.1", "-nostdin", "-timeout", "60s", "-timeout_error"];
  const callee = start(["sipp", "-sn", "uas", "-p", String(port), ...common], { cwd: server.directory, limit: 70_000 });
  const rates = ["-r", String(A_SECOND), "-m", String(CALLS), "-l", "100", "-d", "0"];
  const target = ["-rsa", `127.0.0.1:${server.port}`, `127.0.0.1:${port}`];
  const caller = start(["sipp", "-sn", "uac", ...rates, ...common, ...target], {
    cwd: server.directory,
    limit: 70_000,
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, resident(server));
  }, 100);
  try {
    const { output } = await caller.finished;
    // a busy machine loses datagrams, which sipp does not take well: most calls are enough
    const done = Number(/Successful call .*\|\s+(\d+)/.exec(output.slice(output.lastIndexOf("Successful call")))?.[1]);
    if (!(done > CALLS * 0.9)) throw new Error(`sipp played ${done} of ${CALLS} calls: ${output.slice(-1500)}`);
    return peak;
  } finally {
    clearInterval(watch);
    await stop(callee);
  }
}

async function memoryOf(server: Server): Promise<Memory> {
  const used = /\bused: (\d+)/.exec(await command(server, "core.shmmem"))?.[1];
  return { resident: resident(server), heap: Number(used) };
}

/** Memory when both figures are below their limits, or when patience is over. */
async function settled(server: Server, limit: Memory): Promise<Memory> {
  for (const end = Date.now() + PATIENCE; ; ) {
    const memory = await memoryOf(server);
    if ((memory.resident < limit.resident && memory.heap < limit.heap) || Date.now() > end) return memory;
    await new Promise((done) => setTimeout(done, 500));
  }
}

async function rounds(target: Target): Promise<void> {
  const server = await startServer(target, { config: CONFIG });
  try {
    const atStart = await memoryOf(server);
    const peak = await load(server);
    const first = await settled(server, { resident: atStart.resident + FIRST, heap: atStart.heap + HEAP });
    const peakAgain = await load(server);
    const again = await settled(server, { resident: first.resident + AGAIN, heap: first.heap + HEAP });
    const mb = (octets: number): string => (octets / MB).toFixed(0);
    const figures = `${target.name}: ${mb(atStart.resident)} MB at start (heap ${mb(atStart.heap)}); ${mb(peak)} and ${mb(peakAgain)} under load; ${mb(first.resident)} and ${mb(again.resident)} after it (heap ${mb(first.heap)} and ${mb(again.heap)})`;
    if (process.env["PORTICO_FIGURES"] === "1") console.log(figures);
    expect(first.resident, figures).toBeLessThan(atStart.resident + FIRST);
    expect(first.heap, figures).toBeLessThan(atStart.heap + HEAP);
    expect(again.resident, figures).toBeLessThan(first.resident + AGAIN);
    expect(again.heap, figures).toBeLessThan(first.heap + HEAP);
    expect(await command(server, "tm.stats")).toMatch(/current: 0\b/);
  } finally {
    await server.close();
  }
}

for (const target of chosenTargets().filter((t) => t.name !== "kamailio")) {
  test.concurrent(`thousands of calls, twice (${target.name})`, { timeout: 180_000 }, async ({ skip }) => {
    if (!hasSipp) {
      if (process.env["CI"] === "true") throw new Error("sipp is missing (Debian package sip-tester)");
      skip("sipp is not installed (Debian package sip-tester)");
    }
    await rounds(target);
  });
}
