// Cases of module textops: bodies of several parts, and what else changes messages.

import { type LanguageCase, shows } from "./language-bed.ts";
import { after } from "./toolbox-case.ts";

const PLAIN = { headers: ["Content-Type: text/plain"], body: "hello" };
const TWO_PARTS = [
  "--b1",
  "Content-Type: application/sdp",
  "",
  "v=0",
  "o=x",
  "--b1",
  "Content-Type: application/isup;version=x",
  "Content-Disposition: signal",
  "",
  "\x01\x02isup",
  "--b1--",
  "",
].join("\r\n");
const MIXED = { headers: ["Content-Type: multipart/mixed;boundary=b1", "Mime-Version: 1.0"], body: TWO_PARTS };
const QUOTED = { headers: ['Content-Type: multipart/mixed; boundary="b1"'], body: `before\r\n${TWO_PARTS}after` };
const BROKEN = { headers: ["Content-Type: multipart/mixed;boundary=b2"], body: TWO_PARTS };
const UNENDED = { headers: ["Content-Type: multipart/mixed;boundary=b1"], body: TWO_PARTS.slice(0, -6) };

const THREE = {
  headers: ["Content-Type: multipart/mixed;boundary=b-1"],
  body: [
    "--b-1",
    "Content-type:  TEXT/a",
    "",
    "a",
    "--b-1",
    "X-Y: z",
    "Content-Type: text/b; p=1",
    "",
    "b",
    "",
    "--b-1",
    "Content-Type: text/c",
    "",
    "c",
    "--b-1--",
    "",
  ].join("\r\n"),
};

type Of = Pick<LanguageCase, "headers" | "body">;
const BODIES: readonly (readonly [string, Of])[] = [
  ["two parts", MIXED],
  ["quoted boundary", QUOTED],
  ["wrong boundary", BROKEN],
  ["not ended", UNENDED],
  ["plain", PLAIN],
  ["none", {}],
];

function changes(call: string, name: string, of: Of): LanguageCase {
  return after(`${call}: ${name}`, `${call}; SAY("$rc");`, of);
}

function whole(name: string, of: Of): LanguageCase[] {
  if (of === BROKEN || of === UNENDED) return [];
  return [
    changes("set_body_multipart()", name, of),
    changes('set_body_multipart("t1", "text/y")', name, of),
    changes('set_body_multipart("t1", "text/y", "mine")', name, of),
  ];
}

const parts: readonly LanguageCase[] = BODIES.flatMap(([name, of]) => [
  ...whole(name, of),
  changes('append_body_part("txt", "text/x")', name, of),
  changes('append_body_part("txt", "text/x", "signal;handling=required")', name, of),
  changes('append_body_part_hex("74 7874", "text/x")', name, of),
  changes('remove_body_part("application/sdp")', name, of),
  changes('remove_body_part("application/isup")', name, of),
  changes('remove_body_part("text/none")', name, of),
  changes('filter_body("application/sdp")', name, of),
  changes('filter_body("application/isup")', name, of),
  changes('filter_body("text/none")', name, of),
  ...["application/sdp", "application/isup", "APPLICATION/SDP", "text/none", "application"].map((type) =>
    shows(`get_body_part ${type}: ${name}`, ["$var(p)|"], {
      ...of,
      run: `$var(p) = "old"; get_body_part("${type}", "$var(p)"); SAY("$rc");`,
    }),
  ),
  ...["application/sdp", "application/isup", "text/none"].map((type) =>
    shows(`get_body_part_raw ${type}: ${name}`, ["$var(p)|"], {
      ...of,
      run: `$var(p) = "old"; get_body_part_raw("${type}", "$var(p)"); SAY("$rc");`,
    }),
  ),
  shows(`has_body: ${name}`, [], {
    ...of,
    run: 'has_body(); SAY("$rc"); has_body("multipart/mixed"); SAY("$rc"); has_body("text/plain"); SAY("$rc"); has_body("application/sdp"); SAY("$rc");',
  }),
]);

const kinds: readonly LanguageCase[] = ["text/a", "text/b", "text/b; p=1", "text/c", "text"].flatMap((type) => [
  shows(`get_body_part of three: ${type}`, ["$var(p)|"], {
    ...THREE,
    run: `$var(p) = "old"; get_body_part("${type}", "$var(p)"); SAY("$rc");`,
  }),
  shows(`get_body_part_raw of three: ${type}`, ["$var(p)|"], {
    ...THREE,
    run: `$var(p) = "old"; get_body_part_raw("${type}", "$var(p)"); SAY("$rc");`,
  }),
  changes(`remove_body_part("${type}")`, "three", THREE),
  changes(`filter_body("${type}")`, "three", THREE),
]);

const more: readonly LanguageCase[] = [
  after(
    "multipart: made, applied, two parts appended",
    'set_body_multipart("t1", "text/y", "mine"); msg_apply_changes(); append_body_part("p1", "text/1"); msg_apply_changes(); append_body_part("p2", "text/2", "d");',
  ),
  after(
    "multipart: plain made multipart, part appended, first removed",
    'set_body_multipart(); msg_apply_changes(); append_body_part("p1", "text/1"); msg_apply_changes(); remove_body_part("text/plain");',
    PLAIN,
  ),
  after(
    "multipart: two parts appended at once",
    'append_body_part("p1", "text/1"); append_body_part("p2", "text/2");',
    MIXED,
  ),
  after(
    "multipart: parts with headers of their own",
    'append_body_part("p1", "text/1\\r\\nX-Part: a"); SAY("$rc");',
    MIXED,
  ),
  changes('append_body_part_hex("7", "text/x")', "half a digit pair", MIXED),
  changes('append_body_part_hex("zz", "text/x")', "no digits", MIXED),
  changes('append_body_part("", "text/x")', "empty", MIXED),
  changes('append_body_part("x", "")', "no type", MIXED),
  changes('set_body_multipart("", "text/y")', "empty", PLAIN),
  after("append_urihf", 'append_urihf("X-Uri: ", "\\r\\n"); SAY("$rc");'),
  after("append_urihf: R-URI changed", '$ru = "sip:new@h"; append_urihf("X-Uri: <", ">\\r\\n"); SAY("$rc");'),
  after("append_urihf: without line end", 'append_urihf("X-Uri: ", ""); SAY("$rc");'),
  after("remove_hf_re", 'remove_hf_re("^X-O"); SAY("$rc");'),
  after("remove_hf_exp", 'remove_hf_exp("^S|^X", "^X-C"); SAY("$rc");'),
  after("set_body", 'set_body("new body", "text/new"); SAY("$rc");', PLAIN),
  after("set_body: none before", 'set_body("new body", "text/new"); SAY("$rc");'),
  after("set_body: empty", 'set_body("", "text/new"); SAY("$rc");', PLAIN),
  after("subst_hf", 'subst_hf("Subject", "/hello/bye/", "a"); SAY("$rc");'),
  after("replace_hdrs", 'replace_hdrs("probe", "other"); SAY("$rc");'),
  after("replace_body_str", 'replace_body_str("l", "L", "a"); SAY("$rc");', PLAIN),
  after("search_append_body", 'search_append_body("hel", "-"); SAY("$rc");', PLAIN),
];

/** All of them. */
export const cases: readonly LanguageCase[] = [...parts, ...kinds, ...more];
