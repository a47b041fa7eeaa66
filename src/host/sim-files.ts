// Files and process of a simulated host: in memory, with what was written kept for the test to read.
import { type Files, HostError, type OpenFile, type OpenMode, type Process } from "./host.ts";

/** An in-memory file system with POSIX paths. */
export function simFiles(): Files {
  let current = "/";
  const resolve = (...parts: readonly string[]) => resolvePath([current, ...parts]);
  const contents = new Map<string, Uint8Array>();
  const folders = new Set<string>(["/"]);
  const missing = (path: string) => new HostError("ENOENT", `no such file: ${path}`);
  const parent = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";
  const open = (path: string, mode: OpenMode): OpenFile => {
    const full = resolve(path);
    if (mode.startsWith("r") && !contents.has(full)) throw missing(path);
    if (!folders.has(parent(full))) throw missing(parent(full));
    if (mode.startsWith("w") || !contents.has(full)) contents.set(full, new Uint8Array(0));
    const now = (): Uint8Array => contents.get(full) ?? new Uint8Array(0);
    return {
      read(into, position) {
        const part = now().subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      write(data, position) {
        if (mode === "r") throw new HostError("EBADF", "not open for writing");
        const before = now();
        const at = mode.startsWith("a") ? before.length : position;
        const after = new Uint8Array(Math.max(before.length, at + data.length));
        after.set(before);
        after.set(data, at);
        contents.set(full, after);
      },
      size: () => now().length,
      close: () => {},
    };
  };
  return {
    open,
    read(path) {
      const data = contents.get(resolve(path));
      if (data === undefined) throw missing(path);
      return data.slice();
    },
    write(path, data) {
      const full = resolve(path);
      if (!folders.has(parent(full))) throw missing(parent(full));
      if (folders.has(full)) throw new HostError("EISDIR", `is a directory: ${path}`);
      contents.set(full, data.slice());
    },
    exists: (path) => contents.has(resolve(path)) || folders.has(resolve(path)),
    list(path) {
      const full = resolve(path);
      if (!folders.has(full)) throw missing(path);
      const names: string[] = [];
      for (const other of [...contents.keys(), ...folders])
        if (other !== "/" && parent(other) === full) names.push(other.slice(other.lastIndexOf("/") + 1));
      return names.sort();
    },
    makeDirectory(path) {
      for (let full = resolve(path); !folders.has(full); full = parent(full)) folders.add(full);
    },
    remove(path) {
      if (!contents.delete(resolve(path))) throw missing(path);
    },
    rename(from, to) {
      const data = contents.get(resolve(from));
      if (data === undefined) throw missing(from);
      contents.delete(resolve(from));
      contents.set(resolve(to), data);
    },
    resolve,
    workingDirectory: () => current,
    changeDirectory(path) {
      if (!folders.has(resolve(path))) throw missing(path);
      current = resolve(path);
    },
  };
}

function resolvePath(parts: readonly string[]): string {
  const steps: string[] = [];
  for (const part of parts) {
    if (part.startsWith("/")) steps.length = 0;
    for (const step of part.split("/")) {
      if (step === "..") steps.pop();
      else if (step !== "" && step !== ".") steps.push(step);
    }
  }
  return `/${steps.join("/")}`;
}

/** What a test gives to a simulated process. */
export interface SimProcessOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
}

/** A process whose output is kept and whose signals the test sends. `exit` throws HostError "EXIT". */
export interface SimProcess extends Process {
  readonly output: { 1: string; 2: string };
  /** The code given to `exit`, or null. */
  readonly exitCode: number | null;
  signal(name: string): void;
}

/** A process for a simulated host. */
export function simProcess(pid: number, options: SimProcessOptions): SimProcess {
  const handlers = new Map<string, (() => void)[]>();
  const output = { 1: "", 2: "" };
  let exitCode: number | null = null;
  return {
    args: options.args ?? [],
    programName: "portico",
    pid,
    output,
    get exitCode() {
      return exitCode;
    },
    env: (name) => options.env?.[name],
    environment: () => options.env ?? {},
    write(to, text) {
      output[to] += text;
    },
    isTerminal: () => false,
    readInput: async () => options.input ?? new Uint8Array(0),
    readSecret: async () => new TextDecoder().decode(options.input ?? new Uint8Array(0)),
    onSignal(name, fn) {
      handlers.set(name, [...(handlers.get(name) ?? []), fn]);
    },
    raise(signal) {
      const name = { 1: "SIGHUP", 2: "SIGINT", 15: "SIGTERM" }[signal] ?? "";
      for (const fn of handlers.get(name) ?? []) fn();
    },
    onFault: () => {}, // in a simulation an uncaught error must fail the test
    signal(name) {
      for (const fn of handlers.get(name) ?? []) fn();
    },
    exit(code) {
      exitCode = code;
      throw new HostError("EXIT", `exit with code ${code}`);
    },
    memory: () => ({ rss: 0, heapUsed: 0 }),
    releaseWhenIdle: () => () => {},
    userId: () => 1000,
  };
}
