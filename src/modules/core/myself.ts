// Whether what a script names leads to this server.

import type { RouteContext } from "../../proxy/context.ts";
import { isSip, uriOf } from "./uri-parts.ts";

/** Whether a URI, "host" or "host:port" leads to this server. */
export function isMyselfText(ctx: RouteContext, text: string): boolean {
  const uri = uriOf(text.includes(":") && /^(sips?|tel):/i.test(text) ? text : `sip:${text}`);
  if (uri === null || !isSip(uri)) return false;
  return ctx.proxy.identity.isMyself(uri.host.toLowerCase(), Math.max(uri.port, 0));
}
