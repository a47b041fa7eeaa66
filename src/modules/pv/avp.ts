// $avp(name): values that stay with the transaction; a stack under each name, newest first, as measured on Kamailio 5.6.3.

import { avpNameOf } from "../../proxy/avp-name.ts";
import type { RouteContext } from "../../proxy/context.ts";
import type { Accessor } from "../../registry/args.ts";
import { type PvDef, pvClass } from "../../registry/define.ts";
import { toText, type Value } from "../../sip/value.ts";
import type { PvInstance } from "./instance.ts";

// of one value -1 is that value; of more a negative index holds nothing, as on Kamailio
function readOne(ctx: RouteContext, key: string, index: number): Value {
  const all = ctx.avpsOrNull?.all(key);
  return all?.[index === -1 && all.length === 1 ? 0 : index] ?? null;
}

function readAll(ctx: RouteContext, key: string): Value {
  const all = ctx.avpsOrNull?.all(key);
  return all === undefined || all.length === 0 ? null : all.map(toText).join(", ");
}

// Null takes the newest value away; anything else goes on top, whatever the index.
function push(ctx: RouteContext, key: string, value: Value): void {
  if (value !== null) {
    ctx.avps.push(key, value);
    return;
  }
  const all = ctx.avpsOrNull?.all(key);
  if (all === undefined) return;
  if (all.length <= 1) ctx.avps.delete(key);
  else all.shift();
}

function replaceAll(ctx: RouteContext, key: string, value: Value): void {
  ctx.avps.delete(key);
  if (value !== null) ctx.avps.push(key, value);
}

/** The accessor of one AVP. */
export function avpAccessor(name: string, index: number | "*" | null): Accessor {
  const key = avpNameOf(name);
  if (index === "*") return { get: (ctx) => readAll(ctx, key), set: (ctx, value) => replaceAll(ctx, key, value) };
  const at = index ?? 0;
  return { get: (ctx) => readOne(ctx, key, at), set: (ctx, value) => push(ctx, key, value) };
}

/** The class $avp. */
export const avp: PvDef<PvInstance> = pvClass<PvInstance>({
  doc: "Value that stays with the transaction: assigning adds on top, $null takes the top away; [n] counts from the newest, [*] is all.",
  inner: "required",
  indexed: true,
  writable: true,
  resolve: ({ avpAliases }, name, index) => avpAccessor(avpAliases.get(name ?? "") ?? name ?? "", index),
});
