// Selects that come with module nathelper in Kamailio: @nathelper.rewrite_contact[n], a Contact with the source address in it.

import type { RouteContext } from "../proxy/context.ts";
import { listValues } from "../sip/list.ts";
import { NameAddrRange, parseNameAddr } from "../sip/name-addr.ts";
import { parseUriText } from "../sip/uri-text.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import type { Segment, SelectRoot } from "./select-parts.ts";
import { headers } from "./select-values.ts";

const address = new NameAddrRange();

/** The root @nathelper…; null when it is none. It takes three segments. */
export function contactRoot(segments: readonly Segment[]): SelectRoot | null {
  const [, name, index] = segments;
  if (name?.text.toLowerCase() !== "rewrite_contact" || index?.isIndex !== true) return null;
  const all = headers("contact");
  const n = Number(index.text);
  // as the oracle counts: headers in their order, the values of each from its end
  const read = (ctx: RouteContext): string | null =>
    rewritten(ctx, all(ctx).flatMap((text) => listValues(text).reverse())[n - 1]);
  return { read, is: "address" };
}

function rewritten(ctx: RouteContext, value: string | undefined): string | null {
  if (value === undefined) return null;
  const bytes = bytesOf(value);
  if (parseNameAddr(bytes, 0, bytes.length, address) !== 0) return null;
  const uri = parseUriText(textOf(bytes, address.uriStart, address.uriEnd));
  if (typeof uri === "number" || uri.range.hostStart < 0) return null;
  const { hostStart, hostEnd, portEnd } = uri.range;
  const { remote } = ctx.flow;
  const host = remote.family === 6 ? `[${remote.address}]` : remote.address;
  const start = address.uriStart + hostStart;
  const end = address.uriStart + (portEnd < 0 ? hostEnd : portEnd);
  return `${value.slice(0, start)}${host}:${remote.port}${value.slice(end)}`;
}
