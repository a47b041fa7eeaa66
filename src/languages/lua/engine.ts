// LuaEngine: runs the functions of Lua scripts for messages. Each run is a coroutine of the machine: a function that has to wait
// suspends it, other messages go on, and the script sees a plain call.

import type { RouteContext, RouteResult } from "../../proxy/context.ts";
import type { ScriptApi, ScriptArg, ScriptEngine } from "../../registry/kemi.ts";
import { textOf } from "../../util/bytes.ts";
import { olderTables, tablesOf } from "./api-tables.ts";
import { resume, takeEnding } from "./budget.ts";
import { type LuaValue, numberOf, placed } from "./compiled/registers.ts";
import { AGAIN, ENDED } from "./compiled/signals.ts";
import type { Compiled } from "./compiled/sites.ts";
import { EXIT, ScriptError } from "./ends.ts";
import { lua } from "./fengari.ts";
import type { LuaClosure, LuaState } from "./fengari-types.ts";
import { type LuaLimits, LuaMachine } from "./machine.ts";
import { type Run, Suspension } from "./suspension.ts";
import { pushText, textAt } from "./values.ts";

/** A script as it is loaded. */
export interface LuaScript {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a run gives when there is nothing to run. */
export const NO_FUNCTION = -0x7fffffff;

/** The scripts of one module instance, in the machine that runs them now. */
export class LuaEngine implements ScriptEngine {
  private machine: LuaMachine;
  private readonly report: (text: string) => void;
  private readonly limits: LuaLimits;
  private readonly suspension = new Suspension();

  constructor(report: (text: string) => void, limits: LuaLimits) {
    this.report = report;
    this.limits = limits;
    this.machine = new LuaMachine(limits, this.suspension);
  }

  /** What is wrong with the text of a script; null when it can be read. */
  problemOf(bytes: Uint8Array, name: string): string | null {
    const { machine } = this;
    const thread = machine.takeThread();
    const problem = machine.loadInto(thread, textOf(bytes, 0, bytes.length), `@${name}`);
    machine.giveBack(thread);
    return problem;
  }

  /**
   * Loads scripts into a fresh machine that then takes the place of the old one, where runs that are suspended go on to their end; their top level runs
   * over a request in name only. `registered`: the modules under sr, all when empty. Throws ScriptError; the old one then goes on.
   */
  load(scripts: readonly LuaScript[], api: ScriptApi, registered: readonly string[], ctx: RouteContext): void {
    const { suspension } = this;
    const machine = new LuaMachine(this.limits, suspension);
    const tables = tablesOf(api, { machine, suspension, report: this.report, trace: this.limits.trace });
    machine.define("KSR", tables);
    machine.define("sr", olderTables(tables, registered));
    const before = suspension.current;
    suspension.current = { ctx, machine, thread: machine.L, wait: null };
    try {
      for (const { name } of scripts) machine.lookBeside(name);
      for (const { name, bytes } of scripts) machine.runChunk(bytes, name);
    } finally {
      suspension.current = before;
    }
    this.machine = machine;
  }

  has(name: string): boolean {
    return name !== "" && this.machine.functionNamed(name) !== null;
  }

  run(name: string, ctx: RouteContext, args: readonly ScriptArg[]): RouteResult {
    const { machine } = this;
    const fn = machine.functionNamed(name);
    if (fn === null) {
      this.report(`there is no function ${name} in the script`);
      return NO_FUNCTION;
    }
    const run: Run = { ctx, machine, thread: null, wait: null };
    if (typeof fn !== "function") {
      const compiled = machine.runTime.compiledOf(fn);
      const result = compiled === null ? AGAIN : this.runCompiled(run, compiled, fn, args);
      if (result !== AGAIN) return result as RouteResult;
    }
    const thread = machine.takeThread();
    run.thread = thread;
    thread.stack[thread.top++] = placed(thread, fn);
    for (const arg of args) {
      if (typeof arg === "number") lua.lua_pushnumber(thread, arg);
      else pushText(thread, arg);
    }
    return this.resume(run, thread, args.length);
  }

  /** Runs a text in the machine of the scripts. Errors are logged and give NO_FUNCTION. */
  runText(text: string, name: string, ctx: RouteContext): RouteResult {
    const { machine } = this;
    const thread = machine.takeThread();
    const error = machine.loadInto(thread, text, name);
    if (error !== null) {
      machine.giveBack(thread);
      this.report(error);
      return NO_FUNCTION;
    }
    return this.resume({ ctx, machine, thread, wait: null }, thread, 0);
  }

  // A compiled function; the interpreter goes on where that cannot. AGAIN: nothing was done.
  private runCompiled(
    run: Run,
    compiled: Compiled,
    fn: LuaClosure,
    args: readonly ScriptArg[],
  ): RouteResult | typeof AGAIN {
    const { suspension } = this;
    const { machine } = run;
    const { runTime } = machine;
    const before = suspension.current;
    suspension.current = run;
    let result: LuaValue;
    try {
      result = runTime.start(compiled, fn, args);
    } catch (error) {
      throw new ScriptError(error instanceof Error ? error.message : String(error));
    } finally {
      suspension.current = before;
    }
    if (typeof result !== "symbol") return codeOf(result);
    if (result === ENDED) return 1;
    if (result === AGAIN) return AGAIN;
    const thread = machine.takeThread();
    run.thread = thread;
    runTime.restore(thread);
    try {
      return this.resume(run, thread, 0);
    } finally {
      runTime.dropHeld();
    }
  }

  private resume(run: Run, thread: LuaState, count: number): RouteResult {
    const { suspension } = this;
    const { machine } = run;
    const before = suspension.current;
    suspension.current = run;
    const status = resume(thread, null, count);
    suspension.current = before;
    if (status === lua.LUA_OK) {
      const rc = resultOf(thread);
      machine.giveBack(thread);
      return rc;
    }
    if (status === lua.LUA_YIELD) return this.suspended(run, thread);
    const message = takeEnding()?.message ?? textAt(thread, -1);
    const failure = message === EXIT ? null : new ScriptError(machine.traced(thread, message));
    machine.giveBack(thread);
    if (failure === null) return 1;
    throw failure;
  }

  private suspended(run: Run, thread: LuaState): Promise<number> {
    const { wait } = run;
    if (wait === null) throw new ScriptError("the script's main function yields; only coroutines of its own may");
    return wait.promise.then(
      (value) => {
        run.wait = null;
        return this.resume(run, thread, wait.push(thread, value));
      },
      (error: unknown) => {
        run.wait = null;
        this.report(`${wait.name}: ${error instanceof Error ? error.message : String(error)}`);
        return this.resume(run, thread, wait.pushFailure(thread));
      },
    );
  }
}

// A function that returns no number is done well.
function resultOf(thread: LuaState): number {
  const isNumber = lua.lua_gettop(thread) > 0 && lua.lua_type(thread, 1) === lua.LUA_TNUMBER;
  return isNumber ? lua.lua_tonumber(thread, 1) : 1;
}

function codeOf(result: LuaValue): number {
  return numberOf(Array.isArray(result) ? result[0] : result) ?? 1;
}
