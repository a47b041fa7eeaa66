// The names under which scripts in other languages find what a module declares. The API, its check, the stubs and the reference derive
// from this one list.

import type { AnyModule, FunctionDef } from "./define.ts";
import type { Gives, KemiDef } from "./kemi.ts";

/** One function as it stands in the tree: KSR.<group>.<name>, or KSR.<name> in the group "". */
export interface ScriptName {
  readonly group: string;
  readonly name: string;
  readonly def: FunctionDef<unknown> | KemiDef<unknown>;
  readonly gives: Gives;
}

/**
 * What a module shows to scripts. Of two with one name the later one counts: what it declares for scripts stands behind what is derived
 * from its functions.
 */
export function scriptNames(module: AnyModule): ScriptName[] {
  return [...derivedNames(module), ...declaredNames(module)];
}

/** The names that follow from a module's functions. */
export function derivedNames(module: AnyModule): ScriptName[] {
  const group = module.kemiName;
  return Object.entries(module.functions).flatMap(([own, def]) =>
    def.kemi === null
      ? []
      : [...new Set([own, ...def.aliases, ...(def.kemi === undefined ? [] : [def.kemi])])].map((name) =>
          scriptName(group, name, def),
        ),
  );
}

/** The names that a module declares for scripts alone. */
export function declaredNames(module: AnyModule): ScriptName[] {
  return Object.entries(module.kemi).map(([key, given]) => {
    const def = typeof given === "string" ? module.functions[given]! : given;
    const dot = key.indexOf(".");
    return scriptName(dot < 0 ? module.kemiName : key.slice(0, dot), key.slice(dot + 1), def);
  });
}

/** As a script writes it: "KSR.tm.t_relay". */
export function fullName(group: string, name: string): string {
  return group === "" ? `KSR.${name}` : `KSR.${group}.${name}`;
}

function scriptName(group: string, name: string, def: ScriptName["def"]): ScriptName {
  return { group, name, def, gives: def.gives ?? (group === "" ? "bool" : "int") };
}
