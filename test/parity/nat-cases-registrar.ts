// Module registrar and the tables: settings for one request, attributes of bindings, filters, what expires, the commands.

import { HOP, type NatCase, type NatGroup, type NatStep, natRequest, PRIVATE, PUBLIC, STREAM } from "./nat-case.ts";

const MODULES = ["kex", "sl", "tm", "pv", "textops", "siputils", "xlog", "rr", "usrloc", "registrar", "nathelper"];

// A REGISTER runs what its X-Do names, other requests too.
const SCRIPT = `
  if ($hdr(X-Do) == "max") $xavp(reg=>max_contacts) = 1;
  if ($hdr(X-Do) == "expires") $xavp(reg=>expires) = 77;
  if ($hdr(X-Do) == "expires5") $xavp(reg=>expires) = 5;
  if ($hdr(X-Do) == "expires0") $xavp(reg=>expires) = 0;
  if ($hdr(X-Do) == "q") $xavp(reg=>q) = 300;
  if ($hdr(X-Do) == "socket") $xavp(reg=>socket) = "udp:203.0.113.1:5062";
  if ($hdr(X-Do) == "flag") setbflag(3);
  if ($hdr(X-Do) == "two") { $xavp(reg=>q) = 300; $xavp(reg[0]=>expires) = 88; }
  if (is_method("REGISTER")) {
    $var(rc) = 0;
    save("location", "2");
    $var(rc) = $rc;
    append_to_reply("R: $var(rc) $xavp(rcd=>contact) $xavp(rcd[1]=>contact) $xavp(rcd=>received) $xavp(rcd=>path)\\r\\n");
    reg_send_reply();
    exit;
  }
  if (is_method("INFO")) {
    if ($hdr(X-Match) != $null) $xavp(reg=>match_contact) = $hdr(X-Match);
    if ($hdr(X-Callid) != $null) $xavp(reg[0]=>match_callid) = $hdr(X-Callid);
    if ($hdr(X-Received) != $null) $xavp(reg=>match_received) = $hdr(X-Received);
    if ($hdr(X-Option) == "4") registered("location", "$ru", 4);
    if ($hdr(X-Option) == "5") registered("location", "$ru", 5);
    if ($hdr(X-Option) == "1") registered("location", "$ru", 1);
    if ($hdr(X-Option) == "2") registered("location", "$ru", 2);
    if ($hdr(X-Option) == "4,2") registered("location", "$ru", 4, 2);
    $var(rc) = $rc;
    append_to_reply("R: $var(rc) $xavp(rcd=>contact) $xavp(rcd[1]=>contact)\\r\\n");
    sl_send_reply("299", "Done");
    exit;
  }
  if ($hdr(X-Do) == "bflags8") $xavp(reg=>rlf_bflags) = 8;
  if ($hdr(X-Do) == "bflags16") $xavp(reg=>rlf_bflags) = 16;
  $var(rc) = 0;
  if ($hdr(X-Do) == "unregister") unregister("location", "$ru");
  else lookup("location");
  $var(rc) = $rc;
  append_to_reply("R: $var(rc) $ru $du $fs $xavp(rcd=>contact) $xavp(rcd[1]=>contact) $branch(uri)\\r\\n");
  sl_send_reply("299", "Done");
`;

const COMMON = `modparam("nathelper|registrar", "received_avp", "$avp(rcv)")
modparam("usrloc", "timer_interval", 1)
modparam("usrloc", "nat_bflag", 6)
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
modparam("registrar", "xavp_cfg", "reg")
modparam("registrar", "xavp_rcd", "rcd")
`;

let next = 0;

interface Sent {
  readonly does?: string;
  readonly user?: string;
  readonly from?: string;
  readonly lines?: readonly string[];
}

function send(method: string, { does = "", user = "bob", from = PUBLIC, lines = [] }: Sent): NatStep {
  const n = `g${next++}`;
  const more = [
    `From: <sip:${user}@office.example>;tag=t1`,
    `To: <sip:${user}@office.example>`,
    `X-Do: ${does}`,
    ...lines,
  ];
  return { from, text: natRequest(n, method, `sip:${user}@office.example`, "10.1.1.5:7000", more) };
}

const register = (user: string, contact: string, does = "", lines: readonly string[] = [], from = PUBLIC): NatStep =>
  send("REGISTER", { user, does, from, lines: [`Contact: ${contact}`, ...lines] });
const find = (user: string, does = ""): NatStep => send("OPTIONS", { user, does });
const isRegistered = (user: string, option: string, ...lines: string[]): NatStep =>
  send("INFO", { user, lines: [`X-Option: ${option}`, ...lines] });

const settings: readonly NatCase[] = [
  {
    name: "max_contacts",
    steps: [
      register("a", "<sip:a@1.1.1.1>"),
      register("a", "<sip:a@2.2.2.2>", "max"),
      register("a", "<sip:a@2.2.2.2>"),
    ],
  },
  {
    name: "expires",
    steps: [
      register("b", "<sip:b@1.1.1.1>;expires=600", "expires"),
      register("b", "<sip:b@2.2.2.2>", "expires5"),
      register("b", "<sip:b@1.1.1.1>;expires=600", "expires0"),
    ],
  },
  { name: "q", steps: [register("c", "<sip:c@1.1.1.1>;q=0.9", "q"), register("c", "<sip:c@2.2.2.2>", "two")] },
  { name: "socket", steps: [register("d", "<sip:d@1.1.1.1>", "socket"), find("d")] },
  {
    name: "attributes",
    steps: [
      register("e", "<sip:e@1.1.1.1>, <sip:e@2.2.2.2>;q=0.5", "", [`Path: <sip:${PRIVATE};lr>`]),
      find("e"),
      register("e", "<sip:e@1.1.1.1>;expires=0"),
    ],
  },
  {
    name: "registered",
    steps: [
      register("f", "<sip:f@1.1.1.1>", "", ["Call-ID: one"]),
      register("f", "<sip:f@2.2.2.2>", "", ["Call-ID: two"]),
      isRegistered("f", "4", "X-Match: sip:f@2.2.2.2"),
      isRegistered("f", "4", "X-Match: sip:f@3.3.3.3"),
      isRegistered("f", "4"),
      isRegistered("f", "1", "X-Callid: two"),
      isRegistered("f", "5", "X-Match: sip:f@2.2.2.2", "X-Callid: two"),
      isRegistered("f", "5", "X-Match: sip:f@2.2.2.2", "X-Callid: one"),
      isRegistered("f", "2", "X-Received: sip:1.2.3.4"),
      isRegistered("f", "4,2", "X-Match: sip:f@2.2.2.2"),
    ],
  },
  {
    name: "unregister",
    steps: [register("g", "<sip:g@1.1.1.1>"), find("g", "unregister"), find("g"), find("g", "unregister")],
  },
];

const filters: readonly NatCase[] = [
  {
    name: "branch flags",
    steps: [
      register("a", "<sip:a@1.1.1.1>", "flag"),
      register("a", "<sip:a@2.2.2.2>"),
      find("a", "bflags8"),
      find("a", "bflags16"),
      find("a"),
    ],
  },
];

const group = (name: string, params: string, cases: readonly NatCase[]): NatGroup => ({
  name,
  modules: MODULES,
  params: COMMON + params,
  request: SCRIPT,
  agents: [PUBLIC, PRIVATE, HOP, STREAM],
  cases,
});

const brief = 'modparam("registrar", "min_expires", 1)\n';
const tellExpired =
  'event_route[usrloc:contact-expired] {\n  $shv(exp) = $ulc(exp=>aor) + " " + $ulc(exp=>addr) + " " + $ulc(exp=>domain);\n}\n';
const askExpired =
  'if (is_method("SUBSCRIBE")) { append_to_reply("E: $shv(exp)\\r\\n"); sl_send_reply("299", "Done"); exit; }\n';

/** What the tables do by themselves. */
const TABLES: readonly NatGroup[] = [
  {
    ...group("expired bindings", brief, [
      {
        name: "event_route[usrloc:contact-expired]",
        steps: [register("a", "<sip:a@1.1.1.1>;expires=1"), find("a"), { ms: 4000 }, find("a"), send("SUBSCRIBE", {})],
      },
    ]),
    request: askExpired + SCRIPT,
    routes: tellExpired,
  },
  group("commands", "", [
    {
      name: "ul.*",
      steps: [
        register("a", "<sip:a@1.1.1.1>;q=0.5", "flag", ["User-Agent: phone"]),
        { rpc: ["ul.dump", "brief"], ms: 10 },
        { rpc: ["ul.lookup", "location", "nobody"], ms: 10 },
        { rpc: ["ul.lookup", "nowhere", "nobody"], ms: 10 },
        { rpc: ["ul.rm", "location", "nobody"], ms: 10 },
        { rpc: ["ul.rm_contact", "location", "nobody", "sip:x"], ms: 10 },
        { rpc: ["ul.rm_contact", "location", "a", "sip:x"], ms: 10 },
        { rpc: ["ul.rm_contact", "location", "a", "sip:a@1.1.1.1"], ms: 10 },
        { rpc: ["ul.flush"], ms: 10 },
        { rpc: ["ul.db_users", "location"], ms: 10 },
        { rpc: ["ul.db_contacts", "location"], ms: 10 },
        { rpc: ["ul.db_expired_contacts", "location"], ms: 10 },
        { rpc: ["ul.dump", "brief"], ms: 10 },
      ],
    },
  ]),
  {
    ...group(
      "keepalives of usrloc",
      'modparam("usrloc", "ka_mode", 1)\nmodparam("usrloc", "ka_from", "sip:ka@office.example")\nmodparam("usrloc", "ka_domain", "office.example")\n',
      [
        {
          name: "to all, over connections too",
          steps: [
            register("carol", `<sip:carol@${HOP}>`),
            register("tom", "<sip:tom@10.1.1.5:7000>", "", [], STREAM),
            register("dave", "<sip:dave@192.0.2.99>", "", [`Path: <sip:${PRIVATE};lr>`]),
            { ms: 1500 },
          ],
        },
      ],
    ),
    unordered: true,
    answers: { [PUBLIC]: 200 },
  },
];

export const REGISTRAR: readonly NatGroup[] = [
  ...TABLES,
  group("registrar for one request", "", settings),
  group("lookup_filter_mode 1", 'modparam("registrar", "lookup_filter_mode", 1)\n', filters),
];
