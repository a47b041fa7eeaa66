// Kamailio on loopback for one client that asks it one thing after the other.

import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A running Kamailio. */
export interface Running {
  /** The client's address. */
  readonly near: string;
  readonly running: boolean;
  /** What it has said last. */
  readonly words: string;
  /** Sends a message; the first that comes back with its Call-ID, "" when none does in that many milliseconds. */
  ask(text: string, ms: number): Promise<string>;
  stop(): Promise<void>;
}

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** How long it may take to end, milliseconds. */
const PATIENCE = 5000;

/** Ends a Kamailio that was started detached; one that does not end, as now and then under load, is killed with its processes. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const { pid } = child;
  const timer = setTimeout(() => process.kill(-pid, "SIGKILL"), PATIENCE);
  child.kill("SIGTERM");
  await once(child, "exit");
  clearTimeout(timer);
}

/** Starts it with those modules and that configuration behind them. */
export async function runKamailio(modules: readonly string[], config: string): Promise<Running> {
  const [probe, near] = await Promise.all([open(), open()]);
  const { port } = probe.address();
  await new Promise<void>((done) => probe.close(() => done()));
  const directory = mkdtempSync(join(tmpdir(), "kamailio-"));
  const file = join(directory, "one.cfg");
  const head = `#!KAMAILIO\ndebug=-1\nlog_stderror=yes\nchildren=1\ndisable_tcp=yes\n`;
  writeFileSync(file, `${head}${modules.map((m) => `loadmodule "${m}.so"\n`).join("")}${config}`, "latin1");
  const args = ["-DD", "-E", "-n", "1", "-f", file, "-Y", directory, "-l", `udp:127.0.0.1:${port}`];
  const child = spawn("kamailio", args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let words = "";
  child.stderr.on("data", (data: Buffer) => {
    words = (words + data.toString("latin1")).slice(-8000);
  });
  return {
    near: `127.0.0.1:${near.address().port}`,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    get words() {
      return words;
    },
    ask: (text, ms) =>
      new Promise((done) => {
        const end = (got: string): void => {
          clearTimeout(timer);
          near.off("message", onMessage);
          done(got);
        };
        const timer = setTimeout(() => end(""), ms);
        const call = /^Call-ID: .*$/m.exec(text)?.[0] ?? "";
        const onMessage = (data: Buffer): void => {
          const got = data.toString("latin1");
          if (got.includes(`\n${call}`)) end(got); // not to what was asked before
        };
        near.on("message", onMessage);
        near.send(Buffer.from(text, "latin1"), port, "127.0.0.1", () => undefined);
      }),
    async stop() {
      await ended(child);
      near.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
