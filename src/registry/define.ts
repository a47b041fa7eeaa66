// A module is one declaration (design.md, D4): functions, parameters, variables, transformations, events, commands and tables, each
// with its types and a line of documentation. The checker, the compiler, the other languages, RPC and the reference derive from it.

import type { RouteContext } from "../proxy/context.ts";
import type { Value } from "../sip/value.ts";
import { type Accessor, type Arg, ArgError, type ArgTypes, type ReaderOf } from "./args.ts";
import type { ScriptSurroundings } from "./findings.ts";
import type { Gives, KemiDef, ScriptApi, ScriptEngine } from "./kemi.ts";
import type { ModuleHost } from "./module-host.ts";

// ---- functions ----

/** Whether a function may have to wait: "maybe" returns a number, or a Promise only when it really must (design.md, D3). */
export type Waits = "never" | "maybe" | "always";

/** What a function returns to the script: above 0 true, below 0 false, 0 ends the script (as exit). */
export type FunctionResult = number | Promise<number>;

export interface FunctionDef<I> {
  /** What the script writes; not the place. */
  readonly args: readonly Arg<unknown>[];
  /** RouteKind bits where it may be called. */
  readonly routes: number;
  readonly waits: Waits;
  readonly doc: string;
  /** Why it always fails, as the rest of "always fails: …"; "" when it can succeed. The checker warns of each call. */
  readonly fails: string;
  /** Older or other spellings of the name. */
  readonly aliases: readonly string[];
  /** Name under KSR.<module>., where it is not the function's own; null when it is not exported there. */
  readonly kemi: string | null | undefined;
  /** How other languages see what it returns; undefined: those of the core as truth, others as number. */
  readonly gives: Gives | undefined;
  /** Whether `run` gets a CallPlace behind its arguments, those left out being undefined. */
  readonly wantsPlace: boolean;
  readonly run: (instance: I, ctx: RouteContext, ...args: never[]) => FunctionResult;
}

/** Declares one function; `run` gets the module's instance, the context, and the arguments with the types that `args` declares. */
export function fn<I, const A extends readonly Arg<unknown>[]>(def: {
  readonly args?: A;
  readonly routes: number;
  readonly waits?: Waits;
  readonly doc: string;
  readonly fails?: string;
  readonly aliases?: readonly string[];
  readonly kemi?: string | null;
  readonly gives?: Gives;
  readonly run: (instance: I, ctx: RouteContext, ...args: ArgTypes<A>) => FunctionResult;
}): FunctionDef<I> {
  return {
    args: (def.args ?? []).filter((arg) => arg.kind !== "place"),
    wantsPlace: def.args?.at(-1)?.kind === "place",
    routes: def.routes,
    waits: def.waits ?? "never",
    doc: def.doc,
    fails: def.fails ?? "",
    aliases: def.aliases ?? [],
    kemi: def.kemi,
    gives: def.gives,
    run: def.run as unknown as FunctionDef<I>["run"],
  };
}

// ---- parameters ----

export interface ParamDef<T> {
  readonly kind: "int" | "str";
  readonly default: T;
  readonly doc: string;
  readonly unit: string;
  readonly min: number | null;
  readonly max: number | null;
  /** Whether it may be given several times, each time adding a value; then T is a list. */
  readonly many: boolean;
  /** Turns the configured value into what the module gets, or says what is wrong with it. */
  readonly parse: ((value: string | number) => T | ArgError) | null;
  /** Older or other spellings. */
  readonly aliases: readonly string[];
  /** Why it changes nothing, as the rest of "has no effect: …"; "" when it does what it says. The checker warns when such a one is set. */
  readonly effect: string;
}

interface ParamOptions {
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly aliases?: readonly string[];
  readonly effect?: string;
}

/** An integer parameter with its default. */
export function intParam(value: number, doc: string, options: ParamOptions = {}): ParamDef<number> {
  return { ...paramBase("int", doc, options), default: value };
}
/** A text parameter with its default. */
export function strParam(value: string, doc: string, options: ParamOptions = {}): ParamDef<string> {
  return { ...paramBase("str", doc, options), default: value };
}
/** A parameter whose text is parsed to something better when the configuration is read. */
export function parsedParam<T>(
  value: T,
  doc: string,
  parse: (text: string) => T | ArgError,
  options: ParamOptions = {},
): ParamDef<T> {
  return { ...paramBase("str", doc, options), default: value, parse: (v) => parse(String(v)) };
}
/** A text parameter that may be given several times; the module gets the list in order. */
export function manyParam(doc: string, options: ParamOptions = {}): ParamDef<readonly string[]> {
  return { ...paramBase("str", doc, options), default: [], many: true };
}

function paramBase(kind: "int" | "str", doc: string, o: ParamOptions) {
  return {
    kind,
    doc,
    unit: o.unit ?? "",
    min: o.min ?? null,
    max: o.max ?? null,
    many: false,
    parse: null,
    aliases: o.aliases ?? [],
    effect: o.effect ?? "",
  } as const;
}

/** Whether a number is within what a parameter may be; a text always is. */
export function fits({ min, max }: Pick<ParamDef<unknown>, "min" | "max">, value: number | string): boolean {
  return typeof value === "string" || ((min === null || value >= min) && (max === null || value <= max));
}

/** What a module gets for its declared parameters. */
export type ParamValues<P> = { readonly [K in keyof P]: P[K] extends ParamDef<infer T> ? T : never };

// ---- variables ----

/**
 * One class of pseudo-variable: `$name`, `$name(inner)`, `$name(inner)[index]`. `resolve` is called once for each place in the script with
 * constant inner name and index (null when absent; index "*" for all), and on each use when they are computed.
 */
export interface PvDef<I> {
  readonly doc: string;
  readonly inner: "none" | "optional" | "required";
  readonly indexed: boolean;
  readonly writable: boolean;
  readonly aliases: readonly string[];
  readonly resolve: (instance: I, inner: string | null, index: number | "*" | null) => Accessor | ArgError;
  /**
   * Of variables without inner name that somebody else knows: asks for the value, which the accessor gives afterwards. It comes before each
   * reading in the script, and may wait. Nothing is asked when a variable that a parameter names is read.
   */
  readonly ask?: (instance: I, ctx: RouteContext) => FunctionResult;
  /** Of classes whose inner name is itself a variable, $cnt($avp(x)): what is asked instead of `resolve`. */
  readonly ofVariable?: (instance: I, variable: InnerVariable) => Accessor | ArgError;
}

/** The variable written inside another one. */
export interface InnerVariable {
  /** Name of its class: "avp". */
  readonly name: string;
  /** What stands in its parentheses; null when it has none or it is computed. */
  readonly inner: string | null;
  readonly accessor: Accessor;
}

/** A variable without inner name. */
export function pv<I>(
  doc: string,
  get: (instance: I, ctx: RouteContext) => Value,
  set?: (instance: I, ctx: RouteContext, value: Value) => void,
  aliases: readonly string[] = [],
): PvDef<I> {
  return {
    doc,
    inner: "none",
    indexed: false,
    writable: set !== undefined,
    aliases,
    resolve: (instance) =>
      set === undefined
        ? { get: (ctx) => get(instance, ctx) }
        : { get: (ctx) => get(instance, ctx), set: (ctx, v) => set(instance, ctx, v) },
  };
}

/** A class of variables with an inner name or index. */
export function pvClass<I>(def: {
  readonly doc: string;
  readonly inner: "optional" | "required";
  readonly indexed?: boolean;
  readonly writable?: boolean;
  readonly aliases?: readonly string[];
  readonly resolve: PvDef<I>["resolve"];
  readonly ofVariable?: NonNullable<PvDef<I>["ofVariable"]>;
}): PvDef<I> {
  return { indexed: false, writable: false, aliases: [], ...def };
}

/** A class of variables whose inner name is a variable. */
export function pvOfVariable<I>(doc: string, ofVariable: NonNullable<PvDef<I>["ofVariable"]>): PvDef<I> {
  return pvClass<I>({
    doc,
    inner: "required",
    resolve: (_instance, name) => new ArgError(`"${name}" is no variable`, "write a variable in the parentheses"),
    ofVariable,
  });
}

/** One transformation `{class.name,arguments…}` of a value; arguments are texts, already evaluated. */
export interface TransformDef {
  readonly doc: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly apply: (value: Value, args: readonly string[], ctx: RouteContext) => Value;
  /** Reads what follows the first comma as a whole, as written, once for each place in the script; what it gives is used in place of `apply`. */
  readonly bind?: (text: string, reader: ReaderOf) => ((value: Value, ctx: RouteContext) => Value) | ArgError;
}

// ---- commands, events, tables ----

/** A value a command takes or gives: JSON-like. */
export type RpcValue = string | number | boolean | null | RpcValue[] | { [key: string]: RpcValue };

export interface RpcDef<I> {
  readonly doc: string;
  readonly args: readonly { readonly name: string; readonly kind: "int" | "str"; readonly optional: boolean }[];
  /** Kind of any number of arguments behind those; none when left out. */
  readonly rest?: "int" | "str" | "any";
  /** Runs the command; throws RpcError for a refusal. */
  readonly run: (instance: I, args: readonly (string | number | undefined)[]) => RpcValue | Promise<RpcValue>;
}

/** A refused command: code and text as Kamailio's RPC gives them (400 bad parameter, 404 not found, 500 failed). */
export class RpcError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = "RpcError";
    this.code = code;
  }
}

/** An event_route a module may run: its exact name, or a prefix that ends with ":" for names with a variable tail. */
export interface EventDef {
  readonly doc: string;
  /** The parameter that names the script's function for this event alone, for which event_callback does not count then. */
  readonly callback?: string;
}

/** A database table a module uses: Kamailio's name and version number; columns are in embed/kamailio.tables. */
export interface TableDef {
  readonly version: number;
  readonly doc: string;
}

// ---- modules ----

/** Reads parameters in which variables count. */
export interface ParamReaders {
  /** The reader of a text with variables in it. */
  readonly text: ReaderOf;
  /** The variable that a text is as a whole: "$avp(x)". */
  readonly variable: (text: string) => Accessor | ArgError;
  /** What scripts in other languages can call in this generation. */
  readonly api: ScriptApi;
  /** What the check of scripts may know, and where it tells what it finds. */
  readonly scripts: ScriptSurroundings;
}

/** A module as the registry sees it, its own types forgotten. */
export interface AnyModule {
  readonly name: string;
  readonly doc: string;
  readonly uses: readonly AnyModule[];
  /** Those it works with when they are loaded; they come before it. */
  readonly mayUse: readonly AnyModule[];
  readonly params: Readonly<Record<string, ParamDef<unknown>>>;
  readonly state: (host: ModuleHost) => unknown;
  readonly configure: (state: unknown, params: Readonly<Record<string, unknown>>, host: ModuleHost) => unknown;
  readonly bind: ((instance: unknown, readers: ParamReaders) => void) | null;
  readonly start: ((instance: unknown, host: ModuleHost) => void | Promise<void>) | null;
  readonly examine: ((instance: unknown, tell: (text: string) => void) => Promise<void>) | null;
  readonly stop: ((state: unknown) => void | Promise<void>) | null;
  readonly functions: Readonly<Record<string, FunctionDef<unknown>>>;
  readonly pvs: Readonly<Record<string, PvDef<unknown>>>;
  readonly transforms: Readonly<Record<string, TransformDef>>;
  readonly rpc: Readonly<Record<string, RpcDef<unknown>>>;
  readonly events: Readonly<Record<string, EventDef>>;
  readonly tables: Readonly<Record<string, TableDef>>;
  /** What other languages have beside the functions; a text names a function that is known there by that name too. */
  readonly kemi: Readonly<Record<string, KemiDef<unknown> | string>>;
  /** Its name under KSR; "" puts its functions directly there. */
  readonly kemiName: string;
  /** The language it brings, as cfgengine names it, and the engine that runs its scripts; null for most. */
  readonly engine: { readonly languages: readonly string[]; readonly of: (instance: unknown) => ScriptEngine } | null;
}

/** A module whose process-wide state has type S; what other modules get by `host.use(module)`. */
export interface Module<S> extends AnyModule {
  /** Never present: carries the type. */
  readonly stateType?: S;
}

/**
 * Declares a module.
 * - `state` is made once a process, and survives reloads.
 * - `configure` makes the instance of one generation of the configuration from the checked parameters; it must not half-fail and has no
 *   effect outside what it returns: it throws ConfigError when the parameters do not go together. Functions and variables get the instance.
 * - `bind` runs after all modules of the generation are configured: what parameters name in variables is resolved. Throws ConfigError too.
 * - `start` runs once a generation is in force (timers, loading tables); `stop` when the process ends.
 * - `examine` runs in the place of `start` when a configuration is only checked: it reports findings that take a while to find, and tells a person
 *   what is waited for.
 */
export function defineModule<S, I, const P extends Readonly<Record<string, ParamDef<unknown>>>>(def: {
  readonly name: string;
  readonly doc: string;
  readonly uses?: readonly AnyModule[];
  /** What it works with when that is loaded (ModuleHost.useIfLoaded). */
  readonly mayUse?: readonly AnyModule[];
  readonly params?: P;
  readonly state: (host: ModuleHost) => S;
  readonly configure: (state: S, params: ParamValues<P>, host: ModuleHost) => I;
  readonly bind?: (instance: I, readers: ParamReaders) => void;
  readonly start?: (instance: I, host: ModuleHost) => void | Promise<void>;
  readonly examine?: (instance: I, tell: (text: string) => void) => Promise<void>;
  readonly stop?: (state: S) => void | Promise<void>;
  readonly functions?: Readonly<Record<string, FunctionDef<I>>>;
  readonly pvs?: Readonly<Record<string, PvDef<I>>>;
  readonly transforms?: Readonly<Record<string, TransformDef>>;
  readonly rpc?: Readonly<Record<string, RpcDef<I>>>;
  readonly events?: Readonly<Record<string, EventDef>>;
  readonly tables?: Readonly<Record<string, TableDef>>;
  readonly kemi?: Readonly<Record<string, KemiDef<I> | string>>;
  readonly kemiName?: string;
  readonly engine?: { readonly languages: readonly string[]; readonly of: (instance: I) => ScriptEngine };
}): Module<S> {
  const module: unknown = {
    name: def.name,
    doc: def.doc,
    uses: def.uses ?? [],
    mayUse: def.mayUse ?? [],
    params: def.events === undefined ? (def.params ?? {}) : { ...eventParams(def.events), ...def.params },
    state: def.state,
    configure: def.configure,
    bind: def.bind ?? null,
    start: def.start ?? null,
    examine: def.examine ?? null,
    stop: def.stop ?? null,
    functions: def.functions ?? {},
    pvs: def.pvs ?? {},
    transforms: def.transforms ?? {},
    rpc: def.rpc ?? {},
    events: def.events ?? {},
    tables: def.tables ?? {},
    kemi: def.kemi ?? {},
    kemiName: def.kemiName ?? def.name,
    engine: def.engine ?? null,
  };
  return module as Module<S>;
}

/** Every module with event routes has it. */
const eventCallback = strParam(
  "",
  "Function of the script in another language (cfgengine) that runs in the place of this module's event routes; it gets the event's name.",
);

function eventParams(events: Readonly<Record<string, EventDef>>): Record<string, ParamDef<unknown>> {
  const out: Record<string, ParamDef<unknown>> = { event_callback: eventCallback };
  for (const [name, { callback }] of Object.entries(events))
    if (callback !== undefined)
      out[callback] = strParam("", `Function of the script in another language that runs in the place of ${name}.`);
  return out;
}

/** Parameters of a module that do not go together; thrown by `configure`, shown at the modparam line named. */
export class ConfigError extends Error {
  /** The module that threw it; filled in by the loader. */
  module = "";
  readonly param: string | null;
  readonly hint: string | null;
  constructor(message: string, param: string | null = null, hint: string | null = null) {
    super(message);
    this.name = "ConfigError";
    this.param = param;
    this.hint = hint;
  }
}
