// Module functions that ask a database: a failure is a line in the log and a false, never an exception of the route.

import type { RouteContext } from "../proxy/context.ts";
import { type Maybe, whenThere } from "../util/maybe.ts";
import type { ModuleHost } from "./module-host.ts";

/**
 * Gets something and goes on with it; -1 when either fails. When it has to wait, the message is made the route's own first, since the
 * buffer it came in is used again.
 */
export function guarded<T>(
  host: ModuleHost,
  ctx: RouteContext,
  get: () => Maybe<T>,
  go: (value: T) => Maybe<number>,
): Maybe<number> {
  const failed = (error: unknown): number => {
    host.proxy.limited.error(host.log, error instanceof Error ? error.message : String(error));
    return -1;
  };
  try {
    const got = get();
    if (got instanceof Promise) ctx.message.own();
    const result = whenThere(got, go);
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
