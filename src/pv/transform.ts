// Applies transformations {class.name,arguments…} to a value, in the order written.

import type { RouteContext } from "../proxy/context.ts";
import type { TransformDef } from "../registry/define.ts";
import type { Value } from "../sip/value.ts";

/** A transformation at one place of the script: `dynamic` computes its arguments, null when they are constant. */
export interface BoundTransform {
  readonly def: TransformDef;
  readonly constant: readonly string[];
  readonly dynamic: readonly ((ctx: RouteContext) => string)[] | null;
}

/** The value after all transformations. */
export function applyTransforms(value: Value, transforms: readonly BoundTransform[], ctx: RouteContext): Value {
  for (const t of transforms) {
    const args = t.dynamic === null ? t.constant : t.dynamic.map((arg) => arg(ctx));
    value = t.def.apply(value, args, ctx);
  }
  return value;
}
