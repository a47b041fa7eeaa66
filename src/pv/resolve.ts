// Finds what a variable as written means: the module that declares it, its accessor, its transformations. Done once for each place
// in the script; what is left for run time are closures that read, transform and write.

import type { RouteContext } from "../proxy/context.ts";
import { type Accessor, ArgError } from "../registry/args.ts";
import type { PvDef, TransformDef } from "../registry/define.ts";
import { printed, toText, type Value } from "../sip/value.ts";
import { type PvRef, parseTemplate, splitTransformArgs, type Template } from "./parse.ts";
import { applyTransforms, type BoundTransform } from "./transform.ts";
import { type VarSlots, varAccessor } from "./vars.ts";

/** Where names are looked up: the loaded modules and the `$var` slots of one generation. */
export interface PvEnv {
  findPv(name: string): { readonly def: PvDef<unknown>; readonly instance: unknown } | null;
  findTransform(name: string): TransformDef | null;
  readonly slots: VarSlots;
}

/** How many accessors are kept for names that are computed at run time ($avp($var(x))). */
const DYNAMIC_CACHE = 512;

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
  const isConstant =
    (inner === null || typeof inner === "string") && (ref.index === null || typeof ref.index !== "object");
  const resolveOne = (name: string | null, index: number | "*" | null): Accessor | ArgError =>
    ref.name === "var" && name !== null ? varAccessor(env.slots, name) : def.resolve(instance, name, index);
  if (isConstant) return resolveOne(inner as string | null, ref.index as number | "*" | null);
  return dynamicAccessor(ref, env, resolveOne, def.writable);
}

/** A variable whose name or index is computed on each use; the accessors of names met are kept, up to a bound. */
function dynamicAccessor(
  ref: PvRef,
  env: PvEnv,
  resolveOne: (name: string | null, index: number | "*" | null) => Accessor | ArgError,
  isWritable: boolean,
): Accessor | ArgError {
  const name = ref.inner === null ? null : templateReader(ref.inner, env);
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
    if (cache.size < DYNAMIC_CACHE) cache.set(cacheKey, accessor);
    return accessor;
  };
  const get = (ctx: RouteContext): Value => find(ctx).get(ctx);
  return isWritable ? { get, set: (ctx, value) => find(ctx).set?.(ctx, value) } : { get };
}

/** A function that gives the text of a template. Null prints as <null>, as in Kamailio. */
export function templateReader(template: Template, env: PvEnv): ((ctx: RouteContext) => string) | ArgError {
  const readers: (string | ((ctx: RouteContext) => string))[] = [];
  for (const part of template) {
    if (typeof part === "string") {
      readers.push(part);
      continue;
    }
    const accessor = resolvePv(part, env);
    if (accessor instanceof ArgError) return accessor;
    readers.push((ctx) => printed(accessor.get(ctx)));
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
