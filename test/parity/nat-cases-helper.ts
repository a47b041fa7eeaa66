// Module nathelper: what its functions return and do to messages.

import { HOP, type NatCase, type NatGroup, natRequest, PRIVATE, PUBLIC, STREAM } from "./nat-case.ts";

const SDP = [
  "v=0",
  "o=- 1 1 IN IP4 10.1.1.5",
  "s=-",
  "c=IN IP4 10.1.1.5",
  "t=0 0",
  "m=audio 4000 RTP/AVP 0",
  "a=rtpmap:0 PCMU/8000",
  "",
].join("\r\n");

interface Asked {
  readonly from?: string;
  readonly sentBy?: string;
  readonly uri?: string;
  readonly method?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
  /** Calls whose return code is kept, "$x" values that are. */
  readonly does: readonly string[];
}

const numbers = { next: 0 };

function ask(name: string, a: Asked): NatCase {
  const n = numbers.next++;
  const does = a.does.map((d, i) =>
    d.endsWith(";")
      ? d
      : d.startsWith("$")
        ? `append_to_reply("G${i}: ${d}\\r\\n");`
        : `${d}; append_to_reply("R${i}: $rc\\r\\n");`,
  );
  const contact = "Contact: <sip:alice@10.1.1.5:7000>";
  const lines = [...(a.lines ?? [contact]), ...(a.body === undefined ? [] : ["Content-Type: application/sdp"])];
  const text = natRequest(
    n,
    a.method ?? "INVITE",
    a.uri ?? `sip:bob@${HOP}`,
    a.sentBy ?? "10.1.1.5:7000",
    lines,
    a.body ?? "",
  );
  return {
    name,
    script: `    ${does.join("\n    ")}\n    sl_send_reply("299", "Done");\n    if ($du == $null) $du = "sip:${HOP}";\n    forward();`,
    steps: [{ from: a.from ?? PUBLIC, text }],
  };
}

const TESTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 19, 0];
const allTests = TESTS.map((t) => `nat_uac_test("${t}")`);

const CONTACTS = [
  "<sip:a@10.0.0.1>",
  "<sip:a@172.16.0.1>",
  "<sip:a@172.15.0.1>",
  "<sip:a@172.31.255.1>",
  "<sip:a@172.32.0.1>",
  "<sip:a@192.168.1.1>",
  "<sip:a@100.64.0.1>",
  "<sip:a@100.127.0.1>",
  "<sip:a@100.128.0.1>",
  "<sip:a@192.0.0.1>",
  "<sip:a@192.0.0.99>",
  "<sip:a@192.0.2.1>",
  "<sip:a@169.254.1.1>",
  "<sip:a@127.0.0.1>",
  "<sip:a@0.0.0.0>",
  "<sip:a@host.example>",
  "<sip:a@10.example>",
  "<sip:a@[fd00::1]>",
  "<sip:a@[2001:db8::1]>",
  "*",
  "<sip:a@198.51.100.7>, <sip:a@10.0.0.1>",
  "<sip:a@10.0.0.1;",
];

const tests = (name: string, a: Omit<Asked, "does">): NatCase => ask(`nat_uac_test: ${name}`, { ...a, does: allTests });

const sdp = (name: string, body: string, ...calls: string[]): NatCase =>
  ask(`fix_nated_sdp: ${name}`, { body, does: calls });

const MEDIA_SDP = [
  "v=0",
  "o=- 1 1 IN IP4 10.1.1.5",
  "s=-",
  "t=0 0",
  "m=audio 4000 RTP/AVP 0",
  "c=IN IP4 10.1.1.5",
  "a=rtcp:4001 IN IP4 10.1.1.5",
  "m=video 4002 RTP/AVP 96",
  "c=IN IP4 10.1.1.6",
  "a=rtcp:4003",
  "",
].join("\r\n");

const CASES: readonly NatCase[] = [
  ...CONTACTS.map((c) =>
    ask(`nat_uac_test: Contact ${c}`, { lines: [`Contact: ${c}`], does: ['nat_uac_test("1")', 'nat_uac_test("128")'] }),
  ),
  tests("private phone behind NAT", {}),
  tests("private phone seen as it is", { from: PRIVATE }),
  tests("public phone", { sentBy: PUBLIC, lines: [`Contact: <sip:alice@${PUBLIC}>`] }),
  tests("public phone, other port", { sentBy: "198.51.100.7:6000", lines: ["Contact: <sip:alice@198.51.100.7:6000>"] }),
  tests("sent-by without a port", { sentBy: "198.51.100.7", lines: ["Contact: <sip:alice@198.51.100.7>"] }),
  tests("sent-by a name", { sentBy: "phone.example:7000", lines: ["Contact: <sip:alice@phone.example:7000>"] }),
  tests("no Contact", { lines: [] }),
  tests("over TCP", { from: STREAM, sentBy: PUBLIC }),
  tests("private SDP", { body: SDP }),
  tests("public SDP", { body: SDP.replaceAll("10.1.1.5", "198.51.100.7") }),
  tests("foreign SDP", { body: SDP.replaceAll("10.1.1.5", "198.51.100.99") }),
  tests("private origin only", { body: SDP.replace("c=IN IP4 10.1.1.5", "c=IN IP4 198.51.100.7") }),
  tests("hold SDP", { body: SDP.replaceAll("10.1.1.5", "0.0.0.0") }),
  tests("SDP in media", { body: MEDIA_SDP }),
  tests("IPv6 SDP", { body: SDP.replaceAll("IP4 10.1.1.5", "IP6 fd00::1") }),
  tests("SDP with a name", { body: SDP.replaceAll("10.1.1.5", "phone.example") }),
  tests("no SDP at all", { body: "hello" }),
  ask("nat_uac_test: target", {
    does: [
      'nat_uac_test("512")',
      `$du = "sip:bob@${HOP}";`,
      'nat_uac_test("512")',
      '$du = "sip:198.51.100.8:5070";',
      'nat_uac_test("512")',
      `$du = "sip:${HOP};transport=ws";`,
      'nat_uac_test("512")',
      '$du = "sip:198.51.100.9";',
      'nat_uac_test("512")',
      `$du = "sip:${HOP}";`,
    ],
  }),
  ...[
    "10.0.0.1",
    "192.168.0.1",
    "100.64.9.9",
    "192.0.0.1",
    "192.0.0.99",
    "198.51.100.1",
    "127.0.0.1",
    "0.0.0.0",
    "fd00::1",
    "[fd00::1]",
    "fe80::1",
    "phone.example",
    "10.1",
    "",
  ].map((a) => ask(`is_rfc1918: "${a}"`, { does: [`is_rfc1918("${a}")`] })),
  ask("is_rfc1918: of a variable", {
    does: ['is_rfc1918("$rd")', 'is_rfc1918("$si")', 'is_rfc1918("$(ct{nameaddr.uri}{uri.host})")'],
  }),

  ...[
    "<sip:alice@10.1.1.5:7000>",
    "<sip:alice@10.1.1.5>",
    "<sip:10.1.1.5:7000>",
    '"Al" <sip:alice:pw@10.1.1.5:7000;transport=tcp;x=1?h=1>;expires=60;q=0.5',
    "sip:alice@10.1.1.5:7000;expires=3",
    "<sips:alice@phone.example:7000;lr>",
    "<sip:a@10.1.1.5>, <sip:b@10.1.1.6:9>;q=0.1",
    "<sip:a@[fd00::1]:5070>",
    `<sip:alice@${PUBLIC}>`,
    "*",
    "<tel:+123>",
    "<sip:alice@10.1.1.5;alias=1.2.3.4~5~1>",
    "<sip:alice@10.1.1.5;received=x>;received=y",
    "<sip:broken",
  ].flatMap((c) => [
    ask(`fix_nated_contact: ${c}`, { lines: [`Contact: ${c}`], does: ["fix_nated_contact()", "$ct"] }),
    ask(`add_contact_alias: ${c}`, { lines: [`Contact: ${c}`], does: ["add_contact_alias()"] }),
    ask(`set_contact_alias: ${c}`, { lines: [`Contact: ${c}`], does: ["set_contact_alias()"] }),
    ask(`set_contact_alias(1): ${c}`, { lines: [`Contact: ${c}`], does: ['set_contact_alias("1")'] }),
    ask(`add_rcv_param: ${c}`, { lines: [`Contact: ${c}`], does: ["add_rcv_param()"] }),
    ask(`add_rcv_param(1): ${c}`, { lines: [`Contact: ${c}`], does: ['add_rcv_param("1")'] }),
    ask(`set_alias_to_pv: ${c}`, { lines: [`Contact: ${c}`], does: ['set_alias_to_pv("$avp(a)")', "$avp(a)"] }),
  ]),
  ask("Contact twice", {
    lines: ["Contact: <sip:a@10.1.1.5>", "Contact: <sip:b@10.1.1.6>"],
    does: ["fix_nated_contact()"],
  }),
  ask("Contact twice, alias", {
    lines: ["Contact: <sip:a@10.1.1.5>", "Contact: <sip:b@10.1.1.6>"],
    does: ["add_contact_alias()"],
  }),
  ask("Contact twice, received", {
    lines: ["Contact: <sip:a@10.1.1.5>", "Contact: <sip:b@10.1.1.6>"],
    does: ["add_rcv_param()"],
  }),
  ask("no Contact", {
    lines: [],
    does: [
      "fix_nated_contact()",
      "add_contact_alias()",
      "set_contact_alias()",
      "add_rcv_param()",
      'set_alias_to_pv("$avp(a)")',
    ],
  }),
  ask("two functions for one Contact", { does: ["fix_nated_contact()", "add_contact_alias()", "fix_nated_contact()"] }),
  ask("fix_nated_contact over TCP", { from: STREAM, sentBy: PUBLIC, does: ["fix_nated_contact()"] }),
  ask("add_contact_alias over TCP", { from: STREAM, sentBy: PUBLIC, does: ["add_contact_alias()"] }),
  ask("add_contact_alias over TCP with the right transport", {
    from: STREAM,
    sentBy: PUBLIC,
    lines: ["Contact: <sip:a@198.51.100.7:7200;transport=tcp>"],
    does: ["add_contact_alias()"],
  }),
  ask("set_contact_alias over TCP", { from: STREAM, sentBy: PUBLIC, does: ["set_contact_alias()"] }),
  ask("add_rcv_param over TCP", { from: STREAM, sentBy: PUBLIC, does: ["add_rcv_param()"] }),
  ask("add_rcv_param(1) over TCP", { from: STREAM, sentBy: PUBLIC, does: ['add_rcv_param("1")'] }),
  ...(
    [
      ["1.2.3.4", "5070", "udp"],
      ["1.2.3.4", "5070", "tcp"],
      ["1.2.3.4", "5070", "tls"],
      ["1.2.3.4", "5070", "wss"],
      ["1.2.3.4", "5070", "sctp"],
      ["1.2.3.4", "5070", "xyz"],
      ["host.example", "5070", "udp"],
      ["1.2.3.4", "70000", "udp"],
      ["1.2.3.4", "x", "udp"],
      ["[2001:db8::1]", "5070", "udp"],
      ["2001:db8::1", "5070", "udp"],
      ["1.2.3.4", "5070", "UDP"],
    ] as const
  ).map(([ip, port, proto]) =>
    ask(`add_contact_alias(${ip}, ${port}, ${proto})`, { does: [`add_contact_alias("${ip}", "${port}", "${proto}")`] }),
  ),
  ...[
    "sip:bob@10.9.9.9:5070;alias=198.51.100.9~7100~1",
    "sip:bob@10.9.9.9:5070;alias=198.51.100.9~7100~2",
    "sip:bob@10.9.9.9:5070;alias=198.51.100.9~7100~3",
    "sip:bob@10.9.9.9:5070;alias=198.51.100.9~7100~6",
    "sip:bob@10.9.9.9;transport=tcp;alias=198.51.100.9~7100~1;x=1",
    "sip:bob@10.9.9.9;alias=198.51.100.9~7100~1;alias=1.2.3.4~5~2",
    "sip:bob@10.9.9.9;alias=1.2.3.4~5~2;x=2;alias=198.51.100.9~7100~1?h=1",
    "sip:bob@10.9.9.9;alias=198.51.100.9~7100",
    "sip:bob@10.9.9.9;alias=198.51.100.9",
    "sip:bob@10.9.9.9;alias=",
    "sip:bob@10.9.9.9;alias",
    "sip:bob@10.9.9.9;alias=198.51.100.9~7100~9",
    "sip:bob@10.9.9.9;alias=198.51.100.9~7100~x",
    "sip:bob@10.9.9.9;alias=[2001:db8::1]~7100~1",
    "sip:bob@10.9.9.9;alias=2001:db8::1~7100~1",
    "sip:bob@10.9.9.9;xalias=198.51.100.9~7100~1",
    "sip:bob@10.9.9.9;Alias=198.51.100.9~7100~1",
    "sip:bob@10.9.9.9;alias=198.51.100.9~99999~1",
    "sip:bob@10.9.9.9",
  ].flatMap((uri) =>
    ["handle_ruri_alias()", 'handle_ruri_alias("0")', 'handle_ruri_alias("1")'].map((call) =>
      ask(`${call} ${uri}`, { uri, does: [call, "$du", "$ru", `$du = "sip:${HOP}";`] }),
    ),
  ),
  ask("handle_ruri_alias twice", {
    uri: "sip:bob@10.9.9.9;alias=198.51.100.9~7100~1;alias=1.2.3.4~5~2",
    does: ["handle_ruri_alias()", "handle_ruri_alias()", "$du", "$ru"],
  }),
  ask("handle_ruri_alias with $du set", {
    uri: "sip:bob@10.9.9.9;alias=1.2.3.4~5060~1",
    does: [`$du = "sip:${HOP}";`, "handle_ruri_alias()", "$du", "$ru", `$du = "sip:${HOP}";`],
  }),
  ask("fix_nated_register", {
    does: ["fix_nated_register()", "$avp(rcv)", "fix_nated_register()", "$(avp(rcv)[1])"],
  }),
  ask("fix_nated_register over TCP", { from: STREAM, sentBy: PUBLIC, does: ["fix_nated_register()", "$avp(rcv)"] }),
  ask("Record-Routes: none", { does: ["$rr_count", "$rr_top_count"] }),
  ask("Record-Routes: one", { lines: ["Record-Route: <sip:1.2.3.4;lr>"], does: ["$rr_count", "$rr_top_count"] }),
  ask("Record-Routes: three in two lines", {
    lines: ["Record-Route: <sip:1.2.3.4;lr>, <sip:1.2.3.5;lr>", "Record-Route: <sip:1.2.3.6;lr>"],
    does: ["$rr_count", "$rr_top_count"],
  }),
  ask("Record-Routes: double", {
    lines: [
      "Record-Route: <sip:1.2.3.4;r2=on;lr>",
      "Record-Route: <sip:1.2.3.5;r2=on;lr>",
      "Record-Route: <sip:1.2.3.6;lr>",
    ],
    does: ["$rr_count", "$rr_top_count"],
  }),
  ask("Record-Routes: double in one line", {
    lines: ["Record-Route: <sip:1.2.3.4;lr;r2=on>,<sip:1.2.3.5;lr;r2=on>"],
    does: ["$rr_count", "$rr_top_count"],
  }),
  ask("Record-Routes: double of another", {
    lines: ["Record-Route: <sip:1.2.3.6;lr>", "Record-Route: <sip:1.2.3.4;lr;r2=on>,<sip:1.2.3.5;lr;r2=on>"],
    does: ["$rr_count", "$rr_top_count"],
  }),
  sdp("1", SDP, 'fix_nated_sdp("1")'),
  sdp("2", SDP, 'fix_nated_sdp("2")'),
  sdp("3", SDP, 'fix_nated_sdp("3")'),
  sdp("4", SDP, 'fix_nated_sdp("4")'),
  sdp("8", SDP, 'fix_nated_sdp("8")'),
  sdp("10", SDP, 'fix_nated_sdp("10")'),
  sdp("15", SDP, 'fix_nated_sdp("15")'),
  sdp("0", SDP, 'fix_nated_sdp("0")'),
  sdp("16", SDP, 'fix_nated_sdp("16")'),
  sdp("with an address", SDP, 'fix_nated_sdp("10", "1.2.3.4")'),
  sdp("with no address", SDP, 'fix_nated_sdp("10", "nonsense")'),
  sdp("with IPv6", SDP, 'fix_nated_sdp("2", "2001:db8::1")'),
  sdp("media", MEDIA_SDP, 'fix_nated_sdp("10")'),
  sdp("media, 2", MEDIA_SDP, 'fix_nated_sdp("2")'),
  sdp("media, 8", MEDIA_SDP, 'fix_nated_sdp("8")'),
  sdp("public", SDP.replaceAll("10.1.1.5", "198.51.100.7"), 'fix_nated_sdp("10")'),
  sdp("hold", SDP.replaceAll("10.1.1.5", "0.0.0.0"), 'fix_nated_sdp("10")'),
  sdp("IPv6", SDP.replaceAll("IP4 10.1.1.5", "IP6 fd00::1"), 'fix_nated_sdp("10")'),
  sdp("a name", SDP.replaceAll("10.1.1.5", "phone.example"), 'fix_nated_sdp("10")'),
  sdp("twice", SDP, 'fix_nated_sdp("2")', 'fix_nated_sdp("2")'),
  sdp("twice with marks", SDP, 'fix_nated_sdp("6")', 'fix_nated_sdp("6")'),
  sdp("marked already", `${SDP}a=nortpproxy:yes\r\n`, 'fix_nated_sdp("14")'),
  sdp("not SDP", "hello\r\n", 'fix_nated_sdp("10")'),
  sdp("no line end", SDP.slice(0, -2), 'fix_nated_sdp("5")'),
  ask("fix_nated_sdp: no body", { does: ['fix_nated_sdp("10")'] }),
  ask("fix_nated_sdp: other body", {
    lines: ["Contact: <sip:a@10.1.1.5>", "Content-Type: text/plain"],
    does: ['fix_nated_sdp("10")'],
  }),
  ask("fix_nated_sdp: multipart", {
    lines: ["Contact: <sip:a@10.1.1.5>", "Content-Type: multipart/mixed;boundary=bb"],
    does: ['fix_nated_sdp("10")', 'nat_uac_test("8")'],
  }),
  ask("select of a rewritten Contact", {
    lines: ['Contact: "A" <sip:a@10.1.1.5:9>;q=1, <sip:b@10.1.1.6>'],
    does: [
      "$sel(nathelper.rewrite_contact[1])",
      "$sel(nathelper.rewrite_contact[2])",
      "$sel(nathelper.rewrite_contact[3])",
      "$sel(nathelper.rewrite_contact[1].nameaddr.uri)",
    ],
  }),
];

const AGENTS = [PUBLIC, PRIVATE, HOP, STREAM];
const MODULES = ["kex", "sl", "tm", "pv", "textops", "siputils", "xlog", "rr", "nathelper"];

/** The functions one by one. */
export const HELPER: NatGroup = {
  name: "nathelper",
  modules: MODULES,
  params: 'modparam("nathelper", "received_avp", "$avp(rcv)")\n',
  agents: AGENTS,
  cases: CASES,
};
