// Kamailio's tables as facts (embed/kamailio.tables), and the SQL that makes them.

/** A column. `type`: key, int, uint, small, usmall, real, text, blob, ts, or v and the most characters. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** As it stands in SQL: a number or a text in quotes; null without one. */
  readonly fallback: string | null;
  readonly nullable: boolean;
}

/** An index over columns; `name` is without the table's. */
export interface Index {
  readonly name: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
}

/** A table. */
export interface Layout {
  readonly name: string;
  readonly version: number;
  readonly columns: readonly Column[];
  readonly indexes: readonly Index[];
}

/** Reads the facts. Throws Error for a line that is none: the file travels with the program. */
export function parseLayouts(text: string): ReadonlyMap<string, Layout> {
  const layouts = new Map<string, Layout>();
  for (const block of text.split(/\n{2,}/)) {
    const [head = "", ...lines] = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const m = /^(\w+) (\d+)$/.exec(head);
    if (m === null) {
      if (head !== "") throw new Error(`no table: ${head}`);
      continue;
    }
    const columns: Column[] = [];
    const indexes: Index[] = [];
    for (const line of lines) {
      const index = /^ {2}(index|unique) (\w+) ([\w,]+)$/.exec(line);
      if (index !== null)
        indexes.push({ name: index[2]!, unique: index[1] === "unique", columns: index[3]!.split(",") });
      else columns.push(columnOf(line));
    }
    layouts.set(m[1]!, { name: m[1]!, version: Number(m[2]), columns, indexes });
  }
  return layouts;
}

function columnOf(line: string): Column {
  const m = /^ {2}(\w+) (key|u?int|u?small|real|text|blob|ts|v\d+)(?: = ('[^']*'|-?[\d.]+))?( null)?$/.exec(line);
  if (m === null) throw new Error(`no column: ${line}`);
  return { name: m[1]!, type: m[2]!, fallback: m[3] ?? null, nullable: m[4] !== undefined };
}

const TYPES: Readonly<Record<string, string>> = {
  key: "INTEGER PRIMARY KEY",
  int: "INTEGER",
  uint: "INTEGER",
  small: "SMALLINT",
  usmall: "SMALLINT",
  real: "REAL",
  text: "TEXT",
  blob: "BLOB",
  ts: "TIMESTAMP WITHOUT TIME ZONE",
};

/** A column as SQLite's CREATE TABLE and ADD COLUMN have it. */
export function columnSql({ name, type, fallback, nullable }: Column): string {
  const sqlType = TYPES[type] ?? `VARCHAR(${type.slice(1)})`;
  return `${name} ${sqlType}${fallback === null ? "" : ` DEFAULT ${fallback}`}${nullable ? "" : " NOT NULL"}`;
}

/** The statements that make what is missing of a table, under a name of its own. */
export function createSql(layout: Layout, name: string): string {
  const unique = layout.indexes.filter((index) => index.unique);
  const parts = [
    ...layout.columns.map(columnSql),
    ...unique.map((index) => `CONSTRAINT ${name}_${index.name} UNIQUE (${index.columns.join(", ")})`),
  ];
  return [`CREATE TABLE IF NOT EXISTS ${name} (\n  ${parts.join(",\n  ")}\n);`, ...indexSql(layout, name)].join("\n");
}

/** The statements that make the indexes that are missing, those that only a new table can have left out. */
export function indexSql(layout: Layout, name: string): string[] {
  return layout.indexes
    .filter((index) => !index.unique)
    .map((index) => `CREATE INDEX IF NOT EXISTS ${name}_${index.name} ON ${name} (${index.columns.join(", ")});`);
}
