// Calls in parallel and one after the other through the whole program: a script that forks by legs, next hops that answer, refuse, ring on,
// say nothing or die, known by address or by name (a slow name server, SRV records whose first target is dead), a network that loses,
// repeats and reorders. Each world comes from its seed and holds some twenty calls: run one alone with PORTICO_SEED=n. Normally 25 worlds, with
// PORTICO_LONG=1 500 (10,000 calls).

import { describe, expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import { openNameServer, useNameServers } from "../support/name-server.ts";
import { ADDRESS, modules, openProxy } from "../support/proxy-bed.ts";
import { type Behaviour, type Call, Callee, Caller } from "./agents.ts";
import { SimWire } from "./sim-wire.ts";
import { Dice } from "./world.ts";

const WORLDS = process.env["PORTICO_LONG"] === "1" ? 500 : 25;
const ONE = process.env["PORTICO_SEED"];
const CALLS = 20;

/** Milliseconds a next hop may be silent, and may ring. */
const FR = 12_000;
const FR_INV = 20_000;

// The user of the R-URI says where to: legs parted by "/", next hops of a leg by "+", each the end of an address, or behind a letter that of
// a name: n has an address, s a service of two targets, the first of which is dead.
const CONFIG = `use_dns_failover=on
${modules()}
modparam("tm", "fr_timer", ${FR})
modparam("tm", "fr_inv_timer", ${FR_INV})
modparam("tm", "wt_timer", 32000)
request_route {
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    if (is_method("ACK")) { t_relay(); exit; }
    t_check_trans();
    $avp(all) = $rU;
    $avp(leg) = 0;
    route(LEG);
}
route[LEG] {
    $var(leg) = $(avp(all){s.select,$avp(leg),/});
    if (strempty($var(leg))) return;
    $var(i) = 0;
    while ($var(i) < 5) {
        $var(end) = $(var(leg){s.select,$var(i),+});
        if (strempty($var(end))) break;
        if ($var(end) =~ "^[ns]") $var(uri) = "sip:x@" + $var(end) + ".example";
        else $var(uri) = "sip:x@192.0.2." + $var(end);
        if ($var(i) == 0) $ru = $var(uri); else append_branch("$var(uri)");
        $var(i) = $var(i) + 1;
    }
    t_on_failure("NEXT");
    t_on_branch("MARK");
    t_on_reply("SEEN");
    t_relay();
}
branch_route[MARK] { append_hf("X-Branch: $T_branch_idx\\r\\n"); }
onreply_route[SEEN] { $avp(seen) = $rs; }
failure_route[NEXT] {
    if (t_is_canceled()) exit;
    $avp(leg) = $avp(leg) + 1;
    route(LEG);
}
`;

/** How a next hop may be spelled in the plan; its letter, if any. */
const SPELLINGS = ["", "", "n", "n", "s"] as const;

/** Records for the next hops with those last octets, and for the one that is dead. */
function zone(from: number, to: number): string {
  const lines = ["dead.example 60 A 192.0.2.19"];
  for (let n = from; n <= to; n++) {
    lines.push(`n${n}.example 60 A 192.0.2.${n}`);
    lines.push(`_sip._udp.s${n}.example 60 SRV 10 0 5060 dead.example`);
    lines.push(`_sip._udp.s${n}.example 60 SRV 20 0 5060 n${n}.example`);
  }
  return lines.join("\n");
}

interface Planned {
  readonly call: Call;
  readonly legs: readonly (readonly Callee[])[];
  readonly startedAt: number;
}

function behaviour(dice: Dice): Behaviour {
  const kind = dice.real();
  const ring = dice.chance(0.8) ? dice.int(0, 1500) : -1;
  const answer = dice.int(0, 5000);
  if (kind < 0.08) return { ring: -1, answer: -1, code: 408, mute: true };
  if (kind < 0.16) return { ring: Math.max(0, ring), answer: -1, code: 408, mute: false };
  if (kind < 0.26) return { ring, answer, code: 200, mute: false, crash: dice.int(0, 4000) };
  return { ring, answer, code: kind < 0.55 ? 200 : dice.pick([486, 404, 302, 401, 503, 500]), mute: false };
}

const sure = ({ behaviour: b }: Callee): boolean => b.code === 200 && !b.mute && b.answer >= 0 && b.crash === undefined;

/** Runs a world; returns what is wrong with it. */
async function world(seed: number): Promise<string[]> {
  const dice = new Dice(seed);
  const bed = await openProxy(CONFIG);
  bed.world.setLinks({ loss: 0.05, delay: 2, jitter: 80, duplicate: 0.03 });
  useNameServers(bed.server.proxy.host as SimHost, ["192.0.2.18"], "options timeout:2 attempts:5");
  const names = await openNameServer(bed.world, "192.0.2.18", zone(30, 250));
  names.manners.delay = dice.pick([0, 50, 500, 1500]);
  const wire = new SimWire(bed.world);
  const callers = [20, 21].map((n) => new Caller(wire, `192.0.2.${n}`, ADDRESS));
  const planned: Planned[] = [];
  let next = 30;
  for (let c = 0; c < CALLS; c++) {
    const method = dice.chance(0.8) ? "INVITE" : "MESSAGE";
    const count = method === "INVITE" ? dice.pick([1, 1, 2, 2, 3]) : 1;
    const legs = Array.from({ length: count }, () =>
      Array.from({ length: dice.pick([1, 1, 2, 3]) }, () => new Callee(wire, `192.0.2.${next++}`, behaviour(dice))),
    );
    const spelled = (b: Callee): string => dice.pick(SPELLINGS) + b.name.slice(8);
    const uri = `sip:${legs.map((leg) => leg.map(spelled).join("+")).join("/")}@${ADDRESS}`;
    await wire.open();
    const caller = dice.pick(callers);
    const call = caller.start(method, uri, `call${c}`);
    if (method === "INVITE" && dice.chance(0.2)) wire.after(dice.int(30, 30_000), () => caller.cancel(call));
    planned.push({ call, legs, startedAt: wire.now });
    await bed.world.advance(dice.int(0, 4000));
  }
  await bed.world.advance(300_000);
  const wrong = planned.flatMap(judge);
  const stats = (await bed.rpc("tm.stats")) as { current: number };
  if (stats.current !== 0) wrong.push(`${stats.current} transactions left`);
  const { routeErrors } = bed.server.proxy.counters;
  if (routeErrors !== 0) wrong.push(`${routeErrors} errors of routes`, ...bed.log);
  await bed.close();
  return wrong.length === 0 ? [] : [`seed ${seed}`, ...wrong];
}

/** What must hold for one call, whatever the wire did. */
function judge({ call, legs, startedAt }: Planned): string[] {
  const wrong: string[] = [];
  const say = (text: string): void =>
    void wrong.push(`${call.id} ${call.method} ${JSON.stringify(legs.map((l) => l.map((b) => b.behaviour)))}: ${text}`);
  const good = call.finals.filter((f) => f.startsWith("2"));
  // who answers 200 and dies at once cannot repeat it: one that the wire lost is lost (RFC 3261 13.3.1.4 makes it the callee's task)
  const died = legs
    .flat()
    .some((b) => b.behaviour.crash !== undefined && [...b.served.values()].some((s) => s.final === 200));
  if (call.finals.length === 0 && !died) say("no final reply");
  else if (good.length === 0 && call.finals.length > 1) say(`several failures: ${call.finals.join(", ")}`);
  else if (good.length > 0 && good.length < call.finals.length) say(`2xx and failure: ${call.finals.join(", ")}`);
  if (call.method !== "INVITE" && call.finals.length > 1) say(`several finals: ${call.finals.join(", ")}`);
  for (const callee of legs.flat()) {
    if (callee.served.size > 1) say(`${callee.name} saw ${callee.served.size} requests`);
    if (callee.behaviour.crash !== undefined || callee.behaviour.mute) continue;
    for (const s of callee.served.values()) {
      if (s.final > 0 && !s.acked) say(`${callee.name} was not acknowledged`);
      if (s.final === 0) say(`${callee.name} rings for ever`);
      else if (call.finalAt > 0 && s.endedAt > call.finalAt + 10_000) say(`${callee.name} rang on after the end`);
    }
  }
  if (call.canceled || call.finals.length === 0) return wrong;
  const status = Number(call.finals[0]!.slice(0, 3));
  const took = call.finalAt - startedAt;
  const longest = call.method === "INVITE" ? legs.length * (2 * FR + FR_INV + 10_000) + 10_000 : FR + 30_000;
  if (took > longest) say(`took ${took} ms`);
  const codes = legs.flat().map((b) => (b.behaviour.code === 503 ? 500 : b.behaviour.code));
  if (![...codes, 408].includes(status)) say(`${status} of ${codes.join(", ")}`);
  if (call.method === "INVITE" && status !== 200 && legs.flat().some(sure)) say(`${status} although one answered`);
  return wrong;
}

describe("legs of forks on a bad network", () => {
  const seeds = ONE === undefined ? Array.from({ length: WORLDS }, (_, i) => i + 1) : [Number(ONE)];
  test.each(seeds)(
    "seed %i: no call is lost, one final reply each, nothing is left",
    { timeout: 120_000 },
    async (seed) => {
      expect(await world(seed)).toEqual([]);
    },
  );
});
