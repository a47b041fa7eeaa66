// Cases of assigning variables: what is read afterwards, what is sent ($mbu shows the message with the changes), and what is read after
// msg_apply_changes().

import { type LanguageCase, shows } from "./language-bed.ts";

let count = 0;

function own(text: string, n: number): string {
  return text.replaceAll("{N}", `w${n}`);
}

/** A case named after its statements, and what the request is like. */
function after(run: string, texts: readonly string[], more: Like = {}): LanguageCase {
  const n = count++;
  const { like, ...rest } = more;
  const name = `${run}${like === undefined ? "" : ` of a ${like}`}${texts.length === 1 ? ` ${texts[0]}` : ""}`;
  return shows(
    name,
    texts.map((t) => own(t, n)),
    { ...rest, run: own(run, n) },
  );
}

interface Like extends Partial<LanguageCase> {
  readonly like?: string;
}

const URI = "[$ru] [$rU] [$rd] [$rp] [$rP] [$ou] [$du]";
const SENT = "[$(mbu{line.at,0})]";

const LONG: Like = { like: "long URI", line: "OPTIONS sip:u:pw@h.example:5070;p=1;lr?h=1" };
const BARE: Like = { like: "bare host", line: "OPTIONS sip:h.example" };
const TEL: Like = { like: "tel URI", line: "OPTIONS tel:+123;x=1" };
const SIX: Like = { like: "IPv6 host", line: "OPTIONS sip:u@[2001:db8::1]:5062" };

const URI_WRITES = [
  '$ru = "sip:new@n.example:5090;x";',
  '$ru = "tel:+1";',
  '$ru = "garbage";',
  '$ru = "";',
  "$ru = $null;",
  "$ru = 5;",
  '$rU = "new";',
  '$rU = "";',
  "$rU = $null;",
  "$rU = 123;",
  '$rU = "a b@c";',
  '$rd = "other.example";',
  '$rd = "other.example:99";',
  '$rd = "[::1]";',
  '$rd = "";',
  "$rd = $null;",
  "$rd = 5;",
  '$rp = "5099";',
  "$rp = 5099;",
  "$rp = 0;",
  '$rp = "";',
  '$rp = "abc";',
  "$rp = $null;",
  '$rU = "x"; $rd = "y.example"; $rp = 7;',
  '$ru = "sip:a@b"; $rU = "c";',
];

const RURI: readonly LanguageCase[] = [
  ...URI_WRITES.flatMap((run) => [after(run, [URI, SENT]), after(run, [URI], LONG)]),
  ...URI_WRITES.slice(6).flatMap((run) => [BARE, TEL].map((more) => after(run, [URI], more))),
  after('$rd = "other.example";', [URI], SIX),
  after("$rp = 7;", [URI], SIX),
  after('$rU = "z";', [URI], SIX),
  after('$du = "sip:d.example:5090;transport=tcp";', ["[$du] [$dd] [$dp] [$dP] [$nh(d)] [$ru]"]),
  after('$du = "garbage";', ["[$du] [$dd] [$dp] [$dP]"]),
  after('$du = "sip:d.example"; $du = $null;', ["[$du] [$dd] [$nh(d)]"]),
  after('$du = "sip:d.example"; $du = "";', ["[$du] [$dd] [$nh(d)]"]),
  after("$du = 5;", ["[$du]"]),
  after('$rU = $rU + "-x"; $rd = $rd + ".y";', [URI]),
  after('$ru = "sip:a@b.example"; $ru = $null;', [URI]),
];

const PARTY_SHOW = [
  "[$fu] [$fU] [$fd] [$fn] [$ft]",
  "[$tu] [$tU] [$td] [$tn] [$tt]",
  "[$(mbu{line.at,4})]",
  "[$(mbu{line.at,5})]",
];
const APPLIED = ["[$fu] [$fU] [$fd] [$fn] [$ft]", "[$tu] [$tU] [$td] [$tn] [$tt]", "[$hdr(From)]", "[$hdr(To)]"];

const PARTY_WRITES = ["f", "t"].flatMap((p) => [
  `$${p}u = "sip:new@n.example";`,
  `$${p}u = "anything at all";`,
  `$${p}u = "";`,
  `$${p}u = $null;`,
  `$${p}u = 5;`,
  `$${p}U = "new";`,
  `$${p}U = "";`,
  `$${p}U = $null;`,
  `$${p}U = 5;`,
  `$${p}d = "new.example";`,
  `$${p}d = "new.example:7";`,
  `$${p}d = "";`,
  `$${p}d = $null;`,
  `$${p}n = "Name";`,
  `$${p}n = "\\"Quoted Name\\"";`,
  `$${p}n = "";`,
  `$${p}n = $null;`,
  `$${p}U = "a"; $${p}d = "b.example"; $${p}n = "C";`,
]);

const BRACKETLESS: Like = {
  like: "From without brackets",
  headers: ["From: sip:alice@office.example;tag=t1", "To: sip:h.example", "Call-ID: l", "CSeq: 7 OPTIONS"],
};
const NAMED: Like = {
  like: "From with token name",
  headers: [
    "From: Al Ice <sip:office.example:5070;p>;tag=t1",
    'To: "B" <sip:b:pw@[::1]:99;q?h=1>;tag=x',
    "Call-ID: l",
    "CSeq: 7 OPTIONS",
  ],
};

const PARTY: readonly LanguageCase[] = [
  ...PARTY_WRITES.map((run) => after(run, PARTY_SHOW)),
  // msg_apply_changes() with a To that is none ends the script there
  ...PARTY_WRITES.filter((run) => !/tu = ("a|"")/.test(run)).map((run) =>
    after(`${run} msg_apply_changes();`, APPLIED),
  ),
  ...PARTY_WRITES.filter((run) => !/(u = ("a|""|5)|U = 5|[Ud] = ""|U = \$null)/.test(run)).flatMap((run) =>
    [BRACKETLESS, NAMED].map((more) => after(`${run} msg_apply_changes();`, APPLIED, more)),
  ),
];

const FLAGS: readonly LanguageCase[] = ["mf", "bf", "sf"].flatMap((f) => {
  const F = `${f[0]}F`;
  return [
    after(`$${f} = 5;`, [`$${f} $${F}`]),
    after(`$${f} = -1;`, [`$${f} $${F}`]),
    after(`$${F} = 255;`, [`$${f} $${F}`]),
    after(`$${f} = "12";`, [`$${f} $${F}`]),
    after(`$${f} = 5; $${f} = $null;`, [`$${f} $${F}`]),
    after(`$${f} = $${f} | 8; $${f} = $${f} & 12;`, [`$${f} $${F}`]),
  ];
});

const BRANCH_SHOW = "$branch(count) [$(branch(uri)[0])] [$(branch(uri)[1])] [$(branch(uri)[-1])] [$br] [$bR] [$ds]";
const ATTRIBUTES =
  "[$branch(uri)] [$branch(dst_uri)] [$branch(path)] [$branch(q)] [$branch(flags)] [$branch(send_socket)]";
const TWO = '$br = "sip:one@1.example"; $br = "sip:two@2.example"; $(branch(q)[1]) = 500;';

const BRANCHES: readonly LanguageCase[] = [
  after('$br = "sip:b@b.example";', [BRANCH_SHOW]),
  after('$br = "sip:b@b.example"; $br = "sip:c@c.example";', [BRANCH_SHOW]),
  after('$br = "sip:b@b.example"; $br = $null;', [BRANCH_SHOW]),
  after(TWO, [BRANCH_SHOW, "$(branch(q)[0]) $(branch(q)[1])"]),
  after(`${TWO} $branch(uri) = "sip:n@n.example";`, [BRANCH_SHOW]),
  after(`${TWO} $(branch(uri)[1]) = "sip:n@n.example";`, [BRANCH_SHOW]),
  after(`${TWO} $(branch(uri)[-1]) = "sip:n@n.example";`, [BRANCH_SHOW]),
  after(`${TWO} $(branch(uri)[5]) = "sip:n@n.example";`, [BRANCH_SHOW]),
  after(`${TWO} $branch(uri) = $null;`, [BRANCH_SHOW]),
  after(`${TWO} $(branch(uri)[1]) = $null;`, [BRANCH_SHOW]),
  after(
    `${TWO} $branch(dst_uri) = "sip:d.example"; $branch(path) = "<sip:p.example;lr>"; $branch(q) = 300; $branch(flags) = 6;`,
    [ATTRIBUTES],
  ),
  after(
    `${TWO} $branch(dst_uri) = "sip:d.example"; $branch(dst_uri) = $null; $branch(path) = "<sip:p>"; $branch(path) = $null; $branch(q) = $null; $branch(flags) = $null;`,
    [ATTRIBUTES],
  ),
  after(`${TWO} $branch(q) = 2000;`, [ATTRIBUTES]),
  after(`${TWO} $branch(q) = 0;`, [ATTRIBUTES]),
  after(`${TWO} $branch(send_socket) = "udp:127.0.0.1:" + $Rp;`, [ATTRIBUTES]),
  after(`${TWO} $branch(send_socket) = "udp:127.0.0.9:1";`, [ATTRIBUTES]),
  after(`${TWO} $branch(uri) = 5;`, [BRANCH_SHOW]),
  after(`${TWO} $var(i{N}) = 1;`, ["$(branch(uri)[$var(i{N})]) $(branch(q)[$var(i{N})])"]),
  after(`${TWO} $var(i{N}) = 1; $(branch(uri)[$var(i{N})]) = "sip:dyn@x.example";`, [BRANCH_SHOW]),
  after(`${TWO} clear_branches();`, [BRANCH_SHOW]),
];

const S_SHOW =
  "[$sbranch(uri)] [$sbranch(dst_uri)] [$sbranch(path)] [$sbranch(q)] [$sbranch(flags)] [$sbranch(send_socket)] [$sbranch(count)]";
const S_SET =
  'sbranch_reset(); $sbranch(uri) = "sip:s@s.example"; $sbranch(dst_uri) = "sip:d.example"; $sbranch(path) = "<sip:p.example;lr>"; $sbranch(q) = 500; $sbranch(flags) = 3;';
const STATIC: readonly LanguageCase[] = [
  after("sbranch_reset();", ["$rc", S_SHOW]),
  after(S_SET, ["$rc", S_SHOW]),
  after(`${S_SET} sbranch_set_ruri();`, ["$rc", URI, "$bf", S_SHOW]),
  after(`${S_SET} sbranch_append();`, ["$rc", BRANCH_SHOW, ATTRIBUTES, S_SHOW]),
  after(`${S_SET} sbranch_reset();`, ["$rc", S_SHOW]),
  after(`${S_SET} $sbranch(dst_uri) = $null; $sbranch(q) = $null; $sbranch(path) = $null;`, [S_SHOW]),
  after(`${S_SET} $sbranch(uri) = $null;`, [S_SHOW]),
  after("sbranch_reset(); sbranch_set_ruri();", ["$rc", URI]),
  after("sbranch_reset(); sbranch_append();", ["$rc", BRANCH_SHOW]),
];

/** What the functions on types say of a variable. */
function typesOf(v: string): LanguageCase {
  const run = `if (is_int("${v}")) SAY("int"); if (typeof("${v}", "int")) SAY("int too"); if (typeof("${v}", "str")) SAY("str"); if (typeof("${v}", "null")) SAY("null"); if (pv_isset("${v}")) SAY("set"); if (not_empty("${v}")) SAY("not empty"); if (defined ${v}) SAY("defined");`;
  return { name: `types of ${v}`, run };
}

const VALUES: readonly LanguageCase[] = [
  ...["var", "vz", "vn", "shv"].flatMap((kind) => [
    after(`$${kind}(a{N}) = 5;`, [`[$${kind}(a{N})]`]),
    after(`$${kind}(a{N}) = "t"; $${kind}(a{N}) = $${kind}(a{N}) + "u";`, [`[$${kind}(a{N})]`]),
    after(`$${kind}(a{N}) = "t"; $${kind}(a{N}) = $null;`, [`[$${kind}(a{N})]`]),
    after(`$${kind}(a{N}) = 0; $${kind}(a{N}) = $${kind}(a{N}) + 1;`, [`[$${kind}(a{N})]`]),
    after(`$${kind}(a{N}) = ""; if ($${kind}(a{N}) == $null) SAY("null"); if ($${kind}(a{N}) == 0) SAY("zero");`, [
      `[$${kind}(a{N})]`,
    ]),
    after(
      `if ($${kind}(a{N}) == $null) SAY("null"); if ($${kind}(a{N}) == 0) SAY("zero"); if (pv_isset("$${kind}(a{N})")) SAY("set");`,
      [],
    ),
    after(`if (defined $${kind}(a{N})) SAY("defined"); if (is_int("$${kind}(a{N})")) SAY("int");`, []),
  ]),
  after("$vz(s{N}) = 1;", ["$var(s{N}) $vn(s{N}) $vz(s{N})"]),
  after("$var(s{N}) = 1;", ["$var(s{N}) $vn(s{N}) $vz(s{N})"]),
  after('$var(k{N}) = "b"; $var(b) = "deep";', ["$_s($$var(b))"]),
  after('$var(h{N}) = "Subject";', ["$hdr($var(h{N}))"]),
  after('$var(h{N}) = "X-One";', ["$(hdr($var(h{N}))[0]) $hdrc($var(h{N}))"]),
  after("$var(i{N}) = 1;", ["$(hdr(Via)[$var(i{N})])"]),
  after("$var(i{N}) = -1;", ["$(hdr(Via)[$var(i{N})])"]),
  after("$avp(i) = 1;", ["$(hdr(Via)[$avp(i)])"]),
  after('$shv(k{N}) = "x"; $var(n{N}) = "k{N}";', ["$shv($var(n{N}))"]),
  after('$var(f{N}) = "$rU at $rd";', ["$_s($var(f{N}))"]),
  after("", ["$ccp(variables.text) $ccp(variables.number) $ccp(variables.none)"], {
    like: "request with custom parameters",
    blocks: 'variables.text = "hello" desc "a text"\nvariables.number = 10 desc "a number"',
  }),
  after(
    "",
    ["$def(VARIABLE_TEXT) $defn(VARIABLE_TEXT) $def(VARIABLE_NUMBER) $defn(VARIABLE_NUMBER) $def(VARIABLE_EMPTY)"],
    {
      like: "request with defines",
      blocks: "#!define VARIABLE_TEXT some text\n#!define VARIABLE_NUMBER 42\n#!define VARIABLE_EMPTY",
    },
  ),
  ...[
    "$ru",
    "$rU",
    "$cs",
    "$rp",
    "$fU",
    "$ft",
    "$mf",
    "$bf",
    "$rc",
    "$ml",
    "$sp",
    "$si",
    "$rs",
    "$avp(none)",
    "$var(none)",
    "$Ts",
    "$hdr(X-One)",
    "$hdrc(Via)",
    "$nh(p)",
    "$via1(port)",
    "$T_reply_code",
    "$T_branch_idx",
    "$cl",
    "$bs",
    "$mt",
    "$rmid",
    "$Rp",
    "$op",
    "$branch(q)",
    "$br",
    "$du",
    "$expires(max)",
    "$prid",
    "$K(UDP)",
    "$vn(none)",
    "$fn",
    "$td",
    "$dp",
    "$time(year)",
    "$TV(s)",
    "$TV(Sn)",
    "$TF",
    "$pp",
    "$rUl",
    "$mi",
    "$sf",
    "$bF",
    "$sid",
    "$rb",
    "$(ru{s.len})",
  ].map((v) => typesOf(v)),
  ...[
    "$ru",
    "$rU",
    "$rd",
    "$rp",
    "$du",
    "$fs",
    "$mf",
    "$bf",
    "$br",
    "$avp(x)",
    "$var(u{N})",
    "$shv(u{N})",
    "$vn(u{N})",
    "$fn",
    "$tu",
    "$xavp(x)",
    "$ci",
  ].map((v) => after(`pv_unset("${v}");`, [`$rc [${v}]`])),
  after('$fs = "udp:127.0.0.1:" + $Rp;', ["[$fs] [$fsn]"]),
  after('$fs = "127.0.0.1:" + $Rp;', ["[$fs]"]),
  after('$fs = "udp:127.0.0.1";', ["[$fs]"]),
  after('$fs = "udp:127.0.0.9:1";', ["[$fs]"]),
  after('$fs = "tcp:127.0.0.1:" + $Rp;', ["[$fs]"]),
  after('$fs = "udp:127.0.0.1:" + $Rp; $fs = $null;', ["[$fs]"]),
  after('$fsn = "none";', ["[$fs] [$fsn]"]),
  after('pv_evalx("$var(e{N})", "user $rU");', ["$rc [$var(e{N})]"]),
  after('$var(f{N}) = "$rU"; pv_evalx("$var(e{N})", "$var(f{N}) $$rd");', ["$rc [$var(e{N})]"]),
  after('pv_printf("$var(e{N})", "user $rU");', ["$rc [$var(e{N})]"]),
  after('pv_printf("$rU", "x$rU");', ["$rc [$ru]"]),
];

export const cases: readonly LanguageCase[] = [...RURI, ...PARTY, ...FLAGS, ...BRANCHES, ...STATIC, ...VALUES];
