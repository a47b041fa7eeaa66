// Python itself: Pyodide, started once a process. It reads its own files; this is the only place that knows it.

import { loadPyodide } from "pyodide";
import type { PyCallable, PyProxy } from "pyodide/ffi";

/** A function of Python. */
export interface PythonFunction {
  (...args: unknown[]): unknown;
  /** Calls it so that it may wait: what it waits for lets the program go on meanwhile. */
  callPromising(...args: unknown[]): Promise<unknown>;
}

/** The interpreter, as far as it is used here. */
export interface Python {
  /** Makes an object of functions importable under a name. */
  registerModule(name: string, functions: Readonly<Record<string, unknown>>): void;
  /** Runs source text; errors are thrown with their traceback. */
  run(source: string, file: string): void;
  /** A function of the main module. */
  function(name: string): PythonFunction;
}

/** Starts the interpreter from the folder that holds its files; `print` gets what is written to its standard output and error. */
export async function startPython(folder: string, print: (text: string) => void): Promise<Python> {
  const py = await loadPyodide({
    indexURL: folder,
    stdout: print,
    stderr: print,
    jsglobals: {},
    packageCacheDir: folder,
  });
  return {
    registerModule: (name, functions) => py.registerJsModule(name, functions),
    run: (source, file) => void py.runPython(source, { filename: file }),
    function: (name) => functionOf(py.globals.get(name) as PyCallable),
  };
}

function functionOf(proxy: PyCallable & Partial<PyProxy>): PythonFunction {
  const call = (...args: unknown[]): unknown => proxy(...args);
  return Object.assign(call, {
    callPromising: (...args: unknown[]) => proxy.callPromising(...args) as Promise<unknown>,
  });
}
