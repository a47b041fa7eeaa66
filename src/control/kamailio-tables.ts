// Kamailio's tables in an SQLite file: making them, comparing what is there with what should be, repairing it, and moving rows as SQL.

import type { Host, SqliteDatabase, SqlValue } from "../host/host.ts";
import { isTableName } from "../store/database.ts";
import { columnSql, createSql, type Index, indexSql, type Layout, parseLayouts } from "../store/layouts.ts";

/** What is wrong with one table. */
export interface Finding {
  readonly table: string;
  readonly what: string;
  /** Whether `upgrade` can repair it. */
  readonly repairable: boolean;
}

const VERSION_TABLE = "version";

/** The tables of one file. */
export class TableFile {
  readonly layouts: ReadonlyMap<string, Layout>;
  private readonly db: SqliteDatabase;

  constructor(host: Host, db: SqliteDatabase) {
    this.layouts = parseLayouts(new TextDecoder().decode(host.asset("kamailio.tables")));
    this.db = db;
  }

  /** Names of all tables there are, in alphabetical order. */
  names(): string[] {
    const rows = this.rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    );
    return rows.map((row) => String(row["name"]));
  }

  /** Makes every table that is missing; their names. */
  create(): string[] {
    const there = new Set(this.names());
    const missing = [...this.layouts.values()].filter(({ name }) => !there.has(name));
    this.together(() => {
      for (const layout of missing) this.db.exec(createSql(layout, layout.name));
      for (const layout of missing) this.setVersion(layout);
    });
    return missing.map(({ name }) => name);
  }

  /** What is wrong with the tables that are there. A missing table is not: nobody may need it. */
  check(): Finding[] {
    const findings: Finding[] = [];
    for (const name of this.names()) {
      const layout = this.layouts.get(name);
      if (layout !== undefined) findings.push(...this.checkTable(layout));
    }
    return findings;
  }

  private checkTable(layout: Layout): Finding[] {
    const table = layout.name;
    const findings: Finding[] = [];
    const note = (what: string, repairable = true): void => void findings.push({ table, what, repairable });
    const there = this.columns(table);
    for (const column of layout.columns) {
      if (there.has(column.name)) continue;
      note(`column ${column.name} is missing`);
    }
    const version = this.version(table);
    if (version === null) note(`it has no version number; ${layout.version} is needed`);
    else if (version > layout.version && !isFromBefore33(table, version))
      note(`it is of version ${version}, newer than ${layout.version}`, false);
    else if (version !== layout.version) note(`it is of version ${version}; ${layout.version} is needed`);
    const indexes = this.indexes(table);
    for (const { unique, columns } of layout.indexes)
      if (!indexes.has(`${unique ? "u" : "i"} ${columns.join()}`) && columns.every((c) => there.has(c)))
        note(`an index over ${columns.join(", ")}${unique ? ", unique," : ""} is missing`);
    return findings;
  }

  /** Makes missing tables, columns and indexes, and sets version numbers where all columns are there then. What it did; what it could not. */
  upgrade(): { readonly done: readonly string[]; readonly left: readonly Finding[] } {
    const done: string[] = this.create().map((name) => `made table ${name}`);
    const before = this.check();
    this.together(() => {
      for (const name of new Set(before.map(({ table }) => table))) this.repair(this.layouts.get(name)!);
    });
    const left = this.check();
    const key = ({ table, what }: Finding): string => `${table}: ${what}`;
    const stays = new Set(left.map(key));
    done.push(
      ...before
        .map(key)
        .filter((text) => !stays.has(text))
        .map((text) => `repaired ${text}`),
    );
    return { done, left };
  }

  private repair(layout: Layout): void {
    const { name } = layout;
    if (layout.columns.some(({ name: key, type }) => type === "key" && !this.columns(name).has(key)))
      this.makeAnew(layout);
    const there = this.columns(name);
    for (const column of layout.columns)
      if (!there.has(column.name) && column.type !== "key")
        this.db.exec(`ALTER TABLE ${name} ADD COLUMN ${columnSql(withDefault(column))}`);
    const now = this.columns(name);
    if (!layout.columns.every((column) => now.has(column.name))) return;
    const indexes = this.indexes(name);
    // one of that name over other columns would stand in the way
    for (const index of layout.indexes)
      if (!index.unique && !indexes.has(`i ${index.columns.join()}`))
        this.db.exec(`DROP INDEX IF EXISTS ${name}_${index.name}`);
    for (const statement of indexSql(layout, name)) this.db.exec(statement);
    const unique = layout.indexes.filter((i) => i.unique && !indexes.has(`u ${i.columns.join()}`));
    if (!unique.every((index) => this.makeUnique(name, index))) return;
    const version = this.version(name) ?? 0;
    if (version < layout.version || isFromBefore33(name, version)) this.setVersion(layout);
  }

  // A key cannot be added to a table: its rows go to a new one, with columns of the owner's own.
  private makeAnew(layout: Layout): void {
    const { name } = layout;
    const interim = `${name}_upgraded`;
    if (this.names().includes(interim)) return;
    this.db.exec(createSql({ ...layout, columns: layout.columns.map(withDefault), indexes: [] }, interim));
    const known = this.columns(interim);
    for (const { name: column, type } of this.rows(`PRAGMA table_info(${name})`))
      if (!known.has(String(column))) this.db.exec(`ALTER TABLE ${interim} ADD COLUMN "${column}" ${type}`);
    const list = [...this.columns(name)].map((column) => `"${column}"`).join(", ");
    this.db.exec(`INSERT INTO ${interim} (${list}) SELECT ${list} FROM ${name}`);
    this.db.exec(`DROP TABLE ${name}; ALTER TABLE ${interim} RENAME TO ${name}`);
  }

  // False where rows stand against it: which of them is to go nobody can know.
  private makeUnique(table: string, { name, columns }: Index): boolean {
    // record ids of bindings are made up by whoever writes them
    if (columns.join() === "ruid" && this.columns(table).has("id"))
      this.db.exec(`UPDATE ${table} SET ruid = 'upgraded-' || id WHERE ruid = ''`);
    const list = columns.join(", ");
    const twice = this.rows(
      `SELECT 1 FROM ${table} WHERE ${columns.map((c) => `${c} IS NOT NULL`).join(" AND ")} GROUP BY ${list} HAVING COUNT(*) > 1 LIMIT 1`,
    );
    if (twice.length > 0) return false;
    this.db.exec(`CREATE UNIQUE INDEX IF NOT EXISTS ${table}_${name} ON ${table} (${list})`);
    return true;
  }

  /** All rows of all tables as SQL that `load` and sqlite3 read, piece by piece. Tables that are none of Kamailio's are dumped too. */
  *dump(): Generator<string> {
    yield "BEGIN;\n";
    for (const table of this.names()) {
      if (!isTableName(table)) continue;
      const [made] = this.rows(`SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '${table}'`);
      yield `${String(made!["sql"]).replace(/^CREATE TABLE (?:IF NOT EXISTS )?/i, "CREATE TABLE IF NOT EXISTS ")};\n`;
      for (const index of this.rows(
        `SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = '${table}'`,
      ))
        yield `${String(index["sql"]).replace(/^CREATE (UNIQUE )?INDEX (?:IF NOT EXISTS )?/i, "CREATE $1INDEX IF NOT EXISTS ")};\n`;
      for (const row of this.rows(`SELECT * FROM ${table}`)) {
        const names = Object.keys(row).map((name) => `"${name.replaceAll('"', '""')}"`);
        yield `INSERT OR REPLACE INTO ${table} (${names.join(",")}) VALUES (${Object.values(row).map(literal).join(",")});\n`;
      }
    }
    yield "COMMIT;\n";
  }

  /** Runs what `dump` wrote; rows with the same key are replaced. All of it or, when it throws, nothing. */
  load(sql: string): void {
    try {
      this.db.exec(sql);
    } catch (error) {
      try {
        this.db.exec("ROLLBACK");
      } catch {
        // it never began, or SQLite has rolled back by itself
      }
      throw error;
    }
  }

  private columns(table: string): Set<string> {
    return new Set(this.rows(`PRAGMA table_info(${table})`).map((row) => String(row["name"])));
  }

  // As "u a,b" and "i a,b"; one that is unique serves where any is asked for.
  private indexes(table: string): Set<string> {
    const found = new Set<string>();
    for (const index of this.rows(`PRAGMA index_list(${table})`)) {
      const name = String(index["name"]).replaceAll('"', '""');
      const columns = this.rows(`PRAGMA index_info("${name}")`).map((row) => String(row["name"]));
      found.add(`i ${columns.join()}`);
      if (Number(index["unique"]) === 1) found.add(`u ${columns.join()}`);
    }
    return found;
  }

  private version(table: string): number | null {
    if (!this.names().includes(VERSION_TABLE)) return null;
    const rows = this.rows(`SELECT table_version FROM ${VERSION_TABLE} WHERE table_name = '${table}'`);
    return rows[0] === undefined ? null : Number(rows[0]["table_version"]);
  }

  private setVersion({ name, version }: Layout): void {
    this.db.exec(createSql(this.layouts.get(VERSION_TABLE)!, VERSION_TABLE));
    this.db.exec(`DELETE FROM ${VERSION_TABLE} WHERE table_name = '${name}'`);
    this.db.exec(`INSERT INTO ${VERSION_TABLE} (table_name, table_version) VALUES ('${name}', ${version})`);
  }

  private together(run: () => void): void {
    this.db.exec("BEGIN IMMEDIATE");
    try {
      run();
      this.db.exec("COMMIT");
    } catch (error) {
      this.db.exec("ROLLBACK");
      throw error;
    }
  }

  private rows(sql: string): Record<string, SqlValue>[] {
    return this.db.prepare(sql).all();
  }
}

// SQLite adds no column that must not be null and has no value for rows that are there.
function withDefault(column: Layout["columns"][number]): Layout["columns"][number] {
  if (column.nullable || column.fallback !== null) return column;
  const { type } = column;
  const fallback = /int|small|real/.test(type) ? "0" : type === "ts" ? "'2000-01-01 00:00:00'" : "''";
  return { ...column, fallback };
}

// Until Kamailio 3.2 these two counted from 1000.
function isFromBefore33(table: string, version: number): boolean {
  return (table === "location" || table === "aliases") && version >= 1000;
}

function literal(value: SqlValue): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return Number.isInteger(value) ? value.toFixed(1) : String(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "string") return `x'${[...value].map((octet) => octet.toString(16).padStart(2, "0")).join("")}'`;
  return `'${value.replaceAll("'", "''")}'`;
}
