// $xavp(name[index]=>field[index]), $xavu, $xavi: how they are written, read, assigned and counted. What they hold is in
// proxy/xavp.ts.

import type { RouteContext, XavpKind } from "../../proxy/context.ts";
import { pickField, type Xavp, type XavpIndex, type XavpStore } from "../../proxy/xavp.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pvClass } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";

/** A name as written, its parts apart. */
export interface XavpSpec {
  readonly name: string;
  readonly index: XavpIndex;
  readonly field: string | null;
  readonly which: XavpIndex;
}

const PART = "([^\\[\\]=>\\s]+)\\s*(?:\\[\\s*(\\*|[+-]?\\d{1,9})\\s*\\])?";
// a third level is read over, as on Kamailio
const SPEC = new RegExp(`^\\s*${PART}\\s*(?:=>\\s*${PART}\\s*)?(?:=>.*)?$`);

/** Reads "name", "name[1]", "name[1]=>field", "name=>field[-1]" …; names of $xavi are taken in lower case. */
export function parseXavp(kind: XavpKind, text: string): XavpSpec | ArgError {
  const found = SPEC.exec(kind === "xavi" ? text.toLowerCase() : text);
  if (found === null)
    return new ArgError(`"${text}" names no $${kind}`, `write $${kind}(name), $${kind}(name[0]=>field)`);
  if (kind === "xavu" && (found[2] !== undefined || found[4] !== undefined))
    return new ArgError("$xavu holds one value under a name: it takes no index");
  return { name: found[1]!, index: indexOf(found[2]), field: found[3] ?? null, which: indexOf(found[4]) };
}

function indexOf(text: string | undefined): XavpIndex {
  return text === undefined ? null : text === "*" ? "*" : Number.parseInt(text, 10);
}

/** The store of one kind, when there is any value with it. */
export function storeOf(ctx: RouteContext, kind: XavpKind): XavpStore | null {
  return ctx.avpsOrNull?.xavps(kind) ?? null;
}

function read(ctx: RouteContext, kind: XavpKind, spec: XavpSpec): Value {
  const entry = storeOf(ctx, kind)?.one(spec.name, spec.index);
  if (entry === undefined) return null;
  if (spec.field === null) return entry.fields === null ? entry.value : `<<xavp:${spec.name}>>`;
  return entry.fields === null ? null : (pickField(entry.fields, spec.field, spec.which)?.value ?? null);
}

function write(ctx: RouteContext, kind: XavpKind, { name, index, field, which }: XavpSpec, value: Value): void {
  const store = ctx.avps.xavps(kind);
  if (field === null) {
    if (value === null) store.remove(name, index);
    else store.set(name, index, value);
  } else if (value === null) store.removeField(name, index, field, which);
  else store.setField(name, index, field, which, value);
}

/** The accessor of one of them. */
export function xavpAccessor(kind: XavpKind, text: string): Accessor | ArgError {
  const spec = parseXavp(kind, text);
  if (spec instanceof ArgError) return spec;
  return { get: (ctx) => read(ctx, kind, spec), set: (ctx, value) => write(ctx, kind, spec, value) };
}

/** How many there are of what is named: entries, or fields over the entries. Without index that is all of them. */
export function countXavp(ctx: RouteContext, kind: XavpKind, spec: XavpSpec): number {
  const all = storeOf(ctx, kind)?.all(spec.name) ?? [];
  const entries = atIndex(all, spec.index);
  const { field, which } = spec;
  if (field === null) return entries.length;
  return entries.reduce((sum, entry) => sum + atIndex(fieldsNamed(entry, field), which).length, 0);
}

function fieldsNamed(entry: Xavp, name: string): readonly unknown[] {
  return entry.fields?.filter((f) => f.name === name) ?? [];
}

function atIndex<T>(list: readonly T[], index: XavpIndex): readonly T[] {
  if (typeof index !== "number") return list;
  const one = list.at(index);
  return one === undefined ? [] : [one];
}

function xavpClass(kind: XavpKind, doc: string): PvDef<unknown> {
  return pvClass<unknown>({
    doc,
    inner: "required",
    writable: true,
    resolve: (_instance, name) => xavpAccessor(kind, name ?? ""),
  });
}

/** The three classes. */
export const xavpVariables: Record<string, PvDef<unknown>> = {
  xavp: xavpClass(
    "xavp",
    "Value, or group of named fields, that stays with the transaction: $xavp(a)=v and $xavp(a=>f)=v add on top, $xavp(a[0]=>f)=v sets a field of the newest, $null takes away; indexes count from the newest, negative ones from the oldest.",
  ),
  xavu: xavpClass("xavu", "As $xavp with one value under each name: assigning replaces; no indexes."),
  xavi: xavpClass("xavi", "As $xavp, its names without regard to case."),
};
