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

/** Makes a text when it is asked for. */
export type TextReader = (ctx: RouteContext) => string;

/** The reader of a text with variables. */
export type ReaderOf = (text: string) => TextReader | ArgError;

/** Where in the configuration a call stands; lines count from 1. */
export interface CallPlace {
  readonly file: string;
  readonly line: number;
}

/** Which kind of named route an argument names; resolved to a number when the script is compiled. */
export type RouteArg = "failure" | "branch" | "onreply" | "branchFailure" | "route";

/**
 * One declared argument.
 * - `int`: a number, or text that is one; expressions are evaluated and converted.
 * - `str`: text with variables, or an expression converted to text.
 * - `var`: a writable or readable variable, passed as an Accessor and not evaluated.
 * - `route`: name of a route of the kind in `route`, passed as its number.
 * - `raw`: constant text, taken as it is written: no variables in it; made into what `run` gets by `make` when the script is compiled.
 * - `text`: as `str`, but `run` gets a function that makes the text, so that it costs nothing when it is not wanted.
 * - `place`: not written in the script; filled in by the compiler. It comes last.
 */
export interface Arg<T> {
  readonly kind: "int" | "str" | "var" | "route" | "raw" | "text" | "place";
  readonly name: string;
  readonly optional: boolean;
  readonly route?: RouteArg;
  /** Of `var`: whether it may also be a text; `run` then gets an Accessor that cannot be assigned. */
  readonly orText?: boolean;
  /** Of `var`, in other languages: makes the variable as it is written from what the script passes. */
  readonly wrap?: (text: string) => string;
  /** Turns the text or number into what `run` gets; for a constant called once at compile time, else on each call. */
  readonly parse?: (value: string | number) => T | ArgError;
  /** Of `raw`: from the text; `reader` is for parts of it in which variables count. */
  readonly make?: (text: string, reader: ReaderOf) => T | ArgError;
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
/** A variable, or a text with variables in it where the place of arguments varies. */
export function variableOrText(name: string): Arg<Accessor> {
  return { kind: "var", name, optional: false, orText: true };
}
/** The name of a variable of one class, in other languages: "x" of class avp is $avp(x). */
export function nameIn(className: string): Arg<Accessor> {
  return { kind: "var", name: "name", optional: false, wrap: (text) => `$${className}(${text})` };
}
/** The name of a route of that kind. */
export function route(name: string, kind: RouteArg): Arg<number> {
  return { kind: "route", name, optional: false, route: kind };
}
/** Text that is parsed to something better, once when it is constant: a flag list, a URI, a pattern. */
export function parsed<T>(name: string, parse: (text: string) => T | ArgError): Arg<T> {
  return { kind: "str", name, optional: false, parse: (value) => parse(String(value)) };
}
/** Constant text without variables, as it stands in the script: a pattern, whose dollar sign means the end. */
export function raw<T>(name: string, make: (text: string, reader: ReaderOf) => T | ArgError): Arg<T> {
  return { kind: "raw", name, optional: false, make };
}
/** A byte string made only when it is wanted. */
export function text(name: string): Arg<TextReader> {
  return { kind: "text", name, optional: false };
}
/** Where the call stands: the last argument of `run`, which the script does not write. */
export function place(): Arg<CallPlace> {
  return { kind: "place", name: "place", optional: true };
}
/** The same argument, but it may be left out; `run` then gets undefined. Optional arguments come last. */
export function optional<T>(arg: Arg<T>): Arg<T | undefined> {
  return { ...arg, optional: true } as Arg<T | undefined>;
}

/** The types `run` receives for a list of arguments. */
export type ArgTypes<A extends readonly Arg<unknown>[]> = { [K in keyof A]: A[K] extends Arg<infer T> ? T : never };
