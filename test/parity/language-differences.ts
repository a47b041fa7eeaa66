// Where our script language answers otherwise than Kamailio on purpose: why, and what we answer, case by case.

import type { LanguageAnswer } from "./language-bed.ts";
import { KEMI_DIFFERENCES } from "./language-kemi-differences.ts";
import { LUA_DIFFERENCES } from "./language-lua-differences.ts";
import { PYTHON_DIFFERENCES } from "./language-python-differences.ts";
import { SELECT_DIFFERENCES } from "./language-selects-differences.ts";
import { VARIABLE_DIFFERENCES } from "./language-variables-differences.ts";
import { STORED_DIFFERENCES } from "./stored-differences.ts";

export interface Difference {
  readonly why: string;
  /** Our answers by the names of the cases. */
  readonly cases: Readonly<Record<string, LanguageAnswer>>;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    why: "Kamailio refuses to start; what is meant is plain, so it is accepted (constants of two kinds with a warning), by the rules for variables.",
    cases: {
      "expression: 08": ["8 | 9"],
      'expression: -"5"': ["-5 | -4"],
      'expression: ~"5"': ["-6 | -5"],
      "expression: strlen(12)": ["2 | 3"],
      "expression: strlen(-5)": ["2 | 3"],
      "expression: strempty(0)": ["0 | 1"],
      "expression: defined 1": ["1 | 2"],
      "expression: [1 + 2]": ["3 | 4"],
      'expression: 1 + 2 + "3"': ["6 | 7"],
      'expression: "10" - 3': ["7 | 8"],
      'expression: "10" * "10"': ["100 | 101"],
      "expression: 5 eq 5": ["1 | 2"],
      'expression: 7 == "07"': ["1 | 2"],
      'expression: "abc" < "abd"': ["0 | 1"],
      "string: two strings": ["6162 2"],
      "statement: if brackets": ["yes"],
      "statement: if not word": ["no"],
      "statement: empty block": ["c"],
      "statement: block alone": ["a"],
      "statement: no semicolon at the end": ["a"],
      "statement: route name with signs": ["3"],
    },
  },
  {
    why: "A text may hold a zero octet; there it ends at one.",
    cases: { "string: too great octal escape": ["007a 2"] },
  },
  {
    why: "An escaped letter without meaning stands for itself; there it never matches when case does not count, by an accident of the C library.",
    cases: {
      "pattern: digit escape meets d": ["1 1"],
      "pattern: escaped d": ["1 1 0"],
      "pattern: escaped q": ["1 1 0"],
      "pattern: escaped y": ["1 1 0"],
      "pattern: escaped e": ["1 1 0"],
      "pattern: escaped n": ["1 1 0"],
      "pattern: escaped t": ["1 1 0"],
      "pattern: escaped a": ["1 1 0"],
      "pattern: escaped z": ["1 1 0"],
      "pattern: escaped `": ["1 1 0"],
      "pattern: escaped '": ["1 1 0"],
    },
  },
  {
    why: "References to groups cannot be matched in time linear in the text; the checker says so.",
    cases: { "pattern: back reference": "refused", "pattern: back reference fails": "refused" },
  },
  {
    why: "Kamailio refuses to start: !~ and patterns on numbers do not exist in 5.6; they are accepted, as are a brace that opens no interval and a star that repeats nothing.",
    cases: {
      "pattern: brace alone": ["1 1"],
      "pattern: star at the start": ["1 1"],
      "pattern: not matching": ["yes"],
      "pattern: on a number": ["yes"],
    },
  },
  {
    why: "Bytes above 127 are compared as Latin-1 when case does not count; the C locale knows no case for them.",
    cases: { "pattern: eight bits other case": ["1 1"] },
  },
  {
    why: "A switch that meets no case counts as an action that was done (1); on a constant Kamailio leaves an internal error code.",
    cases: {
      "statement: route ends with an unmet switch": ["1 1", "after"],
      "statement: route as condition: ends with an unmet switch": ["yes 1"],
      "statement: route as value: ends with an unmet switch": ["1", "2"],
    },
  },
  {
    why: "Kamailio refuses to start; core keywords may stand wherever an expression may.",
    cases: {
      "keyword: src_ip == dst_ip": ["no"],
      'keyword: proto =~ "UDP"': ["yes"],
      "keyword: af == $af": ["no"],
      "keyword: retcode == 1": ["yes"],
      "keyword: retcode > 0": ["yes"],
      "keyword: retcode < 0": ["no"],
      "keyword: snd_ip == 127.0.0.1": ["no"],
      "keyword: to_ip == 127.0.0.1": ["no"],
      "keyword: $af == 2": ["yes"],
      "keyword: $si == src_ip": ["yes"],
      "keyword: defined method": ["yes"],
      "keyword: strlen(method) == 7": ["yes"],
      'keyword: "OPTIONS" == method': ["yes"],
      "keyword: 5060 == dst_port": ["no"],
    },
  },
  {
    why: "The names of protocols and families may stand in quotes; there the quoted ones never fit.",
    cases: { 'keyword: proto == "UDP"': ["yes"], 'keyword: proto == "udp"': ["yes"], 'keyword: af == "INET"': ["yes"] },
  },
  {
    why: "A request has no status; there the pattern meets bytes of the request line.",
    cases: { 'keyword: status =~ "2.."': ["no"] },
  },
  {
    why: "Kamailio refuses to start; commas in the last argument, other spellings of the name and arguments that are no number are accepted.",
    cases: {
      'transform: {s.substr,2,-1} of "abcdef"': ["<null> | <null>"],
      'transform: {s.rm,,} of "a,b,,c"': ["abc | abc1"],
      'transform: {s.ftime,%a, %d %b %Y} of "1000000000"': ["Sun, 09 Sep 2001 | Sun, 09 Sep 20011"],
      'transform: { s.len } of "a,b"': ["3 | 4"],
      'transform: {S.LEN} of "a,b"': ["3 | 4"],
      'transform: {s.strip,} of "abc"': ["abc | abc1"],
      'transform: {s.strip,x} of "abc"': ["abc | abc1"],
    },
  },
  {
    why: "Lines have the documented number of characters; 5.6.3 breaks after each single one.",
    cases: {
      'transform: {s.fmtlines,4,2} of "abcdef"': ["abcd    ef | abcd    ef1"],
      'transform: {s.fmtlinet,4,1} of "abcdef"': ["abcd  \tef | abcd  \tef1"],
      'transform: {s.fmtlines,2,0} of "abcdef"': ["ab  cd  ef | ab  cd  ef1"],
      'transform: {s.fmtlines,99,1} of "abcdef"': ["abcdef | abcdef1"],
    },
  },
  {
    why: "The hash is one of our own: only that equal texts give equal numbers is promised.",
    cases: {
      'transform: {s.corehash} of "abcdef"': ["4282878506 | 42828785061"],
      'transform: {s.corehash,16} of "abcdef"': ["10 | 101"],
      "transform: {s.corehash} of the number 1234": ["4257489661 | 42574896611"],
    },
  },
  {
    why: "What follows the last such character, as documented; 5.6.3 gives nothing when that is the last but one.",
    cases: { 'transform: {s.rafter,b} of "abababa"': ["a | a1"] },
  },
  {
    why: "Documented for 5.6, but unknown to 5.6.3; here they work.",
    cases: {
      'transform: {val.json} of "\\"alice\\""': ['\\"alice\\" | \\"alice\\"1'],
      'transform: {val.json} of ""': [" | 1"],
      'transform: {val.ne} of ""': [" | 1"],
      'transform: {val.n0} of ""': [" | 1"],
      'transform: {val.json} of "it\'s \\"q\\" \\\\ x"': ['it\'s \\"q\\" \\\\ x | it\'s \\"q\\" \\\\ x1'],
      'transform: {val.jsonqe} of "it\'s \\"q\\" \\\\ x"': ['"it\'s \\"q\\" \\\\ x" | "it\'s \\"q\\" \\\\ x"1'],
      'transform: {val.json} of "a\\tb\\nc\\u0001d/e"': ["a\\tb\\nc\\u0001d/e | a\\tb\\nc\\u0001d/e1"],
      'transform: {val.jsonqe} of "a\\tb\\nc\\u0001d/e"': ['"a\\tb\\nc\\u0001d/e" | "a\\tb\\nc\\u0001d/e"1'],
      "transform: {val.json} of the number 1234": ["1234 | 1235"],
      "transform: {val.jsonqe} of the number 1234": ["1234 | 1235"],
      "transform: {val.n0} of the number 1234": ["1234 | 1235"],
      "transform: {val.ne} of the number 1234": ["1234 | 1235"],
      "transform: {val.json} of nothing": [" | 1"],
      "transform: {val.jsonqe} of nothing": ['"" | ""1'],
      "transform: {val.n0} of nothing": ["0 | 1"],
      "transform: {val.ne} of nothing": [" | 1"],
      "transform: {sock.host} of nothing": ["<null> | <null>"],
      'transform: {sock.host} of "nonsense"': ["nonsense | nonsense1"],
      'transform: {sock.port} of "nonsense"': [" | 1"],
      'transform: {sock.proto} of "nonsense"': [" | 1"],
      'transform: {sock.touri} of "nonsense"': ["sip:nonsense | sip:nonsense1"],
      'transform: {sock.host} of "udp:127.0.0.1:5060"': ["127.0.0.1 | 127.0.0.11"],
      'transform: {sock.port} of "udp:127.0.0.1:5060"': ["5060 | 50601"],
      'transform: {sock.proto} of "udp:127.0.0.1:5060"': ["udp | udp1"],
      'transform: {sock.touri} of "udp:127.0.0.1:5060"': [
        "sip:127.0.0.1:5060;transport=udp | sip:127.0.0.1:5060;transport=udp1",
      ],
      'transform: {sock.host} of "tls:[::1]:5061"': ["[::1] | [::1]1"],
      'transform: {sock.port} of "tls:[::1]:5061"': ["5061 | 50611"],
      'transform: {sock.proto} of "tls:[::1]:5061"': ["tls | tls1"],
      'transform: {sock.touri} of "tls:[::1]:5061"': ["sip:[::1]:5061;transport=tls | sip:[::1]:5061;transport=tls1"],
      'transform: {sock.host} of "127.0.0.1:5060"': ["127.0.0.1 | 127.0.0.11"],
      'transform: {sock.port} of "127.0.0.1:5060"': ["5060 | 50601"],
      'transform: {sock.proto} of "127.0.0.1:5060"': [" | 1"],
      'transform: {sock.touri} of "127.0.0.1:5060"': ["sip:127.0.0.1:5060 | sip:127.0.0.1:50601"],
      'transform: {sock.host} of "tcp:server.com"': ["server.com | server.com1"],
      'transform: {sock.port} of "tcp:server.com"': [" | 1"],
      'transform: {sock.proto} of "tcp:server.com"': ["tcp | tcp1"],
      'transform: {sock.touri} of "tcp:server.com"': ["sip:server.com;transport=tcp | sip:server.com;transport=tcp1"],
    },
  },
  {
    why: "What is no valid encoding stays as it is or gives nothing; 5.6.3 reads digits that are none.",
    cases: {
      'transform: {s.urldecode.param} of "a%2"': ["a%2 | a%21"],
      'transform: {s.urldecode.param} of "a%zz"': ["a%zz | a%zz1"],
      'transform: {s.decode.base64}{s.encode.hexa} of "a-_b"': ["<null> | <null>"],
    },
  },
  {
    why: "White space around and in values of parameters is tolerated; there the list cannot be read.",
    cases: {
      'transform: {param.value,b,&} of "a=1&b=2&c=x y"': ["2 | 21"],
      'transform: {param.value,c,&} of "a=1&b=2&c=x y"': ["x y | x y1"],
      'transform: {param.in,a,&} of "a=1&b=2&c=x y"': ["1 | 2"],
      'transform: {param.valueat,1,&} of "a=1&b=2&c=x y"': ["2 | 21"],
      'transform: {param.name,1,&} of "a=1&b=2&c=x y"': ["b | b1"],
      'transform: {param.count,&} of "a=1&b=2&c=x y"': ["3 | 4"],
      'transform: {param.value,a} of " a = 1 ; b = 2 "': ["1 | 11"],
      'transform: {param.value,b} of " a = 1 ; b = 2 "': ["2 | 21"],
      'transform: {param.count} of " a = 1 ; b = 2 "': ["2 | 3"],
      'transform: {param.name,1} of " a = 1 ; b = 2 "': ["b | b1"],
    },
  },
  {
    why: "Parts of header values that Kamailio gives whole or empty; here they are unknown, or what their name says.",
    cases: {
      'select: @msg["Subject"]': "refused",
      "select: @msg.subject": "refused",
      'select: @msg.header["P-Two"].nameaddr': [
        '"N N" <sip:n@n.example:99;k=v>;par=1, <sip:m@m.example> | "N N" <sip:n@n.example:99;k=v>;par=1, <sip:m@m.example>1',
      ],
      'select: @msg.header["P-Two"].params["par"]': ["1 | 11"],
      "select: after a number": ["8 | 9"],
    },
  },
  {
    why: "An unknown select or part is an error; there it is the empty text, or the whole it should be taken from.",
    cases: {
      "select: @nope": "refused",
      "select: @from.nope": "refused",
      "select: @from.uri.nope": "refused",
      "select: @from.uri.user.x": "refused",
    },
  },
  {
    why: "Directives of Kamailio 5.7, which 5.6.3 does not know.",
    cases: {
      "preprocessor: ifexp nested in what is left out": ["c"],
      "preprocessor: ifexp": ["yes"],
      "preprocessor: defexp": ["6"],
      "preprocessor: defexps": ["ab"],
    },
  },
  {
    why: "Kamailio refuses to start; what is meant is plain: the same definition again, a comment behind a value, a blank behind the mark.",
    cases: {
      "preprocessor: define twice, same": ["1"],
      "preprocessor: define with a comment": ["1"],
      "preprocessor: define with a slash comment": ["1"],
      "preprocessor: define with a blank behind the mark": ["1"],
    },
  },
  {
    why: "A loop over selval() is never entered there; here it is a condition like any.",
    cases: { "selval: in a loop": ["1", "2", "3"] },
  },
  ...SELECT_DIFFERENCES,
  ...KEMI_DIFFERENCES,
  ...LUA_DIFFERENCES,
  ...PYTHON_DIFFERENCES,
  ...VARIABLE_DIFFERENCES,
  ...STORED_DIFFERENCES,
];

const byName = new Map(DIFFERENCES.flatMap((d) => Object.entries(d.cases)));

/** The answer we owe for a case, given Kamailio's. */
export function expected(name: string, theirs: LanguageAnswer | undefined): LanguageAnswer | undefined {
  return byName.get(name) ?? theirs;
}
