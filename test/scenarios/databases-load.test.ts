// MariaDB and PostgreSQL killed and started again several times while hundreds of REGISTERs and dozens of calls a second go on, in each
// db_mode: no call is lost, and what was acknowledged, registered or taken back, is what the table says in the end.

import { describe, expect, onTestFinished, test } from "vitest";
import { selectHost } from "../../src/host/index.ts";
import { SeededRandom } from "../../src/host/sim-clock.ts";
import { Databases } from "../../src/store/connect.ts";
import { Log } from "../../src/util/log.ts";
import { DATABASE_PASSWORD, openDatabaseServer, type ServerKind, whyNoServer } from "../support/database-servers.ts";
import { PhoneLoad } from "../support/phone-load.ts";
import { chosenTargets, startServer, type Target } from "../support/server.ts";

const isLong = process.env.PORTICO_LONG === "1";
const KILLS = isLong ? 6 : 2;
const PHONES_A_SECOND = 120; // each sends 2.5 requests
const CALLS_A_SECOND = 30;
const CALLED = 20;
/** Milliseconds for a registration, from which on the machine is too busy for that many. */
const BUSY = 15;
/** Milliseconds that a database may be away before what waits for it is refused; servers come back later than that only on a very busy machine. */
const SHORT = 2500;

const config = (kind: string, url: string, mode: number): string => `
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "db_${kind}.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "dialog.so"
modparam("usrloc|dialog", "db_url", "${url}")
modparam("usrloc", "db_mode", ${mode})
modparam("usrloc", "timer_interval", 1)
modparam("dialog", "db_mode", 1)
request_route {
  if (is_method("OPTIONS") && uri == myself && $rU == $null) { sl_send_reply("200", "up"); exit; }
  if (has_totag()) { loose_route(); t_relay(); exit; }
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("INVITE")) {
    if (!t_newtran()) exit;
    t_reply("100", "trying");
    record_route();
    dlg_manage();
    $dlg_var(who) = $fU;
  }
  if (!lookup("location")) { t_reply("404", "not here"); exit; }
  t_relay();
}
`;

const targets = chosenTargets().filter((target) => target.name !== "kamailio");
const cases = (["mysql", "postgres"] as const).flatMap((kind) => [1, 2, 3].map((mode) => ({ kind, mode })));

// Each combination has its turn with one target; with --long every target has them all.
const turns = cases.flatMap((one, i) =>
  (isLong ? targets : targets.slice(i % targets.length).slice(0, 1)).map((target) => ({ ...one, target })),
);

for (const kind of ["mysql", "postgres"] as const) {
  const missing = whyNoServer(kind);
  if (missing !== null && process.env["CI"] === "true") throw new Error(missing);
  const name = `${kind} killed under load${missing === null ? "" : `: skipped, ${missing}`}`;
  describe.skipIf(missing !== null)(name, () => {
    for (const { mode, target } of turns.filter((one) => one.kind === kind))
      test(`db_mode ${mode} (${target.name})`, { timeout: 240_000 }, () => killUnderLoad(kind, mode, target));
  });
}

async function killUnderLoad(kind: ServerKind, mode: number, target: Target): Promise<void> {
  const seed = Number(process.env.PORTICO_SEED ?? Date.now() % 1_000_000);
  const source = new SeededRandom(seed);
  const random = (): number => source.uint32() / 2 ** 32;
  const database = await openDatabaseServer(kind);
  onTestFinished(() => database.remove());
  const server = await startServer(target, { config: config(kind, database.url, mode) });
  onTestFinished(async () => void (await server.close()));
  const databases = new Databases(await selectHost(), new Log({ level: -5, sink: () => {} }, "test"));
  onTestFinished(() => databases.closeAll());
  const load = new PhoneLoad(server.port, random);
  onTestFinished(() => load.close());
  const { counts } = load;
  const told = (): string => `seed ${seed}, ${JSON.stringify([...counts.registers])}\n${server.log.slice(-3000)}`;

  await load.open();
  const begun = performance.now();
  await load.registerCalled(CALLED);
  const share = Math.min(1, BUSY / ((performance.now() - begun) / CALLED));
  let isOver = false;
  const rates = {
    phones: Math.ceil(PHONES_A_SECOND * share),
    calls: Math.ceil(CALLS_A_SECOND * share),
    called: CALLED,
  };
  const running = load.run("phone", rates, () => isOver);
  let longest = 0;
  for (let i = 0; i < KILLS; i++) {
    await pause(300 + random() * 700);
    const killed = performance.now();
    await database.kill();
    // the last time longer than statements wait: requests are refused meanwhile, and come again
    await pause(isLong && mode !== 3 && i === KILLS - 1 ? 11_000 : random() * 500);
    await database.start();
    longest = Math.max(longest, performance.now() - killed);
  }
  await pause(700);
  isOver = true;
  await running;

  // without a copy in memory nobody is found while the database is away
  const refused = mode === 3 && longest > SHORT ? counts.failures.filter((what) => what.includes(" 404 ")) : [];
  expect(
    counts.failures.filter((what) => !refused.includes(what)),
    told(),
  ).toEqual([]);
  expect(counts.completed + refused.length).toBe(counts.calls);
  expect(counts.surprises, told()).toEqual([]);
  const db = databases.get(database.url);
  const wanted = [...load.promised.values()].flatMap((contacts) => [...contacts]).sort();
  const table = async (): Promise<string[]> =>
    (await db.query("location", ["contact"], [])).map((row) => String(row["contact"])).sort();
  await expect.poll(table, { timeout: 60_000, message: told() }).toEqual(wanted);
  expect(wanted.length).toBeGreaterThan(100 * share);
  for (const name of ["dialog", "dialog_vars"])
    await expect.poll(async () => db.query(name, [], []), { timeout: 60_000 }).toEqual([]);
  expect(server.isAlive).toBe(true);
  expect(server.log).not.toContain(DATABASE_PASSWORD);
  if (isLong)
    console.log(`${counts.calls} calls, REGISTER ${JSON.stringify([...counts.registers])}, ${wanted.length} rows`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
