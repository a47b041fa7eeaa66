// ACK and CANCEL against RFC 3261 17.1.1.3 and 9.1: what is copied, from where, and what is left out.

import { describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import { writeAck, writeCancel } from "./build-hop.ts";
import { SipMessage } from "./message.ts";

const INVITE = [
  "INVITE sip:b@10.0.0.2:5062 SIP/2.0",
  "Record-Route: <sip:p;lr>",
  "Via: SIP/2.0/UDP p:5060;branch=z9hG4bK1.2.0",
  "v: SIP/2.0/UDP c;branch=z9hG4bKc",
  "Max-Forwards: 69",
  "Route: <sip:r1;lr>, <sip:r2;lr>",
  "f: <sip:a@x>;tag=f",
  "To: <sip:b@y>",
  "i: id@c",
  "CSeq:  7   INVITE",
  "Route: <sip:r3;lr>",
  "Contact: <sip:a@c>",
  "Supported: timer",
  "Content-Type: application/sdp",
  "Content-Length: 3",
  "",
  "v=0",
].join("\r\n");

const REPLY =
  "SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP p:5060;branch=z9hG4bK1.2.0\r\nt: <sip:b@y>;tag=u\r\nFrom: <sip:a@x>;tag=f\r\nCall-ID: id@c\r\nCSeq: 7 INVITE\r\n\r\n";

const HEAD = [
  "Via: SIP/2.0/UDP p:5060;branch=z9hG4bK1.2.0",
  "Max-Forwards: 69",
  "Route: <sip:r1;lr>, <sip:r2;lr>",
  "f: <sip:a@x>;tag=f",
];

function parsed(text: string): SipMessage {
  const msg = new SipMessage();
  const bytes = bytesOf(text);
  expect(msg.parse(bytes, 0, bytes.length)).toBe(0);
  return msg;
}

describe("writeAck", () => {
  test("takes To of the reply and all else of the INVITE, one Via, all Routes, no body", () => {
    const out = new Uint8Array(4096);
    const end = writeAck(bytesOf(INVITE), parsed(REPLY), out);
    expect(textOf(out, 0, end).split("\r\n")).toEqual([
      "ACK sip:b@10.0.0.2:5062 SIP/2.0",
      ...HEAD,
      "t: <sip:b@y>;tag=u",
      "i: id@c",
      "CSeq: 7   ACK",
      "Route: <sip:r3;lr>",
      "Content-Length: 0",
      "",
      "",
    ]);
    parsed(textOf(out, 0, end));
  });

  test("says when there is no room", () => {
    expect(writeAck(bytesOf(INVITE), parsed(REPLY), new Uint8Array(100))).toBe(-1);
  });
});

describe("writeCancel", () => {
  test("takes To of the INVITE and adds the given lines", () => {
    const out = new Uint8Array(4096);
    const end = writeCancel(bytesOf(INVITE), "Reason: SIP;cause=200\r\n", out);
    expect(textOf(out, 0, end).split("\r\n")).toEqual([
      "CANCEL sip:b@10.0.0.2:5062 SIP/2.0",
      ...HEAD,
      "To: <sip:b@y>",
      "i: id@c",
      "CSeq: 7   CANCEL",
      "Route: <sip:r3;lr>",
      "Content-Length: 0",
      "Reason: SIP;cause=200",
      "",
      "",
    ]);
    parsed(textOf(out, 0, end));
  });

  test("takes our value alone out of a Via that has several", () => {
    const joined = INVITE.replace("z9hG4bK1.2.0\r\nv: SIP", "z9hG4bK1.2.0, SIP");
    const out = new Uint8Array(4096);
    const text = textOf(out, 0, writeCancel(bytesOf(joined), "", out));
    expect(text).toContain("\r\nVia: SIP/2.0/UDP p:5060;branch=z9hG4bK1.2.0\r\n");
    expect(text).not.toContain("z9hG4bKc");
  });
});

describe("of what is taken", () => {
  const model = INVITE.replace("Route: <sip:r3;lr>", "Route: <sip:r3;lr>\r\nX-Mine-1: a\r\nx-mine-2: b\r\nX-Other: c");

  test("headers by the beginning of their names go along", () => {
    const out = new Uint8Array(4096);
    const style = { extraHeaders: "x-mine-", received: null };
    for (const end of [
      writeCancel(bytesOf(model), "", out, style),
      writeAck(bytesOf(model), parsed(REPLY), out, style),
    ]) {
      const text = textOf(out, 0, end);
      expect(text).toContain("\r\nX-Mine-1: a\r\n");
      expect(text).toContain("\r\nx-mine-2: b\r\n");
      expect(text).not.toContain("X-Other");
    }
  });

  test("or all of it from the INVITE as it came, but for our Via and the first line", () => {
    const came = INVITE.replace("Route: <sip:r3;lr>", "Route: <sip:us;lr>, <sip:r3;lr>").replace(
      "INVITE sip:b@10.0.0.2:5062",
      "INVITE sip:b@y",
    );
    const out = new Uint8Array(4096);
    const text = textOf(out, 0, writeCancel(bytesOf(INVITE), "", out, { extraHeaders: "", received: bytesOf(came) }));
    expect(text).toContain("CANCEL sip:b@10.0.0.2:5062 SIP/2.0\r\n");
    expect(text).toContain("\r\nRoute: <sip:us;lr>, <sip:r3;lr>\r\n");
    expect(text.match(/^(Via|v):/gim)).toHaveLength(1);
    parsed(text);
  });
});
