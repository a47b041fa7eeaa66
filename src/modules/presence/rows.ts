// Between a Subscription and a row of table active_watchers.

import type { Cell, Row } from "../../store/database.ts";
import { Subscription } from "./subscription.ts";

/** Kamailio's version numbers of the tables. */
export const PRESENTITY_VERSION = 5;
export const ACTIVE_WATCHERS_VERSION = 12;
export const WATCHERS_VERSION = 3;

/** The columns written, in the order of `cells`. */
export const COLUMNS: readonly string[] =
  "presentity_uri watcher_username watcher_domain to_user to_domain event event_id to_tag from_tag callid local_cseq remote_cseq contact record_route expires status reason version socket_info local_contact from_user from_domain updated updated_winfo flags user_agent".split(
    " ",
  );

const orNull = (value: string): Cell => (value === "" ? null : value);

/** The row of a subscription. Nobody waits for a notifier process: `updated` says that nothing is to be sent. */
export function cells(s: Subscription): Cell[] {
  return [
    s.presentity,
    s.watcherUser,
    s.watcherDomain,
    s.toUser,
    s.toDomain,
    s.event,
    orNull(s.eventId),
    s.toTag,
    s.fromTag,
    s.callId,
    s.localCseq,
    s.remoteCseq,
    s.contact,
    orNull(s.routes),
    s.expires,
    s.status,
    orNull(s.reason),
    s.version,
    s.socketText,
    s.localContact,
    s.fromUser,
    s.fromDomain,
    -1,
    -1,
    0,
    s.userAgent,
  ];
}

/** The subscription a row stands for; null when it lacks what makes one. The socket is not found yet. */
export function subscriptionOf(row: Row): Subscription | null {
  const t = (name: string): string => String(row[name] ?? "");
  const n = (name: string): number => Math.trunc(Number(row[name] ?? 0)) || 0;
  if (t("callid") === "" || t("to_tag") === "" || t("contact") === "") return null;
  const s = new Subscription(t("presentity_uri"), t("event"), t("callid"), t("from_tag"), t("to_tag"));
  s.eventId = t("event_id");
  s.toUser = t("to_user");
  s.toDomain = t("to_domain");
  s.fromUser = t("from_user");
  s.fromDomain = t("from_domain");
  s.watcherUser = t("watcher_username");
  s.watcherDomain = t("watcher_domain");
  s.localCseq = n("local_cseq");
  s.remoteCseq = n("remote_cseq");
  s.contact = t("contact");
  s.routes = t("record_route");
  s.expires = n("expires");
  s.status = n("status");
  s.reason = t("reason");
  s.version = n("version");
  s.socketText = t("socket_info");
  s.localContact = t("local_contact");
  s.userAgent = t("user_agent");
  s.dirty = false;
  s.stored = true;
  return s;
}
