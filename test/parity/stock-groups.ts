// All groups of the stock configuration's cases: which features are on, and what happens then.

import { EVERYTHING, SERVES } from "./stock-cases-all.ts";
import { CALLS, REFUSALS, REGISTRATION } from "./stock-cases-basic.ts";
import {
  ACCOUNTS,
  ALIASES,
  AUTHENTICATION,
  BY_ADDRESS,
  CHALLENGES,
  DOMAINS,
  FLOOD,
  GATEWAY,
  OVER_HTTP,
  REDIRECTION,
  SPEED,
  subscribers,
  VOICEMAIL,
} from "./stock-cases-features.ts";
import { DATABASE, ENCRYPTED, PRESENCE } from "./stock-cases-more.ts";
import { ADDRESS_OF, BEHIND_NAT, PINGS, UNRELAYED } from "./stock-cases-nat.ts";
import type { StockGroup } from "./stock-talk.ts";
import { PHONES } from "./stock-texts.ts";

const USERS = subscribers("alice", "bob", "carol");
const alias = (name: string, user: string, domain = "office.example"): string =>
  `INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('${name}', 'office.example', '${user}', '${domain}')`;
const speed = (digits: string, uri: string): string =>
  `INSERT INTO speed_dial (username, domain, sd_username, sd_domain, new_uri) VALUES ('alice', 'office.example', '${digits}', 'office.example', '${uri}')`;
const domain = (name: string): string => `INSERT INTO domain (domain, did) VALUES ('${name}', '${name}')`;
const address = (group: number, ip: string, mask: number, port: number): string =>
  `INSERT INTO address (grp, ip_addr, mask, port) VALUES (${group}, '${ip}', ${mask}, ${port})`;
const LOCATION = `INSERT INTO location (ruid, username, contact, expires, q, callid, cseq, user_agent, socket, methods) VALUES
  ('uloc-1-1-1', 'carol', 'sip:carol@${PHONES.carol.at}', julianday('2037-01-01'), -1, 'before', 1, 'Phone', 'udp:203.0.113.1:5060', NULL)`;

const ADDRESSES = [
  address(1, ADDRESS_OF("gate"), 32, 0),
  address(1, ADDRESS_OF("mail"), 32, 9),
  address(2, ADDRESS_OF("carol"), 32, 0),
];
const ALIAS_ROWS = [alias("support", "bob"), alias("sales", "nobody"), alias("outside", "x", PHONES.far.at)];
const SPEED_ROWS = [speed("11", "sip:bob@office.example"), speed("22", `sip:x@${PHONES.far.at}`)];
const DOMAIN_ROWS = ["office.example", "one.example", "two.example"].map(domain);

/** Whether there is time for what the file does every half minute. */
const LONG = process.env["PORTICO_LONG"] === "1" || process.env["PORTICO_RECORD"] === "1";

/** All that the file knows. */
const EVERY_SWITCH = (
  "DEBUG MYSQL AUTH IPAUTH USRLOCDB PRESENCE MSGREBUILD NAT NATSIPPING RTPENGINE PSTN ALIASDB SPEEDDIAL " +
  "MULTIDOMAIN TLS JSONRPC ANTIFLOOD BLOCK3XX BLOCK401407 VOICEMAIL ACCDB"
)
  .split(" ")
  .map((name) => `WITH_${name}`);

export const STOCK_GROUPS: readonly StockGroup[] = [
  { name: "registration", defines: [], cases: REGISTRATION },
  { name: "calls", defines: [], cases: CALLS },
  { name: "refusals", defines: [], upstream: true, cases: REFUSALS },
  { name: "auth", defines: ["WITH_AUTH"], sql: USERS, cases: AUTHENTICATION },
  { name: "ipauth", defines: ["WITH_AUTH", "WITH_IPAUTH"], sql: [...USERS, ...ADDRESSES], cases: BY_ADDRESS },
  { name: "aliasdb", defines: ["WITH_ALIASDB"], sql: ALIAS_ROWS, cases: ALIASES },
  { name: "speeddial", defines: ["WITH_SPEEDDIAL"], sql: SPEED_ROWS, cases: SPEED },
  { name: "multidomain", defines: ["WITH_MULTIDOMAIN"], sql: DOMAIN_ROWS, cases: DOMAINS },
  { name: "nat", defines: ["WITH_NAT"], cases: BEHIND_NAT },
  { name: "nat, rtpengine", defines: ["WITH_NAT", "WITH_RTPENGINE"], upstream: true, cases: BEHIND_NAT },
  { name: "nat, no relay", defines: ["WITH_NAT"], silent: ["rtpproxy"], cases: UNRELAYED },
  ...(LONG ? [{ name: "nat, pinged", defines: ["WITH_NAT", "WITH_NATSIPPING"], cases: PINGS }] : []),
  { name: "pstn", defines: ["WITH_PSTN"], cases: GATEWAY },
  { name: "voicemail", defines: ["WITH_VOICEMAIL"], cases: VOICEMAIL },
  { name: "antiflood", defines: ["WITH_ANTIFLOOD"], cases: FLOOD },
  { name: "block3xx", defines: ["WITH_BLOCK3XX"], cases: REDIRECTION },
  { name: "block401407", defines: ["WITH_BLOCK401407"], cases: CHALLENGES },
  { name: "accdb", defines: ["WITH_ACCDB"], cases: ACCOUNTS },
  { name: "jsonrpc", defines: ["WITH_JSONRPC"], listen: ["tcp:127.0.0.1:5060"], cases: OVER_HTTP },
  { name: "tls", defines: ["WITH_TLS"], listen: ["tls:203.0.113.1:5061"], cases: ENCRYPTED },
  {
    name: "tls, upstream",
    defines: ["WITH_TLS"],
    listen: ["tls:203.0.113.1:5061"],
    upstream: true,
    cases: ENCRYPTED.slice(0, 1),
  },
  { name: "usrlocdb", defines: ["WITH_USRLOCDB"], sql: [LOCATION], cases: DATABASE },
  { name: "presence", defines: ["WITH_PRESENCE"], cases: PRESENCE },
  { name: "presence, rebuilt", defines: ["WITH_PRESENCE", "WITH_MSGREBUILD"], cases: PRESENCE.slice(0, 1) },
  ...["WITH_MYSQL", "WITH_NATSIPPING", "WITH_RTPENGINE", "WITH_IPAUTH", "WITH_MSGREBUILD"].map((name) => ({
    name: `${name} alone`,
    defines: [name],
    cases: SERVES,
  })),
  {
    name: "everything",
    defines: EVERY_SWITCH,
    sql: [...USERS, ...ADDRESSES, ...ALIAS_ROWS, ...SPEED_ROWS, ...DOMAIN_ROWS],
    listen: ["tcp:127.0.0.1:5060", "tls:203.0.113.1:5061"],
    cases: EVERYTHING,
  },
  { name: "debug", defines: ["WITH_DEBUG"], cases: CALLS.slice(0, 1) },
];
