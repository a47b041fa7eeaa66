// The catalogue: the modules that exist, and of a configuration the names that its loaded modules give.

import type { AnyModule, FunctionDef, PvDef, TransformDef } from "../registry/define.ts";

/** The modules that can be loaded, by name. A module named "core" is always loaded. */
export type Catalogue = ReadonlyMap<string, AnyModule>;

/** A declaration and the module it comes from. */
export interface Owned<T> {
  readonly module: AnyModule;
  readonly name: string;
  readonly def: T;
}

/** Functions, variables and transformations of the loaded modules, by name and alias; the first module loaded wins. */
export class LoadedModules {
  readonly modules: readonly AnyModule[];
  readonly functions = new Map<string, Owned<FunctionDef<unknown>>>();
  readonly pvs = new Map<string, Owned<PvDef<unknown>>>();
  readonly transforms = new Map<string, Owned<TransformDef>>();

  constructor(modules: readonly AnyModule[]) {
    this.modules = modules;
    for (const module of modules) {
      for (const [name, def] of Object.entries(module.functions)) {
        for (const spelling of [name, ...def.aliases]) setOnce(this.functions, spelling, { module, name, def });
      }
      for (const [name, def] of Object.entries(module.pvs)) {
        for (const spelling of [name, ...def.aliases]) setOnce(this.pvs, spelling, { module, name, def });
      }
      for (const [name, def] of Object.entries(module.transforms))
        setOnce(this.transforms, name, { module, name, def });
    }
  }

  has(name: string): boolean {
    return this.modules.some((m) => m.name === name);
  }
}

function setOnce<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}

/** The module of the catalogue that has a function of that name. */
export function moduleWithFunction(catalogue: Catalogue, name: string): string | null {
  for (const m of catalogue.values()) {
    for (const [own, def] of Object.entries(m.functions)) if (own === name || def.aliases.includes(name)) return m.name;
  }
  return null;
}

/** The module of the catalogue that has a variable of that name. */
export function moduleWithPv(catalogue: Catalogue, name: string): string | null {
  for (const m of catalogue.values()) {
    for (const [own, def] of Object.entries(m.pvs)) if (own === name || def.aliases.includes(name)) return m.name;
  }
  return null;
}

/** The module of the catalogue that has a transformation of that name. */
export function moduleWithTransform(catalogue: Catalogue, name: string): string | null {
  for (const m of catalogue.values()) if (Object.hasOwn(m.transforms, name)) return m.name;
  return null;
}
