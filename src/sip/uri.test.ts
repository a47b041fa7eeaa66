// URI grammar: every part found where it is, everything RFC 3261 forbids refused.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sipUri } from "../../test/support/sip-arbitraries.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { SipError, sipErrorText } from "./errors.ts";
import { Transport } from "./transports.ts";
import { findUriParam, nextUriParam, parseUri, Scheme, UriParamRange, UriRange } from "./uri.ts";
import { parseUriText, UriText, unescapeUri } from "./uri-text.ts";

function parse(text: string): { code: number; uri: UriRange; at: (start: number, end: number) => string | null } {
  // Bytes around the URI must not matter.
  const bytes = bytesOf(`@@${text}@;`);
  const uri = new UriRange();
  const code = parseUri(bytes, 2, 2 + text.length, uri);
  return { code, uri, at: (start, end) => (start < 0 ? null : textOf(bytes, start, end)) };
}

describe("parseUri", () => {
  test("finds all parts of a full URI", () => {
    const text =
      "sips:alice:secret@atlanta.example.com:5061;transport=TLS;lr=on;maddr=192.0.2.1;ttl=15;user=phone;method=INVITE" +
      ";ob;gr=urn:x;alias=1~2~3;other?subject=a%20b&priority=urgent";
    const { code, uri, at } = parse(text);
    expect(sipErrorText(code)).toBe("no error");
    expect(uri.scheme).toBe(Scheme.SIPS);
    expect(at(uri.start, uri.end)).toBe(text);
    expect(at(uri.userStart, uri.userEnd)).toBe("alice");
    expect(at(uri.passwordStart, uri.passwordEnd)).toBe("secret");
    expect(at(uri.hostStart, uri.hostEnd)).toBe("atlanta.example.com");
    expect(at(uri.portStart, uri.portEnd)).toBe("5061");
    expect(uri.port).toBe(5061);
    expect(uri.transport).toBe(Transport.TLS);
    expect(at(uri.transportStart, uri.transportEnd)).toBe("TLS");
    expect([uri.lr, at(uri.lrStart, uri.lrEnd)]).toEqual([1, "on"]);
    expect(at(uri.maddrStart, uri.maddrEnd)).toBe("192.0.2.1");
    expect(at(uri.ttlStart, uri.ttlEnd)).toBe("15");
    expect(at(uri.userParamStart, uri.userParamEnd)).toBe("phone");
    expect(at(uri.methodStart, uri.methodEnd)).toBe("INVITE");
    expect([uri.ob, uri.gr, at(uri.grStart, uri.grEnd)]).toEqual([1, 1, "urn:x"]);
    expect(at(uri.aliasStart, uri.aliasEnd)).toBe("1~2~3");
    expect(at(uri.paramsStart, uri.paramsEnd)).toBe(text.slice(text.indexOf(";") + 1, text.indexOf("?")));
    expect(at(uri.headersStart, uri.headersEnd)).toBe("subject=a%20b&priority=urgent");
  });

  test.each([
    ["sip:host", Scheme.SIP],
    ["SIPS:a@b", Scheme.SIPS],
    ["sip:a:@b", Scheme.SIP],
    ["sip:+358-555-1234567;postd=pp22@foo.com;user=phone", Scheme.SIP],
    ["sip:*21*100#@pbx", Scheme.SIP],
    ["sip:a@my_host.local.", Scheme.SIP],
    ["sip:a@3cx", Scheme.SIP],
    ["sip:a@[::1]:5060", Scheme.SIP],
    ["sip:a@[2001:db8:::192.0.2.1]", Scheme.SIP],
    ["sip:a@h;x=[1:2]/&+$", Scheme.SIP],
    ["sip:a@h:0", Scheme.SIP],
    ["sip:a@h?a=", Scheme.SIP],
    ["sip:h?x=y;z".replace(";z", ""), Scheme.SIP],
    ["tel:+1-201-555-0123", Scheme.TEL],
    ["tel:7042;phone-context=example.com", Scheme.TEL],
    ["tel:*100#", Scheme.TEL],
    ["TEL:(0)1.2-3a;ext=4", Scheme.TEL],
    ["tels:1", Scheme.TELS],
    ["urn:service:sos.fire", Scheme.URN],
    ["http://a.b/c?d#e", Scheme.OTHER],
    ["soap.beep://192.0.2.103:3002", Scheme.OTHER],
    ["im:a@b", Scheme.OTHER],
  ])("accepts %s", (text, scheme) => {
    const { code, uri } = parse(text);
    expect(sipErrorText(code)).toBe("no error");
    expect(uri.scheme).toBe(scheme);
  });

  test.each([
    ["", SipError.URI_EMPTY],
    ["sip", SipError.URI_SCHEME],
    ["sip:", SipError.URI_SCHEME],
    ["1sip:a", SipError.URI_SCHEME],
    ["<sip:a>", SipError.URI_SCHEME],
    [" sip:a", SipError.URI_SCHEME],
    ["sip:@host", SipError.URI_USER],
    ["sip:a b@host", SipError.URI_USER],
    ['sip:"a"@host', SipError.URI_USER],
    ["sip:a<b@host", SipError.URI_USER],
    ["sip:a\xe9@host", SipError.URI_USER],
    ["sip:a%4@host", SipError.URI_ESCAPE],
    ["sip:a%zz@host", SipError.URI_ESCAPE],
    ["sip:a%", SipError.URI_HOST],
    ["sip:a:b:c@host", SipError.URI_PASSWORD],
    ["sip:a:b;c@host", SipError.URI_PASSWORD],
    ["sip:a@", SipError.URI_HOST],
    ["sip:a@b@c", SipError.URI_HOST],
    ["sip:a@-b", SipError.URI_HOST],
    ["sip:a@b-.c", SipError.URI_HOST],
    ["sip:a@b..c", SipError.URI_HOST],
    ["sip:a@.b", SipError.URI_HOST],
    ["sip:a@b c", SipError.URI_HOST],
    ["sip:a@1.2.3", SipError.URI_HOST],
    ["sip:a@1.2.3.256", SipError.URI_HOST],
    ["sip:a@1.2.3.4.5", SipError.URI_HOST],
    ["sip:a@1.2.3.4.", SipError.URI_HOST],
    ["sip:2001:db8::10", SipError.URI_HOST],
    ["sip:[2001:db8::10", SipError.URI_IPV6],
    ["sip:[2001:db8:10]", SipError.URI_IPV6],
    ["sip:[1::2::3]", SipError.URI_IPV6],
    ["sip:[12345::]", SipError.URI_IPV6],
    ["sip:[1:2:3:4:5:6:7:8:9]", SipError.URI_IPV6],
    ["sip:[fe80::1%25eth0]", SipError.URI_IPV6],
    ["sip:[2001:db8:::1]", SipError.URI_IPV6],
    ["sip:a@h:", SipError.URI_PORT],
    ["sip:a@h:65536", SipError.URI_PORT],
    ["sip:a@h:99999999999999999999", SipError.URI_PORT],
    ["sip:a@h:5060x", SipError.URI_HOST],
    ["sip:a@h;", SipError.URI_PARAM],
    ["sip:a@h;;lr", SipError.URI_PARAM],
    ["sip:a@h;=x", SipError.URI_PARAM],
    ["sip:a@h;x=", SipError.URI_PARAM],
    ["sip:a@h;x=y=z", SipError.URI_PARAM],
    ["sip:a@h; lr", SipError.URI_PARAM],
    ['sip:a@h;x="y"', SipError.URI_PARAM],
    ["sip:a@h;x=%4", SipError.URI_ESCAPE],
    ["sip:a@h?", SipError.URI_HEADER],
    ["sip:a@h?x", SipError.URI_HEADER],
    ["sip:a@h?=y", SipError.URI_HEADER],
    ["sip:a@h?x=y&", SipError.URI_HEADER],
    ["sip:a@h?x=y;lr", SipError.URI_HEADER],
    ["tel:", SipError.URI_SCHEME],
    ["tel:+", SipError.URI_TEL_NUMBER],
    ["tel:+abc", SipError.URI_TEL_NUMBER],
    ["tel:xyz", SipError.URI_TEL_NUMBER],
    ["tel:1;", SipError.URI_PARAM],
    ["tel:1@host", SipError.URI_TEL_NUMBER],
    ["http://a b", SipError.URI_BYTE],
    ["urn:%", SipError.URI_ESCAPE],
  ])("refuses %j", (text, error) => {
    expect(sipErrorText(parse(text).code)).toBe(sipErrorText(error));
  });

  test("gives back the parts a URI was made of", () => {
    fc.assert(
      fc.property(sipUri, (made) => {
        const { code, uri, at } = parse(made.text);
        expect(code).toBe(0);
        expect(uri.scheme).toBe(made.scheme.toLowerCase() === "sip" ? Scheme.SIP : Scheme.SIPS);
        expect(at(uri.userStart, uri.userEnd)).toBe(made.user);
        expect(at(uri.passwordStart, uri.passwordEnd)).toBe(made.password);
        expect(at(uri.hostStart, uri.hostEnd)).toBe(made.host);
        expect(uri.port).toBe(made.port ?? -1);
        const params: [string, string | null][] = [];
        const param = new UriParamRange();
        for (let i = uri.paramsStart; i >= 0 && i < uri.paramsEnd; i++) {
          const bytes = bytesOf(`@@${made.text}`);
          i = nextUriParam(bytes, i, uri.paramsEnd, param);
          params.push([at(param.nameStart, param.nameEnd)!, at(param.valueStart, param.valueEnd)]);
        }
        expect(params).toEqual(made.params);
        const headers = made.headers.map(([name, value]) => `${name}=${value}`).join("&");
        expect(at(uri.headersStart, uri.headersEnd) ?? "").toBe(headers);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test("a record used again keeps nothing of the URI before", () => {
    const uri = new UriRange();
    const full = bytesOf("sip:a:b@h:1;transport=tcp;lr=1;maddr=h;ttl=1;user=ip;method=X;ob;gr=1;alias=1?a=b");
    expect(parseUri(full, 0, full.length, uri)).toBe(0);
    expect(parseUri(bytesOf("sip:h"), 0, 5, uri)).toBe(0);
    const fresh = new UriRange();
    parseUri(bytesOf("sip:h"), 0, 5, fresh);
    expect(uri).toEqual(fresh);
  });

  test("an escaped parameter name is that name", () => {
    const { uri, at } = parse("sip:h;%6C%72;%74RANSPORT=tcp;%58=1");
    expect([uri.lr, uri.transport, at(uri.transportStart, uri.transportEnd)]).toEqual([1, Transport.TCP, "tcp"]);
    const bytes = bytesOf(`@@sip:h;%6C%72;%74RANSPORT=tcp;%58=1;${"%41".repeat(40)}`);
    const out = new UriParamRange();
    expect(findUriParam(bytes, uri.paramsStart, bytes.length, "x", out)).toBe(true);
    expect(findUriParam(bytes, uri.paramsStart, bytes.length, "y", out)).toBe(false);
  });

  test("the first of repeated parameters counts", () => {
    const { uri } = parse("sip:h;transport=tcp;transport=udp");
    expect(uri.transport).toBe(Transport.TCP);
  });
});

describe("findUriParam", () => {
  const bytes = bytesOf("a=1;Bc;d=2");
  test("finds a name in any case, with and without value", () => {
    const out = new UriParamRange();
    expect(findUriParam(bytes, 0, bytes.length, "bc", out)).toBe(true);
    expect([out.nameStart, out.valueStart]).toEqual([4, -1]);
    expect(findUriParam(bytes, 0, bytes.length, "d", out)).toBe(true);
    expect(textOf(bytes, out.valueStart, out.valueEnd)).toBe("2");
    expect(findUriParam(bytes, 0, bytes.length, "x", out)).toBe(false);
    expect(findUriParam(bytes, -1, -1, "a", out)).toBe(false);
  });
});

describe("parseUriText", () => {
  test("gives parts as text", () => {
    const uri = parseUriText("SIP:alice:pw@[::1]:5070;transport=tcp;lr?a=b");
    if (!(uri instanceof UriText)) throw new Error("not parsed");
    expect([uri.scheme, uri.user, uri.password, uri.host, uri.port]).toEqual(["sip", "alice", "pw", "[::1]", 5070]);
    expect([uri.params, uri.headers]).toEqual(["transport=tcp;lr", "a=b"]);
    expect([uri.param("transport"), uri.param("lr"), uri.param("x")]).toEqual(["tcp", "", undefined]);
  });

  test("gives the reason when it is no URI", () => {
    expect(parseUriText("alice")).toBe(SipError.URI_SCHEME);
  });

  test("escaped text of any bytes is a legal user and parameter, and reads back", () => {
    const bytes = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
      minLength: 1,
    });
    const escaped = (text: string): string =>
      text.replace(/[^\w.!~*'()-]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
    fc.assert(
      fc.property(bytes, (text) => {
        const uri = parseUriText(`sip:${escaped(text)}@h;x=${escaped(text)}`);
        if (!(uri instanceof UriText)) throw new Error(sipErrorText(uri));
        expect(unescapeUri(uri.user)).toBe(text);
        expect(unescapeUri(uri.param("x") ?? "")).toBe(text);
      }),
      { seed: 2 },
    );
  });

  test("unescapeUri leaves broken escapes alone", () => {
    expect(unescapeUri("a%41%4%zz%")).toBe("aA%4%zz%");
  });
});
