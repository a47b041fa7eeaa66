// What scripts in other languages can call, derived from the declarations of the modules: KSR.<module>.<function>, and by modf() every
// function of the native language.

import { parsePv } from "../pv/parse.ts";
import { type PvEnv, resolvePv } from "../pv/resolve.ts";
import { type Accessor, ArgError } from "../registry/args.ts";
import type { FunctionDef } from "../registry/define.ts";
import type { KemiDef, ScriptApi, ScriptCall } from "../registry/kemi.ts";
import type { Configured } from "../registry/loader.ts";
import { Catalogue } from "../registry/registry.ts";
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
  constructor(generation: readonly Configured[], conversions: Conversions) {
    this.catalogue = new Catalogue(generation.map(({ module }) => module));
    this.instances = new Map(generation.map(({ module, instance }) => [module.name, instance]));
    this.variable = remembered(conversions.variable);
    this.conversions = { ...conversions, variable: this.variable };
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
    for (const { module, instance } of generation) {
      for (const [own, def] of Object.entries(module.functions)) {
        if (def.kemi === null) continue;
        for (const name of new Set([own, ...def.aliases, ...(def.kemi === undefined ? [] : [def.kemi])]))
          this.add(groups, module.kemiName, name, def, instance);
      }
    }
    // what modules declare for scripts counts more than what is derived from their functions
    for (const { module, instance } of generation)
      for (const [key, given] of Object.entries(module.kemi)) {
        const def = typeof given === "string" ? module.functions[given]! : given;
        const dot = key.indexOf(".");
        this.add(groups, dot < 0 ? module.kemiName : key.slice(0, dot), key.slice(dot + 1), def, instance);
      }
    return groups;
  }

  private add(
    groups: Map<string, Group>,
    groupName: string,
    name: string,
    def: FunctionDef<unknown> | KemiDef<unknown>,
    instance: unknown,
  ): void {
    let group = groups.get(groupName);
    if (group === undefined) groups.set(groupName, (group = new Map()));
    const full = groupName === "" ? `KSR.${name}` : `KSR.${groupName}.${name}`;
    const gives = def.gives ?? (groupName === "" ? "bool" : "int");
    group.set(name, new BoundCall(full, def, instance, gives, this.conversions));
  }
}

/** Reads the variable that a text is as a whole. */
export function variableReader(env: PvEnv): (text: string) => Accessor | ArgError {
  return (text) => {
    const ref = parsePv(text);
    return "problem" in ref ? new ArgError(ref.problem) : resolvePv(ref, env);
  };
}
