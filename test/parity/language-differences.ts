// Where our script language answers otherwise than Kamailio on purpose: why, and what we answer, case by case.

import type { LanguageAnswer } from "./language-bed.ts";
import { VARIABLE_DIFFERENCES } from "./language-variables-differences.ts";

interface Difference {
  readonly why: string;
  /** Our answers by the names of the cases. */
  readonly cases: Readonly<Record<string, LanguageAnswer>>;
}

export const DIFFERENCES: readonly Difference[] = [...VARIABLE_DIFFERENCES];

const byName = new Map(DIFFERENCES.flatMap((d) => Object.entries(d.cases)));

/** The answer we owe for a case, given Kamailio's. */
export function expected(name: string, theirs: LanguageAnswer | undefined): LanguageAnswer | undefined {
  return byName.get(name) ?? theirs;
}
