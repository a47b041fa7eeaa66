// What the prelude of Python asks of the program (its module _portico): the functions of KSR, the message, whose run it is that goes on.

import type { RouteContext } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import type { KemiResult, ScriptApi, ScriptArg, ScriptCall } from "../../registry/kemi.ts";
import { H, headerIdOfName } from "../../sip/headers.ts";
import { findHeaderByName } from "../../sip/scan.ts";
import type { Value } from "../../sip/value.ts";
import { fromUnicode, toUnicode } from "../../util/bytes.ts";
import type { PythonScript, Run } from "./engine.ts";

/** What the engine needs of the program. */
export interface PythonHost {
  /** The texts that PRELUDE names, together. */
  readonly prelude: string;
  /** How long a run may take, ms, what it waits not counted; 0: for ever. */
  readonly timeLimit: number;
  /** What scripts reach of the system, added up: 1 files, 2 processes, 4 the network. */
  readonly access: number;
  /** Runs a command of the shell. Gives its status as wait() has it. */
  command(text: string): Promise<number>;
  report(text: string): void;
  /** Writes to the log; the level as Router.Logger has it: a word ("ERR") or a number. */
  log(level: string | number, text: string): void;
  /** A module that scripts import: its file, its source, whether it is a package; null when there is none. */
  find(name: string): readonly [file: string, source: string, isPackage: boolean] | null;
  /** The folder of the script, and the working directory. */
  readonly folder: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds of the monotonic clock. */
  now(): number;
  /** Is called when Python has failed as a whole and cannot go on. */
  failed(): void;
  /** Calls back after that many milliseconds. */
  after(ms: number, fn: () => void): void;
}

type Raiser = (text: string) => unknown;

const SIGINT = 2;

/** Milliseconds after which a run that does not end is stopped once more. */
const AGAIN = 20;

/** The program's side of one interpreter. */
export class Bridge {
  private readonly host: PythonHost;
  private readonly suspended = new Map<number, Run>();
  private last = 0;
  private since = 0;
  /** The run that goes on now; null between runs and while all wait. */
  active: Run | null = null;
  loading: PythonScript | null = null;
  /** Functions of Python that raise TypeError and RuntimeError. */
  raisers: { readonly type: Raiser; readonly runtime: Raiser } | null = null;

  constructor(host: PythonHost) {
    this.host = host;
  }

  /** A run begins. */
  enterNew(run: Run): void {
    this.active = run;
    this.since = this.host.now();
  }

  /** Ends all runs that wait, as Python itself has ended. */
  abandon(error: Error): void {
    this.active = null;
    for (const run of this.suspended.values()) run.fail?.(error);
    this.suspended.clear();
  }

  /** The number of the signal that ends a run which has gone on for too long; 0 while all is well. */
  signal(): number {
    const run = this.active;
    if (run === null || run.limit === 0 || run.hasEnded) return 0;
    const now = this.host.now();
    if (run.used + now - this.since <= run.limit) return 0;
    // once more soon, should the signal have come where nothing could be called, or what is left of the run go on
    this.since = now;
    run.used = run.limit - AGAIN;
    return SIGINT;
  }

  private leave(): number {
    const id = ++this.last;
    if (this.active !== null) {
      this.active.used += this.host.now() - this.since;
      this.suspended.set(id, this.active);
    }
    this.active = null;
    return id;
  }

  private enter(id: number): void {
    this.active = this.suspended.get(id) ?? null;
    this.suspended.delete(id);
    this.since = this.host.now();
  }

  private end(result: number | string): void {
    const run = this.active;
    if (run !== null) run.result = result;
    this.active = null;
  }

  /** What the prelude asks. */
  program(api: ScriptApi): Readonly<Record<string, unknown>> {
    const { host } = this;
    return {
      leave: () => this.leave(),
      enter: (id: number) => this.enter(id),
      done: (code: number) => this.end(code),
      failed: (text: string) => this.end(text),
      unwatch: () => {
        if (this.active !== null) this.active.hasEnded = true;
      },
      running: () => this.active !== null && !this.active.hasEnded,
      overrun: () => `stopped: it ran for more than ${this.active?.limit ?? 0} ms (time_limit)`,
      argument: (i: number) => this.active?.args[i],
      loading: (what: keyof PythonScript) => this.loading?.[what],
      groups: () => [...api.groups.keys()],
      names: (group: string) => [...(api.groups.get(group)?.keys() ?? [])],
      waits: (group: string, name: string) => api.groups.get(group)?.get(name)?.waits !== "never",
      call: (group: string, name: string) => this.callable(api.groups.get(group)!.get(name)!),
      modf: (...args: unknown[]) => this.modf(api, args),
      logger: (word: string) => (text: unknown) => host.log(word, fromUnicode(String(text))),
      log: (level: unknown, text: unknown) => host.log(Number(level), fromUnicode(String(text))),
      find: (name: string) => host.find(name) ?? undefined,
      field: (name: string) => this.field(name),
      header: (name: unknown) => this.header(this.text("getHeader", name)),
      set_ruri: (uri: unknown) => {
        this.ctx().message.newUri = fromUnicode(this.text("rewrite_ruri", uri));
      },
      set_dst_uri: (uri: unknown) => {
        this.ctx().message.dstUri = fromUnicode(this.text("set_dst_uri", uri));
      },
      sleep: (seconds: number) => ({ promise: new Promise<void>((done) => host.after(seconds * 1000, done)) }),
      environment: () => host.environment,
      folder: () => host.folder,
      directory: () => host.directory,
      access: () => host.access,
      command: (text: string) => ({ promise: host.command(text) }),
    };
  }

  private ctx(): RouteContext {
    return this.active?.ctx ?? this.runtime("no message is being routed");
  }

  private text(name: string, given: unknown): string {
    return typeof given === "string" ? given : this.type(`${name}() argument 1 must be str, not ${kindOf(given)}`);
  }

  // They raise the error in Python, so they never return.
  private type(text: string): never {
    throw this.raisers?.type(text) ?? new Error(text);
  }
  private runtime(text: string): never {
    throw this.raisers?.runtime(text) ?? new Error(text);
  }

  private callable(call: ScriptCall): (...args: unknown[]) => unknown {
    return (...args) => this.invoke(call, args, 0);
  }

  private modf(api: ScriptApi, args: readonly unknown[]): unknown {
    const name = this.text("modf", args[0]);
    const call = api.native(name);
    return call === null ? this.runtime("no such function") : this.invoke(call, args, 1);
  }

  private invoke(call: ScriptCall, given: readonly unknown[], first: number): unknown {
    const ctx = this.ctx();
    const count = given.length - first;
    if (count > call.args.length) this.type(`${call.name}() takes ${call.args.length} arguments, not ${count}`);
    const args = new Array<ScriptArg>(count);
    for (let i = 0; i < count; i++) {
      const arg = given[first + i];
      if (typeof arg === "string") args[i] = fromUnicode(arg);
      else if (typeof arg === "number" && Number.isInteger(arg)) args[i] = arg;
      else if (typeof arg === "boolean") args[i] = arg ? 1 : 0;
      else this.type(`${call.name}() argument ${i + 1} must be str or int, not ${kindOf(arg)}`);
    }
    const result: KemiResult | ArgError = call.call(ctx, args);
    if (typeof result === "object" && result !== null) {
      if (result instanceof ArgError) return this.refuse(call, count, result.message);
      return { promise: result.then((value) => inPython(call, value)) };
    }
    return inPython(call, result);
  }

  // What a call that is not even possible gives is an error of Python; one whose arguments mean nothing is logged, as there.
  private refuse(call: ScriptCall, count: number, why: string): unknown {
    if (count < call.args.filter((arg) => !arg.optional).length) this.type(`${call.name}(): ${why}`);
    this.host.report(`${call.name}: ${why}`);
    return call.gives === "value" ? undefined : call.gives === "bool" ? false : -1;
  }

  private field(name: string): unknown {
    const { message, flow } = this.ctx();
    switch (name) {
      case "Type":
        return message.isRequest ? "SIP_REQUEST" : "SIP_REPLY";
      case "Method":
        return message.isRequest
          ? message.methodText()
          : this.runtime("Not a request message - no method available.\n");
      case "Status":
        return message.isRequest
          ? this.runtime("Not a non-reply message - no status available.\n")
          : String(message.status);
      case "RURI":
        return message.isRequest
          ? toUnicode(message.requestUri())
          : this.runtime("Not a request message - RURI is not available.\n");
      case "src_ip":
        return flow.remote.address;
      case "src_port":
        return flow.remote.port;
      case "dst_ip":
        return flow.local.address;
      default:
        return flow.local.port;
    }
  }

  private header(name: string): unknown {
    const { message } = this.ctx();
    const lower = fromUnicode(name).toLowerCase();
    const id = headerIdOfName(lower);
    const h = id === H.OTHER ? findHeaderByName(message, lower) : message.find(id);
    return h < 0 ? undefined : toUnicode(message.value(h));
  }
}

// What Python calls it.
function kindOf(value: unknown): string {
  if (value === undefined) return "None";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return typeof value === "boolean" ? "bool" : "object";
}

// Nothing is None there: undefined is what becomes it.
function inPython(call: ScriptCall, value: Value): unknown {
  if (call.gives === "none") return 0;
  if (call.gives === "bool") return typeof value === "number" && value > 0;
  if (value === null) return undefined;
  return typeof value === "string" ? toUnicode(value) : value;
}
