// From what a script passes (a text or a number) to what a module's function gets. Texts met before are remembered, up to a bound:
// scripts pass the same constants again and again.

import type { RouteContext } from "../proxy/context.ts";
import type { AskedVariables } from "../pv/asked.ts";
import { type Accessor, type Arg, ArgError, type ReaderOf, type RouteArg } from "../registry/args.ts";
import type { ScriptArg } from "../registry/kemi.ts";

/** What the names and texts in arguments mean in one generation. */
export interface Conversions {
  /** The reader of a text with variables in it. */
  readonly reader: ReaderOf;
  /** The variable that a text is as a whole. */
  readonly variable: (text: string) => Accessor | ArgError;
  /** The number of a route; 0 when there is none of that name. */
  readonly routeNumber: (kind: RouteArg, name: string) => number;
  /** The variables that are asked for before they are read. */
  readonly asked: AskedVariables;
  /** Whether variables in texts are replaced, as in the native language. */
  readonly asNative?: boolean;
}

/** Turns one argument of a call; ArgError when it cannot be used. */
export type Convert = (value: ScriptArg, ctx: RouteContext) => unknown;

/** How many texts are remembered for one argument. */
const REMEMBERED = 256;

/** The conversion of one declared argument. */
export function conversionOf(arg: Arg<unknown>, conversions: Conversions): Convert {
  switch (arg.kind) {
    case "int":
      return intConversion(arg, conversions);
    case "str":
      return textConversion(arg, conversions);
    case "text":
      return formatConversion(conversions);
    case "var":
      return variableConversion(arg, conversions);
    case "route":
      return routeConversion(arg, conversions);
    default:
      return rawConversion(arg, conversions);
  }
}

/** What is wrong with a constant as that argument; null when nothing is, or only a run can tell. Routes are not looked for. */
export function constantProblem(arg: Arg<unknown>, value: ScriptArg, conversions: Conversions): ArgError | null {
  const { reader, variable, asNative = false } = conversions;
  const orNull = (made: unknown): ArgError | null => (made instanceof ArgError ? made : null);
  const text = String(value);
  if (asNative && (arg.kind === "int" || arg.kind === "str") && text.includes("$")) return orNull(reader(text));
  switch (arg.kind) {
    case "int": {
      const found = typeof value === "number" ? [] : NUMBER.exec(value);
      if (found === null) return new ArgError(`${arg.name} is a number, not "${text}"`);
      return orNull(arg.parse?.(Math.trunc(Number(found[1] ?? value)) | 0));
    }
    case "str":
      return orNull(arg.parse?.(text));
    case "text":
      return orNull(reader(text));
    case "var": {
      const name = arg.wrap === undefined ? text : arg.wrap(text);
      if (name.startsWith("$") && arg.orText !== true) return orNull(variable(name));
      return arg.orText === true
        ? orNull(reader(name))
        : new ArgError(`${arg.name} is a variable, not "${text}"`, 'write it as "$var(x)"');
    }
    case "raw":
      return orNull(arg.make?.(text, reader));
    default:
      return null;
  }
}

/** The same function with what it gave for the last texts kept. */
export function remembered<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined && !known.has(text)) {
      value = make(text);
      if (known.size >= REMEMBERED) known.clear();
      known.set(text, value);
    }
    return value as T;
  };
}

const NUMBER = /^\s*([+-]?(?:0[xX][0-9a-fA-F]+|\d+))\s*$/;

function intConversion(arg: Arg<unknown>, { reader, asNative = false }: Conversions): Convert {
  const ofNumber = arg.parse ?? ((n: string | number) => n);
  const ofText = (text: string): unknown => {
    const found = NUMBER.exec(text);
    return found === null ? new ArgError(`${arg.name} is a number, not "${text}"`) : ofNumber(Number(found[1]!) | 0);
  };
  const readers = remembered(reader);
  return (value, ctx) => {
    if (typeof value === "number") return ofNumber(Math.trunc(value) | 0);
    if (!asNative || !value.includes("$")) return ofText(value);
    const read = readers(value);
    return read instanceof ArgError ? read : ofText(read(ctx));
  };
}

function textConversion(arg: Arg<unknown>, { reader, asNative = false }: Conversions): Convert {
  const { parse } = arg;
  const made = parse === undefined ? (text: string): unknown => text : remembered(parse);
  if (!asNative) return (value) => made(String(value));
  const readers = remembered(reader);
  return (value, ctx) => {
    const text = String(value);
    if (!text.includes("$")) return made(text);
    const read = readers(text);
    return read instanceof ArgError ? read : made(read(ctx));
  };
}

// A text that is a format in every language (xlog).
function formatConversion({ reader }: Conversions): Convert {
  const readers = remembered(reader);
  return (value) => readers(String(value));
}

function variableConversion(arg: Arg<unknown>, { reader, variable }: Conversions): Convert {
  const texts = remembered((text: string): unknown => {
    const get = reader(text);
    return get instanceof ArgError ? get : { get };
  });
  const { wrap } = arg;
  return (value) => {
    const text = wrap === undefined ? String(value) : wrap(String(value));
    if (text.startsWith("$")) {
      const accessor = variable(text);
      if (!(accessor instanceof ArgError) || arg.orText !== true) return accessor;
    }
    return arg.orText === true ? texts(text) : new ArgError(`${arg.name} is a variable`, 'write it as "$var(x)"');
  };
}

function routeConversion(arg: Arg<unknown>, { routeNumber }: Conversions): Convert {
  const kind = arg.route ?? "route";
  return (value) => {
    const name = String(value);
    if (name === "" || name === "0") return 0;
    const number = routeNumber(kind, name);
    return number === 0 ? new ArgError(`there is no route or function named ${name}`) : number;
  };
}

function rawConversion(arg: Arg<unknown>, { reader }: Conversions): Convert {
  const made = remembered((text: string): unknown => arg.make?.(text, reader));
  return (value) => made(String(value));
}
