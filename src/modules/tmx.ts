// Module tmx: what extends module tm for scripts.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { optional, str } from "../registry/args.ts";
import { defineModule, type FunctionDef, fn, intParam } from "../registry/define.ts";
import { type TmEngine, tm, transactionOf, transactionVariables } from "./tm/index.ts";

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

/** What $stat shows of transactions, by Kamailio's names. */
function countInto({ tm: { table } }: TmEngine, statistics: Map<string, () => number>): void {
  const c = table.counters;
  statistics.set("UAS_transactions", () => c.created);
  statistics.set("UAC_transactions", () => 0);
  statistics.set("inuse_transactions", () => table.count);
  statistics.set("received_replies", () => c.repliesReceived);
  statistics.set("sent_replies", () => c.repliesSent);
  statistics.set("relayed_replies", () => c.repliesSent - c.repliesGenerated);
  for (let i = 2; i <= 6; i++) statistics.set(`${i}xx_transactions`, () => c.ended[i]!);
}

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
  functions: {
    t_precheck_trans: fn({
      routes: RouteKind.REQUEST,
      doc: "Whether the request is being handled already; always false, since such a one never reaches the script.",
      run: () => -1,
    }),
    t_is_request_route: isRoute(RouteKind.REQUEST, "request_route"),
    t_is_failure_route: isRoute(RouteKind.FAILURE, "a failure_route"),
    t_is_branch_route: isRoute(RouteKind.BRANCH, "a branch_route"),
    t_is_reply_route: isRoute(RouteKind.ONREPLY | RouteKind.REPLY, "a reply route"),
    t_flush_flags: fn({ routes: RouteKind.ANY, doc: "True: flags are the transaction's at once.", run: () => 1 }),
    t_cancel_branches: fn({
      args: [str("which")],
      routes: RouteKind.ONREPLY,
      doc: 'Cancels branches of the transaction: "all", "others" or "this".',
      run: cancelBranches,
    }),
    t_drop: fn({
      args: [optional(str("code"))],
      routes: RouteKind.ANY,
      doc: "Ends the transaction without a reply.",
      run: (self: Tmx, ctx) => {
        const tx = transactionOf(ctx);
        if (tx === null) return -1;
        self.engine.tm.release(tx);
        return 1;
      },
    }),
  },
});
