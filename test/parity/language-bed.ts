// Hundreds of small script cases in one configuration: a route a case, chosen by the header X-Case, each line it says written by xlog().
// The same configuration is asked of the installed Kamailio (one process over UDP) and run here on the simulated host.

import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start, UnusableConfig } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check } from "../../src/control/configuration.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { openRuntimeSqlite } from "../../src/host/sqlite-runtime.ts";
import { RpcError, type RpcValue } from "../../src/registry/define.ts";
import { bytesOf } from "../../src/util/bytes.ts";

/**
 * One case. Its statements are the body of a route of their own; `SAY("text $var(x)")` in them writes a line of the answer, and after them
 * each text of `show` is written, when the route has not ended by then.
 */
export interface LanguageCase {
  readonly name: string;
  readonly run: string;
  readonly show?: readonly string[];
  /** Other blocks; `{N}` in them and in `run` is the case's number, to make names of its own: route[A{N}] { … }. */
  readonly blocks?: string;
  /** Header lines of the request: they replace those of the same name, or are added. */
  readonly headers?: readonly string[];
  /** Method and R-URI of the request; `{ME}` is the server's port, `{UA}` the sender's. */
  readonly line?: string;
  readonly body?: string;
  /** Commands to run after the route: what each answers is a line of the answer too, as JSON. */
  readonly rpc?: readonly (readonly [string, ...(string | number)[]])[];
}

/** What a group of cases stands on beside the usual modules. `{DIR}` in `head` and `files` is a directory, which both have. */
export interface Setup {
  /** loadmodule and modparam lines. */
  readonly head?: string;
  /** Statements that make the database `{DIR}/db.sqlite`. */
  readonly sql?: string;
  /** Files of the directory by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The lines a case said, or why there are none: the configuration is not accepted with it, or the process ended. */
export type LanguageAnswer = readonly string[] | "refused" | "crash";

/** A case that shows the value of one expression: the text, and the text after joining "1", which tells "12" from 12. */
export function value(name: string, expression: string, more: Partial<LanguageCase> = {}): LanguageCase {
  return {
    name,
    run: `${more.run ?? ""} $avp(r) = ${expression}; if ($avp(r) != $null) $avp(t) = $avp(r) + "1";`,
    show: ["$avp(r) | $avp(t)"],
    ...without(more),
  };
}

/** A case that shows whether a condition holds. */
export function holds(name: string, condition: string, more: Partial<LanguageCase> = {}): LanguageCase {
  return { name, run: `${more.run ?? ""} if (${condition}) { SAY("yes"); } else { SAY("no"); }`, ...without(more) };
}

/** A case that shows texts with variables. */
export function shows(name: string, texts: readonly string[], more: Partial<LanguageCase> = {}): LanguageCase {
  return { name, run: more.run ?? "", show: texts, ...without(more) };
}

function without({ run: _, ...more }: Partial<LanguageCase>): Partial<LanguageCase> {
  return more;
}

const MODULES = "kex tm tmx sl rr pv maxfwd textops textopsx siputils xlog".split(" ");
// Modules that have transformations there which module pv has here.
const ORACLE_MODULES = ["sqlops", "xhttp", "corex"];

const HEADERS = [
  "Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-language;rport",
  "Via: SIP/2.0/TCP far.example:5070;branch=z9hG4bK-far;received=192.0.2.7",
  "Max-Forwards: 70",
  'From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1',
  "To: <sip:bob@office.example>",
  "Call-ID: language-1@127.0.0.1",
  "CSeq: 7 OPTIONS",
  "Contact: <sip:alice@127.0.0.1:{UA}>;expires=60",
  "User-Agent: probe/1.0 (x)",
  "X-One: one",
  "Subject: hello there",
];

/** The configuration, and which case each of its lines belongs to (-1: none). */
interface Whole {
  readonly text: string;
  readonly owners: readonly number[];
}

function configOf(
  cases: readonly LanguageCase[],
  numbers: readonly number[],
  listen: number,
  modules: readonly string[],
  more = "",
): Whole {
  const lines: string[] = [];
  const owners: number[] = [];
  const add = (text: string, owner: number): void => {
    for (const line of text.split("\n")) {
      lines.push(line);
      owners.push(owner);
    }
  };
  const head = ["#!KAMAILIO", "debug=-5", "log_stderror=yes", "children=1", "max_while_loops=20"];
  add([...head, `listen=udp:127.0.0.1:${listen}`, ...modules.map((m) => `loadmodule "${m}.so"`)].join("\n"), -1);
  add(more, -1);
  if (modules.includes("xhttp")) add("event_route[xhttp:request] { exit; }", -1);
  const executes = more.includes("jsonrpcs.so");
  for (const n of numbers) add(blockOf(cases[n]!, n, executes), n);
  add(
    [
      "request_route {",
      '  if ($hdr(X-Case) == "end") {',
      '    xlog("L_ALERT", "[[end|$hdr(X-Round)|end]]\\n");',
      "    exit;",
      "  }",
      '  xlog("L_ALERT", "[[$hdr(X-Case)|{begin}|$hdr(X-Case)]]\\n");',
      '  route("CASE" + $hdr(X-Case));',
      "  exit;",
      "}",
      "",
    ].join("\n"),
    -1,
  );
  return { text: lines.join("\n"), owners };
}

function blockOf(c: LanguageCase, n: number, executes: boolean): string {
  const say = (text: string): string => `xlog("L_ALERT", "[[${n}|${text}|${n}]]\\n")`;
  const own = (text: string): string =>
    text.replace(/SAY\("((?:[^"\\]|\\.)*)"\)/g, (_, said: string) => say(said)).replaceAll("{N}", String(n));
  const shown = (c.show ?? []).map((text) => `  ${own(say(text))};`);
  const commands = executes ? (c.rpc ?? []) : [];
  const executed = commands.map(([method, ...params]) => {
    const call = JSON.stringify({ jsonrpc: "2.0", method, params, id: 1 });
    return `  jsonrpc_exec('${call}'); ${say("rpc $jsonrpl(body)")};`;
  });
  return [own(c.blocks ?? ""), `route[CASE${n}] {`, `  ${own(c.run)}`, ...shown, ...executed, "  return;", "}"].join(
    "\n",
  );
}

function requestOf(c: LanguageCase, id: string, extra: string, listen: number, port: number): string {
  const names = new Set((c.headers ?? []).map((line) => line.slice(0, line.indexOf(":")).toLowerCase()));
  const usual = HEADERS.filter((line) => !names.has(line.slice(0, line.indexOf(":")).toLowerCase()));
  const body = c.body ?? "";
  const text = [
    `${c.line ?? "OPTIONS sip:bob@127.0.0.1:{ME};x=1"} SIP/2.0`,
    ...usual,
    ...(c.headers ?? []),
    `X-Case: ${id}`,
    ...(extra === "" ? [] : [extra]),
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
  return text.replaceAll("{ME}", String(listen)).replaceAll("{UA}", String(port));
}

// ---- what was said ----

/** Takes the lines said out of a log. Control characters are shown as our log shows them, ports by their names. */
function readSaid(log: string, listen: number, port: number): Map<number, string[]> {
  const said = new Map<number, string[]>();
  for (const [, id, text] of log.matchAll(/\[\[(\d+)\|([\s\S]*?)\|\1\]\]/g)) {
    const lines = said.get(Number(id)) ?? [];
    said.set(Number(id), lines);
    if (text !== "{begin}") lines.push(tidy(text!.startsWith("rpc {") ? rpcLine(text!) : text!, listen, port));
  }
  return said;
}

// What Kamailio's jsonrpcs answers, as the result or the error alone. No result is an empty text or struct there.
function rpcLine(text: string): string {
  type Fault = { code: number; message: string };
  const { result, error: fault } = JSON.parse(text.slice(4)) as { result?: RpcValue; error?: Fault };
  const error = fault === undefined ? undefined : { code: fault.code, message: fault.message.trim() };
  return `rpc ${JSON.stringify(error ?? bare(result ?? null))}`;
}

function bare(result: RpcValue): RpcValue {
  return result === "" || JSON.stringify(result) === "{}" || JSON.stringify(result) === "[]" ? null : result;
}

async function rpcOf(run: () => RpcValue | Promise<RpcValue>): Promise<string> {
  try {
    return `rpc ${JSON.stringify(bare(await run()))}`;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return `rpc ${JSON.stringify({ code: error.code, message: error.message })}`;
  }
}

function tidy(text: string, listen: number, port: number): string {
  return text
    .replace(/[\x00-\x08\x0a-\x1f\x7f]/g, (c) =>
      c === "\n" || c === "\r" ? " " : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
    )
    .replace(/\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b/g, "{DATE}")
    .replace(/\/tmp\/language-\w+(?=\/)|\/data(?=\/cases\.)/g, "{DIR}")
    .replace(portAs(listen), "{ME}")
    .replace(portAs(port), "{UA}");
}

// The port as a value, not the same digits by chance within a longer row of hexadecimal ones.
function portAs(port: number): RegExp {
  return new RegExp(`(?<![0-9a-f]{2})${port}`, "g");
}

// ---- Kamailio ----

/** Kamailio's answers, in the order of the cases. Cases it refuses are found and left out. */
export async function askLanguage(cases: readonly LanguageCase[], setup: Setup = {}): Promise<LanguageAnswer[]> {
  const answers: LanguageAnswer[] = cases.map(() => "refused");
  await askSome(cases, [...cases.keys()], answers, setup);
  if (answers.every((answer) => answer === "refused")) throw new Error("kamailio does not start");
  return answers;
}

async function askSome(
  cases: readonly LanguageCase[],
  numbers: number[],
  answers: LanguageAnswer[],
  setup: Setup,
): Promise<void> {
  if (numbers.length === 0) return;
  const run = new OracleRun();
  await run.open(cases, numbers, setup);
  const { log, refused, ended } = await run.done();
  if (refused !== null) {
    const left = numbers.filter((n) => !refused.includes(n));
    if (left.length < numbers.length) return askSome(cases, left, answers, setup);
    if (numbers.length === 1) return;
    const half = numbers.length >> 1;
    await askSome(cases, numbers.slice(0, half), answers, setup);
    return askSome(cases, numbers.slice(half), answers, setup);
  }
  const said = readSaid(log, run.listen, run.port);
  for (const [n, lines] of said) answers[n] = lines;
  if (!ended) return;
  // the process ended in the last case that began
  const last = [...said.keys()].at(-1);
  if (last === undefined) throw new Error(`kamailio ended:\n${log}`);
  answers[last] = "crash";
  await askSome(
    cases,
    numbers.filter((n) => !said.has(n)),
    answers,
    setup,
  );
}

class OracleRun {
  listen = 0;
  port = 0;
  private log = "";
  private socket!: Socket;
  private child!: ChildProcess;
  private directory = "";
  private whole!: Whole;
  private ended = false;
  private answered = true;

  async open(cases: readonly LanguageCase[], numbers: readonly number[], setup: Setup): Promise<void> {
    this.socket = await bound();
    const probe = await bound();
    this.listen = probe.address().port;
    this.port = this.socket.address().port;
    await new Promise<void>((done) => probe.close(() => done()));
    this.directory = mkdtempSync(join(tmpdir(), "language-"));
    const file = join(this.directory, "cases.cfg");
    const here = (text: string): string => text.replaceAll("{DIR}", this.directory);
    for (const [name, text] of Object.entries(setup.files ?? {})) writeFileSync(join(this.directory, name), here(text));
    if (setup.sql !== undefined) {
      const database = openRuntimeSqlite(join(this.directory, "db.sqlite"));
      database.exec(setup.sql);
      database.close();
    }
    const head = setup.head === undefined ? "" : `loadmodule "jsonrpcs.so"\n${here(setup.head)}`;
    const more = ORACLE_MODULES.filter((m) => !head.includes(`"${m}.so"`));
    this.whole = configOf(cases, numbers, this.listen, [...MODULES, ...more], head);
    writeFileSync(file, here(this.whole.text), "latin1");
    this.child = spawn("kamailio", ["-DD", "-E", "-M", "64", "-f", file, "-Y", this.directory], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.child.stderr!.on("data", (d: Buffer) => {
      this.log += d.toString("latin1");
    });
    this.child.once("close", () => {
      this.ended = true;
    });
    this.answered = await this.mark("start");
    for (let i = 0; i < numbers.length && this.answered; i += 40) {
      for (const n of numbers.slice(i, i + 40)) this.send(requestOf(cases[n]!, String(n), "", this.listen, this.port));
      this.answered = await this.mark(String(i));
    }
  }

  /** Ends the process; what it wrote, and the cases it refused when it never ran. */
  async done(): Promise<{ log: string; refused: number[] | null; ended: boolean }> {
    const { ended } = this;
    if (!ended) {
      const closed = new Promise<void>((done) => this.child.once("close", () => done()));
      this.child.kill("SIGTERM");
      await closed;
    }
    this.socket.close();
    rmSync(this.directory, { recursive: true, force: true });
    const isRunning = this.log.includes("[[end|start|end]]");
    const blamed = [...this.log.matchAll(/line (\d+)/g)].map((m) => this.whole.owners[Number(m[1]) - 1] ?? -1);
    const refused = isRunning ? null : blamed.filter((n) => n >= 0);
    if (isRunning && !ended && !this.answered) throw new Error("kamailio no longer answers");
    return { log: this.log, refused, ended };
  }

  /** Sends a marker until it has been seen in the log; false when the process ended before. */
  private async mark(name: string): Promise<boolean> {
    const none: LanguageCase = { name: "", run: "" };
    for (let i = 0; i < 200; i++) {
      this.send(requestOf(none, "end", `X-Round: ${name}`, this.listen, this.port));
      for (let j = 0; j < 10; j++) {
        await new Promise((done) => setTimeout(done, 10));
        if (this.log.includes(`[[end|${name}|end]]`)) return true;
        if (this.ended) return false;
      }
    }
    return false;
  }

  private send(text: string): void {
    this.socket.send(Buffer.from(text, "latin1"), this.listen, "127.0.0.1");
  }
}

/** Numbers that cases speak of: no port may stand within one, or it would be taken for the port. */
const LONG_NUMBERS = "4294967295 4294967296 2147483647 2147483648 4000000000";

async function bound(): Promise<Socket> {
  for (;;) {
    const socket = createSocket("udp4");
    await new Promise<void>((done) => socket.bind(0, "127.0.0.1", () => done()));
    if (!LONG_NUMBERS.includes(String(socket.address().port))) return socket;
    socket.close();
  }
}

// ---- Portico ----

const LISTEN = 47951;
const PORT = 47953;

/** Our answers, in the order of the cases, and what the checker said of those it refuses. */
export async function runLanguage(
  cases: readonly LanguageCase[],
  setup: Setup = {},
): Promise<{ answers: LanguageAnswer[]; refusals: Map<string, string> }> {
  const answers: LanguageAnswer[] = cases.map(() => []);
  const refusals = new Map<string, string>();
  for (let numbers = [...cases.keys()]; ; ) {
    const whole = configOf(cases, numbers, LISTEN, MODULES, (setup.head ?? "").replaceAll("{DIR}", "/data"));
    const found = await runWhole(cases, numbers, whole, answers, setup);
    if (found.length === 0) return { answers, refusals };
    const bad = new Set<number>();
    for (const { line, message } of found) {
      const n = whole.owners[line - 1] ?? -1;
      if (n < 0) throw new Error(`line ${line}: ${message}`);
      bad.add(n);
      refusals.set(cases[n]!.name, message);
      answers[n] = "refused";
    }
    numbers = numbers.filter((n) => !bad.has(n));
  }
}

interface Finding {
  readonly line: number;
  readonly message: string;
}

async function runWhole(
  cases: readonly LanguageCase[],
  numbers: readonly number[],
  whole: Whole,
  answers: LanguageAnswer[],
  setup: Setup,
): Promise<Finding[]> {
  const world = createSimulation({ seed: 1 });
  // the address of the loopback, so that answers read the same; the sender is a host of that name too
  const host = world.host({ addresses: ["127.0.0.1"] });
  host.files.makeDirectory("/data");
  const here = (text: string): string => text.replaceAll("{DIR}", "/data");
  const placed = (value: string | number): string | number => (typeof value === "string" ? here(value) : value);
  for (const [name, text] of Object.entries(setup.files ?? {})) host.files.write(`/data/${name}`, bytesOf(here(text)));
  if (setup.sql !== undefined) host.openSqlite("/data/db.sqlite").exec(setup.sql);
  const options = parseOptions(["--data", "/data", "-f", "/cases.cfg"]);
  const config = check(host, { file: "/cases.cfg", text: here(whole.text), builtIn: false }, options);
  if (!config.ok) return config.diagnostics.filter((d) => d.severity === "error");
  const log: string[] = [];
  let server: Awaited<ReturnType<typeof start>>;
  try {
    server = await start(host, config, { level: -1, sink: (_, line) => void log.push(line) });
  } catch (error) {
    if (error instanceof UnusableConfig) return [...error.diagnostics];
    throw error;
  }
  const socket = await host.network.bindUdp({
    local: { family: 4, address: "127.0.0.1", port: PORT },
    onMessage: () => undefined,
  });
  const peer = socket.peer({ family: 4, address: "127.0.0.1", port: LISTEN })!;
  for (const n of numbers) {
    const from = log.length;
    const bytes = bytesOf(requestOf(cases[n]!, String(n), "", LISTEN, PORT));
    socket.send(peer, bytes, 0, bytes.length);
    await world.advance(20);
    const said = readSaid(log.slice(from).join("\n"), LISTEN, PORT).get(n);
    for (const [name, ...args] of cases[n]!.rpc ?? [])
      said?.push(tidy(await rpcOf(() => server.commands.run(name, args.map(placed))), LISTEN, PORT));
    answers[n] = said ?? "crash";
  }
  await server.stop();
  return [];
}
