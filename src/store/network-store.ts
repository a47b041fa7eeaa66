// A Database on a MySQL or PostgreSQL server. Nothing here waits in the loop: every answer is a promise.

import type { Host } from "../host/host.ts";
import type { Log } from "../util/log.ts";
import {
  type Cell,
  type Database,
  isTableName,
  type Match,
  type QueryOptions,
  type Row,
  StoreError,
  type TableLayout,
} from "./database.ts";
import { networkTableSql } from "./layout-sql.ts";
import { type Layout, parseLayouts } from "./layouts.ts";
import type { NetworkSettings } from "./network-settings.ts";
import type { NetworkTarget } from "./network-url.ts";
import { type Answer, type Connection, DUPLICATE, NO_TABLE, Pool } from "./pool.ts";
import { SqlText, type Statement } from "./sql-text.ts";
import type { SlowQueries } from "./sqlite.ts";
import { type Scope, WriteOrder } from "./write-order.ts";

/** Where MySQL's server listens for its own machine, in Debian's and in other distributions. */
const MYSQL_SOCKETS = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

/** Our own table, which Kamailio's facts do not have. */
const OWN_LAYOUTS = `portico_ha1 1
  id key
  username v64 = ''
  domain v64 = ''
  realm v64 = ''
  ha1 v128 = ''
  ha1_sha256 v64 = ''
  ha1b_sha256 v64 = ''
  ha1_sha512_256 v64 = ''
  ha1b_sha512_256 v64 = ''
  unique account_idx username,domain`;

/** How much of a slow query is told. */
const QUERY_SHOWN = 50;

/** One database on a server. Answers later; rejects with StoreError. */
export class NetworkStore implements Database {
  /** A description: neither user nor password. */
  readonly url: string;
  readonly hasLocalTime = true;
  private readonly host: Host;
  private readonly log: Log;
  private readonly target: NetworkTarget;
  private readonly pool: Pool;
  private readonly text: SqlText;
  private readonly order = new WriteOrder();
  private readonly versionTable: string;
  private readonly slow: SlowQueries;
  private layouts: ReadonlyMap<string, Layout> | null = null;
  /** Tables that are being made or looked at: what is asked of them waits. */
  private readonly preparing = new Map<string, Promise<void>>();

  constructor(
    host: Host,
    log: Log,
    target: NetworkTarget,
    settings: NetworkSettings,
    versionTable: string,
    slow: SlowQueries,
  ) {
    this.url = target.name;
    this.host = host;
    this.log = log;
    this.target = target;
    this.versionTable = versionTable;
    this.slow = slow;
    this.text = new SqlText(target.kind);
    const connect = (lost: () => void) => this.connect(settings, lost);
    this.pool = new Pool(host, log, target.name, connect, settings.limits(target.kind));
  }

  // The clients are large: read only when one is used.
  private async connect(settings: NetworkSettings, lost: () => void): Promise<Connection> {
    try {
      if (this.target.kind === "postgres") {
        const { connectPostgres } = await import("./postgres.ts");
        return await connectPostgres(this.target, settings, lost);
      }
      const { connectMysql } = await import("./mysql.ts");
      // "localhost" means the unix socket to MySQL's own client
      const { host, port } = this.target;
      const isLocal = host === "localhost" && port === 0;
      const socket = isLocal ? (MYSQL_SOCKETS.find((path) => this.host.files.exists(path)) ?? null) : null;
      return await connectMysql(this.target, settings, socket, lost);
    } catch (error) {
      throw this.cleaned(error, "");
    }
  }

  query(
    table: string,
    columns: readonly string[],
    where: readonly Match[],
    options: QueryOptions = {},
  ): Promise<Row[]> {
    return this.prepared(table, () => this.run(this.text.select(table, columns, where, options))).then((a) => a.rows);
  }

  insert(table: string, columns: readonly string[], values: readonly Cell[]): Promise<void> {
    const scope: Scope = { kind: "new", columns, values };
    return this.write(table, scope, () => this.run(this.text.insert(table, columns, values))).then(() => undefined);
  }

  // Not by the servers' own statements for it: those need a unique index, and Kamailio's tables do not always have one.
  upsert(table: string, key: readonly string[], columns: readonly string[], values: readonly Cell[]): Promise<void> {
    const where = key.map((column) => ({ column, value: values[columns.indexOf(column)] ?? null }));
    const others = columns.flatMap((column, i) => (key.includes(column) ? [] : [i]));
    const update = (): Promise<Answer> =>
      this.run(
        this.text.update(
          table,
          where,
          others.map((i) => columns[i]!),
          others.map((i) => values[i]!),
        ),
      );
    return this.write(table, scopeOf(where), async () => {
      if ((await update()).count > 0) return;
      try {
        await this.run(this.text.insert(table, columns, values));
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== DUPLICATE) throw error;
        await update(); // another program was quicker
      }
    });
  }

  update(table: string, where: readonly Match[], columns: readonly string[], values: readonly Cell[]): Promise<number> {
    const run = (): Promise<Answer> => this.run(this.text.update(table, where, columns, values));
    return this.write(table, scopeOf(where), run).then((a) => a.count);
  }

  delete(table: string, where: readonly Match[]): Promise<number> {
    return this.write(table, scopeOf(where), () => this.run(this.text.delete(table, where))).then((a) => a.count);
  }

  raw(statement: string, values: readonly Cell[]): Promise<Row[]> {
    return this.run(this.text.raw(statement, values)).then((a) => a.rows);
  }

  ensureTable(table: TableLayout, check = true): Promise<void> {
    const before = this.preparing.get(table.name);
    const work = (before ?? Promise.resolve()).then(
      () => this.prepare(table, check),
      () => this.prepare(table, check),
    );
    this.preparing.set(table.name, work);
    const done = (): void => {
      if (this.preparing.get(table.name) === work) this.preparing.delete(table.name);
    };
    work.then(done, done);
    return work;
  }

  private async prepare({ name, layout, version }: TableLayout, check: boolean): Promise<void> {
    for (const each of [name, this.versionTable])
      if (!isTableName(each)) throw new StoreError("ERR_DB_NAME", `"${each}" cannot be the name of a table`);
    this.layouts ??= new Map([
      ...parseLayouts(new TextDecoder().decode(this.host.asset("kamailio.tables"))),
      ...parseLayouts(OWN_LAYOUTS),
    ]);
    const { layouts } = this;
    const octets = layouts.get(layout)?.columns.filter(({ type }) => type === "blob") ?? [];
    this.text.setOctets(
      name,
      octets.map((column) => column.name),
    );
    if (await this.isThere(name)) {
      if (check) await this.checkVersion(name, version);
      return;
    }
    await this.make(layouts, "version", this.versionTable);
    await this.make(layouts, layout, name);
    await this.upsert(this.versionTable, ["table_name"], ["table_name", "table_version"], [name, version]);
    this.log.notice(`table ${name} made in ${this.url}`);
  }

  private async make(layouts: ReadonlyMap<string, Layout>, layout: string, name: string): Promise<void> {
    const known = layouts.get(layout);
    if (known === undefined || (await this.isThere(name))) return;
    for (const sql of networkTableSql(this.target.kind, known, name)) await this.run({ sql, values: [] });
  }

  private async isThere(table: string): Promise<boolean> {
    try {
      await this.run(this.text.select(table, [], [], { limit: 0 }));
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.code === NO_TABLE) return false;
      throw error;
    }
  }

  private async checkVersion(name: string, version: number): Promise<void> {
    let found: Cell = null;
    if (await this.isThere(this.versionTable)) {
      const where = [{ column: "table_name", value: name }];
      const { rows } = await this.run(this.text.select(this.versionTable, ["table_version"], where, {}));
      found = rows[0]?.["table_version"] ?? null;
    }
    if (found !== null && Number(found) === version) return;
    const is = found === null ? "has no version number" : `is of version ${String(found)}`;
    const fix = "move the rows to a table of that version, or set version_table to 0 if its columns are known to fit";
    throw new StoreError(
      "ERR_DB_VERSION",
      `table ${name} in ${this.url} ${is}, but version ${version} is needed: ${fix}`,
    );
  }

  close(): void {
    this.pool.close();
  }

  private write<T>(table: string, scope: Scope, work: () => Promise<T>): Promise<T> {
    return this.order.run(table, scope, () => this.prepared(table, work));
  }

  private prepared<T>(table: string, work: () => Promise<T>): Promise<T> {
    const preparing = this.preparing.get(table);
    try {
      return preparing === undefined ? work() : preparing.then(work);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  private run(statement: Statement): Promise<Answer> {
    const { from, level } = this.slow;
    const since = from > 0 ? this.host.clock.mono() : 0;
    return this.pool.run(statement).then(
      (answer) => {
        const taken = from > 0 ? Math.round((this.host.clock.mono() - since) * 1000) : 0;
        if (from > 0 && taken >= from)
          this.log.write(
            level,
            `alert - query execution too long [${taken} us] for [${statement.sql.slice(0, QUERY_SHOWN)}]`,
          );
        return answer;
      },
      (error: unknown) => {
        throw this.cleaned(error);
      },
    );
  }

  // With the database's name in front, and without the password should a server ever repeat it.
  private cleaned(error: unknown, name = this.url): StoreError {
    const { password } = this.target;
    const code = error instanceof StoreError ? error.code : "ERR_DB";
    let text = error instanceof Error ? error.message : String(error);
    if (password.length >= 3) text = text.replaceAll(password, "…");
    if (name !== "" && !text.includes(name)) text = `${name}: ${text}`;
    return new StoreError(code, text);
  }
}

function scopeOf(where: readonly Match[]): Scope {
  const [first] = where;
  if (first === undefined) return { kind: "all" };
  if ((first.op ?? "=") !== "=") return { kind: "loose" };
  return { kind: "key", column: first.column, value: first.value };
}
