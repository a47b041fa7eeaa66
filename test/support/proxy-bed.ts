// A whole proxy from a configuration on the simulated host, and agents that send texts to it and keep what they get.

import { type Server, start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource, renderAll } from "../../src/control/configuration.ts";
import type { TcpConnection } from "../../src/host/host.ts";
import { createSimulation, type SimHost, type Simulation } from "../../src/host/simulated.ts";
import type { RpcValue } from "../../src/registry/define.ts";
import type { Diagnostic } from "../../src/script/index.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { keepPython } from "./kept-python.ts";
import { writeSip } from "./sip-text.ts";

export const ADDRESS = "192.0.2.1";
const MODULES = "sl tm rr pv maxfwd textops siputils usrloc registrar xlog".split(" ");

/** loadmodule lines for the usual modules and those named. */
export function modules(...more: readonly string[]): string {
  return [...MODULES, ...more].map((name) => `loadmodule "${name}.so"\n`).join("");
}

/** Who sends and receives: a UDP socket or a TCP connection of a host of its own. */
export interface BedAgent {
  readonly received: string[];
  /** Sends a message and lets the world go on for 50 ms; what came meanwhile is returned. */
  send(text: string): Promise<string[]>;
}

export class ProxyBed {
  readonly world: Simulation;
  readonly server: Server;
  /** Lines of the log, without time and level. */
  readonly log: string[];
  /** Warnings about the configuration. */
  readonly diagnostics: readonly Diagnostic[];
  /** The proxy's own host. */
  readonly host: SimHost;
  private readonly agents = new Map<string, SimHost>();
  private count = 0;

  constructor(world: Simulation, host: SimHost, server: Server, log: string[], diagnostics: readonly Diagnostic[]) {
    this.world = world;
    this.server = server;
    this.log = log;
    this.diagnostics = diagnostics;
    this.host = host;
    this.agents.set("192.0.2.10", world.host({ addresses: ["192.0.2.10"] }));
  }

  /** An agent by UDP from a port of its own; it talks to that port of the proxy. */
  udp(port: number, proxyPort = 5060): Promise<BedAgent> {
    return this.udpAt("192.0.2.10", port, proxyPort);
  }

  /** The same from another address. */
  async udpAt(address: string, port: number, proxyPort = 5060): Promise<BedAgent> {
    const received: string[] = [];
    const onMessage = (buf: Uint8Array, from: number, to: number): void => void received.push(textOf(buf, from, to));
    const socket = await this.agentHost(address).network.bindUdp({ local: { family: 4, address, port }, onMessage });
    const peer = socket.peer({ family: 4, address: ADDRESS, port: proxyPort })!;
    return this.agent(received, (bytes) => socket.send(peer, bytes, 0, bytes.length));
  }

  private agentHost(address: string): SimHost {
    let host = this.agents.get(address);
    if (host === undefined) {
      host = this.world.host({ addresses: [address] });
      this.agents.set(address, host);
    }
    return host;
  }

  /** An agent over a connection; `isClosed` tells whether it has ended. */
  async tcp(port = 5060): Promise<BedAgent & { isClosed(): boolean }> {
    const received: string[] = [];
    let closed = false;
    const handlers = {
      onData: (_: TcpConnection, buf: Uint8Array, from: number, to: number) =>
        void received.push(textOf(buf, from, to)),
      onClose: () => {
        closed = true;
      },
    };
    const remote = { family: 4, address: ADDRESS, port } as const;
    const connecting = this.agentHost("192.0.2.10").network.connectTcp({
      remote,
      timeout: 5000,
      maxQueue: 1 << 20,
      handlers,
    });
    await this.world.advance(50);
    const connection = await connecting;
    const agent = this.agent(received, (bytes) => connection.send(bytes, 0, bytes.length));
    return { ...agent, isClosed: () => closed };
  }

  /** Takes connections on a port; what comes over them is dropped. */
  async tcpServer(port: number): Promise<void> {
    const handlers = { onData: () => undefined, onClose: () => undefined };
    const local = { family: 4, address: "192.0.2.10", port } as const;
    await this.agentHost(local.address).network.listenTcp({ local, maxQueue: 1 << 20, onConnection: () => handlers });
  }

  /** A request in text; lines given replace or add headers. */
  request(method: string, uri: string, lines: readonly string[] = [], via = "UDP 192.0.2.10:7000", body = ""): string {
    const n = ++this.count;
    const names = new Set(lines.map((line) => line.slice(0, line.indexOf(":")).toLowerCase()));
    const usual = [
      `Via: SIP/2.0/${via};branch=z9hG4bKbed${n};rport`,
      "Max-Forwards: 70",
      "From: <sip:alice@example.org>;tag=a",
      "To: <sip:bob@example.org>",
      `Call-ID: bed${n}`,
      `CSeq: 1 ${method}`,
    ].filter((line) => !names.has(line.slice(0, line.indexOf(":")).toLowerCase()));
    return writeSip([`${method} ${uri} SIP/2.0`, ...usual, ...lines], body);
  }

  /** What a command (RPC) answers; rejects with RpcError. */
  async rpc(name: string, ...args: (string | number)[]): Promise<RpcValue> {
    return this.server.commands.run(name, args);
  }

  close(): Promise<void> {
    return this.server.stop();
  }

  private agent(received: string[], send: (bytes: Uint8Array) => unknown): BedAgent {
    return {
      received,
      send: async (text) => {
        const before = received.length;
        send(bytesOf(text));
        await this.world.advance(50);
        return received.slice(before);
      },
    };
  }
}

/**
 * Starts a proxy on UDP 5060 and 5061 and TCP 5060 of ADDRESS, or, when the proxy's addresses are given, on what the configuration says; `files` and what `prepare` makes are there before it starts; throws with the errors of a bad configuration. `world`: one that is there already.
 */
export async function openProxy(
  config: string,
  level = -1,
  addresses?: readonly string[],
  world = createSimulation({ seed: 7 }),
  files: Readonly<Record<string, string>> = {},
  prepare: (host: SimHost) => void = () => undefined,
): Promise<ProxyBed> {
  const host = world.host({ addresses: addresses ?? [ADDRESS] });
  host.files.makeDirectory("/data");
  host.files.write("/portico.cfg", bytesOf(config));
  if (config.includes("app_python")) await keepPython(host, "/data");
  prepare(host);
  for (const [name, text] of Object.entries(files)) {
    host.files.makeDirectory(host.files.resolve(name, ".."));
    host.files.write(name, bytesOf(text));
  }
  const sockets = addresses !== undefined ? [] : ["udp:192.0.2.1:5060", "udp:192.0.2.1:5061", "tcp:192.0.2.1:5060"];
  const options = parseOptions([...sockets.flatMap((s) => ["-l", s]), "--data", "/data", "-f", "/portico.cfg"]);
  const checked = check(host, await readSource(host, options.config), options);
  if (!checked.ok) throw new Error(renderAll(checked.diagnostics));
  const log: string[] = [];
  const server = await start(host, checked, { level, sink: (_, line) => void log.push(line) }, null, "/data");
  return new ProxyBed(world, host, server, log, checked.diagnostics);
}
