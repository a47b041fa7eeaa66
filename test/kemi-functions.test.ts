// Every function that Kamailio 5.6.3 shows to scripts in other languages (parity/kemi-functions.tsv, as its command app_lua.api_list printed them)
// is there: with its number of parameters, their kinds, and what it gives.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Api } from "../src/languages/api.ts";
import { modules } from "../src/modules/index.ts";
import type { Arg } from "../src/registry/args.ts";
import type { ModuleHost } from "../src/registry/module-host.ts";

const nobody = null as unknown as ModuleHost;
const generation = [...modules.values()].map((module) => ({ module, instance: null, host: nobody }));
const api = new Api(generation, {
  reader: () => () => "",
  variable: () => ({ get: () => null }),
  routeNumber: () => 1,
});

const ROWS = readFileSync(new URL("./parity/kemi-functions.tsv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t") as [string, string, string, string]);

/**
 * Where a parameter is a text there and a number here, or the other way round: that is no difference to a script, since a number is taken as its
 * text and a text that is a number as that number.
 */
const OTHER_KINDS: readonly string[] = [
  "auth_db.auth_check",
  "auth_db.is_subscriber",
  "blst.blst_clear_ignore",
  "blst.blst_rpl_clear_ignore",
  "blst.blst_rpl_set_ignore",
  "blst.blst_set_ignore",
  "core.set_advertised_port",
  "debugger.dbg_pv_dump_ex",
  "htable.sht_iterator_seti",
  "htable.sht_setxi",
  "permissions.allow_address",
  "permissions.allow_address_group",
  "permissions.allow_source_address",
  "registrar.registered_action",
  "registrar.registered_flags",
  "registrar.save",
  "registrar.save_uri",
  "sl.sl_forward_reply",
  "tm.t_relay_to_proxy_flags",
  "tmx.t_cancel_callid",
  "tmx.t_cancel_callid_reason",
  "tmx.t_reply_callid",
  "xhttp.xhttp_reply",
];

const kindOf = (arg: Arg<unknown>): string => (arg.kind === "int" ? "int" : "str");

test.each(ROWS)("KSR.%s.%s(%s)", (module, name, parameters, gives) => {
  const call = api.groups.get(module === "core" ? "" : module)?.get(name);
  expect(call, "is there").toBeDefined();
  const kinds = parameters === "none" ? [] : parameters.split(", ");
  expect(call!.args.filter((arg) => !arg.optional).length).toBeLessThanOrEqual(kinds.length);
  expect(call!.args.length).toBeGreaterThanOrEqual(kinds.length);
  expect(call!.gives).toBe(gives === "xval" ? "value" : gives);
  const same = call!.args.slice(0, kinds.length).every((arg, i) => kindOf(arg) === kinds[i]);
  expect(same, "kinds of parameters").toBe(!OTHER_KINDS.includes(`${module}.${name}`));
});
