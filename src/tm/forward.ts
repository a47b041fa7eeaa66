// Forwarding a request through its transaction: a branch for each destination, built by the layers above.

import { attempt } from "../util/maybe.ts";
import { Branch, BranchFlag } from "./branch.ts";
import { failSoon, startBranch } from "./downstream.ts";
import { nextTarget } from "./failover.ts";
import { type Destination, Outgoing, RelayError } from "./hooks.ts";
import { decide } from "./replies.ts";
import type { Tm } from "./tm.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Starts a branch for each destination; null stands for the request's own R-URI. Returns how many were sent, or a RelayError
 * when none was; a Promise when one has to wait. `run` goes to the hook that builds them. `newLeg` says that a failure route does so: which
 * earlier branches still count is decided when it is over (legs.ts).
 */
export function forward(
  tm: Tm,
  tx: Transaction,
  run: object,
  destinations: readonly (Destination | null)[],
  newLeg: boolean,
): number | Promise<number> {
  if (tx.final || tx.released || tx.canceled || tx.waiting) return RelayError.FINAL;
  if (newLeg) tx.legStart = tx.branches.length;
  const tally: Tally = { newLeg, sent: 0, error: RelayError.FAILED };
  for (let i = 0; i < destinations.length; i++) {
    const waits = addBranch(tm, tx, run, destinations[i]!, tally);
    if (waits !== null) return forwardRest(tm, tx, run, destinations, i + 1, tally, waits);
  }
  return tally.sent > 0 ? tally.sent : tally.error;
}

interface Tally {
  readonly newLeg: boolean;
  sent: number;
  error: number;
}

// One after the other, since branch routes of one request must not interleave.
async function forwardRest(
  tm: Tm,
  tx: Transaction,
  run: object,
  destinations: readonly (Destination | null)[],
  from: number,
  tally: Tally,
  first: Promise<void>,
): Promise<number> {
  tx.forwarding = true;
  try {
    await first;
    for (let i = from; i < destinations.length && !tx.final && !tx.canceled; i++)
      await addBranch(tm, tx, run, destinations[i]!, tally);
  } finally {
    tx.forwarding = false;
  }
  if (tally.sent > 0 || tally.error === RelayError.FINAL) decide(tm, tx); // branches may have ended meanwhile
  if (tally.error === RelayError.FINAL && tx.final) return 1; // the client has its answer: for the script all is well
  return tally.sent > 0 ? tally.sent : tally.error;
}

function addBranch(tm: Tm, tx: Transaction, run: object, to: Destination | null, tally: Tally): Promise<void> | null {
  if (tx.branches.length >= tm.options.maxBranches) {
    tally.error = RelayError.TOO_MANY;
    return null;
  }
  const branch = new Branch(tx, tx.branches.length, to);
  branch.flags = BranchFlag.PREPARING;
  tx.addBranch(branch);
  const { out } = tm;
  out.further = null;
  const result = attempt(() => tm.hooks.prepareBranch(tx, branch, run, out));
  if (typeof result === "number") return send(tm, branch, result, out, tally);
  tm.out = new Outgoing(); // this one now belongs to the branch that waits
  return result.then(
    (code) => send(tm, branch, code, out, tally) ?? undefined,
    (error: unknown) => {
      tm.hooks.failed(tx, error);
      return send(tm, branch, RelayError.FAILED, out, tally) ?? undefined;
    },
  );
}

// Sends what was prepared, to the next target when the transport refuses one. A promise when that one must be looked up.
function send(tm: Tm, branch: Branch, prepared: number, out: Outgoing, tally: Tally): Promise<void> | null {
  let code = prepared;
  for (;;) {
    if ((branch.flags & BranchFlag.PREPARING) === 0 || branch.final) {
      tally.error = RelayError.FINAL; // cancelled or expired meanwhile
      return null;
    }
    if (code === 0 && startBranch(tm, branch, out)) {
      branch.flags &= ~BranchFlag.PREPARING;
      tally.sent++;
      return null;
    }
    if (code === 0 && out.target !== null) tm.hooks.unsent(branch, out.target);
    const next = nextTarget(tm, branch, code, out);
    if (next === null) break;
    if (next instanceof Promise) {
      if (tm.out === out) tm.out = new Outgoing(); // this one now belongs to the branch that waits
      return next.then((found) => send(tm, branch, found, out, tally) ?? undefined);
    }
    code = next;
  }
  unsent(tm, branch, code, tally);
  return null;
}

function unsent(tm: Tm, branch: Branch, code: number, tally: Tally): void {
  branch.flags &= ~BranchFlag.PREPARING;
  if (code === 0 && tm.options.failureExec) {
    failSoon(tm, branch);
    tally.sent++;
    return;
  }
  tally.error = code === 0 ? RelayError.SEND : code;
  if (tally.newLeg && (tally.error === RelayError.SEND || tally.error === RelayError.FLOW_FAILED)) {
    branch.status = tally.error === RelayError.SEND ? 477 : 430; // after a failure it counts like one that came back
    branch.flags |= BranchFlag.LOCAL;
    return;
  }
  // It never was: it leaves no trace, and the next branch gets its number.
  branch.status = 500;
  branch.flags |= BranchFlag.DISCARDED | BranchFlag.LOCAL;
  const { branches } = branch.tx;
  if (branches.at(-1) === branch) branches.pop();
}
