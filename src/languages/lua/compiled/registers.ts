// Values of Lua as compiled functions hold them: nil is undefined, truth values, floats and texts (octets, one a character) are those of
// JavaScript, functions and tables the machine's own objects. What would be mistaken for another type (whole numbers of the machine, light
// userdata) stays in a TValue of its own.

import { lobject, lstate, ltable, luaS_hashlongstr, ValueType } from "../fengari.ts";
import type { LuaState, LuaString, TValue } from "../fengari-types.ts";
import { stringOf, textIn } from "../values.ts";

/** A value of Lua, or a Signal in its place. */
export type LuaValue = unknown;

const { TValue: Boxed, LClosure, CClosure, Udata } = lobject;
const { Table } = ltable;
const { lua_State: Thread } = lstate;
const { LUA_TNIL, LUA_TBOOLEAN, LUA_TLIGHTUSERDATA, LUA_TNUMFLT, LUA_TNUMINT, LUA_TSHRSTR, LUA_TLNGSTR } = ValueType;
const { LUA_TTABLE, LUA_TLCF, LUA_TLCL, LUA_TCCL, LUA_TUSERDATA, LUA_TTHREAD } = ValueType;

/** The value in a place of the machine. */
export function load(from: TValue): LuaValue {
  const { type, value } = from;
  if (type === LUA_TLCF || type === LUA_TTABLE) return value; // by far most that are asked for
  if (type === LUA_TLNGSTR || type === LUA_TSHRSTR) return textIn(value as LuaString);
  if (type === LUA_TNIL) return undefined;
  if (type === LUA_TBOOLEAN) return value !== false;
  return type === LUA_TNUMINT || type === LUA_TLIGHTUSERDATA ? new Boxed(type, value) : value;
}

/** Puts a value into a place of the machine. */
export function store(L: LuaState, to: TValue, value: LuaValue): void {
  if (typeof value === "string") {
    to.type = LUA_TLNGSTR;
    to.value = stringOf(L, value);
    return;
  }
  to.type = typeOf(value);
  to.value = value;
  if (value instanceof Boxed) to.value = value.value;
  else if (value === undefined) to.value = null;
}

/** A value in a place of its own. */
export function placed(L: LuaState, value: LuaValue): TValue {
  const place = new Boxed(LUA_TNIL, null);
  store(L, place, value);
  return place;
}

function typeOf(value: LuaValue): number {
  switch (typeof value) {
    case "number":
      return LUA_TNUMFLT;
    case "boolean":
      return LUA_TBOOLEAN;
    case "function":
      return LUA_TLCF;
    case "undefined":
      return LUA_TNIL;
    default:
      return typeOfObject(value);
  }
}

function typeOfObject(value: LuaValue): number {
  if (value instanceof Table) return LUA_TTABLE;
  if (value instanceof Boxed) return value.type;
  if (value instanceof LClosure) return LUA_TLCL;
  if (value instanceof CClosure) return LUA_TCCL;
  if (value instanceof Udata) return LUA_TUSERDATA;
  if (value instanceof Thread) return LUA_TTHREAD;
  throw new Error("no value of Lua");
}

/** A whole number of the machine. */
export function whole(n: number): LuaValue {
  return new Boxed(LUA_TNUMINT, n);
}

/** The number that a value is; undefined when it is none. */
export function numberOf(value: LuaValue): number | undefined {
  if (typeof value === "number") return value;
  return isWhole(value) ? (value.value as number) : undefined;
}

/** Whether a value is a whole number of the machine. */
export function isWhole(value: LuaValue): value is TValue {
  return value instanceof Boxed && value.type === LUA_TNUMINT;
}

/** What a table finds a value by; undefined for what no table holds, or what only the machine can tell. */
export function hashOf(L: LuaState, key: LuaValue): unknown {
  if (typeof key === "string") return luaS_hashlongstr(stringOf(L, key));
  if (key instanceof Boxed) return key.type === LUA_TNUMINT ? key.value : undefined;
  return key;
}

/** Whether a value is no light userdata and has no metatable of its own. */
export function isPlain(value: LuaValue): boolean {
  if (value instanceof Table || value instanceof Udata) return value.metatable === null;
  return !(value instanceof Boxed) || value.type === LUA_TNUMINT;
}

export { LClosure, Table };
