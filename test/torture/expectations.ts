// What each torture message of RFC 4475 and RFC 5118 must lead to: valid ones with the values to be found in them,
// invalid ones with the reason they are refused for. `section` is the RFC's own numbering.
import { SipError } from "../../src/sip/errors.ts";
import { ScanError } from "../../src/sip/scan.ts";

/** Values to check in a valid message; every member is optional and compared as text unless said otherwise. */
export interface Values {
  readonly method?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly uri?: string;
  readonly uriUser?: string;
  readonly uriPassword?: string;
  readonly uriHost?: string;
  /** -1 for none */
  readonly uriPort?: number;
  readonly uriScheme?: number;
  readonly callId?: string;
  readonly cseq?: number;
  readonly fromUri?: string;
  readonly fromDisplay?: string;
  /** null for none */
  readonly fromTag?: string | null;
  readonly toUri?: string;
  readonly toDisplay?: string;
  readonly toTag?: string | null;
  /** One text for each Via value, top first: transport, host, port (or -), branch (or -), received (or -). */
  readonly vias?: readonly string[];
  readonly viaTransports?: readonly number[];
  /** URIs of all Contact values. */
  readonly contacts?: readonly string[];
  /** Header parameters of the first Contact, as written. */
  readonly contactParams?: string;
  /** q of the first Contact in thousandths. */
  readonly contactQ?: number;
  readonly routes?: readonly string[];
  readonly maxForwards?: number;
  readonly contentLength?: number;
  readonly contentType?: string;
  readonly require?: readonly string[];
  /** Milliseconds since 1970. */
  readonly date?: number;
  readonly authScheme?: string;
  /** Addresses of the session description: the session's, then one a medium ("-" when it has none of its own). */
  readonly sdpAddresses?: readonly string[];
  readonly sdpPorts?: readonly number[];
  /** Bytes left after the body that Content-Length delimits. */
  readonly after?: number;
  /** Headers that must not be recognised as known ones: name as received, value. */
  readonly others?: readonly (readonly [string, string])[];
}

/** One message and what it must lead to. */
export interface Expectation {
  readonly name: string;
  readonly rfc: 4475 | 5118;
  readonly section: string;
  readonly why: string;
  /** 0 for a valid message; else the reason, of `SipMessage.parse` or of `validateMessage`. */
  readonly error: number;
  readonly values?: Values;
}

const valid = (rfc: 4475 | 5118, section: string, name: string, why: string, values: Values): Expectation => ({
  name,
  rfc,
  section,
  why,
  error: 0,
  values,
});

const invalid = (rfc: 4475 | 5118, section: string, name: string, error: number, why: string): Expectation => ({
  name,
  rfc,
  section,
  why,
  error,
});

const UNUSUAL_METHOD = "!interesting-Method0123456789_*+`.%indeed'~";
const LONG_NAME = "amazinglylongcallername".repeat(5);

/** All messages, in the order of the RFCs. */
export const EXPECTATIONS: readonly Expectation[] = [
  valid(4475, "3.1.1.1", "wsinv", "folding, white space and compact forms wherever the grammar lets them stand", {
    method: "INVITE",
    uri: "sip:vivekg@chair-dnrc.example.com;unknownparam",
    uriUser: "vivekg",
    uriHost: "chair-dnrc.example.com",
    callId: "wsinv.ndaksdj@192.0.2.1",
    cseq: 9,
    toUri: "sip:vivekg@chair-dnrc.example.com",
    toTag: "1918181833n",
    fromDisplay: '"J Rosenberg \\\\\\""',
    fromUri: "sip:jdrosen@example.com",
    fromTag: "98asjd8",
    maxForwards: 68,
    vias: [
      "UDP 192.0.2.2 - 390skdjuw -",
      "TCP spindle.example.com - z9hG4bK9ikj8 -",
      "UDP 192.168.255.111 - z9hG4bK30239 -",
    ],
    contacts: ["sip:jdrosen@example.com"],
    contactQ: 330,
    routes: ["sip:services.example.com;lr;unknownwith=value;unknown-no-value"],
    contentType: "application/sdp",
    contentLength: 150,
    sdpAddresses: ["192.0.2.4", "-", "-"],
    sdpPorts: [49217, 3227],
    others: [
      ["NewFangledHeader", "newfangled value\r\n continued newfangled value"],
      ["UnknownHeaderWithUnusualValue", ";;,,;;,;"],
    ],
  }),
  valid(4475, "3.1.1.2", "intmeth", "every character the grammar allows in its place, NUL in a quoted pair included", {
    method: UNUSUAL_METHOD,
    uriUser: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
    uriPassword: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
    uriHost: "example.com",
    toDisplay: '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f"',
    toUri: "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
    fromDisplay: "token1~` token2'+_ token3*%!.-",
    fromUri: "sip:mundane@example.com",
    fromTag: "_token~1'+`*%!-.",
    callId: "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
    cseq: 139122385,
    maxForwards: 255,
    vias: ["TCP host1.example.com - z9hG4bK-.!%66*_+`'~ -"],
  }),
  valid(4475, "3.1.1.3", "esc01", "escapes in URIs are kept as they are, and only read for comparison", {
    uri: "sip:sips%3Auser%40example.com@example.net",
    uriUser: "sips%3Auser%40example.com",
    uriHost: "example.net",
    toUri: "sip:%75se%72@example.com",
    fromUri: "sip:I%20have%20spaces@example.net",
    fromTag: "938",
    contacts: ["sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"],
    maxForwards: 87,
  }),
  valid(4475, "3.1.1.4", "escnull", "escaped NUL in user parts ends nothing", {
    toUri: "sip:null-%00-null@example.com",
    contacts: ["sip:%00@host5.example.com", "sip:%00%00@host5.example.com"],
    contentLength: 0,
  }),
  valid(4475, "3.1.1.5", "esc02", "percent signs that escape nothing: in a method, a header name, a display name", {
    method: "RE%47IST%45R",
    toDisplay: '"%Z%45"',
    vias: ["TCP host.example.com - z9hG4bK209%fzsnel234 -"],
    contacts: ["sip:alias1@host1.example.com", "sip:alias3@host3.example.com"],
    others: [["C%6Fntact", "<sip:alias2@host2.example.com>"]],
  }),
  valid(4475, "3.1.1.6", "lwsdisp", "no white space between display name and <", {
    fromDisplay: "caller",
    fromUri: "sip:caller@example.com",
    fromTag: "323",
  }),
  valid(4475, "3.1.1.7", "longreq", "long values everywhere, 34 Via headers, header names in mixed case", {
    toDisplay: `"I have a user name of ${"extreme".repeat(10)} proportion"`,
    fromUri: `sip:${LONG_NAME}@example.net`,
    fromTag: `12${"982".repeat(50)}424`,
    callId: `longreq.one${"really".repeat(20)}longcallid`,
    contacts: [`sip:${LONG_NAME}@host5.example.net`],
    vias: [
      ...Array.from({ length: 33 }, (_, i) => `TCP sip${33 - i}.example.com - - -`),
      `TCP host.example.com - very${"long".repeat(50)}branchvalue 192.0.2.5`,
    ],
    contentType: "application/sdp",
  }),
  valid(4475, "3.1.1.8", "dblreq", "a second request follows Content-Length: ignored on a datagram", {
    method: "REGISTER",
    contentLength: 0,
    contacts: ["sip:j.user@host.example.com"],
    after: 448,
  }),
  valid(4475, "3.1.1.9", "semiuri", "a semicolon in the user part begins no parameter", {
    uriUser: "user;par=u%40example.net",
    uriHost: "example.com",
    maxForwards: 3,
  }),
  valid(4475, "3.1.1.10", "transports", "known and unknown transports in Via", {
    vias: [
      "UDP t1.example.com - z9hG4bKkdjuw -",
      "SCTP t2.example.com - z9hG4bKklasjdhf -",
      "TLS t3.example.com - z9hG4bK2980unddj -",
      "UNKNOWN t4.example.com - z9hG4bKasd0f3en -",
      "TCP t5.example.com - z9hG4bK0a9idfnee -",
    ],
    viaTransports: [1, 4, 3, 0, 2],
  }),
  valid(4475, "3.1.1.11", "mpart01", "a binary multipart body with NUL bytes", {
    method: "MESSAGE",
    routes: ["sip:127.0.0.1:5080"],
    contentType: "multipart/mixed",
    date: Date.UTC(2005, 9, 15, 4, 44, 56),
    after: 0,
  }),
  valid(4475, "3.1.1.12", "unreason", "a reason phrase in UTF-8", {
    status: 200,
    reason: "= 2**3 * 5**2 но сто девяносто девять - простое",
    contacts: ["sip:user@host198.example.com"],
  }),
  valid(4475, "3.1.1.13", "noreason", "an empty reason phrase", { status: 100, reason: "", toTag: "902jndnke3" }),

  invalid(4475, "3.1.2.1", "badinv01", SipError.VIA_PARAM, "superfluous separators in Via and Contact"),
  invalid(4475, "3.1.2.2", "clerr", SipError.MSG_CONTENT_LENGTH_LARGE, "Content-Length beyond the datagram"),
  invalid(4475, "3.1.2.3", "ncl", SipError.MSG_CONTENT_LENGTH, "negative Content-Length"),
  invalid(4475, "3.1.2.4", "scalar02", SipError.CSEQ_RANGE, "numbers beyond their range in a request"),
  invalid(4475, "3.1.2.5", "scalarlg", SipError.CSEQ_RANGE, "numbers beyond their range in a reply"),
  invalid(4475, "3.1.2.6", "quotbal", SipError.MSG_BAD_TO, "a display name's quote is never closed"),
  invalid(4475, "3.1.2.7", "ltgtruri", SipError.MSG_URI_BRACKETS, "Request-URI in < and >"),
  invalid(4475, "3.1.2.8", "lwsruri", ScanError.FIRST_LINE, "white space inside the Request-URI"),
  invalid(4475, "3.1.2.9", "lwsstart", ScanError.FIRST_LINE, "two spaces between the parts of the first line"),
  invalid(4475, "3.1.2.10", "trws", ScanError.VERSION, "spaces at the end of the first line"),
  invalid(4475, "3.1.2.11", "escruri", SipError.MSG_URI_HEADERS, "headers in the Request-URI"),
  invalid(4475, "3.1.2.12", "baddate", SipError.MSG_BAD_DATE, "a Date in another zone than GMT"),
  invalid(4475, "3.1.2.13", "regbadct", SipError.MSG_BAD_CONTACT, "a URI with headers stands without < and >"),
  invalid(4475, "3.1.2.14", "badaspec", SipError.MSG_BAD_TO, "white space inside < and >"),
  invalid(4475, "3.1.2.15", "baddn", SipError.MSG_BAD_FROM, "unquoted display name with a comma"),
  invalid(4475, "3.1.2.16", "badvers", ScanError.VERSION, "SIP/7.0"),
  invalid(4475, "3.1.2.17", "mismatch01", SipError.MSG_CSEQ_MISMATCH, "CSeq names another method"),
  invalid(4475, "3.1.2.18", "mismatch02", SipError.MSG_CSEQ_MISMATCH, "CSeq names another method, itself unknown"),
  invalid(4475, "3.1.2.19", "bigcode", ScanError.STATUS, "a status code of ten digits"),

  valid(4475, "3.2.1", "badbranch", "a branch of the magic cookie alone: well-formed, no transaction id", {
    vias: ["UDP 192.0.2.1 - z9hG4bK -"],
  }),
  invalid(4475, "3.3.1", "insuf", SipError.MSG_NO_FROM, "Call-ID, From and To are missing"),
  valid(4475, "3.3.2", "unkscm", "a scheme nobody knows: for 416, not for 400", {
    uri: "nobodyKnowsThisScheme:totallyopaquecontent",
    uriScheme: 6,
  }),
  valid(4475, "3.3.3", "novelsc", "a known scheme of another protocol in the Request-URI", {
    uri: "soap.beep://192.0.2.103:3002",
    uriScheme: 6,
  }),
  valid(4475, "3.3.4", "unksm2", "other schemes in From, To and Contact", {
    toUri: "isbn:2983792873",
    fromUri: "http://www.example.com",
    fromTag: "3234233",
    contacts: ["name:John_Smith"],
  }),
  valid(4475, "3.3.5", "bext01", "extensions nobody supports: for 420", {
    require: ["nothingSupportsThis", "nothingSupportsThisEither"],
    vias: ["TLS fold-and-staple.example.com - z9hG4bKkdjuw -"],
  }),
  valid(4475, "3.3.6", "invut", "a body of unknown type: for the endpoint's 415", {
    contentType: "application/unknownformat",
    contentLength: 40,
  }),
  valid(4475, "3.3.7", "regaut01", "credentials of an unknown scheme", { authScheme: "NoOneKnowsThisScheme" }),
  invalid(4475, "3.3.8", "multi01", SipError.MSG_DUPLICATE_FROM, "several From, To, Call-ID, CSeq and Max-Forwards"),
  invalid(4475, "3.3.9", "mcl01", SipError.MSG_DUPLICATE_CONTENT_LENGTH, "two Content-Length that disagree"),
  valid(4475, "3.3.10", "bcast", "a reply whose second Via names the broadcast address", {
    status: 200,
    vias: ["UDP 192.0.2.198 - z9hG4bK1324923 -", "UDP 255.255.255.255 - z9hG4bK1saber23 -"],
  }),
  valid(4475, "3.3.11", "zeromf", "Max-Forwards of 0: for 483 or the proxy itself", { maxForwards: 0 }),
  valid(4475, "3.3.12", "cparam01", "a parameter after a bare URI belongs to the header", {
    contacts: ["sip:+19725552222@gw1.example.net"],
    contactParams: ";unknownparam",
  }),
  valid(4475, "3.3.13", "cparam02", "a parameter inside < and > belongs to the URI", {
    contacts: ["sip:+19725552222@gw1.example.net;unknownparam"],
    contactParams: "",
  }),
  valid(4475, "3.3.14", "regescrt", "an escaped Route header in a Contact URI, in < and >", {
    contacts: ["sip:user@example.com?Route=%3Csip:sip.example.com%3E"],
  }),
  valid(4475, "3.3.15", "sdp01", "the answer is wanted in a type nobody knows", { contentType: "application/sdp" }),
  valid(4475, "3.4.1", "inv2543", "an INVITE of RFC 2543: no branch, no tag, no Max-Forwards, no Content-Length", {
    method: "INVITE",
    vias: ["UDP iftgw.example.com - - -"],
    fromTag: null,
    toTag: null,
    toUri: "sip:+16505552222@ss1.example.net",
    sdpPorts: [49217],
  }),

  valid(5118, "4.1", "ipv6-good", "an IPv6 reference in its brackets", {
    uriHost: "[2001:db8::10]",
    uriPort: -1,
    contacts: ["sip:caller@[2001:db8::1]"],
    vias: ["UDP [2001:db8::9:1] - z9hG4bKas3-111 -"],
  }),
  invalid(5118, "4.2", "ipv6-bad", SipError.MSG_REQUEST_URI, "an IPv6 address without brackets"),
  valid(5118, "4.3", "port-ambiguous", "a port meant, but inside the brackets: part of the address", {
    uriHost: "[2001:db8::10:5070]",
    uriPort: -1,
  }),
  valid(5118, "4.4", "port-unambiguous", "a port after the brackets", { uriHost: "[2001:db8::10]", uriPort: 5070 }),
  valid(5118, "4.5", "via-received-param-with-delim", "received with brackets", {
    vias: ["UDP [2001:db8::9:1] - z9hG4bKas3-111 [2001:db8::9:255]"],
  }),
  valid(5118, "4.5", "via-received-param-no-delim", "received without brackets", {
    vias: ["UDP [2001:db8::9:1] - z9hG4bKas3 2001:db8::9:255"],
  }),
  valid(5118, "4.6", "ipv6-in-sdp", "IPv6 addresses in the session description", {
    sdpAddresses: ["2001:db8::20", "-", "-"],
    sdpPorts: [6000, 6024],
  }),
  valid(5118, "4.7", "mult-ip-in-header", "both address families in one Via set", {
    vias: [
      "UDP [2001:db8::9:1] 6050 z9hG4bKas3-111 -",
      "UDP 192.0.2.1 - z9hG4bKjhja8781hjuaij65144 -",
      "TCP [2001:db8::9:255] - z9hG4bK451jj 192.0.2.200",
    ],
  }),
  valid(5118, "4.8", "mult-ip-in-sdp", "both address families in one session description", {
    sdpAddresses: ["-", "192.0.2.1", "2001:db8::1"],
    sdpPorts: [22334, 6024],
  }),
  valid(5118, "4.9", "ipv4-mapped-ipv6", "IPv4-mapped addresses", {
    vias: ["UDP [::ffff:192.0.2.10] 19823 z9hG4bKbh19 -", "UDP [::ffff:192.0.2.2] - z9hG4bKas3-111 -"],
    contacts: ["sip:ted@[::ffff:192.0.2.2]"],
    sdpAddresses: ["::ffff:192.0.2.2", "-", "-"],
  }),
  valid(5118, "4.10", "ipv6-bug-abnf-3-colons", "three colons, which the grammar of RFC 3261 wrongly generates", {
    uriHost: "[2001:db8:::192.0.2.1]",
    toUri: "sip:user@[2001:db8:::192.0.2.1]",
  }),
  valid(5118, "4.10", "ipv6-correct-abnf-2-colons", "the same address as it should be written", {
    uriHost: "[2001:db8::192.0.2.1]",
  }),
];
