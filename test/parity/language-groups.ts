// Custom global parameters: how they are written, read by @cfg_get and $sel(cfg_get…), and instances of their groups.

import type { LanguageCase } from "./language-bed.ts";

const GET = "$sel(cfg_get.g{N}.a)";
const reads = (name: string, blocks: string, run = "", show: readonly string[] = [GET]): LanguageCase => ({
  name: `groups: ${name}`,
  blocks,
  run,
  show,
});
const TWO = 'g{N}.a = "one"\ng{N}[3].a = "three"';

export const cases: readonly LanguageCase[] = [
  reads("a text", 'g{N}.a = "1.2.3.4" desc "x"', "$var(x) = @cfg_get.g{N}.a;", [
    `$var(x) ${GET} $sel(@cfg_get.g{N}.a)`,
  ]),
  reads(
    "a number is read as text",
    "g{N}.a = 5",
    "$var(x) = @cfg_get.g{N}.a + 1; $var(y) = $sel(cfg_get.g{N}.a) + 1;",
    [`$var(x) $var(y) ${GET}`],
  ),
  reads(
    "compared",
    "g{N}.a = 5",
    `if (@cfg_get.g{N}.a == 5) SAY("number"); if (@cfg_get.g{N}.a == "5") SAY("text"); if (${GET} > 4) SAY("greater");`,
  ),
  reads("a word for a number", "g{N}.a = yes"),
  reads("off", "g{N}.a = off"),
  reads("description", 'g{N}.a = 5 description "x"'),
  reads("descr", 'g{N}.a = 5 descr "x"'),
  reads("an empty text", 'g{N}.a = ""', "", [`<${GET}>`]),
  reads("a semicolon", "g{N}.a = 5;"),
  reads("two in a group", 'g{N}.a = 5\ng{N}.b = "s"', "", [`${GET} $sel(cfg_get.g{N}.b)`]),
  reads("hexadecimal", "g{N}.a = 0x10"),
  reads("joined texts", 'g{N}.a = "x" "y"'),
  reads("with a transformation", 'g{N}.a = "abc"', "", ["$(sel(cfg_get.g{N}.a){s.len})"]),
  reads("not there", "g{N}.a = 5", "", ["$sel(cfg_get.g{N}.b)"]),
  reads("no such group", "g{N}.a = 5", "", ["$sel(cfg_get.no{N}.b)"]),
  reads("given twice", "g{N}.a = 5\ng{N}.a = 6"),
  reads("negative", "g{N}.a = -5"),
  reads("a word", "g{N}.a = word"),
  reads("a sum", "g{N}.a = 1 + 2"),
  reads("joined by plus", 'g{N}.a = "a" + "b"'),
  reads("group in quotes", '"g{N}".a = 5'),
  reads("name in quotes", 'g{N}."a" = 5'),
  reads("group of a module", "maxfwd.foo{N} = 5", "", ["x"]),
  reads("parameter of a module", "maxfwd.max_limit = 30", "", ["x"]),
  reads("parameter of the core", "core.debug = 1", "", ["x"]),
  reads("keyword as a name", "g{N}.port = 5", "", ["$sel(cfg_get.g{N}.port)"]),
  reads("name computed", "g{N}.a = 5", '$var(n) = "a";', ["$sel(cfg_get.g{N}.$var(n))"]),
  reads("of a module", "", "", ["$sel(cfg_get.maxfwd.max_limit) $sel(cfg_get.core.udp_mtu)"]),
  // instances
  reads("instance", TWO, `$var(a) = ${GET}; cfg_select("g{N}", 3); $var(b) = ${GET}; cfg_reset("g{N}");`, [
    `$var(a) $var(b) ${GET}`,
  ]),
  reads("instance not there", TWO, 'if (cfg_select("g{N}", 4)) SAY("yes"); else SAY("no");'),
  reads("instance not there keeps the one before", TWO, 'cfg_select("g{N}", 3); cfg_select("g{N}", 4);'),
  reads("instance by a variable", TWO, '$var(i) = 3; cfg_select("g{N}", $var(i));'),
  reads("instance as condition", TWO, 'if (cfg_select("g{N}", 3)) SAY("yes"); if (cfg_reset("g{N}")) SAY("reset");'),
  reads(
    "instance in a called route",
    `${TWO}\nroute[X{N}] { SAY("${GET}"); cfg_reset("g{N}"); }`,
    ['cfg_select("g{N}", 3); route(X{N});'].join(""),
  ),
  reads("instance of the case before is over", TWO),
  reads("instance gives one of two", 'g{N}.a = "one"\ng{N}.b = 2\ng{N}[3].a = "three"', 'cfg_select("g{N}", 3);', [
    `${GET} $sel(cfg_get.g{N}.b)`,
  ]),
  reads("instance before its common value", 'g{N}[3].a = "three"\ng{N}.a = "one"', 'cfg_select("g{N}", 3);'),
  reads("instance 0", 'g{N}.a = "one"\ng{N}[0].a = "zero"', 'cfg_select("g{N}", 0);'),
  reads("instance without a common value", 'g{N}[3].a = "three"', 'cfg_select("g{N}", 3);'),
  reads("instance of another type", 'g{N}.a = 1\ng{N}[3].a = "three"', 'cfg_select("g{N}", 3);'),
  reads("instance in the select", TWO, "", ["$sel(cfg_get.g{N}[3].a)"]),
  reads("select of no group", TWO, 'cfg_select("no{N}", 3);'),
  reads("reset of no group", TWO, 'cfg_reset("no{N}");'),
  reads("reset without a choice", TWO, 'cfg_reset("g{N}");'),
];
