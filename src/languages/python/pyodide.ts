// Python itself: Pyodide, started once a generation of the configuration. This is the only place that knows it; it is imported when a
// script in Python is there, and not before.

import type { PyodideAPI } from "pyodide";
import type { PyCallable } from "pyodide/ffi";

/** A function of Python. Called as a function it cannot wait. */
export interface PythonFunction {
  (...args: unknown[]): unknown;
  /**
   * Begins to run it at once, in such a way that it may wait; what it returns is dropped. It must not raise. Resolves when it has ended.
   * Only to be called while nothing of Python runs.
   */
  task(): Promise<unknown>;
  /** Says that it is no longer used. */
  free(): void;
}

/** The interpreter, as far as it is used here. */
export interface Python {
  /** Makes an object of functions importable under a name. */
  registerModule(name: string, functions: Readonly<Record<string, unknown>>): void;
  /** Runs source text; errors are thrown with their traceback. */
  run(source: string, file: string): void;
  /** A function of the main module. */
  function(name: string): PythonFunction;
  /** Makes a value that Python handed over a function. */
  functionOf(value: unknown): PythonFunction;
  /** Takes the second of the two 32-bit numbers at that address of Python's memory when the first is not 0, and makes that 0; null otherwise. */
  take(address: number): number | null;
  /** Shows a folder of this machine to Python under the same name. False when that cannot be done. */
  mount(folder: string): boolean;
  /** Lets its sockets reach the network. */
  useNetwork(): Promise<void>;
  /** Has Python look now and then whether it is to stop (a signal's number then, 0 else). */
  watch(signal: () => number): void;
  /** It has failed as a whole: what it has still to call back is not called. */
  abandon(): void;
}

/** How Python is started. */
export interface PythonStart {
  /** The folder that holds its files. */
  readonly folder: string;
  /** Gets each line of its standard output and error. */
  readonly print: (text: string) => void;
  /** What an earlier start kept; null for none. */
  readonly snapshot: Uint8Array | null;
  /** Gets what makes the next start faster, when there is none and somebody wants it. */
  readonly keep: ((snapshot: Uint8Array) => void) | null;
}

/** The version of Python's files, which a snapshot belongs to. */
export const PYTHON_VERSION = "314.0.7";

// What of the insides is used: how a call is made that may wait, without the turn of the event loop that the public way takes before it.
interface Insides {
  readonly enterTask: () => void;
  readonly validSuspender: { value: boolean };
  readonly stackSave: () => number;
  stackStop: number;
  /** Another one when the memory has grown. */
  readonly HEAP32: Int32Array;
  readonly _malloc: (size: number) => number;
  readonly __pyproxy_apply_promising: (...args: unknown[]) => unknown;
  readonly PyProxy_getPtr: (proxy: unknown) => number;
  callPyObjectMaybePromising: () => Promise<unknown>;
}

type Promising = (suspender: null, callable: number, ...rest: unknown[]) => Promise<unknown>;

const NOTHING: readonly unknown[] = [];

/** Starts the interpreter. */
export async function startPython({ folder, print, snapshot, keep }: PythonStart): Promise<Python> {
  const { loadPyodide } = await import("pyodide");
  const options: Parameters<typeof loadPyodide>[0] = {
    indexURL: folder,
    stdout: print,
    stderr: print,
    stdin: () => null,
    jsglobals: {},
    packageCacheDir: folder,
    env: { HOME: "/", PYTHONDONTWRITEBYTECODE: "1" },
  };
  const making = snapshot === null && keep !== null;
  const py = await loadPyodide({
    ...options,
    ...(snapshot === null ? {} : { _loadSnapshot: snapshot }),
    ...(making ? { _makeSnapshot: true } : {}),
  });
  if (making) keep(py.makeMemorySnapshot());
  return new RunningPython(py);
}

class RunningPython implements Python {
  private readonly py: PyodideAPI;
  private readonly insides: Insides;
  private readonly promising: Promising;
  private readonly errorAt: number;

  constructor(py: PyodideAPI) {
    this.py = py;
    this.insides = (py as unknown as { _module: Insides })._module;
    const { promising } = WebAssembly as unknown as { promising: (fn: unknown) => Promising };
    this.promising = promising(this.insides.__pyproxy_apply_promising);
    this.errorAt = this.insides._malloc(4);
  }

  registerModule(name: string, functions: Readonly<Record<string, unknown>>): void {
    this.py.registerJsModule(name, functions);
  }

  run(source: string, file: string): void {
    this.py.runPython(source, { filename: file });
  }

  function(name: string): PythonFunction {
    return this.functionOf(this.py.globals.get(name));
  }

  functionOf(value: unknown): PythonFunction {
    const proxy = value as PyCallable & { destroy(): void };
    const at = this.insides.PyProxy_getPtr(proxy);
    return Object.assign((...args: unknown[]): unknown => proxy(...args), {
      task: () => this.task(at),
      free: () => proxy.destroy(),
    });
  }

  private task(at: number): Promise<unknown> {
    const { insides } = this;
    insides.enterTask();
    insides.validSuspender.value = true;
    insides.stackStop = insides.stackSave();
    const ended = this.promising(null, at, NOTHING, 0, NOTHING, 0, this.errorAt);
    insides.validSuspender.value = false;
    return ended;
  }

  take(address: number): number | null {
    const { HEAP32 } = this.insides;
    const at = address >> 2;
    if (HEAP32[at] === 0) return null;
    HEAP32[at] = 0;
    return HEAP32[at + 1]!;
  }

  mount(folder: string): boolean {
    try {
      this.py.mountNodeFS(folder, folder);
      return true;
    } catch {
      return false;
    }
  }

  useNetwork(): Promise<void> {
    return this.py.useNodeSockFS();
  }

  watch(signal: () => number): void {
    const asked = {
      get 0(): number {
        return signal();
      },
      set 0(_: number) {},
    };
    this.py.setInterruptBuffer(asked as unknown as Int32Array);
  }

  abandon(): void {
    this.insides.callPyObjectMaybePromising = () => Promise.resolve();
  }
}
