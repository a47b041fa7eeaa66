// Cases of $xavp, $xavu, $xavi, $avp, $cnt and the functions on them.

import { type LanguageCase, shows } from "./language-bed.ts";

let count = 0;

/** A case named after its statements; {N} makes names that are its own: $var outlives the message on Kamailio. */
function after(run: string, ...texts: string[]): LanguageCase {
  const own = `x${count++}`;
  const named = (text: string): string => text.replaceAll("{N}", own);
  return shows(`${run} ${texts[0] ?? ""}`, texts.map(named), { run: named(run) });
}

const TWO = '$xavp(a=>x) = "one"; $xavp(a=>x) = "two"; $xavp(a[0]=>y) = 3;';
const EXPLODED = 'xavp_params_explode("p=1;q=two;p=3", "e");';
const all = (name: string, field = ""): string =>
  ["", "[0]", "[1]", "[2]", "[-1]", "[-2]", "[*]"].map((i) => `[$xavp(${name}${i}${field})]`).join(" ");

const XAVP: readonly LanguageCase[] = [
  after('$xavp(a) = "v";', "$xavp(a) $xavp(a[0]) $xavp(a[1]) $xavp(a[-1]) $xavp(a=>x) $(xavp(a))"),
  after("$xavp(a) = 5;", "$xavp(a) $(xavp(a){s.len})"),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a) = 3;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a[0]) = 9;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a[1]) = 9;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a[2]) = 9;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a[5]) = 9;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a[-1]) = 9;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a[*]) = 9;", all("a")),
  after("$xavp(a[0]) = 9;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a) = 3; $xavp(a) = $null;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a) = 3; $xavp(a[1]) = $null;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a) = 3; $xavp(a[-1]) = $null;", all("a")),
  after("$xavp(a) = 1; $xavp(a) = 2; $xavp(a) = 3; $xavp(a[*]) = $null;", all("a")),
  after(TWO, all("a", "=>x")),
  after(TWO, all("a", "=>y")),
  after(TWO, "$xavp(a=>z) $xavp(b=>x) $xavp(a[7]=>x)"),
  after(TWO, "$xavp(a=>x[0]) $xavp(a=>x[1]) $xavp(a=>x[-1]) $xavp(a[0]=>x[0]) $xavp(a[1]=>x[0])"),
  after(`${TWO} $xavp(a[0]=>x) = "new";`, all("a", "=>x")),
  after(`${TWO} $xavp(a[1]=>x) = "new";`, all("a", "=>x")),
  after(`${TWO} $xavp(a[2]=>x) = "new";`, all("a", "=>x")),
  after(`${TWO} $xavp(a=>x) = "new";`, all("a", "=>x")),
  after(`${TWO} $xavp(a=>x) = $null;`, all("a", "=>x"), all("a", "=>y")),
  after(`${TWO} $xavp(a[0]=>x) = $null;`, all("a", "=>x"), all("a", "=>y")),
  after(`${TWO} $xavp(a[1]=>x) = $null;`, all("a", "=>x"), all("a", "=>y")),
  after(`${TWO} $xavp(a=>zz) = $null;`, all("a", "=>x"), all("a", "=>y")),
  after(`${TWO} $xavp(a[0]=>x[0]) = "n0";`, all("a", "=>x")),
  after(`${TWO} $xavp(a[0]=>x[1]) = "n1";`, all("a", "=>x"), "$xavp(a[0]=>x[1])"),
  after(`${TWO} $xavp(a[0]=>x[*]) = "na";`, all("a", "=>x"), "$xavp(a[0]=>x[*])"),
  after(`${TWO} $xavp(a[*]=>x) = $null;`, all("a", "=>x")),
  after(`${TWO} $xavp(a) = $null;`, all("a", "=>x")),
  after(`${TWO} $xavp(a) = "plain";`, "$xavp(a)", all("a", "=>x")),
  after(`${TWO} $xavp(a[0]) = "plain";`, "$xavp(a)", all("a", "=>x")),
  after('$xavp(a) = "plain"; $xavp(a=>f) = 1;', "$xavp(a[1]) $xavp(a[-1])", all("a", "=>f")),
  after('$xavp(a) = "plain"; $xavp(a[0]=>f) = 1;', all("a"), all("a", "=>f")),
  after("$xavp(a=>b) = 1; $xavp(a[0]=>b[0]) = 2;", "$xavp(a=>b) $xavp(a[0]=>b[0])"),
  after("$var(i{N}) = 1; $xavp(a) = 10; $xavp(a) = 11;", "$xavp(a[$var(i{N})])"),
  after("$var(i{N}) = 1; $xavp(a=>f) = 10; $xavp(a=>f) = 11;", "$xavp(a[$var(i{N})]=>f)"),
  after("$var(i{N}) = 1; $xavp(a) = 10; $xavp(a) = 11; $xavp(a[$var(i{N})]) = 12;", all("a")),
  after('$var(n{N}) = "k"; $xavp(k) = 7;', "$xavp($var(n{N}))"),
  after('$var(n{N}) = "k"; $xavp(k=>f) = 7;', "$xavp($var(n{N})=>f)"),
  after('$var(n{N}) = "f"; $xavp(k=>f) = 7;', "$xavp(k=>$var(n{N}))"),
  after('$var(n{N}) = "k"; $xavp($var(n{N})) = 7;', "$xavp(k)"),
  after("$xavp(A) = 1;", "$xavp(a) $xavp(A)"),
  after("$xavp(a-b) = 1; $xavp(a.b) = 2; $xavp(a_b) = 3;", "$xavp(a-b) $xavp(a.b) $xavp(a_b)"),
  after('if ($xavp(none) == $null) SAY("null"); if ($xavp(none=>x) == $null) SAY("null too");'),
  after('$xavp(a=>x) = 1; if ($xavp(a) == $null) SAY("null"); else SAY("not null");'),
  after('$xavp(a=>x) = "s"; $var(t{N}) = $xavp(a) + "1";', "$(var(t{N}){s.substr,0,7})"),
  after("$xavp(a=>x) = 5; $var(t{N}) = $xavp(a=>x) + 1;", "$var(t{N})"),
  after("$xavp(a=>x) = 1; $xavp(b=>y) = 2; $xavp(c) = $xavp(a=>x);", "$xavp(c)"),
  after("$xavp(a=>x) = 1; $xavp(c) = $xavp(a);", "$xavp(c=>x)"),
  after("$xavp(a=>x) = 1; $xavp(c=>d) = $xavp(a);", "$(xavp(c=>d){s.substr,0,7})"),
  after("$xavp(a=>b=>c) = 1;", "$xavp(a=>b=>c)"),
  after('if (pv_isset("$xavp(a)")) SAY("set"); $xavp(a) = 1; if (pv_isset("$xavp(a)")) SAY("set now");'),
  after('$xavp(a) = 1; pv_unset("$xavp(a)");', "$xavp(a)"),
  after('$xavp(a=>b) = ""; if ($xavp(a=>b) == $null) SAY("null");', "[$xavp(a=>b)]"),
];

const ONES: readonly LanguageCase[] = ["xavu", "xavi"].flatMap((kind) => [
  after(`$${kind}(a) = 1; $${kind}(a) = 2;`, `$${kind}(a) $${kind}(A)`),
  after(`$${kind}(a) = "x"; $${kind}(a) = $null;`, `$${kind}(a)`),
  after(`$${kind}(a=>b) = 1; $${kind}(a=>c) = "t";`, `$${kind}(a=>b) $${kind}(a=>c) $${kind}(a=>d) $${kind}(A=>B)`),
  after(`$${kind}(a=>b) = 1; $${kind}(a=>b) = 2;`, `$${kind}(a=>b)`),
  after(`$${kind}(a=>b) = 1; $${kind}(a=>b) = $null;`, `$${kind}(a=>b)`),
  after(`$${kind}(a=>b) = 1; $${kind}(a=>c) = 2; $${kind}(a=>b) = $null;`, `$${kind}(a=>b) $${kind}(a=>c)`),
  after(`$${kind}(a) = 1; $${kind}(a=>b) = 2;`, `$(${kind}(a){s.substr,0,7}) $${kind}(a=>b)`),
  after(`$${kind}(a=>b) = 2; $${kind}(a) = 1;`, `$${kind}(a) $${kind}(a=>b)`),
  after(`$${kind}(a=>b) = 2; $xavp(a=>b) = 1;`, `$${kind}(a=>b) $xavp(a=>b)`),
  after(`$${kind}(a=>b) = 5; $var(r{N}) = $${kind}(a=>b) + 1;`, "$var(r{N})"),
  after(`$var(n{N}) = "k"; $${kind}(k) = 7;`, `$${kind}($var(n{N}))`),
  after(`$${kind}(a=>b) = 5; $${kind}(a) = $null;`, `$${kind}(a) $${kind}(a=>b)`),
]);

const XAVI: readonly LanguageCase[] = [
  after("$xavi(Aa) = 1; $xavi(aA) = 2;", "$xavi(aa) $xavi(AA[1]) $xavi(aa[-1])"),
  after("$xavi(Aa=>Ff) = 1; $xavi(aA[0]=>fF) = 2;", "$xavi(aa=>ff) $xavi(AA[0]=>FF)"),
  after("$xavi(Aa=>Ff) = 1; $xavi(aA=>fF) = 2;", "$xavi(aa=>ff) $xavi(AA[1]=>FF)"),
  after('xavi_child_sets("Aa", "Ff", "s"); xavi_child_seti("AA", "GG", 5);', "$xavi(aa=>ff) $xavi(aa=>gg)"),
  after('$xavi(a=>b) = 1; $xavi(a[0]=>c) = 1; xavi_child_rm("A", "B");', "$rc $xavi(a=>b) $xavi(a=>c)"),
  after('$xavi(a=>b) = 1; $xavi(a=>b) = 2; xavi_rm("A");', "$rc $xavi(a=>b) $xavi(a[1]=>b)"),
];

const EXPLODE: readonly LanguageCase[] = [
  after(EXPLODED, "$rc $xavp(e=>p) $xavp(e=>q) $xavp(e=>p[0]) $xavp(e=>p[1]) $xavp(e=>q[1]) $xavp(e=>r)"),
  after(EXPLODED, "$cnt($xavp(e)) $cnt($xavp(e=>p)) $cnt($xavp(e[0]=>p[*])) $cnt($xavp(e[0]=>q))"),
  after('xavp_params_explode("", "e");', "$rc $xavp(e=>p)"),
  after('xavp_params_explode("a", "e");', "$rc [$xavp(e=>a)]"),
  after('xavp_params_explode("a=;b=2", "e");', "$rc [$xavp(e=>a)] $xavp(e=>b)"),
  after('xavp_params_explode(";;a=1;;", "e");', "$rc $xavp(e=>a)"),
  after('xavp_params_explode(" a = 1 ; b = 2 ", "e");', "$rc [$xavp(e=>a)] [$xavp(e=>b)]"),
  ...[
    "a = 1",
    "a=1; b=2",
    " a=1",
    "a=1;",
    "a=1;;",
    "a=1;b",
    "a;b=1",
    "a =1;b= 2",
    "a=1 ;b=2",
    "=1",
    ";",
    "a b=1",
    "a=1,b=2",
    "a=1&b=2",
    "a='x;y';b=2",
    'a=\\"x;y\\";b=2',
  ].map((p) => after(`xavp_params_explode("${p}", "e");`, "$rc [$xavp(e=>a)] [$xavp(e=>b)]")),
  after('xavp_params_explode("a=1", "e"); xavp_params_explode("a=2", "e");', "$xavp(e=>a) $xavp(e[1]=>a)"),
  after('$var(p{N}) = "a=$rU"; xavp_params_explode("$var(p{N});b=$rd", "e");', "$xavp(e=>a) $xavp(e=>b)"),
  after(`${EXPLODED} xavp_params_implode("e", "$var(o{N})");`, "$rc $var(o{N})"),
  after('$xavp(x=>e) = "f"; $xavp(x[0]=>c) = 5; xavp_params_implode("x", "$var(o{N})");', "$rc $var(o{N})"),
  after('xavp_params_implode("none", "$var(o{N})");', "$rc $var(o{N})"),
  after('$xavp(x) = 5; xavp_params_implode("x", "$var(o{N})");', "$rc $var(o{N})"),
  after('$xavp(x=>a) = -5; $xavp(x[0]=>b) = ""; xavp_params_implode("x", "$var(o{N})");', "$rc $var(o{N})"),
  after('xavu_params_explode("a=b;c=d", "x");', "$rc $xavu(x=>a) $xavu(x=>c)"),
  after('xavu_params_explode("a=b;c=d", "x"); xavu_params_implode("x", "$var(o{N})");', "$rc $var(o{N})"),
  after(
    'xavp_slist_explode("a=b; c=d;", "=;", "t", "x");',
    "$rc $xavp(x[0]=>v[0]) $xavp(x[0]=>v[1]) [$xavp(x[0]=>v[2])] $xavp(x[0]=>v[3]) $xavp(x[0]=>v[4]) $xavp(x=>v)",
  ),
  after(
    'xavp_slist_explode("a, b,,c", ",", "", "x");',
    "$rc [$xavp(x[0]=>v[0])] [$xavp(x[0]=>v[1])] [$xavp(x[0]=>v[2])] [$xavp(x[0]=>v[3])] $cnt($xavp(x=>v))",
  ),
  after('xavp_slist_explode("", ",", "t", "x");', "$rc [$xavp(x=>v)]"),
  after(
    'xavp_slist_explode("a", ",", "t", "x"); xavp_slist_explode("b", ",", "t", "x");',
    "$rc $xavp(x=>v) $xavp(x[1]=>v)",
  ),
];

const CHILDREN: readonly LanguageCase[] = [
  after('xavp_child_seti("x", "y", 10);', "$rc $xavp(x=>y)"),
  after('$var(n{N}) = 12; xavp_child_seti("x", "y", "$var(n{N})");', "$rc $xavp(x=>y)"),
  after(
    'xavp_child_seti("x", "y", 10); xavp_child_seti("x", "y", 11);',
    "$rc $xavp(x=>y) $xavp(x=>y[1]) $xavp(x[1]=>y)",
  ),
  after('xavp_child_sets("x", "y", "Count: $rU");', "$rc $xavp(x=>y)"),
  after('$xavp(x=>y) = 1; $xavp(x=>y) = 2; xavp_child_sets("x", "y", "s");', "$xavp(x=>y) $xavp(x[1]=>y)"),
  after('$xavp(x=>y) = 1; $xavp(x[0]=>z) = 2; xavp_child_rm("x", "y");', "$rc $xavp(x=>y) $xavp(x=>z)"),
  after('xavp_child_rm("x", "y");', "$rc"),
  after('$xavp(x=>y) = 1; xavp_child_rm("x", "q");', "$rc $xavp(x=>y)"),
  after('$xavp(x) = 1; $xavp(x) = 2; xavp_rm("x");', "$rc $xavp(x) $xavp(x[1])"),
  after('xavp_rm("x");', "$rc"),
  after("$xavp(x=>y) = 1; pv_xavp_print(); pv_xavu_print(); pv_xavi_print();", "$rc"),
];

const COPY_SOURCE = '$xavp(a=>x) = "a0"; $xavp(a=>x) = "a1"; $xavp(a=>x) = "a2";';
const COPY: readonly LanguageCase[] = [
  after(`${COPY_SOURCE} xavp_copy("a", 2, "b"); xavp_copy("a", 1, "b");`, "$rc $xavp(b[0]=>x) $xavp(b[1]=>x)"),
  after(`${COPY_SOURCE} xavp_copy("a", "0", "b");`, "$rc $xavp(b[0]=>x)", all("a", "=>x")),
  after(`${COPY_SOURCE} xavp_copy("a", 7, "b");`, "$rc $xavp(b[0]=>x)"),
  after('xavp_copy("none", 0, "b");', "$rc"),
  after(`${COPY_SOURCE} xavp_copy("a", 0, "a", 2);`, "$rc", all("a", "=>x")),
  after(`${COPY_SOURCE} xavp_copy("a", 2, "a", 0);`, "$rc", all("a", "=>x")),
  after(`${COPY_SOURCE} xavp_copy("a", 0, "a");`, "$rc", all("a", "=>x")),
  after(`${COPY_SOURCE} xavp_copy("a", 0, "b", 0);`, "$rc", all("b", "=>x")),
  after(`${COPY_SOURCE} $xavp(b=>x) = 1; xavp_copy("a", 0, "b", 1);`, "$rc", all("b", "=>x")),
  after(`${COPY_SOURCE} xavp_copy("a", 0, "b"); $xavp(b[0]=>x) = "changed";`, "$xavp(a=>x) $xavp(b=>x)"),
  after('$var(v{N}) = "text"; pv_var_to_xavp("v{N}", "k");', "$rc $xavp(k=>v{N}) $xavp(k=>value)"),
  after('$xavp(k=>w{N}) = "text"; $xavp(k[0]=>w2{N}) = 5; pv_xavp_to_var("k");', "$rc $var(w{N}) $var(w2{N})"),
  after('pv_xavp_to_var("none");', "$rc"),
];

const COUNT: readonly LanguageCase[] = [
  after("$avp(c) = 1; $avp(c) = 2;", "$cnt($avp(c)) $cnt($avp(none))"),
  after(
    TWO,
    [
      "a",
      "a[*]",
      "a[0]",
      "a[1]",
      "a[2]",
      "a[-1]",
      "a[-3]",
      "a=>x",
      "a[*]=>x",
      "a[0]=>x",
      "a[0]=>x[*]",
      "a[0]=>x[0]",
      "a[0]=>x[1]",
      "a[*]=>y",
      "a[*]=>x[0]",
      "a[1]=>y",
      "none",
    ]
      .map((n) => `${n}: $cnt($xavp(${n}))`)
      .join(" "),
  ),
];

const AVP_ALL = ["", "[0]", "[1]", "[2]", "[-1]", "[*]"].map((i) => `[$(avp(q)${i})]`).join(" ");
const AVP: readonly LanguageCase[] = [
  after("$avp(q) = 1; $avp(q) = 2; $avp(q) = 3;", AVP_ALL),
  after("$avp(q) = 1; $avp(q) = 2; $(avp(q)[0]) = 3;", AVP_ALL),
  after("$avp(q) = 1; $avp(q) = 2; $(avp(q)[1]) = 3;", AVP_ALL),
  after("$avp(q) = 1; $avp(q) = 2; $(avp(q)[*]) = 3;", AVP_ALL),
  after("$avp(q) = 1; $avp(q) = 2; $avp(q) = $null;", AVP_ALL),
  after("$avp(q) = 1; $avp(q) = 2; $(avp(q)[1]) = $null;", AVP_ALL),
  after("$avp(q) = 1; $avp(q) = 2; $(avp(q)[*]) = $null;", AVP_ALL),
  after("$avp(s:q) = 1;", "$avp(q) $avp(s:q) $avp(i:1)"),
  after("$avp(i:7) = 1;", "$avp(i:7) $avp(7) $avp(s:7)"),
  after("$var(n{N}) = 7; $avp(i:7) = 1; $avp(s:7) = 2;", "$avp($var(n{N}))"),
  after('$var(n{N}) = "q"; $avp(q) = 5;', "$avp($var(n{N}))"),
  after('$var(n{N}) = "q"; $avp($var(n{N})) = 5;', "$avp(q)"),
  after("$var(i{N}) = 1; $avp(q) = 5; $avp(q) = 6;", "$(avp(q)[$var(i{N})])"),
  after('$avp(q) = ""; if ($avp(q) == $null) SAY("null");', "[$avp(q)]"),
  after('$avp(q) = "x"; $avp(Q) = "y";', "$avp(q) $avp(Q)"),
  after("$avp(q) = $ru; $avp(q) = $avp(q);", AVP_ALL),
];

export const cases: readonly LanguageCase[] = [
  ...XAVP,
  ...ONES,
  ...XAVI,
  ...EXPLODE,
  ...CHILDREN,
  ...COPY,
  ...COUNT,
  ...AVP,
];
