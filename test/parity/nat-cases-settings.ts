// Parameters and functions that the other groups leave out: modules rr, sl, siputils, nathelper and the columns of usrloc.

import { HOP, type NatCase, type NatGroup, type NatStep, natRequest, PUBLIC } from "./nat-case.ts";
import { LOGINS } from "./nat-cases-logins.ts";
import { fresh, group, p, send, TELL } from "./nat-cases-parts.ts";

// ---- routes ----

const RECORD = `
  if ($hdr(X-Do) == "record") record_route();
  if ($hdr(X-Do) == "other") { record_route(); $fs = "udp:203.0.113.1:5062"; }
  if ($hdr(X-Do) == "preset") record_route_preset("198.51.100.1:5060");
  if ($hdr(X-Do) == "loose") { loose_route(); append_hf("R: $rc $du $fs\\r\\n"); }
  if ($hdr(X-Do) == "sips") { $ru = "sips:bob@office.example"; record_route(); }
  $du = "sip:${HOP}";
  forward();
`;
const routing = (name: string, params: string, steps: readonly NatStep[]): NatGroup =>
  group(`rr, ${name}`, [], params, RECORD, [{ name: "forwarded", steps }]);
const TAGGED = ["From: <sip:alice@office.example>;tag=t1", "To: <sip:bob@office.example>;tag=t2"];
const both = (): NatStep[] => [send("record", "INVITE"), send("other", "INVITE"), send("preset", "INVITE")];

const ROUTES: readonly NatGroup[] = [
  routing("defaults", "", both()),
  routing("append_fromtag 0", p("rr", "append_fromtag", 0), both()),
  routing("enable_double_rr 0", p("rr", "enable_double_rr", 0), both()),
  routing("enable_double_rr 2", p("rr", "enable_double_rr", 2), both()),
  routing("enable_full_lr", p("rr", "enable_full_lr", 1), both()),
  routing("ignore_sips", p("rr", "ignore_sips", 1), [send("sips", "INVITE")]),
  routing("sips", "", [send("sips", "INVITE")]),
  routing("enable_socket_mismatch_warning 0", p("rr", "enable_socket_mismatch_warning", 0), [send("preset", "INVITE")]),
  ...[0, 1].map((on) =>
    routing(`force_send_socket ${on}`, p("rr", "force_send_socket", on), [
      send("loose", "INFO", [...TAGGED, "Route: <sip:203.0.113.1:5062;lr>"]),
      send("loose", "INFO", [...TAGGED, "Route: <sip:203.0.113.1:5062;r2=on;lr>, <sip:203.0.113.1;r2=on;lr>"]),
    ]),
  ),
];

// ---- replies ----

const REPLY_ROUTE = `reply_route {
  if ($hdr(X-Do) == "status") { change_reply_status("199", "Other"); append_hf("X-Rc: $rc\\r\\n"); }
  if ($hdr(X-Do) == "class") { change_reply_status("404", "Other"); append_hf("X-Rc: $rc\\r\\n"); }
  if ($hdr(X-Do) == "code") { change_reply_status_code("188"); append_hf("X-Rc: $rc\\r\\n"); }
  if ($hdr(X-Do) == "forward") { sl_forward_reply("181", "Mine"); drop; }
  if ($hdr(X-Do) == "forward0") { sl_forward_reply(); drop; }
  if ($hdr(X-Do) == "forwardc") { sl_forward_reply("404", "Mine"); drop; }
}
`;
const viaUs = (does: string): NatStep => ({
  from: HOP,
  text: [
    "SIP/2.0 180 Ringing",
    `Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK-parity-r${does};i=1`,
    `Via: SIP/2.0/UDP ${PUBLIC};branch=z9hG4bK-parity-s${does};rport=7000`,
    "From: <sip:alice@office.example>;tag=t1",
    "To: <sip:bob@office.example>;tag=t2",
    `Call-ID: reply-${does}`,
    "CSeq: 1 OPTIONS",
    `X-Do: ${does}`,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n"),
});

const REPLIES: readonly NatGroup[] = [
  group(
    "replies on their way",
    [],
    "",
    "exit;",
    [
      { name: "as they are", steps: [viaUs("none")] },
      { name: "change_reply_status", steps: [viaUs("status"), viaUs("class"), viaUs("code")] },
      { name: "sl_forward_reply", steps: [viaUs("forward"), viaUs("forward0"), viaUs("forwardc")] },
    ],
    { routes: REPLY_ROUTE },
  ),
  group(
    "sl",
    [],
    p("sl", "default_code", 505) + p("sl", "default_reason", "Not Today") + p("sl", "bind_tm", 0),
    `
  if ($hdr(X-Do) == "wrong") { $var(c) = "abc"; sl_send_reply("$var(c)", ""); exit; }
  if ($hdr(X-Do) == "tm") { t_newtran(); send_reply("299", "Done"); append_hf("x: y\\r\\n"); exit; }
`,
    [{ name: "codes", steps: [send("wrong"), send("tm")] }],
  ),
];

// ---- siputils, nathelper, xlog ----

const UTILS = [
  p("siputils", "contact_flds_separator", "-"),
  p("siputils", "options_accept", "application/sdp"),
  p("siputils", "options_accept_encoding", "gzip"),
  p("siputils", "options_accept_language", "de"),
  p("siputils", "options_support", "path"),
  p("siputils", "rpid_prefix", "Who <"),
  p("siputils", "rpid_suffix", ">;party=called"),
  p("siputils", "rpid_avp", "$avp(s:who)"),
].join("");
const UTILS_SCRIPT = `
  if ($hdr(X-Do) == "options") { options_reply(); exit; }
  if ($hdr(X-Do) == "e164") { $var(n) = "+1234567"; is_e164("$var(n)"); $var(a) = $rc; $var(n) = "+123456789012345678"; is_e164("$var(n)"); append_to_reply("A: $var(a)\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "pack") { encode_contact("pre", "me.example"); msg_apply_changes(); append_to_reply("A: $ct\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "unpack") { decode_contact_header(); msg_apply_changes(); append_to_reply("A: $ct\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "rpid") { $avp(who) = "sip:x@y"; append_rpid_hf(); msg_apply_changes(); append_to_reply("A: $hdr(Remote-Party-ID)\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "rpid2") { $avp(who) = "sip:x@y"; append_rpid_hf("P <", ">;s"); msg_apply_changes(); append_to_reply("A: $hdr(Remote-Party-ID)\\r\\n"); ${TELL} }
`;
const SDP = "v=0\r\no=a 1 1 IN IP4 10.1.1.5\r\ns=-\r\nc=IN IP4 10.1.1.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
const NAT_SCRIPT = `
  if ($hdr(X-Do) == "alias") { set_contact_alias(); msg_apply_changes(); append_to_reply("A: $ct\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "ruri") { $ru = "sip:x@10.1.1.5;via=198.51.100.7~7000~1"; handle_ruri_alias(); append_to_reply("A: $ru $du\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "addr") { is_rfc1918("192.0.0.5"); ${TELL} }
  if ($hdr(X-Do) == "sdp") { fix_nated_sdp("7", "9.9.9.9"); $du = "sip:${HOP}"; forward(); exit; }
`;
const natted = (steps: readonly NatStep[]): readonly NatCase[] => [{ name: "what it changes", steps }];
const natSteps = (): NatStep[] => [
  send("alias", "OPTIONS", ["Contact: <sip:al@10.1.1.5>"]),
  send("ruri"),
  send("addr"),
  send("sdp", "INVITE", ["Content-Type: application/sdp"], undefined, PUBLIC, SDP),
];

const OTHERS: readonly NatGroup[] = [
  group("siputils", [], UTILS, UTILS_SCRIPT, [
    {
      name: "OPTIONS",
      steps: [{ from: PUBLIC, text: natRequest("o1", "OPTIONS", "sip:203.0.113.1", PUBLIC, ["X-Do: options"]) }],
    },
    { name: "numbers", steps: [send("e164")] },
    {
      name: "contacts",
      steps: [
        send("pack", "INVITE", ["Contact: <sip:al@10.1.1.5:5070;transport=tcp>"]),
        send("unpack", "INVITE", ["Contact: <sip:pre-al--10.1.1.5-5070-tcp@me.example>"]),
      ],
    },
    { name: "Remote-Party-ID", steps: [send("rpid"), send("rpid2")] },
  ]),
  group("nathelper, defaults", ["nathelper"], "", NAT_SCRIPT, natted(natSteps())),
  group(
    "nathelper",
    ["nathelper"],
    [
      p("nathelper", "alias_name", "via"),
      p("nathelper", "nat_addr_mode", 0),
      p("nathelper", "append_sdp_oldmediaip", 0),
      p("nathelper", "nortpproxy_str", "a=mine:yes\\r\\n"),
    ].join(""),
    NAT_SCRIPT,
    natted(natSteps()),
  ),
];

// ---- the location table by other names ----

const NAMES: Readonly<Record<string, string>> = {
  user_column: "a1",
  domain_column: "a2",
  contact_column: "a3",
  expires_column: "a4",
  q_column: "a5",
  callid_column: "a6",
  cseq_column: "a7",
  methods_column: "a8",
  flags_column: "a9",
  cflags_column: "b1",
  user_agent_column: "b2",
  received_column: "b3",
  socket_column: "b4",
  path_column: "b5",
  ruid_column: "b6",
  instance_column: "b7",
  reg_id_column: "b8",
  server_id_column: "b9",
  connection_id_column: "c1",
  keepalive_column: "c2",
  partition_column: "c3",
};
const PLACES = `
  CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
  INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('location', 9);
  CREATE TABLE location (id INTEGER PRIMARY KEY NOT NULL, b6 VARCHAR(64) UNIQUE, a1 VARCHAR(64), a2 VARCHAR(64), a3 VARCHAR(512), b3 VARCHAR(128),
    b5 VARCHAR(512), a4 TIMESTAMP, a5 REAL, a6 VARCHAR(255), a7 INTEGER, last_modified TIMESTAMP, a9 INTEGER, b1 INTEGER, b2 VARCHAR(255),
    b4 VARCHAR(64), a8 INTEGER, b7 VARCHAR(255), b8 INTEGER, b9 INTEGER, c1 INTEGER, c2 INTEGER, c3 INTEGER);
  INSERT INTO location (b6, a1, a2, a3, a4, a5, a6, a7, a9, b1, b2, b8, b9, c1) VALUES
    ('uloc-1-1-1', 'old', 'office.example', 'sip:old@1.1.1.1', julianday('2037-01-01'), 0.5, 'c1', 5, 0, 0, 'phone', 0, 0, -1);
`;
const place = (user: string, method: string, lines: readonly string[] = []): NatStep => {
  const n = fresh();
  const head = [`From: <sip:${user}@office.example>;tag=t1`, `To: <sip:${user}@office.example>`, ...lines];
  return { from: PUBLIC, text: natRequest(n, method, `sip:${user}@office.example`, PUBLIC, head) };
};

const STORED: readonly NatGroup[] = [
  group(
    "columns of usrloc",
    ["db_sqlite", "usrloc", "registrar"],
    [
      p("usrloc", "db_url", "sqlite:///{DIR}/db.sqlite"),
      p("usrloc", "db_mode", 1),
      p("usrloc", "use_domain", 1),
      p("usrloc", "nat_bflag", 6),
      p("registrar", "use_path", 1),
      p("registrar", "path_mode", 0),
      p("registrar", "sock_mode", 1),
      ...Object.entries(NAMES).map(([name, value]) => p("usrloc", name, value)),
    ].join(""),
    'if (is_method("REGISTER")) { save("location"); exit; }\n  lookup("location"); append_to_reply("L: $ru $du\\r\\n"); sl_send_reply("299", "Done");',
    [
      {
        name: "read and written",
        steps: [
          place("old", "OPTIONS"),
          place("new", "REGISTER", [
            'Contact: <sip:new@1.1.1.1>;q=0.7;+sip.instance="<urn:uuid:1>";reg-id=2;expires=3600',
            "User-Agent: phone/1",
            "Allow: INVITE",
            "Path: <sip:198.51.100.9:7100;lr>",
          ]),
          place("new", "OPTIONS"),
          {
            sql: "SELECT a1, a2, a3, a5, a7, a8, a9, b1, b2, b3, b4, b5, b7, b8, b9, c1, c2, c3 FROM location ORDER BY a1",
            ms: 20,
          },
        ],
      },
    ],
    { sql: PLACES },
  ),
];

export const SETTINGS: readonly NatGroup[] = [...LOGINS, ...ROUTES, ...REPLIES, ...OTHERS, ...STORED];
