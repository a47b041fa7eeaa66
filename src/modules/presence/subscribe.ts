// SUBSCRIBE (RFC 6665 4.2.1): subscriptions begin, are renewed, end; each is followed by a NOTIFY.

import type { RouteContext } from "../../proxy/context.ts";
import { contactOf, headerValues } from "../../sip/build-local.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import type { NameAddrRange } from "../../sip/name-addr.ts";
import { Transport } from "../../sip/transports.ts";
import { textOf } from "../../util/bytes.ts";
import { listenerText, protocolName, uriOf } from "../core/index.ts";
import { BAD, eventOf, expiresOf, FAILED, isRefusal, NO_DIALOG, type Refusal, refuse, TOO_MANY } from "./answers.ts";
import { Status } from "./event-package.ts";
import type { Presence } from "./presence.ts";
import { know } from "./reply-route.ts";
import { Subscription } from "./subscription.ts";

/** The longest texts of a dialog: what the columns hold. */
const MAX_TEXT = 255;
const MAX_ROUTES = 2048;

/** What a SUBSCRIBE says. */
interface Wish {
  readonly event: string;
  readonly eventId: string;
  readonly expires: number;
  readonly callId: string;
  readonly fromTag: string;
  /** "" in the first one of a dialog. */
  readonly toTag: string;
  readonly cseq: number;
  readonly contact: string;
  readonly watcher: { readonly user: string; readonly host: string; readonly uri: string };
}

/** handle_subscribe: makes, renews or ends a subscription. What the script gets; a reply is sent in any case. */
export async function handleSubscribe(
  presence: Presence,
  ctx: RouteContext,
  watcher: string | undefined,
): Promise<number> {
  const wish = wishOf(presence, ctx.message, watcher);
  if (isRefusal(wish)) return refuse(ctx, wish);
  const pkg = presence.package(wish.event);
  if (pkg === null) return refuse(ctx, FAILED);
  try {
    const found = wish.toTag === "" ? begun(presence, ctx, wish) : await known(presence, wish);
    if (isRefusal(found)) return refuse(ctx, found);
    return await presence.serial.run(found.presentity, () => carriedOut(presence, ctx, wish, found));
  } catch (error) {
    presence.host.proxy.limited.error(presence.host.log, error instanceof Error ? error.message : String(error));
    return refuse(ctx, FAILED);
  }
}

function wishOf(presence: Presence, msg: SipMessage, given: string | undefined): Wish | Refusal {
  const event = eventOf(presence, msg);
  if (isRefusal(event)) return event;
  const expires = expiresOf(presence, msg, event.pkg.defaultExpires);
  if (typeof expires !== "number") return expires;
  const from = msg.from();
  const to = msg.to();
  const cseq = msg.cseq();
  const callId = msg.header(H.CALL_ID) ?? "";
  const contact = contactOf(msg);
  if (from === null || to === null || cseq === null || contact === null || uriOf(contact) === null) return BAD;
  const watcher = presence.aor(given ?? textOf(msg.buf, from.uriStart, from.uriEnd));
  const fromTag = tag(msg, from);
  if (watcher === null || fromTag === "" || callId === "") return BAD;
  if ([callId, contact, fromTag, watcher.uri].some((t) => t.length > MAX_TEXT)) return BAD;
  const { pkg, id: eventId } = event;
  const toTag = tag(msg, to);
  return { event: pkg.name, eventId, expires, callId, fromTag, toTag, cseq: cseq.number, contact, watcher };
}

function tag(msg: SipMessage, party: NameAddrRange): string {
  return party.tagStart < 0 ? "" : textOf(msg.buf, party.tagStart, party.tagEnd);
}

// The subscription that a first SUBSCRIBE asks for.
function begun(presence: Presence, ctx: RouteContext, wish: Wish): Subscription | Refusal {
  const { settings, table } = presence;
  const msg = ctx.message;
  const who = presence.aor(msg.requestUri());
  const from = msg.from()!;
  const to = msg.to()!;
  const fromUri = uriOf(textOf(msg.buf, from.uriStart, from.uriEnd));
  const toUri = uriOf(textOf(msg.buf, to.uriStart, to.uriEnd));
  if (who === null || fromUri === null || toUri === null || who.uri.length > MAX_TEXT) return BAD;
  if (table.size >= settings.maxSubscriptions || table.count(who.uri, wish.event) >= settings.maxWatchers)
    return TOO_MANY;
  const toTag = ctx.proxy.transactions?.localTag(ctx) ?? ctx.proxy.toTag(msg);
  const s = new Subscription(who.uri, wish.event, wish.callId, wish.fromTag, toTag);
  s.eventId = wish.eventId;
  s.fromUser = fromUri.user;
  s.fromDomain = fromUri.host;
  s.toUser = toUri.user;
  s.toDomain = toUri.host;
  s.watcherUser = wish.watcher.user;
  s.watcherDomain = wish.watcher.host;
  s.routes = headerValues(msg, H.RECORD_ROUTE).join(",");
  s.userAgent = (msg.header(H.USER_AGENT) ?? "").slice(0, MAX_TEXT);
  s.socket = ctx.flow.listener;
  s.socketText = listenerText(ctx.flow.listener);
  s.localContact = localContact(presence, ctx);
  return s.routes.length > MAX_ROUTES ? BAD : s;
}

// Where requests of the dialog are to be sent.
function localContact(presence: Presence, ctx: RouteContext): string {
  const { serverAddress } = presence.settings;
  if (serverAddress !== "") return serverAddress;
  const { listener } = ctx.flow;
  const transport = listener.protocol === Transport.UDP ? "udp" : protocolName(listener.protocol);
  return `sip:${ctx.proxy.identity.hostPort(listener)};transport=${transport}`;
}

// The subscription that a later SUBSCRIBE is about: same dialog, same event, same identifier, a number above the last.
async function known(presence: Presence, wish: Wish): Promise<Subscription | Refusal> {
  const { table, store, settings } = presence;
  let s = table.find(wish.callId, wish.fromTag, wish.toTag);
  await store?.freshen([{ column: "callid", value: wish.callId }], s === null ? [] : [s]);
  s = table.find(wish.callId, wish.fromTag, wish.toTag);
  if (s === null || s.event !== wish.event || s.eventId !== wish.eventId) return NO_DIALOG;
  return wish.cseq + settings.cseqOffset <= s.remoteCseq ? BAD : s;
}

async function carriedOut(presence: Presence, ctx: RouteContext, wish: Wish, s: Subscription): Promise<number> {
  const isNew = wish.toTag === "";
  if (!isNew && s.ended) return refuse(ctx, NO_DIALOG);
  const { settings } = presence;
  const pkg = presence.package(s.event)!;
  if (isNew) {
    if (settings.deletesSame) removeSame(presence, s);
    takePlace(presence, s);
  }
  const permission = await presence.permission({ presentity: s.presentity, watcher: s.watcher }, pkg);
  s.status = permission.status;
  s.reason = permission.reason;
  s.remoteCseq = wish.cseq;
  s.contact = wish.contact;
  s.expires = presence.now() + wish.expires;
  if (isNew && wish.expires > 0) presence.adopt(s);
  else if (!isNew) presence.watch(s);
  const accepted = settings.accepted;
  const routes =
    isNew && s.routes !== "" ? `Record-Route: ${headerValues(ctx.message, H.RECORD_ROUTE).join(", ")}\r\n` : "";
  ctx.proxy.reply(ctx, accepted, "OK", `${routes}Expires: ${wish.expires}\r\nContact: <${s.localContact}>\r\n`);
  if (settings.keepsForScript) know(ctx, { subscription: s, reply: null });
  const isOver = wish.expires === 0 || s.status === Status.TERMINATED;
  if (!isOver) {
    presence.written(s);
    await presence.tellWinfo(s.presentity, s.event, s);
  }
  await presence.tell(s);
  if (isOver && (!isNew || s.status === Status.TERMINATED)) await presence.tellWinfo(s.presentity, s.event, null);
  return 1;
}

// A SUBSCRIBE that comes twice without a transaction to notice it makes one subscription.
function takePlace(presence: Presence, s: Subscription): void {
  const before = presence.table.find(s.callId, s.fromTag, s.toTag);
  if (before === null) return;
  s.localCseq = before.localCseq;
  s.stored = before.stored;
  presence.forget(before);
}

// delete_same_subs: a phone that has forgotten its dialog begins another one in the same call.
function removeSame(presence: Presence, s: Subscription): void {
  for (const other of presence.table.of(s.presentity, s.event)) if (other.callId === s.callId) presence.drop(other);
}
