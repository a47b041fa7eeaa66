// Runs call flows on the real Kamailio: its process, a client and two next hops on loopback; all flows of a group at a time.

import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configOf, type Ends, type Flow, type FlowGroup, flowOf, Players } from "./flows-case.ts";

/** Between the beginnings of two flows, ms. */
const APART = 15;

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The flows of a group as Kamailio has them. Throws with Kamailio's words when it does not start. */
export async function askFlows(group: FlowGroup): Promise<Flow[]> {
  const [probe, uac, uas, uas2] = await Promise.all([open(), open(), open(), open()]);
  const port = probe.address().port;
  await new Promise<void>((done) => probe.close(() => done()));
  const end = (n: number): string => `127.0.0.1:${n}`;
  const ends: Ends = {
    me: end(port),
    uac: end(uac.address().port),
    uas: end(uas.address().port),
    uas2: end(uas2.address().port),
  };
  const directory = mkdtempSync(join(tmpdir(), "flows-"));
  const file = join(directory, "flows.cfg");
  writeFileSync(file, configOf(group, ends, true), "latin1");
  const args = ["-DD", "-E", "-n", "1", "-m", "64", "-M", "16", "-f", file, "-Y", directory, "-l", `udp:${ends.me}`];
  const child = spawn("kamailio", args, { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  let line = "";
  const players = group.cases.map((c, n) => new Players(c, n, ends, String(port)));
  child.stderr.on("data", (data: Buffer) => {
    words = (words + data.toString("latin1")).slice(-8000);
    const parts = (line + data.toString("latin1")).split("\n");
    line = parts.pop()!;
    for (const part of parts) for (const p of players) p.logged(part);
  });
  let isUp = false;
  const later =
    (from: Socket) =>
    (message: string, ms: number): void => {
      const act = (): void => from.send(Buffer.from(message, "latin1"), port, "127.0.0.1", () => undefined);
      if (ms === 0) act();
      else setTimeout(act, ms);
    };
  uac.on("message", (data) => {
    isUp = true;
    const text = data.toString("latin1");
    players[flowOf(text)]?.clientGot(text, later(uac));
  });
  for (const [hop, mark] of [
    [uas, ""],
    [uas2, "second: "],
  ] as const)
    hop.on("message", (data) => {
      const text = data.toString("latin1");
      players[flowOf(text)]?.hopGot(text, later(hop), mark);
    });
  try {
    const poke = `OPTIONS sip:x@${ends.me} SIP/2.0\r\nVia: SIP/2.0/UDP ${ends.uac};branch=z9hG4bKup;rport\r\nFrom: <sip:a@x>;tag=up\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nX-Case: up\r\nContent-Length: 0\r\n\r\n`;
    for (let i = 0; !isUp; i++) {
      if (child.exitCode !== null || i > 100) throw new Error(`kamailio does not run:\n${words}`);
      later(uac)(poke, 0);
      await pause(50);
    }
    await pause(100);
    let last = 0;
    for (const [n, c] of group.cases.entries()) {
      const p = players[n]!;
      p.start((what, ms) => void setTimeout(() => later(uac)(p.made(what), 0), ms));
      setTimeout(() => p.end(), (c.ms ?? 250) + 60);
      last = Math.max(last, Date.now() + (c.ms ?? 250) + 60);
      await pause(APART);
    }
    await pause(Math.max(0, last - Date.now()) + 100);
    return players.map((p) => p.seen());
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    for (const socket of [uac, uas, uas2]) socket.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
