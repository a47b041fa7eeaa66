// The database side of a location table: written at once (write-through, database only) or gathered and written in slices
// (write-back). With a database that answers later, what is under way is told to `Usrloc.wait`. What a server that is away could not
// take is gathered too, and written when it is back; the request fails all the same, except with write-back (as on Kamailio).

import { type Cell, type Database, type Match, type Row, StoreError } from "../../store/database.ts";
import { BUSY, DOWN, isAway } from "../../store/pool.ts";
import { type Contact, ContactState } from "./contact.ts";
import { cells, contactOf, timeCell, writtenColumns } from "./rows.ts";
import { DbMode, type UsrlocSettings } from "./settings.ts";

/** Kamailio's version number of table location. */
export const LOCATION_VERSION = 9;

/** Where promises of a database go, so that a reply can wait for them. */
export type Waiter = (work: unknown) => void;

/** Some bindings of a table, and the id of the last of their rows; -1 when there are no more. */
export interface Page {
  readonly contacts: readonly Contact[];
  readonly after: number;
}

/** How many writes of those gathered are under way at once: others who use the database must not wait behind thousands. */
const MAX_UNDER_WAY = 200;

/** How many rows to delete are remembered for a server that is away; those beyond stay until they expire. */
const MAX_GONE = 200_000;

/** One table of a database, as a location table writes and reads it. */
export class TableStore {
  readonly db: Database;
  readonly table: string;
  private readonly settings: UsrlocSettings;
  private readonly wait: Waiter;
  private readonly columns: readonly string[];
  private readonly key: readonly string[];
  /** Write-back: what must be written, and the ruids of rows to delete. */
  private readonly dirty = new Set<Contact>();
  private readonly gone = new Set<string>();
  /** Bindings that are no more, so that a write which fails afterwards does not bring them back. */
  private readonly ended = new WeakSet<Contact>();
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly writing = new Map<Contact, Promise<unknown>>();
  /** Called with a new binding that the database did not take (write-through). */
  onRefused: (contact: Contact) => void = () => {};
  private readonly tell: (error: unknown) => void;
  /** A write has failed since `resume`: the next ones are left until then. */
  private failing = false;

  constructor(
    db: Database,
    table: string,
    settings: UsrlocSettings,
    wait: Waiter,
    tell: (error: unknown) => void = () => {},
  ) {
    this.tell = tell;
    this.db = db;
    this.table = table;
    this.settings = settings;
    this.wait = wait;
    this.columns = writtenColumns(settings.columns, settings.useDomain);
    this.key = [settings.columns.ruid];
    wait(db.ensureTable({ name: table, layout: "location", version: LOCATION_VERSION }, settings.checkVersion));
  }

  get pending(): number {
    return this.dirty.size + this.gone.size;
  }

  /** Whether nothing is to be written now: all is, or the database has just failed. */
  get rests(): boolean {
    return this.failing || this.pending === 0;
  }

  /** Tries again what has failed. */
  resume(): void {
    this.failing = false;
  }

  /** Resolves when the writes that are under way are done, well or badly; null when none is. */
  settled(): Promise<unknown> | null {
    return this.underWay.size === 0 ? null : Promise.allSettled(this.underWay);
  }

  /** A binding is new or has changed. */
  written(contact: Contact): void {
    if (this.settings.dbMode === DbMode.READ_ONLY) return;
    if (this.settings.dbMode === DbMode.WRITE_BACK) this.dirty.add(contact);
    else this.put(contact);
  }

  /** A binding has gone. */
  removed(contact: Contact): void {
    if (this.settings.dbMode === DbMode.READ_ONLY) return;
    this.ended.add(contact);
    this.dirty.delete(contact);
    if (this.settings.dbMode !== DbMode.WRITE_BACK) {
      this.drop(contact.ruid);
      return;
    }
    if (contact.state !== ContactState.NEW) this.forget(contact.ruid);
  }

  private forget(ruid: string): void {
    if (this.gone.size < MAX_GONE) this.gone.add(ruid);
  }

  /** Writes up to `budget` changes; true when none is left, or no more can be written now. */
  flush(budget: number): boolean {
    let left = budget;
    for (const ruid of this.gone) {
      if (this.failing) return true;
      if (left-- <= 0 || this.underWay.size >= MAX_UNDER_WAY) return false;
      this.drop(ruid);
      this.gone.delete(ruid);
    }
    for (const contact of this.dirty) {
      if (this.failing) return true;
      if (left-- <= 0 || this.underWay.size >= MAX_UNDER_WAY) return false;
      this.put(contact);
      this.dirty.delete(contact);
    }
    return true;
  }

  private put(contact: Contact): void {
    const isNew = contact.state === ContactState.NEW;
    const row = cells(contact, this.settings);
    const done =
      isNew && !this.settings.insertNull
        ? this.db.upsert(this.table, this.key, ...withoutNulls(this.columns, row))
        : this.db.upsert(this.table, this.key, this.columns, row);
    contact.state = ContactState.SYNC;
    this.follow(contact, done, (error) => {
      if (this.ended.has(contact)) return;
      if (isNew && this.settings.dbMode === DbMode.WRITE_THROUGH) {
        // refused with 500, so it must not be called either; should the server have written it all the same, that goes
        this.ended.add(contact);
        if (mayBeDone(error)) this.forget(contact.ruid);
        this.onRefused(contact);
        return;
      }
      contact.state = ContactState.DIRTY;
      if (isAway(error)) this.dirty.add(contact);
    });
  }

  /** Deletes the row of a record id; how many there were. */
  removeRow(ruid: string): number | Promise<number> {
    return this.db.delete(this.table, [{ column: this.settings.columns.ruid, value: ruid }]);
  }

  private drop(ruid: string): void {
    const done = this.db.delete(this.table, [{ column: this.settings.columns.ruid, value: ruid }]);
    this.follow(null, done, (error) => {
      if (isAway(error)) this.forget(ruid);
    });
  }

  // Where memory holds the bindings, `again` keeps a change that failed. Who waits for it is told, except with write-back.
  private follow(contact: Contact | null, done: unknown, again: (error: unknown) => void): void {
    if (!(done instanceof Promise)) return;
    const { dbMode } = this.settings;
    const told = done.catch((error: unknown) => {
      if (isAway(error)) this.failing = true;
      if (dbMode !== DbMode.DB_ONLY) again(error);
      if (dbMode !== DbMode.WRITE_BACK) throw error;
      this.tell(error);
    });
    this.underWay.add(told);
    if (contact !== null) this.writing.set(contact, told);
    const over = (): void => {
      this.underWay.delete(told);
      if (contact !== null && this.writing.get(contact) === told) this.writing.delete(contact);
    };
    told.then(over, over);
    this.wait(told);
  }

  /** Has whoever waits next wait for the write of a binding that is under way as well. */
  await(contact: Contact): void {
    const done = this.writing.get(contact);
    if (done !== undefined) this.wait(done);
  }

  /** The bindings of an address of record, as the database has them. */
  read(aor: string): Contact[] | Promise<Contact[]> {
    const { columns, useDomain } = this.settings;
    const at = useDomain ? aor.lastIndexOf("@") : -1;
    const where: Match[] = [{ column: columns.user, value: at < 0 ? aor : aor.slice(0, at) }];
    if (at >= 0) where.push({ column: columns.domain, value: aor.slice(at + 1) });
    return this.readWhere(where);
  }

  /** The binding with a record id and an instance, in a list of its own. */
  readRow(ruid: string): Contact[] | Promise<Contact[]> {
    const { columns } = this.settings;
    return this.readWhere([
      { column: columns.ruid, value: ruid },
      { column: columns.instance, op: "!=", value: "" },
    ]);
  }

  private readWhere(where: readonly Match[]): Contact[] | Promise<Contact[]> {
    const rows = this.db.query(this.table, [], where, { order: "last_modified" });
    return rows instanceof Promise ? rows.then((list) => this.contacts(list)) : this.contacts(rows);
  }

  private contacts(rows: readonly Row[]): Contact[] {
    const list: Contact[] = [];
    for (const row of rows) {
      const contact = contactOf(row, this.settings, this.db.hasLocalTime);
      if (contact !== null) list.push(contact);
    }
    return list;
  }

  /** The page of bindings behind the row of that id. */
  pageAfter(id: number): Page | Promise<Page> {
    const pageOf = (rows: readonly Row[]): Page => {
      const contacts: Contact[] = [];
      return { contacts, after: this.take(rows, (contact) => contacts.push(contact)) };
    };
    const rows = this.page(id);
    return rows instanceof Promise ? rows.then(pageOf) : pageOf(rows);
  }

  /** Reads the whole table in pages of `fetch_rows`, giving each binding to `put`; at once where the database answers at once. */
  load(put: (contact: Contact) => void): void | Promise<void> {
    let after = -1;
    for (;;) {
      const rows = this.page(after);
      if (rows instanceof Promise) return this.loadLater(rows, put);
      after = this.take(rows, put);
      if (after < 0) return undefined;
    }
  }

  private async loadLater(first: Promise<Row[]>, put: (contact: Contact) => void): Promise<void> {
    for (let after = this.take(await first, put); after >= 0; ) after = this.take(await this.page(after), put);
  }

  private page(after: number): Row[] | Promise<Row[]> {
    const where: Match[] = [{ column: "id", op: ">", value: after }];
    if (this.settings.serverIdFilter)
      where.push({ column: this.settings.columns.serverId, value: this.settings.serverId });
    return this.db.query(this.table, [], where, { order: "id", limit: this.settings.fetchRows });
  }

  /** Id of the last row, or -1 when this was the last page. */
  private take(rows: readonly Row[], put: (contact: Contact) => void): number {
    for (const contact of this.contacts(rows)) put(contact);
    const last = rows.at(-1)?.["id"];
    return rows.length < this.settings.fetchRows || typeof last !== "number" ? -1 : last;
  }

  /** How many users with bindings that count, such bindings, or expired ones the table has. */
  counted(what: "users" | "contacts" | "expired", now: number): number | Promise<number> {
    const { columns, expiresType, useDomain } = this.settings;
    const times = [timeCell(0, expiresType), timeCell(now, expiresType)];
    const who = useDomain ? `${columns.user}, ${columns.domain}` : columns.user;
    const { expires } = columns;
    const expired = `${expires} > ? AND ${expires} < ?`;
    const valid = `FROM ${this.table} WHERE NOT (${expired})`;
    const from = {
      expired: `FROM ${this.table} WHERE ${expired}`,
      contacts: valid,
      users: `FROM (SELECT DISTINCT ${who} ${valid}) AS t`,
    }[what];
    const rows = this.db.raw(`SELECT COUNT(*) AS n ${from}`, times);
    const first = (list: readonly Row[]): number => Number(list[0]?.["n"] ?? 0);
    return rows instanceof Promise ? rows.then(first) : first(rows);
  }

  /** Removes rows that have expired; 0 means for ever. */
  deleteExpired(now: number): void {
    if (this.settings.dbMode === DbMode.READ_ONLY) return;
    const done = this.db.delete(this.table, this.expired(now));
    if (done instanceof Promise) done.catch((error: unknown) => this.tell(error));
  }

  /** The same, where `each` is told of what goes; at most `fetch_rows` at a time, the rest goes the next time. */
  endExpired(now: number, each: (contact: Contact) => void): void {
    const where = this.expired(now);
    const end = (rows: readonly Row[]): unknown => {
      for (const contact of this.contacts(rows)) each(contact);
      const last = rows.at(-1)?.["id"];
      if (typeof last !== "number") return undefined;
      return this.db.delete(this.table, [...where, { column: "id", op: "<=", value: last }]);
    };
    const rows = this.db.query(this.table, [], where, { order: "id", limit: this.settings.fetchRows });
    const done = rows instanceof Promise ? rows.then(end) : end(rows);
    if (done instanceof Promise) done.catch((error: unknown) => this.tell(error));
  }

  private expired(now: number): Match[] {
    const { expires, serverId } = this.settings.columns;
    const where: Match[] = [
      { column: expires, op: ">", value: timeCell(0, this.settings.expiresType) },
      { column: expires, op: "<", value: timeCell(now, this.settings.expiresType) },
    ];
    if (this.settings.serverIdFilter) where.push({ column: serverId, value: this.settings.serverId });
    return where;
  }
}

// The columns of a row that hold something: the others get what the table says (db_insert_null).
function withoutNulls(columns: readonly string[], row: readonly Cell[]): [string[], Cell[]] {
  return [columns.filter((_, i) => row[i] !== null), row.filter((cell) => cell !== null)];
}

// Whether a write that has failed may have been done all the same: it was under way when the connection was lost.
function mayBeDone(error: unknown): boolean {
  return isAway(error) && error instanceof StoreError && error.code !== DOWN && error.code !== BUSY;
}
