// The wheel against a plain list of (due, id), over random programs, and the places where levels turn over.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Timer, TimerWheel } from "./timer-wheel.ts";

describe("TimerWheel", () => {
  test("fires not before its time and at most a tick later", () => {
    const wheel = new TimerWheel(0, 10);
    let at = -1;
    wheel.arm(new Timer(() => (at = now)), 500, 3);
    let now = 3;
    for (; now < 2000 && at < 0; now++) wheel.advance(now);
    expect(at).toBeGreaterThanOrEqual(503);
    expect(at).toBeLessThanOrEqual(513);
    expect(wheel.count).toBe(0);
  });

  test("fires timers of one tick in the order they were armed", () => {
    const wheel = new TimerWheel(0, 10);
    const fired: number[] = [];
    for (let i = 0; i < 5; i++) wheel.arm(new Timer(() => fired.push(i)), 100, 0);
    wheel.advance(200);
    expect(fired).toEqual([0, 1, 2, 3, 4]);
  });

  test("a timer that throws is told, and keeps neither its neighbours nor later ones from firing", () => {
    const faults: unknown[] = [];
    const wheel = new TimerWheel(0, 10, (error) => faults.push(error));
    const fired: number[] = [];
    const fail = (): void => {
      throw new Error("boom");
    };
    for (const [i, run] of [fail, () => fired.push(1), fail, () => fired.push(3)].entries())
      wheel.arm(new Timer(run), i < 3 ? 100 : 500, 0);
    wheel.advance(1000);
    expect(fired).toEqual([1, 3]);
    expect(faults).toHaveLength(2);
    expect(wheel.count).toBe(0);
  });

  test("a timer may arm itself again, cancel another of the same slot, and be re-armed", () => {
    const wheel = new TimerWheel(0, 10);
    let runs = 0;
    const self = new Timer(() => {
      runs++;
      if (runs < 3) wheel.arm(self, 0, runs * 1000);
    });
    let other = 0;
    const victim = new Timer(() => other++);
    const killer = new Timer(() => wheel.cancel(victim));
    wheel.arm(self, 1000, 0);
    wheel.arm(killer, 50, 0);
    wheel.arm(victim, 20, 0);
    wheel.arm(victim, 50, 0);
    for (let t = 0; t < 5000; t += 7) wheel.advance(t);
    expect(runs).toBe(3);
    expect(other).toBe(0);
    expect(wheel.count).toBe(0);
  });

  test("holds at ticks above 2^31 and 2^32, as of a wall clock", () => {
    for (const origin of [2 ** 31 * 10 - 700_000, 2 ** 32 * 10 - 700_000, 1_790_000_000_000]) {
      const wheel = new TimerWheel(origin, 10);
      const fired: number[] = [];
      for (const ms of [10, 2550, 2560, 2570, 655_350, 655_360, 655_370, 1_400_000]) {
        wheel.arm(new Timer(() => fired.push(ms)), ms, origin);
      }
      wheel.advance(origin + 655_350);
      expect(fired).toEqual([10, 2550, 2560, 2570, 655_350]);
      wheel.advance(origin + 1_500_000);
      expect(fired.slice(5)).toEqual([655_360, 655_370, 1_400_000]);
    }
  });

  test("waits beyond its span", () => {
    const wheel = new TimerWheel(0, 1);
    let fired = 0;
    const ms = 256 ** 3 * 2 + 12_345;
    wheel.arm(new Timer(() => fired++), ms, 0);
    wheel.advance(ms - 1);
    expect(fired).toBe(0);
    wheel.advance(ms);
    expect(fired).toBe(1);
  });

  test("agrees with a plain list", () => {
    const step = fc.record({
      op: fc.constantFrom("arm", "arm", "cancel", "advance"),
      id: fc.integer({ min: 0, max: 9 }),
      ms: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 200_000 })),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.array(step, { maxLength: 60 }), (origin, steps) => {
        const wheel = new TimerWheel(origin, 1);
        const plan = new Map<number, number>();
        let now = origin;
        let bad = "";
        const timers = Array.from({ length: 10 }, (_, id) => {
          return new Timer(() => {
            const due = plan.get(id);
            if (due === undefined || due > now) bad = `timer ${id} fired early or unarmed`;
            plan.delete(id);
          });
        });
        for (const { op, id, ms } of steps) {
          if (op === "arm") {
            wheel.arm(timers[id]!, ms, now);
            plan.set(id, Math.max(now + 1, now + ms));
          } else if (op === "cancel") {
            wheel.cancel(timers[id]!);
            plan.delete(id);
          } else {
            now += ms;
            wheel.advance(now);
            for (const due of plan.values()) if (due <= now) bad = "a timer did not fire";
          }
          if (wheel.count !== plan.size) bad = "count is wrong";
          for (let i = 0; i < 10; i++) if (timers[i]!.armed !== plan.has(i)) bad = "armed is wrong";
        }
        expect(bad).toBe("");
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
