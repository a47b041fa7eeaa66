// Call flows through module tm of Kamailio and of ours: every message both sides get, compared whole but for tags and branches. Answers are
// recorded in flows.json; where Kamailio is installed they are asked again, so that a record cannot go stale. PORTICO_RECORD=1 writes the
// file anew, PORTICO_RECORD=new only groups with flows that it lacks.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Flow, FlowGroup } from "./flows-case.ts";
import { ATTRIBUTES } from "./flows-cases-attributes.ts";
import { BASIC } from "./flows-cases-basic.ts";
import { FORKING } from "./flows-cases-forking.ts";
import { FUNCTIONS } from "./flows-cases-functions.ts";
import { PARAMS } from "./flows-cases-params.ts";
import { REST } from "./flows-cases-rest.ts";
import { DIFFERENCES } from "./flows-differences.ts";
import { askFlows } from "./flows-oracle.ts";
import { runFlows } from "./flows-ours.ts";
import { haveOracle } from "./oracle.ts";

const GROUPS = [...BASIC, ...FORKING, ...ATTRIBUTES, ...FUNCTIONS, ...PARAMS, ...REST];
const FILE = fileURLToPath(new URL("./flows.json", import.meta.url));
const wanted = process.env["PORTICO_RECORD"];
const recordAnew = wanted === "1" || wanted === "new";
/** How many groups are asked at a time. */
const AT_A_TIME = 4;

type Recorded = Record<string, Flow>;

const nameOf = (group: FlowGroup, name: string): string => `${group.name}: ${name}`;

let recorded: Recorded = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Recorded) : {};

async function askGroup(group: FlowGroup): Promise<Recorded> {
  const flows = await askFlows(group);
  return Object.fromEntries(group.cases.map((c, n) => [nameOf(group, c.name), flows[n]!]));
}

async function askAll(groups: readonly FlowGroup[]): Promise<Recorded> {
  const all: Recorded = {};
  for (let i = 0; i < groups.length; i += AT_A_TIME)
    Object.assign(all, ...(await Promise.all(groups.slice(i, i + AT_A_TIME).map(askGroup))));
  return all;
}

beforeAll(async () => {
  if (!recordAnew) return;
  const isMissing = (g: FlowGroup): boolean => g.cases.some((c) => recorded[nameOf(g, c.name)] === undefined);
  recorded = wanted === "new" ? { ...recorded, ...(await askAll(GROUPS.filter(isMissing))) } : await askAll(GROUPS);
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
}, 300_000);

describe.each(GROUPS.map((g) => [g.name, g] as const))("calls go as on Kamailio: %s", (_, group) => {
  let ours: readonly Flow[] = [];
  beforeAll(async () => {
    ours = await runFlows(group);
  });
  test.each(group.cases.map((c, n) => [c.name, n] as const))("%s", (name, n) => {
    const full = nameOf(group, name);
    expect(ours[n]).toEqual({ ...recorded[full], ...DIFFERENCES[full]?.ours });
  });
});

test("every difference that is meant names a flow, and no two flows have one name", () => {
  const names = GROUPS.flatMap((g) => g.cases.map((c) => nameOf(g, c.name)));
  expect(Object.keys(DIFFERENCES).filter((name) => !names.includes(name))).toEqual([]);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe.runIf(haveOracle() && !recordAnew)("what Kamailio does is what was recorded", () => {
  test("all flows", { timeout: 300_000 }, async () => {
    const asked = await askAll(GROUPS);
    const isStale = (g: FlowGroup): boolean =>
      g.cases.some((c) => JSON.stringify(asked[nameOf(g, c.name)]) !== JSON.stringify(recorded[nameOf(g, c.name)]));
    // a busy machine is late for timers of some hundred ms: what differs is asked once more, by itself
    for (const group of GROUPS.filter(isStale)) Object.assign(asked, await askGroup(group));
    expect(asked).toEqual(recorded);
  });
});
