// Publications, subscriptions and what watchers are told, on Kamailio and on ours. What Kamailio does is recorded in presence.json, with what
// ours does beside it where it is meant to differ; where Kamailio is installed it is asked again. PORTICO_RECORD=1 writes the file anew,
// PORTICO_GROUP names one group.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { haveOracle } from "./oracle.ts";
import type { PresenceAnswer, PresenceGroup } from "./presence-case.ts";
import { GROUPS as ALL } from "./presence-cases.ts";
import { reasonOf, unusedReasons } from "./presence-differences.ts";
import { askPresence } from "./presence-oracle.ts";
import { runPresence } from "./presence-ours.ts";

const GROUPS = ALL.filter(({ name }) => (process.env["PORTICO_GROUP"] ?? name) === name);
const FILE = fileURLToPath(new URL("./presence.json", import.meta.url));
const recordAnew = process.env["PORTICO_RECORD"] === "1";

interface Recorded {
  readonly kamailio: PresenceAnswer;
  /** Only where it differs, for the reason that presence-differences.ts gives. */
  readonly ours?: PresenceAnswer;
}

const nameOf = (group: PresenceGroup, i: number): string => `${group.name}: ${group.cases[i]!.name}`;
let recorded: Record<string, Recorded> = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Recorded>)
  : {};

// Watchers are told in no certain order.
function settled(answer: PresenceAnswer): PresenceAnswer {
  return answer.map((step) => [...step].sort());
}
const ours = async (group: PresenceGroup): Promise<PresenceAnswer[]> => (await runPresence(group)).map(settled);
const kamailios = async (group: PresenceGroup): Promise<PresenceAnswer[]> => (await askPresence(group)).map(settled);

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
  let answers: readonly PresenceAnswer[] = [];
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
  const same = differing.filter(([, r]) => JSON.stringify(r.ours) === JSON.stringify(r.kamailio));
  expect(same.map(([n]) => n)).toEqual([]);
  expect(differing.filter(([name]) => reasonOf(name) === null).map(([name]) => name)).toEqual([]);
  expect(unusedReasons(Object.keys(recorded))).toEqual([]);
});

describe.runIf(haveOracle() && !recordAnew)("what Kamailio does is what was recorded", () => {
  test.each(GROUPS.map((g) => [g.name, g] as const))("%s", { timeout: 120_000 }, async (_, group) => {
    const asked = await kamailios(group);
    expect(asked).toEqual(group.cases.map((_c, i) => recorded[nameOf(group, i)]!.kamailio));
  });
});
