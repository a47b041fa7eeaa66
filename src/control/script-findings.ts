// Findings of modules about the scripts they load, as diagnostics of the configuration; and what modules may know of it to find them.

import type { Callbacks } from "../languages/engine-routes.ts";
import { modules } from "../modules/index.ts";
import type { Finding, FindingPlace, ScriptCallback, ScriptSurroundings, ScriptText } from "../registry/findings.ts";
import { type Config, type Diagnostic, Diagnostics, isKnownModule, type Place, SourceFile } from "../script/index.ts";

/** Takes findings, and gives them as diagnostics. */
export class ScriptFindings {
  private readonly config: Config;
  private readonly diagnostics = new Diagnostics();
  private readonly files = new WeakMap<ScriptText, SourceFile>();
  private tell: ((finding: Diagnostic) => void) | null = null;

  constructor(config: Config) {
    this.config = config;
  }

  /** What modules get. `callbacks`: the functions in the place of routes; null when the native language routes messages. */
  surroundings(callbacks: Callbacks | null): ScriptSurroundings {
    const { config } = this;
    return {
      modules: [...modules.values()],
      language: callbacks === null ? null : config.globals.text("cfgengine"),
      callbacks: callbacks === null ? [] : named(callbacks, config),
      isKamailios: isKnownModule,
      hasRoute: (kind, name) => config.routes.find(kind, name) !== null,
      report: (finding) => this.add(finding),
    };
  }

  /** From now on findings are passed on and not kept: those about scripts that are loaded while the program runs. */
  tellAtOnce(tell: (finding: Diagnostic) => void): void {
    this.tell = tell;
  }

  get errors(): number {
    return this.diagnostics.errors;
  }

  /** In order of file and position. What calls lead to is not told of a script that cannot be read. */
  get list(): readonly Diagnostic[] {
    const all = this.diagnostics.sorted();
    const unreadable = new Set(all.filter(isUnreadable).map(({ file }) => file));
    if (unreadable.size === 0) return all;
    return all.filter((one) => isUnreadable(one) || !(unreadable.has(one.file) || one.code === "missing-function"));
  }

  private add({ severity, code, at, message, hint }: Finding): void {
    const place = this.placeOf(at);
    const diagnostics = this.tell === null ? this.diagnostics : new Diagnostics();
    if (severity === "error") diagnostics.error(code, place, message, hint);
    else diagnostics.warning(code, place, message, hint);
    if (this.tell !== null) diagnostics.list.forEach(this.tell);
  }

  private placeOf(at: FindingPlace): Place {
    const { tree, modules: loaded } = this.config;
    if ("script" in at) {
      let file = this.files.get(at.script);
      if (file === undefined) this.files.set(at.script, (file = new SourceFile(at.script.file, at.script.text)));
      return { file, start: at.start, end: at.end };
    }
    if ("global" in at) return tree.globals.findLast(({ name }) => name === at.global)!.value.at;
    const { at: loadedAt, paramPlaces } = loaded.find(({ module }) => module.name === at.module)!;
    return paramPlaces.get(at.param) ?? loadedAt;
  }
}

function isUnreadable({ severity, code }: Diagnostic): boolean {
  return severity === "error" && code === "script-syntax";
}

// Those that the configuration names itself must be there; the others may.
function named(callbacks: Callbacks, { globals, tree, modules: loaded }: Config): ScriptCallback[] {
  const engine = tree.globals.findLast(({ name }) => name === "cfgengine" || name === "cfg_engine")!.name;
  const out: ScriptCallback[] = [{ name: callbacks.request, by: engine, at: { global: engine } }];
  for (const global of new Set(tree.globals.map((setting) => setting.name))) {
    const name = /^kemi\..*_callback$/.test(global) ? globals.text(global) : null;
    if (name !== null && name !== "" && name !== "none") out.push({ name, by: global, at: { global } });
  }
  for (const [whose, name] of callbacks.events) {
    if (name === "") continue;
    const module = whose.split(":")[0]!;
    const params = loaded.find((m) => m.module.name === module)?.params ?? {};
    const param = Object.keys(params).find((key) => params[key] === name);
    if (param !== undefined) out.push({ name, by: `${param} of module ${module}`, at: { module, param } });
  }
  return out;
}
