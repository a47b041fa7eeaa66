// Runs the media cases on the real Kamailio: its process, a relay, a client and a next hop on loopback.

import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configOf, type MediaGroup, type MediaSeen, requestOf, seenOf } from "./media-cases.ts";
import { ended } from "./media-choice-oracle.ts";

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** What Kamailio does in each case; `answer` and `taken` are the relay's. Throws with its words when it does not start. */
export async function askMedia(
  group: MediaGroup,
  answer: (datagram: string) => string | null,
  taken: () => string[],
): Promise<MediaSeen[]> {
  const [probe, near, far, relay] = await Promise.all([open(), open(), open(), open()]);
  const port = probe.address().port;
  await new Promise<void>((done) => probe.close(() => done()));
  const at = (socket: Socket): string => `127.0.0.1:${socket.address().port}`;
  relay.on("message", (data, from) => {
    const said = answer(data.toString("latin1"));
    if (said !== null) relay.send(Buffer.from(said, "latin1"), from.port, from.address);
  });
  const directory = mkdtempSync(join(tmpdir(), "media-"));
  const file = join(directory, "media.cfg");
  const modules = ["kex", "corex", "sl", "tm", "pv", "textops", "xlog", group.module];
  const head = `#!KAMAILIO\ndebug=-1\nlog_stderror=yes\nchildren=1\ndisable_tcp=yes\n${modules.map((m) => `loadmodule "${m}.so"\n`).join("")}`;
  writeFileSync(file, head + configOf(group, at(relay)), "latin1");
  const args = ["-DD", "-E", "-n", "1", "-f", file, "-Y", directory, "-l", `udp:127.0.0.1:${port}`];
  const child = spawn("kamailio", args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let words = "";
  child.stderr.on("data", (data: Buffer) => {
    words = (words + data.toString("latin1")).slice(-8000);
  });
  const ask = (text: string, listener: Socket, ms: number): Promise<string> =>
    new Promise((done) => {
      const timer = setTimeout(() => end(""), ms);
      const end = (got: string): void => {
        clearTimeout(timer);
        listener.off("message", onMessage);
        done(got);
      };
      const onMessage = (data: Buffer): void => end(data.toString("latin1"));
      listener.on("message", onMessage);
      near.send(Buffer.from(text, "latin1"), port, "127.0.0.1", () => undefined);
    });
  try {
    const poke = requestOf(["", "none"], -1, at(near), at(far)).replace("sip:bob@", "sip:up@");
    for (let i = 0; (await ask(poke, near, 200)) === ""; i++)
      if (child.exitCode !== null || i > 60) throw new Error(`kamailio does not run:\n${words}`);
    const seen: MediaSeen[] = [];
    for (const [n, c] of group.cases.entries()) {
      taken();
      const forwarded = await ask(requestOf(c, n, at(near), at(far)), far, 3000);
      seen.push(seenOf(taken(), forwarded, at(near)));
    }
    return seen;
  } finally {
    await ended(child);
    for (const socket of [near, far, relay]) socket.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
