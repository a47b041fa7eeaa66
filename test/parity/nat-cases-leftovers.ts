// Parameters of registrar, usrloc and nathelper that the other groups leave out: reg-id without outbound, rows that others have changed, keepalives and
// their line in the log, pings in the name of others, and of bindings that are in the database only.

import { HOP, type NatCase, type NatGroup, PRIVATE, PUBLIC } from "./nat-case.ts";
import {
  db,
  find,
  group,
  late,
  NAMES,
  register,
  SCRIPT,
  send,
  sql,
  TABLES,
  table,
  wait,
} from "./nat-cases-leftover-parts.ts";
import { p } from "./nat-cases-parts.ts";

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

const ROW =
  "SELECT username, domain, received, path, flags, cflags, user_agent, socket, methods, instance, reg_id, server_id, connection_id, keepalive, partition FROM location WHERE username NOT LIKE 'late%' ORDER BY username";
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

const TELL_EXPIRED = `event_route[usrloc:contact-expired] {
  $shv(exp) = $ulc(exp=>aor) + " " + $ulc(exp=>addr) + " " + $ulc(exp=>domain);
}
`;
const EXPIRED_ROWS: NatGroup = {
  ...table(
    "expired in the database",
    db(3),
    [{ name: "event_route[usrloc:contact-expired]", steps: [wait(2500), find("a")] }],
    late(1, "late1"),
    SCRIPT.replace("R: $var(rc)", "R: $shv(exp) $var(rc)"),
  ),
  routes: TELL_EXPIRED,
};

export const LEFTOVERS: readonly NatGroup[] = [
  ...REG_ID,
  ...ROWS,
  ...KEEPALIVES,
  ...FORGED,
  ...STORED_PINGS,
  EXPIRED_ROWS,
];
