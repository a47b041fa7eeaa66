// Runs a group of the stock configuration's cases on a real process, Kamailio or ours, with the file where Debian's package has it: everything in
// namespaces of its own, with the addresses of all phones on its loopback. `runStock` starts this file again inside.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket as Stream } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { NgPeer } from "../support/ng-peer.ts";
import { RtpProxyPeer } from "../support/rtpproxy-peer.ts";
import { STOCK_GROUPS } from "./stock-groups.ts";
import { PYTHON_GROUP, ROUTING_GROUPS } from "./stock-routing-groups.ts";
import { SR_CONFIG, SR_SCRIPT } from "./stock-sr.ts";
import { type StockAnswer, type StockGroup, type StockWorld, stepCounts, Talk } from "./stock-talk.ts";
import { PHONES, type PhoneName, places, SERVER } from "./stock-texts.ts";

const PORTICO = fileURLToPath(new URL("../../scripts/portico", import.meta.url));
const RUN = "/run/kamailio";
const DB = `${RUN}/kamailio.sqlite`;
const STOCK_FILE = "/etc/kamailio/kamailio.cfg";
/** Where Debian's package has the examples of Kamailio's repository, as they are there. */
const EXAMPLES = "/usr/share/doc/kamailio/examples/kemi";
const UPSTREAM = "/usr/local/etc/kamailio";

/** Ways to run the server. */
export type StockTarget = "kamailio" | "bun" | "deno";

/** Whether namespaces can be made here and Debian's file is there. */
export function canRunStock(): boolean {
  return (
    existsSync(STOCK_FILE) &&
    existsSync(EXAMPLES) &&
    spawnSync("unshare", ["-rnm", "true"], { stdio: "ignore" }).status === 0
  );
}

/** What the phones of a group get from a target. `known` tells how much comes in each step. Rejects with the server's words when it fails. */
export async function runStock(
  group: StockGroup,
  target: StockTarget,
  known: readonly StockAnswer[] | null,
): Promise<StockAnswer[]> {
  const places = [SERVER, ...Object.values(PHONES).map((p) => p.at)].map((a) => a.replace(/:\d+$/, ""));
  const own = [...new Set(places)].filter((a) => a !== "127.0.0.1");
  const setUp = ["ip link set lo up", ...own.map((a) => `ip addr add ${a}/32 dev lo`)].join(" && ");
  const runtime = "Deno" in globalThis ? [process.execPath, "run", "-A"] : [process.execPath];
  const self = [...runtime, fileURLToPath(import.meta.url), target, group.name].map((w) => `'${w}'`).join(" ");
  const child = spawn("unshare", ["-rnmp", "--fork", "--kill-child", "sh", "-c", `${setUp} && exec ${self}`], {
    stdio: "pipe",
  });
  let out = "";
  let words = "";
  child.stdout.on("data", (d: Buffer) => (out += d.toString("utf8")));
  child.stderr.on("data", (d: Buffer) => (words += d.toString("latin1")));
  child.stdin.end(JSON.stringify(known));
  const code = await new Promise((done) => child.once("close", done));
  if (code !== 0) throw new Error(`${target}, ${group.name}: ${words.slice(-6000)}`);
  if (process.env["STOCK_WORDS"] === "1") process.stderr.write(words);
  return JSON.parse(out) as StockAnswer[];
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const partsOf = (end: string): [string, number] => [end.slice(0, end.lastIndexOf(":")), Number(end.split(":").at(-1))];
type Heard = (phone: PhoneName | "log", from: string, text: string) => void;

class Inside implements StockWorld {
  private readonly sockets = new Map<PhoneName, Socket>();
  private readonly streams = new Map<PhoneName, Stream>();
  private readonly relay = new RtpProxyPeer();
  private readonly engine = new NgPeer();
  heard: Heard = () => undefined;
  isUp = false;

  async open(group: StockGroup): Promise<void> {
    for (const phone of Object.keys(PHONES) as PhoneName[]) {
      const [address, port] = partsOf(PHONES[phone].at);
      if (places(phone).transport !== "UDP" || (group.silent ?? []).includes(phone)) continue;
      const socket = createSocket("udp4");
      await new Promise<void>((done) => socket.bind(port, address, () => done()));
      socket.on("message", (data, from) => this.datagram(phone, data.toString("latin1"), from));
      this.sockets.set(phone, socket);
    }
  }

  private datagram(phone: PhoneName, text: string, from: { address: string; port: number }): void {
    const relay = phone === "rtpproxy" ? this.relay : phone === "rtpengine" ? this.engine : null;
    if (relay !== null) {
      const answer = relay.answer(text);
      if (answer !== null) this.sockets.get(phone)!.send(Buffer.from(answer, "latin1"), from.port, from.address);
      for (const asked of relay.taken()) this.heard(phone, "", JSON.stringify(asked));
    } else if (text.includes("z9hG4bKup")) this.isUp = true;
    else this.heard(phone, `${from.address}:${from.port}`, text);
  }

  async send(phone: PhoneName, text: string): Promise<void> {
    const [address, port] = partsOf(SERVER);
    const data = Buffer.from(text, "latin1");
    const { transport } = places(phone);
    if (transport === "UDP") this.sockets.get(phone)!.send(data, port, address);
    else (await this.stream(phone, transport === "TLS")).write(data);
  }

  private async stream(phone: PhoneName, tls: boolean): Promise<Stream> {
    const known = this.streams.get(phone);
    if (known !== undefined) return known;
    const [host, port] = partsOf(SERVER);
    const [localAddress, localPort] = partsOf(PHONES[phone].at);
    const plain = connect({ host, port: tls ? port + 1 : port, localAddress, localPort });
    await new Promise((done, failed) => plain.once("connect", done).once("error", failed));
    const stream = tls ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain;
    if (tls) await new Promise((done, failed) => stream.once("secureConnect", done).once("error", failed));
    stream.on("error", () => undefined);
    let rest = "";
    stream.on("data", (d: Buffer) => {
      rest += d.toString("latin1");
      for (let end = messageEnd(rest); end > 0; end = messageEnd(rest)) {
        this.heard(phone, tls ? "tls" : "tcp", rest.slice(0, end));
        rest = rest.slice(end);
      }
    });
    this.streams.set(phone, stream);
    return stream;
  }

  async settle(count: () => number, expected: number | null, least: number): Promise<void> {
    const began = Date.now();
    let [seen, changed] = [count(), began];
    const quiet = expected === null ? 400 : 15;
    for (;;) {
      await pause(4);
      const now = Date.now();
      if (count() !== seen) [seen, changed] = [count(), now];
      const enough = expected === null || seen >= expected || now - began > 5000;
      if (enough && now - changed >= (seen === 0 ? Math.max(quiet, 30) : quiet) && now - began >= least) return;
    }
  }

  // There are no unix datagram sockets in the runtimes: the command is sent by the tool that belongs to Kamailio.
  command(words: readonly (string | number)[]): Promise<string> {
    const done = spawnSync("kamcmd", ["-s", `unix:${RUN}/kamailio_ctl`, ...words.map(String)], { encoding: "utf8" });
    return Promise.resolve(`${done.stdout}${done.stderr}`);
  }

  sql(statement: string): readonly Record<string, unknown>[] {
    const db = new DatabaseSync(DB);
    try {
      db.exec("PRAGMA busy_timeout = 3000");
      if (/^select/i.test(statement)) return db.prepare(statement).all() as Record<string, unknown>[];
      db.exec(statement);
      return [];
    } finally {
      db.close();
    }
  }

  http(path: string, body: string): Promise<string> {
    return new Promise((done, failed) => {
      const headers = { "Content-Type": "application/json", "Content-Length": String(body.length) };
      const options = {
        host: "127.0.0.1",
        port: 5060,
        path,
        method: body === "" ? "GET" : "POST",
        headers,
        agent: false,
      };
      const asked = request(options, (response) => {
        let text = `${response.statusCode} ${response.headers["content-type"]}\n`;
        response.on("data", (d: Buffer) => (text += d.toString("latin1")));
        response.on("end", () => done(text));
      });
      asked.setTimeout(700, () => {
        done("no answer");
        asked.destroy();
      });
      asked.on("error", failed);
      asked.end(body);
    });
  }

  close(): void {
    for (const s of this.sockets.values()) s.close();
    for (const s of this.streams.values()) s.destroy();
  }
}

// The end of the first message of a stream, 0 when it is not whole; an answer to a keep-alive is one too.
function messageEnd(text: string): number {
  if (text.startsWith("\r\n")) return 2;
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  const length = Number(/^(?:Content-Length|l): *(\d+)/im.exec(text.slice(0, head + 2))?.[1] ?? 0);
  return text.length >= head + 4 + length ? head + 4 + length : 0;
}

function must(program: string, ...args: string[]): void {
  const done = spawnSync(program, args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${done.stderr}${done.stdout}`);
}

/** Puts the file where its owner would have it, with what an operator adds beside it, and makes the database. Returns the file's name. */
function install(group: StockGroup, target: StockTarget): string {
  const stock = readFileSync(STOCK_FILE, "latin1");
  const tls = readFileSync("/etc/kamailio/tls.cfg", "latin1");
  const isUpstream = group.upstream === true || group.routing !== undefined;
  const directory = isUpstream ? UPSTREAM : "/etc/kamailio";
  must("mount", "-t", "tmpfs", "none", isUpstream ? "/usr/local/etc" : directory);
  must("mount", "-t", "tmpfs", "none", "/run");
  for (const made of [directory, RUN]) mkdirSync(made, { recursive: true });
  // The file of Kamailio's repository differs in this path, and in one within a comment.
  const text = isUpstream ? stock.replace('"/etc/kamailio/tls.cfg"', '"/usr/local/etc/kamailio/tls.cfg"') : stock;
  writeFileSync(`${directory}/kamailio.cfg`, text, "latin1");
  writeFileSync(`${directory}/tls.cfg`, tls.replaceAll("/etc/kamailio/", `${directory}/`), "latin1");
  const local = `#!define DBURL "sqlite://${DB}"\nloadmodule "db_sqlite.so"\nalias="office.example"\n${group.local ?? ""}`;
  writeFileSync(`${directory}/kamailio-local.cfg`, local, "latin1");
  if (group.defines.includes("WITH_TLS")) {
    const pair = ["-keyout", `${directory}/kamailio-selfsigned.key`, "-out", `${directory}/kamailio-selfsigned.pem`];
    must(
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      ...pair,
      "-subj",
      "/CN=office.example",
    );
  }
  process.env["PORTICO_RUNTIME"] = target === "kamailio" ? "bun" : target;
  must(PORTICO, "db", "create", "--db", `sqlite://${DB}`);
  const db = new DatabaseSync(DB);
  db.exec("PRAGMA journal_mode = WAL");
  // The columns that the file itself asks its reader to add.
  if (group.defines.includes("WITH_ACCDB") || group.routing !== undefined)
    for (const [statement] of stock.matchAll(/^ *ALTER TABLE (?:acc|missed_calls) .*;$/gm)) db.exec(statement);
  for (const statement of group.sql ?? []) db.exec(statement);
  db.close();
  return group.routing === undefined ? `${directory}/kamailio.cfg` : installRouting(group.routing);
}

// The examples say themselves that they stand there.
function installRouting(routing: "native" | "lua" | "python" | "sr"): string {
  for (const name of ["basic-kemi.cfg", "basic-kemi-native.cfg", "basic-kemi-lua.lua", "basic-kemi-python.py"])
    copyFileSync(`${EXAMPLES}/kamailio-${name}`, `${UPSTREAM}/kamailio-${name}`);
  if (routing !== "sr") return `${UPSTREAM}/kamailio-basic-kemi.cfg`;
  writeFileSync(`${UPSTREAM}/sr.lua`, SR_SCRIPT);
  writeFileSync(`${UPSTREAM}/sr.cfg`, SR_CONFIG);
  return `${UPSTREAM}/sr.cfg`;
}

async function ready(inside: Inside, child: ChildProcess, words: () => string): Promise<void> {
  const poke = `OPTIONS sip:${SERVER} SIP/2.0\r\nVia: SIP/2.0/UDP ${PHONES.far.at};branch=z9hG4bKup;rport\r\nMax-Forwards: 70\r\nFrom: <sip:a@x>;tag=up\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
  for (let i = 0; !inside.isUp; i++) {
    if (child.exitCode !== null || i > 300) throw new Error(`the server does not run:\n${words()}`);
    await inside.send("far", poke);
    await pause(50);
  }
  await pause(100);
}

/** Lines of the log that the configuration or accounting writes. */
const TOLD = /(?:ACC: |SCRIPT: |ALERT: pike|Malformed SIP).*/;

async function main(target: StockTarget, name: string): Promise<void> {
  let input = "";
  for await (const data of process.stdin) input += String(data);
  const known = JSON.parse(input) as readonly StockAnswer[] | null;
  const group = [...STOCK_GROUPS, ...ROUTING_GROUPS, PYTHON_GROUP].find((g) => g.name === name)!;
  const file = install(group, target);
  const sockets = [`udp:${SERVER}`, `tcp:${SERVER}`, ...(group.listen ?? [])].flatMap((s) => ["-l", s]);
  const args = ["-f", file, "-DD", "-E", "-Y", RUN, ...group.defines.flatMap((d) => ["-A", d]), ...sockets];
  const [program, ...first] = target === "kamailio" ? ["kamailio", "-m", "64", "-M", "16"] : [PORTICO];
  const child = spawn(program!, [...first, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  let line = "";
  const inside = new Inside();
  child.stderr.on("data", (d: Buffer) => {
    words = (words + d.toString("latin1")).slice(-100_000);
    const parts = (line + d.toString("latin1")).split("\n");
    line = parts.pop()!;
    for (const part of parts) {
      const told = TOLD.exec(part)?.[0];
      if (told !== undefined)
        inside.heard(
          "log",
          "",
          `${told} ${part.includes("call_id=") ? "" : (/stock-[-\w]+/.exec(part)?.[0] ?? "")}`.trim(),
        );
    }
  });
  try {
    await inside.open(group);
    await ready(inside, child, () => words);
    for (const command of group.setUp ?? []) await inside.command(command);
    const answers: StockAnswer[] = [];
    for (const [n, c] of group.cases.entries()) {
      const talk = new Talk(inside, group, n, known === null ? null : stepCounts(known[n]));
      inside.heard = (phone, from, text) => talk.heard(phone, from, text);
      await c.run(talk);
      await talk.end();
      answers.push(talk.entries);
    }
    await new Promise((done) => process.stdout.write(JSON.stringify(answers), done));
    if (process.env["STOCK_WORDS"] === "1") process.stderr.write(words);
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await Promise.race([new Promise((done) => child.once("exit", done)), pause(3000)]);
    inside.close();
  }
}

if (import.meta.main)
  main(process.argv[2] as StockTarget, process.argv[3]!).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(String(error instanceof Error ? error.stack : error));
      process.exit(1);
    },
  );
