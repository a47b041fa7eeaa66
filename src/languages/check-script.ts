// Checks scripts in other languages before they run: that the functions of KSR and sr they call exist and are loaded, that they take those
// arguments, and that the functions the configuration and t_on_failure() and its kin name are there. What is found will fail when it is
// reached, and only then: these are warnings.

import type { AnyModule } from "../registry/define.ts";
import type { ScriptSurroundings, ScriptText } from "../registry/findings.ts";
import type { ScriptApi } from "../registry/kemi.ts";
import { asQuestion, nearest } from "../registry/nearest.ts";
import { fullName, scriptNames } from "../registry/script-names.ts";
import { ArgumentChecker } from "./check-arguments.ts";
import { type ScriptUse, type ScriptUses, usesOf } from "./script-uses.ts";
import type { Language } from "./tokens.ts";

/** A script with what it does. */
interface Read {
  readonly script: ScriptText;
  readonly uses: ScriptUses;
}

/** What a check needs beside the scripts. */
export interface ScriptCheck {
  readonly language: Language;
  /** All names by which cfgengine knows the language. */
  readonly languages: readonly string[];
  readonly api: ScriptApi;
  readonly around: ScriptSurroundings;
  /** The modules whose functions stand under sr; all when none is named. */
  readonly registered: readonly string[];
  /** How many of the first scripts have been checked already, and the functions that the configuration names with them. */
  readonly done?: number;
}

/** Groups that stand under sr whether registered or not. */
const ALWAYS = new Set(["", "hdr", "pv", "x"]);

/** Checks scripts that are loaded together, and reports what it finds. */
export function checkScripts(scripts: readonly ScriptText[], check: ScriptCheck): void {
  const read = scripts.map((script) => ({ script, uses: usesOf(script.text, check.language) }));
  const checker = new ScriptChecker(read, check);
  const { done = 0 } = check;
  for (const each of read.slice(done)) checker.script(each);
  if (done === 0) checker.callbacks();
}

class ScriptChecker {
  private readonly check: ScriptCheck;
  private readonly scripts: readonly Read[];
  private readonly args: ArgumentChecker;
  private readonly isEngine: boolean;

  constructor(scripts: readonly Read[], check: ScriptCheck) {
    this.scripts = scripts;
    this.check = check;
    const { language } = check.around;
    this.isEngine = language !== null && check.languages.includes(language);
    this.args = new ArgumentChecker(check, (kind, name) => {
      if (this.isEngine) return this.defines(name);
      return language !== null || check.around.hasRoute(kind, name);
    });
  }

  script({ script, uses }: Read): void {
    for (const use of uses.calls) if (use.path.length <= 2) this.use(script, uses, use);
  }

  /** The functions that the configuration names. */
  callbacks(): void {
    if (!this.isEngine) return;
    for (const { name, by, at } of this.check.around.callbacks) {
      if (this.defines(name)) continue;
      this.check.around.report({
        severity: "warning",
        code: "missing-function",
        at,
        message: `the script has no function ${name}, which ${by} names`,
        hint: asQuestion(nearest(name, this.definedNames())),
      });
    }
  }

  private defines(name: string): boolean {
    return this.scripts.some(({ uses }) => uses.isOpen || uses.defined.has(name));
  }

  private definedNames(): string[] {
    return this.scripts.flatMap(({ uses }) => [...uses.defined]);
  }

  private use(script: ScriptText, uses: ScriptUses, use: ScriptUse): void {
    const { api, registered } = this.check;
    const [group, name] = use.path.length === 1 ? ["", use.path[0]!] : [use.path[0]!, use.path[1]!];
    const call = api.groups.get(group)?.get(name) ?? null;
    const isRegistered =
      use.root !== "sr" || registered.length === 0 || ALWAYS.has(group) || registered.includes(group);
    if (name === "modf" && (group === "" || group === "x")) this.args.modf(script, use);
    else if (call !== null && isRegistered) this.args.call(script, use, call);
    else if (!this.mayBeAbsent(uses, use, group, name)) {
      const said = call === null ? this.absent(use, group, name) : unregistered(use, group);
      const at = { script, start: use.start, end: use.end };
      this.check.around.report({ severity: "warning", at, ...said });
    }
  }

  /** Whether the script knows that it may not be there. */
  private mayBeAbsent(uses: ScriptUses, use: ScriptUse, group: string, name: string): boolean {
    if (use.isCaught || uses.touched.has(group === "" ? name : `${group}.${name}`)) return true;
    if (group === "" || this.check.api.groups.has(group)) return false;
    return uses.touched.has(group) || this.testsAbsence(uses, use.section);
  }

  private absent(use: ScriptUse, group: string, name: string): Said {
    const { api, around } = this.check;
    const what = `${written(use)}()`;
    const owner = ownerOf(around.modules, group, name);
    if (owner !== null)
      return { code: "not-loaded", message: `${what} needs module ${owner}`, hint: `add loadmodule "${owner}.so"` };
    const isHere = api.groups.has(group) || around.modules.some(({ kemiName }) => kemiName === group);
    if (!isHere && around.isKamailios(group))
      return { code: "missing-module", message: `${what}: module ${group} does not exist here yet`, hint: null };
    const hint = isHere
      ? this.likeFunction(use, group, name)
      : asQuestion(nearest(group, api.groups.keys()).map((near) => `${use.root}.${near}.${name}()`));
    return { code: "unknown-function", message: `there is no function ${what}`, hint };
  }

  // The function of that name in another group counts most, then names that differ little.
  private likeFunction(use: ScriptUse, group: string, name: string): string | null {
    const { groups } = this.check.api;
    const same = [...groups].filter(([, functions]) => functions.has(name)).map(([other]) => other);
    const found = same.map((other) => fullName(other, name));
    if (found.length === 0)
      for (const near of nearest(name, groups.get(group)?.keys() ?? [])) found.push(fullName(group, near));
    return asQuestion(found.map((full) => `${full.replace("KSR", use.root)}()`));
  }

  // `if not KSR.auth then return end`, `if KSR.kx.ifdef("WITH_NAT") then`: what stands behind it may lean on modules that are loaded together.
  private testsAbsence(uses: ScriptUses, section: number): boolean {
    const { groups } = this.check.api;
    for (const [name, sections] of uses.touched)
      if (sections.has(section) && !name.includes(".") && !groups.has(name)) return true;
    return uses.calls.some((use) => (use.section === section || use.section === 0) && asksForDefinition(use));
  }
}

const DEFINITIONS = new Set(["kx.ifdef", "kx.ifndef", "kx.get_def", "kx.get_defn"]);

// Words of #!define tell a script what the configuration loads; asked at the top they are kept for all of it.
function asksForDefinition({ path, args }: ScriptUse): boolean {
  return DEFINITIONS.has(path.join(".")) || /^\$defn?\(/.test(String(args?.[0]?.value ?? ""));
}

/** A finding without its place. */
interface Said {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

function unregistered(use: ScriptUse, group: string): Said {
  const message = `${written(use)}() is not there: module ${group} is not registered`;
  return { code: "not-loaded", message, hint: `add modparam("app_lua_sr", "register", "${group}")` };
}

function written({ root, path }: ScriptUse): string {
  return [root, ...path].join(".");
}

/** The module that gives a function, loaded or not; null when none does. */
function ownerOf(modules: readonly AnyModule[], group: string, name: string): string | null {
  const has = (module: AnyModule): boolean =>
    scriptNames(module).some((known) => known.group === group && known.name === name);
  return modules.find(has)?.name ?? null;
}
