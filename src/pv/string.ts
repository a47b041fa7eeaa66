// Text with variables ("hello $ru") as a function of the context, for module parameters such as log_prefix.

import type { RouteContext } from "../proxy/context.ts";
import { ArgError } from "../registry/args.ts";
import { parseTemplate } from "./parse.ts";
import { type PvEnv, templateReader } from "./resolve.ts";

/** Parses and resolves text with variables in one step. */
export function compileText(text: string, env: PvEnv): ((ctx: RouteContext) => string) | ArgError {
  const template = parseTemplate(text, (name) => env.findPv(name)?.def.inner !== "none");
  if ("problem" in template) return new ArgError(template.problem);
  return templateReader(template, env);
}
