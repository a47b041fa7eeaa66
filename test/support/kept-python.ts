// What a first start of Python leaves for the next ones, shared by all test files on this machine: each would spend seconds on it.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Host } from "../../src/host/host.ts";
import { startPython } from "../../src/languages/python/pyodide.ts";
import { KEPT_NAME, writeKept } from "../../src/modules/app_python/starting.ts";

const folder = join(tmpdir(), `portico-test-python-${userInfo().uid}`);
const runtime = "Deno" in globalThis ? "deno" : "bun";

let kept: Promise<Uint8Array> | null = null;

async function read(host: Host): Promise<Uint8Array> {
  const file = join(folder, `${runtime}-${KEPT_NAME}`);
  if (existsSync(file)) return readFileSync(file);
  const made = await new Promise<Uint8Array>((resolve, reject) => {
    startPython({ folder: host.pythonFolder(), print: () => undefined, snapshot: null, keep: resolve }).catch(reject);
  });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const half = `${file}.${process.pid}.${Math.random()}`;
  writeFileSync(half, made, { mode: 0o600 });
  renameSync(half, file);
  return made;
}

/** Puts it into the data directory of a simulated host. */
export async function keepPython(host: Host, directory: string): Promise<void> {
  kept ??= read(host);
  writeKept(host, `${directory}/${KEPT_NAME}`, await kept);
}
