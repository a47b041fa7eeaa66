// `portico check` (and -c): what is wrong with a configuration, for people or as JSON.

import type { Host } from "../../host/host.ts";
import { type CompiledRoutes, type Config, type Diagnostic, fileLine } from "../../script/index.ts";
import { toUnicode } from "../../util/bytes.ts";
import { check, readSource, renderAll } from "../configuration.ts";
import { type Options, UsageError } from "./options.ts";

/** What setting up the modules and compiling gives: what is wrong, and the routes when nothing is. */
export interface Trial {
  readonly diagnostics: readonly Diagnostic[];
  readonly routes: CompiledRoutes | null;
}

/** Sets up the modules and compiles, then throws it all away; `tell` is told what is waited for. */
export type TryOut = (config: Config, tell: (text: string) => void) => Promise<Trial>;

/** Checks the configuration the options name. Returns the exit code: 0 usable, 1 not. Rejects with SourceError. */
export async function runCheck(host: Host, options: Options, tryOut: TryOut): Promise<number> {
  const source = await readSource(host, options.config);
  const config = check(host, source, options);
  const tell = (text: string): void => host.process.write(2, `portico: ${text}\n`);
  const trial = config.ok ? await tryOut(config, tell) : { diagnostics: [], routes: null };
  const found = [...config.diagnostics, ...trial.diagnostics];
  const errors = found.filter((d) => d.severity === "error").length;
  const warnings = found.filter((d) => d.severity === "warning").length;
  const ok = errors === 0;
  if (options.json) {
    const diagnostics = found.map((d) => ({ ...d, message: toUnicode(d.message), excerpt: toUnicode(d.excerpt) }));
    host.process.write(1, `${JSON.stringify({ ok, file: source.file, diagnostics }, null, 2)}\n`);
    return ok ? 0 : 1;
  }
  host.process.write(2, renderAll(found));
  if (options.showCompiled !== null && trial.routes !== null) {
    const shown = compiledText(options.showCompiled, config, trial.routes);
    if (shown === "") throw new UsageError(`there is no route ${options.showCompiled} to show`);
    host.process.write(1, toUnicode(shown));
  }
  host.process.write(
    1,
    `${source.file}: ${ok ? "good" : "not usable"}: ${count(errors, "error")}, ${count(warnings, "warning")}\n`,
  );
  return ok ? 0 : 1;
}

/** The generated functions of the routes that are meant by `wanted`: a title, a name, or "" for all. */
function compiledText(wanted: string, { routes: table }: Config, routes: CompiledRoutes): string {
  return table.entries
    .filter((e) => wanted === "" || wanted === e.title || wanted === e.block.name)
    .map((e) => `// ${e.title}, ${fileLine(e.block.at)}\n${routes.showCompiled(e.title)}\n\n`)
    .join("");
}

function count(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}
