// The catalogue against the list of features that is owed, where that list is beside the repository: what a row of the language names
// must be declared, or be listed in catalogue-missing.json with the reason. A listed row that has appeared is an error as well.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { wholeCatalogue } from "../src/control/catalogue.ts";
import { modules } from "../src/modules/index.ts";
import { loadConfig } from "../src/script/index.ts";

const FEATURES = fileURLToPath(new URL("../../shared/spec/features.tsv", import.meta.url));
const MISSING = JSON.parse(
  readFileSync(fileURLToPath(new URL("./catalogue-missing.json", import.meta.url)), "utf8"),
) as Record<string, string>;
const there = existsSync(FEATURES);

const { language, parameters, modules: docs } = wholeCatalogue();
const spellings = (list: readonly { readonly name: string; readonly aliases?: readonly string[] }[]): string[] =>
  list.flatMap((row) => [row.name, ...(row.aliases ?? [])]);
const words = new Set(spellings(language));
const globals = new Set(spellings(parameters));
const functions = new Set(docs.flatMap((m) => spellings(m.functions)));
const events = docs.flatMap((m) => m.events.map((e) => e.name));

/** Whether the configuration says nothing is wrong with an expression. */
function reads(expression: string): boolean {
  const all = [...modules.keys()]
    .filter((name) => name !== "core")
    .map((name) => `loadmodule "${name}.so"\n`)
    .join("");
  const use = expression.startsWith("@") ? `if (${expression} == "x") exit;` : `xlog("${expression}");`;
  const text = `${all}request_route { ${use} }\n`;
  return loadConfig({ file: "feature.cfg", text }, modules).diagnostics.every((d) => d.severity !== "error");
}

function firstWord(text: string): string {
  return /[A-Za-z_][\w.]*/.exec(text)?.[0] ?? text;
}

/** Whether what a row names exists. */
function exists(kind: string, name: string): boolean {
  switch (kind) {
    case "param":
      return globals.has(firstWord(name)) || words.has(firstWord(name));
    case "function":
      return functions.has(firstWord(name)) || words.has(firstWord(name));
    case "module":
      return modules.has(name);
    case "pv":
      return reads(
        name
          .replace(/\((?:name|id|attr|key)\)/, (m) => (m === "(attr)" ? "(uri)" : m === "(key)" ? "(u)" : "(x)"))
          .replace("[index]", "[0]"),
      );
    case "transformation":
      return reads(`$(ru${name.replace("len", "2").replace("index", "0").replace("separator", ";")})`);
    case "event_route": {
      const event = /\[(.*)\]/.exec(name)![1]!;
      return event === "group:event" || events.includes(event);
    }
    case "route":
      return (
        words.has(name.replace(/\s*\{ \}/, "").replace(/\[.*/, (m) => (m === "[0]" ? m : "[NAME]"))) ||
        words.has(firstWord(name)) ||
        firstWord(name) === "timer_route"
      );
    case "directive":
      return words.has(name.split(" ")[0]!);
    case "statement":
    case "keyword":
      return words.has(/msg:len/.test(name) ? "msg:len" : firstWord(name));
    case "operator":
      return words.has(name) || words.has(name.split(" ")[0]!) || words.has(firstWord(name)) || /^\[/.test(name);
    case "value": {
      const word = firstWord(name);
      return words.has(word) || globals.has(word) || /event_route/.test(name);
    }
    default:
      return true; // behaviour: told by tests of what it does
  }
}

describe.runIf(there)("rows of the language", () => {
  const rows = there
    ? readFileSync(FEATURES, "utf8")
        .split("\n")
        .slice(1)
        .map((line) => line.split("\t"))
        .filter((cells) => cells[8] === "language")
    : [];
  const missing = rows.filter(([, , kind, name]) => !exists(kind!, name!)).map(([id]) => id!);

  test("are declared, or listed with a reason", () => {
    expect(rows.length).toBeGreaterThan(250);
    expect(missing.filter((id) => !Object.hasOwn(MISSING, id))).toEqual([]);
  });

  test("and what is listed as missing is missing", () => {
    expect(Object.keys(MISSING).filter((id) => !missing.includes(id))).toEqual([]);
    expect(Object.values(MISSING).every((reason) => reason.length > 10)).toBe(true);
  });
});

test.skipIf(there)("the list of features is not beside this repository: nothing was compared", () => undefined);

test("every word of the language has a line about it", () => {
  expect(language.filter((row) => row.doc.length < 5 || row.name === "")).toEqual([]);
  expect(new Set(language.map((row) => `${row.kind} ${row.name}`)).size).toBe(language.length);
});
