// What is passed for each argument of a function call: a constant made once, a text or expression computed on each call, a variable,
// a route. The checker and the compiler both ask here, so that they cannot disagree.

import { type PvRef, parsePv, parseTemplate, type TakesInner, type Template } from "../pv/parse.ts";
import { type Arg, ArgError, type ReaderOf } from "../registry/args.ts";
import { didYouMean } from "../registry/nearest.ts";
import type { Expr } from "./ast.ts";
import { constantOf } from "./fold.ts";
import { ROUTE_ARG_KEYWORDS, type RouteTable } from "./route-table.ts";

type Parse = (value: string | number) => unknown;

export type BoundArg =
  | { readonly kind: "const"; readonly value: unknown }
  | {
      readonly kind: "template";
      readonly template: Template;
      readonly as: "int" | "str" | "text";
      readonly parse: Parse | null;
    }
  | { readonly kind: "expr"; readonly expr: Expr; readonly as: "int" | "str" | "text"; readonly parse: Parse | null }
  | { readonly kind: "var"; readonly ref: PvRef }
  /** A route whose name is computed. */
  | { readonly kind: "routeName"; readonly name: Template | Expr; readonly arg: Arg<unknown> };

/** What names in arguments can mean. */
export interface ArgScope {
  readonly flags: ReadonlyMap<string, number>;
  readonly routes: RouteTable;
  readonly takesInner: TakesInner;
  /** The reader of a text with variables. The checker gives one that reads nothing. */
  readonly reader: ReaderOf;
}

/** Binds one argument, its expression already folded. */
export function bindArg(arg: Arg<unknown>, expr: Expr, scope: ArgScope): BoundArg | ArgError {
  switch (arg.kind) {
    case "var":
      return bindVariable(arg, expr, scope);
    case "route":
      return bindRoute(arg, expr, scope);
    case "int":
      return bindInt(arg, expr, scope);
    case "raw":
      return bindRaw(arg, expr, scope);
    default:
      return bindText(arg, expr, scope);
  }
}

function bindVariable(arg: Arg<unknown>, expr: Expr, scope: ArgScope): BoundArg | ArgError {
  if (expr.kind === "pv") return { kind: "var", ref: expr.ref };
  if (expr.kind === "str" && expr.value.startsWith("$")) {
    const ref = parsePv(expr.value);
    if (!("problem" in ref)) return { kind: "var", ref };
    if (arg.orText !== true) return new ArgError(`${expr.value}: ${ref.problem}`);
  }
  if (arg.orText === true) return bindAsText(expr, scope);
  return new ArgError(`${arg.name} is a variable`, "write it as $var(x)");
}

// A text in the place of a variable: can be read, not assigned.
function bindAsText(expr: Expr, scope: ArgScope): BoundArg | ArgError {
  const value = expr.kind === "word" ? expr.text : constantOf(expr);
  if (value === null) return new ArgError("an expression stands in the place of a text", "write a text or a variable");
  const get = scope.reader(String(value));
  return get instanceof ArgError ? get : { kind: "const", value: { get } };
}

function bindInt(arg: Arg<unknown>, expr: Expr, scope: ArgScope): BoundArg | ArgError {
  const text =
    expr.kind === "str" || expr.kind === "word" ? (expr.kind === "str" ? expr.value : expr.text).trim() : null;
  if (expr.kind === "int") return constant(arg, expr.value);
  if (text === null) return { kind: "expr", expr, as: "int", parse: arg.parse ?? null };
  const flag = scope.flags.get(text);
  if (flag !== undefined) return constant(arg, flag);
  if (/^[+-]?\d{1,10}$/.test(text)) return constant(arg, Number.parseInt(text, 10) | 0);
  if (/^0x[0-9a-fA-F]{1,8}$/.test(text)) return constant(arg, Number.parseInt(text, 16) | 0);
  if (expr.kind === "str" && text.includes("$")) {
    const template = parseTemplate(text, scope.takesInner);
    return "problem" in template
      ? new ArgError(template.problem)
      : { kind: "template", template, as: "int", parse: arg.parse ?? null };
  }
  const hint =
    didYouMean(text, scope.flags.keys()) ??
    (expr.kind === "word" ? `if it is a flag, declare it: flags ${text};` : null);
  return new ArgError(`${arg.name} is a number, not ${text === "" ? "an empty text" : text}`, hint);
}

// As written: escapes in double quotes were read by the lexer, nothing else is.
function bindRaw(arg: Arg<unknown>, expr: Expr, scope: ArgScope): BoundArg | ArgError {
  const value = expr.kind === "word" ? expr.text : constantOf(expr);
  if (value === null || arg.make === undefined)
    return new ArgError(
      `${arg.name} is taken as it is written`,
      "give a text in quotes; variables are not replaced in it",
    );
  const made = arg.make(String(value), scope.reader);
  return made instanceof ArgError ? made : { kind: "const", value: made };
}

function bindText(arg: Arg<unknown>, expr: Expr, scope: ArgScope): BoundArg | ArgError {
  if (expr.kind === "word") return constant(arg, expr.text);
  const value = constantOf(expr);
  const as = arg.kind === "text" ? "text" : "str";
  if (value === null) return { kind: "expr", expr, as, parse: arg.parse ?? null };
  if (typeof value === "number" || !value.includes("$")) return constant(arg, String(value));
  const template = parseTemplate(value, scope.takesInner);
  if ("problem" in template) return new ArgError(template.problem, "write $$ for a dollar sign");
  if (template.length === 1 && typeof template[0] === "string") return constant(arg, template[0]);
  return { kind: "template", template, as, parse: arg.parse ?? null };
}

function constant(arg: Arg<unknown>, value: string | number): BoundArg | ArgError {
  if (arg.kind === "text") return { kind: "const", value: () => String(value) };
  if (arg.parse === undefined) return { kind: "const", value };
  const parsed = arg.parse(value);
  return parsed instanceof ArgError ? parsed : { kind: "const", value: parsed };
}

function bindRoute(arg: Arg<unknown>, expr: Expr, scope: ArgScope): BoundArg | ArgError {
  const group = arg.route ?? "route";
  const text = expr.kind === "word" ? expr.text : constantOf(expr);
  if (text === null) return { kind: "routeName", name: expr, arg };
  const name = String(text);
  if (name === "0" || name === "") return { kind: "const", value: 0 };
  const found = scope.routes.find(group, name);
  if (found !== null) return { kind: "const", value: found.id };
  if (name.includes("$")) {
    const template = parseTemplate(name, scope.takesInner);
    return "problem" in template ? new ArgError(template.problem) : { kind: "routeName", name: template, arg };
  }
  const keyword = ROUTE_ARG_KEYWORDS[group];
  return new ArgError(`there is no ${keyword} named ${name}`, didYouMean(name, scope.routes.names(group)));
}
