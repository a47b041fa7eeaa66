// Child processes of tests: started, bounded in time, with what they printed kept for the report of a failure.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";

/** How a program ended and what it printed. */
export interface Finished {
  /** Exit code; null when a signal ended it, ours after the time limit included. */
  readonly code: number | null;
  readonly output: string;
  readonly timedOut: boolean;
}

/** A running program whose output is gathered. */
export interface Running {
  readonly child: ChildProcess;
  /** Everything printed so far, both streams. */
  readonly output: () => string;
  readonly finished: Promise<Finished>;
}

export interface ProgramOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Milliseconds after which the program is killed; none when left out. */
  readonly limit?: number;
  readonly input?: string;
}

const OUTPUT_LIMIT = 1 << 20;

/** Starts a program without a shell. A program that cannot be started counts as finished with code 127. */
export function start(command: readonly string[], options: ProgramOptions = {}): Running {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: "pipe" });
  let output = "";
  const gather = (chunk: unknown) => {
    output = (output + String(chunk)).slice(-OUTPUT_LIMIT);
  };
  child.stdout.on("data", gather);
  child.stderr.on("data", gather);
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const finished = new Promise<Finished>((resolve) => {
    let timedOut = false;
    const timer = options.limit
      ? setTimeout(() => {
          timedOut = true;
          child.kill("SIGKILL");
        }, options.limit)
      : undefined;
    child.once("error", (error) => {
      clearTimeout(timer);
      resolve({ code: 127, output: `${program}: ${error.message}`, timedOut });
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      const end = () => resolve({ code, output, timedOut });
      // The last output may still be under way; children that outlive the program must not hold us up, though.
      const patience = setTimeout(end, 1000);
      child.once("close", () => {
        clearTimeout(patience);
        end();
      });
    });
  });
  return { child, output: () => output, finished };
}

/** Runs a program to its end; killed after 120 seconds unless a limit is given. */
export function run(command: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
  return start(command, { limit: 120_000, ...options }).finished;
}

/** Asks a program to end (SIGTERM), insists after `patience` milliseconds, which what it is said to have printed then tells. */
export async function stop(running: Running, patience = 20_000): Promise<Finished> {
  running.child.kill("SIGTERM");
  let insisted = "";
  const timer = setTimeout(() => {
    insisted = `\n(killed: it had not ended ${patience} ms after it was asked to)`;
    running.child.kill("SIGKILL");
  }, patience);
  const finished = await running.finished;
  clearTimeout(timer);
  return { ...finished, output: finished.output + insisted };
}

/** Whether a program of this name is installed. */
export function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
