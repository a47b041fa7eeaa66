// A transaction whose script has put it aside (t_suspend): a branch that was sent to nobody holds its place and its time, so that
// everything else (CANCEL, the wait for a final reply, the choice of the best one) goes on as with any branch.

import { Branch, BranchFlag } from "./branch.ts";
import { retime, stop } from "./downstream.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";

/** Puts the transaction aside for as long as it waits for a first reply (fr_timer). False when it is over or has too many branches. */
export function park(tm: Tm, tx: Transaction): boolean {
  if (tx.final || tx.released || tx.canceled || tx.waiting) return false;
  if (tx.branches.length >= tm.options.maxBranches || parkedBranch(tx) !== null) return false;
  const branch = new Branch(tx, tx.branches.length, null);
  branch.flags = BranchFlag.PARKED;
  tx.addBranch(branch);
  retime(tm, branch);
  return true;
}

/** Takes the transaction up again. The branch that stood for it, which is over and counts no more; null when it was not put aside. */
export function unpark(tm: Tm, tx: Transaction): Branch | null {
  if (tx.final || tx.released || tx.canceled) return null;
  const branch = parkedBranch(tx);
  if (branch === null) return null;
  stop(tm, branch);
  branch.status = 500;
  branch.flags = BranchFlag.DISCARDED | BranchFlag.LOCAL;
  return branch;
}

/** Whether the script has put the transaction aside and nothing else of it is out. */
export function isParked(tx: Transaction): boolean {
  return parkedBranch(tx) !== null && tx.branches.every((b) => b.final || (b.flags & BranchFlag.PARKED) !== 0);
}

function parkedBranch(tx: Transaction): Branch | null {
  for (const branch of tx.branches) if ((branch.flags & BranchFlag.PARKED) !== 0 && !branch.final) return branch;
  return null;
}
