// Follows messages: the INVITE that makes a dialog, its replies, and the requests within it.

import type { Flow } from "../../net/flow.ts";
import { RouteContext, RouteKind } from "../../proxy/context.ts";
import type { ScriptState } from "../../proxy/script-state.ts";
import { contactOf, headerValues, uriIn } from "../../sip/build-local.ts";
import { H } from "../../sip/headers.ts";
import { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { toText } from "../../sip/value.ts";
import type { Transaction } from "../../tm/index.ts";
import { isMyselfText } from "../core/index.ts";
import {
  currentDialog,
  type DialogRun,
  type DialogWatch,
  dialogOfTransaction,
  knownRun,
  matchMessage,
  partyUri,
  runOf,
  tagOf,
} from "./context.ts";
import { cookieIn, cookieOf } from "./cookie.ts";
import { raiseCseq, restoreCseq } from "./cseq.ts";
import { type Dialog, Seen, State, Wish } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import { MatchMode } from "./settings.ts";
import { calleeFrom, callerFrom } from "./sides.ts";
import { type Match, Way, wayIn } from "./table.ts";

/** The most dialogs of one Call-ID: strangers choose it. */
const MAX_OF_CALL = 64;

/** The most octets of texts that a dialog keeps of the INVITE: it may last for hours, and strangers choose how long theirs are. */
const MAX_TEXTS = 8192;

/** The variable that holds by how much CSeq numbers were raised on the way to the callee. */
export const CSEQ_DIFF = "cseq_diff";

/** Follows messages for the dialogs of a process. */
export class Follower {
  readonly dialogs: Dialogs;

  constructor(dialogs: Dialogs) {
    this.dialogs = dialogs;
    dialogs.engine.onCreate.push((tx, ctx) => this.transactionMade(tx, ctx));
    dialogs.engine.onScriptEnd.push((ctx) => this.scriptEnded(ctx));
    dialogs.rr.onRouted.push((ctx, params) => this.routed(ctx, params));
  }

  /** dlg_manage(): 1; -1 when there is nothing to track. */
  manage(ctx: RouteContext, routeParams: string): number {
    const { message } = ctx;
    if (tagOf(message, "to") !== "") {
      this.sequential(ctx, routeParams, true);
      return 1;
    }
    return message.method === Method.INVITE && this.initial(ctx) ? 1 : -1;
  }

  // ---- the INVITE that makes a dialog ----

  private initial(ctx: RouteContext): boolean {
    if (currentDialog(ctx) !== null) return true;
    const { dialogs } = this;
    const { settings, table } = dialogs;
    const { message: msg } = ctx;
    const callId = msg.header(H.CALL_ID) ?? "";
    const run = runOf(ctx);
    const known = settings.detectSpirals ? table.spiral(callId, tagOf(msg, "from")) : null;
    if (known !== null) {
      run.dialog = known;
      this.tell(run, ctx, "spiraled");
      return true;
    }
    if (table.full || table.ofCall(callId).length >= MAX_OF_CALL) {
      dialogs.counters.refused++;
      const { proxy } = dialogs.host;
      proxy.limited.error(proxy.log, "dialog: there are too many dialogs, a call is not tracked");
      return false;
    }
    const dialog = this.make(ctx, callId, run);
    if (textsOf(dialog) > MAX_TEXTS) {
      dialogs.counters.refused++;
      const { proxy } = dialogs.host;
      proxy.limited.error(
        proxy.log,
        "dialog: what a dialog would keep of an INVITE is too long, its call is not tracked",
      );
      dialogs.profiles.removeAll(dialog);
      return false;
    }
    run.dialog = dialog;
    dialogs.begin(dialog);
    if (settings.matchMode !== MatchMode.DID_NONE)
      dialogs.rr.addParam(ctx, `;${settings.rrParam}=${cookieOf(dialog.entry, dialog.id)}`);
    const tx = ctx.transaction as Transaction | null;
    if (tx === null) run.fresh = true;
    else this.tie(dialog, tx, ctx);
    this.tell(run, ctx, "created");
    return true;
  }

  private make(ctx: RouteContext, callId: string, run: DialogRun): Dialog {
    const { dialogs } = this;
    const { settings } = dialogs;
    const { message: msg } = ctx;
    const dialog = dialogs.table.make(dialogs, callId);
    dialog.fromUri = partyUri(msg, "from");
    dialog.toUri = partyUri(msg, "to");
    dialog.requestUri = dialogs.uri === null ? msg.requestUri() : toText(dialogs.uri.get(ctx));
    callerFrom(dialog.caller, msg, ctx.flow.listener);
    dialog.createdAt = dialogs.now();
    dialog.lifetime = this.lifetimeOf(ctx) ?? (run.timeout > 0 ? run.timeout : settings.defaultTimeout);
    dialog.flags = run.flags;
    dialog.wishes = run.wishes | (run.timeoutBye !== 0 ? Wish.TIMEOUT_BYE : 0);
    if (settings.timeoutNoReset) dialog.wishes |= Wish.TIMEOUT_NO_RESET;
    dialog.timeoutRoute = run.timeoutRoute;
    for (const [name, value] of run.variables) dialog.setVariable(name, value);
    for (const { name, value } of run.profiles) {
      const profile = dialogs.profiles.find(name);
      if (profile !== null) dialogs.profiles.add(profile, dialog, value ?? "");
    }
    return dialog;
  }

  // The lifetime that the AVP of the script asks for; null when it does not.
  private lifetimeOf(ctx: RouteContext): number | null {
    const { timeoutAvp } = this.dialogs.settings;
    if (timeoutAvp === "") return null;
    const value = ctx.avpsOrNull?.all(timeoutAvp)?.[0];
    const seconds = value === undefined ? Number.NaN : Number(toText(value));
    return Number.isInteger(seconds) && seconds > 0 ? seconds : null;
  }

  private tell(run: DialogRun, ctx: RouteContext, what: "created" | "spiraled"): void {
    if (!this.dialogs.settings.callbacksInScript) run.untold = what;
    else for (const listener of this.dialogs.listeners) listener[what]?.(run.dialog!, ctx);
  }

  private transactionMade(tx: Transaction, ctx: RouteContext): void {
    const { flag } = this.dialogs.settings;
    const { message } = ctx;
    if (flag !== 0 && (message.flags & flag) !== 0 && message.method === Method.INVITE && tagOf(message, "to") === "")
      this.initial(ctx);
    const run = knownRun(ctx);
    if (run === null) return;
    if (run.fresh && run.dialog !== null) this.tie(run.dialog, tx, ctx);
    if (run.cseqDiff > 0) tx.watch({ replying: (_tx, _status, reply) => restoreCseq(reply, run.cseqDiff) });
  }

  private tie(dialog: Dialog, tx: Transaction, ctx: RouteContext): void {
    runOf(ctx).fresh = false;
    dialog.seen |= Seen.RELAYED;
    if (dialogOfTransaction(tx) !== null || !dialog.isEarly) return;
    dialog.transaction = tx;
    tx.watch(new InviteWatch(this, dialog, headerValues(ctx.message, H.RECORD_ROUTE).length));
  }

  private scriptEnded(ctx: RouteContext): void {
    const run = knownRun(ctx);
    if (run === null || run.dialog === null) return;
    const { untold } = run;
    run.untold = null;
    if (untold !== null) for (const listener of this.dialogs.listeners) listener[untold]?.(run.dialog, ctx);
    // nothing will come of it: the script has answered without a transaction, or not at all
    if (run.fresh) this.dialogs.remove(run.dialog);
  }

  // ---- requests within a dialog ----

  private routed(ctx: RouteContext, params: string): void {
    if (this.dialogs.table.size > 0 && ctx.message.method !== Method.CANCEL && tagOf(ctx.message, "to") !== "")
      this.sequential(ctx, params, false);
  }

  // `bySip`: the script asks for it, and there may be no Route of ours to look into.
  private sequential(ctx: RouteContext, params: string, bySip: boolean): void {
    const run = runOf(ctx);
    if (run.dialog !== null) return;
    const match = this.matchRequest(ctx.message, params, bySip);
    if (match === null) return;
    run.dialog = match.dialog;
    run.way = match.way;
    run.within = true;
    this.within(match.dialog, match.way, ctx, run);
  }

  private matchRequest(msg: SipMessage, params: string, bySip: boolean): Match | null {
    const { settings, table } = this.dialogs;
    const { matchMode } = settings;
    const cookie = matchMode === MatchMode.DID_NONE ? null : cookieIn(params, settings.rrParam);
    if (cookie !== null) {
      const dialog = table.find(cookie.entry, cookie.id);
      if (dialog !== null && dialog.callId === msg.header(H.CALL_ID)) {
        const way = wayIn(dialog, tagOf(msg, "from"), tagOf(msg, "to"));
        if (way !== Way.UNKNOWN) return { dialog, way };
      }
    }
    if (matchMode === MatchMode.DID_ONLY && !(bySip && cookie === null)) return null;
    return matchMessage(table, msg);
  }

  private within(dialog: Dialog, way: number, ctx: RouteContext, run: DialogRun): void {
    const { message: msg } = ctx;
    const { method } = msg;
    if (way === Way.DOWN) this.track(dialog, msg, run);
    if (method === Method.BYE && dialog.isConfirmed) {
      this.dialogs.byeCame(dialog, ctx);
      return;
    }
    if (dialog.state === State.DELETED || method === Method.BYE) return;
    if (method === Method.ACK) {
      if (dialog.state === State.ANSWERED && way === Way.DOWN) this.dialogs.acknowledged(dialog, ctx);
      return;
    }
    this.refresh(dialog, way, msg);
    const lifetime = this.lifetimeOf(ctx);
    if (lifetime !== null) dialog.lifetime = lifetime;
    if (dialog.state === State.ACTIVE && (dialog.wishes & Wish.TIMEOUT_NO_RESET) === 0) this.dialogs.restart(dialog);
    for (const listener of this.dialogs.listeners) listener.within?.(dialog, ctx, way);
    this.dialogs.store.written(dialog);
  }

  // What the request says of its sender: the number it has come to, and where it is to be reached now (RFC 3261 12.2.2).
  private refresh(dialog: Dialog, way: number, msg: SipMessage): void {
    const sender = way === Way.DOWN ? dialog.caller : dialog.callee;
    const cseq = msg.cseq()?.number ?? 0;
    if (cseq > sender.cseq) sender.cseq = cseq;
    if (!dialog.isConfirmed || (msg.method !== Method.INVITE && msg.method !== Method.UPDATE)) return;
    const contact = contactOf(msg);
    if (contact !== null && contact.length <= MAX_TEXTS) sender.contact = contact;
  }

  // CSeq numbers that were raised on the way to the callee stay raised by as much.
  private track(dialog: Dialog, msg: SipMessage, run: DialogRun): void {
    if (!this.dialogs.settings.trackCseq) return;
    const diff = Number(dialog.variables.get(CSEQ_DIFF) ?? 0);
    if (!Number.isInteger(diff) || diff <= 0) return;
    raiseCseq(msg, diff);
    run.cseqDiff = diff;
  }

  // ---- replies to the INVITE ----

  /** A reply to the INVITE is about to go to the caller. */
  replying(dialog: Dialog, tx: Transaction, status: number, reply: SipMessage | null, behind: number): void {
    if (status <= 100) return;
    if (reply !== null && this.dialogs.settings.trackCseq) this.learnCseq(dialog, reply);
    const ctx = this.replyContext(tx, status, reply);
    for (const listener of this.dialogs.listeners) listener.replied?.(dialog, ctx);
    if (!dialog.isEarly) return;
    if (status < 200) {
      this.dialogs.rings(dialog);
      for (const listener of this.dialogs.listeners) listener.early?.(dialog, ctx);
    } else if (status >= 300) this.dialogs.failed(dialog, ctx, status);
    else {
      this.accepted(dialog, tx, reply, ctx, behind);
      this.dialogs.answered(dialog, ctx);
    }
  }

  private accepted(dialog: Dialog, tx: Transaction, reply: SipMessage | null, ctx: RouteContext, behind: number): void {
    const { callee, caller } = dialog;
    const { keepProxyRr } = this.dialogs.settings;
    if (reply === null) {
      // the script has answered by itself: there is nobody behind it
      callee.tag = this.dialogs.engine.tm.toTag(tx);
      callee.known = true;
      return;
    }
    const mark = `=${cookieOf(dialog.entry, dialog.id)}`;
    const isOurs = (value: string): boolean => {
      const uri = uriIn(value);
      return uri !== null && (uri.includes(mark) || isMyselfText(ctx, uri));
    };
    const own = calleeFrom(callee, reply, behind, ctx.flow.listener, (keepProxyRr & 1) !== 0, isOurs);
    if (callee.contact.length + callee.routes.length > MAX_TEXTS) {
      callee.contact = ""; // it cannot be asked anything from here
      callee.routes = "";
    }
    if ((keepProxyRr & 2) !== 0) caller.routes = [...own, caller.routes].filter((r) => r !== "").join(",");
  }

  // A reply to a number that is higher than the caller's: somebody (authentication towards the callee) has raised it.
  private learnCseq(dialog: Dialog, reply: SipMessage): void {
    const diff = (reply.cseq()?.number ?? 0) - dialog.caller.cseq;
    if (dialog.isEarly && diff > 0) dialog.setVariable(CSEQ_DIFF, String(diff));
    const known = Number(dialog.variables.get(CSEQ_DIFF) ?? 0);
    if (known > 0) restoreCseq(reply, known);
  }

  private replyContext(tx: Transaction, status: number, reply: SipMessage | null): RouteContext {
    const { proxy } = this.dialogs.host;
    const branch = reply === null ? null : this.dialogs.engine.tm.findBranch(reply);
    let msg = reply;
    if (msg === null) {
      msg = new SipMessage();
      msg.parse(tx.bytes, 0, tx.bytes.length);
      msg.owned = true;
    }
    const flow = (branch?.repliedBy ?? branch?.target ?? tx.origin) as Flow;
    const ctx = new RouteContext(proxy, proxy.routes!, msg, flow, RouteKind.EVENT);
    ctx.transaction = tx;
    ctx.status = status;
    ctx.branch = branch?.number ?? -1;
    ctx.avpsOrNull = (tx.attachment as ScriptState | null)?.avps ?? null;
    return ctx;
  }
}

function textsOf({ callId, fromUri, toUri, requestUri, caller }: Dialog): number {
  return [callId, fromUri, toUri, requestUri, caller.tag, caller.contact, caller.routes].join("").length;
}

// Looks on at the INVITE transaction.
class InviteWatch implements DialogWatch {
  readonly dialog: Dialog;
  private readonly follower: Follower;
  /** How many Record-Routes the INVITE came with. */
  private readonly behind: number;

  constructor(follower: Follower, dialog: Dialog, behind: number) {
    this.follower = follower;
    this.dialog = dialog;
    this.behind = behind;
  }

  replying(tx: Transaction, status: number, reply: SipMessage | null): void {
    this.follower.replying(this.dialog, tx, status, reply, this.behind);
  }

  released(tx: Transaction): void {
    const { dialog } = this;
    if (dialog.transaction !== tx) return;
    dialog.transaction = null;
    this.follower.dialogs.failed(dialog, null, 408);
  }
}
