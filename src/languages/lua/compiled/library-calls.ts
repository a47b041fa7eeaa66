// Functions of Lua's libraries as compiled functions call them: those that only compute, on a thread of their own. One that fails has done
// nothing yet; the interpreter calls it once more, and the error comes from there.

import { takeEnding } from "../budget.ts";
import { lua } from "../fengari.ts";
import type { LuaFunction, LuaState } from "../fengari-types.ts";
import { key } from "../values.ts";
import { isPlain, type LuaValue, load, placed } from "./registers.ts";
import { AGAIN } from "./signals.ts";
import type { Callee } from "./sites.ts";

/** Names by library; "_G" for the globals. None calls back, none can wait, none changes anything before it has looked at its arguments. */
const NAMES: Readonly<Record<string, string>> = {
  _G: "type tostring tonumber select rawget rawset rawequal next pairs ipairs unpack",
  string: "byte char find format gsub len lower match rep reverse sub upper",
  table: "concat insert remove",
  math: "abs acos asin atan atan2 ceil cos deg exp floor fmod log max min modf rad random sin sqrt tan",
  os: "time date clock difftime getenv",
};

/** Arguments of gsub; the third may be a function that calls back, or a table. */
const REPLACEMENT = 2;

/** What the run in progress may still take. */
interface Budget {
  left: number;
}

/** The functions of one machine's libraries. */
export class LibraryCalls {
  private readonly known = new Map<LuaFunction, Callee>();
  private readonly aside: LuaState;
  private readonly run: Budget;

  /** The libraries are open. */
  constructor(L: LuaState, run: Budget) {
    this.run = run;
    const aside = lua.lua_newthread(L);
    lua.lua_pop(L, 1);
    aside.errorJmp = { status: lua.LUA_OK, previous: null }; // where the machine throws errors to
    this.aside = aside;
    for (const [library, names] of Object.entries(NAMES)) {
      lua.lua_getglobal(L, key(library));
      for (const name of names.split(" ")) this.add(L, name);
      lua.lua_pop(L, 1);
    }
  }

  /** What a place runs that calls this function; null when the interpreter has to. */
  calleeOf(fn: LuaFunction): Callee | null {
    return this.known.get(fn) ?? null;
  }

  // The function of that name in the table on top.
  private add(L: LuaState, name: string): void {
    lua.lua_getfield(L, -1, key(name));
    const fn = lua.lua_tocfunction(L, -1);
    lua.lua_pop(L, 1);
    if (fn === null) return; // written in Lua
    const call: Callee = (_fn, ...args) => this.call(fn, args);
    const plainGsub: Callee = (_fn, ...args) => (typeof args[REPLACEMENT] === "string" ? this.call(fn, args) : AGAIN);
    this.known.set(fn, name === "gsub" ? plainGsub : call);
    if (name === "ipairs") this.addIterator(fn, L);
  }

  // ipairs gives a function that has no name.
  private addIterator(ipairs: LuaFunction, L: LuaState): void {
    lua.lua_pushcfunction(L, ipairs);
    lua.lua_newtable(L);
    lua.lua_call(L, 1, 1);
    const step = lua.lua_tocfunction(L, -1)!;
    lua.lua_pop(L, 1);
    this.known.set(step, (_fn, ...args) => this.call(step, args));
  }

  private call(fn: LuaFunction, args: readonly LuaValue[]): LuaValue {
    const { aside, run } = this;
    for (const value of args) if (!isPlain(value)) return AGAIN;
    const isLimited = aside.basehookcount > 0;
    if (isLimited) aside.hookcount = Math.max(1, run.left);
    try {
      lua.lua_pushcfunction(aside, fn);
      for (const value of args) aside.stack[aside.top++] = placed(aside, value);
      lua.lua_call(aside, args.length, lua.LUA_MULTRET);
      const results = this.takeResults();
      if (isLimited) run.left -= Math.max(0, Math.max(1, run.left) - aside.hookcount);
      return results;
    } catch {
      takeEnding();
      this.reset();
      return AGAIN;
    }
  }

  private takeResults(): LuaValue {
    const { aside } = this;
    const count = aside.top - 1;
    if (count === 1) {
      const only = load(aside.stack[1]!);
      delete aside.stack[--aside.top];
      return only;
    }
    const results: LuaValue[] = [];
    for (let i = 1; i <= count; i++) results.push(load(aside.stack[i]!));
    this.reset();
    return results;
  }

  private reset(): void {
    const { aside } = this;
    aside.ci = aside.base_ci;
    aside.base_ci.next = null;
    while (aside.top > 1) delete aside.stack[--aside.top];
    aside.status = lua.LUA_OK;
    aside.nCcalls = 0;
    aside.nny = 1;
    aside.allowhook = 1;
  }
}
