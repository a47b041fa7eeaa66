// What kill -9 costs, by db_mode, on SQLite: hundreds of REGISTERs a second, the process killed at a moment that a seed draws, and after the
// next start every acknowledged change is looked for. SIGTERM costs nothing, whatever the mode.

import { expect, test } from "vitest";
import { SeededRandom } from "../../src/host/sim-clock.ts";
import { type Change, PhoneLoad } from "../support/phone-load.ts";
import { chosenTargets, type Server, startServer, type Target } from "../support/server.ts";

const isLong = process.env.PORTICO_LONG === "1";
const ROUNDS = isLong ? 12 : 2;
const PHONES_A_SECOND = 150;
const TIMER_INTERVAL = 1;

/** How old an acknowledged change may be and yet be lost, milliseconds: nothing but with write-back, where it is one timer_interval until its turn comes and at most one more until it is written. */
const MAY_BE_LOST: Readonly<Record<number, number>> = {
  0: Number.POSITIVE_INFINITY,
  1: 0,
  2: 2000 * TIMER_INTERVAL,
  3: 0,
};

const config = (mode: number): string => `
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "db_sqlite.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_url", DB_URL)
modparam("usrloc", "db_mode", ${mode})
modparam("usrloc", "timer_interval", ${TIMER_INTERVAL})
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("MESSAGE")) {
    $var(rc) = lookup("location");
    if ($var(rc) > 0) { sl_send_reply("200", "there"); exit; }
    sl_send_reply("404", "not there");
    exit;
  }
  sl_send_reply("200", "up");
}
`;

// the executable is the same program as on Bun: with --long only
for (const target of chosenTargets().filter(({ name }) => name !== "kamailio" && (isLong || name !== "dist")))
  for (const mode of [0, 1, 2, 3])
    test.concurrent(`killed, db_mode ${mode} (${target.name})`, { timeout: 300_000 }, ({ onTestFinished }) =>
      killed(target, mode, onTestFinished),
    );

async function killed(target: Target, mode: number, onEnd: (end: () => Promise<void>) => void): Promise<void> {
  const seed = Number(process.env.PORTICO_SEED ?? Date.now() % 1_000_000);
  const random = new SeededRandom(seed);
  const server = await startServer(target, { config: config(mode) });
  onEnd(async () => void (await server.close()));
  const seen = { acknowledged: 0, lost: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const isLast = round === ROUNDS - 1;
    const load = new PhoneLoad(server.port, () => random.uint32() / 2 ** 32);
    await load.open();
    let isOver = false;
    const running = load.run(`r${round}u`, { phones: PHONES_A_SECOND, calls: 0, called: 1 }, () => isOver, true);
    await new Promise((resolve) => setTimeout(resolve, 300 + (random.uint32() % (mode === 2 ? 3000 : 1000))));
    if (isLast) await server.stop();
    else {
      const { pid } = server;
      process.kill(pid, "SIGKILL");
    }
    const at = performance.now();
    isOver = true;
    load.abandon();
    await running;
    load.close();
    await server.restart();
    const told = `seed ${seed}, round ${round}\n${server.log.slice(-2000)}`;
    await look(server, load, isLast && mode !== 0 ? at : at - MAY_BE_LOST[mode]!, seen, mode, told);
  }
  expect(seen.acknowledged).toBeGreaterThan(100);
  if (mode === 0) expect(seen.lost).toBeGreaterThan(0);
  if (isLong) console.log(`db_mode ${mode}: ${seen.acknowledged} acknowledged, ${seen.lost} not written, seed ${seed}`);
}

/** Compares the table with the changes; those acknowledged before `cutoff` must be in it. */
async function look(
  server: Server,
  load: PhoneLoad,
  cutoff: number,
  seen: { acknowledged: number; lost: number },
  mode: number,
  told: string,
): Promise<void> {
  const rows = mode === 0 ? [] : server.rows("SELECT contact FROM location");
  const there = new Set(rows.map((row) => String(row["contact"])));
  const wrong: string[] = [];
  const sure: string[] = [];
  for (const [user, changes] of load.changes) {
    seen.acknowledged += changes.filter((c) => c.acknowledged >= 0).length;
    for (const contact of new Set(changes.map((c) => c.contact))) {
      const own = changes.filter((c) => c.contact === contact);
      const possible = states(own, cutoff);
      if (!possible.has(there.has(contact))) wrong.push(`${contact}: ${JSON.stringify(own)}, killed at ${cutoff}`);
      const last = own.findLast((c) => c.acknowledged >= 0);
      if (last !== undefined && last.isThere !== there.has(contact)) seen.lost++;
    }
    if (changes.every((c) => c.acknowledged >= 0 && c.acknowledged <= cutoff && c.isThere)) sure.push(user);
  }
  expect(wrong, told).toEqual([]);
  // what is in the table is also found
  const agent = await server.agent("udp");
  for (const user of sure.slice(0, 20))
    expect((await agent.ask({ method: "MESSAGE", uri: `sip:${user}@x` })).status, `${user}, ${told}`).toBe(200);
}

/** Whether a contact may be there (true) or not (false): after any change that is not known to be followed by another. */
function states(changes: readonly Change[], cutoff: number): Set<boolean> {
  const sure = changes.findLastIndex((c) => c.acknowledged >= 0 && c.acknowledged <= cutoff);
  return new Set([sure < 0 ? false : changes[sure]!.isThere, ...changes.slice(sure + 1).map((c) => c.isThere)]);
}
