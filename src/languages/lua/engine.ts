// LuaEngine: runs the functions of Lua scripts for messages. Each run is a coroutine of the machine: a function that has to wait
// suspends it, other messages go on, and the script sees a plain call.

import type { RouteContext, RouteResult } from "../../proxy/context.ts";
import { ArgError, type CallPlace } from "../../registry/args.ts";
import type { KemiResult, ScriptApi, ScriptArg, ScriptCall, ScriptEngine } from "../../registry/kemi.ts";
import type { Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import { lua } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import { EXIT, type LuaLimits, LuaMachine, ScriptError } from "./machine.ts";
import { argumentAt, pushGlobal, pushText } from "./values.ts";

/** One run of a script for a message. */
interface Run {
  readonly ctx: RouteContext;
  readonly thread: LuaState;
  /** What it waits for, while it is suspended by a function of ours. */
  pending: Promise<Value> | null;
  /** The function it waits in. */
  waitsIn: ScriptCall | null;
}

/** What a run gives when there is nothing to run. */
export const NO_FUNCTION = -0x7fffffff;

/** Idle coroutines that are kept for the next runs. */
const IDLE_THREADS = 64;

/** The scripts of one module instance, in the machine that runs them now. */
export class LuaEngine implements ScriptEngine {
  private machine: LuaMachine;
  private readonly report: (text: string) => void;
  private readonly limits: LuaLimits;
  private current: Run | null = null;
  private idle: LuaState[] = [];

  constructor(report: (text: string) => void, limits: LuaLimits) {
    this.report = report;
    this.limits = limits;
    this.machine = new LuaMachine(limits);
  }

  /** What is wrong with the text of a script; null when it can be read. */
  problemOf(bytes: Uint8Array, name: string): string | null {
    const machine = new LuaMachine(this.limits);
    return machine.loadInto(machine.newThread(), textOf(bytes, 0, bytes.length), `@${name}`);
  }

  /**
   * Loads scripts into a fresh machine that then takes the place of the old one; their top level runs over a request in name only. `registered`: the modules under sr, all when empty. Throws
   * ScriptError; the old one then goes on.
   */
  load(
    scripts: readonly { readonly name: string; readonly bytes: Uint8Array }[],
    api: ScriptApi,
    registered: readonly string[],
    ctx: RouteContext,
  ): void {
    const machine = new LuaMachine(this.limits);
    const tables = this.tablesOf(api);
    machine.define("KSR", tables);
    machine.define("sr", olderTables(tables, registered));
    const before = this.current;
    this.current = { ctx, thread: machine.L, pending: null, waitsIn: null };
    try {
      for (const { name, bytes } of scripts) machine.runChunk(bytes, name);
    } finally {
      this.current = before;
    }
    this.machine = machine;
    this.idle = [];
  }

  has(name: string): boolean {
    return name !== "" && this.machine.hasFunction(name);
  }

  run(name: string, ctx: RouteContext, args: readonly ScriptArg[]): RouteResult {
    const thread = this.idle.pop() ?? this.machine.newThread();
    if (pushGlobal(thread, name) !== lua.LUA_TFUNCTION) {
      lua.lua_settop(thread, 0);
      this.idle.push(thread);
      this.report(`there is no function ${name} in the script`);
      return NO_FUNCTION;
    }
    for (const arg of args) {
      if (typeof arg === "number") lua.lua_pushnumber(thread, arg);
      else pushText(thread, arg);
    }
    return this.resume({ ctx, thread, pending: null, waitsIn: null }, args.length);
  }

  /** Runs a text in the machine of the scripts. Errors are logged and give -1. */
  runText(text: string, name: string, ctx: RouteContext): RouteResult {
    const thread = this.idle.pop() ?? this.machine.newThread();
    const error = this.machine.loadInto(thread, text, name);
    if (error !== null) {
      this.report(error);
      return NO_FUNCTION;
    }
    return this.resume({ ctx, thread, pending: null, waitsIn: null }, 0);
  }

  private resume(run: Run, count: number): RouteResult {
    const { thread } = run;
    const before = this.current;
    this.current = run;
    const status = lua.lua_resume(thread, null, count);
    this.current = before;
    if (status === lua.LUA_OK) return this.finished(run);
    if (status === lua.LUA_YIELD) return this.suspended(run);
    const machine = this.machine;
    const error = machine.errorOf(thread);
    if (error === EXIT) return 1;
    throw new ScriptError(error);
  }

  private finished({ thread }: Run): number {
    const rc =
      lua.lua_gettop(thread) > 0 && lua.lua_type(thread, 1) === lua.LUA_TNUMBER ? lua.lua_tonumber(thread, 1) : 1;
    lua.lua_settop(thread, 0);
    if (this.idle.length < IDLE_THREADS) this.idle.push(thread);
    return rc;
  }

  private suspended(run: Run): RouteResult {
    const { pending, waitsIn, thread } = run;
    if (pending === null || waitsIn === null)
      throw new ScriptError("the script's main function yields; only coroutines of its own may");
    run.pending = null;
    return pending.then(
      (value) => {
        lua.lua_settop(thread, 0);
        return this.resume(run, this.push(thread, waitsIn, value));
      },
      (error: unknown) => {
        this.report(`${waitsIn.name}: ${error instanceof Error ? error.message : String(error)}`);
        lua.lua_settop(thread, 0);
        return this.resume(run, this.push(thread, waitsIn, waitsIn.gives === "value" ? null : -1));
      },
    );
  }

  private tablesOf(api: ScriptApi): Tables {
    const tables: Tables = new Map();
    for (const [group, calls] of api.groups) {
      const functions = new Map<string, LuaFunction>();
      for (const [name, call] of calls) functions.set(name, this.functionOf(call));
      tables.set(group, functions);
    }
    const modf = this.modf(api);
    tables.get("x")?.set("modf", modf);
    tables.get("")?.set("modf", modf);
    return tables;
  }

  private functionOf(call: ScriptCall): LuaFunction {
    const endsScript = call.name === "KSR.x.exit" || call.name === "KSR.x.drop";
    return (L) => {
      const pushed = this.invoke(L, call, 1);
      if (!endsScript) return pushed;
      pushText(L, EXIT);
      return lua.lua_error(L);
    };
  }

  /** KSR.x.modf(name, …): a function of the native language. */
  private modf(api: ScriptApi): LuaFunction {
    return (L) => {
      const name = String(argumentAt(L, 1) ?? "");
      const call = api.native(name);
      if (call !== null) return this.invoke(L, call, 2);
      this.report(`KSR.x.modf: there is no function ${name}`);
      lua.lua_pushnumber(L, -1);
      return 1;
    };
  }

  private invoke(L: LuaState, call: ScriptCall, first: number): number {
    const run = this.current;
    if (run === null) throw new ScriptError(`${call.name}: no message is being routed`);
    const count = lua.lua_gettop(L) - first + 1;
    const args = new Array<ScriptArg>(count);
    for (let i = 0; i < count; i++) {
      const value = argumentAt(L, first + i);
      if (value === null) return this.refuse(L, call, `argument ${i + 1} is neither a text nor a number`);
      args[i] = value;
    }
    const result: KemiResult | ArgError = call.call(run.ctx, args, call.wantsPlace ? this.place(L) : undefined);
    if (typeof result === "object" && result !== null) {
      if (result instanceof ArgError) return this.refuse(L, call, result.message);
      run.pending = result;
      run.waitsIn = call;
      return lua.lua_yield(L, 0);
    }
    return this.push(L, call, result);
  }

  private refuse(L: LuaState, call: ScriptCall, why: string): number {
    const { file, line } = this.place(L);
    this.report(`${file}:${line}: ${call.name}: ${why}`);
    if (call.gives === "value") lua.lua_pushnil(L);
    else lua.lua_pushboolean(L, false);
    return 1;
  }

  private place(L: LuaState): CallPlace {
    return this.machine.place(L, 1);
  }

  private push(L: LuaState, call: ScriptCall, value: Value): number {
    switch (call.gives) {
      case "none": // as there
        lua.lua_pushboolean(L, false);
        return 1;
      case "bool":
        lua.lua_pushboolean(L, typeof value === "number" && value > 0);
        return 1;
      default:
        if (typeof value === "number") lua.lua_pushnumber(L, value);
        else if (value === null) lua.lua_pushnil(L);
        else pushText(L, value);
        return 1;
    }
  }
}

type Tables = Map<string, Map<string, LuaFunction>>;

// What SIP Router's releases had under sr: the same functions, of the modules that are registered.
function olderTables(tables: Tables, registered: readonly string[]): Tables {
  if (registered.length === 0) return tables;
  const isThere = (group: string): boolean => ["", "hdr", "pv"].includes(group) || registered.includes(group);
  return new Map([...tables].filter(([group]) => isThere(group)));
}
