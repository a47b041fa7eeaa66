// Publications and subscriptions of a process: who is told what and when. publish.ts and subscribe.ts bring what arrives.

import type { LocalReply } from "../../proxy/local-requests.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { Timer } from "../../util/timer-wheel.ts";
import { findListener, uriOf } from "../core/index.ts";
import { type TmEngine, tm } from "../tm/index.ts";
import { type EventPackage, type Permission, Status, type Watching } from "./event-package.ts";
import { joined, Notifier } from "./notifier.ts";
import {
  AT_A_TIME,
  MemoryPublications,
  type Publication,
  type Publications,
  StoredPublications,
} from "./publications.ts";
import { runReplyRoute } from "./reply-route.ts";
import { Serial } from "./serial.ts";
import { type PresenceSettings, PublCache, SubsMode } from "./settings.ts";
import { PresenceStore } from "./store.ts";
import { type Subscription, SubscriptionTable, stateKey } from "./subscription.ts";
import { type WatcherEntry, watcherInfo } from "./winfo.ts";

const ACTIVE: Permission = { status: Status.ACTIVE, reason: "" };
/** An active watcher that is told nothing. */
const POLITE = "polite-block";

/** What module presence keeps for the life of the process. */
export class Presence {
  readonly host: ModuleHost;
  readonly engine: TmEngine;
  readonly table = new SubscriptionTable();
  readonly notifier: Notifier = new Notifier(this);
  readonly serial = new Serial();
  publications: Publications = new MemoryPublications(null);
  store: PresenceStore | null = null;
  private readonly packages = new Map<string, EventPackage>();
  private given: PresenceSettings | null = null;
  private readonly cleaner = new Timer(() => this.turn());

  constructor(host: ModuleHost) {
    this.host = host;
    this.engine = host.use(tm);
  }

  get settings(): PresenceSettings {
    if (this.given === null) throw new Error("module presence has not started");
    return this.given;
  }

  /** Adds an event package, or puts it in the place of the one of that name. For other modules, when they start. */
  add(pkg: EventPackage): void {
    this.packages.set(pkg.name, pkg);
  }
  /** Takes one away again. */
  remove(name: string): void {
    this.packages.delete(name);
  }
  package(name: string): EventPackage | null {
    return this.packages.get(name) ?? null;
  }
  /** Their names, the newest first. */
  get packageNames(): readonly string[] {
    return [...this.packages.keys()].reverse();
  }

  /** Seconds of the wall clock. */
  now(): number {
    return Math.floor(this.host.host.clock.wall() / 1000);
  }

  /** Puts settings in force; the first time tables are read. Rejects with StoreError. */
  async apply(settings: PresenceSettings): Promise<void> {
    const isFirst = this.given === null;
    const old = this.given;
    this.given = settings;
    this.arm();
    if (!isFirst) {
      if (old?.dbUrl !== settings.dbUrl || old.subsMode !== settings.subsMode || old.publCache !== settings.publCache)
        this.host.log.warn("db_url, subs_db_mode and publ_cache stay as they were until the next start");
      return;
    }
    const order = settings.order;
    if (settings.dbUrl === "") {
      this.publications = new MemoryPublications(order);
      return;
    }
    this.store = new PresenceStore(this, settings);
    if (settings.publCache === PublCache.MEMORY) this.publications = new MemoryPublications(order);
    else this.publications = new StoredPublications(this.store.db, settings);
    await this.store.open();
    await this.publications.load();
  }

  async stop(): Promise<void> {
    this.host.wheel.cancel(this.cleaner);
    await this.store?.close();
  }

  // ---- names ----

  /** The URI of a presentity or watcher as tables have it: sip:user@host; null for what is no SIP URI. */
  aor(text: string): { readonly user: string; readonly host: string; readonly uri: string } | null {
    const uri = uriOf(text);
    if (uri === null || uri.host === "") return null;
    // ASCII alone: the upper half of a byte string is no latin1 text
    const fold = (t: string): string =>
      this.settings.ignoreCase ? t.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()) : t;
    const user = fold(uri.user);
    const host = fold(uri.host);
    return { user, host, uri: `sip:${joined(user, host)}` };
  }

  // ---- subscriptions ----

  /** Takes in a subscription and watches its time. */
  adopt(s: Subscription): void {
    s.socket ??= findListener(this.host, s.socketText);
    this.table.add(s);
    this.watch(s);
  }
  /** Sets the alarm for the end of a subscription. */
  watch(s: Subscription): void {
    s.timer ??= new Timer(() => this.over(s));
    const left = Math.max(0, s.expires * 1000 - this.host.host.clock.wall());
    this.host.wheel.arm(s.timer, left, this.host.host.clock.mono());
  }
  /** A subscription has changed. */
  written(s: Subscription): void {
    if (!s.ended) this.store?.written(s);
  }
  /** Lets go of a subscription without a row in the database. */
  forget(s: Subscription): void {
    if (s.ended) return;
    s.ended = true;
    if (s.timer !== null) this.host.wheel.cancel(s.timer);
    this.table.delete(s);
  }
  /** Lets go of a subscription. */
  drop(s: Subscription): void {
    if (s.ended) return;
    this.forget(s);
    this.store?.removed(s);
  }

  /** A watcher that does not answer, or knows nothing of its subscription. */
  lost(s: Subscription): void {
    if (s.ended) return;
    this.drop(s);
    this.work(s.presentity, () => this.tellWinfo(s.presentity, s.event, null));
  }

  // The time of a subscription is over.
  private over(s: Subscription): void {
    if (s.ended) return;
    if (s.expires > this.now()) {
      this.watch(s);
      return;
    }
    this.work(s.presentity, async () => {
      if (s.ended || s.expires > this.now()) return;
      await this.tell(s);
      await this.tellWinfo(s.presentity, s.event, null);
    });
  }

  /** Does something about a presentity after all that is being done about it; a failure is a line in the log. */
  work(presentity: string, run: () => Promise<void>): void {
    const failed = (error: unknown): void =>
      this.host.proxy.limited.error(this.host.log, error instanceof Error ? error.message : String(error));
    this.serial.run(presentity, run).catch(failed);
  }

  // ---- telling ----

  /** The state of a presentity now: the bodies of its publications as one; "" without any. */
  async state(presentity: string, pkg: EventPackage): Promise<string> {
    const who = this.aor(presentity);
    if (who === null) return "";
    const list = await this.publications.of(who.user, who.host, pkg.name, this.now());
    return bodyOf(pkg, list);
  }

  /** Tells one watcher the state. */
  async tell(s: Subscription): Promise<void> {
    const pkg = this.package(s.event);
    if (pkg === null) return this.drop(s);
    if (pkg.winfoOf !== undefined) return this.tellWatchers(s, pkg, pkg.winfoOf);
    const isSeen = s.status === Status.ACTIVE && s.reason !== POLITE;
    let body = isSeen ? await this.state(s.presentity, pkg) : "";
    if (body === "" && isSeen) body = pkg.nothing?.(s.presentity) ?? "";
    else if (body !== "") body = (await pkg.filter?.({ presentity: s.presentity, watcher: s.watcher }, body)) ?? body;
    if (!s.ended) this.notifier.send(s, pkg, body);
  }

  /** Tells all active watchers but `sender` the state; what `gone` said (the body of a removed publication) no longer holds. */
  async tellAll(presentity: string, event: string, gone = "", sender = ""): Promise<void> {
    const pkg = this.package(event);
    const who = this.aor(presentity);
    if (pkg === null || who === null) return;
    await this.freshen(presentity, event);
    const watchers = this.table.of(presentity, event);
    if (watchers.length === 0) return;
    const list = await this.publications.of(who.user, who.host, event, this.now());
    const offline = gone === "" ? "" : (pkg.offline?.(gone) ?? "");
    let body = bodyOf(pkg, list, offline);
    if (body === "") body = pkg.nothing?.(presentity) ?? "";
    for (const s of watchers) {
      if (s.ended || s.status !== Status.ACTIVE || s.reason === POLITE || s.watcher === sender) continue;
      const mine = body === "" ? "" : ((await pkg.filter?.({ presentity, watcher: s.watcher }, body)) ?? body);
      if (!s.ended) this.notifier.send(s, pkg, mine);
    }
  }

  // ---- watcher information ----

  /** Tells who watches the watchers of an event: of one that has come or has been renewed, or, with null, of all there are. */
  async tellWinfo(presentity: string, event: string, changed: Subscription | null): Promise<void> {
    const pkg = this.package(`${event}.winfo`);
    if (pkg === null) return;
    await this.freshen(presentity, pkg.name);
    for (const w of this.table.of(presentity, pkg.name)) {
      if (w.status !== Status.ACTIVE || w.ended) continue;
      if (changed === null) await this.tellWatchers(w, pkg, event);
      else this.notifier.send(w, pkg, watcherInfo(presentity, event, ++w.version, false, [entryOf(changed)]));
    }
  }

  private async tellWatchers(w: Subscription, pkg: EventPackage, event: string): Promise<void> {
    if (w.status !== Status.ACTIVE) return this.notifier.send(w, pkg, "");
    await this.freshen(w.presentity, event);
    const held = this.table.of(w.presentity, event);
    const entries = held.map(entryOf);
    const here = new Set(held.map((s) => s.watcher));
    if (this.store !== null && this.package(event)?.authorise !== undefined)
      for (const { watcher, status } of await this.store.watchers(w.presentity, event))
        if (status === Status.PENDING && !here.has(watcher))
          entries.push({ id: btoa(watcher), uri: watcher, status: Status.WAITING }); // RFC 3857 4.7.1: it may hear later
    if (!w.ended) this.notifier.send(w, pkg, watcherInfo(w.presentity, event, ++w.version, true, entries));
  }

  // ---- permission ----

  /** Whether a watcher may see: what was decided, else what the rules say, which is noted. */
  async permission(who: Watching, pkg: EventPackage): Promise<Permission> {
    if (pkg.authorise === undefined) return ACTIVE;
    // who may see who watches is no decision of anybody's
    const store = pkg.winfoOf === undefined ? this.store : null;
    const known = (await store?.decided(who, pkg.name)) ?? null;
    if (known !== null) return known;
    const ruled = (await pkg.authorise(who)) ?? pkg.unruled ?? ACTIVE;
    await store?.decide(who, pkg.name, ruled);
    return ruled;
  }

  /** The rules of a presentity have changed: watchers are told what it means for them. False without rules. */
  async reconsider(presentity: string, event: string): Promise<boolean> {
    const pkg = this.package(event);
    if (pkg?.authorise === undefined) return false;
    await this.freshen(presentity, event);
    const held = this.table.of(presentity, event);
    const names = new Set(held.map((s) => s.watcher));
    const known = new Map<string, Permission>();
    for (const w of (await this.store?.watchers(presentity, event)) ?? []) {
      known.set(w.watcher, w);
      names.add(w.watcher);
    }
    let changes = false;
    for (const watcher of names) {
      const who = { presentity, watcher };
      const before = known.get(watcher) ?? pkg.unruled ?? ACTIVE;
      const found = await pkg.authorise(who);
      const now = found ?? this.withoutRule(before, pkg);
      if (now.status === before.status && now.reason === before.reason) continue;
      changes = true;
      await this.store?.decide(who, event, now);
      for (const s of held) {
        if (s.watcher !== watcher || s.ended) continue;
        s.status = now.status;
        s.reason = now.reason;
        await this.tell(s);
      }
    }
    if (changes) await this.tellWinfo(presentity, event, null);
    return true;
  }

  // Who was let in or shut out by a rule that is gone must ask again; who waits for one goes on waiting.
  private withoutRule(before: Permission, pkg: EventPackage): Permission {
    if (before.status === Status.PENDING || before.status === Status.WAITING) return before;
    return { status: Status.TERMINATED, reason: pkg.ruleGone ?? "probation" };
  }

  // ---- time ----

  /** Tells of publications whose time is over and takes them away; forgets undecided watchers. */
  async clean(): Promise<void> {
    this.store?.clean();
    const expired = await this.publications.expired(this.now());
    for (const p of expired) {
      const presentity = `sip:${joined(p.user, p.domain)}`;
      this.work(presentity, () => this.expire(presentity, p));
    }
    if (expired.length >= AT_A_TIME) this.arm(1);
  }

  private async expire(presentity: string, p: Publication): Promise<void> {
    await this.publications.remove(p);
    if (!this.settings.forceDelete) await this.tellAll(presentity, p.event, p.body, p.sender);
  }

  private turn(): void {
    this.arm();
    this.work("", () => this.clean());
  }
  private arm(seconds = this.settings.cleanPeriod): void {
    const { wheel, host } = this.host;
    wheel.cancel(this.cleaner);
    if (seconds > 0) wheel.arm(this.cleaner, seconds * 1000, host.clock.mono());
  }

  /** With subs_db_mode 3, brings what is known of an event up to date. */
  async freshen(presentity: string, event: string): Promise<void> {
    if (this.store === null || this.settings.subsMode !== SubsMode.DATABASE) return;
    const where = [
      { column: "presentity_uri", value: presentity },
      { column: "event", value: event },
    ];
    await this.store.freshen(where, this.table.of(presentity, event));
  }

  /** Runs event_route[presence:notify-reply]. True when the script wants the subscription deleted. */
  replyRoute(s: Subscription, reply: LocalReply): boolean {
    return runReplyRoute(this, s, reply);
  }

  /** The key of an event of a presentity, for those who keep something about it. */
  static key(presentity: string, event: string): string {
    return stateKey(presentity, event);
  }
}

function bodyOf(pkg: EventPackage, list: readonly Publication[], offline = ""): string {
  const bodies = list.map((p) => p.body).filter((b) => b !== "");
  if (offline !== "") bodies.push(offline);
  if (bodies.length <= 1) return bodies[0] ?? "";
  return pkg.aggregate?.(bodies) ?? bodies[0]!;
}

function entryOf(s: Subscription): WatcherEntry {
  return { id: s.callId, uri: s.watcher, status: s.status };
}
