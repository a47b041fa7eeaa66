// Functions of module pv on any variable: whether it is set, what type it has; texts that are evaluated twice.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { writeVar } from "../../pv/vars.ts";
import { ArgError, type ReaderOf, raw, str, variable } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";
import type { PvInstance } from "./instance.ts";
import { storeOf } from "./xavp.ts";

function typeName(value: Value): string {
  return value === null ? "null" : typeof value === "number" ? "int" : "str";
}

const ANY = RouteKind.ANY;

// The text once evaluated, then evaluated again; null when what came out cannot be read.
function twice(text: string, reader: ReaderOf): ((ctx: RouteContext) => string | null) | ArgError {
  const first = reader(text);
  if (first instanceof ArgError) return first;
  return (ctx) => {
    const again = reader(first(ctx));
    return again instanceof ArgError ? null : again(ctx);
  };
}

function varsToXavp(ctx: RouteContext, name: string, xname: string): number {
  const { varNames } = ctx.routes;
  if (varNames === undefined || xname === "") return -1;
  const names = name === "*" ? [...varNames.names()].filter((n) => !n.startsWith("vn:")) : [name];
  const fields = names.map((n) => ({ name: n, value: ctx.vars[varNames.slot(n)] ?? 0 }));
  const store = ctx.avps.xavps("xavp");
  store.remove(xname, "*");
  store.add(xname, { value: null, fields: fields.reverse() });
  return 1;
}

function xavpToVars(ctx: RouteContext, xname: string): number {
  const { varNames } = ctx.routes;
  const fields = storeOf(ctx, "xavp")?.one(xname, 0)?.fields;
  if (varNames === undefined || fields === undefined || fields === null) return -1;
  for (const field of fields) writeVar(ctx, varNames.slot(field.name), field.value);
  return 1;
}

/** The functions. */
export const variableFunctions: Record<string, FunctionDef<PvInstance>> = {
  pv_isset: fn({
    args: [variable("pvar")],
    routes: ANY,
    doc: "True when the variable has a value.",
    run: (_s: PvInstance, ctx, v) => (v.get(ctx) === null ? -1 : 1),
  }),
  pv_unset: fn({
    args: [variable("pvar")],
    routes: ANY,
    doc: "Takes the value of a variable away.",
    run: (_s: PvInstance, ctx, v) => {
      if (v.set === undefined) return -1;
      v.set(ctx, null);
      return 1;
    },
  }),
  is_int: fn({
    args: [variable("pvar")],
    routes: ANY,
    doc: "True when the variable holds a number.",
    run: (_s: PvInstance, ctx, v) => (typeof v.get(ctx) === "number" ? 1 : -1),
  }),
  typeof: fn({
    args: [variable("pvar"), str("vtype")],
    routes: ANY,
    doc: "True when the variable holds that type: int, str or null.",
    run: (_s: PvInstance, ctx, v, type) => (typeName(v.get(ctx)) === type ? 1 : -1),
  }),
  not_empty: fn({
    args: [variable("pvar")],
    routes: ANY,
    doc: "True when the variable holds a text that is not empty.",
    run: (_s: PvInstance, ctx, v) => {
      const value = v.get(ctx);
      return typeof value === "string" && value !== "" ? 1 : -1;
    },
  }),
  pv_evalx: fn({
    args: [variable("dst"), raw("fmt", twice)],
    routes: ANY,
    doc: "Puts a text into a variable, its variables filled in twice.",
    run: (_s: PvInstance, ctx, target, make) => {
      const text = make(ctx);
      if (target.set === undefined || text === null) return -1;
      target.set(ctx, text);
      return 1;
    },
  }),
  pv_var_to_xavp: fn({
    args: [str("name"), str("xname")],
    routes: ANY,
    doc: "Copies a $var, or with * all of them, into fields of $xavp(xname), which is emptied before.",
    run: (_s: PvInstance, ctx, name, xname) => varsToXavp(ctx, name, xname),
  }),
  pv_xavp_to_var: fn({
    args: [str("xname")],
    routes: ANY,
    doc: "Copies the fields of $xavp(xname) into the $var of their names.",
    run: (_s: PvInstance, ctx, xname) => xavpToVars(ctx, xname),
  }),
};
