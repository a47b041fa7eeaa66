// Functions of modules as compiled functions call them: without a stack of the machine. What does not end at once (a promise, an error, an
// argument that is refused) is kept for the interpreter, which calls again and finds it there.

import type { CallPlace } from "../../../registry/args.ts";
import type { KemiResult, ScriptApi, ScriptArg, ScriptCall } from "../../../registry/kemi.ts";
import type { Suspension } from "../suspension.ts";
import { type LuaValue, numberOf } from "./registers.ts";
import type { RunTime } from "./run-time.ts";
import { AGAIN, ENDED } from "./signals.ts";
import { type CalleeMaker, placeOf } from "./sites.ts";

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
    const place = call.wantsPlace ? placeOf(site) : undefined;
    if (isLast)
      return (_fn, ...args) => {
        const result = invoke(call, args, calls, place);
        return result === AGAIN ? AGAIN : ENDED;
      };
    return (_fn, ...args) => invoke(call, args, calls, place);
  };
}

/** The same for KSR.x.modf. */
export function modfMaker(api: ScriptApi, calls: Calls): CalleeMaker {
  return (site) =>
    (_fn, name, ...args) => {
      const call = typeof name === "string" ? api.native(name) : null;
      return call === null ? AGAIN : invoke(call, args, calls, call.wantsPlace ? placeOf(site) : undefined);
    };
}

function invoke(
  call: ScriptCall,
  args: LuaValue[],
  { suspension, runTime }: Calls,
  place: CallPlace | undefined,
): LuaValue {
  const run = suspension.current;
  if (run === null) return AGAIN;
  for (let i = 0; i < args.length; i++) {
    if (typeof args[i] === "string" || typeof args[i] === "number") continue;
    const number = numberOf(args[i]);
    if (number === undefined) return AGAIN;
    args[i] = number;
  }
  let result: ReturnType<ScriptCall["call"]>;
  try {
    result = call.call(run.ctx, args as ScriptArg[], place);
  } catch (error) {
    runTime.held = { error };
    return AGAIN;
  }
  if (typeof result !== "object" || result === null) return valueOf(call, result, runTime);
  runTime.held = { result };
  return AGAIN;
}

function valueOf({ gives }: ScriptCall, result: Exclude<KemiResult, Promise<unknown>>, runTime: RunTime): LuaValue {
  if (gives === "none") return false;
  if (gives === "bool") return typeof result === "number" && result > 0;
  if (result === null) return undefined;
  if (typeof result === "string" && result.length > FREE_LENGTH)
    runTime.left -= Math.ceil(result.length / OCTETS_OF_INSTRUCTION);
  return result;
}
