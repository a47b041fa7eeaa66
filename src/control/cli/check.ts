// `portico check` (and -c): what is wrong with a configuration, for people or as JSON.

import type { Host } from "../../host/host.ts";
import type { Config, Diagnostic } from "../../script/index.ts";
import { toUnicode } from "../../util/bytes.ts";
import { check, readSource, renderAll } from "../configuration.ts";
import type { Options } from "./options.ts";

/**
 * Checks the configuration the options name. `tryOut` says what setting up the modules and compiling would find beside that.
 * Returns the exit code: 0 usable, 1 not. Rejects with SourceError.
 */
export async function runCheck(
  host: Host,
  options: Options,
  tryOut: (config: Config) => readonly Diagnostic[],
): Promise<number> {
  const source = await readSource(host, options.config);
  const config = check(host, source, options);
  const found = config.ok ? [...config.diagnostics, ...tryOut(config)] : config.diagnostics;
  const errors = found.filter((d) => d.severity === "error").length;
  const warnings = found.filter((d) => d.severity === "warning").length;
  const ok = errors === 0;
  if (options.json) {
    const diagnostics = found.map((d) => ({ ...d, message: toUnicode(d.message), excerpt: toUnicode(d.excerpt) }));
    host.process.write(1, `${JSON.stringify({ ok, file: source.file, diagnostics }, null, 2)}\n`);
    return ok ? 0 : 1;
  }
  host.process.write(2, renderAll(found));
  host.process.write(
    1,
    `${source.file}: ${ok ? "good" : "not usable"}: ${count(errors, "error")}, ${count(warnings, "warning")}\n`,
  );
  return ok ? 0 : 1;
}

function count(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}
