// What modules show to scripts in other languages beside their functions (Kamailio's KEMI exports), and how a language sees it all.

import type { RouteContext, RouteResult } from "../proxy/context.ts";
import type { Value } from "../sip/value.ts";
import type { Accessor, Arg, ArgError, ArgTypes, CallPlace } from "./args.ts";
import type { Waits } from "./define.ts";

/** How a language sees what a function returns: its return code, whether that is true (above 0), nothing, or a value (null: nil, None). */
export type Gives = "int" | "bool" | "none" | "value";

/** What a call gives before the language turns it into its own; a Promise only when it has to wait. */
export type KemiResult = Value | Promise<Value>;

/** One function of KSR that the native language has not, or has in another form. */
export interface KemiDef<I> {
  readonly args: readonly Arg<unknown>[];
  readonly gives: Gives;
  readonly waits: Waits;
  readonly doc: string;
  readonly wantsPlace: boolean;
  readonly run: (instance: I, ctx: RouteContext, ...args: never[]) => KemiResult;
}

/** Declares one; it stands under KSR.<module>, or where its key says: "hdr.append" of module core is KSR.hdr.append. */
export function kemi<I, const A extends readonly Arg<unknown>[]>(def: {
  readonly args?: A;
  readonly gives?: Gives;
  readonly waits?: Waits;
  readonly doc: string;
  readonly run: (instance: I, ctx: RouteContext, ...args: ArgTypes<A>) => KemiResult;
}): KemiDef<I> {
  return {
    args: (def.args ?? []).filter((arg) => arg.kind !== "place"),
    wantsPlace: def.args?.at(-1)?.kind === "place",
    gives: def.gives ?? "int",
    waits: def.waits ?? "never",
    doc: def.doc,
    run: def.run as unknown as KemiDef<I>["run"],
  };
}

/** What a script passes: nil, None, tables and the like are refused by the language before they get here. */
export type ScriptArg = string | number;

/** One function as a script calls it. */
export interface ScriptCall {
  /** As the script writes it: "KSR.tm.t_relay". */
  readonly name: string;
  readonly args: readonly Arg<unknown>[];
  readonly gives: Gives;
  readonly waits: Waits;
  readonly doc: string;
  /** Whether it asks for the place of the call. */
  readonly wantsPlace: boolean;
  /** Runs it. ArgError tells which argument cannot be used; nothing was done then. */
  call(ctx: RouteContext, args: readonly ScriptArg[], place?: CallPlace): KemiResult | ArgError;
  /**
   * The same call with arguments that are constants of the script, turned once for all; null when they cannot be, or mean something else each
   * time.
   */
  fixed(args: readonly ScriptArg[], place?: CallPlace): ((ctx: RouteContext) => KemiResult) | null;
  /** What is wrong with a constant as argument `index` (from 0); null when nothing is, or only a run can tell. */
  problemOf(index: number, value: ScriptArg): ArgError | null;
}

/** Everything that scripts in other languages can reach in one generation of the configuration. */
export interface ScriptApi {
  /** Functions by group ("" for those directly under KSR) and name. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, ScriptCall>>;
  /** A function of the native language by its name, its arguments read as there: variables in texts are replaced (modf). */
  native(name: string): ScriptCall | null;
  /** The variable that a text is as a whole; the same object for the same text, up to a bound. */
  variable(text: string): Accessor | ArgError;
}

/** A language that can take the place of the routing blocks (cfgengine). */
export interface ScriptEngine {
  /** Whether its script has a function of that name now. */
  has(name: string): boolean;
  /** Runs a function of the script; what it returns counts as return code. One that does not exist is logged and gives -1. */
  run(name: string, ctx: RouteContext, args: readonly ScriptArg[]): RouteResult;
}

/** What readings of a value give when there is none, by the letter behind "get": nothing, an empty text, a text that says so. */
const WITHOUT: readonly (readonly [string, Value, string])[] = [
  ["", null, "nothing"],
  ["e", "", "an empty text"],
  ["w", "<null>", "the text <null>"],
];

/**
 * The three functions that read one thing: get, gete and getw. `key` makes their names from the letter; `doc` says what is read; `letters`
 * leaves out some.
 */
export function readings<I, const A extends readonly Arg<unknown>[]>(
  key: (letter: string) => string,
  args: A,
  doc: string,
  read: (instance: I, ctx: RouteContext, ...args: ArgTypes<A>) => Value,
  letters = "ew",
): Record<string, KemiDef<I>> {
  const out: Record<string, KemiDef<I>> = {};
  for (const [letter, otherwise, words] of WITHOUT) {
    if (!letters.includes(letter)) continue;
    out[key(letter)] = kemi<I, A>({
      args,
      gives: "value",
      doc: `${doc}; ${words} when there is none.`,
      run: (instance, ctx, ...values) => read(instance, ctx, ...values) ?? otherwise,
    });
  }
  return out;
}
