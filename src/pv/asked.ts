// Variables that somebody else knows ($rtpstat: a media relay): each reading is preceded by a question, which may have to wait.

import type { RouteContext } from "../proxy/context.ts";
import type { AnyModule, FunctionResult } from "../registry/define.ts";

/** Asks for the value of a variable, which its accessor gives afterwards. What it returns means nothing. */
export type Ask = (ctx: RouteContext) => FunctionResult;

const NONE: readonly Ask[] = [];

/** The variables of that kind in one generation of the configuration. */
export class AskedVariables {
  private readonly asks = new Map<string, Ask>();
  private readonly pattern: RegExp | null;

  /** `instances`: what each module's configure returned, by module name. */
  constructor(modules: readonly AnyModule[], instances: ReadonlyMap<string, unknown>) {
    for (const { name: module, pvs } of modules)
      for (const [name, { ask, aliases }] of Object.entries(pvs))
        for (const spelling of [name, ...aliases]) {
          this.asks.delete(spelling); // that of the module loaded later counts
          if (ask !== undefined) this.asks.set(spelling, (ctx) => ask(instances.get(module), ctx));
        }
    const names = [...this.asks.keys()].join("|");
    this.pattern = names === "" ? null : new RegExp(`\\$\\$|\\$\\(?(${names})(?!\\.?[A-Za-z0-9_])`, "g");
  }

  /** Whether there are any. */
  get some(): boolean {
    return this.pattern !== null;
  }

  /** What is to be asked before the variables in a text, or one as it is written, are read: each variable once. */
  in(text: string): readonly Ask[] {
    if (this.pattern === null || !text.includes("$")) return NONE;
    const found = new Set<Ask>();
    for (const [, name] of text.matchAll(this.pattern)) if (name !== undefined) found.add(this.asks.get(name)!);
    return found.size === 0 ? NONE : [...found];
  }
}
