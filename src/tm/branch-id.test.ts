// Branch ids go out and come back as the same numbers; nothing else is taken for one.

import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf } from "../util/bytes.ts";
import { BranchId, branchId } from "./branch-id.ts";

function parse(text: string): BranchId | null {
  const id = new BranchId();
  const bytes = bytesOf(`x${text}y`);
  return id.parse(bytes, 1, bytes.length - 1) ? id : null;
}

test("an id comes back as the same numbers", () => {
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(u32, u32, fc.integer({ min: 0, max: 255 }), (slot, label, branch) => {
      expect(parse(branchId(slot, label, branch))).toEqual({ slot, label, branch });
    }),
    { seed: 1 },
  );
});

test("what is not exactly one of ours is refused", () => {
  for (const text of [
    "",
    "z9hG4bK",
    "z9hG4bK1.2",
    "z9hG4bK1.2.",
    "z9hG4bK.2.3",
    "z9hG4bK1.2.3.4",
    "z9hG4bK1.2.g",
    "z9hG4bKA.B.C",
    "z9hg4bk1.2.3",
    "z9hG4bK123456789.2.3",
    "z9hG4bKsl01234567",
  ]) {
    expect(parse(text)).toBeNull();
  }
});

test("any bytes are refused or read, without an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      new BranchId().parse(bytes, 0, bytes.length);
    }),
    { seed: 2 },
  );
});
