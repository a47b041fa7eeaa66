// Names that every object inherits are in no table of ours, wherever a name comes from.

import { expect, test } from "vitest";
import { own } from "./own.ts";

test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("%s", (name) => {
  expect(own({ a: 1 }, name)).toBeUndefined();
});

test("what the table holds, and nothing for no name", () => {
  expect([own({ a: 1 }, "a"), own({ a: 1 }, "b"), own({ a: 1 }, null)]).toEqual([1, undefined, undefined]);
});
