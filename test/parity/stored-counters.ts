// Module counters: counters of the script and the commands that read them.

import type { LanguageCase, Setup } from "./language-bed.ts";

export const setup: Setup = {
  head: `loadmodule "counters.so"
modparam("counters", "script_counter", "foo")
modparam("counters", "script_counter", "test.bar")
modparam("counters", "script_counter", "baz example counter")
modparam("counters", "script_counter", "test.x:another example")
modparam("counters", "script_counter", "a.b.c deep")`,
};

const rc = (name: string, run: string, show: readonly string[] = [], rpc?: LanguageCase["rpc"]): LanguageCase => ({
  name: `counters: ${name}`,
  run,
  show,
  ...(rpc === undefined ? {} : { rpc }),
});

export const cases: readonly LanguageCase[] = [
  rc("inc", 'cnt_inc("foo"); $var(rc) = $rc;', ["$var(rc) $stat(foo)"]),
  rc("inc with group", 'cnt_inc("script.foo");', ["$stat(foo)"]),
  rc("add", 'cnt_add("test.bar", 10); $var(rc) = $rc; cnt_add("test.bar", "5");', ["$var(rc) $stat(bar)"]),
  rc("add a negative number", 'cnt_add("test.bar", -3);', ["$stat(bar)"]),
  rc("add a variable", '$var(n) = 4; cnt_add("test.bar", "$var(n)");', ["$stat(bar)"]),
  rc("reset", 'cnt_inc("test.x"); cnt_reset("test.x"); $var(rc) = $rc;', ["$var(rc) $stat(x)"]),
  rc(
    "get",
    "",
    [],
    [
      ["cnt.get", "script", "foo"],
      ["cnt.get", "test", "bar"],
      ["cnt.get", "a", "b.c"],
      ["cnt.get", "nope", "foo"],
      ["cnt.get", "script", "nope"],
      ["cnt.get_raw", "script", "foo"],
      ["cnt.get", "script"],
    ],
  ),
  rc(
    "help",
    "",
    [],
    [
      ["cnt.help", "script", "foo"],
      ["cnt.help", "script", "baz"],
      ["cnt.help", "test", "x"],
      ["cnt.help", "a", "b.c"],
      ["cnt.help", "core", "rcv_requests"],
      ["cnt.help", "script", "nope"],
    ],
  ),
  rc(
    "lists",
    "",
    [],
    [
      ["cnt.list_vars", "test"],
      ["cnt.var_list", "script"],
      ["cnt.list_vars", "nope"],
      ["cnt.get_vars", "test"],
      ["cnt.grp_get_all", "script"],
      ["cnt.get_vars", "nope"],
    ],
  ),
  rc(
    "command reset",
    "",
    [],
    [
      ["cnt.reset", "test", "bar"],
      ["cnt.get", "test", "bar"],
      ["cnt.reset", "core", "rcv_requests"],
      ["cnt.get", "core", "rcv_requests"],
      ["cnt.reset", "script", "nope"],
    ],
  ),
];
