// loadConfig: text to a checked configuration. First of the two stages; the second, compileRoutes, needs the modules' instances.

import type { ParameterGroups } from "../proxy/groups.ts";
import type { AnyModule } from "../registry/define.ts";
import { Catalogue } from "../registry/registry.ts";
import type { ConfigTree, CustomSetting } from "./ast.ts";
import { checkRoutes } from "./check.ts";
import { Missing } from "./check-missing.ts";
import { checkModules, type LoadedModule } from "./check-modules.ts";
import { checkSctp } from "./check-sctp.ts";
import { checkTls } from "./check-tls.ts";
import { checkGroups } from "./custom-groups.ts";
import { type Diagnostic, Diagnostics } from "./diagnostics.ts";
import { checkGlobals, type Globals } from "./globals.ts";
import { parse } from "./parser.ts";
import { type PreprocessOptions, preprocess } from "./preprocess.ts";
import type { RouteTable } from "./route-table.ts";
import { type Place, SourceFile } from "./source.ts";

/** A configuration that was read and checked. Usable only when `ok`. */
export interface Config {
  /** As it was given to loadConfig. */
  readonly file: string;
  readonly ok: boolean;
  readonly tree: ConfigTree;
  readonly globals: Globals;
  /** The modules to set up, in this order; module "core" first. */
  readonly modules: readonly LoadedModule[];
  readonly routes: RouteTable;
  /** Message flags by name. */
  readonly flags: ReadonlyMap<string, number>;
  /** `group.name = value`. */
  readonly custom: readonly CustomSetting[];
  /** All parameters that @cfg_get reads. */
  readonly groups: ParameterGroups;
  /** The words of #!define and the like, with their values; null for one without. */
  readonly defines: ReadonlyMap<string, string | null>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads and checks a configuration; `available` are the modules it may load, by name. `text` is a byte string. Never throws: what is wrong stands in `diagnostics`. */
export function loadConfig(
  source: { file: string; text: string },
  available: ReadonlyMap<string, AnyModule>,
  options: PreprocessOptions = {},
): Config {
  const diagnostics = new Diagnostics();
  const file = new SourceFile(source.file, source.text);
  const defines = new Map<string, string | null>();
  const tokens = preprocess(file, options, diagnostics, defines);
  const tree = parse(tokens, diagnostics);
  const all = new Catalogue([...available.values()]);
  const whole: Place = { file, start: 0, end: 0 };
  const globals = checkGlobals(tree.globals, diagnostics);
  const missing = new Missing(tree, all, diagnostics);
  const modules = checkModules(tree, all, missing, whole, diagnostics);
  checkTls(
    globals,
    modules.some(({ module }) => module.name === "tls"),
    diagnostics,
  );
  checkSctp(globals, diagnostics);
  const groups = checkGroups(tree, globals, modules, diagnostics);
  const flags = declareFlags(tree, diagnostics);
  const routes = checkRoutes(tree, modules, flags, groups, all, missing, diagnostics);
  if (routes.find("request") === null && !hasOtherEngine(globals)) {
    diagnostics.error(
      "no-request-route",
      whole,
      "there is no request_route",
      "add request_route { ... }: it is run for each request",
    );
  }
  const ok = diagnostics.errors === 0;
  const { custom } = tree;
  return {
    file: source.file,
    ok,
    tree,
    globals,
    modules,
    routes,
    flags,
    custom,
    groups,
    defines,
    diagnostics: diagnostics.sorted(),
  };
}

function hasOtherEngine(globals: Globals): boolean {
  const engine = globals.text("cfgengine");
  return engine !== null && engine !== "native" && engine !== "default";
}

const FLAG_COUNT = 32;

/** Numbers of the declared flags; those without one take free numbers from above, as in Kamailio. */
function declareFlags(tree: ConfigTree, diagnostics: Diagnostics): Map<string, number> {
  const flags = new Map<string, number>();
  const used = new Set<number>();
  const message = tree.flags.filter((f) => f.kind === "message");
  for (const flag of message) {
    if (flag.bit === null) continue;
    if (flag.bit >= FLAG_COUNT)
      diagnostics.error("out-of-range", flag.at, `flag numbers lie between 0 and ${FLAG_COUNT - 1}`);
    flags.set(flag.name, flag.bit & 31);
    used.add(flag.bit);
  }
  for (const flag of message) {
    if (flag.bit !== null || flags.has(flag.name)) continue;
    let bit = FLAG_COUNT - 1;
    while (bit >= 0 && used.has(bit)) bit--;
    if (bit < 0) diagnostics.error("out-of-range", flag.at, `there are only ${FLAG_COUNT} flags`);
    flags.set(flag.name, Math.max(0, bit));
    used.add(bit);
  }
  return flags;
}
