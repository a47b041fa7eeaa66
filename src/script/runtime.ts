// What generated code calls: conversions that need more than an operator, errors, and suspending a route on a promise.

import type { RouteContext, RouteResult } from "../proxy/context.ts";
import { Stop } from "../proxy/context.ts";
import { Tracing } from "../proxy/tracing.ts";
import { ArgError } from "../registry/args.ts";
import { toInt, toText, type Value } from "../sip/value.ts";
import { matches, type Pattern, posixRegex } from "./posix-regex.ts";
import type { Place } from "./source.ts";
import { fileLine } from "./source.ts";

/** A generated route: `r` is the suspension point to go on from (0: the start), `v` what was waited for. */
export type RouteFunction = (ctx: RouteContext, r: number, v: unknown, ...temps: unknown[]) => RouteResult;

/** A module function threw while a route ran. The message names the place in the configuration. */
export class RouteError extends Error {
  readonly place: Place | null;
  constructor(message: string, place: Place | null, cause: unknown) {
    super(message, { cause });
    this.name = "RouteError";
    this.place = place;
  }
}

/** What the place of a call is called in logs: the function and where it is called. */
export interface CallSite {
  readonly place: Place;
  readonly what: string;
  /** Whether it calls a route, so that ctx.depth is one more there. */
  readonly isRoute: boolean;
}

/** What cfgtrace and latency_limit_action need of the world. */
export interface ActionLog {
  /** Milliseconds of a clock that never goes back. */
  mono(): number;
  write(level: number, text: string, facility?: number | null, word?: string): void;
  /** How cfgtrace traces; as Kamailio by default when left out. */
  readonly tracing?: Tracing;
}

/** The level of lines of latency_limit_action by default, Kamailio's L_ERR. */
const SLOW_LEVEL = -1;
const DEBUG = 3;
const PATTERN_CACHE = 256;

/** The helpers of one generation, handed to the generated code under short names. */
export class Runtime {
  readonly sites: CallSite[] = [];
  /** Set when an expression could not be computed (division by zero); the assignment at hand is then left out. */
  failed = false;
  private readonly report: (message: string) => void;
  private readonly patterns = new Map<string, Pattern | null>();
  private routeByName: (name: string) => RouteFunction | null = () => null;
  private readonly maxDepth: number;

  /** latency_limit_action, in microseconds, and latency_log. */
  slow = 0;
  slowLevel = SLOW_LEVEL;
  /** max_while_loops. */
  maxLoops = 100;
  private readonly tell: ActionLog;
  private readonly tracing: Tracing;

  constructor(report: (message: string) => void, maxDepth: number, tell?: ActionLog) {
    this.tell = tell ?? { mono: () => 0, write: () => undefined };
    this.tracing = this.tell.tracing ?? new Tracing();
    this.report = report;
    this.maxDepth = maxDepth;
  }

  setRoutes(find: (name: string) => RouteFunction | null): void {
    this.routeByName = find;
  }

  /** `==` where the left type is not known: the right side takes the type of the left one; undefined takes that of the right. */
  readonly equal = (a: Value, b: Value): boolean => {
    if (typeof a === "number") return a === toInt(b);
    if (typeof a === "string") return a === toText(b);
    return b === null || b === "" || b === 0;
  };

  /** `+` where the left type is not known: numbers add, anything else joins. */
  readonly add = (a: Value, b: Value): Value => (typeof a === "number" ? (a + toInt(b)) | 0 : toText(a) + toText(b));

  readonly divide = (a: number, b: number, site: number): number => {
    if (b !== 0) return (a / b) | 0;
    this.fail("division by zero", site);
    return 0;
  };
  readonly modulo = (a: number, b: number, site: number): number => {
    if (b !== 0) return (a % b) | 0;
    this.fail("mod by zero", site);
    return 0;
  };

  /** `=~` with a pattern that is computed; compiled patterns are kept, up to a bound. */
  readonly match = (text: string, pattern: string): boolean => {
    let regex = this.patterns.get(pattern);
    if (regex === undefined) {
      const compiled = posixRegex(pattern, true);
      regex = typeof compiled === "string" ? null : compiled;
      if (this.patterns.size >= PATTERN_CACHE) this.patterns.clear();
      this.patterns.set(pattern, regex);
    }
    if (regex === null) this.failed = true; // what it stands in is not computed, as there
    return regex !== null && matches(regex, text);
  };

  /** Ends the script as exit does, unless it was ended already. */
  readonly stop = (ctx: RouteContext): number => {
    if (ctx.stop === Stop.NONE) ctx.stop = Stop.EXIT;
    return 0;
  };

  readonly tooDeep = (site: number): number => {
    this.report(`${this.where(site)}: routes call each other more than ${this.maxDepth} deep`);
    return -1;
  };
  readonly tooLong = (site: number): void => {
    this.report(`${this.where(site)}: while ended after ${this.maxLoops} rounds (max_while_loops)`);
  };

  /** The time before an action, for `took`. */
  readonly now = (): number => this.tell.mono();
  /** latency_limit_action: tells of an action that took long. */
  readonly took = (since: number, site: number): void => {
    const taken = Math.round((this.tell.mono() - since) * 1000);
    if (taken < this.slow) return;
    const { place, what } = this.sites[site]!;
    this.tell.write(this.slowLevel, `alert - action [${what}] cfg [${fileLine(place)}] took too long [${taken} us]`);
  };
  /** cfgtrace: tells of an action that is about to run. */
  readonly trace = (route: string, site: number): void => {
    const { on, level, facility, word, prefix, showsFile } = this.tracing;
    if (!on) return;
    const { place, what } = this.sites[site]!;
    const { line } = place.file.position(place.start);
    const file = showsFile ? ` c=[${place.file.name}]` : "";
    this.tell.write(level, `${prefix} ${route}${file} l=${line} n=${what}`, facility, word);
  };

  /** log_assign of module debugger: tells what a variable holds after an assignment. */
  readonly assigned = (ctx: RouteContext, name: string, get: (ctx: RouteContext) => Value): void => {
    if (!this.tracing.assigns) return;
    const value = get(ctx);
    const text = value === null ? " $null" : typeof value === "string" ? `"${value}"` : String(value);
    this.tell.write(DEBUG, `debugger: ${name}:${text}`);
  };

  /** route(name) with a computed name. */
  readonly callRoute = (ctx: RouteContext, name: string, site: number): RouteResult => {
    const found = this.routeByName(name);
    if (found !== null) return found(ctx, 0, 0);
    this.report(`${this.where(site)}: there is no route[${name.slice(0, 64)}]`);
    return -1;
  };

  /** Goes on with the route when the promise is settled. A rejection is logged and counts as -1. */
  readonly suspend = (
    self: RouteFunction,
    ctx: RouteContext,
    point: number,
    promise: Promise<number>,
    site: number,
    ...temps: unknown[]
  ): RouteResult => {
    const goOn = (value: number): RouteResult => {
      ctx.proxy.logAs(ctx.message, ctx.flow);
      try {
        return self(ctx, point, value, ...temps);
      } finally {
        ctx.proxy.logPlain();
      }
    };
    return promise.then(
      (value) => goOn(typeof value === "number" ? value : -1),
      (error: unknown) => {
        if (error instanceof RouteError) throw this.error(error, site, ctx);
        ctx.proxy.logAs(ctx.message, ctx.flow);
        this.report(`${this.where(site)}: ${messageOf(error)}`);
        return goOn(-1);
      },
    );
  };

  /** What a route throws when a function in it threw; the context's depth is that of the route again. */
  readonly error = (error: unknown, site: number, ctx: RouteContext): RouteError => {
    if (this.sites[site]?.isRoute === true) ctx.depth--;
    if (error instanceof RouteError) return error;
    return new RouteError(`${this.where(site)}: ${messageOf(error)}`, this.sites[site]?.place ?? null, error);
  };

  /** A function whose arguments are parsed on each call; one that cannot be parsed makes the call fail. */
  parsing<R>(
    run: (...args: unknown[]) => R,
    parsers: readonly (((value: string | number) => unknown) | null)[],
    site: number,
  ): (...args: unknown[]) => R | number {
    return (instance, ctx, ...args) => {
      for (const [i, parse] of parsers.entries()) {
        if (parse === null) continue;
        const value = parse(args[i] as string | number);
        if (value instanceof ArgError) {
          this.report(`${this.where(site)}: ${value.message}`);
          return -1;
        }
        args[i] = value;
      }
      return run(instance, ctx, ...args);
    };
  }

  private fail(what: string, site: number): void {
    this.failed = true;
    this.report(`${this.where(site)}: ${what}`);
  }

  private where(site: number): string {
    const found = this.sites[site];
    return found === undefined ? "script" : `${fileLine(found.place)}: ${found.what}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
