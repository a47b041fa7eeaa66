// MariaDB and PostgreSQL of one's own: in a temporary directory, on a port the system gives, as a user without rights.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../src/host/certificates.ts";
import { freePort } from "./ports.ts";
import { type Running, start } from "./programs.ts";

export type ServerKind = "mysql" | "postgres";

/** The password of the one user, "portico"; tests look for it where it must not be. */
export const DATABASE_PASSWORD = "p@ss/w:ord-7391";
const USER = "portico";
/** Who may only read, with the same password; on PostgreSQL tests make that user. */
export const READER = "reader";

const isRoot = process.getuid?.() === 0;

/** The directory of a kind's programs; null when it is not installed. */
function programsOf(kind: ServerKind): string | null {
  if (kind === "mysql") return ["/usr/sbin", "/usr/libexec"].find((d) => existsSync(join(d, "mariadbd"))) ?? null;
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort() : [];
  const newest = versions.at(-1);
  return newest === undefined ? null : `/usr/lib/postgresql/${newest}/bin`;
}

/** Why a kind cannot be tested here; null when it can. */
export function whyNoServer(kind: ServerKind): string | null {
  if (programsOf(kind) !== null) return null;
  return `${kind === "mysql" ? "mariadb-server" : "postgresql"} is not installed`;
}

/** A database server that can be killed and started again. */
export class DatabaseServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly directory: string;
  #running: Running | null = null;

  constructor(kind: ServerKind, port: number, directory: string) {
    this.kind = kind;
    this.port = port;
    this.directory = directory;
  }

  /** The URL of the empty database of this server. */
  get url(): string {
    return `${this.kind}://${USER}:${DATABASE_PASSWORD}@127.0.0.1:${this.port}/portico`;
  }

  /** Makes the files of the server; to be called once. */
  prepare(): void {
    const { directory, kind } = this;
    const data = join(directory, "data");
    if (kind === "mysql") {
      const now = Date.now();
      const authority = makeCertificate({ commonName: "database CA", hosts: [], days: 30, issuer: null, now });
      const own = makeCertificate({ commonName: "database", hosts: ["127.0.0.1"], days: 30, issuer: authority, now });
      for (const [name, text] of [
        ["ca.pem", authority.certificate],
        ["own.pem", own.certificate],
        ["own.key", own.key],
      ] as const)
        writeFileSync(join(directory, name), text, { mode: 0o644 });
      writeFileSync(
        join(directory, "init.sql"),
        `CREATE DATABASE IF NOT EXISTS portico CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${DATABASE_PASSWORD}';
GRANT ALL ON portico.* TO '${USER}'@'%';
CREATE USER IF NOT EXISTS '${READER}'@'%' IDENTIFIED BY '${DATABASE_PASSWORD}';
GRANT SELECT ON portico.* TO '${READER}'@'%';
`,
        { mode: 0o644 },
      );
      this.#must(
        "mariadb-install-db",
        "--no-defaults",
        `--datadir=${data}`,
        `--tmpdir=${directory}`, // a server that starts empties its directory of temporary tables, whosever they are
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
      );
      return;
    }
    const password = join(directory, "password");
    writeFileSync(password, DATABASE_PASSWORD, { mode: 0o644 });
    const bin = programsOf(kind);
    this.#must(
      `${bin}/initdb`,
      "-D",
      data,
      "-U",
      USER,
      "-A",
      "scram-sha-256",
      `--pwfile=${password}`,
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "-N",
    );
  }

  #must(...command: string[]): void {
    const [program = "", ...args] = this.#asUser(command);
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: this.directory, encoding: "utf8" });
    if (status !== 0) throw new Error(`${command[0]} failed:\n${stdout}\n${stderr}`);
  }

  #asUser(command: readonly string[]): string[] {
    return isRoot ? ["runuser", "-u", this.kind === "mysql" ? "mysql" : "postgres", "--", ...command] : [...command];
  }

  /** Starts the server and waits until it takes connections. */
  async start(): Promise<void> {
    const { directory, port, kind } = this;
    const data = join(directory, "data");
    const bin = programsOf(kind);
    const command =
      kind === "mysql"
        ? [`${bin}/mariadbd`, "--no-defaults", `--datadir=${data}`, "--bind-address=127.0.0.1", `--port=${port}`]
            .concat(`--tmpdir=${directory}`)
            .concat(`--ssl-cert=${join(directory, "own.pem")}`, `--ssl-key=${join(directory, "own.key")}`)
            .concat(`--socket=${join(directory, "s.sock")}`, `--pid-file=${join(directory, "pid")}`)
            .concat(
              `--init-file=${join(directory, "init.sql")}`,
              "--innodb-buffer-pool-size=24M",
              "--skip-name-resolve",
            )
        : [`${bin}/postgres`, "-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1"].concat(
            "-c",
            `unix_socket_directories=${directory}`,
            "-c",
            "shared_buffers=16MB",
          );
    this.#running = start(isRoot ? setpriv(kind, command) : command, { cwd: directory });
    for (const end = Date.now() + 60_000; Date.now() < end; ) {
      if (this.#running.child.exitCode !== null) break;
      if (await answers(port)) {
        if (kind === "postgres") await this.#makeDatabase();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${kind} did not start:\n${this.#running.output().slice(-2000)}`);
  }

  async #makeDatabase(): Promise<void> {
    const env = { ...process.env, PGPASSWORD: DATABASE_PASSWORD };
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "-U", USER, "portico"];
    let said = "";
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      const { status, stderr } = spawnSync(`${programsOf("postgres")}/createdb`, args, { env, encoding: "utf8" });
      if (status === 0 || stderr.includes("already exists")) return;
      said = stderr;
      await new Promise((resolve) => setTimeout(resolve, 100)); // it recovers from a crash
    }
    throw new Error(`the database could not be made: ${said}`);
  }

  /** Ends the server as a crash would. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    const pid = running?.child.pid;
    // PostgreSQL's processes of connections would serve on for a moment
    const children =
      pid === undefined ? "" : spawnSync("ps", ["--ppid", String(pid), "-o", "pid="], { encoding: "utf8" }).stdout;
    running?.child.kill("SIGKILL");
    for (const child of children.trim().split(/\s+/)) {
      try {
        if (child !== "") process.kill(Number(child), "SIGKILL");
      } catch {
        // it has ended
      }
    }
    await running?.finished;
    for (let i = 0; i < 200 && (await answers(this.port)); i++) await new Promise((resolve) => setTimeout(resolve, 25));
  }

  /** Ends the server and removes its files. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

// The process started must be the server itself, so that it can be killed.
function setpriv(kind: ServerKind, command: readonly string[]): string[] {
  const user = kind === "mysql" ? "mysql" : "postgres";
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--", ...command];
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Makes and starts a server. */
export async function openDatabaseServer(kind: ServerKind): Promise<DatabaseServer> {
  const directory = mkdtempSync(join(tmpdir(), `portico-${kind}-`));
  chmodSync(directory, 0o755);
  if (isRoot) spawnSync("chown", [kind === "mysql" ? "mysql" : "postgres", directory]);
  mkdirSync(directory, { recursive: true });
  const server = new DatabaseServer(kind, await freePort(), directory);
  server.prepare();
  await server.start();
  return server;
}
