// The proxy's side of transactions (tm/hooks.ts): has the request of each branch built, and runs the script's routes for a transaction.

import { Failure } from "../net/blocklist.ts";
import type { Flow } from "../net/flow.ts";
import type { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import type { Branch, Further, Hooks, Outgoing, Target, Transaction } from "../tm/index.ts";
import { attempt } from "../util/maybe.ts";
import { heldReply } from "./aside.ts";
import { BranchBuilder } from "./branch-builder.ts";
import { RouteContext, RouteKind, Stop } from "./context.ts";
import { LocalEvents } from "./local-events.ts";
import { replyMayLeave } from "./onsend.ts";
import type { Proxy } from "./proxy.ts";
import { ReplyPath } from "./reply-path.ts";
import { type BranchState, ScriptState } from "./script-state.ts";

/** Hooks of the transaction engine, over the proxy core. */
export class TmHooks implements Hooks {
  /** Methods as bits by number whose silence lists a destination (module tm's blst_methods_add). */
  silenceCounts = 1 << Method.INVITE;
  readonly builder: BranchBuilder;
  private readonly proxy: Proxy;

  /** Routes over what is made here. */
  readonly events: LocalEvents;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
    this.builder = new BranchBuilder(proxy);
    this.events = new LocalEvents(proxy);
  }

  prepareBranch(tx: Transaction, branch: Branch, run: object, out: Outgoing): number | Promise<number> {
    return this.builder.prepare(tx, branch, run, out);
  }

  prepareNext(further: Further, branch: Branch, out: Outgoing): number | Promise<number> {
    return this.builder.prepareNext(further, branch, out);
  }

  writeReply(
    tx: Transaction,
    code: number,
    reason: string,
    toTag: string,
    extra: string,
    out: Outgoing,
    body = "",
  ): boolean {
    const end = this.proxy.writeLocalReply(tx.request(), tx.origin as Flow, code, reason, toTag, extra, body);
    if (end < 0) return false;
    this.proxy.counters.localReply(code);
    out.buf = this.proxy.out;
    out.start = 0;
    out.end = end;
    return true;
  }

  replyRoute(tx: Transaction, branch: Branch, reply: SipMessage): boolean | Promise<boolean> {
    const state = tx.attachment as ScriptState | null;
    const own = branch.attachment as BranchState | null;
    const id = own !== null && own.onReply !== 0 ? own.onReply : (state?.onReply ?? 0);
    if (id === 0) return false;
    reply.flags = state?.flags ?? 0;
    reply.branchFlags = own?.flags ?? 0;
    const routes = state?.routes ?? this.proxy.routes!;
    const ctx = new RouteContext(this.proxy, routes, reply, (branch.target ?? tx.origin) as Flow, RouteKind.ONREPLY);
    ctx.transaction = tx;
    ctx.branch = branch.number;
    ctx.status = reply.status;
    ctx.avpsOrNull = state?.avps ?? null;
    const after = (): boolean | Promise<boolean> => {
      if (state !== null) state.flags = reply.flags;
      if (own !== null) own.flags = reply.branchFlags;
      if (ctx.onFailure !== 0 || ctx.avpsOrNull !== null) this.keep(tx, ctx);
      return heldReply(tx, ctx) ?? ctx.stop === Stop.DROP;
    };
    const ran = attempt(() => routes.onreply(id, ctx));
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

  silent(branch: Branch): void {
    if ((this.silenceCounts & (1 << branch.tx.method)) === 0) return;
    this.proxy.blocklist.failed(branch.target as Flow, Failure.TIMEOUT, branch.ignore);
  }

  unsent(branch: Branch, target: Target): void {
    const flow = target as Flow;
    // a connection that was refused has been listed then
    if (!flow.reliable || flow.open) this.proxy.blocklist.failed(flow, Failure.SEND, branch.ignore);
  }

  branchFailureRoute(tx: Transaction, branch: Branch, reply: SipMessage | null): void | Promise<void> {
    const state = tx.attachment as ScriptState | null;
    const id = (branch.attachment as BranchState | null)?.onBranchFailure ?? 0;
    if (state === null || id === 0) return;
    return this.runFailure(tx, branch, reply, state, RouteKind.BRANCH_FAILURE, id);
  }

  failureRoute(tx: Transaction, winner: Branch, reply: SipMessage | null): void | Promise<void> {
    const state = tx.attachment as ScriptState | null;
    if (state === null) return;
    const isOlder = winner.number < tx.legStart;
    const id = isOlder ? ((winner.attachment as BranchState | null)?.onFailure ?? 0) : state.onFailure;
    if (id !== 0) return this.runFailure(tx, winner, reply, state, RouteKind.FAILURE, id);
  }

  private runFailure(
    tx: Transaction,
    branch: Branch,
    reply: SipMessage | null,
    state: ScriptState,
    kind: number,
    id: number,
  ): void | Promise<void> {
    const msg = tx.ownRequest();
    const { relayed } = state;
    if (relayed !== null) {
      msg.newUri = relayed.newUri;
      msg.dstUri = relayed.dstUri;
      msg.path = relayed.path;
      if (kind === RouteKind.FAILURE) this.backToRelayed(msg, state);
    }
    const { newUri, dstUri, path, branchFlags } = msg;
    msg.flags = state.flags;
    msg.branchFlags = (branch.attachment as BranchState | null)?.flags ?? branchFlags;
    const ctx = new RouteContext(this.proxy, state.routes, msg, tx.origin as Flow, kind);
    ctx.transaction = tx;
    ctx.branch = branch.number;
    ctx.reply = reply;
    ctx.status = branch.status;
    ctx.avpsOrNull = state.avps;
    if (tx.local !== null) ctx.onBranch = state.onBranch; // the first leg has not used it up
    ctx.onReply = state.onReply; // is for later legs too
    state.onBranchFailure = 0;
    if (kind === RouteKind.BRANCH_FAILURE) ctx.onFailure = state.onFailure;
    else {
      state.onFailure = 0; // a failure route runs once; it arms itself again if it wants to
      tx.wantsFailure = false;
    }
    // Each failure route begins with the R-URI and destination of the first leg; what it does not change it does not relay again.
    tx.usedUri = newUri;
    tx.usedDst = dstUri;
    this.proxy.logAs(msg, ctx.flow);
    const { routes } = state;
    const ran = attempt(() => (kind === RouteKind.FAILURE ? routes.failure(id, ctx) : routes.branchFailure(id, ctx)));
    this.proxy.logPlain();
    const after = (): void => {
      msg.newUri = newUri;
      msg.dstUri = dstUri;
      msg.path = path;
      msg.branchFlags = branchFlags;
      state.flags = msg.flags;
      state.avps = ctx.avpsOrNull ?? state.avps;
    };
    if (typeof ran === "number") return after();
    return ran.then(() => undefined).finally(after);
  }

  // Edits that the request route made after it had relayed are gone.
  private backToRelayed(msg: SipMessage, state: ScriptState): void {
    const { relayed } = state;
    if (relayed === null || relayed.buf !== msg.buf) return;
    if (msg.edits.count !== relayed.edits.count) msg.edits.copyFrom(relayed.edits);
  }

  reopen(target: Target): Target | null {
    const { protocol, remote, listener, dialled } = target as Flow;
    return dialled ? this.proxy.transports.flowTo(protocol, remote.address, remote.port, listener) : null;
  }

  mayReply(tx: Transaction, msg: SipMessage, length: number): boolean {
    const { proxy } = this;
    const { client } = tx;
    if (client instanceof ReplyPath) client.next = msg.send;
    if (!proxy.onsendReplies) return true;
    const routes = (tx.attachment as ScriptState | null)?.routes ?? proxy.routes;
    const to = client instanceof ReplyPath ? client.flow : (client as Flow);
    return replyMayLeave(proxy, routes, msg, tx.origin as Flow, to, length, tx);
  }

  replied(tx: Transaction, code: number, buf: Uint8Array, start: number, end: number): void {
    this.events.replied(tx, code, buf, start, end);
  }

  cancelMade(branch: Branch, buf: Uint8Array, end: number): number {
    return this.events.cancelled(branch, buf, end);
  }

  released(tx: Transaction): void {
    tx.attachment = null;
    tx.message = null;
  }

  failed(_tx: Transaction, error: unknown): void {
    this.proxy.counters.routeErrors++;
    const text = error instanceof Error ? error.message : String(error);
    this.proxy.limited.error(this.proxy.log, `error in a route of a transaction: ${text}`);
  }
}
