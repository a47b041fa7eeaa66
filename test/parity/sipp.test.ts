// The call flows of flows.test.ts once more, this time played by sipp over loopback against real processes: Kamailio and the built executable (others
// by PORTICO_TARGETS, all with --long). What both must do is recorded in flows.json.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { wholeCatalogue } from "../../src/control/catalogue.ts";
import { chosenTargets, type Target, whyMissing } from "../support/server.ts";
import { hasSipp } from "../support/sipp.ts";
import type { Flow, FlowGroup } from "./flows-case.ts";
import { BASIC } from "./flows-cases-basic.ts";
import { FORKING } from "./flows-cases-forking.ts";
import { FUNCTIONS } from "./flows-cases-functions.ts";
import { REST } from "./flows-cases-rest.ts";
import { DIFFERENCES } from "./flows-differences.ts";
import { haveOracle } from "./oracle.ts";
import { canPlay } from "./sipp-flow-xml.ts";
import { playFlows, type Starter } from "./sipp-flows.ts";

/** Groups at a time. */
const AT_A_TIME = 3;
/** How often what was another is played again: a busy machine is late for times of some ten milliseconds. */
const AGAIN = 3;

/** Two requests for one user at once have one Call-ID, which is one call to a sipp. */
const NOT_PLAYED = ["contacts by q: twice the same URI"];

const RECORDED = JSON.parse(readFileSync(fileURLToPath(new URL("./flows.json", import.meta.url)), "utf8")) as Record<
  string,
  Flow
>;

const KAMAILIO: Starter = {
  command: ["kamailio", "-DD", "-n", "1", "-m", "64", "-M", "16"],
  env: {},
  isKamailio: true,
};

const nameOf = (group: FlowGroup, n: number): string => `${group.name}: ${group.cases[n]!.name}`;

const GROUPS = [...BASIC, ...FORKING, ...FUNCTIONS, ...REST].map((group) => ({
  group,
  numbers: [...group.cases.keys()].filter((n) => canPlay(group.cases[n]!) && !NOT_PLAYED.includes(nameOf(group, n))),
}));

/** What a server is to show; of ours, what is meant to be another is. */
function expected(name: string, isKamailio: boolean): Flow | undefined {
  const recorded = RECORDED[name];
  return recorded === undefined || isKamailio ? recorded : { ...recorded, ...DIFFERENCES[name]?.ours };
}

async function playAll(starter: Starter): Promise<{ name: string; got: Flow }[]> {
  const results: { name: string; got: Flow }[] = [];
  const left = [...GROUPS];
  const next = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift())
      results.push(...(await playGroup(starter, one.group, one.numbers)));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  return results;
}

// Plays a group; flows that came out otherwise are played again.
async function playGroup(starter: Starter, group: FlowGroup, all: readonly number[]) {
  const results = new Map<number, Flow>();
  let numbers = all;
  for (let i = 0; i <= AGAIN && numbers.length > 0; i++) {
    const flows = await playFlows(starter, group, numbers);
    for (const [at, n] of numbers.entries()) results.set(n, flows[at]!);
    numbers = numbers.filter(
      (n) => JSON.stringify(results.get(n)) !== JSON.stringify(expected(nameOf(group, n), starter.isKamailio)),
    );
  }
  return [...results].map(([n, got]) => ({ name: nameOf(group, n), got }));
}

function check(results: readonly { name: string; got: Flow }[], isKamailio: boolean): void {
  const wanted = Object.fromEntries(results.map(({ name }) => [name, expected(name, isKamailio)]));
  expect(Object.fromEntries(results.map(({ name, got }) => [name, got]))).toEqual(wanted);
  expect(results.length).toBeGreaterThan(200);
}

async function starterOf(target: Target): Promise<Starter> {
  const missing = await whyMissing(target);
  if (missing !== null) throw new Error(missing);
  return { command: target.command, env: target.env, isKamailio: false };
}

const isCi = process.env["CI"] === "true";
const targets =
  process.env["PORTICO_TARGETS"] === undefined && process.env["PORTICO_LONG"] !== "1"
    ? chosenTargets().filter(({ name }) => name === "dist")
    : chosenTargets().filter(({ name }) => name !== "kamailio");

/** What Kamailio 5.6.3 does not have, and what only requests made here have to do with: local-requests.test.ts. */
const NOT_IN_FLOWS = [
  ...["t_cell_append_branches", "t_exists", "t_is_retr_async_reply", "t_reply_error", "t_cancel_branch_idx"],
  ...["t_set_no_auto_ack", "t_uac_ack_local"],
];

test("every function of tm and tmx, and every kind of route, is in a flow that sipp plays", () => {
  const played = GROUPS.flatMap(({ group, numbers }) => [
    group.routes ?? "",
    ...numbers.map((n) => `${group.cases[n]!.request ?? "t_relay();"} ${group.cases[n]!.blocks ?? ""}`),
  ]).join("\n");
  const functions = wholeCatalogue()
    .modules.filter(({ name }) => name === "tm" || name === "tmx")
    .flatMap((m) => m.functions.map(({ name }) => name));
  const isPlayed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(played);
  expect(functions.filter((name) => !isPlayed(name)).sort()).toEqual([...NOT_IN_FLOWS].sort());
  for (const route of ["branch_route[", "failure_route[", "onreply_route[", "event_route[tm:branch-failure:"])
    expect(played).toContain(route);
  for (const route of ["reply_route {", "event_route[tm:local-request]"]) expect(played).toContain(route);
});

describe("flows played by sipp are as recorded", () => {
  for (const target of targets)
    test(target.name, { timeout: 300_000 }, async ({ skip }) => {
      if (!hasSipp && !isCi) skip("sipp is not installed (Debian package sip-tester)");
      check(await playAll(await starterOf(target)), false);
    });

  test("kamailio", { timeout: 300_000 }, async ({ skip }) => {
    if ((!hasSipp || !haveOracle()) && !isCi) skip("sipp or kamailio is not installed");
    check(await playAll(KAMAILIO), true);
  });
});
