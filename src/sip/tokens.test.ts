// Character classes against the grammar of RFC 3261 section 25.1, and the scanning helpers.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../util/bytes.ts";
import {
  C,
  equalsIgnoreCase,
  findByte,
  isClass,
  isToken,
  parseUint,
  quote,
  rangesEqualIgnoreCase,
  skipComment,
  skipLws,
  skipQuoted,
  trimEnd,
  unquote,
} from "./tokens.ts";

function members(bits: number): string {
  let out = "";
  for (let b = 0; b < 256; b++) if (isClass(b, bits)) out += String.fromCharCode(b);
  return out;
}

const sorted = (text: string): string => [...text].sort().join("");
const ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

describe("CLASS", () => {
  test.each([
    ["token", C.TOKEN, `${ALNUM}-.!%*_+\`'~`],
    ["digit", C.DIGIT, "0123456789"],
    ["hex", C.HEX, "0123456789abcdefABCDEF"],
    ["LWS", C.LWS, "\t\n\r "],
    ["unreserved", C.UNRESERVED, `${ALNUM}-_.!~*'()`],
    ["user", C.USER, `${ALNUM}-_.!~*'()&=+$,;?/#`],
    ["password", C.PASSWORD, `${ALNUM}-_.!~*'()&=+$,`],
    ["URI parameter", C.URI_PARAM, `${ALNUM}-_.!~*'()[]/:&+$`],
    ["URI header", C.URI_HEADER, `${ALNUM}-_.!~*'()[]/?:+$`],
    ["word", C.WORD, `${ALNUM}-.!%*_+\`'~()<>:\\"/[]?{}`],
    ["phone digit", C.PHONE, "0123456789-.()"],
    ["host", C.HOST, `${ALNUM}-._`],
  ])("%s holds exactly its characters", (_name, bits, chars) => {
    expect(members(bits)).toBe(sorted(chars));
  });
});

describe("helpers", () => {
  test("parseUint takes digits only, up to 2^32 - 1", () => {
    const parse = (text: string) => parseUint(bytesOf(text), 0, text.length);
    expect(["0", "0068", "4294967295", "00000000000000000001"].map(parse)).toEqual([0, 68, 4294967295, 1]);
    expect(["", "-1", "+1", "1 ", "0x1", "4294967296", "9".repeat(400)].map(parse)).toEqual(Array(7).fill(-1));
  });

  test("white space is skipped and trimmed within the range only", () => {
    const bytes = bytesOf(" \r\n\t a \t");
    expect(skipLws(bytes, 0, bytes.length)).toBe(5);
    expect(skipLws(bytes, 0, 3)).toBe(3);
    expect(trimEnd(bytes, 0, bytes.length)).toBe(6);
    expect(trimEnd(bytes, 0, 4)).toBe(0);
  });

  test("skipQuoted minds escapes and ends", () => {
    const skip = (text: string) => skipQuoted(bytesOf(text), 0, text.length);
    expect([skip('""x'), skip('"a\\"b"'), skip('"\\\\"')]).toEqual([2, 6, 4]);
    expect([skip('"'), skip('"a\\"'), skip('"a\\'), skip('"\\\n"'), skip('"\\\xe9"')]).toEqual(Array(5).fill(-1));
  });

  test("skipComment minds nesting and escapes", () => {
    const skip = (text: string) => skipComment(bytesOf(text), 0, text.length);
    expect([skip("()"), skip("(a(b)c)d"), skip("(\\))")]).toEqual([2, 7, 4]);
    expect([skip("("), skip("(()"), skip("(\\)")]).toEqual([-1, -1, -1]);
  });

  test("comparison folds letters only", () => {
    const eq = (a: string, b: string) => equalsIgnoreCase(bytesOf(a), 0, a.length, b);
    expect([eq("AbC", "abc"), eq("ab", "abc"), eq("@", "`"), eq("[", "{")]).toEqual([true, false, false, false]);
    const a = bytesOf("xAbC");
    const b = bytesOf("aBc");
    expect(rangesEqualIgnoreCase(a, 1, 4, b, 0, 3)).toBe(true);
    expect(rangesEqualIgnoreCase(a, 0, 3, b, 0, 3)).toBe(false);
  });

  test("findByte and isToken look at the range only", () => {
    const bytes = bytesOf("a;b");
    expect([findByte(bytes, 0, 3, 0x3b), findByte(bytes, 2, 3, 0x3b)]).toEqual([1, -1]);
    expect([isToken(bytes, 0, 1), isToken(bytes, 0, 2), isToken(bytes, 1, 1)]).toEqual([true, false, false]);
  });

  test("quote and unquote undo each other", () => {
    const text = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)) });
    fc.assert(
      fc.property(
        text.filter((t) => !/[\r\n]/.test(t)),
        (content) => {
          const quoted = bytesOf(quote(content));
          expect(skipQuoted(quoted, 0, quoted.length)).toBe(quoted.length);
          expect(unquote(quoted, 0, quoted.length)).toBe(content);
        },
      ),
      { seed: 6 },
    );
    expect(quote("a\r\nb\0")).toBe('"ab"');
  });
});
