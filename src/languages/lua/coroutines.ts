// The library coroutine. A coroutine of the script in which a function of ours waits suspends what resumed it too, up to the run itself;
// the script sees a plain call. All coroutines of a run share its budget.

import { fail, typeName, wrongArgument } from "./arguments.ts";
import { charge, isEnding, passEnding, resume } from "./budget.ts";
import { EXIT } from "./ends.ts";
import { lua } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import type { Suspension } from "./suspension.ts";
import { key, pushText, textAt } from "./values.ts";

/** Instructions that a new coroutine counts as: it is large. */
const CREATE_COST = 20;

/** Results of `advance` beside how many values there are. */
const FAILED = -1;
const WAITING = -2;

/** What is done with how it went: pushes results onto L and returns how many, or raises. */
type Finish = (L: LuaState, results: number) => number;

function threadAt(L: LuaState): LuaState {
  const thread = lua.lua_tothread(L, 1);
  if (thread === null) return wrongArgument(L, 1, "coroutine expected");
  return thread;
}

const resumed: Finish = (L, results) => {
  const isWell = results !== FAILED;
  lua.lua_pushboolean(L, isWell);
  lua.lua_insert(L, isWell ? -(results + 1) : -2);
  return isWell ? results + 1 : 2;
};

const unwrapped: Finish = (L, results) => {
  if (results !== FAILED) return results;
  const isText = lua.lua_type(L, -1) === lua.LUA_TSTRING;
  const text = isText ? textAt(L, -1) : "";
  if (isText && text !== EXIT) fail(L, text);
  return lua.lua_error(L);
};

/** Puts create, resume, wrap, status, running and yield into the library, which is open. */
export function openCoroutines(L: LuaState, suspension: Suspension): void {
  // Runs `co` with the `count` values on top of L. What it gives is then on top of L.
  const advance = (from: LuaState, co: LuaState, count: number): number => {
    const problem = co === from ? "cannot resume running coroutine" : whyNot(co);
    if (problem !== null) {
      lua.lua_pop(from, count);
      pushText(from, problem);
      return FAILED;
    }
    lua.lua_xmove(from, co, count);
    co.outer = from;
    co.hookcount = from.hookcount;
    const status = resume(co, from, count);
    from.hookcount = co.hookcount;
    passEnding();
    if (status === lua.LUA_YIELD && suspension.current?.wait != null) {
      co.waits = true;
      return WAITING;
    }
    co.outer = null;
    const isWell = status === lua.LUA_OK || status === lua.LUA_YIELD;
    const results = isWell ? lua.lua_gettop(co) : 1;
    lua.lua_xmove(co, from, results);
    return isWell ? results : FAILED;
  };
  const run = (from: LuaState, co: LuaState, count: number, finish: Finish): number => {
    const results = advance(from, co, count);
    if (results !== WAITING) return finish(from, results);
    const below = lua.lua_gettop(from);
    return lua.lua_yieldk(from, 0, 0, (back) => {
      co.waits = false;
      return run(back, co, lua.lua_gettop(back) - below, finish);
    });
  };
  const status = original(L, "status");
  const create = original(L, "create");
  const functions: Record<string, LuaFunction> = {
    resume: (from) => run(from, threadAt(from), lua.lua_gettop(from) - 1, resumed),
    create: (maker) => {
      charge(maker, CREATE_COST);
      return create(maker);
    },
    wrap: (maker) => {
      charge(maker, CREATE_COST);
      if (lua.lua_type(maker, 1) !== lua.LUA_TFUNCTION)
        wrongArgument(maker, 1, `function expected, got ${typeName(maker, 1)}`);
      const co = lua.lua_newthread(maker);
      lua.lua_pop(maker, 1);
      lua.lua_pushvalue(maker, 1);
      lua.lua_xmove(maker, co, 1);
      lua.lua_pushcfunction(maker, (from) => run(from, co, lua.lua_gettop(from), unwrapped));
      return 1;
    },
    status: (state) => {
      if (threadAt(state).waits !== true) return status(state);
      pushText(state, "normal");
      return 1;
    },
    // the run itself is no coroutine to the script
    running: (state) => {
      if (state.outer == null) lua.lua_pushnil(state);
      else lua.lua_pushthread(state);
      return 1;
    },
    yield: (state) => {
      if (state.outer == null) fail(state, "attempt to yield across metamethod/C-call boundary");
      lua.lua_yield(state, lua.lua_gettop(state));
      return 0;
    },
  };
  lua.lua_getglobal(L, key("coroutine"));
  for (const [name, fn] of Object.entries(functions)) {
    lua.lua_pushcfunction(L, fn);
    lua.lua_setfield(L, -2, key(name));
  }
  lua.lua_pushnil(L);
  lua.lua_setfield(L, -2, key("isyieldable"));
  lua.lua_pop(L, 1);
}

// Why a coroutine cannot be resumed; null when it can.
function whyNot(co: LuaState): string | null {
  if (co.waits === true || (co.status === lua.LUA_OK && co.ci !== co.base_ci)) return "cannot resume normal coroutine";
  const isOver = co.status === lua.LUA_OK ? lua.lua_gettop(co) === 0 : co.status !== lua.LUA_YIELD;
  return isOver ? "cannot resume dead coroutine" : null;
}

function original(L: LuaState, name: string): LuaFunction {
  lua.lua_getglobal(L, key("coroutine"));
  lua.lua_getfield(L, -1, key(name));
  const fn = lua.lua_tocfunction(L, -1)!;
  lua.lua_pop(L, 2);
  return fn;
}

/** What an error of the program itself is to the script: a text, unless it ends the run. For lua_atnativeerror. */
export const nativeError: LuaFunction = (L) => {
  const error = lua.lua_touserdata(L, 1);
  if (isEnding(error)) throw error;
  pushText(L, error instanceof Error ? error.message : String(error));
  return 1;
};
