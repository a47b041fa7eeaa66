// The real rtpengine (Debian package rtpengine-daemon) on loopback, in user space, and questions to it in its own protocol.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dictionary, decode, encode } from "../../src/modules/rtpengine/bencode.ts";
import { isInstalled, type Running, start, stop } from "./programs.ts";

export const hasRtpengine = isInstalled("rtpengine");
export const NO_RTPENGINE = "rtpengine is not installed (Debian package rtpengine-daemon)";

/** A running relay. */
export class Rtpengine {
  readonly port: number;
  readonly #running: Running;
  readonly #socket: Socket;
  readonly #directory: string;
  readonly #waiting = new Map<string, (answer: Dictionary) => void>();
  #last = 0;

  constructor(port: number, running: Running, socket: Socket, directory: string) {
    this.port = port;
    this.#running = running;
    this.#socket = socket;
    this.#directory = directory;
    socket.on("message", (data) => {
      const text = data.toString("latin1");
      const space = text.indexOf(" ");
      const answer = decode(text.slice(space + 1));
      if (answer !== null) this.#waiting.get(text.slice(0, space))?.(answer);
    });
  }

  /** Asks a question; null when no answer came within `limit` ms. */
  ask(question: Dictionary, limit = 1000): Promise<Dictionary | null> {
    const cookie = `test${++this.#last}`;
    return new Promise((resolve) => {
      const end = (answer: Dictionary | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(cookie);
        resolve(answer);
      };
      const timer = setTimeout(end, limit, null);
      this.#waiting.set(cookie, end);
      this.#socket.send(Buffer.from(`${cookie} ${encode(question)}`, "latin1"), this.port, "127.0.0.1", () => {});
    });
  }

  /** The calls it has. */
  async calls(): Promise<readonly string[]> {
    const answer = await this.ask({ command: "list" });
    return (answer?.["calls"] ?? []) as string[];
  }

  /** RTP packets of a call that it has taken, by the tag of who sent them. */
  async packets(callId: string): Promise<Record<string, number>> {
    const answer = await this.ask({ command: "query", "call-id": callId });
    const counts: Record<string, number> = {};
    for (const [tag, of] of Object.entries((answer?.["tags"] ?? {}) as Record<string, Dictionary>)) {
      const medias = (of["medias"] ?? []) as Dictionary[];
      const streams = medias.flatMap((media) => (media["streams"] ?? []) as Dictionary[]);
      counts[tag] = streams
        .filter((stream) => (stream["flags"] as string[]).includes("RTP"))
        .reduce((sum, stream) => sum + Number((stream["stats"] as Dictionary)["packets"]), 0);
    }
    return counts;
  }

  get log(): string {
    return this.#running.output();
  }

  async close(): Promise<void> {
    this.#socket.close();
    await stop(this.#running, 500); // after calls it often takes seconds
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Starts a relay on 127.0.0.1, controlled at that port, and waits until it answers. */
export async function startRtpengine(port: number): Promise<Rtpengine> {
  const directory = mkdtempSync(join(tmpdir(), "portico-rtpengine-"));
  const ng = [`--listen-ng=127.0.0.1:${port}`, "--table=-1", "--interface=127.0.0.1", "--config-file=none"];
  const args = [...ng, "--foreground", "--log-stderr", "--log-level=5", "--num-threads=1", "--delete-delay=0"];
  const running = start(["rtpengine", ...args], { cwd: directory });
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const relay = new Rtpengine(port, running, socket, directory);
  for (let n = 0; (await relay.ask({ command: "ping" }, 100)) === null; n++) {
    if (n < 300 && running.child.exitCode === null) continue;
    await relay.close();
    throw new Error(`rtpengine does not answer:\n${running.output()}`);
  }
  return relay;
}
