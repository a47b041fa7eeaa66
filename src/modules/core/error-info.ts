// $err(...): what is wrong with the message in error_route, as OpenSIPS names it.

import type { RouteContext } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";

/** The class of errors that parsing finds; there is no other yet. */
const PARSING = 1;
/** How grave they are: the message cannot be handled, nothing else is touched. */
const LEVEL = 2;

const READERS: Readonly<Record<string, (ctx: RouteContext) => Value>> = {
  class: (ctx) => (ctx.fault === null ? null : PARSING),
  level: (ctx) => (ctx.fault === null ? null : LEVEL),
  info: (ctx) => ctx.fault?.info ?? null,
  rcode: (ctx) => ctx.fault?.code ?? null,
  rreason: (ctx) => ctx.fault?.reason ?? null,
};

const DOCS: Readonly<Record<string, string>> = {
  class: "In error_route: the class of the error; 1 is parsing.",
  level: "In error_route: how grave the error is.",
  info: "In error_route: what is wrong, in words.",
  rcode: "In error_route: the code of the reply that fits.",
  rreason: "In error_route: the reason phrase of the reply that fits.",
};

/** $err(name), and OpenSIPS's own $(err.name). */
export const errorVariables: Readonly<Record<string, PvDef<unknown>>> = {
  err: pvClass<unknown>({
    doc: "In error_route: class, level, info, rcode or rreason of what is wrong with the message.",
    inner: "required",
    resolve: (_i, name) => {
      const get = Object.hasOwn(READERS, name ?? "") ? READERS[name ?? ""] : undefined;
      return get === undefined
        ? new ArgError(`unknown part of an error "${name}"`, `use one of ${Object.keys(READERS).join(", ")}`)
        : { get };
    },
  }),
  ...Object.fromEntries(
    Object.entries(READERS).map(([name, get]) => [`err.${name}`, pv(DOCS[name]!, (_i: unknown, ctx) => get(ctx))]),
  ),
};
