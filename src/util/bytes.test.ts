// Texts written into buffers: short ones in a loop, long ones by the runtime where that is faster; both the same.
import { describe, expect, test } from "vitest";
import { bytesOf, putText, textOf } from "./bytes.ts";

const LENGTHS = [0, 1, 23, 24, 25, 100, 5000];

describe("putText", () => {
  test.each(LENGTHS)("%i characters, all octets, put together of pieces", (length) => {
    const codes = Array.from({ length }, (_, i) => (i * 37) & 255);
    const text = codes.map((c) => String.fromCharCode(c)).join("");
    const dst = new Uint8Array(length + 20).fill(170);
    expect(putText(dst, 7, text.slice(0, length >> 1) + text.slice(length >> 1))).toBe(length + 7);
    expect([...dst.subarray(7, length + 7)]).toEqual(codes);
    expect([...dst.subarray(0, 7), ...dst.subarray(length + 7)]).toEqual(new Array(20).fill(170));
    expect(textOf(bytesOf(text), 0, length)).toBe(text);
  });

  test.each(LENGTHS)("%i characters: higher bits are cut", (length) => {
    const dst = new Uint8Array(length);
    putText(dst, 0, "\u1234".repeat(length));
    expect([...dst]).toEqual(new Array(length).fill(0x34));
  });

  test.each(LENGTHS)("%i characters into a buffer that ends before: what fits", (length) => {
    const dst = new Uint8Array(10);
    expect(putText(dst, 3, "x".repeat(length))).toBe(length + 3);
    expect(dst.lastIndexOf(120)).toBe(length === 0 ? -1 : Math.min(9, length + 2));
    expect(() => putText(dst, 50, "x".repeat(length))).not.toThrow();
  });
});
