// The documentation rules on small made-up files.

import { expect, test } from "vitest";
import { checkDocs } from "./check-docs.ts";

const check = (source: string) => checkDocs("x.ts", source).map(({ line, text }) => `${line}: ${text}`);

test("a file starts with its purpose", () => {
  expect(check("// Why.\nconst a = 1;")).toEqual([]);
  expect(check("#!/usr/bin/env bun\n// Why.\n")).toEqual([]);
  expect(check('import "./a.ts";')).toEqual(["1: starts without a comment that says what the file is for"]);
});

test("exported functions and classes carry a docstring", () => {
  const source = [
    "// Why.",
    "/** Told. */",
    "export function told() {}",
    "export function silent() {}",
    "// Not a docstring.",
    "export class Quiet {}",
    "export const arrow = (a: number) => a;",
    "export const value = [1, 2].map((x) => x);",
    "export interface Free {}",
    "function inner() {}",
    "/** Told once. */",
    "export function over(a: string): void;",
    "export function over(a: number): void;",
    "export async function later() {}",
  ].join("\n");
  expect(check(source)).toEqual([
    "4: silent is exported without a docstring",
    "6: Quiet is exported without a docstring",
    "7: arrow is exported without a docstring",
    "14: later is exported without a docstring",
  ]);
});

test("notes of unfinished work are found in comments only", () => {
  const word = "TO" + "DO";
  expect(check(`// Why.\n// ${word}: finish\nconst a = "// ${word}";`)).toEqual([`2: ${word} in a comment`]);
});
