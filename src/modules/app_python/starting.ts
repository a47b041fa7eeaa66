// Starting Python: seconds the first time, and a fraction of one afterwards by what the first start leaves in the data directory.

import { type Host, HostError } from "../../host/host.ts";
import { PYTHON_VERSION, type Python, startPython } from "../../languages/python/pyodide.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";

/** In front of what is kept: what it is, and a number that tells whether it is whole. */
const HEAD = bytesOf("portico python 1\n");
const HEAD_SIZE = 32;

/** The file in the data directory. */
export const KEPT_NAME = `python-${PYTHON_VERSION}.snapshot`;

/** A number over 32-bit words, so that a file written by halves is not taken. */
function sumOf(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let sum = bytes.length;
  for (let i = 0; i < words.length; i++) sum = (Math.imul(sum, 31) + words[i]!) | 0;
  return sum;
}

/** What an earlier start kept; null when there is nothing or it cannot be used. Throws nothing. */
export function readKept(host: Host, path: string): Uint8Array | null {
  let file: Uint8Array;
  try {
    if (!host.files.exists(path)) return null;
    file = host.files.read(path);
  } catch {
    return null;
  }
  if (file.length <= HEAD_SIZE || textOf(file, 0, HEAD.length) !== textOf(HEAD, 0, HEAD.length)) return null;
  const kept = file.slice(HEAD_SIZE);
  const sum = new DataView(file.buffer, file.byteOffset).getInt32(HEAD_SIZE - 4, true);
  return sum === sumOf(kept) ? kept : null;
}

/** Keeps it for the next start, whole or not at all. Throws HostError. */
export function writeKept(host: Host, path: string, snapshot: Uint8Array): void {
  const file = new Uint8Array(HEAD_SIZE + snapshot.length);
  file.set(HEAD);
  file.set(snapshot, HEAD_SIZE);
  new DataView(file.buffer).setInt32(HEAD_SIZE - 4, sumOf(snapshot), true);
  const { files } = host;
  files.makeDirectory(files.resolve(path, ".."));
  const half = `${path}.${host.process.pid}`;
  files.write(half, file, 0o600);
  files.rename(half, path);
}

/** Starts the interpreter; said before and after. `mayKeep`: whether something may be kept for the next start. */
export async function startInterpreter({ host, log, proxy }: ModuleHost, mayKeep = true): Promise<Python> {
  const began = host.clock.mono();
  const path = host.files.resolve(proxy.places.data, KEPT_NAME);
  const snapshot = readKept(host, path);
  const start = {
    folder: host.pythonFolder(),
    print: (text: string) => log.write(Level.INFO, text),
    keep: mayKeep && host.name !== "simulated" ? (made: Uint8Array) => keep(host, path, made, log) : null,
  };
  if (snapshot !== null) {
    try {
      log.write(Level.NOTICE, "starting Python");
      return said(await startPython({ ...start, snapshot }));
    } catch (error) {
      if (mayKeep) host.files.remove(path);
      log.write(Level.WARNING, `what was kept of an earlier start of Python is of no use: ${String(error)}`);
    }
  }
  log.write(Level.NOTICE, `starting Python, which takes some seconds${start.keep === null ? "" : " the first time"}`);
  return said(await startPython({ ...start, snapshot: null }));

  function said(python: Python): Python {
    log.write(Level.NOTICE, `Python has started in ${((host.clock.mono() - began) / 1000).toFixed(1)} s`);
    return python;
  }
}

function keep(host: Host, path: string, snapshot: Uint8Array, log: ModuleHost["log"]): void {
  try {
    writeKept(host, path, snapshot);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    log.write(Level.INFO, `the next start of Python will take as long: ${error.message}`);
  }
}
