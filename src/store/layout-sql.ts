// The SQL that makes Kamailio's tables on MySQL and PostgreSQL, from the facts that the SQLite ones are made of.

import type { Column, Layout } from "./layouts.ts";
import type { NetworkKind } from "./network-url.ts";

const TYPES: Readonly<Record<NetworkKind, Readonly<Record<string, string>>>> = {
  mysql: {
    key: "INT UNSIGNED AUTO_INCREMENT PRIMARY KEY",
    int: "INT",
    uint: "INT UNSIGNED",
    small: "SMALLINT",
    usmall: "SMALLINT UNSIGNED",
    real: "DOUBLE",
    text: "MEDIUMTEXT",
    blob: "MEDIUMBLOB",
    ts: "DATETIME",
  },
  postgres: {
    key: "SERIAL PRIMARY KEY",
    int: "INTEGER",
    uint: "INTEGER",
    small: "SMALLINT",
    usmall: "INTEGER", // Kamailio's is SMALLINT, which does not hold every port
    real: "DOUBLE PRECISION",
    text: "TEXT",
    blob: "BYTEA",
    ts: "TIMESTAMP WITHOUT TIME ZONE",
  },
};

/** The statements that make a table under a name of its own, with its indexes. */
export function networkTableSql(kind: NetworkKind, layout: Layout, name: string): string[] {
  const quote = kind === "mysql" ? "`" : '"';
  const quoted = (text: string): string => `${quote}${text}${quote}`;
  const parts = layout.columns.map((column) => columnSql(kind, quoted, column));
  const later: string[] = [];
  for (const index of layout.indexes) {
    const columns = index.columns.map(quoted).join(",");
    const called = quoted(`${name}_${index.name}`);
    if (index.unique) parts.push(`CONSTRAINT ${called} UNIQUE (${columns})`);
    else if (kind === "mysql") parts.push(`INDEX ${called} (${columns})`);
    else later.push(`CREATE INDEX IF NOT EXISTS ${called} ON ${quoted(name)} (${columns})`);
  }
  return [`CREATE TABLE IF NOT EXISTS ${quoted(name)} (${parts.join(", ")})`, ...later];
}

function columnSql(kind: NetworkKind, quoted: (name: string) => string, column: Column): string {
  const { name, type, fallback, nullable } = column;
  const sql = TYPES[kind][type] ?? `VARCHAR(${type.slice(1)})`;
  // MySQL gives texts and blobs no default
  const hasDefault = fallback !== null && !(kind === "mysql" && (type === "text" || type === "blob"));
  return `${quoted(name)} ${sql}${hasDefault ? ` DEFAULT ${fallback}` : ""}${nullable ? "" : " NOT NULL"}`;
}
