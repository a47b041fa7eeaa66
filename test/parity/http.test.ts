// HTTP on the ports of SIP: the same raw requests to the installed Kamailio and to us, answers byte for byte apart from the headers that
// http-cases.ts names. Kamailio's answers are in http.json; where it is installed it is asked again. PORTICO_RECORD=1 writes it anew.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Server, start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource, renderAll } from "../../src/control/configuration.ts";
import { selectHost } from "../../src/host/index.ts";
import { freePort } from "../support/ports.ts";
import { CONFIG, HEADERS_OF_KAMAILIO, HEADERS_OF_OURS, HTTP_CASES, type HttpCase, SILENT, tidy } from "./http-cases.ts";
import { haveOracle } from "./oracle.ts";

const FILE = new URL("http.json", import.meta.url);
const recordAnew = process.env["PORTICO_RECORD"] === "1";
/** Milliseconds without a byte after which an answer counts as whole. */
const QUIET = 150;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** What a server sends back, and whether it closed the connection. */
async function ask(port: number, c: HttpCase, drop: readonly string[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  let got = "";
  let closed = false;
  let last = Date.now();
  socket.on("data", (data: Uint8Array) => {
    got += Buffer.from(data).toString("latin1");
    last = Date.now();
  });
  for (const event of ["end", "close", "error"])
    socket.on(event, () => {
      closed = true;
    });
  await new Promise<void>((done) => socket.once("connect", () => done()));
  const client = socket.localPort!;
  for (const [i, text] of c.send.entries()) {
    if (i > 0) await sleep(100);
    socket.write(Buffer.from(text.replaceAll("{ME}", String(port)), "latin1"));
    last = Date.now();
  }
  while (!closed && Date.now() - last < QUIET) await sleep(10);
  socket.destroy();
  return tidy(got, drop, port, client) + (closed ? "<closed>" : "");
}

/** All the cases, a few at a time. */
async function askAll(port: number, drop: readonly string[]): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const left = [...HTTP_CASES];
  const worker = async (): Promise<void> => {
    for (let c = left.shift(); c !== undefined; c = left.shift()) out[c.name] = await ask(port, c, drop);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return Object.fromEntries(HTTP_CASES.map((c) => [c.name, out[c.name]!]));
}

async function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}

async function theirs(): Promise<Record<string, string>> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "http-"));
  const file = join(directory, "t.cfg");
  const globals = `debug=-1\nlog_stderror=yes\nchildren=1\ntcp_children=1\nlisten=tcp:127.0.0.1:${port}\n`;
  writeFileSync(file, globals + CONFIG, "latin1");
  const child = spawn("kamailio", ["-DD", "-E", "-m", "32", "-M", "8", "-f", file, "-Y", directory], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (d: Uint8Array) => {
    words += Buffer.from(d).toString("latin1");
  });
  try {
    for (let i = 0; !(await answers(port)); i++) {
      if (child.exitCode !== null || i > 100) throw new Error(`kamailio did not start:\n${words}`);
      await sleep(50);
    }
    return await askAll(port, HEADERS_OF_KAMAILIO);
  } finally {
    child.kill("SIGTERM");
    await new Promise<void>((done) => (child.exitCode !== null ? done() : child.once("exit", () => done())));
    rmSync(directory, { recursive: true, force: true });
  }
}

let server: Server | null = null;

async function ours(): Promise<Record<string, string>> {
  const host = await selectHost();
  const directory = mkdtempSync(join(tmpdir(), "http-"));
  const file = join(directory, "t.cfg");
  const port = await freePort();
  writeFileSync(file, `listen=tcp:127.0.0.1:${port}\n${CONFIG}`, "latin1");
  const options = parseOptions(["--data", directory, "-f", file]);
  const checked = check(host, await readSource(host, options.config), options);
  if (!checked.ok) throw new Error(renderAll(checked.diagnostics));
  server = await start(host, checked, { level: -1, sink: () => {} });
  rmSync(directory, { recursive: true, force: true });
  return askAll(port, HEADERS_OF_OURS);
}

let recorded: Record<string, string> = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, string>)
  : {};
let mine: Record<string, string> = {};

beforeAll(async () => {
  if (recordAnew) {
    recorded = await theirs();
    writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
  }
  mine = await ours();
}, 60_000);
afterAll(() => server?.stop());

const equal = HTTP_CASES.filter((c) => c.differs === undefined && !(c.name in SILENT));

describe("HTTP as Kamailio's module xhttp", () => {
  test.each(equal.map((c) => c.name))("%s", (name) => {
    expect(mine[name]).toBe(recorded[name]);
  });

  test.each(Object.entries(SILENT))("where Kamailio is silent: %s", (name, answer) => {
    expect(recorded[name]).toBe("");
    if (answer === "closed") expect(mine[name]).toBe("<closed>");
    else expect(mine[name]).toMatch(new RegExp(`^HTTP/1.1 ${answer} `));
  });

  test("differences with a reason are still there", () => {
    const gone = HTTP_CASES.filter((c) => c.differs !== undefined && mine[c.name] === recorded[c.name]);
    expect(gone.map((c) => c.name)).toEqual([]);
  });

  test("differences are these", () => {
    const first = (text: string): string => /^.*/.exec(text)![0] + (text.endsWith("<closed>") ? " <closed>" : "");
    const differing = HTTP_CASES.filter((c) => c.differs !== undefined);
    expect(Object.fromEntries(differing.map((c) => [c.name, first(mine[c.name]!)]))).toMatchInlineSnapshot(`
      {
        "204": "HTTP/1.1 204 No Content",
        "Connection: close": "HTTP/1.1 200 OK <closed>",
        "Expect: 100-continue": "HTTP/1.1 100 Continue",
        "HEAD": "HTTP/1.1 200 OK",
        "HTTP/1.0": "HTTP/1.0 200 OK <closed>",
        "HTTP/1.0 without headers": "HTTP/1.0 200 OK <closed>",
        "HTTP/1.2": "HTTP/1.1 200 OK",
        "HTTP/2.0": "HTTP/1.1 505 HTTP Version Not Supported <closed>",
        "SIP and HTTP in one segment": "SIP/2.0 200 OK",
        "a folded header": "HTTP/1.1 400 Bad Request <closed>",
        "a lower-case version": "HTTP/1.1 400 Bad Request <closed>",
        "bare LF": "HTTP/1.1 400 Bad Request <closed>",
        "chunks": "HTTP/1.1 200 OK",
        "length and chunks": "HTTP/1.1 400 Bad Request <closed>",
        "no Host": "HTTP/1.1 400 Bad Request <closed>",
        "two lengths": "HTTP/1.1 400 Bad Request <closed>",
      }
    `);
  });

  test.skipIf(!haveOracle())(
    "the record is what the installed Kamailio says",
    async () => {
      expect(await theirs()).toEqual(recorded);
    },
    60_000,
  );
});
