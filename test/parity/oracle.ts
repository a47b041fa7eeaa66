// Asks the real Kamailio what it does: one configuration made of small cases, one request a case, the reply and the forwarded
// request taken back. Used to record answers, and to compare again where Kamailio is installed.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * One step of a case: a function call with its return code, one without (statements of the core leave $rc alone), a variable assigned, a
 * variable read. Strings are texts, numbers are written bare.
 */
export type Step =
  | { readonly do: readonly [string, ...(string | number)[]] }
  | { readonly call: readonly [string, ...(string | number)[]] }
  | { readonly set: readonly [string, string | number | null] }
  | { readonly get: string };

export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The request to send; the common one when left out. `{ME}` stands for the server's port. */
  readonly message?: string;
  /** Code and reason of the reply that ends the case; 299 Done when left out. */
  readonly final?: readonly [string, string];
}

/** What came back: results of the steps in order ("R" return codes, "G" values), the reply and the request as forwarded. */
export interface Answer {
  readonly results: readonly string[];
  readonly reply: string;
  readonly forwarded: string;
}

/** The port Kamailio listens on stands in recorded texts as {ME}, the sender's and the catcher's as {UA}. */
export const COMMON = [
  "INVITE sip:bob@127.0.0.1:{UA};x=1 SIP/2.0",
  "Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-parity;rport",
  "Max-Forwards: 70",
  'From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1',
  "To: <sip:bob@office.example>",
  "Call-ID: parity-1@127.0.0.1",
  "CSeq: 7 INVITE",
  "Contact: <sip:alice@127.0.0.1:{UA}>;expires=60",
  "User-Agent: probe/1.0 (x)",
  "X-Two: one",
  "Subject: hello there",
  "x-two: two",
  "Content-Type: text/plain",
  "Content-Length: 12",
  "",
  "Hello World!",
].join("\r\n");

/** The reply that ends a case. */
export const DONE: readonly [string, string] = ["299", "Done"];

const MODULES = ["kex", "corex", "tm", "tmx", "sl", "rr", "pv", "maxfwd", "textops", "textopsx", "siputils", "xlog"];

/** Whether the oracle can be asked on this machine. */
export function haveOracle(): boolean {
  return spawnSync("kamailio", ["-v"], { stdio: "ignore" }).status === 0;
}

/** Text as it stands in a Kamailio string. */
export function quoted(text: string): string {
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\r/g, "\\r").replace(/\n/g, "\\n")}"`;
}

function value(v: string | number | null): string {
  return v === null ? "$null" : typeof v === "number" ? String(v) : quoted(v);
}

/** The route block of a case. */
function block(c: Case, number: number, port: number): string {
  const lines = c.steps.map((step, i) => {
    if ("call" in step) {
      const [name, ...args] = step.call;
      return `${name}(${args.map((v) => value(v)).join(", ")});\n    append_to_reply("R${i}: $rc\\r\\n");`;
    }
    if ("do" in step)
      return `${step.do[0]}(${step.do
        .slice(1)
        .map((v) => value(v))
        .join(", ")});`;
    if ("set" in step) return `${step.set[0]} = ${value(step.set[1])};`;
    return `append_to_reply("G${i}: ${step.get}\\r\\n");`;
  });
  return [
    `  if ($hdr(X-Case) == "${number}") {`,
    ...lines.map((l) => `    ${l}`),
    `    sl_send_reply(${(c.final ?? DONE).map(quoted).join(", ")});`,
    `    $du = "sip:127.0.0.1:${port}";`,
    "    forward();",
    "    exit;",
    "  }",
  ].join("\n");
}

/** The configuration that holds all the cases. */
export function configOf(cases: readonly Case[], listen: number, port: number, params: readonly string[]): string {
  return [
    "#!KAMAILIO",
    "debug=0",
    "log_stderror=yes",
    "children=1",
    "disable_tcp=yes",
    'server_header="Server: oracle"',
    `listen=udp:127.0.0.1:${listen}`,
    ...MODULES.map((m) => `loadmodule "${m}.so"`),
    ...params,
    "request_route {",
    ...cases.map((c, i) => block(c, i, port)),
    "}",
    "",
  ].join("\n");
}

/** The request of a case with its number. */
export function requestOf(c: Case, number: number, listen: number, port: number): string {
  const text = (c.message ?? COMMON).replace(/\{ME\}/g, String(listen)).replace(/\{UA\}/g, String(port));
  return text.replace("\r\nFrom:", `\r\nX-Case: ${number}\r\nFrom:`);
}

/** Makes an answer of what came back, with ports and what differs from run to run replaced. */
export function answerOf(reply: string, forwarded: string, listen: number, port: number): Answer {
  const tidy = (t: string): string =>
    t
      .replaceAll(String(listen), "{ME}")
      .replaceAll(String(port), "{UA}")
      .replace(/^X-Case: \d+/m, "X-Case: {N}")
      .replace(/(branch=z9hG4bK)(?!-parity)[^;\r\n]*/g, "$1{BRANCH}");
  const lines = tidy(reply).split("\r\n");
  const isResult = (l: string): boolean => /^[RG]\d+: ?/.test(l);
  return {
    results: lines.filter(isResult).map((l) => l.slice(l.indexOf(":") + 2)),
    reply: lines
      .filter((l) => !isResult(l))
      .join("\r\n")
      .replace(/^(To: .*;tag=)[0-9a-f.]+/im, "$1{TAG}"),
    forwarded: tidy(forwarded),
  };
}

/** Runs all the cases through Kamailio. Throws with Kamailio's own words when it does not start. */
export async function ask(cases: readonly Case[], params: readonly string[] = []): Promise<Answer[]> {
  const socket = createSocket("udp4");
  const probe = createSocket("udp4");
  await bind(probe);
  const listen = probe.address().port;
  await new Promise<void>((done) => probe.close(() => done()));
  await bind(socket);
  const { port } = socket.address();
  const directory = mkdtempSync(join(tmpdir(), "oracle-"));
  const file = join(directory, "cases.cfg");
  writeFileSync(file, configOf(cases, listen, port, params), "latin1");
  const child = spawn("kamailio", ["-DD", "-E", "-f", file, "-Y", directory], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.on("data", (d: Buffer) => {
    words += d.toString("latin1");
  });
  try {
    await ready(socket, listen, child, () => words);
    const answers: Answer[] = [];
    for (let i = 0; i < cases.length; i++) {
      const got = await exchange(socket, requestOf(cases[i]!, i, listen, port), listen);
      answers.push(answerOf(got.reply, got.forwarded, listen, port));
    }
    return answers;
  } finally {
    child.kill("SIGTERM");
    await new Promise<void>((done) => (child.exitCode !== null ? done() : child.once("exit", () => done())));
    socket.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function bind(socket: Socket): Promise<void> {
  return new Promise((done) => socket.bind(0, "127.0.0.1", () => done()));
}

// Sends something the script does not answer until a request with a case number would be answered: Kamailio has no ready signal.
async function ready(socket: Socket, listen: number, child: ChildProcess, words: () => string): Promise<void> {
  const poke = requestOf({ name: "", steps: [] }, 0, listen, socket.address().port);
  for (let i = 0; i < 100; i++) {
    if (child.exitCode !== null) throw new Error(`kamailio did not start:\n${words()}`);
    const got = await exchange(socket, poke, listen, 100);
    if (got.reply !== "") {
      await exchange(socket, "", listen, 200); // what later pokes still bring
      return;
    }
  }
  throw new Error(`kamailio does not answer:\n${words()}`);
}

function exchange(
  socket: Socket,
  request: string,
  listen: number,
  wait = 400,
): Promise<{ reply: string; forwarded: string }> {
  return new Promise((done) => {
    let reply = "";
    let forwarded = "";
    const finish = (): void => {
      clearTimeout(timer);
      socket.off("message", onMessage);
      done({ reply, forwarded });
    };
    const timer = setTimeout(finish, wait);
    const onMessage = (data: Buffer): void => {
      const text = data.toString("latin1");
      if (text.startsWith("SIP/2.0 ")) reply = text;
      else forwarded = text;
      if (reply !== "" && forwarded !== "") finish();
    };
    socket.on("message", onMessage);
    if (request !== "") socket.send(Buffer.from(request, "latin1"), listen, "127.0.0.1");
  });
}
