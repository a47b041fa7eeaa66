// How much memory is in use when nothing is left to collect, on either runtime.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = () => void;

const collect: Collect = findCollector();

function findCollector(): Collect {
  const { Bun } = globalThis as { Bun?: { gc: (sync: boolean) => void } };
  if (Bun) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as Collect;
}

/** Octets of heap and of buffers in use, after a full collection. */
export function heapInUse(): number {
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
