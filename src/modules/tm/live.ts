// Parameters of module tm that commands change while the program runs (cfg.seti tm fr_timer …): new transactions begin with them.

import type { Timers } from "../../tm/timers.ts";
import type { TmEngine } from "./engine.ts";

const TIMES: Readonly<Record<string, keyof Timers>> = {
  fr_timer: "fr",
  fr_inv_timer: "frInv",
  retr_timer1: "retr1",
  retr_timer2: "retr2",
  wt_timer: "wait",
  max_inv_lifetime: "maxInvite",
  max_noninv_lifetime: "maxOther",
};

/** Lets the times of transactions be changed, in milliseconds. */
export function allowChanges(engine: TmEngine): void {
  const { groups } = engine.proxy;
  for (const [name, time] of Object.entries(TIMES)) {
    groups.allowChange("tm", name, (value) => {
      if (typeof value !== "number" || value <= 0) return false;
      const { options } = engine.tm;
      engine.tm.options = { ...options, timers: { ...options.timers, [time]: value } };
      return true;
    });
  }
}
