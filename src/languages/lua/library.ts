// Functions of Lua's libraries that the machine has otherwise than Lua 5.1: string.format, collectgarbage, print. And what those cost that make
// much of one instruction.

import { fail, isMissing, typeName } from "./arguments.ts";
import { charge, checkText } from "./budget.ts";
import { lauxlib, lua } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import { formatNumber, padded, quotedForLua, readConversion } from "./format.ts";
import type { Surroundings } from "./surroundings.ts";
import { key, pushText, textAt } from "./values.ts";

function numberAt(L: LuaState, index: number): number {
  if (lua.lua_isnumber(L, index)) return lua.lua_tonumber(L, index);
  return fail(L, `bad argument #${index} to 'format' (number expected, got ${typeName(L, index)})`);
}

// The text of a value as tostring() gives it.
function anyText(L: LuaState, index: number): string {
  lauxlib.luaL_tolstring(L, index);
  const text = textAt(L, -1);
  lua.lua_pop(L, 1);
  return text;
}

const format: LuaFunction = (L) => {
  const text = textAt(L, 1);
  let out = "";
  let used = 1;
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf("%", at);
    if (next < 0) {
      out += text.slice(at);
      break;
    }
    out += text.slice(at, next);
    const found = readConversion(text, next);
    if (found === null) return fail(L, `invalid option '${text.slice(next, next + 2)}' to 'format'`);
    const { spec, end } = found;
    at = end;
    if (spec.kind === "%") {
      out += "%";
      continue;
    }
    used++;
    if (lua.lua_gettop(L) < used) return fail(L, `bad argument #${used} to 'format' (no value)`);
    if (spec.kind === "s") {
      const value = anyText(L, used);
      out += padded(spec, spec.precision < 0 ? value : value.slice(0, spec.precision), false);
    } else if (spec.kind === "q") out += quotedForLua(anyText(L, used));
    else if ("diuoxXeEfgGc".includes(spec.kind)) out += formatNumber(spec, numberAt(L, used));
    else return fail(L, `invalid option '%${spec.kind}' to 'format'`);
  }
  checkText(L, out.length);
  pushText(L, out);
  return 1;
};

const COUNT = "count";

/** Instructions that reading a text as Lua counts as, beside two for each octet; what it makes is large. */
const LOAD_COST = 200;
const DUMP_COST = 500;

/** What the machine's own functions take off the budget of a run, by library, before they do their work. */
const COSTS: Readonly<Record<string, Readonly<Record<string, (L: LuaState) => number>>>> = {
  _G: { load: (L) => LOAD_COST + 2 * lengthAt(L, 1) },
  string: { dump: () => DUMP_COST, byte: (L) => (isMissing(L, 3) ? 0 : lengthAt(L, 1) >> 1) },
  table: { unpack: (L) => (isMissing(L, 3) ? lengthAt(L, 1) : Math.max(0, numberOr(L, 3) - numberOr(L, 2))) >> 1 },
};

// The length of a text or a table; 0 of what has none.
function lengthAt(L: LuaState, index: number): number {
  const type = isMissing(L, index) ? lua.LUA_TNIL : lua.lua_type(L, index);
  return type === lua.LUA_TSTRING || type === lua.LUA_TTABLE ? lua.lua_rawlen(L, index) : 0;
}

function numberOr(L: LuaState, index: number): number {
  return lua.lua_isnumber(L, index) ? lua.lua_tonumber(L, index) : 0;
}

function openCosts(L: LuaState): void {
  for (const [library, costs] of Object.entries(COSTS)) {
    lua.lua_getglobal(L, key(library));
    for (const [name, cost] of Object.entries(costs)) {
      lua.lua_getfield(L, -1, key(name));
      const fn = lua.lua_tocfunction(L, -1)!;
      lua.lua_pop(L, 1);
      lua.lua_pushcfunction(L, (state) => {
        charge(state, cost(state));
        return fn(state);
      });
      lua.lua_setfield(L, -2, key(name));
    }
    lua.lua_pop(L, 1);
  }
}

/** Puts the functions into the tables of the libraries, which are open. */
export function openLibrary(L: LuaState, around: Surroundings): void {
  openCosts(L);
  lua.lua_getglobal(L, key("string"));
  lua.lua_pushcfunction(L, format);
  lua.lua_setfield(L, -2, key("format"));
  lua.lua_pop(L, 1);
  setGlobal(L, "collectgarbage", (state) => {
    const what = lua.lua_gettop(state) > 0 ? textAt(state, 1) : "collect";
    lua.lua_pushnumber(state, what === COUNT ? around.host.process.memory().heapUsed / 1024 : 0);
    return 1;
  });
  setGlobal(L, "print", (state) => {
    const parts: string[] = [];
    for (let i = 1; i <= lua.lua_gettop(state); i++) parts.push(anyText(state, i));
    around.print(parts.join("\t"));
    return 0;
  });
}

function setGlobal(L: LuaState, name: string, fn: LuaFunction): void {
  lua.lua_pushcfunction(L, fn);
  lua.lua_setglobal(L, key(name));
}
