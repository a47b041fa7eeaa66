// The one place that joins the parts: configuration → modules → listeners → routes → run.

import { applyRules, transportLimits } from "./control/apply-globals.ts";
import type { Trial } from "./control/cli/check.ts";
import { dataDirectory } from "./control/data-directory.ts";
import { createApp, servePages } from "./control/http-app.ts";
import { addNamesOfListeners, openListeners } from "./control/listeners.ts";
import { allowGlobalChanges } from "./control/live-globals.ts";
import { allowRawChanges, allowTcpChanges } from "./control/live-transports.ts";
import { ScriptFindings } from "./control/script-findings.ts";
import type { Steps } from "./control/surroundings.ts";
import type { Host } from "./host/host.ts";
import { Api, variableReader } from "./languages/api.ts";
import { type Callbacks, EngineRoutes } from "./languages/engine-routes.ts";
import type { Listener } from "./net/flow.ts";
import type { Routes } from "./proxy/context.ts";
import { HttpReceiver } from "./proxy/http-receive.ts";
import { Proxy } from "./proxy/proxy.ts";
import { Receiver } from "./proxy/receive.ts";
import { NetTransports } from "./proxy/transports.ts";
import { runStartup, runTimers } from "./proxy/unasked.ts";
import { compileText } from "./pv/string.ts";
import { ArgError, type RouteArg } from "./registry/args.ts";
import { Commands } from "./registry/commands.ts";
import { ConfigError, type ParamReaders } from "./registry/define.ts";
import { type Configured, ModuleLoader } from "./registry/loader.ts";
import {
  type CompiledRoutes,
  type Config,
  checkNoSctp,
  compileRoutes,
  type Diagnostic,
  Diagnostics,
} from "./script/index.ts";
import { Transport } from "./sip/transports.ts";
import { Databases } from "./store/connect.ts";
import { Level, Log, type LogSettings } from "./util/log.ts";
import { TimerWheel } from "./util/timer-wheel.ts";
import { VERSION } from "./util/version.ts";

/** A running proxy. */
export interface Server {
  readonly proxy: Proxy;
  readonly listeners: readonly Listener[];
  /** The commands (RPC) of its modules. */
  readonly commands: Commands;
  /** Stops listening, lets modules write what they hold, closes databases. */
  stop(): Promise<void>;
}

/** A configuration that reads well but cannot be used: what a module says of its parameters or of a variable's name. */
export class UnusableConfig extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super("the configuration cannot be used");
    this.name = "UnusableConfig";
    this.diagnostics = diagnostics;
  }
}

/** The beginning of what a script reports is what tells kinds of reports apart: place and fault. */
const MAX_KIND = 100;

/** No log level is below it. */
const LOWEST_LEVEL = -128;

/** Length of a tick of the timer wheel, ms. */
const TICK = 10;

/**
 * Starts a proxy from a checked configuration. Rejects with UnusableConfig, StoreError, ListenError or HostError; whatever was opened by
 * then is closed. `steps` are called in between. `data` is the directory of what is kept; null for the usual one. `run` is where sockets lie.
 */
export async function start(
  host: Host,
  config: Config,
  settings: LogSettings,
  steps: Steps | null = null,
  data: string | null = null,
  run: string | null = null,
): Promise<Server> {
  const parts = assemble(host, config, settings, data, run);
  const { proxy, transports, loader, commands, databases, wheel } = parts;
  const stopTicking = tick(host, wheel);
  let stopTimers = (): void => {};
  const stop = async (): Promise<void> => {
    stopTimers();
    transports.close();
    await loader.stop();
    databases.closeAll();
    stopTicking();
  };
  const refused: Diagnostic[] = [];
  const tell = (finding: Diagnostic): void => proxy.log.warn(findingLine(finding));
  try {
    const { generation, found } = prepare(parts, config);
    found.list.forEach(tell);
    found.tellAtOnce((finding) => (finding.severity === "error" ? void refused.push(finding) : tell(finding)));
    commands.enter(generation);
    steps?.beforeModules();
    await loader.start(generation);
    found.tellAtOnce(tell);
    await runStartup(proxy);
    steps?.beforeSockets();
    await openListeners(host, transports, config.globals, proxy.log);
    if (config.globals.bool("auto_aliases")) void addNamesOfListeners(host, proxy);
    stopTimers = runTimers(proxy);
  } catch (error) {
    await stop();
    if (refused.length > 0) throw new UnusableConfig(refused);
    if (error instanceof ConfigError) throw new UnusableConfig([refusal(error, config)]);
    throw error;
  }
  return { proxy, listeners: transports.listeners, commands, stop };
}

/**
 * What starting that configuration would find wrong with it, without opening anything: modules are set up and routes compiled, then thrown away.
 * `data` as in `start`; `tell` is for a person who waits.
 */
export async function tryOut(
  host: Host,
  config: Config,
  data: string | null = null,
  tell: (text: string) => void = () => {},
): Promise<Trial> {
  const sctp = sctpFindings(host, config);
  try {
    const parts = assemble(host, config, { level: Level.ALERT, sink: () => {} }, data);
    const { generation, routes, found } = prepare(parts, config);
    await parts.loader.examine(generation, tell);
    return { diagnostics: [...sctp, ...found.list], routes: found.errors > 0 ? null : routes };
  } catch (error) {
    if (error instanceof UnusableConfig) return { diagnostics: [...sctp, ...error.diagnostics], routes: null };
    throw error;
  }
}

// What the configuration asks of SCTP that this system has not; it is asked only if the configuration speaks of SCTP.
function sctpFindings(host: Host, { globals, tree }: Config): readonly Diagnostic[] {
  const enabledAt = tree.globals.findLast(({ name }) => /^(enable|disable)_sctp$/.test(name))?.nameAt ?? null;
  if (enabledAt === null && !globals.listen.some(({ proto }) => proto === "sctp")) return [];
  const missing = host.network.noSctp();
  const diagnostics = new Diagnostics();
  if (missing !== null) checkNoSctp(globals, missing.code, enabledAt, diagnostics);
  return diagnostics.sorted();
}

function assemble(host: Host, config: Config, settings: LogSettings, data: string | null, run: string | null = null) {
  const log = new Log(settings, "");
  const wheel = new TimerWheel(host.clock.mono(), TICK, (error) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    proxy.limited.write(proxy.log, Level.BUG, "faults of timers", `fault of a timer: ${text}`);
  });
  const databases = new Databases(host, log.named("store"), config.globals.text("version_table") ?? "version");
  databases.slow = { from: config.globals.int("latency_limit_db"), level: config.globals.int("latency_log") };
  const transports = new NetTransports(
    host,
    {
      receive: (buf, from, to, flow) => receiver.receive(buf, from, to, flow),
      onHttp: (buf, from, to, flow, flags) => http.receive(buf, from, to, flow, flags),
      onDrop: (reason, from) => proxy.strangers.connectionDropped(reason, from),
      onClose: (flow, error) => proxy.flowClosed(flow, error),
      onError: (flow, error) => proxy.flowFailed(flow, error),
    },
    transportLimits(config.globals),
  );
  const proxy = new Proxy(host, log, wheel, transports);
  const receiver = new Receiver(proxy);
  const http = new HttpReceiver(proxy, (bytes, avps, flow) => receiver.taken(bytes, avps, flow));
  proxy.httpPages = servePages(proxy, createApp(proxy));
  proxy.places = {
    config: host.files.resolve(config.file, ".."),
    data: dataDirectory(host, data),
    run: run ?? config.globals.text("rundir"),
  };
  applyGlobals(proxy, config);
  applyRules(proxy, config.globals);
  allowGlobalChanges(proxy, config.globals);
  allowTcpChanges(proxy, transports, config.globals);
  allowRawChanges(proxy, transports, config.globals);
  const commands = new Commands();
  const loader = new ModuleLoader({
    host,
    log,
    wheel,
    proxy,
    commands,
    database: (url) => databases.get(url),
    networkDatabases: databases.network,
  });
  return { proxy, transports, loader, commands, databases, wheel };
}

// Sets the modules up and puts the compiled routes in force. Throws UnusableConfig.
function prepare(
  { proxy, loader }: ReturnType<typeof assemble>,
  config: Config,
): { generation: readonly Configured[]; routes: CompiledRoutes; found: ScriptFindings } {
  let generation: readonly Configured[];
  try {
    generation = loader.configure(config.modules);
  } catch (error) {
    if (error instanceof ConfigError) throw new UnusableConfig([refusal(error, config)]);
    throw error;
  }
  const compiled = compileRoutes(config, instancesOf(generation), {
    report: (text) => proxy.limited.write(proxy.log, Level.ERROR, text.slice(0, MAX_KIND), text),
    tell: {
      mono: () => proxy.host.clock.mono(),
      write: (level, text, facility, word) => proxy.log.write(level, text, facility, word),
      tracing: proxy.tracing,
    },
    allowChange: (name, put) => proxy.groups.allowNumber("core", name, LOWEST_LEVEL, put),
  });
  if (compiled.routes === null) throw new UnusableConfig(compiled.diagnostics);
  const { routes, routeNumber, callbacks } = routing(config, generation, compiled.routes);
  const found = new ScriptFindings(config);
  try {
    const readers = readersOf(compiled.routes, generation, routeNumber);
    loader.bind(generation, { ...readers, scripts: found.surroundings(callbacks) });
  } catch (error) {
    if (error instanceof ConfigError) throw new UnusableConfig([...found.list, refusal(error, config)]);
    throw error;
  }
  if (found.errors > 0) throw new UnusableConfig(found.list);
  proxy.routes = routes;
  proxy.logPrefix = logPrefix(config, compiled.routes);
  proxy.logPrefixEach = config.globals.int("log_prefix_mode") === 1;
  return { generation, routes: compiled.routes, found };
}

// What a script will fail of, as a line of the log.
function findingLine({ file, line, message, hint }: Diagnostic): string {
  return `${file}:${line}: ${message}${hint === null ? "" : `; ${hint}`}`;
}

type RouteNumber = (kind: RouteArg, name: string) => number;

/** What routes messages: the native script, or a script in the language that cfgengine names. */
function routing(
  config: Config,
  generation: readonly Configured[],
  native: CompiledRoutes,
): { routes: Routes; routeNumber: RouteNumber; callbacks: Callbacks | null } {
  const language = config.globals.text("cfgengine");
  if (language === null || language === "native" || language === "default")
    return { routes: native, routeNumber: (kind, name) => config.routes.find(kind, name)?.id ?? 0, callbacks: null };
  const found = generation.find(({ module }) => module.engine?.languages.includes(language));
  if (found === undefined) throw new UnusableConfig([missingEngine(language, config)]);
  const callbacks = callbacksOf(config);
  const routes = new EngineRoutes(native, found.module.engine!.of(found.instance), callbacks);
  return { routes, routeNumber: (kind, name) => routes.number(kind, name), callbacks };
}

function callbacksOf({ globals, modules }: Config): Callbacks {
  const events = modules.flatMap(({ module, params }) => {
    const named = [[module.name, params.event_callback || params.evcb_reply_out] as const];
    for (const [name, { callback }] of Object.entries(module.events)) {
      const group = name.slice(0, name.indexOf(":")); // some carry the name of another module
      if (callback !== undefined) named.push([name, params[callback]]);
      else if (group !== module.name && params.event_callback) named.push([group, params.event_callback]);
    }
    return named.flatMap(([name, callback]) =>
      typeof callback === "string" && (callback !== "" || name !== module.name) ? [[name, callback] as const] : [],
    );
  });
  const callback = (route: string): string => {
    const name = globals.text(`kemi.${route}_callback`) ?? "";
    return name === "none" ? "" : name;
  };
  return {
    request: "ksr_request_route",
    reply: callback("reply_route"),
    onsend: callback("onsend_route"),
    received: callback("received_route"),
    preRouting: callback("pre_routing"),
    events: new Map(events),
  };
}

function missingEngine(language: string, { tree }: Config): Diagnostic {
  const diagnostics = new Diagnostics();
  const { at } = tree.globals.findLast((g) => g.name === "cfgengine" || g.name === "cfg_engine")!.value;
  const module = language.startsWith("python") ? "app_python3" : `app_${language}`;
  diagnostics.error("missing-engine", at, `no module is loaded that runs ${language}`, `add loadmodule "${module}.so"`);
  return diagnostics.list[0]!;
}

function readersOf(
  { env }: CompiledRoutes,
  generation: readonly Configured[],
  routeNumber: RouteNumber,
): Omit<ParamReaders, "scripts"> {
  const text = (words: string) => compileText(words, env);
  const variable = variableReader(env);
  return { text, variable, api: new Api(generation, { reader: text, variable, routeNumber }) };
}

// The text of log_prefix, ready to be made for a message.
function logPrefix({ globals, tree }: Config, { env }: CompiledRoutes): Proxy["logPrefix"] {
  const text = globals.text("log_prefix");
  if (text === null) return null;
  const reader = compileText(text, env);
  if (!(reader instanceof ArgError)) return reader;
  const diagnostics = new Diagnostics();
  const { at } = tree.globals.findLast((g) => g.name === "log_prefix")!.value;
  diagnostics.error("bad-value", at, `log_prefix: ${reader.message}`, reader.hint);
  throw new UnusableConfig(diagnostics.list);
}

// What a module refuses, shown at the modparam it is about, or at its loadmodule.
function refusal(error: ConfigError, config: Config): Diagnostic {
  const loaded = config.modules.find((m) => m.module.name === error.module)!;
  const diagnostics = new Diagnostics();
  const place = (error.param === null ? undefined : loaded.paramPlaces.get(error.param)) ?? loaded.at;
  diagnostics.error("module-refused", place, `${error.module}: ${error.message}`, error.hint);
  return diagnostics.list[0]!;
}

function instancesOf(generation: readonly Configured[]): Map<string, unknown> {
  return new Map(generation.map(({ module, instance }) => [module.name, instance]));
}

function applyGlobals(proxy: Proxy, config: Config): void {
  const { globals } = config;
  proxy.groups = config.groups;
  proxy.loaded = {
    defines: config.defines,
    modules: config.modules.map((m) => m.module.name).filter((n) => n !== "core"),
  };
  proxy.coreLog = globals.int(globals.has("sip_parser_log") ? "sip_parser_log" : "corelog");
  proxy.routeTimeLog = globals.int("latency_cfg_log");
  proxy.onsendReplies = globals.bool("onsend_route_reply");
  proxy.runsReceived = globals.int("received_route_mode") !== 0;
  proxy.udpMtu = globals.int("udp_mtu");
  proxy.mtuProtocol = transportOf(globals.text("udp_mtu_try_proto") ?? "UDP");
  proxy.sipWarning = globals.bool("sip_warning");
  proxy.localRport = globals.bool("local_rport");
  proxy.forceRport = globals.bool("force_rport");
  proxy.maxBranches = globals.int("max_branches");
  const product = `portico (${VERSION})`;
  if (globals.bool("server_signature"))
    proxy.serverLine = headerLine(globals.text("server_header") ?? `Server: ${product}`);
  proxy.userAgentLine = headerLine(globals.text("user_agent_header") ?? `User-Agent: ${product}`);
  proxy.serverId = globals.int("server_id");
  for (const alias of globals.aliases) {
    const parsed = /^(?:[a-z]+:)?(\[[^\]]*\]|[^:]+)(?::(\d+|\*))?$/i.exec(alias);
    if (parsed !== null) proxy.identity.addAlias(parsed[1]!.replace(/^\[|\]$/g, ""), Number(parsed[2] ?? 0) || 0);
  }
}

// A header line as the configuration gives it; an empty text means none.
function headerLine(text: string): string {
  return text === "" ? "" : `${text}\r\n`;
}

// A transport by its name; UDP when it is none.
function transportOf(name: string): number {
  return Object.entries(Transport).find(([key]) => key === name.toUpperCase())?.[1] ?? Transport.UDP;
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
