// Asks the installed Kamailio about the cases of module sanity: its process and a client on loopback.

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/ports.ts";
import {
  configOf,
  isMarker,
  marker,
  messageOf,
  noteOf,
  type SanityGroup,
  type SanitySeen,
  saidBy,
} from "./sanity-cases.ts";

/** The answers of Kamailio to a group, in the order of its cases. Throws with Kamailio's words when it does not start. */
export async function askSanity(group: SanityGroup): Promise<SanitySeen[]> {
  const port = await freePort();
  const me = `127.0.0.1:${port}`;
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const uac = `127.0.0.1:${socket.address().port}`;
  const directory = mkdtempSync(join(tmpdir(), "sanity-"));
  const file = join(directory, "sanity.cfg");
  writeFileSync(file, configOf(group), "latin1");
  const args = ["-DD", "-E", "-n", "1", "-m", "32", "-M", "8", "-f", file, "-Y", directory, "-l", `udp:${me}`];
  const child = spawn("kamailio", args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (data: Buffer) => {
    log += data.toString("latin1");
  });
  const replies: string[] = [];
  let marks = 0;
  socket.on("message", (data) => {
    const text = data.toString("latin1");
    if (isMarker(text)) marks++;
    else replies.push(text);
  });
  const send = (text: string): void => socket.send(Buffer.from(text, "latin1"), port, "127.0.0.1");
  const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
  const until = async (is: () => boolean): Promise<void> => {
    for (let i = 0; !is(); i++) {
      if (child.exitCode !== null || i > 5000) throw new Error(`kamailio does not answer:\n${log}`);
      await pause(2);
    }
  };
  try {
    for (let i = 0; marks === 0; i++) {
      if (child.exitCode !== null || i > 100) throw new Error(`kamailio did not start:\n${log}`);
      send(marker(uac, 0));
      await pause(50);
    }
    await pause(200);
    const out: SanitySeen[] = [];
    for (const [i, c] of group.cases.entries()) {
      marks = 0;
      const before = log.split("@marker").length;
      replies.length = 0;
      log = log.slice(log.lastIndexOf("@marker"));
      const marked = log.split("@marker").length;
      send(messageOf(c, uac, me));
      send(marker(uac, i + 1));
      await until(() => marks > 0 && log.split("@marker").length > Math.min(marked, before));
      out.push({ log: saidBy(log.split("\n").slice(1)), replies: replies.map(noteOf) });
    }
    return out;
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    socket.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
