// Module tmx: what extends module tm for scripts.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { leaveWith, type ScriptState } from "../../proxy/script-state.ts";
import type { Statistics } from "../../proxy/statistics.ts";
import { int, optional, route, str } from "../../registry/args.ts";
import { defineModule, type FunctionDef, fn, intParam } from "../../registry/define.ts";
import { Method } from "../../sip/methods.ts";
import { findByCallId, type Transaction } from "../../tm/index.ts";
import { type TmEngine, tm, transactionOf, transactionVariables } from "../tm/index.ts";
import { branchFunctions } from "./branches.ts";
import { goOn, suspend } from "./suspend.ts";

interface Tmx {
  readonly engine: TmEngine;
}

function isRoute(kind: number, what: string): FunctionDef<Tmx> {
  return fn({
    routes: RouteKind.ANY,
    doc: `Whether the script began in ${what}.`,
    run: (_self: Tmx, ctx) => ((ctx.kind & kind) !== 0 ? 1 : -1),
  });
}

/** Cancels branches of the transaction: "all", "others" or "this". */
function cancelBranches(self: Tmx, ctx: RouteContext, which: string): number {
  const tx = transactionOf(ctx);
  if (tx === null || !["all", "others", "this"].includes(which)) return -1;
  for (const branch of tx.branches) {
    const isThis = branch.number === ctx.branch;
    if (which === "all" || isThis === (which === "this")) self.engine.tm.cancelBranch(branch);
  }
  return 1;
}

/** Cancels an INVITE by Call-ID and CSeq number, as its client could; the CANCELs say why when `cause` is a status. */
function cancelByCallId(self: Tmx, callId: string, cseq: number, flag: number, cause: number): number {
  const tx = findByCallId(self.engine.tm, callId, cseq, true);
  if (tx === null || !tx.isInvite) return -1;
  if (tx.final) return 1; // known, and nothing to be done
  if (flag > 0 && flag < 32) setFlag(tx, flag);
  self.engine.tm.cancel(tx, cause >= 200 && cause < 700 ? `Reason: SIP;cause=${cause}\r\n` : "");
  return 1;
}

// What the failure route of the cancelled call will see.
function setFlag(tx: Transaction, flag: number): void {
  const state = tx.attachment as ScriptState | null;
  if (state !== null) state.flags |= 1 << flag;
}

function wholeLines(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map((line) => `${line}\r\n`)
    .join("");
}

/** What $stat and the commands show of transactions, by Kamailio's names. */
function countInto({ tm: { table } }: TmEngine, statistics: Statistics): void {
  const c = table.counters;
  const put = (name: string, read: () => number, isLevel = false): void => statistics.put("tmx", name, read, isLevel);
  put("UAS_transactions", () => c.created - c.local);
  put("UAC_transactions", () => c.local);
  put("inuse_transactions", () => table.count, true);
  put("active_transactions", () => table.count - c.waiting, true);
  for (let i = 2; i <= 6; i++) put(`${i}xx_transactions`, () => c.ended[i]!);
  put("rpl_received", () => c.repliesReceived);
  put("rpl_generated", () => c.repliesGenerated);
  put("rpl_sent", () => c.repliesSent);
  put("rpl_relayed", () => c.repliesSent - c.repliesGenerated);
  put("rpl_absorbed", () => Math.max(0, c.repliesReceived - (c.repliesSent - c.repliesGenerated)));
}

const flushFlags: FunctionDef<Tmx> = fn({
  routes: RouteKind.ANY,
  doc: "Leaves the message's flags with its transaction, for the routes that run later.",
  run: (_self: Tmx, ctx) => {
    const tx = transactionOf(ctx);
    if (tx === null) return -1;
    leaveWith(tx, ctx);
    return 1;
  },
});

/** Kamailio's module tmx, as far as it is offered. */
export const tmx = defineModule({
  name: "tmx",
  doc: "More functions on transactions.",
  uses: [tm],
  params: {
    precheck_trans: intParam(
      1,
      "Kept for compatibility: repetitions of a request whose script waits are always absorbed.",
      { min: 0, max: 1 },
    ),
  },
  state: (host) => host.use(tm),
  configure: (engine, _params, host): Tmx => {
    countInto(engine, host.proxy.statistics);
    return { engine };
  },
  pvs: transactionVariables,
  kemi: {
    t_cancel_callid_reason: "t_cancel_callid",
    t_drop_rcode: "t_drop",
  },
  functions: {
    ...branchFunctions,
    t_precheck_trans: fn({
      routes: RouteKind.REQUEST,
      doc: "Whether the request is being handled already; always false, since such a one never reaches the script. -2 for ACK and CANCEL.",
      run: (_self: Tmx, { message }) => (message.method === Method.ACK || message.method === Method.CANCEL ? -2 : -1),
    }),
    t_is_request_route: isRoute(RouteKind.REQUEST, "request_route"),
    t_is_failure_route: isRoute(RouteKind.FAILURE, "a failure_route"),
    t_is_branch_route: isRoute(RouteKind.BRANCH, "a branch_route"),
    t_is_reply_route: isRoute(RouteKind.ONREPLY | RouteKind.REPLY, "a reply route"),
    t_suspend: fn({
      routes: RouteKind.ANY,
      doc: "Puts the message aside, to go on by t_continue(); $T(id_index) and $T(id_label) tell which. The script should then exit.",
      run: ({ engine }: Tmx, ctx) => suspend(engine, ctx),
    }),
    t_continue: fn({
      args: [int("tindex"), int("tlabel"), route("rtname", "route")],
      routes: RouteKind.ANY,
      doc: "Goes on with a message that t_suspend() has put aside, in route[rtname]; a request goes on as in a failure_route.",
      run: ({ engine }: Tmx, _ctx, index, label, id) => goOn(engine, index, label, id),
    }),
    t_cancel_callid: fn({
      args: [str("callid"), int("cseq"), int("flag"), optional(int("rcode"))],
      routes: RouteKind.ANY,
      doc: "Cancels an INVITE known by Call-ID and CSeq number; a flag above 0 is set for its failure route, rcode goes into Reason.",
      run: (self: Tmx, _ctx, callId, cseq, flag, code) => cancelByCallId(self, callId, cseq, flag, code ?? 0),
    }),
    t_reply_callid: fn({
      args: [str("callid"), int("cseq"), int("code"), str("reason")],
      routes: RouteKind.ANY,
      doc: "Replies to a transaction known by Call-ID and CSeq number.",
      run: ({ engine }: Tmx, _ctx, callId, cseq, code, reason) => {
        const tx = findByCallId(engine.tm, callId, cseq);
        return tx !== null && code >= 100 && code < 700 && engine.tm.sendReply(tx, code, reason, "") ? 1 : -1;
      },
    }),
    t_uac_ack_local: fn({
      args: [str("callid"), int("cseq"), optional(str("headers")), optional(str("body"))],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Acknowledges the 2xx to an INVITE made here that is not acknowledged by itself (t_set_no_auto_ack).",
      run: ({ engine }: Tmx, _ctx, callId, cseq, headers, body) =>
        engine.local.ackLocal(callId, cseq, wholeLines(headers ?? ""), body ?? ""),
    }),
    t_flush_flags: flushFlags,
    t_flush_xflags: flushFlags,
    t_cancel_branches: fn({
      args: [str("which")],
      routes: RouteKind.ONREPLY | RouteKind.REPLY,
      doc: 'Cancels branches of the transaction: "all", "others" or "this".',
      run: cancelBranches,
    }),
    t_drop: fn({
      args: [optional(int("rcode"))],
      routes: RouteKind.ANY,
      doc: "Ends the transaction without a reply, and the script; it counts as ended by that code (500).",
      run: ({ engine }: Tmx, ctx, code) => {
        const tx = transactionOf(ctx);
        if (tx === null) return -1;
        engine.tm.drop(tx, code !== undefined && code >= 200 && code < 700 ? code : 500);
        return 0;
      },
    }),
  },
});
