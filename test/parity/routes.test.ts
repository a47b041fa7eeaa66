// What routes mean, case by case, on Kamailio and on us: each cell of the tables in docs/semantics.md. Answers are recorded in
// routes.json; where Kamailio is installed they are asked again, so that a record cannot go stale. PORTICO_RECORD=1 writes the file anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { haveOracle } from "./oracle.ts";
import type { Seen } from "./routes-case.ts";
import { GROUPS } from "./routes-cases.ts";
import { DIFFERENCES, expectedOf } from "./routes-differences.ts";
import { askRoutes } from "./routes-oracle.ts";
import { runRoutes } from "./routes-ours.ts";

const FILE = fileURLToPath(new URL("./routes.json", import.meta.url));
const recordAnew = process.env["PORTICO_RECORD"] === "1";

let recorded: Record<string, Seen> = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Seen>)
  : {};

async function askAll(): Promise<Record<string, Seen>> {
  const all: Record<string, Seen> = {};
  for (const group of GROUPS) {
    const seen = await askRoutes(group);
    for (const [n, c] of group.cases.entries()) all[c.name] = seen[n]!;
  }
  return all;
}

beforeAll(async () => {
  if (!recordAnew) return;
  recorded = await askAll();
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
}, 120_000);

describe.each(GROUPS.map((g) => [g.name, g] as const))("routes mean what they mean on Kamailio: %s", (_, group) => {
  let ours: readonly Seen[] = [];
  beforeAll(async () => {
    ours = await runRoutes(group);
  });
  test.each(group.cases.map((c, n) => [c.name, n] as const))("%s", (name, n) => {
    expect(ours[n]).toEqual(expectedOf(name, recorded[name]!));
  });
});

test("every difference that is meant names a case", () => {
  const names = new Set(GROUPS.flatMap((g) => g.cases.map((c) => c.name)));
  expect(Object.keys(DIFFERENCES).filter((name) => !names.has(name))).toEqual([]);
});

test("no two cases have one name", () => {
  const names = GROUPS.flatMap((g) => g.cases.map((c) => c.name));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe.runIf(haveOracle() && !recordAnew)("what Kamailio does is what was recorded", () => {
  test("all cases", { timeout: 120_000 }, async () => {
    expect(await askAll()).toEqual(recorded);
  });
});
