// What module pv keeps: for the life of the process the variables all messages share, for one generation its parameters.

import type { Value } from "../../sip/value.ts";
import type { Log } from "../../util/log.ts";

/** What pv keeps for the life of the process: variables that all messages share, and when it began. */
export class SharedVariables {
  readonly startedAt: number;
  private readonly values = new Map<string, Value>();

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }
  /** 0 when it was never set. */
  get(name: string): Value {
    return this.values.get(name) ?? 0;
  }
  set(name: string, value: Value): void {
    if (value === null) this.values.delete(name);
    else this.values.set(name, value);
  }
  has(name: string): boolean {
    return this.values.has(name);
  }
  entries(): IterableIterator<[string, Value]> {
    return this.values.entries();
  }
}

/** One generation of module pv. */
export interface PvInstance {
  readonly shared: SharedVariables;
  readonly log: Log;
  /** Other names of AVPs (avp_aliases). */
  readonly avpAliases: ReadonlyMap<string, string>;
  /** What $var(name) is when a message comes (varset). */
  readonly firstVars: ReadonlyMap<string, Value>;
}
