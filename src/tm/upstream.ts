// The side of a transaction that faces the client: replies sent, kept and repeated, retransmissions and ACK absorbed, the end.

import { reasonPhrase } from "../sip/reasons.ts";
import { copyBytes } from "../util/bytes.ts";
import { InviteServer, inviteServer } from "./invite-server.ts";
import { tellLocal } from "./local.ts";
import { Do, ServerInput, stateOf } from "./machine.ts";
import { Server, server } from "./server.ts";
import { NEVER } from "./timers.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";
import { tellReleased, tellReply } from "./watcher.ts";

function step(tx: Transaction, input: number): number {
  const answer = tx.isInvite ? inviteServer(tx.state, input) : server(tx.state, input);
  tx.state = stateOf(answer);
  return answer;
}

/** Sends a reply to the client as its machine allows, and keeps it if it must. Returns whether it went out. */
export function sendReply(tm: Tm, tx: Transaction, code: number, buf: Uint8Array, start: number, end: number): boolean {
  const input = code < 200 ? ServerInput.PROVISIONAL : code < 300 ? ServerInput.SUCCESS : ServerInput.FAILURE;
  const answer = step(tx, input);
  if ((answer & Do.SEND) === 0) return false;
  if (code >= 200 && tx.status < 200) tm.table.counters.ended[Math.floor(code / 100)]!++;
  tx.status = code;
  if ((answer & Do.KEEP) !== 0) tx.reply = copyOf(buf, start, end);
  else if (code >= 200) tx.reply = null;
  tm.table.counters.repliesSent++;
  const sent = tx.client.send(buf, start, end);
  if ((answer & Do.REPEAT) !== 0) {
    if (tx.waiting) {
      // it was let go before it was final (t_release, a script that only said 180): it is not over yet
      tx.waiting = false;
      tm.table.counters.waiting--;
    }
    const now = tm.now();
    tx.interval = tx.timers.retr1;
    tx.retransmitAt = tx.client.reliable ? NEVER : now + tx.interval;
    tx.giveUpAt = now + tx.timers.fr;
    armServer(tm, tx, now);
  }
  return sent;
}

/** Makes a reply here and sends it; `extra` is whole header lines. Returns whether it went out. */
export function replyLocally(tm: Tm, tx: Transaction, code: number, reason: string, extra: string, body = ""): boolean {
  if (tx.local !== null) {
    tellLocal(tm, tx, code, reason === "" ? reasonPhrase(code) : reason, null);
    return true;
  }
  if (!tx.final) tellReply(tx, code, null);
  const tag = code === 100 ? "" : tm.toTag(tx);
  if (!tm.hooks.writeReply(tx, code, reason, tag, extra, tm.out, body)) return false;
  tm.table.counters.repliesGenerated++;
  const { buf, start, end } = tm.out;
  const sent = sendReply(tm, tx, code, buf, start, end);
  if (sent) tm.hooks.replied?.(tx, code, buf, start, end);
  return sent;
}

/** The request came again: the last reply is sent again when there is one. */
export function requestAgain(tm: Tm, tx: Transaction): void {
  tm.table.counters.absorbed++;
  if ((step(tx, ServerInput.REQUEST) & Do.RESEND) !== 0) resend(tm, tx);
}

/** Sends the last reply again. Returns whether there was one. */
export function resend(tm: Tm, tx: Transaction): boolean {
  if (tx.reply === null) return false;
  tm.table.counters.repliesSent++;
  return tx.client.send(tx.reply, 0, tx.reply.length);
}

/** An ACK with the key of an INVITE came. True when it acknowledges a failure and ends here; false when it must be forwarded. */
export function ackCame(tm: Tm, tx: Transaction): boolean {
  const answer = step(tx, ServerInput.ACK);
  if ((answer & Do.PASS) !== 0) return false;
  if ((answer & Do.STOP) !== 0) {
    stopServer(tm, tx);
    endIfDone(tm, tx);
  }
  return true;
}

/** What to do when the timer of a transaction that is not waiting fires. Returns true when its lifetime is over without a final reply. */
export function serverTimer(tm: Tm, tx: Transaction): boolean {
  const now = tm.now();
  if (tx.isInvite && tx.state === InviteServer.COMPLETED) {
    if (tx.giveUpAt <= now) {
      step(tx, ServerInput.GIVE_UP);
      stopServer(tm, tx);
      endIfDone(tm, tx);
      return false;
    }
    if (tx.retransmitAt <= now && (step(tx, ServerInput.RETRANSMIT) & Do.RESEND) !== 0) {
      resend(tm, tx);
      tx.interval = Math.min(tx.interval * 2, tx.timers.retr2);
      tx.retransmitAt = now + tx.interval;
    }
    armServer(tm, tx, now);
    return false;
  }
  if (tx.final) return false;
  if (tx.giveUpAt > now) {
    armServer(tm, tx, now);
    return false;
  }
  tx.expired = true;
  return true;
}

/** Sets when the transaction must be final, from when it began. */
export function armLifetime(tm: Tm, tx: Transaction, now: number): void {
  tx.giveUpAt = tx.began + (tx.isInvite ? tx.timers.maxInvite : tx.timers.maxOther);
  armServer(tm, tx, now);
}

function armServer(tm: Tm, tx: Transaction, now: number): void {
  const at = Math.min(tx.retransmitAt, tx.giveUpAt);
  tm.wheel.arm(tx, Math.max(0, at - now), now);
}

function stopServer(tm: Tm, tx: Transaction): void {
  if (tx.waiting) return; // its timer is the one of its end
  tx.retransmitAt = NEVER;
  tx.giveUpAt = NEVER;
  tm.wheel.cancel(tx);
}

/** Whether nothing more can be due to the client but what repeats. */
function serverDone(tx: Transaction): boolean {
  if (tx.isInvite) return tx.state >= InviteServer.CONFIRMED;
  return tx.state >= Server.COMPLETED;
}

/** Starts the wait at the end when the client has what it is due and no branch is out any more. */
export function endIfDone(tm: Tm, tx: Transaction): void {
  if (tx.waiting || tx.released || tx.busy || !serverDone(tx)) return;
  const { branches } = tx;
  for (let i = 0; i < branches.length; i++) if (!branches[i]!.final) return;
  startWait(tm, tx);
}

/** Puts the transaction on its last wait, whatever its state (t_release). */
export function startWait(tm: Tm, tx: Transaction): void {
  if (tx.waiting || tx.released) return;
  tx.waiting = true;
  tx.message = null;
  for (const branch of tx.branches) branch.reply = null;
  tx.retransmitAt = NEVER;
  tx.giveUpAt = NEVER;
  tm.table.counters.waiting++;
  tm.wheel.arm(tx, waitOf(tx), tm.now());
}

// Who accepted a call of ours repeats the 2xx for as long as its ACK is missing (RFC 6026, timer M).
function waitOf({ local, isInvite, status, timers }: Transaction): number {
  return local !== null && isInvite && status < 300 ? Math.max(timers.wait, 64 * timers.retr1) : timers.wait;
}

/** Takes the transaction out of the table and forgets all it holds. */
export function release(tm: Tm, tx: Transaction): void {
  if (tx.released) return;
  tm.wheel.cancel(tx);
  const { branches } = tx;
  for (let i = 0; i < branches.length; i++) {
    tm.wheel.cancel(branches[i]!);
    tm.waitsNoMore(branches[i]!);
  }
  tm.table.remove(tx);
  tx.local?.released(tx);
  tellReleased(tx);
  if (tx.attachment !== null) tm.hooks.released(tx);
}

/** A copy of buf[start,end). */
export function copyOf(buf: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copyBytes(copy, 0, buf, start, end);
  return copy;
}
