// Files by node:fs, the same on Bun and on Deno. Synchronous: they are read at start, at reload and by the command line.
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { resolve } from "node:path";
import { type Files, HostError, type OpenFile, type OpenMode } from "./host.ts";

/** The file system; failures are HostErrors with the system's code. */
export const files: Files = {
  read: (path) => attempt(() => new Uint8Array(readFileSync(path))),
  write: (path, data, mode) => attempt(() => writeFileSync(path, data, mode === undefined ? {} : { mode })),
  exists: (path) => existsSync(path),
  list: (path) => attempt(() => readdirSync(path).sort()),
  makeDirectory: (path, mode) =>
    attempt(() => void mkdirSync(path, { recursive: true, ...(mode === undefined ? {} : { mode }) })),
  remove: (path) => attempt(() => rmSync(path)),
  rename: (from, to) => attempt(() => renameSync(from, to)),
  resolve: (...parts) => resolve(...parts),
  workingDirectory: () => process.cwd(),
  changeDirectory: (path) => attempt(() => process.chdir(path)),
  open,
};

function open(path: string, mode: OpenMode): OpenFile {
  const { fd, hasPositions } = attempt(() => {
    const fd = openSync(path, mode);
    return { fd, hasPositions: fstatSync(fd).isFile() };
  });
  const appends = mode.startsWith("a");
  return {
    read: (into, position) => attempt(() => readSync(fd, into, 0, into.length, hasPositions ? position : null)),
    write(data, position) {
      for (let at = 0; at < data.length; ) {
        const place = hasPositions && !appends ? position + at : null;
        at += attempt(() => writeSync(fd, data, at, data.length - at, place));
      }
    },
    size: () => attempt(() => fstatSync(fd).size),
    close: () => attempt(() => closeSync(fd)),
  };
}

function attempt<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw toHostError(error);
  }
}

/** Turns what node's functions throw into a HostError, keeping code and text. */
export function toHostError(error: unknown): HostError {
  if (error instanceof HostError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return new HostError(typeof code === "string" ? code : "EIO", typeof message === "string" ? message : String(error));
}
