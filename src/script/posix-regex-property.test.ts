// The matchers against JavaScript's own on simple patterns, and against patterns that make others explode.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Pattern, posixRegex } from "./posix-regex.ts";

function made(pattern: string, ignoreCase = false, byLine = false): Pattern {
  const found = posixRegex(pattern, ignoreCase, byLine);
  if (typeof found === "string") throw new Error(found);
  return found;
}

const atom = fc.oneof(
  fc.constantFrom("a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "\\.", "\\w", "\\b", "^", "$"),
  fc.constantFrom("(a)", "(b|ab)", "(a|b)"),
);
const piece = fc
  .tuple(atom, fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,}"))
  .map(([a, q]) => (/^[\^$]$|^\\b$/.test(a) ? a : a + q));
const pattern = fc
  .array(fc.array(piece, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
  .map((alternatives) => alternatives.map((parts) => parts.join("")).join("|"));
const subject = fc.string({ unit: fc.constantFrom("a", "b", "c", "A", ".", "\n", " "), maxLength: 12 });

describe("posixRegex against JavaScript", () => {
  test("says the same of whether and where the leftmost match begins", () => {
    fc.assert(
      fc.property(pattern, subject, fc.boolean(), (source, text, ignoreCase) => {
        const ours = made(source, ignoreCase);
        const theirs = new RegExp(source, ignoreCase ? "is" : "s").exec(text);
        expect(ours.test(text)).toBe(theirs !== null);
        const [first] = ours.matchAll(text);
        expect(first?.index).toBe(theirs?.index);
        if (theirs !== null) expect(first!.groups[0]!.length).toBeGreaterThanOrEqual(theirs[0].length);
      }),
      { seed: 11, numRuns: 20_000 },
    );
  });
  test("repeated groups: the same whether", () => {
    fc.assert(
      fc.property(pattern, pattern, subject, (a, b, text) => {
        const source = `(${a})*(${b})+`.replace(/\\b|\^|\$/g, "");
        let theirs: RegExp;
        try {
          theirs = new RegExp(source, "s");
        } catch {
          return;
        }
        expect(made(source).test(text)).toBe(theirs.test(text));
      }),
      { seed: 12, numRuns: 5000 },
    );
  });
});

test("the leftmost match is the longest one, groups as they took part", () => {
  const [found] = made("a|ab|abc").matchAll("xabcd");
  expect(found).toEqual({ index: 1, groups: ["abc"] });
  const all = [...made("(x)|(y+)").matchAll("xyy")];
  expect(all.map((m) => m.groups)).toEqual([
    ["x", "x", undefined],
    ["yy", undefined, "yy"],
  ]);
});

test("lines are matched one by one where that is asked for", () => {
  expect(made("^b$", false, true).test("a\nb\nc")).toBe(true);
  expect(made("a.b", false, true).test("a\nb")).toBe(false);
  expect(made("a[^x]b", false, true).test("a\nb")).toBe(false);
  expect(made("^b$").test("a\nb\nc")).toBe(false);
  expect(made("a$", false, true).test("a\r\n")).toBe(false);
});

test("no pattern makes a long subject slow", () => {
  const evil = [
    "(a+)+$",
    "(a|aa)+$",
    "(a*)*b",
    "a*a*a*a*a*b",
    "(.*a){20}",
    "(a?){40}a{40}b",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
  ];
  const text = `${"a".repeat(65_535)}!`;
  for (const source of evil) {
    const before = performance.now();
    made(source).test(text);
    for (const _ of made(source).matchAll(text)) break;
    expect(performance.now() - before, source).toBeLessThan(5000);
  }
});

test("what is too large or refers to groups is refused", () => {
  expect(posixRegex("((a{255}){255}){255}", false)).toContain("too large");
  expect(posixRegex("(a)\\1", false)).toContain("references to groups");
  expect(posixRegex("(".repeat(200) + ")".repeat(200), false)).toContain("not a regular expression");
});
