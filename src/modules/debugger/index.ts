// Module debugger: the trace of actions, levels of the log by module, dumps of variables and messages. There are no breakpoints: one process
// serves everybody, and a route that stands still would stop all of them.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import type { Tracing } from "../../proxy/tracing.ts";
import { ArgError, type CallPlace, optional, parsed, place, str } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  fn,
  intParam,
  manyParam,
  type RpcDef,
  RpcError,
  type RpcValue,
  strParam,
} from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { facilityName, facilityOf, Level } from "../../util/log.ts";
import { core, LEVELS } from "../core/index.ts";
import { messageLines, variablesJson } from "./dumps.ts";

const NO_BREAKPOINTS = "there are no breakpoints: one process serves everybody, and all would stand still";
const BREAKPOINTS = { effect: NO_BREAKPOINTS };
/** The most modules that have a level or a facility of their own: commands may name any. */
const MAX_NAMES = 1000;

/** What of the module outlives a configuration. */
class Debugger {
  readonly host: ModuleHost;
  /** Levels by module; in force only while `mod_level_mode` is set. */
  readonly levels = new Map<string, number>();
  /** Syslog facilities by module; in force only while `mod_facility_mode` is set. */
  readonly facilities = new Map<string, number>();
  saidNoBreakpoints = false;

  constructor(host: ModuleHost) {
    this.host = host;
  }

  get tracing(): Tracing {
    return this.host.proxy.tracing;
  }
}

interface Instance {
  readonly state: Debugger;
  readonly traces: boolean;
  readonly format: number;
  readonly logLevel: number;
  readonly word: string;
  readonly facility: number | null;
  readonly prefix: string;
  readonly hasLevels: boolean;
  readonly levels: readonly (readonly [string, number])[];
  readonly hasFacilities: boolean;
  readonly facilities: readonly (readonly [string, number])[];
  readonly assigns: boolean;
  readonly resetsNumbers: boolean;
}

function start(self: Instance): void {
  const { state, traces, format, logLevel, word, facility, prefix } = self;
  const { tracing, host } = state;
  tracing.on = traces || host.proxy.groups.value("core", "cfgtrace", null) === 1;
  tracing.level = logLevel;
  tracing.word = word === "" ? undefined : word;
  tracing.facility = facility;
  tracing.prefix = prefix;
  tracing.showsFile = format !== 1;
  tracing.assigns = self.assigns;
  state.levels.clear();
  for (const [name, level] of self.levels) state.levels.set(name, level);
  host.log.settings.levels = self.hasLevels ? state.levels : null;
  state.facilities.clear();
  for (const [name, number] of self.facilities) state.facilities.set(name, number);
  host.log.settings.facilities = self.hasFacilities ? state.facilities : null;
  const { groups } = host.proxy;
  const bit = (is: boolean): number => (is ? 1 : 0);
  const useLevels = (mode: number): void => {
    host.log.settings.levels = mode !== 0 ? state.levels : null;
  };
  const useFacilities = (mode: number): void => {
    host.log.settings.facilities = mode !== 0 ? state.facilities : null;
  };
  groups.allowNumber("dbg", "mod_level_mode", 0, useLevels, bit(self.hasLevels));
  groups.allowNumber("dbg", "mod_facility_mode", 0, useFacilities, bit(self.hasFacilities));
}

function levelsOf(texts: readonly string[]): (readonly [string, number])[] {
  return texts.map((text) => {
    const m = /^\s*([\w-]+)\s*=\s*(-?\d)\s*$/.exec(text);
    if (m === null) throw new ConfigError(`"${text}" is no level of a module`, "mod_level", "write it as module=level");
    return [m[1]!, Number(m[2])] as const;
  });
}

function facilitiesOf(texts: readonly string[]): (readonly [string, number])[] {
  return texts.map((text) => {
    const [, name = "", word = ""] = /^\s*([\w-]+)\s*=\s*(\w+)\s*$/.exec(text) ?? [];
    const facility = facilityOf(word.toUpperCase());
    if (facility === null)
      throw new ConfigError(`"${text}" is no facility of a module`, "mod_facility", "write it as module=LOG_LOCAL0");
    return [name, facility] as const;
  });
}

function traceFacility(text: string): number | null {
  const facility = text === "" ? null : facilityOf(text);
  if (text !== "" && facility === null) throw new ConfigError(`there is no facility ${text}`, "log_facility");
  return facility;
}

const levelArg = parsed("level", (text): number | ArgError => {
  const level = LEVELS[text.trim().toUpperCase()] ?? (/^\s*-?\d\s*$/.test(text) ? Number(text) : undefined);
  return level ?? new ArgError(`"${text}" is no log level`, "write L_DBG, L_INFO, L_ERR …");
});
const maskArg = parsed("mask", (text): number | ArgError =>
  /^\s*\d{1,4}\s*$/.test(text) ? Number(text) : new ArgError(`"${text}" is no number`),
);
const facilityArg = parsed(
  "facility",
  (text): number | ArgError => facilityOf(text) ?? new ArgError(`there is no facility ${text}`),
);

function breakpoint({ state }: Instance, mode: string): number {
  if (mode.trim() !== "0" && !state.saidNoBreakpoints) {
    state.saidNoBreakpoints = true;
    state.host.log.warn(`dbg_breakpoint() does nothing: ${NO_BREAKPOINTS}`);
  }
  return 1;
}

function dumpMessage(
  { state }: Instance,
  ctx: RouteContext,
  level: number,
  facility: number | null,
  line: number,
): number {
  const { log, proxy } = state.host;
  if (!log.enabled(level)) return 1;
  for (const text of messageLines(ctx.message, proxy.out, line)) log.write(level, text, facility);
  return 1;
}

// ---- commands ----

type Command = RpcDef<Instance>;
const OK = "200 ok";
const COMMAND = { name: "cmd", kind: "str", optional: true } as const;
const PID = { name: "pid", kind: "int", optional: true } as const;
const MODULE = { name: "module", kind: "str", optional: true } as const;

function mustBeUs({ state }: Instance, pid: string | number | undefined): void {
  if (pid !== undefined && pid !== state.host.host.process.pid) throw new RpcError(500, "No such pid");
}

function ls(self: Instance, [pid]: readonly (string | number | undefined)[]): RpcValue {
  mustBeUs(self, pid);
  const { pid: own } = self.state.host.host.process;
  return [{ entry: 0, pid: own, set: self.state.tracing.on ? 1 : 0, state: 0, "in.pid": 0, "in.cmd": 0 }];
}

function keep(table: Map<string, number>, name: string, value: number): string {
  if (!table.has(name) && table.size >= MAX_NAMES) throw new RpcError(500, "cannot store parameter");
  table.set(name, value);
  return OK;
}

const setLevel: Command = {
  doc: "Gives a module a log level of its own; in force with mod_level_mode.",
  args: [MODULE, { name: "level", kind: "int", optional: true }],
  run: ({ state }, [name, level]) => {
    if (name === undefined || level === undefined) throw new RpcError(500, "invalid parameters");
    return keep(state.levels, String(name), Number(level));
  },
};

const commands: Readonly<Record<string, Command>> = {
  "dbg.ls": { doc: "The process and whether it traces.", args: [PID], run: ls },
  "dbg.trace": {
    doc: "Switches the trace of actions on or off.",
    args: [COMMAND, PID],
    run: (self, [command, pid]) => {
      if (command === undefined) throw new RpcError(500, "Config trace command missing");
      if (command !== "on" && command !== "off") throw new RpcError(500, "Unknown trace command");
      mustBeUs(self, pid);
      self.state.tracing.on = command === "on";
      return OK;
    },
  },
  "dbg.bp": {
    doc: `Refuses breakpoints: ${NO_BREAKPOINTS}.`,
    args: [COMMAND, PID],
    rest: "str",
    run: (self, [command, pid]) => {
      if (command === undefined) throw new RpcError(500, "Config breakpoint command missing");
      if (!["on", "off", "keep", "release", "next", "move", "show", "eval", "log"].includes(String(command)))
        throw new RpcError(500, "Unknown inner command");
      mustBeUs(self, pid);
      if (command === "off" || command === "release") return OK;
      throw new RpcError(500, NO_BREAKPOINTS);
    },
  },
  "dbg.set_mod_level": setLevel,
  "dbg.mod_level": setLevel,
  "dbg.get_mod_level": {
    doc: "The log level of a module.",
    args: [MODULE],
    run: ({ state }, [name]) => {
      if (name === undefined) throw new RpcError(500, "invalid parameters");
      const { levels, level } = state.host.log.settings;
      return levels?.get(String(name)) ?? level;
    },
  },
  "dbg.set_mod_facility": {
    doc: "Gives a module a syslog facility of its own; in force with mod_facility_mode.",
    args: [MODULE, { name: "facility", kind: "str", optional: true }],
    run: ({ state }, [name, word]) => {
      if (name === undefined || word === undefined) throw new RpcError(500, "invalid parameters");
      const facility = facilityOf(String(word).toUpperCase());
      if (facility === null) throw new RpcError(500, "facility not found");
      return keep(state.facilities, String(name), facility);
    },
  },
  "dbg.get_mod_facility": {
    doc: "The syslog facility of a module.",
    args: [MODULE],
    run: ({ state }, [name]) => {
      if (name === undefined) throw new RpcError(500, "invalid parameters");
      const own = state.host.log.settings.facilities?.get(String(name));
      if (own !== undefined) return facilityName(own);
      return String(state.host.proxy.groups.value("core", "log_facility", null) ?? "LOG_DAEMON");
    },
  },
  "dbg.reset_msgid": {
    doc: "Counts messages ($mi) from 1 again, where reset_msgid allows it.",
    args: [],
    rest: "any",
    run: ({ state, resetsNumbers }) => {
      if (!resetsNumbers) throw new RpcError(500, "reset_msgid is 0. Set it to 1 to enable.");
      state.host.proxy.counters.restartNumber();
      return OK;
    },
  },
};

const ANY = RouteKind.ANY;

/** Kamailio's module debugger. */
export const debuggerModule = defineModule({
  name: "debugger",
  doc: "Traces the script, sets log levels of modules, and dumps variables and messages.",
  uses: [core],
  params: {
    cfgtrace: intParam(0, "Whether each action of the script is logged before it runs."),
    cfgtrace_format: intParam(0, "1: lines of the trace do not name the file."),
    breakpoint: intParam(0, "Whether each action stops.", BREAKPOINTS),
    log_level: intParam(Level.ERROR, "Log level of the trace."),
    log_level_name: strParam("", "Word for the level in lines of the trace."),
    log_facility: strParam("", "Syslog facility of lines of the trace."),
    log_prefix: strParam("*** cfgtrace:", "What lines of the trace begin with."),
    step_usleep: intParam(100_000, "Time between two looks for commands at a breakpoint.", BREAKPOINTS),
    step_loops: intParam(200, "How often a command looks for an answer of a breakpoint.", BREAKPOINTS),
    mod_hash_size: intParam(0, "Size of the table of levels.", { effect: "the table grows as it must" }),
    mod_level_mode: intParam(0, "Whether modules have log levels of their own."),
    mod_level: manyParam("Log level of a module: module=level; core for what belongs to none."),
    mod_facility_mode: intParam(0, "Whether modules have syslog facilities of their own."),
    mod_facility: manyParam("Syslog facility of a module: module=LOG_LOCAL0; core for what belongs to none."),
    log_assign: intParam(0, "Whether what a variable holds after an assignment is logged, at level debug."),
    cfgpkgcheck: intParam(0, "Whether memory is checked at each action.", {
      effect: "memory is looked after by the runtime",
    }),
    reset_msgid: intParam(0, "Whether dbg.reset_msgid may count messages ($mi) from 1 again."),
    cfgtest: intParam(0, "Whether module cfgt is used.", { effect: "there is no module cfgt" }),
  },
  state: (host) => new Debugger(host),
  configure: (state, p): Instance => ({
    state,
    traces: p.cfgtrace !== 0,
    format: p.cfgtrace_format,
    logLevel: p.log_level,
    word: p.log_level_name,
    facility: traceFacility(p.log_facility),
    prefix: p.log_prefix,
    hasLevels: p.mod_level_mode !== 0,
    levels: levelsOf(p.mod_level),
    hasFacilities: p.mod_facility_mode !== 0,
    facilities: facilitiesOf(p.mod_facility),
    assigns: p.log_assign !== 0,
    resetsNumbers: p.reset_msgid !== 0,
  }),
  start,
  kemi: {
    dbg_pv_dump_ex: "dbg_pv_dump",
  },
  functions: {
    dbg_breakpoint: fn({
      args: [str("mode")],
      routes: ANY,
      doc: `Does nothing: ${NO_BREAKPOINTS}.`,
      run: (self: Instance, _ctx, mode) => breakpoint(self, mode),
    }),
    dbg_pv_dump: fn({
      args: [optional(maskArg), optional(levelArg)],
      routes: ANY,
      doc: "Logs variables as JSON: mask 1 those without value, 2 AVPs, 4 $var, 8 XAVPs, 16 others; 31 and L_DBG when left out.",
      run: ({ state: { host } }: Instance, ctx, mask, level) => {
        const at = level ?? Level.DEBUG;
        if (host.log.enabled(at)) host.log.write(at, variablesJson(ctx, mask ?? 31));
        return 1;
      },
    }),
    dbg_sip_msg: fn({
      args: [optional(levelArg), optional(facilityArg), place()],
      routes: ANY,
      doc: "Logs the message as it would be sent now, and what was changed in it.",
      run: (self: Instance, ctx, level, facility, at: CallPlace) =>
        dumpMessage(self, ctx, level ?? Level.ERROR, facility ?? null, at.line),
    }),
  },
  rpc: commands,
});
