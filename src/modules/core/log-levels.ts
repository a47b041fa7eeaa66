// Log levels as scripts write them.

import { Level } from "../../util/log.ts";

/** Kamailio's names of log levels. */
export const LEVELS: Readonly<Record<string, number>> = {
  L_ALERT: Level.ALERT,
  L_BUG: Level.BUG,
  L_CRIT2: Level.CRITICAL,
  L_CRIT: Level.CRITICAL,
  L_ERR: Level.ERROR,
  L_WARN: Level.WARNING,
  L_NOTICE: Level.NOTICE,
  L_INFO: Level.INFO,
  L_DBG: Level.DEBUG,
};

/** The level of a text: a name, or one digit with sign. */
export function levelOf(text: string): number | undefined {
  const n = LEVELS[text.toUpperCase()];
  return n ?? (/^-?\d$/.test(text) ? Number(text) : undefined);
}
