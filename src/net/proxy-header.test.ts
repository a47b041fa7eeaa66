import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../util/bytes.ts";
import { readProxyHeader } from "./proxy-header.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const read = (text: string) => {
  const bytes = bytesOf(text);
  return readProxyHeader(bytes, bytes.length);
};

describe("version 1", () => {
  test.each([
    ["PROXY TCP4 192.0.2.7 198.51.100.1 40000 5060\r\n", { family: 4, address: "192.0.2.7", port: 40000 }],
    ["PROXY TCP6 2001:DB8::7 2001:db8::1 1 5060\r\nOPTIONS", { family: 6, address: "2001:db8::7", port: 1 }],
    ["PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", null],
    ["PROXY UNKNOWN\r\n", null],
  ])("%j", (text, remote) => {
    expect(read(text)).toEqual({ length: text.indexOf("\r\n") + 2, remote });
  });
  test.each([
    "OPTIONS sip:a SIP/2.0\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n",
    "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 70000 5060\r\n",
    "PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
    `PROXY TCP4 ${"1".repeat(110)}`,
    "proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
  ])("bad: %j", (text) => expect(read(text)).toBe("bad"));
});

describe("version 2", () => {
  const four = `${SIGNATURE}\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x9c\x40\x13\xc4`;
  const six = `${SIGNATURE}\x21\x21\0\x24\x20\x01\x0d\xb8${"\0".repeat(11)}\x07${"\0".repeat(16)}\x9c\x40\x13\xc4`;
  test.each([
    [four, { family: 4, address: "192.0.2.7", port: 40000 }],
    [six, { family: 6, address: "2001:db8::7", port: 40000 }],
    [`${SIGNATURE}\x20\0\0\0`, null],
    [`${SIGNATURE}\x21\x31\0\0`, null],
    [four.replace("\x11\0\x0c", "\x11\0\x0f").concat("TLV"), { family: 4, address: "192.0.2.7", port: 40000 }],
  ])("%j", (text, remote) => expect(read(text)).toEqual({ length: text.length, remote }));
  test.each([
    `${SIGNATURE}\x31\x11\0\x0c${"\0".repeat(12)}`,
    `${SIGNATURE}\x22\x11\0\x0c${"\0".repeat(12)}`,
    `${SIGNATURE}\x21\x11\0\x02\0\0`,
    `${SIGNATURE}\x21\x11\xff\xff`,
  ])("bad: %j", (text) => expect(read(text)).toBe("bad"));

  test("any beginning of a header asks for more", () => {
    for (const text of [four, six, "PROXY TCP4 192.0.2.7 198.51.100.1 40000 5060\r\n"])
      for (let i = 0; i < text.length; i++) expect(read(text.slice(0, i))).toBe("more");
  });
  test("any bytes are read without harm", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, signed) => {
        const all = signed ? Uint8Array.from([...bytesOf(SIGNATURE), ...bytes]) : bytes;
        const header = readProxyHeader(all, all.length);
        if (typeof header !== "string") expect(header.length).toBeLessThanOrEqual(all.length);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
