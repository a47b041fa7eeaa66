// Messages that a script has put aside (t_suspend) and takes up later, from the route of another message (t_continue): what a request looked
// like then, and replies that wait for their route to go on.

import type { Flow } from "../net/flow.ts";
import type { Edits } from "../sip/edits.ts";
import { park, type Tm, type Transaction, unpark } from "../tm/index.ts";
import { attempt } from "../util/maybe.ts";
import { TimerNode } from "../util/timer-wheel.ts";
import { type BranchTarget, RouteContext, RouteKind, Stop } from "./context.ts";
import type { Proxy } from "./proxy.ts";
import { leaveWith, ScriptState } from "./script-state.ts";

/** What is put aside for a transaction. */
export type Aside = RequestAside | ReplyAside;

/** The request as the route had it; what that route does to it later is not seen when it goes on (as on the oracle). */
class RequestAside {
  readonly newUri: string | null;
  readonly dstUri: string | null;
  readonly path: string | null;
  readonly flags: number;
  readonly branchFlags: number;
  readonly edits: Edits;
  readonly branches: readonly BranchTarget[];
  readonly ctx: RouteContext;

  constructor(ctx: RouteContext) {
    const { message: msg } = ctx;
    this.newUri = msg.newUri;
    this.dstUri = msg.dstUri;
    this.path = msg.path;
    this.flags = msg.flags;
    this.branchFlags = msg.branchFlags;
    this.edits = msg.edits.clone();
    this.branches = ctx.branches.slice();
    this.ctx = ctx;
  }

  /** A context in which a route goes on with it. */
  context(proxy: Proxy, tx: Transaction, state: ScriptState, branch: number): RouteContext {
    const msg = tx.ownRequest();
    msg.newUri = this.newUri;
    msg.dstUri = this.dstUri;
    msg.path = this.path;
    msg.flags = this.flags;
    msg.branchFlags = this.branchFlags;
    if (this.ctx.message === msg) msg.edits.copyFrom(this.edits);
    const ctx = new RouteContext(proxy, this.ctx.routes, msg, tx.origin as Flow, RouteKind.FAILURE);
    ctx.resumed = true;
    ctx.transaction = tx;
    ctx.branch = branch;
    ctx.avpsOrNull = state.avps;
    ctx.branches = this.branches.slice();
    ctx.sendFrom = this.ctx.sendFrom;
    ctx.onFailure = state.onFailure;
    ctx.onBranch = state.onBranch;
    ctx.onReply = state.onReply;
    ctx.onBranchFailure = state.onBranchFailure;
    return ctx;
  }
}

/** A reply whose onreply_route is over and that is held back; it goes on as it is when nobody takes it up in time. */
class ReplyAside extends TimerNode {
  readonly ctx: RouteContext;
  /** Settled with whether the reply is dropped. */
  readonly dropped: Promise<boolean>;
  settle: (drop: boolean) => void = () => undefined;
  private readonly late: () => void;

  constructor(ctx: RouteContext, late: () => void) {
    super();
    this.ctx = ctx;
    this.late = late;
    this.dropped = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  override fire(): void {
    this.late();
    this.settle(false);
  }
}

/** Puts the context's transaction aside: in an onreply_route the reply, elsewhere the request. False when it cannot be. */
export function setAside(proxy: Proxy, tm: Tm, tx: Transaction, ctx: RouteContext): boolean {
  if (ctx.kind === RouteKind.ONREPLY) return setReplyAside(proxy, tm, tx, ctx);
  if (!ctx.message.isRequest || ctx.kind === RouteKind.BRANCH) return false;
  leaveWith(tx, ctx);
  const state = stateOf(tx, ctx);
  if (!park(tm, tx)) return false;
  state.avps = ctx.avps; // one list from now on, whichever route of the two writes
  ctx.message.own();
  tx.message = ctx.message;
  state.aside = new RequestAside(ctx);
  return true;
}

function setReplyAside(proxy: Proxy, tm: Tm, tx: Transaction, ctx: RouteContext): boolean {
  const state = stateOf(tx, ctx);
  if (state.aside !== null) return false;
  ctx.message.own();
  const held = new ReplyAside(ctx, () => {
    state.aside = null;
    proxy.log.warn("a reply that t_suspend() held back was not taken up in time and goes on as it is");
  });
  state.aside = held;
  tm.wheel.arm(held, tx.timers.fr, tm.now());
  return true;
}

function stateOf(tx: Transaction, ctx: RouteContext): ScriptState {
  tx.attachment ??= new ScriptState(ctx.routes);
  return tx.attachment as ScriptState;
}

/** Whether the reply of an onreply_route that has just ended is held back: settles with whether it is dropped; null when it is not held. */
export function heldReply(tx: Transaction, ctx: RouteContext): Promise<boolean> | null {
  const aside = (tx.attachment as ScriptState | null)?.aside ?? null;
  return aside instanceof ReplyAside && aside.ctx === ctx ? aside.dropped : null;
}

/**
 * Goes on with what was put aside, in a named route. `ended` is told when the request's route is over and has left nothing under way: somebody must
 * answer the client. False when nothing was put aside.
 */
export function takeUp(
  proxy: Proxy,
  tm: Tm,
  tx: Transaction,
  route: number,
  ended: (ctx: RouteContext) => void,
): boolean {
  const state = tx.attachment as ScriptState | null;
  const aside = state?.aside ?? null;
  if (state === null || aside === null) return false;
  if (aside instanceof ReplyAside) {
    state.aside = null;
    tm.wheel.cancel(aside);
    goOnWithReply(proxy, aside, route);
    return true;
  }
  if (tx.final || tx.canceled || tx.released) return false;
  state.aside = null;
  tm.whenIdle(tx, () => goOnWithRequest(proxy, tm, tx, state, aside, route, ended));
  return true;
}

function goOnWithReply(proxy: Proxy, held: ReplyAside, route: number): void {
  const { ctx } = held;
  ctx.stop = Stop.NONE;
  const settle = (): void => held.settle(ctx.stop === Stop.DROP);
  proxy.logAs(ctx.message, ctx.flow);
  const ran = attempt(() => ctx.routes.route(route, ctx));
  proxy.logPlain();
  if (typeof ran === "number") settle();
  else
    ran.then(settle, (error: unknown) => {
      failed(proxy, error);
      held.settle(false);
    });
}

function goOnWithRequest(
  proxy: Proxy,
  tm: Tm,
  tx: Transaction,
  state: ScriptState,
  aside: RequestAside,
  route: number,
  ended: (ctx: RouteContext) => void,
): void {
  const parked = unpark(tm, tx);
  if (parked === null) return;
  const ctx = aside.context(proxy, tx, state, parked.number);
  const after = (): void => {
    state.flags = ctx.message.flags;
    if (tx.final || tx.released) return;
    for (const branch of tx.branches) if (!branch.final) return;
    ended(ctx);
  };
  proxy.logAs(ctx.message, ctx.flow);
  const ran = attempt(() => ctx.routes.route(route, ctx));
  proxy.logPlain();
  if (typeof ran === "number") after();
  else tm.suspend(tx, ran, after);
}

function failed(proxy: Proxy, error: unknown): void {
  proxy.counters.routeErrors++;
  proxy.limited.error(
    proxy.log,
    `error in a route of t_continue(): ${error instanceof Error ? error.message : String(error)}`,
  );
}
