// Module htable: tables of the script, with their variables, functions and commands.

import type { LanguageCase, Setup } from "./language-bed.ts";

const table = (definition: string): string => `modparam("htable", "htable", "${definition}")`;

export const setup: Setup = {
  head: [
    'loadmodule "db_sqlite.so"',
    'loadmodule "htable.so"',
    'modparam("htable", "db_url", "sqlite:///{DIR}/db.sqlite")',
    table("a=>size=4;"),
    table("b=>size=4;autoexpire=100;"),
    table("i=>size=4;initval=7;"),
    table("u=>size=4;autoexpire=100;updateexpire=0;"),
    table("d=>size=4;dbtable=htable;"),
    table("e=>size=4;autoexpire=100;dbtable=ht_e"),
    table("p=>size=8;dbtable=packed;cols='name,one,two';"),
    table("q=>size=8;dbtable=packed;cols='name,two';"),
    ...["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14"].map((name) =>
      table(`${name}=>size=2;`),
    ),
  ].join("\n"),
  sql: `
    CREATE TABLE version (id INTEGER PRIMARY KEY, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER NOT NULL);
    INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('htable', 2), ('ht_e', 2);
    CREATE TABLE htable (id INTEGER PRIMARY KEY, key_name VARCHAR(64), key_type INTEGER DEFAULT 0, value_type INTEGER DEFAULT 0,
      key_value VARCHAR(128), expires INTEGER DEFAULT 0);
    INSERT INTO htable (key_name, key_type, value_type, key_value) VALUES ('s', 0, 0, 'text'), ('n', 0, 1, '42'),
      ('n2', 0, 1, '12x'), ('list', 1, 0, 'first'), ('list', 1, 0, 'second'), ('numbers', 1, 1, '1'), ('ns', 0, 0, '17'),
      ('twice', 0, 0, 'one'), ('twice', 0, 0, 'two');
    CREATE TABLE ht_e (id INTEGER PRIMARY KEY, key_name VARCHAR(64), key_type INTEGER DEFAULT 0, value_type INTEGER DEFAULT 0,
      key_value VARCHAR(128), expires INTEGER DEFAULT 0);
    INSERT INTO ht_e (key_name, key_type, value_type, key_value) VALUES ('x', 0, 0, 'y');
    CREATE TABLE packed (name VARCHAR(64), one VARCHAR(64), two INTEGER);
    INSERT INTO packed VALUES ('k', 'v', 5), ('k2', 'w', 6);
  `,
};

const one = (name: string, run: string, show: readonly string[] = [], rpc?: LanguageCase["rpc"]): LanguageCase => ({
  name: `htable: ${name}`,
  run,
  show,
  ...(rpc === undefined ? {} : { rpc }),
});
const FILL = (t: string): string =>
  `$sht(${t}=>abc) = 1; $sht(${t}=>abd) = "xyz"; $sht(${t}=>zbc) = "1"; $sht(${t}=>num) = 15; $sht(${t}=>x.y) = "xyw";`;
const called = (call: string): string => `${call}; $var(rc) = $rc; SAY("rc $var(rc)");`;

export const cases: readonly LanguageCase[] = [
  one("a text", '$sht(a=>{N}) = "v";', ["$sht(a=>{N})"]),
  one("a number", "$sht(a=>{N}) = 5; $var(x) = $sht(a=>{N}) + 1;", ["$sht(a=>{N}) $var(x)"]),
  one("digits as text", '$sht(a=>{N}) = "5"; $var(x) = $sht(a=>{N}) + 1;', ["$var(x)"]),
  one("not there", "", ["<$sht(a=>{N})>"]),
  one("not there is null", 'if ($sht(a=>{N}) == $null) SAY("null");'),
  one("taken away", '$sht(a=>{N}) = "v"; $sht(a=>{N}) = $null;', ["$sht(a=>{N})"]),
  one("computed key", '$var(k) = "{N}"; $sht(a=>$var(k)::x) = "v";', ["$sht(a=>{N}::x) $sht(a=>$var(k)::x)"]),
  one("key of two variables", '$sht(a=>$ci::$fU::{N}) = "v";', ["$sht(a=>language-1@127.0.0.1::alice::{N})"]),
  one("key with brackets", '$sht(a=>{N}[2]) = "v";', ["$sht(a=>{N}[2])"]),
  one("key with brackets computed", '$var(i) = 2; $sht(a=>{N}[$var(i)]) = "v";', ["$sht(a=>{N}[2])"]),
  one("key with spaces", '$sht(a=> {N} x ) = "v";', ["<$sht(a=> {N} x )> <$sht(a=>{N} x)> <$sht(a=>{N} x )>"]),
  one("spaces around the table", '$sht( a =>{N}) = "v";', ["$sht(a=>{N})"]),
  one("key with an arrow", '$sht(a=>{N}=>x) = "v";', ["$sht(a=>{N}=>x)"]),
  one("key in another case", '$sht(a=>k{N}) = "v";', ["$sht(a=>K{N})"]),
  one("empty key", '$sht(a=>) = "v";', ["$sht(a=>)"]),
  one("empty value", '$sht(a=>{N}) = "";', ["<$sht(a=>{N})>"]),
  one("no arrow", '$sht(a) = "v";', ["$sht(a)"]),
  one("no such table", '$sht(nope=>x) = "v";', ["$sht(nope=>x)"]),
  one("computed table", '$var(t) = "a"; $sht($var(t)=>{N}) = "v";', ["$sht(a=>{N})"]),
  one("initval", "$var(x) = $sht(i=>{N}) + 1;", ["$sht(i=>{N}) $var(x)"]),
  one("initval and null", 'if ($sht(i=>{N}) == $null) SAY("null"); else SAY("there");'),
  one("initval after inc", "$var(x) = $shtinc(i=>{N});", ["$var(x) $sht(i=>{N})"]),
  one("initval after dec", "$var(x) = $shtdec(i=>{N});", ["$var(x) $sht(i=>{N})"]),
  one("inc of nothing", "$var(x) = $shtinc(a=>{N});", ["$var(x) $sht(a=>{N})"]),
  one("inc twice", "$sht(a=>{N}) = 5; $var(x) = $shtinc(a=>{N}); $var(x) = $shtinc(a=>{N});", ["$var(x)"]),
  one("dec", "$sht(a=>{N}) = 5; $var(x) = $shtdec(a=>{N});", ["$var(x) $sht(a=>{N})"]),
  one("dec of nothing", "$var(x) = $shtdec(a=>{N});", ["$var(x) $sht(a=>{N})"]),
  one("inc of a text", '$sht(a=>{N}) = "abc"; $var(x) = $shtinc(a=>{N});', ["$var(x) $sht(a=>{N})"]),
  one("inc of digits", '$sht(a=>{N}) = "5"; $var(x) = $shtinc(a=>{N});', ["$var(x) $sht(a=>{N})"]),
  one("inc overflows", "$sht(a=>{N}) = 2147483647; $var(x) = $shtinc(a=>{N});", ["$var(x)"]),
  one("inc cannot be set", "$shtinc(a=>{N}) = 5;", ["$sht(a=>{N})"]),
  one("copied", '$sht(a=>{N}) = "v"; $avp(x) = $sht(a=>{N}); $sht(a=>{N}) = $null;', ["$avp(x)"]),
  one("from a header", "$sht(a=>{N}) = $hdr(Subject);", ["$sht(a=>{N})"]),
  // expiry
  one("no expiry", '$sht(a=>{N}) = "v";', ["$shtex(a=>{N})"]),
  one("expiry of the table", '$sht(b=>{N}) = "v";', ["$shtex(b=>{N})"]),
  one("expiry of nothing", "", ["$shtex(b=>{N})"]),
  one("expiry set", '$sht(b=>{N}) = "v"; $shtex(b=>{N}) = 500;', ["$shtex(b=>{N}) $sht(b=>{N})"]),
  one("expiry set without autoexpire", '$sht(a=>{N}) = "v"; $shtex(a=>{N}) = 500;', ["$shtex(a=>{N}) $sht(a=>{N})"]),
  one("expiry set of nothing", "$shtex(b=>{N}) = 500;", ["$shtex(b=>{N}) $sht(b=>{N})"]),
  one("expiry 0", '$sht(b=>{N}) = "v"; $shtex(b=>{N}) = 0; if ($shtex(b=>{N}) == 0) SAY("stays");', ["$sht(b=>{N})"]),
  one("expiry -1", '$sht(b=>{N}) = "v"; $shtex(b=>{N}) = -1; if ($shtex(b=>{N}) == 0) SAY("stays");', ["$sht(b=>{N})"]),
  one("expiry null", '$sht(b=>{N}) = "v"; $shtex(b=>{N}) = $null; if ($shtex(b=>{N}) == 0) SAY("stays");', [
    "$sht(b=>{N})",
  ]),
  one("expiry text", '$sht(b=>{N}) = "v"; $shtex(b=>{N}) = "500"; if ($shtex(b=>{N}) == 500) SAY("500");'),
  one("update resets", '$sht(b=>{N}) = "v"; $shtex(b=>{N}) = 500; $sht(b=>{N}) = "w";', ["$shtex(b=>{N})"]),
  one("updateexpire=0", '$sht(u=>{N}) = "v"; $shtex(u=>{N}) = 500; $sht(u=>{N}) = "w";', ["$shtex(u=>{N})"]),
  one("updateexpire=0 and inc", "$sht(u=>{N}) = 1; $shtex(u=>{N}) = 500; $var(x) = $shtinc(u=>{N});", [
    "$shtex(u=>{N})",
  ]),
  one("inc resets", "$sht(b=>{N}) = 1; $shtex(b=>{N}) = 500; $var(x) = $shtinc(b=>{N});", ["$shtex(b=>{N})"]),
  one("sht_setxs", called('sht_setxs("b", "{N}", "abc", "10")'), ["$sht(b=>{N}) $shtex(b=>{N})"]),
  one("sht_setxs without autoexpire", called('sht_setxs("a", "{N}", "abc", "10")'), ["$sht(a=>{N}) $shtex(a=>{N})"]),
  one("sht_setxi", called('sht_setxi("b", "{N}", "100", "10")'), ["$sht(b=>{N}) $shtex(b=>{N})"]),
  one("sht_setxi of variables", `$var(v) = 3; ${called('sht_setxi("b", "{N}", "$var(v)", "$var(v)")')}`, [
    "$sht(b=>{N}) $shtex(b=>{N})",
  ]),
  one("sht_setxs no table", called('sht_setxs("nope", "{N}", "abc", "10")')),
  // counting
  one("count all", FILL("c1"), ["$shtcn(c1=>**) $shtcv(c1=>**)"]),
  one("count by regular expression", FILL("c2"), ["$shtcn(c2=>a.*) $shtcn(c2=>~~^.b) $shtcn(c2=>nope) $shtcn(c2=>b)"]),
  one("count by prefix", FILL("c3"), ["$shtcn(c3=>~%ab) $shtcn(c3=>%~bc) $shtcn(c3=>==abc) $shtcn(c3=>eq1)"]),
  one("count values", FILL("c4"), [
    "$shtcv(c4=>x.*) $shtcv(c4=>~~1) $shtcv(c4=>~%xy) $shtcv(c4=>%~yz) $shtcv(c4=>==1) $shtcv(c4=>eq1) $shtcv(c4=>eq15)",
  ]),
  one("count with a variable", `${FILL("c5")} $var(p) = "a";`, ["$shtcn(c5=>$var(p).*) $shtcn(c5=>==$var(p)bc)"]),
  one("count in no table", "", ["$shtcn(nope=>**)"]),
  // removing
  one("sht_rm", `$sht(a=>{N}) = 1; ${called('sht_rm("a", "{N}")')}`, ["$sht(a=>{N})"]),
  one("sht_rm of nothing", called('sht_rm("a", "{N}")')),
  one("sht_rm no table", called('sht_rm("nope", "{N}")')),
  one("sht_rm_name_re", `${FILL("c6")} ${called('sht_rm_name_re("c6=>^ab.*")')}`, ["$shtcn(c6=>**) $sht(c6=>abc)"]),
  one("sht_rm_name_re, nothing matches", `${FILL("c6")} ${called('sht_rm_name_re("c6=>nope")')}`, ["$shtcn(c6=>**)"]),
  one("sht_rm_value_re", `${FILL("c7")} ${called('sht_rm_value_re("c7=>^x")')}`, ["$shtcn(c7=>**) $sht(c7=>abd)"]),
  one("sht_rm_value_re of numbers", `${FILL("c7")} ${called('sht_rm_value_re("c7=>1")')}`, [
    "$shtcn(c7=>**) $sht(c7=>abc) $sht(c7=>zbc) $sht(c7=>num)",
  ]),
  one("sht_rm_name re", `${FILL("c8")} ${called('sht_rm_name("c8", "re", "^a")')}`, ["$shtcn(c8=>**)"]),
  one("sht_rm_name sw", `${FILL("c8")} ${called('sht_rm_name("c8", "sw", "zb")')}`, ["$shtcn(c8=>**)"]),
  one("sht_rm_name ew", `${FILL("c8")} ${called('sht_rm_name("c8", "ew", "bc")')}`, ["$shtcn(c8=>**)"]),
  one("sht_rm_name in", `${FILL("c8")} ${called('sht_rm_name("c8", "in", "b")')}`, ["$shtcn(c8=>**)"]),
  one("sht_rm_name other", `${FILL("c8")} ${called('sht_rm_name("c8", "zz", "b")')}`, ["$shtcn(c8=>**)"]),
  one("sht_rm_name bad pattern", `${FILL("c8")} ${called('sht_rm_name("c8", "re", "(")')}`, ["$shtcn(c8=>**)"]),
  one("sht_rm_name no table", called('sht_rm_name("nope", "re", "b")')),
  one("sht_rm_value re", `${FILL("c9")} ${called('sht_rm_value("c9", "re", "^x")')}`, ["$shtcn(c9=>**)"]),
  one("sht_rm_value sw", `${FILL("c9")} ${called('sht_rm_value("c9", "sw", "1")')}`, ["$shtcn(c9=>**)"]),
  one("sht_reset", `${FILL("c10")} ${called('sht_reset("c10")')}`, ["$shtcn(c10=>**)"]),
  one("sht_reset computed", `${FILL("c10")} $var(t) = "10"; ${called('sht_reset("c$var(t)")')}`, ["$shtcn(c10=>**)"]),
  one("sht_reset no table", called('sht_reset("nope")')),
  // locks
  one("lock and unlock", `${called('sht_lock("a=>{N}")')} $sht(a=>{N}) = 1; ${called('sht_unlock("a=>{N}")')}`, [
    "$sht(a=>{N})",
  ]),
  one("lock twice", `sht_lock("a=>{N}"); sht_lock("a=>{N}"); sht_unlock("a=>{N}"); ${called('sht_unlock("a=>{N}")')}`),
  one("lock no table", called('sht_lock("nope=>x")')),
  one(
    "lock with a variable",
    `$var(k) = "x"; ${called('sht_lock("a=>$var(k)")')} ${called('sht_unlock("a=>$var(k)")')}`,
  ),
  one("print", called("sht_print()")),
  // iterators
  one(
    "iterator of one",
    `$sht(c11=>k) = "v"; ${called('sht_iterator_start("i1", "c11")')} ${called('sht_iterator_next("i1")')} SAY("$shtitkey(i1) $shtitval(i1)"); ${called('sht_iterator_next("i1")')} SAY("$shtitkey(i1) $shtitval(i1)"); ${called('sht_iterator_end("i1")')}`,
  ),
  one(
    "iterator counts",
    `${FILL("c12")} $var(n) = 0; sht_iterator_start("i1", "c12"); while (sht_iterator_next("i1")) { $var(n) = $var(n) + 1; } sht_iterator_end("i1");`,
    ["$var(n)"],
  ),
  one(
    "iterator before next",
    `sht_iterator_start("i1", "c11"); SAY("$shtitkey(i1) $shtitval(i1)"); sht_iterator_end("i1");`,
  ),
  one("iterator not started", `${called('sht_iterator_next("nope")')} ${called('sht_iterator_end("nope")')}`, [
    "$shtitkey(nope)",
  ]),
  one("iterator of no table", called('sht_iterator_start("i1", "nope")')),
  one(
    "iterator started twice",
    `sht_iterator_start("i1", "c11"); ${called('sht_iterator_start("i1", "c11")')} ${called('sht_iterator_next("i1")')} sht_iterator_end("i1");`,
  ),
  one(
    "five iterators",
    `sht_iterator_start("i1", "c11"); sht_iterator_start("i2", "c11"); sht_iterator_start("i3", "c11"); sht_iterator_start("i4", "c11"); ${called('sht_iterator_start("i5", "c11")')} sht_iterator_end("i1"); sht_iterator_end("i2"); sht_iterator_end("i3"); sht_iterator_end("i4"); sht_iterator_end("i5");`,
  ),
  one(
    "iterator_rm",
    `${FILL("c13")} $var(n) = 0; sht_iterator_start("i1", "c13"); while (sht_iterator_next("i1")) { while ($shtitkey(i1) =~ "b" and sht_iterator_rm("i1")) { $var(n) = $var(n) + 1; } } sht_iterator_end("i1");`,
    ["$shtcn(c13=>**) $sht(c13=>num)"],
  ),
  one(
    "iterator_rm of the only one",
    `sht_reset("c13"); $sht(c13=>k) = 1; sht_iterator_start("i1", "c13"); sht_iterator_next("i1"); ${called('sht_iterator_rm("i1")')} ${called('sht_iterator_rm("i1")')} sht_iterator_end("i1");`,
    ["$shtcn(c13=>**)"],
  ),
  one(
    "iterator_sets",
    `sht_reset("c13"); $sht(c13=>k) = 1; sht_iterator_start("i1", "c13"); sht_iterator_next("i1"); ${called('sht_iterator_sets("i1", "new $ci")')} SAY("$shtitval(i1)"); sht_iterator_end("i1");`,
    ["$sht(c13=>k)"],
  ),
  one(
    "iterator_seti",
    `sht_reset("c13"); $sht(c13=>k) = "x"; sht_iterator_start("i1", "c13"); sht_iterator_next("i1"); ${called('sht_iterator_seti("i1", "20")')} sht_iterator_end("i1"); $var(x) = $sht(c13=>k) + 1;`,
    ["$var(x)"],
  ),
  one(
    "iterator_setex",
    `$sht(b=>it) = "x"; sht_iterator_start("i1", "b"); sht_iterator_next("i1"); ${called('sht_iterator_setex("i1", "1000")')} $var(k) = $shtitkey(i1); sht_iterator_end("i1");`,
    ["$shtex(b=>$var(k))"],
  ),
  one(
    "iterator_sets without a place",
    `sht_iterator_start("i1", "c11"); ${called('sht_iterator_sets("i1", "x")')} ${called('sht_iterator_seti("i1", "5")')} ${called('sht_iterator_setex("i1", "5")')} ${called('sht_iterator_rm("i1")')} sht_iterator_end("i1");`,
  ),
  // asking
  ...["eq abc", "eq ab", "ne abc", "re ^a", "re nope", "sw ab", "sw bc", "zz a", "ew bc"].map((text) => {
    const [op, value] = text.split(" ");
    return one(`match name ${text}`, `${FILL("c14")} ${called(`sht_match_name("c14", "${op}", "${value}")`)}`);
  }),
  ...["eq xyz", "eq 15", "ne xyz", "re ^x", "re nope", "re 5", "sw xy", "sw 1", "zz a"].map((text) => {
    const [op, value] = text.split(" ");
    return one(`match value ${text}`, `${FILL("c14")} ${called(`sht_match_str_value("c14", "${op}", "${value}")`)}`);
  }),
  one(
    "has name",
    `${FILL("c14")} ${called('sht_has_name("c14", "eq", "abc")')} ${called('sht_has_str_value("c14", "sw", "xy")')}`,
  ),
  one("match no table", called('sht_match_name("nope", "eq", "a")')),
  one("record outside", "", ["$shtrecord(key) $shtrecord(value)"]),
  one("record of another name", "", ["$shtrecord(nope)"]),
  // database
  one("loaded", "$var(x) = $sht(d=>n) + 1; $var(y) = $sht(d=>ns) + 1;", [
    "$sht(d=>s) $var(x) $sht(d=>n2) $var(y) $sht(d=>twice)",
  ]),
  one("loaded lists", "", [
    "$sht(d=>list[0]) $sht(d=>list[1]) $sht(d=>list[2]) $sht(d=>list) $sht(d=>list::size) $sht(d=>numbers[0]) $sht(d=>numbers::size)",
  ]),
  one("loaded with expiry", 'if ($shtex(e=>x) > 80) SAY("$sht(e=>x)");'),
  one("packed columns", "$var(x) = $sht(q=>k) + 1;", ["$sht(p=>k) $(sht(p=>k2){s.select,1,,}) $sht(q=>k) $var(x)"]),
  // commands
  one(
    "command get",
    '$sht(a=>{N}rpc) = "v";',
    [],
    [
      ["htable.get", "a", "nope"],
      ["htable.get", "nope", "x"],
    ],
  ),
  one("command get a text", '$sht(a=>rpc1) = "v";', [], [["htable.get", "a", "rpc1"]]),
  one("command get a number", "$sht(a=>rpc2) = 5;", [], [["htable.get", "a", "rpc2"]]),
  one("command get of initval", "", [], [["htable.get", "i", "rpcx"]]),
  one(
    "command set",
    "",
    [],
    [
      ["htable.sets", "a", "rpc3", "abc"],
      ["htable.get", "a", "rpc3"],
      ["htable.seti", "a", "rpc4", 12],
      ["htable.get", "a", "rpc4"],
      ["htable.sets", "nope", "rpc4", "12"],
      ["htable.seti", "nope", "rpc4", 12],
    ],
  ),
  one(
    "command setex",
    "",
    [],
    [
      ["htable.sets", "b", "rpc5", "abc"],
      ["htable.setex", "b", "rpc5", 1000],
      ["htable.setex", "b", "nope", 1000],
      ["htable.setex", "nope", "rpc5", 1000],
      ["htable.setxs", "b", "rpc6", "abc", 1000],
      ["htable.setxi", "b", "rpc7", 5, 1000],
      ["htable.get", "b", "rpc7"],
      ["htable.setxs", "nope", "rpc6", "abc", 1000],
    ],
  ),
  one("command set expiry seen", "", ["$shtex(b=>rpc5) $shtex(b=>rpc6) $shtex(b=>rpc7)"]),
  one(
    "command delete",
    "$sht(a=>rpc8) = 1;",
    [],
    [
      ["htable.delete", "a", "rpc8"],
      ["htable.delete", "a", "rpc8"],
      ["htable.delete", "nope", "rpc8"],
      ["htable.get", "a", "rpc8"],
    ],
  ),
  one(
    "command dump",
    'sht_reset("c1"); $sht(c1=>k) = "v";',
    [],
    [
      ["htable.dump", "c1"],
      ["htable.dump", "nope"],
    ],
  ),
  one("command dump a number", 'sht_reset("c1"); $sht(c1=>k) = 5;', [], [["htable.dump", "c1"]]),
  one("command dump of nothing", 'sht_reset("c1");', [], [["htable.dump", "c1"]]),
  one(
    "command flush",
    '$sht(c1=>k) = "v";',
    [],
    [
      ["htable.flush", "c1"],
      ["htable.dump", "c1"],
      ["htable.flush", "nope"],
    ],
  ),
  one(
    "command reload",
    '$sht(d=>s) = "changed"; $sht(d=>more) = 1;',
    [],
    [
      ["htable.reload", "d"],
      ["htable.get", "d", "s"],
      ["htable.get", "d", "more"],
      ["htable.reload", "a"],
      ["htable.reload", "nope"],
    ],
  ),
  one(
    "command store",
    '$sht(e=>{N}) = "kept"; $sht(e=>n) = 5;',
    [],
    [
      ["htable.store", "e"],
      ["htable.store", "a"],
      ["htable.store", "nope"],
      ["htable.store", "p"],
      ["htable.flush", "e"],
      ["htable.reload", "e"],
      ["htable.get", "e", "n"],
      ["htable.get", "e", "x"],
    ],
  ),
  one(
    "command arguments",
    "",
    [],
    [["htable.get"], ["htable.get", "a"], ["htable.seti", "a", "x", "abc"], ["htable.dump"]],
  ),
  one("command listTables", "", [], [["htable.listTables"]]),
];
