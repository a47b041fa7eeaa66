// Statements to JavaScript. `tail` statements are those whose result is the route's when it ends without return: the result of the last
// action, as measured on Kamailio 5.6.3 (a call's code; 1 for an assignment, a condition that was false …; 0 for break).

import type { Case, Expr, Stmt } from "./ast.ts";
import type { CallCompiler } from "./compile-calls.ts";
import type { ExpressionCompiler } from "./compile-expressions.ts";
import type { CompileScope } from "./compile-scope.ts";
import { type Block, type Emitter, hasPoints, inRange, render } from "./emitter.ts";
import { constantOf, fold, staticType } from "./fold.ts";
import { posixRegex } from "./posix-regex.ts";

/** Compiles the statements of one route. `result` names the variable that gets the result of tail statements. */
export class StatementCompiler {
  private readonly scope: CompileScope;
  private readonly out: Emitter;
  private readonly expressions: ExpressionCompiler;
  private readonly calls: CallCompiler;
  private readonly result: string;
  /** The route's title, for cfgtrace. */
  private readonly title: string;
  /** Labels of the loops and switches around, innermost last, and whether each is in tail position. */
  private readonly enclosing: { label: string; tail: boolean }[] = [];

  constructor(
    scope: CompileScope,
    out: Emitter,
    expressions: ExpressionCompiler,
    calls: CallCompiler,
    result: string,
    title: string,
  ) {
    this.scope = scope;
    this.out = out;
    this.expressions = expressions;
    this.calls = calls;
    this.result = result;
    this.title = title;
  }

  body(body: readonly Stmt[], tail: boolean): void {
    for (const [i, stmt] of body.entries()) {
      const mark = this.out.mark;
      this.statement(stmt, tail && i === body.length - 1);
      this.out.release(mark);
    }
  }

  // With cfgtrace and latency_limit_action there is code around each action; without, none.
  private statement(stmt: Stmt, tail: boolean): void {
    const { traces, slow } = this.scope.watch;
    if (!traces && slow === 0) {
      this.action(stmt, tail);
      return;
    }
    const site = this.scope.site(stmt.kind === "expr" ? stmt.expr.at : stmt.at, actionName(stmt));
    if (traces) this.out.emit(`rt.trace(${JSON.stringify(this.title)}, ${site});`);
    const ends = ["return", "exit", "drop", "break"].includes(stmt.kind);
    if (slow === 0 || ends) {
      this.action(stmt, tail);
      return;
    }
    const since = this.out.temp();
    this.out.emit(`${since} = rt.now();`);
    this.action(stmt, tail);
    this.out.emit(`rt.took(${since}, ${site});`);
  }

  private action(stmt: Stmt, tail: boolean): void {
    switch (stmt.kind) {
      case "expr":
        this.simple(stmt.expr, tail);
        return;
      case "if":
        this.ifStatement(stmt, tail);
        return;
      case "while":
        this.whileStatement(stmt, tail);
        return;
      case "switch":
        this.switchStatement(stmt, tail);
        return;
      case "return":
        this.returnStatement(stmt.value);
        return;
      case "exit":
        this.out.emit("ctx.stop = 1; return 0;");
        return;
      case "drop":
        this.out.emit("ctx.stop = 2; return 0;");
        return;
      case "break":
        this.breakStatement();
        return;
      default:
    }
  }

  private simple(expr: Expr, tail: boolean): void {
    const folded = expr.kind === "route" ? expr : fold(expr);
    if (folded.kind === "assign") {
      this.calls.assignment(folded, tail ? this.result : null);
      if (this.scope.watch.traces) this.tellAssigned(folded);
    } else if (folded.kind === "call" || folded.kind === "route") {
      this.calls.call(folded);
      if (tail) this.out.emit(`${this.result} = v;`);
    }
  }

  // log_assign of module debugger
  private tellAssigned({ target, targetAt }: Expr & { kind: "assign" }): void {
    const slot = this.scope.slot(target);
    const get = slot >= 0 ? `() => ctx.vars[${slot}]` : `${this.scope.accessorName(target, targetAt)}.get`;
    this.out.emit(`rt.assigned(ctx, ${JSON.stringify(target.text)}, ${get});`);
  }

  private ifStatement(stmt: Stmt & { kind: "if" }, tail: boolean): void {
    const code = this.expressions.condition(fold(stmt.cond));
    if (tail) this.out.emit(`${this.result} = 1;`);
    const then = this.out.block(() => this.body(stmt.then, tail));
    const otherwise = this.out.block(() => this.body(stmt.else, tail));
    // The condition may be "v > 0": nothing may come between it and the call, so the result is set before the call's value is used.
    const enter = hasPoints(then)
      ? `r === 0 ? ${code} : ${inRange(then)}`
      : hasPoints(otherwise)
        ? `r === 0 && (${code})`
        : code;
    const tailElse = stmt.else.length === 0 ? "" : ` else {\n${render(otherwise)}\n}`;
    this.out.emitRange(`if (${enter}) {\n${render(then)}\n}${tailElse}`, ...bounds(then, otherwise));
  }

  private whileStatement(stmt: Stmt & { kind: "while" }, tail: boolean): void {
    const label = this.out.label();
    const rounds = this.out.temp();
    const site = this.scope.site(stmt.at, "while");
    this.out.emit(`${rounds} = 0;${tail ? ` ${this.result} = 1;` : ""}`);
    this.enclosing.push({ label, tail });
    const block = this.out.block(() => {
      const code = this.expressions.loopCondition(fold(stmt.cond));
      const limit = `if (++${rounds} > rt.maxLoops) { rt.tooLong(${site}); ${tail ? `${this.result} = -1; ` : ""}break ${label}; }`;
      this.out.emit(`if (!(${code})) break ${label};\n${limit}`);
      this.body(stmt.body, tail);
    });
    this.enclosing.pop();
    this.out.emitRange(`${label}: for (;;) {\n${render(block)}\n}`, block.lo, block.hi);
  }

  private switchStatement(stmt: Stmt & { kind: "switch" }, tail: boolean): void {
    const label = this.out.label();
    const value = fold(stmt.value);
    const isText = stmt.cases.some((c) => c.isRegex || (c.value !== null && staticType(c.value) === "str"));
    const chosen = this.out.temp();
    const code = isText ? this.expressions.text(value) : this.expressions.int(value);
    this.out.emit(`w = ${code}; ${chosen} = ${this.selection(stmt.cases)};${tail ? ` ${this.result} = 1;` : ""}`);
    this.enclosing.push({ label, tail });
    const blocks = stmt.cases.map((c, i) =>
      this.out.block(() => this.body(c.body, tail && this.endsSwitch(stmt.cases, i))),
    );
    this.enclosing.pop();
    let cases = "";
    for (const [i, block] of blocks.entries()) {
      // A resumed route enters where it entered before, and may have fallen through to the case that waited.
      const isGuarded = blocks.some(hasPoints);
      const guard = hasPoints(block) ? `r === 0 || ${inRange(block)}` : "r === 0";
      const text = render(block);
      cases += `case ${i}:\n${isGuarded ? `if (${guard}) {\n${text}\n}` : text}\n`;
    }
    this.out.emitRange(`${label}: switch (${chosen}) {\n${cases}}`, ...bounds(...blocks));
  }

  /** Whether the last statement of a case can be the last one that runs in its switch. */
  private endsSwitch(cases: readonly Case[], i: number): boolean {
    return cases.slice(i + 1).every((c) => c.body.length === 0);
  }

  /** The number of the case for the value in w, as a chain of comparisons; -1 when none fits and there is no default. */
  private selection(cases: readonly Case[]): string {
    let chain = "";
    for (const [i, c] of cases.entries()) {
      if (c.value === null) continue;
      const value = constantOf(fold(c.value)) ?? (c.value.kind === "word" ? c.value.text : null);
      if (value === null) continue;
      const regex = c.isRegex ? posixRegex(String(value), false) : null;
      if (typeof regex === "string") continue;
      chain +=
        regex === null
          ? `w === ${this.scope.constant(value)} ? ${i} : `
          : `mt(${this.scope.constant(regex)}, w) ? ${i} : `;
    }
    return chain + String(cases.findIndex((c) => c.value === null));
  }

  /** return: 1; return 0 ends the script. In an expression a call counts as 1 or 0. */
  private returnStatement(value: Expr | null): void {
    if (value === null) {
      this.out.emit("return 1;");
      return;
    }
    const folded = fold(value);
    const constant = constantOf(folded);
    if (typeof constant === "number") {
      this.out.emit(constant === 0 ? "ctx.stop = 3; return 0;" : `return ${constant};`);
      return;
    }
    this.out.emit(`v = ${this.expressions.int(folded)}; if (v === 0) ctx.stop = 3; return v;`);
  }

  private breakStatement(): void {
    const around = this.enclosing.at(-1);
    if (around === undefined)
      this.out.emit("return 0;"); // measured: the block ends with code 0, the script goes on
    else this.out.emit(`${around.tail ? `${this.result} = 0; ` : ""}break ${around.label};`);
  }
}

/** The points of several blocks in a row. */
function bounds(...blocks: readonly Block[]): [number, number] {
  const waiting = blocks.filter(hasPoints);
  if (waiting.length === 0) return [1, 0];
  return [Math.min(...waiting.map((b) => b.lo)), Math.max(...waiting.map((b) => b.hi))];
}

/** How an action is called in the log. */
function actionName(stmt: Stmt): string {
  if (stmt.kind !== "expr") return stmt.kind;
  const { expr } = stmt;
  return expr.kind === "call" ? expr.name : expr.kind;
}
