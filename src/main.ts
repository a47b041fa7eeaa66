// argv → command: subcommands and Kamailio's flags. Called as kamailio (a symbolic link) it goes into the background and ends with 255 when
// it cannot, as Kamailio does (design.md, section 3).

import { type Server, start, tryOut, UnusableConfig } from "./boot.ts";
import { runCatalogue } from "./control/cli/catalogue.ts";
import { runCheck } from "./control/cli/check.ts";
import { kamctlMeaning, runCtl } from "./control/cli/ctl.ts";
import { run as runDb } from "./control/cli/db.ts";
import { checkOptions, HELP, type Options, parseOptions, UsageError } from "./control/cli/options.ts";
import { run as runUser } from "./control/cli/user.ts";
import { check, readSource, renderAll, routeSecret, SourceError, usesDataDirectory } from "./control/configuration.ts";
import { openControlSocket } from "./control/control-socket.ts";
import { databaseUrl, dataDirectory } from "./control/data-directory.ts";
import { ListenError } from "./control/listeners.ts";
import { openLog } from "./control/logging.ts";
import { dropping, enter, identityOf, SurroundingsError, stopInTime } from "./control/surroundings.ts";
import { type Host, HostError } from "./host/host.ts";
import { selectHost } from "./host/index.ts";
import type { Listener } from "./net/flow.ts";
import type { Config } from "./script/index.ts";
import { StoreError } from "./store/database.ts";
import { Level, Log } from "./util/log.ts";
import { COMMIT, VERSION } from "./util/version.ts";

/** Exit codes (design.md, section 3). */
const Exit = { OK: 0, CONFIG: 1, USAGE: 2, LISTEN: 3 } as const;
/** Milliseconds for what was sent last, such as the goodbyes of WebSockets, to leave before the process does. */
const LAST_WORDS = 20;

async function main(host: Host): Promise<number> {
  const [command, ...rest] = host.process.args;
  switch (host.process.programName) {
    case "kamcmd":
    case "sercmd":
      return ctl(host, host.process.args, true);
    case "kamctl":
      return kamctl(host, host.process.args);
  }
  switch (command) {
    case "ctl":
      return ctl(host, rest, false);
    case "user":
      return runUser(host, rest, databaseUrl(dataDirectory(host, null)));
    case "db":
      return runDb(host, rest, databaseUrl(dataDirectory(host, null)));
    case "check":
      return checked(host, checkOptions(rest));
    case "catalogue":
      return runCatalogue(host, rest);
    case "build-info":
      host.process.write(1, buildInfo(host));
      return Exit.OK;
    case "serve":
      return serve(host, parseOptions(rest));
    default:
      if (command !== undefined && !command.startsWith("-")) throw new UsageError(`there is no command "${command}"`);
      return withFlags(host, parseOptions(host.process.args));
  }
}

function checked(host: Host, options: Options): Promise<number> {
  return runCheck(host, options, (config, tell) => tryOut(host, config, options.dataDirectory, tell));
}

function ctl(host: Host, args: readonly string[], asKamcmd: boolean): Promise<number> {
  return runCtl(host, args, (given) => dataDirectory(host, given), asKamcmd);
}

function kamctl(host: Host, args: readonly string[]): Promise<number> {
  const meaning = kamctlMeaning(args);
  if (meaning === null)
    throw new UsageError(
      `kamctl ${args.join(" ")} is not offered here: there are rpc, ps, uptime, version, stats, ul show, add, passwd, rm`,
    );
  if (meaning.command === "ctl") return ctl(host, meaning.args, false);
  return runUser(host, meaning.args, databaseUrl(dataDirectory(host, null)));
}

async function withFlags(host: Host, options: Options): Promise<number> {
  if (options.help) host.process.write(1, HELP);
  else if (options.version) host.process.write(1, `portico ${VERSION}\n`);
  else if (options.buildInfo) host.process.write(1, buildInfo(host));
  else if (options.checkOnly) return checked(host, options);
  else return serve(host, options);
  return Exit.OK;
}

function buildInfo(host: Host): string {
  return `portico ${VERSION}${COMMIT === "" ? "" : ` (${COMMIT})`} on ${host.name}\n`;
}

async function serve(host: Host, options: Options): Promise<number> {
  const background = host.system.background();
  if (background === null && isKamailio(host) && !options.foreground && (await wantsBackground(host, options)))
    return host.system.startInBackground();
  const source = await readSource(host, configFile(host, options));
  const config = check(host, source, options, routeSecret(host, source, options));
  for (const text of options.ignored) host.process.write(2, `portico: no effect: ${text}\n`);
  host.process.write(2, renderAll(config.diagnostics));
  if (!config.ok) return unusable(host, source.file);
  const directory = usesDataDirectory(source, options) ? dataDirectory(host, options.dataDirectory) : null;
  const settings = openLog(host, options, config.globals, isKamailio(host));
  const log = new Log(settings, "");
  host.process.onFault((error) => {
    // a bug; one message may be lost by it, the telephones must not
    log.write(Level.BUG, `uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  });
  // Listened for from now on: a signal that comes while it starts must not leave anything half done.
  const ended = signalled(host);
  const identity = identityOf(host, options, config.globals);
  await enter(host, options, config.globals, background === null ? null : "/", (text) => log.warn(text));
  const pidFile = options.pidFile ?? config.globals.text("pidfile");
  const steps = dropping(host, identity, pidFile === null ? [] : [pidFile]);
  const server = await start(host, config, settings, steps, options.dataDirectory, options.runDirectory);
  if (pidFile !== null && !writePid(host, pidFile)) {
    await server.stop();
    return Exit.CONFIG;
  }
  steps.afterSockets();
  const closeControl = await openControlSocket(host, server.commands, dataDirectory(host, options.dataDirectory), log);
  host.process.write(2, greeting(server.listeners, source.file, directory));
  if (config.globals.bool("verbose_startup")) tellSetup(log, config, server);
  // With -E its log lines still go where the caller's errors go.
  background?.ready(options.logToStderr || config.globals.bool("log_stderror"));
  const stopReleasing = host.process.releaseWhenIdle();
  await ended;
  stopReleasing();
  closeControl();
  await stopInTime(host, log, () => server.stop(), config.globals.int("exit_timeout"));
  await new Promise<void>((done) => host.clock.after(LAST_WORDS, done));
  if (pidFile !== null) removePid(host, pidFile);
  return Exit.OK;
}

function isKamailio(host: Host): boolean {
  return host.process.programName === "kamailio";
}

function configFile(host: Host, options: Options): string | null {
  return options.config ?? (isKamailio(host) ? "/etc/kamailio/kamailio.cfg" : null);
}

// The configuration may say fork=no, and what is wrong with it is told in front. From standard input it can be read once only.
async function wantsBackground(host: Host, options: Options): Promise<boolean> {
  if (options.config === "-") return true;
  const config = check(host, await readSource(host, configFile(host, options)), options);
  return config.ok && config.globals.bool("fork");
}

function unusable(host: Host, file: string): number {
  host.process.write(2, `portico: ${file} cannot be used as it is\n`);
  return Exit.CONFIG;
}

// verbose_startup: what it is about to do, for the log.
function tellSetup(log: Log, config: Config, server: Server): void {
  for (const entry of config.routes.entries) log.notice(`route: ${entry.title}`);
  for (const listener of server.listeners) log.notice(`listener: ${listener.name}`);
  for (const { module } of config.modules) log.notice(`module: ${module.name}`);
}

function writePid(host: Host, file: string): boolean {
  try {
    host.files.write(file, new TextEncoder().encode(`${host.process.pid}\n`));
    return true;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    host.process.write(2, `portico: cannot write the process id (-P): ${error.message}\n`);
    return false;
  }
}

// Somebody may have taken it away already, and who runs as another user may not be allowed to: no reason to end in failure.
function removePid(host: Host, file: string): void {
  try {
    if (host.files.exists(file)) host.files.remove(file);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
}

function greeting(listeners: readonly Listener[], file: string, directory: string | null): string {
  const lines = [
    `portico ${VERSION} is ready.`,
    `  listening on   ${listeners.map((l) => l.name).join("\n                 ")}`,
    `  configuration  ${file}`,
  ];
  if (directory !== null) {
    lines.push(`  data           ${directory}/portico.sqlite`);
    lines.push("  next           add users:  portico user add NAME   (from source: ./scripts/portico user add NAME)");
    lines.push("                 then let two telephones register with one of the addresses above; stop with Ctrl-C");
  }
  return `${lines.join("\n")}\n`;
}

function signalled(host: Host): Promise<void> {
  return new Promise((resolve) => {
    host.process.onSignal("SIGINT", resolve);
    host.process.onSignal("SIGTERM", resolve);
    host.process.onSignal("SIGHUP", () => {}); // modules read their files again; a closed terminal must not end the proxy
  });
}

/** What a person reads when the program cannot go on, and the exit code. */
function explain(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof UsageError)
    return { text: `${error.message}; "portico -h" lists what there is`, code: Exit.USAGE };
  if (error instanceof UnusableConfig)
    return { text: `the configuration cannot be used:\n${renderAll(error.diagnostics)}`, code: Exit.CONFIG };
  if (error instanceof ListenError) return { text: error.message, code: Exit.LISTEN };
  if (
    error instanceof SourceError ||
    error instanceof StoreError ||
    error instanceof HostError ||
    error instanceof SurroundingsError
  )
    return { text: error.message, code: Exit.CONFIG };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: Exit.CONFIG };
}

const host = await selectHost();
// Kamailio knows one code for everything that keeps it from starting.
const codeOf = (code: number): number => (code !== Exit.OK && isKamailio(host) ? 255 : code);
try {
  host.process.exit(codeOf(await main(host)));
} catch (error) {
  const { text, code } = explain(error);
  host.process.write(2, `portico: ${text}\n`);
  host.process.exit(codeOf(code));
}
