// Functions of modules as compiled functions call them: without a stack of the machine. What does not end at once (a promise, an error, an
// argument that is refused) is kept for the interpreter, which calls again and finds it there.

import type { RouteContext } from "../../../proxy/context.ts";
import type { ArgError, CallPlace } from "../../../registry/args.ts";
import type { KemiResult, ScriptApi, ScriptArg, ScriptCall } from "../../../registry/kemi.ts";
import type { Value } from "../../../sip/value.ts";
import type { Suspension } from "../suspension.ts";
import { type LuaValue, numberOf } from "./registers.ts";
import type { RunTime } from "./run-time.ts";
import { AGAIN, ENDED } from "./signals.ts";
import { type Callee, type CalleeMaker, type CallSite, type Outcome, placeOf } from "./sites.ts";

/** What the calls of one machine need. */
interface Calls {
  readonly suspension: Suspension;
  readonly runTime: RunTime;
}

/** Texts up to this length cost nothing more than the instruction that makes them. */
const FREE_LENGTH = 256;
const OCTETS_OF_INSTRUCTION = 16;

/** What a place runs that calls that function; `isLast`: the run ends with it. */
export function calleeMaker(call: ScriptCall, calls: Calls, isLast: boolean): CalleeMaker {
  return (site) => {
    const callee = calleeOf(call, calls, site);
    if (!isLast) return callee;
    return (fn, ...args) => (callee(fn, ...args) === AGAIN ? AGAIN : ENDED);
  };
}

/** The same for KSR.x.modf. */
export function modfMaker(api: ScriptApi, calls: Calls): CalleeMaker {
  return (site) =>
    (_fn, name, ...args) => {
      const call = typeof name === "string" ? api.native(name) : null;
      if (call === null) return AGAIN;
      const values = argsOf(args);
      return values === null ? AGAIN : invoke(call, values, calls, placeFor(call, site));
    };
}

// By how many arguments there are: a list of any length costs more than the rest of most calls.
function calleeOf(call: ScriptCall, calls: Calls, site: CallSite): Callee {
  const place = placeFor(call, site);
  const fixed = site.constants === null ? null : call.fixed(site.constants, place);
  if (fixed !== null) return () => invokeFixed(call, fixed, calls);
  switch (site.count) {
    case 1:
      return (_fn, a) => {
        const first = argOf(a);
        return first === null ? AGAIN : invoke(call, [first], calls, place);
      };
    case 2:
      return (_fn, a, b) => {
        const first = argOf(a);
        const second = argOf(b);
        return first === null || second === null ? AGAIN : invoke(call, [first, second], calls, place);
      };
    default:
      return (_fn, ...args) => {
        const values = argsOf(args);
        return values === null ? AGAIN : invoke(call, values, calls, place);
      };
  }
}

function placeFor(call: ScriptCall, site: CallSite): CallPlace | undefined {
  return call.wantsPlace ? placeOf(site) : undefined;
}

// Null for what the interpreter refuses.
function argOf(value: LuaValue): ScriptArg | null {
  return typeof value === "string" || typeof value === "number" ? value : (numberOf(value) ?? null);
}

function argsOf(values: readonly LuaValue[]): ScriptArg[] | null {
  const args: ScriptArg[] = [];
  for (const value of values) {
    const arg = argOf(value);
    if (arg === null) return null;
    args.push(arg);
  }
  return args;
}

function invoke(call: ScriptCall, args: readonly ScriptArg[], calls: Calls, place: CallPlace | undefined): LuaValue {
  const run = calls.suspension.current;
  if (run === null) return AGAIN;
  let result: KemiResult | ArgError;
  try {
    result = call.call(run.ctx, args, place);
  } catch (error) {
    return hold({ error }, calls);
  }
  return typeof result === "object" && result !== null ? hold({ result }, calls) : valueOf(call, result, calls);
}

function invokeFixed(call: ScriptCall, fixed: (ctx: RouteContext) => KemiResult, calls: Calls): LuaValue {
  const run = calls.suspension.current;
  if (run === null) return AGAIN;
  let result: KemiResult;
  try {
    result = fixed(run.ctx);
  } catch (error) {
    return hold({ error }, calls);
  }
  return typeof result === "object" && result !== null ? hold({ result }, calls) : valueOf(call, result, calls);
}

function hold(outcome: Outcome, { runTime }: Calls): LuaValue {
  runTime.held = outcome;
  return AGAIN;
}

function valueOf({ gives }: ScriptCall, result: Value, { runTime }: Calls): LuaValue {
  if (gives === "none") return false;
  if (gives === "bool") return typeof result === "number" && result > 0;
  if (result === null) return undefined;
  if (typeof result === "string" && result.length > FREE_LENGTH)
    runTime.left -= Math.ceil(result.length / OCTETS_OF_INSTRUCTION);
  return result;
}
