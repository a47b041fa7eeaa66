import { describe, expect, test } from "vitest";
import type { Clock } from "./host.ts";
import { type Memory, processMemory, releaseWhenIdle } from "./idle-memory.ts";

const MB = 1 << 20;

/** A process whose memory and work the test says. */
class Rig implements Memory {
  size = 80 * MB;
  /** What is still in use when memory is released. */
  live = 80 * MB;
  work = 0;
  releases = 0;
  private next: (() => void) | null = null;
  readonly stop: () => void;

  constructor() {
    const clock = {
      after: (_ms: number, fn: () => void) => {
        this.next = fn;
        return () => {
          this.next = null;
        };
      },
    } as Partial<Clock> as Clock;
    this.stop = releaseWhenIdle(clock, this);
  }

  busy = (): number => this.work;
  resident = (): number => this.size;
  release = (): void => {
    this.releases++;
    this.work += 500;
    this.size = this.live;
  };

  /** So many looks, with so much work before each; how many releases there have been in all. */
  looks(count: number, work: number): number {
    for (let i = 0; i < count; i++) {
      this.work += work;
      this.next?.();
    }
    return this.releases;
  }
}

describe("memory is released", () => {
  test("some seconds after a burst, then ever less often, then no more", () => {
    const rig = new Rig();
    rig.size = 300 * MB;
    expect(rig.looks(20, 1500)).toBe(0);
    expect(rig.looks(1, 10)).toBe(0);
    expect(rig.looks(1, 10)).toBe(1);
    expect(rig.looks(3, 10)).toBe(1);
    expect(rig.looks(1, 10)).toBe(2);
    expect(rig.looks(12, 10)).toBe(3);
    expect(rig.looks(36, 10)).toBe(4);
    expect(rig.looks(5000, 10)).toBe(4);
  });

  test("again after the next burst", () => {
    const rig = new Rig();
    rig.size = 300 * MB;
    rig.looks(3, 10);
    rig.size = 300 * MB;
    rig.looks(5, 1500);
    expect(rig.looks(2, 10)).toBe(2);
  });

  test("never while there is work, or when nothing has grown", () => {
    const rig = new Rig();
    expect(rig.looks(100, 10)).toBe(0);
    rig.size = 90 * MB;
    rig.looks(1, 1500);
    expect(rig.looks(100, 10)).toBe(0);
    rig.size = 300 * MB;
    expect(rig.looks(100, 500)).toBe(0);
  });

  test("a quarter more of a big process is the least that counts", () => {
    const rig = new Rig();
    rig.size = 1000 * MB;
    rig.live = 980 * MB;
    rig.looks(1, 1500);
    rig.looks(60, 10);
    rig.size = 1100 * MB;
    rig.looks(1, 1500);
    expect(rig.looks(60, 10)).toBe(4);
    rig.size = 1300 * MB;
    rig.looks(1, 1500);
    expect(rig.looks(2, 10)).toBe(5);
  });

  test("not after the end", () => {
    const rig = new Rig();
    rig.size = 300 * MB;
    rig.stop();
    expect(rig.looks(100, 10)).toBe(0);
  });
});

test("what a process no longer uses goes back to the system", () => {
  const memory = processMemory();
  const held: Uint8Array[] = [];
  for (let i = 0; i < 200_000; i++) held.push(new Uint8Array(400).fill(i));
  const before = memory.resident();
  held.length = 0;
  memory.release();
  expect(memory.busy()).toBeGreaterThan(0);
  expect(before - memory.resident()).toBeGreaterThan(20 * MB);
});
