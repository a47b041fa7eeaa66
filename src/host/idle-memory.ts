// Memory that a burst of work leaves behind: the collectors of both runtimes run while memory is asked for, not when a process falls idle, so
// a proxy would keep what its busiest second took. Here the idle process collects and gives back, a bounded number of times a burst.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "./host.ts";

/** What the collector looks at and does. */
export interface Memory {
  /** Processor time used so far, ms. */
  busy(): number;
  /** Resident size, octets. */
  resident(): number;
  /** Collects all that can be and returns free pages to the system; the process stands still meanwhile. */
  release(): void;
}

/** Between two looks, ms. */
const LOOK = 2000;
/** Processor time between two looks up to which the process counts as idle, ms. */
const IDLE = 80;
/** Looks of idleness after which memory is released: transactions and dialogs of a burst live on for some time, each time less is left. */
const RELEASES = [2, 6, 18, 54];
/** A burst is worth it when the resident size has grown by this many octets, and by this part. */
const GROWN = 16 << 20;
const GROWN_PART = 0.25;

/** Watches from now on; returns how to stop it. */
export function releaseWhenIdle(clock: Clock, memory: Memory): () => void {
  let base = memory.resident();
  let busy = memory.busy();
  let idleLooks = 0;
  let afterBurst = false;
  let cancel = (): void => {};
  const look = (): void => {
    const now = memory.busy();
    idleLooks = now - busy > IDLE ? 0 : Math.min(idleLooks + 1, 1000);
    if (idleLooks === RELEASES[0]) afterBurst = memory.resident() > base + Math.max(GROWN, base * GROWN_PART);
    if (afterBurst && RELEASES.includes(idleLooks)) {
      memory.release();
      base = memory.resident();
    }
    // what releasing took is no work
    busy = memory.busy();
    cancel = clock.after(LOOK, look);
  };
  cancel = clock.after(LOOK, look);
  return () => cancel();
}

/** The memory of this process. */
export function processMemory(): Memory {
  const release = releaser();
  return {
    busy: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    resident: () => memoryInUse().rss,
    release,
  };
}

/** Octets of memory: resident, and of the heap. Without /proc (in a directory that became the root) the most that was resident so far. */
export function memoryInUse(): { rss: number; heapUsed: number } {
  try {
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  } catch {
    const rss = process.resourceUsage().maxRSS * 1024;
    return { rss, heapUsed: rss };
  }
}

function releaser(): () => void {
  const { Bun } = globalThis as { Bun?: { gc: (sync: boolean) => void } };
  if (Bun) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const trim = openTrim();
  return () => {
    collect();
    trim();
  };
}

// V8 keeps the octets of buffers in the C library's heap, which holds on to its free pages until it is told; Bun has an allocator of its own.
// Not every C library has the call.
function openTrim(): () => void {
  try {
    const { symbols } = (globalThis as any).Deno.dlopen("libc.so.6", {
      malloc_trim: { parameters: ["usize"], result: "i32" },
    });
    return () => symbols.malloc_trim(0n);
  } catch {
    return () => {};
  }
}
