// Broken messages for module sanity, and the configuration that looks at them: which reply each gets and what the script sees of it.

/** One message. {N} is the number of the case, {UAC} the client's host:port. */
export interface SanityCase {
  readonly name: string;
  /** Arguments of sanity_check: "none", "checks" or "checks,uris". */
  readonly args: string;
  readonly message: string;
}

/** Cases under one set of module parameters. */
export interface SanityGroup {
  readonly name: string;
  readonly params: string;
  readonly cases: readonly SanityCase[];
}

/** What was seen of a case: what the script logged, and the lines of the answers that matter. */
export interface SanitySeen {
  readonly log: readonly string[];
  readonly replies: readonly string[];
}

const BASE = [
  "INVITE sip:bob@127.0.0.1:9 SIP/2.0",
  "Via: SIP/2.0/UDP {UAC};branch=z9hG4bKs{N};rport",
  "X-Args: {ARGS}.",
  "Max-Forwards: 70",
  "From: <sip:alice@example.org>;tag=f{N}",
  "To: <sip:bob@example.org>",
  "Call-ID: sanity{N}",
  "CSeq: 7 INVITE",
  "Contact: <sip:alice@192.0.2.7:5062>",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

const AUTH =
  'Digest username="a", realm="r", nonce="n1", uri="sip:x", response="0123456789abcdef0123456789abcdef", algorithm=MD5';

let number = 0;
function fill(text: string, args: string): string {
  return text.replaceAll("{N}", String(number)).replaceAll("{ARGS}", args);
}

/** The usual request with one text replaced by another. */
function edited(name: string, args: string, from: string | RegExp, to: string): SanityCase {
  number++;
  const message = BASE.replace(from, to);
  if (message === BASE && from !== "") throw new Error(`${name}: nothing replaced`);
  return { name: `${name} [${args}]`, args, message: fill(message, args) };
}
function uri(name: string, args: string, text: string): SanityCase {
  return edited(name, args, "sip:bob@127.0.0.1:9", text);
}
function added(name: string, args: string, ...lines: string[]): SanityCase {
  return edited(name, args, "Max-Forwards: 70\r\n", `Max-Forwards: 70\r\n${lines.map((l) => `${l}\r\n`).join("")}`);
}
function line(name: string, args: string, header: string, text: string | null): SanityCase {
  return edited(name, args, new RegExp(`^${header}: .*\r\n`, "m"), text === null ? "" : `${header}: ${text}\r\n`);
}

const REPLY = [
  "SIP/2.0 200 OK",
  "Via: SIP/2.0/UDP {ME};branch=z9hG4bK1.2.3",
  "Via: SIP/2.0/UDP {UAC};branch=z9hG4bKs{N}",
  "X-Args: {ARGS}.",
  "From: <sip:alice@example.org>;tag=f{N}",
  "To: <sip:bob@example.org>;tag=t{N}",
  "Call-ID: sanity{N}",
  "CSeq: 7 MESSAGE",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

function reply(name: string, args: string, from: string, to: string): SanityCase {
  number++;
  return { name: `reply: ${name} [${args}]`, args, message: fill(REPLY.replace(from, to), args) };
}

const ALL = "none";

function common(): SanityCase[] {
  return [
    edited("nothing wrong", ALL, "", ""),
    edited("nothing wrong", "32767,15", "", ""),
    edited("no check", "0", "", ""),
    // 1: version
    edited("version 3.0", "1", "SIP/2.0\r\nVia", "SIP/3.0\r\nVia"),
    edited("version 7.0", ALL, "SIP/2.0\r\nVia", "SIP/7.0\r\nVia"),
    edited("version 2.00", "1", "SIP/2.0\r\nVia", "SIP/2.00\r\nVia"),
    edited("version in lower case", "1", "SIP/2.0\r\nVia", "sip/2.0\r\nVia"),
    // 2: scheme
    uri("scheme http", "2", "http://example.org/"),
    uri("scheme mailto", ALL, "mailto:a@example.org"),
    uri("scheme sips", "2", "sips:bob@127.0.0.1:9"),
    uri("scheme SIP", "2", "SIP:bob@127.0.0.1:9"),
    uri("scheme tel", "2", "tel:+4930123"),
    uri("scheme tels", "2", "tels:+4930123"),
    uri("scheme urn", "2", "urn:service:sos"),
    uri("scheme sipx", "2", "sipx:bob@127.0.0.1"),
    uri("no scheme", "2", "bob@127.0.0.1"),
    uri("scheme without rest", "2", "sip:"),
    uri("scheme http, not checked", "1", "http://example.org/"),
    // 4: required headers
    line("no To", "4", "To", null),
    line("no From", "4", "From", null),
    line("no CSeq", "4", "CSeq", null),
    line("no Call-ID", "4", "Call-ID", null),
    line("no To", ALL, "To", null),
    line("empty Call-ID", "4", "Call-ID", ""),
    line("no Max-Forwards", "4", "Max-Forwards", null),
    line("no Contact", "4", "Contact", null),
    // 32, 64: CSeq
    line("CSeq of another method", "32", "CSeq", "7 OPTIONS"),
    line("CSeq of another method", ALL, "CSeq", "7 OPTIONS"),
    line("CSeq of an unknown method", "32", "CSeq", "7 FOO"),
    line("CSeq method in lower case", "32", "CSeq", "7 invite"),
    edited("unknown methods that differ", "32", /^INVITE([\s\S]*)CSeq: 7 INVITE/, "FOO$1CSeq: 7 BAR"),
    edited("unknown methods that agree", "32", /^INVITE([\s\S]*)CSeq: 7 INVITE/, "FOO$1CSeq: 7 FOO"),
    line("CSeq without a number", "64", "CSeq", "INVITE"),
    line("CSeq with letters", "64", "CSeq", "7x INVITE"),
    line("CSeq negative", "64", "CSeq", "-7 INVITE"),
    line("CSeq 2147483647", "64", "CSeq", "2147483647 INVITE"),
    line("CSeq 2147483648", "64", "CSeq", "2147483648 INVITE"),
    line("CSeq 4294967295", "64", "CSeq", "4294967295 INVITE"),
    line("CSeq 4294967296", "64", "CSeq", "4294967296 INVITE"),
    line("CSeq of 20 digits", ALL, "CSeq", "36893488147419103232 INVITE"),
    // 128: Content-Length
    line("Content-Length larger than the body", "128", "Content-Length", "10"),
    line("Content-Length larger than the body", ALL, "Content-Length", "10"),
    edited(
      "Content-Length smaller than the body",
      "128",
      /Content-Length: 0\r\n\r\n$/,
      "Content-Length: 2\r\n\r\nabcdef",
    ),
    edited("Content-Length right", "128", /Content-Length: 0\r\n\r\n$/, "Content-Length: 6\r\n\r\nabcdef"),
    line("no Content-Length", "128", "Content-Length", null),
    edited("no Content-Length, a body", "128", /Content-Length: 0\r\n\r\n$/, "\r\nabcdef"),
    line("Content-Length negative", "128", "Content-Length", "-1"),
    line("Content-Length with letters", "128", "Content-Length", "x"),
    // 256: Expires
    added("Expires 3600", "256", "Expires: 3600"),
    added("Expires with letters", "256", "Expires: soon"),
    added("Expires with letters", ALL, "Expires: soon"),
    added("Expires negative", "256", "Expires: -1"),
    added("Expires 4294967295", "256", "Expires: 4294967295"),
    added("Expires 4294967296", "256", "Expires: 4294967296"),
    added("Expires of 20 digits", "256", "Expires: 36893488147419103232"),
    added("Expires with rest", "256", "Expires: 10 s"),
    added("Expires 10s", "256", "Expires: 10s"),
    added("Expires empty", "256", "Expires:"),
    added("Expires a date", "256", "Expires: Thu, 01 Dec 2050 16:00:00 GMT"),
    added("Expires twice", "256", "Expires: 10", "Expires: x"),
    // 512: Proxy-Require
    added("Proxy-Require unknown", "512", "Proxy-Require: foo"),
    added("Proxy-Require two unknown", ALL, "Proxy-Require: foo, bar"),
    added("Proxy-Require empty", "512", "Proxy-Require:"),
    added("Proxy-Require twice", "512", "Proxy-Require: foo", "Proxy-Require: bar"),
    added("Require is another one", "512", "Require: foo"),
    // 1024: URIs
    uri("R-URI broken", "1024", "sip:bob@"),
    uri("R-URI broken", "1024,1", "sip:bob@exa mple"),
    uri("R-URI broken port", "1024,1", "sip:bob@127.0.0.1:99999"),
    uri("R-URI broken port, not looked at", "1024,2", "sip:bob@127.0.0.1:99999"),
    uri("R-URI tel", "1024,1", "tel:+4930123"),
    uri("R-URI http", "1024,1", "http://example.org/"),
    line("From URI broken", "1024,2", "From", "<sip:alice@>;tag=f{N}"),
    line("From URI broken, not looked at", "1024,5", "From", "<sip:alice@>;tag=f{N}"),
    line("From without scheme", "1024", "From", "<alice>;tag=f{N}"),
    line("From URI tel", "1024", "From", "<tel:123>;tag=f{N}"),
    line("From URI http", "1024,2", "From", "<http://example.org/>;tag=f{N}"),
    line("From without bracket", "1024,2", "From", "<sip:alice@example.org;tag=f{N}"),
    line("no From", "1024,2", "From", null),
    line("To URI broken", "1024,4", "To", "<sip:bob@>"),
    line("To URI broken, not looked at", "1024,3", "To", "<sip:bob@>"),
    line("To URI a broken port", "1024,4", "To", "<sip:bob@example.org:abc>"),
    line("no To", "1024,4", "To", null),
    line("Contact URI broken", "1024,8", "Contact", "<sip:alice@>"),
    line("Contact URI broken, not looked at", "1024", "Contact", "<sip:alice@>"),
    line("Contact *", "1024,8", "Contact", "*"),
    line("no Contact", "1024,8", "Contact", null),
    line("second Contact broken", "1024,8", "Contact", "<sip:a@192.0.2.1>, <sip:alice@>"),
    line("Contact without bracket", "1024,8", "Contact", "<sip:alice@192.0.2.7"),
    line("all broken", "1024,15", "From", "<sip:alice@>;tag=f{N}"),
    // 2048: credentials
    added("credentials", "2048", `Authorization: ${AUTH}`),
    added("credentials without response", "2048", `Authorization: ${AUTH.replace(/, response="[^"]*"/, "")}`),
    added("credentials without response", ALL, `Authorization: ${AUTH.replace(/, response="[^"]*"/, "")}`),
    added("credentials without nonce", "2048", `Proxy-Authorization: ${AUTH.replace(/ nonce="n1",/, "")}`),
    added("credentials without realm", "2048", `Proxy-Authorization: ${AUTH.replace(/ realm="r",/, "")}`),
    added("credentials without username", "2048", `Proxy-Authorization: ${AUTH.replace(/ username="a",/, "")}`),
    added("credentials without uri", "2048", `Authorization: ${AUTH.replace(/ uri="sip:x",/, "")}`),
    added("credentials with an empty username", "2048", `Authorization: ${AUTH.replace('"a"', '""')}`),
    added("credentials with an empty nonce", "2048", `Authorization: ${AUTH.replace('"n1"', '""')}`),
    added("credentials with an empty realm", "2048", `Authorization: ${AUTH.replace('"r"', '""')}`),
    added(
      "credentials with a short response",
      "2048",
      `Authorization: ${AUTH.replace(/response="[^"]*"/, 'response="01"')}`,
    ),
    added("credentials with qop alone", "2048", `Authorization: ${AUTH}, qop=auth`),
    added("credentials with qop, nc, cnonce", "2048", `Authorization: ${AUTH}, qop=auth, nc=00000001, cnonce="x"`),
    added("credentials of another algorithm", "2048", `Authorization: ${AUTH.replace("MD5", "SHA-1")}`),
    added("credentials that are no list", "2048", "Authorization: Digest foo bar"),
    added("credentials Basic", "2048", "Authorization: Basic abcdef=="),
    added("credentials Basic for proxies", "2048", "Proxy-Authorization: Basic abcdef=="),
    added("credentials Bearer", ALL, "Authorization: Bearer abc"),
    added("second credentials broken", "2048", `Authorization: ${AUTH}`, "Authorization: Digest realm=x"),
    added("credentials empty", "2048", "Authorization:"),
    // 4096: tags
    line("From tag twice", "4096", "From", "<sip:alice@example.org>;tag=f{N};tag=g"),
    line("From tag twice, the same", "4096", "From", "<sip:alice@example.org>;tag=f{N};tag=f{N}"),
    line("To tag twice", "4096", "To", "<sip:bob@example.org>;tag=a;tag=b"),
    line("To tag twice", ALL, "To", "<sip:bob@example.org>;tag=a;tag=b"),
    line("From tag and another parameter", "4096", "From", "<sip:alice@example.org>;tag=f{N};x=1"),
    line("tag within the URI", "4096", "From", "<sip:alice@example.org;tag=x>;tag=f{N}"),
    line("no From tag", "4096", "From", "<sip:alice@example.org>"),
    // 8192: Authorization of any scheme
    added("Authorization Basic", "8192", "Authorization: Basic abcdef=="),
    added("Authorization Digest", "8192", `Authorization: ${AUTH}`),
    added("Authorization without response", "8192", `Authorization: ${AUTH.replace(/, response="[^"]*"/, "")}`),
    added("Authorization broken", "8192", "Authorization: Digest foo bar"),
    added(
      "Proxy-Authorization without response",
      "8192",
      `Proxy-Authorization: ${AUTH.replace(/, response="[^"]*"/, "")}`,
    ),
    added("Authorization empty", "8192", "Authorization:"),
    // 16384: the first Via
    edited("Via as it should be", "16384", "", ""),
    line("Via with a name", "16384", "Via", "SIP/2.0/UDP host.invalid;branch=z9hG4bKs{N};rport"),
    line("Via of TCP", "16384", "Via", "SIP/2.0/TCP {UAC};branch=z9hG4bKs{N};rport"),
    line("Via of version 3.0", "8", "Via", "SIP/3.0/UDP {UAC};branch=z9hG4bKs{N};rport"),
    line("Via of an unknown protocol", "16", "Via", "SIP/2.0/FOO {UAC};branch=z9hG4bKs{N};rport"),
    line("Via of TCP over UDP", "16", "Via", "SIP/2.0/TCP {UAC};branch=z9hG4bKs{N};rport"),
    line(
      "Via twice with a name first",
      "16384",
      "Via",
      "SIP/2.0/UDP host.invalid;branch=z9hG4bKs{N};rport, SIP/2.0/UDP 1.2.3.4",
    ),
    // which fault is told first
    edited("scheme and CSeq", ALL, /sip:bob@127.0.0.1:9([\s\S]*)7 INVITE/, "http://x/$17 OPTIONS"),
    edited("Expires and Content-Length", "384", "Content-Length: 0", "Expires: x\r\nContent-Length: 9"),
    edited("ACK with a broken Expires", "256", /^INVITE([\s\S]*)CSeq: 7 INVITE/, "ACK$1Expires: x\r\nCSeq: 7 ACK"),
    edited("ACK of another CSeq", "32", /^INVITE/, "ACK"),
    edited(
      "CANCEL with a broken Expires",
      "256",
      /^INVITE([\s\S]*)CSeq: 7 INVITE/,
      "CANCEL$1Expires: x\r\nCSeq: 7 CANCEL",
    ),
    edited("sanity_reply alone", "reply", "", ""),
    edited("no URIs", "1024,0", "", ""),
    edited("URIs that do not exist", "1024,16", "", ""),
    edited("URIs that do not exist", "1,16", "", ""),
    edited("a check that does nothing", "8", "", ""),
    edited("two checks that do nothing", "24", "", ""),
    edited("checks that do not exist", "32768", "", ""),
    edited("checks that do not exist and one that does", "32769", "", ""),
    ...order(),
    ...numbers(),
    ...tags(),
    ...["1", "2", "4", "32", "64", "128", "256", "512", "1024", "2048", "4096", "16384"].map((n) =>
      reply("nothing wrong", n, "", ""),
    ),
    reply("nothing wrong", ALL, "", ""),
    reply("Expires broken", ALL, "CSeq: 7", "Expires: x\r\nCSeq: 7"),
    reply("Content-Length broken", "128", "Content-Length: 0", "Content-Length: 9"),
    reply("CSeq of 20 digits", "64", "CSeq: 7", "CSeq: 36893488147419103232"),
    reply("Proxy-Require", "512", "CSeq: 7", "Proxy-Require: foo\r\nCSeq: 7"),
    reply("To tag twice", "4096", ";tag=t", ";tag=x;tag=t"),
  ];
}

// which of two faults is told
function order(): SanityCase[] {
  const bad = {
    require: "Proxy-Require: foo",
    credentials: `Proxy-Authorization: ${AUTH.replace(/ nonce="n1",/, "")}`,
    expires: "Expires: x",
  };
  const twoTags = (c: SanityCase): SanityCase => ({
    ...c,
    message: c.message.replace("To: <sip:bob@example.org>", "To: <sip:bob@example.org>;tag=a;tag=b"),
  });
  const badUri = (c: SanityCase): SanityCase => ({
    ...c,
    message: c.message.replace("<sip:alice@192.0.2.7:5062>", "<sip:alice@>"),
  });
  return [
    added("order: Expires, Proxy-Require", "768", bad.require, bad.expires),
    badUri(added("order: Proxy-Require, Contact", "1536,8", bad.require)),
    badUri(added("order: Contact, credentials", "3072,8", bad.credentials)),
    twoTags(added("order: credentials, tags", "6144", bad.credentials)),
    badUri(twoTags(added("order: Contact, tags", "5120,8", "X: y"))),
    twoTags(added("order: tags, Authorization", "12288", bad.credentials)),
  ];
}

function numbers(): SanityCase[] {
  const texts = ["9999999999", "4294967297", "99999999999", "00000000000001", "0", "+5", "5.5", "0x10"];
  return [
    ...texts.map((n) => added(`Expires ${n}`, "256", `Expires: ${n}`)),
    ...texts.map((n) => line(`CSeq ${n}`, "64", "CSeq", `${n} INVITE`)),
    added("Expires folded", "256", "Expires: 10\r\n x"),
    added("credentials with an empty uri", "2048", `Authorization: ${AUTH.replace('"sip:x"', '""')}`),
    added(
      "credentials with an empty response",
      "2048",
      `Authorization: ${AUTH.replace(/response="[^"]*"/, 'response=""')}`,
    ),
    added("credentials of a user @x", "2048", `Authorization: ${AUTH.replace('"a"', '"@x"')}`),
    added("credentials with qop and cnonce", "2048", `Authorization: ${AUTH}, qop=auth, cnonce="x"`),
    added("credentials with an unknown qop", "2048", `Authorization: ${AUTH}, qop=foo, nc=00000001, cnonce="x"`),
    added("credentials with nc too long", "2048", `Authorization: ${AUTH}, qop=auth, nc=000000001, cnonce="x"`),
    added("credentials, then Basic", "2048", `Authorization: ${AUTH}`, "Proxy-Authorization: Basic abcdef=="),
    added("Proxy-Require with an empty element", "512", "Proxy-Require: ,foo"),
    added("Proxy-Require with parameters", "512", "Proxy-Require: foo;x=1"),
  ];
}

function tags(): SanityCase[] {
  const from = (name: string, text: string): SanityCase => line(`tags: ${name}`, "4096", "From", text);
  return [
    from("without brackets", "sip:alice@example.org;tag=f{N};tag=g"),
    from("one in the display name", '"x;tag=1" <sip:alice@example.org>;tag=f{N}'),
    from("two in the display name", '"x;tag=1;tag=2" <sip:alice@example.org>;tag=f{N}'),
    from("in capitals", "<sip:alice@example.org>;TAG=f{N};tag=g"),
    from("with white space", "<sip:alice@example.org> ; tag = f{N} ; tag=g"),
    from("names that begin alike", "<sip:alice@example.org>;tag=f{N};tagx=g"),
    from("three", "<sip:alice@example.org>;tag=f{N};tag=g;tag=h"),
    from("one in a quoted value", '<sip:alice@example.org>;x=";tag=1";tag=f{N}'),
    from("one without value", "<sip:alice@example.org>;tag;tag=f{N}"),
    from("one empty", "<sip:alice@example.org>;tag=;tag=f{N}"),
  ];
}

function few(): SanityCase[] {
  return [
    edited("nothing wrong", ALL, "", ""),
    edited("nothing wrong", "1024", "", ""),
    added("Expires with letters", "256", "Expires: soon"),
    added("Expires with letters", ALL, "Expires: soon"),
    added("Proxy-Require foo", "512", "Proxy-Require: foo"),
    added("Proxy-Require bar, baz", "512", "Proxy-Require: bar, baz"),
    added("Proxy-Require FOO", "512", "Proxy-Require: FOO"),
    added("Proxy-Require fo", "512", "Proxy-Require: fo"),
    uri("scheme http", ALL, "http://example.org/"),
    line("Contact URI broken", "1024", "Contact", "<sip:alice@>"),
    line("From URI broken", "1024", "From", "<sip:alice@>;tag=f{N}"),
    line("To tag twice", ALL, "To", "<sip:bob@example.org>;tag=a;tag=b"),
    line("no To", "4", "To", null),
    edited("ACK with a broken Expires", "256", /^INVITE([\s\S]*)CSeq: 7 INVITE/, "ACK$1Expires: x\r\nCSeq: 7 ACK"),
    edited("sanity_reply alone", "reply", "", ""),
    edited("no check", "0", "", ""),
    edited("no URIs", "1024,0", "", ""),
    added("a check and sanity_reply twice", "twice", "Expires: soon"),
    added("credentials Basic", "2048", "Authorization: Basic abcdef=="),
    reply("nothing wrong", ALL, "", ""),
    reply("nothing wrong", "128", "", ""),
    reply("Expires broken", "256", "CSeq: 7", "Expires: x\r\nCSeq: 7"),
  ];
}

const param = (name: string, value: string | number): string =>
  `modparam("sanity", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;

export const SANITY_GROUPS: readonly SanityGroup[] = [
  { name: "autodrop 0", params: param("autodrop", 0), cases: common() },
  { name: "as it comes", params: "", cases: few() },
  { name: "noreply", params: param("noreply", 1) + param("autodrop", 0), cases: few() },
  { name: "noreply and autodrop", params: param("noreply", 1), cases: few() },
  {
    name: "other defaults",
    params:
      param("autodrop", 0) +
      param("default_checks", 2 + 4096) +
      param("uri_checks", 8) +
      param("proxy_require", " foo , bar"),
    cases: few(),
  },
];

/** The configuration of a group. */
export function configOf(group: SanityGroup): string {
  const kinds = [...new Set(group.cases.map((c) => c.args))];
  const calls = kinds.map((args) => {
    if (args === "reply") return `  if ($mb =~ "X-Args: reply\\.") { sanity_reply(); $var(rc) = $rc; }`;
    if (args === "twice")
      return `  if ($mb =~ "X-Args: twice\\.") { sanity_check("256"); sanity_reply(); sanity_reply(); $var(rc) = $rc; }`;
    const given =
      args === "none"
        ? ""
        : args
            .split(",")
            .map((n) => `"${n}"`)
            .join(", ");
    return `  if ($mb =~ "X-Args: ${args}\\.") { sanity_check(${given}); $var(rc) = $rc; }`;
  });
  const body = [
    "  $var(rc) = 99;",
    '  xlog("L_ALERT", "@looked at\\n");',
    ...calls,
    '  xlog("L_ALERT", "@rc $var(rc)\\n");',
    "  if ($var(rc) < 0) {",
    "    sanity_reply();",
    '    xlog("L_ALERT", "@sanity_reply $rc\\n");',
    "  }",
  ].join("\n");
  return `#!KAMAILIO
debug=-1
log_stderror=yes
children=1
disable_tcp=yes
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "kex.so"
loadmodule "sanity.so"
${group.params}request_route {
  if ($mb =~ "^OPTIONS sip:marker") { xlog("L_ALERT", "@marker\\n"); sl_send_reply("200", "Marker"); exit; }
${body}
}
reply_route {
${body}
}
`;
}

/** What tells that all before it was handled. */
export function marker(uac: string, n: number): string {
  return [
    "OPTIONS sip:marker SIP/2.0",
    `Via: SIP/2.0/UDP ${uac};branch=z9hG4bKmark${n};rport`,
    "From: <sip:m@x>;tag=m",
    "To: <sip:m@x>",
    `Call-ID: marker${n}`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

export function isMarker(reply: string): boolean {
  return reply.startsWith("SIP/2.0 200 Marker");
}

export function messageOf(c: SanityCase, uac: string, me: string): string {
  return c.message.replaceAll("{UAC}", uac).replaceAll("{ME}", me);
}

/** The lines of an answer that the module decides. */
export function noteOf(reply: string): string {
  const lines = reply.split("\r\n");
  return [lines[0]!, ...lines.filter((l) => /^(Unsupported|Warning|Error|Reason):/i.test(l))].join(" | ");
}

/** The script's lines among all that is logged. */
export function saidBy(log: readonly string[]): string[] {
  return log.flatMap((l) => {
    const at = l.indexOf("@");
    return at < 0 || /@(looked at|rc -?\d+|sanity_reply)/.test(l) === false ? [] : [l.slice(at + 1).trim()];
  });
}
