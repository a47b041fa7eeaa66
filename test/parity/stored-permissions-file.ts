// Module permissions: addresses from a file, and how rules are written.

import type { LanguageCase, Setup } from "./language-bed.ts";
import { setup as tables } from "./stored-permissions.ts";

export const setup: Setup = {
  ...tables,
  head: `${tables.head}
modparam("permissions", "address_file", "{DIR}/addr.list")
modparam("permissions", "peer_tag_mode", 1)
`,
  files: {
    "t1.deny": 'ALL : "^tel:"\n',
    "t2.deny": 'ALL: "^tel:"\n',
    "s1.deny": 'ALL : "^sips:"\n',
    "s2.deny": 'ALL: "^sips:"\n',
    "all.deny": "ALL : ALL\n",
    "ts.deny": 'ALL : "^sip:[+]123"\n',
    "tm.deny": 'ALL : "123"\n',
    "ip.deny": 'ALL : "^sip:\\\\[2001:db8::1\\\\]$"\n',
    "nu.deny": 'ALL : "^sip:h$"\n',
    "nu2.deny": 'ALL : "^sip:@h$"\n',
    "addr.list": `# comment
1 127.0.0.1 32 0 tag1
1 10.0.0.10
2 192.168.1.0 24 0 tag2   # behind
2  192.168.2.0   24 0 last
 3 [1:5ee::900d:c0de] 
3 example.com 0 5060 nm
4 10.0.0.1 tag
5 10.0.5.1 24 5070 a=b,c;d more
`,
    "plain.deny": 'ALL : "^sip:x@h$"\n',
    "sips.deny": 'ALL: "^sips:"\n',
    "tel.deny": 'ALL: "^tel:"\n',
    "nouser.deny": '"^sip:office.example$": ALL\n',
    "nouser2.deny": '"^sip:@office.example$": ALL\n',
    "fport.deny": '"^sip:alice@office.example$": ALL\n',
    "bad.deny": 'ALL : "("\nALL : "^sip:denied"\n',
    "bad2.deny": 'this is not a rule\nALL : "^sip:denied"\n',
    "pass.deny": 'ALL: "sip:x:pw@h"\n',
    "up.deny": 'ALL: "^sip:DENIED@"\n',
    "low.deny": 'ALL: "^sip:denied@"\n',
    "cont.deny": 'ALL : \\\n"^sip:denied@"\n',
  },
};

function rc(name: string, call: string, line?: string, headers?: string[], rpc?: LanguageCase["rpc"]): LanguageCase {
  return {
    name: `permissions: ${name}`,
    run: call === "" ? "" : `${call}; $var(rc) = $rc; SAY("rc $var(rc) $(avp(tag)[*])");`,
    ...(line === undefined ? {} : { line: `OPTIONS ${line}` }),
    ...(headers === undefined ? {} : { headers }),
    ...(rpc === undefined ? {} : { rpc }),
  };
}
const f = (name: string): string => `allow_routing("{DIR}/${name}")`;

export const cases: readonly LanguageCase[] = [
  rc("plain port", f("plain"), "sip:x@h:5062"),
  rc("plain params", f("plain"), "sip:x@h;a=b"),
  rc("pass", f("pass"), "sip:x:pw@h"),
  rc("pass plain", f("plain"), "sip:x:pw@h"),
  rc("sips", f("sips"), "sips:x@h"),
  rc("sips plain", f("plain"), "sips:x@h"),
  rc("nouser from", f("nouser"), "sip:x@h", ["From: <sip:office.example>;tag=1"]),
  rc("nouser2 from", f("nouser2"), "sip:x@h", ["From: <sip:office.example>;tag=1"]),
  rc("from port", f("fport"), "sip:x@h", ["From: <sip:alice@office.example:5099>;tag=1"]),
  rc("bad", f("bad"), "sip:denied@h"),
  rc("bad2", f("bad2"), "sip:denied@h"),
  rc("cont", f("cont"), "sip:denied@h"),
  rc("up low", f("up"), "sip:denied@h"),
  rc("low up", f("low"), "sip:DENIED@h"),
  rc("low low", f("low"), "sip:denied@h"),
  rc("up up", f("up"), "sip:DENIED@h"),
  rc("low From up", f("fport"), "sip:x@h", ["From: <sip:ALICE@office.example>;tag=1"]),
  rc("uri port", '$avp(u)="sip:x@h:5062"; allow_uri("{DIR}/plain", "$avp(u)")'),
  rc("uri const", 'allow_uri("{DIR}/plain", "sip:x@h")'),
  rc("a1", 'allow_address("1","127.0.0.1","5")'),
  rc("a2", 'allow_address("1","10.0.0.10","5")'),
  rc("a3", 'allow_address("2","192.168.1.9","5")'),
  rc("a4", 'allow_address("2","192.168.2.9","5")'),
  rc("a5", 'allow_address("3","1:5ee::900d:c0de","5")'),
  rc("a6", 'allow_address("3","example.com","5060")'),
  rc("a7", 'allow_address("4","10.0.0.1","5060")'),
  rc("a8", 'allow_address("5","10.0.5.9","5070")'),
  rc("mode 1", "allow_trusted()", "sip:trusted@x", ["From: <sip:alice@x>;tag=1"]),
  rc("mode 1 b", 'allow_trusted("127.0.0.1","any")', "sip:trusted@x", ["From: <sip:alice@x>;tag=1"]),
  rc("rpc", "", undefined, undefined, [["permissions.subnetDump"]]),
  rc("t1", f("t1"), "tel:+123"),
  rc("t2", f("t2"), "tel:+123"),
  rc("all", f("all"), "tel:+123"),
  rc("ts", f("ts"), "tel:+123"),
  rc("tm", f("tm"), "tel:+123"),
  rc("s1", f("s1"), "sips:a@h"),
  rc("s2", f("s2"), "sips:a@h"),
  rc("ip", f("ip"), "sip:[2001:db8::1]:5070"),
  rc("nu", f("nu"), "sip:h:5060"),
  rc("nu2", f("nu2"), "sip:h"),
];
