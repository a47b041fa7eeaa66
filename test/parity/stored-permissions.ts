// Module permissions: rules in files, trusted peers and addresses in tables.

import type { LanguageCase, Setup } from "./language-bed.ts";

const RULES = `# comment
ALL : "^sip:[0-9]+@"
"^sip:alice@office\\.example" : "^sip:friend@", "^sip:other@" EXCEPT "^sip:other@bad"
ALL EXCEPT "^sip:alice" : "^sip:notalice@"   # comment behind
"^sip:(al|bo)" , "^sip:carl" : ALL EXCEPT "deny", "zzz"
`;

export const setup: Setup = {
  head: [
    'loadmodule "db_sqlite.so"',
    'loadmodule "permissions.so"',
    'modparam("permissions", "db_url", "sqlite:///{DIR}/db.sqlite")',
    'modparam("permissions", "db_mode", 1)',
    'modparam("permissions", "peer_tag_avp", "$avp(tag)")',
    'modparam("permissions", "max_subnets", 40)',
    'modparam("permissions", "default_allow_file", "{DIR}/default.allow")',
    'modparam("permissions", "default_deny_file", "{DIR}/default.deny")',
    'modparam("permissions", "reload_delta", 1000)',
  ].join("\n"),
  files: {
    "default.allow": '"^sip:alice" : "^sip:allowed@"\n',
    "default.deny": 'ALL : "^sip:denied@"\nALL : "^sip:allowed@"\n',
    "rules.allow": RULES,
    "rules.deny": "ALL : ALL\n",
    "open.deny": 'ALL : "^sip:denied@"\n',
    "reg.allow": '"^sip:bob@" : "^sip:alice@127"\n',
    "reg.deny": "ALL : ALL\n",
    "case.deny": 'ALL : "SIP:DENIED@"\n',
    "tel.deny": 'ALL : "^tel:"\n',
    "port.deny": 'ALL : "^sip:[^:]*:5062"\n',
  },
  sql: `
    CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
    INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('trusted', 6), ('address', 6);
    CREATE TABLE trusted (id INTEGER PRIMARY KEY NOT NULL, src_ip VARCHAR(50) NOT NULL, proto VARCHAR(4) NOT NULL,
      from_pattern VARCHAR(64) DEFAULT NULL, ruri_pattern VARCHAR(64) DEFAULT NULL, tag VARCHAR(64), priority INTEGER DEFAULT 0 NOT NULL);
    INSERT INTO trusted (src_ip, proto, from_pattern, ruri_pattern, tag, priority) VALUES
      ('127.0.0.1', 'udp', '^sip:alice@', '^sip:trusted@', 'first', 1), ('127.0.0.1', 'udp', '^sip:alice@', '^sip:trusted@', 'second', 5),
      ('127.0.0.1', 'tcp', NULL, '^sip:tcp@', 'tcp', 0), ('127.0.0.1', 'any', '^sip:carl@', NULL, 'carl', 0),
      ('10.0.0.1', 'any', NULL, NULL, 'ten', 0), ('10.0.0.2', 'none', NULL, NULL, 'none', 0), ('10.0.0.3', 'udp', NULL, NULL, NULL, 0),
      ('2001:db8::1', 'any', NULL, NULL, 'six', 0), ('10.0.0.4', 'UDP', NULL, NULL, 'upper', 0), ('10.0.0.5', 'any', '^SIP:ALICE', NULL, 'case', 0),
      ('10.0.0.6', 'any', NULL, '^sip:there@', 'ruri', 0);
    CREATE TABLE address (id INTEGER PRIMARY KEY NOT NULL, grp INTEGER DEFAULT 1 NOT NULL, ip_addr VARCHAR(50) NOT NULL,
      mask INTEGER DEFAULT 32 NOT NULL, port SMALLINT DEFAULT 0 NOT NULL, tag VARCHAR(64));
    INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (1, '10.1.0.1', 32, 0, 'exact'), (1, '10.2.0.0', 16, 0, 'net'),
      (1, '10.3.0.1', 32, 5060, 'port'), (1, '10.4.0.0', 24, 5060, 'netport'), (2, '10.1.0.1', 32, 0, 'two'), (2, '10.9.0.0', 0, 0, 'mask0'),
      (3, 'example.com', 0, 0, 'name'), (3, 'example.org', 32, 5070, 'nameport'), (4, '2001:db8::', 32, 0, 'six'),
      (4, '2001:db9::1', 128, 0, 'sixone'), (5, '127.0.0.1', 32, 0, 'loop'), (6, '10.2.3.0', 24, 0, 'smaller'), (7, '10.7.0.1', 32, 0, NULL),
      (8, '2001:dba::1', 0, 0, 'six0'), (9, 'Example.NET', 0, 0, 'upper'), (10, '10.10.0.1', 32, 0, 'a'), (10, '10.10.0.1', 32, 5060, 'b'),
      (11, '10.11.0.1', 24, 0, 'hostbits');
  `,
};

const rc = (name: string, call: string, show = "$avp(tag)", more: Partial<LanguageCase> = {}): LanguageCase => ({
  name: `permissions: ${name}`,
  run: call === "" ? "" : `${call}; $var(rc) = $rc; SAY("rc $var(rc)");`,
  show: show === "" ? [] : [show],
  ...more,
});
const uri = (name: string, to: string, call: string, from = "alice@office.example"): LanguageCase =>
  rc(name, call, "", {
    line: `OPTIONS ${to}`,
    headers: [`From: <sip:${from}>;tag=t1`],
  });
const routing = (to: string, from?: string): LanguageCase =>
  uri(`rules for ${to} from ${from ?? "alice"}`, to, 'allow_routing("{DIR}/rules")'.replace("{DIR}", "{DIR}"), from);

const files = (args: string): string => `allow_routing(${args})`;
const register = (name: string, call: string, contact: string, to = "bob@office.example"): LanguageCase =>
  rc(name, call, "", {
    line: "REGISTER sip:office.example",
    headers: [`To: <sip:${to}>`, contact, "CSeq: 7 REGISTER"],
  });
const address = (group: string | number, ip: string, port: string | number): LanguageCase =>
  rc(`address ${group} ${ip} ${port}`, `allow_address("${group}", "${ip}", "${port}")`);
const trusted = (...args: string[]): LanguageCase =>
  rc(`trusted ${args.join(" ")}`, `allow_trusted(${args.map((a) => `"${a}"`).join(", ")})`, "$(avp(tag)[*])");

export const cases: readonly LanguageCase[] = [
  uri("default files, allowed", "sip:allowed@x", files("")),
  uri("default files, denied", "sip:denied@x", files("")),
  uri("default files, allowed for alice only", "sip:allowed@x", files(""), "bob@x"),
  uri("default files, neither", "sip:else@x", files("")),
  ...[
    "sip:123@x",
    "sip:friend@x",
    "sip:other@x",
    "sip:other@bad",
    "sip:notalice@x",
    "sip:nobody@x",
    "sip:deny@x",
  ].flatMap((to) => [undefined, "bob@x", "carl@x", "dora@x"].map((from) => routing(to, from))),
  uri("two files", "sip:denied@x", files('"{DIR}/none.allow", "{DIR}/open.deny"')),
  uri("two files, open", "sip:else@x", files('"{DIR}/none.allow", "{DIR}/open.deny"')),
  uri("files that are not there", "sip:denied@x", files('"{DIR}/nope"')),
  uri("case of rules", "sip:denied@x", files('"{DIR}/case"')),
  uri("port of the URI", "sip:x@h:5062", files('"{DIR}/port"')),
  uri("parameters of the URI", "sip:x@h;a=b:5062", files('"{DIR}/port"')),
  rc("branches", `append_branch("sip:denied@y"); ${files('"{DIR}/open"')}`, "", { line: "OPTIONS sip:else@x" }),
  rc("branch neither", `append_branch("sip:else@y"); ${files("")}`, "", { line: "OPTIONS sip:allowed@x" }),
  rc("branch allowed, R-URI neither", `append_branch("sip:allowed@y"); ${files("")}`, "", {
    line: "OPTIONS sip:else@x",
  }),
  uri("upper case rule", "sip:denied@x", files('"{DIR}/case"')),
  uri("lower case rule", "sip:DENIED@x", files('"{DIR}/open"')),
  register("register allowed", 'allow_register("{DIR}/reg")', "Contact: <sip:alice@127.0.0.1>"),
  register("register denied", 'allow_register("{DIR}/reg")', "Contact: <sip:eve@127.0.0.1>"),
  register("register one denied", 'allow_register("{DIR}/reg")', "Contact: <sip:alice@127.0.0.1>, <sip:eve@127.0.0.1>"),
  register("register by To", 'allow_register("{DIR}/reg")', "Contact: <sip:alice@127.0.0.1>", "eve@x"),
  register(
    "register two files",
    'allow_register("{DIR}/none", "{DIR}/port.deny")',
    "Contact: <sip:alice@127.0.0.1:5062>",
  ),
  register("register star", 'allow_register("{DIR}/reg")', "Contact: *"),
  rc("allow_uri", 'allow_uri("{DIR}/rules", "$ru")', "", { line: "OPTIONS sip:friend@x" }),
  rc("allow_uri denied", 'allow_uri("{DIR}/rules", "$ru")', "", {
    line: "OPTIONS sip:nobody@x",
    headers: ["From: <sip:dora@x>;tag=1"],
  }),
  rc("allow_uri of an AVP", '$avp(u) = "sip:denied@y"; allow_uri("{DIR}/open", "$avp(u)")', ""),
  rc("allow_uri of nothing", 'allow_uri("{DIR}/open", "$avp(nope)")', ""),
  rc("allow_uri no URI", '$avp(u) = "denied"; allow_uri("{DIR}/open", "$avp(u)")', ""),
  // addresses
  address(1, "10.1.0.1", 5060),
  address(1, "10.1.0.2", 5060),
  address(1, "10.2.255.1", 5060),
  address(1, "10.3.0.1", 5060),
  address(1, "10.3.0.1", 5061),
  address(1, "10.3.0.1", 0),
  address(1, "10.4.0.77", 5060),
  address(1, "10.4.0.77", 5061),
  address(2, "10.1.0.1", 5060),
  address(2, "10.9.0.0", 1),
  address(2, "10.9.0.1", 1),
  address(3, "example.com", 5060),
  address(3, "EXAMPLE.com", 5060),
  address(3, "example.org", 5070),
  address(3, "example.org", 5071),
  address(3, "nope.example", 5071),
  address(4, "2001:db8:1::5", 5060),
  address(4, "[2001:db8:1::5]", 5060),
  address(4, "2001:0db9:0::1", 5060),
  address(4, "2001:db9::2", 5060),
  address(7, "10.7.0.1", 5060),
  address(8, "2001:dba::1", 5060),
  address(9, "example.net", 5060),
  address(10, "10.10.0.1", 5060),
  address(11, "10.11.0.77", 5060),
  address(11, "10.11.0.1", 5060),
  address(99, "10.1.0.1", 5060),
  address(0, "10.1.0.1", 5060),
  address(1, "10.1.0.1", 70000),
  address(1, "", 5060),
  rc(
    "address by variables",
    '$var(g) = 1; $var(a) = "10.1.0.1"; $var(p) = 5060; allow_address("$var(g)", "$var(a)", "$var(p)")',
  ),
  rc("address by numbers", 'allow_address(1, "10.1.0.1", 5060)'),
  rc("source address", 'allow_source_address("5")'),
  rc("source address, another group", 'allow_source_address("1")'),
  rc("source address, no group", "allow_source_address()"),
  rc("source address, a number", "allow_source_address(5)"),
  rc("source address, a variable", '$var(g) = 5; allow_source_address("$var(g)")'),
  rc("source group", "allow_source_address_group()"),
  rc("source group assigned", "$var(g) = allow_source_address_group()", "$var(g) $avp(tag)"),
  rc("address group", 'allow_address_group("10.2.3.4", "5060")'),
  rc("address group exact first", 'allow_address_group("10.1.0.1", "5060")'),
  rc("address group of a name", 'allow_address_group("example.com", "5060")'),
  rc("address group of IPv6", 'allow_address_group("2001:db9::1", "5060")'),
  rc("address group, none", 'allow_address_group("10.99.3.4", "5060")'),
  // trusted
  ...["sip:trusted@x", "sip:tcp@x", "sip:else@x"].flatMap((to) =>
    ["alice@office.example", "carl@x", "eve@x"].map((from) =>
      rc(`trusted ${to} from ${from}`, "allow_trusted()", "$(avp(tag)[*])", {
        line: `OPTIONS ${to}`,
        headers: [`From: <sip:${from}>;tag=1`],
      }),
    ),
  ),
  trusted("127.0.0.1", "udp"),
  trusted("127.0.0.1", "tcp"),
  trusted("10.0.0.1", "any"),
  trusted("10.0.0.1", "udp"),
  trusted("10.0.0.1", "UDP"),
  trusted("10.0.0.1", "nope"),
  trusted("10.0.0.1", "none"),
  trusted("10.0.0.2", "udp"),
  trusted("10.0.0.2", "any"),
  trusted("10.0.0.3", "udp"),
  trusted("10.0.0.3", "any"),
  trusted("10.0.0.3", "tcp"),
  trusted("10.0.0.4", "udp"),
  trusted("10.0.0.5", "udp"),
  trusted("10.0.0.6", "udp"),
  trusted("10.0.0.9", "udp"),
  trusted("2001:db8::1", "udp"),
  trusted("2001:db8:0::1", "udp"),
  trusted("127.0.0.1", "udp", "sip:carl@y"),
  trusted("127.0.0.1", "any", "sip:carl@y"),
  // commands
  rc("command subnetDump", "", "", { rpc: [["permissions.subnetDump"]] }),
  rc("command reloads", "", "", {
    rpc: [["permissions.addressReload"], ["permissions.addressReload"], ["permissions.trustedReload"]],
  }),
  rc("command testUri", "", "", {
    rpc: [
      ["permissions.testUri", "{DIR}/rules", "sip:friend@x", "sip:y@z"],
      ["permissions.testUri", "{DIR}/open", "sip:alice@office.example", "sip:denied@z"],
      ["permissions.allowUri", "{DIR}/open", "sip:alice@office.example", "sip:x@z"],
    ],
  }),
];
