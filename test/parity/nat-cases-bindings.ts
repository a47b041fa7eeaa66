// Modules registrar and usrloc further: what lookup() and its kin make of bindings, the parameters that say how they are stored, attributes
// of contacts, and the location table.

import { HOP, type NatCase, type NatGroup, type NatStep, natRequest, PRIVATE, PUBLIC, STREAM } from "./nat-case.ts";

const MODULES = [
  "kex",
  "corex",
  "sl",
  "tm",
  "pv",
  "textops",
  "textopsx",
  "siputils",
  "xlog",
  "rr",
  "usrloc",
  "registrar",
];

// What a request asks for stands in X-Do.
const SCRIPT = `
  $var(do) = $hdr(X-Do);
  if (is_method("REGISTER")) {
    if ($var(do) == "sock") setflag(15);
    if ($var(do) == "red") { $xavp(ulattrs=>color) = "red"; $xavp(ulattrs[0]=>n) = 5; }
    if ($var(do) == "blue") $xavp(ulattrs=>color) = "blue";
    if ($var(do) == "two") { $xavp(ulattrs=>old) = "x"; $xavp(ulattrs=>color) = "grey"; }
    if ($var(do) == "add") { add_sock_hdr("Sock-Info"); msg_apply_changes(); append_to_reply("R: $rc $hdr(Sock-Info)\\r\\n"); }
    save("location");
    exit;
  }
  $var(rc) = 0;
  if ($var(do) == "dset") { lookup_to_dset("location"); $var(rc) = $rc; }
  if ($var(do) == "branches") { append_branch("sip:b@office.example"); append_branch("sip:nobody@office.example"); lookup_branches("location"); $var(rc) = $rc; }
  if ($var(do) == "set") { $xavp(ulattrs=>color) = "before"; lookup("location"); $var(rc) = $rc; }
  if ($var(do) == "lookup") { lookup("location"); $var(rc) = $rc; }
  if ($var(do) == "fetch") {
    reg_fetch_contacts("location", "$ru", "one"); $var(rc) = $rc;
    append_to_reply("F: $ulc(one=>count) $ulc(one=>aor) $ulc(one=>addr) $(ulc(one=>addr)[1]) $(ulc(one=>q)[1]) $ulc(one=>methods) $ulc(one=>callid)\\r\\n");
    append_to_reply("F2: $ulc(one=>domain) $ulc(one=>path) $ulc(one=>received) $ulc(one=>user_agent) $ulc(one=>cflags) $ulc(one=>socket)\\r\\n");
    append_to_reply("F4: [$ulc(one=>instance)] [$ulc(one=>conid)] [$ulc(one=>regid)] [$ulc(one=>server_id)] [$ulc(one=>flags)]\\r\\n");
    reg_free_contacts("one");
    append_to_reply("F3: $rc $ulc(one=>count) $ulc(one=>addr)\\r\\n");
  }
  $var(x) = ($xavp(ulattrs[0]) != $null) + 10 * ($xavp(ulattrs[1]) != $null) + 100 * ($xavp(ulattrs[2]) != $null) + 1000 * ($xavp(ulattrs[3]) != $null);
  append_to_reply("R: $var(rc) $ru $du $fs $(branch(count)) $(branch(uri)[0]) $(branch(uri)[1]) $(branch(uri)[2]) $(branch(uri)[3]) $(branch(q)[0])\\r\\n");
  append_to_reply("A: $xavp(ulattrs=>color) $xavp(ulattrs=>n) $xavp(ulattrs[1]=>color) $xavp(ulattrs[2]=>color) $xavp(ulattrs[3]=>color) $var(x)\\r\\n");
  sl_send_reply("299", "Done");
`;

let next = 0;

function send(method: string, user: string, does: string, lines: readonly string[] = [], from = PUBLIC): NatStep {
  const n = `b${next++}`;
  const more = [
    `From: <sip:${user}@office.example>;tag=t1`,
    `To: <sip:${user}@office.example>`,
    `X-Do: ${does}`,
    ...lines,
  ];
  return { from, text: natRequest(n, method, `sip:${user}@office.example`, "10.1.1.5:7000", more) };
}

const register = (user: string, contact: string, does = "", ...lines: string[]): NatStep =>
  send("REGISTER", user, does, [`Contact: ${contact}`, ...lines]);
const find = (user: string, does = "lookup", method = "OPTIONS"): NatStep => send(method, user, does);
const show = (user: string): NatStep => ({ rpc: ["ul.lookup", "location", user], ms: 10 });
const wait = (ms: number): NatStep => ({ ms });

const p = (module: string, name: string, value: string | number): string =>
  `modparam("${module}", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;

function group(name: string, params: string, cases: readonly NatCase[], more: Partial<NatGroup> = {}): NatGroup {
  return {
    name: `bindings: ${name}`,
    modules: more.sql === undefined ? MODULES : ["db_sqlite", ...MODULES],
    params: p("registrar", "min_expires", 1) + params,
    request: SCRIPT,
    agents: [PUBLIC, PRIVATE, HOP, STREAM],
    cases,
    ...more,
  };
}

const two = (user: string): NatStep[] => [
  register(user, `<sip:${user}@1.1.1.1>;q=0.5`, "", "Allow: INVITE, ACK", "User-Agent: phone"),
  register(user, `<sip:${user}@2.2.2.2>;q=0.9`, "", "Call-ID: other"),
];

const finding: readonly NatGroup[] = [
  group("found", "", [
    { name: "lookup", steps: [...two("a"), find("a"), find("none")] },
    { name: "lookup_to_dset", steps: [find("a", "dset"), find("none", "dset")] },
    { name: "lookup_branches", steps: [...two("b"), find("a", "branches"), find("none", "branches")] },
    { name: "reg_fetch_contacts", steps: [find("a", "fetch"), find("none", "fetch")] },
  ]),
  group("append_branches 0", p("registrar", "append_branches", 0), [
    { name: "one is taken", steps: [...two("a"), find("a"), find("a", "dset")] },
  ]),
  group("method_filtering", p("registrar", "method_filtering", 1), [
    {
      name: "by Allow",
      steps: [register("a", "<sip:a@1.1.1.1>", "", "Allow: INVITE, ACK"), find("a"), find("a", "lookup", "INVITE")],
    },
    { name: "no Allow", steps: [register("b", "<sip:b@1.1.1.1>"), find("b")] },
    {
      name: "of the Contact",
      steps: [register("c", '<sip:c@1.1.1.1>;methods="OPTIONS,INFO"'), find("c"), find("c", "lookup", "INVITE")],
    },
  ]),
  group("use_expired_contacts", p("registrar", "use_expired_contacts", 1) + p("usrloc", "timer_interval", 60), [
    { name: "found though expired", steps: [register("a", "<sip:a@1.1.1.1>;expires=1"), wait(2500), find("a")] },
  ]),
  group("expired", p("usrloc", "timer_interval", 60), [
    { name: "not found", steps: [register("a", "<sip:a@1.1.1.1>;expires=1"), wait(2500), find("a")] },
  ]),
  group(
    "path_check_local",
    p("registrar", "path_check_local", 1) + p("registrar", "use_path", 1) + p("registrar", "path_mode", 0),
    [
      {
        name: "our own first hop is left out",
        steps: [
          register("a", "<sip:a@1.1.1.1>", "", "Path: <sip:203.0.113.1;lr>, <sip:198.51.100.9:7100;lr>"),
          find("a"),
          register("b", "<sip:b@1.1.1.1>", "", "Path: <sip:198.51.100.9:7100;lr>, <sip:203.0.113.1;lr>"),
          find("b"),
          register("c", "<sip:c@1.1.1.1>", "", "Path: <sip:203.0.113.1;lr>"),
          find("c"),
        ],
      },
    ],
  ),
];

const storing: readonly NatGroup[] = [
  group("default_expires and default_q", p("registrar", "default_expires", 100) + p("registrar", "default_q", 700), [
    { name: "where the request names none", steps: [register("a", "<sip:a@1.1.1.1>"), show("nobody")] },
  ]),
  group("contact_max_size", p("registrar", "contact_max_size", 20), [
    { name: "too long", steps: [register("a", "<sip:a@1.1.1.1>"), register("a", "<sip:a@1.1.1.1;and=far-too-much>")] },
  ]),
  group("sock_flag", p("registrar", "sock_flag", 15) + p("registrar", "sock_hdr_name", "Sock-Info"), [
    {
      name: "a header tells the listener",
      steps: [
        register("a", "<sip:a@1.1.1.1>", "sock", "Sock-Info: udp:203.0.113.1:5062"),
        find("a"),
        register("b", "<sip:b@1.1.1.1>", "", "Sock-Info: udp:203.0.113.1:5062"),
        find("b"),
        register("c", "<sip:c@1.1.1.1>", "sock", "Sock-Info: udp:9.9.9.9:5062"),
        find("c"),
      ],
    },
    { name: "add_sock_hdr", steps: [register("d", "<sip:d@1.1.1.1>", "add")] },
  ]),
  group(
    "xavp_rcd_mask",
    p("registrar", "xavp_rcd", "rcd") + p("registrar", "xavp_rcd_mask", 5),
    [{ name: "left out", steps: [register("a", "<sip:a@1.1.1.1>", "", "X: y"), send("INFO", "a", "lookup")] }],
    {
      request: SCRIPT.replace(
        'append_to_reply("A: ',
        'append_to_reply("X: $xavp(rcd=>ruid) $xavp(rcd=>contact) $xavp(rcd=>expires)\\r\\n");\n  append_to_reply("A: ',
      ),
    },
  ),
  group("cseq_delay", p("usrloc", "cseq_delay", 1), [
    {
      name: "a repeated CSeq",
      steps: [
        register("a", "<sip:a@1.1.1.1>", "", "Call-ID: same"),
        register("a", "<sip:a@1.1.1.1>", "", "Call-ID: same"),
        wait(3000),
        register("a", "<sip:a@1.1.1.1>", "", "Call-ID: same"),
        register("a", "<sip:a@1.1.1.1>", "", "Call-ID: same", "CSeq: 2 REGISTER"),
      ],
    },
  ]),
  group("ul.add", "", [
    {
      name: "and what is found",
      steps: [
        { rpc: ["ul.add", "location", "z", "sip:z@1.1.1.1", 1000, 0.5, "<sip:198.51.100.9;lr>", 0, 0, 31], ms: 10 },
        find("z"),
        { rpc: ["ul.rm", "location", "z"], ms: 10 },
        find("z"),
      ],
    },
  ]),
  group(
    "keepalives with their settings",
    [
      p("usrloc", "ka_mode", 1),
      p("usrloc", "ka_method", "INFO"),
      p("usrloc", "ka_from", "sip:ka@office.example"),
      p("usrloc", "ka_domain", "office.example"),
      p("usrloc", "ka_filter", 1),
      p("usrloc", "ka_timeout", 3),
      p("usrloc", "ka_loglevel", 255),
      p("usrloc", "timer_interval", 1),
    ].join(""),
    [
      {
        name: "who is silent goes",
        steps: [
          register("carol", `<sip:carol@${HOP}>`),
          register("dave", `<sip:dave@${PUBLIC}>`),
          wait(8000),
          find("carol"),
          find("dave"),
        ],
      },
    ],
    { unordered: true, answers: { [PUBLIC]: 200 } },
  ),
];

const XAVP = p("usrloc", "xavp_contact", "ulattrs") + p("tm", "xavp_contact", "ulattrs");
const attributes: readonly NatCase[] = [
  {
    name: "kept with the binding",
    steps: [
      register("a", "<sip:a@1.1.1.1>;q=0.5", "red"),
      register("a", "<sip:a@2.2.2.2>;q=0.9", "blue", "Call-ID: two"),
      register("a", "<sip:a@3.3.3.3>;q=0.1", "", "Call-ID: three"),
      find("a"),
      find("a", "dset"),
      register("b", "<sip:b@1.1.1.1>", "red"),
      register("b", "<sip:b@1.1.1.1>", "blue", "CSeq: 2 REGISTER"),
      find("b"),
      register("b", "<sip:b@1.1.1.1>", "two", "CSeq: 3 REGISTER"),
      find("b"),
      find("b", "set"),
      register("b", "<sip:b@1.1.1.1>", "", "CSeq: 4 REGISTER"),
      find("b"),
    ],
  },
];

const gaps: NatCase = {
  name: "some contacts have none",
  steps: [
    register("c", "<sip:c@1.1.1.1>;q=0.9", ""),
    register("c", "<sip:c@2.2.2.2>;q=0.7", "red", "Call-ID: two"),
    register("c", "<sip:c@3.3.3.3>;q=0.5", "", "Call-ID: three"),
    register("c", "<sip:c@4.4.4.4>;q=0.3", "blue", "Call-ID: four"),
    find("c"),
    find("c", "set"),
    find("c", "dset"),
  ],
};

const TABLES = `
  CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
  INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('location', 9), ('location_attrs', 1);
  CREATE TABLE location (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT NULL UNIQUE,
    username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64), contact VARCHAR(512) DEFAULT '' NOT NULL,
    received VARCHAR(128), path VARCHAR(512), expires TIMESTAMP DEFAULT '2030-05-28 21:32:15' NOT NULL,
    q REAL DEFAULT 1.0 NOT NULL, callid VARCHAR(255) DEFAULT 'Default-Call-ID' NOT NULL,
    cseq INTEGER DEFAULT 1 NOT NULL, last_modified TIMESTAMP DEFAULT '2000-01-01 00:00:01' NOT NULL,
    flags INTEGER DEFAULT 0 NOT NULL, cflags INTEGER DEFAULT 0 NOT NULL, user_agent VARCHAR(255) DEFAULT '' NOT NULL,
    socket VARCHAR(64), methods INTEGER, instance VARCHAR(255), reg_id INTEGER DEFAULT 0 NOT NULL,
    server_id INTEGER DEFAULT 0 NOT NULL, connection_id INTEGER DEFAULT 0 NOT NULL,
    keepalive INTEGER DEFAULT 0 NOT NULL, partition INTEGER DEFAULT 0 NOT NULL);
  CREATE TABLE location_attrs (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT NULL,
    username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64), aname VARCHAR(64) DEFAULT '' NOT NULL,
    atype INTEGER DEFAULT 0 NOT NULL, avalue VARCHAR(512) DEFAULT '' NOT NULL,
    last_modified TIMESTAMP DEFAULT '2000-01-01 00:00:01' NOT NULL);
  INSERT INTO location (ruid, username, contact, expires, callid, cseq, socket, server_id, connection_id, path) VALUES
    ('uloc-1-1-1', 'old', 'sip:old@1.1.1.1', julianday('2037-01-01'), 'c1', 5, 'udp:203.0.113.1:5060', 0, -1, NULL),
    ('uloc-1-1-2', 'far', 'sip:far@1.1.1.1', julianday('2037-01-01'), 'c2', 5, 'udp:192.0.2.77:5060', 0, -1, NULL),
    ('uloc-1-1-3', 'other', 'sip:other@1.1.1.1', julianday('2037-01-01'), 'c3', 5, 'udp:203.0.113.1:5060', 7, -1, NULL),
    ('uloc-1-1-4', 'tcp', 'sip:tcp@1.1.1.1;transport=tcp', julianday('2037-01-01'), 'c4', 5, 'tcp:203.0.113.1:5060', 0, 4, NULL),
    ('uloc-1-1-5', 'late', 'sip:late@1.1.1.1', julianday('2001-01-01'), 'c5', 5, 'udp:203.0.113.1:5060', 0, -1, NULL);
  INSERT INTO location_attrs (ruid, username, aname, atype, avalue) VALUES ('uloc-1-1-1', 'old', 'color', 0, 'green'), ('uloc-1-1-1', 'old', 'n', 1, '9');
`;
const DB =
  p("usrloc", "db_url", "sqlite:///{DIR}/db.sqlite") + p("usrloc", "db_mode", 1) + p("usrloc", "timer_interval", 1);
const all = ["old", "far", "other", "tcp", "late"].map((user) => find(user));
const ROWS =
  "SELECT username, contact, socket, server_id, connection_id FROM location WHERE username <> 'late' ORDER BY username, contact";
const ATTRS = "SELECT username, domain, aname, atype, avalue FROM location_attrs ORDER BY username, aname, avalue";
const table = (name: string, params: string, cases: readonly NatCase[], sql = TABLES): NatGroup =>
  group(name, DB + params, cases, { sql });

const stored: readonly NatGroup[] = [
  table("read at start", p("usrloc", "preload", "location") + p("usrloc", "fetch_rows", 2), [
    { name: "all", steps: all },
  ]),
  table("skip_remote_socket", p("usrloc", "skip_remote_socket", 1), [{ name: "ours", steps: all }]),
  table("server_id_filter", p("usrloc", "server_id_filter", 1), [{ name: "ours", steps: all }]),
  table("db_load 0", p("usrloc", "db_load", 0), [{ name: "none", steps: all }]),
  table("db_clean_tcp", p("usrloc", "db_clean_tcp", 1), [{ name: "gone", steps: [...all, { sql: ROWS, ms: 10 }] }]),
  table(
    "version_table 0",
    p("usrloc", "version_table", 0),
    [{ name: "read all the same", steps: all }],
    TABLES.replace("('location', 9)", "('location', 3)"),
  ),
  table(
    "expires_type",
    p("usrloc", "expires_type", 1),
    [
      {
        name: "seconds",
        steps: [
          ...all,
          register("new", "<sip:new@1.1.1.1>;expires=3600"),
          {
            sql: "SELECT username, typeof(expires), expires > 1000000000, typeof(last_modified) FROM location WHERE username <> 'late' ORDER BY username",
            ms: 500,
          },
        ],
      },
    ],
    TABLES.replaceAll("julianday('2037-01-01')", "2114380800")
      .replaceAll("julianday('2001-01-01')", "978307200")
      .replaceAll("TIMESTAMP", "BIGINT"),
  ),
  table("rm_expired_delay", p("usrloc", "rm_expired_delay", 2).replace("1)", "1)") + p("usrloc", "db_mode", 3), [
    {
      name: "rows stay for a while",
      steps: [
        register("a", "<sip:a@1.1.1.1>;expires=2"),
        { ...find("a") },
        wait(2500),
        find("a"),
        { sql: "SELECT username FROM location WHERE username = 'a'", ms: 10 },
        wait(6000),
        { sql: "SELECT username FROM location WHERE username = 'a'", ms: 10 },
      ],
    },
  ]),
  group("xavp_contact", XAVP, [...attributes, gaps]),
  table("xavp_contact in a table", XAVP, [
    {
      name: "rows",
      steps: [
        find("old"),
        register("a", "<sip:a@1.1.1.1>;q=0.5", "red"),
        { sql: ATTRS, ms: 300 },
        register("a", "<sip:a@1.1.1.1>;q=0.5", "blue", "CSeq: 2 REGISTER"),
        { sql: ATTRS, ms: 300 },
        register("a", "<sip:a@1.1.1.1>;expires=0", "", "CSeq: 3 REGISTER"),
        { sql: ATTRS, ms: 300 },
      ],
    },
  ]),
];

export const BINDINGS: readonly NatGroup[] = [...finding, ...storing, ...stored];
