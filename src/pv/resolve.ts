// Finds what a variable as written means: the module that declares it, its accessor, its transformations. Done once for each place
// in the script; what is left for run time are closures that read, transform and write.

import type { RouteContext } from "../proxy/context.ts";
import { type Accessor, ArgError } from "../registry/args.ts";
import type { PvDef, TransformDef } from "../registry/define.ts";
import { intOfText, printed, toText, type Value } from "../sip/value.ts";
import { type PvRef, parseTemplate, splitTransformArgs, type Template } from "./parse.ts";
import { applyTransforms, type BoundTransform } from "./transform.ts";
import { nullableVarAccessor, type VarSlots, varAccessor } from "./vars.ts";

/** Where names are looked up: the loaded modules and the `$var` slots of one generation. */
export interface PvEnv {
  findPv(name: string): { readonly def: PvDef<unknown>; readonly instance: unknown } | null;
  findTransform(name: string): TransformDef | null;
  readonly slots: VarSlots;
  /** The words of #!define and their values; null for a word without value. */
  readonly defines: ReadonlyMap<string, string | null>;
  /** Custom global parameters ($ccp), by "group.name". */
  readonly custom?: ReadonlyMap<string, Value>;
  /** Where the variable stands ($cfg); absent where nobody knows. */
  readonly place?: { readonly file: string; readonly line: number; readonly route: string };
  /** What reads a select ($sel), given without its @; absent where there are none. */
  readonly select?: (name: string) => Accessor | ArgError;
}

/** How many accessors are kept for names that are computed at run time ($avp($var(x))). */
const DYNAMIC_CACHE = 512;
/** Longer names are resolved anew each time: strangers may choose them. */
const MAX_KEY = 256;

/** The accessor of a variable; ArgError says what is wrong with it. A variable with transformations cannot be written. */
export function resolvePv(ref: PvRef, env: PvEnv): Accessor | ArgError {
  const base = resolveBase(ref, env);
  if (base instanceof ArgError || ref.transforms.length === 0) return base;
  const transforms: BoundTransform[] = [];
  for (const t of ref.transforms) {
    const bound = bindTransform(t.name, t.rest, env);
    if (bound instanceof ArgError) return bound;
    transforms.push(bound);
  }
  const get = base.get.bind(base);
  return { get: (ctx) => applyTransforms(get(ctx), transforms, ctx) };
}

function resolveBase(ref: PvRef, env: PvEnv): Accessor | ArgError {
  if (ref.name === "null") return NULL_ACCESSOR;
  const found = env.findPv(ref.name);
  if (found === null) return new ArgError(`unknown variable $${ref.name}`);
  const { def, instance } = found;
  if (def.inner === "none" && ref.inner !== null) return new ArgError(`$${ref.name} takes no name in parentheses`);
  if (def.inner === "required" && (ref.inner === null || ref.inner[0] === "")) {
    return new ArgError(`$${ref.name} needs a name in parentheses`, `write $${ref.name}(name)`);
  }
  if (!def.indexed && ref.index !== null && ref.index !== 0 && ref.index !== "*") {
    return new ArgError(`$${ref.name} has one value: it takes no index`);
  }
  const inner = ref.inner === null ? null : ref.inner.length === 1 ? ref.inner[0]! : ref.inner;
  if (def.ofVariable !== undefined) {
    if (inner === null || typeof inner === "string" || !("name" in inner))
      return new ArgError(`$${ref.name} takes a variable in its parentheses`, `write it as $${ref.name}($avp(x))`);
    const accessor = resolvePv(inner, env);
    if (accessor instanceof ArgError) return accessor;
    return def.ofVariable(instance, { name: inner.name, inner: plainText(inner.inner), accessor });
  }
  const isConstant =
    (inner === null || typeof inner === "string") && (ref.index === null || typeof ref.index !== "object");
  const resolveOne = (name: string | null, index: number | "*" | null): Accessor | ArgError =>
    (name === null ? null : ofGeneration(ref.name, name, env)) ?? def.resolve(instance, name, index);
  if (isConstant) return resolveOne(inner as string | null, ref.index as number | "*" | null);
  return dynamicAccessor(ref, env, resolveOne, def.writable);
}

/** Classes that belong to the generation of the configuration and to no module's state; null for others. */
function ofGeneration(className: string, name: string, env: PvEnv): Accessor | ArgError | null {
  switch (className) {
    case "var":
    case "vz":
      return varAccessor(env.slots, name);
    case "vn":
      return nullableVarAccessor(env.slots, name);
    case "sel":
      return env.select?.(name) ?? null;
    case "cfg":
      return env.place === undefined ? null : placeAccessor(name, env.place);
    case "def":
      return constantAccessor(env.defines.get(name) ?? (env.defines.has(name) ? "" : null));
    case "ccp":
      return constantAccessor(env.custom?.get(name) ?? null);
    case "defn":
      return constantAccessor(intOfText(env.defines.get(name) ?? ""));
    default:
      return null;
  }
}

function placeAccessor(name: string, place: NonNullable<PvEnv["place"]>): Accessor | null {
  if (name === "line") return constantAccessor(place.line);
  if (name === "name" || name === "file") return constantAccessor(place.file);
  return name === "route" ? constantAccessor(place.route) : null;
}

function constantAccessor(value: Value): Accessor {
  return { get: () => value };
}

function plainText(template: Template | null): string | null {
  const [only] = template ?? [];
  return template?.length === 1 && typeof only === "string" ? only : null;
}

/** A variable whose name or index is computed on each use; the accessors of names met are kept, up to a bound. */
function dynamicAccessor(
  ref: PvRef,
  env: PvEnv,
  resolveOne: (name: string | null, index: number | "*" | null) => Accessor | ArgError,
  isWritable: boolean,
): Accessor | ArgError {
  const name = ref.inner === null ? null : nameReader(ref.name, ref.inner, env);
  if (name instanceof ArgError) return name;
  const index = ref.index !== null && typeof ref.index === "object" ? resolvePv(ref.index, env) : null;
  if (index instanceof ArgError) return index;
  const cache = new Map<string, Accessor>();
  const find = (ctx: RouteContext): Accessor => {
    const key = name === null ? null : name(ctx);
    const at = index === null ? (ref.index as number | "*" | null) : indexOf(index.get(ctx));
    const cacheKey = `${at} ${key}`;
    const known = cache.get(cacheKey);
    if (known !== undefined) return known;
    const resolved = resolveOne(key, at);
    const accessor = resolved instanceof ArgError ? NULL_ACCESSOR : resolved;
    if (cache.size < DYNAMIC_CACHE && cacheKey.length <= MAX_KEY) cache.set(cacheKey, accessor);
    return accessor;
  };
  const get = (ctx: RouteContext): Value => find(ctx).get(ctx);
  return isWritable ? { get, set: (ctx, value) => find(ctx).set?.(ctx, value) } : { get };
}

// A number as name of an AVP is another one than the name of its digits.
function nameReader(className: string, inner: Template, env: PvEnv): ((ctx: RouteContext) => string) | ArgError {
  const [only] = inner;
  if (className !== "avp" || inner.length !== 1 || only === undefined || typeof only === "string")
    return templateReader(inner, env);
  const accessor = resolvePv(only, env);
  if (accessor instanceof ArgError) return accessor;
  return (ctx) => {
    const value = accessor.get(ctx);
    return typeof value === "number" ? `i:${value}` : printed(value);
  };
}

/** A function that gives the text of a template. Null prints as <null>, and as nothing behind a transformation, as in Kamailio. */
export function templateReader(template: Template, env: PvEnv): ((ctx: RouteContext) => string) | ArgError {
  const readers: (string | ((ctx: RouteContext) => string))[] = [];
  for (const part of template) {
    if (typeof part === "string") {
      readers.push(part);
      continue;
    }
    const accessor = resolvePv(part, env);
    if (accessor instanceof ArgError) return accessor;
    readers.push(part.transforms.length > 0 ? (ctx) => toText(accessor.get(ctx)) : (ctx) => printed(accessor.get(ctx)));
  }
  const [only] = readers;
  if (readers.length === 1) return typeof only === "string" ? () => only : only!;
  return (ctx) => {
    let text = "";
    for (const reader of readers) text += typeof reader === "string" ? reader : reader(ctx);
    return text;
  };
}

function indexOf(value: Value): number | "*" {
  if (value === "*") return "*";
  return typeof value === "number" ? value : Number.parseInt(toText(value), 10) | 0;
}

const NULL_ACCESSOR: Accessor = { get: () => null, set: () => undefined };

function bindTransform(name: string, rest: string | null, env: PvEnv): BoundTransform | ArgError {
  const def = env.findTransform(name);
  if (def === null) return new ArgError(`unknown transformation {${name}}`);
  if (def.bind !== undefined) {
    const bound = def.bind(rest ?? "", (text) => {
      const template = parseTemplate(text);
      return "problem" in template ? new ArgError(template.problem) : templateReader(template, env);
    });
    if (bound instanceof ArgError) return bound;
    return { def: { ...def, apply: (value, _args, ctx) => bound(value, ctx) }, constant: [], dynamic: null };
  }
  const texts = splitTransformArgs(rest, Math.max(1, def.maxArgs));
  if (rest !== null && def.maxArgs === 0) return new ArgError(`{${name}} takes no arguments`);
  if (texts.length < def.minArgs) {
    return new ArgError(`{${name}} needs ${def.minArgs} argument${def.minArgs === 1 ? "" : "s"}`, def.doc);
  }
  const constant: string[] = [];
  const dynamic: ((ctx: RouteContext) => string)[] = [];
  let isConstant = true;
  for (const text of texts) {
    const trimmed = text.trim();
    const template: Template | { problem: string } =
      trimmed.startsWith("$") && trimmed.length > 1 ? parseTemplate(trimmed) : [text];
    if ("problem" in template) return new ArgError(`{${name}}: ${template.problem}`);
    if (template.every((part) => typeof part === "string")) {
      constant.push(text);
      dynamic.push(() => text);
      continue;
    }
    isConstant = false;
    const reader = templateReader(template, env);
    if (reader instanceof ArgError) return reader;
    constant.push("");
    dynamic.push(reader);
  }
  return { def, constant, dynamic: isConstant ? null : dynamic };
}
