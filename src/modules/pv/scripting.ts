// KSR.pvx: AVPs, shared variables and values with fields as scripts in other languages read and write them.

import type { RouteContext, XavpKind } from "../../proxy/context.ts";
import { pickField } from "../../proxy/xavp.ts";
import { type Accessor, type Arg, int, nameIn, str } from "../../registry/args.ts";
import { type KemiDef, kemi, readings } from "../../registry/kemi.ts";
import type { Value } from "../../sip/value.ts";
import { staticBranchFunctions } from "./static-branch.ts";
import { variableFunctions } from "./variable-functions.ts";
import { storeOf } from "./xavp.ts";
import { xavpFunctions } from "./xavp-functions.ts";

type Functions = Record<string, KemiDef<unknown>>;

function assign(ctx: RouteContext, accessor: Accessor, value: Value): number {
  accessor.set?.(ctx, value);
  return 1;
}

/** The functions on variables of one class, by name. */
function classFunctions(className: string, words: string, letters: string): Functions {
  const name: Arg<Accessor> = nameIn(className);
  const key = (what: string): string => `pvx.${className}_${what}`;
  return {
    ...readings(
      (letter) => key(`get${letter}`),
      [name],
      `The value of ${words}`,
      (_i: unknown, ctx, a) => a.get(ctx),
      letters,
    ),
    [key("seti")]: kemi({
      args: [name, int("value")],
      doc: `Sets ${words} to a number.`,
      run: (_i: unknown, ctx, accessor, value) => assign(ctx, accessor, value),
    }),
    [key("sets")]: kemi({
      args: [name, str("value")],
      doc: `Sets ${words} to a text.`,
      run: (_i: unknown, ctx, accessor, value) => assign(ctx, accessor, value),
    }),
  };
}

/** Those that classes have whose values can be missing. */
function removable(className: string, words: string): Functions {
  const name = nameIn(className);
  return {
    [`pvx.${className}_rm`]: kemi({
      args: [name],
      doc: `Takes ${words} away.`,
      run: (_i: unknown, ctx, accessor) => assign(ctx, accessor, null),
    }),
    [`pvx.${className}_is_null`]: kemi({
      args: [name],
      doc: `1 when ${words} has no value, else -1.`,
      run: (_i: unknown, ctx, accessor) => (accessor.get(ctx) === null ? 1 : -1),
    }),
  };
}

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

/** The functions of the module as they are also known there. */
function ownFunctions(): Functions {
  const out: Functions = {};
  for (const [name, def] of Object.entries({ ...variableFunctions, ...xavpFunctions, ...staticBranchFunctions }))
    out[`pvx.${name}`] = { ...def, gives: def.gives ?? "int" } as KemiDef<unknown>;
  return out;
}

/** The functions, by their names in KSR. */
export const pvScripting: Readonly<Functions> = {
  ...ownFunctions(),
  ...classFunctions("var", "a variable of the script", ""),
  ...classFunctions("shv", "a shared variable", ""),
  ...classFunctions("avp", "an AVP", "ew"),
  ...removable("avp", "an AVP"),
  ...classFunctions("xavp", "a value of $xavp", "ew"),
  ...removable("xavp", "a value of $xavp"),
  ...classFunctions("xavu", "a value of $xavu", "ew"),
  ...removable("xavu", "a value of $xavu"),
  ...classFunctions("xavi", "a value of $xavi", "ew"),
  ...removable("xavi", "a value of $xavi"),
  ...childFunctions("xavp"),
  ...childFunctions("xavu"),
  ...childFunctions("xavi"),
};
