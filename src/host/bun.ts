// The Host on Bun.
import { openBunLibc } from "./ffi-bun.ts";
import type { Host } from "./host.ts";
import { makeHost } from "./node-host.ts";
import { type RawDatabase, wrapSqlite } from "./sqlite.ts";

/** The Host on Bun. Call it once a process. */
export function createHost(): Host {
  return makeHost({
    name: "bun",
    args: process.argv.slice(2),
    programName: process.argv0,
    openLibc: openBunLibc,
    openSqlite: (path, readOnly) =>
      wrapSqlite(() => {
        const { Database } = (process as any).getBuiltinModule("bun:sqlite");
        const mode = readOnly ? { readonly: true } : { readwrite: true, create: true };
        return new Database(path, { ...mode, safeIntegers: true }) as RawDatabase;
      }),
  });
}
