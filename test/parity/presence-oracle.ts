// Asks the installed Kamailio about a group of presence cases, on loopback addresses of this process's own.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { createSql, parseLayouts } from "../../src/store/layouts.ts";
import {
  AGENTS,
  type AgentName,
  answerTo,
  Memory,
  NETWORK,
  type PresenceAnswer,
  type PresenceGroup,
  type PresenceStep,
  presenceConfig,
  SERVER,
  TABLES,
  tidyPresence,
} from "./presence-case.ts";

const LAYOUTS = parseLayouts(
  readFileSync(fileURLToPath(new URL("../../embed/kamailio.tables", import.meta.url)), "utf8"),
);
/** The network on this machine. */
const OWN = `127.${64 + (process.pid % 128)}.${(process.pid >> 7) % 256}.`;
const here = (text: string): string => text.replaceAll(NETWORK, OWN);
const there = (text: string): string => text.replaceAll(OWN, NETWORK);
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The statements that make the tables. */
export function tablesSql(): string {
  const versions = TABLES.map(
    (t) => `INSERT INTO version (table_name, table_version) VALUES ('${t}', ${LAYOUTS.get(t)!.version});`,
  );
  return [...TABLES.map((t) => createSql(LAYOUTS.get(t)!, t)), ...versions].join("\n");
}

class Conversation {
  private readonly sockets = new Map<AgentName, Socket>();
  private readonly memory = new Memory();
  private readonly answers: Partial<Record<AgentName, number>> = {};
  private got: string[] = [];
  isUp = false;
  private readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async open(): Promise<void> {
    for (const name of Object.keys(AGENTS) as AgentName[]) {
      const [address, port] = here(AGENTS[name]).split(":");
      const socket = createSocket("udp4");
      await new Promise<void>((done) => socket.bind(Number(port), address, () => done()));
      socket.on("message", (data, from) => {
        const text = data.toString("latin1");
        if (text.includes("z9hG4bKup")) {
          this.isUp = true;
          return;
        }
        this.memory.heard(text);
        this.got.push(`${name} < ${tidyPresence(there(text))}`);
        const code = this.answers[name] ?? 200;
        if (code > 0 && !text.startsWith("SIP/2.0"))
          socket.send(Buffer.from(answerTo(text, code), "latin1"), from.port, from.address);
      });
      this.sockets.set(name, socket);
    }
  }

  async step(step: PresenceStep): Promise<string[]> {
    this.got = [];
    Object.assign(this.answers, step.answers ?? {});
    if (step.sql !== undefined) this.sql(step.sql);
    if (step.rpc !== undefined) this.command(step.rpc);
    if (step.from !== undefined) this.send(step.from, step.text ?? "");
    await pause(step.ms ?? 150);
    return this.got;
  }

  send(from: AgentName, text: string): void {
    const [address, port] = here(SERVER).split(":");
    this.sockets.get(from)!.send(Buffer.from(here(this.memory.filled(text)), "latin1"), Number(port), address);
  }

  sql(statement: string): void {
    const db = new DatabaseSync(join(this.directory, "kamailio.db"));
    db.exec("PRAGMA busy_timeout = 3000");
    if (/^select/i.test(statement)) this.got.push(JSON.stringify(db.prepare(statement).all()));
    else db.exec(statement);
    db.close();
  }

  private command(words: readonly (string | number)[]): void {
    const done = spawnSync("kamcmd", ["-s", `unix:${this.directory}/ctl`, ...words.map(String)], { encoding: "utf8" });
    this.got.push(`${done.stdout}${done.stderr}`);
  }

  close(): void {
    for (const s of this.sockets.values()) s.close();
  }
}

async function ready(talk: Conversation, child: ChildProcess, words: () => string): Promise<void> {
  const poke = `OPTIONS sip:x@${SERVER} SIP/2.0\r\nVia: SIP/2.0/UDP ${AGENTS.alice};branch=z9hG4bKup;rport\r\nFrom: <sip:a@x>;tag=up\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nX-Case: up\r\nContent-Length: 0\r\n\r\n`;
  for (let i = 0; !talk.isUp; i++) {
    if (child.exitCode !== null || i > 100) throw new Error(`kamailio does not run:\n${words()}`);
    talk.send("alice", poke);
    await pause(50);
  }
  await pause(150);
}

// Kamailio sometimes waits for itself at its end.
function stopAll(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // it has gone
  }
}

/** The answers of Kamailio to a group; rejects with its own words when it does not start. */
export async function askPresence(group: PresenceGroup): Promise<PresenceAnswer[]> {
  const directory = mkdtempSync(join(tmpdir(), "presence-"));
  const file = join(directory, "kamailio.db");
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL; ${tablesSql()}`);
  for (const statement of group.sql ?? []) db.exec(statement);
  db.close();
  const control = `loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:${directory}/ctl")\n`;
  const config = here(presenceConfig(group, SERVER, file)).replace("request_route {", `${control}request_route {`);
  writeFileSync(join(directory, "presence.cfg"), config, "latin1");
  const child = spawn("kamailio", ["-DD", "-E", "-f", join(directory, "presence.cfg"), "-Y", directory], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // a group of its own, so that none of it stays behind
  });
  let words = "";
  child.stderr.on("data", (d: Buffer) => (words = (words + d.toString("latin1")).slice(-8000)));
  const ended = new Promise((done) => child.once("exit", done));
  const talk = new Conversation(directory);
  try {
    await talk.open();
    await ready(talk, child, () => words);
    const answers: string[][][] = [];
    for (const c of group.cases) {
      const steps: string[][] = [];
      for (const step of c.steps) steps.push(await talk.step(step));
      answers.push(steps);
    }
    if (process.env["PRESENCE_WORDS"] === "1") process.stderr.write(words);
    return answers;
  } finally {
    child.kill("SIGTERM");
    await Promise.race([ended, pause(3000)]);
    stopAll(child);
    talk.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
