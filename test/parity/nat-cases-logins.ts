// Parameters and functions of modules auth and auth_db that the other groups leave out.

import type { NatCase, NatGroup, NatLogin } from "./nat-case.ts";
import { group, p, send, TELL } from "./nat-cases-parts.ts";

const alice: NatLogin = { user: "alice", password: "secret" };
const ALICE = ["From: <sip:alice@office.example>;tag=t1", "To: <sip:alice@office.example>", "Call-ID: same"];
const CHECK = `
  if ($hdr(X-Do) == "ask") { www_challenge("office.example", "1"); exit; }
  if ($hdr(X-Do) == "askp") { proxy_challenge("office.example", "1"); exit; }
  if ($hdr(X-Do) == "pv") { pv_www_authenticate("office.example", "secret", "0"); ${TELL} }
  if ($hdr(X-Do) == "tm") { t_newtran(); www_challenge("office.example", "0"); exit; }
`;
const CHECK_ROWS = `${CHECK}
  if ($hdr(X-Do) == "www") { www_authenticate("office.example", "people"); append_to_reply("A: $avp(mail) $avp(also)\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "wwwm") { www_authenticate("office.example", "people", "REGISTER"); ${TELL} }
  if ($hdr(X-Do) == "wwwa") { www_authorize("office.example", "people"); ${TELL} }
  if ($hdr(X-Do) == "proxy") { proxy_authenticate("office.example", "people"); ${TELL} }
  if ($hdr(X-Do) == "proxya") { proxy_authorize("office.example", "people"); ${TELL} }
  if ($hdr(X-Do) == "check0") { auth_check("office.example", "people", "0"); ${TELL} }
  if ($hdr(X-Do) == "check1") { auth_check("office.example", "people", "1"); ${TELL} }
  if ($hdr(X-Do) == "is") { is_subscriber("sip:alice@office.example", "people", "0"); append_to_reply("A: $avp(mail)\\r\\n"); ${TELL} }
  if ($hdr(X-Do) == "isnot") { is_subscriber("sip:nobody@office.example", "people", "1"); ${TELL} }
`;
const SECRET = p("auth", "secret", "a secret of both");
const auth = (name: string, params: string, cases: readonly NatCase[]): NatGroup =>
  group(name, ["auth"], SECRET + params, CHECK, cases);
const IN_DIALOG = ["From: <sip:alice@office.example>;tag=t1", "To: <sip:alice@office.example>;tag=t2", "Call-ID: same"];

const PEOPLE = `
  CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
  INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('people', 3);
  CREATE TABLE people (id INTEGER PRIMARY KEY, u VARCHAR(64), d VARCHAR(64), pw VARCHAR(64), pw2 VARCHAR(64), mail VARCHAR(64), rpid VARCHAR(64));
  INSERT INTO people (u, d, pw, pw2, mail, rpid) VALUES ('alice', 'office.example', 'secret', 'other', 'a@x', NULL), ('bob', 'office.example', 'hidden', '', 'b@x', 'r');
`;
const columns = [
  p("auth_db", "db_url", "sqlite:///{DIR}/db.sqlite"),
  p("auth_db", "user_column", "u"),
  p("auth_db", "domain_column", "d"),
  p("auth_db", "password_column", "pw"),
  p("auth_db", "password_column_2", "pw2"),
  p("auth_db", "calculate_ha1", 1),
  p("auth_db", "version_table", 0),
  p("auth_db", "use_domain", 1),
  p("auth_db", "load_credentials", "mail;$avp(also)=rpid"),
].join("");

const logins: readonly NatCase[] = [
  {
    name: "www_authenticate",
    steps: [
      send("www", "REGISTER", ALICE),
      send("ask", "REGISTER", ALICE),
      send("www", "REGISTER", ALICE, alice),
      send("www", "REGISTER", ALICE, { ...alice, password: "wrong" }),
      send("www", "REGISTER", ALICE, { ...alice, user: "nobody" }),
      send("www", "REGISTER", ALICE, { user: "bob", password: "hidden" }),
      send("wwwm", "OPTIONS", ALICE, { ...alice, method: "REGISTER" }),
      send("wwwa", "REGISTER", ALICE, alice),
    ],
  },
  {
    name: "proxy_authenticate",
    steps: [
      send("askp", "INVITE", ALICE),
      send("proxy", "INVITE", ALICE, { ...alice, proxy: true }),
      send("proxya", "INVITE", ALICE, { ...alice, proxy: true }),
      send("proxy", "INVITE", ALICE, { ...alice, password: "no", proxy: true }),
    ],
  },
  {
    name: "auth_check",
    steps: [
      send("ask", "REGISTER", ALICE),
      send("check0", "REGISTER", ALICE, alice),
      send("check1", "REGISTER", ALICE, alice),
      send("check1", "REGISTER", ALICE, { user: "bob", password: "hidden" }),
      send("check0", "REGISTER", ALICE, { user: "bob", password: "hidden" }),
      send("askp", "INVITE", ALICE),
      send("check1", "INVITE", ALICE, { ...alice, proxy: true }),
    ],
  },
  { name: "is_subscriber", steps: [send("is"), send("isnot")] },
];

export const LOGINS: readonly NatGroup[] = [
  group("auth_db by other names", ["db_sqlite", "auth", "auth_db"], SECRET + columns, CHECK_ROWS, logins, {
    sql: PEOPLE,
  }),
  group(
    "auth_db, force_generate_avps",
    ["db_sqlite", "auth", "auth_db"],
    SECRET + columns + p("auth_db", "force_generate_avps", 1),
    CHECK_ROWS,
    [
      {
        name: "filled though the password is wrong",
        steps: [
          send("ask", "REGISTER", ALICE),
          send("www", "REGISTER", ALICE, { ...alice, password: "wrong" }),
          send("www", "REGISTER", ALICE, { ...alice, user: "nobody" }),
        ],
      },
    ],
    { sql: PEOPLE },
  ),
  auth("auth_checks_no_dlg", p("auth", "auth_checks_no_dlg", 2), [
    {
      name: "Call-ID counts",
      steps: [
        send("ask", "OPTIONS", ALICE),
        send("pv", "OPTIONS", ALICE, alice),
        send("pv", "OPTIONS", [...ALICE.slice(0, 2), "Call-ID: another"], alice),
        send("pv", "REGISTER", [...ALICE.slice(0, 2), "Call-ID: another"], alice),
      ],
    },
  ]),
  auth("auth_checks_in_dlg", p("auth", "auth_checks_in_dlg", 2), [
    {
      name: "Call-ID counts",
      steps: [
        send("ask", "OPTIONS", IN_DIALOG),
        send("pv", "OPTIONS", IN_DIALOG, alice),
        send("pv", "OPTIONS", [...IN_DIALOG.slice(0, 2), "Call-ID: another"], alice),
      ],
    },
  ]),
  auth("force_stateless_reply", p("auth", "force_stateless_reply", 1), [
    { name: "within a transaction", steps: [send("tm", "OPTIONS", ALICE)] },
  ]),
  auth(
    "small arrays",
    [
      p("auth", "nonce_count", 1),
      p("auth", "nc_array_size", 1024),
      p("auth", "nc_array_order", 8),
      p("auth", "nonce_auth_max_drift", 5),
    ].join(""),
    [
      {
        name: "counts",
        steps: [
          send("ask", "REGISTER", ALICE),
          send("pv", "REGISTER", ALICE, alice),
          send("pv", "REGISTER", ALICE, { ...alice, nc: "00000002" }),
        ],
      },
    ],
  ),
  auth(
    "one time, small arrays",
    [p("auth", "one_time_nonce", 1), p("auth", "otn_in_flight_no", 1024), p("auth", "otn_in_flight_order", 8)].join(""),
    [
      {
        name: "once",
        steps: [
          send("ask", "REGISTER", ALICE),
          send("pv", "REGISTER", ALICE, alice),
          send("pv", "REGISTER", ALICE, alice),
        ],
      },
    ],
  ),
];
