// Functions of module tm that arm routes and set what the transaction shall be like.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { leaveWith } from "../../proxy/script-state.ts";
import { int, optional, route } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import type { Timers } from "../../tm/index.ts";
import { transactionOf, wishesOf } from "./engine.ts";
import type { TmInstance } from "./settings.ts";

const { REQUEST, FAILURE, ONREPLY, BRANCH, BRANCH_FAILURE, LOCAL, EVENT, ANY } = RouteKind;
const ARMING = REQUEST | FAILURE | ONREPLY | BRANCH | BRANCH_FAILURE | LOCAL | EVENT;

/** Changes timer values of the context's transaction, or of the one to come; zeros leave a value alone, null resets. */
function retime(self: TmInstance, ctx: RouteContext, change: Partial<Timers>): number {
  const { tm } = self.engine;
  const tx = transactionOf(ctx);
  const base = tx?.timers ?? wishesOf(ctx).timers ?? tm.options.timers;
  const wanted: Record<string, number> = { ...base };
  for (const [name, value] of Object.entries(change)) if (value > 0) wanted[name] = value;
  const timers = wanted as unknown as Timers;
  if (tx !== null) tm.setTimers(tx, timers);
  else wishesOf(ctx).timers = timers;
  return 1;
}

/** Back to the parameters' values for some timers. */
function untime(self: TmInstance, ctx: RouteContext, ...names: (keyof Timers)[]): number {
  const change: Record<string, number> = {};
  for (const name of names) change[name] = self.engine.tm.options.timers[name];
  return retime(self, ctx, change);
}

/** Arms a route for the transaction: at once when there is one, else when it is made. */
function armed(ctx: RouteContext): number {
  const tx = transactionOf(ctx);
  if (tx !== null && ctx.kind !== BRANCH && ctx.kind !== ONREPLY) leaveWith(tx, ctx);
  return 1;
}

/** Functions that arm routes and set what the transaction shall be like. */
export const arming: Record<string, FunctionDef<TmInstance>> = {
  t_on_failure: fn({
    args: [route("failure_route", "failure")],
    routes: ARMING,
    doc: "Names the failure_route that runs when all branches have failed.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onFailure = id;
      return armed(ctx);
    },
  }),
  t_on_branch: fn({
    args: [route("branch_route", "branch")],
    routes: ARMING,
    doc: "Names the branch_route that runs for each branch before it is sent.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onBranch = id;
      return armed(ctx);
    },
  }),
  t_on_reply: fn({
    args: [route("onreply_route", "onreply")],
    routes: ARMING,
    doc: "Names the onreply_route that runs for each reply to the transaction; in a branch_route for that branch.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onReply = id;
      return armed(ctx);
    },
  }),
  t_on_branch_failure: fn({
    args: [route("branch_failure_route", "branchFailure")],
    routes: ARMING,
    doc: "Names the event_route[tm:branch-failure:NAME] that runs when a branch has failed.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onBranchFailure = id;
      return armed(ctx);
    },
  }),
  t_set_fr: fn({
    args: [int("fr_inv_timeout"), optional(int("fr_timeout"))],
    routes: ANY,
    doc: "Sets the times in ms to wait for a final reply, after and before a provisional one; 0 leaves a value.",
    run: (self: TmInstance, ctx, frInv, fr) => retime(self, ctx, { frInv, fr: fr ?? 0 }),
  }),
  t_reset_fr: fn({
    routes: ANY,
    doc: "Takes t_set_fr back.",
    run: (self: TmInstance, ctx) => untime(self, ctx, "fr", "frInv"),
  }),
  t_set_retr: fn({
    args: [int("retr_t1_interval"), int("retr_t2_interval")],
    routes: ANY,
    doc: "Sets the first and the longest interval in ms between retransmissions; 0 leaves a value.",
    run: (self: TmInstance, ctx, retr1, retr2) => retime(self, ctx, { retr1, retr2 }),
  }),
  t_reset_retr: fn({
    routes: ANY,
    doc: "Takes t_set_retr back.",
    run: (self: TmInstance, ctx) => untime(self, ctx, "retr1", "retr2"),
  }),
  t_set_max_lifetime: fn({
    args: [int("inv_lifetime"), int("noninv_lifetime")],
    routes: ANY,
    doc: "Sets the longest time in ms an INVITE and another transaction may be without a final reply; 0 leaves a value.",
    run: (self: TmInstance, ctx, maxInvite, maxOther) => retime(self, ctx, { maxInvite, maxOther }),
  }),
  t_reset_max_lifetime: fn({
    routes: ANY,
    doc: "Takes t_set_max_lifetime back.",
    run: (self: TmInstance, ctx) => untime(self, ctx, "maxInvite", "maxOther"),
  }),
  t_set_auto_inv_100: fn({
    args: [int("on")],
    routes: ANY,
    doc: "Whether this INVITE is answered 100 before it is relayed.",
    run: (_self: TmInstance, ctx, on) => {
      wishesOf(ctx).auto100 = on !== 0;
      return 1;
    },
  }),
  t_set_disable_6xx: fn({
    args: [int("on")],
    routes: ANY,
    doc: "Whether a 6xx is for this transaction a failure like others.",
    run: (_self: TmInstance, ctx, on) => {
      const tx = transactionOf(ctx);
      if (tx !== null) tx.disable6xx = on !== 0;
      else wishesOf(ctx).disable6xx = on !== 0;
      return 1;
    },
  }),
  t_set_disable_internal_reply: fn({
    args: [int("on")],
    routes: ANY,
    doc: "Whether an error of t_relay is left unanswered when the script ends.",
    run: (_self: TmInstance, ctx, on) => {
      wishesOf(ctx).errorReply = on === 0;
      return 1;
    },
  }),
  t_use_uac_headers: fn({
    routes: ANY,
    doc: "True: ACK and CANCEL are always made from the request as it was sent.",
    run: () => 1,
  }),
};
