import { describe, expect, test } from "vitest";
import { bytesOf } from "../util/bytes.ts";
import { ackText, contactOf, hasTag, headerValues, requestText, uriIn, wayFromReply, wayTo } from "./build-local.ts";
import { H } from "./headers.ts";
import { SipMessage } from "./message.ts";

function message(...lines: string[]): SipMessage {
  const msg = new SipMessage();
  const bytes = bytesOf(`${lines.join("\r\n")}\r\n\r\n`);
  if (msg.parse(bytes, 0, bytes.length) !== 0) throw new Error("unreadable");
  return msg;
}

const PARTS = {
  method: "MESSAGE",
  uri: "sip:b@y",
  to: "<sip:b@y>",
  from: "<sip:a@x>;tag=1",
  callId: "c",
  cseq: 3,
  routes: [],
  userAgent: "User-Agent: u\r\n",
  headers: "",
  body: "",
};

describe("requestText", () => {
  test("headers in Kamailio's order; Max-Forwards only when it is not given", () => {
    expect(requestText({ ...PARTS, headers: "X: 1\r\n", body: "ab" })).toBe(
      "MESSAGE sip:b@y SIP/2.0\r\nTo: <sip:b@y>\r\nFrom: <sip:a@x>;tag=1\r\nCSeq: 3 MESSAGE\r\nCall-ID: c\r\nMax-Forwards: 70\r\nContent-Length: 2\r\nUser-Agent: u\r\nX: 1\r\n\r\nab",
    );
    const given = requestText({
      ...PARTS,
      routes: ["<sip:r1;lr>", "<sip:r2;lr>"],
      headers: "x: Max-Forwards: 9\r\nmax-forwards: 5\r\n",
    });
    expect(given).toContain("Call-ID: c\r\nRoute: <sip:r1;lr>, <sip:r2;lr>\r\nContent-Length: 0\r\n");
    expect(requestText({ ...PARTS, headers: "X-Max-Forwards: 9\r\n" })).toContain("\r\nMax-Forwards: 70\r\n");
  });
});

describe("ways", () => {
  test("loose routes stand as they are, a strict one becomes the R-URI", () => {
    expect(wayTo("sip:t", [])).toEqual({ uri: "sip:t", nextHop: "sip:t", routes: [] });
    const loose = ["<sip:r1;lr>", "<sip:r2>"];
    expect(wayTo("sip:t", loose)).toEqual({ uri: "sip:t", nextHop: "sip:r1;lr", routes: loose });
    expect(wayTo("sip:t", ["<sip:r1;lr=on;x=1>"]).uri).toBe("sip:t");
    expect(wayTo("sip:t", ["<sip:r1;xlr>", "<sip:r2;lr>"])).toEqual({
      uri: "sip:r1;xlr",
      nextHop: "sip:r1;xlr",
      routes: ["<sip:r2;lr>", "<sip:t>"],
    });
  });

  test("of a 2xx: Contact by Record-Route in reverse; without Contact the URI it was sent to", () => {
    const ok = message(
      "SIP/2.0 200 OK",
      'Record-Route: <sip:a;lr>, "x, y" <sip:b;lr>;p=1',
      "m: <sip:far@h;x=1>;q=0.5, <sip:other@h>",
      "record-route:\r\n <sip:c;lr>",
    );
    expect(wayFromReply(ok, "sip:u")).toEqual({
      uri: "sip:far@h;x=1",
      nextHop: "sip:c;lr",
      routes: ["<sip:c;lr>", '"x, y" <sip:b;lr>;p=1', "<sip:a;lr>"],
    });
    expect(headerValues(ok, H.CONTACT)).toHaveLength(2);
    expect(wayFromReply(message("SIP/2.0 200 OK", "X: 1"), "sip:u").uri).toBe("sip:u");
    expect(contactOf(message("SIP/2.0 200 OK", "Contact: *"))).toBeNull();
  });
});

test("addresses", () => {
  expect([hasTag("<sip:a>;tag=1"), hasTag("sip:a;tag=1"), hasTag("<sip:a;tag=1>"), hasTag("<sip:a")]).toEqual([
    true,
    true,
    false,
    null,
  ]);
  expect([uriIn("sip:a@b;x=1"), uriIn('"q" <sip:a@b;x=1>;y'), uriIn("<")]).toEqual(["sip:a@b", "sip:a@b;x=1", null]);
});

test("ackText: From, Call-ID, CSeq of the INVITE, To of the reply", () => {
  const invite = bytesOf(
    "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP p;branch=z\r\nTo: <sip:b>\r\nFrom: <sip:a>;tag=1\r\nCSeq: 7 INVITE\r\nCall-ID: c\r\n\r\n",
  );
  const ok = message("SIP/2.0 200 OK", "To: <sip:b>;tag=2", "Contact: <sip:far>");
  const way = wayFromReply(ok, "sip:b");
  const parts = { way, via: "Via: v\r\n", userAgent: "User-Agent: u\r\n", headers: "X: 1\r\n", body: "sdp" };
  expect(ackText(invite, ok, parts)).toBe(
    "ACK sip:far SIP/2.0\r\nVia: v\r\nFrom: <sip:a>;tag=1\r\nCall-ID: c\r\nTo: <sip:b>;tag=2\r\nCSeq: 7 ACK\r\nMax-Forwards: 70\r\nUser-Agent: u\r\nX: 1\r\nContent-Length: 3\r\n\r\nsdp",
  );
});
