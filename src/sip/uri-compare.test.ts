// URI equality, first of all by the examples of RFC 3261 section 19.1.4 and RFC 3966 section 4.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sipUri } from "../../test/support/sip-arbitraries.ts";
import { bytesOf } from "../util/bytes.ts";
import { parseUri, UriRange } from "./uri.ts";
import { urisEqual } from "./uri-compare.ts";

function equal(a: string, b: string): boolean {
  // Different offsets in the two buffers, so that none is mistaken for the other.
  const aBytes = bytesOf(a);
  const bBytes = bytesOf(`...${b}`);
  const aRange = new UriRange();
  const bRange = new UriRange();
  expect(parseUri(aBytes, 0, aBytes.length, aRange)).toBe(0);
  expect(parseUri(bBytes, 3, bBytes.length, bRange)).toBe(0);
  const result = urisEqual(aBytes, aRange, bBytes, bRange);
  expect(urisEqual(bBytes, bRange, aBytes, aRange)).toBe(result);
  return result;
}

describe("urisEqual", () => {
  test.each([
    ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;security=on"],
    ["sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"],
    [
      "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
      "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ],
    [
      "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
      "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ],
    ["sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::0:1]"],
    ["sip:a@[::ffff:192.0.2.1]", "sip:a@[::FFFF:c000:201]"],
    ["sip:a@[2001:db8:::192.0.2.1]", "sip:a@[2001:db8::192.0.2.1]"],
    ["sip:a@h;lr", "sip:a@h"],
    ["tel:+1-201-555-0123", "tel:+12015550123"],
    ["tel:+1(201)555.0123;ext=1-2", "tel:+12015550123;EXT=1-2"],
    ["tel:7A-42;phone-context=Example.COM", "tel:7a42;phone-context=example.com"],
    ["urn:service:sos", "URN:service:sos"],
  ])("%s equals %s", (a, b) => {
    expect(equal(a, b)).toBe(true);
  });

  test.each([
    ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
    ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
    ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
    ["sip:a@h", "sips:a@h"],
    ["sip:a@h", "sip:h"],
    ["sip:a:b@h", "sip:a@h"],
    ["sip:a:@h", "sip:a@h"],
    ["sip:a@h;user=ip", "sip:a@h"],
    ["sip:a@h;maddr=h", "sip:a@h"],
    ["sip:a@h;x", "sip:a@h;x=1"],
    ["sip:a%2Bb@h", "sip:a+b@h"],
    ["sip:a@h?x=1&x=2", "sip:a@h?x=1&y=2"],
    ["sip:a@h?x=1", "sip:a@h?x=1&x=1"],
    ["tel:12015550123", "tel:+12015550123"],
    ["tel:1;phone-context=a", "tel:1;phone-context=b"],
    ["tel:1;phone-context=a", "tel:1"],
    ["tel:+1;ext=1", "tel:+1"],
    ["tel:+12", "tel:+123"],
    ["urn:service:sos", "urn:service:SOS"],
    ["tel:1", "sip:1x"],
  ])("%s differs from %s", (a, b) => {
    expect(equal(a, b)).toBe(false);
  });

  test("a URI equals itself with host and scheme in other case, parameters and headers turned round", () => {
    fc.assert(
      fc.property(sipUri, (uri) => {
        const names = uri.params.map(([name]) => name.toLowerCase());
        fc.pre(new Set(names).size === names.length && !names.some((name) => name.includes("%")));
        const userinfo = uri.user === null ? "" : `${uri.user}${uri.password === null ? "" : `:${uri.password}`}@`;
        const params = uri.params
          .map(([name, value]) => `;${name.toUpperCase()}${value === null ? "" : `=${value}`}`)
          .reverse()
          .join("");
        const headers = uri.headers.map(([name, value]) => `${name}=${value}`).reverse();
        const port = uri.port === null ? "" : `:${uri.port}`;
        const query = headers.length > 0 ? `?${headers.join("&")}` : "";
        const turned = `${uri.scheme.toUpperCase()}:${userinfo}${uri.host.toUpperCase()}${port}${params}${query}`;
        expect(equal(uri.text, turned)).toBe(true);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  test("very many parameters are compared as they stand, and cheaply", () => {
    const many = (count: number) => `sip:a@h${Array.from({ length: count }, (_, i) => `;p${i}`).join("")}`;
    expect(equal(many(10000), many(10000))).toBe(true);
    expect(equal(many(10000), many(9999))).toBe(false);
  });
});
