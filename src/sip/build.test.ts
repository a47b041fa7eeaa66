import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import { markSource, NO_ROOM, writeForwardedReply, writeForwardedRequest, writeReply } from "./build.ts";
import { Edits } from "./edits.ts";
import { SipMessage } from "./message.ts";

const out = new Uint8Array(8192);
const source = { address: "192.0.2.7", port: 4242 };

function parse(lines: string[], body = ""): SipMessage {
  const msg = new SipMessage();
  const bytes = bytesOf(`${lines.join("\r\n")}\r\n\r\n${body}`);
  expect(msg.parse(bytes, 0, bytes.length)).toBe(0);
  return msg;
}

function invite(via: string, more: string[] = []): SipMessage {
  return parse(
    [
      "INVITE sip:bob@b SIP/2.0",
      `Via: ${via}`,
      ...more,
      "Max-Forwards: 70",
      "From: <sip:a@a>;tag=1",
      "To: <sip:bob@b>",
      "Call-ID: c",
      "CSeq: 1 INVITE",
      "Content-Length: 2",
    ],
    "hi",
  );
}

describe("writeReply", () => {
  test("copies what RFC 3261 8.2.6 asks for, in order, with rport, received and a tag", () => {
    const msg = invite("SIP/2.0/UDP 10.0.0.1:5061;rport;branch=z9hG4bKa", [
      "Record-Route: <sip:p;lr>",
      "Via: SIP/2.0/UDP 10.0.0.9",
    ]);
    const end = writeReply(msg, source, 180, "Ringing", "tt", true, "X: y\r\n", "Server: s\r\n", "", out);
    expect(textOf(out, 0, end)).toBe(
      [
        "SIP/2.0 180 Ringing",
        "Via: SIP/2.0/UDP 10.0.0.1:5061;rport=4242;branch=z9hG4bKa;received=192.0.2.7",
        "Record-Route: <sip:p;lr>",
        "Via: SIP/2.0/UDP 10.0.0.9",
        "From: <sip:a@a>;tag=1",
        "To: <sip:bob@b>;tag=tt",
        "Call-ID: c",
        "CSeq: 1 INVITE",
        "X: y",
        "Server: s",
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n"),
    );
  });
  test("adds received alone when sent-by is another address, and nothing when it is right", () => {
    let end = writeReply(invite("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa"), source, 200, "OK", "", false, "", "", "", out);
    expect(textOf(out, 0, end)).toContain("Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;received=192.0.2.7\r\n");
    end = writeReply(invite("SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa"), source, 200, "OK", "", false, "", "", "", out);
    expect(textOf(out, 0, end)).toContain("Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n");
  });
  test("a forced rport brings no received along when sent-by says it", () => {
    for (const [host, more] of [
      ["192.0.2.7", ""],
      ["10.0.0.1", ";received=192.0.2.7"],
    ]) {
      const msg = invite(`SIP/2.0/UDP ${host}:5061;branch=z9hG4bKa`);
      msg.forceRport = true;
      const end = writeReply(msg, source, 200, "OK", "", false, "", "", "", out);
      expect(textOf(out, 0, end)).toContain(`Via: SIP/2.0/UDP ${host}:5061;branch=z9hG4bKa;rport=4242${more}\r\n`);
      markSource(msg, source);
      const sent = writeForwardedRequest(msg, null, "", "", out);
      expect(textOf(out, 0, sent)).toContain(`Via: SIP/2.0/UDP ${host}:5061;rport=4242${more};branch=z9hG4bKa\r\n`);
    }
  });
  test("puts our port over what a client says in rport, whatever stands around the equals sign", () => {
    const msg = invite("SIP/2.0/UDP 10.0.0.1;rport = 5;branch=z9hG4bKa");
    const end = writeReply(msg, source, 200, "OK", "", false, "", "", "", out);
    expect(textOf(out, 0, end)).toContain(
      "Via: SIP/2.0/UDP 10.0.0.1;rport = 4242;branch=z9hG4bKa;received=192.0.2.7\r\n",
    );
  });
  test("says when the output would not fit", () => {
    expect(writeReply(invite("SIP/2.0/UDP h"), source, 200, "OK", "", false, "", "", "", new Uint8Array(100))).toBe(
      NO_ROOM,
    );
  });
});

describe("writeForwardedRequest", () => {
  test("puts our Via on top, Record-Route above it, marks the source, replaces the R-URI", () => {
    const msg = invite("SIP/2.0/UDP 10.0.0.1:5061;branch=z9hG4bKa;rport");
    markSource(msg, source);
    markSource(msg, source);
    const viaAt = msg.index[1]!;
    msg.edits.add(viaAt, 0, "Record-Route: <sip:one;lr>\r\n");
    msg.edits.addFirst(viaAt, 0, "Record-Route: <sip:two;lr>\r\n");
    msg.newUri = "sip:bob@192.0.2.99";
    const end = writeForwardedRequest(
      msg,
      null,
      "Via: SIP/2.0/UDP us;branch=z9hG4bKb\r\n",
      "Route: <sip:path;lr>\r\n",
      out,
    );
    expect(textOf(out, 0, end).split("\r\n")).toEqual([
      "INVITE sip:bob@192.0.2.99 SIP/2.0",
      "Route: <sip:path;lr>",
      "Record-Route: <sip:two;lr>",
      "Record-Route: <sip:one;lr>",
      "Via: SIP/2.0/UDP us;branch=z9hG4bKb",
      "Via: SIP/2.0/UDP 10.0.0.1:5061;received=192.0.2.7;branch=z9hG4bKa;rport=4242",
      "Max-Forwards: 70",
      "From: <sip:a@a>;tag=1",
      "To: <sip:bob@b>",
      "Call-ID: c",
      "CSeq: 1 INVITE",
      "Content-Length: 2",
      "",
      "hi",
    ]);
  });
});

describe("Content-Length", () => {
  test("follows edits of the body, and is added where there is none", () => {
    const msg = invite("SIP/2.0/UDP 192.0.2.7");
    msg.edits.add(msg.bodyStart, 1, "hello ");
    const end = writeForwardedRequest(msg, null, "Via: us\r\n", "", out);
    expect(textOf(out, 0, end)).toMatch(/Content-Length: 7\r\n\r\nhello i$/);
    expect(msg.edits.count).toBe(1);
    const bare = parse(["SIP/2.0 200 OK", "Via: SIP/2.0/UDP us", "Via: SIP/2.0/UDP them"], "body");
    bare.edits.add(bare.bodyStart, 4, "");
    expect(textOf(out, 0, writeForwardedReply(bare, out))).toBe(
      "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP them\r\nContent-Length: 0\r\n\r\n",
    );
  });
});

describe("writeForwardedReply", () => {
  const rest = ["From: <sip:a@a>;tag=1", "To: <sip:b@b>;tag=2", "Call-ID: c", "CSeq: 1 BYE"];
  test("drops the topmost Via header, or only its first value", () => {
    let msg = parse(["SIP/2.0 200 OK", "Via: SIP/2.0/UDP us;branch=z9hG4bKb", "Via: SIP/2.0/UDP them", ...rest]);
    expect(textOf(out, 0, writeForwardedReply(msg, out)).split("\r\n").slice(0, 2)).toEqual([
      "SIP/2.0 200 OK",
      "Via: SIP/2.0/UDP them",
    ]);
    msg = parse(["SIP/2.0 200 OK", "v: SIP/2.0/UDP us;branch=z9hG4bKb , SIP/2.0/UDP them", ...rest]);
    expect(textOf(out, 0, writeForwardedReply(msg, out)).split("\r\n").slice(0, 2)).toEqual([
      "SIP/2.0 200 OK",
      "v: SIP/2.0/UDP them",
    ]);
  });
});

describe("Edits", () => {
  test("any edits give the text that doing them one by one on a string gives", () => {
    const edit = fc.record({
      pos: fc.nat(60),
      del: fc.nat(8),
      text: fc.string({ maxLength: 4 }).map((s) => s.replace(/[^a-z]/g, "x")),
    });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), (list) => {
        const src = bytesOf("0123456789".repeat(7));
        const edits = new Edits();
        for (const e of list) edits.add(e.pos, e.del, e.text);
        // reference: mark deleted bytes, hang texts at their positions
        const gone = new Set<number>();
        const at = new Map<number, string>();
        for (const e of list) {
          for (let i = 0; i < e.del; i++) gone.add(e.pos + i);
          at.set(e.pos, (at.get(e.pos) ?? "") + e.text);
        }
        let expected = "";
        for (let i = 0; i < 70; i++) expected += (at.get(i) ?? "") + (gone.has(i) ? "" : String.fromCharCode(src[i]!));
        const end = edits.write(out, 0, src, 0, 70, true);
        expect(textOf(out, 0, end)).toBe(expected);
        expect(end - 70).toBe(edits.delta(0));
        const copy = edits.clone();
        copy.add(3, 1, "only in the copy");
        expect(textOf(out, 0, edits.write(out, 0, src, 0, 70, true))).toBe(expected);
        // in two parts at any place no deletion spans, the parts join to the whole
        for (const cut of [10, 30, 50]) {
          const a = edits.write(out, 0, src, 0, cut);
          const b = edits.write(out, a, src, cut, 70, true);
          expect(textOf(out, 0, b)).toBe(expected);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
