// The proxy's side of transactions (tm/hooks.ts): builds the request of each branch, runs the script's routes for a transaction,
// and keeps what the script left with it.

import type { Flow, Listener } from "../net/flow.ts";
import { markSource } from "../sip/build.ts";
import type { SipMessage } from "../sip/message.ts";
import { type Branch, type Hooks, type Outgoing, RelayError, type Transaction } from "../tm/index.ts";
import {
  type Avps,
  type BranchTarget,
  RouteContext,
  RouteKind,
  type RouteResult,
  type Routes,
  Stop,
} from "./context.ts";
import type { Proxy } from "./proxy.ts";

/** What the script keeps with a transaction: the generation it began under, armed routes, AVPs, flags. */
export class ScriptState {
  readonly routes: Routes;
  avps: Avps | null = null;
  onFailure = 0;
  onBranch = 0;
  onReply = 0;
  onBranchFailure = 0;

  constructor(routes: Routes) {
    this.routes = routes;
  }
}

/**
 * Leaves with the transaction what the context has armed and set, if anything, and says so to the engine. Called before each leg of
 * forwarding, and by t_newtran and t_reply.
 */
export function leaveWith(tx: Transaction, ctx: RouteContext): void {
  const { onFailure, onBranch, onReply, onBranchFailure, avpsOrNull } = ctx;
  if ((onFailure | onBranch | onReply | onBranchFailure) === 0 && avpsOrNull === null && tx.attachment === null) return;
  tx.attachment ??= new ScriptState(ctx.routes);
  const state = tx.attachment as ScriptState;
  state.avps = avpsOrNull ?? state.avps;
  state.onFailure = onFailure;
  state.onBranch = onBranch;
  state.onReply = onReply;
  state.onBranchFailure = onBranchFailure;
  tx.wantsFailure = onFailure !== 0;
  tx.wantsReplies = onReply !== 0;
  tx.wantsBranchFailure = onBranchFailure !== 0;
  if (tx.message === null && (onFailure | onBranchFailure) !== 0 && ctx.message.isRequest) {
    ctx.message.own(); // failure routes go on with the request as this route leaves it
    tx.message = ctx.message;
  }
}

/** Hooks of the transaction engine, over the proxy core. */
export class TmHooks implements Hooks {
  private readonly proxy: Proxy;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  prepareBranch(tx: Transaction, branch: Branch, run: object, out: Outgoing): number | Promise<number> {
    const ctx = run as RouteContext;
    const state = tx.attachment as ScriptState | null;
    if (state !== null && state.onBranch !== 0) return this.afterBranchRoute(tx, branch, ctx, state, out);
    return this.build(branch, ctx, branch.destination === null ? ctx.message.newUri : branch.destination.uri, out);
  }

  // The branch route sees the branch's own R-URI, destination and edits; the message gets its own back afterwards.
  private afterBranchRoute(
    tx: Transaction,
    branch: Branch,
    ctx: RouteContext,
    state: ScriptState,
    out: Outgoing,
  ): number | Promise<number> {
    const msg = ctx.message;
    const { newUri, dstUri, path, branchFlags } = msg;
    const to = branch.destination as BranchTarget | null;
    markSource(msg, ctx.flow.remote); // before the edits are copied: every branch carries it
    msg.branchEdits = msg.edits.clone();
    if (to !== null) {
      msg.newUri = to.uri;
      msg.dstUri = to.dstUri;
      msg.path = to.path;
      msg.branchFlags = to.flags;
    }
    const route = new RouteContext(this.proxy, state.routes, msg, ctx.flow, RouteKind.BRANCH);
    route.vars = ctx.vars; // $var lives as long as the message's handling, branch routes included
    route.transaction = tx;
    route.branch = branch.number;
    route.avpsOrNull = ctx.avpsOrNull;
    route.sendFrom = to?.sendFrom ?? ctx.sendFrom;
    const restore = (): void => {
      ctx.avpsOrNull = route.avpsOrNull;
      state.avps = route.avpsOrNull ?? state.avps;
      msg.branchEdits = null;
      msg.newUri = newUri;
      msg.dstUri = dstUri;
      msg.path = path;
      msg.branchFlags = branchFlags;
    };
    const finish = (): number | Promise<number> => {
      if (route.onReply !== 0) {
        branch.attachment = { onReply: route.onReply };
        tx.wantsReplies = true;
      }
      if (route.stop === Stop.DROP) return RelayError.DROPPED;
      return this.buildFrom(branch, ctx, msg.newUri, msg.dstUri, msg.path, route.sendFrom, out);
    };
    const ran = state.routes.branch(state.onBranch, route);
    if (typeof ran === "number") {
      const built = finish();
      if (typeof built === "number") {
        restore();
        return built;
      }
      return built.finally(restore);
    }
    msg.own();
    return ran
      .then(finish)
      .then((code) => {
        if (code === 0) out.buf = out.buf.slice(0, out.end); // others build in the shared buffer before this one is sent
        return code;
      })
      .finally(restore);
  }

  private build(branch: Branch, ctx: RouteContext, uri: string | null, out: Outgoing): number | Promise<number> {
    const to = branch.destination as BranchTarget | null;
    const msg = ctx.message;
    if (to === null) return this.buildFrom(branch, ctx, uri, msg.dstUri, msg.path, ctx.sendFrom, out);
    return this.buildFrom(branch, ctx, uri, to.dstUri, to.path, to.sendFrom ?? ctx.sendFrom, out);
  }

  private buildFrom(
    branch: Branch,
    ctx: RouteContext,
    uri: string | null,
    dstUri: string | null,
    path: string | null,
    from: Listener | null,
    out: Outgoing,
  ): number | Promise<number> {
    const flow = this.flowOf(branch, ctx, uri, dstUri, from);
    if (flow instanceof Promise) {
      ctx.message.own();
      return flow.then((found) => {
        const code = this.write(branch, ctx, uri, path, found, out);
        if (code === 0) out.buf = out.buf.slice(0, out.end); // others build in the shared buffer before this one is sent
        return code;
      });
    }
    return this.write(branch, ctx, uri, path, flow, out);
  }

  // A binding registered over a connection is reached over that connection while it is open (RFC 5626 in spirit), unless the
  // script wants it elsewhere.
  private flowOf(
    branch: Branch,
    ctx: RouteContext,
    uri: string | null,
    dstUri: string | null,
    from: Listener | null,
  ): Flow | null | Promise<Flow | null> {
    const { message } = ctx;
    const to = branch.destination;
    const flowId = to === null ? message.flowId : to.flowId;
    const flowUri = to === null ? message.flowUri : to.uri;
    if (flowId !== 0 && dstUri === null && uri === flowUri) {
      const flow = this.proxy.transports.flowById(flowId);
      if (flow !== null) return flow;
    }
    return this.proxy.resolver.uriFlow(dstUri ?? uri ?? message.requestUri(), from ?? ctx.flow.listener);
  }

  private write(
    branch: Branch,
    ctx: RouteContext,
    uri: string | null,
    path: string | null,
    flow: Flow | null,
    out: Outgoing,
  ): number {
    if (flow === null) return RelayError.UNRESOLVABLE;
    const end = this.proxy.writeRequest(ctx.message, ctx.flow, flow, branch.id(), uri, path);
    if (end < 0) return RelayError.BAD_REQUEST;
    out.buf = this.proxy.out;
    out.start = 0;
    out.end = end;
    out.target = flow;
    return 0;
  }

  writeReply(tx: Transaction, code: number, reason: string, toTag: string, extra: string, out: Outgoing): boolean {
    const end = this.proxy.writeLocalReply(tx.request(), tx.origin as Flow, code, reason, toTag, extra);
    if (end < 0) return false;
    this.proxy.counters.localReply(code);
    out.buf = this.proxy.out;
    out.start = 0;
    out.end = end;
    return true;
  }

  replyRoute(tx: Transaction, branch: Branch, reply: SipMessage): boolean | Promise<boolean> {
    const state = tx.attachment as ScriptState | null;
    const own = branch.attachment as { readonly onReply: number } | null;
    const id = own?.onReply ?? state?.onReply ?? 0;
    if (id === 0) return false;
    const routes = state?.routes ?? this.proxy.routes!;
    const ctx = new RouteContext(this.proxy, routes, reply, (branch.target ?? tx.origin) as Flow, RouteKind.ONREPLY);
    ctx.transaction = tx;
    ctx.branch = branch.number;
    ctx.status = reply.status;
    ctx.avpsOrNull = state?.avps ?? null;
    const after = (): boolean => {
      if (ctx.onFailure !== 0 || ctx.avpsOrNull !== null) this.keep(tx, ctx);
      return ctx.stop === Stop.DROP;
    };
    const ran: RouteResult = routes.onreply(id, ctx);
    if (typeof ran === "number") return after();
    reply.own();
    return ran.then(after);
  }

  // An onreply route may set AVPs and arm a failure route; what else is armed stays.
  private keep(tx: Transaction, ctx: RouteContext): void {
    tx.attachment ??= new ScriptState(ctx.routes);
    const state = tx.attachment as ScriptState;
    state.avps = ctx.avpsOrNull ?? state.avps;
    if (ctx.onFailure !== 0) {
      state.onFailure = ctx.onFailure;
      tx.wantsFailure = true;
    }
  }

  branchFailureRoute(tx: Transaction, branch: Branch, reply: SipMessage | null): void | Promise<void> {
    const state = tx.attachment as ScriptState | null;
    if (state === null || state.onBranchFailure === 0) return;
    return this.runFailure(tx, branch, reply, state, RouteKind.BRANCH_FAILURE);
  }

  failureRoute(tx: Transaction, winner: Branch, reply: SipMessage | null): void | Promise<void> {
    const state = tx.attachment as ScriptState | null;
    if (state === null || state.onFailure === 0) return;
    return this.runFailure(tx, winner, reply, state, RouteKind.FAILURE);
  }

  private runFailure(
    tx: Transaction,
    branch: Branch,
    reply: SipMessage | null,
    state: ScriptState,
    kind: number,
  ): void | Promise<void> {
    const msg = tx.ownRequest();
    const ctx = new RouteContext(this.proxy, state.routes, msg, tx.origin as Flow, kind);
    ctx.transaction = tx;
    ctx.branch = branch.number;
    ctx.reply = reply;
    ctx.status = branch.status;
    ctx.avpsOrNull = state.avps;
    const id = kind === RouteKind.FAILURE ? state.onFailure : state.onBranchFailure;
    if (kind === RouteKind.FAILURE) {
      state.onFailure = 0; // a failure route runs once; it arms itself again if it wants to
      tx.wantsFailure = false;
    }
    // Each failure route begins with the R-URI and destination of the first leg; what it does not change it does not relay again.
    const { newUri, dstUri, path, branchFlags } = msg;
    tx.usedUri = newUri;
    tx.usedDst = dstUri;
    const ran = kind === RouteKind.FAILURE ? state.routes.failure(id, ctx) : state.routes.branchFailure(id, ctx);
    const after = (): void => {
      msg.newUri = newUri;
      msg.dstUri = dstUri;
      msg.path = path;
      msg.branchFlags = branchFlags;
      state.avps = ctx.avpsOrNull ?? state.avps;
    };
    if (typeof ran === "number") return after();
    return ran.then(after);
  }

  released(tx: Transaction): void {
    tx.attachment = null;
    tx.message = null;
  }

  failed(_tx: Transaction, error: unknown): void {
    this.proxy.counters.routeErrors++;
    this.proxy.log.error(
      `error in a route of a transaction: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
