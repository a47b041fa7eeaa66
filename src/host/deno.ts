// The Host on Deno.
import { openDenoLibc } from "./ffi-deno.ts";
import type { Host } from "./host.ts";
import { makeHost } from "./node-host.ts";

/** The Host on Deno. Call it once a process. */
export function createHost(): Host {
  return makeHost("deno", openDenoLibc);
}
