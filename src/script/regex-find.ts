// Whether and where a program matches, in time that grows with the length of the subject only: all ways through the program are followed
// at once, so that no subject can make it go back and try again.

import { isWord } from "./regex-parse.ts";
import { Op, type Step } from "./regex-program.ts";

/** Whether an assertion holds before offset i. */
export function holds(what: Step["what"], s: string, i: number, byLine: boolean): boolean {
  if (what === "start") return i === 0 || (byLine && s.charCodeAt(i - 1) === 10);
  if (what === "end") return i === s.length || (byLine && s.charCodeAt(i) === 10);
  const before = i > 0 && isWord(s.charCodeAt(i - 1));
  const after = i < s.length && isWord(s.charCodeAt(i));
  return (before !== after) === (what === "boundary");
}

interface Thread {
  readonly pc: number;
  readonly saved: readonly number[];
}

/**
 * The leftmost match at or after `from`, of those the longest: offsets of the whole and of each group in pairs, -1 for groups that took no
 * part; null without one. `budget` is lowered by the steps taken; when it is used up the search ends without a match.
 */
export function findMatch(
  steps: readonly Step[],
  groups: number,
  s: string,
  from: number,
  byLine: boolean,
  budget: { left: number },
): readonly number[] | null {
  let threads: Thread[] = [];
  let best: number[] | null = null;
  const seen = new Int32Array(steps.length).fill(-1);
  const add = (list: Thread[], start: number, i: number, saved: readonly number[]): void => {
    const pending: Thread[] = [{ pc: start, saved }];
    for (let t = pending.pop(); t !== undefined; t = pending.pop()) {
      if (seen[t.pc] === i) continue;
      seen[t.pc] = i;
      budget.left--;
      const step = steps[t.pc]!;
      if (step.op === Op.JUMP) pending.push({ pc: step.x, saved: t.saved });
      else if (step.op === Op.SPLIT) pending.push({ pc: step.y, saved: t.saved }, { pc: step.x, saved: t.saved });
      else if (step.op === Op.SAVE) pending.push({ pc: t.pc + 1, saved: t.saved.with(step.x, i) });
      else if (step.op === Op.ASSERT) {
        if (holds(step.what, s, i, byLine)) pending.push({ pc: t.pc + 1, saved: t.saved });
      } else list.push(t);
    }
  };
  const blank = new Array<number>(groups * 2 + 2).fill(-1);
  for (let i = from; i <= s.length && budget.left > 0; i++) {
    // those that began further left come first; a match ends the search for later beginnings
    if (best === null) add(threads, 0, i, blank.with(0, i));
    const next: Thread[] = [];
    const c = s.charCodeAt(i) & 255;
    const matched = threads.filter((t) => steps[t.pc]!.op === Op.MATCH);
    const [found] = matched.sort((a, b) => a.saved[0]! - b.saved[0]!);
    if (found !== undefined && (best === null || found.saved[0]! <= best[0]!)) best = found.saved.with(1, i);
    for (const t of threads) {
      if (best !== null && t.saved[0]! > best[0]!) continue;
      const step = steps[t.pc]!;
      if (i < s.length && step.op === Op.SET && step.set![c] === 1) add(next, t.pc + 1, i + 1, t.saved);
    }
    threads = next;
    if (best !== null && threads.length === 0) break;
  }
  return budget.left > 0 ? best : null;
}
