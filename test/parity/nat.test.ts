// Phones behind NAT on Kamailio and on ours: whole messages between agents at private and public addresses. What Kamailio does is recorded in
// nat.json, with what ours does beside it where it is meant to differ; where Kamailio is installed and network namespaces can be made it is asked
// again. PORTICO_RECORD=1 writes the file anew, PORTICO_GROUP names one group.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { NatAnswer, NatGroup } from "./nat-case.ts";
import { AUTH } from "./nat-cases-auth.ts";
import { HELPER } from "./nat-cases-helper.ts";
import { PINGS, STORED } from "./nat-cases-ping.ts";
import { REGISTRAR } from "./nat-cases-registrar.ts";
import { reasonOf, unusedReasons } from "./nat-differences.ts";
import { askNat, haveNatOracle } from "./nat-oracle.ts";
import { runNat } from "./nat-ours.ts";

const GROUPS: readonly NatGroup[] = [HELPER, STORED, ...PINGS, ...REGISTRAR, ...AUTH].filter(
  ({ name }) => (process.env["PORTICO_GROUP"] ?? name) === name,
);
const FILE = fileURLToPath(new URL("./nat.json", import.meta.url));
const recordAnew = process.env["PORTICO_RECORD"] === "1";

interface Recorded {
  readonly kamailio: NatAnswer;
  /** Only where it differs, for the reason that nat-differences.ts gives. */
  readonly ours?: NatAnswer;
}

const nameOf = (group: NatGroup, i: number): string => `${group.name}: ${group.cases[i]!.name}`;
let recorded: Record<string, Recorded> = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Recorded>)
  : {};

// Pings leave when their time has come, in no certain order and number.
function settled(group: NatGroup, answer: NatAnswer): NatAnswer {
  return group.unordered === true ? answer.map((step) => [...new Set(step)].sort()) : answer;
}

async function ours(group: NatGroup): Promise<NatAnswer[]> {
  return (await runNat(group)).map((a) => settled(group, a));
}

async function kamailios(group: NatGroup): Promise<NatAnswer[]> {
  return (await askNat(group)).map((a) => settled(group, a));
}

beforeAll(async () => {
  if (!recordAnew) return;
  const all: Record<string, Recorded> = process.env["PORTICO_GROUP"] === undefined ? {} : recorded;
  for (const group of GROUPS) {
    const [theirs, own] = await Promise.all([kamailios(group), ours(group)]);
    group.cases.forEach((_, i) => {
      const name = nameOf(group, i);
      const kamailio = theirs[i]!;
      all[name] = reasonOf(name) === null ? { kamailio } : { kamailio, ours: own[i]! };
    });
  }
  recorded = all;
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
}, 300_000);

describe.each(GROUPS.map((g) => [g.name, g] as const))("as on Kamailio: %s", (_, group) => {
  let answers: readonly NatAnswer[] = [];
  beforeAll(async () => {
    answers = await ours(group);
  });
  test.each(group.cases.map((c, i) => [c.name, i] as const))("%s", (_name, i) => {
    const known = recorded[nameOf(group, i)];
    expect(answers[i]).toEqual(known?.ours ?? known?.kamailio);
  });
});

test("every difference that is meant is one, and has a reason", () => {
  const differing = Object.entries(recorded).filter(([, r]) => r.ours !== undefined);
  expect(differing.filter(([, r]) => JSON.stringify(r.ours) === JSON.stringify(r.kamailio)).map(([n]) => n)).toEqual(
    [],
  );
  expect(differing.filter(([name]) => reasonOf(name) === null).map(([name]) => name)).toEqual([]);
  expect(unusedReasons(Object.keys(recorded))).toEqual([]);
});

describe.runIf(haveNatOracle() && !recordAnew)("what Kamailio does is what was recorded", () => {
  test.each(GROUPS.map((g) => [g.name, g] as const))("%s", { timeout: 120_000 }, async (_, group) => {
    const asked = await kamailios(group);
    expect(asked).toEqual(group.cases.map((_c, i) => recorded[nameOf(group, i)]!.kamailio));
  });
});
