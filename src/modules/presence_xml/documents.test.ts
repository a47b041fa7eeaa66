import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Status } from "../presence/index.ts";
import { filtered } from "./filter.ts";
import { aggregate, chosen, hasActivity, hasBasic, isDocument, offline } from "./pidf.ts";
import { parseRules } from "./rules.ts";
import { parseXml } from "./xml.ts";

const doc = (inner: string): string =>
  `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:a@b">${inner}</presence>`;
const tuple = (id: string, basic: string): string =>
  `<tuple id="${id}"><status><basic>${basic}</basic></status><contact>sip:${id}@b</contact><note>n</note></tuple>`;

describe("documents of strangers", () => {
  test("document types, depth and number are refused before anything is read", () => {
    expect(isDocument('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')).toBe(false);
    expect(isDocument("<a b=\"/>\"><c d='>'/></a>")).toBe(true);
    expect(isDocument("<a>".repeat(33) + "</a>".repeat(33))).toBe(false);
    expect(isDocument(`${'<a b="/>">'.repeat(40)}${"</a>".repeat(40)}`)).toBe(false);
    expect(isDocument(`<a>${"<b/>".repeat(5000)}</a>`)).toBe(false);
    expect(isDocument("<a>&undefined;</a>")).toBe(false);
    expect(isDocument("<a/><b/>")).toBe(false);
    expect(isDocument("")).toBe(false);
  });

  test("no text makes an exception", () => {
    const part = fc.constantFrom(
      "<",
      ">",
      "/",
      "a",
      "b=",
      '"',
      "'",
      "&",
      ";",
      "!",
      "--",
      "?",
      "[CDATA[",
      "]]>",
      " ",
      "\u00e4",
      "<tuple>",
      "</tuple>",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const text = parts.join("");
        parseXml(text);
        aggregate([doc(tuple("x", "open")), text]);
        offline(text);
        parseRules(text);
        hasBasic(text, "open");
      }),
      { seed: 11, numRuns: 2000 },
    );
  });

  test("UTF-8 stays as it is", () => {
    const bytes = "M\u00c3\u00bcller"; // the octets of a text in UTF-8
    expect(aggregate([doc(tuple("a", "open")), doc(`<note>${bytes}</note>`)])).toContain(bytes);
  });
});

describe("presence documents", () => {
  test("of elements with the same name and id the newest counts", () => {
    const one = aggregate([
      doc(tuple("a", "open")),
      doc(tuple("a", "closed") + tuple("b", "open")),
      doc("<note>x</note>"),
    ]);
    expect(one.match(/<tuple /g)).toHaveLength(2);
    expect(one).not.toContain("closed");
    expect(one).toContain("<note>x</note>");
  });

  test("what has gone is closed", () => {
    expect(offline(doc(`${tuple("a", "open")}<note>x</note>`))).toContain(
      '<tuple id="a"><status><basic>closed</basic></status></tuple>',
    );
    expect(offline(doc("<note>x</note>"))).toBe("");
  });

  test("questions", () => {
    const busy = doc(`${tuple("a", "open")}<dm:person id="p"><r:activities><r:away/></r:activities></dm:person>`);
    expect([hasBasic(busy, "open"), hasBasic(busy, "closed")]).toEqual([true, false]);
    expect([hasActivity(busy, "away"), hasActivity(busy, "meeting"), hasActivity(doc(""), "away")]).toEqual([
      1, -1, -2,
    ]);
    expect(chosen([doc("<note>Free</note>"), doc("<note>Busy</note>")], "note", ["Busy", "Free"])).toContain("Busy");
  });
});

describe("rules", () => {
  const rule = (conditions: string, handling: string, more = ""): string =>
    `<rule><conditions>${conditions}</conditions><actions><sub-handling>${handling}</sub-handling></actions>${more}</rule>`;
  const set = (...rules: string[]) =>
    parseRules(`<ruleset xmlns="urn:ietf:params:xml:ns:common-policy">${rules.join("")}</ruleset>`)!;
  const one = (uri: string): string => `<identity><one id="${uri}"/></identity>`;

  test("of several the most generous counts, and conditions that are not understood never hold", () => {
    const rules = set(
      rule(one("sip:a@b"), "block"),
      rule(one("sip:a@B"), "allow"),
      rule(`${one("sip:c@b")}<sphere value="work"/>`, "allow"),
    );
    expect(rules.permission("sip:a@b", 0)?.status).toBe(Status.ACTIVE);
    expect(rules.permission("sip:c@b", 0)).toBeNull();
  });

  test("validity is a span of time", () => {
    const span = "<validity><from>2026-01-01T00:00:00Z</from><until>2026-02-01T00:00:00Z</until></validity>";
    const rules = set(rule(one("sip:a@b") + span, "allow"));
    expect(rules.permission("sip:a@b", Date.parse("2026-01-10T00:00:00Z"))?.status).toBe(Status.ACTIVE);
    expect(rules.permission("sip:a@b", Date.parse("2026-03-10T00:00:00Z"))).toBeNull();
  });

  test("everybody but a domain", () => {
    const rules = set(rule('<identity><many><except domain="bad.example"/></many></identity>', "allow"));
    expect(rules.permission("sip:x@good.example", 0)?.status).toBe(Status.ACTIVE);
    expect(rules.permission("sip:x@bad.example", 0)).toBeNull();
  });

  test("a watcher sees the components and attributes it is let see", () => {
    const person = '<dm:person id="p"><r:activities><r:away/></r:activities><r:mood/></dm:person>';
    const more =
      "<transformations><provide-services><occurrence-id>a</occurrence-id></provide-services><provide-persons><all-persons/></provide-persons><provide-activities>true</provide-activities><provide-mood>false</provide-mood></transformations>";
    const provided = set(rule(one("sip:a@b"), "allow", more)).provided("sip:a@b", 0)!;
    const seen = filtered(doc(tuple("a", "open") + tuple("b", "open") + person), provided);
    expect(seen).toContain('<tuple id="a"><status><basic>open</basic></status><contact>sip:a@b</contact></tuple>');
    expect(seen).not.toContain('id="b"');
    expect(seen).toContain("away");
    expect(seen).not.toContain("mood");
  });
});
