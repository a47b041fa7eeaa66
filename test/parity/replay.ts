// Runs the cases that were asked of Kamailio through our modules, without the script compiler: calls, assignments and reads one by one.

import { createSimulation } from "../../src/host/simulated.ts";
import { modules } from "../../src/modules/index.ts";
import { type Flow, FlowStage, ListenerBase, nextFlowId } from "../../src/net/flow.ts";
import { Wire } from "../../src/net/wire.ts";
import { RouteContext, RouteKind } from "../../src/proxy/context.ts";
import { forwardStateless } from "../../src/proxy/forward.ts";
import { Proxy } from "../../src/proxy/proxy.ts";
import { type Accessor, ArgError } from "../../src/registry/args.ts";
import { Commands } from "../../src/registry/commands.ts";
import type { AnyModule, FunctionDef } from "../../src/registry/define.ts";
import { type Configured, ModuleLoader } from "../../src/registry/loader.ts";
import { Catalogue } from "../../src/registry/registry.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { Transport } from "../../src/sip/transports.ts";
import type { Value } from "../../src/sip/value.ts";
import { NetworkSettings } from "../../src/store/network-settings.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { Log } from "../../src/util/log.ts";
import { TimerWheel } from "../../src/util/timer-wheel.ts";
import { NO_ROUTES } from "../support/module-bed.ts";
import { type Answer, answerOf, type Case, DONE, requestOf, type Step } from "./oracle.ts";

const LISTEN = 15062;
const PORT = 40123;

const NAMES = ["core", "kex", "pv", "sl", "maxfwd", "rr", "textops", "textopsx", "siputils", "xlog"];

/** Our side: a proxy with the modules loaded, and one far end that keeps what it is sent. */
export class Replay {
  private readonly proxy: Proxy;
  private readonly catalogue: Catalogue;
  private readonly instances: Map<AnyModule, Configured>;
  private readonly sent: string[] = [];
  private readonly flow: Flow;

  constructor() {
    const world = createSimulation({ seed: 1 });
    const host = world.host({ addresses: ["127.0.0.1"] });
    const log = new Log({ level: -5, sink: () => undefined }, "");
    const local = { family: 4, address: "127.0.0.1", port: LISTEN } as const;
    const listener = { ...new ListenerBase(Transport.UDP, local, { local }), close: () => undefined };
    this.flow = {
      protocol: Transport.UDP,
      local,
      remote: { family: 4, address: "127.0.0.1", port: PORT },
      id: nextFlowId(),
      reliable: false,
      settling: null,
      dialled: false,
      stage: FlowStage.CONNECTED,
      listener,
      open: true,
      send: (buf, start, end) => this.sent.push(textOf(buf, start, end)) > 0,
      close: () => undefined,
      finish: () => undefined,
    };
    const wheel = new TimerWheel(host.clock.mono());
    this.proxy = new Proxy(host, log, wheel, {
      listeners: [listener],
      flowTo: () => this.flow,
      flowById: () => null,
      openFlow: () => null,
      alias: () => false,
      routed: () => null,
      useTls: () => undefined,
      wire: new Wire(),
      maxTls: 0,
      streams: () => [],
      idleLeft: () => 0,
      keepOpen: () => undefined,
    });
    this.proxy.serverLine = "Server: oracle\r\n";
    const loaded = NAMES.map((name) => modules.get(name)!);
    this.catalogue = new Catalogue(loaded);
    const loader = new ModuleLoader({
      host,
      log,
      wheel,
      proxy: this.proxy,
      commands: new Commands(),
      database: () => {
        throw new Error("no database here");
      },
      networkDatabases: new NetworkSettings(),
    });
    const configured = loader.configure(loaded.map((module) => ({ module, params: defaults(module) })));
    this.instances = new Map(configured.map((c) => [c.module, c]));
  }

  /** The answer to one case. */
  async answer(c: Case, number: number): Promise<Answer> {
    this.sent.length = 0;
    const bytes = bytesOf(requestOf(c, number, LISTEN, PORT));
    const msg = new SipMessage();
    const bad = msg.parse(bytes, 0, bytes.length);
    if (bad !== 0) throw new Error(`${c.name}: the message cannot be scanned: ${bad}`);
    const ctx = new RouteContext(this.proxy, NO_ROUTES, msg, this.flow, RouteKind.REQUEST);
    const results: string[] = [];
    for (const step of c.steps) await this.run(ctx, step, results);
    await this.call(ctx, ["sl_send_reply", ...(c.final ?? DONE)]);
    const reply = this.sent.at(-1) ?? "";
    this.sent.length = 0;
    msg.dstUri = `sip:127.0.0.1:${PORT}`;
    await forwardStateless(this.proxy, msg, this.flow, null);
    return { ...answerOf(reply, this.sent.at(-1) ?? "", LISTEN, PORT), results: results.map((r) => tidy(r)) };
  }

  private async run(ctx: RouteContext, step: Step, results: string[]): Promise<void> {
    if ("call" in step) results.push(String(await this.call(ctx, step.call)));
    else if ("do" in step) await this.call(ctx, step.do);
    else if ("set" in step) this.accessor(step.set[0]).set?.(ctx, step.set[1]);
    else results.push(printed(this.accessor(step.get).get(ctx)));
  }

  private async call(ctx: RouteContext, call: readonly [string, ...(string | number)[]]): Promise<number> {
    const [name, ...given] = call;
    const found = this.catalogue.function(name);
    if (found === null) throw new Error(`no function ${name}`);
    const def = found.def as FunctionDef<unknown>;
    const args = def.args.map((arg, i) => {
      const text = given[i];
      if (text === undefined) return undefined;
      if (arg.kind === "var") return this.accessor(String(text));
      const value = arg.kind === "int" ? Number(text) : String(text);
      if (arg.kind === "text") return () => String(value);
      const made = arg.make?.(String(value), (text) => () => text);
      const parsed = made ?? (arg.parse === undefined ? value : arg.parse(value));
      if (parsed instanceof ArgError) throw new Error(`${name}: ${parsed.message}`);
      return parsed;
    });
    const run = def.run as (instance: unknown, ctx: RouteContext, ...rest: unknown[]) => number | Promise<number>;
    return run(this.instances.get(found.module)!.instance, ctx, ...args);
  }

  /** The variable written "$name", "$name(inner)" or "$(name(inner)[index])". */
  private accessor(text: string): Accessor {
    if (text === "$null") return { get: () => null };
    const m = /^\$\((.+?)(?:\((.*)\))?(?:\[(.+)\])?\)$/.exec(text) ?? /^\$([^()]+)(?:\((.*)\))?$/.exec(text);
    if (m === null) throw new Error(`not a variable: ${text}`);
    const found = this.catalogue.pv(m[1]!);
    if (found === null) throw new Error(`no variable ${text}`);
    const index = m[3] === undefined ? null : m[3] === "*" ? "*" : Number(m[3]);
    const accessor = found.def.resolve(this.instances.get(found.module)!.instance, m[2] ?? null, index);
    if (accessor instanceof ArgError) throw new Error(`${text}: ${accessor.message}`);
    return accessor;
  }
}

function defaults(module: AnyModule): Record<string, unknown> {
  return Object.fromEntries(Object.entries(module.params).map(([name, def]) => [name, def.default]));
}

function printed(v: Value): string {
  return v === null ? "<null>" : String(v);
}

function tidy(text: string): string {
  return text.replaceAll(String(LISTEN), "{ME}").replaceAll(String(PORT), "{UA}");
}
