// The transaction engine of one worker: the table, the options, and where messages and timers come in. It opens nothing: the clock, the
// wheel, randomness and the layers above (hooks.ts) are given to it.

import type { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import type { TimerWheel } from "../util/timer-wheel.ts";
import type { Branch } from "./branch.ts";
import { BranchId } from "./branch-id.ts";
import { branchTimer, retime, stepBranch } from "./downstream.ts";
import { type Hooks, Outgoing, type Target } from "./hooks.ts";
import { methodSought, sameCall, setKey } from "./key.ts";
import type { LocalSide } from "./local.ts";
import { ClientInput, Do } from "./machine.ts";
import { DEFAULT_OPTIONS, type TmOptions } from "./options.ts";
import {
  abandonBranches,
  branchEndedHere,
  branchTimedOut,
  endAll,
  endBranch,
  isUnanswerable,
  replyCame,
} from "./replies.ts";
import { TransactionTable } from "./table.ts";
import type { Timers } from "./timers.ts";
import { type TimerOwner, Transaction } from "./transaction.ts";
import {
  ackCame,
  armLifetime,
  copyOf,
  endIfDone,
  release,
  replyLocally,
  requestAgain,
  resend,
  sendReply,
  serverTimer,
  startWait,
} from "./upstream.ts";

/** What may be put off for a transaction whose route waits; more is thrown away and counted. */
const MAX_QUEUE = 64;
/** Of replies larger than so many octets, fewer. */
const LARGE = 8192;
const MAX_LARGE = 4;

/** Larger than any message that is sent. */
const BUFFER_SIZE = 1 << 18;

export interface TmEnvironment {
  readonly wheel: TimerWheel;
  readonly hooks: Hooks;
  /** Milliseconds from some origin, never going back. */
  readonly now: () => number;
  /** 32 random bits, hard to guess. */
  readonly random: () => number;
  /** The most transactions at a time. */
  readonly maxTransactions: number;
}

/** The engine. */
export class Tm implements TimerOwner {
  readonly wheel: TimerWheel;
  readonly hooks: Hooks;
  readonly now: () => number;
  readonly table: TransactionTable;
  options: TmOptions = DEFAULT_OPTIONS;
  /** What is built now; forward.ts replaces it when a branch has to wait. */
  out = new Outgoing();
  /** Where forwarded replies, ACK and CANCEL are written. */
  readonly buffer = new Uint8Array(BUFFER_SIZE);

  /** The branches that were sent to each reliable target, until their transactions are released: they are told when it goes. */
  private readonly waiting = new Map<Target, Set<Branch>>();

  private readonly random: () => number;
  private readonly tagPrefix: string;
  private readonly id = new BranchId();

  constructor(env: TmEnvironment) {
    this.wheel = env.wheel;
    this.hooks = env.hooks;
    this.now = env.now;
    this.random = env.random;
    this.table = new TransactionTable(env.random(), env.maxTransactions);
    this.tagPrefix = `${env.random().toString(16)}${env.random().toString(16)}.`;
  }

  // ---- requests ----

  /** The transaction a request (or ACK) belongs to; null without one. */
  lookup(msg: SipMessage): Transaction | null {
    const method = methodSought(msg.method, false);
    return this.table.find(msg, method, this.table.hash(msg, method));
  }

  /** The INVITE transaction that a CANCEL is for; null without one. */
  lookupCancelled(msg: SipMessage): Transaction | null {
    return this.table.find(msg, Method.INVITE, this.table.hash(msg, Method.INVITE));
  }

  /**
   * Makes the transaction of a request that has none (lookup said so). `client` is where its replies go, `origin` the flow it came by;
   * `local` who made it, when it began here.
   * Null when there are too many.
   */
  create(msg: SipMessage, client: Target, origin: object, local: LocalSide | null = null): Transaction | null {
    const { table } = this;
    if (table.full) {
      table.counters.refused++;
      return null;
    }
    const now = this.now();
    const shared = msg.owned && msg.start === 0 && msg.end === msg.buf.length;
    const bytes = shared ? msg.buf : copyOf(msg.buf, msg.start, msg.end);
    const hash = table.hash(msg, msg.method);
    const tx = new Transaction(
      this,
      table.takeSlot(),
      this.random(),
      hash,
      msg.method,
      bytes,
      client,
      origin,
      this.options.timers,
      now,
    );
    tx.disable6xx = this.options.disable6xx;
    tx.forceRport = msg.forceRport;
    tx.number = msg.number;
    setKey(tx, msg, shared ? 0 : -msg.start);
    if (local !== null) {
      tx.local = local;
      table.counters.local++;
    }
    table.add(tx);
    armLifetime(this, tx, now);
    return tx;
  }

  /** The request of a transaction came again. */
  retransmission(tx: Transaction): void {
    requestAgain(this, tx);
  }

  /** An ACK came: true when it belongs to a failure sent here and ends here, false when it must be forwarded. */
  ack(msg: SipMessage): boolean {
    const tx = this.lookup(msg);
    return tx !== null && ackCame(this, tx);
  }

  /** The client cancels: branches are ended, and the INVITE is answered 487 when all are. `extra` is header lines for the CANCELs. */
  cancel(tx: Transaction, extra: string): void {
    if (tx.final || tx.released || tx.canceled) return;
    tx.canceled = true; // at once: a failure route that waits must not start another leg
    if (tx.busy) this.defer(tx, () => this.endCancelled(tx, extra), true);
    else this.endCancelled(tx, extra);
  }

  private endCancelled(tx: Transaction, extra: string): void {
    if (tx.final) return;
    endAll(this, tx, extra);
    if (tx.branches.length > 0 || tx.final) return;
    replyLocally(this, tx, 487, "Request Terminated", "");
    endIfDone(this, tx);
  }

  /** Forgets a transaction of which nothing has left. */
  discard(tx: Transaction): void {
    release(this, tx);
  }

  /** The script replies: `extra` is whole header lines. Returns whether it went out; a final one ends what is still out. */
  sendReply(tx: Transaction, code: number, reason: string, extra: string, body = ""): boolean {
    if (tx.final || tx.released) return false;
    if (!replyLocally(this, tx, code, reason, extra, body) && !tx.final) return false;
    if (code >= 200) abandonBranches(this, tx, code);
    endIfDone(this, tx);
    return true;
  }

  /** Sends a reply that is already built. Returns whether it went out. */
  sendBytes(tx: Transaction, code: number, buf: Uint8Array, start: number, end: number): boolean {
    if (tx.final || tx.released) return false;
    this.table.counters.repliesGenerated++;
    return sendReply(this, tx, code, buf, start, end);
  }

  /** Ends one branch as the script asks. */
  cancelBranch(branch: Branch): void {
    endBranch(this, branch, "");
  }

  /** Sends the last reply again. Returns whether there was one. */
  resendReply(tx: Transaction): boolean {
    return resend(this, tx);
  }

  /** Lets the transaction go after its last wait, whatever its state; branches that are out are forgotten. */
  release(tx: Transaction): void {
    startWait(this, tx);
  }

  /** Gives the transaction other timer values, at once for what is out (t_set_fr). */
  setTimers(tx: Transaction, timers: Timers): void {
    const { fr, frInv, maxInvite, maxOther } = tx.timers;
    tx.timers = timers;
    if (timers.fr !== fr || timers.frInv !== frInv) for (const branch of tx.branches) retime(this, branch);
    if ((timers.maxInvite !== maxInvite || timers.maxOther !== maxOther) && !tx.final)
      armLifetime(this, tx, this.now());
  }

  /** Lets go of transactions whose timers have not, which should be none; how many there were. */
  clean(): number {
    const now = this.now();
    let count = 0;
    for (const tx of this.table.all()) {
      const { maxInvite, maxOther, fr, wait } = tx.timers;
      if (tx.busy || tx.began + (tx.isInvite ? maxInvite : maxOther) + fr + wait + 1000 > now) continue;
      release(this, tx);
      count++;
    }
    return count;
  }

  /** Ends the transaction as if by a final reply, without sending one; branches that are out go on unheard (t_drop). */
  drop(tx: Transaction, code: number): void {
    if (tx.final || tx.released) return;
    this.table.counters.ended[Math.floor(code / 100)]!++;
    tx.status = code;
    startWait(this, tx);
  }

  // ---- replies ----

  /** A reply came. True when it belongs to a transaction here, which has taken it. */
  reply(msg: SipMessage, from: Target | null = null): boolean {
    const branch = this.findBranch(msg);
    if (branch === null) return false;
    if (this.table.matching.callId && !sameCall(branch.tx, msg, false)) return false;
    this.table.counters.repliesReceived++;
    if (!branch.tx.busy) {
      branch.repliedBy = from;
      replyCame(this, branch, msg);
    } else if (msg.end - msg.start > LARGE && (branch.tx.queue?.length ?? 0) >= MAX_LARGE)
      this.table.counters.overflow++;
    else {
      msg.own();
      this.defer(branch.tx, () => {
        branch.repliedBy = from;
        replyCame(this, branch, msg);
      });
    }
    return true;
  }

  /** The branch a reply is for; null without one. */
  findBranch(msg: SipMessage): Branch | null {
    const via = msg.via();
    const { id } = this;
    if (via === null || via.branchStart < 0 || !id.parse(msg.buf, via.branchStart, via.branchEnd)) return null;
    const tx = this.table.at(id.slot, id.label);
    return tx?.branches[id.branch] ?? null;
  }

  /**
   * A target has gone: branches that were sent there and wait for a first reply fail at once, as if by 503 (RFC 3261 16.9)
   * or what the branch says, or the status given. Those that
   * have a provisional reply go on waiting, since the next hop may come back by another way.
   */
  targetFailed(target: Target, status = 0): void {
    const branches = this.waiting.get(target);
    if (branches === undefined) return;
    this.waiting.delete(target);
    for (const branch of branches) if (!branch.final) this.branchLost(branch, status || branch.lostStatus);
  }

  /** A branch went to a reliable target, or to one of several. */
  waitsFor(branch: Branch, target: Target): void {
    const branches = this.waiting.get(target);
    if (branches === undefined) this.waiting.set(target, new Set([branch]));
    else branches.add(branch);
  }

  /** The end of the target no longer matters to the branch. */
  waitsNoMore(branch: Branch): void {
    const { target } = branch;
    if (target === null || this.waiting.size === 0) return;
    const branches = this.waiting.get(target);
    if (branches?.delete(branch) && branches.size === 0) this.waiting.delete(target);
  }

  private branchLost(branch: Branch, status: number): void {
    if (branch.tx.busy) this.defer(branch.tx, () => this.branchLost(branch, status));
    else if (!branch.final && (stepBranch(this, branch, ClientInput.TRANSPORT, null) & Do.FAILED) !== 0)
      branchEndedHere(this, branch, status);
  }

  // ---- timers ----

  branchTimer(branch: Branch): void {
    const { tx } = branch;
    if (tx.busy) this.defer(tx, () => this.branchTimer(branch), true);
    else if ((branchTimer(this, branch) & Do.TIMED_OUT) !== 0) branchTimedOut(this, branch);
  }

  transactionTimer(tx: Transaction): void {
    if (tx.waiting) release(this, tx);
    else if (tx.busy) this.defer(tx, () => this.transactionTimer(tx), true);
    else if (serverTimer(this, tx)) this.expire(tx);
  }

  // The longest lifetime is over: what is still out counts as timed out.
  private expire(tx: Transaction): void {
    for (const branch of tx.branches)
      if (!branch.final && (branchTimer(this, endNow(branch)) & Do.TIMED_OUT) !== 0) branchTimedOut(this, branch);
    if (tx.final || tx.busy) return;
    for (const branch of tx.branches) if (!branch.final) return;
    if (isUnanswerable(this, tx)) {
      startWait(this, tx);
      return;
    }
    replyLocally(
      this,
      tx,
      tx.canceled ? 487 : this.options.timeoutCode,
      tx.canceled ? "" : this.options.timeoutReason,
      "",
    );
    endIfDone(this, tx);
  }

  // ---- waiting routes (design.md, D5) ----

  /** A route of the transaction waits: what arrives for it is put off until `waits` is settled and `then` has run. */
  suspend<T>(tx: Transaction, waits: Promise<T>, then: (value: T | undefined) => void): void {
    tx.busy = true;
    const resume = (value: T | undefined): void => {
      tx.busy = false;
      if (!tx.released) this.guarded(tx, () => then(value));
      this.drain(tx);
    };
    waits.then(resume, (error: unknown) => {
      this.hooks.failed(tx, error);
      resume(undefined);
    });
  }

  /** Runs a job that changes the transaction: at once, or when the route of it that waits is done. */
  whenIdle(tx: Transaction, job: () => void): void {
    if (tx.busy) this.defer(tx, job);
    else job();
  }

  private defer(tx: Transaction, job: () => void, always = false): void {
    tx.queue ??= [];
    if (tx.queue.length < MAX_QUEUE || always) tx.queue.push(job);
    else this.table.counters.overflow++;
  }

  private drain(tx: Transaction): void {
    while (tx.queue !== null && !tx.busy && !tx.released) {
      const job = tx.queue.shift();
      if (job === undefined) tx.queue = null;
      else this.guarded(tx, job);
    }
    endIfDone(this, tx);
  }

  /** Runs a job: one that fails must not keep those behind it, timers among them, from running. */
  guarded(tx: Transaction, job: () => void): void {
    try {
      job();
    } catch (error) {
      this.hooks.failed(tx, error);
    }
  }

  /** The tag of replies made here, the same for all of a transaction. */
  toTag(tx: Transaction): string {
    if (tx.toTag === "") tx.toTag = this.tagPrefix + tx.label.toString(16);
    return tx.toTag;
  }
}

function endNow(branch: Branch): Branch {
  branch.giveUpAt = 0;
  return branch;
}
