// KSR.pvx: AVPs, shared variables and values with fields as scripts in other languages read and write them.

import type { RouteContext, XavpKind } from "../../proxy/context.ts";
import { pickField } from "../../proxy/xavp.ts";
import { int, str, text, variable } from "../../registry/args.ts";
import { type KemiDef, kemi, readings } from "../../registry/kemi.ts";
import { classFunctions, removable } from "../../registry/kemi-variables.ts";
import type { Value } from "../../sip/value.ts";
import { staticBranchFunctions } from "./static-branch.ts";
import { variableFunctions } from "./variable-functions.ts";
import { storeOf } from "./xavp.ts";
import { xavpFunctions } from "./xavp-functions.ts";

type Functions = Record<string, KemiDef<unknown>>;

const named =
  (className: string) =>
  (what: string): string =>
    `pvx.${className}_${what}`;

function fieldValue(ctx: RouteContext, kind: XavpKind, name: string, field: string): Value {
  const fields = storeOf(ctx, kind)?.one(name, 0)?.fields;
  return fields == null ? null : (pickField(fields, field, null)?.value ?? null);
}

/** The functions on one field of the newest value of a name. */
function childFunctions(kind: XavpKind): Functions {
  const args = [str("name"), str("field")] as const;
  const lower = (text: string): string => (kind === "xavi" ? text.toLowerCase() : text);
  const key = (what: string): string => `pvx.${kind}_child_${what}`;
  const set = (ctx: RouteContext, name: string, field: string, value: string | number): number => {
    ctx.avps.xavps(kind).setChild(lower(name), lower(field), value);
    return 1;
  };
  return {
    ...readings(
      (letter) => key(`get${letter}`),
      args,
      `The value of a field of $${kind}`,
      (_i: unknown, ctx, name, field) => fieldValue(ctx, kind, lower(name), lower(field)),
    ),
    [key("is_null")]: kemi({
      args,
      doc: `1 when a field of $${kind} has no value, else -1.`,
      run: (_i: unknown, ctx, name, field) => (fieldValue(ctx, kind, lower(name), lower(field)) === null ? 1 : -1),
    }),
    [key("rm")]: kemi({
      args,
      doc: `Takes a field of $${kind} away.`,
      run: (_i: unknown, ctx, name, field) => {
        storeOf(ctx, kind)?.removeField(lower(name), 0, lower(field), null);
        return 1;
      },
    }),
    [key("seti")]: kemi({
      args: [...args, int("value")],
      doc: `Sets a field of $${kind} to a number.`,
      run: (_i: unknown, ctx, name, field, value) => set(ctx, name, field, value),
    }),
    [key("sets")]: kemi({
      args: [...args, str("value")],
      doc: `Sets a field of $${kind} to a text.`,
      run: (_i: unknown, ctx, name, field, value) => set(ctx, name, field, value),
    }),
  };
}

/** Names of the fields of one value, or a copy of its fields, as text. */
function keysOf(kind: XavpKind): KemiDef<unknown> {
  return kemi({
    args: [str("name"), int("index")],
    gives: "value",
    doc: `The names of the fields of a value of $${kind}, with commas between; nothing when there is none.`,
    run: (_i: unknown, ctx, name, index) => {
      const fields = storeOf(ctx, kind)?.one(kind === "xavi" ? name.toLowerCase() : name, index)?.fields;
      return fields == null ? null : [...new Set(fields.map((field) => field.name))].join(",");
    },
  });
}

function wholeOf(kind: XavpKind, hasIndex: boolean): KemiDef<unknown> {
  const read = (ctx: RouteContext, name: string, index: number): Value => {
    const entry = storeOf(ctx, kind)?.one(kind === "xavi" ? name.toLowerCase() : name, index);
    if (entry === undefined) return null;
    return entry.fields === null ? entry.value : entry.fields.map((f) => `${f.name}=${f.value};`).join("");
  };
  const doc = `A value of $${kind}, or its fields as name=value; each; nothing when there is none.`;
  return hasIndex
    ? kemi({
        args: [str("name"), int("index")],
        gives: "value",
        doc,
        run: (_i: unknown, ctx, name, index) => read(ctx, name, index),
      })
    : kemi({ args: [str("name")], gives: "value", doc, run: (_i: unknown, ctx, name) => read(ctx, name, 0) });
}

/** The functions of the module as they are also known there. */
function ownFunctions(): Functions {
  const out: Functions = {};
  for (const [name, def] of Object.entries({ ...variableFunctions, ...xavpFunctions, ...staticBranchFunctions }))
    out[`pvx.${name}`] = { ...def, gives: def.gives ?? "int" } as KemiDef<unknown>;
  return out;
}

/** The functions, by their names in KSR. */
export const pvScripting: Readonly<Record<string, KemiDef<unknown> | string>> = {
  ...ownFunctions(),
  ...classFunctions(named("var"), "var", "a variable of the script", ""),
  ...classFunctions(named("shv"), "shv", "a shared variable", ""),
  ...classFunctions(named("avp"), "avp", "an AVP", "ew"),
  ...removable(named("avp"), "avp", "an AVP"),
  ...classFunctions(named("xavp"), "xavp", "a value of $xavp", "ew"),
  ...removable(named("xavp"), "xavp", "a value of $xavp"),
  ...classFunctions(named("xavu"), "xavu", "a value of $xavu", "ew"),
  ...removable(named("xavu"), "xavu", "a value of $xavu"),
  ...classFunctions(named("xavi"), "xavi", "a value of $xavi", "ew"),
  ...removable(named("xavi"), "xavi", "a value of $xavi"),
  ...childFunctions("xavp"),
  ...childFunctions("xavu"),
  ...childFunctions("xavi"),
  "pvx.xavp_get_keys": keysOf("xavp"),
  "pvx.xavi_get_keys": keysOf("xavi"),
  "pvx.xavp_getd": wholeOf("xavp", false),
  "pvx.xavp_getd_p1": wholeOf("xavp", true),
  "pvx.xavi_getd": wholeOf("xavi", false),
  "pvx.xavi_getd_p1": wholeOf("xavi", true),
  "pvx.xavp_copy_dst": "xavp_copy",
  "pvx.evalx": kemi({
    args: [variable("name"), text("text")],
    doc: "Puts a text, its variables filled in, into a variable.",
    run: (_i: unknown, ctx, target, read) => {
      if (target.set === undefined) return -1;
      target.set(ctx, read(ctx));
      return 1;
    },
  }),
};
