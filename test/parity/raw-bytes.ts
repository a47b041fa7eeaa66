// The same raw bytes over TCP connections to the installed Kamailio and to us, each from a configuration of its own.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource, renderAll } from "../../src/control/configuration.ts";
import { selectHost } from "../../src/host/index.ts";
import { freePort } from "../support/ports.ts";

/** Milliseconds without a byte after which an answer counts as whole. */
const QUIET = 200;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** What came back over a connection, one character an octet. */
export interface RawAnswer {
  readonly got: string;
  readonly closed: boolean;
  /** The port that the client had. */
  readonly client: number;
}

/**
 * Sends pieces over a new connection, each when nothing more comes for the one before, or so many milliseconds later. `{ME}` stands for the
 * server's port.
 */
export async function exchange(
  port: number,
  pieces: readonly string[],
  pause: number | null = null,
): Promise<RawAnswer> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
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
  for (const [i, text] of pieces.entries()) {
    socket.write(Buffer.from(text.replaceAll("{ME}", String(port)), "latin1"));
    last = Date.now();
    if (pause !== null && i + 1 < pieces.length) await sleep(pause);
    else while (!closed && Date.now() - last < QUIET) await sleep(10);
  }
  socket.destroy();
  return { got, closed, client };
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

/** Runs Kamailio on a TCP port for as long as `use` takes; throws with its words when it does not start. */
export async function withKamailio<T>(config: string, use: (port: number) => Promise<T>): Promise<T> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "raw-"));
  const file = join(directory, "t.cfg");
  const globals = `debug=-1\nlog_stderror=yes\nchildren=1\ntcp_children=1\nlisten=tcp:127.0.0.1:${port}\n`;
  writeFileSync(file, globals + config, "latin1");
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
    return await use(port);
  } finally {
    child.kill("SIGTERM");
    await new Promise<void>((done) => (child.exitCode !== null ? done() : child.once("exit", () => done())));
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs ours, in this process, on a TCP port for as long as `use` takes. */
export async function withOurs<T>(config: string, use: (port: number) => Promise<T>): Promise<T> {
  const host = await selectHost();
  const directory = mkdtempSync(join(tmpdir(), "raw-"));
  const file = join(directory, "t.cfg");
  const port = await freePort();
  writeFileSync(file, `listen=tcp:127.0.0.1:${port}\n${config}`, "latin1");
  const options = parseOptions(["--data", directory, "-f", file]);
  const checked = check(host, await readSource(host, options.config), options);
  if (!checked.ok) throw new Error(renderAll(checked.diagnostics));
  const server = await start(host, checked, { level: -1, sink: () => {} });
  try {
    return await use(port);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
