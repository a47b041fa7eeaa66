// What modules know of a database: rows of named tables, without SQL, in the shape of Kamailio's own database interface.
// SQLite answers at once, MySQL and PostgreSQL later; who may wait says so by a Promise (design.md, D9).

/** A value of a column. Text is a byte string (one character an octet), as everywhere in scripts. */
export type Cell = string | number | null | Moment;

/** A moment to be written to a DATETIME column, in the way of the database (store/dates.ts). None is ever read: columns give text or a number. */
export class Moment {
  /** Since 1970; 0 for "never". */
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** A row: cells by column name. */
export type Row = Readonly<Record<string, Cell>>;

/** At once or later. */
export type Later<T> = T | Promise<T>;

/** One condition; several must all hold. `null` compares as SQL's IS NULL with "=" and IS NOT NULL with "!=". */
export interface Match {
  readonly column: string;
  readonly op?: "=" | "!=" | "<" | "<=" | ">" | ">=";
  readonly value: Cell;
}

export interface QueryOptions {
  /** Column to sort by, "-" in front for descending. */
  readonly order?: string;
  readonly limit?: number;
}

/** A Kamailio table: its name in the database, which layout it has (one of embed/kamailio.tables, or a file of embed/schema), and that layout's version. */
export interface TableLayout {
  readonly name: string;
  readonly layout: string;
  readonly version: number;
}

/** One database. Failures are StoreError, thrown or as rejection. */
export interface Database {
  /** What it is called in messages; never with a password. */
  readonly url: string;
  /** Whether moments that are read as text are of local time; else they are of UTC. */
  readonly hasLocalTime?: boolean;
  query(table: string, columns: readonly string[], where: readonly Match[], options?: QueryOptions): Later<Row[]>;
  insert(table: string, columns: readonly string[], values: readonly Cell[]): Later<void>;
  /** Inserts, or updates the row that has the same `key` columns, which must be unique in the table. */
  upsert(table: string, key: readonly string[], columns: readonly string[], values: readonly Cell[]): Later<void>;
  /** Returns how many rows matched. */
  update(table: string, where: readonly Match[], columns: readonly string[], values: readonly Cell[]): Later<number>;
  /** Returns how many rows went. */
  delete(table: string, where: readonly Match[]): Later<number>;
  /** Any statement of the database's own language, for tools and sqlops; `?` stands for the values in order. */
  raw(statement: string, values: readonly Cell[]): Later<Row[]>;
  /** Makes the table when it is missing, and compares versions unless `check` is false. */
  ensureTable(table: TableLayout, check?: boolean): Later<void>;
  close(): void;
}

/** Why a database could not do something. `code` is stable: the system's or SQLite's code, or one of ours beginning "ERR_DB_". */
export class StoreError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "StoreError";
    this.code = code;
  }
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** Whether a text can stand as a table's or column's name; anything else never reaches a statement. */
export function isTableName(name: string): boolean {
  return NAME.test(name);
}
