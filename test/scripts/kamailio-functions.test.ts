// What Kamailio 5.6.3 shows to scripts (test/parity/kemi-functions.tsv), as scripts written for it call it: the check says nothing of the
// number of arguments, nor of numbers where Kamailio takes numbers.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { constantProblem } from "../../src/languages/convert.ts";
import { modules } from "../../src/modules/index.ts";
import { AskedVariables } from "../../src/pv/asked.ts";
import { type ScriptName, scriptNames } from "../../src/registry/script-names.ts";

const TABLE = fileURLToPath(new URL("../parity/kemi-functions.tsv", import.meta.url));
const ours = new Map<string, ScriptName>();
for (const module of modules.values())
  for (const name of scriptNames(module)) ours.set(`${name.group}.${name.name}`, name);

const conversions = {
  reader: () => () => "",
  variable: () => ({ get: () => null }),
  routeNumber: () => 1,
  asked: new AskedVariables([], new Map()),
};

test("scripts written for Kamailio pass as many arguments as are taken here, and numbers where it takes numbers", () => {
  const wrong: string[] = [];
  let compared = 0;
  const rows = readFileSync(TABLE, "latin1").trimEnd().split("\n");
  for (const row of rows) {
    const [module = "", name = "", params = ""] = row.split("\t");
    const found = ours.get(`${module === "core" ? "" : module}.${name}`);
    if (found === undefined) continue; // those that are missing are told elsewhere
    compared++;
    const { args } = found.def;
    const kinds = params === "none" ? [] : params.split(", ");
    if (kinds.length < args.filter((arg) => !arg.optional).length || kinds.length > args.length)
      wrong.push(`${row}: count`);
    kinds.forEach((kind, i) => {
      const arg = args[i];
      if (kind === "int" && arg !== undefined && constantProblem(arg, 1, conversions) !== null)
        wrong.push(`${row}: ${arg.name}`);
    });
  }
  expect(compared).toBeGreaterThan(700);
  expect(wrong).toEqual([]);
});
