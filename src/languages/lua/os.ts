// Lua's library os, over the clock, files and processes of the host.

import { localTime, partsOf, strftime, type TimeParts } from "../../util/strftime.ts";
import { fail, isMissing, numberArg, optionalNumber, optionalText, textArg } from "./arguments.ts";
import { lua } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import { temporaryName } from "./io.ts";
import { Access, COMMAND_LIMIT, mustBeOpen, type Surroundings, systemText } from "./surroundings.ts";
import type { Suspension } from "./suspension.ts";
import { orFailure } from "./system-errors.ts";
import { key, pushText } from "./values.ts";

/** Puts the library into the machine. */
export function openOs(L: LuaState, around: Surroundings, suspension: Suspension): void {
  lua.lua_newtable(L);
  for (const [name, fn] of Object.entries({ ...times(around), ...files(around), ...processes(around, suspension) })) {
    lua.lua_pushcfunction(L, fn);
    lua.lua_setfield(L, -2, key(name));
  }
  lua.lua_setglobal(L, key("os"));
}

function times({ host: { clock } }: Surroundings): Record<string, LuaFunction> {
  const began = clock.mono();
  const now = (): number => Math.floor(clock.wall() / 1000);
  return {
    clock: (L) => {
      lua.lua_pushnumber(L, (clock.mono() - began) / 1000);
      return 1;
    },
    time: (L) => {
      lua.lua_pushnumber(L, isMissing(L, 1) ? now() : timeOfTable(L));
      return 1;
    },
    difftime: (L) => {
      lua.lua_pushnumber(L, numberArg(L, 1) - optionalNumber(L, 2, 0));
      return 1;
    },
    date: (L) => {
      const given = optionalText(L, 1, "%c");
      const isUtc = given.startsWith("!");
      const format = isUtc ? given.slice(1) : given;
      const ms = Math.floor(optionalNumber(L, 2, now())) * 1000;
      if (!(Math.abs(ms) <= LAST_MOMENT)) lua.lua_pushnil(L);
      else if (format.startsWith("*t")) pushFields(L, partsOf(ms, isUtc));
      else pushText(L, strftime(format, ms, isUtc));
      return 1;
    },
    setlocale: (L) => {
      const wanted = optionalText(L, 1, "C");
      if (["", "C", "POSIX"].includes(wanted)) pushText(L, "C");
      else lua.lua_pushnil(L);
      return 1;
    },
  };
}

/** The last moment a calendar of the runtime knows, ms. */
const LAST_MOMENT = 8.64e15;

function timeOfTable(L: LuaState): number {
  if (lua.lua_type(L, 1) !== lua.LUA_TTABLE) fail(L, "bad argument #1 to 'time' (table expected)");
  const field = (name: string, otherwise: number | null): number => {
    lua.lua_getfield(L, 1, key(name));
    const isNumber = lua.lua_isnumber(L, -1);
    const value = isNumber ? Math.trunc(lua.lua_tonumber(L, -1)) : otherwise;
    lua.lua_pop(L, 1);
    return value ?? fail(L, `field '${name}' missing in date table`);
  };
  const [sec, min, hour] = [field("sec", 0), field("min", 0), field("hour", 12)];
  const [day, month, year] = [field("day", null), field("month", null), field("year", null)];
  return Math.floor(localTime(year, month, day, hour, min, sec) / 1000);
}

function pushFields(L: LuaState, { sec, min, hour, mday, mon, year, wday, yday, isdst }: TimeParts): void {
  lua.lua_newtable(L);
  const fields = { sec, min, hour, day: mday, month: mon + 1, year, wday: wday + 1, yday: yday + 1 };
  for (const [name, value] of Object.entries(fields)) {
    lua.lua_pushnumber(L, value);
    lua.lua_setfield(L, -2, key(name));
  }
  lua.lua_pushboolean(L, isdst !== 0);
  lua.lua_setfield(L, -2, key("isdst"));
}

function files(around: Surroundings): Record<string, LuaFunction> {
  const { files } = around.host;
  const changing =
    (name: string, change: (L: LuaState) => void): LuaFunction =>
    (L) => {
      mustBeOpen(L, around, Access.FILES, `os.${name}`);
      return orFailure(L, textArg(L, 1), () => {
        change(L);
        lua.lua_pushboolean(L, true);
        return 1;
      });
    };
  return {
    remove: changing("remove", (L) => files.remove(systemText(textArg(L, 1)))),
    rename: changing("rename", (L) => files.rename(systemText(textArg(L, 1)), systemText(textArg(L, 2)))),
    tmpname: (L) => {
      mustBeOpen(L, around, Access.FILES, "os.tmpname");
      const name = temporaryName(around);
      return orFailure(L, name, () => {
        files.open(name, "w").close();
        pushText(L, name);
        return 1;
      });
    },
  };
}

/** The status of a child as wait() of C gives it. */
function statusOf({ code, signal }: { readonly code: number; readonly signal: number }): number {
  return signal !== 0 ? signal : code < 0 ? -1 : code << 8;
}

function processes(around: Surroundings, suspension: Suspension): Record<string, LuaFunction> {
  const { host } = around;
  const noInput = new Uint8Array(0);
  const pushStatus = (L: LuaState, result: unknown): number => {
    const { output, code, signal } = result as { output: Uint8Array; code: number; signal: number };
    if (output.length > 0) host.process.write(1, new TextDecoder().decode(output));
    lua.lua_pushnumber(L, statusOf({ code, signal }));
    return 1;
  };
  return {
    getenv: (L) => {
      const value = host.process.env(systemText(textArg(L, 1)));
      if (value === undefined) lua.lua_pushnil(L);
      else pushText(L, String.fromCharCode(...new TextEncoder().encode(value)));
      return 1;
    },
    execute: (L) => {
      mustBeOpen(L, around, Access.PROCESSES, "os.execute");
      if (isMissing(L, 1)) {
        lua.lua_pushnumber(L, 1); // there is a shell
        return 1;
      }
      const command = systemText(textArg(L, 1));
      if (suspension.isLoading) return pushStatus(L, host.system.shellNow(command, noInput, COMMAND_LIMIT));
      return suspension.wait(L, {
        promise: host.system.shell(command, noInput, COMMAND_LIMIT),
        name: "os.execute",
        push: pushStatus,
        pushFailure: (state) => {
          lua.lua_pushnumber(state, -1);
          return 1;
        },
      });
    },
    exit: (L) => {
      mustBeOpen(L, around, Access.EXIT, "os.exit");
      return host.process.exit(Math.trunc(optionalNumber(L, 1, 0)) & 0xff);
    },
  };
}
