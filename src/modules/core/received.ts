// $rcv(key): what was received and by which way, in event_route[core:msg-received], where nothing is parsed yet.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type PvDef, pvClass } from "../../registry/define.ts";
import { transportName } from "../../sip/transports.ts";
import type { Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";

// the numbers Kamailio shows: those of Linux
const AF_INET = 2;
const AF_INET6 = 10;

const READERS: Readonly<Record<string, (ctx: RouteContext) => Value>> = {
  buf: ({ message: m }) => textOf(m.buf, m.start, m.end),
  len: ({ message: m }) => m.end - m.start,
  srcip: (ctx) => ctx.flow.remote.address,
  srcport: (ctx) => ctx.flow.remote.port,
  rcvip: (ctx) => ctx.flow.local.address,
  rcvport: (ctx) => ctx.flow.local.port,
  proto: (ctx) => ctx.flow.protocol,
  sproto: (ctx) => transportName(ctx.flow.protocol).toLowerCase(),
  af: (ctx) => (ctx.flow.remote.family === 6 ? AF_INET6 : AF_INET),
};

/** The variable; null outside of that route. */
export const receivedVariable: PvDef<unknown> = pvClass<unknown>({
  doc: "In event_route[core:msg-received]: buf, len, srcip, srcport, rcvip, rcvport, proto, sproto or af of what was received.",
  inner: "required",
  resolve: (_i, name) => {
    const read = Object.hasOwn(READERS, name ?? "") ? READERS[name ?? ""] : undefined;
    if (read === undefined)
      return new ArgError(
        `unknown part of what was received "${name}"`,
        `use one of ${Object.keys(READERS).join(", ")}`,
      );
    return { get: (ctx) => (isUnparsed(ctx) ? read(ctx) : null) };
  },
});

// A message that nobody has scanned has no end of head.
function isUnparsed(ctx: RouteContext): boolean {
  return ctx.kind === RouteKind.EVENT && ctx.message.headEnd === 0;
}
