// Debian's kamailio.cfg, unchanged, on Kamailio and on ours: the same conversations with each of its features, on real processes in namespaces
// of their own, compared message by message (recorded-groups.ts). Ours runs on the runtime that runs this test.

import { fileURLToPath } from "node:url";
import { haveOracle } from "./oracle.ts";
import { compareWithRecord } from "./recorded-groups.ts";
import { reasonOf, unusedReasons } from "./stock-differences.ts";
import { STOCK_GROUPS } from "./stock-groups.ts";
import { canRunStock } from "./stock-inside.ts";
import { bothSides, OURS, recordAnew } from "./stock-run.ts";
import type { StockAnswer, StockGroup } from "./stock-talk.ts";

const FILE = fileURLToPath(new URL("./stock.json", import.meta.url));
const inCi = process.env["CI"] === "true" || process.env["CI"] === "1";

compareWithRecord<StockGroup, StockAnswer>({
  file: FILE,
  groups: STOCK_GROUPS,
  ...bothSides(FILE, STOCK_GROUPS),
  canRun: canRunStock() || inCi,
  canAsk: haveOracle() && canRunStock() && (OURS === "bun" || recordAnew), // once is enough
  reasonOf,
  unusedReasons,
});
