// Checks the route blocks of a configuration: statements, and in what kinds of route each block runs. Expressions are checked in
// check-expressions.ts, modules in check-modules.ts.

import { RouteKind } from "../proxy/context.ts";
import type { ParameterGroups } from "../proxy/groups.ts";
import { asQuestion } from "../registry/nearest.ts";
import { Catalogue } from "../registry/registry.ts";
import type { Case, ConfigTree, Expr, Stmt } from "./ast.ts";
import { type CheckScope, checkAssignment, checkCondition, checkExpr } from "./check-expressions.ts";
import type { Missing } from "./check-missing.ts";
import type { LoadedModule } from "./check-modules.ts";
import { NameChecker } from "./check-names.ts";
import { RouteUses } from "./check-uses.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { constantOf, fold, staticType } from "./fold.ts";
import { posixRegex } from "./posix-regex.ts";
import { type RouteEntry, RouteTable } from "./route-table.ts";
import type { Place } from "./source.ts";
import { constantRouteName, eachExpr, ownExprs } from "./walk.ts";

/** Checks all route blocks; returns the table of routes. */
export function checkRoutes(
  tree: ConfigTree,
  modules: readonly LoadedModule[],
  flags: ReadonlyMap<string, number>,
  groups: ParameterGroups,
  all: Catalogue,
  missing: Missing,
  diagnostics: Diagnostics,
): RouteTable {
  const routes = new RouteTable(tree.routes, diagnostics);
  const loaded = new Catalogue(modules.map((m) => m.module));
  const names = new NameChecker(loaded, all, diagnostics, missing);
  const scope: CheckScope = {
    loaded,
    all,
    names,
    diagnostics,
    flags,
    groups,
    routes,
    missing,
    uses: new RouteUses(routes),
    isCalled: false,
    takesInner: names.takesInner,
    reader: () => () => "",
  };
  const kinds = routeKinds(routes);
  for (const entry of routes.entries) {
    new BlockChecker({ ...scope, isCalled: entry.kind === 0 }, kinds.get(entry) ?? 0).body(entry.block.body, false);
    checkEvent(entry, scope);
  }
  // a script in another language may name any of them
  const hasScripts = modules.some(({ module }) => module.engine !== null);
  if (routes.find("request") !== null && !hasScripts) scope.uses.report(tree, diagnostics);
  return routes;
}

/** The kinds of route each block may run in: its own, or those of the blocks that call it by a constant name. */
export function routeKinds(routes: RouteTable): Map<RouteEntry, number> {
  const kinds = new Map<RouteEntry, number>();
  const visit = (entry: RouteEntry, kind: number): void => {
    const before = kinds.get(entry) ?? 0;
    if ((before | kind) === before) return;
    kinds.set(entry, before | kind);
    for (const callee of callees(entry, routes)) visit(callee, kind);
  };
  for (const entry of routes.entries) if (entry.kind !== 0) visit(entry, entry.kind);
  return kinds;
}

/** The routes that a block calls by a constant name. */
export function callees(entry: RouteEntry, routes: RouteTable): RouteEntry[] {
  const found: RouteEntry[] = [];
  eachExpr(entry.block.body, (expr) => {
    if (expr.kind !== "route") return;
    const name = constantRouteName(fold(expr.name));
    const callee = name === null ? null : routes.find("route", name);
    if (callee !== null) found.push(callee);
  });
  return found;
}

/** An event route of a name that nothing runs. */
function checkEvent({ block, title }: RouteEntry, scope: CheckScope): void {
  const { name, nameAt } = block;
  if (block.keyword !== "event_route" || name === null || scope.loaded.event(name) !== null) return;
  const owner = scope.all.event(name)?.module.name ?? null;
  if (owner !== null) {
    scope.diagnostics.warning(
      "unknown-event",
      nameAt,
      `${title} needs module ${owner}`,
      `add loadmodule "${owner}.so"`,
    );
    return;
  }
  const prefix = name.split(":")[0]!;
  if (scope.missing.has(prefix) || scope.missing.mayGiveAnything) return;
  const hint = asQuestion(scope.loaded.likeEvent(name));
  scope.diagnostics.warning("unknown-event", nameAt, `nothing here runs ${title}`, hint);
}

/** A break at the end of a case and a bare return are often written for the eye. */
function isHabit(stmt: Stmt, inCase: boolean): boolean {
  return (inCase && stmt.kind === "break") || (stmt.kind === "return" && stmt.value === null);
}

/** What ends the block at this statement, as messages name it; null when the next statement may be reached. */
function endOf(stmt: Stmt): string | null {
  switch (stmt.kind) {
    case "exit":
    case "drop":
    case "return":
    case "break":
      return stmt.kind;
    case "if": {
      const ways = [stmt.then, stmt.else].map((body) => body.map(endOf).find((end) => end !== null) ?? null);
      return ways[0] === null || ways[1] === null ? null : `an if whose both ways end here`;
    }
    default:
      return null;
  }
}

const REPLIES = RouteKind.REPLY | RouteKind.ONREPLY;

/** The kinds of route that remain where a condition holds (or does not): is_request() and is_reply() tell requests from replies. */
function narrowed(cond: Expr, kinds: number, holds: boolean): number {
  if (cond.kind === "unary" && cond.op === "!") return narrowed(cond.operand, kinds, !holds);
  if (cond.kind === "binary" && cond.op === (holds ? "&&" : "||"))
    return narrowed(cond.right, narrowed(cond.left, kinds, holds), holds);
  if (cond.kind !== "call" || (cond.name !== "is_request" && cond.name !== "is_reply")) return kinds;
  return (cond.name === "is_reply") === holds ? kinds & REPLIES : kinds & ~REPLIES;
}

class BlockChecker {
  private readonly scope: CheckScope;
  /** Kinds of route the statements at hand may run in; 0 when not known. */
  private kinds: number;

  constructor(scope: CheckScope, kinds: number) {
    this.scope = scope;
    this.kinds = kinds;
  }

  /** Checks statements in turn; what follows an exit, drop, return or break is never run. */
  body(body: readonly Stmt[], inCase: boolean): void {
    let told = false;
    for (const [i, stmt] of body.entries()) {
      this.statement(stmt);
      const after = body[i + 1];
      if (!told && endOf(stmt) !== null && after !== undefined && !isHabit(after, inCase)) {
        this.scope.diagnostics.warning("unreachable", after.at, `this is never run: ${endOf(stmt)} comes before it`);
        told = true;
      }
    }
  }

  private within(kinds: number, body: readonly Stmt[]): void {
    const outer = this.kinds;
    this.kinds = kinds;
    this.body(body, false);
    this.kinds = outer;
  }

  private statement(stmt: Stmt): void {
    const { scope } = this;
    for (const expr of ownExprs(stmt)) checkExpr(expr, scope, this.kinds);
    switch (stmt.kind) {
      case "if":
        checkAssignment(stmt.cond, scope.diagnostics);
        checkCondition(stmt.cond, stmt.cond.at, scope.diagnostics);
        this.within(narrowed(stmt.cond, this.kinds, true), stmt.then);
        this.within(narrowed(stmt.cond, this.kinds, false), stmt.else);
        return;
      case "while":
        checkAssignment(stmt.cond, scope.diagnostics);
        this.body(stmt.body, false);
        return;
      case "switch":
        this.cases(stmt.cases, stmt.value.at);
        for (const c of stmt.cases) this.body(c.body, true);
        return;
      case "return":
        if (stmt.value !== null && staticType(stmt.value) === "str") {
          scope.diagnostics.error("wrong-type", stmt.value.at, "return takes a number");
        }
        return;
      default:
    }
  }

  private cases(cases: readonly Case[], at: Place): void {
    const { diagnostics } = this.scope;
    const seen = new Set<string>();
    const kinds = new Set<string>();
    for (const c of cases) {
      const value = c.value === null ? null : constantOf(fold(c.value));
      if (c.value !== null && value === null) {
        if (c.value.kind !== "word") diagnostics.error("bad-case", c.value.at, "a case takes a constant value");
        continue;
      }
      if (c.isRegex) {
        const regex = typeof value === "string" ? posixRegex(value, false) : "a pattern is a text in quotes";
        if (typeof regex === "string") diagnostics.error("bad-regex", c.value?.at ?? c.at, regex);
      }
      kinds.add(c.isRegex ? "string" : value === null ? "" : typeof value);
      const key = `${c.isRegex ? "/" : ""}${typeof value}:${value}`;
      if (seen.has(key)) {
        diagnostics.error(
          "duplicate-case",
          c.at,
          value === null ? "a second default in this switch" : `case ${value} stands twice`,
        );
      }
      seen.add(key);
    }
    if (kinds.has("number") && kinds.has("string")) {
      diagnostics.error(
        "mixed-cases",
        at,
        "numbers and texts cannot be mixed in the cases of one switch",
        "write all of them in quotes",
      );
    }
  }
}
