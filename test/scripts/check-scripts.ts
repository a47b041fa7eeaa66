// Checks a configuration with its scripts as `portico check` does, on the simulated host.

import { tryOut } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import type { Diagnostic } from "../../src/script/index.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { keepPython } from "../support/kept-python.ts";

/** Files by name, as byte strings; "portico.cfg" is the configuration, the others lie beside it. */
export type Files = ReadonlyMap<string, string>;

/** What a check finds. */
export async function findings(files: Files, defines: readonly string[] = []): Promise<readonly Diagnostic[]> {
  const host = createSimulation({ seed: 7 }).host({ addresses: ["192.0.2.1"] });
  host.files.makeDirectory("/data");
  for (const [name, text] of files) {
    host.files.makeDirectory(host.files.resolve(name, ".."));
    host.files.write(name, bytesOf(text));
  }
  if ([...files.keys()].some((name) => name.endsWith(".py"))) await keepPython(host, "/data");
  const options = parseOptions(["-f", "portico.cfg", "--data", "/data", ...defines.flatMap((name) => ["-A", name])]);
  const config = check(host, await readSource(host, options.config), options);
  return [...config.diagnostics, ...(config.ok ? (await tryOut(host, config, "/data")).diagnostics : [])];
}
