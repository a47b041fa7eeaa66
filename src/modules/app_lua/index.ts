// Modules app_lua and app_lua_sr: routing by scripts in Lua, in the place of the routing blocks (cfgengine "lua") or called from them.

import { HostError } from "../../host/host.ts";
import { checkLua } from "../../languages/lua/check.ts";
import { ScriptError } from "../../languages/lua/ends.ts";
import { LuaEngine, type LuaScript, NO_FUNCTION } from "../../languages/lua/engine.ts";
import { type RouteContext, RouteKind, type RouteResult } from "../../proxy/context.ts";
import { unaskedContext } from "../../proxy/unasked.ts";
import { optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, manyParam, RpcError, type RpcValue } from "../../registry/define.ts";
import type { ScriptSurroundings } from "../../registry/findings.ts";
import type { ScriptApi } from "../../registry/kemi.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { textOf } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";
import { core } from "../core/index.ts";

/** What all generations share. */
interface AppLuaState {
  readonly host: ModuleHost;
  /** The modules whose functions stand under `sr`; all when none is named. */
  registered: readonly string[];
}

interface AppLua {
  readonly state: AppLuaState;
  readonly engine: LuaEngine;
  /** The machine of lua_dofile and lua_dostring, which sees nothing of the loaded scripts. */
  readonly aside: LuaEngine;
  readonly report: (text: string) => void;
  readonly files: readonly string[];
  readonly mayReload: boolean;
  api: ScriptApi | null;
  around: ScriptSurroundings | null;
  /** Those in force, in the order of `files`. */
  scripts: readonly LuaScript[];
}

/** A script's text. Throws ConfigError when it cannot be read. */
function readFile({ state }: AppLua, name: string): LuaScript {
  try {
    return { name, bytes: state.host.host.files.read(name) };
  } catch (error) {
    if (error instanceof HostError) throw new ConfigError(error.message, "load");
    throw error;
  }
}

/** Runs the scripts' top level in a new machine, which then is in force. Throws ConfigError; the old one is in force then. */
function enter(self: AppLua, scripts: readonly LuaScript[]): void {
  const { registered, host } = self.state;
  try {
    self.engine.load(scripts, self.api!, registered, unaskedContext(host.proxy, RouteKind.STARTUP));
  } catch (error) {
    if (error instanceof ScriptError) throw new ConfigError(error.message, "load");
    throw error;
  }
  self.scripts = scripts;
}

function checkAll({ scripts, engine, api, around, state }: AppLua): void {
  const check = { api: api!, around: around!, registered: state.registered };
  checkLua(scripts, (bytes, name) => engine.problemOf(bytes, name), check);
}

/** Reads one script anew, by its number, or all of them; what is half-way goes on in the old ones. Throws RpcError, and nothing has changed. */
function reload(self: AppLua, id: number): void {
  const { files, scripts } = self;
  if (!self.mayReload) throw new RpcError(500, 'Reload Failed: it is switched off by modparam("app_lua", "reload", 0)');
  if (id < -1 || id >= files.length) throw new RpcError(500, `Reload Failed: there is no script ${id}`);
  const chosen = id < 0 ? null : files.length - 1 - id;
  try {
    enter(
      self,
      files.map((name, i) => (chosen === null || chosen === i ? readFile(self, name) : scripts[i]!)),
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    self.report(`the old scripts go on: ${error.message}`);
    throw new RpcError(500, `Reload Failed: ${error.message}`);
  }
  checkAll(self);
}

/** The functions that scripts can call, as Kamailio's command lists them. */
function listApi(api: ScriptApi): RpcValue[] {
  const methods: RpcValue[] = [];
  for (const [module, calls] of api.groups)
    for (const [name, { gives, args }] of calls) {
      const params = args.map((arg) => (arg.kind === "int" ? "int" : "str")).join(", ");
      const ret = gives === "value" ? "xval" : gives;
      methods.push({ func: { ret, module, name, params: params === "" ? "none" : params } });
    }
  return methods;
}

/** Runs something of a script for the native language: 1, or -1 when it fails, which is logged. */
function guarded(self: AppLua, run: () => RouteResult): RouteResult {
  const failed = (error: unknown): number => {
    if (!(error instanceof ScriptError)) throw error;
    self.report(error.message);
    return -1;
  };
  try {
    const result = run();
    return typeof result === "number" ? whether(result) : result.then(whether, failed);
  } catch (error) {
    return failed(error);
  }
}

// What a function returns does not count there.
function whether(result: number): number {
  return result === NO_FUNCTION ? -1 : 1;
}

function runFile(self: AppLua, ctx: RouteContext, path: string): RouteResult {
  let bytes: Uint8Array;
  try {
    bytes = self.state.host.host.files.read(path);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    self.report(`lua_dofile: ${error.message}`);
    return -1;
  }
  return guarded(self, () => self.aside.runText(textOf(bytes, 0, bytes.length), `@${path}`, ctx));
}

function runNamed(self: AppLua, ctx: RouteContext, name: string, ...args: (string | undefined)[]): RouteResult {
  return guarded(self, () =>
    self.engine.run(
      name,
      ctx,
      args.filter((arg) => arg !== undefined),
    ),
  );
}

const registerParam = manyParam("A module whose functions stand under sr; without any, those of all modules do.");

/** Kamailio's module app_lua. */
export const appLua = defineModule({
  name: "app_lua",
  doc: "Routing by scripts in Lua.",
  uses: [core],
  params: {
    load: manyParam("A script that is loaded at start."),
    register: registerParam,
    reload: intParam(1, "Whether the command app_lua.reload is permitted."),
    log_mode: intParam(0, "1: log each function of KSR that a script calls, for debugging."),
    instruction_limit: intParam(
      10_000_000,
      "Instructions of the Lua machine after which a run for one message is ended; 0 for none. Long texts and whatever else takes much memory count as more.",
      { min: 0 },
    ),
    system_access: intParam(
      7,
      "What scripts reach outside of the program, added up: 1 files, 2 processes (io.popen, os.execute), 4 os.exit.",
      { min: 0, max: 7 },
    ),
  },
  state: (host): AppLuaState => ({ host, registered: [] }),
  configure: (state, params, { host, proxy, log }): AppLua => {
    state.registered = params.register;
    const report = (text: string): void => proxy.limited.write(log, Level.ERROR, text.slice(0, 100), text);
    const limits = {
      instructions: params.instruction_limit,
      prelude: host.asset("lua51.lua"),
      around: { host, access: params.system_access, print: (text: string) => log.write(Level.INFO, text) },
      trace: params.log_mode === 1 ? (name: string) => log.write(Level.DEBUG, `${name}()`) : null,
    };
    const engine = new LuaEngine(report, limits);
    return {
      state,
      engine,
      aside: new LuaEngine(report, limits),
      report,
      files: params.load,
      mayReload: params.reload !== 0,
      api: null,
      around: null,
      scripts: [],
    };
  },
  bind: (self, { api, scripts }) => {
    self.api = api;
    self.around = scripts;
    self.scripts = self.files.map((name) => readFile(self, name));
    checkAll(self);
  },
  start: (self, { proxy }) => {
    enter(self, self.scripts);
    self.aside.load([], self.api!, self.state.registered, unaskedContext(proxy, RouteKind.STARTUP));
  },
  rpc: {
    "app_lua.list": {
      doc: "Number and path of each loaded script, the last one first.",
      args: [],
      run: ({ files }: AppLua) => [...files].reverse().map((name, i) => `${i}: [${name}]`),
    },
    "app_lua.reload": {
      doc: "Reads one script anew, or all of them. When one is broken nothing changes.",
      args: [{ name: "id", kind: "int", optional: true }],
      run: (self: AppLua, [id]) => {
        reload(self, id === undefined ? -1 : Number(id));
        return {};
      },
    },
    "app_lua.api_list": {
      doc: "The functions that scripts can call.",
      args: [],
      run: ({ api }: AppLua) => {
        const methods = listApi(api!);
        return { msize: methods.length, methods };
      },
    },
  },
  engine: { languages: ["lua"], of: (self) => self.engine },
  kemi: {
    dofile: "lua_dofile",
    dostring: "lua_dostring",
    runstring: "lua_runstring",
    run: "lua_run",
    run_p1: "lua_run",
    run_p2: "lua_run",
    run_p3: "lua_run",
  },
  functions: {
    lua_run: fn({
      args: [str("function"), optional(str("p1")), optional(str("p2")), optional(str("p3"))],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Runs a function of the loaded scripts with up to three texts.",
      run: runNamed,
    }),
    lua_dofile: fn({
      args: [str("path")],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Runs a file, in a machine that does not see the loaded scripts.",
      run: runFile,
    }),
    lua_dostring: fn({
      args: [str("script")],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Runs a text, in a machine that does not see the loaded scripts.",
      run: (self: AppLua, ctx, script) => guarded(self, () => self.aside.runText(script, script, ctx)),
    }),
    lua_runstring: fn({
      args: [str("script")],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Runs a text in the machine of the loaded scripts.",
      run: (self: AppLua, ctx, script) => guarded(self, () => self.engine.runText(script, script, ctx)),
    }),
  },
});

/** Kamailio's module app_lua_sr. */
export const appLuaSr = defineModule({
  name: "app_lua_sr",
  doc: "The functions of SIP Router's releases under sr, for scripts in Lua.",
  uses: [core, appLua],
  params: { register: registerParam },
  state: (host) => host.use(appLua),
  configure: (state, params) => {
    state.registered = [...state.registered, ...params.register];
    return state;
  },
});
