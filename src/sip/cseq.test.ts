// CSeq, methods, reason phrases and error texts: the small closed tables.
import { describe, expect, test } from "vitest";
import { bytesOf, textOf } from "../util/bytes.ts";
import { CseqRange, parseCseq } from "./cseq.ts";
import { SipError, sipErrorText } from "./errors.ts";
import { Method, methodFromName, methodName, parseMethod } from "./methods.ts";
import { reasonPhrase } from "./reasons.ts";

describe("parseCseq", () => {
  const out = new CseqRange();
  const parse = (text: string) => parseCseq(bytesOf(`x${text}9`), 1, 1 + text.length, out);

  test.each([
    ["1 INVITE", 1, Method.INVITE, "INVITE"],
    [" 0009\r\n\t ACK ", 9, Method.ACK, "ACK"],
    ["2147483647 Novel-1", 2147483647, Method.UNKNOWN, "Novel-1"],
    ["0 invite", 0, Method.UNKNOWN, "invite"],
  ])("accepts %j", (text, number, method, name) => {
    expect(parse(text)).toBe(0);
    expect([out.number, out.method]).toEqual([number, method]);
    expect(textOf(bytesOf(`x${text}9`), out.methodStart, out.methodEnd)).toBe(name);
  });

  test.each([
    ["", SipError.CSEQ_NUMBER],
    ["INVITE", SipError.CSEQ_NUMBER],
    ["-1 INVITE", SipError.CSEQ_NUMBER],
    ["1INVITE", SipError.CSEQ_NUMBER],
    ["2147483648 INVITE", SipError.CSEQ_RANGE],
    [`${"9".repeat(5000)} INVITE`, SipError.CSEQ_RANGE],
    ["1", SipError.CSEQ_METHOD],
    ["1 ", SipError.CSEQ_METHOD],
    ["1 IN VITE", SipError.CSEQ_METHOD],
    ["1 INVITE;x", SipError.CSEQ_METHOD],
    ["1 <x>", SipError.CSEQ_METHOD],
  ])("refuses %j", (text, code) => {
    expect(parse(text)).toBe(code);
    expect(out.method).toBe(Method.UNKNOWN);
  });
});

describe("methods", () => {
  test("every name is found by its bytes, exactly", () => {
    for (const [name, id] of Object.entries(Method)) {
      expect(methodName(id)).toBe(name);
      expect(parseMethod(bytesOf(`<${name}>`), 1, 1 + name.length)).toBe(id);
      expect(methodFromName(name)).toBe(id);
      expect(parseMethod(bytesOf(name.toLowerCase()), 0, name.length)).toBe(Method.UNKNOWN);
      expect(parseMethod(bytesOf(`${name.slice(0, -1)}#`), 0, name.length)).toBe(Method.UNKNOWN);
    }
    expect(methodName(-1)).toBe("UNKNOWN");
    expect(parseMethod(bytesOf("X".repeat(99)), 0, 99)).toBe(Method.UNKNOWN);
    expect(parseMethod(new Uint8Array(0), 0, 0)).toBe(Method.UNKNOWN);
  });
});

describe("texts", () => {
  test("phrases of listed codes, and of their class for others", () => {
    expect([100, 200, 407, 486, 603].map(reasonPhrase)).toEqual([
      "Trying",
      "OK",
      "Proxy Authentication Required",
      "Busy Here",
      "Decline",
    ]);
    expect([199, 299, 499, 699, 99, 1000].map(reasonPhrase)).toEqual([
      "Early Dialog Terminated",
      "OK",
      "Bad Request",
      "Busy Everywhere",
      "",
      "Unknown",
    ]);
  });

  test("each error has a number and a text of its own", () => {
    const codes = Object.values(SipError);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(sipErrorText(code).length).toBeGreaterThan(4);
    expect(sipErrorText(9999)).toBe("malformed");
    // Numbers from 200 up belong to the scanner (scan.ts).
    expect(Math.max(...codes)).toBeLessThan(200);
  });
});
