// What Kamailio's modules export, by name: so that a configuration that uses one that does not exist here is told which module it
// misses, once, in place of a list of unknown words.

import { KNOWN } from "./known-modules-table.ts";

/** The kinds of names a module gives, in the order of the table. */
export type KnownKind = "function" | "variable" | "transform" | "param";

const KINDS: readonly KnownKind[] = ["function", "variable", "transform", "param"];

interface Known {
  readonly names: Readonly<Record<KnownKind, ReadonlySet<string>>>;
  /** Whether the table says what it exports; of some modules only the name is known. */
  readonly isListed: boolean;
}

let byModule: Map<string, Known> | null = null;
const owners = new Map<KnownKind, Map<string, string[]>>();

// Made on first use: a configuration without mistakes never needs it.
function known(): Map<string, Known> {
  if (byModule !== null) return byModule;
  byModule = new Map();
  for (const line of KNOWN.split("\n")) {
    const [name, ...lists] = line.split("|");
    const sets = lists.map((list) => new Set(list === "" ? [] : list.split(" ")));
    const names = Object.fromEntries(KINDS.map((kind, i) => [kind, sets[i]!])) as unknown as Known["names"];
    byModule.set(name!, { names, isListed: sets.some((s) => s.size > 0) });
    for (const kind of KINDS) for (const word of names[kind]) note(kind, word, name!);
  }
  return byModule;
}

function note(kind: KnownKind, word: string, module: string): void {
  let words = owners.get(kind);
  if (words === undefined) owners.set(kind, (words = new Map()));
  const list = words.get(word);
  if (list === undefined) words.set(word, [module]);
  else list.push(module);
}

/** Whether Kamailio has a module of that name. */
export function isKnownModule(name: string): boolean {
  return known().has(name);
}

/** The names of Kamailio's modules. */
export function knownModules(): Iterable<string> {
  return known().keys();
}

/** The modules of Kamailio that export that name; none when there is no such name. A transformation may be written class.name. */
export function knownOwners(kind: KnownKind, name: string): readonly string[] {
  known();
  const word = kind === "transform" ? name.split(".")[0]! : name;
  return owners.get(kind)?.get(word) ?? [];
}

/** What a module exports of one kind; null when that is not known. */
export function knownExports(module: string, kind: KnownKind): ReadonlySet<string> | null {
  const found = known().get(module);
  return found?.isListed === true ? found.names[kind] : null;
}
