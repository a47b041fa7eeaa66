// BINRPC against frames that kamcmd and Kamailio 5.6.3 have sent, and against noise.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textOf } from "../../util/bytes.ts";
import type { RpcValue } from "../define.ts";
import { type BinValue, faultFrame, readHead, readRecords, replyFrame, requestFrame } from "./binrpc.ts";

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
const bytes = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (two) => Number.parseInt(two, 16));

/** What stands in a frame, as text that shows structs with braces. */
function shown(frame: Uint8Array): string {
  const head = readHead(frame, 0, frame.length);
  if (head === null || head === "bad") return String(head);
  const records = readRecords(frame, head.body, head.body + head.length);
  const one = (value: BinValue): string =>
    typeof value === "object"
      ? `{${value.members.map((m) => (m.name === null ? "" : `${m.name}=`) + one(m.value)).join(" ")}}`
      : JSON.stringify(value);
  return `${head.type} ${head.cookie.toString(16)} ${records === null ? "broken" : records.map(one).join(" ")}`;
}

describe("frames of kamcmd and Kamailio", () => {
  test.each([
    ["a1030f0d820e14910d636f72652e76657273696f6e00", '0 d820e14 "core.version"'],
    [
      "a10327451a67e2910a636f72652e6563686f001001313132002205dc3001117020012c10c8407fffffff00217800",
      '0 451a67e2 "core.echo" 1 "12" 1.5 70000 300 200 2147483647 0 "x"',
    ],
    ["a1330b0308a5982001f4610000000000", "3 308a598 broken"],
    [
      "a11333256df00d03556974656d0003556e616d65002178006576616c756500100165666c61677300007565787069726500614e45564552008383",
      '1 256df00d {item={name="x" value=1 flags=0 expire="NEVER"}}',
    ],
  ])("%s", (frame, text) => {
    expect(shown(bytes(frame))).toBe(text);
  });

  test("requests are written as kamcmd writes them", () => {
    const args = [1, "12", 1.5, 70000, 300, 200, 2147483647, 0, "x"];
    expect(hex(requestFrame(0x451a67e2, "core.echo", args))).toBe(
      "a10327451a67e2910a636f72652e6563686f001001313132002205dc3001117020012c10c8407fffffff00217800",
    );
  });

  test("answers are written as Kamailio writes them", () => {
    const dump = [
      { entry: 6, size: 1, slot: [{ name: "y", value: "txt", type: "str" }] },
      { entry: 7, size: 1, slot: [{ name: "x", value: 1, type: "int" }] },
    ];
    expect(hex(replyFrame(0x3aa0b635, dump))).toBe(
      "a113773aa0b6350365656e7472790010065573697a6500100155736c6f74000303556e616d65002179006576616c756500417478740055747970650041737472008383830365656e7472790010075573697a6500100155736c6f74000303556e616d65002178006576616c756500100155747970650041696e7400838383",
    );
    const location = { Domain: "location", Size: 1024, AoRs: [], Stats: { Records: 0, "Max-Slots": 0 } };
    expect(hex(replyFrame(0x730d18b3, { Domains: [{ Domain: location }] }))).toBe(
      "a1135d730d18b3039508446f6d61696e73000375446f6d61696e000375446f6d61696e0091096c6f636174696f6e005553697a650020040055416f5273000383655374617473000395085265636f7264730000950a4d61782d536c6f7473000083838383",
    );
    expect(hex(replyFrame(0x41113dc3, null))).toBe("a1130041113dc3");
    expect(hex(faultFrame(0x0308a598, 500, "command nosuch not found"))).toBe(
      "a1331e0308a5982001f49119636f6d6d616e64206e6f73756368206e6f7420666f756e6400",
    );
  });

  test("rows, numbers at their limits, what is no number of the format", () => {
    const row: RpcValue = ["a", 1, -1, 4294967295, 4294967296, 0.5, -2.25, true, null];
    expect(shown(replyFrame(1, row))).toBe('1 1 "a" 1 -1 -1 "4294967296" 0.5 -2.25 1 ""');
    expect(shown(replyFrame(1, [{ socket: { a: 1 } }, { socket: { a: 2 } }]))).toBe("1 1 {socket={a=1} socket={a=2}}");
    expect(shown(replyFrame(1, [{ a: 1 }, { a: 2 }]))).toBe("1 1 {a=1} {a=2}");
  });
});

describe("noise", () => {
  test("heads that lack octets, or are none", () => {
    const whole = requestFrame(0x1020304, "core.version", []);
    for (let n = 0; n < 7; n++) expect(readHead(whole, 0, n)).toBe(null);
    expect(readHead(bytes("b103"), 0, 2)).toBe("bad");
    expect(readHead(bytes("5353482d"), 0, 4)).toBe("bad");
  });

  test("no octets make the reader fail or give what is not there", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const records = readRecords(noise, 0, noise.length);
        expect(records === null || records.length <= noise.length).toBe(true);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  test("deep structs are refused", () => {
    const deep = new Uint8Array(100_000).fill(3);
    expect(readRecords(deep, 0, deep.length)).toBe(null);
  });

  test("what is written is read again", () => {
    const scalar = fc.oneof(
      fc.integer(),
      fc.uint8Array({ maxLength: 300 }).map((b) => textOf(b, 0, b.length).replaceAll("\0", "")),
    );
    fc.assert(
      fc.property(fc.array(scalar, { maxLength: 20 }), (row) => {
        const frame = replyFrame(5, row);
        const head = readHead(frame, 0, frame.length);
        if (head === null || head === "bad") throw new Error("no head");
        expect(head.body + head.length).toBe(frame.length);
        expect(readRecords(frame, head.body, frame.length)).toEqual(row);
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
