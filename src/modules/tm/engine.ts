// The transaction engine of the process as module tm holds it, joined to the proxy core; and what a script has set before its
// transaction exists.

import { Failure } from "../../net/blocklist.ts";
import { type Flow, FlowStage } from "../../net/flow.ts";
import { type BranchTarget, type RouteContext, RouteKind } from "../../proxy/context.ts";
import { LocalRequests, type OnReply, type RequestSpec } from "../../proxy/local-requests.ts";
import type { Proxy } from "../../proxy/proxy.ts";
import { ReplyPath } from "../../proxy/reply-path.ts";
import { leaveWith } from "../../proxy/script-state.ts";
import { TmHooks } from "../../proxy/tm-hooks.ts";
import type { Transactions } from "../../proxy/transactions.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { SipMessage } from "../../sip/message.ts";
import { retryAfter } from "../../sip/retry-after.ts";
import { DEFAULT_OPTIONS, RelayError, SEND_FAILED, type Timers, Tm, type Transaction } from "../../tm/index.ts";
import type { Rest503, TmSettings } from "./settings.ts";

/** How many transactions there may be until the parameter says otherwise. */
export const MAX_TRANSACTIONS = 500_000;

/** Until the first generation is in force. */
const DEFAULT_SETTINGS: TmSettings = {
  auto100: true,
  auto100Reason: "Trying",
  unmatchedCancel: 0,
  e2eCancelReason: true,
  defaultCode: 500,
  defaultReason: "Server Internal Error",
  cancelHeaders: false,
  delayedReply: true,
  contacts: "",
  contactFlows: "",
  contactAttributes: "",
  frAvp: "",
  frInvAvp: "",
};

const KEY = {};

/** What functions called before t_relay or t_newtran want of the transaction to come. */
export class Wishes {
  timers: Timers | null = null;
  /** Whether INVITE is answered 100 at once; null as the parameter says. */
  auto100: boolean | null = null;
  disable6xx: boolean | null = null;
  /** Whether errors of t_relay are answered when the script ends; null as usual, which is yes. */
  errorReply = true;
  /** Why t_relay failed last; 0 when it did not. */
  relayError = 0;
  /** CANCELs are made without the Reason of the client's (t_set_no_e2e_cancel_reason). */
  noCancelReason: boolean | null = null;
  /** No other address is tried when one fails (t_set_disable_failover). */
  noFailover: boolean | null = null;
  /** The R-URI that t_load_contacts has taken away as a destination; null when it has not. */
  taken: { readonly uri: string | null; readonly dst: string | null } | null = null;
  /** What t_next_contacts has put into the R-URI; null without it. */
  first: BranchTarget | null = null;
}

/** Whether the R-URI is a destination; `isUsed` says that it would not be, had the script said nothing. */
export function uriCounts({ taken, first }: Wishes, msg: SipMessage, isUsed: boolean): boolean {
  if (taken !== null && taken.uri === msg.newUri && taken.dst === msg.dstUri) return false;
  return !isUsed || (first !== null && first.uri === msg.newUri);
}

/** What the script wants of this context's transaction. */
export function wishesOf(ctx: RouteContext): Wishes {
  let wishes = ctx.attachment<Wishes>(KEY);
  if (wishes === undefined) {
    wishes = new Wishes();
    ctx.attach(KEY, wishes);
  }
  return wishes;
}

/** The same, but null when the script has said nothing. */
export function knownWishes(ctx: RouteContext): Wishes | null {
  return ctx.attachment<Wishes>(KEY) ?? null;
}

/** The context's transaction; null when it has none. */
export function transactionOf(ctx: RouteContext): Transaction | null {
  return ctx.transaction as Transaction | null;
}

/** How errors of t_relay show: return code, status and text of the reply sent for them (as the oracle, 5.6.3, answers). */
export function relayFailure(error: number): { readonly rc: number; readonly code: number; readonly reason: string } {
  switch (error) {
    case RelayError.UNRESOLVABLE:
      return { rc: -478, code: 478, reason: "Unresolvable destination (478/TM)" };
    case RelayError.SEND:
      return { rc: -1, code: 477, reason: SEND_FAILED };
    case RelayError.FLOW_FAILED:
      return { rc: -1, code: 430, reason: "Flow Failed" };
    default: {
      const n = error === RelayError.DROPPED ? 6 : error === RelayError.BAD_REQUEST ? 7 : 1;
      return { rc: -n, code: 500, reason: `I'm terribly sorry, server error occurred (${n}/TM)` };
    }
  }
}

/** The one engine of the process. */
export class TmEngine implements Transactions {
  readonly proxy: Proxy;
  readonly tm: Tm;
  readonly hooks: TmHooks;
  /** Requests that begin here. */
  readonly local: LocalRequests;
  /** How long a next hop that answers 503 is left alone; null when it is not (blst_503). */
  rest503: Rest503 | null = null;
  /** The parameters in force, for modules that build on this one. */
  settings: TmSettings = DEFAULT_SETTINGS;
  /** Told of each transaction that a script makes for a request, before anything is sent. They may `watch` it. Must not throw. */
  readonly onCreate: ((tx: Transaction, ctx: RouteContext) => void)[] = [];
  /** Told of each ACK of a 2xx that t_relay forwards, and of each CANCEL that it answers. Must not throw. */
  readonly onAck: ((ctx: RouteContext) => void)[] = [];
  readonly onCancel: ((ctx: RouteContext) => void)[] = [];
  /** Told when a request route has ended. Must not throw. */
  readonly onScriptEnd: ((ctx: RouteContext) => void)[] = [];

  constructor(host: ModuleHost) {
    this.proxy = host.proxy;
    this.hooks = new TmHooks(host.proxy);
    const { clock, random } = host.host;
    this.tm = new Tm({
      wheel: host.wheel,
      hooks: this.hooks,
      now: () => clock.mono(),
      random: () => random.uint32(),
      maxTransactions: MAX_TRANSACTIONS,
    });
    this.tm.options = { ...DEFAULT_OPTIONS };
    this.local = new LocalRequests(host.proxy, this.tm);
    host.proxy.transactions = this;
  }

  reply(msg: SipMessage, flow: Flow): boolean {
    if (msg.status === 503 && this.rest503 !== null && this.proxy.blocklist.on)
      this.unavailable(msg, flow, this.rest503);
    return this.tm.reply(msg, flow);
  }

  /** Sends a request of our own: see LocalRequests.request. For modules: `host.use(tm).request({ method, ruri, from, to }, (reply) => …)`. */
  request(spec: RequestSpec, onReply: OnReply | null = null): number | Promise<number> {
    return this.local.request(spec, onReply);
  }

  private unavailable(msg: SipMessage, flow: Flow, rest: Rest503): void {
    const branch = this.tm.findBranch(msg);
    if (branch === null) return;
    const asked = retryAfter(msg);
    const seconds = asked < 0 ? rest.usual : Math.min(Math.max(asked, rest.least), rest.most);
    if (seconds > 0) this.proxy.blocklist.failed(flow, Failure.REPLY_503, branch.ignore, seconds);
  }

  knowsInvite(cancel: SipMessage): boolean {
    return this.tm.lookupCancelled(cancel) !== null;
  }

  localTag(ctx: RouteContext): string | null {
    const tx = transactionOf(ctx);
    return tx === null ? null : this.tm.toTag(tx);
  }

  flowFailed(flow: Flow): void {
    // 477, as when sending fails at once: the next hop has never had the request
    this.tm.targetFailed(flow, flow.stage === FlowStage.CONNECTING ? 477 : 0);
  }

  sendReply(ctx: RouteContext, code: number, reason: string, extra: string): number | null {
    const tx = transactionOf(ctx);
    if (tx === null) return null;
    if (ctx.kind === RouteKind.LOCAL) return -1; // nobody waits for it
    leaveWith(tx, ctx);
    // the transaction may keep only the bytes of the request, without what the script has added for replies
    const apart = ctx.message.isRequest && tx.message !== ctx.message;
    const lines = apart ? ctx.message.replyHeaders + extra : extra;
    if (apart && ctx.message.replyBody !== "") {
      const kept = tx.ownRequest();
      kept.replyBody = ctx.message.replyBody;
      kept.replyBodyType = ctx.message.replyBodyType;
    }
    return this.tm.sendReply(tx, code, reason, lines) ? 1 : -1;
  }

  /** The request route is over: errors of t_relay are answered, and a transaction that nobody used is let go. */
  afterRequest(ctx: RouteContext): void {
    for (const told of this.onScriptEnd) told(ctx);
    const tx = transactionOf(ctx);
    if (tx === null || tx.final || tx.released) return;
    for (const branch of tx.branches) if (!branch.final) return;
    if (!this.answerError(ctx)) this.tm.release(tx);
  }

  routeFailed(ctx: RouteContext): boolean {
    const tx = transactionOf(ctx);
    if (tx?.branches.every((branch) => branch.final)) this.tm.sendReply(tx, 500, "Server Internal Error", "");
    this.afterRequest(ctx);
    return tx !== null;
  }

  /** Answers the error that t_relay has left, if the script wants that. Whether it did. */
  answerError(ctx: RouteContext): boolean {
    const tx = transactionOf(ctx);
    const wishes = knownWishes(ctx);
    if (tx === null || wishes === null || wishes.relayError === 0 || !wishes.errorReply) return false;
    const { code, reason } = relayFailure(wishes.relayError);
    wishes.relayError = 0;
    this.tm.sendReply(tx, code, reason, "");
    return true;
  }

  /**
   * Makes the context's transaction. 1 when it did; 0, which ends the script, when the request is a repetition (which has been absorbed)
   * or there are too many transactions (which has been answered); -1 when the context has one already.
   */
  newTransaction(ctx: RouteContext): number {
    if (ctx.transaction !== null) return -1;
    const msg = ctx.message;
    const known = this.tm.lookup(msg);
    if (known !== null) {
      this.tm.retransmission(known);
      return 0;
    }
    const { proxy } = this;
    const { flow } = ctx;
    const client =
      flow.reliable && flow.repliesElsewhere !== true
        ? new ReplyPath(proxy, flow, proxy.sentByPort(msg))
        : (proxy.replyFlow(msg, flow) ?? flow);
    const tx = this.tm.create(msg, client, ctx.flow);
    if (tx === null) {
      this.proxy.counters.drop("too-many-transactions");
      this.proxy.replyStateless(msg, ctx.flow, 503, "Too Many Transactions", "Retry-After: 10\r\n");
      return 0;
    }
    ctx.transaction = tx;
    const wishes = knownWishes(ctx);
    if (wishes !== null) {
      if (wishes.timers !== null) this.tm.setTimers(tx, wishes.timers);
      if (wishes.disable6xx !== null) tx.disable6xx = wishes.disable6xx;
      if (wishes.noCancelReason !== null) tx.noCancelReason = wishes.noCancelReason;
      if (wishes.noFailover !== null) tx.noFailover = wishes.noFailover;
    }
    for (const told of this.onCreate) told(tx, ctx);
    return 1;
  }
}
