// Brings declared modules to life: their process-wide state once, their instances for each generation of the configuration.

import type { Host } from "../host/host.ts";
import { RouteKind } from "../proxy/context.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { Database } from "../store/database.ts";
import type { NetworkSettings } from "../store/network-settings.ts";
import { Level, type Log } from "../util/log.ts";
import { attempt } from "../util/maybe.ts";
import type { TimerWheel } from "../util/timer-wheel.ts";
import type { Commands } from "./commands.ts";
import { type AnyModule, ConfigError, type Module, type ParamReaders } from "./define.ts";
import type { ModuleHost } from "./module-host.ts";

/** What all modules of a process share. */
export interface Surroundings {
  readonly host: Host;
  readonly log: Log;
  readonly wheel: TimerWheel;
  readonly proxy: Proxy;
  readonly commands: Commands;
  readonly database: (url: string) => Database;
  readonly networkDatabases: NetworkSettings;
}

/** A module of one generation with the parameters it got. */
export interface Configured {
  readonly module: AnyModule;
  readonly instance: unknown;
  readonly host: ModuleHost;
}

/** Makes, starts and stops the modules of one process. */
export class ModuleLoader {
  private readonly around: Surroundings;
  private readonly states = new Map<AnyModule, { readonly state: unknown; readonly host: ModuleHost }>();

  constructor(around: Surroundings) {
    this.around = around;
  }

  /**
   * Makes the instances of a generation, in the order given, which has each module after those it uses; `params` are a module's checked
   * values with defaults filled in. Throws ConfigError from a module whose parameters do not go together; nothing is in force then.
   */
  configure(
    modules: readonly { readonly module: AnyModule; readonly params: Readonly<Record<string, unknown>> }[],
  ): Configured[] {
    return modules.map(({ module, params }) => {
      try {
        const { state, host } = this.stateOf(module);
        return { module, host, instance: module.configure(state, params, host) };
      } catch (error) {
        if (error instanceof ConfigError) error.module = module.name;
        throw error;
      }
    });
  }

  /** Has the modules of a generation resolve the variables that their parameters name. Throws ConfigError. */
  bind(generation: readonly Configured[], readers: ParamReaders): void {
    for (const { module, instance } of generation) {
      try {
        module.bind?.(instance, readers);
      } catch (error) {
        if (error instanceof ConfigError) error.module = module.name;
        throw error;
      }
    }
  }

  /** Runs the start of each module of a generation that is now in force. Rejects with ConfigError when what a parameter names cannot be used. */
  async start(generation: readonly Configured[]): Promise<void> {
    for (const { module, instance, host } of generation) {
      try {
        await module.start?.(instance, host);
      } catch (error) {
        if (error instanceof ConfigError) error.module = module.name;
        throw error;
      }
    }
  }

  /** Has the modules of a generation that is only checked find what takes a while. `tell` is for a person. */
  async examine(generation: readonly Configured[], tell: (text: string) => void): Promise<void> {
    for (const { module, instance } of generation) await module.examine?.(instance, tell);
  }

  /** Ends all modules, the last one first; errors are logged and do not keep the others from ending. */
  async stop(): Promise<void> {
    for (const [module, { state, host }] of [...this.states].reverse()) {
      try {
        await module.stop?.(state);
      } catch (error) {
        host.log.write(
          Level.ERROR,
          `could not stop cleanly: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    this.states.clear();
  }

  private stateOf(module: AnyModule): { readonly state: unknown; readonly host: ModuleHost } {
    let known = this.states.get(module);
    if (known === undefined) {
      for (const used of module.uses) this.stateOf(used);
      const host = this.hostFor(module);
      known = { state: module.state(host), host };
      this.states.set(module, known);
    }
    return known;
  }

  private hostFor(module: AnyModule): ModuleHost {
    const { around, states } = this;
    return {
      log: around.log.named(module.name),
      host: around.host,
      wheel: around.wheel,
      proxy: around.proxy,
      commands: around.commands,
      database: around.database,
      networkDatabases: around.networkDatabases,
      use: <S>(other: Module<S>): S => {
        const known = states.get(other);
        if (known === undefined) throw new Error(`module ${module.name} needs ${other.name}, which is not loaded`);
        return known.state as S;
      },
      useIfLoaded: <S>(other: Module<S>): S | null => (states.get(other)?.state as S | undefined) ?? null,
      runEvent: (name, ctx) => {
        const route = ctx.routes.event(name);
        if (route === null) return null;
        const { kind } = ctx;
        ctx.kind = RouteKind.EVENT;
        const result = attempt(() => route(ctx));
        if (typeof result === "number") {
          ctx.kind = kind;
          return result;
        }
        const failed = (error: unknown): number => {
          const { counters, limited, log } = around.proxy;
          counters.routeErrors++;
          limited.error(log, `event_route[${name}]: ${error instanceof Error ? error.message : String(error)}`);
          return -1;
        };
        return result.catch(failed).finally(() => {
          ctx.kind = kind;
        });
      },
    };
  }
}
