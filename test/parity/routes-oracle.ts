// Runs the cases about routes on the real Kamailio: its process, a client and a next hop on loopback.

import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ackFor, answersTo, configOf, type Ends, type Group, Notes, requestOf, type Seen } from "./routes-case.ts";

/** How long nothing may happen before a case is over, ms. */
const QUIET = 60;

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The answers of Kamailio to a group, in the order of its cases. Throws with Kamailio's words when it does not start. */
export async function askRoutes(group: Group): Promise<Seen[]> {
  const [probe, uac, uas] = await Promise.all([open(), open(), open()]);
  const port = probe.address().port;
  await new Promise<void>((done) => probe.close(() => done()));
  const end = (n: number): string => `127.0.0.1:${n}`;
  const ends: Ends = { me: end(port), uac: end(uac.address().port), uas: end(uas.address().port) };
  const directory = mkdtempSync(join(tmpdir(), "routes-"));
  const file = join(directory, "routes.cfg");
  writeFileSync(file, configOf(group, ends, true), "latin1");
  const args = ["-DD", "-E", "-n", "1", "-m", "32", "-M", "8", "-f", file, "-Y", directory, "-l", `udp:${ends.me}`];
  const child = spawn("kamailio", args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    return await new Asker(group, ends, child, uac, uas).run(port);
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    uac.close();
    uas.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Asker {
  private readonly group: Group;
  private readonly ends: Ends;
  private readonly child: ChildProcess;
  private readonly uac: Socket;
  private readonly notes: Notes;
  private words = "";
  private line = "";
  private current = -1;
  private request = "";
  private last = 0;
  private isUp = false;

  constructor(group: Group, ends: Ends, child: ChildProcess, uac: Socket, uas: Socket) {
    this.group = group;
    this.ends = ends;
    this.child = child;
    this.uac = uac;
    this.notes = new Notes(ends);
    const invites = new Map<string, string>();
    child.stderr!.on("data", (data: Buffer) => this.printed(data.toString("latin1")));
    uac.on("message", (data, from) => {
      this.isUp = true;
      this.last = Date.now();
      const text = data.toString("latin1");
      if (!this.notes.clientGot(text, this.current)) return;
      const ack = ackFor(text, this.request);
      if (ack !== null) uac.send(ack, from.port, from.address);
    });
    uas.on("message", (data, from) => {
      this.last = Date.now();
      const text = data.toString("latin1");
      this.notes.hopGot(text, this.current);
      for (const answer of answersTo(text, invites)) uas.send(answer, from.port, from.address);
    });
  }

  private printed(text: string): void {
    this.words += text;
    this.last = Date.now();
    const parts = (this.line + text).split("\n");
    this.line = parts.pop()!;
    for (const part of parts) this.notes.logged(part, this.current);
  }

  async run(port: number): Promise<Seen[]> {
    await this.untilUp(port);
    const seen: Seen[] = [];
    const run = String(port);
    for (const [n, c] of this.group.cases.entries()) {
      this.current = n;
      this.notes.take();
      for (let k = 0; k < (c.times ?? 1); k++) {
        this.request = requestOf(c, n, k, this.ends, run);
        this.last = Date.now();
        this.uac.send(Buffer.from(this.request, "latin1"), port, "127.0.0.1");
        await this.quiet(c.ms ?? 0);
      }
      seen.push(this.notes.take());
    }
    return seen;
  }

  private async quiet(atLeast: number): Promise<void> {
    await pause(atLeast);
    while (Date.now() - this.last < QUIET) await pause(QUIET - (Date.now() - this.last) + 1);
  }

  // Kamailio says nothing when it is ready: a broken request that it answers itself tells.
  private async untilUp(port: number): Promise<void> {
    const { ends } = this;
    const poke = `OPTIONS sip:x@${ends.me} SIP/2.0\r\nVia: SIP/2.0/UDP ${ends.uac};branch=z9hG4bKup;rport\r\nFrom: <sip:a@x>;tag=u\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nX-Case: up\r\nContent-Length: 0\r\n\r\n`;
    for (let i = 0; i < 100; i++) {
      if (this.child.exitCode !== null) throw new Error(`kamailio did not start:\n${this.words.slice(-3000)}`);
      this.uac.send(poke, port, "127.0.0.1");
      await pause(50);
      if (this.isUp) return this.quiet(200);
    }
    throw new Error(`kamailio does not answer:\n${this.words.slice(-3000)}`);
  }
}
