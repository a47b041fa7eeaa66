// Checks loadmodule and modparam against the catalogue and gives each loaded module its parameter values, defaults filled in.

import { ArgError } from "../registry/args.ts";
import type { AnyModule, ParamDef } from "../registry/define.ts";
import { asQuestion } from "../registry/nearest.ts";
import { type Catalogue, likeParam, paramOf } from "../registry/registry.ts";
import type { ConfigTree, LoadModule, ModParam, Scalar } from "./ast.ts";
import type { Missing } from "./check-missing.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { numberOf } from "./globals.ts";
import { knownOwners } from "./known-modules.ts";
import { olderParam } from "./older-params.ts";
import type { Place } from "./source.ts";

/** A module to be set up: its parameters as `configure` takes them, and where each was written (for ConfigError). */
export interface LoadedModule {
  readonly module: AnyModule;
  readonly params: Readonly<Record<string, unknown>>;
  readonly at: Place;
  readonly paramPlaces: ReadonlyMap<string, Place>;
}

/** Modules in the order loaded, "core" first, each module after those it uses. Unknown ones are reported and left out. */
export function checkModules(
  tree: ConfigTree,
  all: Catalogue,
  missing: Missing,
  whole: Place,
  diagnostics: Diagnostics,
): LoadedModule[] {
  const order = loadOrder(tree.modules, all, missing, whole, diagnostics);
  const values = new Map<string, Map<string, unknown>>();
  const places = new Map<string, Map<string, Place>>();
  for (const { module } of order) {
    values.set(module.name, new Map());
    places.set(module.name, new Map());
  }
  for (const param of tree.params) {
    for (const name of param.modules) {
      const entry = order.find((m) => m.module.name === name);
      if (entry !== undefined) setParam(entry.module, param, values.get(name)!, places.get(name)!, diagnostics);
      else if (!missing.has(name)) notLoaded(name, param, all, missing, diagnostics);
    }
  }
  return order.map(({ module, at }) => {
    const params: Record<string, unknown> = {};
    for (const [name, def] of Object.entries(module.params)) {
      const given = values.get(module.name)!;
      params[name] = given.has(name) ? given.get(name) : def.default;
    }
    return { module, params, at, paramPlaces: places.get(module.name)! };
  });
}

function loadOrder(
  loads: readonly LoadModule[],
  all: Catalogue,
  missing: Missing,
  whole: Place,
  diagnostics: Diagnostics,
): { module: AnyModule; at: Place }[] {
  const order: { module: AnyModule; at: Place }[] = [];
  const core = all.module("core");
  if (core !== null) order.push({ module: core, at: whole });
  const loaded = new Set(["core"]);
  for (const load of loads) {
    const module = all.module(load.name);
    if (module === null) {
      missing.module(load.name, load.at);
    } else if (loaded.has(load.name)) {
      if (load.name !== "core") diagnostics.warning("loaded-twice", load.at, `module ${load.name} is loaded twice`);
    } else {
      loaded.add(load.name);
      order.push({ module, at: load.at });
    }
  }
  for (const { module, at } of order) {
    for (const used of module.uses) {
      if (!loaded.has(used.name)) {
        diagnostics.error(
          "module-needed",
          at,
          `module ${module.name} needs ${used.name}`,
          `add loadmodule "${used.name}.so"`,
        );
      }
    }
  }
  return usedFirst(order);
}

/** Each module after those it uses; otherwise in the order written. */
function usedFirst(order: { module: AnyModule; at: Place }[]): { module: AnyModule; at: Place }[] {
  const done = new Set<string>();
  const sorted: { module: AnyModule; at: Place }[] = [];
  const place = (entry: { module: AnyModule; at: Place }): void => {
    if (done.has(entry.module.name)) return;
    done.add(entry.module.name);
    for (const used of [...entry.module.uses, ...entry.module.mayUse]) {
      const needed = order.find((m) => m.module.name === used.name);
      if (needed !== undefined) place(needed);
    }
    sorted.push(entry);
  };
  for (const entry of order) place(entry);
  return sorted;
}

function notLoaded(name: string, param: ModParam, all: Catalogue, missing: Missing, diagnostics: Diagnostics): void {
  if (all.module(name) !== null) {
    diagnostics.error(
      "not-loaded",
      param.moduleAt,
      `module ${name} is not loaded`,
      `add loadmodule "${name}.so" above`,
    );
  } else {
    missing.module(name, param.moduleAt);
  }
}

function setParam(
  module: AnyModule,
  param: ModParam,
  values: Map<string, unknown>,
  places: Map<string, Place>,
  diagnostics: Diagnostics,
): void {
  const found = paramOf(module, param.param);
  if (found === null) {
    if (knownOwners("param", param.param).includes(module.name)) {
      const message = `${module.name} parameter ${param.param} has no effect: it is not supported yet`;
      diagnostics.warning("no-effect", param.paramAt, message);
      return;
    }
    const older = olderParam(module.name, param.param);
    if (older !== null && "effect" in older) {
      const message = `${module.name} parameter ${param.param} has no effect: ${older.effect}`;
      diagnostics.warning("no-effect", param.paramAt, message);
      return;
    }
    const hint = older?.hint ?? asQuestion(likeParam(module, param.param));
    diagnostics.error("unknown-param", param.paramAt, `module ${module.name} has no parameter ${param.param}`, hint);
    return;
  }
  const { name, def } = found;
  const value = convert(def, param.value);
  if (value === null) {
    const wants = def.kind === "int" ? "a number" : "a text";
    const message = `${param.param} takes ${wants}, not ${param.value.kind === "int" ? param.value.value : `"${param.value.value}"`}`;
    diagnostics.error("wrong-type", param.value.at, message, def.doc);
    return;
  }
  if (typeof value === "number" && ((def.min !== null && value < def.min) || (def.max !== null && value > def.max))) {
    const unit = def.unit === "" ? "" : ` ${def.unit}`;
    const range =
      def.max === null
        ? `at least ${def.min}`
        : def.min === null
          ? `at most ${def.max}`
          : `between ${def.min} and ${def.max}`;
    diagnostics.error("out-of-range", param.value.at, `${param.param} must be ${range}${unit}`, def.doc);
    return;
  }
  if (def.effect !== "" && value !== def.default) {
    diagnostics.warning(
      "no-effect",
      param.paramAt,
      `${module.name} parameter ${param.param} has no effect: ${def.effect}`,
      "leave it out",
    );
  }
  const parsed = def.parse === null ? value : def.parse(value);
  if (parsed instanceof ArgError) {
    diagnostics.error("bad-value", param.value.at, `${param.param}: ${parsed.message}`, parsed.hint ?? def.doc);
    return;
  }
  values.set(name, def.many ? [...((values.get(name) as unknown[] | undefined) ?? []), parsed] : parsed);
  places.set(name, param.at);
}

/** The value in the parameter's kind; numbers and texts that spell them stand for each other, as in Kamailio. */
function convert(def: ParamDef<unknown>, value: Scalar): number | string | null {
  if (def.kind === "int") return numberOf(value);
  return value.kind === "int" ? String(value.value) : value.value;
}
