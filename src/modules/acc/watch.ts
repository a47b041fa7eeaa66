// Looks on at one transaction that is accounted.

import type { BranchTarget } from "../../proxy/context.ts";
import type { BranchState, ScriptState } from "../../proxy/script-state.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import type { Transaction, Watcher } from "../../tm/index.ts";
import type { Accounting } from "./accounting.ts";
import { tagOf } from "./record.ts";

// The R-URI of a record is that of the branch which the reply came from.
function asSentTo(tx: Transaction, status: number, request: SipMessage, tell: () => void): void {
  const { newUri } = request;
  const branch = tx.branches.find((b) => b.number >= tx.legStart && b.status === status);
  const state = branch?.attachment as BranchState | null | undefined;
  const target = branch?.destination as BranchTarget | null | undefined;
  if (branch !== undefined) request.newUri = state?.uri ?? target?.uri ?? tx.usedUri ?? newUri;
  tell();
  request.newUri = newUri;
}

/** One accounted transaction. */
export class AccWatch implements Watcher {
  private readonly accounting: Accounting;
  private readonly upstream: boolean;
  /** A final reply was told. */
  private done = false;
  /** The status that the failure route runs for, and the missed-call flags there were then. */
  private failedWith = 0;
  private missedBefore = 0;
  private ackTag = "";

  constructor(accounting: Accounting, upstream: boolean) {
    this.accounting = accounting;
    this.upstream = upstream;
  }

  failing(tx: Transaction, status: number, reply: SipMessage | null): void {
    const { accounting } = this;
    const missed = this.missedFlags(tx);
    this.failedWith = status;
    this.missedBefore = missed;
    if (missed === 0 || this.done) return;
    const ctx = accounting.contextOf(tx);
    const record = this.record(tx, ctx.message, reply, status);
    asSentTo(tx, status, ctx.message, () => accounting.missed(ctx, missed, record));
    (tx.attachment as ScriptState).flags &= ~missed; // told; a route may set them again
  }

  replying(tx: Transaction, status: number, reply: SipMessage | null): void {
    if (this.done) return;
    const { accounting } = this;
    const { settings } = accounting;
    if (status < 200) {
      if (!settings.earlyMedia || reply === null || status < 101 || reply.end <= reply.bodyStart) return;
    } else this.done = true;
    const state = tx.attachment as ScriptState | null;
    const flags = state?.flags ?? 0;
    let missed = status < 300 ? 0 : this.missedFlags(tx);
    // what a failure route answers itself is missed once more (as the oracle)
    if (missed === 0 && status >= 300 && reply === null && this.failedWith !== 0 && this.answersItself(status))
      missed = this.missedBefore;
    const told = status < 300 || this.tellsFailure(flags, status);
    if (missed === 0 && (!told || (flags & (settings.logFlag | settings.dbFlag)) === 0)) return;
    const ctx = accounting.contextOf(tx);
    const record = this.record(tx, ctx.message, reply, status);
    asSentTo(tx, status, ctx.message, () => {
      if (missed !== 0) accounting.missed(ctx, missed, record);
      if (told) accounting.account("transaction answered", ctx, flags, record);
    });
    if (status >= 200 && status < 300 && tx.method === Method.INVITE && settings.reportAck) {
      this.ackTag = reply === null ? record.toTag : tagOf(reply, "to");
      accounting.awaitAck(tx, ctx.message, this.ackTag);
    }
  }

  released(tx: Transaction): void {
    if (this.ackTag !== "") this.accounting.forget(tx, tx.request(), this.ackTag);
  }

  private answersItself(status: number): boolean {
    return status !== this.failedWith && !(this.failedWith === 503 && status === 500);
  }

  private tellsFailure(flags: number, status: number): boolean {
    const { failedFlag, failedFilter } = this.accounting.settings;
    return (flags & failedFlag) !== 0 && !failedFilter.has(status);
  }

  private missedFlags(tx: Transaction): number {
    if (tx.method !== Method.INVITE) return 0;
    const { logMissedFlag, dbMissedFlag } = this.accounting.settings;
    return ((tx.attachment as ScriptState | null)?.flags ?? 0) & (logMissedFlag | dbMissedFlag);
  }

  private record(tx: Transaction, request: SipMessage, reply: SipMessage | null, status: number) {
    const { accounting } = this;
    return accounting.record(request, reply, accounting.engine.tm.toTag(tx), status, this.upstream);
  }
}
