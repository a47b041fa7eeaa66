// Log lines that strangers can cause: of each kind the first few of a period are written, then one line says how many more there were.

import { Level, type Log } from "./log.ts";
import { Timer, type TimerWheel } from "./timer-wheel.ts";

/** Kinds told apart; those beyond share one. */
const MAX_KINDS = 128;
const OTHERS = "lines of other kinds";

interface Kind {
  /** Lines written in this period, and those left out. */
  written: number;
  left: number;
  log: Log;
  level: number;
}

/** Limits the lines of one process. Time is that of the wheel's owner. */
export class LogLimit {
  /** Lines of a kind that are written in a period; 0: all of them. */
  burst = 5;
  /** Milliseconds of a period; it begins with the first line of any kind. */
  period = 10_000;
  /** Lines left out since the start. */
  left = 0;
  private readonly kinds = new Map<string, Kind>();
  private readonly timer = new Timer(() => this.tell());
  private readonly wheel: TimerWheel;
  private readonly now: () => number;

  /** `now`: monotonic milliseconds. */
  constructor(wheel: TimerWheel, now: () => number) {
    this.wheel = wheel;
    this.now = now;
  }

  /**
   * Writes a line, or counts it. `kind` is a fixed phrase of the program that also names the lines left out; `text` is asked only when
   * the line is written.
   */
  write(log: Log, level: number, kind: string, text: string | (() => string)): void {
    if (!log.enabled(level)) return;
    if (this.burst > 0 && !this.mayWrite(log, level, kind)) return;
    log.write(level, typeof text === "string" ? text : text());
  }

  /** The same at level ERROR, the beginning of the text up to a colon being its kind. */
  error(log: Log, text: string): void {
    const colon = text.indexOf(":");
    this.write(log, Level.ERROR, colon < 0 ? text : text.slice(0, colon), text);
  }

  private mayWrite(log: Log, level: number, name: string): boolean {
    const key = this.kinds.has(name) || this.kinds.size < MAX_KINDS ? name : OTHERS;
    let kind = this.kinds.get(key);
    if (kind === undefined) {
      kind = { written: 0, left: 0, log, level };
      this.kinds.set(key, kind);
      if (!this.timer.armed) this.wheel.arm(this.timer, this.period, this.now());
    }
    if (kind.written < this.burst) {
      kind.written++;
      return true;
    }
    kind.left++;
    this.left++;
    return false;
  }

  // The end of a period: what was left out is told in one line a kind.
  private tell(): void {
    for (const [name, { left, log, level }] of this.kinds)
      if (left > 0) log.write(level, `${left} more of these in ${Math.round(this.period / 1000)} s: ${name}`);
    this.kinds.clear();
  }
}
