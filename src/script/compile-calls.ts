// Calls and assignments to JavaScript. After a call `v` holds its return code and $rc is set; a function that returns 0, and anything
// that sets ctx.stop, ends the route at once.

import { ArgError, type CallPlace } from "../registry/args.ts";
import type { FunctionDef } from "../registry/define.ts";
import type { Found } from "../registry/registry.ts";
import { type BoundArg, bindArg } from "./arguments.ts";
import type { Expr } from "./ast.ts";
import { canFail, type ExpressionCompiler } from "./compile-expressions.ts";
import type { CompileScope } from "./compile-scope.ts";
import type { Emitter } from "./emitter.ts";
import { constantOf, fold } from "./fold.ts";
import { constantRouteName } from "./walk.ts";

/** Functions of our core that Kamailio has in its modules kex and corex: they set $rc as all others do there. */
const MODULE_FUNCTIONS = new Set([
  ..."append_branch km_append_branch setbflag resetbflag isbflagset send send_tcp".split(" "),
]);

/** Compiles the calls of one route; `self` is the name of its function. */
export class CallCompiler {
  private readonly scope: CompileScope;
  private readonly out: Emitter;
  private readonly expressions: ExpressionCompiler;
  private readonly self: string;

  constructor(scope: CompileScope, out: Emitter, expressions: ExpressionCompiler, self: string) {
    this.scope = scope;
    this.out = out;
    this.expressions = expressions;
    this.self = self;
  }

  /** Emits a call; its return code is then in v. */
  call(expr: Expr & { kind: "call" | "route" }): void {
    if (expr.kind === "route") this.route(expr);
    else this.moduleFunction(expr);
  }

  /** Emits an assignment. `tail`: the name that gets its result (1, or -1 when it failed), when that is the route's. */
  assignment(expr: Expr & { kind: "assign" }, tail: string | null): void {
    const mark = this.out.mark;
    const value = fold(expr.value);
    const code = value.kind === "call" || value.kind === "route" ? this.callCode(value) : this.expressions.value(value);
    const slot = this.scope.slot(expr.target);
    const store = (what: string): string => {
      if (slot >= 0) return `ctx.vars[${slot}] = ${this.isNeverNull(value) ? what : `${what} ?? 0`};`;
      return `${this.scope.accessorName(expr.target, expr.targetAt)}.set(ctx, ${what});`;
    };
    if (!canFail(value)) {
      this.out.emit(store(code) + (tail === null ? "" : ` ${tail} = 1;`));
    } else {
      const otherwise = tail === null ? "" : ` else ${tail} = -1;`;
      const done = tail === null ? "" : ` ${tail} = 1;`;
      this.out.emit(`rt.failed = false; w = ${code}; if (!rt.failed) { ${store("w")}${done} }${otherwise}`);
    }
    this.out.release(mark);
  }

  private callCode(expr: Expr & { kind: "call" | "route" }): string {
    this.call(expr);
    return "v";
  }

  private isNeverNull(expr: Expr): boolean {
    return expr.kind !== "pv" || this.scope.slot(expr.ref) >= 0;
  }

  private moduleFunction(expr: Expr & { kind: "call" }): void {
    const found = this.scope.loaded.function(expr.name);
    if (found === null) return; // reported by the checker
    const site = this.scope.site(expr.at, `${expr.name}()`);
    const mark = this.out.mark;
    const args = this.arguments(expr, found, site);
    const instance = this.scope.constant(this.scope.instances.get(found.module.name));
    const code = `${args.run}(${[instance, "ctx", ...args.codes].join(", ")})`;
    this.out.release(mark);
    // functions of the core are statements there and leave $rc alone
    const keeps = found.module.name === "core" && !MODULE_FUNCTIONS.has(expr.name) ? "" : "ctx.rc = v; ";
    const after = `${keeps}if (v === 0 || ctx.stop !== 0) return stop(ctx);`;
    if (found.def.waits === "never") this.out.emit(`p = ${site}; v = ${code}; ${after}`);
    else this.point(`p = ${site}; v = ${code};`, after, site);
  }

  /** Emits the questions that come before the variables in a text are read. */
  ask(text: string, at: Expr["at"]): void {
    for (const ask of this.scope.asked.in(text)) {
      const site = this.scope.site(at, text);
      this.point(`p = ${site}; v = ${this.scope.constant(ask)}(ctx);`, "if (ctx.stop !== 0) return stop(ctx);", site);
    }
  }

  /** Emits a call that may have to wait, and the point where the route goes on. */
  private point(call: string, after: string, site: number): void {
    const n = this.out.point();
    const wait = `if (typeof v !== "number") return rt.suspend(${this.self}, ctx, ${n}, v, ${site}${this.out.live});`;
    this.out.emitRange(`if (r === 0) { ${call} } else { r = 0; p = ${site}; }\n${wait}\n${after}`, n, n);
  }

  private route(expr: Expr & { kind: "route" }): void {
    const mark = this.out.mark;
    const name = fold(expr.name);
    const constant = constantRouteName(name);
    const entry = constant === null ? null : this.scope.args.routes.find("route", constant);
    const site = this.scope.site(expr.at, `route(${constant ?? "..."})`, true);
    const target =
      entry === null ? `rt.callRoute(ctx, ${this.expressions.text(name)}, ${site})` : `route_${entry.index}(ctx, 0, 0)`;
    this.out.release(mark);
    const mayWait = entry === null ? this.scope.waiting.size > 0 : this.scope.waiting.has(entry);
    const call = `p = ${site}; v = ++ctx.depth > ${this.scope.maxDepth} ? rt.tooDeep(${site}) : ${target};`;
    const after = "ctx.depth--; p = -1; ctx.rc = v; if (ctx.stop !== 0) return 0;";
    if (mayWait) this.point(call, after, site);
    else this.out.emit(`${call} ${after}`);
  }

  /** The arguments as code, in order, and the name of the function that takes them. */
  private arguments(
    expr: Expr & { kind: "call" },
    found: Found<FunctionDef<unknown>>,
    site: number,
  ): { run: string; codes: string[] } {
    const { def } = found;
    const parsers: (((value: string | number) => unknown) | null)[] = [];
    const codes: string[] = [];
    const folded = expr.args.slice(0, def.args.length).map(fold);
    for (const [i, arg] of folded.entries()) {
      const bound = bindArg(def.args[i]!, arg, this.scope.args);
      if (bound instanceof ArgError) {
        this.scope.diagnostics.error("bad-argument", arg.at, `${expr.name}(): ${bound.message}`, bound.hint);
        codes.push("null");
        parsers.push(null);
        continue;
      }
      let code = this.argument(bound, arg);
      if (
        folded.slice(i + 1).some((later) => this.expressions.hasEffect(later)) &&
        bound.kind !== "const" &&
        bound.kind !== "var"
      ) {
        const kept = this.out.temp();
        this.out.emit(`${kept} = ${code};`);
        code = kept;
      }
      codes.push(code);
      parsers.push(bound.kind === "template" || bound.kind === "expr" ? bound.parse : null);
    }
    if (def.wantsPlace) {
      while (codes.length < def.args.length) codes.push("undefined");
      const { file, start } = expr.nameAt;
      codes.push(this.scope.constant({ file: file.name, line: file.position(start).line } satisfies CallPlace));
    }
    const run = def.run as unknown as (...args: unknown[]) => unknown;
    const isParsing = parsers.some((parse) => parse !== null);
    return { run: this.scope.constant(isParsing ? this.scope.runtime.parsing(run, parsers, site) : run), codes };
  }

  private argument(bound: BoundArg, arg: Expr): string {
    // what the function reads itself
    const isLazy = bound.kind === "const" || bound.kind === "var" || (bound.kind === "template" && bound.as === "text");
    if (isLazy) this.ask(arg.kind === "pv" ? arg.ref.text : String(constantOf(arg) ?? ""), arg.at);
    switch (bound.kind) {
      case "const":
        return this.scope.constant(bound.value);
      case "var":
        return this.scope.accessorName(bound.ref, arg.at);
      case "template": {
        if (bound.as === "text") return this.scope.constant(this.scope.reader(bound.template, arg.at));
        const code = this.expressions.template(bound.template, arg.at);
        return bound.as === "int" ? `io(${code})` : code;
      }
      case "expr":
        if (bound.as === "text") return `() => ${this.expressions.text(bound.expr)}`;
        return bound.as === "int" ? this.expressions.int(bound.expr) : this.expressions.text(bound.expr);
      default: {
        const name = Array.isArray(bound.name)
          ? this.expressions.template(bound.name, arg.at)
          : this.expressions.text(bound.name as Expr);
        const group = bound.arg.route ?? "route";
        const { routes } = this.scope.args;
        const find = (text: string): number => routes.find(group, text)?.id ?? 0;
        return `${this.scope.constant(find)}(${name})`;
      }
    }
  }
}
