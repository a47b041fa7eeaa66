// A whole office in virtual time: the real program on its own default configuration, telephones with passwords, a network that loses
// 5 % of all datagrams, repeats some and lets others overtake. No call may be lost.

import { describe, expect, test } from "vitest";
import { type Server, start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import { Users } from "../../src/control/users.ts";
import { createSimulation, type Simulation } from "../../src/host/simulated.ts";
import { Databases } from "../../src/store/connect.ts";
import { Log } from "../../src/util/log.ts";
import { openPhone, type Phone } from "./phone.ts";

const SEEDS = process.env["PORTICO_LONG"] === "1" ? 2000 : 100;
const PROXY = "192.0.2.1";

interface Office {
  readonly world: Simulation;
  readonly server: Server;
  readonly log: string[];
  readonly phone: (user: string, address: string) => Promise<Phone>;
  /** Lets virtual time pass until the promise is settled. */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>;
}

async function office(seed: number): Promise<Office> {
  const world = createSimulation({ seed });
  world.setLinks({ loss: 0.05, delay: 5, jitter: 40, duplicate: 0.02 });
  const host = world.host({ addresses: [PROXY] });
  const options = parseOptions(["-l", `udp:${PROXY}:5060`, "-A", "RING_MILLISECONDS=20000", "--data", "/data"]);
  const config = check(host, await readSource(host, null), options);
  expect(config.diagnostics).toEqual([]);
  host.files.makeDirectory("/data");
  const log: string[] = [];
  const settings = { level: 0, sink: (_: number, line: string) => void log.push(line) };
  const databases = new Databases(host, new Log(settings, ""));
  const users = new Users(host, databases.get("sqlite:///data/portico.sqlite"));
  await users.open();
  for (const name of ["alice", "bob", "carol"]) await users.add({ name, domain: "" }, `secret of ${name}`);
  databases.closeAll();
  const server = await start(host, config, settings);
  const wait = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    for (let i = 0; i < 3000 && !settled; i++) await world.advance(100);
    if (!settled) throw new Error("nothing happens any more");
    return promise;
  };
  const phone = (user: string, address: string): Promise<Phone> =>
    openPhone(world.host({ addresses: [address] }), address, user, PROXY);
  return { world, server, log, phone, wait };
}

async function day(seed: number): Promise<void> {
  const { world, server, log, phone, wait } = await office(seed);
  const alice = await phone("alice", "192.0.2.11");
  const bob = await phone("bob", "192.0.2.12");
  const bobToo = await phone("bob", "192.0.2.13");
  const carol = await phone("carol", "192.0.2.14");
  const secret = (p: Phone): string => `secret of ${p.user}`;

  expect(await wait(alice.register("wrong"))).toBe(401);
  for (const p of [alice, bob, bobToo, carol]) expect(await wait(p.register(secret(p)))).toBe(200);

  // both telephones of bob ring; the second answers, the first is told to stop
  bob.manners = { answerAfter: null, code: 200 };
  bobToo.manners = { answerAfter: 3000, code: 200 };
  const call = await wait(alice.call("bob", secret(alice)));
  expect(call.status).toBe(200);
  expect(await wait(call.again())).toBe(200);
  expect(await wait(call.hangUp())).toBe(200);
  expect([...bobToo.incoming.values()]).toEqual(["bye"]);
  await world.advance(5000);
  expect([...bob.incoming.values()]).toEqual(["487"]);

  // busy; unknown; cancelled; not answered
  carol.manners = { answerAfter: 1000, code: 486 };
  expect((await wait(alice.call("carol", secret(alice)))).status).toBe(486);
  expect((await wait(alice.call("nobody", secret(alice)))).status).toBe(404);
  carol.manners = { answerAfter: null, code: 200 };
  expect((await wait(alice.call("carol", secret(alice), 4000))).status).toBe(487);
  expect((await wait(bob.call("carol", secret(bob)))).status).toBe(408);

  expect(await wait(carol.message("alice", "on my way", secret(carol)))).toBe(200);
  expect(alice.messages).toEqual(["on my way"]);

  expect(await wait(carol.register(secret(carol), 0))).toBe(200);
  expect((await wait(alice.call("carol", secret(alice)))).status).toBe(404);

  await world.advance(300_000);
  expect(log).toEqual([]);
  expect(server.proxy.counters.routeErrors).toBe(0);
  await server.stop();
}

describe("an office on a bad network loses no call", () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))("seed %i", { timeout: 120_000 }, day);
});
