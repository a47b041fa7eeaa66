// Parsing and building, message by message, without a proxy around them.

import { markSource, writeForwardedReply, writeForwardedRequest, writeReply } from "../../src/sip/build.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { nanoseconds, type Row } from "./table.ts";
import { invite, options } from "./traffic.ts";

const SOURCE = { address: "192.0.2.10", port: 5060 };
const VIA = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK5a3e.77b1.0\r\n";
const RECORD_ROUTE = "Record-Route: <sip:192.0.2.1;lr>\r\n";

/** ns per message. */
export function measureMessages(brief: boolean): Row[] {
  const msg = new SipMessage();
  const out = new Uint8Array(65_536);
  const parse = (bytes: Uint8Array) => {
    if (msg.parse(bytes, 0, bytes.length) !== 0) throw new Error("the bench's own message does not parse");
  };
  const small = bytesOf(options(1));
  const large = bytesOf(invite(1));
  parse(large);
  const replyEnd = writeReply(msg, SOURCE, 200, "OK", "tag", true, "", "", "", out);
  const reply = out.slice(0, replyEnd);
  const row = (what: string, run: () => void): Row => ({ what, value: nanoseconds(run, brief), unit: "ns" });
  return [
    row(`parse OPTIONS (${small.length} octets)`, () => parse(small)),
    row(`parse INVITE with SDP (${large.length} octets)`, () => parse(large)),
    row("parse INVITE and read Via, From, To, CSeq, R-URI", () => {
      parse(large);
      msg.via();
      msg.from();
      msg.to();
      msg.cseq();
      msg.originalUri();
    }),
    row("parse OPTIONS and build its 200", () => {
      parse(small);
      writeReply(msg, SOURCE, 200, "OK", "tag", false, "", "Server: x\r\n", "", out);
    }),
    row("parse INVITE and build the forwarded request", () => {
      parse(large);
      markSource(msg, SOURCE);
      writeForwardedRequest(msg, "sip:bob@192.0.2.20:5060", VIA, "", out, 0, RECORD_ROUTE);
    }),
    row("parse a 200 and build the forwarded reply", () => {
      parse(reply);
      writeForwardedReply(msg, out);
    }),
  ];
}
