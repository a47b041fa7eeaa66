import { expect, test } from "vitest";
import { type Branch, BranchFlag } from "./branch.ts";
import { dropReplies } from "./legs.ts";
import { DropReplies } from "./options.ts";
import type { Transaction } from "./transaction.ts";

/** Which of so many branches are out of the choice after a failure route that found `before` of them, the last leg from `leg` on. */
function dropped(mode: number, wanted: number, count: number, before: number, leg: number): number[] {
  const branches = Array.from({ length: count }, () => ({ flags: 0 }) as Branch);
  const tx = { branches, dropReplies: wanted } as unknown as Transaction;
  dropReplies(tx, mode, before, leg);
  expect(tx.dropReplies).toBe(-1);
  return branches.flatMap((b, i) => ((b.flags & BranchFlag.DISCARDED) !== 0 ? [i] : []));
}

test.each([
  ["none", DropReplies.NONE, -1, 4, 3, 1, []],
  ["all", DropReplies.ALL, -1, 4, 3, 1, [0, 1, 2]],
  ["the last leg", DropReplies.LAST, -1, 4, 3, 1, [1, 2]],
  ["the last leg, and no other was started", DropReplies.LAST, -1, 3, 3, 1, [0, 1, 2]],
  ["all if another leg was started", DropReplies.NEW_LEG, -1, 4, 3, 1, [0, 1, 2]],
  ["all if another leg was started, which was not", DropReplies.NEW_LEG, -1, 3, 3, 1, []],
  ["what the route said comes first", DropReplies.NEW_LEG, DropReplies.NONE, 4, 3, 1, []],
] as const)("%s", (_, mode, wanted, count, before, leg, out) => {
  expect(dropped(mode, wanted, count, before, leg)).toEqual(out);
});
