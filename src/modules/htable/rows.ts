// Tables of the database: how rows become items, and items rows. Columns as Kamailio's table htable has them, version 2.

import { intOfText } from "../../sip/value.ts";
import { type Cell, type Database, type Row, StoreError } from "../../store/database.ts";
import { type Maybe, whenThere } from "../../util/maybe.ts";
import type { Content, Table } from "./table.ts";

/** Kamailio's version number of table htable. */
export const HTABLE_VERSION = 2;

/** Names of columns, and what else the module's parameters say of rows. */
export interface RowSettings {
  readonly key: string;
  readonly keyType: string;
  readonly valueType: string;
  readonly value: string;
  readonly expires: string;
  /** Behind the name of a list stands how many values it has. */
  readonly sizeSuffix: string;
  /** Whether times are in the database too. */
  readonly keepsTimes: boolean;
}

/** Reads all items of a table from its database table; what was in memory goes. Throws StoreError, and nothing changes. */
export function load(table: Table, db: Database, s: RowSettings, now: number): Maybe<void> {
  const { dbtable, cols, autoexpire } = table.definition;
  if (cols.length > 0)
    return whenThere(db.query(dbtable, cols, []), (rows) => {
      table.clear();
      for (const row of rows)
        table.set(
          text(row[cols[0]!]),
          cols
            .slice(1)
            .map((c) => text(row[c]))
            .join(","),
        );
    });
  const hasTimes = s.keepsTimes && autoexpire > 0;
  const columns = [s.key, s.keyType, s.valueType, s.value, ...(hasTimes ? [s.expires] : [])];
  return whenThere(db.ensureTable({ name: dbtable, layout: "htable", version: HTABLE_VERSION }), () =>
    whenThere(db.query(dbtable, columns, [], { order: s.key }), (rows) => {
      table.clear();
      fill(table, rows, s, hasTimes, now);
    }),
  );
}

function fill(table: Table, rows: readonly Row[], s: RowSettings, hasTimes: boolean, now: number): void {
  const sizes = new Map<string, number>();
  const put = (key: string, value: Content, row: Row): void => {
    const at = hasTimes ? Number(row[s.expires] ?? 0) : 0;
    if (!hasTimes || at === 0) table.set(key, value);
    else if (at > now) table.put(key, value, at);
  };
  for (const row of rows) {
    const name = text(row[s.key]);
    const value = Number(row[s.valueType]) === 1 ? leadingInt(text(row[s.value])) : text(row[s.value]);
    if (Number(row[s.keyType]) !== 1) put(name, value, row);
    else {
      const n = sizes.get(name) ?? 0;
      put(`${name}[${n}]`, value, row);
      sizes.set(name, n + 1);
    }
  }
  for (const [name, size] of sizes) table.set(name + s.sizeSuffix, size);
}

/** Writes all items of a table into its database table, in place of what is there. */
export function store(table: Table, db: Database, s: RowSettings): Maybe<void> {
  const { dbtable, cols, autoexpire } = table.definition;
  if (cols.length > 0) return undefined;
  const hasTimes = s.keepsTimes && autoexpire > 0;
  const columns = [s.key, s.keyType, s.valueType, s.value, ...(hasTimes ? [s.expires] : [])];
  const rows: Cell[][] = [];
  for (const [key, item] of table.entries()) {
    if (table.isOver(item)) continue;
    const row: Cell[] = [key, 0, typeof item.value === "number" ? 1 : 0, String(item.value)];
    rows.push(hasTimes ? [...row, item.expires] : row);
  }
  return whenThere(db.delete(dbtable, []), () => insertAll(db, dbtable, columns, rows, 0));
}

function insertAll(
  db: Database,
  table: string,
  columns: readonly string[],
  rows: readonly Cell[][],
  from: number,
): Maybe<void> {
  for (let i = from; i < rows.length; i++) {
    const done = db.insert(table, columns, rows[i]!);
    if (done instanceof Promise) return done.then(() => insertAll(db, table, columns, rows, i + 1));
  }
  return undefined;
}

/** The words of a failure of the database. */
export function failure(error: unknown): string {
  if (error instanceof StoreError || error instanceof Error) return error.message;
  return String(error);
}

function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}

// As many digits as there are: "12x" counts as 12.
function leadingInt(value: string): number {
  return intOfText(/^[+-]?\d+/.exec(value.trim())?.[0] ?? "");
}
