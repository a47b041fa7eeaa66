// argv → command. The program's name decides nothing yet; subcommands and Kamailio's flags do (design.md, section 3).

import { start, tryOut, UnusableConfig } from "./boot.ts";
import { wholeCatalogue } from "./control/catalogue.ts";
import { runCheck } from "./control/cli/check.ts";
import { checkOptions, HELP, type Options, parseOptions, UsageError } from "./control/cli/options.ts";
import { run as runUser } from "./control/cli/user.ts";
import { check, readSource, renderAll, routeSecret, SourceError, usesDataDirectory } from "./control/configuration.ts";
import { databaseUrl, dataDirectory } from "./control/data-directory.ts";
import { ListenError } from "./control/listeners.ts";
import { type Host, HostError } from "./host/host.ts";
import { selectHost } from "./host/index.ts";
import type { Listener } from "./net/flow.ts";
import type { Globals } from "./script/index.ts";
import { StoreError } from "./store/database.ts";
import { Level, Log, type LogSettings } from "./util/log.ts";
import { COMMIT, VERSION } from "./util/version.ts";

/** Exit codes (design.md, section 3). */
const Exit = { OK: 0, CONFIG: 1, USAGE: 2, LISTEN: 3 } as const;

async function main(host: Host): Promise<number> {
  const [command, ...rest] = host.process.args;
  switch (command) {
    case "user":
      return runUser(host, rest, databaseUrl(dataDirectory(host, null)));
    case "check":
      return runCheck(host, checkOptions(rest), (config) => tryOut(host, config));
    case "catalogue":
      host.process.write(1, `${JSON.stringify(wholeCatalogue(), null, 2)}\n`);
      return Exit.OK;
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

async function withFlags(host: Host, options: Options): Promise<number> {
  if (options.help) host.process.write(1, HELP);
  else if (options.version) host.process.write(1, `portico ${VERSION}\n`);
  else if (options.buildInfo) host.process.write(1, buildInfo(host));
  else if (options.checkOnly) return runCheck(host, options, (config) => tryOut(host, config));
  else return serve(host, options);
  return Exit.OK;
}

function buildInfo(host: Host): string {
  return `portico ${VERSION}${COMMIT === "" ? "" : ` (${COMMIT})`} on ${host.name}\n`;
}

async function serve(host: Host, options: Options): Promise<number> {
  if (options.workingDirectory !== null) host.files.changeDirectory(options.workingDirectory);
  const source = await readSource(host, options.config);
  const config = check(host, source, options, routeSecret(host, source, options));
  for (const text of options.ignored) host.process.write(2, `portico: no effect: ${text}\n`);
  host.process.write(2, renderAll(config.diagnostics));
  if (!config.ok) {
    host.process.write(2, `portico: ${source.file} cannot be used as it is\n`);
    return Exit.CONFIG;
  }
  const workdir = options.workingDirectory === null ? config.globals.text("workdir") : null;
  if (workdir !== null) host.files.changeDirectory(workdir);
  const directory = usesDataDirectory(source, options) ? dataDirectory(host, options.dataDirectory) : null;
  const settings = logSettings(host, options, config.globals);
  host.process.onFault((error) => {
    // a bug; one message may be lost by it, the telephones must not
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    new Log(settings, "").write(Level.BUG, `uncaught: ${text}`);
  });
  // Listened for from now on: a signal that comes while it starts must not leave anything half done.
  const ended = signalled(host);
  const server = await start(host, config, settings);
  const pidFile = options.pidFile ?? config.globals.text("pidfile");
  if (pidFile !== null && !writePid(host, pidFile)) {
    await server.stop();
    return Exit.CONFIG;
  }
  host.process.write(2, greeting(server.listeners, source.file, directory));
  await ended;
  await server.stop();
  // Somebody may have taken it away already: no reason to end in failure.
  if (pidFile !== null && host.files.exists(pidFile)) host.files.remove(pidFile);
  return Exit.OK;
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
    host.process.onSignal("SIGHUP", () => {}); // reload comes later; a closed terminal must not end the proxy
  });
}

const COLOURS: Readonly<Record<number, string>> = {
  [-5]: "35",
  [-4]: "35",
  [-3]: "31",
  [-1]: "31",
  0: "33",
  1: "36",
  2: "0",
  3: "2",
};

function logSettings(host: Host, options: Options, globals: Globals): LogSettings {
  const name = globals.text("log_name");
  const tag = name === null ? `(${host.process.pid})` : `${name}(${host.process.pid})`;
  return {
    level: options.debug ?? globals.int("debug"),
    sink: (level, line) => {
      host.process.write(
        2,
        options.colours ? `\u001b[${COLOURS[level] ?? "0"}m${tag} ${line}\u001b[0m\n` : `${tag} ${line}\n`,
      );
    },
  };
}

/** What a person reads when the program cannot go on, and the exit code. */
function explain(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof UsageError)
    return { text: `${error.message}; "portico -h" lists what there is`, code: Exit.USAGE };
  if (error instanceof UnusableConfig)
    return { text: `the configuration cannot be used:\n${renderAll(error.diagnostics)}`, code: Exit.CONFIG };
  if (error instanceof ListenError) return { text: error.message, code: Exit.LISTEN };
  if (error instanceof SourceError || error instanceof StoreError || error instanceof HostError)
    return { text: error.message, code: Exit.CONFIG };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: Exit.CONFIG };
}

const host = await selectHost();
try {
  host.process.exit(await main(host));
} catch (error) {
  const { text, code } = explain(error);
  host.process.write(2, `portico: ${text}\n`);
  host.process.exit(code);
}
