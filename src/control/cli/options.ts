// The command line: Kamailio's own flags and our subcommands (design.md, section 3), as one typed object.

import { parseArgs } from "@std/cli/parse-args";

/** What was asked for on the command line, for serve and check. */
export interface Options {
  /** -f: the configuration file; "-" is standard input; null when not given. */
  readonly config: string | null;
  readonly checkOnly: boolean;
  readonly json: boolean;
  /** --show-compiled: the route to show ("request_route", "route[AUTH]", "AUTH"), "" for all of them; null when not given. */
  readonly showCompiled: string | null;
  readonly help: boolean;
  readonly version: boolean;
  readonly buildInfo: boolean;
  /** -E: log to standard error whatever the configuration says; -e: in colours. */
  readonly logToStderr: boolean;
  readonly colours: boolean;
  /** How often -d was given, or --debug=N; null when neither. */
  readonly debug: number | null;
  readonly pidFile: string | null;
  readonly workingDirectory: string | null;
  /** -Y: where control sockets and fifos lie. */
  readonly runDirectory: string | null;
  /** -u, -g: whom to run as. */
  readonly user: string | null;
  readonly group: string | null;
  /** -t: the directory to be confined to. */
  readonly root: string | null;
  /** -D once or twice: not into the background. */
  readonly foreground: boolean;
  /** --log-engine=TYPE[:DATA]. */
  readonly logEngine: string | null;
  /** -l, as in `listen`. */
  readonly listen: readonly string[];
  readonly aliases: readonly string[];
  /** -A NAME[=VALUE]. */
  readonly defines: readonly string[];
  /** --modparam=module:parameter:type:value. */
  readonly modparams: readonly string[];
  readonly loadmodules: readonly string[];
  readonly noTcp: boolean;
  /** Where data lies (the SQLite file of the embedded configuration); null for the default. */
  readonly dataDirectory: string | null;
  /** Flags of Kamailio that mean nothing here, with the reason; to be told once. */
  readonly ignored: readonly string[];
}

/** What is wrong with the command line; the process ends with code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

const BOOLEAN = [
  "c",
  "E",
  "e",
  "h",
  "help",
  "v",
  "V",
  "version",
  "I",
  "K",
  "T",
  "S",
  "r",
  "R",
  "D",
  "d",
  "json",
  "cfg-print",
];
const STRING = [
  ..."fPYLmMxXnNAlwugtaQOGWb",
  "alias",
  "debug",
  "modparam",
  "loadmodule",
  "log-engine",
  "server-id",
  "subst",
  "substdef",
  "substdefs",
  "atexit",
  "data",
];
const COLLECT = ["A", "l", "D", "d", "alias", "modparam", "loadmodule", "subst", "substdef", "substdefs"];

/** Flags that are Kamailio's and have no effect here, with the reason. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  L: "modules are built in",
  m: "memory is not preallocated",
  M: "memory is not preallocated",
  x: "there is one memory manager, the runtime's",
  X: "there is one memory manager, the runtime's",
  n: "one event loop serves everything",
  N: "one event loop serves everything",
  Q: "one event loop serves everything",
  O: "the script is always compiled",
  W: "the runtime picks the poll method",
  atexit: "there are no external libraries",
  S: "SCTP is off unless the configuration listens on it",
};

/** Flags of Kamailio that are not supported yet: an error rather than a silent difference. */
const REFUSED: Readonly<Record<string, string>> = {
  G: "there is one process; use -P for its id",
  r: "the received parameter follows the source address alone",
  R: "the received parameter follows the source address alone",
  K: "Via host checking of replies is not available",
  b: "set udp_rcvbuf in the configuration's listener instead",
  "server-id": "set server_id in the configuration",
  subst: "use #!subst in the configuration",
  substdef: "use #!substdef in the configuration",
  substdefs: "use #!substdefs in the configuration",
  "cfg-print": "not available",
  a: "set auto_aliases in the configuration",
};

/** Reads the arguments of check, which takes the file also without -f. Throws UsageError. */
export function checkOptions(args: readonly string[]): Options {
  return parseOptions(args, true);
}

/** Reads the arguments of serve. Throws UsageError for an unknown flag or a stray word; with `takesFile` the first one is the configuration. */
export function parseOptions(args: readonly string[], takesFile = false): Options {
  let file: string | null = null;
  const { showCompiled, rest } = takeShowCompiled(args);
  const a = parseArgs(rest, {
    boolean: BOOLEAN,
    string: STRING,
    collect: COLLECT,
    unknown: (arg, key) => {
      if (key === undefined && takesFile && file === null) {
        file = arg;
        return false;
      }
      throw new UsageError(key === undefined ? `unexpected argument: ${arg}` : `unknown option: ${arg}`);
    },
  });
  const text = (name: string): string | null => {
    const v: unknown = a[name];
    if (v === "") throw new UsageError(`option ${name.length === 1 ? "-" : "--"}${name} needs a value`);
    return typeof v === "string" ? v : null;
  };
  const list = (name: string): string[] =>
    Array.isArray(a[name]) ? (a[name] as unknown[]).filter((v) => typeof v === "string") : [];
  const given = (name: string): boolean => {
    const v: unknown = a[name];
    return v === true || (typeof v === "string" && v !== "");
  };
  for (const [name, reason] of Object.entries(REFUSED)) {
    if (given(name) || list(name).length > 0)
      throw new UsageError(`option ${name.length === 1 ? "-" : "--"}${name} is not supported: ${reason}`);
  }
  return {
    config: text("f") ?? file,
    checkOnly: given("c"),
    json: given("json"),
    showCompiled,
    help: given("h") || given("help"),
    version: given("v") || given("V") || given("version"),
    buildInfo: given("I"),
    logToStderr: given("E"),
    colours: given("e"),
    debug: debugLevel(a["debug"], a["d"]),
    pidFile: text("P"),
    workingDirectory: text("w"),
    runDirectory: text("Y"),
    user: text("u"),
    group: text("g"),
    root: text("t"),
    foreground: Array.isArray(a["D"]) && [1, 2].includes(a["D"].filter((v) => v === true).length),
    logEngine: text("log-engine"),
    listen: list("l"),
    aliases: list("alias"),
    defines: list("A"),
    modparams: list("modparam"),
    loadmodules: list("loadmodule"),
    noTcp: given("T"),
    dataDirectory: text("data"),
    ignored: Object.entries(WITHOUT_EFFECT)
      .filter(([name]) => given(name))
      .map(([name, reason]) => `${name.length === 1 ? "-" : "--"}${name}: ${reason}`),
  };
}

// Its value is optional, and may stand apart when it cannot be a file: `--show-compiled route[AUTH] my.cfg`.
function takeShowCompiled(args: readonly string[]): { showCompiled: string | null; rest: readonly string[] } {
  const i = args.findIndex((arg) => arg === "--show-compiled" || arg.startsWith("--show-compiled="));
  if (i < 0) return { showCompiled: null, rest: args };
  const joined = args[i]!.slice("--show-compiled=".length);
  const takesNext = joined === "" && /^([a-z]+_)?route(\[.*\])?$/.test(args[i + 1] ?? "");
  const rest = [...args.slice(0, i), ...args.slice(i + (takesNext ? 2 : 1))];
  return { showCompiled: takesNext ? args[i + 1]! : joined, rest };
}

function debugLevel(debug: unknown, d: unknown): number | null {
  if (typeof debug === "string") {
    const n = Number(debug);
    if (!Number.isInteger(n)) throw new UsageError(`--debug wants a number, not ${debug}`);
    return n;
  }
  const count = Array.isArray(d) ? d.filter((v) => v === true).length : 0;
  return count > 0 ? count : null;
}

/** The text of -h. */
export const HELP = `usage: portico [options]              run the proxy (same as: portico serve)
       portico check [--json] [FILE]  check a configuration and say what is wrong with it
       portico check --show-compiled[=ROUTE] [FILE]  also print what was made of its routes
       portico user add|passwd|rm|list  manage who may register
       portico db create|upgrade|check|dump|load  the tables of the database
       portico ctl COMMAND [ARGUMENT...]  run a command in the running server
       portico catalogue --json       every function, parameter and variable, from the program itself
       portico catalogue --stubs DIR  what scripts in Lua and Python can call, for editors (.lua, .pyi, .d.ts)
       portico build-info             what this executable is made of

Options (Kamailio's own, where they mean the same):
  -f FILE        configuration file, - for standard input
                 (default: ./portico.cfg, then /etc/portico/portico.cfg, then the built-in one)
  -c             check the configuration and exit
  -E             log to standard error      -e  in colours
  -d             more debugging, may be repeated;  --debug=N sets the level
  -D             stay in the foreground (it always does, except under the name kamailio)
  -l ADDRESS     listen on [proto:]host[:port], may be repeated
  --alias=NAME   a name of this server, [proto:]host[:port]
  -A NAME[=VALUE]  define a name for the configuration's preprocessor
  --modparam=MODULE:PARAM:s|i:VALUE   set a module's parameter
  --loadmodule=NAME  load a module
  -T             no TCP
  -P FILE        write the process id there
  -w DIR         working directory          -t DIR  confine it to a directory (chroot)
  -Y DIR         directory of control sockets and fifos
  -u USER        run as that user           -g GROUP
  --data DIR     where the built-in configuration keeps its database
  -v             version      -I  build information      -h  this text
`;
