// What replies and failures of branches mean for the transaction (RFC 3261 16.7): pass on, wait for the others, pick the best,
// let the script's routes have their say.

import { writeForwardedReply } from "../sip/build.ts";
import type { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { reasonPhrase } from "../sip/reasons.ts";
import { textOf } from "../util/bytes.ts";
import { type Branch, BranchFlag } from "./branch.ts";
import { cancelAnswered, cancelBranch, sendCancel, stepBranch } from "./downstream.ts";
import { failOver } from "./failover.ts";
import { dropReplies } from "./legs.ts";
import { tellLocal } from "./local.ts";
import { ClientInput, Do } from "./machine.ts";
import { joinedChallenges, pickBranch } from "./pick.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";
import { endIfDone, replyLocally, sendReply, startWait } from "./upstream.ts";
import { tellFailing, tellReply } from "./watcher.ts";

/** A reply came for a branch; no route of the transaction is waiting. */
export function replyCame(tm: Tm, branch: Branch, msg: SipMessage): void {
  const { tx } = branch;
  const { status } = msg;
  const cseq = msg.cseq();
  if (cseq === null) return;
  if (cseq.method !== tx.method) {
    if (cseq.method === Method.CANCEL) cancelAnswered(tm, branch, status);
    return;
  }
  const input = status < 200 ? ClientInput.PROVISIONAL : status < 300 ? ClientInput.SUCCESS : ClientInput.FAILURE;
  if ((stepBranch(tm, branch, input, msg) & Do.PASS) === 0) {
    if (status < 200 && tx.isInvite) ringsLate(tm, branch);
    return;
  }
  // once the client has cancelled, provisional replies are for nobody (as the oracle)
  if (!tx.wantsReplies || (status < 200 && tx.canceled)) {
    takeReply(tm, branch, msg, false);
    return;
  }
  const drop = tm.hooks.replyRoute(tx, branch, msg);
  if (typeof drop === "boolean") takeReply(tm, branch, msg, drop);
  else {
    msg.own();
    const had = tx.status;
    tm.suspend(tx, drop, (dropped) => {
      const overtaken = tx.status !== had && tx.final && tm.options.keepLateSuccess;
      takeReply(tm, branch, msg, dropped === true || overtaken, overtaken);
    });
  }
}

// A next hop has begun to ring after we had given it up: it is told (as the oracle does; nobody would pick up that call).
function ringsLate(tm: Tm, branch: Branch): void {
  if ((branch.flags & (BranchFlag.LOCAL | BranchFlag.CANCEL_SENT)) !== BranchFlag.LOCAL) return;
  const { tx } = branch;
  branch.cancelLines = tm.options.localCancelReason ? reasonLine(tx.final ? tx.status : branch.status) : "";
  sendCancel(tm, branch);
}

// The reply has been through the script.
function takeReply(tm: Tm, branch: Branch, msg: SipMessage, drop: boolean, overtaken = false): void {
  const { tx } = branch;
  const { status } = msg;
  const late = branch.final;
  if (status < 300) branch.flags |= status < 200 ? BranchFlag.REPLIED : BranchFlag.REPLIED | BranchFlag.SETTLED;
  branch.status = status;
  if (status < 200) {
    if ((branch.flags & BranchFlag.CANCEL_WANTED) !== 0) sendCancel(tm, branch);
    const wanted = (status !== 100 || tm.options.relay100) && (tx.isInvite || !tm.options.rfc4320);
    if (!drop && wanted && !tx.final && !tx.canceled) forwardReply(tm, tx, msg, status);
    return;
  }
  if (status < 300) {
    if ((tx.isInvite && !overtaken) || !tx.final) forwardReply(tm, tx, msg, status);
    branch.bytes = null;
    if (!late) cancelOthers(tm, branch, status);
    endIfDone(tm, tx);
    return;
  }
  if (!tx.isInvite) branch.bytes = null;
  branchFailed(tm, branch, msg);
}

/** A branch has come to a final failure: `reply`, or null when none came (then branch.status says which it counts as). */
export function branchFailed(tm: Tm, branch: Branch, reply: SipMessage | null): void {
  const { tx } = branch;
  if (branch.status >= 600 && !tx.disable6xx && tx.branches.length > 1) {
    reply?.own();
    branch.reply = reply; // others may end at once, and then this one is picked
    cancelOthers(tm, branch, branch.status);
  }
  if (branch.further !== null) failOver(tm, branch, decide); // before the script is told, as the oracle
  if (!tx.busy) tellFailure(tm, branch, reply);
  else {
    reply?.own();
    tm.whenIdle(tx, () => tellFailure(tm, branch, reply)); // the branch route of the next target waits
  }
}

function tellFailure(tm: Tm, branch: Branch, reply: SipMessage | null): void {
  const { tx } = branch;
  if (tx.wantsBranchFailure && !tx.final) {
    const waits = tm.hooks.branchFailureRoute(tx, branch, reply);
    if (waits !== undefined) {
      reply?.own();
      tm.suspend(tx, waits, () => settle(tm, branch, reply));
      return;
    }
  }
  settle(tm, branch, reply);
}

/** Gives a branch that ended without a reply the status it counts as, and draws the consequences. */
export function branchEndedHere(tm: Tm, branch: Branch, status: number): void {
  branch.status = status;
  branch.flags |= BranchFlag.LOCAL;
  branchFailed(tm, branch, null);
}

/** No final reply came in time (timers B, C, F): counts as 408, or as 487 when the client has cancelled. */
export function branchTimedOut(tm: Tm, branch: Branch): void {
  branch.flags |= BranchFlag.TIMED_OUT;
  if (branch.target !== null && (branch.flags & BranchFlag.REPLIED) === 0 && !branch.tx.canceled)
    tm.hooks.silent(branch);
  branchEndedHere(tm, branch, branch.tx.canceled ? 487 : tm.options.timeoutCode);
}

// A branch of the transaction failed. Its reply is kept as long as it may be needed.
function settle(tm: Tm, branch: Branch, reply: SipMessage | null): void {
  const { tx } = branch;
  if (reply !== null && !tx.final && (tx.wantsFailure || tx.branches.length > 1 || tx.forwarding)) {
    reply.own();
    branch.reply = reply;
  }
  if (tx.branches.length > 1 || tx.forwarding) decide(tm, tx);
  else if (tx.final) endIfDone(tm, tx);
  else allFailed(tm, tx, branch, reply);
  // what the routes that have just run are about is no reply "before"
  branch.flags |= reply === null ? BranchFlag.SETTLED : BranchFlag.REPLIED | BranchFlag.SETTLED;
}

/** Picks the best reply when no branch is out any more. */
export function decide(tm: Tm, tx: Transaction): void {
  if (tx.final) {
    endIfDone(tm, tx);
    return;
  }
  if (tx.forwarding || tx.released) return;
  const { branches } = tx;
  for (let i = 0; i < branches.length; i++) if (!branches[i]!.final) return;
  const winner = pickBranch(tx, tm.options.fakedReplyRank);
  if (winner !== null) allFailed(tm, tx, winner, winner.reply);
}

// The best reply goes to the script, then back.
function allFailed(tm: Tm, tx: Transaction, winner: Branch, best: SipMessage | null): void {
  tellFailing(tx, winner.status, best);
  const isOlder = winner.number < tx.legStart; // of an earlier leg, which had a route of its own
  if (!tx.wantsFailure && !isOlder) {
    finish(tm, tx, winner, best);
    return;
  }
  tx.failureRan = true;
  tx.wantsFailure = false; // armed for one failure; the route may arm it again
  const before = tx.branches.length;
  const { legStart } = tx;
  const waits = tm.hooks.failureRoute(tx, winner, best);
  const after = (): void => {
    dropReplies(tx, tm.options.failureReplyMode, before, legStart);
    afterFailureRoute(tm, tx, winner, best);
  };
  if (waits === undefined) after();
  else tm.suspend(tx, waits, after);
}

function afterFailureRoute(tm: Tm, tx: Transaction, winner: Branch, best: SipMessage | null): void {
  if (tx.final) {
    endIfDone(tm, tx);
    return;
  }
  for (const branch of tx.branches) if (!branch.final) return; // the route started another leg
  if ((winner.flags & BranchFlag.DISCARDED) === 0) finish(tm, tx, winner, best);
  else {
    const other = pickBranch(tx, tm.options.fakedReplyRank);
    if (other !== null) finish(tm, tx, other, other.reply);
    else {
      replyLocally(tm, tx, 500, NOTHING_LEFT, "");
      endIfDone(tm, tx);
    }
  }
}

// Sends the picked failure back.
function finish(tm: Tm, tx: Transaction, winner: Branch, best: SipMessage | null): void {
  const { status } = winner;
  if (isSilent(tm, tx, winner)) {
    startWait(tm, tx);
    return;
  }
  const challenged = (status === 401 || status === 407) && tm.options.aggregateChallenges;
  const challenges = challenged ? joinedChallenges(tx) : null;
  // what 503 of one next hop says is not true of us (RFC 3261 16.7 step 6); the phrase is Kamailio's
  if (status === 503 && tm.options.remap503) replyLocally(tm, tx, 500, "Service Unavailable", "");
  else if (best === null || challenges !== null)
    replyLocally(tm, tx, status, localReason(tm, winner), challenges ?? "");
  else forwardReply(tm, tx, best, status);
  endIfDone(tm, tx);
}

/** The phrase of 477, Kamailio's own status for what cannot be sent. */
export const SEND_FAILED = "Unfortunately error on sending to next hop occurred (477/TM)";

/** The phrase when a script had all replies forgotten and gives none itself. */
const NOTHING_LEFT = "I'm terribly sorry, server error occurred (1/TM)";

function localReason(tm: Tm, { status, flags }: Branch): string {
  if (status === 477) return SEND_FAILED;
  if (status === tm.options.timeoutCode) return tm.options.timeoutReason;
  if (status !== 487) return reasonPhrase(status);
  return (flags & BranchFlag.PARKED) !== 0 ? "Request canceled" : "Request Terminated";
}

// An INVITE to one next hop that has said nothing at all, and nobody wants to hear of that (noisy_ctimer).
function isSilent(tm: Tm, tx: Transaction, { flags }: Branch): boolean {
  if (isUnanswerable(tm, tx)) return (flags & BranchFlag.TIMED_OUT) !== 0;
  if (tm.options.noisyTimeout || tx.local !== null || !tx.isInvite || tx.branches.length > 1 || tx.failureRan)
    return false;
  return (flags & (BranchFlag.TIMED_OUT | BranchFlag.REPLIED)) === BranchFlag.TIMED_OUT && !tx.canceled;
}

/** Whether a 408 of ours is of no use to the client, who gives up at the same time (RFC 4320 4.2). */
export function isUnanswerable(tm: Tm, tx: Transaction): boolean {
  return tm.options.rfc4320 && !tx.isInvite && tx.local === null;
}

function forwardReply(tm: Tm, tx: Transaction, msg: SipMessage, code: number): void {
  if (tx.local !== null) {
    tellLocal(tm, tx, code, textOf(msg.buf, msg.reasonStart, msg.reasonEnd), msg);
    return;
  }
  tellReply(tx, code, msg);
  const end = writeForwardedReply(msg, tm.buffer);
  if (end > 0 && !tm.hooks.mayReply(tx, msg, end)) {
    if (code >= 200) startWait(tm, tx); // the client is not told; what it repeats is absorbed
  } else if (end > 0) sendReply(tm, tx, code, tm.buffer, 0, end);
  else replyLocally(tm, tx, 500, "", ""); // larger than anything we send
}

/** A final reply was made by the script: whatever is still out is ended. */
export function abandonBranches(tm: Tm, tx: Transaction, status: number): void {
  const extra = tm.options.localCancelReason ? reasonLine(status) : "";
  endAll(tm, tx, extra);
}

/** Ends all branches but one because of its final reply. */
export function cancelOthers(tm: Tm, winner: Branch, status: number): void {
  const { branches } = winner.tx;
  if (branches.length === 1) return;
  const extra = tm.options.localCancelReason ? reasonLine(status) : "";
  for (const branch of branches) if (branch !== winner) endBranch(tm, branch, extra);
}

// RFC 3326: with it a phone shows no missed call when another one answered.
function reasonLine(status: number): string {
  const text = status < 300 ? ';text="Call completed elsewhere"' : "";
  return `Reason: SIP;cause=${status}${text}\r\n`;
}

/** Ends all branches; `extra` is header lines for their CANCELs. */
export function endAll(tm: Tm, tx: Transaction, extra: string): void {
  for (const branch of tx.branches) endBranch(tm, branch, extra);
}

/** Ends one branch: by CANCEL where it must be asked, at once where nobody has it yet. */
export function endBranch(tm: Tm, branch: Branch, extra: string): void {
  if (!cancelBranch(tm, branch, extra)) return;
  branch.flags &= ~BranchFlag.PREPARING;
  branchEndedHere(tm, branch, 487);
}
