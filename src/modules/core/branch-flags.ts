// Branch flags: of the R-URI (branch 0, as when no branch is named) and of the destinations beside it (1 and on).

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { int, optional } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";

/** Whether flags have that number. */
export function inRange(flag: number): boolean {
  return flag >= 0 && flag <= 31;
}

/** The flags of a branch; null when there is no such branch. */
function flagsOf(ctx: RouteContext, branch: number): number | null {
  return branch === 0 ? ctx.message.branchFlags : (ctx.branches[branch - 1]?.flags ?? null);
}

function change(ctx: RouteContext, flag: number, branch: number, to: (flags: number) => number): number {
  const flags = inRange(flag) ? flagsOf(ctx, branch) : null;
  if (flags === null) return -1;
  if (branch === 0) ctx.message.branchFlags = to(flags);
  else ctx.branches[branch - 1] = { ...ctx.branches[branch - 1]!, flags: to(flags) };
  return 1;
}

const args = [int("flag"), optional(int("branch"))] as const;

/** setbflag and its kin. */
export const branchFlagFunctions: Record<string, FunctionDef<unknown>> = {
  setbflag: fn({
    args,
    routes: RouteKind.ANY,
    doc: "Sets a branch flag, 0 to 31, of the R-URI or of another branch; false when there is no such branch.",
    run: (_i: unknown, ctx, flag, branch) => change(ctx, flag, branch ?? 0, (flags) => flags | (1 << flag)),
  }),
  resetbflag: fn({
    args,
    routes: RouteKind.ANY,
    doc: "Clears a branch flag of the R-URI or of another branch; false when there is no such branch.",
    run: (_i: unknown, ctx, flag, branch) => change(ctx, flag, branch ?? 0, (flags) => flags & ~(1 << flag)),
  }),
  isbflagset: fn({
    args,
    routes: RouteKind.ANY,
    doc: "True when the branch flag is set, of the R-URI or of another branch.",
    run: (_i: unknown, ctx, flag, branch) =>
      inRange(flag) && ((flagsOf(ctx, branch ?? 0) ?? 0) & (1 << flag)) !== 0 ? 1 : -1,
  }),
};
