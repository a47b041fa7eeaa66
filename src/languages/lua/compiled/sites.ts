// Places in scripts that look up a field or call a function, each with what it found last: scripts find the same there again and again.

import type { ArgError, CallPlace } from "../../../registry/args.ts";
import type { KemiResult, ScriptArg } from "../../../registry/kemi.ts";
import { lobject } from "../fengari.ts";
import type { LuaTable, Proto, TableEntry } from "../fengari-types.ts";
import { shortName } from "../values.ts";
import type { LuaValue } from "./registers.ts";
import { AGAIN } from "./signals.ts";

/** How long the name of a file may be in messages. */
const SHORT_SOURCE = 59;
/** A function as it is called: itself, then the arguments. Gives its result, an array of other than one, or a signal. */
export type Callee = (fn: never, ...args: LuaValue[]) => LuaValue;

/** A function of a script as JavaScript. */
export interface Compiled {
  readonly run: Callee;
  /** How often it was entered, and how often it had to leave an instruction to the interpreter that was no waiting call. */
  entered: number;
  left: number;
  /** It leaves so often that the interpreter had better do all of it. */
  isOff: boolean;
}

/** A place in a script that reads or writes a field, with where it found it last. */
export class FieldSite {
  readonly key: string;
  readonly hash: unknown;
  table: LuaTable | null = null;
  entry: TableEntry = NOWHERE;

  constructor(key: string, hash: unknown) {
    this.key = key;
    this.hash = hash;
  }
}
const NOWHERE: TableEntry = { value: undefined };

/** What is known of a call before it is done. */
export interface CallPlan {
  readonly pc: number;
  readonly count: number;
  readonly constants: readonly ScriptArg[] | null;
}

/** A place in a script that calls a function, with the one it called last. */
export class CallSite {
  readonly proto: Proto;
  readonly pc: number;
  /** How many arguments it has; -1 when that is not always the same. */
  readonly count: number;
  /** The arguments when all of them are constants. */
  readonly constants: readonly ScriptArg[] | null;
  fn: LuaValue = null;
  run: Callee = neverRun;

  constructor(proto: Proto, { pc, count, constants }: CallPlan) {
    this.proto = proto;
    this.pc = pc;
    this.count = count;
    this.constants = constants;
  }
}
const neverRun: Callee = () => AGAIN;

/** How a call of a function of ours went that the interpreter has to go on with. */
export type Outcome = { readonly result: KemiResult | ArgError } | { readonly error: unknown };

/** Makes what a place that calls a function of ours runs. */
export type CalleeMaker = (site: CallSite) => Callee;

/** Where a place of a script is: as machine.place() would say during its call. */
export function placeOf({ proto, pc }: CallSite): CallPlace {
  const file = lobject.luaO_chunkid(proto.source.realstring, SHORT_SOURCE);
  return { file: shortName(file), line: Math.max(0, proto.lineinfo[pc] ?? 0) };
}
