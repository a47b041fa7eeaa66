// What scripts in other languages can call, derived from the declarations of the modules: KSR.<module>.<function>, and by modf() every
// function of the native language.

import { AskedVariables } from "../pv/asked.ts";
import { parsePv } from "../pv/parse.ts";
import { type PvEnv, resolvePv } from "../pv/resolve.ts";
import { type Accessor, ArgError } from "../registry/args.ts";
import type { ScriptApi, ScriptCall } from "../registry/kemi.ts";
import type { Configured } from "../registry/loader.ts";
import { Catalogue } from "../registry/registry.ts";
import { declaredNames, derivedNames, fullName, type ScriptName } from "../registry/script-names.ts";
import { BoundCall } from "./bound-call.ts";
import { type Conversions, remembered } from "./convert.ts";

/** A group of KSR by the names of its functions. */
type Group = Map<string, ScriptCall>;

/** The functions of one generation, bound to the instances of its modules. */
export class Api implements ScriptApi {
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, ScriptCall>>;
  readonly variable: (text: string) => Accessor | ArgError;
  private readonly catalogue: Catalogue;
  private readonly instances: ReadonlyMap<string, unknown>;
  private readonly conversions: Conversions;
  private readonly natives = new Map<string, ScriptCall | null>();

  /** `conversions.variable` is ours: the one given reads a text anew each time. */
  constructor(generation: readonly Configured[], conversions: Omit<Conversions, "asked">) {
    this.catalogue = new Catalogue(generation.map(({ module }) => module));
    this.instances = new Map(generation.map(({ module, instance }) => [module.name, instance]));
    this.variable = remembered(conversions.variable);
    const asked = new AskedVariables(this.catalogue.modules, this.instances);
    this.conversions = { ...conversions, variable: this.variable, asked };
    this.groups = this.makeGroups(generation);
  }

  native(name: string): ScriptCall | null {
    let known = this.natives.get(name);
    if (known !== undefined) return known;
    const found = this.catalogue.function(name);
    known =
      found === null
        ? null
        : new BoundCall(name, found.def, this.instances.get(found.module.name), "int", {
            ...this.conversions,
            asNative: true,
          });
    if (known !== null) this.natives.set(name, known);
    return known;
  }

  private makeGroups(generation: readonly Configured[]): Map<string, Group> {
    const groups = new Map<string, Group>();
    for (const names of [derivedNames, declaredNames])
      for (const { module, instance } of generation) for (const name of names(module)) this.add(groups, name, instance);
    return groups;
  }

  private add(groups: Map<string, Group>, { group, name, def, gives }: ScriptName, instance: unknown): void {
    let functions = groups.get(group);
    if (functions === undefined) groups.set(group, (functions = new Map()));
    functions.set(name, new BoundCall(fullName(group, name), def, instance, gives, this.conversions));
  }
}

/** Reads the variable that a text is as a whole. */
export function variableReader(env: PvEnv): (text: string) => Accessor | ArgError {
  return (text) => {
    const ref = parsePv(text);
    return "problem" in ref ? new ArgError(ref.problem) : resolvePv(ref, env);
  };
}
