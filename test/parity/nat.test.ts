// Phones behind NAT on Kamailio and on ours: whole messages between agents at private and public addresses. Kamailio is asked again where it is
// installed and network namespaces can be made (recorded-groups.ts).

import { fileURLToPath } from "node:url";
import type { NatAnswer, NatGroup } from "./nat-case.ts";
import { AUTH } from "./nat-cases-auth.ts";
import { BINDINGS } from "./nat-cases-bindings.ts";
import { CALLS } from "./nat-cases-calls.ts";
import { HELPER } from "./nat-cases-helper.ts";
import { LEFTOVERS } from "./nat-cases-leftovers.ts";
import { PINGS, STORED } from "./nat-cases-ping.ts";
import { REGISTRAR } from "./nat-cases-registrar.ts";
import { SETTINGS } from "./nat-cases-settings.ts";
import { reasonOf, unusedReasons } from "./nat-differences.ts";
import { askNat, haveNatOracle } from "./nat-oracle.ts";
import { runNat } from "./nat-ours.ts";
import { compareWithRecord } from "./recorded-groups.ts";

// Pings leave when their time has come, in no certain order and number.
function settled(group: NatGroup, answer: NatAnswer): NatAnswer {
  return group.unordered === true ? answer.map((step) => [...new Set(step)].sort()) : answer;
}

compareWithRecord<NatGroup, NatAnswer>({
  file: fileURLToPath(new URL("./nat.json", import.meta.url)),
  groups: [HELPER, STORED, ...PINGS, ...REGISTRAR, ...BINDINGS, ...SETTINGS, ...AUTH, ...LEFTOVERS, ...CALLS],
  ours: async (group) => (await runNat(group)).map((a) => settled(group, a)),
  kamailio: async (group, recorded) => (await askNat(group, recorded)).map((a) => settled(group, a)),
  canAsk: haveNatOracle(),
  isApart: true,
  reasonOf,
  unusedReasons,
});
