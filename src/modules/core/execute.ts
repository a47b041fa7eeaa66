// Programs started by a script (exec): some at a time, each for a limited time.

import type { RouteContext } from "../../proxy/context.ts";
import { Level } from "../../util/log.ts";

/** Commands that run at a time, in the process; strangers may cause them. */
const MAX_COMMANDS = 32;
/** Milliseconds each may take. */
const COMMAND_TIME = 60_000;

let running = 0;

/**
 * Runs a command by the shell. 1 when it ends well, else -1, and the log says so (Kamailio gives 0 and 1, which reads the other way round in a
 * condition).
 */
export async function execute(ctx: RouteContext, command: string): Promise<number> {
  const { log, host, limited } = ctx.proxy;
  if (running >= MAX_COMMANDS) {
    limited.error(log, `exec: ${MAX_COMMANDS} commands run already; not run: ${JSON.stringify(command)}`);
    return -1;
  }
  running++;
  const code = await host.system.run(command, COMMAND_TIME).finally(() => running--);
  if (code !== 0)
    limited.write(
      log,
      Level.NOTICE,
      "commands of exec that failed",
      `exec: ${JSON.stringify(command)} ended with ${code < 0 ? "a signal or not at all" : code}`,
    );
  return code === 0 ? 1 : -1;
}
