// LuaMachine: one state of the Lua virtual machine with its libraries and the tables of ours.

import type { CallPlace } from "../../registry/args.ts";
import { BudgetSpent, limit, takeEnding, watchMachine } from "./budget.ts";
import { RunTime } from "./compiled/run-time.ts";
import { nativeError, openCoroutines } from "./coroutines.ts";
import { speakLua51 } from "./dialect.ts";
import { ScriptError } from "./ends.ts";
import { lauxlib, lobject, lua, lualib, luaS_hashlongstr } from "./fengari.ts";
import type { LuaClosure, LuaFunction, LuaState, LuaTable, TableEntry } from "./fengari-types.ts";
import { openFileLoading, scriptText } from "./files.ts";
import { openIo } from "./io.ts";
import { openLibrary } from "./library.ts";
import { openOs } from "./os.ts";
import { openProtected } from "./protected.ts";
import { openStrings } from "./strings.ts";
import type { Surroundings } from "./surroundings.ts";
import { Suspension } from "./suspension.ts";
import { key, pushText, shortName, stringOf, textAt } from "./values.ts";

/** What a run of a script may take, and what it reaches. */
export interface LuaLimits {
  /** Instructions of the machine in one run; 0 for no limit. */
  readonly instructions: number;
  /** embed/lua51.lua. */
  readonly prelude: Uint8Array;
  readonly around: Surroundings;
  /** Told of each function of ours that a script calls, which the interpreter then runs all of; null for nobody. */
  readonly trace: ((name: string) => void) | null;
}

const INFO_PLACE = key("Sl");

/** Idle coroutines that are kept for the next runs, and how large their stacks may be. */
const IDLE_THREADS = 64;
const IDLE_STACK = 1000;

/** One state, its libraries open. Not shared between loads: a reload makes a new one. */
export class LuaMachine {
  readonly L: LuaState;
  readonly runTime: RunTime;
  private readonly globals: LuaTable;
  /** Globals that were asked for. */
  private readonly entries = new Map<string, TableEntry>();
  private lastName = "";
  private lastEntry: TableEntry | undefined;
  private readonly idle: LuaState[] = [];

  constructor(limits: LuaLimits, suspension = new Suspension()) {
    speakLua51();
    watchMachine();
    const L = lauxlib.luaL_newstate();
    this.L = L;
    lua.lua_atnativeerror(L, nativeError);
    lualib.luaL_openlibs(L);
    openLibrary(L, limits.around);
    openStrings(L);
    openProtected(L);
    openCoroutines(L, suspension);
    openIo(L, limits.around, suspension);
    openOs(L, limits.around, suspension);
    openFileLoading(L, limits.around);
    this.runChunk(limits.prelude, "lua51.lua");
    limit(L, limits.instructions);
    this.runTime = new RunTime(L, limits.trace === null);
    lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, lua.LUA_RIDX_GLOBALS);
    this.globals = L.stack[L.top - 1]!.value as LuaTable;
    lua.lua_pop(L, 1);
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

  /** Lets require() find modules beside a script, after all other places. */
  lookBeside(script: string): void {
    const { L } = this;
    const folder = script.slice(0, script.lastIndexOf("/") + 1);
    if (folder === "") return;
    lua.lua_getglobal(L, key("package"));
    lua.lua_getfield(L, -1, key("path"));
    pushText(L, `${textAt(L, -1)};${folder}?.lua`);
    lua.lua_setfield(L, -3, key("path"));
    lua.lua_pop(L, 2);
  }

  /** Runs a chunk at the top level, with a budget of its own. Throws ScriptError. */
  runChunk(bytes: Uint8Array, name: string): void {
    const { L } = this;
    const text = scriptText(bytes);
    L.hookcount = L.basehookcount;
    if (lauxlib.luaL_loadbuffer(L, text, text.length, key(`@${name}`)) !== lua.LUA_OK) throw this.takeError(L);
    try {
      if (lua.lua_pcall(L, 0, 0, 0) !== lua.LUA_OK) throw this.takeError(L);
    } catch (error) {
      if (takeEnding() === null) throw error;
      throw new ScriptError(`${name}: ${error instanceof BudgetSpent ? error.message : String(error)}`);
    }
  }

  /** Puts the function that a text makes onto a coroutine; what is wrong with the text, or null. */
  loadInto(thread: LuaState, text: string, name: string): string | null {
    const bytes = scriptText(key(text));
    if (lauxlib.luaL_loadbuffer(thread, bytes, bytes.length, key(name)) === lua.LUA_OK) return null;
    const error = textAt(thread, -1);
    lua.lua_settop(thread, 0);
    return error;
  }

  /** The function that the global of that name is: the script's or one of ours; null when it is none. */
  functionNamed(name: string): LuaClosure | LuaFunction | null {
    let entry = name === this.lastName ? this.lastEntry : this.entries.get(name);
    if (entry?.value === undefined) {
      entry = this.globals.strong.get(luaS_hashlongstr(stringOf(this.L, name)));
      if (entry === undefined) return null;
      this.entries.set(name, entry);
    }
    this.lastName = name;
    this.lastEntry = entry;
    const { value } = entry.value!;
    return value instanceof lobject.LClosure || typeof value === "function"
      ? (value as LuaClosure | LuaFunction)
      : null;
  }

  /** A coroutine for a run, with a full budget. */
  takeThread(): LuaState {
    const kept = this.idle.pop();
    if (kept !== undefined) return kept;
    const { L } = this;
    const thread = lua.lua_newthread(L);
    lua.lua_pop(L, 1);
    return thread;
  }

  /** Takes back a coroutine whose run has ended, however that was. */
  giveBack(thread: LuaState): void {
    if (this.idle.length >= IDLE_THREADS || thread.stack.length > IDLE_STACK) return;
    thread.ci = thread.base_ci;
    thread.base_ci.next = null;
    while (thread.top > 1) delete thread.stack[--thread.top];
    thread.status = lua.LUA_OK;
    thread.errorJmp = null;
    thread.nCcalls = 0;
    thread.nny = 1;
    thread.errfunc = 0;
    thread.allowhook = 1;
    thread.hookcount = thread.basehookcount;
    this.idle.push(thread);
  }

  /** Where the script is, `level` functions above ours. */
  place(L: LuaState, level: number): CallPlace {
    const ar = new lua.lua_Debug();
    if (lua.lua_getstack(L, level, ar) === 0) return { file: "", line: 0 };
    lua.lua_getinfo(L, INFO_PLACE, ar);
    return { file: shortName(ar.short_src), line: Math.max(0, ar.currentline) };
  }

  /** A message with the traceback of a coroutine that failed. */
  traced(thread: LuaState, message: string): string {
    lauxlib.luaL_traceback(this.L, thread, key(message), 0);
    const text = textAt(this.L, -1);
    lua.lua_pop(this.L, 1);
    return text;
  }

  private takeError(L: LuaState): ScriptError {
    const text = textAt(L, -1);
    lua.lua_pop(L, 1);
    return new ScriptError(text);
  }
}
