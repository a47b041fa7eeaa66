// Asks the installed Kamailio about a group of cases with many addresses. It runs in a network namespace whose loopback has all of them, and so
// do the agents: `askNat` starts this file again inside, which reads the group from standard input and writes the answers.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket as Stream } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import {
  answerTo,
  logText,
  type NatAnswer,
  type NatGroup,
  type NatStep,
  natConfig,
  PUBLIC,
  rowsText,
  SERVER,
  textFor,
  tidyNat,
  tokenIn,
} from "./nat-case.ts";
import { haveOracle } from "./oracle.ts";

/** Whether namespaces can be made here, besides there being a Kamailio. */
export function haveNatOracle(): boolean {
  return haveOracle() && spawnSync("unshare", ["-rn", "true"], { stdio: "ignore" }).status === 0;
}

/** What the process inside reads. */
interface Question {
  readonly group: NatGroup;
  /** How many messages are expected in each step of each case; null when that is not known. */
  readonly counts: readonly (readonly number[])[] | null;
}

/** How long messages that are expected are awaited at most, ms. */
const PATIENCE = 4000;
/** How long an answer to a command is, ms. */
const COMMAND_PATIENCE = 10_000;

/**
 * The answers of Kamailio to a group; with those recorded, each step lasts until as many messages have come as then, so that a busy machine changes
 * nothing. Rejects with its own words when it does not start.
 */
export async function askNat(group: NatGroup, recorded?: readonly NatAnswer[]): Promise<NatAnswer[]> {
  const addresses = [SERVER, ...group.agents].map((a) => a.replace("tcp:", "").replace(/:\d+$/, ""));
  const setUp = ["ip link set lo up", ...new Set(addresses.map((a) => `ip addr add ${a}/32 dev lo`))].join(" && ");
  const runtime = "Deno" in globalThis ? [process.execPath, "run", "-A"] : [process.execPath];
  const self = [...runtime, fileURLToPath(import.meta.url)].map((w) => `'${w}'`).join(" ");
  const child = spawn("unshare", ["-rn", "sh", "-c", `${setUp} && exec ${self}`], { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let words = "";
  child.stdout.on("data", (d: Buffer) => (out += d.toString("utf8")));
  child.stderr.on("data", (d: Buffer) => (words += d.toString("latin1")));
  const counts = recorded?.map((answer) => answer.map((step) => step.length)) ?? null;
  child.stdin.end(JSON.stringify({ group, counts } satisfies Question));
  const code = await new Promise((done) => child.once("exit", done));
  if (code !== 0) throw new Error(`the oracle failed: ${words.slice(-4000)}`);
  return JSON.parse(out) as NatAnswer[];
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const partsOf = (end: string): [string, number] => [end.slice(0, end.lastIndexOf(":")), Number(end.split(":").at(-1))];

class Inside {
  private readonly udp = new Map<string, Socket>();
  private readonly tcp = new Map<string, Stream>();
  private got: string[] = [];
  private readonly group: NatGroup;
  private readonly directory: string;
  /** Its log, as far as cases ask for it. */
  readonly lines: string[] = [];

  constructor(group: NatGroup, directory: string) {
    this.group = group;
    this.directory = directory;
  }

  async open(): Promise<void> {
    for (const end of this.group.agents.filter((a) => !a.startsWith("tcp:"))) {
      const socket = createSocket("udp4");
      const [address, port] = partsOf(end);
      await new Promise<void>((done) => socket.bind(port, address, () => done()));
      socket.on("message", (data, from) => {
        const text = data.toString("latin1");
        this.came(end, `${from.address}:${from.port}`, text);
        const code = this.group.answers?.[end] ?? 0;
        if (code > 0 && !text.startsWith("SIP/2.0") && text.includes(" SIP/2.0\r\n"))
          socket.send(Buffer.from(answerTo(text, code), "latin1"), from.port, from.address);
      });
      this.udp.set(end, socket);
    }
  }

  private came(end: string, from: string, text: string): void {
    this.challenge = /^(?:WWW|Proxy)-(?:Authenticate|Challenge): .*/m.exec(text)?.[0] ?? this.challenge;
    this.token = tokenIn(text) ?? this.token;
    if (!text.includes("z9hG4bKup")) this.got.push(`${end} < ${from}\n${tidyNat(text)}`);
    else this.isUp = true;
  }
  isUp = false;
  private challenge = "";
  private token = "";

  async step(step: NatStep, count: number | null): Promise<string[]> {
    this.got = [];
    if (step.rpc !== undefined) this.got.push(await this.command(step.rpc));
    if (step.sql !== undefined) this.got.push(this.rows(step.sql));
    if (step.log !== undefined) this.got.push(logText(this.lines, step.log));
    if (step.close !== undefined) this.tcp.get(step.close)?.end();
    if (step.close !== undefined) this.tcp.delete(step.close);
    if (step.from !== undefined) await this.send(step.from, textFor(step, this.challenge, this.token));
    if (count !== null) {
      if (step.ms !== undefined) await pause(step.ms);
      await this.counted(count);
      if (step.ms === undefined) await pause(count === 0 ? 120 : 40); // one too many shows now, or in the next step
      return this.got;
    }
    await pause(step.ms ?? 120);
    if (step.ms === undefined) await this.quiet();
    return this.got;
  }

  private async counted(count: number): Promise<void> {
    for (const end = performance.now() + PATIENCE; this.got.length < count && performance.now() < end; )
      await pause(20);
  }

  /** On a busy machine answers take longer: until nothing more comes, and a little longer when nothing has come at all. */
  private async quiet(): Promise<void> {
    for (let i = 0, before = -1; i < 20 && (this.got.length !== before || (before === 0 && i < 6)); i++) {
      before = this.got.length;
      await pause(50);
    }
  }

  async send(from: string, text: string): Promise<void> {
    const [address, port] = partsOf(SERVER);
    const data = Buffer.from(text, "latin1");
    if (!from.startsWith("tcp:")) {
      this.udp.get(from)!.send(data, port, address);
      return;
    }
    let stream = this.tcp.get(from);
    if (stream === undefined) {
      const [localAddress, localPort] = partsOf(from.slice(4));
      stream = connect({ host: address, port, localAddress, localPort });
      stream.on("data", (d: Buffer) => this.came(from, `tcp:${SERVER}`, d.toString("latin1")));
      stream.on("error", () => undefined);
      this.tcp.set(from, stream);
      await new Promise<void>((done) => stream!.once("connect", () => done()));
    }
    stream.write(data);
  }

  private rows(sql: string): string {
    const database = new DatabaseSync(join(this.directory, "db.sqlite"));
    const rows = database.prepare(sql).all();
    database.close();
    return rowsText(rows);
  }

  // There are no unix datagram sockets in the runtimes: the command is sent by the tool that belongs to Kamailio.
  private async command(words: readonly (string | number)[]): Promise<string> {
    const args = words.map((w) => (typeof w === "number" ? String(w) : w));
    const done = spawnSync("kamcmd", ["-s", `unix:${this.directory}/ctl`, ...args], {
      encoding: "utf8",
      timeout: COMMAND_PATIENCE,
    });
    return `${done.stdout}${done.stderr}`;
  }

  close(): void {
    for (const s of this.udp.values()) s.close();
    for (const s of this.tcp.values()) s.destroy();
  }
}

async function ready(inside: Inside, child: ChildProcess, words: () => string): Promise<void> {
  const poke = `OPTIONS sip:x@${SERVER} SIP/2.0\r\nVia: SIP/2.0/UDP ${PUBLIC};branch=z9hG4bKup;rport\r\nFrom: <sip:a@x>;tag=up\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nX-Case: up\r\nContent-Length: 0\r\n\r\n`;
  for (let i = 0; !inside.isUp; i++) {
    if (child.exitCode !== null || i > 100) throw new Error(`kamailio does not run:\n${words()}`);
    await inside.send(PUBLIC, poke);
    await pause(50);
  }
  await pause(150);
}

async function main(): Promise<void> {
  let input = "";
  for await (const data of process.stdin) input += String(data);
  const { group, counts } = JSON.parse(input) as Question;
  const directory = mkdtempSync(join(tmpdir(), "nat-"));
  const file = join(directory, "nat.cfg");
  const control = `loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:${directory}/ctl")\n`;
  const config = natConfig(group)
    .replace("request_route {", `${control}request_route {`)
    .replaceAll("{DIR}", directory);
  if (group.sql !== undefined) {
    const database = new DatabaseSync(join(directory, "db.sqlite"));
    database.exec(group.sql);
    database.close();
  }
  writeFileSync(file, config, "latin1");
  const more = process.env["KAMAILIO_MODULES"];
  const path = more === undefined ? [] : ["-L", more];
  const child = spawn("kamailio", ["-DD", "-E", "-m", "64", "-M", "16", "-f", file, "-Y", directory, ...path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  const inside = new Inside(group, directory);
  let line = "";
  child.stderr.on("data", (d: Buffer) => {
    words = (words + d.toString("latin1")).slice(-8000);
    const lines = (line + d.toString("latin1")).split("\n");
    line = lines.pop() ?? "";
    inside.lines.push(...lines);
  });
  try {
    await inside.open();
    await ready(inside, child, () => words);
    const answers: string[][][] = [];
    for (const [i, c] of group.cases.entries()) {
      const steps: string[][] = [];
      for (const [k, step] of c.steps.entries()) steps.push(await inside.step(step, counts?.[i]?.[k] ?? null));
      answers.push(steps);
    }
    process.stdout.write(JSON.stringify(answers));
    if (process.env["NAT_WORDS"] === "1") process.stderr.write(words);
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await new Promise((done) => child.once("exit", done));
    inside.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main)
  main().catch((error: unknown) => {
    process.stderr.write(String(error instanceof Error ? error.stack : error));
    process.exitCode = 1;
  });
