// t_suspend and t_continue: a message is put aside and goes on later, in a route that another message (or a timer, or a command) asks for.

import { setAside, takeUp } from "../../proxy/aside.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { Method } from "../../sip/methods.ts";
import { knownWishes, relayFailure, type TmEngine, transactionOf, trying } from "../tm/index.ts";

/** Puts the context's message aside, making its transaction first. 1; -1 when it cannot be; 0 when the request is a repetition. */
export function suspend(engine: TmEngine, ctx: RouteContext): number {
  if (ctx.transaction === null) {
    if (ctx.kind !== RouteKind.REQUEST || ctx.message.method === Method.ACK) return -1;
    const made = engine.newTransaction(ctx);
    if (made <= 0) return made;
  }
  const tx = transactionOf(ctx)!;
  const { status, branches } = tx;
  if (ctx.message.method === Method.INVITE && ctx.kind === RouteKind.REQUEST && status === 0 && branches.length === 0)
    trying(engine, engine.settings, tx, ctx);
  return setAside(engine.proxy, engine.tm, tx, ctx) ? 1 : -1;
}

/** Goes on with the transaction of that number and label in a route. 1; -1 when it is not known or was not put aside. */
export function goOn(engine: TmEngine, index: number, label: number, route: number): number {
  const tx = route === 0 ? null : engine.tm.table.at(index, label >>> 0);
  if (tx === null) return -1;
  const answer = (ctx: RouteContext): void => {
    const { code, reason } = relayFailure(knownWishes(ctx)?.relayError ?? 0);
    engine.tm.sendReply(tx, code, reason, "");
  };
  return takeUp(engine.proxy, engine.tm, tx, route, answer) ? 1 : -1;
}
