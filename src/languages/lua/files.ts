// Lua texts in files: loadfile, and what dofile and require (embed/lua51.lua) need.

import { HostError } from "../../host/host.ts";
import { isMissing, textArg } from "./arguments.ts";
import { lauxlib, lua } from "./fengari.ts";
import type { LuaState } from "./fengari-types.ts";
import { Access, mustBeOpen, type Surroundings, systemText } from "./surroundings.ts";
import { wordsOf } from "./system-errors.ts";
import { key, pushText, textAt } from "./values.ts";

const LF = 10;
const HASH = 35;

/** A script's text without its first line when that begins with "#", as for the shell. The end of that line stays, so that lines keep their numbers. */
export function scriptText(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== HASH) return bytes;
  const end = bytes.indexOf(LF);
  return bytes.subarray(end < 0 ? bytes.length : end);
}

/** Pushes the function that a file's text makes; null, or what is wrong with it. */
export function loadFile(L: LuaState, { host }: Surroundings, name: string): string | null {
  let bytes: Uint8Array;
  try {
    bytes = scriptText(host.files.read(systemText(name)));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return `cannot open ${name}: ${wordsOf(error)}`;
  }
  if (lauxlib.luaL_loadbuffer(L, bytes, bytes.length, key(`@${name}`)) === lua.LUA_OK) return null;
  const problem = textAt(L, -1);
  lua.lua_pop(L, 1);
  return problem;
}

/** Puts loadfile into the globals, and a table _HOST for the prelude, which takes it away. */
export function openFileLoading(L: LuaState, around: Surroundings): void {
  lua.lua_pushcfunction(L, (state) => {
    mustBeOpen(state, around, Access.FILES, "loadfile");
    return loadOrTell(state, around, isMissing(state, 1) ? "/dev/null" : textArg(state, 1));
  });
  lua.lua_setglobal(L, key("loadfile"));
  lua.lua_newtable(L);
  lua.lua_pushcfunction(L, (state) => {
    lua.lua_pushboolean(state, around.host.files.exists(systemText(textArg(state, 1))));
    return 1;
  });
  lua.lua_setfield(L, -2, key("exists"));
  lua.lua_pushcfunction(L, (state) => loadOrTell(state, around, textArg(state, 1)));
  lua.lua_setfield(L, -2, key("load"));
  lua.lua_setglobal(L, key("_HOST"));
}

function loadOrTell(L: LuaState, around: Surroundings, name: string): number {
  const problem = loadFile(L, around, name);
  if (problem === null) return 1;
  lua.lua_pushnil(L);
  pushText(L, problem);
  return 2;
}
