// Asks the installed Kamailio about names: in a network namespace of its own with a name server, next hops and a client. `askDns` starts this
// file again inside, which reads the group from standard input and writes the answers.

import { spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { answerTo, type Manners, parseZone } from "../support/name-server.ts";
import {
  CLIENT,
  type DnsAnswer,
  type DnsGroup,
  type DnsStep,
  dnsConfig,
  HOPS,
  isOpen,
  NAME_SERVERS,
  Onlooker,
  SERVER,
  SERVER6,
} from "./dns-case.ts";
import { haveOracle } from "./oracle.ts";

/** Whether namespaces can be made here, besides there being a Kamailio. */
export function haveDnsOracle(): boolean {
  return haveOracle() && spawnSync("unshare", ["-rnm", "true"], { stdio: "ignore" }).status === 0;
}

/** The answers of Kamailio to a group. Rejects with its own words when it does not start. */
export async function askDns(group: DnsGroup): Promise<DnsAnswer[]> {
  const directory = mkdtempSync(join(tmpdir(), "dns-"));
  writeFileSync(join(directory, "resolv.conf"), resolvConf(group));
  const plain = [SERVER, ...NAME_SERVERS, CLIENT, ...HOPS].map((a) => partsOf(a)[0]);
  const four = [...new Set(plain.filter((a) => !a.includes(":")))].map((a) => `ip addr add ${a}/32 dev lo`);
  const six = [SERVER6, "2001:db8::20"].map((a) => `ip -6 addr add ${a}/128 dev lo nodad`);
  const bound = `mount --bind ${directory}/resolv.conf /etc/resolv.conf`;
  const setUp = ["ip link set lo up", ...four, ...six, bound].join(" && ");
  const runtime = "Deno" in globalThis ? [process.execPath, "run", "-A"] : [process.execPath];
  const self = [...runtime, fileURLToPath(import.meta.url)].map((w) => `'${w}'`).join(" ");
  const child = spawn("unshare", ["-rnm", "sh", "-c", `${setUp} && exec ${self}`], { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let words = "";
  child.stdout.on("data", (d: Buffer) => (out += d.toString("utf8")));
  child.stderr.on("data", (d: Buffer) => (words += d.toString("latin1")));
  child.stdin.end(JSON.stringify(group));
  const code = await new Promise((done) => child.once("exit", done));
  rmSync(directory, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the oracle failed: ${words.slice(-4000)}`);
  return JSON.parse(out) as DnsAnswer[];
}

function resolvConf(group: DnsGroup): string {
  return `${NAME_SERVERS.map((a) => `nameserver ${a}\n`).join("")}${group.resolv ?? ""}\n`;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function partsOf(end: string): [address: string, port: number] {
  const found = /^\[?(.*?)\]?(?::(\d+))?$/.exec(end)!;
  return end.split(":").length === 2 || end.startsWith("[") ? [found[1]!, Number(found[2])] : [end, 0];
}

class Inside {
  private readonly group: DnsGroup;
  private readonly directory: string;
  private readonly onlooker: Onlooker;
  private readonly sockets: Socket[] = [];
  private readonly servers: Server[] = [];
  private client: Socket | null = null;
  private isUp = false;
  private count = 0;

  constructor(group: DnsGroup, directory: string) {
    this.group = group;
    this.directory = directory;
    this.onlooker = new Onlooker(group);
  }

  async open(): Promise<void> {
    const { group, onlooker } = this;
    const manners: Manners = { delay: 0, silent: false, rcode: 0, truncates: false, mangle: null };
    const records = parseZone(group.zone);
    for (const address of NAME_SERVERS) {
      const socket = await this.udp(address, 53);
      socket.on("message", (data, from) => {
        const asked: string[] = [];
        const bytes = answerTo(data, records, manners, false, asked);
        const isSecond = address !== NAME_SERVERS[0] && group.silent?.includes(NAME_SERVERS[0]!) === true;
        for (const q of asked) onlooker.wasAsked(isSecond ? `${q} of the second` : q);
        if (bytes !== null && group.silent?.includes(address) !== true) socket.send(bytes, from.port, from.address);
      });
    }
    for (const hop of HOPS) {
      const [address, port] = partsOf(hop);
      if (isOpen(group, `${hop}/udp`)) {
        const socket = await this.udp(address, port);
        socket.on("message", (data, from) => {
          const reply = onlooker.hopGot(`${hop}/udp`, data.toString("latin1"));
          if (reply !== null) socket.send(Buffer.from(reply, "latin1"), from.port, from.address);
        });
      }
      if (isOpen(group, `${hop}/tcp`)) await this.tcp(hop, address, port);
    }
    const [address, port] = partsOf(CLIENT);
    this.client = await this.udp(address, port);
    this.client.on("message", (data) => {
      this.isUp = true;
      onlooker.clientGot(data.toString("latin1"));
    });
  }

  private async udp(address: string, port: number): Promise<Socket> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((done) => socket.bind(port, address, () => done()));
    this.sockets.push(socket);
    return socket;
  }

  private async tcp(hop: string, address: string, port: number): Promise<void> {
    const server = createServer((stream) => {
      stream.on("error", () => undefined);
      stream.on("data", (data: Buffer) => {
        const reply = this.onlooker.hopGot(`${hop}/tcp`, data.toString("latin1"));
        if (reply !== null) stream.write(reply);
      });
    });
    await new Promise<void>((done) => server.listen(port, address, () => done()));
    this.servers.push(server);
  }

  /** Asks until the server answers. */
  async ready(isOver: () => boolean): Promise<void> {
    const poke = `OPTIONS sip:x@${SERVER} SIP/2.0\r\nVia: SIP/2.0/UDP ${CLIENT};branch=z9hG4bKup;rport\r\nFrom: <sip:a@x>;tag=up\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nX-Case: up\r\nContent-Length: 0\r\n\r\n`;
    for (let i = 0; !this.isUp; i++) {
      if (isOver() || i > 100) throw new Error("kamailio does not run");
      this.client!.send(poke, 5060, SERVER);
      await pause(50);
    }
    await pause(100);
  }

  async step(step: DnsStep): Promise<DnsAnswer[number]> {
    const { onlooker } = this;
    onlooker.begin();
    if (step.rpc !== undefined) this.command(step.rpc);
    if (step.uri === undefined) await pause(step.ms ?? 0);
    else {
      this.client!.send(onlooker.request(step, this.count++), 5060, SERVER);
      for (let t = 0; t < (step.ms ?? 3000) && !onlooker.isAnswered; t += 10) await pause(10);
    }
    return onlooker.seen();
  }

  private command(words: readonly (string | number)[]): void {
    spawnSync("kamcmd", ["-s", `unix:${this.directory}/ctl`, ...words.map(String)], { stdio: "ignore" });
  }

  close(): void {
    for (const s of this.sockets) s.close();
    for (const s of this.servers) s.close();
  }
}

async function main(): Promise<void> {
  let input = "";
  for await (const data of process.stdin) input += String(data);
  const group = JSON.parse(input) as DnsGroup;
  const directory = mkdtempSync(join(tmpdir(), "dns-inside-"));
  const file = join(directory, "dns.cfg");
  const control = `loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:${directory}/ctl")\n`;
  writeFileSync(file, dnsConfig(group).replace("request_route {", `${control}request_route {`), "latin1");
  const child = spawn("kamailio", ["-DD", "-E", "-m", "64", "-M", "16", "-f", file, "-Y", directory], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (d: Buffer) => (words = (words + d.toString("latin1")).slice(-8000)));
  const inside = new Inside(group, directory);
  try {
    await inside.open();
    await inside.ready(() => child.exitCode !== null);
    const answers: DnsAnswer[] = [];
    for (const c of group.cases) {
      const steps = [];
      for (const step of c.steps) steps.push(await inside.step(step));
      answers.push(steps);
    }
    process.stdout.write(JSON.stringify(answers));
  } catch (error) {
    throw new Error(`${String(error)}\n${words}`);
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await new Promise((done) => child.once("exit", done));
    inside.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main)
  main().then(
    () => process.exit(0), // connections of the other side are of no interest any more
    (error: unknown) => {
      process.stderr.write(String(error instanceof Error ? error.stack : error));
      process.exit(1);
    },
  );
