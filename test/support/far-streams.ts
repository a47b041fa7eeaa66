// A far end of TCP connections in another network namespace: this program is started there, listens, tells of each connection, and opens one when it
// is told to. Lines of JSON both ways; its other half is `FarStreams` below.

import { spawn } from "node:child_process";
import { createConnection, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Namespace } from "./namespaces.ts";

/** What the program is told: to open a connection and send that over it. */
interface Order {
  readonly connect: string;
  readonly port: number;
  readonly text: string;
}

/** What it tells: that it listens; who has connected and what came first; what came over a connection that it opened. */
type News = { readonly ready: true } | { readonly from: string; readonly text: string } | { readonly got: string };

function main(address: string, port: number): void {
  const tell = (news: News): void => void process.stdout.write(`${JSON.stringify(news)}\n`);
  const quiet = (socket: Socket): Socket => socket.on("error", () => {});
  createServer((socket) => {
    const from = socket.remoteAddress ?? "";
    quiet(socket).once("data", (data) => tell({ from, text: data.toString("latin1") }));
  }).listen(port, address, () => tell({ ready: true }));
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { connect, port: to, text } = JSON.parse(line) as Order;
    const socket = quiet(createConnection({ host: connect, port: to }, () => socket.write(text)));
    socket.on("data", (data) => tell({ got: data.toString("latin1") }));
  });
  lines.on("close", () => process.exit(0));
}

/** The far end: what it hears is gathered until somebody waits for it. */
export class FarStreams {
  readonly #child;
  readonly #news: News[] = [];
  #wake = (): void => {};

  constructor(where: Namespace, address: string, port: number) {
    const runtime = "Deno" in globalThis ? [process.execPath, "run", "-A"] : [process.execPath];
    const command = [...where.prefix, ...runtime, fileURLToPath(import.meta.url), address, String(port)];
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.#news.push(JSON.parse(line) as News);
      this.#wake();
    });
  }

  connect(address: string, port: number, text: string): void {
    this.#child.stdin!.write(`${JSON.stringify({ connect: address, port, text } satisfies Order)}\n`);
  }

  /** Takes the first news that fits; throws when none comes in time. */
  async hear<T extends News>(fits: (news: News) => news is T, what: string, limit = 10_000): Promise<T> {
    for (const end = Date.now() + limit; ; ) {
      const at = this.#news.findIndex(fits);
      if (at >= 0) return this.#news.splice(at, 1)[0] as T;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`${what} did not come within ${limit} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#child.stdin?.end();
  }
}

/** For `FarStreams.hear`. */
export const isReady = (news: News): news is { ready: true } => "ready" in news;
export const isArrival = (news: News): news is { from: string; text: string } => "from" in news;
export const isAnswer = (news: News): news is { got: string } => "got" in news;

if (import.meta.main) main(process.argv[2]!, Number(process.argv[3]));
