// A parameter that is accepted but changes nothing says so where it is set.

import { expect, test } from "vitest";
import { modules as ALL_MODULES } from "../../src/modules/index.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

test("setting a parameter without effect is a warning with its place; its default is not", async () => {
  const lines = ['modparam("usrloc", "hash_size", 12)', 'modparam("tm", "delete_timer", 5)'];
  const quiet = ['modparam("usrloc", "db_ops_ruid", 1)', 'modparam("registrar", "max_contacts", 5)'];
  const config = `${modules("auth")}${[...lines, ...quiet].join("\n")}
modparam("registrar", "regid_mode", 1)
modparam("auth", "nid_pool_no", 4)
request_route { exit; }
`;
  const bed = await openProxy(config);
  const first = config.split("\n").indexOf(lines[0]!) + 1;
  expect(bed.diagnostics.map((d) => [d.severity, d.code, d.line, d.message])).toEqual([
    ["warning", "no-effect", first, "usrloc parameter hash_size has no effect: tables here grow as needed"],
    ["warning", "no-effect", first + 1, "tm parameter delete_timer has no effect: transactions are let go at once"],
    [
      "warning",
      "no-effect",
      first + 4,
      "registrar parameter regid_mode has no effect: reg-id is always kept, as the installed Kamailio does",
    ],
    ["warning", "no-effect", first + 5, "auth parameter nid_pool_no has no effect: there is one pool of nonces"],
  ]);
  await bed.close();
});

test("no declaration speaks of a missing effect in its text alone", () => {
  for (const module of ALL_MODULES.values()) {
    for (const [name, def] of Object.entries(module.params))
      if (def.effect === "") expect(`${name}: ${def.doc}`).not.toMatch(/without effect|no effect/i);
  }
});
