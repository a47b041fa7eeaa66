// Functions and variables of module presence.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, int, optional, str } from "../../registry/args.ts";
import { type FunctionDef, fn, type PvDef, pvClass, pvOfVariable } from "../../registry/define.ts";
import { guarded } from "../../registry/guarded.ts";
import type { Value } from "../../sip/value.ts";
import { own } from "../../util/own.ts";
import type { Presence } from "./presence.ts";
import { handlePublish } from "./publish.ts";
import { knownOf } from "./reply-route.ts";
import type { PresenceSettings } from "./settings.ts";
import { handleSubscribe } from "./subscribe.ts";
import type { Subscription } from "./subscription.ts";

/** What functions, variables and commands get. */
export interface PresenceInstance {
  readonly presence: Presence;
  readonly settings: PresenceSettings;
}

/** Kinds of pres_refresh_watchers. */
const REFRESH = { RULES: 0, TABLE: 1, DOCUMENT: 2 } as const;

/** Tells watchers again: 0 rules have changed, 1 the table was written by others, 2 a document for all. False for an unknown event or kind. */
export async function refresh(presence: Presence, text: string, event: string, kind: number): Promise<boolean> {
  const who = presence.aor(text);
  if (who === null || presence.package(event) === null || kind < REFRESH.RULES || kind > REFRESH.DOCUMENT) return false;
  await presence.serial.run(who.uri, async () => {
    if (kind === REFRESH.RULES) await presence.reconsider(who.uri, event);
    else {
      await presence.publications.recount(who.user, who.host, event);
      await presence.tellAll(who.uri, event);
    }
  });
  return true;
}

/** Asks the rules again about all watchers. False when there are none. */
export async function update(presence: Presence, text: string, event: string): Promise<boolean> {
  const who = presence.aor(text);
  const pkg = presence.package(event);
  if (who === null || pkg?.authorise === undefined || (await pkg.hasRules?.(who.uri)) === false) return false;
  return presence.serial.run(who.uri, () => presence.reconsider(who.uri, event));
}

async function authStatus(presence: Presence, watcher: string, presentity: string): Promise<number> {
  const pkg = presence.package("presence");
  const who = presence.aor(presentity);
  const by = presence.aor(watcher);
  if (pkg === null || who === null || by === null) return -1;
  const rule = (await (pkg.ruled ?? pkg.authorise)?.({ presentity: who.uri, watcher: by.uri })) ?? null;
  return rule?.status ?? pkg.unruled?.status ?? 1;
}

async function hasSubscribers(presence: Presence, presentity: string, event: string): Promise<number> {
  const who = presence.aor(presentity);
  if (who === null || presence.package(event) === null) return -1;
  await presence.freshen(who.uri, event);
  return presence.table.count(who.uri, event) > 0 ? 1 : -1;
}

const truth = (yes: boolean): number => (yes ? 1 : -1);
const ANY = RouteKind.ANY;

function asking(self: PresenceInstance, ctx: RouteContext, get: () => Promise<number>): number | Promise<number> {
  return guarded(self.presence.host, ctx, get, (n) => n);
}

export const functions: Readonly<Record<string, FunctionDef<PresenceInstance>>> = {
  handle_publish: fn({
    args: [optional(str("sender_uri"))],
    routes: RouteKind.REQUEST,
    waits: "always",
    doc: "Takes the PUBLISH, answers it, and tells watchers, but not the one whose URI is given.",
    run: (self: PresenceInstance, ctx, sender) => asking(self, ctx, () => handlePublish(self.presence, ctx, sender)),
  }),
  handle_subscribe: fn({
    args: [optional(str("watcher_uri"))],
    routes: RouteKind.REQUEST,
    waits: "always",
    doc: "Takes the SUBSCRIBE, answers it, and sends the NOTIFY that follows; the watcher is the URI given, else the one in From.",
    run: (self: PresenceInstance, ctx, watcher) =>
      asking(self, ctx, () => handleSubscribe(self.presence, ctx, watcher)),
  }),
  pres_auth_status: fn({
    args: [str("watcher_uri"), str("presentity_uri")],
    routes: RouteKind.REQUEST,
    waits: "always",
    doc: "What the rules say of a watcher: 1 active, 2 pending, 3 terminated, 4 waiting; -1 for what is no URI.",
    run: (self: PresenceInstance, ctx, w, p) => asking(self, ctx, () => authStatus(self.presence, w, p)),
  }),
  pres_has_subscribers: fn({
    args: [str("presentity_uri"), str("event")],
    routes: ANY,
    waits: "always",
    doc: "True when somebody has subscribed to the event of the presentity.",
    run: (self: PresenceInstance, ctx, p, event) => asking(self, ctx, () => hasSubscribers(self.presence, p, event)),
  }),
  pres_refresh_watchers: fn({
    args: [str("uri"), str("event"), int("type"), optional(str("file_uri")), optional(str("filename"))],
    routes: ANY,
    waits: "always",
    doc: "Tells watchers again: type 0 after rules have changed, 1 after the table was written by others, 2 after a document on an XCAP server has changed, which is told as 1.",
    run: (self: PresenceInstance, ctx, uri, event, kind) =>
      asking(self, ctx, async () => truth(await refresh(self.presence, uri, event, kind))),
  }),
  pres_update_watchers: fn({
    args: [str("uri"), str("event")],
    routes: ANY,
    waits: "always",
    doc: "Asks the rules about all watchers again and tells those for whom they have changed; false without rules.",
    run: (self: PresenceInstance, ctx, uri, event) =>
      asking(self, ctx, async () => truth(await update(self.presence, uri, event))),
  }),
};

// ---- variables ----

const text = (value: string): Value => (value === "" ? null : value);

const FIELDS: Readonly<Record<string, (s: Subscription) => Value>> = {
  uri: (s) => s.presentity,
  pres_uri: (s) => s.presentity,
  to_user: (s) => text(s.toUser),
  to_domain: (s) => text(s.toDomain),
  from_user: (s) => text(s.fromUser),
  from_domain: (s) => text(s.fromDomain),
  watcher_username: (s) => text(s.watcherUser),
  watcher_domain: (s) => text(s.watcherDomain),
  event: (s) => s.event,
  event_id: (s) => text(s.eventId),
  to_tag: (s) => s.toTag,
  from_tag: (s) => s.fromTag,
  callid: (s) => s.callId,
  remote_cseq: (s) => s.remoteCseq,
  local_cseq: (s) => s.localCseq,
  contact: (s) => text(s.contact),
  local_contact: (s) => text(s.localContact),
  record_route: (s) => text(s.routes),
  expires: (s) => s.expires,
  status: (s) => s.status,
  reason: (s) => text(s.reason),
  version: (s) => s.version,
  flags: () => 0,
  user_agent: (s) => text(s.userAgent),
};

export const variables: Readonly<Record<string, PvDef<PresenceInstance>>> = {
  subs: pvClass<PresenceInstance>({
    doc: "A field of the subscription: after handle_subscribe(), in event_route[tm:local-request] over a NOTIFY, and in event_route[presence:notify-reply].",
    inner: "required",
    resolve: ({ presence }, name) => {
      const field = own(FIELDS, name);
      if (field === undefined)
        return new ArgError(`a subscription has no field "${name}"`, Object.keys(FIELDS).join(", "));
      return {
        get: (ctx) => {
          const local = ctx.kind === RouteKind.LOCAL ? presence.notifier.current : null;
          const s = knownOf(ctx)?.subscription ?? local;
          return s === null ? null : field(s);
        },
      };
    },
  }),
  notify_reply: pvOfVariable<PresenceInstance>(
    "A variable of the reply to a NOTIFY, in event_route[presence:notify-reply]: $notify_reply($rs).",
    (_self, variable) => ({
      get: (ctx) => {
        const reply = knownOf(ctx)?.reply ?? null;
        return reply === null ? null : variable.accessor.get(reply);
      },
    }),
  ),
};
