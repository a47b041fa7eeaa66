// The server under test as a real process on loopback ports, from a configuration and a database of its own: ours from
// source on Bun or Deno, ours as the built executable, or Kamailio as the oracle (PORTICO_TARGETS=kamailio).

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase, prepareDatabase } from "./database.ts";
import { freePort } from "./ports.ts";
import { type Finished, isInstalled, type Running, run, start, stop } from "./programs.ts";
import { openAgent, type SipAgent, type Transport } from "./sip-agent.ts";
import type { Login } from "./sip-text.ts";

export const root = join(import.meta.dirname, "../..");

/** One way to run the server. */
export interface Target {
  readonly name: string;
  /** The program and its environment; arguments in Kamailio's style follow. */
  readonly command: readonly string[];
  readonly env: Record<string, string>;
}

/** All of them. */
export const TARGETS: readonly Target[] = [
  { name: "bun", command: [join(root, "scripts/portico")], env: { PORTICO_RUNTIME: "bun" } },
  { name: "deno", command: [join(root, "scripts/portico")], env: { PORTICO_RUNTIME: "deno" } },
  { name: "dist", command: [join(root, "dist/portico")], env: {} },
  { name: "kamailio", command: ["kamailio", "-DD", "-n", "1", "-N", "1", "-m", "32", "-M", "8"], env: {} },
];

/** The targets that PORTICO_TARGETS names (a list with commas), or all of ours. */
export function chosenTargets(): readonly Target[] {
  const wanted = (process.env.PORTICO_TARGETS ?? "bun,deno,dist").split(",").map((name) => name.trim());
  const unknown = wanted.filter((name) => !TARGETS.some((target) => target.name === name));
  if (unknown.length > 0) {
    throw new Error(`PORTICO_TARGETS names ${unknown.join(", ")}; known are ${TARGETS.map((t) => t.name).join(", ")}`);
  }
  return TARGETS.filter((target) => wanted.includes(target.name));
}

/** Why a target cannot run here; null when it can. Builds dist/portico when it is missing. */
export async function whyMissing(target: Target): Promise<string | null> {
  if (target.name === "kamailio") return isInstalled("kamailio") ? null : "kamailio is not installed";
  if (target.name !== "dist" || existsSync(join(root, "dist/portico"))) return null;
  const { code, output } = await run([join(root, "scripts/build")], { limit: 110_000 });
  return code === 0 ? null : `dist/portico could not be built: ${output.slice(-500)}`;
}

export interface ServerOptions {
  /** Defines for the configuration, as after -A. */
  readonly defines?: Readonly<Record<string, string | number>>;
  /** Text of the configuration in place of embed/default.cfg. */
  readonly config?: string;
  readonly users?: readonly Login[];
}

/** A running server. */
export class Server {
  readonly target: Target;
  /** UDP and TCP on 127.0.0.1. */
  readonly port: number;
  /** Temporary directory with configuration, database and sipp's files; removed by `close`. */
  readonly directory: string;
  readonly database: string;
  #running: Running | null = null;
  readonly #options: ServerOptions;
  #agents: SipAgent[] = [];

  constructor(target: Target, port: number, directory: string, options: ServerOptions) {
    this.target = target;
    this.port = port;
    this.directory = directory;
    this.database = join(directory, "data.sqlite");
    this.#options = options;
  }

  /** A server that has not been started, in a directory of its own. */
  static make(target: Target, port: number, options: ServerOptions): Server {
    return new Server(target, port, mkdtempSync(join(tmpdir(), "portico-scenario-")), options);
  }

  /** Process id; 0 when it does not run. */
  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  /** What it has printed since its last start. */
  get log(): string {
    return this.#running?.output() ?? "";
  }

  get isAlive(): boolean {
    return this.#running !== null && this.#running.child.exitCode === null && this.#running.child.signalCode === null;
  }

  /** Starts the process and waits until it answers OPTIONS by UDP; throws with its output when it does not. */
  async start(): Promise<void> {
    this.launch();
    await this.#untilItAnswers();
  }

  /** Starts the process. */
  launch(): void {
    const file = join(this.directory, "portico.cfg");
    writeFileSync(file, this.#options.config ?? readFileSync(join(root, "embed/default.cfg"), "utf8"));
    const defines = { DB_URL: `"sqlite://${this.database}"`, ...this.#options.defines };
    const args = [
      ...["-f", file, "-E", "-P", join(this.directory, "pid")],
      ...["-l", `udp:127.0.0.1:${this.port}`, "-l", `tcp:127.0.0.1:${this.port}`],
      ...Object.entries(defines).flatMap(([name, value]) => ["-A", `${name}=${value}`]),
      ...(this.target.name === "kamailio" ? ["-Y", this.directory] : []),
    ];
    this.#running = start([...this.target.command, ...args], { env: this.target.env, cwd: this.directory });
  }

  async #untilItAnswers(limit = 60_000): Promise<void> {
    const agent = await openAgent("udp", this.port);
    const deadline = Date.now() + limit;
    try {
      while (this.isAlive && Date.now() < deadline) {
        const reply = await agent.ask({ method: "OPTIONS" }, 200).catch(() => null);
        if (reply) return;
      }
    } finally {
      agent.close();
    }
    const how = this.isAlive ? `did not answer within ${limit} ms` : "ended at once";
    const output = this.log;
    await this.stop();
    throw new Error(`the server (${this.target.name}) ${how}:\n${output.slice(-3000)}`);
  }

  /** An agent that `close` will close. */
  async agent(transport: Transport): Promise<SipAgent> {
    const agent = await openAgent(transport, this.port);
    this.#agents.push(agent);
    return agent;
  }

  /** Ends the process as a service manager would. */
  async stop(): Promise<Finished | null> {
    const running = this.#running;
    if (!running) return null;
    this.#running = null;
    return stop(running);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Rows of a query on the server's database. */
  rows(sql: string): Record<string, unknown>[] {
    const database = openDatabase(this.database);
    try {
      return database.prepare(sql).all() as Record<string, unknown>[];
    } finally {
      database.close();
    }
  }

  /** Closes agents, ends the process, removes the directory. Returns how the process ended. */
  async close(): Promise<Finished | null> {
    for (const agent of this.#agents) agent.close();
    const finished = await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
    return finished;
  }
}

/** Starts a server with users on a fresh port and database. */
export async function startServer(target: Target, options: ServerOptions = {}): Promise<Server> {
  const missing = await whyMissing(target);
  if (missing !== null) throw new Error(missing);
  const server = Server.make(target, await freePort(), options);
  try {
    prepareDatabase(server.database, "portico", options.users ?? []);
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}
