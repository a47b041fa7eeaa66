// Statements for MySQL and PostgreSQL. Values are always parameters; names are checked and quoted.

import { type Cell, isTableName, type Match, Moment, type QueryOptions, StoreError } from "./database.ts";
import { localText } from "./dates.ts";
import type { NetworkKind } from "./network-url.ts";

/** A statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
}

/** Writes statements in one server's dialect. */
export class SqlText {
  private readonly kind: NetworkKind;

  constructor(kind: NetworkKind) {
    this.kind = kind;
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
    values.forEach((value, i) => void out.put(i === 0 ? "" : ",").value(value));
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
          .value(values[i] ?? null),
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
  private readonly values: (string | number | null)[] = [];
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

  value(value: Cell): this {
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

function plain(cell: Cell): string | number | null {
  return cell instanceof Moment ? localText(cell.seconds) : cell;
}

// `?` to $1, $2 …, outside of what stands in quotes.
function numbered(statement: string): string {
  let n = 0;
  return statement.replace(/'[^']*'|"[^"]*"|\?/g, (part) => (part === "?" ? `$${++n}` : part));
}
