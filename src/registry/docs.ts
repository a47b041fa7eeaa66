// What the modules declare as plain data: for `portico catalogue --json`, the reference, editors and the test that all is documented.

import { RouteKind } from "../proxy/context.ts";
import type { AnyModule, FunctionDef, ParamDef, PvDef, RpcDef } from "./define.ts";
import type { Gives } from "./kemi.ts";
import { fullName, scriptNames } from "./script-names.ts";

/** The catalogue of one module. */
export interface ModuleDoc {
  readonly name: string;
  readonly doc: string;
  readonly uses: readonly string[];
  readonly params: readonly ParamDoc[];
  readonly functions: readonly FunctionDoc[];
  /** What scripts in other languages call, the functions above among them. */
  readonly scripts: readonly ScriptDoc[];
  readonly variables: readonly VariableDoc[];
  readonly transforms: readonly {
    readonly name: string;
    readonly doc: string;
    readonly minArgs: number;
    readonly maxArgs: number;
  }[];
  readonly rpc: readonly { readonly name: string; readonly doc: string; readonly args: RpcDef<unknown>["args"] }[];
  readonly events: readonly { readonly name: string; readonly doc: string }[];
  readonly tables: readonly { readonly name: string; readonly doc: string; readonly version: number }[];
}

export interface ParamDoc {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly kind: "int" | "str";
  /** The default as text or number; null when it is a value that was parsed to something else. */
  readonly default: string | number | null;
  readonly unit: string;
  readonly min: number | null;
  readonly max: number | null;
  readonly many: boolean;
  /** Why it has no effect; "" when it has. */
  readonly effect: string;
  readonly doc: string;
}

export interface FunctionDoc {
  readonly name: string;
  readonly aliases: readonly string[];
  /** As one would write it: "append_hf(text[, hdr])". */
  readonly usage: string;
  readonly args: readonly { readonly name: string; readonly kind: string; readonly optional: boolean }[];
  /** Kinds of route it may be called from; empty when any. */
  readonly routes: readonly string[];
  readonly waits: string;
  /** Its name under KSR.<module>.; null when it is not there. */
  readonly kemi: string | null;
  readonly doc: string;
}

/** One function as scripts in other languages see it. */
export interface ScriptDoc {
  /** "KSR.tm.t_relay". */
  readonly name: string;
  /** The function of the native language that it is; null when it is for scripts alone. */
  readonly native: string | null;
  readonly usage: string;
  readonly args: readonly { readonly name: string; readonly kind: string; readonly optional: boolean }[];
  /** A return code, whether it is true, nothing, or a value. */
  readonly gives: Gives;
  readonly waits: string;
  readonly doc: string;
}

export interface VariableDoc {
  readonly name: string;
  readonly aliases: readonly string[];
  /** As one would write it: "$hdr(name)", with [n] when it takes an index. */
  readonly usage: string;
  readonly writable: boolean;
  readonly doc: string;
}

/** What those modules declare, modules and names in alphabetical order. */
export function catalogue(modules: readonly AnyModule[]): ModuleDoc[] {
  return [...modules].sort(byName).map(moduleDoc);
}

/** The catalogue as JSON text, for `portico catalogue`. */
export function catalogueJson(modules: ReadonlyMap<string, AnyModule>): string {
  return JSON.stringify(catalogue([...modules.values()]), null, 2);
}

function moduleDoc(m: AnyModule): ModuleDoc {
  return {
    name: m.name,
    doc: m.doc,
    uses: m.uses.map((used) => used.name),
    params: rows(m.params, paramDoc),
    functions: rows(m.functions, functionDoc),
    scripts: scriptDocs(m),
    variables: rows(m.pvs, variableDoc),
    transforms: rows(m.transforms, (name, t) => ({ name, doc: t.doc, minArgs: t.minArgs, maxArgs: t.maxArgs })),
    rpc: rows(m.rpc, (name, r) => ({ name, doc: r.doc, args: r.args })),
    events: rows(m.events, (name, e) => ({ name, doc: e.doc })),
    tables: rows(m.tables, (name, t) => ({ name, doc: t.doc, version: t.version })),
  };
}

// Of two with one name the later one counts.
function scriptDocs(m: AnyModule): ScriptDoc[] {
  const natives = new Map(Object.entries(m.functions).map(([name, def]) => [def as unknown, name]));
  const out = new Map<string, ScriptDoc>();
  for (const { group, name, def, gives } of scriptNames(m)) {
    const full = fullName(group, name);
    const args = def.args.map((a) => ({ name: a.name, kind: a.kind, optional: a.optional }));
    const native = natives.get(def) ?? null;
    out.set(full, { name: full, native, usage: usageOf(full, def), args, gives, waits: def.waits, doc: def.doc });
  }
  return [...out.values()].sort(byName);
}

function rows<D, R extends { readonly name: string }>(
  table: Readonly<Record<string, D>>,
  row: (name: string, def: D) => R,
): R[] {
  return Object.entries(table)
    .map(([name, def]) => row(name, def))
    .sort(byName);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function paramDoc(name: string, p: ParamDef<unknown>): ParamDoc {
  const plain = typeof p.default === "string" || typeof p.default === "number" ? p.default : null;
  return {
    name,
    aliases: p.aliases,
    kind: p.kind,
    default: plain,
    unit: p.unit,
    min: p.min,
    max: p.max,
    many: p.many,
    effect: p.effect,
    doc: p.doc,
  };
}

function functionDoc(name: string, f: FunctionDef<unknown>): FunctionDoc {
  return {
    name,
    aliases: f.aliases,
    usage: usageOf(name, f),
    args: f.args.map((a) => ({ name: a.name, kind: a.kind, optional: a.optional })),
    routes: routeNames(f.routes),
    waits: f.waits,
    kemi: f.kemi === undefined ? name : f.kemi,
    doc: f.doc,
  };
}

/** A function as one would write it, optional arguments in brackets. */
export function usageOf(name: string, f: Pick<FunctionDef<unknown>, "args">): string {
  let text = `${name}(`;
  f.args.forEach((a, i) => {
    const comma = i === 0 ? "" : ", ";
    text += a.optional ? `[${comma}${a.name}]` : comma + a.name;
  });
  return `${text})`;
}

/** Names of route kinds in a set of bits; empty when it is all of them. */
export function routeNames(bits: number): string[] {
  if ((bits & RouteKind.ANY) === RouteKind.ANY) return [];
  return Object.entries(RouteKind)
    .filter(([name, bit]) => name !== "ANY" && (bits & bit) !== 0)
    .map(([name]) => name.toLowerCase());
}

function variableDoc(name: string, p: PvDef<unknown>): VariableDoc {
  const inner = p.inner === "none" ? "" : p.inner === "required" ? "(name)" : "[(name)]";
  const plain = `$${name}${inner}`;
  return {
    name,
    aliases: p.aliases,
    usage: p.indexed ? `${plain}, $(${name}${inner}[n])` : plain,
    writable: p.writable,
    doc: p.doc,
  };
}
