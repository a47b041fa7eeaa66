// Functions of module tmx on single branches: t_reuse_branch and t_cancel_branch_idx.

import { type BranchTarget, RouteKind } from "../../proxy/context.ts";
import type { BranchState } from "../../proxy/script-state.ts";
import { int } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { type TmEngine, transactionOf, useFirst } from "../tm/index.ts";

interface WithEngine {
  readonly engine: TmEngine;
}

/** The declarations. */
export const branchFunctions: Record<string, FunctionDef<WithEngine>> = {
  t_reuse_branch: fn({
    routes: RouteKind.REQUEST | RouteKind.BRANCH_FAILURE | RouteKind.EVENT,
    doc: "Makes the branch that has failed the destination again: its R-URI, path, flags and connection, but not $du.",
    run: (_self: WithEngine, ctx) => {
      const tx = transactionOf(ctx);
      const branch = tx?.branches[ctx.branch];
      if (tx === null || branch === undefined) return -1;
      const to = branch.destination as BranchTarget | null;
      const state = branch.attachment as BranchState | null;
      const msg = ctx.message;
      useFirst(ctx, {
        uri: state?.uri ?? to?.uri ?? msg.requestUri(),
        dstUri: null,
        path: to === null ? msg.path : to.path,
        q: -1,
        flags: state?.flags ?? 0,
        flowId: to?.flowId ?? 0,
        sendFrom: to?.sendFrom ?? ctx.sendFrom,
        ruid: to?.ruid ?? msg.ruid,
        instance: to?.instance ?? "",
        userAgent: to?.userAgent ?? msg.locationUa,
      });
      return 1;
    },
  }),
  t_cancel_branch_idx: fn({
    args: [int("tindex"), int("tlabel"), int("bindex")],
    routes: RouteKind.ANY,
    doc: "Cancels one branch of a transaction, all three named by number.",
    run: ({ engine: { tm } }: WithEngine, _ctx, tindex, tlabel, bindex) => {
      const tx = tm.table.at(tindex, tlabel >>> 0);
      const branch = tx?.branches[bindex];
      if (tx === null || branch === undefined || branch.final) return -1;
      tm.whenIdle(tx, () => tm.cancelBranch(branch));
      return 1;
    },
  }),
};
