// event_route[presence:notify-reply]: the answer to a NOTIFY, or that there was none; and what runs of routes know of subscriptions.

import { RouteContext, RouteKind } from "../../proxy/context.ts";
import type { LocalReply } from "../../proxy/local-requests.ts";
import { nowhere, unaskedContext } from "../../proxy/unasked.ts";
import type { SipMessage } from "../../sip/message.ts";
import type { Presence } from "./presence.ts";
import type { Subscription } from "./subscription.ts";

const KEY = {};

/** What $subs and $notify_reply read. */
export interface Known {
  readonly subscription: Subscription;
  /** The answer as a message of its own run; null without one. */
  readonly reply: RouteContext | null;
}

/** Notes it with a run. */
export function know(ctx: RouteContext, known: Known): void {
  ctx.attach(KEY, known);
}
/** What was noted; undefined when nothing was. */
export function knownOf(ctx: RouteContext): Known | undefined {
  return ctx.attachment<Known>(KEY);
}

/** Runs the route, if there is one. True when it has set delete_subscription in the xavp of xavp_cfg. */
export function runReplyRoute(presence: Presence, s: Subscription, reply: LocalReply): boolean {
  const { proxy } = presence.host;
  const route = proxy.routes?.event("presence:notify-reply") ?? null;
  if (route === null || proxy.routes === null) return false;
  const request = reply.transaction.message as SipMessage | null;
  const ctx =
    request === null
      ? unaskedContext(proxy, RouteKind.EVENT)
      : new RouteContext(proxy, proxy.routes, request, nowhere(s.socket), RouteKind.EVENT);
  ctx.status = reply.status;
  const answer =
    reply.message === null ? null : new RouteContext(proxy, proxy.routes, reply.message, ctx.flow, RouteKind.ONREPLY);
  know(ctx, { subscription: s, reply: answer });
  const complain = (error: unknown): void => {
    proxy.counters.routeErrors++;
    proxy.limited.error(
      proxy.log,
      `event_route[presence:notify-reply]: ${error instanceof Error ? error.message : error}`,
    );
  };
  try {
    const ran = route(ctx);
    if (typeof ran !== "number") {
      reply.message?.own();
      ran.then(undefined, complain);
      return false;
    }
  } catch (error) {
    complain(error);
    return false;
  }
  const { xavp } = presence.settings;
  return xavp !== "" && ctx.avpsOrNull !== null && inXavp(ctx, xavp, "delete_subscription") === 1;
}

/** A whole number of the xavp of xavp_cfg; null when it is not there. */
export function inXavp(ctx: RouteContext, name: string, field: string): number | null {
  const fields = ctx.avpsOrNull?.xavps("xavp").one(name, null)?.fields;
  const value = fields?.find((f) => f.name === field)?.value;
  const n = Number(value);
  return value === undefined || !Number.isInteger(n) ? null : n;
}
