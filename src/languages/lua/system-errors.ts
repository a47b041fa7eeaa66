// Failures of the system as Lua's libraries give them: nil, a text and errno.

import { HostError } from "../../host/host.ts";
import { lua } from "./fengari.ts";
import type { LuaState } from "./fengari-types.ts";
import { pushText } from "./values.ts";

/** Number and words of the errors that files give, as on Linux. */
const KNOWN: Readonly<Record<string, readonly [number, string]>> = {
  EPERM: [1, "Operation not permitted"],
  ENOENT: [2, "No such file or directory"],
  EIO: [5, "Input/output error"],
  ENXIO: [6, "No such device or address"],
  EBADF: [9, "Bad file descriptor"],
  ENOMEM: [12, "Cannot allocate memory"],
  EACCES: [13, "Permission denied"],
  EBUSY: [16, "Device or resource busy"],
  EEXIST: [17, "File exists"],
  EXDEV: [18, "Invalid cross-device link"],
  ENOTDIR: [20, "Not a directory"],
  EISDIR: [21, "Is a directory"],
  EINVAL: [22, "Invalid argument"],
  EMFILE: [24, "Too many open files"],
  ETXTBSY: [26, "Text file busy"],
  EFBIG: [27, "File too large"],
  ENOSPC: [28, "No space left on device"],
  ESPIPE: [29, "Illegal seek"],
  EROFS: [30, "Read-only file system"],
  EPIPE: [32, "Broken pipe"],
  ENAMETOOLONG: [36, "File name too long"],
  ENOTEMPTY: [39, "Directory not empty"],
  ELOOP: [40, "Too many levels of symbolic links"],
};

/** The system's words for a failure. */
export function wordsOf(error: HostError): string {
  return KNOWN[error.code]?.[1] ?? error.message;
}

/** Runs something that may fail as the outside world does; what it gives, or nil, text and errno (3 values). */
export function orFailure(L: LuaState, name: string | null, run: () => number): number {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    lua.lua_pushnil(L);
    pushText(L, name === null ? wordsOf(error) : `${name}: ${wordsOf(error)}`);
    lua.lua_pushnumber(L, KNOWN[error.code]?.[0] ?? 5);
    return 3;
  }
}
