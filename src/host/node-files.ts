// Files by node:fs, the same on Bun and on Deno. Synchronous: they are read at start, at reload and by the command line.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Files, HostError } from "./host.ts";

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
};

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
