// A database of each kind with the tables that Kamailio's own scripts make, reached past our code by the command line clients of the servers.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "./database.ts";
import { DATABASE_PASSWORD, type DatabaseServer, openDatabaseServer, whyNoServer } from "./database-servers.ts";

export type DatabaseKind = "sqlite" | "mysql" | "postgres";

/** Where Debian's packages put the scripts. */
const SCRIPTS: Readonly<Record<DatabaseKind, string>> = {
  sqlite: "/usr/share/kamailio/db_sqlite",
  mysql: "/usr/share/kamailio/mysql",
  postgres: "/usr/share/kamailio/postgres",
};

/** Why a kind cannot be had here; null when it can. */
export function whyNoDatabase(kind: DatabaseKind): string | null {
  if (!existsSync(SCRIPTS[kind])) return `${SCRIPTS[kind]} is missing (Debian's kamailio-${kind}-modules)`;
  return kind === "sqlite" ? null : whyNoServer(kind);
}

/** One database with Kamailio's tables. */
export class KindOfDatabase {
  readonly kind: DatabaseKind;
  readonly #server: DatabaseServer | null;
  readonly #directory: string;

  constructor(kind: DatabaseKind, server: DatabaseServer | null, directory: string) {
    this.kind = kind;
    this.#server = server;
    this.#directory = directory;
  }

  get #file(): string {
    return join(this.#directory, "data.sqlite");
  }

  get url(): string {
    return this.#server?.url ?? `sqlite://${this.#file}`;
  }

  /** Runs statements that all three understand. */
  exec(sql: string): void {
    if (this.kind === "sqlite") {
      const database = openDatabase(this.#file);
      database.exec(sql);
      database.close();
    } else this.#client(sql);
  }

  /** Rows of a query, each with tabs between its values; NULL stands for null. Values must be of one line. */
  rows(sql: string): string[] {
    if (this.kind !== "sqlite") return this.#client(sql).split("\n").slice(0, -1);
    const database = openDatabase(this.#file);
    try {
      return database
        .prepare(sql)
        .all()
        .map((row) =>
          Object.values(row)
            .map((value) => (value === null ? "NULL" : String(value)))
            .join("\t"),
        );
    } finally {
      database.close();
    }
  }

  #client(sql: string): string {
    const at = ["-h", "127.0.0.1", this.kind === "mysql" ? "-P" : "-p", String(this.#server!.port)];
    const command =
      this.kind === "mysql"
        ? ["mysql", ...at, "-u", "portico", "--default-character-set=utf8mb4", "-N", "-B", "--raw", "portico"]
        : ["psql", ...at, "-U", "portico", "-q", "-A", "-t", "-F", "\t", "-P", "null=NULL"].concat(
            "-v",
            "ON_ERROR_STOP=1",
            "portico",
          );
    const env = {
      ...process.env,
      MYSQL_PWD: DATABASE_PASSWORD,
      PGPASSWORD: DATABASE_PASSWORD,
      PGCLIENTENCODING: "UTF8",
    };
    const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), { env, input: sql, encoding: "utf8" });
    if (status !== 0) throw new Error(`${command[0]}: ${stderr}`);
    return stdout;
  }

  async remove(): Promise<void> {
    await this.#server?.remove();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Makes a database with the tables of these scripts ("usrloc" for usrloc-create.sql). */
export async function openKind(kind: DatabaseKind, scripts: readonly string[]): Promise<KindOfDatabase> {
  const directory = mkdtempSync(join(tmpdir(), "portico-kind-"));
  const server = kind === "sqlite" ? null : await openDatabaseServer(kind);
  const database = new KindOfDatabase(kind, server, directory);
  const text = ["standard", ...scripts].map((name) => readFileSync(`${SCRIPTS[kind]}/${name}-create.sql`, "utf8"));
  database.exec(text.join("\n"));
  return database;
}
