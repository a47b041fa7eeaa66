// NOTIFY requests (RFC 6665 4.2.2): within the dialog of each subscription, one after the other, and what their answers mean.

import type { LocalReply } from "../../proxy/local-requests.ts";
import { wayTo } from "../../sip/build-local.ts";
import { listValues } from "../../sip/list.ts";
import { Level } from "../../util/log.ts";
import { type EventPackage, STATUS_NAMES, Status } from "./event-package.ts";
import type { Presence } from "./presence.ts";
import type { Subscription } from "./subscription.ts";

/** Answers that end a subscription, besides 408 (timeout_rm_subs). */
const ENDING: readonly number[] = [404, 481];

/** Sends them. */
export class Notifier {
  private readonly presence: Presence;
  /** The subscription whose NOTIFY is being built, for $subs in event_route[tm:local-request]. */
  current: Subscription | null = null;

  constructor(presence: Presence) {
    this.presence = presence;
  }

  /** Sends a body to a watcher; "" none. A subscription that is over by it is told so and is let go of. */
  send(s: Subscription, pkg: EventPackage, body: string): void {
    const { presence } = this;
    const now = presence.now();
    const isOver = s.status === Status.TERMINATED || s.expires <= now;
    s.localCseq++;
    const event = s.eventId === "" ? s.event : `${s.event};id=${s.eventId}`;
    const headers = [
      "Max-Forwards: 70",
      `Event: ${event}`,
      `Contact: <${s.localContact}>`,
      `Subscription-State: ${stateOf(s, now)}`,
    ];
    if (body !== "") headers.push(`Content-Type: ${pkg.contentType}`);
    const way = wayTo(s.contact, listValues(s.routes));
    const spec = {
      method: "NOTIFY",
      ruri: way.uri,
      nextHop: way.nextHop,
      routes: way.routes,
      socket: s.socket,
      from: `<sip:${joined(s.toUser, s.toDomain)}>;tag=${s.toTag}`,
      to: `<sip:${joined(s.fromUser, s.fromDomain)}>;tag=${s.fromTag}`,
      callId: s.callId,
      cseq: s.localCseq,
      headers: `${headers.join("\r\n")}\r\n`,
      body,
    };
    if (isOver) presence.drop(s);
    else presence.written(s);
    this.current = s;
    const sent = presence.engine.request(spec, (reply) => this.answered(s, reply));
    this.current = null;
    if (typeof sent === "number") this.settled(s, sent);
    else
      sent.then(
        (n) => this.settled(s, n),
        () => this.settled(s, -1),
      );
  }

  // What cannot be sent is as if nobody had answered.
  private settled(s: Subscription, sent: number): void {
    if (sent > 0) return;
    const { host } = this.presence;
    host.proxy.limited.write(host.log, Level.WARNING, "unsent NOTIFY", `no NOTIFY could be sent to ${s.contact}`);
    if (this.presence.settings.timeoutRemoves) this.presence.lost(s);
  }

  private answered(s: Subscription, reply: LocalReply): void {
    if (reply.status < 200) return;
    const wanted = this.presence.replyRoute(s, reply);
    const ends = ENDING.includes(reply.status) || (reply.status === 408 && this.presence.settings.timeoutRemoves);
    if (ends || wanted) this.presence.lost(s);
  }
}

function stateOf(s: Subscription, now: number): string {
  if (s.status === Status.TERMINATED) return `terminated;reason=${s.reason === "" ? "rejected" : s.reason}`;
  if (s.expires <= now) return "terminated;reason=timeout";
  return `${STATUS_NAMES[s.status] ?? "pending"};expires=${s.expires - now}`;
}

/** user@host, or the host alone. */
export function joined(user: string, host: string): string {
  return user === "" ? host : `${user}@${host}`;
}
