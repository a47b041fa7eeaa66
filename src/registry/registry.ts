// The catalogue: modules by name, and every function, parameter, variable and transformation of those that are loaded. The checker,
// the compiler, the other languages and the reference all look here, so there is no second list anywhere.

import type { AnyModule, EventDef, FunctionDef, ParamDef, PvDef, RpcDef, TransformDef } from "./define.ts";
import { nearest } from "./nearest.ts";

/** Something found, with the module that declares it and the name it is declared under (not an alias). */
export interface Found<T> {
  readonly module: AnyModule;
  readonly name: string;
  readonly def: T;
}

type Table<T> = Map<string, Found<T>>;

/**
 * What a set of modules declares, by every name it may be called by. When two declare one name, that of the module loaded
 * later counts, as on Kamailio (measured with encode_contact() of siputils and mangler).
 */
export class Catalogue {
  readonly modules: readonly AnyModule[];
  private readonly byName = new Map<string, AnyModule>();
  private readonly functions: Table<FunctionDef<unknown>>;
  private readonly pvs: Table<PvDef<unknown>>;
  private readonly transforms: Table<TransformDef>;
  private readonly rpcs: Table<RpcDef<unknown>>;
  private readonly events: Table<EventDef>;

  constructor(modules: readonly AnyModule[]) {
    this.modules = modules;
    for (const m of modules) this.byName.set(m.name, m);
    this.functions = tableOf(modules, (m) => m.functions);
    this.pvs = tableOf(modules, (m) => m.pvs);
    this.transforms = tableOf(modules, (m) => m.transforms);
    this.rpcs = tableOf(modules, (m) => m.rpc);
    this.events = tableOf(modules, (m) => m.events);
  }

  /** The module of a name as loadmodule writes it: "tm", "tm.so", "/usr/lib/…/tm.so". */
  module(name: string): AnyModule | null {
    return this.byName.get(moduleName(name)) ?? null;
  }
  function(name: string): Found<FunctionDef<unknown>> | null {
    return this.functions.get(name) ?? null;
  }
  pv(name: string): Found<PvDef<unknown>> | null {
    return this.pvs.get(name) ?? null;
  }
  transform(name: string): Found<TransformDef> | null {
    return this.transforms.get(name) ?? null;
  }
  rpc(name: string): Found<RpcDef<unknown>> | null {
    return this.rpcs.get(name) ?? null;
  }
  /** The event route of that name: declared exactly, or by a prefix that ends with ":". */
  event(name: string): Found<EventDef> | null {
    const exact = this.events.get(name);
    if (exact !== undefined) return exact;
    for (const [prefix, found] of this.events) if (prefix.endsWith(":") && name.startsWith(prefix)) return found;
    return null;
  }

  /** Names nearest to one that was not found, best first; what they are is the caller's choice. */
  likeModule(name: string): string[] {
    return nearest(moduleName(name), this.byName.keys());
  }
  likeFunction(name: string): string[] {
    return nearest(name, this.functions.keys());
  }
  likePv(name: string): string[] {
    return nearest(name, this.pvs.keys());
  }
  likeTransform(name: string): string[] {
    return nearest(name, this.transforms.keys());
  }
  likeEvent(name: string): string[] {
    return nearest(name, this.events.keys());
  }
}

/** The parameter of a module by any of its names. */
export function paramOf(module: AnyModule, name: string): Found<ParamDef<unknown>> | null {
  if (Object.hasOwn(module.params, name)) return { module, name, def: module.params[name]! };
  for (const [own, d] of Object.entries(module.params))
    if (d.aliases.includes(name)) return { module, name: own, def: d };
  return null;
}

/** Names of parameters of a module nearest to one it has not. */
export function likeParam(module: AnyModule, name: string): string[] {
  return nearest(name, Object.keys(module.params));
}

/** A module's name out of what loadmodule says: without folder and ".so". */
export function moduleName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.so$/, "");
}

/** A module with all it uses, each once and after those it uses itself. */
export function withUsed(modules: readonly AnyModule[]): AnyModule[] {
  const out: AnyModule[] = [];
  const visit = (m: AnyModule): void => {
    if (out.includes(m)) return;
    for (const used of m.uses) visit(used);
    out.push(m);
  };
  for (const m of modules) visit(m);
  return out;
}

function tableOf<T>(modules: readonly AnyModule[], part: (m: AnyModule) => Readonly<Record<string, T>>): Table<T> {
  const table: Table<T> = new Map();
  for (const module of modules) {
    for (const [name, def] of Object.entries(part(module))) {
      const found = { module, name, def };
      table.set(name, found);
      for (const alias of aliasesOf(def)) table.set(alias, found);
    }
  }
  return table;
}

function aliasesOf(def: unknown): readonly string[] {
  return typeof def === "object" && def !== null && "aliases" in def && Array.isArray(def.aliases)
    ? (def.aliases as string[])
    : [];
}
