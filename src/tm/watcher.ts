// Those who look on at single transactions: dialogs, accounting. Where nobody does, it costs a null test.

import type { SipMessage } from "../sip/message.ts";
import type { Transaction } from "./transaction.ts";

/** Who looks on at a transaction (`Transaction.watch`). What it throws is logged, and keeps nothing from going on. */
export interface Watcher {
  /**
   * A reply is about to go to the client, after the routes of the script: also each repetition of a 2xx. `reply` is the one received, to
   * which edits may be added, valid only during the call; null when the reply is made here.
   */
  replying?(tx: Transaction, status: number, reply: SipMessage | null): void;
  /** All branches have failed, and the failure route (if any) is next: with the status and reply picked, null when none came. */
  failing?(tx: Transaction, status: number, reply: SipMessage | null): void;
  /** The transaction is forgotten. When no final reply was told before, the client has got none. */
  released?(tx: Transaction): void;
}

/** Tells those who look on that a reply is about to go to the client. */
export function tellReply(tx: Transaction, status: number, reply: SipMessage | null): void {
  const { watchers } = tx;
  if (watchers === null) return;
  for (const watcher of watchers) tx.owner.guarded(tx, () => watcher.replying?.(tx, status, reply));
}

/** Tells those who look on that all branches have failed. */
export function tellFailing(tx: Transaction, status: number, reply: SipMessage | null): void {
  const { watchers } = tx;
  if (watchers === null) return;
  for (const watcher of watchers) tx.owner.guarded(tx, () => watcher.failing?.(tx, status, reply));
}

/** Tells those who look on that the transaction is forgotten. */
export function tellReleased(tx: Transaction): void {
  const { watchers } = tx;
  if (watchers === null) return;
  for (const watcher of watchers) tx.owner.guarded(tx, () => watcher.released?.(tx));
}
