// The location tables of a process: they survive reloads of the configuration, whose settings are put in force by `apply`.

import type { Statistics } from "../../proxy/statistics.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { isTableName } from "../../store/database.ts";
import { Timer } from "../../util/timer-wheel.ts";
import { AttributeStore } from "./attribute-store.ts";
import type { Contact } from "./contact.ts";
import { Domain } from "./domain.ts";
import { FlowIndex } from "./flow-index.ts";
import { Keepalive } from "./keepalive.ts";
import { Pings } from "./pings.ts";
import { DbMode, DEFAULT_SETTINGS, type UsrlocSettings } from "./settings.ts";
import { TableStore } from "./table-store.ts";

/** How often a slice of sweeping and writing is done, milliseconds. */
const SLICE = 100;
/** The least records swept and rows written in one slice; more when that would not get through all in `timer_interval`. */
const SWEEP_LEAST = 200;
const FLUSH_LEAST = 200;
/** The most location tables: their names may come from messages by way of variables. */
const MAX_DOMAINS = 64;
const DEFAULT_TABLE = "location";

/** All tables and what they share: the settings in force, record ids, the timer of sweeping and writing. */
export class Usrloc {
  settings: UsrlocSettings = DEFAULT_SETTINGS;
  /** Bindings in memory, all tables. */
  total = 0;
  readonly pings: Pings;
  /** Called for each binding whose time is over, before it goes (module registrar's event route). */
  onExpired: ((domain: Domain, contact: Contact) => void) | null = null;
  /** Whether expired bindings stay for a while, since somebody still looks at them (registrar's use_expired_contacts). */
  keepsExpired = false;
  /** With handle_lost_tcp; null without. */
  flows: FlowIndex | null = null;
  readonly keepalive: Keepalive;
  private statistics: Statistics | null = null;
  /** Whether rows of sockets that are not ours are still to be taken out: listeners open after the tables were read. */
  private socketsUnchecked = false;
  private readonly host: ModuleHost;
  private readonly tables = new Map<string, Domain>();
  private readonly ruidPrefix: string;
  private ruidCount: number;
  private waiting: Promise<unknown>[] = [];
  private readonly timer: Timer;
  private sliceCount = 0;
  /** Write-back: set once in each `timer_interval`, until all that had gathered is written. */
  private flushing = false;

  constructor(host: ModuleHost) {
    this.host = host;
    this.pings = new Pings(host);
    this.keepalive = new Keepalive(host, this);
    const { clock, random } = host.host;
    this.ruidPrefix = `uloc-${Math.floor(clock.wall() / 1000).toString(16)}-${host.host.process.pid.toString(16)}-`;
    // two starts in one second with one pid (containers) must not give a ruid twice
    this.ruidCount = random.uint32() & 0xffff;
    this.timer = new Timer(() => this.slice());
  }

  /** Seconds since 1970. */
  now(): number {
    return Math.floor(this.host.host.clock.wall() / 1000);
  }

  newRuid(): string {
    return this.ruidPrefix + (++this.ruidCount).toString(16);
  }

  /** The table of that name if it is in use. */
  known(name: string): Domain | undefined {
    return this.tables.get(name);
  }

  /** All tables in use. */
  domains(): Iterable<Domain> {
    return this.tables.values();
  }

  /** The table of that name, made (and read from the database) when first asked for; null when it cannot be one. Throws StoreError. */
  domain(name: string): Domain | null {
    const found = this.tables.get(name);
    if (found !== undefined) return found;
    if (!isTableName(name) || this.tables.size >= MAX_DOMAINS) return null;
    const store = this.storeFor(name);
    const attributes = store === null ? null : this.attributesFor(name);
    const domain = new Domain(this, name, store, attributes);
    this.tables.set(name, domain);
    this.count(domain);
    if (
      store !== null &&
      this.settings.dbMode !== DbMode.DB_ONLY &&
      (this.settings.dbLoad || this.settings.dbMode === DbMode.READ_ONLY)
    ) {
      this.load(domain, store, attributes);
    }
    return domain;
  }

  private attributesFor(name: string): AttributeStore | null {
    const { dbUrl, xavpContact } = this.settings;
    if (xavpContact === "") return null;
    const wait = (work: unknown): void => this.wait(work);
    return new AttributeStore(this.host.database(dbUrl), name, this.settings, wait, this.teller(name));
  }

  private teller(name: string): (error: unknown) => void {
    const { host } = this;
    return (error) =>
      host.proxy.limited.error(host.log, `table ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }

  private storeFor(name: string): TableStore | null {
    const { dbMode, dbUrl } = this.settings;
    if (dbMode === DbMode.MEMORY) return null;
    const wait = (work: unknown): void => this.wait(work);
    return new TableStore(this.host.database(dbUrl), name, this.settings, wait, this.teller(name));
  }

  private load(domain: Domain, store: TableStore, attributes: AttributeStore | null): void {
    const now = this.now();
    const byRuid = new Map<string, Contact>();
    let left = 0;
    const loaded = store.load((contact) => {
      if (!contact.isValid(now)) return;
      if (this.settings.dropStreams && /^(tcp|tls|ws|wss):/i.test(contact.socket)) {
        store.removed(contact);
        return;
      }
      if (this.total >= this.settings.maxTotal) {
        left++;
        return;
      }
      domain.loaded(contact);
      if (attributes !== null) byRuid.set(contact.ruid, contact);
    });
    const tell = (): void => {
      store.deleteExpired(now);
      if (attributes !== null) this.wait(attributes.load(byRuid));
      if (left === 0) return;
      this.host.log.warn(
        `table ${domain.name}: ${left} bindings were left out, there are more than max_total_contacts`,
      );
    };
    if (loaded instanceof Promise) this.wait(loaded.then(tell));
    else tell();
  }

  /** Puts the settings of a generation in force. Tables stay; a change of database or db_mode needs a restart and is refused with a line. */
  apply(given: UsrlocSettings): void {
    const settings = { ...given, serverId: this.host.proxy.serverId };
    const before = this.settings;
    this.socketsUnchecked = settings.skipRemoteSocket && this.tables.size === 0;
    this.followFlows(settings.goWithFlow);
    const moved =
      before.dbUrl !== settings.dbUrl || before.dbMode !== settings.dbMode || before.useDomain !== settings.useDomain;
    if (this.tables.size > 0 && moved) {
      this.host.log.warn("db_url, db_mode and use_domain stay as they were until the next start: bindings are in use");
      this.settings = { ...settings, dbUrl: before.dbUrl, dbMode: before.dbMode, useDomain: before.useDomain };
    } else this.settings = settings;
    // the table nearly every script uses: read now and not while the first request waits, and a database that cannot be used is told now
    for (const name of [DEFAULT_TABLE, ...this.settings.preload]) this.domain(name);
    this.keepalive.start(this.settings.keepalive);
    this.arm();
  }

  private followFlows(wanted: boolean): void {
    const { proxy } = this.host;
    proxy.flowWatchers.delete(this.lost);
    this.flows = wanted ? (this.flows ?? new FlowIndex()) : null;
    if (wanted) proxy.flowWatchers.add(this.lost);
  }

  private readonly lost = (flow: number): void => {
    for (const contact of this.flows?.of(flow) ?? [])
      for (const domain of this.tables.values()) {
        const record = domain.get(contact.aor);
        if (record?.contacts.includes(contact) === true) domain.remove(record, contact);
      }
  };

  /** Ends the connection a binding came over. */
  closeFlow(contact: Contact): void {
    if (contact.flowId !== 0) this.host.proxy.transports.flowById(contact.flowId)?.finish();
  }

  private dropRemoteSockets(): void {
    this.socketsUnchecked = false;
    const ours = new Set(this.host.proxy.transports.listeners.map((l) => l.name));
    for (const domain of this.tables.values())
      for (const record of [...domain.all()])
        for (const contact of [...record.contacts])
          if (contact.socket !== "" && !ours.has(contact.socket)) domain.remove(record, contact, false);
  }

  private arm(): void {
    this.host.wheel.arm(this.timer, SLICE, this.host.host.clock.mono());
  }

  /** One slice of the work that never ends: a part of each table is swept, some changes are written. */
  private slice(): void {
    const now = this.now();
    if (this.socketsUnchecked) this.dropRemoteSockets();
    const slices = Math.max(1, (this.settings.timerInterval * 1000) / SLICE);
    const whole = ++this.sliceCount >= slices;
    if (whole) this.sliceCount = 0;
    if (whole) {
      this.flushing = true;
      for (const domain of this.tables.values()) domain.resume();
    }
    try {
      for (const domain of this.tables.values()) {
        domain.sweep(
          now - (this.keepsExpired ? this.settings.timerInterval : 0),
          Math.max(SWEEP_LEAST, Math.ceil(domain.users / slices)),
        );
        if (this.flushing && domain.pending > 0)
          domain.flush(Math.max(FLUSH_LEAST, Math.ceil(domain.pending / slices)));
        if (whole) this.cleanRows(domain, now);
      }
      if (this.flushing) this.flushing = this.hasPending();
    } catch (error) {
      this.host.log.error(`location tables: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.waiting = []; // nobody's request
    this.arm();
  }

  private cleanRows(domain: Domain, now: number): void {
    const { dbMode, removeDelay, cleansRows } = this.settings;
    if (dbMode === DbMode.DB_ONLY) domain.cleanDatabase(now - removeDelay);
    else if (cleansRows) domain.cleanDatabase(now);
  }

  private hasPending(): boolean {
    for (const domain of this.tables.values()) if (!domain.rests) return true;
    return false;
  }

  /** Writes all that waits to be written. A promise where that takes time; a database that fails keeps it waiting. */
  flushAll(): Promise<void> | null {
    let work: Promise<unknown> | null = null;
    for (const domain of this.tables.values()) {
      domain.resume();
      domain.flush(Number.MAX_SAFE_INTEGER);
      work ??= domain.settled();
    }
    return work === null ? null : this.drain();
  }

  private async drain(): Promise<void> {
    for (const domain of this.tables.values())
      for (;;) {
        const done = domain.flush(Number.MAX_SAFE_INTEGER);
        await domain.settled();
        if (done) break;
      }
  }

  /** Lets the counts be read by Kamailio's names. */
  countInto(statistics: Statistics): void {
    this.statistics = statistics;
    const users = (): number => [...this.tables.values()].reduce((n, d) => n + d.users, 0);
    statistics.put("usrloc", "registered_users", users, true);
    for (const domain of this.tables.values()) this.count(domain);
  }

  private count(domain: Domain): void {
    const { statistics } = this;
    if (statistics === null) return;
    const named = (what: string): string => `${domain.name}${statistics.separator}${what}`;
    statistics.put("usrloc", named("users"), () => domain.users, true);
    statistics.put("usrloc", named("contacts"), () => domain.contacts, true);
    statistics.put("usrloc", named("expires"), () => domain.expired);
  }

  /** Stops the timer and writes what is left. */
  stop(): Promise<void> | null {
    this.host.wheel.cancel(this.timer);
    this.keepalive.stop();
    return this.flushAll();
  }

  /** Takes note of work under way in a database that answers later. */
  private wait(work: unknown): void {
    if (!(work instanceof Promise)) return;
    this.waiting.push(work);
    work.catch(() => undefined); // told to whoever calls settle; without anybody it must not end the process
  }

  /** Null when nothing is under way, else a promise that resolves when all that is under way now is done, or rejects. */
  settle(): Promise<void> | null {
    if (this.waiting.length === 0) return null;
    const all = this.waiting;
    this.waiting = [];
    return Promise.all(all).then(() => undefined);
  }
}
