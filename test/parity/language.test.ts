// Small cases of the script language on Kamailio and here, value by value. Answers are recorded in language/*.json and asked again where
// Kamailio is installed.
//
// To add cases: write a file language-NAME.ts that exports `cases` (value(), holds() and shows() of language-bed.ts make the usual ones),
// add it to a group below, run this test with PORTICO_RECORD=new, which asks Kamailio for cases with new names (=all: for every case),
// and once without. Each group has its file of answers; PORTICO_GROUP=name runs one group. Names are unique in a group. A difference that
// is meant goes into language-differences.ts with its reason; any other is to be repaired in src.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { askLanguage, type LanguageAnswer, type LanguageCase, runLanguage, type Setup } from "./language-bed.ts";
import { DIFFERENCES, expected } from "./language-differences.ts";
import { cases as expressions } from "./language-expressions.ts";
import { cases as groups } from "./language-groups.ts";
import * as kemi from "./language-kemi.ts";
import { cases as keywords } from "./language-keywords.ts";
import * as lua from "./language-lua.ts";
import { cases as operators } from "./language-operators.ts";
import { cases as preprocessor } from "./language-preprocessor.ts";
import * as python from "./language-python.ts";
import { cases as selects } from "./language-selects.ts";
import { cases as selectsMore } from "./language-selects-more.ts";
import { cases as statements } from "./language-statements.ts";
import { cases as transforms } from "./language-transforms.ts";
import { cases as variablesRead } from "./language-variables-read.ts";
import { cases as variablesWrite } from "./language-variables-write.ts";
import { cases as variablesXavp } from "./language-variables-xavp.ts";
import { haveOracle } from "./oracle.ts";
import * as storedCfg from "./stored-cfg.ts";
import * as storedCounters from "./stored-counters.ts";
import * as storedDomains from "./stored-domains.ts";
import * as storedHtable from "./stored-htable.ts";
import * as storedPermissions from "./stored-permissions.ts";
import * as storedPermissionsFile from "./stored-permissions-file.ts";
import * as storedRenamed from "./stored-renamed.ts";
import * as storedStatistics from "./stored-statistics.ts";

const GROUPS: Readonly<Record<string, readonly LanguageCase[]>> = {
  expressions,
  operators,
  statements,
  keywords,
  groups,
  preprocessor,
  transforms,
  selects: [...selects, ...selectsMore],
  variables: [...variablesRead, ...variablesWrite, ...variablesXavp],
  cfg: storedCfg.cases,
  counters: storedCounters.cases,
  domains: storedDomains.cases,
  htable: storedHtable.cases,
  permissions: storedPermissions.cases,
  "permissions-file": storedPermissionsFile.cases,
  renamed: storedRenamed.cases,
  statistics: storedStatistics.cases,
  kemi: kemi.cases,
  lua: lua.cases,
  python: python.cases,
};

/** What groups need beside the usual modules: configuration, tables of a database, files. */
const SETUPS: Readonly<Record<string, Setup>> = {
  kemi: kemi.setup,
  lua: lua.setup,
  python: python.setup,
  cfg: storedCfg.setup,
  counters: storedCounters.setup,
  domains: storedDomains.setup,
  htable: storedHtable.setup,
  permissions: storedPermissions.setup,
  "permissions-file": storedPermissionsFile.setup,
  renamed: storedRenamed.setup,
  statistics: storedStatistics.setup,
};

const record = process.env["PORTICO_RECORD"];
const only = process.env["PORTICO_GROUP"];

type Answers = Record<string, LanguageAnswer>;

describe.each(Object.entries(GROUPS).filter(([group]) => only === undefined || group === only))(
  "%s",
  (group, cases) => {
    const file = fileURLToPath(new URL(`./language/${group}.json`, import.meta.url));
    const named = (answers: readonly LanguageAnswer[]): Answers =>
      Object.fromEntries(cases.map((c, i) => [c.name, answers[i]!]));
    let recorded: Answers = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Answers) : {};
    let ours: Answers = {};
    let refusals = new Map<string, string>();
    const setup = SETUPS[group] ?? {};

    beforeAll(async () => {
      if (record !== undefined) {
        const known = record === "all" ? {} : recorded;
        const asked = cases.filter((c) => known[c.name] === undefined);
        const answers = asked.length === 0 ? [] : await askLanguage(asked, setup);
        const fresh = Object.fromEntries(asked.map((c, i) => [c.name, answers[i]!]));
        recorded = Object.fromEntries(cases.map((c) => [c.name, fresh[c.name] ?? known[c.name]!]));
        writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
      }
      const run = await runLanguage(cases, setup);
      ours = named(run.answers);
      refusals = run.refusals;
    });

    test.each(cases.map((c) => [c.name, c] as const))("%s", (name, c) => {
      expect(recorded[name], "recorded answer").toBeDefined();
      expect({ script: c.run, answer: ours[name], refusal: refusals.get(name) }).toEqual({
        script: c.run,
        answer: expected(name, recorded[name]),
        refusal: refusals.get(name),
      });
    });

    test("names are unique, and what is recorded has its case", () => {
      expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
      expect(Object.keys(recorded).sort()).toEqual(cases.map((c) => c.name).sort());
    });

    test("differences that are meant are differences still", () => {
      const stale = cases.filter(({ name }) => {
        const owed = expected(name, undefined);
        return owed !== undefined && JSON.stringify(owed) === JSON.stringify(recorded[name]);
      });
      expect(stale.map((c) => c.name)).toEqual([]);
    });

    // Those it refuses were asked when they were recorded: each one costs a start. It says the same whatever runs this test.
    const isDeno = "Deno" in globalThis;
    if (!isDeno)
      test.runIf(haveOracle() && record === undefined)("Kamailio answers as recorded", async () => {
        const accepted = cases.filter((c) => Array.isArray(recorded[c.name]));
        const answers = await askLanguage(accepted, setup);
        expect(Object.fromEntries(accepted.map((c, i) => [c.name, answers[i]]))).toEqual(
          Object.fromEntries(accepted.map((c) => [c.name, recorded[c.name]])),
        );
      });
  },
);

test("every difference that is meant names a case", () => {
  const names = new Set(Object.values(GROUPS).flatMap((cases) => cases.map((c) => c.name)));
  expect(DIFFERENCES.flatMap((d) => Object.keys(d.cases)).filter((name) => !names.has(name))).toEqual([]);
});
