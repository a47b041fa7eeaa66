// fr_timer_avp and fr_inv_timer_avp: times of one transaction in seconds, from AVPs.

import type { RouteContext } from "../../proxy/context.ts";
import type { Transaction } from "../../tm/index.ts";
import type { TmEngine } from "./engine.ts";
import type { TmSettings } from "./settings.ts";

/** Gives the transaction the times its AVPs name; what is no number above 0 changes nothing. */
export function timersFromAvps(engine: TmEngine, settings: TmSettings, tx: Transaction, ctx: RouteContext): void {
  const fr = seconds(ctx, settings.frAvp);
  const frInv = seconds(ctx, settings.frInvAvp);
  if (fr === 0 && frInv === 0) return;
  const { timers } = tx;
  engine.tm.setTimers(tx, {
    ...timers,
    fr: fr > 0 ? fr * 1000 : timers.fr,
    frInv: frInv > 0 ? frInv * 1000 : timers.frInv,
  });
}

function seconds(ctx: RouteContext, name: string): number {
  const value = name === "" ? undefined : ctx.avpsOrNull?.all(name)?.[0];
  const n = value === undefined || value === null ? 0 : Number(value);
  return Number.isInteger(n) && n > 0 ? n : 0;
}
