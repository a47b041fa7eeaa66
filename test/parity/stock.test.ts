// Debian's kamailio.cfg, unchanged, on Kamailio and on ours: the same conversations with each of its features, on real processes in namespaces
// of their own, compared message by message (recorded-groups.ts). Ours runs on the runtime that runs this test.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { haveOracle } from "./oracle.ts";
import { compareWithRecord } from "./recorded-groups.ts";
import { reasonOf, unusedReasons } from "./stock-differences.ts";
import { STOCK_GROUPS } from "./stock-groups.ts";
import { canRunStock, runStock, type StockTarget } from "./stock-inside.ts";
import type { StockAnswer, StockGroup } from "./stock-talk.ts";

const FILE = fileURLToPath(new URL("./stock.json", import.meta.url));
const OURS: StockTarget = "Deno" in globalThis ? "deno" : "bun";
/** Processes that run at a time; most of their time they wait for each other's silence. */
const AT_A_TIME = process.env["PORTICO_RECORD"] === "1" ? 3 : 5;
const inCi = process.env["CI"] === "true" || process.env["CI"] === "1";
const recordAnew = process.env["PORTICO_RECORD"] === "1";
const groups = STOCK_GROUPS.filter(({ name }) => (process.env["PORTICO_GROUP"] ?? name) === name);

type Recorded = Record<string, { readonly kamailio: StockAnswer; readonly ours?: StockAnswer }>;

async function known(group: StockGroup, target: StockTarget): Promise<readonly StockAnswer[] | null> {
  if (recordAnew) return target === "kamailio" ? null : kamailio(group);
  const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Recorded;
  return group.cases.map((c) => {
    const found = recorded[`${group.name}: ${c.name}`];
    return (target === "kamailio" ? found?.kamailio : (found?.ours ?? found?.kamailio)) ?? [];
  });
}

/** Runs all groups, some at a time, as soon as the first one is asked for. */
function all(target: StockTarget): (group: StockGroup) => Promise<StockAnswer[]> {
  const answers = new Map<string, Promise<StockAnswer[]>>();
  const waiting: (() => void)[] = [];
  let running = 0;
  const oneOf = async (group: StockGroup): Promise<StockAnswer[]> => {
    if (running++ >= AT_A_TIME) await new Promise<void>((go) => waiting.push(go));
    try {
      return await runStock(group, target, await known(group, target));
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
  const start = (): void => {
    for (const group of [...groups].sort((a, b) => b.cases.length - a.cases.length)) {
      const answer = oneOf(group);
      answer.catch(() => undefined); // told when it is asked for
      answers.set(group.name, answer);
    }
  };
  return (group) => {
    if (answers.size === 0) start();
    return answers.get(group.name)!;
  };
}

const kamailio = all("kamailio");

compareWithRecord<StockGroup, StockAnswer>({
  file: FILE,
  groups: STOCK_GROUPS,
  ours: all(OURS),
  kamailio,
  canRun: canRunStock() || inCi,
  canAsk: haveOracle() && canRunStock() && (OURS === "bun" || recordAnew), // once is enough
  reasonOf,
  unusedReasons,
});
