// Walks over the tree: every expression of a block, and which routes a block calls by name.

import type { Expr, Stmt } from "./ast.ts";

/** Calls `visit` for each expression in the statements, outer ones first. */
export function eachExpr(body: readonly Stmt[], visit: (expr: Expr) => void): void {
  for (const stmt of body) {
    for (const expr of ownExprs(stmt)) eachSubExpr(expr, visit);
    for (const inner of innerBodies(stmt)) eachExpr(inner, visit);
  }
}

/** Calls `visit` for an expression and all inside it. */
export function eachSubExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const part of subExprs(expr)) eachSubExpr(part, visit);
}

/** The expressions directly inside one. */
export function subExprs(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "call":
      return expr.args;
    case "route":
      return [expr.name];
    case "assign":
      return [expr.value];
    case "choice":
      return [expr.cond, expr.yes, expr.no];
    case "unary":
      return [expr.operand];
    case "binary":
      return [expr.left, expr.right];
    default:
      return [];
  }
}

/** The expressions a statement holds itself. */
export function ownExprs(stmt: Stmt): readonly Expr[] {
  switch (stmt.kind) {
    case "expr":
      return [stmt.expr];
    case "if":
    case "while":
      return [stmt.cond];
    case "switch":
      return [stmt.value, ...stmt.cases.flatMap((c) => (c.value === null ? [] : [c.value]))];
    case "return":
      return stmt.value === null ? [] : [stmt.value];
    default:
      return [];
  }
}

/** The lists of statements inside a statement. */
export function innerBodies(stmt: Stmt): readonly (readonly Stmt[])[] {
  switch (stmt.kind) {
    case "if":
      return [stmt.then, stmt.else];
    case "while":
      return [stmt.body];
    case "switch":
      return stmt.cases.map((c) => c.body);
    default:
      return [];
  }
}

/** The name in route(NAME) when it is constant; null when it is computed. */
export function constantRouteName(expr: Expr): string | null {
  if (expr.kind === "str") return expr.value;
  return expr.kind === "word" ? expr.text : null;
}
