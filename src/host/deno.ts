// The Host on Deno.
import { openDenoLibc } from "./ffi-deno.ts";
import type { Host } from "./host.ts";
import { makeHost } from "./node-host.ts";
import { type RawDatabase, wrapSqlite } from "./sqlite.ts";

/** The Host on Deno. Call it once a process. */
export function createHost(): Host {
  return makeHost({
    name: "deno",
    args: process.argv.slice(2),
    programName: process.argv0,
    openLibc: openDenoLibc,
    openSqlite: (path, readOnly) =>
      wrapSqlite(() => {
        const { DatabaseSync } = (process as any).getBuiltinModule("node:sqlite");
        const database = new DatabaseSync(path, { readOnly });
        return {
          exec: (sql) => database.exec(sql),
          prepare(sql) {
            const statement = database.prepare(sql);
            statement.setReadBigInts(true);
            return statement;
          },
          close: () => database.close(),
        } satisfies RawDatabase;
      }),
  });
}
