// Functions of corex about the Via we add: server id, parameters and address from XAVPs (xavp_via_params, xavp_via_fields).

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { pickField } from "../../proxy/xavp.ts";
import { int } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { SendOptions } from "../../sip/send-options.ts";

function options(ctx: RouteContext): SendOptions {
  ctx.message.send ??= new SendOptions();
  return ctx.message.send;
}

const TOKEN = /^[\w.!%*+`'~-]+$/;
const VALUE = /^(?:[\w.!%*+`'~:[\]-]+|"[^"\\\r\n]*")$/;

// The fields of the newest entry; what could break the header is left out.
function paramsOf(ctx: RouteContext, name: string): string {
  let out = "";
  for (const field of ctx.avpsOrNull?.xavps("xavp").one(name, 0)?.fields ?? []) {
    const value = String(field.value);
    if (!TOKEN.test(field.name) || (value !== "" && !VALUE.test(value))) continue;
    out += value === "" ? `;${field.name}` : `;${field.name}=${value}`;
  }
  return out;
}

function shownOf(ctx: RouteContext, name: string): { host: string | null; port: number | null } {
  const fields = ctx.avpsOrNull?.xavps("xavp").one(name, 0)?.fields ?? [];
  const host = String(pickField(fields, "address", null)?.value ?? "").replace(/^\[(.*)\]$/, "$1");
  const port = Number(pickField(fields, "port", null)?.value ?? 0);
  return {
    host: /^[\w.:-]+$/.test(host) ? host : null,
    port: Number.isInteger(port) && port > 0 && port < 65536 ? port : null,
  };
}

function switched(doc: string, set: (ctx: RouteContext, on: boolean) => void): FunctionDef<unknown> {
  return fn({
    args: [int("flags")],
    routes: RouteKind.ANY,
    doc,
    run: (_i: unknown, ctx, flags) => {
      set(ctx, (flags & 1) !== 0);
      return 1;
    },
  });
}

/** Functions of corex about Via. They are asked when Via is written, so that fields set later count. */
export const viaFunctions: Record<string, FunctionDef<unknown>> = {
  via_add_srvid: switched("1: our Via carries the number of this server (server_id), when it is not 0.", (ctx, on) => {
    options(ctx).viaServerId = on ? ctx.proxy.serverId : 0;
  }),
  via_add_xavp_params: switched(
    "1: our Via carries the fields of the XAVP that xavp_via_params names as parameters.",
    (ctx, on) => {
      const name = ctx.proxy.viaXavps.params;
      void ctx.avps; // made now, so that it is the one the transaction keeps
      options(ctx).viaParams = on && name !== "" ? () => paramsOf(ctx, name) : null;
    },
  ),
  via_use_xavp_fields: switched(
    "1: our Via shows the address and port of the XAVP that xavp_via_fields names.",
    (ctx, on) => {
      const name = ctx.proxy.viaXavps.fields;
      void ctx.avps;
      options(ctx).viaFields = on && name !== "" ? () => shownOf(ctx, name) : null;
    },
  ),
};
