// POSIX extended patterns against subjects; what is literal there and special in JavaScript.

import { describe, expect, test } from "vitest";
import { matches, posixRegex } from "./posix-regex.ts";

function match(pattern: string, text: string, ignoreCase = false): boolean {
  const regex = posixRegex(pattern, ignoreCase);
  if (typeof regex === "string") throw new Error(regex);
  return matches(regex, text);
}

describe("posixRegex", () => {
  test("bracket expressions", () => {
    expect(match("^[[:digit:]]{3}$", "123")).toBe(true);
    expect(match("^[[:alpha:]_-]+$", "a_b-c")).toBe(true);
    expect(match("^[^[:space:]]+$", "a b")).toBe(false);
    expect(match("^[]a]+$", "]a")).toBe(true);
    expect(match("^[^]a]$", "b")).toBe(true);
    expect(match("^[a\\d]+$", "\\da")).toBe(true); // a backslash is literal in brackets
    expect(match("^[+*.?]+$", "+*.?")).toBe(true);
    expect(match("[[.-.]]", "-")).toBe(true);
  });
  test("what POSIX takes literally", () => {
    expect(match("^a{$", "a{")).toBe(true);
    expect(match("^\\+49", "+49")).toBe(true);
    expect(match("^sip:.+@", "sip:a@b")).toBe(true);
    expect(match("\\.org/", "x.org/")).toBe(true);
    expect(match("a}", "a}")).toBe(true);
  });
  test("a dot matches line ends; case as told", () => {
    expect(match("a.b", "a\nb")).toBe(true);
    expect(match("ABC", "abc", true)).toBe(true);
    expect(match("ABC", "abc")).toBe(false);
  });
  test("what is wrong", () => {
    expect(posixRegex("[a-", false)).toContain("not closed");
    expect(posixRegex("(", false)).toContain("not a regular expression");
    expect(posixRegex("[[:nope:]]", false)).toContain("unknown class");
    expect(posixRegex("[[:constructor:]]", false)).toContain("unknown class");
  });
});
