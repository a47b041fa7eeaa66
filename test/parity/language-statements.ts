// Statements: if, switch, while, routes and what they return, $rc.

import { holds, type LanguageCase, shows, value } from "./language-bed.ts";

const says = (name: string, run: string, blocks = ""): LanguageCase => ({ name: `statement: ${name}`, run, blocks });
const truth = (name: string, condition: string, run = ""): LanguageCase =>
  says(`if ${name}`, `${run} if (${condition}) { SAY("yes"); } else { SAY("no"); }`);

const IFS: readonly LanguageCase[] = [
  truth("number", "5"),
  truth("zero", "0"),
  truth("negative", "-1"),
  truth("text of a number", '"7"'),
  truth("text", '"abc"'),
  truth("empty text", '""'),
  truth("text zero", '"0"'),
  truth("null", "$null"),
  truth("undefined", "$avp(x)"),
  truth("variable text", "$var(s)", '$var(s) = "abc";'),
  truth("variable negative", "$var(s)", "$var(s) = -1;"),
  truth("not negative", "!$var(s)", "$var(s) = -1;"),
  truth("negative and", "$var(s) && 1", "$var(s) = -1;"),
  truth("negative or", "$var(s) || 0", "$var(s) = -1;"),
  truth("negative and two", "$var(s) && 2", "$var(s) = -1;"),
  truth("negative and variable", "$var(s) && $var(s)", "$var(s) = -1;"),
  truth("sum", "1 + 1"),
  truth("sum that is negative", "1 - 2"),
  truth("negated sum", "!(1 - 1)"),
  truth("assignment", "$var(a) = 0"),
  truth("function", 'is_method("OPTIONS")'),
  truth("negated function", '!is_method("OPTIONS")'),
  truth("function and comparison", 'is_method("OPTIONS") && $rU == "bob"'),
  truth("function compared", 'is_method("OPTIONS") == 1'),
  truth("failed function compared", 'is_method("INVITE") == -1'),
  truth("failed function compared with zero", 'is_method("INVITE") == 0'),
  truth("failed function or function", 'is_method("INVITE") || is_method("OPTIONS")'),
  truth("division by zero", "5 / $var(zero) == 0", "$var(zero) = 0;"),
  truth("not division by zero", "!(5 / $var(zero))", "$var(zero) = 0;"),
  truth("division by zero or 1", "5 / $var(zero) || 1", "$var(zero) = 0;"),
  truth("broken pattern negated", "!($rU =~ $avp(p))", '$avp(p) = "(";'),
  truth("brackets", "[1 + 1]"),
  truth("flag", "isflagset(5)", "setflag(5);"),
  truth("bare variable", "$rU"),
  truth("comparison of comparisons", '($rU == "bob") == ($rd == "127.0.0.1")'),
  truth("defined", "defined $avp(x) && $avp(x) == 1"),
  truth("not word", 'not $rU == "bob"'),
  truth("not word with parentheses", 'not ($rU == "bob")'),
  says("if without braces", 'if (1) SAY("yes"); else SAY("no"); SAY("after");'),
  says("else if", 'if (0) { SAY("a"); } else if (1) { SAY("b"); } else { SAY("c"); }'),
  says("else if without braces", 'if (0) SAY("a"); else if (0) SAY("b"); else SAY("c");'),
  says("dangling else", 'if (1) if (0) SAY("a"); else SAY("b");'),
  says("nested", 'if (1) { if (0) { SAY("a"); } } else { SAY("b"); } SAY("c");'),
  says("empty block", 'if (1) { } else { SAY("b"); } SAY("c");'),
  says("semicolon after a block", 'if (1) { SAY("a"); }; SAY("b");'),
  says("lone semicolons", ';; SAY("a");;'),
  says("block alone", '{ SAY("a"); }'),
  says("no semicolon at the end", 'if (1) { SAY("a") }'),
];

const chosen = (name: string, set: string, body: string): LanguageCase =>
  says(`switch ${name}`, `${set} switch ($var(s)) { ${body} } SAY("after");`);
const NUMBERS = 'case 1: SAY("one"); break; case 2: SAY("two"); break; default: SAY("other");';
const TEXTS = 'case "a": SAY("A"); break; case "b": SAY("B"); break; default: SAY("other");';

const SWITCHES: readonly LanguageCase[] = [
  chosen("number", "$var(s) = 2;", NUMBERS),
  chosen("number, default", "$var(s) = 5;", NUMBERS),
  chosen("number by text", '$var(s) = "1";', NUMBERS),
  chosen("number by other text", '$var(s) = "x";', NUMBERS),
  chosen("number by null", "$var(s) = $null;", 'case 0: SAY("zero"); break; default: SAY("other");'),
  chosen("negative number", "$var(s) = -1;", 'case -1: SAY("minus"); break; case 1: SAY("plus"); break;'),
  chosen("text", '$var(s) = "b";', TEXTS),
  chosen("text, default", '$var(s) = "c";', TEXTS),
  chosen("text, other case", '$var(s) = "B";', TEXTS),
  chosen("text by number", "$var(s) = 5;", 'case "5": SAY("five"); break; default: SAY("other");'),
  chosen("empty text", '$var(s) = "";', 'case "": SAY("empty"); break; default: SAY("other");'),
  chosen("falls through", "$var(s) = 1;", 'case 1: SAY("one"); case 2: SAY("two"); break; case 3: SAY("three");'),
  chosen("shared cases", "$var(s) = 1;", 'case 1: case 2: SAY("both"); break; case 3: SAY("three");'),
  chosen("falls into default", "$var(s) = 1;", 'case 1: SAY("one"); default: SAY("other");'),
  chosen(
    "default in the middle",
    "$var(s) = 9;",
    'case 1: SAY("1"); break; default: SAY("d"); break; case 2: SAY("2");',
  ),
  chosen("default in the middle falls", "$var(s) = 9;", 'case 1: SAY("1"); default: SAY("d"); case 2: SAY("2");'),
  chosen("default in the middle, later case", "$var(s) = 2;", 'case 1: SAY("1"); default: SAY("d"); case 2: SAY("2");'),
  chosen("default first", "$var(s) = 2;", 'default: SAY("d"); break; case 2: SAY("2"); break;'),
  chosen("no default", "$var(s) = 9;", 'case 1: SAY("1"); break;'),
  chosen("pattern", '$var(s) = "abc";', 'case /"^a": SAY("a"); break; case /"^b": SAY("b"); break; default: SAY("d");'),
  chosen("pattern, other case", '$var(s) = "ABC";', 'case /"^a": SAY("a"); break; default: SAY("d");'),
  chosen("pattern and text", '$var(s) = "b";', 'case /"^a": SAY("a"); break; case "b": SAY("b"); break;'),
  chosen("pattern on a number", "$var(s) = 42;", 'case /"^4": SAY("four"); break; default: SAY("d");'),
  chosen("first of two patterns", '$var(s) = "ab";', 'case /"a": SAY("1"); break; case /"b": SAY("2"); break;'),
  chosen("computed constant", "$var(s) = 3;", 'case 1 + 2: SAY("three"); break; default: SAY("d");'),
  chosen("joined constant", '$var(s) = "ab";', 'case "a" + "b": SAY("ab"); break; default: SAY("d");'),
  chosen("if in a case", "$var(s) = 1;", 'case 1: if (1) { SAY("1"); break; } SAY("x"); case 2: SAY("2");'),
  chosen("empty case at the end", "$var(s) = 2;", 'case 1: SAY("1"); break; case 2: break;'),
  chosen("same case twice", "$var(s) = 1;", 'case 1: SAY("a"); break; case 1: SAY("b"); break;'),
  says("switch on an expression", 'switch ($rU + "x") { case "bobx": SAY("yes"); break; default: SAY("no"); }'),
  says("switch on a method", 'switch ($rm) { case "INVITE": SAY("i"); break; case "OPTIONS": SAY("o"); break; }'),
  says("switch on a sum", '$var(n) = 4; switch ($var(n) * 2) { case 8: SAY("8"); break; default: SAY("d"); }'),
  says(
    "switch in a switch",
    'switch (1) { case 1: switch (2) { case 2: SAY("2"); break; } SAY("1"); break; default: SAY("d"); }',
  ),
  says("switch on undefined", 'switch ($avp(x)) { case "": SAY("empty"); break; default: SAY("d"); }'),
  says("switch on undefined with number", 'switch ($avp(x)) { case 0: SAY("zero"); break; default: SAY("d"); }'),
  says("switch on $rc", 'is_method("OPTIONS"); switch ($rc) { case 1: SAY("1"); break; case -1: SAY("-1"); break; }'),
  says(
    "switch on a failed $rc",
    'is_method("INVITE"); switch ($rc) { case 1: SAY("1"); break; case -1: SAY("-1"); break; }',
  ),
  says("switch on retcode", 'is_method("INVITE"); switch ($retcode) { case -1: SAY("-1"); break; default: SAY("d"); }'),
  says(
    "switch on a route",
    'switch (route(R{N})) { case 1: SAY("1"); break; default: SAY("d"); }',
    "route[R{N}] { return 7; }",
  ),
];

const LOOPS: readonly LanguageCase[] = [
  says("while", '$var(i) = 0; while ($var(i) < 3) { SAY("$var(i)"); $var(i) = $var(i) + 1; } SAY("after");'),
  says("while break", '$var(i) = 0; while (1) { if ($var(i) == 2) break; $var(i) = $var(i) + 1; } SAY("$var(i)");'),
  says("while never", 'while (0) { SAY("in"); } SAY("after");'),
  says("while limit", '$var(i) = 0; while (1) { $var(i) = $var(i) + 1; } SAY("$var(i)");'),
  says("while limit exactly", '$var(i) = 0; while ($var(i) < 20) { $var(i) = $var(i) + 1; } SAY("$var(i)");'),
  says("while of a negative", '$var(i) = -1; while ($var(i)) { SAY("in"); $var(i) = 0; } SAY("after");'),
  says("while of a text", '$var(i) = "2"; while ($var(i)) { SAY("in $var(i)"); $var(i) = $var(i) - 1; } SAY("after");'),
  says(
    "while in while",
    '$var(i) = 0; while ($var(i) < 2) { $var(j) = 0; while (1) { $var(j) = $var(j) + 1; if ($var(j) > 2) break; } SAY("$var(i) $var(j)"); $var(i) = $var(i) + 1; }',
  ),
  says(
    "switch in while",
    '$var(i) = 0; while ($var(i) < 3) { switch ($var(i)) { case 1: SAY("one"); break; default: SAY("other"); } $var(i) = $var(i) + 1; } SAY("after");',
  ),
  says(
    "while in switch",
    'switch (1) { case 1: $var(i) = 0; while (1) { $var(i) = $var(i) + 1; break; } SAY("still $var(i)"); break; default: SAY("d"); }',
  ),
  says(
    "while on a function",
    '$var(i) = 0; while (is_method("OPTIONS")) { $var(i) = $var(i) + 1; if ($var(i) > 3) break; } SAY("$var(i)");',
  ),
  says(
    "while on a route",
    '$var(i) = 0; while (route(R{N})) { SAY("in"); } SAY("$var(i)");',
    "route[R{N}] { $var(i) = $var(i) + 1; if ($var(i) > 2) return -1; return 1; }",
  ),
  says(
    "while with a name at the index",
    '$avp(q) = "a"; $avp(q) = "b"; $var(i) = 0; while ($(avp(q)[$var(i)]) != $null) { SAY("$(avp(q)[$var(i)])"); $var(i) = $var(i) + 1; }',
  ),
  says(
    "return in while",
    'route(R{N}); SAY("$rc $var(i)");',
    "route[R{N}] { $var(i) = 0; while (1) { $var(i) = $var(i) + 1; if ($var(i) == 3) return 5; } }",
  ),
];

/** A called route, and what $rc and conditions see of it. */
const routed = (name: string, body: string): LanguageCase[] => [
  says(`route ${name}`, 'route(R{N}); SAY("$rc $retcode"); SAY("after");', `route[R{N}] { ${body} }`),
  says(
    `route as condition: ${name}`,
    'if (route(R{N})) { SAY("yes $rc"); } else { SAY("no $rc"); }',
    `route[R{N}] { ${body} }`,
  ),
  says(
    `route as value: ${name}`,
    '$var(x) = "u"; $var(x) = route(R{N}); SAY("$var(x)"); $var(x) = route(R{N}) + 1; SAY("$var(x)");',
    `route[R{N}] { ${body} }`,
  ),
];

const ROUTES: readonly LanguageCase[] = [
  ...routed("returns 1", "return 1;"),
  ...routed("returns", "return;"),
  ...routed("returns -1", "return -1;"),
  ...routed("returns 5", "return 5;"),
  ...routed("returns -7", "return -7;"),
  ...routed("returns 0", "return 0;"),
  ...routed("exits", "exit;"),
  ...routed("drops", "drop;"),
  ...routed("ends", "$var(z) = 1;"),
  ...routed("ends with a call", 'is_method("OPTIONS");'),
  ...routed("ends with a failed call", 'is_method("INVITE");'),
  ...routed("ends with a false if", "if (0) { $var(z) = 1; }"),
  ...routed("ends with a true if", 'if (1) { is_method("INVITE"); }'),
  ...routed("ends with an if on a failed call", 'if (is_method("INVITE")) { $var(z) = 1; }'),
  ...routed("ends with an else", 'if (0) { $var(z) = 1; } else { is_method("INVITE"); }'),
  ...routed("ends with a loop", "$var(i) = 0; while ($var(i) < 2) { $var(i) = $var(i) + 1; }"),
  ...routed(
    "ends with a loop of calls",
    '$var(i) = 0; while ($var(i) < 2) { $var(i) = $var(i) + 1; is_method("INVITE"); }',
  ),
  ...routed("ends with a broken loop", "while (1) { break; }"),
  ...routed("ends with a switch", 'switch (1) { case 1: is_method("INVITE"); }'),
  ...routed("ends with a broken switch", 'switch (1) { case 1: is_method("INVITE"); break; }'),
  ...routed("ends with an unmet switch", 'switch (3) { case 1: is_method("INVITE"); break; }'),
  ...routed("breaks", "break;"),
  ...routed("returns a variable", "$var(z) = 4; return $var(z);"),
  ...routed("returns a negative variable", "$var(z) = -4; return $var(z);"),
  ...routed("returns a text", '$var(z) = "3"; return $var(z);'),
  ...routed("returns a sum", "$var(z) = 4; return ($var(z) + 1);"),
  ...routed("returns $rc", 'is_method("INVITE"); return $rc;'),
  ...routed("returns a comparison", 'return ($rU == "bob");'),
  ...routed("returns a false comparison", 'return ($rU == "carl");'),
  ...routed("returns a call", 'return is_method("OPTIONS");'),
  ...routed("returns a failed call", 'return is_method("INVITE");'),
  ...routed("returns true", "return true;"),
  ...routed("ends with a route", "route(S);").map((c) => ({
    ...c,
    run: c.run,
    blocks: `${c.blocks!.replace("(S)", "(S{N})")} route[S{N}] { return -3; }`,
  })),
  ...routed("ends with an assignment that fails", "$var(q) = 0; $var(z) = 1 / $var(q);"),
  says(
    "route of a computed name",
    '$var(n) = "R{N}"; route($var(n)); SAY("$rc");',
    'route[R{N}] { SAY("in"); return 3; }',
  ),
  says("route of a joined name", 'route("R" + "{N}"); SAY("$rc");', 'route[R{N}] { SAY("in"); return 3; }'),
  says("route of a name in quotes", 'route("R{N}"); SAY("$rc");', "route[R{N}] { return 3; }"),
  says(
    "route of a name that does not exist",
    '$var(n) = "NONE{N}"; is_method("OPTIONS"); route($var(n)); SAY("after");',
  ),
  says("route with a number", 'route(9{N}); SAY("$rc");', "route[9{N}] { return 3; }"),
  says("route name with signs", 'route(a-b.c{N}); SAY("$rc");', "route[a-b.c{N}] { return 3; }"),
  says(
    "three routes deep",
    'route(A{N}); SAY("$rc");',
    'route[A{N}] { route(B{N}); SAY("a $rc"); return 2; } route[B{N}] { route(C{N}); SAY("b $rc"); return -2; } route[C{N}] { return 9; }',
  ),
  says(
    "exit three routes deep",
    'route(A{N}); SAY("$rc");',
    'route[A{N}] { route(B{N}); SAY("a"); } route[B{N}] { SAY("b"); exit; }',
  ),
  says(
    "variables in a called route",
    '$var(a) = 1; $avp(b) = 2; route(A{N}); SAY("$var(a) $avp(b)");',
    "route[A{N}] { $var(a) = $var(a) + 5; $avp(b) = $avp(b) + 5; }",
  ),
  says(
    "recursion",
    '$var(i) = 0; route(A{N}); SAY("$var(i) $rc");',
    "route[A{N}] { $var(i) = $var(i) + 1; if ($var(i) < 10) route(A{N}); return $var(i); }",
  ),
  says(
    "routes in and",
    'if (route(A{N}) && route(B{N})) { SAY("yes $rc"); } else { SAY("no $rc"); }',
    'route[A{N}] { SAY("a"); return -1; } route[B{N}] { SAY("b"); return 1; }',
  ),
  says(
    "routes in or",
    'if (route(A{N}) || route(B{N})) { SAY("yes $rc"); } else { SAY("no $rc"); }',
    'route[A{N}] { SAY("a"); return -1; } route[B{N}] { SAY("b"); return 4; }',
  ),
  says("negated route", 'if (!route(A{N})) { SAY("yes $rc"); } else { SAY("no $rc"); }', "route[A{N}] { return -1; }"),
  says("route compared", 'if (route(A{N}) == 7) { SAY("yes"); } else { SAY("no"); }', "route[A{N}] { return 7; }"),
  says(
    "route compared with one",
    'if (route(A{N}) == 1) { SAY("yes"); } else { SAY("no"); }',
    "route[A{N}] { return 7; }",
  ),
];

const CODES: readonly LanguageCase[] = [
  says("$rc after an assignment", 'is_method("INVITE"); $var(a) = 5; SAY("$rc $?");'),
  says("$rc after a condition", 'is_method("INVITE"); if ($rU == "bob") { SAY("$rc"); }'),
  says("$rc after a condition with a call", 'if (!is_method("INVITE")) { SAY("$rc"); }'),
  says("$rc after a switch", 'is_method("INVITE"); switch (1) { case 1: $var(x) = 1; break; } SAY("$rc");'),
  says("$rc after a loop", 'is_method("INVITE"); $var(i) = 0; while ($var(i) < 1) { $var(i) = 1; } SAY("$rc");'),
  says("$rc as an argument", 'is_method("INVITE"); $avp(a) = $rc; SAY("$avp(a) $rc $retcode");'),
  says("$rc after a core function", 'is_method("INVITE"); setflag(3); SAY("$rc");'),
  says("$rc after isflagset", 'is_method("OPTIONS"); isflagset(9); SAY("$rc");'),
  says("$rc is a number", '$var(x) = $rc + "1"; SAY("$var(x)");'),
  says("$rc in a sum", 'is_method("INVITE"); $var(x) = 5 + $rc; SAY("$var(x)");'),
  says("$rc at the start", 'SAY("$rc");'),
  says("$rc assigned by a division", 'is_method("OPTIONS"); $var(z) = 0; $var(x) = 1 / $var(z); SAY("$rc");'),
  says("return at the end", 'SAY("a"); return; SAY("b");'),
  says("exit at the end", 'SAY("a"); exit; SAY("b");'),
  says("drop at the end", 'SAY("a"); drop; SAY("b");'),
  says("break outside", 'SAY("a"); break; SAY("b");'),
  says("exit with a code", 'SAY("a"); exit(); SAY("b");'),
  says("drop with parentheses", 'SAY("a"); drop(); SAY("b");'),
  says("return with parentheses", 'route(A{N}); SAY("$rc");', "route[A{N}] { return(3); }"),
  says(
    "flags by name",
    'setflag(FLAG{N}); if (isflagset(FLAG{N})) { SAY("set $mf"); } resetflag(FLAG{N}); SAY("$mf");',
    "flags FLAG{N}:7;",
  ),
  shows("statement: set and reset flags", ["$mf $mF"], { run: "setflag(0); setflag(4); setflag(31); resetflag(4);" }),
  says(
    "isflagset is a condition",
    'setflag(2); if (isflagset(2) && !isflagset(3)) { SAY("yes"); } else { SAY("no"); }',
  ),
];

const SELVAL: readonly LanguageCase[] = [
  shows("selval: text and number", ["$var(x) $var(y) $var(z)"], {
    run: '$var(x) = selval(1, "a", "b"); $var(y) = selval(0, "a", 5); $var(z) = $var(y) + 1;',
  }),
  value("selval: expressions", 'selval($rm == "OPTIONS", "a" + $rm, 2)'),
  value("selval: in an expression", '"p" + selval(1, "a", "b") + "q"'),
  value("selval: behind a number", '1 + selval("", 4, 5)'),
  value("selval: text as condition", 'selval("abc", 4, 5)'),
  value("selval: negative condition", "selval(-1, 4, 5)"),
  value("selval: logical condition", "selval($var(nope) == 1 && 1, 4, 5)"),
  value("selval: function as condition", 'selval(is_method("OPTIONS"), 4, 5)'),
  value("selval: function that is false", 'selval(is_method("INVITE"), 4, 5)'),
  value("selval: nested", "selval(selval(1, 0, 1), 4, selval(1, 6, 7))"),
  value("selval: cast", "(str)selval(1, 5, 2) + 1"),
  holds("selval: as condition", "selval(1, 0, 1)"),
  holds("selval: compared", '$rm == selval(1, "OPTIONS", 2)'),
  holds("selval: in a condition of two", "1 && selval(1, 0, 1)"),
  shows("selval: nothing", ["$var(x) <$var(y)> <$avp(z)>"], {
    run: "$var(x) = selval($null, 1, 2); $var(y) = selval(1, $null, 2); $avp(z) = selval(1, $hdr(Nope), 2);",
  }),
  shows("selval: only the chosen one runs", ["$var(x)"], {
    run: "$var(x) = selval(route(RB{N}), 5, route(RC{N}));",
    blocks: 'route[RB{N}] { SAY("rb"); return 1; }\nroute[RC{N}] { SAY("rc"); return 7; }',
  }),
  shows("selval: the chosen one is a route", ["$var(x)"], {
    run: "$var(x) = selval(route(RB{N}), route(RC{N}), 5);",
    blocks: 'route[RB{N}] { SAY("rb"); return 1; }\nroute[RC{N}] { SAY("rc"); return 7; }',
  }),
  { name: "selval: name of a route", run: 'route(selval(1, "RA{N}", "b"));', blocks: 'route[RA{N}] { SAY("ra"); }' },
  {
    name: "selval: in a loop",
    run: '$var(i) = 0; while (selval($var(i) < 3, 1, 0)) { $var(i) = $var(i) + 1; SAY("$var(i)"); }',
  },
  { name: "selval: alone", run: "selval(1, 1, 2);", show: ["x"] },
  { name: "selval: two arguments", run: "$var(x) = selval(1, 2);", show: ["x"] },
];

export const cases: readonly LanguageCase[] = [...SELVAL, ...IFS, ...SWITCHES, ...LOOPS, ...ROUTES, ...CODES];
