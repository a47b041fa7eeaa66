// What the operators of Lua do with the values of compiled functions, beside what generated code does itself. AGAIN: the interpreter knows.

import { ltable } from "../fengari.ts";
import { general } from "../format.ts";
import { isPlain, isWhole, type LuaValue, numberOf, Table, whole } from "./registers.ts";
import { AGAIN } from "./signals.ts";

type Binary = (a: LuaValue, b: LuaValue) => LuaValue;

// Whole numbers of the machine wrap when they meet: the interpreter's business. Texts that are numbers too.
function arithmetic(of: (a: number, b: number) => number): Binary {
  return (a, b) => {
    if (isWhole(a) && isWhole(b)) return AGAIN;
    const x = numberOf(a);
    const y = numberOf(b);
    return x === undefined || y === undefined ? AGAIN : of(x, y);
  };
}

function modulo(a: number, b: number): number {
  const rest = a % b;
  return rest * b < 0 ? rest + b : rest;
}

function comparison(of: (a: number, b: number) => boolean): Binary {
  return (a, b) => {
    const x = numberOf(a);
    const y = numberOf(b);
    return x === undefined || y === undefined ? AGAIN : of(x, y);
  };
}

/** Whether two values are equal. */
function equal(a: LuaValue, b: LuaValue): LuaValue {
  if (a === b) return true;
  if (typeof a !== "object" && typeof b !== "object") return false;
  if (!isPlain(a) || !isPlain(b)) return AGAIN;
  const x = numberOf(a);
  return x !== undefined && x === numberOf(b);
}

function length(value: LuaValue): LuaValue {
  if (typeof value === "string") return whole(value.length);
  return value instanceof Table && value.metatable === null ? whole(ltable.luaH_getn(value)) : AGAIN;
}

/** The text that values are behind one another. */
function concat(values: readonly LuaValue[]): LuaValue {
  let text = "";
  for (const value of values) {
    if (typeof value === "string") text += value;
    else if (typeof value === "number") text += general(value, 14);
    else return AGAIN;
  }
  return text;
}

/** What the counter of a loop begins with, before its first step. Its limit and step are numbers then. */
function loopStart(first: LuaValue, limit: LuaValue, step: LuaValue): LuaValue {
  return numberOf(limit) === undefined ? AGAIN : operations.sub(first, step);
}

/** The results of a call as a list. */
function all(result: LuaValue): readonly LuaValue[] {
  return Array.isArray(result) ? result : [result];
}

/** By the names they have in generated code. */
export const operations = {
  add: arithmetic((a, b) => a + b),
  sub: arithmetic((a, b) => a - b),
  mul: arithmetic((a, b) => a * b),
  div: arithmetic((a, b) => a / b),
  mod: arithmetic(modulo),
  pow: arithmetic((a, b) => a ** b),
  idiv: arithmetic((a, b) => Math.floor(a / b)),
  less: comparison((a, b) => a < b),
  lessEqual: comparison((a, b) => a <= b),
  equal,
  length,
  concat,
  loopStart,
  numberOf,
  all,
  none: [] as readonly LuaValue[],
} as const;
