// The same small cases on Kamailio and on our modules. Answers are recorded in modules.json; where Kamailio is installed they are asked
// again, so that a record cannot go stale. PORTICO_RECORD=1 writes the file anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { cases } from "./modules-cases.ts";
import { DIFFERENCES, expected } from "./modules-differences.ts";
import { type Answer, ask, haveOracle } from "./oracle.ts";
import { Replay } from "./replay.ts";

const FILE = fileURLToPath(new URL("./modules.json", import.meta.url));
const recordAnew = process.env["PORTICO_RECORD"] === "1";
const oracle = haveOracle();

type Answers = Record<string, Answer>;

let recorded: Answers = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Answers) : {};

beforeAll(async () => {
  if (!recordAnew) return;
  const answers = await ask(cases);
  recorded = Object.fromEntries(cases.map((c, i) => [c.name, answers[i]!]));
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
});

describe("what our modules do is what Kamailio did", () => {
  const replay = new Replay();
  test.each(cases.map((c, i) => [c.name, i] as const))("%s", async (name, i) => {
    const owed = expected(name, recorded[name]!);
    const got = await replay.answer(cases[i]!, i);
    const steps = cases[i]!.steps.filter((s) => "call" in s || "get" in s).map((s) =>
      "call" in s ? `${s.call[0]}(${s.call.slice(1).join(", ")})` : (s as { get: string }).get,
    );
    expect(got.results.map((r, k) => `${steps[k]} => ${r}`)).toEqual(owed.results.map((r, k) => `${steps[k]} => ${r}`));
    expect(got.forwarded).toBe(owed.forwarded);
    expect(got.reply).toBe(owed.reply);
  });

  test("every difference that is meant names a case", () => {
    const names = new Set(cases.map((c) => c.name));
    expect(Object.keys(DIFFERENCES).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe.runIf(oracle && !recordAnew)("what Kamailio does is what was recorded", () => {
  test("all cases", async () => {
    const answers = await ask(cases);
    // what a broken R-URI holds there is left-over memory
    const whole = (a: Answers): Answers =>
      Object.fromEntries(Object.entries(a).filter(([name]) => name !== "siputils: parameter before headers"));
    expect(whole(Object.fromEntries(cases.map((c, i) => [c.name, answers[i]!])))).toEqual(whole(recorded));
  });
});
