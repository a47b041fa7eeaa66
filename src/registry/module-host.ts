// What a module gets from the program: log, host, timers, databases, the proxy, other modules.

import type { Host } from "../host/host.ts";
import type { RouteContext, RouteResult } from "../proxy/context.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { Database } from "../store/database.ts";
import type { NetworkSettings } from "../store/network-settings.ts";
import type { Log } from "../util/log.ts";
import type { TimerWheel } from "../util/timer-wheel.ts";
import type { Commands } from "./commands.ts";
import type { Module } from "./define.ts";

export interface ModuleHost {
  /** Writes with the module's name in front. */
  readonly log: Log;
  readonly host: Host;
  /** The one timer wheel of the worker. */
  readonly wheel: TimerWheel;
  readonly proxy: Proxy;
  /** The commands (RPC) of all modules in force, for those who take them from outside. */
  readonly commands: Commands;
  /** The process-wide state of a module named in `uses`. Throws when it is not loaded, which the loader has already excluded. */
  use<S>(module: Module<S>): S;
  /** As use, for a module that need not be loaded; null when it is not. */
  useIfLoaded<S>(module: Module<S>): S | null;
  /** The database of a URL (Kamailio's db_url form), opened when first asked for; shared by all who name the same URL. */
  database(url: string): Database;
  /** How connections to MySQL and PostgreSQL are opened and bounded; modules db_mysql and db_postgres set it. */
  readonly networkDatabases: NetworkSettings;
  /**
   * Runs event_route[name] over the context's message, when the script has one; null when it has none. What fails in it is logged and counts
   * as -1: it neither throws nor rejects.
   */
  runEvent(name: string, ctx: RouteContext): RouteResult | null;
}
