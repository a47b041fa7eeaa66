// Variables on transactions: $T(…), $T_branch(…), and other variables read of the request, the reply or the INVITE of a transaction.

import type { Flow } from "../../net/flow.ts";
import { RouteContext, RouteKind } from "../../proxy/context.ts";
import { leaveWith, type ScriptState } from "../../proxy/script-state.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pvClass, pvOfVariable } from "../../registry/define.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import type { Value } from "../../sip/value.ts";
import type { Transaction } from "../../tm/index.ts";
import { own } from "../../util/own.ts";
import { type TmEngine, transactionOf } from "./engine.ts";
import * as queries from "./queries.ts";

/** What the instances that declare these variables have. */
interface WithEngine {
  readonly engine: TmEngine;
}

type Read = (self: WithEngine, ctx: RouteContext) => Value;

/** Number of the branch at hand; in request and failure routes how many branches there are so far. */
export function branchIndex(ctx: RouteContext): number {
  return ctx.branch >= 0 && ctx.kind !== RouteKind.FAILURE ? ctx.branch : (transactionOf(ctx)?.branches.length ?? 0);
}

// As id_index and id_label, but a transaction is made when there is none.
function made(self: WithEngine, ctx: RouteContext): Transaction | null {
  if (ctx.transaction === null && ctx.message.isRequest && self.engine.newTransaction(ctx) > 0)
    leaveWith(transactionOf(ctx)!, ctx);
  return transactionOf(ctx);
}

const ATTRIBUTES: Readonly<Record<string, Read>> = {
  id_index: (_self, ctx) => transactionOf(ctx)?.slot ?? null,
  id_label: (_self, ctx) => idLabel(transactionOf(ctx)),
  id_index_n: (self, ctx) => made(self, ctx)?.slot ?? null,
  id_label_n: (self, ctx) => idLabel(made(self, ctx)),
  reply_code: (_self, ctx) => queries.statusOf(ctx),
  reply_reason: (_self, ctx) => queries.replyReason(ctx),
  reply_last: (_self, ctx) => transactionOf(ctx)?.branches[ctx.branch]?.status ?? null,
  branch_index: (_self, ctx) => branchIndex(ctx),
  ruid: (_self, ctx) => transactionOf(ctx)?.branches[ctx.branch]?.destination?.ruid ?? null,
  reply_type: (_self, ctx) => (transactionOf(ctx) === null ? null : ctx.status > 0 && ctx.reply === null ? 1 : 0),
};

function idLabel(tx: Transaction | null): Value {
  return tx === null ? null : tx.label | 0;
}

const BRANCH: Readonly<Record<string, (ctx: RouteContext) => Value>> = {
  flags: (ctx) => transactionOf(ctx)?.branches[ctx.branch]?.destination?.flags ?? (ctx.branch >= 0 ? 0 : null),
  uri: (ctx) => {
    const tx = transactionOf(ctx);
    const branch = tx?.branches[ctx.branch];
    if (tx === null || branch === undefined) return null;
    return branch.destination?.uri ?? tx.usedUri ?? tx.request().requestUri();
  },
};

/** Reads a variable as if the route ran for another message of the transaction. */
function over(
  doc: string,
  find: (self: WithEngine, ctx: RouteContext) => { readonly tx: Transaction; readonly message: SipMessage } | null,
): PvDef<WithEngine> {
  return pvOfVariable<WithEngine>(
    doc,
    (self, { accessor }): Accessor => ({
      get: (ctx) => {
        const found = find(self, ctx);
        if (found === null) return null;
        const other = new RouteContext(ctx.proxy, ctx.routes, found.message, found.tx.origin as Flow, ctx.kind);
        const state = found.tx.attachment as ScriptState | null;
        other.avpsOrNull = found.tx === ctx.transaction ? ctx.avpsOrNull : (state?.avps ?? null);
        other.transaction = found.tx;
        return accessor.get(other);
      },
    }),
  );
}

/** The variables; module tmx declares them, as on Kamailio. */
export const transactionVariables: Record<string, PvDef<WithEngine>> = {
  T: pvClass<WithEngine>({
    doc: `An attribute of the transaction: ${Object.keys(ATTRIBUTES).join(", ")}.`,
    inner: "required",
    resolve: (self, name) => {
      const read = own(ATTRIBUTES, name);
      return read === undefined
        ? new ArgError(`unknown attribute of a transaction "${name}"`, `one of ${Object.keys(ATTRIBUTES).join(", ")}`)
        : { get: (ctx) => read(self, ctx) };
    },
  }),
  T_branch: pvClass<WithEngine>({
    doc: `An attribute of the branch at hand: ${Object.keys(BRANCH).join(", ")}.`,
    inner: "required",
    resolve: (_self, name) => {
      const get = own(BRANCH, name);
      return get === undefined ? new ArgError(`unknown attribute of a branch "${name}"`, "use flags or uri") : { get };
    },
  }),
  T_req: over("A variable of the transaction's request, in a reply route: $T_req($si).", (_self, ctx) => {
    const tx = transactionOf(ctx);
    return tx === null || ctx.message.isRequest ? null : { tx, message: tx.ownRequest() };
  }),
  T_rpl: over("A variable of the reply a failure route runs for: $T_rpl($rs).", (_self, ctx) => {
    const tx = transactionOf(ctx);
    return tx === null || ctx.reply === null ? null : { tx, message: ctx.reply };
  }),
  T_inv: over("A variable of the INVITE that a CANCEL is for: $T_inv($mf).", (self, ctx) => {
    const isCancel = ctx.message.isRequest && ctx.message.method === Method.CANCEL;
    const tx = isCancel ? self.engine.tm.lookupCancelled(ctx.message) : null;
    return tx === null ? null : { tx, message: tx.ownRequest() };
  }),
};
