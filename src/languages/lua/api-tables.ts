// The functions of modules as the tables KSR and sr of a machine.

import { ArgError } from "../../registry/args.ts";
import type { KemiResult, ScriptApi, ScriptArg, ScriptCall } from "../../registry/kemi.ts";
import type { Value } from "../../sip/value.ts";
import { calleeMaker, modfMaker } from "./compiled/api-calls.ts";
import type { RunTime } from "./compiled/run-time.ts";
import { EXIT, ScriptError } from "./ends.ts";
import { lua } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import type { LuaMachine } from "./machine.ts";
import type { Suspension } from "./suspension.ts";
import { argumentAt, pushText } from "./values.ts";

/** Functions by group ("" for those directly in the table) and name. */
export type Tables = Map<string, Map<string, LuaFunction>>;

/** What the functions of one machine need. */
interface Place {
  readonly machine: LuaMachine;
  readonly suspension: Suspension;
  readonly report: (text: string) => void;
  /** Told of each call, by the function's name; null for nobody. */
  readonly trace: ((name: string) => void) | null;
}

/** The tables of one machine. */
export function tablesOf(api: ScriptApi, place: Place): Tables {
  const tables: Tables = new Map();
  for (const [group, calls] of api.groups) {
    const functions = new Map<string, LuaFunction>();
    for (const [name, call] of calls) functions.set(name, functionOf(call, place));
    tables.set(group, functions);
  }
  const modf = modfOf(api, place);
  tables.get("x")?.set("modf", modf);
  tables.get("")?.set("modf", modf);
  return tables;
}

/** What SIP Router's releases had under sr: the same functions, of the modules that are registered; of all when none is. */
export function olderTables(tables: Tables, registered: readonly string[]): Tables {
  if (registered.length === 0) return tables;
  const isThere = (group: string): boolean => ["", "hdr", "pv"].includes(group) || registered.includes(group);
  return new Map([...tables].filter(([group]) => isThere(group)));
}

function functionOf(call: ScriptCall, place: Place): LuaFunction {
  const { suspension, machine, trace } = place;
  const isLast = call.name === "KSR.x.exit" || call.name === "KSR.x.drop";
  const plain: LuaFunction = (L) => invoke(L, call, 1, place);
  const last: LuaFunction = (L) => {
    invoke(L, call, 1, place);
    pushText(L, EXIT);
    return lua.lua_error(L);
  };
  const fn = isLast ? last : plain;
  if (trace !== null)
    return (L) => {
      trace(call.name);
      return fn(L);
    };
  machine.runTime.know(fn, calleeMaker(call, { suspension, runTime: machine.runTime }, isLast));
  return fn;
}

/** KSR.x.modf(name, …): a function of the native language. */
function modfOf(api: ScriptApi, place: Place): LuaFunction {
  const { suspension, machine } = place;
  const modf: LuaFunction = (L) => {
    const name = String(argumentAt(L, 1) ?? "");
    const call = api.native(name);
    if (call !== null) return invoke(L, call, 2, place);
    place.report(`KSR.x.modf: there is no function ${name}`);
    lua.lua_pushnumber(L, -1);
    return 1;
  };
  machine.runTime.know(modf, modfMaker(api, { suspension, runTime: machine.runTime }));
  return modf;
}

function invoke(L: LuaState, call: ScriptCall, first: number, place: Place): number {
  const run = place.suspension.current;
  if (run === null) throw new ScriptError(`${call.name}: no message is being routed`);
  const { runTime } = place.machine;
  if (runTime.held !== null) return finish(L, call, place, takeOutcome(runTime));
  const count = lua.lua_gettop(L) - first + 1;
  const args = new Array<ScriptArg>(count);
  for (let i = 0; i < count; i++) {
    const value = argumentAt(L, first + i);
    if (value === null) return refuse(L, call, `argument ${i + 1} is neither a text nor a number`, place);
    args[i] = value;
  }
  const result = call.call(run.ctx, args, call.wantsPlace ? place.machine.place(L, 1) : undefined);
  return finish(L, call, place, result);
}

// How the call went that a compiled function left to the interpreter.
function takeOutcome(runTime: RunTime): KemiResult | ArgError {
  const held = runTime.held!;
  runTime.held = null;
  if ("error" in held) throw held.error;
  return held.result;
}

function finish(L: LuaState, call: ScriptCall, place: Place, result: KemiResult | ArgError): number {
  if (typeof result !== "object" || result === null) return push(L, call, result);
  if (result instanceof ArgError) return refuse(L, call, result.message, place);
  return place.suspension.wait(L, {
    promise: result,
    name: call.name,
    push: (state, value) => push(state, call, value as Value),
    pushFailure: (state) => push(state, call, call.gives === "value" ? null : -1),
  });
}

function refuse(L: LuaState, call: ScriptCall, why: string, place: Place): number {
  const { file, line } = place.machine.place(L, 1);
  place.report(`${file}:${line}: ${call.name}: ${why}`);
  if (call.gives === "value") lua.lua_pushnil(L);
  else lua.lua_pushboolean(L, false);
  return 1;
}

function push(L: LuaState, call: ScriptCall, value: Value): number {
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
