// Every grammar against mutated and hostile input: nothing throws, ranges stay inside, cost stays linear.
// Linear is held by size, not by the clock: with 64 KB of any pattern a square cost would be 4 G steps, beyond the test's time.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { address, headerParam, hostileTexts, mutated, sipUri, viaValue } from "../../test/support/sip-arbitraries.ts";
import { bytesOf } from "../util/bytes.ts";
import { CseqRange, parseCseq } from "./cseq.ts";
import { parseDate } from "./date.ts";
import { checkCredentials, DigestRange, parseDigest } from "./digest.ts";
import { nextValue } from "./list.ts";
import {
  ContentTypeRange,
  checkCallId,
  checkTokenList,
  checkWarning,
  parseContentType,
  parseEvent,
  parseNumber,
  parseQ,
  parseRack,
  parseRetryAfter,
  RackRange,
  TokenParamsRange,
} from "./misc.ts";
import { NameAddrRange, parseContact } from "./name-addr.ts";
import { findParam, ParamRange } from "./params.ts";
import { parseSdp, Sdp } from "./sdp.ts";
import { findUriParam, parseUri, UriParamRange, UriRange } from "./uri.ts";
import { urisEqual } from "./uri-compare.ts";
import { parseVia, ViaRange } from "./via.ts";

type Run = (buf: Uint8Array, start: number, end: number) => object;

const uri = new UriRange();
const via = new ViaRange();
const addr = new NameAddrRange();
const cseq = new CseqRange();
const digest = new DigestRange();
const sdp = new Sdp();
const type = new ContentTypeRange();
const tokenParams = new TokenParamsRange();
const rack = new RackRange();
const param = new ParamRange();
const uriParam = new UriParamRange();

/** Each grammar over a whole range, lists to their end. The returned record is checked for ranges. */
const RUNS: Record<string, Run> = {
  uri: (buf, start, end) => {
    if (parseUri(buf, start, end, uri) === 0) {
      findUriParam(buf, uri.paramsStart, uri.paramsEnd, "none", uriParam);
      expect(urisEqual(buf, uri, buf, uri)).toBe(true);
    }
    return uri;
  },
  via: (buf, start, end) => {
    for (let pos = start; pos >= 0 && parseVia(buf, pos, end, via) === 0; ) pos = via.next;
    return via;
  },
  contact: (buf, start, end) => {
    for (let pos = start; pos >= 0 && parseContact(buf, pos, end, addr) === 0; ) pos = addr.next;
    return addr;
  },
  cseq: (buf, start, end) => {
    parseCseq(buf, start, end, cseq);
    return { ...cseq, number: 0 };
  },
  digest: (buf, start, end) => {
    for (let pos = start; pos >= 0 && parseDigest(buf, pos, end, digest) === 0; ) pos = digest.next;
    checkCredentials(digest);
    return {
      schemeStart: digest.schemeStart,
      schemeEnd: digest.schemeEnd,
      wordStart: digest.wordStart,
      wordEnd: digest.wordEnd,
    };
  },
  sdp: (buf, start, end) => {
    parseSdp(buf, start, end, sdp);
    return { start: sdp.start, end: sdp.end, addressStart: sdp.addressStart, addressEnd: sdp.addressEnd };
  },
  contentType: (buf, start, end) => {
    for (let pos = start; pos >= 0 && parseContentType(buf, pos, end, type) === 0; ) pos = type.next;
    return type;
  },
  event: (buf, start, end) => {
    parseEvent(buf, start, end, tokenParams);
    return tokenParams;
  },
  small: (buf, start, end) => {
    parseDate(buf, start, end);
    parseNumber(buf, start, end);
    parseQ(buf, start, end);
    parseRetryAfter(buf, start, end);
    parseRack(buf, start, end, rack);
    checkCallId(buf, start, end);
    checkTokenList(buf, start, end);
    checkWarning(buf, start, end);
    for (let pos = start; pos < end; ) pos = nextValue(buf, pos, end) + 1;
    findParam(buf, start, end, "none", param);
    return {};
  },
};

/** Every number of a record that is a position lies in the range or is -1, and starts come before ends. */
function inside(record: object, start: number, end: number): void {
  const entries = record as Record<string, number>;
  for (const [key, value] of Object.entries(entries)) {
    if (!/(^start|^end|Start|End|^next)$/.test(key)) continue;
    if (value !== -1 && (value < start || value > end)) throw new Error(`${key} is ${value}, outside ${start}..${end}`);
    const partner = key.endsWith("Start") ? entries[`${key.slice(0, -5)}End`] : undefined;
    if (partner !== undefined && partner !== -1 && value > partner) throw new Error(`${key} lies behind its end`);
  }
}

const params = fc.array(headerParam, { maxLength: 4 }).map((list) => list.map(({ text }) => text).join(""));
const DIGEST =
  'Digest username="a\\"b", realm="r", nonce=n1, uri="sip:a@b", qop=auth, nc=00000001, cnonce="x", response="y"';
const SDP =
  "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\nm=audio 1/2 RTP/AVP 0 8\r\na=rtcp:3 IN IP4 1.2.3.4\r\n" +
  "a=candidate:1 1 UDP 1 1.2.3.4 5 typ host\r\na=sendonly\r\n";
const valid = fc.oneof(
  sipUri.map(({ text }) => text),
  viaValue.map(({ text }) => text),
  address.map(({ text }) => text),
  params,
  fc.constantFrom(
    DIGEST,
    SDP,
    "1 INVITE",
    "a/b;c=d",
    "1 1 INVITE",
    'a;id=1;expires=2;x="y"',
    '307 h "t"',
    "18000 (c);d=3",
  ),
);

describe("hostile input", () => {
  for (const [name, run] of Object.entries(RUNS)) {
    test(`${name}: mutated bytes give a code, and ranges inside what was given`, () => {
      fc.assert(
        fc.property(mutated(valid), (text) => {
          const bytes = bytesOf(`"<${text}>",;`);
          inside(run(bytes, 2, 2 + text.length), 2, 2 + text.length);
        }),
        { seed: 20, numRuns: 3000 },
      );
    }, 30_000);

    test(`${name}: 64 KB of any pattern is done at once`, () => {
      for (const text of hostileTexts()) {
        const bytes = bytesOf(text);
        run(bytes, 0, bytes.length);
      }
    }, 30_000);
  }
});
