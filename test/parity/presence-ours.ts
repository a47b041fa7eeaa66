// Holds the conversations of a group with our proxy, whole, in virtual time.

import type { UdpSocket } from "../../src/host/host.ts";
import { RpcError } from "../../src/registry/define.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import {
  AGENTS,
  type AgentName,
  answerTo,
  Memory,
  type PresenceAnswer,
  type PresenceGroup,
  type PresenceStep,
  presenceConfig,
  SERVER,
  tidyPresence,
} from "./presence-case.ts";

const DB = "/data/presence.sqlite";
const partsOf = (end: string): [string, number] => [end.slice(0, end.lastIndexOf(":")), Number(end.split(":").at(-1))];

class Conversation {
  private readonly bed: ProxyBed;
  private readonly sockets = new Map<AgentName, UdpSocket>();
  private readonly memory = new Memory();
  private readonly answers: Partial<Record<AgentName, number>> = {};
  private got: string[] = [];

  constructor(bed: ProxyBed) {
    this.bed = bed;
  }

  async open(): Promise<void> {
    for (const name of Object.keys(AGENTS) as AgentName[]) {
      const [address, port] = partsOf(AGENTS[name]);
      const host = this.bed.world.host({ addresses: [address] });
      const socket = await host.network.bindUdp({
        local: { family: 4, address, port },
        onMessage: (buf, from, to, peer) => {
          const text = textOf(buf, from, to);
          this.memory.heard(text);
          this.got.push(`${name} < ${tidyPresence(text)}`);
          const code = this.answers[name] ?? 200;
          if (code === 0 || text.startsWith("SIP/2.0")) return;
          const bytes = bytesOf(answerTo(text, code));
          this.sockets.get(name)?.send(peer, bytes, 0, bytes.length);
        },
      });
      this.sockets.set(name, socket);
    }
  }

  async step(step: PresenceStep): Promise<string[]> {
    this.got = [];
    Object.assign(this.answers, step.answers ?? {});
    if (step.sql !== undefined) this.sql(step.sql);
    if (step.rpc !== undefined) this.got.push(await this.command(step.rpc));
    if (step.from !== undefined) {
      const [address, port] = partsOf(SERVER);
      const socket = this.sockets.get(step.from)!;
      const bytes = bytesOf(this.memory.filled(step.text ?? ""));
      socket.send(socket.peer({ family: 4, address, port })!, bytes, 0, bytes.length);
    }
    await this.bed.world.advance(step.ms ?? 150);
    return this.got;
  }

  sql(statement: string): void {
    const db = this.bed.host.openSqlite(DB);
    if (/^select/i.test(statement)) this.got.push(JSON.stringify(db.prepare(statement).all()));
    else db.exec(statement);
  }

  private async command([name, ...args]: readonly (string | number)[]): Promise<string> {
    try {
      const value = await this.bed.rpc(String(name), ...args);
      return value === null ? "" : `${typeof value === "string" ? value : JSON.stringify(value, null, 1)}\n`;
    } catch (error) {
      if (error instanceof RpcError) return `error: ${error.code} - ${error.message}\n`;
      throw error;
    }
  }
}

/** Our answers to a group. Throws with the diagnostics when the configuration is refused. */
export async function runPresence(group: PresenceGroup): Promise<PresenceAnswer[]> {
  const bed = await openProxy(presenceConfig(group, SERVER, DB), -1, [SERVER.replace(/:.*/, "")]);
  try {
    const talk = new Conversation(bed);
    await talk.open();
    for (const statement of group.sql ?? []) talk.sql(statement);
    const answers: string[][][] = [];
    for (const c of group.cases) {
      const steps: string[][] = [];
      for (const step of c.steps) steps.push(await talk.step(step));
      answers.push(steps);
    }
    if (process.env["PRESENCE_WORDS"] === "1") process.stderr.write(`${bed.log.join("\n")}\n`);
    return answers;
  } finally {
    await bed.close();
  }
}
