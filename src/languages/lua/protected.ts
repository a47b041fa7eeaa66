// pcall and xpcall as in Lua 5.1. The machine's own leave a coroutine without hooks once they caught an error: its budget would be lost.

import { typeName, wrongArgument } from "./arguments.ts";
import { lua } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import { key } from "./values.ts";

/** Puts both into the globals. */
export function openProtected(L: LuaState): void {
  lua.lua_pushcfunction(L, pcall);
  lua.lua_setglobal(L, key("pcall"));
  lua.lua_pushcfunction(L, xpcall);
  lua.lua_setglobal(L, key("xpcall"));
}

// What stands below the results: nothing for pcall, function and handler for xpcall.
const finish =
  (below: number) =>
  (L: LuaState, status: number): number => {
    L.allowhook = 1;
    if (status === lua.LUA_OK || status === lua.LUA_YIELD) return lua.lua_gettop(L) - below;
    lua.lua_pushboolean(L, false);
    lua.lua_pushvalue(L, -2);
    return 2;
  };
const finishPcall = finish(0);
const finishXpcall = finish(2);

const pcall: LuaFunction = (L) => {
  if (lua.lua_gettop(L) === 0) wrongArgument(L, 1, "value expected");
  lua.lua_pushboolean(L, true); // the first result, if all goes well
  lua.lua_insert(L, 1);
  const status = lua.lua_pcallk(L, lua.lua_gettop(L) - 2, lua.LUA_MULTRET, 0, 0, finishPcall);
  return finishPcall(L, status);
};

const xpcall: LuaFunction = (L) => {
  if (lua.lua_gettop(L) < 2) wrongArgument(L, 2, `value expected, got ${typeName(L, 2)}`);
  lua.lua_settop(L, 2);
  lua.lua_insert(L, 1); // the handler below the function
  lua.lua_pushboolean(L, true);
  lua.lua_pushvalue(L, 2);
  const status = lua.lua_pcallk(L, 0, lua.LUA_MULTRET, 1, 0, finishXpcall);
  return finishXpcall(L, status);
};
