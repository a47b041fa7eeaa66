// Modules alias_db, speeddial and domain: names of users and domains in tables.

import type { LanguageCase, Setup } from "./language-bed.ts";

export const setup: Setup = {
  head: [
    'loadmodule "db_sqlite.so"',
    'loadmodule "alias_db.so"',
    'loadmodule "speeddial.so"',
    'loadmodule "domain.so"',
    'modparam("alias_db|speeddial|domain", "db_url", "sqlite:///{DIR}/db.sqlite")',
    'modparam("alias_db", "append_branches", 1)',
    'modparam("alias_db", "domain_prefix", "sip.")',
    'modparam("speeddial", "domain_prefix", "tel.")',
    'modparam("speeddial", "use_domain", 1)',
    'modparam("domain", "register_myself", 1)',
  ].join("\n"),
  sql: `
    CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
    INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('dbaliases', 1), ('speed_dial', 2), ('domain', 2), ('domain_attrs', 1);
    CREATE TABLE dbaliases (id INTEGER PRIMARY KEY NOT NULL, alias_username VARCHAR(64), alias_domain VARCHAR(64), username VARCHAR(64), domain VARCHAR(64));
    INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('one', 'here.example', 'alice', 'office.example'),
      ('two', 'here.example', 'alice', 'office.example'), ('two', 'here.example', 'bob', 'office.example'), ('two', 'there.example', 'carl', 'office.example'),
      ('a b', 'here.example', 'dora', 'office.example'), ('Upper', 'here.example', 'upper', 'office.example'), ('empty', 'here.example', '', 'office.example'),
      ('nodomain', 'here.example', 'eve', ''), ('prefixed', 'sip.x.example', 'frank', 'office.example'), ('stripped', 'y.example', 'grace', 'office.example'),
      ('123', 'here.example', 'number', 'office.example'),
      ('%61', 'here.example', 'escaped', 'office.example'), ('', 'here.example', 'nobody', 'office.example');
    CREATE TABLE speed_dial (id INTEGER PRIMARY KEY NOT NULL, username VARCHAR(64), domain VARCHAR(64), sd_username VARCHAR(64), sd_domain VARCHAR(64),
      new_uri VARCHAR(255), fname VARCHAR(64), lname VARCHAR(64), description VARCHAR(64));
    INSERT INTO speed_dial (username, domain, sd_username, sd_domain, new_uri) VALUES ('alice', 'office.example', '11', '', 'sip:bob@far.example'),
      ('alice', 'office.example', '12', '', 'sip:first@x'), ('alice', 'office.example', '12', '', 'sip:second@x'), ('alice', 'other.example', '13', '', 'sip:other@x'),
      ('alice', 'office.example', '14', '', 'no uri'), ('alice', 'office.example', '15', '', ''), ('alice', 'office.example', '16', '', '"N" <sip:n@x>'),
      ('alice', 'z.example', '17', '', 'sip:z@x');
    CREATE TABLE domain (id INTEGER PRIMARY KEY NOT NULL, domain VARCHAR(64) NOT NULL, did VARCHAR(64) DEFAULT NULL, last_modified TIMESTAMP);
    INSERT INTO domain (domain, did) VALUES ('local.example', 'one'), ('second.example', 'one'), ('alone.example', NULL), ('UPPER.example', NULL),
      ('10.5.5.5', NULL), ('[2001:db8::5]', NULL), ('office.example', 'off');
    CREATE TABLE domain_attrs (id INTEGER PRIMARY KEY NOT NULL, did VARCHAR(64) NOT NULL, name VARCHAR(32) NOT NULL, type INTEGER NOT NULL,
      value VARCHAR(255) NOT NULL, last_modified TIMESTAMP);
    INSERT INTO domain_attrs (did, name, type, value) VALUES ('one', 'text', 2, 'abc'), ('one', 'number', 0, '42'), ('one', 'list', 2, 'x'),
      ('one', 'list', 2, 'y'), ('alone.example', 'a', 2, 'b');
  `,
};

const rc = (
  name: string,
  call: string,
  show: string,
  line?: string,
  more: Partial<LanguageCase> = {},
): LanguageCase => ({
  name,
  run: call === "" ? "" : `${call}; $var(rc) = $rc; SAY("rc $var(rc)");`,
  show: show === "" ? [] : [show],
  ...(line === undefined ? {} : { line: `OPTIONS ${line}` }),
  ...more,
});
const alias = (to: string, flags = "", more: Partial<LanguageCase> = {}): LanguageCase =>
  rc(
    `alias_db: ${to} ${flags}${more.headers?.join() ?? ""}`,
    `alias_db_lookup("dbaliases"${flags === "" ? "" : `, "${flags}"`})`,
    "$ru $du | $(branch(uri)[0]) $(branch(uri)[1])",
    to,
    more,
  );
const find = (input: string, flags = "", output = "$avp(o)"): LanguageCase =>
  rc(
    `alias_db_find: ${input} ${flags} ${output}`,
    `$var(i) = "${input}"; alias_db_find("dbaliases", "${input.startsWith("$") ? input : "$var(i)"}", "${output}"${flags === "" ? "" : `, "${flags}"`})`,
    `${output} $(avp(o)[*]) $ru`,
  );
const speed = (to: string, from = "alice@office.example", args = ""): LanguageCase =>
  rc(`speeddial: ${to} ${from} ${args}`, `sd_lookup("speed_dial"${args})`, "$ru $du", to, {
    headers: [`From: <sip:${from}>;tag=1`],
  });
const local = (domain: string): LanguageCase => rc(`domain: local ${domain}`, `is_domain_local("${domain}")`, "");
const attrs = (domain: string, prefix = ""): LanguageCase =>
  rc(
    `domain: lookup ${domain} ${prefix}`,
    `lookup_domain("${domain}"${prefix === "" ? "" : `, "${prefix}"`})`,
    `$avp(${prefix}did) $avp(${prefix}text) $avp(${prefix}number) $(avp(${prefix}list)[*]) $avp(${prefix}a)`,
  );

export const cases: readonly LanguageCase[] = [
  alias("sip:one@here.example"),
  alias("sip:one@there.example"),
  alias("sip:one@there.example", "u"),
  alias("sip:two@there.example", "u"),
  alias("sip:two@here.example", "u"),
  alias("sip:two@here.example"),
  alias("sip:two@here.example", "d"),
  alias("sip:two@here.example", "du"),
  alias("sip:alice@office.example", "r"),
  alias("sip:alice@office.example", "ru"),
  alias("sip:alice@else.example", "ru"),
  alias("sip:ONE@here.example"),
  alias("sip:upper@here.example"),
  alias("sip:Upper@HERE.example", "u"),
  alias("sip:one:pw@here.example:5070;x=1?h=1"),
  alias("sips:one@here.example"),
  alias("tel:123"),
  alias("sip:here.example"),
  alias("sip:empty@here.example"),
  alias("sip:nodomain@here.example"),
  alias("sip:prefixed@sip.x.example", "u"),
  alias("sip:stripped@sip.y.example", "u"),
  alias("sip:a%20b@here.example"),
  alias("sip:%61@here.example"),
  alias("sip:nobody@here.example"),
  alias("sip:one@here.example", "x"),
  rc("alias_db: computed table", '$var(t) = "aliases"; alias_db_lookup("db$var(t)")', "$ru", "sip:one@h"),
  rc("alias_db: no table", 'alias_db_lookup("nope")', "$ru", "sip:one@h"),
  rc("alias_db: du stays", '$du = "sip:next@x"; alias_db_lookup("dbaliases")', "$ru $du", "sip:one@h"),
  find("sip:one@here.example"),
  find("sip:two@here.example"),
  find("sip:two@there.example", "u"),
  find("sip:nope@here.example"),
  find("$fu", "r"),
  find("sip:one@here.example", "", "$var(o)"),
  find("sip:one@here.example", "", "$ru"),
  find("one"),
  find("tel:123"),
  find("<sip:one@here.example>"),
  find(""),
  rc("alias_db_find: to a constant", 'alias_db_find("dbaliases", "sip:one@x", "text")', ""),
  speed("sip:11@x"),
  speed("sip:11@x", "bob@office.example"),
  speed("sip:11@x", "alice@else.example"),
  speed("sip:11@x", "alice@OFFICE.example"),
  speed("sip:12@x"),
  speed("sip:13@x"),
  speed("sip:14@x"),
  speed("sip:15@x"),
  speed("sip:16@x"),
  speed("sip:17@x", "alice@tel.z.example"),
  speed("sip:99@x"),
  speed("sip:x"),
  speed("sip:11@x", "eve@x", ', "sip:alice@office.example"'),
  speed("sip:11@x", "eve@x", ', "sip:alice@$var(d)"'),
  speed("sip:11@x", "eve@x", ', "sip:$fU@office.example"'),
  speed("sip:11@x", "alice@office.example", ', "alice"'),
  rc("speeddial: no table", 'sd_lookup("nope")', "$ru", "sip:11@x"),
  local("local.example"),
  local("LOCAL.example"),
  local("upper.example"),
  local("UPPER.example"),
  local("nope.example"),
  local("sub.local.example"),
  local("10.5.5.5"),
  local("2001:db8::5"),
  local("[2001:db8::5]"),
  local(""),
  local("127.0.0.1"),
  rc("domain: a variable", 'is_domain_local("$rd")', "", "sip:x@local.example"),
  rc("domain: a variable without quotes", "is_domain_local($rd)", "", "sip:x@local.example"),
  rc("domain: variable and text", '$var(d) = "local"; is_domain_local("$var(d).example")', ""),
  rc("domain: null", 'is_domain_local("$avp(nope)")', ""),
  rc("domain: from", "is_from_local()", "", "sip:x@y"),
  rc("domain: from another", "is_from_local()", "", "sip:x@y", { headers: ["From: <sip:a@nope.example>;tag=1"] }),
  rc("domain: from in capitals", "is_from_local()", "", "sip:x@y", {
    headers: ["From: <sip:a@Office.Example:5099>;tag=1"],
  }),
  rc("domain: from tel", "is_from_local()", "", "sip:x@y", { headers: ["From: <tel:123>;tag=1"] }),
  rc("domain: uri", "is_uri_host_local()", "", "sip:x@local.example:5080"),
  rc("domain: uri in capitals", "is_uri_host_local()", "", "sip:x@LOCAL.example"),
  rc("domain: uri another", "is_uri_host_local()", "", "sip:x@nope.example"),
  rc("domain: uri changed", '$rd = "local.example"; is_uri_host_local()', "", "sip:x@nope.example"),
  rc("domain: tel", "is_uri_host_local()", "", "tel:123"),
  attrs("local.example"),
  attrs("local.example", "p_"),
  attrs("second.example"),
  attrs("alone.example"),
  attrs("nope.example"),
  attrs("LOCAL.example"),
  rc(
    "domain: lookup twice",
    'lookup_domain("local.example"); lookup_domain("local.example")',
    "$(avp(did)[*]) $(avp(text)[*])",
  ),
  rc("domain: number", 'lookup_domain("local.example"); $var(x) = $avp(number) + 1', "$var(x)"),
  rc("domain: lookup by variables", '$var(p) = "q_"; lookup_domain("$fd", "$var(p)")', "$avp(q_did)"),
  find("sip:one@else.example", "u"),
  ...[
    "sip:x@local.example",
    "sip:x@LOCAL.example",
    "sip:x@local.example:5099",
    "sip:x@nope.example",
    "sip:x@upper.example",
    "sip:x@10.5.5.5",
    "sip:x@sub.local.example",
  ].map(
    (to): LanguageCase => ({
      name: `domain: myself ${to}`,
      line: `OPTIONS ${to}`,
      run: 'if (uri == myself) SAY("ours"); else SAY("not"); if (is_myself("$ru")) SAY("is_myself");',
    }),
  ),
  rc("domain: command reload", "", "", undefined, { rpc: [["domain.reload"], ["domain.reload"]] }),
];
