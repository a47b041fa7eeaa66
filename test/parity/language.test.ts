// Small cases of the script language on Kamailio and here, value by value. Answers are recorded in language.json and asked again where
// Kamailio is installed.
//
// To add cases: write a file language-NAME.ts that exports `cases` (value(), holds() and shows() of language-bed.ts make the usual ones),
// name it below, run this test once with PORTICO_RECORD=1, which asks Kamailio and writes language.json, and once without. Names are
// unique. A difference that is meant goes into language-differences.ts with its reason; any other is to be repaired in src.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { askLanguage, type LanguageAnswer, type LanguageCase, runLanguage } from "./language-bed.ts";
import { DIFFERENCES, expected } from "./language-differences.ts";
import { cases as expressions } from "./language-expressions.ts";
import { cases as operators } from "./language-operators.ts";
import { haveOracle } from "./oracle.ts";

const cases: readonly LanguageCase[] = [...expressions, ...operators];

const FILE = fileURLToPath(new URL("./language.json", import.meta.url));
const recordAnew = process.env["PORTICO_RECORD"] === "1";

type Answers = Record<string, LanguageAnswer>;
const named = (answers: readonly LanguageAnswer[]): Answers =>
  Object.fromEntries(cases.map((c, i) => [c.name, answers[i]!]));

let recorded: Answers = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Answers) : {};
let ours: Answers = {};
let refusals = new Map<string, string>();

beforeAll(async () => {
  if (recordAnew) {
    recorded = named(await askLanguage(cases));
    const lines = Object.entries(recorded).map(([name, a]) => `  ${JSON.stringify(name)}: ${JSON.stringify(a)}`);
    writeFileSync(FILE, `{\n${lines.join(",\n")}\n}\n`);
  }
  const run = await runLanguage(cases);
  ours = named(run.answers);
  refusals = run.refusals;
});

describe("the language means what it means to Kamailio", () => {
  test.each(cases.map((c) => [c.name, c] as const))("%s", (name, c) => {
    expect(recorded[name], "recorded answer").toBeDefined();
    expect({ script: c.run, answer: ours[name], refusal: refusals.get(name) }).toEqual({
      script: c.run,
      answer: expected(name, recorded[name]),
      refusal: refusals.get(name),
    });
  });

  test("names of cases are unique", () => {
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
  });

  test("every difference that is meant names a case and still differs", () => {
    const listed = DIFFERENCES.flatMap((d) => Object.entries(d.cases));
    expect(
      listed.filter(([name, answer]) => JSON.stringify(recorded[name] ?? answer) === JSON.stringify(answer)),
    ).toEqual([]);
  });
});

describe.runIf(haveOracle() && !recordAnew)("what Kamailio does is what was recorded", () => {
  test("all cases", async () => {
    expect(named(await askLanguage(cases))).toEqual(recorded);
  });
});
