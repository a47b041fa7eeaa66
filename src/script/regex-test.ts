// Whether a program matches somewhere: a deterministic automaton whose states are made when they are first met.

import { Op, type Step } from "./regex-program.ts";

/** The most states kept; beyond them the table is begun anew. */
const MAX_STATES = 256;
const UNKNOWN = -1;
const YES = -2;
const END = 256;

interface State {
  /** Steps that wait for an octet or for the end, ascending. */
  readonly pcs: readonly number[];
  /** Whether the place is also a start: the end that comes next may have one behind it. */
  readonly isStart: boolean;
  /** Where each octet, or the end, leads: a state's number, YES, or UNKNOWN. */
  readonly next: Int16Array;
}

/** An automaton for a program without word boundaries. */
export class Automaton {
  private readonly steps: readonly Step[];
  private readonly byLine: boolean;
  private states: State[] = [];
  private readonly numbers = new Map<string, number>();
  private start = UNKNOWN;

  constructor(steps: readonly Step[], byLine: boolean) {
    this.steps = steps;
    this.byLine = byLine;
  }

  /** Whether it matches somewhere in the subject. */
  test(s: string): boolean {
    if (this.start === UNKNOWN) this.start = this.stateOf([0], true);
    let at = this.start;
    if (at === YES) return true;
    for (let i = 0; i < s.length; i++) {
      const c = s.charCodeAt(i) & 255;
      let next = this.states[at]!.next[c]!;
      if (next === UNKNOWN) next = this.step(at, c);
      if (next === YES) return true;
      at = next;
    }
    const last = this.states[at]!.next[END]!;
    return (last === UNKNOWN ? this.step(at, END) : last) === YES;
  }

  private step(at: number, c: number): number {
    const state = this.states[at]!;
    const isEnd = c === END || (this.byLine && c === 10);
    const reached = isEnd ? this.closure(state.pcs, state.isStart, true) : state.pcs;
    if (reached === null) return this.note(state, c, YES);
    const next: number[] = [];
    if (c !== END) for (const pc of reached) if (this.steps[pc]!.set?.[c] === 1) next.push(pc + 1);
    next.push(0);
    return this.note(state, c, this.stateOf(next, this.byLine && c === 10));
  }

  private note(state: State, c: number, next: number): number {
    state.next[c] = next;
    return next;
  }

  /** The steps reached from others without an octet, those that wait for an end included; null when a match is among them. */
  private closure(from: readonly number[], isStart: boolean, isEnd: boolean): readonly number[] | null {
    const seen = new Set<number>();
    const waiting: number[] = [];
    const pending = [...from];
    for (let pc = pending.pop(); pc !== undefined; pc = pending.pop()) {
      if (seen.has(pc)) continue;
      seen.add(pc);
      const step = this.steps[pc]!;
      if (step.op === Op.MATCH) return null;
      if (step.op === Op.SET) waiting.push(pc);
      else if (step.op === Op.JUMP) pending.push(step.x);
      else if (step.op === Op.SPLIT) pending.push(step.x, step.y);
      else if (step.op === Op.SAVE) pending.push(pc + 1);
      else if (step.what === "end") {
        if (isEnd) pending.push(pc + 1);
        else waiting.push(pc);
      } else if (isStart) pending.push(pc + 1);
    }
    return waiting.sort((a, b) => a - b);
  }

  private stateOf(from: readonly number[], isStart: boolean): number {
    const pcs = this.closure(from, isStart, false);
    if (pcs === null) return YES;
    const key = `${isStart ? "^" : ""}${pcs.join()}`;
    let n = this.numbers.get(key);
    if (n !== undefined) return n;
    if (this.states.length >= MAX_STATES) {
      this.states = [];
      this.numbers.clear();
      this.start = UNKNOWN;
    }
    n = this.states.push({ pcs, isStart, next: new Int16Array(END + 1).fill(UNKNOWN) }) - 1;
    this.numbers.set(key, n);
    return n;
  }
}
