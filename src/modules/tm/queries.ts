// What scripts ask of a transaction: t_check_trans, t_check_status and the like, and the $T_ variables.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type Pattern, posixRegex } from "../../script/posix-regex.ts";
import { Method } from "../../sip/methods.ts";
import { reasonPhrase } from "../../sip/reasons.ts";
import type { Value } from "../../sip/value.ts";
import { type Branch, BranchFlag } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import { type TmEngine, transactionOf } from "./engine.ts";

/** As t_check_trans of the README: replies, CANCEL, ACK and other requests each in their way; 0 when the message is dealt with. */
export function checkTransaction(engine: TmEngine, ctx: RouteContext): number {
  const { tm } = engine;
  const msg = ctx.message;
  if (!msg.isRequest) return tm.findBranch(msg) === null ? -1 : 1;
  if (msg.method === Method.CANCEL) return tm.lookupCancelled(msg) === null ? -1 : 1;
  if (msg.method === Method.ACK) return tm.ack(msg) ? 0 : -1;
  if (ctx.transaction !== null) return -1;
  const tx = tm.lookup(msg);
  if (tx === null) return -1;
  tm.retransmission(tx);
  return 0;
}

/** Whether the request has a transaction already; it then is the context's. */
export function lookupRequest(engine: TmEngine, ctx: RouteContext): number {
  if (ctx.transaction !== null) return 1;
  const tx = engine.tm.lookup(ctx.message);
  if (tx === null) return -1;
  ctx.transaction = tx;
  return 1;
}

/** Whether the INVITE of a CANCEL is known; its message flags become those of the CANCEL when asked. */
export function lookupCancel(engine: TmEngine, ctx: RouteContext, takesFlags: boolean): number {
  const tx = ctx.message.method === Method.CANCEL ? engine.tm.lookupCancelled(ctx.message) : null;
  if (tx === null) return -1;
  if (takesFlags) ctx.message.flags = tx.requestFlags;
  return 1;
}

/** The code that t_check_status looks at: of the reply at hand, of the failure picked, else of the last reply sent. */
export function statusOf(ctx: RouteContext): number {
  if (ctx.kind === RouteKind.REQUEST || ctx.kind === RouteKind.BRANCH) return transactionOf(ctx)?.status ?? 0;
  return ctx.status;
}

/** The branch a failure or reply route runs for. */
function branchOf(ctx: RouteContext): Branch | null {
  return transactionOf(ctx)?.branches[ctx.branch] ?? null;
}

function anyBranch(ctx: RouteContext, test: (branch: Branch) => boolean): number {
  return transactionOf(ctx)?.branches.some(test) === true ? 1 : -1;
}

/** Whether the branch at hand got no final reply in time. */
export function branchTimeout(ctx: RouteContext): number {
  const branch = branchOf(ctx);
  return branch !== null && (branch.flags & BranchFlag.TIMED_OUT) !== 0 ? 1 : -1;
}

/** Whether the branch at hand got some reply before the one at hand. */
export function branchReplied(ctx: RouteContext): number {
  const branch = branchOf(ctx);
  return branch !== null && (branch.flags & BranchFlag.REPLIED) !== 0 ? 1 : -1;
}

/** Whether any branch ended without a final reply. */
export function anyTimeout(ctx: RouteContext): number {
  return anyBranch(ctx, (b) => (b.flags & BranchFlag.TIMED_OUT) !== 0);
}

/** Whether any branch got a reply at all. */
export function anyReplied(ctx: RouteContext): number {
  return anyBranch(ctx, (b) => (b.flags & BranchFlag.REPLIED) !== 0);
}

/** Whether some branch ended with that final status. */
export function grepStatus(ctx: RouteContext, code: number): number {
  return anyBranch(
    ctx,
    (b) => (b.flags & (BranchFlag.SETTLED | BranchFlag.REPLIED)) !== 0 && b.final && b.status === code,
  );
}

/** Whether that kind of route is armed; null when there is no such kind. */
export function isSet(ctx: RouteContext, target: string): number | null {
  switch (target) {
    case "branch_route":
      return ctx.onBranch !== 0 ? 1 : -1;
    case "failure_route":
      return ctx.onFailure !== 0 || transactionOf(ctx)?.wantsFailure === true ? 1 : -1;
    case "onreply_route":
      return ctx.onReply !== 0 || transactionOf(ctx)?.wantsReplies === true ? 1 : -1;
    default:
      return null;
  }
}

/** The status that says most: of the reply at hand, else what was sent, else the best that came; -1 without any. */
export function statusCode(ctx: RouteContext): number {
  if (ctx.status > 0) return ctx.status;
  if (ctx.kind === RouteKind.BRANCH) return -1;
  const tx = transactionOf(ctx);
  if (tx === null) return -1;
  let status = tx.status;
  for (const branch of tx.branches) if (branch.status > status) status = branch.status;
  return status === 0 ? -1 : status;
}

/** The phrase of the reply at hand. */
export function replyReason(ctx: RouteContext): Value {
  const reply = ctx.kind === RouteKind.ONREPLY ? ctx.message : ctx.reply;
  if (reply === null) return ctx.status > 0 ? reasonPhrase(ctx.status) : "";
  return textOf(reply.buf, reply.reasonStart, reply.reasonEnd);
}

/** The registration id of the branch at hand, as usrloc gave it. */
export function replyRuid(ctx: RouteContext): Value {
  return branchOf(ctx)?.destination?.ruid ?? "";
}

/** The argument of t_check_status: a POSIX regular expression over three digits. */
export function statusPattern(text: string): Pattern | ArgError {
  const re = posixRegex(text, true, true);
  return typeof re === "string" ? new ArgError(re) : re;
}
