// Makes src/script/known-modules-table.ts from a list of what Kamailio's modules export (Markdown: a "### name" for each module, rows
// "| function | `name(args)` |" or lists "- function: `name(args)` · …"), and of names of further modules:
//   gen-known-modules.ts LIST.md [NAME …]
// Names only: functions, variables, transformations and parameters, for the checker's hints.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Exports {
  readonly functions: Set<string>;
  readonly variables: Set<string>;
  readonly transforms: Set<string>;
  readonly params: Set<string>;
}

const KINDS: Readonly<Record<string, keyof Exports>> = {
  function: "functions",
  variable: "variables",
  transformation: "transforms",
  param: "params",
};

function read(markdown: string): Map<string, Exports> {
  const modules = new Map<string, Exports>();
  let current: Exports | null = null;
  for (const line of markdown.split("\n")) {
    const heading = /^### (\S+)/.exec(line);
    if (heading !== null) {
      current = { functions: new Set(), variables: new Set(), transforms: new Set(), params: new Set() };
      modules.set(heading[1]!, current);
      continue;
    }
    const row = /^\| (\w+) \| (`[^`]+`)/.exec(line) ?? /^- (\w+): (.*)$/.exec(line);
    const kind = row === null ? undefined : KINDS[row[1]!];
    if (row === null || kind === undefined || current === null) continue;
    for (const [, text] of row[2]!.matchAll(/`([^`]+)`/g)) add(current[kind], kind, text!);
  }
  return modules;
}

function add(into: Set<string>, kind: keyof Exports, text: string): void {
  const name = /^[${]?\(?([A-Za-z_][\w.-]*)/.exec(text.trim())?.[1];
  if (name !== undefined) into.add(kind === "transforms" ? name.split(".")[0]! : name);
}

const [list, ...more] = process.argv.slice(2);
if (list === undefined) throw new Error("usage: gen-known-modules.ts LIST.md [NAME ...]");
const modules = read(readFileSync(list, "utf8"));
const empty: Exports = { functions: new Set(), variables: new Set(), transforms: new Set(), params: new Set() };
for (const name of more) if (!modules.has(name)) modules.set(name, empty);
modules.delete("core");
const words = (names: Set<string>): string => [...names].sort().join(" ");
const rows = [...modules]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, e]) => [name, ...[e.functions, e.variables, e.transforms, e.params].map(words)].join("|"));
const head = `// Names that Kamailio's modules export. Made by scripts/gen-known-modules.ts; used for hints only (known-modules.ts).

/** A line for each module: name|functions|variables|transformation classes|parameters, each a list of words. */
export const KNOWN = \`\\
`;
writeFileSync(
  fileURLToPath(new URL("../src/script/known-modules-table.ts", import.meta.url)),
  `${head}${rows.join("\n")}\`;\n`,
);
