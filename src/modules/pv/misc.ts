// Variables about variables and about the program: counts, texts evaluated, defines, environment, statistics, what is sent where.

import { avpNameOf } from "../../proxy/avp-name.ts";
import type { RouteContext } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass, pvOfVariable } from "../../registry/define.ts";
import { selectReader } from "../../script/selects.ts";
import type { Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import { own } from "../../util/own.ts";
import { protocolName } from "../core/index.ts";
import type { PvInstance } from "./instance.ts";
import { countXavp, parseXavp } from "./xavp.ts";

const AVP_LIKE = "use $avp(name) or $xavp(name)";

const count: PvDef<PvInstance> = pvOfVariable<PvInstance>(
  "How many values there are: $cnt($avp(x)), $cnt($xavp(x)), $cnt($xavp(x[*]=>field)).",
  ({ avpAliases }, { name, inner }) => {
    if (inner === null) return new ArgError("$cnt needs a constant name", AVP_LIKE);
    if (name === "avp") {
      const key = avpNameOf(avpAliases.get(inner) ?? inner);
      return { get: (ctx) => ctx.avpsOrNull?.all(key)?.length ?? 0 };
    }
    if (name !== "xavp" && name !== "xavi") return new ArgError(`$cnt cannot count $${name}`, AVP_LIKE);
    const spec = parseXavp(name, inner);
    return spec instanceof ArgError ? spec : { get: (ctx) => countXavp(ctx, name, spec) };
  },
);

type Read = (ctx: RouteContext) => Value;

/** A class of read-only words. */
function words(doc: string, of: Readonly<Record<string, Read>>): PvDef<unknown> {
  const names = Object.keys(of).join(", ");
  return pvClass<unknown>({
    doc: `${doc}: ${names}.`,
    inner: "required",
    resolve: (_i, name) => {
      const get = own(of, name);
      return get === undefined ? new ArgError(`there is no "${name}" here`, `one of ${names}`) : { get };
    },
  });
}

const SOCKET_DOC = "null outside of onsend_route";

/** Of what is about to be sent: one end of the flow, and the message. */
function sending(doc: string, end: "local" | "remote"): PvDef<unknown> {
  return words(doc, {
    ip: (ctx) => ctx.sending?.flow[end].address ?? null,
    af: (ctx) => (ctx.sending === null ? null : ctx.sending.flow.remote.family === 6 ? 10 : 2),
    port: (ctx) => ctx.sending?.flow[end].port ?? null,
    proto: (ctx) => ctx.sending?.flow.protocol ?? null,
    sproto: (ctx) => (ctx.sending === null ? null : protocolName(ctx.sending.flow.protocol)),
    buf: (ctx) => (ctx.sending === null ? null : textOf(ctx.proxy.out, 0, ctx.sending.length)),
    len: (ctx) => ctx.sending?.length ?? null,
  });
}

let lastId = 0;

/** Variables of many kinds. */
export const miscVariables: Record<string, PvDef<PvInstance> | PvDef<unknown>> = {
  cnt: count,
  _s: pvClass<unknown>({
    doc: "The text in the parentheses with its variables replaced.",
    inner: "required",
    resolve: (_i, text) => ({ get: () => text }),
  }),
  vz: pvClass<unknown>({
    doc: "The same as $var.",
    inner: "required",
    writable: true,
    resolve: (_i, name) => new ArgError(`$vz(${name ?? ""}) has no slot here`),
  }),
  vn: pvClass<unknown>({
    doc: "As $var, but null until it is set.",
    inner: "required",
    writable: true,
    resolve: (_i, name) => new ArgError(`$vn(${name ?? ""}) has no slot here`),
  }),
  def: pvClass<unknown>({
    doc: "What #!define gives that word; null when it is not defined.",
    inner: "required",
    resolve: () => ({ get: () => null }),
  }),
  defn: pvClass<unknown>({
    doc: "What #!define gives that word, as a number; 0 when it is none.",
    inner: "required",
    resolve: () => ({ get: () => 0 }),
  }),
  ccp: pvClass<unknown>({
    doc: "A custom global parameter by its name, group.name; null when there is none.",
    inner: "required",
    resolve: () => ({ get: () => null }),
  }),
  sel: pvClass<unknown>({
    doc: "The value of a select (@…) by its name.",
    inner: "required",
    resolve: (_i, name) => {
      const reader = selectReader(name ?? "");
      return typeof reader === "string" ? new ArgError(reader) : { get: reader };
    },
  }),
  env: pvClass<unknown>({
    doc: "A variable of the program's environment; null when it is not set.",
    inner: "required",
    resolve: (_i, name) => ({ get: (ctx) => ctx.proxy.host.process.env(name ?? "") ?? null }),
  }),
  stat: pvClass<unknown>({
    doc: "The value of a statistic by its name; null when there is none of that name.",
    inner: "required",
    resolve: (_i, name) => ({ get: (ctx) => statistic(ctx, name ?? "") }),
  }),
  sid: pv("The server id (server_id).", (_i: unknown, ctx): Value => ctx.proxy.serverId),
  ruid: pv(
    "Registration id of the binding lookup() has put into the R-URI.",
    (_i: unknown, ctx): Value => (ctx.message.ruid === "" ? null : ctx.message.ruid),
  ),
  location_ua: pv(
    "User-Agent of whoever registered the binding that lookup() has put into the R-URI.",
    (_i: unknown, ctx): Value => ctx.message.locationUa || null,
  ),
  sruid: pv(
    "A new id each time it is read, unlike any other.",
    (_i: unknown, ctx): Value =>
      `srid-${Math.floor(ctx.proxy.host.clock.wall() / 1000).toString(16)}-${ctx.proxy.host.process.pid.toString(16)}-${(++lastId).toString(16)}`,
  ),
  snd: sending(`Of the socket the message is about to leave by (${SOCKET_DOC})`, "local"),
  sndfrom: sending(`Of the socket the message is about to leave by (${SOCKET_DOC})`, "local"),
  sndto: sending(`Of where the message is about to go (${SOCKET_DOC})`, "remote"),
};

function statistic(ctx: RouteContext, name: string): Value {
  return ctx.proxy.statistics.valueOf(name) ?? null;
}
