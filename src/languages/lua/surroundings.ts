// What scripts in Lua reach of the world around the program, and what the configuration closes to them.

import type { Host } from "../../host/host.ts";
import { toUnicode } from "../../util/bytes.ts";
import { fail } from "./arguments.ts";
import type { LuaState } from "./fengari-types.ts";

/** Parts of the world, to be added up. */
export const Access = { FILES: 1, PROCESSES: 2, EXIT: 4 } as const;

/** The world around the scripts of one engine. */
export interface Surroundings {
  readonly host: Host;
  /** The parts that are open (Access). */
  readonly access: number;
  /** A line of print(). */
  print(text: string): void;
}

/** Raises an error unless that part is open. */
export function mustBeOpen(L: LuaState, { access }: Surroundings, part: number, what: string): void {
  if ((access & part) !== 0) return;
  fail(L, `${what} is closed to scripts by modparam("app_lua", "system_access", ${access})`);
}

/** A name or command line of the script as the system takes it. */
export function systemText(text: string): string {
  return toUnicode(text);
}

/** How long a command of a script may take, in milliseconds. */
export const COMMAND_LIMIT = 60_000;
