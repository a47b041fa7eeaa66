// The SQLite library of the runtime that runs us: bun:sqlite on Bun, node:sqlite on Deno. Taken by name and not by
// import, since each runtime lacks the other's.
import { closeSync, openSync } from "node:fs";
import type { SqliteDatabase } from "./host.ts";
import { type RawDatabase, wrapSqlite } from "./sqlite.ts";

/** Host.openSqlite with the runtime's own library. */
export function openRuntimeSqlite(path: string, options?: { readOnly?: boolean }): SqliteDatabase {
  const readOnly = options?.readOnly ?? false;
  if (!readOnly && path !== ":memory:" && path !== "") makePrivate(path);
  return wrapSqlite(() => ("Deno" in globalThis ? openNode(path, readOnly) : openBun(path, readOnly)));
}

// SQLite would make the file readable for everybody; its journals take over the mode of the file. One that exists keeps its mode.
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch {
    // the attempt to open the database says what is wrong
  }
}

function openBun(path: string, readOnly: boolean): RawDatabase {
  const { Database } = (process as any).getBuiltinModule("bun:sqlite");
  const mode = readOnly ? { readonly: true } : { readwrite: true, create: true };
  return new Database(path, { ...mode, safeIntegers: true });
}

function openNode(path: string, readOnly: boolean): RawDatabase {
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
  };
}
