// Deep validation: the first thing wrong is named. The torture messages (test/torture) hold most of it.
import { describe, expect, test } from "vitest";
import { bytesOf } from "../util/bytes.ts";
import { SipError, sipErrorText } from "./errors.ts";
import { SipMessage } from "./message.ts";
import { validateMessage } from "./validate.ts";

const BASE = {
  Via: "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx",
  From: "<sip:a@example.com>;tag=1",
  To: "<sip:b@example.com>",
  "Call-ID": "x@y",
  CSeq: "1 REGISTER",
  "Max-Forwards": "70",
};

/** A REGISTER with headers changed (null removes one) and lines added. */
function request(changes: Record<string, string | null>, body = "", line = "REGISTER sip:example.com SIP/2.0"): number {
  let text = `${line}\r\n`;
  for (const [name, value] of Object.entries({ ...BASE, ...changes })) {
    if (value !== null) for (const one of value.split("|")) text += `${name}: ${one}\r\n`;
  }
  const bytes = bytesOf(`${text}\r\n${body}`);
  const msg = new SipMessage();
  expect(msg.parse(bytes, 0, bytes.length)).toBe(0);
  return validateMessage(msg);
}

describe("validateMessage", () => {
  test.each<[Record<string, string | null>, number]>([
    [{}, 0],
    [{ "Max-Forwards": null }, 0],
    [{ Contact: "*", Expires: "0" }, 0],
    [{ Expires: "soon" }, 0],
    [{ Contact: "<sip:a@b>;expires=never;q=0.5, sip:c@d;q=1" }, 0],
    [{ Supported: "", Allow: "", Require: "a, b" }, 0],
    [{ Authorization: 'Digest username="a", realm="b"' }, 0],
    [{ Path: "<sip:p@q;lr>, <sip:r;lr>", Route: "<sip:[::1];lr>", "P-Asserted-Identity": "<tel:+1>, sip:a@b" }, 0],
    [{ Event: "presence;id=1", RAck: "1 1 INVITE", Date: "Sat, 13 Nov 2010 23:29:00 GMT" }, 0],
    [{ "X-Anything": '<<;;"' }, 0],
    [{ Via: null }, SipError.MSG_NO_VIA],
    [{ From: null }, SipError.MSG_NO_FROM],
    [{ To: null }, SipError.MSG_NO_TO],
    [{ "Call-ID": null }, SipError.MSG_NO_CALL_ID],
    [{ CSeq: null }, SipError.MSG_NO_CSEQ],
    [{ CSeq: "1 REGISTER|2 REGISTER" }, SipError.MSG_DUPLICATE_CSEQ],
    [{ CSeq: "1 register" }, SipError.MSG_CSEQ_MISMATCH],
    [{ "Max-Forwards": "256" }, SipError.MSG_MAX_FORWARDS],
    [{ Via: `${BASE.Via}|SIP/2.0/UDP h:99999` }, SipError.VIA_PORT],
    [{ Via: "SIP/3.0/UDP h" }, SipError.VIA_PROTOCOL],
    [{ From: "A@B <sip:a@b>" }, SipError.MSG_BAD_FROM],
    [{ Contact: "<sip:a@b >" }, SipError.MSG_BAD_CONTACT],
    [{ Route: "J\xf6rg <sip:a@b>" }, SipError.MSG_BAD_ROUTE],
    [{ From: "<sip:a@b>, <sip:c@d>" }, SipError.MSG_BAD_FROM],
    [{ From: "<sip:a@b:x>" }, SipError.MSG_BAD_FROM],
    [{ To: "" }, SipError.MSG_BAD_TO],
    [{ "Call-ID": "a b" }, SipError.MSG_BAD_CALL_ID],
    [{ Contact: "*" }, SipError.MSG_STAR_NOT_ALONE],
    [{ Contact: "*", Expires: "60" }, SipError.MSG_STAR_NOT_ALONE],
    [{ Contact: "*|<sip:a@b>", Expires: "0" }, SipError.MSG_STAR_NOT_ALONE],
    [{ Contact: "*, <sip:a@b>", Expires: "0" }, SipError.MSG_STAR_NOT_ALONE],
    [{ Contact: "<sip:a@b>, *", Expires: "0" }, SipError.MSG_STAR_NOT_ALONE],
    [{ Contact: "<sip:a@b>;q=2" }, SipError.ADDR_Q],
    [{ Contact: "<sip:a@b:x>" }, SipError.MSG_BAD_CONTACT],
    [{ Route: "<sip:>" }, SipError.MSG_BAD_ROUTE],
    [{ "Record-Route": "sip" }, SipError.MSG_BAD_RECORD_ROUTE],
    [{ "Refer-To": "x" }, SipError.MSG_BAD_ADDRESS],
    [{ "Content-Type": "sdp" }, SipError.MSG_BAD_CONTENT_TYPE],
    [{ "Content-Type": "a/b, c/d" }, SipError.MSG_BAD_CONTENT_TYPE],
    [{ Date: "today" }, SipError.MSG_BAD_DATE],
    [{ Event: "" }, SipError.MSG_BAD_EVENT],
    [{ Supported: "a b" }, SipError.MSG_BAD_LIST],
    [{ Authorization: "Digest" }, SipError.MSG_BAD_AUTH],
    [{ "Retry-After": "soon" }, SipError.MSG_BAD_RETRY_AFTER],
    [{ Warning: "1 a b" }, SipError.MSG_BAD_WARNING],
    [{ RAck: "1" }, SipError.MSG_BAD_RACK],
    [{ "Content-Length": "x" }, SipError.MSG_CONTENT_LENGTH],
    [{ "Content-Length": "1" }, SipError.MSG_CONTENT_LENGTH_LARGE],
    [{ "Content-Length": "0|1" }, SipError.MSG_DUPLICATE_CONTENT_LENGTH],
  ])("%j", (changes, error) => {
    expect(sipErrorText(request(changes))).toBe(sipErrorText(error));
  });

  test("bytes after the body are no error on a datagram", () => {
    expect(request({ "Content-Length": "2|2" }, "abcd")).toBe(0);
  });

  test("on a stream Content-Length must be there", () => {
    const bytes = bytesOf(
      `SIP/2.0 200 OK\r\n${Object.entries(BASE)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\n`,
    );
    const msg = new SipMessage();
    msg.parse(bytes, 0, bytes.length);
    expect(validateMessage(msg)).toBe(0);
    expect(validateMessage(msg, true)).toBe(SipError.MSG_CONTENT_LENGTH_MISSING);
  });

  test.each([
    ["REGISTER sip:a@b?c=d SIP/2.0", SipError.MSG_URI_HEADERS],
    ["REGISTER <sip:a@b> SIP/2.0", SipError.MSG_URI_BRACKETS],
    ["REGISTER a@b SIP/2.0", SipError.MSG_REQUEST_URI],
  ])("%s", (line, error) => {
    expect(request({}, "", line)).toBe(error);
  });
});
