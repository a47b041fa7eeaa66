// Simulated user agents: a caller that keeps the client's side of RFC 3261, a callee that keeps the server's. They share no code with what
// they test, and work on text.

import { textOf } from "../../src/util/bytes.ts";
import type { Node } from "./world.ts";

/** What agents need of the world they live in. */
export interface Wire {
  /** Milliseconds. */
  readonly now: number;
  add(name: string, node: Node): void;
  after(ms: number, run: () => void): void;
  /** Puts a datagram on the way between two of those added. */
  sendText(from: string, to: string, text: string): void;
}

const T1 = 500;
const T2 = 4000;

function header(text: string, name: string): string {
  const at = text.indexOf(`\r\n${name}:`);
  const start = at + name.length + 4;
  return at < 0 ? "" : text.slice(start, text.indexOf("\r\n", start));
}

function branchOf(text: string): string {
  return /;branch=([^;,\s]+)/.exec(header(text, "Via"))?.[1] ?? "";
}

function copied(text: string): string {
  return text
    .split("\r\n")
    .filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line))
    .join("\r\n");
}

/** Sends something again and again, as over UDP, until `done`. */
function repeat(world: Wire, send: () => void, done: () => boolean, left = 30_000, interval = T1): void {
  if (done() || left < 0) return;
  send();
  world.after(interval, () => repeat(world, send, done, left - interval, Math.min(interval * 2, T2)));
}

/** One request of a caller. */
export class Call {
  readonly method: string;
  readonly uri: string;
  readonly id: string;
  /** Final replies to it, each different one once: "status tag". */
  readonly finals: string[] = [];
  provisional = false;
  canceled = false;
  canceledAt = 0;
  /** When the first final reply came; 0 not yet. */
  finalAt = 0;

  constructor(method: string, uri: string, id: string) {
    this.method = method;
    this.uri = uri;
    this.id = id;
  }
  get final(): boolean {
    return this.finals.length > 0;
  }
}

export class Caller implements Node {
  private readonly world: Wire;
  private readonly name: string;
  private readonly proxy: string;
  private readonly calls = new Map<string, Call>();
  private readonly cancelAnswered = new Set<string>();

  constructor(world: Wire, name: string, proxy: string) {
    this.world = world;
    this.name = name;
    this.proxy = proxy;
    world.add(name, this);
  }

  start(method: string, uri: string, id: string): Call {
    const call = new Call(method, uri, id);
    this.calls.set(id, call);
    const stop = (): boolean => call.final || (method === "INVITE" && call.provisional);
    // longer than the proxy waits for a mute callee, so that its 408 can be asked for again
    repeat(this.world, () => this.send(call, method, call.uri, `z9hG4bK${id}`, ""), stop, 60_000);
    return call;
  }

  /** Cancels once there is a provisional reply; not at all when the final one is there first. */
  cancel(call: Call): void {
    if (call.final) return;
    if (!call.provisional) {
      this.world.after(50, () => this.cancel(call));
      return;
    }
    call.canceled = true;
    call.canceledAt = this.world.now;
    const stop = (): boolean => this.cancelAnswered.has(call.id);
    repeat(this.world, () => this.send(call, "CANCEL", call.uri, `z9hG4bK${call.id}`, ""), stop);
  }

  private send(call: Call, method: string, uri: string, branch: string, tag: string): void {
    this.world.sendText(
      this.name,
      this.proxy,
      `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${this.name};branch=${branch}\r\nMax-Forwards: 70\r\n` +
        `From: <sip:a@${this.name}>;tag=${call.id}\r\nTo: <sip:b@x>${tag}\r\nCall-ID: ${call.id}\r\nCSeq: 1 ${method}\r\nContent-Length: 0\r\n\r\n`,
    );
  }

  receive(bytes: Uint8Array): void {
    const text = textOf(bytes, 0, bytes.length);
    const status = Number(text.slice(8, 11));
    const call = this.calls.get(header(text, "Call-ID"));
    if (call === undefined || branchOf(text) !== `z9hG4bK${call.id}`)
      throw new Error(`a reply nobody waits for: ${text}`);
    if (text.split("\r\nVia:").length !== 2) throw new Error(`a reply with other Vias: ${text}`);
    if (header(text, "CSeq") === "1 CANCEL") {
      if (status >= 200) this.cancelAnswered.add(call.id);
      return;
    }
    if (status < 200) {
      call.provisional = true;
      return;
    }
    const to = header(text, "To");
    const tag = to.slice(to.indexOf(";tag="));
    const seen = `${status} ${tag}`;
    if (call.finals.length === 0) call.finalAt = this.world.now;
    if (!call.finals.includes(seen)) call.finals.push(seen);
    if (call.method !== "INVITE") return;
    if (status >= 300) this.send(call, "ACK", call.uri, `z9hG4bK${call.id}`, tag);
    else this.send(call, "ACK", `sip:x@${/-([a-z0-9.]+)$/.exec(tag)![1]}`, `z9hG4bKack${call.id}`, tag);
  }
}

/** What a callee does with requests. */
export interface Behaviour {
  /** ms until it rings; -1 it does not. */
  readonly ring: number;
  /** ms until the final reply; -1 never. */
  readonly answer: number;
  readonly code: number;
  /** Says nothing at all. */
  readonly mute: boolean;
  /** ms after its first request from which on it neither hears nor says anything; without it never. */
  readonly crash?: number;
}

interface Served {
  readonly request: string;
  final: number;
  endedAt: number;
  acked: boolean;
  last: string;
}

export class Callee implements Node {
  private readonly world: Wire;
  readonly name: string;
  readonly behaviour: Behaviour;
  /** By Via branch and Call-ID. */
  readonly served = new Map<string, Served>();
  private firstAt = -1;

  constructor(world: Wire, name: string, behaviour: Behaviour) {
    this.world = world;
    this.name = name;
    this.behaviour = behaviour;
    world.add(name, this);
  }

  receive(bytes: Uint8Array): void {
    if (this.dead) return;
    const text = textOf(bytes, 0, bytes.length);
    const method = text.slice(0, text.indexOf(" "));
    if (method === "SIP/2.0") throw new Error(`a reply to a callee: ${text}`);
    const key = `${header(text, "Call-ID")} ${branchOf(text)}`;
    if (method === "ACK") this.acknowledged(text, key);
    else if (method === "CANCEL") this.cancelled(text, key);
    else this.requested(text, key, method);
  }

  private get dead(): boolean {
    const { crash } = this.behaviour;
    return crash !== undefined && this.firstAt >= 0 && this.world.now >= this.firstAt + crash;
  }

  private acknowledged(text: string, key: string): void {
    for (const [k, s] of this.served) {
      // the ACK of a 2xx has a branch of its own
      if (k === key || (s.final < 300 && k.startsWith(`${header(text, "Call-ID")} `))) s.acked = true;
    }
  }

  private cancelled(text: string, key: string): void {
    const served = this.served.get(key);
    this.reply(text, served === undefined ? 481 : 200);
    if (served !== undefined && served.final === 0) this.finish(served, 487);
  }

  private requested(text: string, key: string, method: string): void {
    const { behaviour, world } = this;
    if (this.firstAt < 0) this.firstAt = world.now;
    const known = this.served.get(key);
    if (known !== undefined) {
      if (known.last !== "") this.put(known.last);
      return;
    }
    const served: Served = { request: text, final: 0, endedAt: 0, acked: false, last: "" };
    this.served.set(key, served);
    if (behaviour.mute) return;
    if (method !== "INVITE") {
      world.after(Math.max(0, behaviour.answer), () => {
        served.final = behaviour.code;
        served.acked = true;
        served.last = this.reply(text, behaviour.code);
      });
      return;
    }
    served.last = this.reply(text, 100);
    if (behaviour.ring >= 0)
      world.after(behaviour.ring, () => served.final === 0 && (served.last = this.reply(text, 180)));
    if (behaviour.answer >= 0)
      world.after(behaviour.answer, () => served.final === 0 && this.finish(served, behaviour.code));
  }

  private finish(served: Served, code: number): void {
    served.final = code;
    served.endedAt = this.world.now;
    repeat(
      this.world,
      () => (served.last = this.reply(served.request, code)),
      () => served.acked,
    );
  }

  private reply(request: string, code: number): string {
    const to = code === 100 ? "" : `;tag=t-${this.name}`;
    const text = `SIP/2.0 ${code} R\r\n${copied(request)}\r\nTo: <sip:b@x>${to}\r\nContent-Length: 0\r\n\r\n`;
    this.put(text);
    return text;
  }

  private put(text: string): void {
    if (this.dead) return;
    const via = /SIP\/2.0\/UDP ([a-z0-9.]+)/.exec(header(text, "Via"))![1]!;
    this.world.sendText(this.name, via, text);
  }
}
