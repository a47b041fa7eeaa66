// Functions of module tm that ask what became of the transaction.

import { RouteKind } from "../../proxy/context.ts";
import { int, optional, parsed, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { transactionOf } from "./engine.ts";
import * as queries from "./queries.ts";
import type { TmInstance } from "./settings.ts";

const { REQUEST, FAILURE, ONREPLY, BRANCH_FAILURE, EVENT, ANY } = RouteKind;

/** Functions that ask. */
export const asking: Record<string, FunctionDef<TmInstance>> = {
  t_check_trans: fn({
    routes: REQUEST | ONREPLY | RouteKind.REPLY | RouteKind.BRANCH,
    doc: "Whether the message belongs to a transaction; ends the script for repetitions, which are absorbed, and for the ACK of a failure.",
    run: (self: TmInstance, ctx) => queries.checkTransaction(self.engine, ctx),
  }),
  t_lookup_request: fn({
    routes: REQUEST,
    doc: "Whether the request has a transaction already.",
    run: (self: TmInstance, ctx) => queries.lookupRequest(self.engine, ctx),
  }),
  t_lookup_cancel: fn({
    args: [optional(int("take_flags"))],
    routes: REQUEST,
    doc: "Whether the INVITE that a CANCEL is for is known.",
    run: (self: TmInstance, ctx, takeFlags) => queries.lookupCancel(self.engine, ctx, takeFlags === 1),
  }),
  t_check_status: fn({
    args: [parsed("re", queries.statusPattern)],
    routes: ANY,
    doc: "Whether the code of the reply at hand matches; in a request route, of the last reply sent.",
    run: (_self: TmInstance, ctx, re) => (re.test(String(queries.statusOf(ctx))) ? 1 : -1),
  }),
  t_grep_status: fn({
    args: [int("code")],
    routes: ANY,
    doc: "Whether some branch ended with that code.",
    run: (_self: TmInstance, ctx, code) => queries.grepStatus(ctx, code),
  }),
  t_get_status_code: fn({
    routes: ANY,
    doc: "The code that says most about the transaction; -1 when there is none.",
    run: (_self: TmInstance, ctx) => queries.statusCode(ctx),
  }),
  t_is_canceled: fn({
    routes: ANY,
    doc: "Whether the client has cancelled the transaction.",
    run: (_self: TmInstance, ctx) => (transactionOf(ctx)?.canceled === true ? 1 : -1),
  }),
  t_is_expired: fn({
    routes: ANY,
    doc: "Whether the longest lifetime of the transaction is over.",
    run: (_self: TmInstance, ctx) => (transactionOf(ctx)?.expired === true ? 1 : -1),
  }),
  t_branch_timeout: fn({
    routes: REQUEST | FAILURE | BRANCH_FAILURE | EVENT,
    doc: "Whether the branch at hand got no final reply in time.",
    run: (_self: TmInstance, ctx) => queries.branchTimeout(ctx),
  }),
  t_branch_replied: fn({
    routes: REQUEST | FAILURE | BRANCH_FAILURE | EVENT,
    doc: "Whether the branch at hand got some reply.",
    run: (_self: TmInstance, ctx) => queries.branchReplied(ctx),
  }),
  t_any_timeout: fn({
    routes: ANY,
    doc: "Whether some branch got no final reply in time.",
    run: (_self: TmInstance, ctx) => queries.anyTimeout(ctx),
  }),
  t_any_replied: fn({
    routes: ANY,
    doc: "Whether some branch got a reply.",
    run: (_self: TmInstance, ctx) => queries.anyReplied(ctx),
  }),
  t_is_retr_async_reply: fn({
    routes: ANY,
    doc: "Whether the transaction of a reply waits for an earlier one (t_suspend); the reply then waits too, unless it is dropped.",
    run: ({ engine: { tm } }: TmInstance, ctx) => {
      const tx = ctx.message.isRequest ? null : tm.findBranch(ctx.message)?.tx;
      return tx?.busy === true ? 1 : -1;
    },
  }),
  t_is_set: fn({
    args: [str("target")],
    routes: ANY,
    doc: "Whether a branch_route, failure_route or onreply_route is armed.",
    run: (_self: TmInstance, ctx, target) => queries.isSet(ctx, target) ?? -1,
  }),
};
