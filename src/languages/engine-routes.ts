// The routes of a generation whose routing is a script in another language (cfgengine): its functions in the place of the routing
// blocks; what it does not replace (timers, event routes without callback) stays with the native script.

import {
  type RouteContext,
  type RouteResult,
  type Routes,
  Stop,
  type TimerRoute,
  type VarNames,
} from "../proxy/context.ts";
import type { RouteArg } from "../registry/args.ts";
import type { ScriptEngine } from "../registry/kemi.ts";
import { remembered } from "./convert.ts";

/** Names of the functions that stand for the routing blocks. */
export interface Callbacks {
  readonly request: string;
  readonly reply: string;
  readonly onsend: string;
  /** In the place of event_route[core:msg-received]; "" for none, as with all of them. */
  readonly received: string;
  /** In the place of event_route[core:pre-routing]. */
  readonly preRouting: string;
  /** By name of the module whose event routes it replaces (its parameter event_callback), or of the one event; "" there: none. */
  readonly events: ReadonlyMap<string, string>;
}

type Run = (ctx: RouteContext) => RouteResult;

/** Events of which a script hears another name than that of the route. */
const TOLD: Readonly<Record<string, string>> = { "tm:local-response": "tm:local-response-sent" };

/** How many names of functions are known at most: a script may compute them. */
const MAX_NAMES = 4096;

/** Routes by a script's functions. The number of a named route is that of its name, whatever its kind. */
export class EngineRoutes implements Routes {
  private readonly base: Routes;
  private readonly engine: ScriptEngine;
  private readonly callbacks: Callbacks;
  private readonly numbers = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly runReply: Run;
  private readonly runOnsend: Run;
  private readonly runLocal: Run | null;
  /** The route of an event. Some are asked for with each message. */
  readonly event: (name: string) => Run | null;

  constructor(base: Routes, engine: ScriptEngine, callbacks: Callbacks) {
    this.base = base;
    this.engine = engine;
    this.callbacks = callbacks;
    this.runReply = (ctx) => this.run(callbacks.reply, ctx, []);
    this.runOnsend = (ctx) => this.run(callbacks.onsend, ctx, []);
    const local = callbacks.events.get("tm");
    this.event = remembered((name) => this.eventRoute(name));
    this.runLocal = local === undefined ? null : (ctx) => this.run(local, ctx, ["tm:local-request"]);
  }

  request(ctx: RouteContext): RouteResult {
    return this.run(this.callbacks.request, ctx, []);
  }
  get reply(): Run | null {
    return this.engine.has(this.callbacks.reply) ? this.runReply : null;
  }
  get onsend(): Run | null {
    return this.engine.has(this.callbacks.onsend) ? this.runOnsend : null;
  }
  onreply(id: number, ctx: RouteContext): RouteResult {
    return this.named(id, ctx);
  }
  branch(id: number, ctx: RouteContext): RouteResult {
    return this.named(id, ctx);
  }
  failure(id: number, ctx: RouteContext): RouteResult {
    return this.named(id, ctx);
  }
  branchFailure(id: number, ctx: RouteContext): RouteResult {
    return this.named(id, ctx);
  }
  /** Numbers below 0 are those of native routes. */
  route(id: number, ctx: RouteContext): RouteResult {
    return id < 0 ? this.base.route(-id, ctx) : this.named(id, ctx);
  }
  onreplyNumber(name: string): number {
    return this.number("onreply", name);
  }
  routeNumber(name: string): number {
    return this.number("route", name);
  }

  /** The number of a function of the script; 0 when no more names are kept. */
  number(kind: RouteArg, name: string): number {
    const native = kind === "route" ? (this.base.routeNumber?.(name) ?? 0) : 0;
    if (native > 0) return -native;
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= MAX_NAMES) return 0;
    this.names.push(name);
    this.numbers.set(name, this.names.length);
    return this.names.length;
  }

  get local(): Run | null {
    return this.runLocal ?? this.base.local;
  }
  get error(): Run | null {
    return this.base.error;
  }
  get startup(): Run | null {
    return this.base.startup;
  }
  get timers(): readonly TimerRoute[] {
    return this.base.timers;
  }
  get varNames(): VarNames | undefined {
    return this.base.varNames;
  }
  get varCount(): number {
    return this.base.varCount;
  }

  private eventRoute(name: string): Run | null {
    const { received, preRouting } = this.callbacks;
    if (name === "core:msg-received" && received !== "") return (ctx) => this.run(received, ctx, []);
    if (name === "core:pre-routing" && preRouting !== "") return (ctx) => this.run(preRouting, ctx, [name]);
    const { events } = this.callbacks;
    const callback = events.get(name) ?? events.get(name.slice(0, name.indexOf(":")));
    if (callback === undefined || callback === "") return this.base.event(name);
    const told = TOLD[name] ?? name;
    return (ctx) => this.run(callback, ctx, [told]);
  }

  private run(name: string, ctx: RouteContext, args: readonly string[]): RouteResult {
    const result = this.engine.run(name, ctx, args);
    return typeof result === "number" ? ended(ctx, result) : result.then((rc) => ended(ctx, rc));
  }

  private named(id: number, ctx: RouteContext): RouteResult {
    const name = this.names[id - 1];
    return name === undefined ? 1 : this.run(name, ctx, []);
  }
}

// KSR.set_drop() counts when the script has ended.
function ended(ctx: RouteContext, rc: number): number {
  if (ctx.dropAtEnd && ctx.stop === Stop.NONE) ctx.stop = Stop.DROP;
  return rc;
}
