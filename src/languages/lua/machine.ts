// LuaMachine: one state of the Lua virtual machine with its libraries and the tables of ours.

import type { CallPlace } from "../../registry/args.ts";
import { textOf } from "../../util/bytes.ts";
import { speakLua51 } from "./dialect.ts";
import { lauxlib, lua, lualib } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import { type LibraryHost, openLibrary } from "./library.ts";
import { key, pushGlobal, textAt } from "./values.ts";

/** What a run of a script may take. */
export interface LuaLimits {
  /** Instructions of the machine in one run; 0 for no limit. */
  readonly instructions: number;
  /** embed/lua51.lua. */
  readonly prelude: Uint8Array;
  readonly library: LibraryHost;
}

/** A script that cannot be loaded, or that failed; the message has file, line and traceback. */
export class ScriptError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ScriptError";
  }
}

/** What KSR.x.exit() throws, as there: ends the script, and is no error. */
export const EXIT = "~~ksr~exit~~";

const INFO_PLACE = key("Sl");

/** One state, its libraries open. Not shared between loads: a reload makes a new one. */
export class LuaMachine {
  readonly L: LuaState;
  private readonly limits: LuaLimits;

  constructor(limits: LuaLimits) {
    this.limits = limits;
    speakLua51();
    this.L = lauxlib.luaL_newstate();
    lualib.luaL_openlibs(this.L);
    openLibrary(this.L, limits.library);
    this.runChunk(limits.prelude, "lua51.lua");
  }

  /** A table of tables of functions as a global; those of the group "" stand in it directly. */
  define(name: string, groups: ReadonlyMap<string, ReadonlyMap<string, LuaFunction>>): void {
    const { L } = this;
    lua.lua_newtable(L);
    for (const [group, functions] of groups) {
      if (group !== "") lua.lua_newtable(L);
      for (const [own, fn] of functions) {
        lua.lua_pushcfunction(L, fn);
        lua.lua_setfield(L, -2, key(own));
      }
      if (group !== "") lua.lua_setfield(L, -2, key(group));
    }
    lua.lua_setglobal(L, key(name));
  }

  /** Runs a chunk at the top level. Throws ScriptError. */
  runChunk(bytes: Uint8Array, name: string): void {
    const { L } = this;
    if (lauxlib.luaL_loadbuffer(L, bytes, bytes.length, key(`@${name}`)) !== lua.LUA_OK) throw this.takeError(L);
    if (lua.lua_pcall(L, 0, 0, 0) !== lua.LUA_OK) throw this.takeError(L);
  }

  /** Puts the function that a text makes onto a coroutine; what is wrong with the text, or null. */
  loadInto(thread: LuaState, text: string, name: string): string | null {
    const bytes = key(text);
    if (lauxlib.luaL_loadbuffer(thread, bytes, bytes.length, key(name)) === lua.LUA_OK) return null;
    const error = textAt(thread, -1);
    lua.lua_settop(thread, 0);
    return error;
  }

  hasFunction(name: string): boolean {
    const isThere = pushGlobal(this.L, name) === lua.LUA_TFUNCTION;
    lua.lua_pop(this.L, 1);
    return isThere;
  }

  /** A coroutine, for a run. */
  newThread(): LuaState {
    const { L } = this;
    const thread = lua.lua_newthread(L);
    lua.lua_pop(L, 1);
    if (this.limits.instructions > 0) lua.lua_sethook(thread, tooMany, lua.LUA_MASKCOUNT, this.limits.instructions);
    return thread;
  }

  /** Where the script is, `level` functions above ours. */
  place(L: LuaState, level: number): CallPlace {
    const ar = new lua.lua_Debug();
    if (lua.lua_getstack(L, level, ar) === 0) return { file: "", line: 0 };
    lua.lua_getinfo(L, INFO_PLACE, ar);
    const { short_src: file } = ar;
    const end = file.indexOf(0);
    return { file: textOf(file, 0, end < 0 ? file.length : end), line: Math.max(0, ar.currentline) };
  }

  /** What a failed coroutine says, with its traceback. */
  errorOf(thread: LuaState): string {
    const message = textAt(thread, -1);
    lauxlib.luaL_traceback(this.L, thread, key(message), 0);
    const text = textAt(this.L, -1);
    lua.lua_pop(this.L, 1);
    return message === EXIT ? message : text;
  }

  private takeError(L: LuaState): ScriptError {
    const text = textAt(L, -1);
    lua.lua_pop(L, 1);
    return new ScriptError(text);
  }
}

function tooMany(): void {
  throw new ScriptError("the script was ended: it ran for too long");
}
