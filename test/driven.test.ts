// Every name a module declares is used by a test from outside: a configuration or case under test/outside, test/parity, test/scenarios,
// test/simulation or test/cfg. What is not stands in driven-missing.json with the reason; a line there that is no longer true is an error.
// PORTICO_RECORD=1 writes the list anew, with the reasons it had.

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { wholeCatalogue } from "../src/control/catalogue.ts";
import type { ModuleDoc } from "../src/registry/docs.ts";
import { type NameKind, outsideTexts, Uses } from "./support/driven.ts";

const FILE = new URL("./driven-missing.json", import.meta.url);
const MISSING = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, string>;

interface Named {
  readonly name: string;
  readonly aliases?: readonly string[];
}

/** Kind and name of all that a module declares, other spellings included; parameters without effect are told by no-effect.test.ts. */
function namesOf(m: ModuleDoc): (readonly [NameKind, string])[] {
  const each = (kind: NameKind, rows: readonly Named[]): (readonly [NameKind, string])[] =>
    rows.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [kind, name] as const));
  return [
    ...each("function", m.functions),
    ...each(
      "param",
      m.params.filter((p) => p.effect === ""),
    ),
    ...each("variable", m.variables),
    ...each("transformation", m.transforms),
    ...each("rpc", m.rpc),
    ...each("event", m.events),
  ];
}

test("every name of every module is used from outside, or listed with the reason why not", async () => {
  const uses = new Uses(await outsideTexts());
  const { modules, parameters } = wholeCatalogue();
  const unused = modules.flatMap((m) =>
    namesOf(m)
      .filter(([kind, name]) => !uses.has(kind, m.name, name))
      .map(([kind, name]) => `${m.name} ${kind} ${name}`),
  );
  const globals = parameters.flatMap((p) => [p.name, ...p.aliases]);
  unused.push(...globals.filter((name) => !uses.has("rpc", "", name)).map((name) => `global ${name}`));
  if (process.env["PORTICO_RECORD"] !== undefined) {
    const list = Object.fromEntries(unused.map((line) => [line, MISSING[line] ?? "not driven from outside yet"]));
    writeFileSync(FILE, `${JSON.stringify(list, null, 2)}\n`);
    return;
  }
  expect(unused.filter((line) => !Object.hasOwn(MISSING, line))).toEqual([]);
  expect(Object.keys(MISSING).filter((line) => !unused.includes(line))).toEqual([]);
  expect(Object.values(MISSING).filter((reason) => reason.length < 10)).toEqual([]);
});
