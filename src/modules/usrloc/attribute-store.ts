// Attributes of contacts (xavp_contact) in a table of their own, beside the location table: a row a field, found by the ruid of the binding.
// They are written with their binding, or in slices with write-back; what a database that is away could not take is tried again then.

import type { XavpField } from "../../proxy/xavp.ts";
import type { Cell, Database, Row } from "../../store/database.ts";
import { isAway } from "../../store/pool.ts";
import type { Contact } from "./contact.ts";
import { timeCell } from "./rows.ts";
import { DbMode, type UsrlocSettings } from "./settings.ts";
import type { Waiter } from "./table-store.ts";

/** Kamailio's version number of table location_attrs. */
export const ATTRIBUTES_VERSION = 1;

/** Kinds of values in column atype. */
const Kind = { TEXT: 0, NUMBER: 1 } as const;
const COLUMNS = ["ruid", "username", "domain", "aname", "atype", "avalue", "last_modified"];
/** The most bindings whose attributes wait for a database that is away. */
const MAX_WAITING = 200_000;

/** The table of attributes of one location table: its name with "_attrs" behind it. */
export class AttributeStore {
  private readonly db: Database;
  private readonly table: string;
  private readonly settings: UsrlocSettings;
  private readonly wait: Waiter;
  private readonly tell: (error: unknown) => void;
  /** What is to be written, by ruid; null: to be deleted. */
  private readonly waiting = new Map<string, Contact | null>();

  constructor(
    db: Database,
    locationTable: string,
    settings: UsrlocSettings,
    wait: Waiter,
    tell: (error: unknown) => void,
  ) {
    this.db = db;
    this.table = `${locationTable}_attrs`;
    this.settings = settings;
    this.wait = wait;
    this.tell = tell;
    const layout = { name: this.table, layout: "location_attrs", version: ATTRIBUTES_VERSION };
    wait(db.ensureTable(layout, settings.checkVersion));
  }

  /** Bindings whose attributes are to be written. */
  get pending(): number {
    return this.waiting.size;
  }

  /** A binding is new or has changed. */
  written(contact: Contact): void {
    this.change(contact.ruid, contact);
  }

  /** A binding has gone. */
  removed(contact: Contact): void {
    this.change(contact.ruid, null);
  }

  private change(ruid: string, contact: Contact | null): void {
    const { dbMode } = this.settings;
    if (dbMode === DbMode.READ_ONLY) return;
    if (dbMode === DbMode.WRITE_BACK) this.later(ruid, contact);
    else this.put(ruid, contact);
  }

  private later(ruid: string, contact: Contact | null): void {
    if (this.waiting.size < MAX_WAITING || this.waiting.has(ruid)) this.waiting.set(ruid, contact);
  }

  /** Writes up to `budget` of those that wait; true when none is left. */
  flush(budget: number): boolean {
    let left = Math.min(budget, this.waiting.size);
    for (const [ruid, contact] of this.waiting) {
      if (left-- <= 0) break;
      this.waiting.delete(ruid);
      this.put(ruid, contact);
    }
    return this.waiting.size === 0;
  }

  private put(ruid: string, contact: Contact | null): void {
    const done = this.rewrite(ruid, contact);
    if (!(done instanceof Promise)) return;
    this.wait(
      done.catch((error: unknown) => {
        this.tell(error);
        if (isAway(error)) this.later(ruid, contact);
      }),
    );
  }

  private rewrite(ruid: string, contact: Contact | null): void | Promise<void> {
    const deleted = this.db.delete(this.table, [{ column: "ruid", value: ruid }]);
    const fields = contact?.attributes ?? [];
    if (deleted instanceof Promise) return deleted.then(() => this.insertAll(contact, fields));
    return this.insertAll(contact, fields);
  }

  private insertAll(contact: Contact | null, fields: readonly XavpField[]): void | Promise<void> {
    if (contact === null) return undefined;
    let work: Promise<void> | null = null;
    for (const field of fields) {
      const done = this.db.insert(this.table, COLUMNS, this.cells(contact, field));
      if (done instanceof Promise) work = work === null ? done : Promise.all([work, done]).then(() => undefined);
    }
    return work ?? undefined;
  }

  private cells(contact: Contact, { name, value }: XavpField): Cell[] {
    const at = this.settings.useDomain ? contact.aor.lastIndexOf("@") : -1;
    return [
      contact.ruid,
      at < 0 ? contact.aor : contact.aor.slice(0, at),
      at < 0 ? null : contact.aor.slice(at + 1),
      name,
      typeof value === "number" ? Kind.NUMBER : Kind.TEXT,
      String(value),
      timeCell(contact.lastModified, this.settings.expiresType),
    ];
  }

  /** Gives the bindings of an address of record their attributes. */
  read(contacts: readonly Contact[]): void | Promise<void> {
    const works = contacts.map((contact) => {
      const rows = this.db.query(this.table, [], [{ column: "ruid", value: contact.ruid }], { order: "id" });
      const take = (list: readonly Row[]): void => {
        for (const row of list) addTo(contact, row);
      };
      return rows instanceof Promise ? rows.then(take) : take(rows);
    });
    return works.some((w) => w instanceof Promise) ? Promise.all(works).then(() => undefined) : undefined;
  }

  /** Reads the whole table in pages; `byRuid` are the bindings that were read before. */
  load(byRuid: ReadonlyMap<string, Contact>): void | Promise<void> {
    let after = -1;
    for (;;) {
      const rows = this.page(after);
      if (rows instanceof Promise) return this.loadLater(rows, byRuid);
      after = this.take(rows, byRuid);
      if (after < 0) return undefined;
    }
  }

  private async loadLater(first: Promise<Row[]>, byRuid: ReadonlyMap<string, Contact>): Promise<void> {
    for (let after = this.take(await first, byRuid); after >= 0; ) after = this.take(await this.page(after), byRuid);
  }

  private page(after: number): Row[] | Promise<Row[]> {
    const where = [{ column: "id", op: ">" as const, value: after }];
    return this.db.query(this.table, [], where, { order: "id", limit: this.settings.fetchRows });
  }

  private take(rows: readonly Row[], byRuid: ReadonlyMap<string, Contact>): number {
    for (const row of rows) {
      const contact = byRuid.get(String(row["ruid"] ?? ""));
      if (contact !== undefined) addTo(contact, row);
    }
    const last = rows.at(-1)?.["id"];
    return rows.length < this.settings.fetchRows || typeof last !== "number" ? -1 : last;
  }
}

function addTo(contact: Contact, row: Row): void {
  const name = row["aname"];
  const cell = row["avalue"];
  if (typeof name !== "string" || name === "" || cell === null || cell === undefined) return;
  const text = String(cell);
  const number = Number(text);
  const isNumber = Number(row["atype"]) === Kind.NUMBER && Number.isInteger(number);
  contact.attributes = [...(contact.attributes ?? []), { name, value: isNumber ? number | 0 : text }];
}
