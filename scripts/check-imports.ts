// Who may import whom, and who may touch the outside: the rank table of the folders under src, module boundaries, no
// cycles, and no clock, randomness or I/O outside src/host. Run by ./scripts/check; adding a folder means adding a row.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { codeOf, type Import, importsOf, lineAt, type Problem, report, typeScriptFiles } from "./source.ts";

/** A file may import its own folder and any folder of a lower rank. Folders of the same rank do not see each other. */
const RANKS: Readonly<Record<string, number>> = {
  util: 0,
  host: 1,
  sip: 1,
  net: 2,
  store: 2,
  tm: 2,
  proxy: 3,
  registry: 4,
  pv: 5,
  script: 6,
  languages: 6,
  modules: 7,
  control: 8,
  "boot.ts": 9,
  "main.ts": 9,
};

/** Files outside src/host that wrap a library which does its own I/O (database clients, Pyodide, fengari's io). */
const ADAPTERS: readonly string[] = ["src/languages/python/pyodide.ts", "src/store/mysql.ts", "src/store/postgres.ts"];

/** The `node:` imports that only compute. */
const PURE_NODE = new Set(["node:assert", "node:buffer", "node:path", "node:path/posix", "node:url", "node:util"]);

/** Names that reach the outside, as they look in code. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/(?<![.\w$])(?:globalThis\.)?Bun\b/g, "Bun"],
  [/(?<![.\w$])(?:globalThis\.)?Deno\b/g, "Deno"],
  [/(?<![.\w$])(?:globalThis\.)?process\./g, "process"],
  [/(?<![.\w$])(?:globalThis\.)?crypto\./g, "crypto"],
  [/(?<![.\w$])(?:globalThis\.)?performance\./g, "performance"],
  [/(?<![.\w$])(?:globalThis\.)?Math\.random\b/g, "Math.random"],
  [/(?<![.\w$])(?:globalThis\.)?Date\.now\b/g, "Date.now"],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))/g, "new Date() without a time"],
  [/(?<!(?:[.\w$]|function )|new )\b(?:globalThis\.)?(?:setTimeout|setInterval|setImmediate)\s*\(/g, "a runtime timer"],
  [/(?<![.\w$]|function )(?:globalThis\.)?fetch\s*\((?![^()]*\)\s*[:{])/g, "fetch"],
  [/\bnew\s+(?:Worker|WebSocket)\b/g, "a worker or socket"],
];

/** Source files by path ("src/sip/uri.ts"), and whether any other path (an asset) exists. */
export type Tree = { readonly files: ReadonlyMap<string, string>; readonly exists: (path: string) => boolean };

/** Checks every rule over the files of a tree. Problems come in the order of files and lines. */
export function checkImports(tree: Tree): Problem[] {
  const problems: Problem[] = [];
  const edges = new Map<string, string[]>();
  for (const [file, source] of tree.files) {
    const code = codeOf(source);
    const complain = (offset: number, text: string) => {
      problems.push({ file, line: lineAt(source, offset), text });
    };
    const targets: string[] = [];
    for (const one of importsOf(source, code)) {
      const target = checkImport(tree, file, one, complain);
      if (target !== null) targets.push(target);
    }
    edges.set(file, targets);
    if (!mayTouchOutside(file)) checkWords(code, complain);
  }
  problems.push(...findCycles(edges));
  const order = [...tree.files.keys()];
  return problems.sort((a, b) => order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line);
}

type Complain = (offset: number, text: string) => void;

/** Checks one import; returns the file it names when that is one of ours and needed when the program runs. */
function checkImport(
  tree: Tree,
  file: string,
  { specifier, offset, typeOnly }: Import,
  complain: Complain,
): string | null {
  if (specifier === null) {
    if (!mayTouchOutside(file)) complain(offset, "import() of a computed name hides who imports whom");
    return null;
  }
  if (!specifier.startsWith(".")) {
    checkPackage(file, specifier, offset, complain);
    return null;
  }
  const target = normalize(join(dirname(file), specifier));
  if (!tree.files.has(target)) {
    if (!tree.exists(target)) {
      complain(offset, `"${specifier}" is no file (imports carry their extension)`);
    } else if (isTest(file)) {
      return null;
    } else if (target.startsWith("embed/")) {
      if (!file.startsWith("src/host/")) complain(offset, "what lies in embed/ is read through src/host/assets.ts");
    } else if (!target.startsWith("src/")) {
      complain(offset, `"${target}" lies outside src`);
    }
    return null;
  }
  checkRank(file, target, offset, complain);
  checkModule(tree, file, target, offset, complain);
  // Neighbours may name each other's types (RouteContext and Proxy do); ranks keep such rings inside one folder.
  return typeOnly ? null : target;
}

function checkPackage(file: string, specifier: string, offset: number, complain: Complain): void {
  if (mayTouchOutside(file)) return;
  if (specifier === "bun" || specifier.startsWith("bun:")) {
    complain(offset, `"${specifier}" may be imported under src/host only`);
  } else if (specifier.startsWith("node:") && !PURE_NODE.has(specifier)) {
    complain(offset, `"${specifier}" may be imported under src/host only: ask the Host`);
  }
}

function checkRank(file: string, target: string, offset: number, complain: Complain): void {
  if (isTest(target)) {
    complain(offset, `"${target}" is a test; nothing imports it`);
    return;
  }
  const from = folderOf(file);
  const to = folderOf(target);
  if (from === to) return;
  if (to === "web") {
    complain(offset, "no server file imports web");
    return;
  }
  if (from === "web") {
    if (target !== "src/control/types.ts") complain(offset, "web imports types from src/control/types.ts only");
    return;
  }
  const fromRank = RANKS[from];
  const toRank = RANKS[to];
  if (fromRank === undefined || toRank === undefined) {
    const missing = fromRank === undefined ? from : to;
    complain(offset, `src/${missing} has no rank: add a row to RANKS in scripts/check-imports.ts`);
  } else if (fromRank === 9 && toRank === 9) {
    // boot.ts and main.ts lie in the same folder, src itself.
  } else if (toRank === fromRank) {
    complain(offset, `${from} must not import ${to}: both have rank ${toRank}`);
  } else if (toRank > fromRank) {
    complain(offset, `${from} (rank ${fromRank}) must not import ${to} (rank ${toRank})`);
  }
}

/** A module imports another module's own file or index.ts only, and lists it in `uses`. */
function checkModule(tree: Tree, file: string, target: string, offset: number, complain: Complain): void {
  const from = moduleOf(file);
  const to = moduleOf(target);
  if (to === null || from === to || from === "index") return;
  if (to === "index") {
    if (from !== null) complain(offset, "a module does not import the list of all modules");
    return;
  }
  const entry = entryOf(tree, to);
  if (entry === null) return;
  if (target !== entry) {
    complain(offset, `"${target}" is internal to the module ${to}: import ${entry}`);
    return;
  }
  const own = from === null ? null : entryOf(tree, from);
  if (own === null || isTest(file) || !declaresModule(tree, own) || !declaresModule(tree, entry)) return;
  const name = /\bname:\s*["']([^"']+)["']/.exec(declarationIn(tree, entry))?.[1] ?? to;
  const lists = declarationIn(tree, own).matchAll(/\b(?:uses|mayUse):\s*\[([^\]]*)\]/g);
  const uses = [...lists].map((list) => list[1]).join();
  if (!new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(uses)) {
    complain(offset, `the module ${from} imports ${name} without listing it in "uses"`);
  }
}

function checkWords(code: string, complain: Complain): void {
  for (const [pattern, name] of FORBIDDEN) {
    for (const match of code.matchAll(pattern)) complain(match.index, `${name} may be used under src/host only`);
  }
}

/** Every import cycle once, told at its first file. Imports of types alone do not count. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): Problem[] {
  const problems: Problem[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    if (done.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) {
      const cycle = [...path.slice(start), file];
      problems.push({ file, line: 1, text: `import cycle: ${cycle.join(" → ")}` });
      return;
    }
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return problems;
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts");
}

function mayTouchOutside(file: string): boolean {
  return file.startsWith("src/host/") || file.startsWith("src/web/") || isTest(file) || ADAPTERS.includes(file);
}

/** "sip" of src/sip/uri.ts; "main.ts" of src/main.ts. */
function folderOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** The module a file belongs to ("tm" of src/modules/tm.ts, tm.test.ts and tm/x.ts), "index" for the list, or null. */
function moduleOf(file: string): string | null {
  return /^src\/modules\/([^/]+?)(?:(?:\.test)?\.ts|\/.*)$/.exec(file)?.[1] ?? null;
}

function entryOf(tree: Tree, module: string): string | null {
  const candidates = [`src/modules/${module}.ts`, `src/modules/${module}/index.ts`];
  return candidates.find((path) => tree.files.has(path)) ?? null;
}

/** The text from defineModule on: what stands in front of it may speak of names and uses too. */
function declarationIn(tree: Tree, entry: string): string {
  const source = tree.files.get(entry) ?? "";
  return source.slice(Math.max(0, source.indexOf("defineModule(")));
}

function declaresModule(tree: Tree, entry: string): boolean {
  return tree.files.get(entry)?.includes("defineModule(") ?? false;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const files = new Map(typeScriptFiles(root, "src").map((path) => [path, readFileSync(join(root, path), "utf8")]));
  process.exitCode = report("imports", files.size, checkImports({ files, exists: (p) => existsSync(join(root, p)) }));
}
