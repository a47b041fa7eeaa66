// Mutated messages through the parser, the lazily parsed values and everything that builds a message from another.

import { expect, test } from "vitest";
import { markSource, NO_ROOM, writeForwardedReply, writeForwardedRequest, writeReply } from "../../src/sip/build.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { validateMessage } from "../../src/sip/validate.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { heapInUse } from "../support/heap.ts";
import { corpus, mutate, ROUNDS, randomFrom, SEED } from "./mutate.ts";

const megabytes = () => heapInUse() / 2 ** 20;

const SOURCE = { address: "192.0.2.77", port: 5099 };
const VIA = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnew\r\n";

test(`${ROUNDS} mutated messages are parsed and built from`, { timeout: 600_000 }, () => {
  const seeds = corpus();
  const msg = new SipMessage();
  const again = new SipMessage();
  const out = new Uint8Array(200_000);
  const next = randomFrom(SEED);
  let good = 0;
  let heap = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutate(seeds[next() % seeds.length]!, next);
    try {
      if (exercise(msg, again, bytesOf(text), out)) good++;
    } catch (error) {
      throw new Error(`seed ${SEED}, round ${round}: ${JSON.stringify(text.slice(0, 3000))}`, { cause: error });
    }
    if (round === 20_000) heap = megabytes();
  }
  // A mutation that leaves no message whole would prove nothing.
  expect(good).toBeGreaterThan(ROUNDS / 10);
  expect(megabytes() - heap).toBeLessThan(64);
});

/** Returns whether the message was one; throws when what is built from it is none. */
function exercise(msg: SipMessage, again: SipMessage, bytes: Uint8Array, out: Uint8Array): boolean {
  if (msg.parse(bytes, 0, bytes.length) !== 0) return false;
  const valid = validateMessage(msg) === 0;
  let end: number;
  if (msg.isRequest) {
    const replyEnd = writeReply(msg, SOURCE, 404, "Not Found", "tag", true, "X: y\r\n", "Server: s\r\n", "", out);
    if (replyEnd === NO_ROOM) throw new Error("no room for a reply");
    if (again.parse(out, 0, replyEnd) !== 0 || again.status !== 404) throw new Error("the reply is no message");
    markSource(msg, SOURCE);
    end = writeForwardedRequest(msg, "sip:new@192.0.2.20", VIA, "", out, 0, "Record-Route: <sip:192.0.2.1;lr>\r\n");
  } else {
    end = writeForwardedReply(msg, out);
  }
  if (end === NO_ROOM) throw new Error("no room for a forwarded message");
  if (again.parse(out, 0, end) !== 0) throw new Error("the forwarded message is no message");
  if (valid && msg.isRequest && again.requestUri() !== "sip:new@192.0.2.20") throw new Error("the R-URI is another");
  return true;
}
