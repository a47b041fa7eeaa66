// The process and its streams by node's functions, the same on Bun and on Deno.
import { readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { isatty } from "node:tty";
import { HostError, type Process } from "./host.ts";
import { memoryInUse, processMemory, releaseWhenIdle } from "./idle-memory.ts";
import { clock } from "./node-basics.ts";

/** The process. @param args arguments without the program; @param programName the name it was called by */
export function makeProcess(args: readonly string[], programName: string): Process {
  return {
    args,
    programName: basename(programName),
    pid: process.pid,
    env: (name) => process.env[name],
    environment: () => ({ ...process.env }) as Record<string, string>,
    write: writeAll,
    isTerminal: (to) => isatty(to),
    readInput,
    readSecret,
    onSignal: (signal, fn) => void process.on(signal, fn),
    raise: (signal) => void process.kill(process.pid, signal),
    onFault: (fn) => {
      process.on("uncaughtException", fn);
      process.on("unhandledRejection", fn);
    },
    exit: (code) => process.exit(code),
    memory: memoryInUse,
    releaseWhenIdle: () => releaseWhenIdle(clock, processMemory()),
    userId: () => process.getuid?.() ?? null,
  };
}

/** Written at once and not through a stream, so that nothing is lost when the process ends. */
function writeAll(to: 1 | 2, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(to, bytes, at);
    } catch (error) {
      // A pipe whose reader is slow: try again. A closed one: nobody listens.
      if ((error as { code?: string }).code !== "EAGAIN") return;
    }
  }
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}

const INTERRUPT = 3;
const END = 4;
const BACKSPACE = 8;
const DELETE = 127;

/** Reads a line byte by byte with the terminal's echo off; rejects with HostError "EINTR" on Ctrl-C. */
async function readSecret(prompt: string): Promise<string> {
  writeAll(2, prompt);
  const raw = process.stdin.isTTY === true;
  if (raw) process.stdin.setRawMode(true);
  try {
    return readLine();
  } finally {
    if (raw) process.stdin.setRawMode(false);
    writeAll(2, "\n");
  }
}

function readLine(): string {
  const line: number[] = [];
  const byte = new Uint8Array(1);
  for (;;) {
    let n = 0;
    try {
      n = readSync(0, byte, 0, 1, null);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === "EAGAIN") continue;
      if (code !== "EOF") throw new HostError(code ?? "EIO", "cannot read from the terminal");
    }
    const b = byte[0]!;
    if (n === 0 || b === 10 || b === 13 || b === END) return new TextDecoder().decode(new Uint8Array(line));
    if (b === INTERRUPT) throw new HostError("EINTR", "interrupted");
    if (b === DELETE || b === BACKSPACE) {
      while (line.length > 0 && (line.pop()! & 0xc0) === 0x80);
    } else line.push(b);
  }
}
