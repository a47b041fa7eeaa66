// IP addresses as text and bytes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalIp, formatIp, ipFamily, parseIp } from "./ip.ts";

describe("ip", () => {
  test("canonicalIp writes the form of RFC 5952", () => {
    const cases: [string, string | null][] = [
      ["127.0.0.1", "127.0.0.1"],
      ["::1", "::1"],
      ["::", "::"],
      ["1::", "1::"],
      ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["0:0:0:1::", "0:0:0:1::"],
      ["::ffff:1.2.3.4", "::ffff:102:304"],
      ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ];
    for (const [text, expected] of cases) expect(canonicalIp(text), text).toBe(expected);
  });

  test("what is no address is refused", () => {
    for (const text of [
      "",
      "1",
      "1.2.3",
      "1.2.3.4.5",
      "01.2.3.4",
      "256.1.1.1",
      "1.2.3.4 ",
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:",
      "12345::",
      "g::",
      "::1.2.3",
      "1:2:3:4:5:6:7:1.2.3.4",
      "[::1]",
      "::1%1",
      "1:2:3:4:5:6:7::8",
      "example.org",
    ])
      expect(ipFamily(text), text).toBe(0);
  });

  test("formatting and parsing give the same bytes", () => {
    const out = new Uint8Array(16);
    const octet = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(octet, { minLength: 16, maxLength: 16 }), (octets) => {
        expect(parseIp(formatIp(new Uint8Array(octets), 0, 6), out)).toBe(6);
        expect([...out]).toEqual(octets);
        expect(parseIp(formatIp(new Uint8Array(octets), 0, 4), out)).toBe(4);
        expect([...out.subarray(0, 4)]).toEqual(octets.slice(0, 4));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
