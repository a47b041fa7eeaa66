// Modules app_python and app_python3: routing by a script in Python, in the place of the routing blocks (cfgengine "python") or called
// from them. They are one module under two names.

import { HostError } from "../../host/host.ts";
import { checkScripts } from "../../languages/check-script.ts";
import { checkPython, PYTHON_NAMES } from "../../languages/python/check.ts";
import { NO_METHOD, PRELUDE, PythonEngine, PythonError, type PythonScript } from "../../languages/python/engine.ts";
import { type RouteContext, RouteKind, type RouteResult } from "../../proxy/context.ts";
import { unaskedContext } from "../../proxy/unasked.ts";
import { optional, str } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  fn,
  intParam,
  type Module,
  RpcError,
  type RpcValue,
  strParam,
} from "../../registry/define.ts";
import type { ScriptSurroundings, ScriptText } from "../../registry/findings.ts";
import type { ScriptApi, ScriptCall } from "../../registry/kemi.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { textOf, toUnicode } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";
import { core } from "../core/index.ts";
import { startInterpreter } from "./starting.ts";

interface AppPython {
  readonly host: ModuleHost;
  readonly engine: PythonEngine;
  readonly file: string;
  /** Its functions that are run when it is loaded. */
  readonly names: { readonly init: string; readonly childInit: string };
  readonly report: (text: string) => void;
  /** What scripts reach of the system (Access), added up. */
  readonly access: number;
  /** When Python was started last, ms. */
  startedAt: number;
  /** How often the script has been loaded again. */
  loads: number;
  api: ScriptApi | null;
  around: ScriptSurroundings | null;
  /** The one in force; null before any is. */
  script: PythonScript | null;
}

const RESTART_PAUSE = 5000;

/** Parts of system_access that this side opens. */
const Access = { FILES: 1, NETWORK: 4 } as const;

/** How long a command of a script may take, ms. */
const COMMAND_LIMIT = 60_000;

const OWN_FOLDERS: ReadonlySet<string> = new Set(["dev", "lib", "proc", "sys"]);

// As Router.Logger has them: a word, or a number like that of the program itself.
function levelOf(level: string | number): number {
  if (typeof level === "string") return LEVELS[level] ?? Level.ERROR;
  return level >= Level.ALERT && level <= Level.DEBUG ? level : Level.ERROR;
}

const LEVELS: Readonly<Record<string, number>> = {
  ALERT: Level.ALERT,
  CRIT: Level.CRITICAL,
  ERR: Level.ERROR,
  WARN: Level.WARNING,
  NOTICE: Level.NOTICE,
  INFO: Level.INFO,
  DBG: Level.DEBUG,
};

/** A file as it is; null when there is none. */
function textAt({ host }: AppPython, path: string): ScriptText | null {
  const { files } = host.host;
  if (!files.exists(path)) return null;
  const bytes = files.read(path);
  return { file: path, text: textOf(bytes, 0, bytes.length) };
}

// Modules that a script imports are looked for beside it.
function find(self: AppPython, name: string): (ScriptText & { readonly isPackage: boolean }) | null {
  const base = self.host.host.files.resolve(self.file, "..", name.replaceAll(".", "/"));
  for (const [path, isPackage] of [[`${base}.py`, false] as const, [`${base}/__init__.py`, true] as const]) {
    const found = textAt(self, path);
    if (found !== null) return { ...found, isPackage };
  }
  return null;
}

function mainText(self: AppPython): ScriptText {
  const found = textAt(self, self.file);
  if (found === null) throw new ConfigError(`there is no file ${self.file}`, "load");
  return found;
}

// The script alone, by its words, as far as that goes without Python: what it imports may be looked for elsewhere. Throws ConfigError when it
// cannot be read.
function checkWords(self: AppPython): void {
  const check = { language: "python", languages: PYTHON_NAMES, registered: [] } as const;
  checkScripts([mainText(self)], { ...check, api: self.api!, around: self.around! });
}

// What Python says of the script and of the modules it imports; `done`: whether the words of the script have been checked.
function checkAll(self: AppPython, done: boolean): void {
  checkPython(mainText(self), {
    api: self.api!,
    around: self.around!,
    done: done ? 1 : 0,
    find: (name) => find(self, name),
    examine: (source, file) => self.engine.examine(source, file),
  });
}

/** The name that the script has as a module: that of its file. */
function moduleName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.py$/, "");
  return /^[A-Za-z_]\w*$/.test(name) ? name : "kamailio_script";
}

/** Reads the script and runs its top level. Rejects with PythonError or HostError; the one before is in force then. */
async function load(self: AppPython): Promise<void> {
  const found = textAt(self, self.file);
  if (found === null) throw new PythonError(`there is no file ${self.file}`);
  const source = toUnicode(found.text);
  const { init, childInit } = self.names;
  await enter(self, { source, file: self.file, name: moduleName(self.file), init, child_init: childInit });
}

async function enter(self: AppPython, script: PythonScript): Promise<void> {
  await self.engine.load(script, unaskedContext(self.host.proxy, RouteKind.STARTUP));
  self.script = script;
}

/** Starts Python, without a script. `mayKeep`: whether something may be kept for the next start. */
async function startEngine({ host, engine, api, access }: AppPython, mayKeep: boolean): Promise<void> {
  const python = await startInterpreter(host, mayKeep);
  // the folders of Python's own system stay as they are
  if (access & Access.FILES)
    for (const name of host.host.files.list("/")) if (!OWN_FOLDERS.has(name)) python.mount(`/${name}`);
  if (access & Access.NETWORK) await python.useNetwork();
  engine.start(python, api!);
}

/** Puts a script into force that nothing runs yet. Rejects with ConfigError. */
async function start(self: AppPython): Promise<void> {
  const { host } = self.host;
  if (!host.files.exists(self.file)) throw new ConfigError(`there is no file ${self.file}`, "load");
  self.startedAt = host.clock.mono();
  await startEngine(self, true);
  checkAll(self, true);
  try {
    await load(self);
  } catch (error) {
    if (error instanceof PythonError || error instanceof HostError) throw new ConfigError(error.message, "load");
    throw error;
  }
}

/** Has a script checked that is not run. Rejects with ConfigError. */
async function examine(self: AppPython, tell: (text: string) => void): Promise<void> {
  tell("starting Python, which reads the script");
  await startEngine(self, false);
  checkAll(self, true);
}

/** Starts Python anew after it has failed as a whole, not more often than every so many milliseconds; with the script in force. */
async function again(self: AppPython): Promise<void> {
  const { host, log } = self.host;
  log.write(Level.ERROR, "Python itself has failed; it is started again");
  const pause = self.startedAt + RESTART_PAUSE - host.clock.mono();
  if (pause > 0) await new Promise<void>((done) => void host.clock.after(pause, done));
  try {
    self.startedAt = host.clock.mono();
    await startEngine(self, true);
    await (self.script === null ? load(self) : enter(self, self.script));
  } catch (error) {
    log.write(
      Level.ERROR,
      `no script in Python can be run any more: ${error instanceof Error ? error.message : error}`,
    );
  }
}

async function reload(self: AppPython): Promise<RpcValue> {
  try {
    await load(self);
  } catch (error) {
    if (!(error instanceof PythonError || error instanceof HostError)) throw error;
    self.report(error.message);
    throw new RpcError(500, "The script cannot be loaded; the one before goes on");
  }
  checkAll(self, false);
  return { old: self.loads, new: ++self.loads };
}

function apiList({ api }: AppPython): RpcValue {
  const methods = [...api!.groups].flatMap(([module, calls]) =>
    [...calls].map(([name, call]) => describe(module, name, call)),
  );
  return { msize: methods.length, methods };
}

// The kinds of arguments and results as Kamailio names them.
function describe(module: string, name: string, { args, gives }: ScriptCall): RpcValue {
  const params = args.map((arg) => (arg.kind === "int" ? "int" : "str")).join(", ");
  return { func: { ret: gives === "value" ? "xval" : gives, module, name, params: params === "" ? "none" : params } };
}

// What the command prints goes where our own output goes.
async function command({ host }: ModuleHost, text: string): Promise<number> {
  const { output, code, signal } = await host.system.shell(text, new Uint8Array(0), COMMAND_LIMIT);
  if (output.length > 0) host.process.write(1, new TextDecoder().decode(output));
  return signal !== 0 ? signal : (code & 255) << 8;
}

function execute(self: AppPython, ctx: RouteContext, name: string, args: string | undefined): RouteResult {
  const failed = (error: unknown): number => {
    if (!(error instanceof PythonError)) throw error;
    self.report(error.message);
    return -1;
  };
  const counted = (rc: number): number => (rc === NO_METHOD ? -1 : rc);
  try {
    const result = self.engine.run(name, ctx, args === undefined ? [] : [args]);
    return typeof result === "number" ? counted(result) : result.then(counted, failed);
  } catch (error) {
    return failed(error);
  }
}

function pythonModule(name: string): Module<ModuleHost> {
  return defineModule({
    name,
    doc: "Routing by a script in Python.",
    uses: [core],
    params: {
      load: strParam("/usr/local/etc/kamailio/handler.py", "The script.", { aliases: ["script_name"] }),
      mod_init_function: strParam("mod_init", "Function of the script that makes the object whose methods are called."),
      child_init_method: strParam("child_init", "Method that is called once before any message."),
      time_limit: intParam(
        1000,
        "Milliseconds after which a run for one message is ended, what it waits not counted; 0 for none. Loading a script has 10 seconds.",
        { min: 0 },
      ),
      system_access: intParam(
        7,
        "What scripts reach outside of the program, added up: 1 files (without, only modules beside the script can be imported), 2 processes (os.system), 4 the network (socket). It is a guard against accidents and no cage for a script that means harm.",
        { min: 0, max: 7 },
      ),
    },
    state: (host) => host,
    configure: (host, params) => {
      const other = name === "app_python" ? appPython3 : appPython;
      if (host.useIfLoaded(other as Module<ModuleHost>) !== null)
        throw new ConfigError(`${name} and ${other.name} are one module under two names; load one of them`);
      return configured(host, params);
    },
    bind: (self, { api, scripts }) => {
      self.api = api;
      self.around = scripts;
      checkWords(self);
    },
    start,
    examine,
    engine: { languages: PYTHON_NAMES, of: (self) => self.engine },
    functions: {
      python_exec: fn({
        args: [str("method"), optional(str("args"))],
        routes: RouteKind.ANY,
        waits: "maybe",
        kemi: null,
        doc: "Calls a method of the script with a text.",
        run: execute,
      }),
    },
    rpc: {
      "app_python.reload": { doc: "Loads the script again.", args: [], run: reload },
      "app_python.api_list": { doc: "Lists the functions that scripts can call.", args: [], run: apiList },
    },
  });
}

/** What both names share, one object a generation. */
function configured(
  host: ModuleHost,
  params: {
    readonly load: string;
    readonly mod_init_function: string;
    readonly child_init_method: string;
    readonly time_limit: number;
    readonly system_access: number;
  },
): AppPython {
  const { files, clock } = host.host;
  const report = (text: string): void => host.proxy.limited.write(host.log, Level.ERROR, text.slice(0, 100), text);
  const file = files.resolve(params.load);
  // the simulated host has files and a network of its own, which Python does not know
  const isReal = host.host.name !== "simulated";
  const access = isReal ? params.system_access : params.system_access & ~(Access.FILES | Access.NETWORK);
  const self: AppPython = {
    host,
    engine: new PythonEngine({
      prelude: PRELUDE.map((name) => new TextDecoder().decode(host.host.asset(name))).join("\n"),
      timeLimit: params.time_limit,
      access,
      command: (text) => command(host, text),
      report,
      log: (level, text) => host.log.write(levelOf(level), text.replace(/\n$/, "")),
      find: (module) => {
        const found = find(self, module);
        return found === null ? null : [found.file, toUnicode(found.text), found.isPackage];
      },
      folder: files.resolve(file, ".."),
      directory: files.workingDirectory(),
      environment: host.host.process.environment(),
      now: () => clock.mono(),
      failed: () => void again(self),
      after: (ms, fn) => void clock.after(ms, fn),
    }),
    file,
    names: { init: params.mod_init_function, childInit: params.child_init_method },
    report,
    access,
    startedAt: 0,
    loads: 0,
    api: null,
    around: null,
    script: null,
  };
  return self;
}

/** Kamailio's module app_python. */
export const appPython = pythonModule("app_python");
/** Kamailio's module app_python3. */
export const appPython3 = pythonModule("app_python3");
