// The request of each branch of a transaction: its branch route, where it goes, its bytes.

import type { Flow, Listener } from "../net/flow.ts";
import { markSource } from "../sip/build.ts";
import type { SipMessage } from "../sip/message.ts";
import { SendOptions } from "../sip/send-options.ts";
import { type Branch, type Further, type Outgoing, RelayError, type Transaction } from "../tm/index.ts";
import { attempt, type Maybe, whenThere } from "../util/maybe.ts";
import { type BranchTarget, RouteContext, RouteKind, Stop } from "./context.ts";
import { Detour } from "./detour.ts";
import { mayLeave } from "./onsend.ts";
import type { Proxy } from "./proxy.ts";
import { Beginning, Remake, targetsLeft } from "./remake.ts";
import { BranchState, type ScriptState } from "./script-state.ts";
import type { Walk } from "./walk.ts";

/** Builds branches over the proxy core. */
export class BranchBuilder {
  /** Methods as bits by number: which requests are kept from listed destinations (module tm's blst_methods_lookup). */
  checked = -1;
  /** Whether the request for the next target of a name is made anew, not of the one sent to the last (reparse_on_dns_failover 0). */
  remakes = false;
  private readonly proxy: Proxy;
  private readonly beginnings = new WeakMap<Branch, Beginning>();
  /** Messages of which a request is being made anew that has to wait. */
  private readonly busy = new WeakMap<SipMessage, Promise<unknown>>();

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  /** As Hooks.prepareBranch. */
  prepare(tx: Transaction, branch: Branch, run: object, out: Outgoing): number | Promise<number> {
    const ctx = run as RouteContext;
    if (this.remakes) this.beginnings.set(branch, new Beginning(ctx));
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
    route.inherit(ctx);
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
      ctx.avpsOrNull = route.avpsOrNull;
      return this.buildFrom(branch, ctx, msg.newUri, msg.dstUri, msg.path, route.sendFrom, out);
    };
    const ran = attempt(() => state.routes.branch(state.onBranch, route));
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
    const left = targetsLeft(ctx);
    if (left !== undefined) return left;
    const { dns, resolver } = this.proxy;
    if (!dns.settings.failover || branch.tx.noFailover || this.keptFlow(branch, ctx, uri, dstUri) !== null) return null;
    const { message } = ctx;
    const noConnect = message.send?.forwardNoConnect === true;
    return resolver.walk(
      dstUri ?? uri ?? message.requestUri(),
      from ?? ctx.flow.listener,
      noConnect,
      from !== null,
      ctx.avpsOrNull,
    );
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
      ctx.avpsOrNull,
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
      if (ctx.message.send?.byFlowToken === true) return RelayError.FLOW_FAILED;
      return ctx.message.send?.forwardNoConnect === true ? RelayError.SEND : RelayError.UNRESOLVABLE;
    }
    const end = this.proxy.writeRequest(ctx.message, ctx.flow, flow, branch.id(), uri, path);
    if (end < 0) return RelayError.BAD_REQUEST;
    out.buf = this.proxy.out;
    out.start = 0;
    out.end = end;
    const target = this.proxy.leaving ?? flow;
    out.further = walk?.more === true ? this.detour(branch, ctx, walk, end) : null;
    const { blocklist } = this.proxy;
    if (blocklist.on) {
      branch.ignore = ctx.message.send?.ignoreFailures ?? 0;
      if (branch.ignore !== 0) blocklist.excuse(target, branch.ignore);
      if (target.open && this.respectsList(ctx) && blocklist.isBlocked(target)) return this.refused();
    }
    if (ctx.message.send?.byFlowToken === true) branch.lostStatus = 430; // RFC 5626 5.3.1: another flow may do
    out.target = target;
    out.last = ctx.message.send?.forwardClose === true;
    return 0;
  }

  private detour(branch: Branch, ctx: RouteContext, walk: Walk, end: number): Detour | Remake {
    const beginning = this.beginnings.get(branch);
    if (beginning !== undefined) return new Remake(beginning, walk);
    const { message, routes } = ctx;
    if (routes.onsend !== null) message.own(); // the route will see it again
    const bytes = this.proxy.out.slice(0, end);
    return new Detour(this.proxy, walk, bytes, message.send, routes.onsend === null ? null : ctx);
  }

  /** As Hooks.prepareNext. */
  prepareNext(further: Further, branch: Branch, out: Outgoing): number | Promise<number> {
    if (further instanceof Remake) return this.remake(further, branch, out);
    const { blocklist } = this.proxy;
    const obeys = blocklist.on && (this.checked & (1 << branch.tx.method)) !== 0;
    return (further as Detour).next(branch, out, (flow) => !obeys || !blocklist.isBlocked(flow));
  }

  // Those of one message one after the other: each changes it for the time that its branch route takes.
  private remake({ beginning, targets }: Remake, branch: Branch, out: Outgoing): number | Promise<number> {
    const { message } = beginning;
    const make = (): number | Promise<number> =>
      beginning.again(targets, branch.tx.attachment as ScriptState | null, (ctx) =>
        this.prepare(branch.tx, branch, ctx, out),
      );
    const before = this.busy.get(message);
    const made = before === undefined ? make() : before.then(make);
    if (typeof made === "number") return made;
    const done: Promise<unknown> = made
      .catch(() => undefined)
      .then(() => {
        if (this.busy.get(message) === done) this.busy.delete(message);
      });
    this.busy.set(message, done);
    return made;
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
}
