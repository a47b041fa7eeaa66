// Small header grammars, dates, hosts and comma lists.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { address, ipv4, ipv6, token } from "../../test/support/sip-arbitraries.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { formatDate, parseDate } from "./date.ts";
import { SipError } from "./errors.ts";
import { HostKind, hostKind, isIPv4, isIPv6, readIPv6, skipHost } from "./host.ts";
import { nextValue } from "./list.ts";
import { Method } from "./methods.ts";
import {
  ContentTypeRange,
  checkCallId,
  checkTokenList,
  checkWarning,
  isContentType,
  listHasToken,
  methodBits,
  nextListToken,
  parseContentType,
  parseEvent,
  parseExpires,
  parseMaxForwards,
  parseQ,
  parseRack,
  parseRetryAfter,
  parseTokenParams,
  RackRange,
  TokenParamsRange,
  TokenRange,
} from "./misc.ts";

type Parser = (buf: Uint8Array, start: number, end: number) => number;

/** Run a parser on a text that other bytes surround. */
function on(parser: Parser, text: string): number {
  return parser(bytesOf(`1${text}1`), 1, 1 + text.length);
}

describe("numbers", () => {
  test("Expires and Max-Forwards", () => {
    expect(["0", " 3600 ", "4294967295"].map((t) => on(parseExpires, t))).toEqual([0, 3600, 4294967295]);
    expect(["", "-1", "4294967296", "1;x"].map((t) => on(parseExpires, t))).toEqual([-1, -1, -1, -1]);
    expect(["0", "0068", "255", "256", "-1"].map((t) => on(parseMaxForwards, t))).toEqual([0, 68, 255, -1, -1]);
  });

  test("q in thousandths", () => {
    const good = ["0", "1", "0.", "0.3", "0.33", "0.333", "1.000", "1.", "0.001"];
    expect(good.map((t) => on(parseQ, t))).toEqual([0, 1000, 0, 300, 330, 333, 1000, 1000, 1]);
    for (const bad of ["", "2", "1.1", "1.001", "0.3333", ".5", "0.x", "-1", "0,5"]) expect(on(parseQ, bad)).toBe(-1);
    expect(parseQ(bytesOf("1"), -1, -1)).toBe(-1);
  });

  test("Retry-After with comment and parameters", () => {
    expect(["120", "18000;duration=3600", "120 (I'm in a meeting)"].map((t) => on(parseRetryAfter, t))).toEqual([
      120, 18000, 120,
    ]);
    for (const bad of ["", "x", "1 x", "1 (", "1;", "99999999999"]) expect(on(parseRetryAfter, bad)).toBe(-1);
  });

  test("RAck", () => {
    const rack = new RackRange();
    const parse: Parser = (buf, start, end) => parseRack(buf, start, end, rack);
    expect(on(parse, " 776656 1 INVITE ")).toBe(0);
    expect(rack).toEqual({ rseq: 776656, cseq: 1, method: Method.INVITE });
    for (const bad of ["", "1 INVITE", "1 1", "1 1 ", "a 1 INVITE", "1 2147483648 INVITE", "1 1 a b"]) {
      expect(on(parse, bad)).toBe(SipError.RACK);
    }
  });
});

describe("token lists", () => {
  test("give back their tokens; empty elements are passed over", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 6 }), fc.constantFrom(",", " , ", ",\r\n ", ",,"), (tokens, comma) => {
        const bytes = bytesOf(tokens.join(comma));
        const out = new TokenRange();
        const found: string[] = [];
        for (let pos = 0; nextListToken(bytes, pos, bytes.length, out) === 0; pos = out.next) {
          found.push(textOf(bytes, out.start, out.end));
        }
        expect(found).toEqual(tokens);
        for (const one of tokens) expect(listHasToken(bytes, 0, bytes.length, one.toLowerCase())).toBe(true);
        expect(listHasToken(bytes, 0, bytes.length, "not-there-at-all")).toBe(false);
      }),
      { seed: 8 },
    );
  });

  test("what is no list is refused", () => {
    expect(["", "a", "a, b", "a b", "a;b", "<"].map((t) => on(checkTokenList, t))).toEqual([
      0,
      0,
      0,
      SipError.BAD_TOKEN,
      SipError.BAD_TOKEN,
      SipError.BAD_TOKEN,
    ]);
  });

  test("Allow as bits", () => {
    expect(on(methodBits, "INVITE, ACK,BYE , NOVEL")).toBe(
      (1 << Method.INVITE) | (1 << Method.ACK) | (1 << Method.BYE) | (1 << Method.UNKNOWN),
    );
  });
});

describe("tokens with parameters", () => {
  test("Content-Type", () => {
    const out = new ContentTypeRange();
    const bytes = bytesOf('multipart / Mixed ; boundary="a b";x , text/*;q=0.5');
    expect(parseContentType(bytes, 0, bytes.length, out)).toBe(0);
    expect(isContentType(bytes, out, "multipart", "mixed")).toBe(true);
    expect(textOf(bytes, out.boundaryStart, out.boundaryEnd)).toBe('"a b"');
    expect(textOf(bytes, out.paramsStart, out.paramsEnd)).toBe('; boundary="a b";x');
    expect(parseContentType(bytes, out.next, bytes.length, out)).toBe(0);
    expect(isContentType(bytes, out, "text", "*")).toBe(true);
    expect(out.next).toBe(-1);
    const parse: Parser = (buf, start, end) => parseContentType(buf, start, end, out);
    for (const bad of ["", "a", "a/", "/b", "a/b;", "a/b c", "a//b"])
      expect(on(parse, bad)).toBe(SipError.CONTENT_TYPE);
  });

  test("Event and Subscription-State", () => {
    const out = new TokenParamsRange();
    const event = bytesOf("presence.winfo;id=7;x");
    expect(parseEvent(event, 0, event.length, out)).toBe(0);
    expect(textOf(event, out.tokenStart, out.tokenEnd)).toBe("presence.winfo");
    expect(textOf(event, out.idStart, out.idEnd)).toBe("7");
    const state = bytesOf("active ; expires=60");
    expect(parseTokenParams(state, 0, state.length, out)).toBe(0);
    expect(textOf(state, out.expiresStart, out.expiresEnd)).toBe("60");
    const parse: Parser = (buf, start, end) => parseEvent(buf, start, end, out);
    for (const bad of ["", ";id=1", "a b", "a;", "a,b"]) expect(on(parse, bad)).toBe(SipError.EVENT);
  });

  test("Call-ID", () => {
    for (const good of ["a", "f81d4fae@foo.bar", " a{}[]?@b ", "(<>)"]) expect(on(checkCallId, good)).toBe(0);
    for (const bad of ["", "@", "a@", "@b", "a@b@c", "a b", "a;b", "\xe9"]) {
      expect(on(checkCallId, bad)).toBe(SipError.CALL_ID);
    }
  });

  test("Warning", () => {
    for (const good of ['307 isi.edu "Session \\" x"', '301 h:5060 "a" , 399 b ""'])
      expect(on(checkWarning, good)).toBe(0);
    for (const bad of ["", '1812 overture "x"', '99 h "x"', "307 h x", '307 "x"', '307 h "x', '307 h "x",']) {
      expect(on(checkWarning, bad)).toBe(SipError.WARNING);
    }
  });
});

describe("dates", () => {
  const parse = (text: string) => parseDate(bytesOf(` ${text} `), 0, text.length + 2);

  test("the example of RFC 3261", () => {
    expect(parse("Sat, 13 Nov 2010 23:29:00 GMT")).toBe(Date.UTC(2010, 10, 13, 23, 29, 0));
    expect(parse("sat, 29 feb 2020 23:59:60 gmt")).toBe(Date.UTC(2020, 2, 1, 0, 0, 0));
  });

  test.each([
    "",
    "Fri, 01 Jan 2010 16:00:00 EST",
    "Fri, 1 Jan 2010 16:00:00 GMT",
    "Fri, 00 Jan 2010 16:00:00 GMT",
    "Fri, 32 Jan 2010 16:00:00 GMT",
    "Fri, 29 Feb 2100 16:00:00 GMT",
    "Fri, 01 Foo 2010 16:00:00 GMT",
    "Foo, 01 Jan 2010 16:00:00 GMT",
    "Fri, 01 Jan 2010 24:00:00 GMT",
    "Fri, 01 Jan 2010 16:60:00 GMT",
    "Fri, 01 Jan 2010 16:00:61 GMT",
    "Fri, 01 Jan 2010 16-00-00 GMT",
    "Fri, 01 Jan 2010 16:00:00 GMT+1",
    "2010-01-01T16:00:00Z",
  ])("refuses %j", (text) => {
    expect(parse(text)).toBeNaN();
  });

  test("format agrees with the platform's, and parse undoes it", () => {
    const seconds = fc.integer({ min: Math.floor(Date.UTC(1, 0, 1) / 1000), max: 253402300799 });
    fc.assert(
      fc.property(seconds, (s) => {
        const ms = s * 1000;
        const text = formatDate(ms);
        expect(text).toBe(new Date(ms).toUTCString());
        expect(parse(text)).toBe(ms);
      }),
      { seed: 9, numRuns: 2000 },
    );
  });
});

describe("hosts", () => {
  test("addresses of all shapes are told apart and read", () => {
    const groups = new Uint16Array(8);
    fc.assert(
      fc.property(ipv4, ipv6, (four, six) => {
        const fourBytes = bytesOf(four);
        const sixBytes = bytesOf(six);
        expect(isIPv4(fourBytes, 0, four.length)).toBe(true);
        expect(isIPv6(sixBytes, 0, six.length)).toBe(true);
        expect(isIPv6(fourBytes, 0, four.length)).toBe(false);
        expect(hostKind(fourBytes, 0, four.length)).toBe(HostKind.IPV4);
        expect(hostKind(bytesOf(`[${six}]`), 0, six.length + 2)).toBe(HostKind.IPV6);
        readIPv6(sixBytes, 0, six.length, groups);
        // The platform's URL gives the canonical text; reading that must give the same groups.
        if (!URL.canParse(`http://[${six}]/`)) return; // some platforms refuse `::` before many zero groups
        const canonical = new URL(`http://[${six}]/`).hostname.slice(1, -1);
        const again = new Uint16Array(8);
        readIPv6(bytesOf(canonical), 0, canonical.length, again);
        expect([...groups]).toEqual([...again]);
      }),
      { seed: 10, numRuns: 1000 },
    );
  });

  test.each([
    ["::", [0, 0, 0, 0, 0, 0, 0, 0]],
    ["1::", [1, 0, 0, 0, 0, 0, 0, 0]],
    ["::1", [0, 0, 0, 0, 0, 0, 0, 1]],
    ["1:2::7:8", [1, 2, 0, 0, 0, 0, 7, 8]],
    ["::ffff:192.0.2.1", [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]],
    ["2001:db8:::192.0.2.1", [0x2001, 0xdb8, 0, 0, 0, 0, 0xc000, 0x0201]],
    ["1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]],
  ])("reads %s", (text, expected) => {
    const groups = new Uint16Array(8);
    expect(isIPv6(bytesOf(text), 0, text.length)).toBe(true);
    readIPv6(bytesOf(text), 0, text.length, groups);
    expect([...groups]).toEqual(expected);
  });

  test("kinds of what is no address", () => {
    expect(hostKind(bytesOf("a.b"), 0, 3)).toBe(HostKind.NAME);
    expect(hostKind(bytesOf("::1"), 0, 3)).toBe(HostKind.IPV6);
    expect(hostKind(bytesOf(""), -1, -1)).toBe(HostKind.NONE);
    expect(skipHost(bytesOf("."), 0, 1)).toBe(-1);
  });
});

describe("comma lists", () => {
  test("values end at commas that separate", () => {
    fc.assert(
      fc.property(fc.array(address, { minLength: 1, maxLength: 4 }), (list) => {
        const text = list.map((a) => a.text).join(",");
        const bytes = bytesOf(text);
        // A bare URI may hold no comma (RFC 3261 20.10), the generator sees to that.
        const found: string[] = [];
        for (let pos = 0; pos <= bytes.length; ) {
          const end = nextValue(bytes, pos, bytes.length);
          found.push(textOf(bytes, pos, end));
          pos = end + 1;
        }
        expect(found).toEqual(list.map((a) => a.text));
      }),
      { seed: 11 },
    );
  });

  test("what is never closed takes the rest", () => {
    expect(nextValue(bytesOf('a "b,c'), 0, 6)).toBe(6);
    expect(nextValue(bytesOf("a <b,c"), 0, 6)).toBe(6);
  });
});
