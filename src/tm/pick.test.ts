// The order of failures, as the oracle (Kamailio 5.6.3) picked for every pair of these codes, in both orders of branches.

import { expect, test } from "vitest";
import { Branch, BranchFlag } from "./branch.ts";
import { pickBranch, rank } from "./pick.ts";
import { DEFAULT_TIMERS } from "./timers.ts";
import { Transaction } from "./transaction.ts";

const BEST_FIRST = [
  600, 603, 300, 302, 401, 407, 415, 420, 484, 400, 403, 404, 408, 480, 486, 487, 488, 491, 500, 501, 503, 504,
];

function failed(...codes: number[]): Transaction {
  const owner = { branchTimer: () => {}, transactionTimer: () => {}, guarded: () => {} };
  const target = { reliable: false, send: () => true };
  const tx = new Transaction(owner, 0, 0, 0, 1, new Uint8Array(0), target, {}, DEFAULT_TIMERS, 0);
  for (const code of codes) {
    const branch = new Branch(tx, tx.branches.length, null);
    branch.status = code;
    tx.addBranch(branch);
  }
  return tx;
}

test("rank orders failures as the oracle does", () => {
  expect([...BEST_FIRST].sort((a, b) => rank(a) - rank(b))).toEqual(BEST_FIRST);
});

test("pickBranch takes the best, of equals the first, never one of an earlier leg", () => {
  expect(pickBranch(failed(486, 404, 603))?.number).toBe(2);
  expect(pickBranch(failed(486, 486))?.number).toBe(0);
  const tx = failed(404, 486);
  tx.branches[0]!.flags |= BranchFlag.DISCARDED;
  expect(pickBranch(tx)?.number).toBe(1);
  expect(pickBranch(failed())).toBeNull();
});

test("pickBranch lets what was received win over what was made here, when it is told to", () => {
  const tx = failed(408, 486);
  tx.branches[0]!.flags |= BranchFlag.LOCAL;
  expect(pickBranch(tx)?.number).toBe(0);
  expect(pickBranch(tx, 2000)?.number).toBe(1);
});
