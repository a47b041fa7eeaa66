// Runs groups of the stock configuration's cases, some processes at a time, and tells from a record how much each step brings.

import { readFileSync } from "node:fs";
import { runStock, type StockTarget } from "./stock-inside.ts";
import type { StockAnswer, StockGroup } from "./stock-talk.ts";

/** Processes that run at a time; most of their time they wait for each other's silence. */
const AT_A_TIME = process.env["PORTICO_RECORD"] === "1" ? 3 : 5;
export const recordAnew = process.env["PORTICO_RECORD"] === "1";
/** The runtime that runs this test. */
export const OURS: StockTarget = "Deno" in globalThis ? "deno" : "bun";

type Recorded = Record<string, { readonly kamailio: StockAnswer; readonly ours?: StockAnswer }>;
type Ask = (group: StockGroup) => Promise<StockAnswer[]>;

/** Both sides of a comparison with what a file records. Asked for the first group, a side runs all of them, as many at a time as is good. */
export function bothSides(file: string, all: readonly StockGroup[]): { readonly kamailio: Ask; readonly ours: Ask } {
  const asked = process.env["PORTICO_GROUP"] ?? "*";
  const groups = all.filter(({ name }) => (asked.endsWith("*") ? name.startsWith(asked.slice(0, -1)) : name === asked));
  const kamailio = oneSide("kamailio");

  async function known(group: StockGroup, target: StockTarget): Promise<readonly StockAnswer[] | null> {
    if (recordAnew) return target === "kamailio" ? null : kamailio(group);
    const recorded = JSON.parse(readFileSync(file, "utf8")) as Recorded;
    return group.cases.map((c) => {
      const found = recorded[`${group.name}: ${c.name}`];
      return (target === "kamailio" ? found?.kamailio : (found?.ours ?? found?.kamailio)) ?? [];
    });
  }

  function oneSide(target: StockTarget): Ask {
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

  return { kamailio, ours: oneSide(OURS) };
}
