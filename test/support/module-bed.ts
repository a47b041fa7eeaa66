// A bed for tests of modules: a simulated host, a proxy whose replies are caught, and modules started by hand.

import { createSimulation, type SimHost, type Simulation } from "../../src/host/simulated.ts";
import { type Flow, FlowStage, type Listener, ListenerBase, nextFlowId } from "../../src/net/flow.ts";
import { Wire } from "../../src/net/wire.ts";
import { RouteContext, RouteKind, type Routes } from "../../src/proxy/context.ts";
import { Proxy as SipProxy } from "../../src/proxy/proxy.ts";
import { Commands } from "../../src/registry/commands.ts";
import type { AnyModule, FunctionResult, Module } from "../../src/registry/define.ts";
import type { ModuleHost } from "../../src/registry/module-host.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { Transport } from "../../src/sip/transports.ts";
import { Databases } from "../../src/store/connect.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { Log } from "../../src/util/log.ts";
import { TimerWheel } from "../../src/util/timer-wheel.ts";

/** Routes of a script in which nothing happens. */
export const NO_ROUTES: Routes = {
  request: () => 1,
  reply: null,
  onreply: () => 1,
  branch: () => 1,
  failure: () => 1,
  route: () => 1,
  branchFailure: () => 1,
  onsend: null,
  error: null,
  local: null,
  startup: null,
  timers: [],
  event: () => null,
  varCount: 0,
};

/** A flow that keeps what is sent. */
export class CaughtFlow implements Flow {
  readonly protocol: number;
  readonly local: Flow["local"];
  readonly remote: Flow["remote"];
  readonly id = nextFlowId();
  readonly reliable: boolean;
  readonly listener: Listener;
  readonly settling = null;
  readonly dialled = false;
  readonly stage = FlowStage.CONNECTED;
  open = true;
  readonly sent: string[] = [];
  constructor(protocol: number, port: number) {
    this.protocol = protocol;
    this.reliable = protocol !== Transport.UDP;
    this.local = { family: 4, address: "127.0.0.1", port: 5060 };
    this.remote = { family: 4, address: "127.0.0.1", port };
    this.listener = { ...new ListenerBase(protocol, this.local, { local: this.local }), close: () => undefined };
  }
  send(buf: Uint8Array, start: number, end: number): boolean {
    this.sent.push(textOf(buf, start, end));
    return this.open;
  }
  close(): void {
    this.open = false;
  }
  finish(): void {
    this.open = false;
  }
}

/** What a function of a module did: its code, the last reply, and the context it left. */
export interface Outcome {
  readonly code: number;
  readonly reply: string;
  readonly ctx: RouteContext;
}

export class ModuleBed {
  readonly world: Simulation;
  readonly host: SimHost;
  readonly proxy: SipProxy;
  readonly databases: Databases;
  readonly lines: string[] = [];
  readonly flow = new CaughtFlow(Transport.UDP, 40000);
  readonly flows = new Map<number, Flow>();
  private readonly states = new Map<AnyModule, unknown>();
  private readonly instances = new Map<AnyModule, unknown>();
  readonly moduleHost: ModuleHost;

  constructor(seed = 1) {
    this.world = createSimulation({ seed });
    this.world.runSync(1_700_000_000_000); // a time as it may be
    this.host = this.world.host({ addresses: ["10.0.0.1"] });
    const log = new Log({ level: 3, sink: (_, line) => this.lines.push(line) }, "");
    const wheel = new TimerWheel(this.host.clock.mono());
    const transports = {
      listeners: [this.flow.listener],
      flowTo: () => this.flow,
      flowById: (id: number) => this.flows.get(id) ?? null,
      openFlow: () => null,
      alias: () => false,
      routed: () => null,
      useTls: () => undefined,
      wire: new Wire(),
      maxTls: 2048,
      streams: () => [],
      idleLeft: () => 0,
      keepOpen: () => undefined,
    };
    this.proxy = new SipProxy(this.host, log, wheel, transports);
    this.databases = new Databases(this.host, log);
    this.moduleHost = {
      log,
      host: this.host,
      wheel,
      proxy: this.proxy,
      commands: new Commands(),
      use: <S>(module: Module<S>) => this.state(module) as S,
      useIfLoaded: <S>(module: Module<S>) => (this.states.get(module) as S | undefined) ?? null,
      database: (url) => this.databases.get(url),
      networkDatabases: this.databases.network,
      runEvent: () => null,
    } as ModuleHost;
  }

  state(module: AnyModule): unknown {
    if (!this.states.has(module)) this.states.set(module, module.state(this.moduleHost));
    return this.states.get(module);
  }

  /** Configures and starts a module with some parameters, others by default. */
  load(module: AnyModule, given: Readonly<Record<string, string | number | readonly string[]>> = {}): void {
    const values: Record<string, unknown> = {};
    for (const [name, def] of Object.entries(module.params)) {
      const value = given[name];
      values[name] =
        value === undefined
          ? def.default
          : def.parse !== null && !Array.isArray(value)
            ? def.parse(value as string)
            : value;
    }
    for (const name of Object.keys(given)) if (!(name in module.params)) throw new Error(`no parameter ${name}`);
    const instance = module.configure(this.state(module), values, this.moduleHost);
    this.instances.set(module, instance);
    void module.start?.(instance, this.moduleHost);
  }

  instance<T>(module: AnyModule): T {
    return this.instances.get(module) as T;
  }

  /** A context for a message given as text; the lines may end with LF alone. */
  context(text: string, flow: Flow = this.flow): RouteContext {
    const msg = new SipMessage();
    const bytes = bytesOf(text.replace(/\r?\n/g, "\r\n"));
    const bad = msg.parse(bytes, 0, bytes.length);
    if (bad !== 0) throw new Error(`test message is not well-formed: ${bad}`);
    return new RouteContext(this.proxy, NO_ROUTES, msg, flow, RouteKind.REQUEST);
  }

  /** Calls a function of a module as a script would; arguments are passed through their `parse`. */
  async call(module: AnyModule, name: string, ctx: RouteContext, ...args: readonly unknown[]): Promise<Outcome> {
    const flow = ctx.flow as CaughtFlow;
    const before = flow.sent.length;
    const code = await this.callSync(module, name, ctx, ...args);
    return { code, reply: flow.sent.length > before ? (flow.sent.at(-1) ?? "") : "", ctx };
  }

  callSync(module: AnyModule, name: string, ctx: RouteContext, ...args: readonly unknown[]): FunctionResult {
    const def = module.functions[name] ?? Object.values(module.functions).find((f) => f.aliases.includes(name));
    if (def === undefined) throw new Error(`no function ${name}`);
    const values = args.map((arg, i) => {
      const declared = def.args[i];
      if (declared === undefined || arg === undefined) return arg;
      if (declared.kind === "text") return () => String(arg);
      if (declared.make !== undefined) return declared.make(String(arg), (text) => () => text);
      return declared.parse === undefined ? arg : declared.parse(arg as string);
    });
    return (def.run as (instance: unknown, ctx: RouteContext, ...rest: unknown[]) => FunctionResult)(
      this.instances.get(module),
      ctx,
      ...values,
    );
  }

  /** Lets virtual time pass, timers of the wheel included. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await this.world.advance(Math.min(100, left));
      this.moduleHost.wheel.advance(this.host.clock.mono());
    }
  }
}

/** The value of a header of a message in text; "" without one. */
export function headerOf(message: string, name: string): string {
  for (const line of message.split("\r\n"))
    if (line.toLowerCase().startsWith(`${name.toLowerCase()}:`)) return line.slice(name.length + 1).trim();
  return "";
}

/** A REGISTER in text. */
export function registerText(
  o: {
    user?: string;
    contact?: string | readonly string[];
    cseq?: number;
    callId?: string;
    more?: string;
    host?: string;
  } = {},
): string {
  const user = o.user ?? "alice";
  const host = o.host ?? "127.0.0.1";
  const contacts = o.contact === undefined ? [] : typeof o.contact === "string" ? [o.contact] : o.contact;
  return `REGISTER sip:${host} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bK-${o.callId ?? "c"}-${o.cseq ?? 1};rport
Max-Forwards: 70
From: <sip:${user}@${host}>;tag=t1
To: <sip:${user}@${host}>
Call-ID: ${o.callId ?? "c1"}
CSeq: ${o.cseq ?? 1} REGISTER
${contacts.map((c) => `Contact: ${c}\n`).join("")}${o.more ?? ""}User-Agent: ua/1
Content-Length: 0

`;
}
