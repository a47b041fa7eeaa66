// One subscription: a dialog between a watcher and us (RFC 6665 4.2), and the table that holds them all.

import type { Listener } from "../../net/flow.ts";
import type { Timer } from "../../util/timer-wheel.ts";
import { Status } from "./event-package.ts";

/** Texts are byte strings; times are seconds of the wall clock. */
export class Subscription {
  readonly presentity: string;
  readonly event: string;
  eventId = "";
  toUser = "";
  toDomain = "";
  fromUser = "";
  fromDomain = "";
  watcherUser = "";
  watcherDomain = "";
  readonly callId: string;
  /** Tags of the watcher (From of SUBSCRIBE) and of us. */
  readonly fromTag: string;
  readonly toTag: string;
  localCseq = 0;
  remoteCseq = 0;
  contact = "";
  localContact = "";
  /** Route set as requests from here have it, comma-separated. */
  routes = "";
  expires = 0;
  status: number = Status.ACTIVE;
  reason = "";
  /** Of watcher information: number of the last document. */
  version = 0;
  socket: Listener | null = null;
  socketText = "";
  userAgent = "";
  /** Whether it differs from its row, and whether it has one. */
  dirty = true;
  stored = false;
  timer: Timer | null = null;
  /** It is over: what is still on its way does not change that. */
  ended = false;

  constructor(presentity: string, event: string, callId: string, fromTag: string, toTag: string) {
    this.presentity = presentity;
    this.event = event;
    this.callId = callId;
    this.fromTag = fromTag;
    this.toTag = toTag;
  }

  get key(): string {
    return dialogKey(this.callId, this.fromTag, this.toTag);
  }
  get watcher(): string {
    return `sip:${this.watcherUser}@${this.watcherDomain}`;
  }
}

/** A dialog as the key of a map; a line end is in none of its parts. */
export function dialogKey(callId: string, fromTag: string, toTag: string): string {
  return `${callId}\n${fromTag}\n${toTag}`;
}
/** A presentity and an event as the key of a map. */
export function stateKey(presentity: string, event: string): string {
  return `${event}\n${presentity}`;
}

/** All subscriptions of a process. */
export class SubscriptionTable {
  private readonly byDialog = new Map<string, Subscription>();
  private readonly byState = new Map<string, Set<Subscription>>();

  get size(): number {
    return this.byDialog.size;
  }
  all(): Iterable<Subscription> {
    return this.byDialog.values();
  }
  find(callId: string, fromTag: string, toTag: string): Subscription | null {
    return this.byDialog.get(dialogKey(callId, fromTag, toTag)) ?? null;
  }
  /** Those to one event of one presentity, in the order in which they began. */
  of(presentity: string, event: string): readonly Subscription[] {
    const set = this.byState.get(stateKey(presentity, event));
    return set === undefined ? [] : [...set];
  }
  count(presentity: string, event: string): number {
    return this.byState.get(stateKey(presentity, event))?.size ?? 0;
  }
  add(s: Subscription): void {
    this.byDialog.set(s.key, s);
    const key = stateKey(s.presentity, s.event);
    const set = this.byState.get(key);
    if (set === undefined) this.byState.set(key, new Set([s]));
    else set.add(s);
  }
  delete(s: Subscription): void {
    if (!this.byDialog.delete(s.key)) return;
    const key = stateKey(s.presentity, s.event);
    const set = this.byState.get(key);
    set?.delete(s);
    if (set?.size === 0) this.byState.delete(key);
  }
}
