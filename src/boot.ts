// The one place that joins the parts: configuration → modules → listeners → routes → run.

import type { Host } from "./host/host.ts";
import type { Listener } from "./net/flow.ts";
import { Proxy } from "./proxy/proxy.ts";
import { Receiver } from "./proxy/receive.ts";
import { NetTransports } from "./proxy/transports.ts";
import { type Configured, ModuleLoader } from "./registry/loader.ts";
import { type Config, compileRoutes, type Diagnostic } from "./script/index.ts";
import { Databases } from "./store/connect.ts";
import { openListeners } from "./control/listeners.ts";
import { Log, type LogSettings } from "./util/log.ts";
import { TimerWheel } from "./util/timer-wheel.ts";
import { VERSION } from "./util/version.ts";

/** A running proxy. */
export interface Server {
  readonly proxy: Proxy;
  readonly listeners: readonly Listener[];
  /** Stops listening, lets modules write what they hold, closes databases. */
  stop(): Promise<void>;
}

/** The checked configuration could not be compiled after all: what a module says of a variable, for example. */
export class CompileError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super("the routes could not be compiled");
    this.name = "CompileError";
    this.diagnostics = diagnostics;
  }
}

/** Length of a tick of the timer wheel, ms. */
const TICK = 10;

/**
 * Starts a proxy from a checked configuration. Rejects with CompileError, ConfigError, StoreError, ListenError or HostError;
 * whatever was opened by then is closed.
 */
export async function start(host: Host, config: Config, settings: LogSettings): Promise<Server> {
  const log = new Log(settings, "");
  const wheel = new TimerWheel(host.clock.mono(), TICK);
  const databases = new Databases(host, log.named("store"));
  const transports = new NetTransports(host, {
    receive: (buf, from, to, flow) => receiver.receive(buf, from, to, flow),
    onClose: (flow, error) => proxy.flowClosed(flow, error),
    onError: (flow, error) => proxy.flowFailed(flow, error),
  });
  const proxy = new Proxy(host, log, wheel, transports);
  const receiver = new Receiver(proxy);
  applyGlobals(proxy, config);
  const loader = new ModuleLoader({ host, log, wheel, proxy, database: (url) => databases.get(url) });
  const stopTicking = tick(host, wheel);
  const stop = async (): Promise<void> => {
    transports.close();
    await loader.stop();
    databases.closeAll();
    stopTicking();
  };
  try {
    const generation = loader.configure(config.modules);
    const compiled = compileRoutes(config, instancesOf(generation), { report: (text) => log.error(text) });
    if (compiled.routes === null) throw new CompileError(compiled.diagnostics);
    proxy.routes = compiled.routes;
    await loader.start(generation);
    await openListeners(host, transports, config.globals, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return { proxy, listeners: transports.listeners, stop };
}

function instancesOf(generation: readonly Configured[]): Map<string, unknown> {
  return new Map(generation.map(({ module, instance }) => [module.name, instance]));
}

function applyGlobals(proxy: Proxy, config: Config): void {
  const { globals } = config;
  const product = `portico (${VERSION})`;
  if (globals.bool("server_signature")) proxy.serverLine = `${globals.text("server_header") ?? `Server: ${product}`}\r\n`;
  proxy.userAgentLine = `${globals.text("user_agent_header") ?? `User-Agent: ${product}`}\r\n`;
  for (const alias of globals.aliases) {
    const parsed = /^(?:[a-z]+:)?(\[[^\]]*\]|[^:]+)(?::(\d+))?$/i.exec(alias);
    if (parsed !== null) proxy.identity.addAlias(parsed[1]!.replace(/^\[|\]$/g, ""), parsed[2] === undefined ? 0 : Number(parsed[2]));
  }
}

// The wheel is driven by one timer of the runtime, which runs only while timers are armed or messages come.
function tick(host: Host, wheel: TimerWheel): () => void {
  let cancel: () => void = () => {};
  const again = (): void => {
    cancel = host.clock.after(TICK, () => {
      wheel.advance(host.clock.mono());
      again();
    });
  };
  again();
  return () => cancel();
}
