// Command lines of the system's shell, by node:child_process.
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import type { ShellResult } from "./system.ts";

/** Most octets of output that are kept of a command; it is killed when it writes more. */
const MAX_OUTPUT = 16 << 20;

/** Runs a command line with our own outputs; its exit code, -1 for any other end. */
export function runCommand(command: string, limit: number): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", "inherit", "inherit"], timeout: limit });
    child.on("error", () => resolve(-1));
    child.on("exit", (code) => resolve(code ?? -1));
  });
}

/** Runs a command line and gives what it wrote (System.shell). */
export function shell(command: string, input: Uint8Array, limit: number): Promise<ShellResult> {
  return new Promise((resolve) => {
    const child = spawn("/bin/sh", ["-c", command], { stdio: ["pipe", "pipe", "inherit"], timeout: limit });
    const parts: Uint8Array[] = [];
    let length = 0;
    child.stdout.on("data", (part: Uint8Array) => {
      length += part.length;
      if (length > MAX_OUTPUT) child.kill();
      else parts.push(part);
    });
    child.stdin.on("error", () => {}); // it need not read what it is given
    child.stdin.end(input);
    child.on("error", () => resolve({ output: new Uint8Array(0), code: -1, signal: 0 }));
    child.on("close", (code, name) => {
      const output = new Uint8Array(Buffer.concat(parts));
      resolve({ output, code: code ?? -1, signal: name === null ? 0 : constants.signals[name] });
    });
  });
}

/** The same while everything else waits (System.shellNow). */
export function shellNow(command: string, input: Uint8Array, limit: number): ShellResult {
  const done = spawnSync("/bin/sh", ["-c", command], {
    input,
    stdio: ["pipe", "pipe", "inherit"],
    timeout: limit,
    maxBuffer: MAX_OUTPUT,
  });
  const signal = done.signal === null ? 0 : constants.signals[done.signal];
  return { output: new Uint8Array(done.stdout ?? []), code: done.status ?? -1, signal };
}
