// POSIX extended regular expressions over byte strings, leftmost-longest as on Kamailio. Subjects come from strangers, so matching takes
// time that grows with their length only, whatever the pattern (design.md, D3).

import { findMatch } from "./regex-find.ts";
import { nativeRegex } from "./regex-native.ts";
import { type Node, parseRegex } from "./regex-parse.ts";
import { programOf, type Step } from "./regex-program.ts";
import { Automaton } from "./regex-test.ts";

/** The most steps that one call may take to find all matches in a subject. */
const BUDGET = 5_000_000;
/** How many ways a pattern may have to repeat something and still be left to the runtime's own matcher, which goes back and tries again. */
const MAX_WAYS = 64;

/** One match: where it begins and what it and its groups matched (undefined: took no part). */
export interface Match {
  readonly index: number;
  readonly groups: readonly (string | undefined)[];
}

/** A pattern ready to be matched. */
export class Pattern {
  readonly source: string;
  private readonly steps: readonly Step[];
  private readonly groups: number;
  private readonly byLine: boolean;
  private readonly tester: { test(subject: string): boolean } | null;

  constructor(
    source: string,
    steps: readonly Step[],
    groups: number,
    byLine: boolean,
    tester: { test(subject: string): boolean } | null,
  ) {
    this.source = source;
    this.steps = steps;
    this.groups = groups;
    this.byLine = byLine;
    this.tester = tester;
  }

  /** Whether it matches somewhere in the subject. */
  test(subject: string): boolean {
    if (this.tester !== null) return this.tester.test(subject);
    const budget = { left: Number.POSITIVE_INFINITY };
    return findMatch(this.steps, this.groups, subject, 0, this.byLine, budget) !== null;
  }

  /** All matches from the left, none overlapping; fewer when that would take too long. */
  *matchAll(subject: string): Generator<Match> {
    const budget = { left: BUDGET };
    for (let from = 0; from <= subject.length; ) {
      const found = findMatch(this.steps, this.groups, subject, from, this.byLine, budget);
      if (found === null) return;
      const groups: (string | undefined)[] = [];
      for (let g = 0; g < found.length; g += 2)
        groups.push(found[g + 1]! < 0 ? undefined : subject.slice(found[g]!, found[g + 1]!));
      yield { index: found[0]!, groups };
      from = found[1]! > found[0]! ? found[1]! : found[1]! + 1;
    }
  }
}

/**
 * The pattern of a POSIX extended expression, or what is wrong with it. Script operators ignore case, as Kamailio's do. `byLine`: ^ and $
 * stand at the ends of lines too, and only a literal line end matches one (REG_NEWLINE).
 */
export function posixRegex(pattern: string, ignoreCase: boolean, byLine = false): Pattern | string {
  const parsed = parseRegex(pattern, ignoreCase, byLine);
  if (typeof parsed === "string") return parsed;
  const steps = programOf(parsed.tree);
  if (steps === null) return `too large a regular expression: ${pattern}`;
  const native =
    ways(parsed.tree, startsWithStart(parsed.tree) && !byLine) <= MAX_WAYS
      ? nativeRegex(pattern, ignoreCase, byLine)
      : "";
  const hasBoundary = steps.some((step) => step.what === "boundary" || step.what === "inside");
  const tester = typeof native !== "string" ? native : hasBoundary ? null : new Automaton(steps, byLine);
  return new Pattern(pattern, steps, parsed.groups, byLine, tester);
}

/** Whether the expression matches somewhere in the subject. */
export function matches(pattern: Pattern, subject: string): boolean {
  return pattern.test(subject);
}

/** In how many ways repetitions may share a subject; a single endless one counts as one way when the pattern can only begin at the start. */
function ways(node: Node, isAnchored: boolean): number {
  let product = 1;
  let endless = 0;
  const visit = (n: Node, isRepeated: boolean): void => {
    if (n.kind === "group") visit(n.body, isRepeated);
    else if (n.kind === "all" || n.kind === "any") for (const part of n.parts) visit(part, isRepeated);
    else if (n.kind === "repeat") {
      if (n.body.kind !== "set" || isRepeated) product = Number.POSITIVE_INFINITY;
      if (n.max === Number.POSITIVE_INFINITY) endless++;
      else product *= n.max - n.min + 1;
      visit(n.body, true);
    }
  };
  visit(node, false);
  return endless > (isAnchored ? 1 : 0) ? Number.POSITIVE_INFINITY : product;
}

function startsWithStart(node: Node): boolean {
  if (node.kind === "all") return node.parts[0] !== undefined && startsWithStart(node.parts[0]);
  if (node.kind === "any") return node.parts.every(startsWithStart);
  if (node.kind === "group") return startsWithStart(node.body);
  return node.kind === "assert" && node.what === "start";
}
