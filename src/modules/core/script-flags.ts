// Flags of the script: 32 bits kept while one message is handled, not with its transaction.

import type { RouteContext } from "../../proxy/context.ts";

const KEY = {};

/** The flags as a number; 0 when none was ever set. */
export function scriptFlags(ctx: RouteContext): number {
  return ctx.attachment<number>(KEY) ?? 0;
}

/** Sets all of them at once. */
export function setScriptFlags(ctx: RouteContext, flags: number): void {
  ctx.attach(KEY, flags | 0);
}
