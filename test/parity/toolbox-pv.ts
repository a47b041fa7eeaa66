// Cases of module pv that the language's groups do not have, and of module xlog.

import { type LanguageCase, type Setup, shows } from "./language-bed.ts";

export const setup: Setup = {
  head: [
    'modparam("pv", "shvset", "num=i:5")',
    'modparam("pv", "shvset", "text=s:abc")',
    'modparam("pv", "varset", "vnum=i:7")',
    'modparam("pv", "varset", "vtext=s:def")',
    'modparam("pv", "avp_aliases", "mine=i:34;other=s:name")',
    'modparam("xlog", "long_format", 1)',
    'modparam("xlog", "methods_filter", 32)',
  ].join("\n"),
};

/** All of them. */
export const cases: readonly LanguageCase[] = [
  shows("shvset", ["$shv(num)|$shv(text)|$shv(none)"]),
  shows("shvset: numbers are numbers", [], { run: '$var(x) = $shv(num) + 1; SAY("$var(x)");' }),
  shows("varset", ["$var(vnum)|$var(vtext)"]),
  shows("avp_aliases", ["$avp(i:34)|$avp(s:name)"], { run: '$avp(mine) = "a"; $avp(other) = "b";' }),
  ...["0", "1", "8", "100000"].map((i) =>
    shows(`$msgbuf(${i})`, [], {
      run: `if ($msgbuf(${i}) == "O") { SAY("O"); } if ($msgbuf(${i}) == "P") { SAY("P"); } if ($msgbuf(${i}) == "s") { SAY("s"); } if ($msgbuf(${i}) == $null) { SAY("null"); }`,
    }),
  ),
  shows("$msgbuf: index of a variable", [], { run: '$var(i) = 3; if ($msgbuf($var(i)) == "I") { SAY("I"); }' }),
  shows("$msgbuf: assigned", ["$hdr(Subject)"], {
    run: '$var(i) = 0; $var(n) = 0; while ($var(n) < 1) { $var(n) = 1; $msgbuf(1) = "X"; } SAY("$(mb{s.substr,0,8})");',
  }),
  shows("$fsn, $fsp", ["$fs|$fsn"], {}),
  shows("xlog: every function", [], {
    run: 'xlog("t\\n"); SAY("$rc"); xlog("L_DBG", "t\\n"); SAY("$rc"); xlogl("L_DBG", "t\\n"); SAY("$rc"); xlogm("L_DBG", "t\\n"); SAY("$rc"); xdbg("t"); SAY("$rc"); xdbgl("t"); SAY("$rc"); xinfo("t"); SAY("$rc"); xnotice("t"); SAY("$rc"); xwarn("t"); SAY("$rc"); xerr("t"); SAY("$rc"); xbug("t"); SAY("$rc"); xcrit("t"); SAY("$rc"); xalert("t"); SAY("$rc"); xlog("LOG_LOCAL0", "L_DBG", "t\\n"); SAY("$rc");',
  }),
  shows("xlogm: a filtered method", [], {
    line: "MESSAGE sip:a@h",
    headers: ["CSeq: 7 MESSAGE"],
    run: 'xlogm("L_ALERT", "[[{N}|seen|{N}]]\\n"); SAY("$rc");',
  }),
  shows("xlogm: another method", [], {
    line: "INFO sip:a@h",
    headers: ["CSeq: 7 INFO"],
    run: 'xlogm("L_ALERT", "[[{N}|seen|{N}]]\\n"); SAY("$rc");',
  }),
];
