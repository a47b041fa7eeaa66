// Kinds of argument a module function takes. Each gives the TypeScript type that `run` receives, and how a constant or a value
// computed by the script becomes it; constants are turned once, when the script is compiled.

import type { RouteContext } from "../proxy/context.ts";
import type { Value } from "../sip/value.ts";

/** A variable a function may read or write ($var(x), $avp(s:y) …), already resolved. */
export interface Accessor {
  get(ctx: RouteContext): Value;
  /** Absent when the variable cannot be assigned. */
  readonly set?: (ctx: RouteContext, value: Value) => void;
}

/** Why an argument cannot be used: a value, not an exception (style.md, 6.9). */
export class ArgError {
  readonly message: string;
  readonly hint: string | null;
  constructor(message: string, hint: string | null = null) {
    this.message = message;
    this.hint = hint;
  }
}

/** Which kind of named route an argument names; resolved to a number when the script is compiled. */
export type RouteArg = "failure" | "branch" | "onreply" | "branchFailure" | "route";

/**
 * One declared argument.
 * - `int`: a number, or text that is one; expressions are evaluated and converted.
 * - `str`: text with variables, or an expression converted to text.
 * - `var`: a writable or readable variable, passed as an Accessor and not evaluated.
 * - `route`: name of a route of the kind in `route`, passed as its number.
 */
export interface Arg<T> {
  readonly kind: "int" | "str" | "var" | "route";
  readonly name: string;
  readonly optional: boolean;
  readonly route?: RouteArg;
  /** Turns the text or number into what `run` gets; for a constant called once at compile time, else on each call. */
  readonly parse?: (value: string | number) => T | ArgError;
  /** Never present: carries the type. */
  readonly type?: T;
}

/** An integer. */
export function int(name: string): Arg<number> {
  return { kind: "int", name, optional: false };
}
/** A byte string; variables in it are replaced. */
export function str(name: string): Arg<string> {
  return { kind: "str", name, optional: false };
}
/** A variable itself. */
export function variable(name: string): Arg<Accessor> {
  return { kind: "var", name, optional: false };
}
/** The name of a route of that kind. */
export function route(name: string, kind: RouteArg): Arg<number> {
  return { kind: "route", name, optional: false, route: kind };
}
/** Text that is parsed to something better, once when it is constant: a flag list, a URI, a pattern. */
export function parsed<T>(name: string, parse: (text: string) => T | ArgError): Arg<T> {
  return { kind: "str", name, optional: false, parse: (value) => parse(String(value)) };
}
/** The same argument, but it may be left out; `run` then gets undefined. Optional arguments come last. */
export function optional<T>(arg: Arg<T>): Arg<T | undefined> {
  return { ...arg, optional: true } as Arg<T | undefined>;
}

/** The types `run` receives for a list of arguments. */
export type ArgTypes<A extends readonly Arg<unknown>[]> = { [K in keyof A]: A[K] extends Arg<infer T> ? T : never };
