// The script toolbox, textops, textopsx, siputils, corex, kex, xlog, rr and pv, function by function on Kamailio and here. Answers are
// recorded in toolbox/*.json and asked again where Kamailio is installed; PORTICO_RECORD=new asks for new cases, =all for every one,
// PORTICO_GROUP=name runs one group.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { askLanguage, type LanguageAnswer, type LanguageCase, runLanguage, type Setup } from "./language-bed.ts";
import { haveOracle } from "./oracle.ts";
import { cases as corex, setup as corexSetup } from "./toolbox-corex.ts";
import { DIFFERENCES, isMeant } from "./toolbox-differences.ts";
import { cases as kex, setup as kexSetup } from "./toolbox-kex.ts";
import { cases as pv, setup as pvSetup } from "./toolbox-pv.ts";
import { cases as rest, setup as restSetup } from "./toolbox-rest.ts";
import { cases as rr, setup as rrSetup } from "./toolbox-rr.ts";
import { cases as siputils } from "./toolbox-siputils.ts";
import { cases as textops } from "./toolbox-textops.ts";
import { cases as textopsx } from "./toolbox-textopsx.ts";

interface Group {
  readonly cases: readonly LanguageCase[];
  readonly setup?: Setup;
}

const GROUPS: Readonly<Record<string, Group>> = {
  textops: { cases: textops },
  textopsx: { cases: textopsx },
  siputils: { cases: siputils },
  corex: { cases: corex, setup: corexSetup },
  kex: { cases: kex, setup: kexSetup },
  rr: { cases: rr, setup: rrSetup },
  pv: { cases: pv, setup: pvSetup },
  rest: { cases: rest, setup: restSetup },
};

const NAMES = Object.values(GROUPS).flatMap(({ cases }) => cases.map((c) => c.name));

const record = process.env["PORTICO_RECORD"];
const only = process.env["PORTICO_GROUP"];

type Answers = Record<string, LanguageAnswer>;

function load(name: string): Answers {
  const file = fileURLToPath(new URL(`./toolbox/${name}.json`, import.meta.url));
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Answers) : {};
}

function save(name: string, answers: Answers): void {
  const file = fileURLToPath(new URL(`./toolbox/${name}.json`, import.meta.url));
  writeFileSync(file, `${JSON.stringify(answers, null, 2)}\n`);
}

/** What we answer where that is meant to differ. */
const OWN = load("ours");

describe.each(Object.entries(GROUPS).filter(([group]) => only === undefined || group === only))(
  "%s",
  (group, { cases, setup }) => {
    let recorded = load(group);
    let ours: Answers = {};
    let refusals = new Map<string, string>();

    beforeAll(async () => {
      if (record !== undefined) {
        const known = record === "all" ? {} : recorded;
        const asked = cases.filter((c) => known[c.name] === undefined);
        const answers = asked.length === 0 ? [] : await askLanguage(asked, setup);
        const fresh = Object.fromEntries(asked.map((c, i) => [c.name, answers[i]!]));
        recorded = Object.fromEntries(cases.map((c) => [c.name, fresh[c.name] ?? known[c.name]!]));
        save(group, recorded);
      }
      const run = await runLanguage(cases, setup);
      ours = Object.fromEntries(cases.map((c, i) => [c.name, run.answers[i]!]));
      refusals = run.refusals;
      if (record === undefined) return;
      for (const { name } of cases) {
        if (isMeant(name)) OWN[name] = ours[name]!;
        else delete OWN[name];
      }
      for (const name of Object.keys(OWN)) if (!NAMES.includes(name)) delete OWN[name];
      save("ours", OWN);
    });

    test.each(cases.map((c) => [c.name, c] as const))("%s", (name, c) => {
      expect(recorded[name], "recorded answer").toBeDefined();
      expect({ script: c.run, answer: ours[name], refusal: refusals.get(name) }).toEqual({
        script: c.run,
        answer: isMeant(name) ? OWN[name] : recorded[name],
        refusal: refusals.get(name),
      });
    });

    test("names are unique, and what is recorded has its case", () => {
      expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
      expect(Object.keys(recorded).sort()).toEqual(cases.map((c) => c.name).sort());
    });

    // Those it refuses were asked when they were recorded: each one costs a start.
    test.runIf(haveOracle() && record === undefined)("Kamailio answers as recorded", async () => {
      const accepted = cases.filter((c) => Array.isArray(recorded[c.name]));
      const answers = await askLanguage(accepted, setup);
      expect(Object.fromEntries(accepted.map((c, i) => [c.name, answers[i]]))).toEqual(
        Object.fromEntries(accepted.map((c) => [c.name, recorded[c.name]])),
      );
    });
  },
);

test("every difference that is meant is one", () => {
  const theirs: Answers = Object.assign({}, ...Object.keys(GROUPS).map(load));
  const same = NAMES.filter((name) => isMeant(name) && JSON.stringify(OWN[name]) === JSON.stringify(theirs[name]));
  expect(same).toEqual([]);
  expect(DIFFERENCES.filter((d) => !NAMES.some((name) => d.names.test(name))).map((d) => d.why)).toEqual([]);
  expect(Object.keys(OWN).filter((name) => !isMeant(name) || !NAMES.includes(name))).toEqual([]);
});
