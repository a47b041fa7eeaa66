// Modules app_python and app_python3: routing by a script in Python, in the place of the routing blocks (cfgengine "python") or called
// from them. They are one module under two names.

import { HostError } from "../../host/host.ts";
import { checkScripts } from "../../languages/check-script.ts";
import { NO_METHOD, PythonEngine, PythonError } from "../../languages/python/engine.ts";
import { startPython } from "../../languages/python/pyodide.ts";
import { type RouteContext, RouteKind, type RouteResult } from "../../proxy/context.ts";
import { unaskedContext } from "../../proxy/unasked.ts";
import { optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, type Module, strParam } from "../../registry/define.ts";
import type { ScriptSurroundings } from "../../registry/findings.ts";
import type { ScriptApi } from "../../registry/kemi.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { textOf, toUnicode } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";
import { core } from "../core/index.ts";

interface AppPython {
  readonly host: ModuleHost;
  readonly engine: PythonEngine;
  readonly file: string;
  /** Its functions that are run when it is loaded. */
  readonly names: { readonly init: string; readonly childInit: string };
  readonly report: (text: string) => void;
  api: ScriptApi | null;
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

function read(self: AppPython, path: string): string | null {
  const { files } = self.host.host;
  if (!files.exists(path)) return null;
  const bytes = files.read(path);
  return toUnicode(textOf(bytes, 0, bytes.length));
}

// Modules that a script imports are looked for beside it.
function find(self: AppPython, name: string): readonly [string, string, boolean] | null {
  const { files } = self.host.host;
  const base = files.resolve(self.file, "..", name.replaceAll(".", "/"));
  for (const [path, isPackage] of [[`${base}.py`, false] as const, [`${base}/__init__.py`, true] as const]) {
    const source = read(self, path);
    if (source !== null) return [path, source, isPackage];
  }
  return null;
}

// The script alone: what it imports may be looked for elsewhere. A missing one is told when Python starts.
function checkPython(self: AppPython, api: ScriptApi, around: ScriptSurroundings): void {
  const { files } = self.host.host;
  if (!files.exists(self.file)) return;
  const bytes = files.read(self.file);
  const script = { file: self.file, text: textOf(bytes, 0, bytes.length) };
  const languages = ["python", "python3"];
  checkScripts([script], { language: "python", languages, api, around, registered: [] });
}

function load(self: AppPython): void {
  const source = read(self, self.file);
  if (source === null) throw new PythonError(`there is no file ${self.file}`);
  self.engine.load(source, self.file, self.names, unaskedContext(self.host.proxy, RouteKind.STARTUP));
}

// Python takes seconds to start: said before and after, and only where a script needs it.
async function start(self: AppPython): Promise<void> {
  const { log, host } = self.host;
  const began = host.clock.mono();
  log.write(Level.NOTICE, "starting Python, which takes some seconds");
  const python = await startPython(host.pythonFolder(), (text) => log.write(Level.INFO, text));
  self.engine.start(python, self.api!);
  try {
    load(self);
  } catch (error) {
    if (error instanceof PythonError || error instanceof HostError) throw new ConfigError(error.message, "load");
    throw error;
  }
  log.write(Level.NOTICE, `Python is ready after ${((host.clock.mono() - began) / 1000).toFixed(1)} s`);
}

function execute(self: AppPython, ctx: RouteContext, name: string, args: string | undefined): RouteResult {
  const failed = (error: unknown): number => {
    if (!(error instanceof PythonError)) throw error;
    self.report(error.message);
    return -1;
  };
  const result = self.engine.run(name, ctx, args === undefined ? [] : [args]);
  const counted = (rc: number): number => (rc === NO_METHOD ? -1 : rc);
  return typeof result === "number" ? counted(result) : result.then(counted, failed);
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
    },
    state: (host) => host,
    configure: (host, params): AppPython => {
      const report = (text: string): void => host.proxy.limited.write(host.log, Level.ERROR, text.slice(0, 100), text);
      const self: AppPython = {
        host,
        engine: new PythonEngine({
          prelude: new TextDecoder().decode(host.host.asset("python/prelude.py")),
          report,
          log: (word, text) => host.log.write(LEVELS[word] ?? Level.ERROR, text.replace(/\n$/, "")),
          find: (module) => find(self, module),
        }),
        file: params.load,
        names: { init: params.mod_init_function, childInit: params.child_init_method },
        report,
        api: null,
      };
      return self;
    },
    bind: (self, { api, scripts }) => {
      self.api = api;
      checkPython(self, api, scripts);
    },
    start,
    engine: { languages: ["python", "python3"], of: (self) => self.engine },
    functions: {
      python_exec: fn({
        args: [str("method"), optional(str("args"))],
        routes: RouteKind.ANY,
        waits: "always",
        doc: "Calls a method of the script with a text.",
        run: execute,
      }),
    },
  });
}

/** Kamailio's module app_python. */
export const appPython = pythonModule("app_python");
/** Kamailio's module app_python3. */
export const appPython3 = pythonModule("app_python3");
