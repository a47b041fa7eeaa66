// What the process asks of the system before it serves: limits, root and working directory, and whose rights it has.
// Order as Kamailio: limits, chroot, working directory; privileges go when sockets are bound. Databases are opened with the rights it
// will have, so that a file that could not be written later is told at once.

import { type Host, HostError } from "../host/host.ts";
import { Scheduling } from "../host/system.ts";
import type { Globals } from "../script/index.ts";
import { Level, type Log } from "../util/log.ts";
import type { Options } from "./cli/options.ts";

/** The system does not give what the configuration or the command line asks for; the process ends with code 1. */
export class SurroundingsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SurroundingsError";
  }
}

/** Whose rights the process is to have; null in a part leaves it as it is. */
export interface Identity {
  readonly uid: number | null;
  readonly gid: number | null;
  /** For messages: "user nobody". */
  readonly text: string;
}

/** -u and -g, else user and group; null when none is given. Throws SurroundingsError for one that does not exist. */
export function identityOf(host: Host, options: Options, globals: Globals): Identity | null {
  const user = options.user ?? globals.text("user");
  const group = options.group ?? globals.text("group");
  if (user === null && group === null) return null;
  return attempt("user and group", () => {
    const account = user === null ? null : host.system.user(user);
    if (user !== null && account === null)
      throw new SurroundingsError(`there is no user ${user} here (-u or user=); "getent passwd" lists them`);
    const gid = group === null ? (account?.gid ?? null) : host.system.group(group);
    if (group !== null && gid === null)
      throw new SurroundingsError(`there is no group ${group} here (-g or group=); "getent group" lists them`);
    return { uid: account?.uid ?? null, gid, text: user === null ? `group ${group}` : `user ${user}` };
  });
}

/**
 * Limits, memory, scheduling, root and working directory. `fallback` is the working directory when none is given, null to stay.
 * What is only a matter of speed and cannot be had is told by `warn`; the rest throws SurroundingsError.
 */
export async function enter(
  host: Host,
  options: Options,
  globals: Globals,
  fallback: string | null,
  warn: (text: string) => void,
): Promise<void> {
  const { system, files } = host;
  const wish = (what: string, fn: () => void): void => {
    try {
      fn();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      warn(`${what}: ${error.message}`);
    }
  };
  if (globals.has("open_files_limit"))
    attempt("open_files_limit", () => system.allowFiles(globals.int("open_files_limit")));
  if (globals.has("disable_core_dump"))
    wish("disable_core_dump", () => system.allowCoreDumps(!globals.bool("disable_core_dump")));
  if (globals.bool("mlock_pages")) wish("mlock_pages", () => system.lockMemory());
  if ((globals.int("real_time") & ALL_BUT_TIMERS) !== 0)
    wish("real_time", () =>
      system.schedule(POLICIES[globals.int("rt_policy")] ?? Scheduling.OTHER, globals.int("rt_prio")),
    );
  const root = options.root ?? globals.text("chroot");
  if (root !== null) await attemptAsync("chroot", () => system.changeRoot(root));
  const directory = options.workingDirectory ?? globals.text("workdir") ?? fallback;
  if (directory !== null) attempt("working directory", () => files.changeDirectory(directory));
}

/** The bit of real_time that means this process; the others mean timer processes, which there are none of. */
const ALL_BUT_TIMERS = 4;
/** rt_policy counts otherwise than Linux: measured on Kamailio. */
const POLICIES: readonly number[] = [Scheduling.OTHER, Scheduling.ROUND_ROBIN, Scheduling.FIFO];

/** What `start` calls between its steps so that files belong to the right user and sockets are bound with the rights there are at first. */
export interface Steps {
  /** Before modules start and open databases. */
  beforeModules(): void;
  beforeSockets(): void;
  afterSockets(): void;
}

/** The steps that give privileges up. `pidFile` is given to the new user, who will remove it. */
export function dropping(host: Host, identity: Identity | null, ownFiles: readonly string[]): Steps {
  const { system } = host;
  const isRoot = host.process.userId() === 0;
  if (identity === null) return { beforeModules() {}, beforeSockets() {}, afterSockets() {} };
  const { uid, gid, text } = identity;
  const swaps = isRoot && uid !== null;
  return {
    beforeModules() {
      if (swaps) attempt(text, () => system.actAs(uid, gid ?? 0));
    },
    beforeSockets() {
      if (swaps) attempt(text, () => system.actAsOneself());
    },
    afterSockets() {
      attempt(`cannot run as ${text}`, () => {
        if (swaps) for (const file of ownFiles) system.give(file, uid, gid ?? 0);
        system.become(uid, gid);
      });
    },
  };
}

/** An orderly end by `stop`, or after `seconds` (exit_timeout; 0 for no limit) an end at once with code 1. */
export async function stopInTime(host: Host, log: Log, stop: () => Promise<void>, seconds: number): Promise<void> {
  const hurry = (): void => {
    log.write(Level.ALERT, `ending was not done in ${seconds} s (exit_timeout): ended at once`);
    host.process.exit(1);
  };
  const cancel = seconds === 0 ? () => {} : host.clock.after(seconds * 1000, hurry);
  await stop();
  cancel();
}

function attempt<T>(what: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw told(what, error);
  }
}

async function attemptAsync(what: string, fn: () => Promise<void>): Promise<void> {
  try {
    await fn();
  } catch (error) {
    throw told(what, error);
  }
}

function told(what: string, error: unknown): unknown {
  if (!(error instanceof HostError)) return error;
  const why = error.code === "EPERM" ? " (not permitted: only root may)" : "";
  return new SurroundingsError(`${what}: ${error.message}${why}`);
}
