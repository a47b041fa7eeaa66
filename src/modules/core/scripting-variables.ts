// KSR.pv: variables as scripts in other languages read and write them.

import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, int, str, variable } from "../../registry/args.ts";
import { type KemiDef, kemi, readings } from "../../registry/kemi.ts";
import { toInt, type Value } from "../../sip/value.ts";

function write(ctx: RouteContext, accessor: Accessor, value: Value): number {
  if (accessor.set === undefined) return -1;
  accessor.set(ctx, value);
  return 1;
}

/** The functions, by their names in KSR. */
export const variableScripting: Readonly<Record<string, KemiDef<unknown>>> = {
  ...readings(
    (letter) => `pv.get${letter}`,
    [variable("name")],
    "The value of a variable",
    (_i: unknown, ctx, accessor) => accessor.get(ctx),
  ),
  "pv.geti": kemi({
    args: [variable("name")],
    doc: "The value of a variable as a number; 0 when it has none.",
    run: (_i: unknown, ctx, accessor) => toInt(accessor.get(ctx)),
  }),
  "pv.getvn": kemi({
    args: [variable("name"), int("otherwise")],
    gives: "value",
    doc: "The value of a variable; the given number when it has none.",
    run: (_i: unknown, ctx, accessor, otherwise) => accessor.get(ctx) ?? otherwise,
  }),
  "pv.getvs": kemi({
    args: [variable("name"), str("otherwise")],
    gives: "value",
    doc: "The value of a variable; the given text when it has none.",
    run: (_i: unknown, ctx, accessor, otherwise) => accessor.get(ctx) ?? otherwise,
  }),
  "pv.seti": kemi({
    args: [variable("name"), int("value")],
    gives: "bool",
    doc: "Sets a variable to a number.",
    run: (_i: unknown, ctx, accessor, value) => write(ctx, accessor, value),
  }),
  "pv.sets": kemi({
    args: [variable("name"), str("value")],
    gives: "bool",
    doc: "Sets a variable to a text.",
    run: (_i: unknown, ctx, accessor, value) => write(ctx, accessor, value),
  }),
  "pv.unset": kemi({
    args: [variable("name")],
    gives: "bool",
    doc: "Takes the value of a variable away.",
    run: (_i: unknown, ctx, accessor) => write(ctx, accessor, null),
  }),
  "pv.is_null": kemi({
    args: [variable("name")],
    gives: "bool",
    doc: "Whether a variable has no value.",
    run: (_i: unknown, ctx, accessor) => (accessor.get(ctx) === null ? 1 : -1),
  }),
};
