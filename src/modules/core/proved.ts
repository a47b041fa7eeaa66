// Whose credentials a check has found right in this run of the script; module auth says it, $Au and $AU ask.

import type { RouteContext } from "../../proxy/context.ts";

const KEY = {};

/** Byte strings from the credentials: the user name without a domain, and the realm. */
export interface Proved {
  readonly user: string;
  readonly realm: string;
}

/** Notes whose credentials were right; null when they were not. */
export function setProved(ctx: RouteContext, proved: Proved | null): void {
  ctx.attach(KEY, proved);
}

/** Whose credentials were right; null when none were. */
export function provedIdentity(ctx: RouteContext): Proved | null {
  return ctx.attachment<Proved | null>(KEY) ?? null;
}
