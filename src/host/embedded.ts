// The assets as imports, so that `bun build --compile` carries them. A test compares this list with embed/.
// From source nothing imports this file: there assets are read from embed/ itself (assets.ts).
import defaultConfiguration from "../../embed/default.cfg" with { type: "text" };
import tables from "../../embed/kamailio.tables" with { type: "text" };
import lua51 from "../../embed/lua51.lua" with { type: "text" };
import prelude from "../../embed/python/prelude.py" with { type: "text" };
import porticoHa1 from "../../embed/schema/portico_ha1.sql" with { type: "text" };
import machineGlue from "../../node_modules/pyodide/pyodide.asm.mjs" with { type: "file" };
import machine from "../../node_modules/pyodide/pyodide.asm.wasm" with { type: "file" };
// Python's files, which lie beside each other in the executable.
import lock from "../../node_modules/pyodide/pyodide-lock.json" with { type: "file" };
import library from "../../node_modules/pyodide/python_stdlib.zip" with { type: "file" };

/** The path of one of Python's files. */
export const pythonFile: string = [machineGlue, library, machine, String(lock)][0]!;

/** Texts by asset name. */
export const texts: Readonly<Record<string, string>> = {
  "default.cfg": defaultConfiguration,
  "schema/portico_ha1.sql": porticoHa1,
  "kamailio.tables": tables,
  "lua51.lua": lua51,
  "python/prelude.py": prelude,
};
