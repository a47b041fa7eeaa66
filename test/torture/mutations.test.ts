// Seeded mutations of the torture messages through parsing, validation and every lazily parsed value.
// 100,000 in the usual run, 1,000,000 with PORTICO_LONG: none throws, and each is taken or refused for a reason that has a text.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sipErrorText } from "../../src/sip/errors.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { scanErrorText } from "../../src/sip/scan.ts";
import { parseSdp, Sdp } from "../../src/sip/sdp.ts";
import { validateMessage } from "../../src/sip/validate.ts";
import { bytesOf } from "../../src/util/bytes.ts";

const FOLDER = fileURLToPath(new URL("./messages/", import.meta.url));
const LONG = process.env["PORTICO_LONG"] !== undefined;
const ROUNDS = LONG ? 1_000_000 : 100_000;
const SEPARATORS = bytesOf('"\\<>;,:=@[]()%?&/\r\n \0*');

/** A xorshift generator: unsigned 32-bit numbers, the same for the same seed. */
function random(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** A copy of `source` with one to six changes. */
function mutate(source: Uint8Array, next: () => number): Uint8Array {
  let bytes = source.slice();
  for (let left = 1 + (next() % 6); left > 0; left--) {
    const at = next() % bytes.length;
    switch (next() % 4) {
      case 0:
        bytes[at] = SEPARATORS[next() % SEPARATORS.length]!;
        break;
      case 1:
        bytes[at] = next() & 0xff;
        break;
      case 2: {
        const from = next() % bytes.length;
        bytes.copyWithin(at, from, from + (next() % 40));
        break;
      }
      default:
        if (next() % 20 === 0) bytes = bytes.slice(0, at + 1);
    }
  }
  return bytes;
}

test(`${ROUNDS} mutated messages are parsed or refused with a reason`, () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".dat"));
  const corpus = files.sort().map((name) => new Uint8Array(readFileSync(`${FOLDER}${name}`)));
  const next = random(20260101);
  const msg = new SipMessage();
  const sdp = new Sdp();
  const reasons = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = mutate(corpus[next() % corpus.length]!, next);
    const refused = msg.parse(bytes, 0, bytes.length);
    const code = refused || validateMessage(msg);
    const reason = refused === 0 ? sipErrorText(code) : scanErrorText(code);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (refused !== 0) continue;
    msg.via();
    msg.secondVia();
    msg.from();
    msg.to();
    msg.cseq();
    msg.originalUri();
    parseSdp(bytes, msg.bodyStart, msg.end, sdp);
  }
  // The mutations reach most of the reasons there are, and leave enough messages whole.
  expect(reasons.get("no error")).toBeGreaterThan(ROUNDS / 50);
  expect(reasons.size).toBeGreaterThan(35);
}, 120_000);
