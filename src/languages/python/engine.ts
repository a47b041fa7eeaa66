// PythonEngine: runs the methods of a Python script for messages. A function that has to wait suspends the run; other messages go on.

import { type RouteContext, RouteKind, type RouteResult } from "../../proxy/context.ts";
import type { ScriptApi, ScriptArg, ScriptEngine } from "../../registry/kemi.ts";
import { toUnicode } from "../../util/bytes.ts";
import { Bridge, type PythonHost } from "./bridge.ts";
import type { Python, PythonFunction } from "./pyodide.ts";

/** A script that cannot be loaded or that failed, with its traceback. */
export class PythonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PythonError";
  }
}

/** What is run in Python before any script: these of embed/, one after the other. */
export const PRELUDE = ["python/prelude.py", "python/surroundings.py"] as const;

/** A method of the script does not exist. */
export const NO_METHOD = -0x7fffffff;

/** What is loaded: its text, its place, the name it has as a module, and its functions that are run when it is loaded. */
export interface PythonScript {
  readonly source: string;
  readonly file: string;
  readonly name: string;
  readonly init: string;
  readonly child_init: string;
}

/** What Python says of a text that is not run. Lines and columns (in characters) count from 1; 0 where it does not say. */
export interface Examined {
  readonly said: readonly (readonly [
    isError: boolean,
    text: string,
    line: number,
    column: number,
    lastLine: number,
    behind: number,
  ])[];
  /** Modules that it may import. */
  readonly imports: readonly string[];
}

/** One run of a script for a message. */
export interface Run {
  readonly ctx: RouteContext;
  readonly args: readonly (string | number)[];
  /** How long it may take, ms, what it waits not counted; 0: for ever. */
  readonly limit: number;
  /** What it has taken before it last waited, ms. */
  used: number;
  /** What it gave; null while it goes on. */
  result: number | string | null;
  /** Whether the script is through and only what it leaves is put together. */
  hasEnded: boolean;
  /** Ends it from outside while it waits. */
  fail: ((error: Error) => void) | null;
}

function newRun(ctx: RouteContext, args: readonly (string | number)[], limit: number): Run {
  return { ctx, args, limit, used: 0, result: null, hasEnded: false, fail: null };
}

/** How many names of methods are known at most: a script may compute them. */
const MAX_METHODS = 256;

/** How long the top level of a script may go on at least, ms. */
const LOADING = 10_000;

/** One interpreter with one script. */
export class PythonEngine implements ScriptEngine {
  private readonly host: PythonHost;
  private readonly bridge: Bridge;
  private python: Python | null = null;
  private hasMethod: PythonFunction | null = null;
  /** Where in Python's memory a run that has not waited leaves its result. */
  private endedAt = 0;
  private readonly methods = new Map<string, boolean>();
  /** By the name of the method, and how many arguments it gets. */
  private readonly runners = new Map<string, (PythonFunction | undefined)[]>();
  /** Why nothing can be run any more. */
  private broken: string | null = null;
  private isLoading = false;
  private readonly onLateFailure = (error: unknown): void => void this.breakDown(error);

  constructor(host: PythonHost) {
    this.host = host;
    this.bridge = new Bridge(host);
  }

  /** Takes an interpreter into use. */
  start(python: Python, api: ScriptApi): void {
    this.methods.clear();
    this.runners.clear();
    python.registerModule("_portico", this.bridge.program(api));
    python.run(this.host.prelude, "prelude.py");
    this.bridge.raisers = { type: python.function("_type_error"), runtime: python.function("_runtime_error") };
    python.function("_start")();
    python.watch(() => this.bridge.signal());
    this.hasMethod = python.function("_has");
    this.endedAt = Number(python.function("_ended_at")());
    this.python = python;
    this.broken = null;
  }

  /** Reads a script without running it. `source` is Unicode. */
  examine(source: string, file: string): Examined {
    const examiner = this.python!.function("_examine");
    try {
      return JSON.parse(String(examiner(source, file))) as Examined;
    } finally {
      examiner.free();
    }
  }

  /**
   * Loads a script over a request in name only; the one before stays in force when it fails. Rejects with PythonError, also while another
   * one is being loaded.
   */
  async load(script: PythonScript, ctx: RouteContext): Promise<void> {
    if (this.isLoading) throw new PythonError("a script is being loaded already");
    this.isLoading = true;
    const loader = this.python!.function("_load");
    this.bridge.loading = script;
    try {
      await this.begin(loader, newRun(ctx, [], this.limitOf(LOADING)));
    } finally {
      this.isLoading = false;
      loader.free();
    }
    this.methods.clear();
  }

  private limitOf(least: number): number {
    return this.host.timeLimit === 0 ? 0 : Math.max(least, this.host.timeLimit);
  }

  has(name: string): boolean {
    if (name === "" || this.hasMethod === null) return false;
    let known = this.methods.get(name);
    if (known === undefined) {
      known = this.hasMethod(name) === true;
      if (this.methods.size >= MAX_METHODS) this.methods.clear();
      this.methods.set(name, known);
    }
    return known;
  }

  run(name: string, ctx: RouteContext, args: readonly ScriptArg[]): RouteResult {
    if (this.python === null) throw new PythonError("Python has not been started");
    if (this.broken !== null) throw new PythonError(this.broken);
    if (!this.has(name)) {
      this.host.report(`there is no method ${name} in the script`);
      return NO_METHOD;
    }
    const given = args.length === 0 ? args : args.map((arg) => (typeof arg === "string" ? toUnicode(arg) : arg));
    const run = newRun(ctx, given, this.host.timeLimit);
    const runner = this.runnerOf(name, args.length);
    if (ctx.kind === RouteKind.ONSEND) return this.within(runner, run);
    // one that is begun by another, as a branch route is, begins when that one waits for it
    return this.bridge.active === null
      ? this.begin(runner, run)
      : Promise.resolve().then(() => this.begin(runner, run));
  }

  private runnerOf(name: string, count: number): PythonFunction {
    let known = this.runners.get(name);
    if (known === undefined) {
      if (this.runners.size >= MAX_METHODS) {
        for (const old of this.runners.values()) for (const runner of old) runner?.free();
        this.runners.clear();
      }
      this.runners.set(name, (known = []));
    }
    let runner = known[count];
    if (runner === undefined) {
      const maker = this.python!.function("_runner");
      known[count] = runner = this.python!.functionOf(maker(name, count));
      maker.free();
    }
    return runner;
  }

  // A run that cannot wait, possibly in the midst of another.
  private within(runner: PythonFunction, run: Run): number {
    const outer = this.bridge.active;
    this.bridge.enterNew(run);
    this.python!.take(this.endedAt);
    try {
      runner();
    } finally {
      this.bridge.active = outer;
    }
    return this.python!.take(this.endedAt) ?? resultOf(run.result ?? "the run ended without a result");
  }

  // The result is there at once when the run has not waited.
  private begin(runner: PythonFunction, run: Run): RouteResult {
    if (this.broken !== null) throw new PythonError(this.broken);
    this.bridge.enterNew(run);
    this.python!.take(this.endedAt); // what others have left
    const ended = runner.task();
    this.bridge.active = null;
    const result = this.python!.take(this.endedAt) ?? run.result;
    if (result !== null) {
      ended.catch(this.onLateFailure);
      return resultOf(result);
    }
    return new Promise((resolve, reject) => {
      run.fail = reject;
      ended.then(
        () => {
          try {
            resolve(resultOf(run.result ?? "the run ended without a result"));
          } catch (error) {
            reject(error);
          }
        },
        (error: unknown) => reject(this.breakDown(error)),
      );
    });
  }

  /** Python has failed as a whole: nothing of it can be called any more. */
  private breakDown(error: unknown): PythonError {
    const why = error instanceof Error ? error.message : String(error);
    const failure = new PythonError(`Python itself has failed: ${why}`);
    if (this.broken === null) {
      this.broken = failure.message;
      this.hasMethod = null;
      this.python?.abandon();
      this.bridge.abandon(failure);
      this.host.failed();
    }
    return failure;
  }
}

function resultOf(result: number | string): number {
  if (typeof result === "number") return result;
  throw new PythonError(result.trimEnd());
}
