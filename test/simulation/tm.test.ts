// Whole calls through one or two proxies on a wire that loses, repeats and reorders. Each scenario comes from its seed: run one alone with
// PORTICO_SEED=n. Normally 1,000 of them, with PORTICO_LONG=1 10,000.

import { describe, expect, test } from "vitest";
import { DEFAULT_TIMERS } from "../../src/tm/index.ts";
import { Bed } from "../support/tm-bed.ts";
import { type Behaviour, type Call, Callee, Caller } from "./agents.ts";
import { type Dice, World } from "./world.ts";

const COUNT = process.env["PORTICO_LONG"] === "1" ? 10_000 : 1000;
const ONE = process.env["PORTICO_SEED"];

interface Planned {
  readonly call: Call;
  readonly callees: Callee[];
  readonly behaviours: Behaviour[];
}

function behaviour(dice: Dice): Behaviour {
  const kind = dice.real();
  const ring = dice.chance(0.8) ? dice.int(0, 1500) : -1;
  if (kind < 0.07) return { ring: -1, answer: -1, code: 408, mute: true };
  if (kind < 0.14) return { ring: Math.max(0, ring), answer: -1, code: 408, mute: false };
  const code = kind < 0.6 ? 200 : dice.pick([486, 404, 302, 401, 503, 500, 603]);
  return { ring, answer: dice.int(0, 5000), code, mute: false };
}

/** Runs a scenario; returns what is wrong with it. */
function scenario(seed: number): string[] {
  const world = new World(seed, { loss: 0.05, duplication: 0.03, minDelay: 1, maxDelay: 80 });
  const { dice } = world;
  const chained = dice.chance(0.4);
  // Kamailio's wt_timer is shorter than a client may pause between repetitions (RFC 3261 asks for 32 s): with it a request whose reply and
  // whose next repetition were both lost comes a second time.
  const patient = dice.chance(0.5);
  const proxies = [proxyOn(world, "p1")];
  if (chained) {
    proxies[0]!.routes.destinations = () => [null];
    proxies.push(proxyOn(world, "p2"));
  }
  for (const p of proxies) if (patient) p.tm.options = { ...p.tm.options, timers: { ...DEFAULT_TIMERS, wait: 32_000 } };
  const caller = new Caller(world, "caller", "p1");
  const planned: Planned[] = [];
  for (let c = dice.int(1, 3); c > 0; c--) {
    const method = dice.chance(0.75) ? "INVITE" : "MESSAGE";
    const behaviours = Array.from({ length: dice.pick([1, 1, 1, 2, 3]) }, () => behaviour(dice));
    const callees = behaviours.map((b, i) => new Callee(world, `b${c}x${i}`, b));
    const hosts = callees.map((b) => b.name).join("+");
    const uri = `sip:fork=${hosts}@${chained ? "p2" : "p1"}`;
    const call = caller.start(method, uri, `call${c}`);
    if (method === "INVITE" && dice.chance(0.25)) world.after(dice.int(30, 4000), () => caller.cancel(call));
    planned.push({ call, callees, behaviours });
    world.run(dice.int(0, 300));
  }
  world.run(260_000);
  const wrong = planned.flatMap((p) => judge(p, patient));
  for (const p of proxies) {
    if (p.tm.table.count !== 0) wrong.push(`${p.tm.table.count} transactions left`);
    if (p.wheel.count !== 0) wrong.push(`${p.wheel.count} timers left`);
    if (p.errors.length > 0) wrong.push(String(p.errors[0]));
  }
  return wrong.length === 0 ? [] : [`seed ${seed}`, ...wrong, ...world.log];
}

function proxyOn(world: World, name: string): Bed {
  const bed = new Bed({
    name,
    now: () => world.now,
    random: () => world.dice.uint32(),
    put: (to, buf, start, end) => {
      world.send(name, to, buf, start, end);
      return true;
    },
  });
  world.add(name, { receive: (bytes, from) => bed.receive(bytes, 0, bytes.length, from) });
  world.onTick((now) => bed.wheel.advance(now));
  return bed;
}

/** What must hold for one call, whatever the wire did. */
function judge({ call, callees, behaviours }: Planned, patient: boolean): string[] {
  const wrong: string[] = [];
  const say = (text: string): void => void wrong.push(`${call.id} ${call.method}: ${text}`);
  const good = call.finals.filter((f) => f.startsWith("2"));
  if (call.finals.length === 0) say("no final reply");
  else if (good.length === 0 && call.finals.length > 1) say(`several failures: ${call.finals.join(", ")}`);
  else if (good.length > 0 && good.length < call.finals.length) say(`2xx and failure: ${call.finals.join(", ")}`);
  if (call.method !== "INVITE" && call.finals.length > 1) say(`several finals: ${call.finals.join(", ")}`);
  for (const callee of callees) {
    const most = patient || call.method === "INVITE" ? 1 : 3;
    if (callee.served.size < 1 || callee.served.size > most) say(`${callee.name} saw ${callee.served.size} requests`);
    for (const s of callee.served.values()) if (s.final > 0 && !s.acked) say(`${callee.name} was not acknowledged`);
    // whoever rang either ended it or was cancelled
    if (call.method === "INVITE") {
      const mute = behaviours[callees.indexOf(callee)]!.mute;
      for (const s of callee.served.values()) {
        if (mute) continue;
        if (call.canceled && s.endedAt > call.canceledAt + 10_000) say(`${callee.name} rang on after the CANCEL`);
        if (s.final === 0) say(`${callee.name} rings for ever`);
        else if (call.finals.length > 0 && s.endedAt > call.finalAt + 10_000)
          say(`${callee.name} rang on after the call was decided`);
      }
    }
  }
  if (!call.canceled && call.finals.length > 0) {
    const status = Number(call.finals[0]!.slice(0, 3));
    const codes = behaviours.map((b) => (b.code === 503 ? 500 : b.code));
    if (!codes.includes(status)) say(`${status} of ${codes.join(", ")}`);
    if (codes.includes(200) && !codes.includes(603) && status !== 200 && call.method === "INVITE")
      say(`${status} although one answered`);
  }
  return wrong;
}

describe("transactions on a bad network", () => {
  test(`${ONE === undefined ? COUNT : 1} scenarios: no call is lost, one final reply each, nothing is left`, () => {
    if (ONE !== undefined) {
      expect(scenario(Number(ONE))).toEqual([]);
      return;
    }
    for (let seed = 1; seed <= COUNT; seed++) expect(scenario(seed)).toEqual([]);
  });
});
