// The side of a branch that faces the next hop: the request sent and repeated, ACK for failures, CANCEL, timers.
// What a branch means for the whole transaction is decided in replies.ts.

import { type HopStyle, writeAck, writeCancel } from "../sip/build-hop.ts";
import type { SipMessage } from "../sip/message.ts";
import { type Branch, BranchFlag } from "./branch.ts";
import { client } from "./client.ts";
import type { Outgoing, Target } from "./hooks.ts";
import { InviteClient, inviteClient } from "./invite-client.ts";
import { ClientInput, Do, stateOf } from "./machine.ts";
import { NEVER } from "./timers.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";
import { copyOf, replyLocally } from "./upstream.ts";

/** Sends a branch's request for the first time and sets its timers. False when the transport refused it. */
export function startBranch(tm: Tm, branch: Branch, out: Outgoing): boolean {
  const { target, buf, start, end } = out;
  const { tx } = branch;
  if (target === null || !target.send(buf, start, end)) return false;
  if (out.last) target.finish?.();
  branch.target = target;
  branch.further = out.further;
  if (target.reliable || out.further !== null) tm.waitsFor(branch, target);
  if (!target.reliable || tx.isInvite) branch.bytes = copyOf(buf, start, end);
  const now = tm.now();
  branch.interval = tx.timers.retr1;
  branch.retransmitAt = target.reliable ? NEVER : now + branch.interval;
  branch.giveUpAt = now + tx.timers.fr;
  arm(tm, branch, now);
  return true;
}

/** A branch that could not be sent: its time is over at once, as if nobody had answered (failure_exec_mode). */
export function failSoon(tm: Tm, branch: Branch): void {
  const now = tm.now();
  branch.giveUpAt = now;
  arm(tm, branch, now);
}

/** Runs the branch's machine and does what it says towards the next hop. Returns its answer, for what concerns those above. */
export function stepBranch(tm: Tm, branch: Branch, input: number, reply: SipMessage | null): number {
  const { isInvite } = branch.tx;
  const answer = isInvite ? inviteClient(branch.state, input) : client(branch.state, input);
  branch.state = stateOf(answer);
  if ((answer & Do.SEND) !== 0) sendAgain(tm, branch, (answer & Do.SLOW) !== 0);
  else if ((answer & Do.EXTEND) !== 0) extend(tm, branch, reply);
  else if ((answer & Do.SLOW) !== 0) slowDown(tm, branch);
  else if ((answer & Do.STOP) !== 0) stop(tm, branch);
  if ((answer & Do.ACK) !== 0 && reply !== null) acknowledge(tm, branch, reply);
  if ((answer & Do.CANCEL) !== 0) sendCancel(tm, branch);
  return answer;
}

/** The branch's timer fired: sends again what is due. Returns the machine's answer when its time is over, else 0. */
export function branchTimer(tm: Tm, branch: Branch): number {
  const now = tm.now();
  if (branch.giveUpAt <= now) {
    if (!branch.final) return stepBranch(tm, branch, ClientInput.TIMEOUT, null);
    stop(tm, branch);
    return 0;
  }
  if (branch.retransmitAt > now) arm(tm, branch, now);
  else if (cancelPending(branch)) {
    if (branch.hop !== null) branch.target?.send(branch.hop, 0, branch.hop.length);
    pace(tm, branch, Math.min(branch.interval * 2, branch.tx.timers.retr2), now);
  } else stepBranch(tm, branch, ClientInput.RETRANSMIT, null);
  return 0;
}

/**
 * Ends a branch that is out: CANCEL at once after a provisional reply, else as soon as one comes (RFC 3261 9.1), or as
 * cancel_b_method says. `extra` is header lines for the CANCEL. Returns true when the branch ended without waiting.
 */
export function cancelBranch(tm: Tm, branch: Branch, extra: string): boolean {
  if (branch.final || (branch.flags & BranchFlag.CANCEL_SENT) !== 0) return false;
  if ((branch.flags & BranchFlag.PREPARING) !== 0) return true;
  if ((branch.flags & BranchFlag.PARKED) !== 0) {
    stop(tm, branch);
    return true;
  }
  if (!branch.tx.isInvite) return false;
  branch.cancelLines = extra;
  if (branch.state === InviteClient.PROCEEDING || tm.options.cancelMethod === 2) sendCancel(tm, branch);
  else if (tm.options.cancelMethod === 0) {
    stop(tm, branch);
    branch.state = InviteClient.COMPLETED;
    return true;
  } else branch.flags |= BranchFlag.CANCEL_WANTED;
  return false;
}

/** Sends the CANCEL of a branch and repeats it until it is answered. */
export function sendCancel(tm: Tm, branch: Branch): void {
  const { target, bytes } = branch;
  if (target === null || bytes === null) return;
  const written = writeCancel(bytes, branch.cancelLines, tm.buffer, styleOf(tm, branch));
  if (written < 0) return;
  const end = tm.hooks.cancelMade?.(branch, tm.buffer, written) ?? written;
  branch.flags = (branch.flags | BranchFlag.CANCEL_SENT) & ~BranchFlag.CANCEL_WANTED;
  if (end > 0) sendOrReopen(tm, target, tm.buffer, end);
  const now = tm.now();
  const { fr, retr1 } = branch.tx.timers;
  branch.giveUpAt = Math.min(branch.giveUpAt, now + fr);
  branch.retransmitAt = NEVER;
  if (!target.reliable && end > 0) {
    branch.hop = copyOf(tm.buffer, 0, end);
    branch.interval = retr1;
    branch.retransmitAt = now + retr1;
  }
  arm(tm, branch, now);
}

/** A reply to our CANCEL came; a final one ends its repetition. */
export function cancelAnswered(tm: Tm, branch: Branch, status: number): void {
  if (status < 200 || !cancelPending(branch)) return;
  branch.flags |= BranchFlag.CANCEL_ANSWERED;
  branch.hop = null;
  branch.retransmitAt = NEVER;
  if (!branch.final) arm(tm, branch, tm.now());
  else stop(tm, branch);
}

/** Sets the time to the final reply anew, after the transaction's timers changed. */
export function retime(tm: Tm, branch: Branch): void {
  if (branch.final || (branch.flags & (BranchFlag.CANCEL_SENT | BranchFlag.PREPARING)) !== 0) return;
  const now = tm.now();
  const { timers, isInvite } = branch.tx;
  branch.giveUpAt = now + (isInvite && branch.state === InviteClient.PROCEEDING ? timers.frInv : timers.fr);
  arm(tm, branch, now);
}

/** Takes the branch's timer out. */
export function stop(tm: Tm, branch: Branch): void {
  branch.retransmitAt = NEVER;
  branch.giveUpAt = NEVER;
  tm.wheel.cancel(branch);
}

function cancelPending(branch: Branch): boolean {
  return (branch.flags & (BranchFlag.CANCEL_SENT | BranchFlag.CANCEL_ANSWERED)) === BranchFlag.CANCEL_SENT;
}

function sendAgain(tm: Tm, branch: Branch, slow: boolean): void {
  const { target, bytes } = branch;
  const { retr2 } = branch.tx.timers;
  if (target !== null && bytes !== null) target.send(bytes, 0, bytes.length);
  pace(tm, branch, slow ? retr2 : Math.min(branch.interval * 2, retr2), tm.now());
  if (tm.options.rfc4320 && branch.interval >= retr2) stillTrying(tm, branch.tx);
}

// RFC 4320 4.1: only now may a request other than INVITE be answered 100, and should be, so that the client repeats it less.
function stillTrying(tm: Tm, tx: Transaction): void {
  if (!tx.isInvite && tx.status === 0 && tx.local === null) replyLocally(tm, tx, 100, "Trying", "");
}

function slowDown(tm: Tm, branch: Branch): void {
  if (branch.target !== null && !branch.target.reliable) pace(tm, branch, branch.tx.timers.retr2, tm.now());
}

function pace(tm: Tm, branch: Branch, interval: number, now: number): void {
  branch.interval = interval;
  branch.retransmitAt = now + interval;
  arm(tm, branch, now);
}

// Timer C. While a CANCEL is out its own time to give up stands.
function extend(tm: Tm, branch: Branch, reply: SipMessage | null): void {
  const status = reply === null ? 0 : reply.status;
  if ((branch.flags & BranchFlag.CANCEL_SENT) !== 0) return;
  branch.retransmitAt = NEVER;
  const first = branch.status === 0;
  if (first || tm.options.restartFr || (status >= 180 && status > branch.status)) {
    const now = tm.now();
    branch.giveUpAt = now + branch.tx.timers.frInv;
    arm(tm, branch, now);
  }
}

// The same ACK answers each repetition of the failure.
function acknowledge(tm: Tm, branch: Branch, reply: SipMessage): void {
  const { target } = branch;
  if (target === null) return;
  if ((branch.flags & BranchFlag.ACKED) !== 0 && branch.hop !== null) {
    sendOrReopen(tm, target, branch.hop, branch.hop.length);
    return;
  }
  if (branch.bytes === null) return;
  const end = writeAck(branch.bytes, reply, tm.buffer, styleOf(tm, branch));
  if (end < 0) return;
  // the INVITE is over for the next hop, and so is a CANCEL of it
  if (cancelPending(branch)) stop(tm, branch);
  branch.flags |= BranchFlag.ACKED | BranchFlag.CANCEL_ANSWERED;
  branch.hop = target.reliable ? null : copyOf(tm.buffer, 0, end);
  branch.bytes = target.reliable ? branch.bytes : null;
  sendOrReopen(tm, target, tm.buffer, end);
}

// CANCEL and ACK go where the INVITE went, also when that connection has gone meanwhile.
function sendOrReopen(tm: Tm, target: Target, buf: Uint8Array, end: number): void {
  if (!target.send(buf, 0, end) && target.reliable) tm.hooks.reopen(target)?.send(buf, 0, end);
}

// How CANCEL and ACK are made, where it is not as usual.
function styleOf({ options }: Tm, { tx }: Branch): HopStyle | undefined {
  const { extraHeaders, reparseInvite } = options;
  if (reparseInvite && extraHeaders === "") return undefined;
  return { extraHeaders, received: reparseInvite ? null : tx.bytes };
}

function arm(tm: Tm, branch: Branch, now: number): void {
  const at = Math.min(branch.retransmitAt, branch.giveUpAt);
  if (at === NEVER) tm.wheel.cancel(branch);
  else tm.wheel.arm(branch, Math.max(0, at - now), now);
}
