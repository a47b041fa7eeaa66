// The Host on Bun.
import { openBunLibc } from "./ffi-bun.ts";
import type { Host } from "./host.ts";
import { makeHost } from "./node-host.ts";

/** The Host on Bun. Call it once a process. */
export function createHost(): Host {
  return makeHost("bun", openBunLibc);
}
