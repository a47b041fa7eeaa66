// Joins what both runtimes share into a Host; bun.ts and deno.ts add what differs: the C library and SQLite.
import { asset } from "./assets.ts";
import { FlushGate } from "./flush.ts";
import type { Host, Network, SqliteDatabase } from "./host.ts";
import type { Libc } from "./libc.ts";
import { clock, hashing, interfaces, lookupAddresses, random } from "./node-basics.ts";
import { files } from "./node-files.ts";
import { makeProcess } from "./node-process.ts";
import { connectTcp, listenTcp } from "./node-tcp.ts";
import { NativeUdp } from "./udp-native.ts";
import { bindPortableUdp } from "./udp-portable.ts";

/** What a runtime adds. */
export interface RuntimeParts {
  readonly name: "bun" | "deno";
  readonly args: readonly string[];
  readonly programName: string;
  /** Opens the C library; throws where native calls are not to be had. */
  openLibc(): Libc;
  openSqlite(path: string, readOnly: boolean): SqliteDatabase;
}

/** The Host of a runtime. UDP is native on 64-bit little-endian Linux, unless PORTICO_UDP=portable. */
export function makeHost(parts: RuntimeParts): Host {
  const gate = new FlushGate((fn) => clock.soon(fn));
  const udp = openUdp(parts, gate);
  const network: Network = {
    nativeUdp: udp !== null,
    bindUdp: (options) =>
      udp === null ? bindPortableUdp(gate, options) : Promise.resolve().then(() => udp.bind(options)),
    listenTcp: (options) => listenTcp(gate, options),
    connectTcp: (options) => connectTcp(gate, options),
    interfaces,
    lookup: lookupAddresses,
  };
  return {
    name: parts.name,
    clock,
    random,
    hashing,
    network,
    files,
    process: makeProcess(parts.args, parts.programName),
    openSqlite: (path, options) => parts.openSqlite(path, options?.readOnly ?? false),
    beforeFlush: (fn) => gate.before(fn),
    asset,
  };
}

function openUdp(parts: RuntimeParts, gate: FlushGate): NativeUdp | null {
  if (process.env["PORTICO_UDP"] === "portable" || process.platform !== "linux") return null;
  if (process.arch !== "x64" && process.arch !== "arm64") return null;
  try {
    return new NativeUdp(parts.openLibc(), gate, (fn) => clock.soon(fn));
  } catch {
    return null;
  }
}
