// Where ours is meant to differ from Kamailio 5.6.3 with its examples of routing in other languages, and why.

import { reasonOf as reasonOfStock } from "./stock-differences.ts";

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^lua, refusals: (to a foreign place|a telephone number)$/,
    "why t_relay() failed is known to sl_reply_error(), which answers 478 as the transaction does; Kamailio has forgotten it and says 500",
  ],
];

/** Groups by those of the stock configuration whose cases they repeat. */
const STOCK_NAMES = ["registration", "calls", "auth", "refusals"];

/** Cases of those groups that are the same here: a password is asked for before the two sides would differ. */
const SAME = /: an older CSeq of the same Call-ID$/;

/** Why a case differs; null when it must not. */
export function reasonOf(name: string): string | null {
  if (SAME.test(name)) return null;
  const own = REASONS.find(([pattern]) => pattern.test(name))?.[1];
  const what = name.slice(name.indexOf(": ") + 2);
  return own ?? STOCK_NAMES.map((group) => reasonOfStock(`${group}: ${what}`)).find((why) => why !== null) ?? null;
}

/** Reasons that fit no case. */
export function unusedReasons(names: readonly string[]): string[] {
  return REASONS.filter(([pattern]) => !names.some((n) => pattern.test(n))).map(([pattern]) => String(pattern));
}
