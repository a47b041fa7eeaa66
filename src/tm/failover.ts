// Other targets of a branch's next hop (RFC 3263 4.3): when one is silent, gone or says 503, the request goes to the next one, as a branch
// of its own, with the times of a new one. The branch that failed stays among those that the best reply is picked from.

import { attempt } from "../util/maybe.ts";
import { Branch, BranchFlag } from "./branch.ts";
import { startBranch } from "./downstream.ts";
import { type Further, Outgoing, RelayError } from "./hooks.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";

/** Whether the way a branch ended says that its target is of no use, not that the request was refused. */
function targetFailed(branch: Branch): boolean {
  if ((branch.flags & BranchFlag.TIMED_OUT) !== 0) return (branch.flags & BranchFlag.REPLIED) === 0;
  if ((branch.flags & BranchFlag.LOCAL) !== 0) return branch.status !== 487; // which is a branch that was ended
  return branch.status === 503;
}

/**
 * Sends the request of a branch that has just failed to its next target, when there is one and that may help. `decide` is called when that
 * came to nothing after it had to wait.
 */
export function failOver(tm: Tm, failed: Branch, decide: (tm: Tm, tx: Transaction) => void): void {
  const { tx, further } = failed;
  failed.further = null;
  if (further === null || !targetFailed(failed)) return;
  if (tx.noFailover || tx.final || tx.canceled || tx.expired || tx.released) return;
  if (tx.branches.length >= tm.options.maxBranches) return;
  const branch = new Branch(tx, tx.branches.length, failed.destination);
  branch.flags = BranchFlag.PREPARING;
  branch.attachment = failed.attachment;
  branch.ignore = failed.ignore;
  tx.addBranch(branch);
  const { out } = tm;
  const prepared = prepare(tm, further, branch, out);
  if (typeof prepared === "number") {
    if (!start(tm, branch, prepared, out, decide)) drop(branch);
    return;
  }
  tm.out = new Outgoing(); // this one now belongs to the branch that waits
  if (further.runsRoute) {
    // the failure is told afterwards, which decides
    tm.suspend(tx, prepared, (code) => {
      if (tx.canceled || !start(tm, branch, code ?? RelayError.FAILED, out, decide)) drop(branch);
    });
    return;
  }
  void prepared.then((code) => {
    if (start(tm, branch, code, out, decide)) return;
    drop(branch);
    decide(tm, tx);
  });
}

/**
 * What to send in place of what was refused by the transport, or is not to be sent there (`code`): builds it in `out` for the next target.
 * Null when there is none.
 */
export function nextTarget(tm: Tm, branch: Branch, code: number, out: Outgoing): number | Promise<number> | null {
  const { further } = out;
  if (further === null || (code !== 0 && code !== RelayError.SEND) || branch.tx.noFailover) return null;
  return prepare(tm, further, branch, out);
}

function prepare(tm: Tm, further: Further, branch: Branch, out: Outgoing): number | Promise<number> {
  out.further = null;
  const prepared = attempt(() => tm.hooks.prepareNext(further, branch, out));
  if (typeof prepared === "number") return prepared;
  return prepared.catch((error: unknown) => {
    tm.hooks.failed(branch.tx, error);
    return RelayError.FAILED;
  });
}

// True when it is on its way, or has ended by other means meanwhile.
function start(
  tm: Tm,
  branch: Branch,
  prepared: number,
  out: Outgoing,
  decide: (tm: Tm, tx: Transaction) => void,
): boolean {
  let code = prepared;
  for (;;) {
    if ((branch.flags & BranchFlag.PREPARING) === 0 || branch.final || branch.tx.released) return true;
    if (code === 0 && startBranch(tm, branch, out)) {
      branch.flags &= ~BranchFlag.PREPARING;
      return true;
    }
    if (code === 0 && out.target !== null) tm.hooks.unsent(branch, out.target);
    const next = nextTarget(tm, branch, code, out);
    if (next === null) return false;
    if (next instanceof Promise) {
      if (tm.out === out) tm.out = new Outgoing();
      void next.then((found) => {
        if (start(tm, branch, found, out, decide)) return;
        drop(branch);
        decide(tm, branch.tx);
      });
      return true;
    }
    code = next;
  }
}

// It never was; the next branch gets its number.
function drop(branch: Branch): void {
  branch.flags = (branch.flags & ~BranchFlag.PREPARING) | BranchFlag.DISCARDED | BranchFlag.LOCAL;
  branch.status = 500;
  const { branches } = branch.tx;
  if (branches.at(-1) === branch) branches.pop();
}
