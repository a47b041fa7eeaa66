import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usesOf } from "./script-uses.ts";
import { tokensOf } from "./tokens.ts";

const LANGUAGES = ["lua", "python"] as const;
const shown = (source: string, language: "lua" | "python"): string[] =>
  tokensOf(source, language).map((t) => `${t.kind} ${t.kind === "number" ? t.number : t.text}`);

describe("tokensOf", () => {
  test("Lua's texts and comments", () => {
    expect(shown(`a --[==[ b ]] ]==] c -- d\n[[\ne]] [=[f]]]=] 'g\\'"' "\\65"`, "lua")).toEqual([
      "name a",
      "name c",
      "text e",
      "text f]]",
      `text g'"`,
      "text null",
    ]);
  });

  test("Python's texts and comments", () => {
    expect(shown(`a # b\nr"\\d" f"{x}" """c\n"d" """ 'e\\n' b'f' \\\n g`, "python")).toEqual([
      "name a",
      "text \\d",
      ...["text null", "op {", "name x", "op }"],
      'text c\n"d" ',
      "text e\n",
      "text null",
      "name g",
    ]);
  });

  test("Python's f-strings hold words", () => {
    expect(shown(`f"{{a}} {b!r:>{3}} {c['d']}" t'{e}' "{g}"`, "python")).toEqual([
      ...["text null", "op {", "number 3", "op }", "op {", "name c", "op [", "text d", "op ]", "op }"],
      ...["text null", "op {", "name e", "op }", "text {g}"],
    ]);
  });

  test("numbers", () => {
    expect(shown("1 0x10 1.5 .5 1e3 1..2", "lua")).toEqual([
      ...["number 1", "number 16", "number 1.5", "number 0.5", "number 1000"],
      ...["number 1", "number 0.2"],
    ]);
    expect(shown("1_000 0b11", "python")).toEqual(["number 1000", "number 3"]);
  });

  test("a text without end ends the reading", () => {
    for (const language of LANGUAGES) expect(shown(`a "b\nc`, language)).toEqual(["name a"]);
  });

  test("any text is read, its words in order, and what it uses is found", () => {
    const words = [
      "KSR",
      ".",
      "tm",
      "(",
      ")",
      '"x"',
      "'",
      "[[",
      "]]",
      "--",
      "#",
      "\n",
      " ",
      "=",
      ",",
      "function",
      "def",
      "f'",
    ];
    const source = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 60 });
    fc.assert(
      fc.property(source, fc.constantFrom(...LANGUAGES), (parts, language) => {
        const text = parts.join("");
        let last = 0;
        for (const { start, end } of tokensOf(text, language)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
        for (const { start, end } of usesOf(text, language).calls) expect(text.slice(start, end)).toMatch(/^(KSR|sr)/);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });
});
