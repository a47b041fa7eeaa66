// Text with variables ("hello $ru") as a function of the context. Null prints as <null>, as in Kamailio.

import type { RouteContext } from "../proxy/context.ts";
import { ArgError } from "../registry/args.ts";
import { printed } from "./convert.ts";
import { parseTemplate, type Template } from "./parse.ts";
import { type PvEnv, resolvePv } from "./resolve.ts";

/** A function that gives the text of a template. */
export function templateReader(template: Template, env: PvEnv): ((ctx: RouteContext) => string) | ArgError {
  const readers: (string | ((ctx: RouteContext) => string))[] = [];
  for (const part of template) {
    if (typeof part === "string") {
      readers.push(part);
      continue;
    }
    const accessor = resolvePv(part, env);
    if (accessor instanceof ArgError) return accessor;
    readers.push((ctx) => printed(accessor.get(ctx)));
  }
  const [only] = readers;
  if (readers.length === 1) return typeof only === "string" ? () => only : only!;
  return (ctx) => {
    let text = "";
    for (const reader of readers) text += typeof reader === "string" ? reader : reader(ctx);
    return text;
  };
}

/** Parses and resolves text with variables in one step; for module parameters such as log_prefix. */
export function compileText(text: string, env: PvEnv): ((ctx: RouteContext) => string) | ArgError {
  const template = parseTemplate(text, (name) => env.findPv(name)?.def.inner !== "none");
  if ("problem" in template) return new ArgError(template.problem);
  return templateReader(template, env);
}
