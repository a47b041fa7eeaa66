// Transactions without a server side: their request begins here, and what becomes of it is told to whoever made it. The client machines,
// branches and the choice of the best reply are those of any other transaction.

import type { SipMessage } from "../sip/message.ts";
import type { Branch } from "./branch.ts";
import type { Target } from "./hooks.ts";
import { InviteServer } from "./invite-server.ts";
import { Server } from "./server.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";

/** Who made the request of a local transaction. Nothing here may throw. */
export interface LocalSide {
  /** A provisional reply above 100. */
  provisional(tx: Transaction, reply: SipMessage): void;
  /** The final status, told once; `reply` is null when none was received, and then valid only during the call. */
  final(tx: Transaction, status: number, reason: string, reply: SipMessage | null): void;
  /**
   * A 2xx to INVITE, each time one comes, also those of further forks and late ones; the first is told here before `final`. It is
   * to be acknowledged.
   */
  accepted(tx: Transaction, branch: Branch, reply: SipMessage): void;
  /** The transaction is forgotten. */
  released(tx: Transaction): void;
}

/** The client of local transactions: nobody. */
export const NOBODY: Target = { reliable: true, send: () => true };

/** What would go back to a client goes to whoever made the request; `reply` is null when the status was made here. */
export function tellLocal(tm: Tm, tx: Transaction, status: number, reason: string, reply: SipMessage | null): void {
  const { local } = tx;
  if (local === null) return;
  if (status < 200) {
    if (!tx.final) {
      tx.status = status;
      if (reply !== null) local.provisional(tx, reply);
    }
    return;
  }
  if (reply !== null && status < 300 && tx.isInvite) {
    const branch = tm.findBranch(reply);
    if (branch !== null) local.accepted(tx, branch, reply);
  }
  if (tx.final) return;
  tx.status = status;
  tx.state = tx.isInvite ? InviteServer.CONFIRMED : Server.COMPLETED;
  tm.table.counters.ended[Math.floor(status / 100)]!++;
  local.final(tx, status, reason, reply);
}
