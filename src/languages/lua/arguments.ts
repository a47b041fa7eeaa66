// Arguments of our functions in the machine, and errors about them.

import { lauxlib, lua } from "./fengari.ts";
import type { LuaState } from "./fengari-types.ts";
import { key, pushText, textAt } from "./values.ts";

/** Raises an error with the script's place before it. Does not return. */
export function fail(L: LuaState, text: string, level = 1): never {
  lauxlib.luaL_where(L, level);
  const place = textAt(L, -1);
  lua.lua_pop(L, 1);
  pushText(L, place + text);
  lua.lua_error(L);
  throw new Error("lua_error returned");
}

/** Raises "bad argument #index to 'function' (why)". Does not return. */
export function wrongArgument(L: LuaState, index: number, why: string): never {
  lauxlib.luaL_argerror(L, index, key(why));
  throw new Error("luaL_argerror returned");
}

/** The name of the type of an argument; "no value" when it is not there. */
export function typeName(L: LuaState, index: number): string {
  if (lua.lua_gettop(L) < index) return "no value";
  return String.fromCharCode(...lua.lua_typename(L, lua.lua_type(L, index)));
}

/** Whether an argument is nil or not there. */
export function isMissing(L: LuaState, index: number): boolean {
  return lua.lua_gettop(L) < index || lua.lua_type(L, index) === lua.LUA_TNIL;
}

/** A text argument; numbers count as texts. */
export function textArg(L: LuaState, index: number): string {
  const type = lua.lua_gettop(L) < index ? -1 : lua.lua_type(L, index);
  if (type === lua.LUA_TSTRING) return textAt(L, index);
  if (type !== lua.LUA_TNUMBER) wrongArgument(L, index, `string expected, got ${typeName(L, index)}`);
  lua.lua_pushvalue(L, index);
  lua.lua_tostring(L, -1);
  const text = textAt(L, -1);
  lua.lua_pop(L, 1);
  return text;
}

/** A number argument; texts of digits count as numbers. */
export function numberArg(L: LuaState, index: number): number {
  if (lua.lua_gettop(L) >= index && lua.lua_isnumber(L, index)) return lua.lua_tonumber(L, index);
  return wrongArgument(L, index, `number expected, got ${typeName(L, index)}`);
}

/** The same with what counts when it is not there. */
export function optionalNumber(L: LuaState, index: number, otherwise: number): number {
  return isMissing(L, index) ? otherwise : numberArg(L, index);
}

/** The same for texts. */
export function optionalText(L: LuaState, index: number, otherwise: string): string {
  return isMissing(L, index) ? otherwise : textArg(L, index);
}
