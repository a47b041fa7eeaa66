// Walks over bindings that are in a database only: pages, answers that come later, a table that fails.

import { describe, expect, test } from "vitest";
import { Contact } from "./contact.ts";
import type { Domain } from "./domain.ts";
import { StoredWalk } from "./stored-walk.ts";
import type { Page } from "./table-store.ts";

type Answer = Page | Promise<Page> | null;

// Only the part of a table that a walk uses.
const table = (pageOfRows: (after: number) => Answer): Domain => ({ pageOfRows }) as unknown as Domain;

const contact = (n: number): Contact => new Contact(`u${n}`, `r${n}`);

/** Rows 1 to `count`, `size` a page. */
function pages(count: number, size: number): (after: number) => Page {
  return (after) => {
    const from = Math.max(after, 0) + 1;
    const to = Math.min(count, from + size - 1);
    const contacts = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => contact(from + i));
    return { contacts, after: contacts.length < size ? -1 : to };
  };
}

function rest(walk: StoredWalk): string[] {
  const met: string[] = [];
  for (let step = walk.next(); step !== null && step !== undefined; step = walk.next()) met.push(step[1].aor);
  return met;
}

const unexpected = (error: unknown): never => {
  throw error;
};

describe("StoredWalk", () => {
  test("reads page after page of table after table", () => {
    const walk = new StoredWalk(
      [table(pages(5, 2)), table(() => null), table(pages(4, 2)), table(pages(0, 2))],
      unexpected,
    );
    expect(rest(walk)).toEqual(["u1", "u2", "u3", "u4", "u5", "u1", "u2", "u3", "u4"]);
    expect(walk.next()).toBeNull();
    expect([walk.known, walk.hasMore]).toEqual([9, true]);
  });

  test("says when it waits, and goes on when the answer is there", async () => {
    const read = pages(3, 2);
    const walk = new StoredWalk([table(async (after) => read(after))], unexpected);
    expect(walk.next()).toBeUndefined();
    expect(walk.next()).toBeUndefined();
    await Promise.resolve();
    expect(rest(walk)).toEqual(["u1", "u2"]);
    await Promise.resolve();
    expect(rest(walk)).toEqual(["u3"]);
    expect(walk.next()).toBeNull();
  });

  test("a table that fails is told of and left", async () => {
    const told: string[] = [];
    const fail = (why: string) => (): Answer => {
      throw new Error(why);
    };
    const later = (why: string) => (): Answer => Promise.reject(new Error(why));
    const walk = new StoredWalk([table(fail("one")), table(later("two")), table(pages(1, 2))], (error) =>
      told.push((error as Error).message),
    );
    expect(rest(walk)).toEqual([]);
    await Promise.resolve();
    await Promise.resolve();
    expect(rest(walk)).toEqual(["u1"]);
    expect(told).toEqual(["one", "two"]);
  });
});
