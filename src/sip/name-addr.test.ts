// Address grammar: display name, URI, header parameters; what belongs to the URI and what to the header.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { address } from "../../test/support/sip-arbitraries.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { SipError, sipErrorText } from "./errors.ts";
import { NameAddrRange, parseContact, parseNameAddr, parseSingleAddr } from "./name-addr.ts";

function parse(text: string, parser = parseNameAddr) {
  const bytes = bytesOf(`<<${text}>;`);
  const addr = new NameAddrRange();
  const code = parser(bytes, 2, 2 + text.length, addr);
  const at = (start: number, end: number): string | null => (start < 0 ? null : textOf(bytes, start, end));
  return { code, addr, at };
}

describe("parseNameAddr", () => {
  test("finds all parts", () => {
    const { code, addr, at } = parse(' "A. \\"B\\" <C>"\t<sip:a@b;lr?x=y> ;tag=1;q=0.5;expires=60;x="," , <sip:c@d>');
    expect(sipErrorText(code)).toBe("no error");
    expect(at(addr.displayStart, addr.displayEnd)).toBe('"A. \\"B\\" <C>"');
    expect(at(addr.uriStart, addr.uriEnd)).toBe("sip:a@b;lr?x=y");
    expect(at(addr.paramsStart, addr.paramsEnd)).toBe(';tag=1;q=0.5;expires=60;x=","');
    expect(at(addr.tagStart, addr.tagEnd)).toBe("1");
    expect(at(addr.qStart, addr.qEnd)).toBe("0.5");
    expect(at(addr.expiresStart, addr.expiresEnd)).toBe("60");
    expect(at(addr.next, addr.next + 9)).toBe("<sip:c@d>");
    expect([addr.star, addr.brackets]).toEqual([0, 1]);
  });

  test("without < and > parameters belong to the header", () => {
    const { addr, at } = parse("sip:a@b;tag=x,sip:c@d");
    expect(at(addr.uriStart, addr.uriEnd)).toBe("sip:a@b");
    expect(at(addr.tagStart, addr.tagEnd)).toBe("x");
    expect(at(addr.next, addr.next + 7)).toBe("sip:c@d");
    expect(addr.brackets).toBe(0);
  });

  test.each<[string, string | null, number?]>([
    ["A  B\t<sip:a@b>", "A  B"],
    ["caller<sip:a@b>", "caller"],
    ["<sip:a@b>", null],
    ['""<sip:a@b>', '""'],
    ["J\xc3\xb6rg <sip:a@b>", "J\xc3\xb6rg", 1],
    ["A@B: (x) [y] <sip:a@b>", "A@B: (x) [y]", 1],
    ["< sip:a@b>", null, 1],
    ["<sip:a@b\r\n >", null, 1],
  ])("display name of %j", (text, display, loose = 0) => {
    const { code, addr, at } = parse(text);
    expect(sipErrorText(code)).toBe("no error");
    expect(at(addr.displayStart, addr.displayEnd)).toBe(display);
    expect(at(addr.uriStart, addr.uriEnd)).toBe("sip:a@b");
    expect(addr.loose).toBe(loose);
  });

  test.each([
    ["", SipError.ADDR_EMPTY],
    ["  ", SipError.ADDR_EMPTY],
    ["alice", SipError.ADDR_URI],
    ["alice@b", SipError.ADDR_URI],
    ["<>", SipError.ADDR_URI],
    ["<sip:>", SipError.ADDR_URI],
    ["<a@b>", SipError.ADDR_URI],
    ["<sip:a b@c>", SipError.ADDR_URI],
    ["<sip:a@b", SipError.ADDR_UNCLOSED],
    ["<<sip:a@b>>", SipError.ADDR_URI],
    ['"A <sip:a@b>', SipError.UNTERMINATED_QUOTE],
    ['"A\\', SipError.UNTERMINATED_QUOTE],
    ['"A" sip:a@b', SipError.ADDR_DISPLAY],
    ['"A"', SipError.ADDR_DISPLAY],
    ["A, B <sip:a@b>", SipError.ADDR_URI],
    ["A sip:a@b", SipError.ADDR_URI],
    ["sip:a@b?x=y", SipError.ADDR_NEEDS_BRACKETS],
    ["<sip:a@b>;", SipError.ADDR_PARAM],
    ["<sip:a@b>;;tag=1", SipError.ADDR_PARAM],
    ["<sip:a@b>;tag", SipError.ADDR_TAG],
    ["<sip:a@b>;tag=", SipError.ADDR_TAG],
    ['<sip:a@b>;tag="x"', SipError.ADDR_TAG],
    ["<sip:a@b> x", SipError.TRAILING_GARBAGE],
    ["<sip:a@b>,", SipError.ADDR_EMPTY],
    ["*", SipError.ADDR_URI],
  ])("refuses %j", (text, error) => {
    expect(sipErrorText(parse(text).code)).toBe(sipErrorText(error));
  });

  test("gives back the parts of a value, and of the one after it", () => {
    fc.assert(
      fc.property(address, address, (first, second) => {
        const bytes = bytesOf(`${first.text}\r\n ,${second.text}`);
        const addr = new NameAddrRange();
        const at = (start: number, end: number) => (start < 0 ? null : textOf(bytes, start, end));
        let pos = 0;
        for (const made of [first, second]) {
          expect(parseNameAddr(bytes, pos, bytes.length, addr)).toBe(0);
          expect(at(addr.displayStart, addr.displayEnd)).toBe(made.display);
          expect(at(addr.uriStart, addr.uriEnd)).toBe(made.uri);
          expect(at(addr.tagStart, addr.tagEnd)).toBe(made.tag);
          expect(at(addr.start, addr.end)).toBe(made.text.trim());
          pos = addr.next;
        }
        expect(pos).toBe(-1);
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});

describe("parseSingleAddr", () => {
  test("understands a comma in an unquoted display name", () => {
    const { code, addr, at } = parse("Doe, John <sip:a@b>;tag=1", parseSingleAddr);
    expect([code, addr.loose, addr.next]).toEqual([0, 1, -1]);
    expect([at(addr.displayStart, addr.displayEnd), at(addr.uriStart, addr.uriEnd)]).toEqual(["Doe, John", "sip:a@b"]);
  });

  test("sees a second value", () => {
    expect(parse("<sip:a@b>, <sip:c@d>", parseSingleAddr).addr.next).toBeGreaterThan(0);
    expect(parse("sip:a@b,sip:c@d", parseSingleAddr).addr.next).toBeGreaterThan(0);
  });
});

test("a record used again keeps nothing of the address before", () => {
  const addr = new NameAddrRange();
  const full = bytesOf('"x" < sip:a@b >;tag=1;q=1;expires=1, <sip:c@d>');
  expect(parseNameAddr(full, 0, full.length, addr)).toBe(0);
  parseContact(bytesOf("*"), 0, 1, addr);
  parseNameAddr(bytesOf("sip:h"), 0, 5, addr);
  const fresh = new NameAddrRange();
  parseNameAddr(bytesOf("sip:h"), 0, 5, fresh);
  expect(addr).toEqual(fresh);
});

describe("parseContact", () => {
  test("takes a lone star", () => {
    expect(parse(" * ", parseContact)).toMatchObject({ code: 0, addr: { star: 1, uriStart: -1 } });
  });

  test("a star with anything else is refused, or a display name", () => {
    expect(parse("*, <sip:a@b>", parseContact).code).toBe(SipError.ADDR_STAR);
    expect(parse("*;expires=0", parseContact).code).toBe(SipError.ADDR_STAR);
    const { code, addr, at } = parse("*Star <sip:a@b>", parseContact);
    expect(code).toBe(0);
    expect(at(addr.displayStart, addr.displayEnd)).toBe("*Star");
    expect(addr.star).toBe(0);
  });
});
