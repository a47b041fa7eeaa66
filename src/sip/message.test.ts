import { describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import { H, HEADERS, headerId, headerIdOfName } from "./headers.ts";
import { SipMessage } from "./message.ts";
import { Method } from "./methods.ts";
import { findHeaderByName, MAX_HEADERS, ScanError } from "./scan.ts";

const INVITE = [
  "INVITE sip:bob@example.com SIP/2.0",
  "v: SIP/2.0/UDP 10.0.0.1:5061;branch=z9hG4bK1;rport, SIP/2.0/TCP 10.0.0.2;branch=z9hG4bK0",
  "Max-Forwards: 70",
  'f: "Alice" <sip:alice@example.com>;tag=a1',
  "To: <sip:bob@example.com>",
  "i: abc@host",
  "CSeq:  7   INVITE",
  "X-Folded: one",
  "  two",
  "\tthree",
  "Content-Length: 4",
  "",
  "body",
].join("\r\n");

function parse(text: string, lead = 0): SipMessage {
  const msg = new SipMessage();
  const bytes = bytesOf(" ".repeat(lead) + text);
  expect(msg.parse(bytes, lead, bytes.length)).toBe(0);
  return msg;
}

describe("SipMessage", () => {
  test("indexes headers in full and compact form and parses values on demand", () => {
    const msg = parse(INVITE);
    expect(msg.isRequest).toBe(true);
    expect(msg.method).toBe(Method.INVITE);
    expect(msg.requestUri()).toBe("sip:bob@example.com");
    expect(msg.headerCount).toBe(8);
    expect(msg.header(H.CALL_ID)).toBe("abc@host");
    expect(msg.cseq()?.number).toBe(7);
    const from = msg.from()!;
    expect(textOf(msg.buf, from.tagStart, from.tagEnd)).toBe("a1");
    expect(msg.to()?.tagStart).toBe(-1);
    expect(msg.via()?.port).toBe(5061);
    const second = msg.secondVia()!;
    expect(textOf(msg.buf, second.branchStart, second.branchEnd)).toBe("z9hG4bK0");
    expect(msg.uint(H.MAX_FORWARDS)).toBe(70);
    expect(msg.uint(H.EXPIRES)).toBe(-1);
    expect(textOf(msg.buf, msg.bodyStart, msg.end)).toBe("body");
  });

  test("keeps a folded value whole and finds unknown headers by name in any case", () => {
    const msg = parse(INVITE);
    const h = findHeaderByName(msg, "x-folded");
    expect(msg.value(h)).toBe("one\r\n  two\r\n\tthree");
  });

  test("own() keeps every offset right, also when the message does not begin at 0", () => {
    for (const lead of [0, 5]) {
      const msg = parse(INVITE, lead);
      msg.via();
      const shared = msg.buf;
      msg.own();
      shared.fill(0);
      expect(msg.cseq()?.number).toBe(7);
      expect(msg.via()?.port).toBe(5061);
      expect(msg.requestUri()).toBe("sip:bob@example.com");
      expect(textOf(msg.buf, msg.bodyStart, msg.end)).toBe("body");
      expect(msg.header(H.CONTENT_LENGTH)).toBe("4");
    }
  });

  test("an object is used again without anything of the earlier message", () => {
    const msg = parse(INVITE);
    msg.newUri = "sip:x@y";
    msg.edits.add(10, 1, "z");
    msg.flags = 3;
    msg.via();
    const reply = bytesOf("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nCSeq: 1 BYE\r\n\r\n");
    expect(msg.parse(reply, 0, reply.length)).toBe(0);
    expect([msg.isRequest, msg.status, msg.newUri, msg.edits.count, msg.flags]).toEqual([false, 180, null, 0, 0]);
    expect(msg.via()?.port).toBe(-1);
    expect(msg.secondVia()).toBeNull();
    expect(msg.methodText()).toBe("BYE");
  });

  test.each([
    ["", ScanError.EMPTY],
    ["\r\n\r\n", ScanError.EMPTY],
    ["INVITE sip:a SIP/2.0", ScanError.NO_END],
    ["INVITE sip:a SIP/2.0\r\nVia: x", ScanError.NO_END],
    ["INVITE sip:a SIP/2.0\r\nVia: x\r\n", ScanError.NO_END],
    ["INVITE sip:a SIP/3.0\r\n\r\n", ScanError.VERSION],
    ["INVITE sip:a HTTP/1.1\r\n\r\n", ScanError.VERSION],
    ["INVITE  SIP/2.0\r\n\r\n", ScanError.FIRST_LINE],
    ["INVITE sip:a b SIP/2.0\r\n\r\n", ScanError.FIRST_LINE],
    ["IN(VITE sip:a SIP/2.0\r\n\r\n", ScanError.FIRST_LINE],
    [" INVITE sip:a SIP/2.0\r\n\r\n", ScanError.METHOD],
    ["SIP/2.0 20 OK\r\n\r\n", ScanError.STATUS],
    ["SIP/2.0 700 OK\r\n\r\n", ScanError.STATUS],
    ["SIP/2.0 2000 OK\r\n\r\n", ScanError.STATUS],
    ["BYE sip:a SIP/2.0\r\nno colon here\r\n\r\n", ScanError.HEADER_NAME],
    ["BYE sip:a SIP/2.0\r\n: nameless\r\n\r\n", ScanError.HEADER_NAME],
    [`BYE sip:a SIP/2.0\r\n${"a: b\r\n".repeat(MAX_HEADERS + 1)}\r\n`, ScanError.TOO_MANY_HEADERS],
  ])("refuses %j", (text, code) => {
    const bytes = bytesOf(text);
    expect(new SipMessage().parse(bytes, 0, bytes.length)).toBe(code);
  });

  test("accepts bare line feeds, leading line ends and a reply without reason", () => {
    const msg = parse("\r\n\nSIP/2.0 200\nCSeq: 1 BYE\n\n");
    expect([msg.status, msg.headerCount]).toEqual([200, 1]);
  });
});

describe("headers", () => {
  test("every name and compact form of the table is found in any case", () => {
    for (const { id, name, compact } of HEADERS) {
      for (const form of [name, name.toUpperCase(), name.toLowerCase(), compact].filter((f) => f !== "")) {
        const bytes = bytesOf(form);
        expect([form, headerId(bytes, 0, bytes.length)]).toEqual([form, id]);
        expect(headerIdOfName(form)).toBe(id);
      }
    }
    for (const other of ["X-Via", "Vi", "Froms", "Call_ID", "q", ""]) {
      const bytes = bytesOf(other);
      expect(headerId(bytes, 0, bytes.length)).toBe(H.OTHER);
    }
  });
});
