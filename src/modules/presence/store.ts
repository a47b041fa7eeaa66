// Subscriptions in the database (subs_db_mode), and what is decided about watchers (table watchers).

import type { ModuleHost } from "../../registry/module-host.ts";
import type { Database, Later, Match } from "../../store/database.ts";
import { Timer } from "../../util/timer-wheel.ts";
import { type Permission, Status, type Watching } from "./event-package.ts";
import {
  ACTIVE_WATCHERS_VERSION,
  COLUMNS,
  cells,
  PRESENTITY_VERSION,
  subscriptionOf,
  WATCHERS_VERSION,
} from "./rows.ts";
import { type PresenceSettings, SubsMode } from "./settings.ts";
import type { Subscription, SubscriptionTable } from "./subscription.ts";

/** A watcher that nobody has decided about is forgotten after this time, seconds. */
const UNDECIDED_KEPT = 24 * 3600;

/** What the store tells of rows it has read. */
export interface StoreOwner {
  readonly host: ModuleHost;
  readonly table: SubscriptionTable;
  now(): number;
  /** Takes over a subscription that was read. */
  adopt(s: Subscription): void;
  /** Lets go of one that is in the database no more. */
  forget(s: Subscription): void;
}

/** The database side of module presence. */
export class PresenceStore {
  private readonly owner: StoreOwner;
  private readonly settings: PresenceSettings;
  readonly db: Database;
  private readonly dirty = new Set<Subscription>();
  private readonly gone = new Map<string, Subscription>();
  private readonly timer = new Timer(() => this.turn());
  /** Watchers nobody has decided about that were noted since some time: a day's worth of them is bounded, as their names are anybody's. */
  private undecided = 0;
  private undecidedSince = 0;
  /** Writes that are under way. */
  private readonly waiting = new Set<Promise<unknown>>();

  constructor(owner: StoreOwner, settings: PresenceSettings) {
    this.owner = owner;
    this.settings = settings;
    this.db = owner.host.database(settings.dbUrl);
  }

  /** Makes the tables that are missing and reads the subscriptions. Rejects with StoreError. */
  async open(): Promise<void> {
    const { presentityTable, activeWatchersTable, watchersTable } = this.settings;
    const tables = [
      { name: presentityTable, layout: "presentity", version: PRESENTITY_VERSION },
      { name: activeWatchersTable, layout: "active_watchers", version: ACTIVE_WATCHERS_VERSION },
      { name: watchersTable, layout: "watchers", version: WATCHERS_VERSION },
    ];
    for (const t of tables) await this.db.ensureTable(t);
    if (this.settings.subsMode !== SubsMode.MEMORY) await this.load([]);
    if (this.settings.subsMode === SubsMode.BACK) this.arm();
  }

  /** Writes what is to be kept. */
  async close(): Promise<void> {
    this.owner.host.wheel.cancel(this.timer);
    this.flush();
    await Promise.all(this.waiting);
  }

  // ---- subscriptions ----

  /** A subscription has changed. */
  written(s: Subscription): void {
    s.dirty = true;
    if (this.settings.subsMode === SubsMode.BACK) this.dirty.add(s);
    else if (this.settings.subsMode !== SubsMode.MEMORY) this.put(s);
  }

  /** A subscription has ended. */
  removed(s: Subscription): void {
    this.dirty.delete(s);
    if (!s.stored) return;
    if (this.settings.subsMode === SubsMode.BACK) this.gone.set(s.key, s);
    else if (this.settings.subsMode !== SubsMode.MEMORY) this.drop(s);
  }

  /** With subs_db_mode 3: what others have changed in the table is known from now on. */
  async freshen(where: readonly Match[], held: readonly Subscription[]): Promise<void> {
    if (this.settings.subsMode !== SubsMode.DATABASE) return;
    const found = await this.load(where);
    for (const s of held) if (s.stored && !found.has(s.key)) this.owner.forget(s);
  }

  /** Writes what waits for the timer. */
  flush(): void {
    for (const s of this.gone.values()) this.drop(s);
    this.gone.clear();
    for (const s of this.dirty) this.put(s);
    this.dirty.clear();
  }

  private turn(): void {
    this.flush();
    this.arm();
  }
  private arm(): void {
    const { wheel, host } = this.owner.host;
    if (this.settings.dbUpdatePeriod > 0) wheel.arm(this.timer, this.settings.dbUpdatePeriod * 1000, host.clock.mono());
  }

  private put(s: Subscription): void {
    const { activeWatchersTable: table } = this.settings;
    s.dirty = false;
    s.stored = true;
    this.work(() => this.db.upsert(table, ["callid", "to_tag", "from_tag"], COLUMNS, cells(s)));
  }
  private drop(s: Subscription): void {
    s.stored = false;
    const where = [
      { column: "callid", value: s.callId },
      { column: "to_tag", value: s.toTag },
      { column: "from_tag", value: s.fromTag },
    ];
    this.work(() => this.db.delete(this.settings.activeWatchersTable, where));
  }

  /** Runs a write; a database that fails costs its rows, never an answer. */
  work(run: () => Later<unknown>): void {
    const failed = (error: unknown): void => {
      const { proxy } = this.owner.host;
      proxy.limited.error(proxy.log, `presence: database: ${error instanceof Error ? error.message : String(error)}`);
    };
    try {
      const done = run();
      if (!(done instanceof Promise)) return;
      const told: Promise<unknown> = done.catch(failed).finally(() => this.waiting.delete(told));
      this.waiting.add(told);
    } catch (error) {
      failed(error);
    }
  }

  // Reads rows that fit; those that are known already take over what others may have changed.
  private async load(where: readonly Match[]): Promise<Set<string>> {
    const { activeWatchersTable, fetchRows: limit, maxSubscriptions } = this.settings;
    const found = new Set<string>();
    const now = this.owner.now();
    for (let after = -1; ; ) {
      const all: Match[] = [...where, { column: "id", op: ">", value: after }];
      const rows = await this.db.query(activeWatchersTable, [], all, { order: "id", limit });
      for (const row of rows) {
        const s = subscriptionOf(row);
        if (s === null) continue;
        found.add(s.key);
        const known = this.owner.table.find(s.callId, s.fromTag, s.toTag);
        if (known !== null) {
          if (s.localCseq > known.localCseq || s.remoteCseq > known.remoteCseq) takeOver(known, s);
        } else if (this.owner.table.size < maxSubscriptions) {
          if (s.expires <= now) s.expires = now + 1; // its end is told
          this.owner.adopt(s);
        }
      }
      if (rows.length < limit) return found;
      after = Number(rows.at(-1)?.["id"] ?? 0);
    }
  }

  // ---- watchers ----

  /** What was decided about a watcher; null when nothing was. */
  async decided(who: Watching, event: string): Promise<Permission | null> {
    const rows = await this.db.query(this.settings.watchersTable, ["status", "reason"], watcherRow(who, event));
    const row = rows[0];
    return row === undefined ? null : { status: Number(row["status"]), reason: String(row["reason"] ?? "") };
  }

  /** Notes what was decided. A watcher more than max_watchers of one presentity is not noted, nor an undecided one more than max_subscriptions a day. */
  async decide(who: Watching, event: string, p: Permission): Promise<void> {
    const { watchersTable, maxWatchers } = this.settings;
    const where = watcherRow(who, event);
    const known = await this.db.update(watchersTable, where, ["status", "reason"], [p.status, p.reason]);
    if (known > 0) return;
    const others = await this.db.query(watchersTable, ["id"], where.slice(0, 1), { limit: maxWatchers });
    if (others.length >= maxWatchers || (p.status === Status.PENDING && !this.mayNote())) return;
    const columns = [...where.map((w) => w.column), "status", "reason", "inserted_time"];
    await this.db.insert(watchersTable, columns, [...where.map((w) => w.value), p.status, p.reason, this.owner.now()]);
  }

  private mayNote(): boolean {
    const now = this.owner.now();
    if (now - this.undecidedSince >= UNDECIDED_KEPT) {
      this.undecidedSince = now;
      this.undecided = 0;
    }
    return ++this.undecided <= this.settings.maxSubscriptions;
  }

  /** The watchers of an event of a presentity that something was decided about. */
  async watchers(presentity: string, event: string): Promise<(Permission & { readonly watcher: string })[]> {
    const where = [
      { column: "presentity_uri", value: presentity },
      { column: "event", value: event },
    ];
    const { watchersTable, maxWatchers } = this.settings;
    const columns = ["watcher_username", "watcher_domain", "status", "reason"];
    const rows = await this.db.query(watchersTable, columns, where, { order: "id", limit: maxWatchers });
    return rows.map((row) => ({
      watcher: `sip:${String(row["watcher_username"])}@${String(row["watcher_domain"])}`,
      status: Number(row["status"]),
      reason: String(row["reason"] ?? ""),
    }));
  }

  /** Forgets watchers that nobody has decided about for a day. */
  clean(): void {
    const where: Match[] = [
      { column: "inserted_time", op: "<", value: this.owner.now() - UNDECIDED_KEPT },
      { column: "status", value: Status.PENDING },
    ];
    this.work(() => this.db.delete(this.settings.watchersTable, where));
  }
}

function takeOver(known: Subscription, read: Subscription): void {
  known.localCseq = Math.max(known.localCseq, read.localCseq);
  known.remoteCseq = Math.max(known.remoteCseq, read.remoteCseq);
  known.version = Math.max(known.version, read.version);
  known.contact = read.contact;
  known.expires = read.expires;
  known.status = read.status;
  known.reason = read.reason;
}

function watcherRow({ presentity, watcher }: Watching, event: string): Match[] {
  const m = /^sips?:(?:([^@]*)@)?(.*)$/.exec(watcher);
  return [
    { column: "presentity_uri", value: presentity },
    { column: "watcher_username", value: m?.[1] ?? "" },
    { column: "watcher_domain", value: m?.[2] ?? watcher },
    { column: "event", value: event },
  ];
}
