// Header parameter lists.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headerParam } from "../../test/support/sip-arbitraries.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { SipError } from "./errors.ts";
import { findParam, nextParam, PARAMS_END, ParamRange } from "./params.ts";

const param = new ParamRange();

function codeOf(text: string): number {
  return nextParam(bytesOf(text), 0, text.length, param);
}

describe("nextParam", () => {
  test("gives back the parameters a list was made of, and stops at what follows", () => {
    fc.assert(
      fc.property(fc.array(headerParam, { maxLength: 5 }), fc.constantFrom("", ",x", " , x"), (list, after) => {
        const bytes = bytesOf(list.map(({ text }) => text).join("") + after);
        const at = (start: number, end: number) => (start < 0 ? null : textOf(bytes, start, end));
        let pos = 0;
        for (const { param: made } of list) {
          expect(nextParam(bytes, pos, bytes.length, param)).toBe(0);
          expect([at(param.nameStart, param.nameEnd), at(param.valueStart, param.valueEnd)]).toEqual(made);
          pos = param.next;
        }
        expect(nextParam(bytes, pos, bytes.length, param)).toBe(PARAMS_END);
        expect(textOf(bytes, param.next, bytes.length)).toBe(after.trim());
      }),
      { seed: 7, numRuns: 1000 },
    );
  });

  test.each([
    [";", SipError.PARAM_NAME],
    [";=x", SipError.PARAM_NAME],
    [";;a", SipError.PARAM_NAME],
    [";a= (b)", SipError.PARAM_VALUE],
    [";a==b", SipError.PARAM_VALUE],
    [";a=", 0],
    [";a= ;b", 0],
    [";a=<b>", SipError.PARAM_VALUE],
    [';a="b', SipError.UNTERMINATED_QUOTE],
    ["", PARAMS_END],
    ["a=b", PARAMS_END],
  ])("%j gives %i", (text, code) => {
    expect(codeOf(text)).toBe(code);
  });
});

test("a sign without a value gives an empty range right behind it", () => {
  expect(codeOf(";a= ;b")).toBe(0);
  expect([param.valueStart, param.valueEnd, param.next]).toEqual([3, 3, 4]);
});

describe("findParam", () => {
  test("names are found in any case, before anything malformed", () => {
    const bytes = bytesOf(';a=1;B="x;c=2";d;;e');
    expect(findParam(bytes, 0, bytes.length, "b", param)).toBe(true);
    expect(textOf(bytes, param.valueStart, param.valueEnd)).toBe('"x;c=2"');
    expect(findParam(bytes, 0, bytes.length, "c", param)).toBe(false);
    expect(findParam(bytes, 0, bytes.length, "e", param)).toBe(false);
    expect(findParam(bytes, -1, -1, "a", param)).toBe(false);
  });
});
