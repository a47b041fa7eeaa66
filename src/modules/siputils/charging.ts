// P-Charging-Vector (RFC 7315 4.6): read, taken away, made.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, str } from "../../registry/args.ts";
import { type FunctionDef, fn, type PvDef, pvClass } from "../../registry/define.ts";
import type { SipMessage } from "../../sip/message.ts";
import { findNamed, headerName, lineEnd, lineStart } from "../core/index.ts";

/** Nothing of the configuration is needed here. */
export type Charging = object;

const NAME = headerName("P-Charging-Vector");
const KEY = {};

/** The parts of the header; null when they are not there. */
interface Vector {
  readonly all: string;
  readonly value: string | null;
  readonly genaddr: string | null;
  readonly orig: string | null;
  readonly term: string | null;
}

const NAMES = { value: "icid-value", genaddr: "icid-generated-at", orig: "orig-ioi", term: "term-ioi" } as const;

function vectorOf(text: string): Vector | null {
  const params = new Map<string, string>();
  for (const m of text.matchAll(/(?<![\w-])([\w-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;\s]*)/g)) {
    const name = m[1]!.toLowerCase();
    if (!params.has(name)) params.set(name, m[2]!);
  }
  const part = (name: string): string | null => params.get(name) ?? null;
  if (part(NAMES.value) === null) return null;
  return {
    all: text,
    value: part(NAMES.value),
    genaddr: part(NAMES.genaddr),
    orig: part(NAMES.orig),
    term: part(NAMES.term),
  };
}

/** What the script has made of the header in this run: a vector of its own, or none; undefined when it has not touched it. */
function current(ctx: RouteContext): Vector | null {
  const made = ctx.attachment<{ readonly vector: Vector | null; readonly of: Uint8Array }>(KEY);
  if (made !== undefined && made.of === ctx.message.buf) return made.vector;
  const h = findNamed(ctx.message, NAME);
  return h < 0 ? null : vectorOf(ctx.message.value(h));
}

function removeAll(msg: SipMessage): void {
  for (let h = findNamed(msg, NAME); h >= 0; h = findNamed(msg, NAME, h + 1))
    msg.currentEdits().add(lineStart(msg, h), lineEnd(msg, h) - lineStart(msg, h), "");
}

function generate(ctx: RouteContext): Vector {
  const { host } = ctx.proxy;
  const { listener } = ctx.flow;
  const bytes = new Uint8Array(16);
  host.random.fill(bytes);
  const id = [...bytes].map((b) => b.toString(16).padStart(2, "0").toUpperCase()).join("");
  const at = listener.advertisedHost ?? listener.addressText;
  const text = `icid-value=${id}; icid-generated-at=${at}`;
  ctx.message.currentEdits().add(ctx.message.headEnd, 0, `P-Charging-Vector: ${text}\r\n`);
  return { all: text, value: id, genaddr: at, orig: null, term: null };
}

// f takes away what is there and makes another; r takes it away; g makes one where there is none (README).
function manage(ctx: RouteContext, flags: string): number {
  const before = current(ctx);
  const remember = (vector: Vector | null): void => ctx.attach(KEY, { vector, of: ctx.message.buf });
  const isForced = flags.includes("f");
  if (isForced || flags.includes("r")) {
    removeAll(ctx.message);
    remember(null);
  }
  if (isForced || (flags.includes("g") && (before === null || flags.includes("r")))) {
    if (before === null) removeAll(ctx.message); // one that says nothing
    remember(generate(ctx));
  }
  return 1;
}

/** sip_p_charging_vector(). */
export const chargingFunctions: Record<string, FunctionDef<Charging>> = {
  sip_p_charging_vector: fn({
    args: [str("flags")],
    routes: RouteKind.ANY,
    doc: "P-Charging-Vector: r takes it away, g makes one where there is none, f makes one in place of what is there.",
    run: (_self: Charging, ctx, flags) => manage(ctx, flags),
  }),
};

/** $pcv(…). */
export const chargingVariables: Record<string, PvDef<Charging>> = {
  pcv: pvClass<Charging>({
    doc: "Parts of P-Charging-Vector: (all), (value), (genaddr), (orig), (term).",
    inner: "required",
    resolve: (_self, inner) => {
      if (inner !== "all" && inner !== "value" && inner !== "genaddr" && inner !== "orig" && inner !== "term")
        return new ArgError(`no part "${inner}" of P-Charging-Vector`, "use all, value, genaddr, orig or term");
      return { get: (ctx) => current(ctx)?.[inner] ?? null };
    },
  }),
};
