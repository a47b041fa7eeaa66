// Plays call flows by sipp against a real process, ours or Kamailio's, over loopback. Between sipp and the server stands a relay that notes what the
// server sends and hands each message to the sipp that plays that part: by the flow's tag, and at a hop by the user asked for.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/ports.ts";
import { type Running, start, stop } from "../support/programs.ts";
import { untilBound } from "../support/sipp.ts";
import { configOf, type Ends, type Flow, type FlowGroup, flowOf, Players, userOf } from "./flows-case.ts";
import { clientXml, hopXml } from "./sipp-flow-xml.ts";

/** Flows at a time. */
const AT_A_TIME = 10;
/** How long a flow is watched after its client has ended, which is when it was quiet for some time, ms. */
const LONGER = 30;
const SIPP_LIMIT = 20_000;

/** How to start a server on a configuration: the command in front of Kamailio's arguments, and its environment. */
export interface Starter {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly isKamailio: boolean;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function open(onText: (text: string, port: number) => void): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (data, from) => onText(data.toString("latin1"), from.port));
  // a sipp that has ended is told late that nobody listens
  socket.on("error", () => {});
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

let sipps = process.pid % 1000;

// Ports for messages, for its control and for media: by itself every sipp wants the same ones. Those of media (several in a row, and it looks
// further when they are taken) lie below those of test/support/ports.ts.
async function ownPorts(port: number): Promise<string[]> {
  const media = 10_000 + (sipps++ % 1000) * 10;
  return ["-p", String(port), "-cp", String(await freePort()), "-mp", String(media)];
}

/** The flows of a group with these numbers on that server, in that order. Throws with the server's words when it does not start. */
export async function playFlows(starter: Starter, group: FlowGroup, numbers: readonly number[]): Promise<Flow[]> {
  const stage = new Stage(starter, group, numbers);
  try {
    await stage.build();
    return await stage.play();
  } finally {
    await stage.close();
  }
}

/** A next hop of the relay: where the server finds it, and where sipp's answers come back to. */
interface Hop {
  readonly mark: string;
  readonly outer: Socket;
  readonly inner: Socket;
}

class Stage {
  private readonly starter: Starter;
  private readonly group: FlowGroup;
  private readonly numbers: readonly number[];
  private readonly directory = mkdtempSync(join(tmpdir(), "sipp-flows-"));
  private readonly programs: Running[] = [];
  private readonly sockets: Socket[] = [];
  /** Ports of the sipps that play next hops, by what they do. */
  private readonly behaviours = new Map<string, Promise<number>>();
  /** Which behaviour each user of a flow has. */
  private readonly users = new Map<number, Map<string, string>>();
  /** Ports of the sipps that play clients, by flow. */
  private readonly clients = new Map<number, number>();
  /** Which sipp has a branch: by flow and top Via. */
  private readonly branches = new Map<string, number>();
  private players: Players[] = [];
  private port = 0;
  private isUp = false;
  private client!: Socket;
  private front!: Socket;
  private server!: Running;

  constructor(starter: Starter, group: FlowGroup, numbers: readonly number[]) {
    this.starter = starter;
    this.group = group;
    this.numbers = numbers;
  }

  async build(): Promise<void> {
    this.port = await freePort();
    this.client = await this.open((text) => this.toClient(text));
    this.front = await this.open((text, from) => this.fromClient(text, from));
    const first = await this.hop("");
    const second = await this.hop("second: ");
    const end = (s: Socket): string => `127.0.0.1:${s.address().port}`;
    const ends: Ends = {
      me: `127.0.0.1:${this.port}`,
      uac: end(this.client),
      uas: end(first.outer),
      uas2: end(second.outer),
    };
    this.players = this.group.cases.map((c, n) => new Players(c, n, ends, `${this.port}`));
    await this.startServer(ends);
    for (const n of this.numbers) for (const user of usersOf(this.group.cases[n]!)) void this.behaviour(n, user);
    await Promise.all(this.behaviours.values());
  }

  private async open(onText: (text: string, port: number) => void): Promise<Socket> {
    const socket = await open(onText);
    this.sockets.push(socket);
    return socket;
  }

  private async hop(mark: string): Promise<Hop> {
    const outer = await this.open((text) => void this.toHop(hop, text));
    const inner = await this.open((text) => this.send(outer, text, this.port));
    const hop = { mark, outer, inner };
    return hop;
  }

  private send(from: Socket, text: string, port: number): void {
    from.send(Buffer.from(text, "latin1"), port, "127.0.0.1", () => {});
  }

  private async startServer(ends: Ends): Promise<void> {
    const { command, env, isKamailio } = this.starter;
    const file = join(this.directory, "flows.cfg");
    writeFileSync(file, configOf(this.group, ends, isKamailio), "latin1");
    const own = isKamailio ? ["-Y", this.directory] : [];
    const args = ["-f", file, "-E", ...own, "-l", `udp:${ends.me}`];
    this.server = start([...command, ...args], { cwd: this.directory, env });
    this.programs.push(this.server);
    let line = "";
    const onText = (data: unknown): void => {
      const parts = (line + Buffer.from(data as Uint8Array).toString("latin1")).split("\n");
      line = parts.pop()!;
      for (const part of parts) for (const p of this.players) p.logged(part);
    };
    this.server.child.stderr!.on("data", onText);
    const poke = `OPTIONS sip:x@${ends.me} SIP/2.0\r\nVia: SIP/2.0/UDP ${ends.uac};branch=z9hG4bKup;rport\r\nFrom: <sip:a@x>;tag=up\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nX-Case: up\r\nContent-Length: 0\r\n\r\n`;
    for (let i = 0; !this.isUp; i++) {
      if (this.server.child.exitCode !== null || i > 200)
        throw new Error(`the server does not run:\n${this.server.output().slice(-3000)}`);
      this.send(this.client, poke, this.port);
      await pause(50);
    }
  }

  // The port of a sipp that does what a hop does for that user in that flow; a new one when there is none yet. Branches of one flow have one
  // Call-ID, so those that ring at once must not be with one sipp.
  private behaviour(n: number, user: string): Promise<number> {
    const users = this.users.get(n) ?? new Map<string, string>();
    this.users.set(n, users);
    let key = users.get(user);
    if (key === undefined) {
      const xml = hopXml(this.group.cases[n]!, user);
      const alike = [...users.values()].filter((other) => other.endsWith(xml)).length;
      key = `${alike} ${xml}`;
      users.set(user, key);
    }
    let port = this.behaviours.get(key);
    if (port === undefined) {
      port = this.startHop(key.slice(key.indexOf(" ") + 1), this.behaviours.size);
      this.behaviours.set(key, port);
    }
    return port;
  }

  private async startHop(xml: string, index: number): Promise<number> {
    const port = await freePort();
    const sipp = this.sipp(`hop${index}`, xml, await ownPorts(port));
    await untilBound(sipp, port, "udp");
    return port;
  }

  private sipp(name: string, xml: string, more: readonly string[]): Running {
    const file = join(this.directory, `${name}.xml`);
    writeFileSync(file, xml, "latin1");
    const args = ["-sf", file, "-i", "127.0.0.1", "-nostdin", "-default_behaviors", "none", "-nr", ...more];
    const running = start(["sipp", ...args], { cwd: this.directory, limit: SIPP_LIMIT * 3 });
    this.programs.push(running);
    return running;
  }

  /** All flows, some at a time. */
  async play(): Promise<Flow[]> {
    const left = [...this.numbers];
    const next = async (): Promise<void> => {
      for (let n = left.shift(); n !== undefined; n = left.shift()) await this.playOne(n);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, next));
    return this.numbers.map((n) => this.players[n]!.seen());
  }

  private async playOne(n: number): Promise<void> {
    const c = this.group.cases[n]!;
    const players = this.players[n]!;
    const ports = await ownPorts(await freePort());
    const callId = /^Call-ID: (.*)$/m.exec(players.request)![1]!.trim();
    const once = ["-m", "1", ...ports, "-cid_str", callId, "-timeout", `${SIPP_LIMIT / 1000}s`];
    const target = `127.0.0.1:${this.front.address().port}`;
    const sipp = this.sipp(`client${n}`, clientXml(c, players), [...once, target]);
    const { code, output } = await sipp.finished;
    await pause(LONGER);
    players.end();
    if (code !== 0) {
      const words = output.replaceAll(/^.*(?:\||---|===).*$/gm, "").trim();
      throw new Error(`sipp ended with ${code} in "${c.name}":\n${words.slice(-1500)}`);
    }
  }

  private fromClient(text: string, from: number): void {
    const n = flowOf(text);
    this.clients.set(n, from);
    this.send(this.client, text, this.port);
  }

  private toClient(text: string): void {
    this.isUp = true;
    const n = flowOf(text);
    this.players[n]?.atClient(text);
    const port = this.clients.get(n);
    if (port !== undefined) this.send(this.front, text, port);
  }

  private async toHop(hop: Hop, text: string): Promise<void> {
    const n = flowOf(text);
    const players = this.players[n];
    if (players === undefined) return;
    players.atHop(text, hop.mark);
    const [method = "", uri = ""] = text.split(" ");
    const branch = `${n} ${/^Via:.*$/m.exec(text)?.[0]}`;
    let port = this.branches.get(branch);
    if (port === undefined) {
      port = await this.behaviour(n, userOf(uri));
      if (method !== "ACK" && method !== "CANCEL") this.branches.set(branch, port);
    }
    this.send(hop.inner, text, port);
  }

  async close(): Promise<void> {
    await Promise.all(this.programs.filter((p) => p.child.exitCode === null).map((p) => stop(p, 500)));
    for (const socket of this.sockets) socket.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// Users a flow may ask its hops for, so that whoever answers is there in time.
function usersOf(c: FlowGroup["cases"][number]): Set<string> {
  const text = `${c.request ?? ""}${c.blocks ?? ""}${(c.headers ?? []).join(" ")}`;
  const users = [...text.matchAll(/sips?:([\w$]*)@\{UAS2?\}/g)].map((m) => m[1]!).filter((u) => !u.includes("$"));
  return new Set([c.user ?? "200", ...users, ...Object.keys(c.hop ?? {})]);
}
