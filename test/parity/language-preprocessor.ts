// The preprocessor: conditions, definitions, substitutions.

import type { LanguageCase } from "./language-bed.ts";

const region = (directive: string): string => `\n${directive}\nSAY("yes");\n#!else\nSAY("no");\n#!endif\n`;

const CASES: readonly LanguageCase[] = [
  // definitions
  { name: "define twice, same", blocks: "#!define A{N} 1\n#!define A{N} 1", run: "$var(x) = A{N};", show: ["$var(x)"] },
  {
    name: "define twice, other",
    blocks: "#!define A{N} 1\n#!define A{N} 2",
    run: "$var(x) = A{N};",
    show: ["$var(x)"],
  },
  { name: "redefine", blocks: "#!define A{N} 1\n#!redefine A{N} 2", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "redef", blocks: "#!define A{N} 1\n#!redef A{N} 2", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "redefine what is not there", blocks: "#!redefine A{N} 2", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "redefine without value", blocks: "#!define A{N} 1\n#!redefine A{N}", run: region("#!ifdef A{N}") },
  { name: "trydefine", blocks: "#!define A{N} 1\n#!trydefine A{N} 2", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "trydef", blocks: "#!trydef A{N} 2\n#!trydef A{N} 3", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "def", blocks: "#!def A{N} 2", run: "$var(x) = A{N};", show: ["$var(x)"] },
  {
    name: "define of a define",
    blocks: "#!define A{N} 1\n#!define B{N} A{N}",
    run: "$var(x) = B{N};",
    show: ["$var(x)"],
  },
  {
    name: "define of a later define",
    blocks: "#!define B{N} A{N}\n#!define A{N} 1",
    run: "$var(x) = B{N};",
    show: ["$var(x)"],
  },
  { name: "define of itself", blocks: "#!define A{N} A{N}", run: "$var(x) = A{N};", show: ["$var(x)"] },
  {
    name: "define in a longer define",
    blocks: "#!define A{N} 1\n#!define B{N} A{N} + 1",
    run: "$var(x) = B{N};",
    show: ["$var(x)"],
  },
  {
    name: "define three deep",
    blocks: "#!define A{N} 4\n#!define B{N} A{N}\n#!define C{N} B{N}",
    run: "$var(x) = C{N};",
    show: ["$var(x)"],
  },
  {
    name: "define over lines",
    blocks: "#!define A{N} $var(x) = 1; \\\n  $var(y) = 2;",
    run: "A{N}",
    show: ["$var(x) $var(y)"],
  },
  { name: "define with a comment", blocks: "#!define A{N} 1 # one", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "define with a slash comment", blocks: "#!define A{N} 1 // one", run: "$var(x) = A{N};", show: ["$var(x)"] },
  {
    name: "define with a text that has spaces",
    blocks: '#!define A{N} "a  b"',
    run: "$var(x) = A{N};",
    show: ["$var(x)"],
  },
  { name: "define in a text stays", blocks: "#!define INTEXT 1", run: '$var(x) = "INTEXT";', show: ["$var(x)"] },
  { name: "define as part of a word", blocks: "#!define A{N} 1", run: "$var(A{N}x) = 3;", show: ["$var(A{N}x)"] },
  {
    name: "define as the name of a route",
    blocks: 'route[R{N}] { SAY("here"); }\n#!define A{N} R{N}',
    run: "route(A{N});",
  },
  {
    name: "define as a name of a block",
    blocks: '#!define A{N} R{N}\nroute[A{N}] { SAY("here"); }',
    run: "route(R{N});",
  },
  {
    name: "define in parentheses of a variable",
    blocks: "#!define A{N} name",
    run: "$var(A{N}) = 1;",
    show: ["$var(A{N}) $var(name)"],
  },
  { name: "define with leading blanks", blocks: "  #!define A{N} 1", run: "$var(x) = A{N};", show: ["$var(x)"] },
  {
    name: "define with a blank behind the mark",
    blocks: "#! define A{N} 1",
    run: "$var(x) = A{N};",
    show: ["$var(x)"],
  },
  { name: "define with two marks", blocks: "!!define A{N} 1", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "define with a tab", blocks: "#!define\tA{N}\t1", run: "$var(x) = A{N};", show: ["$var(x)"] },
  { name: "define with a digit first", blocks: "#!define {N}A 1", run: region("#!ifdef {N}A") },
  { name: "define with a hyphen", blocks: "#!define A-{N} 1", run: region("#!ifdef A-{N}") },
  { name: "ifdef", blocks: "#!define A{N}", run: region("#!ifdef A{N}") },
  { name: "ifndef", blocks: "#!define A{N}", run: region("#!ifndef A{N}") },
  { name: "ifdef not there", run: region("#!ifdef A{N}") },
  {
    name: "ifdef nested in what is left out",
    run: '\n#!ifdef A{N}\n#!ifdef B{N}\nSAY("a");\n#!else\nSAY("b");\n#!endif\n#!else\nSAY("c");\n#!endif\n',
  },
  {
    name: "ifdef nested in what is taken",
    blocks: "#!define A{N}",
    run: '\n#!ifdef A{N}\n#!ifdef B{N}\nSAY("a");\n#!else\nSAY("b");\n#!endif\n#!else\nSAY("c");\n#!endif\n',
  },
  {
    name: "ifexp nested in what is left out",
    run: '\n#!ifdef A{N}\n#!ifexp 1\nSAY("a");\n#!endif\n#!else\nSAY("c");\n#!endif\n',
  },
  { name: "define in what is left out", blocks: "#!ifdef NO{N}\n#!define A{N}\n#!endif", run: region("#!ifdef A{N}") },
  { name: "ifdef of a loaded module", run: region("#!ifdef MOD_xlog") },
  // substitutions
  {
    name: "subst once",
    blocks: '#!subst "/ONCEONLY/bbb/"',
    run: '$var(x) = "-ONCEONLY-ONCEONLY-";',
    show: ["$var(x)"],
  },
  { name: "subst all", blocks: '#!subst "/AAA{N}/bbb/g"', run: '$var(x) = "-AAA{N}-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst any case", blocks: '#!subst "/AAA{N}/bbb/i"', run: '$var(x) = "-aaa{N}-";', show: ["$var(x)"] },
  { name: "subst with a group", blocks: '#!subst "/A(A+){N}/<\\1>/"', run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst with !", blocks: '#!subst "!AAA{N}!b/b!g"', run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst with :", blocks: '#!subst ":AAA{N}:bbb:"', run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst with @", blocks: '#!subst "@AAA{N}@bbb@"', run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst with |", blocks: '#!subst "|AAA{N}|bbb|"', run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst with #", blocks: '#!subst "#AAA{N}#bbb#"', run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst with x", blocks: '#!subst "xAAA{N}xbbbx"', run: '$var(y) = "-AAA{N}-";', show: ["$var(y)"] },
  {
    name: "subst with escaped delimiter",
    blocks: '#!subst "/AAA{N}/b\\/b/"',
    run: '$var(x) = "-AAA{N}-";',
    show: ["$var(x)"],
  },
  { name: "subst to nothing", blocks: '#!subst "/AAA{N}//"', run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst in single quotes", blocks: "#!subst '/AAA{N}/bbb/'", run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  { name: "subst without quotes", blocks: "#!subst /AAA{N}/bbb/", run: '$var(x) = "-AAA{N}-";', show: ["$var(x)"] },
  {
    name: "subst reaches single quotes",
    blocks: '#!subst "/AAA{N}/bbb/"',
    run: "$var(x) = '-AAA{N}-';",
    show: ["$var(x)"],
  },
  {
    name: "subst reaches values of defines",
    blocks: '#!define D{N} "AAA{N}"\n#!subst "/AAA{N}/bbb/"',
    run: "$var(x) = D{N};",
    show: ["$var(x)"],
  },
  {
    name: "subst twice",
    blocks: '#!subst "/AAA{N}/BBB{N}/"\n#!subst "/BBB{N}/ccc/"',
    run: '$var(x) = "AAA{N}";',
    show: ["$var(x)"],
  },
  {
    name: "substdef",
    blocks: '#!substdef "/AAA{N}/12/"',
    run: '$var(x) = AAA{N}; $var(y) = "<AAA{N}>";',
    show: ["$var(x) $var(y)"],
  },
  {
    name: "substdefs",
    blocks: '#!substdefs "/AAA{N}/12/"',
    run: '$var(x) = AAA{N} + "a"; $var(y) = "<AAA{N}>";',
    show: ["$var(x) $var(y)"],
  },
  {
    name: "substdef with !",
    blocks: '#!substdef "!AAA{N}!sip:a/b!g"',
    run: '$var(y) = "<AAA{N}>";',
    show: ["$var(y)"],
  },
  { name: "substdefs with !", blocks: '#!substdefs "!AAA{N}!sip:a/b!g"', run: "$var(y) = AAA{N};", show: ["$var(y)"] },
  { name: "substdef of no name", blocks: '#!substdef "/A[A]{N}/12/"', run: '$var(y) = "<AA{N}>";', show: ["$var(y)"] },
  { name: "substdef to nothing", blocks: '#!substdef "/AAA{N}//"', run: region("#!ifdef AAA{N}") },
  {
    name: "substdef with a variable of the environment",
    blocks: '#!substdefs "!AAA{N}!<$env(NOT_SET_{N})>!g"',
    run: "$var(x) = AAA{N};",
    show: ["$var(x)"],
  },
  // words that are directives to some
  { name: "unknown directive", blocks: "#!nothing A{N} 1", run: 'SAY("on");' },
  { name: "a comment that looks like one", blocks: "# !define A{N} 1", run: region("#!ifdef A{N}") },
  { name: "import of a missing file", blocks: 'import_file "no-such-file-{N}.cfg"', run: 'SAY("on");' },
  { name: "import directive of a missing file", blocks: '#!import_file "no-such-file-{N}.cfg"', run: 'SAY("on");' },
  { name: "include of a missing file", blocks: 'include_file "no-such-file-{N}.cfg"', run: 'SAY("on");' },
  { name: "defenv not set", blocks: "#!defenv NOT_SET_{N}", run: region("#!ifdef NOT_SET_{N}") },
  { name: "trydefenv not set", blocks: "#!trydefenv NOT_SET_{N}", run: region("#!ifdef NOT_SET_{N}") },
  { name: "trydefenvs not set", blocks: "#!trydefenvs A{N}=NOT_SET_{N}", run: region("#!ifdef A{N}") },
];

// Conditions and expressions came with Kamailio 5.7: here they are known already.
const LATER: readonly LanguageCase[] = [
  { name: "ifexp", blocks: "#!define A{N} 5", run: region("#!ifexp A{N} > 4 && defined A{N}") },
  { name: "defexp", blocks: "#!define A{N} 5\n#!defexp B{N} A{N} + 1", run: "$var(x) = B{N};", show: ["$var(x)"] },
  { name: "defexps", blocks: '#!defexps B{N} "a" + "b"', run: "$var(x) = B{N};", show: ["$var(x)"] },
];

export const cases: readonly LanguageCase[] = [...CASES, ...LATER].map((c) => ({
  ...c,
  name: `preprocessor: ${c.name}`,
}));
