// CompiledRoutes: the routes of the native script as the proxy and the modules see them.

import type { RouteContext, RouteResult, Routes, TimerRoute, VarNames } from "../proxy/context.ts";
import type { PvEnv } from "../pv/resolve.ts";
import type { RouteTable } from "./route-table.ts";
import type { RouteFunction } from "./runtime.ts";

type Run = (ctx: RouteContext) => RouteResult;

/** Kinds of route of which there is one. */
type Single = "request" | "reply" | "onsend" | "error" | "local" | "startup";

/** Seconds between runs of a timer_route that says none. */
const DEFAULT_INTERVAL = 60;

/** The compiled routes of one generation. A route number of 0, or one that does not exist, does nothing and gives 1. */
export class CompiledRoutes implements Routes {
  readonly reply: Run | null;
  readonly onsend: Run | null;
  readonly error: Run | null;
  readonly local: Run | null;
  readonly startup: Run | null;
  readonly timers: readonly TimerRoute[];
  /** Where further variables of this generation are looked up (log prefixes, other languages). */
  readonly env: PvEnv;
  private readonly table: RouteTable;
  private readonly functions: readonly RouteFunction[];
  private readonly sources: readonly string[];
  private readonly main: RouteFunction;
  private readonly groups: Readonly<
    Record<"onreply" | "branch" | "failure" | "branchFailure" | "route", readonly RouteFunction[]>
  >;

  constructor(table: RouteTable, functions: readonly RouteFunction[], sources: readonly string[], env: PvEnv) {
    this.table = table;
    this.functions = functions;
    this.sources = sources;
    this.env = env;
    this.main = this.single("request") ?? (() => 1);
    this.reply = this.runner("reply");
    this.onsend = this.runner("onsend");
    this.error = this.runner("error");
    this.local = this.runner("local");
    this.startup = this.runner("startup");
    this.timers = table.all("timer").map((entry) => {
      const compiled = functions[entry.index]!;
      const { name, interval } = entry.block;
      return { name: name ?? "", seconds: interval ?? DEFAULT_INTERVAL, run: (ctx) => compiled(ctx, 0, 0) };
    });
    const group = (name: "onreply" | "branch" | "failure" | "branchFailure" | "route"): RouteFunction[] =>
      table.all(name).map((e) => functions[e.index]!);
    this.groups = {
      onreply: group("onreply"),
      branch: group("branch"),
      failure: group("failure"),
      branchFailure: group("branchFailure"),
      route: group("route"),
    };
  }

  get varNames(): VarNames {
    return this.env.slots;
  }

  /** How many `$var` slots a context needs; names computed at run time may add more later. */
  get varCount(): number {
    return this.env.slots.count;
  }

  request(ctx: RouteContext): RouteResult {
    return this.main(ctx, 0, 0);
  }
  onreply(id: number, ctx: RouteContext): RouteResult {
    return run(this.groups.onreply[id - 1], ctx);
  }
  onreplyNumber(name: string): number {
    return this.numberOf("onreply", name);
  }
  routeNumber(name: string): number {
    return this.numberOf("route", name);
  }
  branch(id: number, ctx: RouteContext): RouteResult {
    return run(this.groups.branch[id - 1], ctx);
  }
  failure(id: number, ctx: RouteContext): RouteResult {
    return run(this.groups.failure[id - 1], ctx);
  }
  branchFailure(id: number, ctx: RouteContext): RouteResult {
    return run(this.groups.branchFailure[id - 1], ctx);
  }
  /** A named route by its number, for module functions that take one (argument kind "route"). */
  route(id: number, ctx: RouteContext): RouteResult {
    return run(this.groups.route[id - 1], ctx);
  }
  event(name: string): Run | null {
    const entry = this.table.find("event", name);
    if (entry === null) return null;
    const compiled = this.functions[entry.index]!;
    return (ctx) => compiled(ctx, 0, 0);
  }

  /** The generated source of a route by its title, such as "request_route" or "route[AUTH]"; null when there is none. */
  showCompiled(title: string): string | null {
    const entry = this.table.entries.find((e) => e.title === title);
    return entry === undefined ? null : this.sources[entry.index]!;
  }

  private numberOf(group: "onreply" | "route", name: string): number {
    const entry = this.table.find(group, name);
    return entry === null ? 0 : this.groups[group].indexOf(this.functions[entry.index]!) + 1;
  }

  private single(group: Single): RouteFunction | null {
    const entry = this.table.find(group);
    return entry === null ? null : this.functions[entry.index]!;
  }
  private runner(group: Single): Run | null {
    const compiled = this.single(group);
    return compiled === null ? null : (ctx) => compiled(ctx, 0, 0);
  }
}

function run(compiled: RouteFunction | undefined, ctx: RouteContext): RouteResult {
  return compiled === undefined ? 1 : compiled(ctx, 0, 0);
}
