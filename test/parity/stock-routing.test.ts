// Kamailio's examples of routing in Lua, in Python and in the native language (KEMI), unchanged, and a script in the style of SIP Router's
// sr.*: the same conversations, on Kamailio and on ours, as with Debian's kamailio.cfg (stock.test.ts).

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { haveOracle } from "./oracle.ts";
import { compareWithRecord } from "./recorded-groups.ts";
import { canRunStock, runStock } from "./stock-inside.ts";
import { reasonOf, unusedReasons } from "./stock-routing-differences.ts";
import { inLuaGroups, PYTHON_GROUP, ROUTING_GROUPS } from "./stock-routing-groups.ts";
import { bothSides, OURS, recordAnew } from "./stock-run.ts";
import type { StockAnswer, StockGroup } from "./stock-talk.ts";

const FILE = fileURLToPath(new URL("./stock-routing.json", import.meta.url));
const inCi = process.env["CI"] === "true" || process.env["CI"] === "1";

compareWithRecord<StockGroup, StockAnswer>({
  file: FILE,
  groups: ROUTING_GROUPS,
  ...bothSides(FILE, ROUTING_GROUPS),
  canRun: canRunStock() || inCi,
  canAsk: haveOracle() && canRunStock() && ((OURS === "bun" && process.env["PORTICO_LONG"] === "1") || recordAnew),
  reasonOf,
  unusedReasons,
});

/** Call-IDs and branches are made of the names of groups and the numbers of cases. */
const anywhere = (answer: StockAnswer): string[] => answer.map((text) => text.replace(/stock-[a-z]+-\d+-/g, "stock-"));
const isAsked = [undefined, "python"].includes(process.env["PORTICO_GROUP"]);

describe.runIf(isAsked && (canRunStock() || inCi))("the example in Python does what the one in Lua does", () => {
  const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Record<
    string,
    { kamailio: StockAnswer; ours?: StockAnswer }
  >;
  const expected = PYTHON_GROUP.cases.map(({ name }) => {
    const known = recorded[inLuaGroups(name)]!;
    return known.ours ?? known.kamailio;
  });
  let answers: StockAnswer[] = [];
  beforeAll(async () => {
    answers = await runStock(PYTHON_GROUP, OURS, expected);
  }, 120_000);
  test.each(PYTHON_GROUP.cases.map((c, i) => [c.name, i] as const))("%s", (_name, i) => {
    expect(anywhere(answers[i]!)).toEqual(anywhere(expected[i]!));
  });
});
