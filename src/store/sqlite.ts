// A Database on one SQLite file. Writes of one tick are one transaction, committed before what was sent in that tick leaves
// (Host.beforeFlush), so that whoever got a 200 OK finds the binding again after the process was killed.

import { type Host, HostError, type SqliteDatabase, type SqliteStatement, type SqlValue } from "../host/host.ts";
import { fromUnicode, textOf, toUnicode } from "../util/bytes.ts";
import type { Log } from "../util/log.ts";
import {
  type Cell,
  type Database,
  isTableName,
  type Match,
  Moment,
  type QueryOptions,
  type Row,
  StoreError,
  type TableLayout,
} from "./database.ts";
import { julianDay } from "./dates.ts";
import { createSql, type Layout, parseLayouts } from "./layouts.ts";

export interface SqliteOptions {
  /** How long to wait for another process that writes (`portico user`, Kamailio), in milliseconds. */
  readonly busyTimeout?: number;
  /**
   * "normal": a commit is in the system's hands, so it survives the death of the process but perhaps not that of the machine.
   * "full": on the disk, at some milliseconds a commit.
   */
  readonly synchronous?: "normal" | "full";
  /** The table that holds the versions of the others. */
  readonly versionTable?: string;
  readonly slow?: SlowQueries;
}

/** Which queries are told of: those that took `from` microseconds or longer (0 for none), at which log level. */
export interface SlowQueries {
  readonly from: number;
  readonly level: number;
}

/** How much of a slow query is told. */
const QUERY_SHOWN = 50;

/** How many different statements are kept prepared; callers use few, names in scripts could make more. */
const MAX_STATEMENTS = 256;

/** One open file. Answers at once; throws StoreError. */
export class SqliteStore implements Database {
  readonly url: string;
  private readonly db: SqliteDatabase;
  private readonly host: Host;
  private readonly log: Log;
  private readonly statements = new Map<string, SqliteStatement>();
  private readonly versionTable: string;
  private readonly slow: SlowQueries;
  private layouts: ReadonlyMap<string, Layout> | null = null;
  private inTransaction = false;
  private open = true;

  constructor(host: Host, log: Log, url: string, path: string, options: SqliteOptions = {}) {
    this.url = url;
    this.host = host;
    this.log = log;
    this.versionTable = options.versionTable ?? "version";
    this.slow = options.slow ?? { from: 0, level: 0 };
    this.db = guard(path, () => host.openSqlite(path));
    const timeout = Math.max(0, Math.trunc(options.busyTimeout ?? 2000));
    guard(path, () => {
      this.db.exec(`PRAGMA busy_timeout=${timeout}`);
      this.db.exec("PRAGMA journal_mode=WAL");
      this.db.exec(`PRAGMA synchronous=${options.synchronous === "full" ? "FULL" : "NORMAL"}`);
    });
    host.beforeFlush(() => this.commit());
  }

  query(table: string, columns: readonly string[], where: readonly Match[], options: QueryOptions = {}): Row[] {
    const what = columns.length === 0 ? "*" : columns.map(quoted).join(",");
    let sql = `SELECT ${what} FROM ${quoted(table)}${conditions(where)}`;
    if (options.order !== undefined) {
      const down = options.order.startsWith("-");
      sql += ` ORDER BY ${quoted(down ? options.order.slice(1) : options.order)}${down ? " DESC" : ""}`;
    }
    if (options.limit !== undefined) sql += ` LIMIT ${Math.max(0, Math.trunc(options.limit))}`;
    return this.rows(sql, bound(where));
  }

  insert(table: string, columns: readonly string[], values: readonly Cell[]): void {
    this.write(
      `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(",")}) VALUES (${marks(columns.length)})`,
      values,
    );
  }

  upsert(table: string, key: readonly string[], columns: readonly string[], values: readonly Cell[]): void {
    const others = columns.filter((column) => !key.includes(column));
    const sets = others.map((column) => `${quoted(column)}=excluded.${quoted(column)}`).join(",");
    const insert = `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(",")}) VALUES (${marks(columns.length)})`;
    const clash = `ON CONFLICT (${key.map(quoted).join(",")})`;
    this.write(`${insert} ${clash} DO ${sets === "" ? "NOTHING" : `UPDATE SET ${sets}`}`, values);
  }

  update(table: string, where: readonly Match[], columns: readonly string[], values: readonly Cell[]): number {
    const sets = columns.map((column) => `${quoted(column)}=?`).join(",");
    return this.write(`UPDATE ${quoted(table)} SET ${sets}${conditions(where)}`, [...values, ...bound(where)]);
  }

  delete(table: string, where: readonly Match[]): number {
    return this.write(`DELETE FROM ${quoted(table)}${conditions(where)}`, bound(where));
  }

  raw(statement: string, values: readonly Cell[]): Row[] {
    if (/^\s*(?:select|pragma|explain|with)\b/i.test(statement)) return this.rows(statement, values);
    this.write(statement, values);
    return [];
  }

  ensureTable(table: TableLayout, check = true): void {
    if (!isTableName(this.versionTable))
      throw new StoreError("ERR_DB_NAME", `version_table: "${this.versionTable}" cannot be the name of a table`);
    if (!isTableName(table.name)) throw new StoreError("ERR_DB_NAME", `"${table.name}" cannot be the name of a table`);
    this.begin();
    guard(this.url, () => this.db.exec(this.schema("version", this.versionTable)));
    const known =
      this.rows("SELECT 1 AS there FROM sqlite_master WHERE type IN ('table','view') AND name=?", [table.name]).length >
      0;
    if (!known) {
      guard(this.url, () => this.db.exec(this.schema(table.layout, table.name)));
      const values = [table.name, table.version];
      this.upsert(this.versionTable, ["table_name"], ["table_name", "table_version"], values);
    } else if (check) this.checkVersion(table);
    this.commit();
  }

  private checkVersion(table: TableLayout): void {
    const rows = this.rows(`SELECT table_version FROM ${quoted(this.versionTable)} WHERE table_name=?`, [table.name]);
    const found = rows[0]?.["table_version"] ?? null;
    if (found === table.version) return;
    this.commit();
    const is = found === null ? "has no version number" : `is of version ${found}`;
    const fix = "move the rows to a table of that version, or set version_table to 0 if its columns are known to fit";
    throw new StoreError(
      "ERR_DB_VERSION",
      `table ${table.name} in ${this.url} ${is}, but version ${table.version} is needed: ${fix}`,
    );
  }

  // Kamailio's tables are facts of one file; those of our own have a file each.
  private schema(layout: string, name: string): string {
    const asset = (file: string): string => new TextDecoder().decode(this.host.asset(file));
    this.layouts ??= parseLayouts(asset("kamailio.tables"));
    const known = this.layouts.get(layout);
    if (known !== undefined) return createSql(known, name);
    const text = asset(`schema/${layout}.sql`);
    return layout === name ? text : text.replace(new RegExp(`\\b${layout}(?=\\b|_)`, "g"), name);
  }

  close(): void {
    if (!this.open) return;
    this.commit();
    this.open = false;
    this.statements.clear();
    this.db.close();
  }

  /** Commits what was written since the last time; called before replies leave, and at the latest in the next turn of the loop. */
  commit(): void {
    if (!this.inTransaction) return;
    this.inTransaction = false;
    try {
      this.db.exec("COMMIT");
    } catch (error) {
      this.log.error(`${this.url}: writes of this moment are lost: ${message(error)}`);
      this.rollback();
    }
  }

  private rollback(): void {
    try {
      this.db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself
    }
  }

  private begin(): void {
    if (this.inTransaction) return;
    if (!this.open) throw new StoreError("ERR_DB_CLOSED", `${this.url} is closed`);
    guard(this.url, () => this.db.exec("BEGIN IMMEDIATE"));
    this.inTransaction = true;
    this.host.clock.soon(() => this.commit());
  }

  private write(sql: string, values: readonly Cell[]): number {
    this.begin();
    return this.timed(sql, () => this.statement(sql).run(...values.map(outward)).changes);
  }

  private rows(sql: string, values: readonly Cell[]): Row[] {
    if (!this.open) throw new StoreError("ERR_DB_CLOSED", `${this.url} is closed`);
    return this.timed(sql, () =>
      this.statement(sql)
        .all(...values.map(outward))
        .map(inward),
    );
  }

  private timed<T>(sql: string, run: () => T): T {
    const { from, level } = this.slow;
    if (from === 0) return guard(this.url, run);
    const since = this.host.clock.mono();
    const result = guard(this.url, run);
    const taken = Math.round((this.host.clock.mono() - since) * 1000);
    if (taken >= from)
      this.log.write(level, `alert - query execution too long [${taken} us] for [${sql.slice(0, QUERY_SHOWN)}]`);
    return result;
  }

  private statement(sql: string): SqliteStatement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      if (this.statements.size >= MAX_STATEMENTS) this.statements.clear();
      statement = this.db.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

/** Runs it, and turns what SQLite throws into a StoreError that names the file. */
function guard<T>(where: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = error instanceof HostError ? error.code : "ERR_DB";
    throw new StoreError(code, `${where}: ${message(error)}${HINTS[code] ?? ""}`);
  }
}

/** What to do about failures that say too little of themselves. */
const HINTS: Readonly<Record<string, string>> = {
  SQLITE_CANTOPEN: "; is the directory there, and may this user write to it?",
  SQLITE_READONLY: "; may this user write to the file and its directory?",
  SQLITE_NOTADB: "; another program's file has this name",
};

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Not in double quotes: SQLite takes a missing column in those for a text.
function quoted(name: string): string {
  if (!isTableName(name)) throw new StoreError("ERR_DB_NAME", `"${name}" cannot be the name of a table or column`);
  return `\`${name}\``;
}

function marks(n: number): string {
  return "?,".repeat(n).slice(0, -1);
}

function conditions(where: readonly Match[]): string {
  let sql = "";
  for (const { column, op, value } of where) {
    sql += sql === "" ? " WHERE " : " AND ";
    if (value === null) sql += `${quoted(column)} IS ${op === "!=" ? "NOT " : ""}NULL`;
    else sql += `${quoted(column)}${op ?? "="}?`;
  }
  return sql;
}

function bound(where: readonly Match[]): Cell[] {
  const values: Cell[] = [];
  for (const { value } of where) if (value !== null) values.push(value);
  return values;
}

// SQLite holds Unicode, scripts hold octets; nearly all text is ASCII, where they are the same.
const NOT_ASCII = /[^\x00-\x7f]/;

function outward(cell: Cell): SqlValue {
  if (cell instanceof Moment) return julianDay(cell.seconds);
  return typeof cell === "string" && NOT_ASCII.test(cell) ? toUnicode(cell) : cell;
}

function inward(row: Record<string, SqlValue>): Row {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "string") {
      if (NOT_ASCII.test(value)) row[name] = fromUnicode(value);
    } else if (typeof value === "bigint") row[name] = Number(value);
    else if (value instanceof Uint8Array) row[name] = textOf(value, 0, value.length);
  }
  return row as Row;
}
