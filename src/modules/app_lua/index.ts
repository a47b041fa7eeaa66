// Modules app_lua and app_lua_sr: routing by scripts in Lua, in the place of the routing blocks (cfgengine "lua") or called from them.

import { HostError } from "../../host/host.ts";
import { LuaEngine } from "../../languages/lua/engine.ts";
import { ScriptError } from "../../languages/lua/machine.ts";
import { RouteKind } from "../../proxy/context.ts";
import { optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, manyParam } from "../../registry/define.ts";
import type { ScriptApi } from "../../registry/kemi.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
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
  readonly files: readonly string[];
  api: ScriptApi | null;
}

function load(self: AppLua): void {
  const { files } = self.state.host.host;
  const scripts = self.files.map((name) => ({ name, bytes: files.read(name) }));
  self.engine.load(scripts, self.api!, self.state.registered);
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
    instruction_limit: intParam(
      10_000_000,
      "Instructions of the Lua machine after which a run for one message is ended; 0 for none.",
      { min: 0 },
    ),
  },
  state: (host): AppLuaState => ({ host, registered: [] }),
  configure: (state, params, { host, proxy, log }): AppLua => {
    state.registered = params.register;
    return {
      state,
      engine: new LuaEngine((text) => proxy.limited.write(log, Level.ERROR, text.slice(0, 100), text), {
        instructions: params.instruction_limit,
        prelude: host.asset("lua51.lua"),
      }),
      files: params.load,
      api: null,
    };
  },
  bind: (self, { api }) => {
    self.api = api;
    try {
      load(self);
    } catch (error) {
      if (error instanceof ScriptError || error instanceof HostError) throw new ConfigError(error.message, "load");
      throw error;
    }
  },
  engine: { languages: ["lua"], of: (self) => self.engine },
  functions: {
    lua_run: fn({
      args: [str("function"), optional(str("p1")), optional(str("p2")), optional(str("p3"))],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Runs a function of the loaded scripts with up to three texts.",
      run: (self: AppLua, ctx, name, ...args) =>
        self.engine.run(
          name,
          ctx,
          args.filter((arg) => arg !== undefined),
        ),
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
