// The proxy's side of transactions (tm/hooks.ts): builds the request of each branch, runs the script's routes for a transaction,
// and keeps what the script left with it.

import { Failure } from "../net/blocklist.ts";
import type { Flow, Listener } from "../net/flow.ts";
import { markSource } from "../sip/build.ts";
import type { Edits } from "../sip/edits.ts";
import type { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { SendOptions } from "../sip/send-options.ts";
import { type Branch, type Hooks, type Outgoing, RelayError, type Target, type Transaction } from "../tm/index.ts";
import { type Maybe, whenThere } from "../util/maybe.ts";
import { type Aside, heldReply } from "./aside.ts";
import {
  type Avps,
  type BranchTarget,
  RouteContext,
  RouteKind,
  type RouteResult,
  type Routes,
  Stop,
} from "./context.ts";
import { Detour } from "./detour.ts";
import { LocalEvents } from "./local-events.ts";
import { mayLeave, replyMayLeave } from "./onsend.ts";
import type { Proxy } from "./proxy.ts";
import { ReplyPath } from "./reply-path.ts";
import type { Walk } from "./walk.ts";

/** What the script keeps with a transaction: the generation it began under, armed routes, AVPs, flags. */
export class ScriptState {
  readonly routes: Routes;
  avps: Avps | null = null;
  onFailure = 0;
  onBranch = 0;
  onReply = 0;
  onBranchFailure = 0;
  /** Message flags: what one route of the transaction sets, the next one sees. */
  flags = 0;
  /** The request as it was relayed first, which is where failure routes begin; what the request route does to it later is not for them. */
  relayed: Relayed | null = null;
  /** Edits that later legs begin with, when they are not those of the first one (t_save_lumps). */
  saved: Edits | null = null;
  /** What t_suspend has put aside; null when nothing. */
  aside: Aside | null = null;

  constructor(routes: Routes) {
    this.routes = routes;
  }
}

interface Relayed {
  readonly newUri: string | null;
  readonly dstUri: string | null;
  readonly path: string | null;
  readonly edits: Edits;
  /** The bytes that the edits belong to. */
  readonly buf: Uint8Array;
}

/** What the script keeps with one branch. */
export class BranchState {
  onReply = 0;
  /** The failure routes that were armed when it was sent. */
  onFailure = 0;
  onBranchFailure = 0;
  /** The R-URI a branch route gave it; null for its destination's. */
  uri: string | null = null;
  /** Branch flags. */
  flags: number;

  constructor(flags: number) {
    this.flags = flags;
  }
}

/** Remembers the request as it has just been relayed; called after each leg of forwarding. */
export function keepRequest(tx: Transaction, ctx: RouteContext): void {
  const state = tx.attachment as ScriptState | null;
  if (state === null) return;
  const msg = ctx.message;
  state.flags = msg.flags;
  if ((ctx.kind !== RouteKind.REQUEST && !ctx.resumed) || tx.message !== msg) return;
  const edits = state.saved !== null && state.relayed === null ? state.saved : msg.edits.clone();
  state.relayed = { newUri: msg.newUri, dstUri: msg.dstUri, path: msg.path, edits, buf: msg.buf };
}

/** Legs that a failure route starts begin with the edits there are now (t_save_lumps). */
export function saveEdits(tx: Transaction, ctx: RouteContext): void {
  tx.attachment ??= new ScriptState(ctx.routes);
  ctx.message.own();
  markSource(ctx.message, ctx.flow.remote); // every later leg carries it
  (tx.attachment as ScriptState).saved = ctx.message.edits.clone();
}

/**
 * Leaves with the transaction what the context has armed and set, if anything, and says so to the engine. Called before each leg of
 * forwarding, and by t_newtran and t_reply.
 */
export function leaveWith(tx: Transaction, ctx: RouteContext): void {
  if (tx.client instanceof ReplyPath && ctx.message.isRequest) tx.client.options = ctx.message.send;
  const { onFailure, onBranch, onReply, onBranchFailure, avpsOrNull } = ctx;
  if ((onFailure | onBranch | onReply | onBranchFailure) === 0 && avpsOrNull === null && tx.attachment === null) return;
  tx.attachment ??= new ScriptState(ctx.routes);
  const state = tx.attachment as ScriptState;
  state.avps = avpsOrNull ?? state.avps;
  state.onFailure = onFailure;
  state.onBranch = onBranch;
  state.onReply = onReply;
  state.onBranchFailure = onBranchFailure;
  if (ctx.message.isRequest) state.flags = ctx.message.flags;
  tx.wantsFailure = onFailure !== 0;
  tx.wantsReplies = onReply !== 0;
  if (onBranchFailure !== 0) tx.wantsBranchFailure = true; // branches keep what was armed when they were sent
  if (tx.message === null && (onFailure | onBranchFailure) !== 0 && ctx.message.isRequest) {
    ctx.message.own(); // failure routes go on with the request as this route leaves it
    tx.message = ctx.message;
  }
}

/** Hooks of the transaction engine, over the proxy core. */
export class TmHooks implements Hooks {
  /** Methods as bits by number: which requests are kept from listed destinations, and whose silence lists one (module tm's blst_methods_…). */
  checked = -1;
  silenceCounts = 1 << Method.INVITE;
  private readonly proxy: Proxy;

  /** Routes over what is made here. */
  readonly events: LocalEvents;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
    this.events = new LocalEvents(proxy);
  }

  prepareBranch(tx: Transaction, branch: Branch, run: object, out: Outgoing): number | Promise<number> {
    const ctx = run as RouteContext;
    const built = this.built(tx, branch, ctx, out);
    const { onsend } = ctx.routes;
    if (onsend === null || ctx.kind === RouteKind.LOCAL) return built;
    const look = (code: number): number | Promise<number> => {
      if (code !== 0) return code;
      out.buf = out.buf.slice(0, out.end); // the route may send something itself, which is built in the shared buffer
      const leaves = mayLeave(ctx, onsend, out.target as Flow, out.end - out.start);
      if (typeof leaves === "boolean") return leaves ? 0 : RelayError.SEND;
      return leaves.then((may) => (may ? 0 : RelayError.SEND));
    };
    return typeof built === "number" ? look(built) : built.then(look);
  }

  private built(tx: Transaction, branch: Branch, ctx: RouteContext, out: Outgoing): number | Promise<number> {
    const state = tx.attachment as ScriptState | null;
    if (state !== null) {
      const to = branch.destination;
      const own = new BranchState(to === null ? ctx.message.branchFlags : to.flags);
      own.onFailure = state.onFailure;
      own.onBranchFailure = state.onBranchFailure;
      branch.attachment = own;
      // what a local-request route arms is for later legs
      if (state.onBranch !== 0 && ctx.kind !== RouteKind.LOCAL)
        return this.afterBranchRoute(tx, branch, ctx, state, out);
    }
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
    const { send } = msg;
    if (send !== null) msg.send = Object.assign(new SendOptions(), send); // what the route says is for this branch alone
    if (to !== null) {
      msg.newUri = to.uri;
      msg.dstUri = to.dstUri;
      msg.path = to.path;
      msg.branchFlags = to.flags;
    }
    const route = new RouteContext(this.proxy, state.routes, msg, ctx.flow, RouteKind.BRANCH);
    route.transaction = tx;
    route.branches = ctx.branches.slice();
    route.branch = branch.number;
    route.avpsOrNull = ctx.avpsOrNull;
    route.sendFrom = to?.sendFrom ?? ctx.sendFrom;
    const restore = (): void => {
      ctx.avpsOrNull = route.avpsOrNull;
      state.avps = route.avpsOrNull ?? state.avps;
      msg.branchEdits = null;
      msg.send = send;
      msg.newUri = newUri;
      msg.dstUri = dstUri;
      msg.path = path;
      msg.branchFlags = branchFlags;
    };
    const finish = (): number | Promise<number> => {
      const own = branch.attachment as BranchState;
      own.flags = msg.branchFlags;
      own.uri = msg.newUri;
      state.flags = msg.flags;
      if (route.onReply !== 0) {
        own.onReply = route.onReply;
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
    const walk = this.walkOf(branch, ctx, uri, dstUri, from);
    if (walk !== null) return this.buildFirst(branch, ctx, uri, dstUri, path, walk, out);
    const flow = this.flowOf(branch, ctx, uri, dstUri, from);
    if (flow instanceof Promise) {
      ctx.message.own();
      return flow.then((found) => {
        const code = this.write(branch, ctx, uri, dstUri, path, found, out);
        if (code === 0) out.buf = out.buf.slice(0, out.end); // others build in the shared buffer before this one is sent
        return code;
      });
    }
    return this.write(branch, ctx, uri, dstUri, path, flow, out);
  }

  // The request for the first target of a name; the others are kept for when it fails.
  private buildFirst(
    branch: Branch,
    ctx: RouteContext,
    uri: string | null,
    dstUri: string | null,
    path: string | null,
    walk: Maybe<Walk>,
    out: Outgoing,
  ): number | Promise<number> {
    let late = false;
    const built = whenThere(walk, (targets) =>
      whenThere(targets.next(), (flow) => {
        const code = this.write(branch, ctx, uri, dstUri, path, flow, out, targets);
        if (late && code === 0) out.buf = out.buf.slice(0, out.end);
        return code;
      }),
    );
    if (typeof built === "number") return built;
    late = true;
    ctx.message.own();
    return built;
  }

  // Null when no other target will be tried: failover is off, the host is numeric, or an open connection leads there.
  private walkOf(
    branch: Branch,
    ctx: RouteContext,
    uri: string | null,
    dstUri: string | null,
    from: Listener | null,
  ): Maybe<Walk> | null {
    const { dns, resolver } = this.proxy;
    if (!dns.settings.failover || branch.tx.noFailover || this.keptFlow(branch, ctx, uri, dstUri) !== null) return null;
    const { message } = ctx;
    const noConnect = message.send?.forwardNoConnect === true;
    return resolver.walk(dstUri ?? uri ?? message.requestUri(), from ?? ctx.flow.listener, noConnect, from !== null);
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
    const kept = this.keptFlow(branch, ctx, uri, dstUri);
    if (kept !== null) return kept;
    const hop = dstUri ?? uri ?? message.requestUri();
    if (this.isListed(ctx, hop)) return null; // before a connection is opened
    return this.proxy.resolver.uriFlow(
      hop,
      from ?? ctx.flow.listener,
      message.send?.forwardNoConnect === true,
      from !== null,
    );
  }

  private keptFlow(branch: Branch, ctx: RouteContext, uri: string | null, dstUri: string | null): Flow | null {
    const { message } = ctx;
    const to = branch.destination;
    const flowId = to === null ? message.flowId : to.flowId;
    if (flowId === 0 || dstUri !== null || uri !== (to === null ? message.flowUri : to.uri)) return null;
    return this.proxy.transports.flowById(flowId);
  }

  private write(
    branch: Branch,
    ctx: RouteContext,
    uri: string | null,
    dstUri: string | null,
    path: string | null,
    flow: Flow | null,
    out: Outgoing,
    walk: Walk | null = null,
  ): number {
    if (flow === null) {
      if (this.isListed(ctx, dstUri ?? uri ?? ctx.message.requestUri())) return this.refused();
      if (this.proxy.lacksSocket(dstUri ?? uri ?? ctx.message.requestUri())) return RelayError.BAD_REQUEST;
      return ctx.message.send?.forwardNoConnect === true ? RelayError.SEND : RelayError.UNRESOLVABLE;
    }
    const end = this.proxy.writeRequest(ctx.message, ctx.flow, flow, branch.id(), uri, path);
    if (end < 0) return RelayError.BAD_REQUEST;
    out.buf = this.proxy.out;
    out.start = 0;
    out.end = end;
    const target = this.proxy.leaving ?? flow;
    out.further = walk?.more === true ? this.detour(ctx, walk, end) : null;
    const { blocklist } = this.proxy;
    if (blocklist.on) {
      branch.ignore = ctx.message.send?.ignoreFailures ?? 0;
      if (branch.ignore !== 0) blocklist.excuse(target, branch.ignore);
      if (target.open && this.respectsList(ctx) && blocklist.isBlocked(target)) return this.refused();
    }
    out.target = target;
    out.last = ctx.message.send?.forwardClose === true;
    return 0;
  }

  private detour(ctx: RouteContext, walk: Walk, end: number): Detour {
    const { message, routes } = ctx;
    if (routes.onsend !== null) message.own(); // the route will see it again
    const bytes = this.proxy.out.slice(0, end);
    return new Detour(this.proxy, walk, bytes, message.send, routes.onsend === null ? null : ctx);
  }

  prepareNext(further: object, branch: Branch, out: Outgoing): number | Promise<number> {
    const { blocklist } = this.proxy;
    const obeys = blocklist.on && (this.checked & (1 << branch.tx.method)) !== 0;
    return (further as Detour).next(branch, out, (flow) => !obeys || !blocklist.isBlocked(flow));
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

  private respectsList({ message }: RouteContext): boolean {
    return (this.checked & (1 << message.method)) !== 0;
  }

  private isListed(ctx: RouteContext, uri: string): boolean {
    const { blocklist, resolver } = this.proxy;
    return blocklist.on && this.respectsList(ctx) && resolver.isListed(uri, blocklist);
  }

  private refused(): number {
    this.proxy.counters.drop("blocked");
    return RelayError.SEND;
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
    const ran = kind === RouteKind.FAILURE ? state.routes.failure(id, ctx) : state.routes.branchFailure(id, ctx);
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
    return ran.then(after);
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
    this.proxy.log.error(
      `error in a route of a transaction: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
