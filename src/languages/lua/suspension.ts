// Waiting inside scripts: a function of ours that has to wait suspends the coroutine of the run, through the script's own coroutines.

import type { RouteContext } from "../../proxy/context.ts";
import { fail } from "./arguments.ts";
import { lua } from "./fengari.ts";
import type { LuaState } from "./fengari-types.ts";
import type { LuaMachine } from "./machine.ts";

/** Pushes what a promise gave as results of the function that waited for it; returns how many. */
export type PushResult = (L: LuaState, value: unknown) => number;

/** What a run waits for. */
export interface Wait {
  readonly promise: Promise<unknown>;
  /** The function it waits in. */
  readonly name: string;
  readonly push: PushResult;
  /** What its function gives when the promise fails; the failure is logged. */
  readonly pushFailure: (L: LuaState) => number;
}

/** One run of a script for a message. */
export interface Run {
  readonly ctx: RouteContext;
  readonly machine: LuaMachine;
  /** Null as long as no interpreter is needed for it. */
  thread: LuaState | null;
  /** While it is suspended by a function of ours. */
  wait: Wait | null;
}

/** The runs of one engine: which one is going on. */
export class Suspension {
  /** Null between runs. Its thread is the main one while the top level of a file runs. */
  current: Run | null = null;

  /** Whether a function called on that thread could wait. */
  canWait(L: LuaState): boolean {
    if (this.current === null) return false;
    for (let at: LuaState | null = L; at !== null; at = at.outer ?? null) if (at.nny > 0) return false;
    return true;
  }

  /** Whether the top level of a file is running, at start or reload. */
  get isLoading(): boolean {
    return this.current !== null && this.current.thread === this.current.machine.L;
  }

  /** Suspends the run until the promise is there; raises an error where that cannot be. To be returned by a function of ours. */
  wait(L: LuaState, wait: Wait): number {
    if (!this.canWait(L)) {
      wait.promise.catch(() => {}); // goes on by itself, nobody sees how it ends
      const where = this.isLoading
        ? "at the top level of a file, while it is loaded"
        : "inside a metamethod, a comparison of table.sort or a function called by string.gsub";
      return fail(L, `${wait.name} has to wait, which it cannot ${where}`);
    }
    this.current!.wait = wait;
    lua.lua_yield(L, 0); // does not return: what is pushed later are the results
    return 0;
  }
}
