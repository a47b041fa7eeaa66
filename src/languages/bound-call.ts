// One function of a module, bound to its instance, as a script calls it.

import type { RouteContext } from "../proxy/context.ts";
import type { Ask, AskedVariables } from "../pv/asked.ts";
import { type Arg, ArgError, type CallPlace } from "../registry/args.ts";
import type { FunctionDef, Waits } from "../registry/define.ts";
import type { Gives, KemiDef, KemiResult, ScriptArg, ScriptCall } from "../registry/kemi.ts";
import type { Value } from "../sip/value.ts";
import { type Conversions, type Convert, constantProblem, conversionOf } from "./convert.ts";

type Run = (instance: unknown, ctx: RouteContext, ...args: unknown[]) => KemiResult;

/** For conversions that do not look at the message: all but those of the native language. */
const NO_CONTEXT = null as unknown as RouteContext;
const NOWHERE: CallPlace = { file: "", line: 0 };

/** A call whose arguments are turned on the way. */
export class BoundCall implements ScriptCall {
  readonly name: string;
  readonly args: readonly Arg<unknown>[];
  readonly gives: Gives;
  readonly waits: Waits;
  readonly doc: string;
  readonly wantsPlace: boolean;
  private readonly least: number;
  private readonly run: Run;
  private readonly instance: unknown;
  private readonly converts: readonly Convert[];
  private readonly conversions: Conversions;
  /** Variables in arguments that are asked for first; null when there are none, or no argument reads any. */
  private readonly asked: AskedVariables | null;

  constructor(
    name: string,
    def: FunctionDef<unknown> | KemiDef<unknown>,
    instance: unknown,
    gives: Gives,
    conversions: Conversions,
  ) {
    this.name = name;
    this.args = def.args;
    this.gives = gives;
    this.doc = def.doc;
    this.wantsPlace = def.wantsPlace;
    this.least = def.args.filter((arg) => !arg.optional).length;
    this.run = def.run as unknown as Run;
    this.instance = instance;
    this.converts = def.args.map((arg) => conversionOf(arg, conversions));
    this.conversions = conversions;
    const reads = conversions.asNative === true || def.args.some(({ kind }) => kind === "var" || kind === "text");
    this.asked = reads && conversions.asked.some ? conversions.asked : null;
    this.waits = this.asked !== null && def.waits === "never" ? "maybe" : def.waits;
  }

  problemOf(index: number, value: ScriptArg): ArgError | null {
    const arg = this.args[index];
    return arg === undefined ? null : constantProblem(arg, value, this.conversions);
  }

  call(ctx: RouteContext, args: readonly ScriptArg[], place: CallPlace = NOWHERE): KemiResult | ArgError {
    if (args.length < this.least) return this.tooFew(args.length);
    if (this.asked === null) return this.callNow(ctx, args, place);
    const asks = this.asked.in(args.join(" "));
    return asks.length === 0 ? this.callNow(ctx, args, place) : this.callThen(asks, ctx, args, place);
  }

  fixed(args: readonly ScriptArg[], place: CallPlace = NOWHERE): ((ctx: RouteContext) => KemiResult) | null {
    const { run, instance, converts, wantsPlace, conversions } = this;
    if (args.length < this.least || conversions.asNative === true) return null;
    if (this.asked !== null && this.asked.in(args.join(" ")).length > 0) return null;
    const values: unknown[] = [];
    for (let i = 0; i < Math.min(args.length, converts.length); i++) values.push(converts[i]!(args[i]!, NO_CONTEXT));
    if (values.some((value) => value instanceof ArgError)) return null;
    if (wantsPlace) {
      while (values.length < converts.length) values.push(undefined);
      values.push(place);
    }
    const [first, second] = values;
    switch (values.length) {
      case 0:
        return (ctx) => run(instance, ctx);
      case 1:
        return (ctx) => run(instance, ctx, first);
      case 2:
        return (ctx) => run(instance, ctx, first, second);
      default:
        return (ctx) => run(instance, ctx, ...values);
    }
  }

  // Once everything is asked.
  private async callThen(
    asks: readonly Ask[],
    ctx: RouteContext,
    args: readonly ScriptArg[],
    place: CallPlace,
  ): Promise<Value> {
    for (const ask of asks) await ask(ctx);
    const result = await this.callNow(ctx, args, place);
    if (result instanceof ArgError) throw new Error(result.message);
    return result;
  }

  private callNow(ctx: RouteContext, args: readonly ScriptArg[], place: CallPlace): KemiResult | ArgError {
    const { run, instance, converts } = this;
    const count = Math.min(args.length, converts.length); // what is too much is not looked at, as there
    if (count === 0 && !this.wantsPlace) return run(instance, ctx);
    const first = count === 0 ? undefined : converts[0]!(args[0]!, ctx);
    if (first instanceof ArgError) return first;
    if (count === 1 && !this.wantsPlace) return run(instance, ctx, first);
    const second = count < 2 ? undefined : converts[1]!(args[1]!, ctx);
    if (second instanceof ArgError) return second;
    if (count === 2 && !this.wantsPlace) return run(instance, ctx, first, second);
    return this.callMany(ctx, args, count, first, second, place);
  }

  private callMany(
    ctx: RouteContext,
    args: readonly ScriptArg[],
    count: number,
    first: unknown,
    second: unknown,
    place: CallPlace,
  ): KemiResult | ArgError {
    const { converts, wantsPlace } = this;
    const values: unknown[] = [first, second].slice(0, Math.min(2, wantsPlace ? converts.length : count));
    for (let i = 2; i < count; i++) {
      const value = converts[i]!(args[i]!, ctx);
      if (value instanceof ArgError) return value;
      values.push(value);
    }
    if (wantsPlace) {
      while (values.length < converts.length) values.push(undefined);
      values.push(place);
    }
    return this.run(this.instance, ctx, ...values);
  }

  private tooFew(count: number): ArgError {
    const most = this.converts.length;
    const wants = this.least === most ? `${most}` : `${this.least} to ${most}`;
    return new ArgError(`${wants} argument${wants === "1" ? " is" : "s are"} needed, not ${count}`);
  }
}
