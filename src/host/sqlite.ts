// SQLite behind SqliteDatabase: one wrapper over the two libraries, whose statements differ only in how rows come out.
import { HostError, type SqliteDatabase, type SqliteStatement, type SqlValue } from "./host.ts";

/** What both bun:sqlite and node:sqlite offer; integers are asked for as bigint, so that none loses digits. */
export interface RawDatabase {
  exec(sql: string): void;
  prepare(sql: string): RawStatement;
  close(): void;
}

interface RawStatement {
  all(...values: SqlValue[]): Record<string, SqlValue>[];
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  finalize?(): void;
}

const MAX_STATEMENTS = 256;

/** Opens a database by the library's own constructor and wraps it; errors carry SQLite's code ("SQLITE_CONSTRAINT_UNIQUE" …). */
export function wrapSqlite(open: () => RawDatabase): SqliteDatabase {
  const raw = attempt(open);
  const statements = new Map<string, SqliteStatement>();
  return {
    exec: (sql) => attempt(() => raw.exec(sql)),
    prepare(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = wrapStatement(attempt(() => raw.prepare(sql)));
      // The texts come from a program and are few; a script that builds them from data must not fill memory.
      if (statements.size >= MAX_STATEMENTS) statements.clear();
      statements.set(sql, statement);
      return statement;
    },
    close: () => {
      statements.clear();
      attempt(() => raw.close());
    },
  };
}

function wrapStatement(raw: RawStatement): SqliteStatement {
  return {
    all(...values) {
      const rows = attempt(() => raw.all(...values));
      for (const row of rows) {
        for (const name in row) {
          const value = row[name];
          if (typeof value === "bigint") row[name] = narrow(value);
        }
      }
      return rows;
    },
    run(...values) {
      const { changes, lastInsertRowid } = attempt(() => raw.run(...values));
      return { changes: Number(changes), lastId: Number(lastInsertRowid) };
    },
  };
}

/** A number where it is exact, the bigint where it is not. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function attempt<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw sqliteError(error);
  }
}

/** bun:sqlite names the code; node:sqlite gives its number, or on Deno's `exec` nothing but SQLite's own sentence. */
function sqliteError(error: unknown): HostError {
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  const text = typeof message === "string" ? message : String(error);
  if (typeof errcode === "number") return new HostError(codeName(errcode), text);
  return new HostError(typeof code === "string" && code.startsWith("SQLITE_") ? code : codeOfText(text), text);
}

function codeOfText(text: string): string {
  for (const [beginning, code] of SENTENCES) if (text.startsWith(beginning)) return code;
  return "SQLITE_ERROR";
}

function codeName(number: number): string {
  return EXTENDED[number] ?? PRIMARY[number & 255] ?? "SQLITE_ERROR";
}

// https://www.sqlite.org/rescode.html
const PRIMARY: Record<number, string> = {
  1: "SQLITE_ERROR",
  3: "SQLITE_PERM",
  4: "SQLITE_ABORT",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  9: "SQLITE_INTERRUPT",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  17: "SQLITE_SCHEMA",
  18: "SQLITE_TOOBIG",
  19: "SQLITE_CONSTRAINT",
  20: "SQLITE_MISMATCH",
  21: "SQLITE_MISUSE",
  23: "SQLITE_AUTH",
  25: "SQLITE_RANGE",
  26: "SQLITE_NOTADB",
};
const EXTENDED: Record<number, string> = {
  275: "SQLITE_CONSTRAINT_CHECK",
  787: "SQLITE_CONSTRAINT_FOREIGNKEY",
  1299: "SQLITE_CONSTRAINT_NOTNULL",
  1555: "SQLITE_CONSTRAINT_PRIMARYKEY",
  1811: "SQLITE_CONSTRAINT_TRIGGER",
  2067: "SQLITE_CONSTRAINT_UNIQUE",
  2579: "SQLITE_CONSTRAINT_ROWID",
};

// What sqlite3_errmsg begins with (https://www.sqlite.org/c3ref/errcode.html, sqlite3_errstr).
const SENTENCES: readonly (readonly [string, string])[] = [
  ["database is locked", "SQLITE_BUSY"],
  ["database table is locked", "SQLITE_LOCKED"],
  ["attempt to write a readonly database", "SQLITE_READONLY"],
  ["disk I/O error", "SQLITE_IOERR"],
  ["database disk image is malformed", "SQLITE_CORRUPT"],
  ["database or disk is full", "SQLITE_FULL"],
  ["unable to open database file", "SQLITE_CANTOPEN"],
  ["database schema has changed", "SQLITE_SCHEMA"],
  ["file is not a database", "SQLITE_NOTADB"],
  ["datatype mismatch", "SQLITE_MISMATCH"],
  ["UNIQUE constraint failed", "SQLITE_CONSTRAINT_UNIQUE"],
  ["NOT NULL constraint failed", "SQLITE_CONSTRAINT_NOTNULL"],
  ["CHECK constraint failed", "SQLITE_CONSTRAINT_CHECK"],
  ["FOREIGN KEY constraint failed", "SQLITE_CONSTRAINT_FOREIGNKEY"],
];
