// Flags of the script: 32 bits of one run of a route; neither the transaction nor its branch routes see them.

import type { RouteContext } from "../../proxy/context.ts";

/** The flags as a number; 0 when none was ever set. */
export function scriptFlags(ctx: RouteContext): number {
  return ctx.scriptFlags;
}

/** Sets all of them at once. */
export function setScriptFlags(ctx: RouteContext, flags: number): void {
  ctx.scriptFlags = flags | 0;
}
