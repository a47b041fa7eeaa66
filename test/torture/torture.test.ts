// Runs the torture messages of RFC 4475 and RFC 5118 (messages/*.dat) through SipMessage and the header grammars,
// and holds the outcome against expectations.ts.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseDate } from "../../src/sip/date.ts";
import { DigestRange, parseDigest } from "../../src/sip/digest.ts";
import { sipErrorText } from "../../src/sip/errors.ts";
import { H } from "../../src/sip/headers.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { nextListToken, parseMaxForwards, parseQ, TokenRange } from "../../src/sip/misc.ts";
import { NameAddrRange, parseContact } from "../../src/sip/name-addr.ts";
import { ID, NAME_END, NAME_START, STRIDE, scanErrorText, VALUE_END, VALUE_START } from "../../src/sip/scan.ts";
import { parseSdp, Sdp } from "../../src/sip/sdp.ts";
import { validateMessage } from "../../src/sip/validate.ts";
import { parseVia, ViaRange } from "../../src/sip/via.ts";
import { bytesOf, textOf, toUnicode } from "../../src/util/bytes.ts";
import { EXPECTATIONS, type Values } from "./expectations.ts";

const FOLDER = fileURLToPath(new URL("./messages/", import.meta.url));

function load(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${FOLDER}${name}.dat`));
}

/** Parse and validate: the first refusal, or 0. */
function outcome(msg: SipMessage, bytes: Uint8Array): number {
  return msg.parse(bytes, 0, bytes.length) || validateMessage(msg);
}

const explain = (code: number): string => (code >= 200 ? scanErrorText(code) : sipErrorText(code));

/** The ranges of all headers with an id: value start and end. */
function* values(msg: SipMessage, id: number): Generator<readonly [number, number]> {
  for (let h = msg.find(id); h >= 0; h = msg.find(id, h + 1)) {
    yield [msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!];
  }
}

function part(msg: SipMessage, start: number, end: number): string | null {
  return start < 0 ? null : textOf(msg.buf, start, end);
}

function readVias(msg: SipMessage): { texts: string[]; transports: number[] } {
  const texts: string[] = [];
  const transports: number[] = [];
  const via = new ViaRange();
  for (const [start, end] of values(msg, H.VIA)) {
    for (let pos = start; pos >= 0; pos = via.next) {
      expect(parseVia(msg.buf, pos, end, via)).toBe(0);
      const port = via.port < 0 ? "-" : String(via.port);
      const transport = part(msg, via.transportStart, via.transportEnd);
      const branch = part(msg, via.branchStart, via.branchEnd) ?? "-";
      const received = part(msg, via.receivedStart, via.receivedEnd) ?? "-";
      texts.push(`${transport} ${part(msg, via.hostStart, via.hostEnd)} ${port} ${branch} ${received}`);
      transports.push(via.transport);
    }
  }
  return { texts, transports };
}

function readAddresses(msg: SipMessage, id: number): NameAddrRange[] {
  const found: NameAddrRange[] = [];
  for (const [start, end] of values(msg, id)) {
    for (let pos = start; pos >= 0; pos = found[found.length - 1]!.next) {
      const addr = new NameAddrRange();
      expect(parseContact(msg.buf, pos, end, addr)).toBe(0);
      found.push(addr);
    }
  }
  return found;
}

function readTokens(msg: SipMessage, id: number): string[] {
  const found: string[] = [];
  const token = new TokenRange();
  for (const [start, end] of values(msg, id)) {
    for (let pos = start; nextListToken(msg.buf, pos, end, token) === 0; pos = token.next) {
      found.push(textOf(msg.buf, token.start, token.end));
    }
  }
  return found;
}

function readSdp(msg: SipMessage): { addresses: string[]; ports: number[] } {
  const sdp = new Sdp();
  expect(parseSdp(msg.buf, msg.bodyStart, msg.end, sdp)).toBe(0);
  const media = sdp.media.slice(0, sdp.mediaCount);
  const addresses = [sdp, ...media].map((p) => part(msg, p.addressStart, p.addressEnd) ?? "-");
  return { addresses, ports: media.map((m) => m.port) };
}

/** Everything `Values` can ask for, read from a message. */
function readAll(msg: SipMessage, wanted: Values): Record<string, unknown> {
  const { buf } = msg;
  const uri = msg.originalUri();
  const from = msg.from();
  const to = msg.to();
  const vias = readVias(msg);
  const contacts = readAddresses(msg, H.CONTACT);
  const first = contacts[0];
  const maxForwards = [...values(msg, H.MAX_FORWARDS)][0];
  const date = [...values(msg, H.DATE)][0];
  const authorization = [...values(msg, H.AUTHORIZATION)][0];
  const digest = new DigestRange();
  if (authorization !== undefined) expect(parseDigest(buf, authorization[0], authorization[1], digest)).toBe(0);
  const sdp = wanted.sdpAddresses || wanted.sdpPorts ? readSdp(msg) : undefined;
  const length = msg.uint(H.CONTENT_LENGTH);
  return {
    method: msg.methodText(),
    status: msg.status,
    reason: toUnicode(textOf(buf, msg.reasonStart, msg.reasonEnd)),
    uri: msg.isRequest ? msg.requestUri() : null,
    uriUser: uri && part(msg, uri.userStart, uri.userEnd),
    uriPassword: uri && part(msg, uri.passwordStart, uri.passwordEnd),
    uriHost: uri && part(msg, uri.hostStart, uri.hostEnd),
    uriPort: uri?.port,
    uriScheme: uri?.scheme,
    callId: msg.header(H.CALL_ID),
    cseq: msg.cseq()?.number,
    fromUri: from && part(msg, from.uriStart, from.uriEnd),
    fromDisplay: from && part(msg, from.displayStart, from.displayEnd),
    fromTag: from && part(msg, from.tagStart, from.tagEnd),
    toUri: to && part(msg, to.uriStart, to.uriEnd),
    toDisplay: to && part(msg, to.displayStart, to.displayEnd),
    toTag: to && part(msg, to.tagStart, to.tagEnd),
    vias: vias.texts,
    viaTransports: vias.transports,
    contacts: contacts.map((c) => part(msg, c.uriStart, c.uriEnd)),
    contactParams: first && (part(msg, first.paramsStart, first.paramsEnd) ?? ""),
    contactQ: first && parseQ(buf, first.qStart, first.qEnd),
    routes: readAddresses(msg, H.ROUTE).map((r) => part(msg, r.uriStart, r.uriEnd)),
    maxForwards: maxForwards && parseMaxForwards(buf, maxForwards[0], maxForwards[1]),
    contentLength: length,
    contentType: msg.header(H.CONTENT_TYPE)?.split(";")[0],
    require: readTokens(msg, H.REQUIRE),
    date: date && parseDate(buf, date[0], date[1]),
    authScheme: part(msg, digest.schemeStart, digest.schemeEnd),
    sdpAddresses: sdp?.addresses,
    sdpPorts: sdp?.ports,
    after: msg.end - msg.bodyStart - Math.max(0, length),
    others: wanted.others?.map(([name]) => [name, otherHeader(msg, name)]),
  };
}

/** Value of a header that must have no id, found by its exact name. */
function otherHeader(msg: SipMessage, name: string): string | null {
  for (let h = 0; h < msg.headerCount; h++) {
    const at = h * STRIDE;
    const found = textOf(msg.buf, msg.index[at + NAME_START]!, msg.index[at + NAME_END]!);
    if (found === name && msg.index[at + ID] === H.OTHER) return msg.value(h);
  }
  return null;
}

describe("torture messages", () => {
  test("each file has an expectation and each expectation a file", () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith(".dat"));
    expect(files.map((name) => name.slice(0, -4)).sort()).toEqual(EXPECTATIONS.map((e) => e.name).sort());
  });

  for (const { name, rfc, section, why, error, values: wanted } of EXPECTATIONS) {
    test(`RFC ${rfc} ${section} ${name}: ${why}`, () => {
      const msg = new SipMessage();
      const bytes = load(name);
      const code = outcome(msg, bytes);
      expect(explain(code)).toBe(explain(error));
      expect(code).toBe(error);
      if (wanted === undefined) return;
      const found = readAll(msg, wanted);
      const asked = Object.fromEntries(Object.keys(wanted).map((key) => [key, found[key]]));
      expect(asked).toEqual(wanted);
    });
  }

  test("dblreq: what follows the first request is a request of its own", () => {
    const bytes = load("dblreq");
    const msg = new SipMessage();
    expect(outcome(msg, bytes)).toBe(0);
    const second = new SipMessage();
    expect(second.parse(bytes, msg.bodyStart, bytes.length)).toBe(0);
    expect(second.methodText()).toBe("INVITE");
    expect(validateMessage(second)).toBe(0);
  });

  test("no prefix of a torture message makes the parsers throw", () => {
    const msg = new SipMessage();
    for (const { name } of EXPECTATIONS) {
      const bytes = load(name);
      const step = bytes.length > 1200 ? 7 : 1;
      for (let n = 0; n < bytes.length; n += step) expect(outcome(msg, bytes.slice(0, n))).toBeGreaterThanOrEqual(0);
    }
  });

  test("each message survives the change of any one of its bytes", () => {
    const msg = new SipMessage();
    for (const { name } of EXPECTATIONS) {
      const bytes = load(name);
      for (let i = 0; i < bytes.length; i += 3) {
        const kept = bytes[i]!;
        for (const other of bytesOf('\x00"<>;,:@\r\n\xff')) {
          bytes[i] = other;
          expect(outcome(msg, bytes)).toBeGreaterThanOrEqual(0);
        }
        bytes[i] = kept;
      }
    }
  });
});
