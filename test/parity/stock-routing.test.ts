// Kamailio's examples of routing in Lua, in Python and in the native language (KEMI), unchanged, and a script in the style of SIP Router's
// sr.*: the same conversations, on Kamailio and on ours, as with Debian's kamailio.cfg (stock.test.ts).

import { fileURLToPath } from "node:url";
import { haveOracle } from "./oracle.ts";
import { compareWithRecord } from "./recorded-groups.ts";
import { canRunStock } from "./stock-inside.ts";
import { reasonOf, unusedReasons } from "./stock-routing-differences.ts";
import { ROUTING_GROUPS } from "./stock-routing-groups.ts";
import { bothSides, OURS, recordAnew } from "./stock-run.ts";
import type { StockAnswer, StockGroup } from "./stock-talk.ts";

const FILE = fileURLToPath(new URL("./stock-routing.json", import.meta.url));
const inCi = process.env["CI"] === "true" || process.env["CI"] === "1";

compareWithRecord<StockGroup, StockAnswer>({
  file: FILE,
  groups: ROUTING_GROUPS,
  ...bothSides(FILE, ROUTING_GROUPS),
  canRun: canRunStock() || inCi,
  canAsk: haveOracle() && canRunStock() && (OURS === "bun" || recordAnew),
  reasonOf,
  unusedReasons,
});
