// Variables as written, and transformations. The transformation cases are those of Kamailio's transformations cookbook.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RouteContext } from "../proxy/context.ts";
import { intOfText } from "../sip/value.ts";
import { parsePv, parseTemplate, splitTransformArgs } from "./parse.ts";
import { TRANSFORMS } from "./transforms.ts";
import { VarSlots } from "./vars.ts";

// none of the transformations below looks at it
const NO_CONTEXT = {} as RouteContext;

describe("parsePv", () => {
  test("forms", () => {
    expect(parsePv("$ru")).toMatchObject({ name: "ru", inner: null, index: null, transforms: [] });
    expect(parsePv("$var(x)")).toMatchObject({ name: "var", inner: ["x"] });
    expect(parsePv("$(ru)")).toMatchObject({ name: "ru" });
    expect(parsePv("$(avp(s:x)[*])")).toMatchObject({ name: "avp", inner: ["s:x"], index: "*" });
    expect(parsePv("$(hdr(Via)[-1]{s.select,0,;}{s.len})")).toMatchObject({
      index: -1,
      transforms: [
        { name: "s.select", rest: "0,;" },
        { name: "s.len", rest: null },
      ],
    });
    expect(parsePv("$avp($var(k))")).toMatchObject({ name: "avp", inner: [{ name: "var", inner: ["k"] }] });
    expect(parsePv("$(avp(x)[$var(i)])")).toMatchObject({ index: { name: "var" } });
  });
  test("problems", () => {
    for (const text of ["$", "$(", "$(ru", "$(ru{s.len)", "$(ru{len})", "$(ru)[0]", "$(ru[x])", "$var(x"]) {
      expect(parsePv(text)).toHaveProperty("problem");
    }
  });
  test("no text makes it throw", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("$", "(", ")", "[", "]", "{", "}", "a", ".", ",", "*", "1")),
        (p) => void parseTemplate(p.join("")),
      ),
      { seed: 3, numRuns: 2000 },
    );
  });
});

describe("parseTemplate", () => {
  test("text and variables in turn", () => {
    expect(parseTemplate("a $ru.")).toMatchObject(["a ", { name: "ru" }, "."]);
    expect(parseTemplate("$$5")).toEqual(["$5"]);
    expect(parseTemplate("$ru(x)", () => false)).toMatchObject([{ name: "ru" }, "(x)"]);
  });
});

test("splitTransformArgs gives the last argument the rest", () => {
  expect(splitTransformArgs("1,,", 2)).toEqual(["1", ","]);
  expect(splitTransformArgs("$var(a,b),c", 2)).toEqual(["$var(a,b)", "c"]);
  expect(splitTransformArgs(null, 2)).toEqual([]);
});

test("integers as the oracle reads them", () => {
  const cases: [string, number][] = [
    ["12", 12],
    ["-5", -5],
    ["+5", 5],
    ["010", 10],
    ["0x10", 16],
    ["12abc", 0],
    [" 12", 0],
    ["", 0],
    ["2147483648", 0],
    ["-2147483648", -2147483648],
    ["4294967295", 0],
    ["-", 0],
  ];
  for (const [text, value] of cases) expect(intOfText(text), text).toBe(value);
});

test("slots", () => {
  const slots = new VarSlots();
  expect([slots.slot("a"), slots.slot("b"), slots.slot("a"), slots.count]).toEqual([0, 1, 0, 2]);
});

describe("transformations", () => {
  const uri = "sip:alice@server.com:5060;nat=yes;transport=tcp;line=xyz";
  const cases: [string, string | number | null, string[], string | number | null][] = [
    ["s.len", "abc", [], 3],
    ["s.int", "1234", [], 1234],
    ["s.substr", "abcd", ["1", "0"], "bcd"],
    ["s.substr", "abcd", ["-2", "1"], "c"],
    ["s.select", "12,34,56", ["1", ","], "34"],
    ["s.select", "12,34,56", ["-2", ","], "34"],
    ["s.numeric", "(040)1234/567-89", [], "040123456789"],
    ["s.strip", "1234", ["2"], "34"],
    ["s.striptail", "1234", ["1"], "123"],
    ["s.prefixes", "123456", ["4"], "1,12,123,1234"],
    ["s.prefixes.quoted", "12", [], "'1','12'"],
    ["s.replace", "abababa", ["a", "c"], "cbcbcbc"],
    ["s.count", "abababa", ["a"], 4],
    ["s.after", "abcdef", ["c"], "def"],
    ["s.rafter", "abcdefcgh", ["c"], "gh"],
    ["s.before", "abcdef", ["c"], "ab"],
    ["s.before", "abcdef", ["x"], "abcdef"],
    ["s.rbefore", "abcdefcgh", ["c"], "abcdef"],
    ["s.unquote", '"alice"', [], "alice"],
    ["s.unbracket", "<sip:alice@test.sip>", [], "sip:alice@test.sip"],
    ["s.escape.csv", 'foo,bar"baz', [], '"foo,bar""baz"'],
    ["s.trim", " \t a b\r\n", [], "a b"],
    ["s.encode.hexa", "abc", [], "616263"],
    ["s.decode.hexa", "616263", [], "abc"],
    ["s.encode.base64", "hello", [], "aGVsbG8="],
    ["s.decode.base64", "aGVsbG8=", [], "hello"],
    ["s.encode.base64t", "hello", [], "aGVsbG8"],
    ["s.encode.base58", "hello", [], "Cn8eVZg"],
    ["s.decode.base58", "Cn8eVZg", [], "hello"],
    ["uri.user", uri, [], "alice"],
    ["uri.host", uri, [], "server.com"],
    ["uri.port", uri, [], 5060],
    ["uri.param", uri, ["nat"], "yes"],
    ["uri.transport", uri, [], "tcp"],
    ["uri.duri", uri, [], "sip:server.com:5060;transport=tcp"],
    ["uri.saor", uri, [], "sip:alice@server.com"],
    ["uri.tosocket", "sip:test@127.0.0.1:5060;transport=udp", [], "udp:127.0.0.1:5060"],
    ["param.value", "a=1;b=2;c=3", ["c"], "3"],
    ["param.in", "a=1;b=2;c=3", ["c"], 1],
    ["param.valueat", "a=1;b=2;c=3", ["1"], "2"],
    ["param.name", "a=1;b=2;c=3", ["1"], "b"],
    ["param.count", "a=1;b=2;c=3", [], 3],
    ["param.value", "a=1&b=2", ["b", "&"], "2"],
    ["nameaddr.name", '"test" <sip:test@kamailio.net>', [], '"test" '],
    ["nameaddr.uri", '"test" <sip:test@kamailio.net>', [], "sip:test@kamailio.net"],
    ["s.toupper", null, [], null],
  ];
  for (const [name, value, args, expected] of cases) {
    test(`{${[name, ...args].join(",")}} of ${value}`, () =>
      expect(TRANSFORMS[name]!.apply(value, args, NO_CONTEXT)).toBe(expected));
  }
});
