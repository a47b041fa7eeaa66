// PythonEngine: runs the methods of a Python script for messages. A function that has to wait suspends the run; other messages go on.

import type { RouteContext, RouteResult } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import type { KemiResult, ScriptApi, ScriptArg, ScriptCall, ScriptEngine } from "../../registry/kemi.ts";
import { H, headerIdOfName } from "../../sip/headers.ts";
import { findHeaderByName } from "../../sip/scan.ts";
import type { Value } from "../../sip/value.ts";
import { fromUnicode, toUnicode } from "../../util/bytes.ts";
import type { Python, PythonFunction } from "./pyodide.ts";

/** What the engine needs of the program. */
export interface PythonHost {
  /** embed/python/prelude.py. */
  readonly prelude: string;
  report(text: string): void;
  log(word: string, text: string): void;
  /** A module that scripts import: its file, its source, whether it is a package; null when there is none. */
  find(name: string): readonly [file: string, source: string, isPackage: boolean] | null;
}

/** A script that cannot be loaded or that failed, with its traceback. */
export class PythonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PythonError";
  }
}

/** A method of the script does not exist. */
export const NO_METHOD = -0x7fffffff;

/** One interpreter with one script. */
export class PythonEngine implements ScriptEngine {
  private readonly host: PythonHost;
  private readonly runs = new Map<number, RouteContext>();
  private last = 0;
  private now = 0;
  private python: Python | null = null;
  private runMethod: PythonFunction | null = null;
  private hasMethod: PythonFunction | null = null;
  private readonly methods = new Map<string, boolean>();

  constructor(host: PythonHost) {
    this.host = host;
  }

  /** Takes an interpreter into use. */
  start(python: Python, api: ScriptApi): void {
    python.registerModule("_portico", this.program(api));
    python.run(this.host.prelude, "prelude.py");
    python.function("_start")();
    this.runMethod = python.function("_run");
    this.hasMethod = python.function("_has");
    this.python = python;
  }

  /** Loads a script over a request in name only; the one before stays in force when it fails. Throws PythonError. */
  load(
    source: string,
    file: string,
    names: { readonly init: string; readonly childInit: string },
    ctx: RouteContext,
  ): void {
    const before = this.now;
    this.now = this.enter(ctx);
    const error = this.python!.function("_load")(source, file, names.init, names.childInit);
    this.runs.delete(this.now);
    this.now = before;
    if (error !== undefined) throw new PythonError(String(error).trimEnd());
    this.methods.clear();
  }

  private enter(ctx: RouteContext): number {
    const id = ++this.last;
    this.runs.set(id, ctx);
    return id;
  }

  has(name: string): boolean {
    if (name === "" || this.hasMethod === null) return false;
    let known = this.methods.get(name);
    if (known === undefined) {
      known = this.hasMethod(name) === true;
      this.methods.set(name, known);
    }
    return known;
  }

  run(name: string, ctx: RouteContext, args: readonly ScriptArg[]): RouteResult {
    if (this.runMethod === null) throw new PythonError("Python has not been started");
    const id = this.enter(ctx);
    const texts = args.map((arg) => (typeof arg === "string" ? toUnicode(arg) : arg));
    return this.runMethod.callPromising(id, name, ...texts).then((result) => {
      this.runs.delete(id);
      if (typeof result === "number") return result;
      throw new PythonError(String(result).trimEnd());
    });
  }

  /** What the prelude asks. */
  private program(api: ScriptApi): Readonly<Record<string, unknown>> {
    return {
      current: () => this.now,
      resume: (run: number) => {
        this.now = run;
      },
      groups: () => [...api.groups.keys()],
      names: (group: string) => [...(api.groups.get(group)?.keys() ?? [])],
      waits: (group: string, name: string) => api.groups.get(group)?.get(name)?.waits !== "never",
      call: (group: string, name: string) => this.callable(api.groups.get(group)!.get(name)!),
      modf: (name: string, ...args: unknown[]) => this.modf(api, name, args),
      missing: (name: string) => {
        this.host.report(`there is no method ${name} in the script`);
        return NO_METHOD;
      },
      logger: (word: string) => (text: unknown) => this.host.log(word, fromUnicode(String(text))),
      log: (level: unknown, text: unknown) => this.host.log(String(level), fromUnicode(String(text))),
      find: (name: string) => this.host.find(name) ?? undefined,
      field: (name: string) => this.field(name),
      header: (name: string) => this.header(name),
      set_ruri: (uri: string) => {
        this.ctx().message.newUri = fromUnicode(uri);
      },
      set_dst_uri: (uri: string) => {
        this.ctx().message.dstUri = fromUnicode(uri);
      },
    };
  }

  private ctx(): RouteContext {
    const ctx = this.runs.get(this.now);
    if (ctx === undefined) throw new PythonError("no message is being routed");
    return ctx;
  }

  private callable(call: ScriptCall): (...args: unknown[]) => unknown {
    return (...args) => this.invoke(call, args);
  }

  private modf(api: ScriptApi, name: string, args: readonly unknown[]): unknown {
    const call = api.native(name);
    if (call !== null) return this.invoke(call, args);
    this.host.report(`modf: there is no function ${name}`);
    return -1;
  }

  private invoke(call: ScriptCall, given: readonly unknown[]): unknown {
    const args: ScriptArg[] = [];
    for (const arg of given) {
      if (typeof arg === "number") args.push(arg);
      else if (typeof arg === "string") args.push(fromUnicode(arg));
      else if (typeof arg === "boolean") args.push(arg ? 1 : 0);
      else return this.refuse(call, `argument ${args.length + 1} is neither a text nor a number`);
    }
    const result: KemiResult | ArgError = call.call(this.ctx(), args);
    if (result instanceof ArgError) return this.refuse(call, result.message);
    if (result instanceof Promise) return result.then((value) => inPython(call, value));
    return inPython(call, result);
  }

  private refuse(call: ScriptCall, why: string): unknown {
    this.host.report(`${call.name}: ${why}`);
    return call.gives === "value" ? undefined : call.gives === "bool" ? false : -1;
  }

  private field(name: string): unknown {
    const { message, flow } = this.ctx();
    switch (name) {
      case "Type":
        return message.isRequest ? "SIP_REQUEST" : "SIP_REPLY";
      case "Method":
        return message.methodText();
      case "Status":
        return message.isRequest ? undefined : String(message.status);
      case "RURI":
        return toUnicode(message.requestUri());
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

// Nothing is None there: undefined is what becomes it.
function inPython(call: ScriptCall, value: Value): unknown {
  if (call.gives === "none") return undefined;
  if (call.gives === "bool") return typeof value === "number" && value > 0;
  if (value === null) return undefined;
  return typeof value === "string" ? toUnicode(value) : value;
}
