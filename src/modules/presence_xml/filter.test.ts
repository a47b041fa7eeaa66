// What documents of strangers may hold: names that objects of the language know, and more than is good for us.

import { expect, test } from "vitest";
import { filtered } from "./filter.ts";
import { aggregate, isDocument, PIDF } from "./pidf.ts";
import { parseRules } from "./rules.ts";

const presence = (inner: string): string => `<presence xmlns="${PIDF}" entity="sip:a@b">${inner}</presence>`;
const NAMES = ["constructor", "toString", "__proto__", "hasOwnProperty"];
const NONE = { services: [], persons: [], devices: [], allAttributes: false, attributes: new Set<string>() };

test("elements named as what every object has are elements like any other", () => {
  const body = presence(NAMES.map((name) => `<${name}/>`).join(""));
  expect(filtered(body, NONE)).not.toMatch(/constructor|toString|__proto__|hasOwnProperty/);
  expect(filtered(body, { ...NONE, allAttributes: true })).toMatch(/<constructor\/><toString\/><__proto__\/>/);
});

test("so are transformations of a rule", () => {
  const transformations = NAMES.map((name) => `<${name}><all-services/></${name}>`).join("");
  const rule = `<rule id="1"><actions><sub-handling>allow</sub-handling></actions><transformations>${transformations}</transformations></rule>`;
  const rules = parseRules(`<ruleset xmlns="urn:ietf:params:xml:ns:common-policy">${rule}</ruleset>`);
  expect(rules?.provided("sip:w@x", 0)).toEqual(NONE);
});

test.each([
  ["elements", presence("<b/>".repeat(1001))],
  ["attributes", presence(`<b ${Array.from({ length: 65 }, (_, i) => `a${i}="x"`).join(" ")}/>`)],
  ["depth", presence("<b>".repeat(32) + "</b>".repeat(32))],
])("a document with too much of it is none: %s", (_, body) => {
  expect(isDocument(body)).toBe(false);
});

test("documents are made one as far as there is room", () => {
  const tuple = (id: string, length: number): string => presence(`<tuple id="${id}">${"x".repeat(length)}</tuple>`);
  const whole = aggregate([tuple("a", 30_000), tuple("b", 30_000), tuple("c", 30_000), tuple("d", 10)]);
  expect([...whole.matchAll(/tuple id="(.)"/g)].map((m) => m[1])).toEqual(["a", "b"]);
});
