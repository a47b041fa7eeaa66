// Parameters of registrar, usrloc and nathelper that the other groups leave out: reg-id without outbound, rows that others have changed, keepalives and
// their line in the log, pings in the name of others.

import { HOP, type NatCase, type NatGroup, type NatStep, natRequest, PRIVATE, PUBLIC, STREAM } from "./nat-case.ts";
import { p } from "./nat-cases-parts.ts";

const MODULES = ["kex", "sl", "tm", "pv", "textops", "siputils", "xlog", "rr", "usrloc", "registrar", "nathelper"];

const SCRIPT = `
  if (is_method("REGISTER")) {
    if ($hdr(X-Do) == "received") fix_nated_register();
    save("location");
    exit;
  }
  lookup("location");
  $var(rc) = $rc;
  reg_fetch_contacts("location", "$ru", "one");
  append_to_reply("R: $var(rc) $ru $du\\r\\n");
  sl_send_reply("299", "Done");
`;

let next = 0;

function send(method: string, user: string, lines: readonly string[] = [], from = PUBLIC): NatStep {
  const n = `l${next++}`;
  const head = [`From: <sip:${user}@office.example>;tag=t1`, `To: <sip:${user}@office.example>`, ...lines];
  return { from, text: natRequest(n, method, `sip:${user}@office.example`, "10.1.1.5:7000", head) };
}

const register = (user: string, contact: string, ...lines: string[]): NatStep =>
  send("REGISTER", user, [`Contact: ${contact}`, ...lines]);
const find = (user: string): NatStep => send("OPTIONS", user);
const wait = (ms: number): NatStep => ({ ms });

function group(name: string, params: string, cases: readonly NatCase[], more: Partial<NatGroup> = {}): NatGroup {
  return {
    name: `leftovers: ${name}`,
    modules: MODULES,
    params: p("nathelper|registrar", "received_avp", "$avp(rcv)") + p("registrar", "min_expires", 1) + params,
    request: SCRIPT,
    agents: [PUBLIC, PRIVATE, HOP, STREAM],
    cases,
    ...more,
  };
}

// ---- reg-id ----

const INSTANCE = '+sip.instance="<urn:uuid:1>"';
const TELL_REGID = SCRIPT.replace("R: $var(rc)", "R: [$ulc(one=>regid)] [$ulc(one=>instance)] $var(rc)");
const flows: readonly NatCase[] = [
  {
    name: "reg-id",
    steps: [
      register("a", `<sip:a@1.1.1.1>;${INSTANCE};reg-id=2`),
      find("a"),
      register("b", `<sip:b@1.1.1.1>;${INSTANCE};reg-id=2`, "Supported: path, outbound"),
      find("b"),
      register("c", "<sip:c@1.1.1.1>;reg-id=2"),
      find("c"),
      register("d", `<sip:d@1.1.1.1>;${INSTANCE};reg-id=1`),
      register("d", `<sip:d@2.2.2.2>;${INSTANCE};reg-id=2`, "Call-ID: two"),
      find("d"),
    ],
  },
];
const REG_ID: readonly NatGroup[] = [0, 1].map((mode) =>
  group(`regid_mode ${mode}`, p("registrar", "regid_mode", mode) + p("registrar", "outbound_mode", 1), flows, {
    request: TELL_REGID,
  }),
);

// ---- rows ----

const TABLES = `
  CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
  INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('location', 9);
  CREATE TABLE location (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT NULL UNIQUE,
    username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64) DEFAULT 'd', contact VARCHAR(512) DEFAULT '' NOT NULL,
    received VARCHAR(128) DEFAULT 'r', path VARCHAR(512) DEFAULT 'p', expires TIMESTAMP DEFAULT '2030-05-28 21:32:15' NOT NULL,
    q REAL DEFAULT 1.0 NOT NULL, callid VARCHAR(255) DEFAULT 'Default-Call-ID' NOT NULL,
    cseq INTEGER DEFAULT 1 NOT NULL, last_modified TIMESTAMP DEFAULT '2000-01-01 00:00:01' NOT NULL,
    flags INTEGER DEFAULT 99 NOT NULL, cflags INTEGER DEFAULT 99 NOT NULL, user_agent VARCHAR(255) DEFAULT 'u' NOT NULL,
    socket VARCHAR(64) DEFAULT 's', methods INTEGER DEFAULT 99, instance VARCHAR(255) DEFAULT 'i', reg_id INTEGER DEFAULT 99 NOT NULL,
    server_id INTEGER DEFAULT 99 NOT NULL, connection_id INTEGER DEFAULT 99 NOT NULL,
    keepalive INTEGER DEFAULT 99 NOT NULL, partition INTEGER DEFAULT 99 NOT NULL);
`;
const late = (n: number, user: string, server = 0): string =>
  `INSERT INTO location (ruid, username, contact, expires, callid, cseq, server_id) VALUES ('uloc-9-9-${n}', '${user}', 'sip:${user}@1.1.1.1', julianday('2001-01-01'), 'c${n}', 5, ${server});`;
const ROW =
  "SELECT username, domain, received, path, flags, cflags, user_agent, socket, methods, instance, reg_id, server_id, connection_id, keepalive, partition FROM location WHERE username NOT LIKE 'late%' ORDER BY username";
const NAMES = "SELECT username, contact, callid, cseq FROM location ORDER BY username, contact, callid";
const sql = (text: string, ms = 300): NatStep => ({ sql: text, ms });
const db = (mode: number): string =>
  p("usrloc", "db_url", "sqlite:///{DIR}/db.sqlite") + p("usrloc", "db_mode", mode) + p("usrloc", "timer_interval", 1);
const table = (name: string, params: string, cases: readonly NatCase[], more = ""): NatGroup =>
  group(name, params, cases, { modules: ["db_sqlite", ...MODULES], sql: TABLES + more });

const swept: NatCase = {
  name: "rows that others have left",
  steps: [sql(NAMES, 2100), sql(late(3, "late3"), 50), sql(NAMES, 2100), sql(NAMES, 50)],
};
const CLEAN = p("usrloc", "db_load", 0) + p("usrloc", "server_id_filter", 1);
const found = late(1, "late1") + late(2, "late2", 7);

const ROWS: readonly NatGroup[] = [
  ...[0, 1].map((on) =>
    table(`db_insert_null ${on}`, db(1) + p("usrloc", "db_insert_null", on), [
      {
        name: "columns with defaults",
        steps: [
          register("a", "<sip:a@1.1.1.1>"),
          sql(ROW),
          register("a", "<sip:a@1.1.1.1>", "CSeq: 2 REGISTER"),
          sql(ROW),
        ],
      },
    ]),
  ),
  table("db_insert_null 0, written by timer", db(2), [
    { name: "columns with defaults", steps: [register("a", "<sip:a@1.1.1.1>"), wait(2500), sql(ROW)] },
  ]),
  table("db_timer_clean 0", db(1) + CLEAN, [swept], found),
  table("db_timer_clean 1", db(2) + CLEAN + p("usrloc", "db_timer_clean", 1), [swept], found),
  ...["db_update_as_insert", "db_check_update"].map((name) =>
    table(name, db(1) + p("usrloc", name, 1), [
      {
        name: "a row that is refreshed, and one that somebody has taken away",
        steps: [
          register("a", "<sip:a@1.1.1.1>"),
          register("a", "<sip:a@1.1.1.1>", "CSeq: 2 REGISTER"),
          sql(NAMES),
          sql("DELETE FROM location", 50),
          register("a", "<sip:a@1.1.1.1>", "CSeq: 3 REGISTER"),
          sql(NAMES),
          find("a"),
        ],
      },
    ]),
  ),
  table("db_ops_ruid 0", db(1) + p("usrloc", "db_ops_ruid", 0), [
    {
      name: "another Call-ID",
      steps: [
        register("a", "<sip:a@1.1.1.1>", "Call-ID: one"),
        register("a", "<sip:a@1.1.1.1>", "Call-ID: two"),
        sql(NAMES),
        register("a", "<sip:a@1.1.1.1>;expires=0", "Call-ID: three"),
        sql(NAMES),
      ],
    },
  ]),
];

// ---- keepalives ----

const KA = [
  p("usrloc", "ka_mode", 1),
  p("usrloc", "ka_from", "sip:ka@office.example"),
  p("usrloc", "ka_domain", "office.example"),
  p("usrloc", "timer_interval", 1),
  p("usrloc", "ka_loglevel", -1),
].join("");
const told = (name: string, params: string): NatGroup =>
  group(
    name,
    KA + params,
    [
      {
        name: "the line of an answer",
        steps: [register("carol", `<sip:carol@${HOP}>`), wait(2500), { log: "keepalive roundtrip.*", ms: 10 }],
      },
    ],
    { unordered: true, answers: { [HOP]: 486 } },
  );

const KEEPALIVES: readonly NatGroup[] = [
  told("ka_logmsg default", ""),
  told("ka_logmsg", p("usrloc", "ka_logmsg", " <$rs $rr> [$si:$sp] $(tu{uri.user}) $avp(x) $cs $rm")),
];

// ---- pings in the name of others ----

const NAT = p("nathelper", "natping_interval", 1) + p("registrar", "use_path", 1) + p("registrar", "path_mode", 0);
const phones: Readonly<Record<string, readonly string[]>> = {
  received: ["Contact: <sip:a@10.1.1.5:7000>", "X-Do: received"],
  contact: [`Contact: <sip:b@${HOP}>`],
  path: [`Contact: <sip:c@${HOP}>`, `Path: <sip:${PRIVATE};lr>`],
  paths: [`Contact: <sip:c@${HOP}>`, `Path: <sip:${PUBLIC};lr>, <sip:${PRIVATE};lr>`],
  portless: [`Contact: <sip:c@${HOP}>`, "Path: <sip:198.51.100.7;lr>"],
  both: [`Contact: <sip:d@${PRIVATE}>`, `Path: <sip:${HOP};lr>`, "X-Do: received"],
};
const FROM_PATH = p("nathelper", "udpping_from_path", 1);
const pinged = (params: string, given: string, which: readonly string[]): NatGroup[] =>
  which.map((phone) =>
    group(
      `pings, ${given}: ${phone}`,
      NAT + params,
      [{ name: "where from, where to", steps: [send("REGISTER", "a", phones[phone]), wait(1500)] }],
      { unordered: true },
    ),
  );
const socket = (value: string): string => p("nathelper", "natping_socket", value);

const BY_SIP = p("nathelper", "sipping_bflag", 7) + p("nathelper", "sipping_from", "sip:pinger@office.example");

const FORGED: readonly NatGroup[] = [
  ...pinged("", "as they are", ["path"]),
  ...pinged(socket("192.0.2.77:5066"), "natping_socket", ["path"]),
  ...pinged(socket("192.0.2.77"), "natping_socket without a port", ["received"]),
  ...pinged(FROM_PATH, "udpping_from_path", ["contact", "paths", "portless", "both"]),
  ...pinged(FROM_PATH + BY_SIP + socket("192.0.2.77:5066"), "SIP", ["path"]),
];

// ---- commands ----

const TELL_ALL = `
  lookup("location");
  $var(rc) = $rc;
  reg_fetch_contacts("location", "$ou", "one");
  append_to_reply("R: $var(rc) $ru $du $fs\\r\\n");
  append_to_reply("F: [$ulc(one=>addr)] [$ulc(one=>q)] [$ulc(one=>path)] [$ulc(one=>received)] [$ulc(one=>socket)] [$ulc(one=>methods)] [$ulc(one=>flags)] [$ulc(one=>cflags)]\\r\\n");
  append_to_reply("F2: [$ulc(one=>cseq)] [$ulc(one=>instance)] [$ulc(one=>regid)] [$ulc(one=>conid)] [$ulc(one=>server_id)]\\r\\n");
  sl_send_reply("299", "Done");
`;
const rpc = (...words: (string | number)[]): NatStep => ({ rpc: words, ms: 10 });
const add = (user: string, ...words: (string | number)[]): NatStep[] => [
  rpc("ul.add", "location", user, ...words),
  find(user),
];
const COMMANDS: readonly NatGroup[] = [
  group(
    "ul.add",
    "",
    [
      {
        name: "with and without what may be left out",
        steps: [
          ...add("a", "sip:a@1.1.1.1", 1000, 0.5, "<sip:198.51.100.9;lr>", 0, 0, 31),
          ...add("b", "sip:b@1.1.1.1", 1000, 0.9, ".", 0, 2, 4095, "sip:198.51.100.7:7000", "udp:203.0.113.1:5062"),
          ...add("c", "sip:c@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "udp:203.0.113.1:5062"),
          ...add("d", "sip:d@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "."),
          ...add("e", "sip:e@1.1.1.1", 0, 0.9, ".", 0, 0, 4095),
          ...add("g", "sip:g@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, "sip:198.51.100.7:7000"),
          ...add("a", "sip:a@1.1.1.1", 1000, 0.7, ".", 0, 64, 1, "sip:198.51.100.7:7000"),
          ...add("h", "sip:h@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "udp:9.9.9.9:5062"),
          ...add("i", "sip:i@1.1.1.1", 1000, 0.9, ".", 0, 0, 4095, ".", "nonsense"),
        ],
      },
    ],
    { request: TELL_ALL },
  ),
];

export const LEFTOVERS: readonly NatGroup[] = [...REG_ID, ...ROWS, ...KEEPALIVES, ...FORGED, ...COMMANDS];
