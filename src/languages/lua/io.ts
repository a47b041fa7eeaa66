// Lua's library io, over the files and processes of the host. Commands (popen) run to their end while the run waits.

import { HostError, type OpenMode } from "../../host/host.ts";
import { textOf } from "../../util/bytes.ts";
import { fail, isMissing, optionalNumber, optionalText, textArg, typeName, wrongArgument } from "./arguments.ts";
import { lauxlib, lua } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import { LuaFile, memoryFile } from "./file.ts";
import { Access, COMMAND_LIMIT, mustBeOpen, type Surroundings, systemText } from "./surroundings.ts";
import type { Suspension } from "./suspension.ts";
import { orFailure, wordsOf } from "./system-errors.ts";
import { key, pushText } from "./values.ts";

/** What a handle of the script stands for. */
interface Handle {
  /** Null when it is closed. */
  file: LuaFile | null;
  /** Closes it, pushes what close() gives and returns how many; null for the standard files, which stay. */
  close: ((L: LuaState) => number) | null;
}

const HANDLE = key("FILE*");
const MODE = /^([rwa])b?(\+?)b?$/;

/** Files that scripts forget are closed when their handles are. */
const forgotten = new FinalizationRegistry((file: LuaFile) => {
  try {
    file.close();
  } catch {} // nobody is left to tell
});

/** Puts the library and the methods of files into the machine. */
export function openIo(L: LuaState, around: Surroundings, suspension: Suspension): void {
  lauxlib.luaL_newmetatable(L, HANDLE);
  lua.lua_pushvalue(L, -1);
  lua.lua_setfield(L, -2, key("__index"));
  setAll(L, METHODS);
  lua.lua_pop(L, 1);
  lua.lua_newtable(L);
  const stdin = pushHandle(L, new LuaFile(memoryFile(new Uint8Array(0)), "r"), null);
  lua.lua_setfield(L, -2, key("stdin"));
  const stdout = pushHandle(L, new LuaFile(stream(around, 1), "a"), null);
  lua.lua_setfield(L, -2, key("stdout"));
  pushHandle(L, new LuaFile(stream(around, 2), "a"), null);
  lua.lua_setfield(L, -2, key("stderr"));
  setAll(L, { ...openers(around), ...commands(around, suspension), ...standard(around, stdin, stdout), type: typeOf });
  lua.lua_setglobal(L, key("io"));
}

function setAll(L: LuaState, functions: Readonly<Record<string, LuaFunction>>): void {
  for (const [name, fn] of Object.entries(functions)) {
    lua.lua_pushcfunction(L, fn);
    lua.lua_setfield(L, -2, key(name));
  }
}

// Standard output or error of the program.
function stream({ host }: Surroundings, to: 1 | 2) {
  return {
    ...memoryFile(new Uint8Array(0)),
    write: (data: Uint8Array) => host.process.write(to, systemText(textOf(data, 0, data.length))),
  };
}

function pushHandle(L: LuaState, file: LuaFile, close: Handle["close"]): Handle {
  const handle = Object.assign(lua.lua_newuserdata(L, 0), { file, close });
  lauxlib.luaL_setmetatable(L, HANDLE);
  return handle;
}

function pushFile(L: LuaState, file: LuaFile): Handle {
  const handle = pushHandle(L, file, (state) => {
    forgotten.unregister(handle);
    return orFailure(state, null, () => {
      file.close();
      lua.lua_pushboolean(state, true);
      return 1;
    });
  });
  forgotten.register(handle, file, handle);
  return handle;
}

function handleAt(L: LuaState, index: number): Handle {
  const handle = lua.lua_gettop(L) < index ? null : lauxlib.luaL_testudata(L, index, HANDLE);
  if (handle === null) return wrongArgument(L, index, `FILE* expected, got ${typeName(L, index)}`);
  return handle as Handle;
}

function fileAt(L: LuaState, index: number): LuaFile {
  const { file } = handleAt(L, index);
  if (file === null) return fail(L, "attempt to use a closed file");
  return file;
}

/** Opens a file by its name. Throws HostError. */
function openNamed({ host }: Surroundings, name: string, mode: string): LuaFile {
  const found = MODE.exec(mode);
  if (found === null) throw new HostError("EINVAL", "no such mode");
  const plain = `${found[1]}${found[2]}` as OpenMode;
  return new LuaFile(host.files.open(systemText(name), plain), plain);
}

function openers(around: Surroundings): Record<string, LuaFunction> {
  return {
    open: (L) => {
      mustBeOpen(L, around, Access.FILES, "io.open");
      const name = textArg(L, 1);
      const mode = optionalText(L, 2, "r");
      return orFailure(L, name, () => {
        pushFile(L, openNamed(around, name, mode));
        return 1;
      });
    },
    tmpfile: (L) => {
      mustBeOpen(L, around, Access.FILES, "io.tmpfile");
      return orFailure(L, null, () => {
        const name = temporaryName(around);
        const file = openNamed(around, name, "w+");
        around.host.files.remove(name);
        pushFile(L, file);
        return 1;
      });
    },
  };
}

/** A name that no file has yet. */
export function temporaryName({ host }: Surroundings): string {
  for (;;) {
    const name = `/tmp/lua_${host.random.uint32().toString(36)}${host.random.uint32().toString(36)}`;
    if (!host.files.exists(name)) return name;
  }
}

function commands(around: Surroundings, suspension: Suspension): Record<string, LuaFunction> {
  const { system } = around.host;
  const noInput = new Uint8Array(0);
  const run = (
    L: LuaState,
    name: string,
    command: string,
    input: Uint8Array,
    push: (L: LuaState, output: Uint8Array) => number,
  ) => {
    if (suspension.isLoading) return push(L, system.shellNow(command, input, COMMAND_LIMIT).output);
    return suspension.wait(L, {
      promise: system.shell(command, input, COMMAND_LIMIT),
      name,
      push: (state, result) => push(state, (result as { output: Uint8Array }).output),
      pushFailure: (state) => push(state, noInput),
    });
  };
  return {
    popen: (L) => {
      mustBeOpen(L, around, Access.PROCESSES, "io.popen");
      const command = systemText(textArg(L, 1));
      const mode = optionalText(L, 2, "r");
      if (mode === "r")
        return run(L, "io.popen", command, noInput, (state, output) => {
          pushFile(state, new LuaFile(memoryFile(output), "r"));
          return 1;
        });
      if (mode !== "w")
        return orFailure(L, textArg(L, 1), () => {
          throw new HostError("EINVAL", "no such mode");
        });
      const parts: Uint8Array[] = [];
      const written = { ...memoryFile(noInput), write: (data: Uint8Array) => void parts.push(data) };
      pushHandle(L, new LuaFile(written, "a"), (state) =>
        run(state, "io.popen", command, joined(parts), (back, output) => {
          around.host.process.write(1, systemText(textOf(output, 0, output.length)));
          lua.lua_pushboolean(back, true);
          return 1;
        }),
      );
      return 1;
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// Functions over the files that are standard now, which io.input and io.output change.
function standard(around: Surroundings, stdin: Handle, stdout: Handle): Record<string, LuaFunction> {
  const now = { input: stdin, output: stdout };
  const chosen =
    (which: "input" | "output", mode: string): LuaFunction =>
    (L) => {
      if (!isMissing(L, 1)) {
        if (lua.lua_type(L, 1) === lua.LUA_TSTRING) {
          mustBeOpen(L, around, Access.FILES, `io.${which}`);
          lua.lua_settop(L, 1);
          now[which] = pushFile(L, openOrFail(L, around, textArg(L, 1), mode));
          return 1;
        }
        fileAt(L, 1);
        now[which] = handleAt(L, 1);
        lua.lua_settop(L, 1);
        return 1;
      }
      const { file, close } = now[which];
      if (file === null) fail(L, `standard ${which} file is closed`);
      Object.assign(now, { [which]: pushHandle(L, file, close) });
      return 1;
    };
  const open = (L: LuaState, which: "input" | "output"): LuaFile => {
    const { file } = now[which];
    return file ?? fail(L, `standard ${which} file is closed`);
  };
  return {
    input: chosen("input", "r"),
    output: chosen("output", "w"),
    read: (L) => read(L, open(L, "input"), 1),
    write: (L) => write(L, open(L, "output"), 1),
    flush: succeeded,
    close: (L) => closeHandle(L, lua.lua_gettop(L) === 0 ? now.output : handleAt(L, 1)),
    lines: (L) => {
      if (isMissing(L, 1)) return pushLines(L, { file: open(L, "input"), close: null }, false);
      mustBeOpen(L, around, Access.FILES, "io.lines");
      return pushLines(L, { file: openOrFail(L, around, textArg(L, 1), "r"), close: null }, true);
    },
  };
}

function openOrFail(L: LuaState, around: Surroundings, name: string, mode: string): LuaFile {
  try {
    return openNamed(around, name, mode);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return wrongArgument(L, 1, `${name}: ${wordsOf(error)}`);
  }
}

// An iterator over lines; `closes` when the end is reached.
function pushLines(L: LuaState, handle: Handle, closes: boolean): number {
  lua.lua_pushcfunction(L, (state) => {
    const { file } = handle;
    if (file === null) return fail(state, "file is already closed");
    const line = file.readLine();
    if (line !== null) pushText(state, line);
    else {
      lua.lua_pushnil(state);
      if (closes) {
        handle.file = null;
        file.close();
      }
    }
    return 1;
  });
  return 1;
}

function closeHandle(L: LuaState, handle: Handle): number {
  const { file, close } = handle;
  if (file === null) fail(L, "attempt to use a closed file");
  if (close === null) {
    lua.lua_pushnil(L);
    pushText(L, "cannot close standard file");
    return 2;
  }
  handle.file = null;
  return close(L);
}

function read(L: LuaState, file: LuaFile, first: number): number {
  const last = lua.lua_gettop(L);
  return orFailure(L, null, () => {
    if (last < first) return pushRead(L, file.readLine()) ? 1 : 1;
    for (let i = first; i <= last; i++) if (!readOne(L, file, i)) return i - first + 1;
    return last - first + 1;
  });
}

// One format of read(); false when nothing could be read, which ends it.
function readOne(L: LuaState, file: LuaFile, index: number): boolean {
  if (lua.lua_type(L, index) === lua.LUA_TNUMBER)
    return pushRead(L, file.read(Math.max(0, Math.trunc(lua.lua_tonumber(L, index)))));
  const format = textArg(L, index);
  if (!format.startsWith("*")) wrongArgument(L, index, "invalid option");
  switch (format[1]) {
    case "l":
      return pushRead(L, file.readLine());
    case "a":
      return pushRead(L, file.readAll());
    case "n": {
      const number = file.readNumber();
      if (number === null) lua.lua_pushnil(L);
      else lua.lua_pushnumber(L, number);
      return number !== null;
    }
    default:
      return wrongArgument(L, index, "invalid format");
  }
}

function pushRead(L: LuaState, text: string | null): boolean {
  if (text === null) lua.lua_pushnil(L);
  else pushText(L, text);
  return text !== null;
}

function write(L: LuaState, file: LuaFile, first: number): number {
  const last = lua.lua_gettop(L);
  return orFailure(L, null, () => {
    for (let i = first; i <= last; i++) file.write(textArg(L, i));
    lua.lua_pushboolean(L, true);
    return 1;
  });
}

const WHENCES = ["set", "cur", "end"];

const METHODS: Readonly<Record<string, LuaFunction>> = {
  read: (L) => read(L, fileAt(L, 1), 2),
  write: (L) => write(L, fileAt(L, 1), 2),
  lines: (L) => {
    fileAt(L, 1);
    return pushLines(L, handleAt(L, 1), false);
  },
  seek: (L) => {
    const file = fileAt(L, 1);
    const whence = optionalText(L, 2, "cur");
    if (!WHENCES.includes(whence)) wrongArgument(L, 2, `invalid option '${whence}'`);
    const offset = optionalNumber(L, 3, 0);
    return orFailure(L, null, () => {
      lua.lua_pushnumber(L, file.seek(whence, offset));
      return 1;
    });
  },
  close: (L) => closeHandle(L, handleAt(L, 1)),
  flush: (L) => {
    fileAt(L, 1);
    return succeeded(L);
  },
  setvbuf: (L) => {
    fileAt(L, 1);
    return succeeded(L);
  },
  __tostring: (L) => {
    pushText(L, handleAt(L, 1).file === null ? "file (closed)" : "file (0x1)");
    return 1;
  },
};

// Everything is written at once: there is nothing to flush.
function succeeded(L: LuaState): number {
  lua.lua_pushboolean(L, true);
  return 1;
}

const typeOf: LuaFunction = (L) => {
  if (lua.lua_gettop(L) === 0) wrongArgument(L, 1, "value expected");
  const handle = lauxlib.luaL_testudata(L, 1, HANDLE) as Handle | null;
  if (handle === null) lua.lua_pushnil(L);
  else pushText(L, handle.file === null ? "closed file" : "file");
  return 1;
};
