// Publications, subscriptions and what watchers are told, on Kamailio and on ours (recorded-groups.ts).

import { fileURLToPath } from "node:url";
import { haveOracle } from "./oracle.ts";
import type { PresenceAnswer, PresenceGroup } from "./presence-case.ts";
import { GROUPS } from "./presence-cases.ts";
import { reasonOf, unusedReasons } from "./presence-differences.ts";
import { askPresence } from "./presence-oracle.ts";
import { runPresence } from "./presence-ours.ts";
import { compareWithRecord } from "./recorded-groups.ts";

// Watchers are told in no certain order.
function settled(answer: PresenceAnswer): PresenceAnswer {
  return answer.map((step) => [...step].sort());
}

compareWithRecord<PresenceGroup, PresenceAnswer>({
  file: fileURLToPath(new URL("./presence.json", import.meta.url)),
  groups: GROUPS,
  ours: async (group) => (await runPresence(group)).map(settled),
  kamailio: async (group) => (await askPresence(group)).map(settled),
  canAsk: haveOracle(),
  reasonOf,
  unusedReasons,
});
