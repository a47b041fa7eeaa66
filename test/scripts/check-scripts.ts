// Checks a configuration with its scripts as `portico check` does, on the simulated host.

import { tryOut } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import type { Host } from "../../src/host/host.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { startPython } from "../../src/languages/python/pyodide.ts";
import { KEPT_NAME, writeKept } from "../../src/modules/app_python/starting.ts";
import type { Diagnostic } from "../../src/script/index.ts";
import { bytesOf } from "../../src/util/bytes.ts";

/** Files by name, as byte strings; "portico.cfg" is the configuration, the others lie beside it. */
export type Files = ReadonlyMap<string, string>;

/** What a start of Python leaves for the next one, so that each check need not take seconds. */
let python: Promise<Uint8Array> | null = null;

function keptPython(host: Host): Promise<Uint8Array> {
  python ??= new Promise((resolve, reject) => {
    startPython({ folder: host.pythonFolder(), print: () => undefined, snapshot: null, keep: resolve }).catch(reject);
  });
  return python;
}

/** What a check finds. */
export async function findings(files: Files, defines: readonly string[] = []): Promise<readonly Diagnostic[]> {
  const host = createSimulation({ seed: 7 }).host({ addresses: ["192.0.2.1"] });
  host.files.makeDirectory("/data");
  for (const [name, text] of files) {
    host.files.makeDirectory(host.files.resolve(name, ".."));
    host.files.write(name, bytesOf(text));
  }
  if ([...files.keys()].some((name) => name.endsWith(".py")))
    writeKept(host, `/data/${KEPT_NAME}`, await keptPython(host));
  const options = parseOptions(["-f", "portico.cfg", "--data", "/data", ...defines.flatMap((name) => ["-A", name])]);
  const config = check(host, await readSource(host, options.config), options);
  return [...config.diagnostics, ...(config.ok ? (await tryOut(host, config, "/data")).diagnostics : [])];
}
