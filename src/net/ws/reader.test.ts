// What a WebSocket server must accept and refuse, rule by rule of RFC 6455; any cutting of the stream gives the same messages.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, fromUnicode, textOf } from "../../util/bytes.ts";
import { closePayload, mask, putFrame, putHead } from "./frames.ts";
import { Role, WsReader } from "./reader.ts";
import { DEFAULT_WS_LIMITS, isCloseCode, type WsLimits } from "./rules.ts";
import { Utf8Check } from "./utf8.ts";

const KEY = 0x37fa213d;
const [CONT, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

interface FrameOptions {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly key?: number | null;
  /** Octets of the length field: 0 in the second octet, 2 or 8. */
  readonly form?: 0 | 2 | 8;
}

/** A frame as the test wants it, right or wrong. */
function frame(opcode: number, payload: string, o: FrameOptions = {}): number[] {
  const bytes = bytesOf(payload);
  const key = o.key === undefined ? KEY : o.key;
  const n = bytes.length;
  const form = o.form ?? (n < 126 ? 0 : n < 65_536 ? 2 : 8);
  const bit = key === null ? 0 : 128;
  const length = form === 0 ? [bit | n] : [bit | (form === 2 ? 126 : 127)];
  for (let i = form - 1; i >= 0; i--) length.push(i > 3 ? 0 : (n >>> (8 * i)) & 255);
  const head = [(o.fin === false ? 0 : 128) | ((o.rsv ?? 0) << 4) | opcode, ...length];
  if (key === null) return [...head, ...bytes];
  mask(bytes, 0, n, key);
  return [...head, key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255, ...bytes];
}

/** Feeds bytes in pieces of the given lengths, each in a buffer of its own that is overwritten afterwards. */
function read(
  bytes: readonly number[],
  lengths: readonly number[] = [],
  limits: WsLimits = DEFAULT_WS_LIMITS,
  role: Role = Role.SERVER,
): { out: string[]; code: number; partial: boolean } {
  const out: string[] = [];
  const note = (what: string) => (buf: Uint8Array, start: number, end: number) =>
    void out.push(`${what} ${textOf(buf, start, end)}`);
  const reader = new WsReader(
    {
      onMessage: (buf, start, end, binary) => note(binary ? "binary" : "text")(buf, start, end),
      onPing: note("ping"),
      onPong: note("pong"),
      onCloseFrame: (code, buf, start, end) => note(`close ${code}`)(buf, start, end),
    },
    role,
    limits,
  );
  let code = 0;
  for (let at = 0, i = 0; at < bytes.length && code === 0; i++) {
    const length = lengths.length > 0 ? lengths[i % lengths.length]! : bytes.length;
    const piece = Uint8Array.from([66, ...bytes.slice(at, at + length), 66]);
    code = reader.feed(piece, 1, piece.length - 1);
    expect([piece[0], piece.at(-1)]).toEqual([66, 66]);
    piece.fill(88);
    at += length;
  }
  return { out, code, partial: reader.partial };
}

const utf8 = fromUnicode("κόσμε 𝄞");
const good: readonly (readonly [string, number[], string[]])[] = [
  ["5.2 a text message", frame(TEXT, "Hello"), ["text Hello"]],
  ["5.2 a binary message, any octets", frame(BINARY, "\xff\x00\xfe"), ["binary \xff\x00\xfe"]],
  ["5.2 an empty text message", frame(TEXT, ""), ["text "]],
  ["5.2 125 octets, the longest 7-bit length", frame(TEXT, "x".repeat(125)), [`text ${"x".repeat(125)}`]],
  ["5.2 126 octets, the shortest 16-bit length", frame(TEXT, "x".repeat(126)), [`text ${"x".repeat(126)}`]],
  ["5.2 65535 octets, the longest 16-bit length", frame(TEXT, "x".repeat(65_535)), [`text ${"x".repeat(65_535)}`]],
  ["5.2 65536 octets, the shortest 64-bit length", frame(TEXT, "x".repeat(65_536)), [`text ${"x".repeat(65_536)}`]],
  ["5.2 several frames in one piece", [...frame(TEXT, "a"), ...frame(BINARY, "b")], ["text a", "binary b"]],
  ["5.3 a mask of zeros", frame(TEXT, "Hello", { key: 0 }), ["text Hello"]],
  ["5.3 a mask of ones", frame(TEXT, "Hello", { key: 0xffffffff | 0 }), ["text Hello"]],
  [
    "5.3 each frame has a mask of its own",
    [...frame(TEXT, "a", { key: 1 }), ...frame(TEXT, "b", { key: 2 })],
    ["text a", "text b"],
  ],
  [
    "5.4 a message in three frames",
    [...frame(TEXT, "Hel", { fin: false }), ...frame(CONT, "l", { fin: false }), ...frame(CONT, "o")],
    ["text Hello"],
  ],
  [
    "5.4 a binary message in frames",
    [...frame(BINARY, "\xff", { fin: false }), ...frame(CONT, "\xfe")],
    ["binary \xff\xfe"],
  ],
  [
    "5.4 empty fragments",
    [...frame(TEXT, "", { fin: false }), ...frame(CONT, "", { fin: false }), ...frame(CONT, "")],
    ["text "],
  ],
  [
    "5.4 an empty first and last fragment",
    [...frame(TEXT, "", { fin: false }), ...frame(CONT, "ab", { fin: false }), ...frame(CONT, "")],
    ["text ab"],
  ],
  [
    "5.4 control frames between fragments",
    [...frame(TEXT, "He", { fin: false }), ...frame(PING, "p"), ...frame(PONG, "q"), ...frame(CONT, "y")],
    ["ping p", "pong q", "text Hey"],
  ],
  [
    "5.4 fragments, then a whole message",
    [...frame(TEXT, "a", { fin: false }), ...frame(CONT, "b"), ...frame(TEXT, "c")],
    ["text ab", "text c"],
  ],
  ["5.5 a control frame of 125 octets", frame(PING, "x".repeat(125)), [`ping ${"x".repeat(125)}`]],
  ["5.5.1 close without a body", frame(CLOSE, ""), ["close 1005 "]],
  ["5.5.1 close with a code", frame(CLOSE, "\x03\xe8"), ["close 1000 "]],
  ["5.5.1 close with code and reason", frame(CLOSE, `\x03\xe8${utf8}`), [`close 1000 ${utf8}`]],
  ["5.5.1 nothing counts after close", [...frame(CLOSE, "\x03\xe8"), ...frame(TEXT, "x"), 1, 2, 3], ["close 1000 "]],
  [
    "5.5.1 close between fragments",
    [...frame(TEXT, "a", { fin: false }), ...frame(CLOSE, "\x03\xe9")],
    ["close 1001 "],
  ],
  ["5.5.2 ping with octets that are no text", frame(PING, "\xff\x00"), ["ping \xff\x00"]],
  ["5.5.2 an empty ping", frame(PING, ""), ["ping "]],
  ["5.5.3 a pong nobody asked for", frame(PONG, "x"), ["pong x"]],
  ["8.1 characters of two, three and four octets", frame(TEXT, utf8), [`text ${utf8}`]],
  [
    "8.1 a character cut between fragments",
    [...frame(TEXT, utf8.slice(0, 1), { fin: false }), ...frame(CONT, utf8.slice(1))],
    [`text ${utf8}`],
  ],
  [
    "8.1 a character cut with a ping inside it",
    [...frame(TEXT, "\xe2\x82", { fin: false }), ...frame(PING, "\xff"), ...frame(CONT, "\xac")],
    ["ping \xff", "text \xe2\x82\xac"],
  ],
];

const bad: readonly (readonly [string, number[], number])[] = [
  ["5.1 a frame without mask", frame(TEXT, "Hello", { key: null }), 1002],
  ["5.1 a control frame without mask", frame(PING, "", { key: null }), 1002],
  ...[1, 2, 4, 7].map((rsv) => [`5.2 reserved bits ${rsv}`, frame(TEXT, "x", { rsv }), 1002] as const),
  ["5.2 reserved bits of a control frame", frame(PING, "x", { rsv: 4 }), 1002],
  ...[3, 4, 5, 6, 7].map((op) => [`5.2 reserved data opcode ${op}`, frame(op, "x"), 1002] as const),
  ...[11, 12, 13, 14, 15].map((op) => [`5.2 reserved control opcode ${op}`, frame(op, ""), 1002] as const),
  ["5.2 a 16-bit length below 126", frame(TEXT, "x".repeat(125), { form: 2 }), 1002],
  ["5.2 a 64-bit length below 126", frame(TEXT, "x", { form: 8 }), 1002],
  ["5.2 a 64-bit length below 65536", frame(TEXT, "x".repeat(65_535), { form: 8 }), 1002],
  ["5.2 a 64-bit length with its highest bit", [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1002],
  ["5.4 a continuation of nothing", frame(CONT, "x"), 1002],
  ["5.4 a continuation after a whole message", [...frame(TEXT, "a"), ...frame(CONT, "x")], 1002],
  ["5.4 a new text within a message", [...frame(TEXT, "a", { fin: false }), ...frame(TEXT, "b")], 1002],
  ["5.4 a new binary within a message", [...frame(TEXT, "a", { fin: false }), ...frame(BINARY, "b")], 1002],
  ["5.5 a control frame in fragments: ping", frame(PING, "x", { fin: false }), 1002],
  ["5.5 a control frame in fragments: close", frame(CLOSE, "\x03\xe8", { fin: false }), 1002],
  ["5.5 a ping of 126 octets", frame(PING, "x".repeat(126)), 1002],
  ["5.5 a control frame with a 64-bit length", frame(PING, "", { form: 8 }), 1002],
  ["5.5.1 close with one octet", frame(CLOSE, "\x03"), 1002],
  ["5.5.1 a reason that is no UTF-8", frame(CLOSE, "\x03\xe8\xff"), 1007],
  ["5.5.1 a reason that ends within a character", frame(CLOSE, "\x03\xe8\xe2\x82"), 1007],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code) => [`7.4 close code ${code}`, frame(CLOSE, String.fromCharCode(code >> 8, code & 255)), 1002] as const,
  ),
  ["8.1 a text that is no UTF-8", frame(TEXT, "a\xffb"), 1007],
  ["8.1 a text that ends within a character", frame(TEXT, "\xe2\x82"), 1007],
  ["8.1 an overlong form", frame(TEXT, "\xc0\xaf"), 1007],
  ["8.1 a surrogate", frame(TEXT, "\xed\xa0\x80"), 1007],
  ["8.1 above U+10FFFF", frame(TEXT, "\xf4\x90\x80\x80"), 1007],
  ["8.1 wrong in a later fragment", [...frame(TEXT, "a", { fin: false }), ...frame(CONT, "\xff")], 1007],
  ["8.1 wrong in a fragment that is not the last: known at once", frame(TEXT, "a\xff", { fin: false }), 1007],
  ["8.1 wrong in a frame that is not whole yet: known at once", frame(TEXT, "a\xffbcdef").slice(0, 8), 1007],
];

describe("RFC 6455: what is accepted", () => {
  for (const [name, bytes, expected] of good) {
    test(name, () => {
      for (const lengths of bytes.length > 1000 ? [[], [1000, 3]] : [[], [1], [2, 3], [7]]) {
        expect(read(bytes, lengths)).toMatchObject({ out: expected, code: 0 });
      }
    });
  }
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]) {
    test(`7.4 close code ${code}`, () => {
      expect(read(frame(CLOSE, String.fromCharCode(code >> 8, code & 255))).out).toEqual([`close ${code} `]);
    });
  }
});

describe("RFC 6455: what is refused", () => {
  for (const [name, bytes, code] of bad) {
    test(name, () => {
      for (const lengths of bytes.length > 1000 ? [[], [1000, 3]] : [[], [1], [2, 3]]) {
        expect(read(bytes, lengths).code).toBe(code);
      }
    });
  }

  test("5.1 a client refuses a frame with a mask, and takes one without", () => {
    expect(read(frame(TEXT, "x"), [], DEFAULT_WS_LIMITS, Role.CLIENT).code).toBe(1002);
    expect(read(frame(TEXT, "x", { key: null }), [1], DEFAULT_WS_LIMITS, Role.CLIENT).out).toEqual(["text x"]);
  });

  test("10.4 a frame longer than a message may be is refused by its head alone", () => {
    const limits = { maxMessage: 100, maxFragments: 3 };
    expect(read(frame(TEXT, "x".repeat(100)), [], limits).out).toHaveLength(1);
    expect(read(frame(TEXT, "x".repeat(101)).slice(0, 6), [], limits).code).toBe(1009);
    expect(read([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4], [], limits).code).toBe(1009);
  });

  test("10.4 fragments that together are longer than a message may be", () => {
    const limits = { maxMessage: 100, maxFragments: 3 };
    const halves = [...frame(TEXT, "x".repeat(50), { fin: false }), ...frame(CONT, "x".repeat(50), { fin: false })];
    expect(read([...halves, ...frame(CONT, "")], [], limits).out).toHaveLength(1);
    expect(read([...halves, ...frame(CONT, "x")], [], limits).code).toBe(1009);
  });

  test("10.4 a message in too many pieces", () => {
    const limits = { maxMessage: 100, maxFragments: 3 };
    const empty = frame(CONT, "", { fin: false });
    expect(read([...frame(TEXT, "", { fin: false }), ...empty, ...empty, ...empty], [], limits).code).toBe(1008);
  });
});

describe("frames", () => {
  test("a written frame is read back, at every length form, with a mask and without", () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 70_000]) {
      const payload = Uint8Array.from({ length }, (_, i) => i & 0x7f);
      for (const key of [null, KEY, 0x80000001 | 0]) {
        const out = new Uint8Array(length + 14);
        const n = putFrame(out, TEXT!, payload, 0, length, key);
        const role = key === null ? Role.CLIENT : Role.SERVER;
        expect(read([...out.subarray(0, n)], [], DEFAULT_WS_LIMITS, role).out).toEqual([
          `text ${textOf(payload, 0, length)}`,
        ]);
      }
    }
  });

  test("a length above 32 bits is written whole", () => {
    const out = new Uint8Array(14);
    expect(putHead(out, 0, BINARY!, 0x1_0000_0002)).toBe(10);
    expect([...out.subarray(0, 10)]).toEqual([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 2]);
  });

  test("a close reason is cut between characters, to 123 octets", () => {
    const reason = bytesOf(fromUnicode("€".repeat(50)));
    const payload = closePayload(1000, reason);
    expect(payload).toHaveLength(2 + 123);
    expect(closePayload(1000, bytesOf(`a${fromUnicode("€".repeat(50))}`))).toHaveLength(2 + 121);
    expect(closePayload(0, reason)).toHaveLength(0);
  });

  test("close codes of the registry", () => {
    const valid = Array.from({ length: 65_536 }, (_, i) => i).filter(isCloseCode);
    expect(valid.slice(0, 13)).toEqual([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000]);
    expect(valid.at(-1)).toBe(4999);
  });
});

describe("properties", () => {
  const messages = fc.array(
    fc.record({
      binary: fc.boolean(),
      text: fc.string({ unit: "grapheme", maxLength: 300 }),
      cuts: fc.array(fc.nat(400), { maxLength: 5 }),
      pings: fc.boolean(),
      key: fc.integer(),
    }),
    { maxLength: 6 },
  );

  test("any fragmentation and any cutting of the stream gives the same messages", () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 8 }), (list, lengths) => {
        const bytes: number[] = [];
        const expected: string[] = [];
        for (const m of list) {
          const text = fromUnicode(m.text);
          const cuts = [0, ...m.cuts.map((c) => Math.min(c, text.length)).sort((a, b) => a - b), text.length];
          for (let i = 0; i + 1 < cuts.length; i++) {
            const opcode = i > 0 ? CONT! : m.binary ? BINARY! : TEXT!;
            bytes.push(
              ...frame(opcode, text.slice(cuts[i], cuts[i + 1]), { fin: i + 2 === cuts.length, key: m.key + i }),
            );
            if (m.pings) bytes.push(...frame(PING!, "p"));
            if (m.pings && i + 2 < cuts.length) expected.push("ping p");
          }
          expected.push(`${m.binary ? "binary" : "text"} ${text}`);
          if (m.pings) expected.push("ping p");
        }
        expect(read(bytes, lengths)).toEqual({ out: expected, code: 0, partial: false });
      }),
      { seed: 6455, numRuns: 300 },
    );
  });

  test("random bytes, and good streams with bytes changed, end the same however they are cut, and without an exception", () => {
    const stream = [
      ...frame(TEXT, "abc", { fin: false }),
      ...frame(PING, "x"),
      ...frame(CONT, utf8),
      ...frame(CLOSE, "\x03\xe8bye"),
    ];
    const damage = fc.array(fc.tuple(fc.nat(stream.length - 1), fc.nat(255)), { maxLength: 4 });
    const damaged = damage.map((list) => {
      const bytes = [...stream];
      for (const [at, value] of list) bytes[at] = value;
      return bytes;
    });
    const random = fc.array(fc.nat(255), { maxLength: 60 });
    fc.assert(
      fc.property(fc.oneof(damaged, random), fc.integer({ min: 1, max: 20 }), (bytes, length) => {
        const whole = read(bytes);
        expect(read(bytes, [length])).toEqual(whole);
        expect([0, 1002, 1007, 1008, 1009]).toContain(whole.code);
      }),
      { seed: 6455, numRuns: 3000 },
    );
  });

  test("the UTF-8 check agrees with the runtime's decoder", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const octet = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xa0, 0x9f, 0x90, 0x8f),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.array(octet, { maxLength: 6 }), fc.nat(6), (a, b, cut) => {
        for (const bytes of [a, Uint8Array.from(b)]) {
          let valid = true;
          try {
            decoder.decode(bytes);
          } catch {
            valid = false;
          }
          const check = new Utf8Check();
          const at = Math.min(cut, bytes.length);
          expect(check.feed(bytes, 0, at) && check.feed(bytes, at, bytes.length) && check.whole).toBe(valid);
        }
      }),
      { seed: 3629, numRuns: 5000 },
    );
  });
});
