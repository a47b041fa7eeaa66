// Checks expressions: calls against their declarations, variables, core keywords, operators on types that never fit.

import { RouteKind } from "../proxy/context.ts";
import type { ParameterGroups } from "../proxy/groups.ts";
import { parseTemplate } from "../pv/parse.ts";
import { ArgError, type ReaderOf } from "../registry/args.ts";
import type { FunctionDef } from "../registry/define.ts";
import { asQuestion, didYouMean } from "../registry/nearest.ts";
import type { Catalogue, Found } from "../registry/registry.ts";
import { type ArgScope, bindArg } from "./arguments.ts";
import type { Expr } from "./ast.ts";
import type { Missing } from "./check-missing.ts";
import type { NameChecker } from "./check-names.ts";
import type { RouteUses } from "./check-uses.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { foreignFunction } from "./dialects.ts";
import { constantOf, fold, staticType } from "./fold.ts";
import { compileKeywordTest } from "./keywords.ts";
import { posixRegex } from "./posix-regex.ts";
import { kindNames } from "./route-table.ts";
import { selectOwner, selectReader } from "./selects.ts";
import type { Place } from "./source.ts";
import { constantRouteName, subExprs } from "./walk.ts";

/** What the check of one configuration knows. */
export interface CheckScope extends ArgScope {
  /** The modules of this configuration. */
  readonly loaded: Catalogue;
  /** Parameters by group and name. */
  readonly groups: ParameterGroups;
  /** The modules that exist. */
  readonly all: Catalogue;
  readonly names: NameChecker;
  readonly diagnostics: Diagnostics;
  /** Which routes are named by calls. */
  readonly uses: RouteUses;
  /** Whether the block at hand is a sub-route: what it may do depends on who calls it. */
  readonly isCalled: boolean;
  /** What modules that do not exist here account for. */
  readonly missing: Missing;
}

/** Checks one expression and all inside it. `kinds` are the kinds of route the block runs in; 0 when not known. */
export function checkExpr(expr: Expr, scope: CheckScope, kinds: number): void {
  switch (expr.kind) {
    case "pv":
      scope.names.variable(expr.ref, expr.at);
      return;
    case "call":
      checkCall(expr, scope, kinds);
      return;
    case "route":
      if ((kinds & RouteKind.ONSEND) !== 0 && !scope.isCalled)
        scope.diagnostics.warning("not-portable", expr.at, "Kamailio takes no route() in onsend_route");
      if (checkRouteName(expr.name, scope)) return;
      break;
    case "assign":
      scope.names.target(expr.target, expr.targetAt);
      break;
    case "select": {
      const reader = selectReader(expr.text, scope.groups);
      const owner = selectOwner(expr.text);
      if (typeof reader === "string" && (owner === null || !scope.missing.has(owner))) {
        const other = /^@cfg_get\b/.test(expr.text) ? null : "use the variable of the same meaning";
        const hint = owner === null ? other : `add loadmodule "${owner}.so"`;
        scope.diagnostics.error("unknown-select", expr.at, reader, hint);
      }
      return;
    }
    case "word":
      scope.diagnostics.error("unknown-word", expr.at, `unknown word ${expr.text}`, wordHint(expr.text, scope));
      return;
    case "keyword":
      checkSendKeyword(expr, scope, kinds);
      if (compileKeywordTest(expr.name, "==", "") === null) {
        scope.diagnostics.error(
          "unknown-word",
          expr.at,
          `${expr.name} can only be compared, and only where it has a meaning`,
        );
      }
      return;
    case "binary":
      if (checkBinary(expr, scope, kinds)) return;
      break;
    default:
  }
  for (const part of subExprs(expr)) checkExpr(part, scope, kinds);
}

/** What a message leaves by is known in onsend_route only: Kamailio refuses these keywords elsewhere. */
function checkSendKeyword(expr: Expr & { kind: "keyword" }, scope: CheckScope, kinds: number): void {
  if (!/^(snd_\w+|to_(ip|port|proto))$/.test(expr.name) || kinds === 0 || (kinds & RouteKind.ONSEND) !== 0) return;
  scope.diagnostics.warning("wrong-route", expr.at, `${expr.name} has a value in onsend_route only`);
}

function wordHint(text: string, scope: CheckScope): string {
  const near = asQuestion(scope.loaded.likeFunction(text));
  return near === null ? "a text stands in quotes, a variable begins with $" : `${near.slice(0, -1)}()?`;
}

/** Checks an operator; true when its operands need no more. */
function checkBinary(expr: Expr & { kind: "binary" }, scope: CheckScope, kinds: number): boolean {
  const { left, op } = expr;
  const right = fold(expr.right);
  if (left.kind === "keyword") {
    checkSendKeyword(left, scope, kinds);
    const value = right.kind === "word" ? right.text : constantOf(right);
    const test = compileKeywordTest(left.name, op, value === null ? null : String(value));
    if (test === null || typeof test === "string") {
      scope.diagnostics.error("bad-comparison", expr.at, test ?? `${left.name} cannot be compared with ${op}`);
    }
    if (right.kind !== "word") checkExpr(right, scope, kinds);
    return true;
  }
  if ((op === "=~" || op === "!~") && right.kind === "str") {
    const regex = posixRegex(right.value, true);
    if (typeof regex === "string") scope.diagnostics.error("bad-regex", right.at, regex);
  }
  const types = [staticType(left), staticType(right)];
  const isMixed = types.includes("int") && types.includes("str");
  if (isMixed && right.kind !== "word" && /^(==|!=|\+)$/.test(op)) {
    const message = `${op} on a ${types[0] === "int" ? "number" : "text"} and a ${types[1] === "int" ? "number" : "text"}`;
    if (types[0] === "int")
      scope.diagnostics.warning("type-mismatch", expr.at, message, "use a cast, (int) or (str), to say what is meant");
  }
  return false;
}

/** Checks the name in route(…); true when it is constant, so that there is no more to look at. */
function checkRouteName(name: Expr, scope: CheckScope): boolean {
  const constant = constantRouteName(fold(name));
  if (constant === null) {
    scope.uses.compute("route");
    return false;
  }
  scope.uses.name("route", constant);
  if (scope.routes.find("route", constant) !== null) return true;
  const hint = didYouMean(constant, scope.routes.names("route")) ?? `add route[${constant}] { ... }`;
  scope.diagnostics.error("unknown-route", name.at, `there is no route[${constant}]`, hint);
  return true;
}

const EVENTS = RouteKind.EVENT | RouteKind.LOCAL | RouteKind.BRANCH_FAILURE;

function checkCall(expr: Expr & { kind: "call" }, scope: CheckScope, kinds: number): void {
  const found = scope.loaded.function(expr.name);
  if (found === null) {
    unknownFunction(expr, scope);
    for (const arg of expr.args) if (arg.kind !== "word" && arg.kind !== "keyword") checkExpr(arg, scope, kinds);
    return;
  }
  const { def } = found;
  // As the oracle: what request_route may call, an event_route may, those of tm too.
  const allowed = (def.routes & RouteKind.REQUEST) !== 0 ? def.routes | EVENTS : def.routes;
  if (kinds !== 0 && (allowed & kinds) !== kinds) {
    const wrong = kindNames(kinds & ~allowed);
    const hint = `it can be used in ${kindNames(def.routes)}`;
    if (scope.isCalled) {
      const message = `${expr.name}() cannot be used in ${wrong}, from where this route is called`;
      scope.diagnostics.warning("wrong-route", expr.nameAt, message, hint);
    } else scope.diagnostics.error("wrong-route", expr.nameAt, `${expr.name}() cannot be used in ${wrong}`, hint);
  }
  if (def.fails !== "")
    scope.diagnostics.warning("no-effect", expr.nameAt, `${expr.name}() always fails: ${def.fails}`);
  const required = def.args.filter((a) => !a.optional).length;
  if (expr.args.length < required || expr.args.length > def.args.length) {
    const takes = required === def.args.length ? String(required) : `${required} to ${def.args.length}`;
    const message = `${expr.name}() takes ${takes} argument${takes === "1" ? "" : "s"}, not ${expr.args.length}`;
    scope.diagnostics.error("argument-count", expr.at, message, signature(expr.name, found));
    return;
  }
  for (const [i, arg] of expr.args.entries()) checkArg(arg, expr, found, i, scope, kinds);
  if (expr.name === "cfg_select" || expr.name === "cfg_reset") checkGroup(expr.args[0]!, scope);
}

function checkGroup(arg: Expr, scope: CheckScope): void {
  const group = constantOf(fold(arg));
  if (group === null || scope.groups.has(String(group))) return;
  scope.diagnostics.error(
    "bad-group",
    arg.at,
    `there is no group of parameters ${group}`,
    `write ${group}.name = VALUE`,
  );
}

function checkArg(
  arg: Expr,
  call: Expr & { kind: "call" },
  found: Found<FunctionDef<unknown>>,
  i: number,
  scope: CheckScope,
  kinds: number,
): void {
  const reader: ReaderOf = (text) => {
    const template = parseTemplate(text, scope.takesInner);
    if ("problem" in template) return new ArgError(template.problem, "write $$ for a dollar sign");
    scope.names.template(template, arg.at);
    return () => "";
  };
  const def = found.def.args[i]!;
  if (def.kind === "route") {
    const name = arg.kind === "word" ? arg.text : constantOf(fold(arg));
    if (name !== null) scope.uses.name(def.route ?? "route", String(name));
  }
  const bound = bindArg(def, fold(arg), { ...scope, reader });
  if (bound instanceof ArgError) {
    scope.diagnostics.error(
      "bad-argument",
      arg.at,
      `${call.name}(): ${bound.message}`,
      bound.hint ?? signature(call.name, found),
    );
  } else if (bound.kind === "template") scope.names.template(bound.template, arg.at);
  else if (bound.kind === "var") scope.names.variable(bound.ref, arg.at);
  else if (bound.kind === "expr") checkExpr(arg, scope, kinds);
  else if (bound.kind === "routeName") {
    scope.uses.compute(def.route ?? "route");
    if (Array.isArray(bound.name)) scope.names.template(bound.name, arg.at);
    else checkExpr(bound.name as Expr, scope, kinds);
  }
}

function unknownFunction(expr: Expr & { kind: "call" }, scope: CheckScope): void {
  const owner = scope.all.function(expr.name)?.module.name ?? null;
  if (owner !== null) {
    scope.diagnostics.error(
      "not-loaded",
      expr.nameAt,
      `${expr.name}() needs module ${owner}`,
      `add loadmodule "${owner}.so"`,
    );
    return;
  }
  if (scope.missing.explains("function", expr.name, `${expr.name}()`, expr.nameAt)) return;
  const similar = [...scope.loaded.likeFunction(expr.name), ...scope.missing.like("function", expr.name)];
  const near = foreignFunction(expr.name) ?? asQuestion(similar);
  if (near === null && scope.missing.mayGiveAnything) return; // it may come from the module that was reported
  scope.diagnostics.error("unknown-function", expr.nameAt, `unknown function ${expr.name}()`, near);
}

/** How a function is called, with its line of documentation. */
function signature(name: string, found: Found<FunctionDef<unknown>>): string {
  const args = found.def.args.map((a) => (a.optional ? `[${a.name}]` : a.name)).join(", ");
  return `${name}(${args}): ${found.def.doc}`;
}

/** Warns of an assignment where a comparison was probably meant. */
export function checkAssignment(cond: Expr, diagnostics: Diagnostics): void {
  if (cond.kind === "assign") {
    const message = `this assigns $${cond.target.name} and does not compare`;
    diagnostics.warning("assignment-in-condition", cond.at, message, "to compare write ==");
  } else if (cond.kind === "unary" && cond.op === "!") checkAssignment(cond.operand, diagnostics);
  else if (cond.kind === "binary" && (cond.op === "&&" || cond.op === "||")) {
    checkAssignment(cond.left, diagnostics);
    checkAssignment(cond.right, diagnostics);
  }
}

/** Warns of conditions that never change. */
export function checkCondition(cond: Expr, at: Place, diagnostics: Diagnostics): void {
  const value = constantOf(fold(cond));
  if (value === null) return;
  const isTrue = typeof value === "number" ? value > 0 : /^\d*[1-9]\d*$/.test(value);
  diagnostics.warning("constant-condition", at, `this condition is always ${isTrue ? "true" : "false"}`);
}
