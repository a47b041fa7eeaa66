// Serial forking: which branches of earlier legs still count when the best reply is picked (failure_reply_mode, t_drop_replies).

import { BranchFlag } from "./branch.ts";
import { DropReplies } from "./options.ts";
import type { Transaction } from "./transaction.ts";

/**
 * A failure route has run: takes branches out of the choice as it, or else `mode`, says. `before` is how many branches there were when it
 * began and `legBefore` where the leg began that had failed.
 */
export function dropReplies(tx: Transaction, mode: number, before: number, legBefore: number): void {
  const wanted = tx.dropReplies >= 0 ? tx.dropReplies : mode;
  tx.dropReplies = -1;
  if (wanted === DropReplies.NONE || (wanted === DropReplies.NEW_LEG && tx.branches.length <= before)) return;
  const from = wanted === DropReplies.LAST && tx.branches.length > before ? legBefore : 0; // all, when the route left it at that
  for (let i = from; i < before; i++) tx.branches[i]!.flags |= BranchFlag.DISCARDED;
}
