// The stream framer: however they are cut, segments give the same messages, and what cannot be framed ends with its reason.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import { DEFAULT_LIMITS, FrameError, HttpFlag } from "./frame-rules.ts";
import { Framer } from "./framer.ts";

const OPTIONS = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\nContent-Length: 0\r\n\r\n";
const MESSAGE = "MESSAGE sip:a@b SIP/2.0\r\nl:  5 \r\nVia: SIP/2.0/TCP c\r\n\r\nhello";
const REPLY = "SIP/2.0 200 OK\r\ncontent-LENGTH :\r\n 4\r\nCSeq: 1 OPTIONS\r\n\r\n\r\n\r\n";
const GET = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const POST = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
const CHUNKED =
  'PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;n="\\";"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\n';
const EXPECT = "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc";
const UPGRADE = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n";

/** Feeds the text in pieces cut at the given lengths; returns what came out, in order. */
function frames(
  text: string,
  lengths: readonly number[] = [],
  limits = DEFAULT_LIMITS,
): { out: string[]; error: number } {
  const out: string[] = [];
  const framer = new Framer(
    {
      onSip: (buf, start, end) => void out.push(textOf(buf, start, end)),
      onHttp: (buf, start, end, flags) =>
        void out.push(`${(flags & HttpFlag.UPGRADE) !== 0 ? "upgrade" : "http"} ${textOf(buf, start, end)}`),
      onExpect: () => void out.push("continue"),
      onPing: () => void out.push("ping"),
    },
    limits,
  );
  const bytes = bytesOf(text);
  let error = 0;
  let at = 0;
  for (let i = 0; at < bytes.length && error === 0; i++) {
    const end = Math.min(bytes.length, at + (lengths.length > 0 ? lengths[i % lengths.length]! : bytes.length));
    // Each piece lies in a buffer of its own, overwritten afterwards, as a runtime may do.
    const piece = new Uint8Array(end - at + 6).fill(66);
    piece.set(bytes.subarray(at, end), 3);
    error = framer.feed(piece, 3, 3 + end - at);
    piece.fill(88);
    at = end;
  }
  return { out, error };
}

describe("framer", () => {
  test("messages of both kinds in one segment come out one by one", () => {
    const { out, error } = frames(OPTIONS + MESSAGE + GET + REPLY + POST + UPGRADE + OPTIONS);
    expect(error).toBe(0);
    expect(out).toEqual([OPTIONS, MESSAGE, `http ${GET}`, REPLY, `http ${POST}`, `upgrade ${UPGRADE}`, OPTIONS]);
  });

  test("two CRLF between messages are a ping, a single one is nothing (RFC 5626 4.4.1)", () => {
    expect(frames("\r\n\r\n").out).toEqual(["ping"]);
    expect(frames(`\r\n${OPTIONS}\r\n\r\n\r\n\r\n\r\n${OPTIONS}\r\n`).out).toEqual([OPTIONS, "ping", "ping", OPTIONS]);
    expect(frames("\r\n\r\n", [1]).out).toEqual(["ping"]);
    expect(frames("\r\r\n\n\r\n", [1]).out).toEqual([]);
  });

  test("any segmentation gives the same messages", () => {
    const parts = fc.constantFrom(OPTIONS, MESSAGE, REPLY, GET, POST, CHUNKED, EXPECT, UPGRADE, "\r\n\r\n", "\r\n");
    fc.assert(
      fc.property(
        fc.array(parts, { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }),
        (texts, lengths) => {
          const text = texts.join("");
          const whole = frames(text);
          expect(whole.error).toBe(0);
          for (const cuts of [lengths, [1]]) {
            const { out, error: bad } = frames(text, cuts);
            // whether a body is asked for depends on whether any of it has come
            expect({ out: out.filter((o) => o !== "continue"), error: bad }).toEqual(whole);
          }
        },
      ),
      { seed: 2, numRuns: 400 },
    );
  });

  test("a chunked body comes decoded behind its head, which stays as it is", () => {
    const head = CHUNKED.slice(0, CHUNKED.indexOf("\r\n\r\n") + 4);
    expect(frames(CHUNKED + GET).out).toEqual([`http ${head}abc0123456789`, `http ${GET}`]);
  });

  test("while it is paused nothing is handed out and nothing is lost", () => {
    const texts = [GET, CHUNKED, OPTIONS, POST, GET];
    for (const size of [1, 7, 1000]) {
      const out: string[] = [];
      let paused = 0;
      const framer = new Framer({
        onSip: (buf, start, end) => void out.push(textOf(buf, start, end)),
        onHttp: (buf, start, end) => {
          out.push(textOf(buf, start, end));
          framer.pause();
          paused++;
        },
        onExpect: () => {},
        onPing: () => {},
      });
      const bytes = bytesOf(texts.join(""));
      for (let at = 0; at < bytes.length; at += size) {
        const before = out.length;
        expect(framer.feed(bytes, at, Math.min(bytes.length, at + size))).toBe(0);
        expect(out.length - before).toBeLessThanOrEqual(1);
        expect(framer.partial && framer.paused).toBe(false);
        if (at % 3 === 0 && framer.paused) expect(framer.resume()).toBe(0);
      }
      while (framer.paused) expect(framer.resume()).toBe(0);
      expect(paused).toBe(4);
      expect(out.join("").replace(/\r\n/g, "")).toBe(
        texts
          .map((t) => (t === CHUNKED ? frames(t).out[0]!.slice(5) : t))
          .join("")
          .replace(/\r\n/g, ""),
      );
    }
  });

  test("any bytes, in any segmentation, end the same way and never throw", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "PUT /a HTTP/1.1\r\nHost: x\r\n",
        "Transfer-Encoding: chunked\r\n",
        "3;a=b\r\nabc\r\n",
        "0\r\n",
        "\r\n",
        "SIP/2.0",
        "l: ",
        "Content-Length: ",
        "\r\n",
        "\r\n\r\n",
        " ",
        "9",
        "GET / HTTP/1.1",
        "\n",
        "\r",
        "Upgrade: x",
      ),
      fc.string({ maxLength: 5 }),
      fc.constantFrom(OPTIONS, MESSAGE, GET),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (pieces, lengths) => {
          const text = pieces.join("");
          expect(frames(text, lengths)).toEqual(frames(text));
        },
      ),
      { seed: 3, numRuns: 2000 },
    );
  });

  test("what cannot be framed ends the stream with its reason", () => {
    const head = "OPTIONS sip:a@b SIP/2.0\r\n";
    const cases: [string, number][] = [
      ["\u0016\u0003\u0001", FrameError.NOT_SIP],
      ["hello\r\n\r\n", FrameError.NOT_SIP],
      ["GET / HTTP/2\r\n\r\n", FrameError.HTTP_LINE],
      [`${head}\r\n`, FrameError.NO_LENGTH],
      [`${head}Content-Length: x\r\n\r\n`, FrameError.BAD_LENGTH],
      [`${head}Content-Length:\r\n\r\n`, FrameError.BAD_LENGTH],
      [`${head}Content-Length: -1\r\n\r\n`, FrameError.BAD_LENGTH],
      [`${head}Content-Length: 1 1\r\n\r\n`, FrameError.BAD_LENGTH],
      [`${head}Content-Length: 5\r\nl: 6\r\n\r\n`, FrameError.BAD_LENGTH],
      [`${head}Content-Length: 999999999999\r\n\r\n`, FrameError.BAD_LENGTH],
      [`${head}Content-Length: 999999\r\n\r\n`, FrameError.MESSAGE_TOO_LONG],
      [`${head}X: ${"x".repeat(70_000)}`, FrameError.HEAD_TOO_LONG],
      ["POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", FrameError.HTTP_LENGTH],
      ["POST / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", FrameError.BARE_LF],
    ];
    for (const [text, code] of cases) {
      expect(frames(text).error, text.slice(0, 60)).toBe(code);
      expect(frames(text, [7]).error, text.slice(0, 60)).toBe(code);
    }
    expect(frames(`${head}Content-Length: 5\r\nl: 5\r\n\r\nhello`).error).toBe(0);
    const lax = { ...DEFAULT_LIMITS, acceptNoLength: true };
    expect(frames(`${head}\r\n${OPTIONS}`, [], lax).out).toEqual([`${head}\r\n`, OPTIONS]);
  });

  test("a whole message in a segment is not copied", () => {
    const bytes = bytesOf(OPTIONS + MESSAGE);
    const seen: Uint8Array[] = [];
    new Framer({ onSip: (buf) => void seen.push(buf), onHttp: () => {}, onExpect: () => {}, onPing: () => {} }).feed(
      bytes,
      0,
      bytes.length,
    );
    expect(seen.every((buf) => buf === bytes)).toBe(true);
    expect(seen.length).toBe(2);
  });

  test("the cost of a byte does not grow with the message", () => {
    const cost = (bodyLength: number) => {
      const text = `MESSAGE sip:a@b SIP/2.0\r\nX: ${"x".repeat(bodyLength / 4)}\r\nl: ${bodyLength}\r\n\r\n${"y".repeat(bodyLength)}`;
      const begun = performance.now();
      expect(frames(text, [1]).out.length).toBe(1);
      return (performance.now() - begun) / text.length;
    };
    cost(10_000);
    const small = cost(10_000);
    expect(cost(150_000)).toBeLessThan(8 * small + 0.001);
  });

  test("stop within a call ends the handing out", () => {
    let count = 0;
    const framer = new Framer({
      onSip: () => {
        count++;
        framer.stop();
      },
      onHttp: () => {},
      onExpect: () => {},
      onPing: () => {},
    });
    const bytes = bytesOf(OPTIONS + OPTIONS + OPTIONS.slice(0, 10));
    expect(framer.feed(bytes, 0, bytes.length)).toBe(0);
    expect(framer.feed(bytes, 0, bytes.length)).toBe(0);
    expect(count).toBe(1);
    expect(framer.partial).toBe(false);
  });
});
