// Checks the arguments of a script's calls as far as they are constants: how many there are, and that each can be what the declaration says.

import type { Arg, RouteArg } from "../registry/args.ts";
import type { ScriptSurroundings, ScriptText } from "../registry/findings.ts";
import type { ScriptApi, ScriptCall } from "../registry/kemi.ts";
import { asQuestion } from "../registry/nearest.ts";
import { Catalogue } from "../registry/registry.ts";
import type { ScriptUse, UsedArgument } from "./script-uses.ts";

/** Kinds of routes as a person calls them. */
const ROUTES: Readonly<Record<RouteArg, string>> = {
  failure: "failure_route",
  branch: "branch_route",
  onreply: "onreply_route",
  branchFailure: "event_route[tm:branch-failure]",
  route: "route",
};

/** Checks calls against declarations, and reports what it finds. */
export class ArgumentChecker {
  private readonly api: ScriptApi;
  private readonly around: ScriptSurroundings;
  private readonly hasRoute: (kind: RouteArg, name: string) => boolean;
  private all: Catalogue | null = null;

  /** `hasRoute`: whether there is a route, or a function of the script in its place; true in doubt. */
  constructor(
    check: { readonly api: ScriptApi; readonly around: ScriptSurroundings },
    hasRoute: (kind: RouteArg, name: string) => boolean,
  ) {
    this.api = check.api;
    this.around = check.around;
    this.hasRoute = hasRoute;
  }

  /** A call of a function that exists. */
  call(script: ScriptText, use: ScriptUse, call: ScriptCall): void {
    if (use.args !== null) this.compare(script, use, use.args, call, [use.root, ...use.path].join("."));
  }

  /** A function of the native language, called by its name. */
  modf(script: ScriptText, use: ScriptUse): void {
    const [first, ...rest] = use.args ?? [];
    if (first === undefined || typeof first.value !== "string") return;
    const call = this.api.native(first.value);
    if (call !== null) this.compare(script, use, rest, call, first.value);
    else if (!use.isCaught) this.unknownNative(script, first, first.value);
  }

  private unknownNative(script: ScriptText, at: UsedArgument, name: string): void {
    this.all ??= new Catalogue(this.around.modules);
    const owner = this.all.function(name)?.module.name ?? null;
    if (owner === null) {
      const near = asQuestion(this.all.likeFunction(name).map((other) => `${other}()`));
      this.warn(script, at, "unknown-function", `there is no function ${name}()`, near);
    } else {
      const hint = `add loadmodule "${owner}.so"`;
      this.warn(script, at, "not-loaded", `${name}() needs module ${owner}`, hint);
    }
  }

  private compare(
    script: ScriptText,
    use: ScriptUse,
    args: readonly UsedArgument[],
    call: ScriptCall,
    name: string,
  ): void {
    const most = call.args.length;
    const least = call.args.filter((arg) => !arg.optional).length;
    // the last of several may stand for none
    const isTooFew = !use.isOpen && args.length < least;
    const isTooMany = args.length - (use.isOpen ? 1 : 0) > most;
    if (isTooFew || isTooMany) {
      const takes = least === most ? `${most}` : `${least} to ${most}`;
      const message = `${name}() takes ${takes} argument${takes === "1" ? "" : "s"}, not ${args.length}`;
      const at = { start: use.start, end: args.at(-1)?.end ?? use.end };
      this.warn(script, at, "argument-count", message, usage(name, call));
      return;
    }
    args.forEach((arg, i) => {
      const declared = call.args[i];
      if (declared !== undefined) this.argument(script, arg, i, declared, call, name);
    });
  }

  private argument(
    script: ScriptText,
    arg: UsedArgument,
    index: number,
    declared: Arg<unknown>,
    call: ScriptCall,
    name: string,
  ): void {
    if (arg.isNothing) {
      const message = `${name}(): ${declared.name} is neither a text nor a number`;
      this.warn(script, arg, "bad-argument", message, usage(name, call));
      return;
    }
    const { value } = arg;
    if (value === null) return;
    if (declared.kind === "route") this.route(script, arg, String(value), declared, name);
    const problem = call.problemOf(index, value);
    if (problem === null) return;
    const unknown = /^unknown variable \$(.+)$/.exec(problem.message);
    if (unknown !== null) this.unknownVariable(script, arg, unknown[1]!);
    else this.warn(script, arg, "bad-argument", `${name}(): ${problem.message}`, problem.hint);
  }

  private route(script: ScriptText, arg: UsedArgument, name: string, declared: Arg<unknown>, call: string): void {
    const kind = declared.route ?? "route";
    if (name === "" || name === "0" || this.hasRoute(kind, name)) return;
    const message =
      this.around.language === null
        ? `${call}(): there is no ${ROUTES[kind]}[${name}]`
        : `${call}(): the script has no function ${name}`;
    this.warn(script, arg, "unknown-route", message);
  }

  private unknownVariable(script: ScriptText, arg: UsedArgument, name: string): void {
    this.all ??= new Catalogue(this.around.modules);
    const owner = this.all.pv(name)?.module.name ?? null;
    if (owner === null) {
      const near = asQuestion(this.all.likePv(name).map((other) => `$${other}`));
      this.warn(script, arg, "unknown-variable", `unknown variable $${name}`, near);
    } else {
      const hint = `add loadmodule "${owner}.so"`;
      this.warn(script, arg, "not-loaded", `variable $${name} needs module ${owner}`, hint);
    }
  }

  private warn(
    script: ScriptText,
    { start, end }: { readonly start: number; readonly end: number },
    code: string,
    message: string,
    hint: string | null = null,
  ): void {
    this.around.report({ severity: "warning", code, at: { script, start, end }, message, hint });
  }
}

/** A function as one would write it, with what it is for. */
function usage(name: string, { args, doc }: ScriptCall): string {
  const list = args.map((arg, i) => {
    const comma = i === 0 ? "" : ", ";
    return arg.optional ? `[${comma}${arg.name}]` : comma + arg.name;
  });
  return `${name}(${list.join("")}): ${doc}`;
}
