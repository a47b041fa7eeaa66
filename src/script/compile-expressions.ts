// Expressions to JavaScript. What has no effect becomes a JavaScript expression; calls, routes and assignments inside an expression
// are lowered to statements before it, in order and with short-circuits kept, their results in temporaries.

import type { PvRef, Template } from "../pv/parse.ts";
import type { BinaryOp, Expr } from "./ast.ts";
import type { CallCompiler } from "./compile-calls.ts";
import type { CompileScope } from "./compile-scope.ts";
import { type Emitter, hasPoints, inRange, render } from "./emitter.ts";
import { isNull, staticType } from "./fold.ts";
import { compileKeywordTest, keywordReader } from "./keywords.ts";
import { posixRegex } from "./posix-regex.ts";
import { selectReader } from "./selects.ts";
import { subExprs } from "./walk.ts";

const INT_OPS: Readonly<Partial<Record<BinaryOp, (a: string, b: string) => string>>> = {
  "-": (a, b) => `(${a} - ${b} | 0)`,
  "*": (a, b) => `Math.imul(${a}, ${b})`,
  "<<": (a, b) => `(${a} << ${b})`,
  ">>": (a, b) => `(${a} >> ${b})`,
  "&": (a, b) => `(${a} & ${b})`,
  "|": (a, b) => `(${a} | ${b})`,
  "^": (a, b) => `(${a} ^ ${b})`,
};
const INT_TESTS: Readonly<Partial<Record<BinaryOp, string>>> = {
  "<": "<",
  ">": ">",
  "<=": "<=",
  ">=": ">=",
  ieq: "===",
  ine: "!==",
};

/** Compiles the expressions of one route. */
export class ExpressionCompiler {
  private readonly scope: CompileScope;
  private readonly out: Emitter;
  private calls: CallCompiler | null = null;

  constructor(scope: CompileScope, out: Emitter) {
    this.scope = scope;
    this.out = out;
  }

  connect(calls: CallCompiler): void {
    this.calls = calls;
  }

  /** A JavaScript expression for the value; a call standing alone gives its return code as it is. */
  value(expr: Expr): string {
    switch (expr.kind) {
      case "int":
      case "str":
        return this.scope.constant(expr.value);
      case "word":
        return this.scope.constant(expr.text);
      case "pv":
        return this.variable(expr);
      case "keyword": {
        const read = keywordReader(expr.name);
        return read === null ? "null" : `${this.scope.constant(read)}(ctx)`;
      }
      case "select":
        return `(${this.select(expr)} ?? "")`;
      case "call":
      case "route":
        return this.callResult(expr);
      case "assign":
        this.calls!.assignment(expr, null);
        return "1";
      case "unary":
        return this.unary(expr);
      case "choice":
        return this.choice(expr);
      default:
        return this.isTest(expr) ? `(${this.test(expr)} ? 1 : 0)` : this.arithmetic(expr);
    }
  }

  /** As an integer in an operator; there a call counts as 1 when it returned more than 0, else as 0. */
  int(expr: Expr): string {
    if (expr.kind === "call" || expr.kind === "route") return `(${this.callResult(expr)} > 0 ? 1 : 0)`;
    const code = this.value(expr);
    return staticType(expr) === "int" ? code : `io(${code})`;
  }

  /** As text. */
  text(expr: Expr): string {
    if (expr.kind === "call" || expr.kind === "route") return `("" + ${this.int(expr)})`;
    const code = this.value(expr);
    const type = staticType(expr);
    return type === "str" ? code : type === "int" ? `("" + ${code})` : `tx(${code})`;
  }

  /** The condition of if and while: true above 0. */
  condition(expr: Expr): string {
    if (canFail(expr)) return this.unlessFailed(() => (this.isTest(expr) ? this.test(expr) : `${this.int(expr)} > 0`));
    if (this.isTest(expr)) return this.test(expr);
    if (expr.kind === "call" || expr.kind === "route") {
      this.calls!.call(expr);
      return "v > 0";
    }
    return `${this.int(expr)} > 0`;
  }

  /** The condition of while: true unless 0, as measured. */
  loopCondition(expr: Expr): string {
    return canFail(expr) ? this.unlessFailed(() => this.truth(expr)) : this.truth(expr);
  }

  /** A test that is false when a part of it cannot be computed, negated or not. */
  private unlessFailed(compile: () => string): string {
    const result = this.out.temp();
    this.out.emit("rt.failed = false;");
    this.out.emit(`${result} = ${compile()};`);
    return `(!rt.failed && ${result})`;
  }

  /** Truth in a logical operator: not 0; a call above 0. */
  private truth(expr: Expr): string {
    if (this.isTest(expr)) return this.test(expr);
    if (expr.kind === "call" || expr.kind === "route") {
      this.calls!.call(expr);
      return "v > 0";
    }
    return `${this.int(expr)} !== 0`;
  }

  /** Whether an expression is a test, so that `test` gives a JavaScript boolean. */
  private isTest(expr: Expr): boolean {
    if (expr.kind === "unary") return expr.op === "!" || expr.op === "defined" || expr.op === "strempty";
    return expr.kind === "binary" && /^(==|!=|<|>|<=|>=|=~|!~|eq|ne|ieq|ine|&&|\|\|)$/.test(expr.op);
  }

  private test(expr: Expr): string {
    if (expr.kind === "unary") return this.unaryTest(expr);
    if (expr.kind !== "binary") return "false";
    if (expr.op === "&&" || expr.op === "||") return this.logical(expr);
    return this.comparison(expr);
  }

  /** Code that reads a select; null when it is not there. Where a value is wanted that counts as the empty text, as measured. */
  private select(expr: Expr & { kind: "select" }): string {
    const reader = selectReader(expr.text);
    return typeof reader === "string" ? "null" : `${this.scope.constant(reader)}(ctx)`;
  }

  private unaryTest(expr: Expr & { kind: "unary" }): string {
    if (expr.op === "!") return `!(${this.truth(expr.operand)})`;
    if (expr.op === "strempty") return `${this.text(expr.operand)} === ""`;
    const { operand } = expr;
    if (operand.kind === "select") return `${this.select(operand)} !== null`;
    if (operand.kind !== "pv" || this.scope.slot(operand.ref) >= 0) {
      if (this.hasEffect(operand)) this.out.emit(`${this.value(operand)};`);
      return "true";
    }
    return `${this.variable(operand)} !== null`;
  }

  /** Short-circuits: plain JavaScript when the right side has no effect, else a temporary and an if. */
  private logical(expr: Expr & { kind: "binary" }): string {
    const isAnd = expr.op === "&&";
    if (!this.hasEffect(expr.right)) {
      const left = this.truth(expr.left);
      return `(${left} ${isAnd ? "&&" : "||"} ${this.truth(expr.right)})`;
    }
    const result = this.out.temp();
    const mark = this.out.mark;
    this.out.emit(`${result} = ${this.truth(expr.left)};`);
    const right = this.out.block(() => this.out.emit(`${result} = ${this.truth(expr.right)};`));
    this.out.release(mark);
    const enter = isAnd ? result : `!${result}`;
    const guard = hasPoints(right) ? `r === 0 ? ${enter} : ${inRange(right)}` : enter;
    this.out.emitRange(`if (${guard}) {\n${render(right)}\n}`, right.lo, right.hi);
    return result;
  }

  /** selval(): the value chosen, in a temporary; null counts as the empty text, as measured. */
  private choice(expr: Expr & { kind: "choice" }): string {
    const result = this.out.temp();
    const holds = this.out.temp();
    this.out.emit(`${holds} = ${this.condition(expr.cond)};`);
    for (const [part, test] of [
      [expr.yes, holds],
      [expr.no, `!${holds}`],
    ] as const) {
      const mark = this.out.mark;
      const block = this.out.block(() => this.out.emit(`${result} = ${this.as(part, "value")} ?? "";`));
      this.out.release(mark);
      const guard = hasPoints(block) ? `r === 0 ? ${test} : ${inRange(block)}` : test;
      this.out.emitRange(`if (${guard}) {\n${render(block)}\n}`, block.lo, block.hi);
    }
    return result;
  }

  private comparison(expr: Expr & { kind: "binary" }): string {
    const { op, left, right } = expr;
    if (left.kind === "keyword") {
      const constant =
        right.kind === "word" ? right.text : right.kind === "int" || right.kind === "str" ? String(right.value) : null;
      const test = constant === null ? null : compileKeywordTest(left.name, op, constant);
      if (typeof test === "function") return `${this.scope.constant(test)}(ctx)`;
    }
    if (op === "=~" || op === "!~") return this.match(expr);
    if (isNull(right) && !/[<>]/.test(op)) return this.isUndefined(left, /^(==|i?eq)$/.test(op));
    const relation = INT_TESTS[op];
    if (relation !== undefined) {
      const [a, b] = this.pair(left, right, "int", "int");
      return `${a} ${relation} ${b}`;
    }
    const sign = op === "==" || op === "eq" ? "===" : "!==";
    if (op === "eq" || op === "ne") {
      const [a, b] = this.pair(left, right, "text", "text");
      return `${a} ${sign} ${b}`;
    }
    return this.equality(left, right, sign);
  }

  /** A literal $null on the right asks whether the left is undefined, whatever the operator of equality. */
  private isUndefined(left: Expr, wanted: boolean): string {
    if (left.kind === "select") return `${this.select(left)} ${wanted ? "===" : "!=="} null`;
    const code = this.value(left);
    if (left.kind === "pv" && this.scope.slot(left.ref) < 0) return `${code} ${wanted ? "===" : "!=="} null`;
    return wanted ? "false" : "true";
  }

  /** `==` and `!=`: the right side takes the type of the left. */
  private equality(left: Expr, right: Expr, sign: "===" | "!=="): string {
    const isEmptyText = right.kind === "str" && right.value === "" && sign === "==="; // as strempty: 0 is not empty
    const type = isEmptyText ? "str" : staticType(left);
    if (type === "any") {
      const [a, b] = this.pair(left, right, "value", "value");
      return `${sign === "===" ? "" : "!"}eq(${a}, ${b})`;
    }
    const as = type === "int" ? "int" : "text";
    const [a, b] = this.pair(left, right, as, as);
    return `${a} ${sign} ${b}`;
  }

  private match(expr: Expr & { kind: "binary" }): string {
    const not = expr.op === "!~" ? "!" : "";
    if (isNull(expr.right)) return this.isUndefined(expr.left, not === "");
    if (expr.right.kind === "str") {
      const regex = posixRegex(expr.right.value, true);
      if (typeof regex !== "string") return `${not}mt(${this.scope.constant(regex)}, ${this.text(expr.left)})`;
    }
    const [a, b] = this.pair(expr.left, expr.right, "text", "text");
    return `${not}rt.match(${a}, ${b})`;
  }

  private arithmetic(expr: Expr & { kind: "binary" }): string {
    const { op, left, right } = expr;
    if (op === "+") {
      const type = staticType(left);
      if (type === "any") {
        const [a, b] = this.pair(left, right, "value", "value");
        return `add(${a}, ${b})`;
      }
      const [a, b] = this.pair(left, right, type === "int" ? "int" : "text", type === "int" ? "int" : "text");
      return type === "int" ? `(${a} + ${b} | 0)` : `(${a} + ${b})`;
    }
    const [a, b] = this.pair(left, right, "int", "int");
    if (op === "/" || op === "mod") {
      const site = this.scope.site(expr.at, op === "/" ? "division" : "mod");
      return `rt.${op === "/" ? "divide" : "modulo"}(${a}, ${b}, ${site})`;
    }
    return INT_OPS[op]!(a, b);
  }

  private unary(expr: Expr & { kind: "unary" }): string {
    switch (expr.op) {
      case "~":
        return `(~${this.int(expr.operand)})`;
      case "-":
        return `(-${this.int(expr.operand)} | 0)`;
      case "int":
        return this.int(expr.operand);
      case "str":
        return this.text(expr.operand);
      case "strlen":
        return `${this.text(expr.operand)}.length`;
      default:
        return `(${this.test(expr)} ? 1 : 0)`;
    }
  }

  /** Both operands, the left one kept in a temporary when computing the right one could change it. */
  private pair(
    left: Expr,
    right: Expr,
    asLeft: "int" | "text" | "value",
    asRight: "int" | "text" | "value",
  ): [string, string] {
    const a = this.as(left, asLeft);
    if (!this.hasEffect(right) || left.kind === "int" || left.kind === "str") return [a, this.as(right, asRight)];
    const kept = this.out.temp();
    this.out.emit(`${kept} = ${a};`);
    return [kept, this.as(right, asRight)];
  }

  private as(expr: Expr, as: "int" | "text" | "value"): string {
    if (as === "int") return this.int(expr);
    if (as === "text") return this.text(expr);
    return expr.kind === "call" || expr.kind === "route" ? this.int(expr) : this.value(expr);
  }

  private callResult(expr: Expr & { kind: "call" | "route" }): string {
    this.calls!.call(expr);
    const result = this.out.temp();
    this.out.emit(`${result} = v;`);
    return result;
  }

  /** Whether evaluating an expression can do more than read: a call, a route, an assignment, a variable that is asked for. */
  hasEffect(expr: Expr): boolean {
    if (expr.kind === "call" || expr.kind === "route" || expr.kind === "assign" || expr.kind === "choice") return true;
    if (expr.kind === "pv") return this.isAsked(expr.ref);
    return subExprs(expr).some((part) => this.hasEffect(part));
  }

  private isAsked(ref: PvRef): boolean {
    return this.scope.asked.in(ref.text).length > 0;
  }

  private variable(expr: Expr & { kind: "pv" }): string {
    if (expr.ref.name === "null" && expr.ref.transforms.length === 0) return "null";
    const slot = this.scope.slot(expr.ref);
    if (slot >= 0) return `(ctx.vars[${slot}] ?? 0)`;
    const code = `${this.scope.accessorName(expr.ref, expr.at)}.get(ctx)`;
    if (!this.isAsked(expr.ref)) return code;
    this.calls!.ask(expr.ref.text, expr.at);
    const value = this.out.temp();
    this.out.emit(`${value} = ${code};`);
    return value;
  }

  /** Text with variables. A variable alone or transformed gives its text, empty when null; among other text null prints as <null>. */
  template(template: Template, at: Expr["at"]): string {
    const parts = template.map((part) => {
      if (typeof part === "string") return JSON.stringify(part);
      const code = this.variable({ kind: "pv", ref: part, at });
      return template.length === 1 || part.transforms.length > 0 ? `tx(${code})` : `pr(${code})`;
    });
    return parts.length === 1 ? parts[0]! : `(${parts.join(" + ")})`;
  }
}

/** Whether an expression can fail to be computed: it divides, or matches a pattern that is not known before. */
export function canFail(expr: Expr): boolean {
  if (expr.kind === "binary" && (expr.op === "/" || expr.op === "mod")) return true;
  if (expr.kind === "binary" && (expr.op === "=~" || expr.op === "!~") && expr.right.kind !== "str") return true;
  return expr.kind !== "call" && expr.kind !== "route" && subExprs(expr).some(canFail);
}
