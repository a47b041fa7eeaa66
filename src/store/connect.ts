// From a db_url to a Database. Kamailio's forms are understood; one file is opened once, whoever asks.

import type { Host } from "../host/host.ts";
import type { Log } from "../util/log.ts";
import { type Database, StoreError } from "./database.ts";
import { NetworkSettings } from "./network-settings.ts";
import { NetworkStore } from "./network-store.ts";
import { type NetworkTarget, parseNetworkUrl } from "./network-url.ts";
import { type SlowQueries, type SqliteOptions, SqliteStore } from "./sqlite.ts";

/** The databases of a process by URL. */
export class Databases {
  private readonly host: Host;
  private readonly log: Log;
  private readonly versionTable: string;
  /** latency_limit_db and latency_log, for databases opened from now on. */
  slow: SlowQueries = { from: 0, level: -1 };
  /** What db_mysql and db_postgres set; for connections opened from now on. */
  readonly network = new NetworkSettings();
  private readonly byUrl = new Map<string, Database>();

  /** `versionTable`: the table that holds the versions of the others (version_table). */
  constructor(host: Host, log: Log, versionTable = "version") {
    this.host = host;
    this.log = log;
    this.versionTable = versionTable;
  }

  /** The database of a URL, opened when first asked for. Throws StoreError. */
  get(url: string): Database {
    const remote = parseNetworkUrl(url);
    if (remote !== null) return this.getRemote(remote);
    const target = parseDatabaseUrl(url, (path) => this.host.files.resolve(path));
    const known = this.byUrl.get(target.key);
    if (known !== undefined) return known;
    if (target.path !== ":memory:") this.makeDirectory(target.path);
    const database = new SqliteStore(this.host, this.log, shownUrl(url), target.path, {
      ...target.options,
      versionTable: this.versionTable,
      slow: this.slow,
    });
    this.byUrl.set(target.key, database);
    return database;
  }

  private getRemote(target: NetworkTarget): Database {
    const { kind, user, password, name } = target;
    const key = `${kind}:${name} ${user}:${password}`;
    let known = this.byUrl.get(key);
    if (known === undefined) {
      known = new NetworkStore(this.host, this.log, target, this.network, this.versionTable, this.slow);
      this.byUrl.set(key, known);
    }
    return known;
  }

  // What cannot be made here is told better by the attempt to open the file.
  private makeDirectory(path: string): void {
    const directory = path.slice(0, path.lastIndexOf("/"));
    if (directory === "" || this.host.files.exists(directory)) return;
    try {
      this.host.files.makeDirectory(directory, 0o700); // hashes of passwords lie there
    } catch (error) {
      this.log.warn(
        `cannot make the directory ${directory}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Commits and closes all. */
  closeAll(): void {
    for (const database of this.byUrl.values()) database.close();
    this.byUrl.clear();
  }
}

/** A URL as it may stand in a log: of what is no file only its first word, however it is written, since a password may be in it. */
export function shownUrl(url: string): string {
  const isFile = /^(?:sqlite3?|memory):/i.test(url);
  return isFile ? url.replace(/\?.*/s, "").replace(/:.*@/s, "://...@") : `${/^[a-z0-9_]{0,20}/i.exec(url)![0]}...`;
}

interface Target {
  readonly key: string;
  readonly path: string;
  readonly options: SqliteOptions;
}

/**
 * Reads a db_url: `sqlite:///absolute/path`, `sqlite:////absolute/path` (as in Kamailio's examples), `sqlite://relative/path`,
 * `sqlite://:memory:` and `memory:`; after a `?`, `synchronous=full` and `busy_timeout=MS`. Throws StoreError for any other.
 */
export function parseDatabaseUrl(url: string, resolve: (path: string) => string): Target {
  const colon = url.indexOf(":");
  const scheme = colon < 0 ? "" : url.slice(0, colon).toLowerCase();
  if (scheme === "memory") return { key: "memory:", path: ":memory:", options: {} };
  if (scheme !== "sqlite" && scheme !== "sqlite3") {
    const known = ["text", "unixodbc", "redis", "mongodb", "cluster", "flatstore"].includes(scheme);
    const remote = parseNetworkUrl(url) !== null;
    const why = remote
      ? "a file is needed here, not a server"
      : known
        ? `databases of kind "${scheme}" are not supported`
        : "this is no database URL";
    const forms = remote ? "sqlite:///path/to/file" : "sqlite:///path/to/file, mysql://… or postgres://…";
    throw new StoreError("ERR_DB_URL", `${shownUrl(url)}: ${why}; use ${forms}`);
  }
  const [rest = "", query = ""] = url
    .slice(colon + 1)
    .replace(/^\/\//, "")
    .split("?", 2);
  if (rest === "")
    throw new StoreError("ERR_DB_URL", `${shownUrl(url)}: a file name is missing; use sqlite:///path/to/file`);
  const options = sqliteOptions(url, query);
  if (rest === ":memory:") return { key: "memory:", path: rest, options };
  const path = resolve(rest.replace(/^\/+/, "/"));
  return { key: path, path, options };
}

function sqliteOptions(url: string, query: string): SqliteOptions {
  const options: { synchronous?: "normal" | "full"; busyTimeout?: number } = {};
  for (const part of query.split("&")) {
    if (part === "") continue;
    const [name, value = ""] = part.split("=", 2);
    if (name === "synchronous" && (value === "full" || value === "normal")) options.synchronous = value;
    else if (name === "busy_timeout" && /^\d{1,6}$/.test(value)) options.busyTimeout = Number(value);
    else
      throw new StoreError(
        "ERR_DB_URL",
        `${shownUrl(url)}: the option "${/^\w{0,20}/.exec(part)![0]}" is not understood; there are synchronous=normal|full and busy_timeout=MS`,
      );
  }
  return options;
}
