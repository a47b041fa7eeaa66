// Network namespaces for tests: hosts with addresses of their own, joined by virtual cables, and programs and sockets within them. Linux only, and only
// with the rights of root, our own or by sudo without a password. A namespace lives as long as the test that made it.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { News, Order } from "./outpost.ts";
import { isInstalled } from "./programs.ts";
import { SipAgent } from "./sip-agent.ts";

const isRoot = process.getuid?.() === 0;
/** What to put before a command that needs the rights of root. */
export const AS_ROOT: readonly string[] = isRoot ? [] : ["sudo", "-n"];

/** Why there are no namespaces with address translation here; null when there are. */
export function whyNoNamespaces(): string | null {
  for (const program of ["unshare", "nsenter", "ip", "iptables"])
    if (!isInstalled(program)) return `${program} is not installed (Debian packages util-linux, iproute2, iptables)`;
  const probe = "ip link add name pa type veth peer name pb && iptables -t nat -A POSTROUTING -j MASQUERADE";
  const command = [...AS_ROOT, "unshare", "-n", "sh", "-c", probe];
  const { status, stderr } = spawnSync(command[0]!, command.slice(1), { encoding: "utf8" });
  return status === 0 ? null : `no network namespaces with address translation: ${stderr.trim().slice(-200)}`;
}

function check(command: readonly string[]): void {
  const [program = "", ...args] = command;
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")} failed: ${stderr}`);
}

/** One host. */
export class Namespace {
  readonly #holder: ChildProcess;
  readonly #pid: number;

  constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder;
    this.#pid = pid;
  }

  /** What to put before a command so that it runs here, with our rights. */
  get prefix(): readonly string[] {
    return [...AS_ROOT, "nsenter", "-t", String(this.#pid), "-n"];
  }

  /** Runs shell lines here; throws when one fails. */
  set(...lines: string[]): void {
    check([...this.prefix, "sh", "-e", "-c", lines.join("\n")]);
  }

  /** A cable to another host, with the names of its ends. */
  join(name: string, other: Namespace, otherName: string): void {
    this.set(`ip link add name ${name} type veth peer name ${otherName} netns ${other.#pid}`, `ip link set ${name} up`);
    other.set(`ip link set ${otherName} up`);
  }

  /** The end of the host; cables to it go with it. */
  close(): void {
    this.#holder.stdin?.end();
  }
}

/** Makes a host, with loopback only. */
export async function openNamespace(): Promise<Namespace> {
  // ends when our end of its standard input is closed, however we end
  const command = [...AS_ROOT, "unshare", "-n", "sh", "-c", "ip link set lo up && echo $$ && exec cat"];
  const holder = spawn(command[0]!, command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  const pid = await new Promise<number>((resolve, reject) => {
    holder.once("error", reject);
    holder.once("exit", () => reject(new Error("no namespace could be made")));
    holder.stdout.once("data", (data: Buffer) => resolve(Number(data.toString("latin1"))));
  });
  holder.removeAllListeners("exit");
  return new Namespace(holder, pid);
}

/** A datagram with its sender, host:port. */
export interface Datagram {
  readonly from: string;
  readonly data: string;
}

/** A UDP socket of an outpost. */
export class FarSocket {
  readonly address: string;
  readonly port: number;
  readonly got: Datagram[] = [];
  /** Told of each datagram. */
  onData: (datagram: Datagram) => void = () => {};
  readonly #id: number;
  readonly #order: (order: Order) => void;

  constructor(id: number, address: string, port: number, order: (order: Order) => void) {
    this.#id = id;
    this.address = address;
    this.port = port;
    this.#order = order;
  }

  send(data: string, address: string, port: number): void {
    this.#order({ send: this.#id, address, port, data });
  }

  close(): void {
    this.#order({ close: this.#id });
  }
}

/** Sockets within a namespace. */
export class Outpost {
  readonly #child: ChildProcess;
  readonly #sockets = new Map<number, FarSocket>();
  readonly #opening = new Map<number, (news: News) => void>();
  #last = 0;

  constructor(where: Namespace) {
    const runtime = "Deno" in globalThis ? [process.execPath, "run", "-A"] : [process.execPath];
    const self = fileURLToPath(new URL("./outpost.ts", import.meta.url));
    const command = [...where.prefix, ...runtime, self];
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#hear(JSON.parse(line) as News));
  }

  #hear(news: News): void {
    if ("got" in news) {
      const socket = this.#sockets.get(news.got);
      const datagram = { from: news.from, data: news.data };
      socket?.got.push(datagram);
      socket?.onData(datagram);
      return;
    }
    this.#opening.get("opened" in news ? news.opened : news.failed)?.(news);
  }

  #order(order: Order): void {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
  }

  /** Binds a socket; a port of 0 is one that the system gives. */
  async open(address: string, port = 0): Promise<FarSocket> {
    const id = ++this.#last;
    const news = await new Promise<News>((resolve) => {
      this.#opening.set(id, resolve);
      this.#order({ open: id, address, port });
    });
    if (!("opened" in news)) throw new Error("failed" in news ? news.why : "not opened");
    const socket = new FarSocket(id, address, news.port, (order) => this.#order(order));
    this.#sockets.set(id, socket);
    return socket;
  }

  /** A telephone by UDP. */
  async agent(address: string, server: string, serverPort = 5060, port = 0): Promise<SipAgent> {
    const socket = await this.open(address, port);
    const agent = new SipAgent("udp", serverPort, address, server);
    socket.onData = ({ data }) => {
      if (data.trim() !== "" && data.length > 4) agent.deliver(data);
    };
    agent.attach(
      socket.port,
      (text) => socket.send(text, server, serverPort),
      () => socket.close(),
    );
    return agent;
  }

  close(): void {
    this.#child.stdin?.end();
  }
}
