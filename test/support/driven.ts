// What tests from outside name: the texts of their configurations and cases, and whether a declared name is used in one of them.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Kinds of names a module declares. */
export type NameKind = "function" | "param" | "variable" | "transformation" | "rpc" | "event";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FOLDERS = ["outside", "parity", "scenarios", "cfg", "simulation"];
/** Not tests of what a name does: what differs, what the checker says, modules made up, names without effect. */
const LEFT_OUT = /differences|\/diagnostics\/|\/diag-|stub-modules|no-effect|driven/;
/** Files whose cases are made by programs: their exports are read, so that names put together count as well. */
const MADE = /\/parity\/[\w-]*(cases|toolbox-|language-|stored-)[\w-]*\.ts$/;

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(path) : /\.(ts|cfg|xml|sh)$/.test(path) ? [path] : [];
  });
}

/** All texts in a value, joined. */
function textsIn(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || seen.has(value)) return "";
  seen.add(value);
  return Object.entries(value)
    .map(([key, inner]) => (typeof inner === "function" ? "" : `${key}: ${textsIn(inner, seen)}`))
    .join("\n");
}

/** The texts of all tests from outside. */
export async function outsideTexts(): Promise<string[]> {
  const shared = filesUnder(`${ROOT}support`).filter((path) => path.endsWith("-config.ts")); // those of several tests
  const own = FOLDERS.flatMap((folder) => filesUnder(`${ROOT}${folder}`));
  const paths = [...own, ...shared].filter((path) => !LEFT_OUT.test(path));
  return Promise.all(
    paths.map(async (path) => {
      const written = readFileSync(path, "utf8").replace(/^\s*(\/\/|\*).*$/gm, "");
      if (!MADE.test(path)) return written;
      const exported = (await import(/* @vite-ignore */ path)) as Record<string, unknown>;
      return `${written}\n${textsIn({ ...exported })}`;
    }),
  );
}

const escaped = (name: string): string => name.replace(/[.[\]\\$*+?(){}|^-]/g, "\\$&");

/** How the use of a name looks. */
function useOf(kind: NameKind, name: string): RegExp {
  const n = escaped(name);
  switch (kind) {
    case "function":
      return new RegExp(`(?<![\\w.$])${n}(\\s*\\(|["'\`])`);
    case "param":
      return new RegExp(`["'\`|]${n}["'\`|]|\\b${n}: |^\\s*${n} ?= ?`, "m");
    case "variable":
      return new RegExp(`\\$\\(?${n}(?!\\w)`);
    case "transformation":
      return new RegExp(`\\{${n}(?![\\w.])`);
    case "event":
      return new RegExp(`event_route\\[${n}`);
    default:
      return new RegExp(`(?<![\\w.])${n}(?![\\w.])`);
  }
}

/** Answers whether a name of a module is used in one of the texts; parameters only where the module is named too. */
export class Uses {
  private readonly texts: readonly string[];
  private readonly whole: string;

  constructor(texts: readonly string[]) {
    this.texts = texts;
    this.whole = texts.join("\n");
  }

  has(kind: NameKind, module: string, name: string): boolean {
    const use = useOf(kind, name);
    if (kind !== "param") return use.test(this.whole);
    const named = new RegExp(`\\b${module}\\b`);
    return this.texts.some((text) => named.test(text) && use.test(text));
  }
}
