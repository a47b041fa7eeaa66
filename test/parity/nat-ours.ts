// Runs a group of cases with many addresses on our proxy, whole, in virtual time.

import type { TcpConnection, UdpSocket } from "../../src/host/host.ts";
import type { SimHost } from "../../src/host/simulated.ts";
import { RpcError } from "../../src/registry/define.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import {
  answerTo,
  logText,
  type NatAnswer,
  type NatGroup,
  type NatStep,
  natConfig,
  rowsText,
  SERVER,
  textFor,
  tidyNat,
  tokenIn,
} from "./nat-case.ts";

const partsOf = (end: string): [string, number] => [end.slice(0, end.lastIndexOf(":")), Number(end.split(":").at(-1))];

class Agents {
  private readonly bed: ProxyBed;
  private readonly group: NatGroup;
  private readonly udp = new Map<string, UdpSocket>();
  private readonly tcp = new Map<string, TcpConnection>();
  private readonly hosts = new Map<string, ReturnType<ProxyBed["world"]["host"]>>();
  private got: string[] = [];
  private challenge = "";
  private token = "";
  /** A connection's port is given by the system; in answers it is the one of the case. */
  private readonly ports: [RegExp, string][] = [];

  constructor(bed: ProxyBed, group: NatGroup) {
    this.bed = bed;
    this.group = group;
  }

  private host(address: string): ReturnType<ProxyBed["world"]["host"]> {
    let host = this.hosts.get(address);
    if (host === undefined) {
      host = this.bed.world.host({ addresses: [address] });
      this.hosts.set(address, host);
    }
    return host;
  }

  async open(): Promise<void> {
    for (const end of this.group.agents.filter((a) => !a.startsWith("tcp:"))) {
      const [address, port] = partsOf(end);
      const socket = await this.host(address).network.bindUdp({
        local: { family: 4, address, port },
        onMessage: (buf, from, to, peer) => {
          const text = textOf(buf, from, to);
          this.challenge = /^(?:WWW|Proxy)-(?:Authenticate|Challenge): .*/m.exec(text)?.[0] ?? this.challenge;
          this.token = tokenIn(text) ?? this.token;
          this.got.push(`${end} < ${peer.remote.address}:${peer.remote.port}\n${tidyNat(text)}`);
          const code = this.group.answers?.[end] ?? 0;
          if (code === 0 || text.startsWith("SIP/2.0") || !text.includes(" SIP/2.0\r\n")) return;
          const bytes = bytesOf(answerTo(text, code));
          this.udp.get(end)?.send(peer, bytes, 0, bytes.length);
        },
      });
      this.udp.set(end, socket);
    }
  }

  async step(step: NatStep): Promise<string[]> {
    this.got = [];
    if (step.rpc !== undefined) this.got.push(await this.command(step.rpc));
    if (step.sql !== undefined)
      this.got.push(rowsText(this.bed.host.openSqlite("/data/db.sqlite").prepare(step.sql).all()));
    if (step.log !== undefined) this.got.push(logText(this.bed.log, step.log));
    if (step.close !== undefined) this.tcp.get(step.close)?.close();
    if (step.close !== undefined) this.tcp.delete(step.close);
    if (step.from !== undefined) await this.send(step.from, textFor(step, this.challenge, this.token));
    await this.bed.world.advance(step.ms ?? 120);
    return this.got.map((text) => this.ports.reduce((t, [port, to]) => t.replace(port, to), text));
  }

  private async send(from: string, text: string): Promise<void> {
    const [address, port] = partsOf(SERVER);
    const remote = { family: 4, address, port } as const;
    const bytes = bytesOf(text);
    if (!from.startsWith("tcp:")) {
      const socket = this.udp.get(from)!;
      socket.send(socket.peer(remote)!, bytes, 0, bytes.length);
      return;
    }
    const stream = await this.stream(from);
    const own = bytesOf(text.replaceAll(from.slice(4), `${partsOf(from.slice(4))[0]}:${stream.local.port}`));
    stream.send(own, 0, own.length);
  }

  private async stream(from: string): Promise<TcpConnection> {
    const known = this.tcp.get(from);
    if (known !== undefined) return known;
    const [address, port] = partsOf(from.slice(4));
    const [remoteAddress, remotePort] = partsOf(SERVER);
    const connecting = this.host(address).network.connectTcp({
      remote: { family: 4, address: remoteAddress, port: remotePort },
      localAddress: address,
      timeout: 5000,
      maxQueue: 1 << 20,
      handlers: {
        onData: (_, buf, start, end) =>
          void this.got.push(`${from} < tcp:${SERVER}\n${tidyNat(textOf(buf, start, end))}`),
        onClose: () => undefined,
      },
    });
    await this.bed.world.advance(50);
    const connection = await connecting;
    this.tcp.set(from, connection);
    this.ports.push([new RegExp(`(?<=[:~=])${connection.local.port}(?!\\d)`, "g"), String(port)]);
    return connection;
  }

  private async command([name, ...args]: readonly (string | number)[]): Promise<string> {
    try {
      const value = await this.bed.rpc(String(name), ...args);
      return value === null ? "" : `${JSON.stringify(value, null, 1)}\n`;
    } catch (error) {
      if (error instanceof RpcError) return `error: ${error.code} - ${error.message}\n`;
      throw error;
    }
  }
}

/** Our answers to a group. Throws with the diagnostics when the configuration is refused. */
export async function runNat(group: NatGroup): Promise<NatAnswer[]> {
  const prepare = (host: SimHost): void => {
    if (group.sql !== undefined) host.openSqlite("/data/db.sqlite").exec(group.sql);
  };
  const config = natConfig(group).replaceAll("{DIR}", "/data");
  const bed = await openProxy(config, -1, [SERVER.replace(/:.*/, "")], undefined, {}, prepare);
  try {
    const agents = new Agents(bed, group);
    await agents.open();
    const answers: string[][][] = [];
    for (const c of group.cases) {
      const steps: string[][] = [];
      for (const step of c.steps) steps.push(await agents.step(step));
      answers.push(steps);
    }
    return answers;
  } finally {
    await bed.close();
  }
}
