// `portico check` (and -c): what is wrong with a configuration, for people or as JSON.

import type { Host } from "../../host/host.ts";
import { toUnicode } from "../../util/bytes.ts";
import { check, readSource, renderAll } from "../configuration.ts";
import type { Options } from "./options.ts";

/** Checks the configuration the options name. Returns the exit code: 0 usable, 1 not. Rejects with SourceError. */
export async function runCheck(host: Host, options: Options): Promise<number> {
  const source = await readSource(host, options.config);
  const config = check(host, source, options);
  const errors = config.diagnostics.filter((d) => d.severity === "error").length;
  const warnings = config.diagnostics.filter((d) => d.severity === "warning").length;
  if (options.json) {
    const diagnostics = config.diagnostics.map((d) => ({ ...d, message: toUnicode(d.message), excerpt: toUnicode(d.excerpt) }));
    host.process.write(1, `${JSON.stringify({ ok: config.ok, file: source.file, diagnostics }, null, 2)}\n`);
    return config.ok ? 0 : 1;
  }
  host.process.write(2, renderAll(config.diagnostics));
  host.process.write(1, `${source.file}: ${config.ok ? "good" : "not usable"}: ${count(errors, "error")}, ${count(warnings, "warning")}\n`);
  return config.ok ? 0 : 1;
}

function count(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}
