// Command line arguments to a typed object: our stand-in for `@std/cli/parse-args`, with the same call and the same
// result. The import maps in deno.json and tsconfig.json (and vitest.config.ts) point that name here.

/** What the caller wants to read; names are written without dashes. */
export type ParseOptions = {
  /** Flags that never take a value (`true`: every `--flag` without `=`). Absent ones are false. */
  readonly boolean?: boolean | string | readonly string[];
  /** Flags whose value stays text and is never turned into a number; `_` stands for the free arguments. */
  readonly string?: string | readonly string[];
  /** Flags that may be repeated; their values are gathered into an array. Others keep the last one. */
  readonly collect?: string | readonly string[];
  /** Boolean or string flags that also accept `--no-NAME`. */
  readonly negatable?: string | readonly string[];
  /** Other names of a flag; all names carry the value. */
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Values of flags that were not given. */
  readonly default?: Readonly<Record<string, unknown>>;
  /** Everything from the first free argument on is free. */
  readonly stopEarly?: boolean;
  /** Put what follows `--` into the field `--` of the result and not into `_`. */
  readonly "--"?: boolean;
  /** Called for what is not declared (`key` is absent for a free argument); false leaves it out of the result. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
};

type Names<T> = T extends string ? T : T extends readonly string[] ? T[number] : never;
type Collected<O extends ParseOptions> = Names<O["collect"]>;
type Defaulted<O extends ParseOptions> = keyof O["default"];

/** The result: declared flags with their types, free arguments in `_`, anything else as unknown. */
export type Args<O extends ParseOptions = ParseOptions> = {
  [K in Exclude<Names<O["boolean"]>, Collected<O>>]: boolean;
} & {
  [K in Extract<Names<O["boolean"]>, Collected<O>>]: boolean[];
} & {
  [K in Extract<Exclude<Names<O["string"]>, Collected<O> | "_">, Defaulted<O>>]: string;
} & {
  [K in Exclude<Names<O["string"]>, Collected<O> | Defaulted<O> | "_">]?: string | undefined;
} & {
  [K in Exclude<Extract<Names<O["string"]>, Collected<O>>, "_">]: string[];
} & {
  _: "_" extends Names<O["string"]> ? string[] : (string | number)[];
} & (O["--"] extends true ? { "--": string[] } : unknown) & { [name: string]: unknown };

const NUMBER = /^(?:0x[0-9a-f]+|[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)$/i;

/**
 * Reads command line arguments.
 *
 * `--name=value`, `--name value`, `-n value`, `-n=value`, `-n5`, `-abc` (three flags) are understood; a value that looks
 * like a number becomes one unless the flag is declared as string; dotted names make nested objects; `--` ends the flags.
 * Never throws: use `unknown` to refuse what is not declared.
 */
export function parseArgs<const O extends ParseOptions>(args: readonly string[], options?: O): Args<O> {
  const reader = new Reader(options ?? {});
  reader.read(args);
  return reader.finish() as Args<O>;
}

/** One run over the arguments: the declared names as sets, and the result as it grows. */
class Reader {
  readonly #options: ParseOptions;
  readonly #booleans: Set<string>;
  readonly #strings: Set<string>;
  readonly #collected: Set<string>;
  readonly #negatable: Set<string>;
  readonly #everyBoolean: boolean;
  /** Every name of a flag that has several, with all its other names. */
  readonly #aliases = new Map<string, string[]>();
  readonly #result: Record<string, unknown> = { _: [] };

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, other] of Object.entries(options.alias ?? {})) {
      const all = [name, ...list(other)];
      for (const one of all) {
        const rest = all.filter((n) => n !== one);
        this.#aliases.set(one, [...new Set([...(this.#aliases.get(one) ?? []), ...rest])]);
      }
    }
    this.#everyBoolean = options.boolean === true;
    this.#booleans = this.#namesOf(typeof options.boolean === "boolean" ? [] : options.boolean);
    this.#strings = this.#namesOf(options.string);
    this.#collected = this.#namesOf(options.collect);
    this.#negatable = this.#namesOf(options.negatable);
  }

  /** Walks the arguments once, from left to right. */
  read(args: readonly string[]): void {
    let at = 0;
    while (at < args.length) {
      const arg = args[at] as string;
      if (arg === "--") {
        const rest = args.slice(at + 1);
        if (this.#options["--"]) this.#result["--"] = rest;
        else for (const free of rest) this.#addFree(free);
        return;
      }
      if (arg.startsWith("--")) {
        at += this.#readLong(arg, args[at + 1]);
      } else if (arg.startsWith("-") && arg.length > 1) {
        at += this.#readShort(arg, args[at + 1]);
      } else {
        this.#addFree(arg, true);
        if (this.#options.stopEarly) {
          for (const free of args.slice(at + 1)) this.#addFree(free);
          return;
        }
        at++;
      }
    }
  }

  /** Adds what was not given: defaults, false for booleans, empty arrays for gathered flags. */
  finish(): Record<string, unknown> {
    for (const [name, value] of Object.entries(this.#options.default ?? {})) {
      if (!this.#has(name)) this.#store(name, value);
    }
    for (const name of this.#collected) {
      if (!this.#has(name)) this.#store(name, []);
    }
    for (const name of this.#booleans) if (!this.#has(name)) this.#store(name, false);
    if (this.#options["--"] && this.#result["--"] === undefined) this.#result["--"] = [];
    return this.#result;
  }

  /** Handles `--…`; returns how many arguments were used up. */
  #readLong(arg: string, next: string | undefined): 1 | 2 {
    const equals = arg.indexOf("=");
    if (equals > 2) {
      const name = arg.slice(2, equals);
      const value = arg.slice(equals + 1);
      this.#set(name, this.#booleans.has(name) ? value !== "false" : value, arg);
      return 1;
    }
    const name = arg.slice(2);
    if (name.startsWith("no-") && this.#negatable.has(name.slice(3))) {
      this.#set(name.slice(3), false, arg);
      return 1;
    }
    return this.#setFromNext(name, arg, next, this.#everyBoolean);
  }

  /** Handles `-…`; returns how many arguments were used up. */
  #readShort(arg: string, next: string | undefined): 1 | 2 {
    for (let i = 1; i < arg.length; i++) {
      const name = arg.charAt(i);
      const rest = arg.slice(i + 1);
      if (rest === "") return this.#setFromNext(name, arg, next, false);
      if (this.#booleans.has(name) && rest.charAt(0) !== "=") {
        this.#set(name, true, arg);
        continue;
      }
      const isValue = rest === "-" || this.#strings.has(name) || /^\W/.test(rest) || NUMBER.test(rest);
      if (isValue) {
        const value = rest.startsWith("=") ? rest.slice(1) : rest;
        this.#set(name, this.#booleans.has(name) ? value !== "false" : value, arg);
        return 1;
      }
      this.#set(name, true, arg);
    }
    return 1;
  }

  /** A flag written without `=`: its value is the next argument where it takes one and one is there. */
  #setFromNext(name: string, arg: string, next: string | undefined, valueless: boolean): 1 | 2 {
    const isBoolean = this.#booleans.has(name) || valueless;
    // A lone "-" (standard input) and negative numbers are values, as is whatever follows a flag declared as string
    // unless it looks like a flag itself.
    if (next !== undefined && !isBoolean && (next === "-" || !next.startsWith("-") || NUMBER.test(next))) {
      this.#set(name, next, arg);
      return 2;
    }
    if (isBoolean && (next === "true" || next === "false")) {
      this.#set(name, next === "true", arg);
      return 2;
    }
    this.#set(name, this.#strings.has(name) ? "" : true, arg);
    return 1;
  }

  #set(name: string, given: string | boolean, arg: string): void {
    const value = typeof given === "string" && !this.#strings.has(name) && NUMBER.test(given) ? Number(given) : given;
    if (this.#options.unknown && !this.#isDeclared(name) && this.#options.unknown(arg, name, value) === false) return;
    if (!this.#collected.has(name)) {
      this.#store(name, value);
      return;
    }
    const before = this.#load(name);
    this.#store(name, Array.isArray(before) ? [...before, value] : [value]);
  }

  #addFree(arg: string, asked = false): void {
    if (asked && this.#options.unknown && this.#options.unknown(arg) === false) return;
    const value = !this.#strings.has("_") && NUMBER.test(arg) ? Number(arg) : arg;
    (this.#result._ as unknown[]).push(value);
  }

  #store(name: string, value: unknown): void {
    for (const one of [name, ...(this.#aliases.get(name) ?? [])]) {
      const path = one.split(".");
      // Own property definitions, so that a flag called __proto__ stays an ordinary field.
      let target = this.#result;
      for (const part of path.slice(0, -1)) {
        const inner = Object.hasOwn(target, part) ? target[part] : undefined;
        const object = typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
        define(target, part, object);
        target = object;
      }
      define(target, path.at(-1) as string, value);
    }
  }

  #load(name: string): unknown {
    let target: unknown = this.#result;
    for (const part of name.split(".")) {
      if (typeof target !== "object" || target === null || !Object.hasOwn(target, part)) return undefined;
      target = (target as Record<string, unknown>)[part];
    }
    return target;
  }

  #has(name: string): boolean {
    return this.#load(name) !== undefined;
  }

  #isDeclared(name: string): boolean {
    return (
      this.#booleans.has(name) ||
      this.#strings.has(name) ||
      this.#collected.has(name) ||
      this.#aliases.has(name) ||
      this.#everyBoolean
    );
  }

  #namesOf(names: string | readonly string[] | undefined): Set<string> {
    const all = new Set(list(names ?? []));
    for (const name of [...all]) for (const other of this.#aliases.get(name) ?? []) all.add(other);
    return all;
  }
}

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

function list(names: string | readonly string[]): readonly string[] {
  return typeof names === "string" ? [names] : names;
}
