// Tables and columns by other names: what the parameters of alias_db, speeddial, domain, permissions and htable rename is found.

import type { LanguageCase, Setup } from "./language-bed.ts";

const renamed = (module: string, names: Readonly<Record<string, string>>): string =>
  Object.entries(names)
    .map(([param, value]) => `modparam("${module}", "${param}", "${value}")`)
    .join("\n");

export const setup: Setup = {
  head: [
    ...["db_sqlite", "alias_db", "speeddial", "domain", "permissions", "htable"].map((m) => `loadmodule "${m}.so"`),
    'modparam("alias_db|speeddial|domain|permissions|htable", "db_url", "sqlite:///{DIR}/db.sqlite")',
    renamed("alias_db", { user_column: "u", domain_column: "d", alias_user_column: "au", alias_domain_column: "ad" }),
    'modparam("alias_db", "use_domain", 1)',
    renamed("speeddial", {
      user_column: "u",
      domain_column: "d",
      sd_user_column: "su",
      sd_domain_column: "sd",
      new_uri_column: "target",
    }),
    'modparam("speeddial", "use_domain", 1)',
    renamed("domain", {
      domain_table: "doms",
      domain_col: "name",
      did_col: "ident",
      domain_attrs_table: "domattrs",
      name_col: "k",
      type_col: "t",
      value_col: "v",
    }),
    renamed("permissions", {
      address_table: "addresses",
      grp_col: "g",
      ip_addr_col: "ip",
      mask_col: "m",
      port_col: "p",
      tag_col: "label",
      trusted_table: "peers",
      source_col: "src",
      proto_col: "pr",
      from_col: "f",
      ruri_col: "r",
      priority_col: "prio",
      allow_suffix: ".yes",
      deny_suffix: ".no",
      default_allow_file: "{DIR}/none",
      default_deny_file: "{DIR}/none",
      peer_tag_avp: "$avp(tag)",
    }),
    'modparam("permissions", "db_mode", 1)',
    'modparam("permissions", "check_all_branches", 0)',
    renamed("htable", {
      key_name_column: "kn",
      key_type_column: "kt",
      value_type_column: "vt",
      key_value_column: "kv",
      expires_column: "ex",
      array_size_suffix: "#",
    }),
    'modparam("htable", "db_expires", 1)',
    'modparam("htable", "htable", "a=>size=4;dbtable=items;autoexpire=3600;")',
  ].join("\n"),
  files: {
    "rules.yes": 'ALL : "^sip:good@"\n',
    "rules.no": "ALL : ALL\n",
  },
  sql: `
    CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
    INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('aliases', 1), ('short', 2), ('doms', 2), ('domattrs', 1),
      ('addresses', 6), ('peers', 6), ('items', 2);
    CREATE TABLE aliases (id INTEGER PRIMARY KEY, au VARCHAR(64), ad VARCHAR(64), u VARCHAR(64), d VARCHAR(64));
    INSERT INTO aliases (au, ad, u, d) VALUES ('one', 'here.example', 'alice', 'office.example');
    CREATE TABLE short (id INTEGER PRIMARY KEY, u VARCHAR(64), d VARCHAR(64), su VARCHAR(64), sd VARCHAR(64), target VARCHAR(255));
    INSERT INTO short (u, d, su, sd, target) VALUES ('alice', 'office.example', '11', 'office.example', 'sip:bob@far.example');
    CREATE TABLE doms (id INTEGER PRIMARY KEY, name VARCHAR(64), ident VARCHAR(64));
    INSERT INTO doms (name, ident) VALUES ('local.example', 'one');
    CREATE TABLE domattrs (id INTEGER PRIMARY KEY, ident VARCHAR(64), k VARCHAR(32), t INTEGER, v VARCHAR(255));
    INSERT INTO domattrs (ident, k, t, v) VALUES ('one', 'text', 2, 'abc');
    CREATE TABLE addresses (id INTEGER PRIMARY KEY, g INTEGER, ip VARCHAR(50), m INTEGER, p INTEGER, label VARCHAR(64));
    INSERT INTO addresses (g, ip, m, p, label) VALUES (1, '10.1.0.1', 32, 5070, 'exact'), (1, '10.2.0.0', 16, 0, 'net');
    CREATE TABLE peers (id INTEGER PRIMARY KEY, src VARCHAR(50), pr VARCHAR(4), f VARCHAR(64), r VARCHAR(64), label VARCHAR(64), prio INTEGER);
    INSERT INTO peers (src, pr, f, r, label, prio) VALUES ('127.0.0.1', 'udp', '^sip:alice@', '^sip:trusted@', 'low', 1),
      ('127.0.0.1', 'udp', '^sip:alice@', '^sip:trusted@', 'high', 5);
    CREATE TABLE items (id INTEGER PRIMARY KEY, kn VARCHAR(64), kt INTEGER, vt INTEGER, kv VARCHAR(128), ex INTEGER);
    INSERT INTO items (kn, kt, vt, kv, ex) VALUES ('s', 0, 0, 'text', 4000000000), ('n', 0, 1, '42', 4000000000),
      ('gone', 0, 0, 'old', 1000), ('list', 1, 0, 'first', 4000000000), ('list', 1, 0, 'second', 4000000000);
  `,
};

const rc = (name: string, call: string, show = "", line?: string): LanguageCase => ({
  name,
  run: `${call}; $var(rc) = $rc; SAY("rc $var(rc)");`,
  show: show === "" ? [] : [show],
  ...(line === undefined ? {} : { line: `OPTIONS ${line}` }),
});

export const cases: readonly LanguageCase[] = [
  rc("alias_db", 'alias_db_lookup("aliases")', "$ru", "sip:one@here.example"),
  rc("alias_db: another domain", 'alias_db_lookup("aliases")', "$ru", "sip:one@there.example"),
  rc("speeddial", 'sd_lookup("short")', "$ru", "sip:11@office.example"),
  rc("speeddial: none", 'sd_lookup("short")', "$ru", "sip:12@office.example"),
  rc("domain", 'lookup_domain("local.example")', "$avp(text)"),
  rc("domain: none", 'lookup_domain("other.example")', "$avp(text)"),
  rc("domain: of the R-URI", "is_uri_host_local()", "", "sip:x@local.example"),
  rc("address", 'allow_address("1", "10.1.0.1", "5070")', "$avp(tag)"),
  rc("address: another port", 'allow_address("1", "10.1.0.1", "5071")', "$avp(tag)"),
  rc("address: network", 'allow_address("1", "10.2.3.4", "9")', "$avp(tag)"),
  rc("trusted", "allow_trusted()", "$avp(tag)", "sip:trusted@office.example"),
  rc("trusted: another R-URI", "allow_trusted()", "$avp(tag)", "sip:other@office.example"),
  rc("rules", 'allow_routing("{DIR}/rules")', "", "sip:good@office.example"),
  rc("rules: denied", 'allow_routing("{DIR}/rules")', "", "sip:bad@office.example"),
  rc(
    "rules: other branches are not looked at",
    'append_branch("sip:bad@x"); allow_routing("{DIR}/rules")',
    "",
    "sip:good@office.example",
  ),
  { name: "htable", run: "", show: ["$sht(a=>s) $sht(a=>n) $sht(a=>gone) $sht(a=>list[1]) $sht(a=>list#)"] },
];
