// Types of expressions as far as they are known before the script runs, and folding of constant ones. Conversions are those
// measured on Kamailio 5.6.3 (docs/semantics.md): the right operand of + == != is turned into the type of the left one.

import { toInt } from "../sip/value.ts";
import type { BinaryOp, Expr } from "./ast.ts";

export type StaticType = "int" | "str" | "any";

/** What an expression gives, when that is certain. */
export function staticType(expr: Expr): StaticType {
  switch (expr.kind) {
    case "int":
    case "call":
    case "route":
      return "int";
    case "str":
    case "word":
    case "select":
      return "str";
    case "unary":
      return expr.op === "str" ? "str" : "int";
    case "choice": {
      const type = staticType(expr.yes);
      return type === staticType(expr.no) ? type : "any";
    }
    case "binary":
      return expr.op === "+" ? staticType(expr.left) : "int";
    case "keyword":
      return /^(src_port|dst_port|snd_port|to_port|msg:len|status|retcode|max_len)$/.test(expr.name) ? "int" : "str";
    default:
      return "any";
  }
}

/** Whether an expression is the variable $null. */
export function isNull(expr: Expr): boolean {
  return expr.kind === "pv" && expr.ref.name === "null";
}

/** The expression with constant parts computed. Division by zero is left to run time, which reports it. */
export function fold(expr: Expr): Expr {
  switch (expr.kind) {
    case "unary": {
      const operand = fold(expr.operand);
      const value = constantOf(operand);
      const result = value === null ? null : unary(expr.op, value);
      return result === null ? { ...expr, operand } : literal(result, expr);
    }
    case "binary":
      return foldBinary({ ...expr, left: fold(expr.left), right: fold(expr.right) });
    case "choice":
      return { ...expr, cond: fold(expr.cond), yes: fold(expr.yes), no: fold(expr.no) };
    case "assign":
      return { ...expr, value: fold(expr.value) };
    case "call":
      return { ...expr, args: expr.args.map(fold) };
    case "route":
      return { ...expr, name: fold(expr.name) };
    default:
      return expr;
  }
}

/** The number or text of a constant expression; null when it is not constant. */
export function constantOf(expr: Expr): number | string | null {
  return expr.kind === "int" || expr.kind === "str" ? expr.value : null;
}

function literal(value: number | string, from: Expr): Expr {
  return typeof value === "number" ? { kind: "int", value, at: from.at } : { kind: "str", value, at: from.at };
}

function unary(op: string, value: number | string): number | string | null {
  switch (op) {
    case "!":
      return toInt(value) === 0 ? 1 : 0;
    case "~":
      return ~toInt(value);
    case "-":
      return -toInt(value) | 0;
    case "int":
      return toInt(value);
    case "str":
      return String(value);
    case "defined":
      return 1;
    case "strlen":
      return String(value).length;
    case "strempty":
      return String(value) === "" ? 1 : 0;
    default:
      return null;
  }
}

function foldBinary(expr: Expr & { kind: "binary" }): Expr {
  const a = constantOf(expr.left);
  const b = constantOf(expr.right);
  if (a !== null && b !== null) {
    const value = binary(expr.op, a, b);
    return value === null ? expr : literal(value, expr);
  }
  if (expr.op === "&&" || expr.op === "||") return foldLogical(expr, a, b);
  if (a === 0 && (expr.op === "/" || expr.op === "mod") && isPlain(expr.right)) return literal(0, expr);
  // "a" + $x + "b" + "c": join constants that meet at the end of a text.
  const { left } = expr;
  if (expr.op === "+" && b !== null && left.kind === "binary" && left.op === "+" && staticType(left) === "str") {
    const before = constantOf(left.right);
    if (before !== null)
      return { ...expr, left: left.left, right: { kind: "str", value: `${before}${b}`, at: left.right.at } };
  }
  return expr;
}

// Nothing is lost when it is not computed; 0 / 0 is 0 there when the right side is a variable.
function isPlain(expr: Expr): boolean {
  if (expr.kind === "binary") return isPlain(expr.left) && isPlain(expr.right);
  return expr.kind === "pv" || expr.kind === "int" || (expr.kind === "unary" && isPlain(expr.operand));
}

/** A constant side decides, or leaves the other side, for 1 and 0 as it is: measured, -1 && 1 is -1, but -1 && 2 is 1. */
function foldLogical(expr: Expr & { kind: "binary" }, a: number | string | null, b: number | string | null): Expr {
  const isAnd = expr.op === "&&";
  if (a !== null) {
    if ((toInt(a) !== 0) !== isAnd) return literal(isAnd ? 0 : 1, expr);
    return truthOf(expr.right, toInt(a));
  }
  if (b === null) return expr;
  if ((toInt(b) !== 0) !== isAnd) return isPlain(expr.left) ? literal(isAnd ? 0 : 1, expr) : expr;
  return truthOf(expr.left, toInt(b));
}

function truthOf(operand: Expr, neutral: number): Expr {
  const { at } = operand;
  if (neutral === 0 || neutral === 1) return { kind: "unary", op: "int", operand, at };
  return { kind: "unary", op: "!", operand: { kind: "unary", op: "!", operand, at }, at };
}

/** The value of an operator on two constants; null for division by zero. */
export function binary(op: BinaryOp, a: number | string, b: number | string): number | string | null {
  if (op === "+") return typeof a === "string" ? a + String(b) : (a + toInt(b)) | 0;
  if (op === "==" || op === "!=") {
    const same = typeof a === "string" ? a === String(b) : a === toInt(b);
    return same === (op === "==") ? 1 : 0;
  }
  if (op === "eq" || op === "ne") return (String(a) === String(b)) === (op === "eq") ? 1 : 0;
  if (op === "=~" || op === "!~") return null;
  const x = toInt(a);
  const y = toInt(b);
  switch (op) {
    case "-":
      return (x - y) | 0;
    case "*":
      return Math.imul(x, y);
    case "/":
      return y === 0 ? null : (x / y) | 0;
    case "mod":
      return y === 0 ? null : (x % y) | 0;
    case "<<":
      return x << y;
    case ">>":
      return x >> y;
    case "&":
      return x & y;
    case "|":
      return x | y;
    case "^":
      return x ^ y;
    case "<":
      return x < y ? 1 : 0;
    case ">":
      return x > y ? 1 : 0;
    case "<=":
      return x <= y ? 1 : 0;
    case ">=":
      return x >= y ? 1 : 0;
    case "ieq":
      return x === y ? 1 : 0;
    case "ine":
      return x !== y ? 1 : 0;
    case "&&":
      return x !== 0 && y !== 0 ? 1 : 0;
    default:
      return x !== 0 || y !== 0 ? 1 : 0;
  }
}
