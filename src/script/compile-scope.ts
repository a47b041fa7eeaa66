// What the compilation of all routes shares: the constants that generated code refers to, the runtime, names and their instances.

import type { AskedVariables } from "../pv/asked.ts";
import type { PvRef, Template } from "../pv/parse.ts";
import { type PvEnv, resolvePv, templateReader } from "../pv/resolve.ts";
import { type Accessor, ArgError, type TextReader } from "../registry/args.ts";
import type { Catalogue } from "../registry/registry.ts";
import type { ArgScope } from "./arguments.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { RouteEntry } from "./route-table.ts";
import type { Runtime } from "./runtime.ts";
import { fileLine, type Place } from "./source.ts";

/** cfgtrace and latency_limit_action. */
export interface ActionWatch {
  readonly traces: boolean;
  /** Microseconds from which an action is told of; 0 for never. */
  readonly slow: number;
}

/** Compile-time state of one generation. */
export class CompileScope {
  readonly args: ArgScope;
  readonly loaded: Catalogue;
  readonly instances: ReadonlyMap<string, unknown>;
  readonly env: PvEnv;
  readonly runtime: Runtime;
  readonly diagnostics: Diagnostics;
  readonly maxDepth: number;
  /** What is told of each action while routes run; nothing is compiled in for what is off. */
  readonly watch: ActionWatch;
  /** The routes that may wait. */
  readonly waiting: ReadonlySet<RouteEntry>;
  /** The variables that are asked for before they are read. */
  readonly asked: AskedVariables;
  /** The name of the route that is being compiled ($cfg(route)). */
  route = "";
  /** Values of the names k0, k1 … in generated code. */
  readonly constants: unknown[] = [];
  private readonly names = new Map<unknown, string>();
  private readonly accessors = new Map<string, string>();

  constructor(from: {
    args: ArgScope;
    loaded: Catalogue;
    instances: ReadonlyMap<string, unknown>;
    env: PvEnv;
    runtime: Runtime;
    diagnostics: Diagnostics;
    maxDepth: number;
    watch: ActionWatch;
    waiting: ReadonlySet<RouteEntry>;
    asked: AskedVariables;
  }) {
    this.args = from.args;
    this.loaded = from.loaded;
    this.instances = from.instances;
    this.env = from.env;
    this.runtime = from.runtime;
    this.diagnostics = from.diagnostics;
    this.maxDepth = from.maxDepth;
    this.watch = from.watch;
    this.waiting = from.waiting;
    this.asked = from.asked;
  }

  /** How generated code names a value: a literal, or a constant. */
  constant(value: unknown): string {
    if (typeof value === "number") return value < 0 ? `(${value})` : String(value);
    if (typeof value === "string") return JSON.stringify(value);
    if (value === null || value === undefined) return String(value);
    let name = this.names.get(value);
    if (name === undefined) {
      name = `k${this.constants.length}`;
      this.constants.push(value);
      this.names.set(value, name);
    }
    return name;
  }

  /** The number of a place in the table that errors look into. */
  site(place: Place, what: string, isRoute = false): number {
    return this.runtime.sites.push({ place, what, isRoute }) - 1;
  }

  // $cfg is the only one that asks where it stands
  private envAt(at: Place): PvEnv {
    if (this.loaded.pv("cfg") === null) return this.env;
    const [file = "", line = "0"] = fileLine(at).split(/:(?=\d+$)/);
    return { ...this.env, place: { file, line: Number(line), route: this.route } };
  }

  /** The accessor of a variable; a harmless one after reporting what is wrong with it. */
  accessor(ref: PvRef, at: Place): Accessor {
    const found = resolvePv(ref, this.envAt(at));
    if (!(found instanceof ArgError)) return found;
    this.diagnostics.error("bad-variable", at, found.message, found.hint);
    return { get: () => null, set: () => undefined };
  }

  /** What makes the text of a template; one that makes none after reporting what is wrong with it. */
  reader(template: Template, at: Place): TextReader {
    const found = templateReader(template, this.envAt(at));
    if (!(found instanceof ArgError)) return found;
    this.diagnostics.error("bad-variable", at, found.message, found.hint);
    return () => "";
  }

  /** The name of the constant that holds a variable's accessor; the same variable written twice shares one. */
  accessorName(ref: PvRef, at: Place): string {
    const key = ref.name === "cfg" ? `${fileLine(at)} ${this.route} ${ref.text}` : `${ref.text} ${String(ref.index)}`;
    let name = this.accessors.get(key);
    if (name === undefined) this.accessors.set(key, (name = this.constant(this.accessor(ref, at))));
    return name;
  }

  /** The slot of a plain `$var(name)`; -1 for other variables. */
  slot(ref: PvRef): number {
    const [inner] = ref.inner ?? [];
    const isPlain =
      ref.name === "var" &&
      ref.inner?.length === 1 &&
      typeof inner === "string" &&
      ref.transforms.length === 0 &&
      ref.index === null;
    return isPlain ? this.env.slots.slot(inner) : -1;
  }
}
