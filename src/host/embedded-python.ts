// Python's files as imports, so that `bun build --compile` carries them; they lie beside each other there. From source nothing imports
// this file: there they are read where the package is (assets.ts).
import glue from "pyodide/pyodide.asm.mjs" with { type: "file" };
import machine from "pyodide/pyodide.asm.wasm" with { type: "file" };
import lock from "pyodide/pyodide-lock.json" with { type: "file" };
import library from "pyodide/python_stdlib.zip" with { type: "file" };

/** The path of one of them. */
export const pythonFile: string = [glue, machine, library, String(lock)][0]!;
