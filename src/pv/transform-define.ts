// Shorthands for tables of transformations. A value that is null stays null; numbers count as their decimal text.

import type { TransformDef } from "../registry/define.ts";
import type { Value } from "../sip/value.ts";

/** A transformation of text: `min` to `max` arguments, all of them optional ones absent as undefined. */
export function ofText(
  doc: string,
  min: number,
  max: number,
  apply: (text: string, args: readonly string[]) => Value,
): TransformDef {
  return {
    doc,
    minArgs: min,
    maxArgs: max,
    apply: (value, args) => (value === null ? null : apply(typeof value === "string" ? value : String(value), args)),
  };
}

/** The integer an argument spells; 0 when it is none. */
export function argInt(arg: string | undefined): number {
  const n = Number.parseInt((arg ?? "").trim(), 10);
  return Number.isNaN(n) ? 0 : n;
}
