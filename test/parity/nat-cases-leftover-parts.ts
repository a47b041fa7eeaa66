// What cases of leftover parameters and functions are made of: requests, groups, the location table.

import { HOP, type NatCase, type NatGroup, type NatStep, natRequest, PRIVATE, PUBLIC, STREAM } from "./nat-case.ts";
import { p } from "./nat-cases-parts.ts";

const MODULES = ["kex", "sl", "tm", "pv", "textops", "siputils", "xlog", "rr", "usrloc", "registrar", "nathelper"];

export const SCRIPT = `
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

export function send(method: string, user: string, lines: readonly string[] = [], from = PUBLIC): NatStep {
  const n = `l${next++}`;
  const head = [`From: <sip:${user}@office.example>;tag=t1`, `To: <sip:${user}@office.example>`, ...lines];
  return { from, text: natRequest(n, method, `sip:${user}@office.example`, "10.1.1.5:7000", head) };
}

export const register = (user: string, contact: string, ...lines: string[]): NatStep =>
  send("REGISTER", user, [`Contact: ${contact}`, ...lines]);
export const find = (user: string): NatStep => send("OPTIONS", user);
export const wait = (ms: number): NatStep => ({ ms });

export function group(name: string, params: string, cases: readonly NatCase[], more: Partial<NatGroup> = {}): NatGroup {
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

export const TABLES = `
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
export const late = (n: number, user: string, server = 0): string =>
  `INSERT INTO location (ruid, username, contact, expires, callid, cseq, server_id) VALUES ('uloc-9-9-${n}', '${user}', 'sip:${user}@1.1.1.1', julianday('2001-01-01'), 'c${n}', 5, ${server});`;
export const NAMES = "SELECT username, contact, callid, cseq FROM location ORDER BY username, contact, callid";
export const sql = (text: string, ms = 300): NatStep => ({ sql: text, ms });
export const db = (mode: number): string =>
  p("usrloc", "db_url", "sqlite:///{DIR}/db.sqlite") + p("usrloc", "db_mode", mode) + p("usrloc", "timer_interval", 1);
export const table = (name: string, params: string, cases: readonly NatCase[], more = "", request = SCRIPT): NatGroup =>
  group(name, params, cases, { modules: ["db_sqlite", ...MODULES], sql: TABLES + more, request });
