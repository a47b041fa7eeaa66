// One location table in memory: addresses of record by name, their bindings, and what of them must reach the database.

import type { AttributeStore } from "./attribute-store.ts";
import { AorRecord, type Contact, ContactState } from "./contact.ts";
import { DbMode } from "./settings.ts";
import type { Page, TableStore } from "./table-store.ts";
import type { Usrloc } from "./usrloc.ts";

/** A location table ("location"). Changes go through `add`, `changed` and `remove`, which keep counts and database. */
export class Domain {
  readonly name: string;
  /** Bindings in memory. */
  contacts = 0;
  /** Bindings that a sweep found expired, since the start. */
  expired = 0;
  private readonly usrloc: Usrloc;
  private readonly records = new Map<string, AorRecord>();
  /** Bindings with an instance, by ruid, for temporary GRUUs. */
  private readonly instances = new Map<string, Contact>();
  private readonly store: TableStore | null;
  private readonly attributes: AttributeStore | null;
  private sweepAt: MapIterator<AorRecord> | null = null;

  constructor(usrloc: Usrloc, name: string, store: TableStore | null, attributes: AttributeStore | null = null) {
    this.attributes = attributes;
    this.usrloc = usrloc;
    this.name = name;
    this.store = store;
    if (store !== null)
      store.onRefused = (contact) => {
        const record = this.records.get(contact.aor);
        if (record !== undefined) this.remove(record, contact, false);
      };
  }

  /** A request repeats what made or changed a binding: it waits until that is written, too. */
  repeated(contact: Contact): void {
    this.store?.await(contact);
  }

  /** Addresses of record in memory. */
  get users(): number {
    return this.records.size;
  }

  /** The record in memory; undefined when there is none. With db_mode 3 there never is: see `fetch`. */
  get(aor: string): AorRecord | undefined {
    return this.records.get(aor);
  }

  all(): Iterable<AorRecord> {
    return this.records.values();
  }

  /** The record, read from the database when nothing is kept in memory (db_mode 3). */
  fetch(aor: string): AorRecord | undefined | Promise<AorRecord | undefined> {
    if (this.store === null || this.usrloc.settings.dbMode !== DbMode.DB_ONLY) return this.records.get(aor);
    return this.recordOnce(this.store.read(aor));
  }

  /** The record that has the binding of a temporary GRUU: by record id, among those with an instance. With db_mode 3 without the others. */
  fetchByRuid(ruid: string): AorRecord | undefined | Promise<AorRecord | undefined> {
    if (this.store !== null && this.usrloc.settings.dbMode === DbMode.DB_ONLY)
      return this.recordOnce(this.store.readRow(ruid));
    const contact = this.instances.get(ruid);
    return contact === undefined ? undefined : this.records.get(contact.aor);
  }

  private recordOnce(read: Contact[] | Promise<Contact[]>): AorRecord | undefined | Promise<AorRecord | undefined> {
    return read instanceof Promise ? read.then((list) => this.whole(list)) : this.whole(read);
  }

  private whole(contacts: readonly Contact[]): AorRecord | undefined | Promise<AorRecord | undefined> {
    const read = this.attributes?.read(contacts);
    return read instanceof Promise ? read.then(() => this.recordOf(contacts)) : this.recordOf(contacts);
  }

  private recordOf(contacts: readonly Contact[]): AorRecord | undefined {
    if (contacts.length === 0) return undefined;
    const record = new AorRecord(contacts[0]!.aor);
    for (const contact of contacts) record.place(contact, this.usrloc.settings.newestFirst);
    return record;
  }

  /** Puts in what the database had; nothing is written. */
  loaded(contact: Contact): void {
    let record = this.records.get(contact.aor);
    if (record === undefined) {
      record = new AorRecord(contact.aor);
      this.records.set(contact.aor, record);
    }
    record.place(contact, this.usrloc.settings.newestFirst);
    this.count(contact);
  }

  /** Adds a binding to a record, or to a new one when that is undefined. Returns the record. `persist` false: memory only. */
  add(found: AorRecord | undefined, contact: Contact, persist = true): AorRecord {
    const record = found ?? new AorRecord(contact.aor);
    record.place(contact, this.usrloc.settings.newestFirst);
    if (this.usrloc.settings.dbMode !== DbMode.DB_ONLY || this.store === null) {
      if (found === undefined) this.records.set(contact.aor, record);
      this.count(contact);
    }
    if (persist) this.write(contact);
    return record;
  }

  private write(contact: Contact): void {
    this.store?.written(contact);
    this.attributes?.written(contact);
  }

  private count(contact: Contact): void {
    this.contacts++;
    this.usrloc.total++;
    if (contact.instance !== "") this.instances.set(contact.ruid, contact);
    this.usrloc.flows?.put(contact);
  }

  /** Tells that a binding's fields have changed. */
  changed(record: AorRecord, contact: Contact, persist = true): void {
    record.refreshed(contact, this.usrloc.settings.newestFirst);
    if (contact.instance !== "" && this.records.has(contact.aor)) this.instances.set(contact.ruid, contact);
    this.usrloc.flows?.put(contact);
    if (contact.state === ContactState.SYNC) contact.state = ContactState.DIRTY;
    if (persist) this.write(contact);
  }

  /** Takes a binding out, and its record with the last one. */
  remove(record: AorRecord, contact: Contact, persist = true): void {
    const at = record.contacts.indexOf(contact);
    if (at < 0) return;
    record.contacts.splice(at, 1);
    if (this.records.get(record.aor) === record) {
      this.contacts--;
      this.usrloc.total--;
      if (contact.instance !== "") this.instances.delete(contact.ruid);
      this.usrloc.flows?.forget(contact);
      if (record.contacts.length === 0) this.records.delete(record.aor);
    }
    if (!persist) return;
    this.store?.removed(contact);
    this.attributes?.removed(contact);
  }

  /** The bindings in the database behind the row of that id, at most `fetch_rows`; null without a database. */
  pageOfRows(after: number): Page | Promise<Page> | null {
    return this.store?.pageAfter(after) ?? null;
  }

  /** Deletes the row of a record id where nothing is in memory (db_mode 3): how many there were; null elsewhere. */
  removeRow(ruid: string): number | Promise<number> | null {
    if (this.usrloc.settings.dbMode !== DbMode.DB_ONLY || this.store === null) return null;
    return this.store.removeRow(ruid);
  }

  /** Takes all bindings out. */
  removeAll(record: AorRecord, persist = true): void {
    for (let i = record.contacts.length - 1; i >= 0; i--) this.remove(record, record.contacts[i]!, persist);
  }

  /** Ends a binding now; the next sweep takes it out as it does with those whose time is over. */
  expire(contact: Contact): void {
    contact.expires = this.usrloc.now();
  }

  /**
   * Looks at the next `budget` records and takes out what has expired. The place is kept between calls, so that a table of any size
   * is swept in slices that never hold up the loop. Returns true when the end of the table was reached.
   */
  sweep(now: number, budget: number): boolean {
    this.sweepAt ??= this.records.values();
    for (let i = 0; i < budget; i++) {
      const { value: record, done } = this.sweepAt.next();
      if (done === true) {
        this.sweepAt = null;
        return true;
      }
      for (let k = record.contacts.length - 1; k >= 0; k--) {
        const contact = record.contacts[k]!;
        if (contact.isValid(now)) continue;
        this.expired++;
        this.usrloc.onExpired?.(this, contact);
        if (this.usrloc.settings.closeExpired) this.usrloc.closeFlow(contact);
        this.remove(record, contact);
      }
    }
    return false;
  }

  /** Writes up to `budget` pending changes (write-back). Returns true when none is left. */
  flush(budget: number): boolean {
    this.attributes?.flush(budget);
    return this.store === null || this.store.flush(budget);
  }

  /** How many changes wait to be written. */
  get pending(): number {
    return (this.store?.pending ?? 0) + (this.attributes?.pending ?? 0);
  }

  /** Whether nothing is to be written now: all is, or the database has just failed. */
  get rests(): boolean {
    return this.store === null || this.store.rests;
  }

  /** Tries again what the database has failed to take. */
  resume(): void {
    this.store?.resume();
  }

  /** Resolves when the writes under way are done, well or badly; null when none is. */
  settled(): Promise<unknown> | null {
    return this.store?.settled() ?? null;
  }

  /** The bindings of the table in the database: how many there are of what; throws StoreError. */
  counted(what: "users" | "contacts" | "expired", now: number): number | Promise<number> {
    return this.store?.counted(what, now) ?? 0;
  }

  /** Removes rows of the database that have expired; with db_mode 3 memory knows nothing of them, and whoever wants to know is told. */
  cleanDatabase(now: number): void {
    const { onExpired } = this.usrloc;
    const isAlone = this.usrloc.settings.dbMode === DbMode.DB_ONLY;
    if (isAlone && onExpired !== null) this.store?.endExpired(now, (contact) => onExpired(this, contact));
    else this.store?.deleteExpired(now);
  }
}
