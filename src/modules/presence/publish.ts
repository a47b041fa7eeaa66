// PUBLISH (RFC 3903 6): documents by entity tags.

import type { RouteContext } from "../../proxy/context.ts";
import { hex8 } from "../../proxy/proxy.ts";
import { H } from "../../sip/headers.ts";
import { textOf } from "../../util/bytes.ts";
import {
  BAD,
  eventOf,
  expiresOf,
  FAILED,
  INVALID,
  isRefusal,
  NO_MATCH,
  type Refusal,
  refuse,
  TOO_LARGE,
  TOO_MANY,
  WRONG_TYPE,
} from "./answers.ts";
import type { EventPackage } from "./event-package.ts";
import type { Presence } from "./presence.ts";
import type { Publication } from "./publications.ts";
import { inXavp } from "./reply-route.ts";

/** Seconds of a publication that names no time. */
const DEFAULT_EXPIRES = 3600;

/** A PUBLISH that may be carried out. */
interface Order {
  readonly ctx: RouteContext;
  readonly pkg: EventPackage;
  readonly user: string;
  readonly domain: string;
  readonly presentity: string;
  /** Entity tag it is about; "" none. */
  readonly match: string;
  readonly expires: number;
  readonly body: string;
  readonly sender: string;
  readonly priority: number;
}

/** handle_publish: takes a publication and tells watchers. What the script gets; a reply is sent in any case. */
export async function handlePublish(
  presence: Presence,
  ctx: RouteContext,
  sender: string | undefined,
): Promise<number> {
  const order = orderOf(presence, ctx, sender);
  if (isRefusal(order)) return refuse(ctx, order);
  try {
    return await presence.serial.run(order.presentity, () => carriedOut(presence, order));
  } catch (error) {
    presence.host.proxy.limited.error(presence.host.log, error instanceof Error ? error.message : String(error));
    return refuse(ctx, FAILED);
  }
}

function orderOf(presence: Presence, ctx: RouteContext, sender: string | undefined): Order | Refusal {
  const msg = ctx.message;
  const event = eventOf(presence, msg);
  if (isRefusal(event)) return event;
  if (!event.pkg.publishable)
    return { code: 489, reason: "Bad Event", headers: `Allow-Events: ${presence.packageNames.join(", ")}\r\n` };
  const expires = expiresOf(presence, msg, DEFAULT_EXPIRES);
  if (typeof expires !== "number") return expires;
  const who = presence.aor(msg.requestUri());
  if (who === null || tooLong(who.user) || tooLong(who.host)) return BAD;
  const from = sender === undefined ? "" : presence.aor(sender)?.uri;
  if (from === undefined) return BAD;
  const match = (msg.header(H.SIP_IF_MATCH) ?? "").trim();
  const body = textOf(msg.buf, msg.bodyStart, msg.end);
  if (body === "" && match === "") return INVALID;
  if (body.length > presence.settings.maxBody) return TOO_LARGE;
  if (body !== "" && event.pkg.accepts?.(body) === false) return WRONG_TYPE;
  const { xavp } = presence.settings;
  const priority = (xavp === "" ? null : inXavp(ctx, xavp, "priority")) ?? (xavp === "" ? 0 : presence.now());
  const { uri: presentity, user, host: domain } = who;
  return { ctx, pkg: event.pkg, user, domain, presentity, match, expires, body, sender: from, priority };
}

const tooLong = (name: string): boolean => name.length > 64;

async function carriedOut(presence: Presence, order: Order): Promise<number> {
  const { publications, settings } = presence;
  const { user, domain, pkg, match, expires, ctx } = order;
  const now = presence.now();
  const held = await publications.of(user, domain, pkg.name, now);
  const old = match === "" ? null : held.find((p) => p.etag === match);
  if (old === undefined) return refuse(ctx, NO_MATCH);
  const etag = newTag(presence);
  const p: Publication = {
    user,
    domain,
    event: pkg.name,
    etag,
    expires: now + expires,
    received: now,
    body: order.body === "" && old !== null ? old.body : order.body,
    sender: order.sender,
    priority: order.priority,
  };
  let gone = "";
  if (old === null && expires > 0) {
    if (held.length >= settings.maxPerPresentity || publications.size >= settings.maxPublications)
      return refuse(ctx, TOO_MANY);
    await publications.insert(p);
  } else if (old !== null && expires > 0) await publications.replace(old.etag, p);
  else if (old !== null) {
    gone = old.body;
    await publications.remove(old);
  }
  const told = Math.max(0, expires - settings.expiresOffset);
  ctx.proxy.reply(ctx, 200, "OK", `Expires: ${told}\r\nSIP-ETag: ${etag}\r\n`);
  if (old !== null || expires > 0) await presence.tellAll(order.presentity, pkg.name, gone, order.sender);
  return 1;
}

// Who guesses it could speak for somebody else, so it has 96 random bits.
function newTag(presence: Presence): string {
  const { random } = presence.host.host;
  return `a.${hex8(random.uint32())}${hex8(random.uint32())}${hex8(random.uint32())}`;
}
