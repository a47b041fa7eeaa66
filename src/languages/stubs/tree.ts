// The tree of functions that scripts see, of all modules at once, in the order in which stubs are written.

import type { AnyModule } from "../../registry/define.ts";
import { routeNames } from "../../registry/docs.ts";
import type { Gives } from "../../registry/kemi.ts";
import { fullName, scriptNames } from "../../registry/script-names.ts";

/** What an argument may be. `rest`: texts and numbers, as many as one likes. */
export interface StubArg {
  readonly name: string;
  readonly type: "int" | "text" | "rest";
  readonly optional: boolean;
}

/** One function. */
export interface StubFunction {
  readonly name: string;
  /** "KSR.tm.t_relay". */
  readonly full: string;
  readonly args: readonly StubArg[];
  readonly gives: Gives;
  /** What it does, which module has it, and where it may be called if not everywhere. */
  readonly doc: string;
}

/** The functions directly under KSR (group ""), then each group, by name. */
export interface StubGroup {
  readonly name: string;
  readonly functions: readonly StubFunction[];
}

/** What scripts can call when all of those modules are loaded. `reserved`: words that cannot be names of arguments. */
export function stubTree(modules: readonly AnyModule[], reserved: ReadonlySet<string>): StubGroup[] {
  const groups = new Map<string, Map<string, StubFunction>>();
  const put = (group: string, made: StubFunction): void => {
    const functions = groups.get(group) ?? new Map<string, StubFunction>();
    groups.set(group, functions.set(made.name, made));
  };
  for (const module of modules)
    for (const { group, name, def, gives } of scriptNames(module)) {
      const routes = "routes" in def ? routeNames(def.routes) : [];
      const where = [
        ...(module.name === "core" ? [] : [`Module ${module.name}.`]),
        ...(routes.length === 0 ? [] : [`In ${routes.join(", ")} routes.`]),
      ];
      const args = argsOf(def.args, reserved);
      put(group, { name, full: fullName(group, name), args, gives, doc: [def.doc, ...where].join(" ") });
    }
  for (const group of ["", "x"]) put(group, modf(group));
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, functions]) => ({ name, functions: sorted(functions) }));
}

function sorted(functions: ReadonlyMap<string, StubFunction>): StubFunction[] {
  return [...functions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Any function of the native language by its name: the languages add it themselves. */
function modf(group: string): StubFunction {
  return {
    name: "modf",
    full: fullName(group, "modf"),
    args: [
      { name: "name", type: "text", optional: false },
      { name: "args", type: "rest", optional: true },
    ],
    gives: "int",
    doc: "Calls a function of the native language by its name; variables in texts are replaced.",
  };
}

function argsOf(
  args: readonly { readonly name: string; readonly kind: string; readonly optional: boolean }[],
  reserved: ReadonlySet<string>,
): StubArg[] {
  const taken = new Set<string>();
  return args.map(({ name, kind, optional }) => {
    let own = name.replace(/\W+/g, "_").replace(/^_+|_+$/g, "");
    if (own === "" || /^\d/.test(own)) own = `arg${own}`;
    while (reserved.has(own) || taken.has(own)) own += "_";
    taken.add(own);
    return { name: own, type: kind === "int" ? "int" : "text", optional };
  });
}
