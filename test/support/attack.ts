// Starts attacker.ts as a process, on the runtime that the tests run on.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

const FILE = join(import.meta.dirname, "attacker.ts");

/** A running attack. */
export interface Attack {
  /** Resolves when all connections of a kind that holds them are open. */
  readonly held: Promise<void>;
  /** What the attacker has seen; rejects with its words when it failed. */
  readonly result: Promise<Record<string, number>>;
  /** Has a kind that holds connections come to its end. */
  end(): void;
  kill(): void;
}

/** Begins an attack of that kind (attacker.ts) on a port of 127.0.0.1. */
export function attack(kind: string, port: number, count: number): Attack {
  const args = "Deno" in globalThis ? ["run", "-A", "--no-config", FILE] : [FILE];
  const child: ChildProcess = spawn(process.execPath, [...args, kind, String(port), String(count)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  let words = "";
  let tellHeld: () => void = () => {};
  const held = new Promise<void>((done) => {
    tellHeld = done;
  });
  child.stdin!.on("error", () => {});
  child.stderr!.on("data", (data: Buffer) => {
    words += data.toString();
  });
  child.stdout!.on("data", (data: Buffer) => {
    output += data.toString();
    if (output.startsWith("held")) tellHeld();
  });
  const result = new Promise<Record<string, number>>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => {
      tellHeld();
      const line = output.trim().split("\n").at(-1) ?? "";
      if (line.startsWith("{")) resolve(JSON.parse(line) as Record<string, number>);
      else reject(new Error(`the attacker failed: ${words}`));
    });
  });
  result.catch(() => {});
  return { held, result, end: () => void child.stdin!.end(), kill: () => void child.kill() };
}
