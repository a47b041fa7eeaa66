// Cases of module textopsx: header values, iterators over headers and lines of the body, other changes.

import { type LanguageCase, shows } from "./language-bed.ts";
import { after } from "./toolbox-case.ts";

const LISTS = ["X-A: one;p=1, two;q=2;lr , three", "X-A: four", "X-B: b", "Supported: path,100rel", "Supported: timer"];
const ADDRESSES = ['X-N: "A, B" <sip:a@b;x=1,2>;tag=1, <sip:c@d>;lr;q="a,b"', "X-E:", "X-C: , x,,y"];
const PARAMS = ['X-P: "a;t=1" <sip:a@b;x=1;y>;tag = "1;2" ; Y=2;t, <sip:c@d>'];
const DIGEST = ['Authorization: Digest username="al", realm="r", nonce="n,1",opaque=x', "X-D: k a=1, b=2"];

/** What a call gives back and what comes of the message. */
function changes(call: string, headers: readonly string[] = LISTS): LanguageCase {
  return after(call, `${call}; SAY("$rc");`, { headers });
}

const values: readonly LanguageCase[] = [
  ...[
    "X-A",
    "X-A[1]",
    "X-A[2]",
    "X-A[3]",
    "X-A[4]",
    "X-A[5]",
    "X-A[9]",
    "X-A[0]",
    "X-A[-1]",
    "X-A[-2]",
    "X-A[-4]",
    "X-A[-9]",
  ].flatMap((hf) => [changes(`append_hf_value("${hf}", "new")`), changes(`insert_hf_value("${hf}", "new")`)]),
  ...["X-Z", "X-Z[1]", "X-Z[-1]", "X_A", "x-a[2]"].flatMap((hf) => [
    changes(`append_hf_value("${hf}", "new")`),
    changes(`insert_hf_value("${hf}", "new")`),
  ]),
  ...[
    "X-A",
    "X-A[2]",
    "X-A[3]",
    "X-A[4]",
    "X-A[*]",
    "X-A[-1]",
    "X-A[9]",
    "X-Z",
    "X-A.p",
    "X-A[2].lr",
    "X-A[2].q",
    "X-A[*].q",
    "X-A[1].zz",
    "X-A[-1].p",
  ].flatMap((hf) => [changes(`remove_hf_value("${hf}")`)]),
  ...[
    "X-A",
    "X-A[2]",
    "X-A[*]",
    "X-A[-1]",
    "X-A[9]",
    "X-Z",
    "X-A.p",
    "X-A[2].lr",
    "X-A[2].zz",
    "X-A[*].q",
    "X-Z.p",
  ].flatMap((hf) => [changes(`assign_hf_value("${hf}", "new")`), changes(`assign_hf_value("${hf}", "")`)]),
  ...["X-N", "X-N[2]", "X-N[1].tag", "X-N[2].q", "X-N[2].lr", "X-E", "X-C", "X-C[2]", "X-C[3]"].flatMap((hf) => [
    changes(`remove_hf_value("${hf}")`, ADDRESSES),
    changes(`assign_hf_value("${hf}", "z")`, ADDRESSES),
  ]),
  ...["append", "insert"].flatMap((how) =>
    ["X-N[1]", "X-N[2]", "X-E[1]", "X-C[1]"].map((hf) => changes(`${how}_hf_value("${hf}", "z")`, ADDRESSES)),
  ),
  ...[
    "Authorization.realm",
    "Authorization.username",
    "Authorization.opaque",
    "Authorization.zz",
    "Authorization",
    "X-D.a",
    "X-D.b",
    "X-D[*].a",
    "X-Z.a",
  ].flatMap((hf) => [
    changes(`remove_hf_value2("${hf}")`, DIGEST),
    changes(`assign_hf_value2("${hf}", "\\"yes\\"")`, DIGEST),
    changes(`assign_hf_value2("${hf}", "")`, DIGEST),
  ]),
  ...["path", "timer", "100rel", "PATH", "outbound"].flatMap((option) => [
    changes(`include_hf_value("Supported", "${option}")`),
    changes(`exclude_hf_value("Supported", "${option}")`),
    changes(`hf_value_exists("Supported", "${option}")`),
  ]),
  ...["include", "exclude"].map((how) => changes(`${how}_hf_value("X-Z", "a")`)),
  changes('hf_value_exists("X-Z", "a")'),
  changes('hf_value_exists("x_a", "four")'),
  changes('hf_value_exists("X-A", "one")'),
  changes('exclude_hf_value("X-B", "b")'),
  changes('hf_value_exists("x_b", "b")'),
  changes('hf_value_exists("X-B", "b")'),
  changes('hf_value_exists("X-A", "four")'),
  changes('include_hf_value("X-B", "c")'),
  changes('include_hf_value("x_b", "c")'),
  changes('exclude_hf_value("X-A", "one")'),
  ...["exclude", "include"].map((how) => changes(`${how}_hf_value("X-S", "a")`, ["X-S: a, b ,a", "X-S: A , c"])),
  ...["exclude", "include"].map((how) => changes(`${how}_hf_value("X-S", "b")`, ["X-S: a, b ,a", "X-S: A , c"])),
  changes('exclude_hf_value("X-S", "c")', ["X-S: a, b ,a", "X-S: A , c"]),
  changes('remove_hf_value2("Authorization.nonce")', DIGEST),
  changes('remove_hf_value2("X-A[2]")'),
  changes('remove_hf_value2("X-A[*]")'),
  changes('remove_hf_value2("X-A[-1]")'),
  changes('remove_hf_value2("X-A[7]")'),
  changes('assign_hf_value2("X-A[2]", "z")'),
  changes('assign_hf_value2("X-A[7]", "z")'),
  changes('assign_hf_value2("X-B.q", "z")'),
  changes('assign_hf_value2("X-E.q", "z")', ADDRESSES),
  ...["x", "y", "tag", "t"].flatMap((p) => [
    changes(`remove_hf_value("X-P.${p}")`, PARAMS),
    changes(`assign_hf_value("X-P.${p}", "z")`, PARAMS),
    changes(`assign_hf_value("X-P[2].${p}", "")`, PARAMS),
  ]),
  changes('assign_hf_value("From.tag", "$var(x)$rm")'),
  changes('remove_hf_value("f.tag")'),
  changes('append_hf_value("X-A[2]x", "a")'),
  changes('append_hf_value("", "a")'),
  changes('append_hf_value("X-A[]", "a")'),
  changes('append_hf_value("X-A.p", "a")'),
  changes('remove_hf_value("X-A [2]")'),
  changes('include_hf_value("X-A[1]", "a")'),
  changes('append_hf_value("X-Q", "")'),
];

const WALK = 'hf_iterator_start("i"); while (hf_iterator_next("i")) {';
// iterators outlive the message on Kamailio: each case ends its own
const END = 'hf_iterator_end("i");';
const at = (name: string, act: string): string =>
  `${WALK} if ($hfitname(i) == "${name}") { ${act}; SAY("$rc"); } } ${END}`;

const iterators: readonly LanguageCase[] = [
  shows("hf_iterator: all headers", [], {
    run: `${WALK} if ($hfitname(i) != "X-Case") { SAY("$hfitname(i)=$hfitbody(i)"); } } SAY("$rc"); hf_iterator_end("i"); SAY("$rc");`,
  }),
  shows("hf_iterator: before next", [], {
    run: `hf_iterator_start("i"); SAY("$rc $hfitname(i)|$hfitbody(i)"); ${END}`,
  }),
  shows("hf_iterator: never started", ["$hfitname(zz)"], { run: 'hf_iterator_next("zz"); SAY("$rc");' }),
  shows("hf_iterator: end of one never started", [], { run: 'hf_iterator_end("zz"); SAY("$rc");' }),
  shows("hf_iterator: removal without next", [], {
    run: 'hf_iterator_start("r"); hf_iterator_rm("r"); SAY("$rc"); hf_iterator_append("r", "X: y"); SAY("$rc"); hf_iterator_end("r");',
  }),
  shows("hf_iterator: back and forth", ["$hfitname(i)"], {
    run: 'hf_iterator_start("i"); hf_iterator_next("i"); hf_iterator_next("i"); hf_iterator_next("i"); SAY("$hfitname(i)"); hf_iterator_prev("i"); SAY("$rc $hfitname(i)"); hf_iterator_prev("i"); SAY("$rc $hfitname(i)"); hf_iterator_prev("i"); SAY("$rc"); hf_iterator_next("i"); SAY("$rc $hfitname(i)"); hf_iterator_end("i");',
  }),
  shows("hf_iterator: prev first", [], {
    run: `hf_iterator_start("i"); hf_iterator_prev("i"); SAY("$rc $hfitname(i)"); ${END}`,
  }),
  shows("hf_iterator: after the end", [], {
    run: `${WALK} $var(x) = 1; } SAY("$rc $hfitname(i)"); hf_iterator_next("i"); SAY("$rc $hfitname(i)"); hf_iterator_prev("i"); SAY("$rc $hfitname(i)"); ${END}`,
  }),
  shows("hf_iterator: after hf_iterator_end", ["$hfitname(i)"], {
    run: 'hf_iterator_start("i"); hf_iterator_next("i"); hf_iterator_end("i");',
  }),
  shows("hf_iterator: started twice", [], {
    run: 'hf_iterator_start("i"); hf_iterator_next("i"); hf_iterator_next("i"); hf_iterator_start("i"); SAY("$rc"); hf_iterator_next("i"); SAY("$hfitname(i)"); hf_iterator_end("i");',
  }),
  after("hf_iterator: rm", at("X-One", 'hf_iterator_rm("i")')),
  after("hf_iterator: append", at("X-One", 'hf_iterator_append("i", "X-New: $rm\\r\\n")')),
  after("hf_iterator: insert", at("X-One", 'hf_iterator_insert("i", "X-New: 1\\r\\n")')),
  after("hf_iterator: append without line end", at("X-One", 'hf_iterator_append("i", "X-New: 1")')),
  after("hf_iterator: rm of Via", at("Via", 'hf_iterator_rm("i")')),
];

const BODY = { body: "v=0\r\na=x\r\nlast\r\n", headers: ["Content-Type: application/sdp"] };
const LINES = 'bl_iterator_start("b"); while (bl_iterator_next("b")) {';
const END_LINES = 'bl_iterator_end("b");';
const line = (act: string): string => `${LINES} if ($blitval(b) =~ "^a=") { ${act}; SAY("$rc"); } } ${END_LINES}`;

const bodies: readonly LanguageCase[] = [
  shows("bl_iterator: all lines", ["$blitval(b)"], {
    ...BODY,
    run: `${LINES} SAY("<$blitval(b)>"); } SAY("$rc"); bl_iterator_end("b"); SAY("$rc");`,
  }),
  shows("bl_iterator: bare line feeds", [], {
    body: "a\nb\n\nc\n",
    run: `${LINES} SAY("<$blitval(b)>"); } ${END_LINES}`,
  }),
  shows("bl_iterator: no body", [], {
    run: 'bl_iterator_start("b"); SAY("$rc"); bl_iterator_next("b"); SAY("$rc"); bl_iterator_end("b");',
  }),
  shows("bl_iterator: before next", [], {
    ...BODY,
    run: `bl_iterator_start("b"); SAY("$rc $blitval(b)"); ${END_LINES}`,
  }),
  shows("bl_iterator: never started", ["$blitval(zz)"], { ...BODY, run: 'bl_iterator_next("zz"); SAY("$rc");' }),
  shows("bl_iterator: end of one never started", [], { run: 'bl_iterator_end("zz"); SAY("$rc");' }),
  after("bl_iterator: rm", line('bl_iterator_rm("b")'), BODY),
  after("bl_iterator: append", line('bl_iterator_append("b", "a=$rm\\r\\n")'), BODY),
  after("bl_iterator: insert", line('bl_iterator_insert("b", "a=new\\r\\n")'), BODY),
  after(
    "bl_iterator: append to the last line",
    `${LINES} if ($blitval(b) =~ "^last") { bl_iterator_append("b", "x\\r\\n"); SAY("$rc"); } } ${END_LINES}`,
    BODY,
  ),
];

const MATCHES: readonly (readonly [string, string, string?])[] = [
  ["1234", "123*"],
  ["1234", "12?4"],
  ["1234", "[0-9]*"],
  ["a234", "[!0-9]*"],
  ["abc", "ABC"],
  ["abc", "ABC", "i"],
  ["abc", "a[bc]c"],
  ["a*c", "a\\\\*c"],
  ["abc", "a\\\\*c"],
  ["", "*"],
  ["x", ""],
  ["a/b", "a*b"],
  [".a", "*a"],
  ["a]b", "a[]]b"],
  ["a-b", "a[a-]b"],
  ["a[b", "a[b"],
  ["7", "[[:digit:]]"],
  ["x", "[[:digit:]]"],
  ["abc", "abc", "x"],
  ["aaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*c"],
];

const others: readonly LanguageCase[] = [
  ...MATCHES.map(([text, expr, flags]) =>
    shows(`fnmatch ${text} ${expr} ${flags ?? ""}`, [], {
      run: `fnmatch("${text}", "${expr}"${flags === undefined ? "" : `, "${flags}"`}); SAY("$rc");`,
    }),
  ),
  shows("msg_set_buffer: another request", ["$rm $ru $ci $hdr(X-Case) $hdr(X-Q)|$rb"], {
    run: 'msg_set_buffer("INVITE sip:new@h SIP/2.0\\r\\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKq\\r\\nFrom: <sip:a@b>;tag=1\\r\\nTo: <sip:c@d>\\r\\nCall-ID: q\\r\\nCSeq: 1 INVITE\\r\\nX-Q: $ci\\r\\nContent-Length: 2\\r\\n\\r\\nhi"); SAY("$rc");',
  }),
  shows("msg_set_buffer: edits before it are gone", ["$rm|$hdr(X-New)"], {
    run: 'append_hf("X-New: 1\\r\\n"); msg_set_buffer("INVITE sip:new@h SIP/2.0\\r\\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKq\\r\\nFrom: <sip:a@b>;tag=1\\r\\nTo: <sip:c@d>\\r\\nCall-ID: q\\r\\nCSeq: 1 INVITE\\r\\nContent-Length: 0\\r\\n\\r\\n"); msg_apply_changes();',
  }),
  after("keep_hf: by name", 'keep_hf("^User"); SAY("$rc");'),
  after("remove_body: with type", 'remove_body(); SAY("$rc");', BODY),
];

/** All of them. */
export const cases: readonly LanguageCase[] = [...values, ...iterators, ...bodies, ...others];
