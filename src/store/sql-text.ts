// Statements for MySQL and PostgreSQL. Values are always parameters; names are checked and quoted.

import { bytesOf } from "../util/bytes.ts";
import { type Cell, isTableName, type Match, Moment, type QueryOptions, StoreError } from "./database.ts";
import { localText } from "./dates.ts";
import type { NetworkKind } from "./network-url.ts";

/** A statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Parameter[];
}

/** A value as the clients take it; text is a byte string. */
export type Parameter = string | number | null | Uint8Array;

/** Writes statements in one server's dialect. */
export class SqlText {
  private readonly kind: NetworkKind;
  private readonly octets = new Map<string, ReadonlySet<string>>();

  constructor(kind: NetworkKind) {
    this.kind = kind;
  }

  /** Tells which columns of a table hold octets in place of text. */
  setOctets(table: string, columns: readonly string[]): void {
    if (columns.length > 0) this.octets.set(table, new Set(columns));
  }

  private cell(table: string, column: string | undefined, value: Cell): Cell | Uint8Array {
    if (typeof value !== "string" || column === undefined) return value;
    return this.octets.get(table)?.has(column) === true ? bytesOf(value) : value;
  }

  select(table: string, columns: readonly string[], where: readonly Match[], options: QueryOptions): Statement {
    const out = new Builder(this.kind);
    out.put("SELECT ");
    if (columns.length === 0) out.put("*");
    columns.forEach((column, i) => {
      out.put(i === 0 ? "" : ",").name(column);
      // PostgreSQL gives names back in lower case
      if (this.kind === "postgres" && column !== column.toLowerCase()) out.put(` AS "${column}"`);
    });
    out.put(" FROM ").name(table).where(where);
    if (options.order !== undefined) {
      const down = options.order.startsWith("-");
      out
        .put(" ORDER BY ")
        .name(down ? options.order.slice(1) : options.order)
        .put(down ? " DESC" : "");
    }
    if (options.limit !== undefined) out.put(` LIMIT ${Math.max(0, Math.trunc(options.limit))}`);
    return out.done();
  }

  insert(table: string, columns: readonly string[], values: readonly Cell[]): Statement {
    const out = new Builder(this.kind).put("INSERT INTO ").name(table).put(" (");
    columns.forEach((column, i) => void out.put(i === 0 ? "" : ",").name(column));
    out.put(") VALUES (");
    values.forEach((value, i) => void out.put(i === 0 ? "" : ",").value(this.cell(table, columns[i], value)));
    return out.put(")").done();
  }

  update(table: string, where: readonly Match[], columns: readonly string[], values: readonly Cell[]): Statement {
    const out = new Builder(this.kind).put("UPDATE ").name(table).put(" SET ");
    columns.forEach(
      (column, i) =>
        void out
          .put(i === 0 ? "" : ",")
          .name(column)
          .put("=")
          .value(this.cell(table, column, values[i] ?? null)),
    );
    return out.where(where).done();
  }

  delete(table: string, where: readonly Match[]): Statement {
    return new Builder(this.kind).put("DELETE FROM ").name(table).where(where).done();
  }

  /** A statement somebody has written with `?` for the values; those within quotes are text. */
  raw(statement: string, values: readonly Cell[]): Statement {
    const sql = this.kind === "mysql" ? statement : numbered(statement);
    return { sql, values: values.map(plain) };
  }
}

class Builder {
  private sql = "";
  private readonly values: Parameter[] = [];
  private readonly kind: NetworkKind;

  constructor(kind: NetworkKind) {
    this.kind = kind;
  }

  put(text: string): this {
    this.sql += text;
    return this;
  }

  name(name: string): this {
    if (!isTableName(name)) throw new StoreError("ERR_DB_NAME", `"${name}" cannot be the name of a table or column`);
    // without quotes PostgreSQL takes names in lower case, and Kamailio writes none
    return this.put(this.kind === "mysql" ? `\`${name}\`` : `"${name.toLowerCase()}"`);
  }

  value(value: Cell | Uint8Array): this {
    this.values.push(plain(value));
    return this.put(this.kind === "mysql" ? "?" : `$${this.values.length}`);
  }

  where(where: readonly Match[]): this {
    where.forEach(({ column, op, value }, i) => {
      this.put(i === 0 ? " WHERE " : " AND ").name(column);
      if (value === null) this.put(` IS ${op === "!=" ? "NOT " : ""}NULL`);
      else this.put(op ?? "=").value(value);
    });
    return this;
  }

  done(): Statement {
    return { sql: this.sql, values: this.values };
  }
}

function plain(cell: Cell | Uint8Array): Parameter {
  return cell instanceof Moment ? localText(cell.seconds) : cell;
}

// `?` to $1, $2 …, outside of what stands in quotes.
function numbered(statement: string): string {
  let n = 0;
  return statement.replace(/'[^']*'|"[^"]*"|\?/g, (part) => (part === "?" ? `$${++n}` : part));
}
