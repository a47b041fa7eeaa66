// compileRoutes: a checked configuration and its modules' instances to generated JavaScript, one function for each route block.
// Second of the two stages; what only instances can judge (names inside variables) is reported here.

import { AskedVariables } from "../pv/asked.ts";
import type { PvEnv } from "../pv/resolve.ts";
import { compileText } from "../pv/string.ts";
import { VarSlots } from "../pv/vars.ts";
import { ArgError, type ReaderOf } from "../registry/args.ts";
import { Catalogue } from "../registry/registry.ts";
import { printed, toInt, toText } from "../sip/value.ts";
import type { ArgScope } from "./arguments.ts";
import { callees } from "./check.ts";
import { CallCompiler } from "./compile-calls.ts";
import { ExpressionCompiler } from "./compile-expressions.ts";
import { CompileScope } from "./compile-scope.ts";
import { StatementCompiler } from "./compile-statements.ts";
import type { Config } from "./config.ts";
import { type Diagnostic, Diagnostics } from "./diagnostics.ts";
import { Emitter, render } from "./emitter.ts";
import { fold } from "./fold.ts";
import { matches } from "./posix-regex.ts";
import type { RouteEntry, RouteTable } from "./route-table.ts";
import { CompiledRoutes } from "./routes.ts";
import { type ActionLog, type RouteFunction, Runtime } from "./runtime.ts";
import { selectReader } from "./selects.ts";
import { constantRouteName, eachExpr } from "./walk.ts";

export interface CompileOptions {
  /** Where errors of running routes go: one line, naming file and line. */
  readonly report?: (message: string) => void;
  /** The clock of latency_limit_action, and where lines of it and of cfgtrace go. */
  readonly tell?: ActionLog;
  /** Told of each global parameter that can be changed while the routes are in force, and how. */
  readonly allowChange?: (name: string, put: (value: number) => void) => void;
}

/** The routes, or null when something was found wrong. */
export interface Compiled {
  readonly routes: CompiledRoutes | null;
  readonly diagnostics: readonly Diagnostic[];
}

// Without latency_limit_action there is no code in the routes that would measure.
function letChange(runtime: Runtime, allow: CompileOptions["allowChange"]): void {
  allow?.("max_while_loops", (rounds) => {
    runtime.maxLoops = rounds;
  });
  allow?.("latency_log", (level) => {
    runtime.slowLevel = level;
  });
  if (runtime.slow === 0) return;
  allow?.("latency_limit_action", (limit) => {
    runtime.slow = limit;
  });
}

/** Compiles the routes of a configuration that is ok. `instances`: what each module's configure returned, by module name. */
export function compileRoutes(
  config: Config,
  instances: ReadonlyMap<string, unknown>,
  options: CompileOptions = {},
): Compiled {
  const diagnostics = new Diagnostics();
  const loaded = new Catalogue(config.modules.map((m) => m.module));
  const slots = new VarSlots();
  const env = pvEnv(loaded, instances, slots, config);
  const maxDepth = config.globals.int("max_recursive_level");
  const runtime = new Runtime(options.report ?? (() => undefined), maxDepth, options.tell);
  runtime.slow = config.globals.int("latency_limit_action");
  runtime.slowLevel = config.globals.int("latency_log");
  runtime.maxLoops = config.globals.int("max_while_loops");
  letChange(runtime, options.allowChange);
  const takesInner = (name: string): boolean => loaded.pv(name)?.def.inner !== "none";
  const reader: ReaderOf = (text) => compileText(text, env);
  const args: ArgScope = { flags: config.flags, routes: config.routes, takesInner, reader };
  const mayTrace = config.globals.int("cfgtrace") !== 0 || loaded.module("debugger") !== null;
  const watch = { traces: mayTrace, slow: config.globals.int("latency_limit_action") };
  const asked = new AskedVariables(loaded.modules, instances);
  const waiting = waitingRoutes(config.routes, loaded, asked);
  const scope = new CompileScope({
    args,
    loaded,
    instances,
    env,
    runtime,
    diagnostics,
    maxDepth,
    watch,
    waiting,
    asked,
  });
  const sources = config.routes.entries.map((entry) => compileRoute(entry, scope));
  if (diagnostics.errors > 0) return { routes: null, diagnostics: diagnostics.sorted() };
  const functions = build(sources, scope);
  runtime.setRoutes((name) => {
    const entry = config.routes.find("route", name);
    return entry === null ? null : functions[entry.index]!;
  });
  return { routes: new CompiledRoutes(config.routes, functions, sources, env), diagnostics: diagnostics.sorted() };
}

function pvEnv(loaded: Catalogue, instances: ReadonlyMap<string, unknown>, slots: VarSlots, config: Config): PvEnv {
  return {
    slots,
    defines: config.defines,
    select: (name) => {
      const read = selectReader(name, config.groups);
      return typeof read === "string" ? new ArgError(read) : { get: read };
    },
    custom: new Map(config.custom.map((c) => [`${c.group}.${c.name}`, c.value.value])),
    findPv(name) {
      const found = loaded.pv(name);
      return found === null ? null : { def: found.def, instance: instances.get(found.module.name) };
    },
    findTransform: (name) => loaded.transform(name)?.def ?? null,
  };
}

/** The routes that may wait: they call a function that may, read a variable that may, call a route that may, or one whose name is computed. */
function waitingRoutes(routes: RouteTable, loaded: Catalogue, asked: AskedVariables): Set<RouteEntry> {
  const waiting = new Set<RouteEntry>();
  const dynamic = new Set<RouteEntry>();
  for (const entry of routes.entries) {
    eachExpr(entry.block.body, (expr) => {
      if (expr.kind === "call" && (loaded.function(expr.name)?.def.waits ?? "never") !== "never") waiting.add(entry);
      const text = expr.kind === "pv" ? expr.ref.text : expr.kind === "str" ? expr.value : "";
      if (asked.in(text).length > 0) waiting.add(entry);
      if (expr.kind === "route" && constantRouteName(fold(expr.name)) === null) dynamic.add(entry);
    });
  }
  for (let before = -1; before !== waiting.size; ) {
    before = waiting.size;
    for (const entry of routes.entries) {
      if (callees(entry, routes).some((callee) => waiting.has(callee))) waiting.add(entry);
      if (waiting.size > 0 && dynamic.has(entry)) waiting.add(entry);
    }
  }
  return waiting;
}

/** The source of the function of one route. */
function compileRoute(entry: RouteEntry, scope: CompileScope): string {
  const out = new Emitter();
  scope.route = /\[(.*)\]$/.exec(entry.title)?.[1] ?? entry.title;
  const self = `route_${entry.index}`;
  const mayWait = scope.waiting.has(entry);
  const result = mayWait ? out.temp() : "q";
  const expressions = new ExpressionCompiler(scope, out);
  const calls = new CallCompiler(scope, out, expressions, self);
  expressions.connect(calls);
  const statements = new StatementCompiler(scope, out, expressions, calls, result, entry.title);
  const block = out.block(() => {
    if (mayWait) out.emit(`${result} = 1;`);
    statements.body(entry.block.body, true);
  });
  const locals = `let p = 0, w${mayWait ? "" : ", v, q = 1"}${out.locals};`;
  const head = mayWait ? `function ${self}(ctx, r, v${out.parameters}) {` : `function ${self}(ctx) {`;
  return `${head}\n${locals}\ntry {\n${render(block)}\nreturn ${result};\n} catch (e) { throw rt.error(e, p, ctx); }\n}`;
}

/** Turns the sources of all routes into functions; the generated code sees the runtime and the constants, nothing else. */
function build(sources: readonly string[], scope: CompileScope): RouteFunction[] {
  const constants = scope.constants.map((_, i) => `const k${i} = K[${i}];`).join("\n");
  const helpers = "const stop = rt.stop, eq = rt.equal, add = rt.add;";
  const list = `return [${sources.map((_, i) => `route_${i}`).join(", ")}];`;
  const make = new Function(
    "rt",
    "K",
    "io",
    "tx",
    "pr",
    "mt",
    `"use strict";\n${helpers}\n${constants}\n${sources.join("\n")}\n${list}`,
  );
  return make(scope.runtime, scope.constants, toInt, toText, printed, matches) as RouteFunction[];
}
