// Cases of the script language: conditions and expressions of everyday configurations.

import { holds, type LanguageCase, shows, value } from "./language-bed.ts";

export const cases: readonly LanguageCase[] = [
  value("sum of numbers", "1 + 2"),
  value("sum of texts", '"1" + 2'),
  value("null", "$null"),
  holds("method", 'method == "OPTIONS"'),
  shows("names", ["$rU at $rd", "$(fu{uri.user})"]),
];
