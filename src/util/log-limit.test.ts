import { describe, expect, test } from "vitest";
import { Level, Log } from "./log.ts";
import { LogLimit } from "./log-limit.ts";
import { TimerWheel } from "./timer-wheel.ts";

function bed(level: number = Level.INFO) {
  let now = 0;
  const lines: string[] = [];
  const wheel = new TimerWheel(0);
  const limit = new LogLimit(wheel, () => now);
  const log = new Log({ level, sink: (_, line) => void lines.push(line) }, "");
  return {
    lines,
    limit,
    log,
    pass(ms: number) {
      now += ms;
      wheel.advance(now);
    },
  };
}

describe("LogLimit", () => {
  test("the first five of a period, then how many more", () => {
    const { lines, limit, log, pass } = bed();
    for (let i = 0; i < 12; i++) limit.write(log, Level.INFO, "things", `thing ${i}`);
    expect(lines).toEqual([0, 1, 2, 3, 4].map((i) => `INFO: thing ${i}`));
    expect(limit.left).toBe(7);
    pass(10_100);
    expect(lines.at(-1)).toBe("INFO: 7 more of these in 10 s: things");
    limit.write(log, Level.INFO, "things", "again");
    expect(lines.at(-1)).toBe("INFO: again");
    pass(10_100);
    expect(lines.at(-1), "nothing was left out").toBe("INFO: again");
  });

  test("kinds have their own limits and levels", () => {
    const { lines, limit, log, pass } = bed();
    limit.burst = 1;
    for (const kind of ["a", "b"])
      for (let i = 0; i < 3; i++) limit.write(log, kind === "a" ? Level.ERROR : Level.INFO, kind, kind);
    pass(10_100);
    expect(lines).toEqual([
      "ERROR: a",
      "INFO: b",
      "ERROR: 2 more of these in 10 s: a",
      "INFO: 2 more of these in 10 s: b",
    ]);
  });

  test("any number of kinds costs a bounded table, and lines nobody reads cost nothing", () => {
    const { lines, limit, log, pass } = bed();
    for (let i = 0; i < 10_000; i++) limit.write(log, Level.ERROR, `kind ${i}`, "x");
    expect(lines).toHaveLength(128 + 5);
    pass(10_100);
    expect(lines.at(-1)).toBe(`ERROR: ${10_000 - 128 - 5} more of these in 10 s: lines of other kinds`);
    const unread = (): string => {
      throw new Error("was made");
    };
    limit.write(log, Level.DEBUG, "debug", unread);
  });

  test("burst 0 writes everything; error() takes its kind from the text", () => {
    const { lines, limit, log } = bed();
    limit.burst = 0;
    for (let i = 0; i < 20; i++) limit.error(log, `it failed: ${i}`);
    expect(lines).toHaveLength(20);
    limit.burst = 2;
    for (let i = 0; i < 20; i++) limit.error(log, `it failed: ${i}`);
    expect(lines).toHaveLength(22);
  });
});
