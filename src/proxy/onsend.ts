// onsend_route: a last look at what is about to leave, with the destination known; `drop` there keeps it from leaving.

import type { Flow } from "../net/flow.ts";
import type { SipMessage } from "../sip/message.ts";
import { attempt } from "../util/maybe.ts";
import { RouteContext, RouteKind, type RouteResult, type Routes, Stop } from "./context.ts";
import type { Proxy } from "./proxy.ts";

type Run = (ctx: RouteContext) => RouteResult;

/**
 * Runs onsend_route over the context whose message leaves by `to`, `length` bytes long. True when it may leave. The context is lent:
 * variables, AVPs and flags that the route sets stay, everything else is as before.
 */
export function mayLeave(ctx: RouteContext, onsend: Run, to: Flow, length: number): boolean | Promise<boolean> {
  const { kind, rc, stop, depth, branches } = ctx;
  ctx.kind = RouteKind.ONSEND;
  ctx.rc = 0;
  ctx.stop = Stop.NONE;
  ctx.depth = 0;
  ctx.sending = { flow: to, length };
  ctx.clearBranches(); // each is sent by itself
  const done = (): boolean => {
    const leaves = ctx.stop !== Stop.DROP;
    if (!leaves) ctx.proxy.counters.drop("onsend-route");
    ctx.kind = kind;
    ctx.rc = rc;
    ctx.stop = stop;
    ctx.depth = depth;
    ctx.sending = null;
    ctx.branches = branches;
    return leaves;
  };
  const ran = attempt(() => onsend(ctx));
  if (typeof ran === "number") return done();
  return ran.then(done, (error: unknown) => {
    done();
    throw error;
  });
}

/** The same for a reply that is forwarded (onsend_route_reply). A route that waits is too late to stop it. */
export function replyMayLeave(
  proxy: Proxy,
  routes: Routes | null,
  msg: SipMessage,
  from: Flow,
  to: Flow,
  length: number,
  transaction: object | null,
): boolean {
  const onsend = routes?.onsend ?? null;
  if (routes === null || onsend === null) return true;
  const ctx = new RouteContext(proxy, routes, msg, from, RouteKind.ONSEND);
  ctx.transaction = transaction;
  ctx.status = msg.status;
  const leaves = mayLeave(ctx, onsend, to, length);
  if (typeof leaves === "boolean") return leaves;
  leaves.catch((error: unknown) => {
    proxy.counters.routeErrors++;
    proxy.limited.error(proxy.log, `onsend_route: ${error instanceof Error ? error.message : String(error)}`);
  });
  return true;
}
