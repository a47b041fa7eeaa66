// Via grammar: sent-protocol, sent-by and the parameters a proxy works with.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { viaValue } from "../../test/support/sip-arbitraries.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { SipError, sipErrorText } from "./errors.ts";
import { parseTransport, parseVia, Transport, transportName, ViaRange } from "./via.ts";

function parse(text: string): { code: number; via: ViaRange; at: (start: number, end: number) => string | null } {
  const bytes = bytesOf(`;;${text}xx`);
  const via = new ViaRange();
  const code = parseVia(bytes, 2, 2 + text.length, via);
  return { code, via, at: (start, end) => (start < 0 ? null : textOf(bytes, start, end)) };
}

describe("parseVia", () => {
  test("finds all parts", () => {
    const text =
      "SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bKabc;rport=5070;received=192.0.2.1;maddr=[::1];ttl=16;i=4f;alias;x=y";
    const { code, via, at } = parse(text);
    expect(sipErrorText(code)).toBe("no error");
    expect(at(via.start, via.end)).toBe(text);
    expect(at(via.protoStart, via.protoEnd)).toBe("SIP/2.0/TLS");
    expect([via.isSip2, via.transport, at(via.transportStart, via.transportEnd)]).toEqual([1, Transport.TLS, "TLS"]);
    expect([at(via.hostStart, via.hostEnd), via.port, at(via.portStart, via.portEnd)]).toEqual([
      "[2001:db8::9]",
      5061,
      "5061",
    ]);
    expect(at(via.branchStart, via.branchEnd)).toBe("z9hG4bKabc");
    expect(at(via.rportStart, via.rportStart + 5)).toBe("rport");
    expect(at(via.rportValueStart, via.rportValueEnd)).toBe("5070");
    expect(at(via.receivedStart, via.receivedEnd)).toBe("192.0.2.1");
    expect(at(via.maddrStart, via.maddrEnd)).toBe("[::1]");
    expect(at(via.ttlStart, via.ttlEnd)).toBe("16");
    expect(at(via.iStart, via.iEnd)).toBe("4f");
    expect(at(via.aliasStart, via.aliasStart + 5)).toBe("alias");
    expect(at(via.paramsStart, via.paramsEnd)).toBe(text.slice(text.indexOf(";")));
    expect(via.next).toBe(-1);
  });

  test("stops at the comma and says where the next value begins", () => {
    const text = 'SIP/2.0/UDP a;x="1,2" , SIP/2.0/TCP b';
    const { code, via, at } = parse(text);
    expect(code).toBe(0);
    expect(at(via.start, via.end)).toBe('SIP/2.0/UDP a;x="1,2"');
    expect(at(via.next, via.next + 11)).toBe("SIP/2.0/TCP");
  });

  test("a bare rport has no value, and a comment after the value is passed over", () => {
    const { code, via, at } = parse("SIP / 2.0 / UDP  h : 5060 ; rport (a (nested) \\) comment) , SIP/2.0/UDP b");
    expect(sipErrorText(code)).toBe("no error");
    expect([at(via.rportStart, via.rportStart + 5), via.rportValueStart]).toEqual(["rport", -1]);
    expect(via.port).toBe(5060);
    expect(at(via.next, via.next + 3)).toBe("SIP");
  });

  test("odd characters in a branch are taken, an empty rport counts as none", () => {
    const { code, via, at } = parse("SIP/2.0/UDP h;branch=z9hG4bK{4-5}/x@y; rport = ;x");
    expect(code).toBe(0);
    expect(at(via.branchStart, via.branchEnd)).toBe("z9hG4bK{4-5}/x@y");
    expect([via.rportStart, via.rportValueStart]).toEqual([-1, -1]);
  });

  test("another protocol is taken, and told apart", () => {
    expect(parse("SIP/3.0/UDP h").via.isSip2).toBe(0);
    expect(parse("sip/2.0/udp h").via).toMatchObject({ isSip2: 1, transport: Transport.UDP });
    expect(parse("SIP/2.0/QUIC h").via.transport).toBe(Transport.OTHER);
  });

  test.each([
    ["", SipError.EMPTY],
    ["SIP/2.0", SipError.VIA_PROTOCOL],
    ["SIP 2.0/UDP h", SipError.VIA_PROTOCOL],
    ["/2.0/UDP h", SipError.VIA_PROTOCOL],
    ["SIP//UDP h", SipError.VIA_PROTOCOL],
    ["SIP/2.0/ h", SipError.VIA_TRANSPORT],
    ["SIP/2.0/UDP", SipError.VIA_TRANSPORT],
    ["SIP/2.0/UDP;branch=x", SipError.VIA_TRANSPORT],
    ["SIP/2.0/UDP ;branch=x", SipError.VIA_HOST],
    ["SIP/2.0/UDP 2001:db8::1", SipError.VIA_HOST],
    ["SIP/2.0/UDP [::1", SipError.VIA_HOST],
    ["SIP/2.0/UDP h:", SipError.VIA_PORT],
    ["SIP/2.0/UDP h:65536", SipError.VIA_PORT],
    ["SIP/2.0/UDP h:x", SipError.VIA_PORT],
    ["SIP/2.0/UDP h x", SipError.VIA_PARAM],
    ["SIP/2.0/UDP h;", SipError.VIA_PARAM],
    ["SIP/2.0/UDP h;;", SipError.VIA_PARAM],
    ["SIP/2.0/UDP h;branch", SipError.VIA_BRANCH],
    ["SIP/2.0/UDP h;branch=", SipError.VIA_BRANCH],
    ["SIP/2.0/UDP h;ttl=256", SipError.VIA_TTL],
    ["SIP/2.0/UDP h;ttl", SipError.VIA_TTL],
    ["SIP/2.0/UDP h;rport=x", SipError.VIA_RPORT],
    ["SIP/2.0/UDP h;rport=65536", SipError.VIA_RPORT],
    ["SIP/2.0/UDP h;received=", SipError.VIA_PARAM],
    ['SIP/2.0/UDP h;received="1.2.3.4"', SipError.VIA_PARAM],
    ["SIP/2.0/UDP h;received=1.2.3.400", SipError.VIA_PARAM],
    ["SIP/2.0/UDP h,", SipError.EMPTY],
    ["SIP/2.0/UDP h (a", SipError.UNTERMINATED_COMMENT],
  ])("refuses %j", (text, error) => {
    expect(sipErrorText(parse(text).code)).toBe(sipErrorText(error));
  });

  test("gives back the parts of a value, and of the one after it", () => {
    fc.assert(
      fc.property(viaValue, viaValue, (first, second) => {
        const bytes = bytesOf(`${first.text} ,\t${second.text}`);
        const via = new ViaRange();
        const at = (start: number, end: number) => (start < 0 ? null : textOf(bytes, start, end));
        let pos = 0;
        for (const made of [first, second]) {
          expect(parseVia(bytes, pos, bytes.length, via)).toBe(0);
          expect(at(via.start, via.end)).toBe(made.text);
          expect(at(via.transportStart, via.transportEnd)).toBe(made.transport);
          expect(at(via.hostStart, via.hostEnd)).toBe(made.host);
          expect(via.port).toBe(made.port ?? -1);
          expect(at(via.branchStart, via.branchEnd)).toBe(made.branch);
          expect(at(via.receivedStart, via.receivedEnd)).toBe(made.received);
          const rport = at(via.rportValueStart, via.rportValueEnd);
          expect(via.rportStart < 0 ? null : (rport ?? "bare")).toBe(made.rport === null ? null : String(made.rport));
          pos = via.next;
        }
        expect(pos).toBe(-1);
      }),
      { seed: 4, numRuns: 2000 },
    );
  });
});

test("a record used again keeps nothing of the Via before", () => {
  const via = new ViaRange();
  const full = bytesOf("SIP/2.0/TLS h:1;branch=a;rport=1;received=1.2.3.4;maddr=h;ttl=1;i=1;alias, SIP/2.0/UDP g");
  expect(parseVia(full, 0, full.length, via)).toBe(0);
  parseVia(bytesOf("X/1/Y h"), 0, 7, via);
  const fresh = new ViaRange();
  parseVia(bytesOf("X/1/Y h"), 0, 7, fresh);
  expect(via).toEqual(fresh);
});

describe("transports", () => {
  test("names and numbers agree", () => {
    for (const [name, id] of Object.entries(Transport)) {
      expect(transportName(id)).toBe(name);
      if (id !== Transport.OTHER) expect(parseTransport(bytesOf(name.toLowerCase()), 0, name.length)).toBe(id);
    }
    expect(transportName(99)).toBe("OTHER");
  });
});
