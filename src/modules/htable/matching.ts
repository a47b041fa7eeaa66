// How items are chosen: operators of functions ("re", "sw" …) and the small language of $shtcn and $shtcv.

import { regexOf } from "../core/index.ts";
import type { Content } from "./table.ts";

/** Whether a key or a value is meant. */
export type Test = (subject: Content) => boolean;

// Texts only: a number matches none of these.
function ofText(test: (text: string) => boolean): Test {
  return (subject) => typeof subject === "string" && test(subject);
}

/** The test of an operator (`eq`, `ne`, `re`, `sw`); null for an operator that is none of `known`, or a bad expression. */
export function testOf(op: string, operand: string, known: readonly string[]): Test | null {
  if (!known.includes(op)) return null;
  switch (op) {
    case "eq":
      return (subject) => subject === operand;
    case "ne":
      return ofText((text) => text !== operand);
    case "sw":
      return ofText((text) => text.startsWith(operand));
    default: {
      const re = regexOf(operand);
      return re === null ? null : ofText((text) => re.test(text));
    }
  }
}

/** The operators of sht_rm_name() and sht_rm_value(). */
export const REMOVING = ["re", "sw"];
/** The operators of sht_match_name() and sht_match_str_value(). */
export const ASKING = ["eq", "ne", "re", "sw"];

/**
 * What $shtcn and $shtcv count: `**` all, `==text`, `eqnumber`, `%~beginning`, `~%end`, `~~expression`, or a regular expression. Null for a bad
 * expression.
 */
export function countedBy(text: string): Test | null {
  const rest = text.slice(2);
  switch (text.slice(0, 2)) {
    case "**":
      return () => true;
    case "==":
      return (subject) => subject === rest;
    case "eq":
      return (subject) => typeof subject === "number" && subject === Number(rest);
    case "%~":
      return ofText((subject) => subject.startsWith(rest));
    case "~%":
      return ofText((subject) => subject.endsWith(rest));
    default: {
      const re = regexOf(text.startsWith("~~") ? rest : text);
      return re === null ? null : ofText((subject) => re.test(subject));
    }
  }
}
