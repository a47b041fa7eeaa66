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
const TABLES_ATTRS = `
  INSERT INTO version (table_name, table_version) VALUES ('location_attrs', 1);
  CREATE TABLE location_attrs (id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT NULL, username VARCHAR(64) DEFAULT '' NOT NULL,
    domain VARCHAR(64), aname VARCHAR(64) DEFAULT '' NOT NULL, atype INTEGER DEFAULT 0 NOT NULL, avalue VARCHAR(512) DEFAULT '' NOT NULL,
    last_modified TIMESTAMP DEFAULT '2000-01-01 00:00:01' NOT NULL);
`;
const ROW =
  "SELECT username, domain, received, path, flags, cflags, user_agent, socket, methods, instance, reg_id, server_id, connection_id, keepalive, partition FROM location WHERE username NOT LIKE 'late%' ORDER BY username";
const NAMES = "SELECT username, contact, callid, cseq FROM location ORDER BY username, contact, callid";
const sql = (text: string, ms = 300): NatStep => ({ sql: text, ms });
const db = (mode: number): string =>
  p("usrloc", "db_url", "sqlite:///{DIR}/db.sqlite") + p("usrloc", "db_mode", mode) + p("usrloc", "timer_interval", 1);
const table = (name: string, params: string, cases: readonly NatCase[], more = "", request = SCRIPT): NatGroup =>
  group(name, params, cases, { modules: ["db_sqlite", ...MODULES], sql: TABLES + more, request });

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
  ...pinged(FROM_PATH, "udpping_from_path", ["paths", "portless", "both"]),
  ...pinged(FROM_PATH + BY_SIP + socket("192.0.2.77:5066"), "SIP", ["path"]),
];

// ---- pings with nothing in memory ----

const PLAIN = TABLES.replace(/ DEFAULT '[drpsiu]'/g, "").replaceAll("DEFAULT 99", "DEFAULT 0");
const STORED_PINGS: readonly NatGroup[] = [
  {
    ...table(
      "pings from the database, by datagrams",
      NAT + db(3) + p("usrloc", "nat_bflag", 6) + p("nathelper", "natping_disable_bflag", 8),
      [
        {
          name: "pinged",
          steps: [
            send("REGISTER", "a", ["Contact: <sip:a@10.1.1.5:7000>", "X-Do: received"]),
            register("b", `<sip:b@${HOP}>`),
            register("off", `<sip:off@${PRIVATE}>`),
            wait(1500),
          ],
        },
      ],
      "",
      SCRIPT.replace("save(", 'if ($tU == "off") setbflag(8);\n    save('),
    ),
    sql: PLAIN,
    unordered: true,
  },
  {
    ...table(
      "pings from the database, by SIP",
      NAT + db(3) + BY_SIP + p("usrloc", "nat_bflag", 6) + p("nathelper", "ping_nated_only", 1),
      [
        {
          name: "pinged",
          steps: [
            send("REGISTER", "a", ["Contact: <sip:a@10.1.1.5:7000>", "X-Do: received"]),
            register("b", `<sip:b@${HOP}>`),
            register("tom", `<sip:tom@${PRIVATE}>`),
            wait(1500),
          ],
        },
      ],
      "",
      SCRIPT.replace("save(", 'if ($tU != "tom") setbflag(6);\n    if ($tU == "b") setbflag(7);\n    save('),
    ),
    sql: PLAIN,
    unordered: true,
  },
  {
    ...table("keepalives from the database", KA + db(3), [
      { name: "asked", steps: [register("carol", `<sip:carol@${HOP}>`), wait(2500)] },
    ]),
    sql: PLAIN,
    unordered: true,
  },
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

// ---- functions ----

const ASKED = `
  $var(do) = $hdr(X-Do);
  if (is_method("REGISTER")) {
    if ($var(do) == "red") $xavp(ulattrs=>color) = "red";
    if ($var(do) == "blue") $xavp(ulattrs=>color) = "blue";
    if ($var(do) == "1") save("location", "0x01");
    else if ($var(do) == "4") save("location", "4");
    else if ($var(do) == "8") save("location", "8");
    else if ($var(do) == "18") { save("location", "0x12"); append_to_reply("R: $rc\\r\\n"); reg_send_reply(); }
    else if ($var(do) == "18own") { save("location", "0x12"); append_to_reply("R: $rc\\r\\n"); sl_send_reply("200", "Mine"); }
    else if ($var(do) == "16") save("location", "16");
    else if ($var(do) == "2own") { save("location", "2"); append_to_reply("R: $rc\\r\\n"); sl_send_reply("200", "Mine"); }
    else if ($var(do) == "2") { save("location", "2"); append_to_reply("R: $rc\\r\\n"); if (!reg_send_reply()) sl_send_reply("299", "None"); }
    else if ($var(do) == "uri") save("location", "0", "sip:given@else.example");
    else if ($var(do) == "baduri") save("location", "0", "given");
    else save("location");
    exit;
  }
  if ($var(do) == "lookbad") lookup("location", "nonsense");
  if ($var(do) == "looknone") lookup("location", "sip:else.example");
  if ($var(do) == "dsetnone") lookup_to_dset("location", "sip:else.example");
  if ($var(do) == "regnone") registered("location", "sip:else.example");
  if ($var(do) == "fetchnone") reg_fetch_contacts("location", "sip:else.example", "n");
  if ($var(do) == "fetchbad") reg_fetch_contacts("location", "nonsense", "n");
  if ($var(do) == "unwho") unregister("location", "sip:else.example");
  if ($var(do) == "registered") registered("location");
  if ($var(do) == "other") registered("location", "sip:a@else.example");
  if ($var(do) == "bad") registered("location", "nonsense");
  if ($var(do) == "act1") registered("location", "$ru", 0, 1);
  if ($var(do) == "act2") registered("location", "$ru", 0, 2);
  if ($var(do) == "act3") registered("location", "$ru", 0, 3);
  if ($var(do) == "act0") registered("location", "$ru", 0, 0);
  if ($var(do) == "act1m") { $xavp(cfg=>match_contact) = "sip:a2@1.1.1.1"; registered("location", "$ru", 4, 1); }
  if ($var(do) == "unregister") unregister("location", "$ru");
  if ($var(do) == "unbad") unregister("location", "nonsense");
  if ($var(do) == "unruid") { reg_fetch_contacts("location", "$ru", "u"); $var(id) = $ulc(u=>ruid); unregister("location", "$ru", "$var(id)"); }
  if ($var(do) == "unruid0") { reg_fetch_contacts("location", "$ru", "u"); $var(id) = $ulc(u=>ruid); unregister("location", "", "$var(id)"); }
  if ($var(do) == "unnone") unregister("location", "$ru", "uloc-none");
  if ($var(do) == "uri") lookup("location", "sip:given@else.example");
  if ($var(do) == "lookup") lookup("location");
  if ($var(do) == "ruri") { $ru = "sip:else.example"; lookup("location"); }
  if ($var(do) == "tel") { $ru = "tel:+49123"; lookup("location"); }
  $var(rc) = $rc;
  append_to_reply("R: $var(rc) $ru $du $branch(uri) [$xavp(ulattrs=>color)] [$xavp(rcd=>contact)]\\r\\n");
  sl_send_reply("299", "Done");
`;
const ask = (user: string, does: string): NatStep => send("OPTIONS", user, [`X-Do: ${does}`]);
const put = (user: string, does: string, contact: string, ...lines: string[]): NatStep =>
  register(user, contact, `X-Do: ${does}`, ...lines);

const FUNCTIONS: readonly NatGroup[] = [
  table(
    "functions",
    db(1) +
      p("usrloc", "xavp_contact", "ulattrs") +
      p("usrloc", "use_domain", 0) +
      p("registrar", "xavp_cfg", "cfg") +
      p("registrar", "xavp_rcd", "rcd"),
    [
      {
        name: "registered",
        steps: [
          put("a", "red", "<sip:a@1.1.1.1>"),
          put("a", "blue", "<sip:a2@1.1.1.1>", "Call-ID: two"),
          ...["registered", "other", "bad", "act0", "act1", "act2", "act3", "act1m"].map((does) => ask("a", does)),
          ask("nobody", "registered"),
        ],
      },
      {
        name: "save",
        steps: [
          put("b", "1", "<sip:b@1.1.1.1>"),
          sql("SELECT count(*) FROM location WHERE username = 'b'", 200),
          put("b", "4", "<sip:b2@1.1.1.1>", "Call-ID: two"),
          ask("b", "lookup"),
          put("b", "8", "<sip:b2@1.1.1.1>;expires=77", "Call-ID: two", "CSeq: 2 REGISTER"),
          put("b", "18", "<sip:b2@1.1.1.1>;expires=78", "Call-ID: two", "CSeq: 3 REGISTER"),
          put("b", "2", "<sip:b2@1.1.1.1>;expires=79", "Call-ID: two", "CSeq: 4 REGISTER"),
          put("b", "18own", "<sip:b2@1.1.1.1>;expires=80", "Call-ID: two", "CSeq: 5 REGISTER"),
          put("b", "2own", "<sip:b2@1.1.1.1>;expires=80", "Call-ID: two", "CSeq: 6 REGISTER"),
          put("b", "16", "<sip:b2@1.1.1.1>;expires=80", "Call-ID: two", "CSeq: 7 REGISTER"),
          put("b", "18own", "<sip:b2@1.1.1.1>;expires=80;q=7", "Call-ID: two", "CSeq: 8 REGISTER"),
          put("b", "18", "<sip:b2@1.1.1.1>;expires=80;q=7", "Call-ID: two", "CSeq: 8 REGISTER"),
          put("b", "uri", "<sip:g@1.1.1.1>"),
          ask("b", "uri"),
          ask("b", "lookup"),
          put("b", "baduri", "<sip:g@1.1.1.1>"),
        ],
      },
      {
        name: "unregister",
        steps: [
          put("c", "", "<sip:c@1.1.1.1>"),
          put("c", "", "<sip:c2@1.1.1.1>", "Call-ID: two"),
          ask("c", "unnone"),
          ask("c", "unruid"),
          ask("c", "lookup"),
          ask("c", "unruid0"),
          ask("c", "lookup"),
          ask("c", "unbad"),
          ask("c", "unregister"),
          ask("c", "lookup"),
          ask("c", "unregister"),
        ],
      },
      {
        name: "lookup of what has no user",
        steps: ["ruri", "tel", "lookbad", "looknone", "dsetnone", "regnone", "fetchnone", "fetchbad", "unwho"].map(
          (does) => ask("a", does),
        ),
      },
    ],
    TABLES_ATTRS,
    ASKED,
  ),
  table(
    "unregister in the database",
    db(3),
    [
      {
        name: "by record id",
        steps: [
          put("c", "", "<sip:c@1.1.1.1>"),
          put("c", "", "<sip:c2@1.1.1.1>", "Call-ID: two"),
          ask("c", "unnone"),
          ask("c", "unruid"),
          sql(NAMES),
          ask("c", "unregister"),
          ask("c", "unbad"),
        ],
      },
    ],
    "",
    ASKED.replace('"location", "0x01"', '"location"'), // which is refused there
  ),
  group("handle_lost_tcp", p("usrloc", "handle_lost_tcp", 1), [
    {
      name: "a binding goes with its connection",
      steps: [
        send("REGISTER", "a", ["Contact: <sip:a@1.1.1.1;transport=tcp>"], STREAM),
        register("b", "<sip:b@1.1.1.1>"),
        find("a"),
        find("b"),
        { close: STREAM, ms: 1500 },
        find("a"),
        find("b"),
      ],
    },
  ]),
];

export const LEFTOVERS: readonly NatGroup[] = [
  ...REG_ID,
  ...ROWS,
  ...KEEPALIVES,
  ...FORGED,
  ...STORED_PINGS,
  ...COMMANDS,
  ...FUNCTIONS,
];
