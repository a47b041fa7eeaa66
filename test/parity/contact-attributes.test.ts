// Attributes of registered contacts through lookup(), t_load_contacts() and t_next_contacts(), on Kamailio and on ours: what the script sees at
// each step, and what the telephones get. Asked as nat.test.ts asks.

import { fileURLToPath } from "node:url";
import { ATTRIBUTES } from "./contact-attributes-cases.ts";
import type { NatAnswer, NatGroup } from "./nat-case.ts";
import { askNat, haveNatOracle } from "./nat-oracle.ts";
import { runNat } from "./nat-ours.ts";
import { compareWithRecord } from "./recorded-groups.ts";

// What several telephones get at a time has no order.
function settled(answers: readonly NatAnswer[]): NatAnswer[] {
  return answers.map((answer) => answer.map((step) => [...step].sort()));
}

const BRANCHES = /: lookup_branches$/;

compareWithRecord<NatGroup, NatAnswer>({
  file: fileURLToPath(new URL("./contact-attributes.json", import.meta.url)),
  groups: [...ATTRIBUTES],
  ours: async (group) => settled(await runNat(group)),
  kamailio: async (group, recorded) => settled(await askNat(group, recorded)),
  canAsk: haveNatOracle(),
  isApart: true,
  reasonOf: (name) =>
    BRANCHES.test(name)
      ? "attributes of a contact that takes the place of a branch stand under the number of that branch; on Kamailio they come first"
      : null,
  unusedReasons: (names) => (names.some((n) => BRANCHES.test(n)) ? [] : ["lookup_branches"]),
});
