// Dialogs in a database (db_mode): only calls that were answered are written, as on Kamailio. Databases that answer later are waited for at
// start and at the end only. What a server that is away could not take is written when it is back.

import type { Database, Match, Row } from "../../store/database.ts";
import { isAway } from "../../store/pool.ts";
import { Timer } from "../../util/timer-wheel.ts";
import { type Dialog, Seen } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import { cells, dialogOf, writtenColumns } from "./rows.ts";
import { DbMode } from "./settings.ts";

/** Kamailio's version numbers of the tables. */
export const DIALOG_VERSION = 7;
export const DIALOG_VARS_VERSION = 1;

/** How many rows are written in one slice of a delayed write, and the milliseconds between slices. */
const SLICE_ROWS = 500;
const SLICE_MS = 50;

/** How long a database that has failed is left alone, milliseconds; how many rows to delete are remembered for it. */
const RETRY_MS = 1000;
const MAX_GONE = 100_000;

/** The database side of the dialogs of a process. */
export class DialogStore {
  private readonly dialogs: Dialogs;
  private db: Database | null = null;
  private url = "";
  private mode: number = DbMode.NONE;
  /** What a delayed write is about, and one that has failed: dialogs to write, and identifiers of rows to delete. */
  private readonly dirty = new Set<Dialog>();
  private readonly gone: { readonly entry: number; readonly id: number }[] = [];
  private readonly timer = new Timer(() => this.slice());
  private waiting: Promise<unknown>[] = [];
  /** A write has failed: nobody knows what is in the database of these. */
  private readonly unsure = new WeakSet<Dialog>();
  /** Dialogs that are no more, so that a write which fails afterwards does not bring them back. */
  private readonly ended = new WeakSet<Dialog>();
  /** The database has failed since the last try. */
  private failing = false;

  constructor(dialogs: Dialogs) {
    this.dialogs = dialogs;
  }

  /** Whether there is a database. */
  get isOpen(): boolean {
    return this.db !== null;
  }

  /** Puts the settings in force; at the first time the tables are made if need be, and read. */
  open(): Promise<void> | null {
    const { settings, host } = this.dialogs;
    if (this.db !== null) {
      if (settings.dbUrl !== this.url || settings.dbMode !== this.mode)
        host.log.warn("db_url and db_mode stay as they were until the next start: dialogs are in use");
      return null;
    }
    this.mode = settings.dbMode;
    this.url = settings.dbUrl;
    if (this.mode === DbMode.NONE) return null;
    const db = host.database(this.url);
    this.db = db;
    const tables = [
      { name: settings.table, layout: "dialog", version: DIALOG_VERSION },
      { name: settings.varsTable, layout: "dialog_vars", version: DIALOG_VARS_VERSION },
    ];
    let made: unknown;
    for (const table of tables) made = after(made, () => db.ensureTable(table));
    const read = after(made, () => (settings.dbSkipLoad ? undefined : this.load([])));
    if (this.mode === DbMode.DELAYED) this.arm(settings.dbUpdatePeriod * 1000);
    return read instanceof Promise ? read.then(() => undefined) : null;
  }

  // ---- writing ----

  /** A dialog has changed. */
  written(dialog: Dialog): void {
    if (this.db === null || !dialog.isConfirmed) return;
    dialog.dirty = true;
    if (this.mode === DbMode.REALTIME) this.put(dialog);
    else if (this.mode === DbMode.DELAYED) this.dirty.add(dialog);
  }

  /** A dialog has ended. */
  removed(dialog: Dialog): void {
    if (this.db === null) return;
    this.dirty.delete(dialog);
    if (!dialog.stored && !this.unsure.has(dialog)) return;
    this.ended.add(dialog);
    dialog.stored = false;
    if (this.mode === DbMode.REALTIME) this.drop(dialog);
    else this.gone.push({ entry: dialog.entry, id: dialog.id });
  }

  /** Writes all that is to be kept, and waits for it. */
  stop(): Promise<void> | null {
    const { host, table } = this.dialogs;
    host.wheel.cancel(this.timer);
    if (this.db === null) return null;
    if (this.mode === DbMode.SHUTDOWN)
      for (const dialog of table.all())
        if (dialog.isConfirmed && (dialog.dirty || !dialog.stored)) this.dirty.add(dialog);
    this.failing = false;
    this.flush(Number.MAX_SAFE_INTEGER);
    const work = this.waiting;
    this.waiting = [];
    return work.length === 0 ? null : Promise.all(work).then(() => undefined);
  }

  private slice(): void {
    this.failing = false;
    const done = this.flush(SLICE_ROWS);
    if (!done) this.arm(SLICE_MS);
    else if (this.mode === DbMode.DELAYED && !this.failing) this.arm(this.dialogs.settings.dbUpdatePeriod * 1000);
  }

  // True when nothing is left, or the database fails.
  private flush(rows: number): boolean {
    let left = rows;
    while (this.gone.length > 0 && !this.failing) {
      if (left-- <= 0) return false;
      this.drop(this.gone.pop()!);
    }
    for (const dialog of this.dirty) {
      if (this.failing) return true;
      if (left-- <= 0) return false;
      this.dirty.delete(dialog);
      this.put(dialog);
    }
    return true;
  }

  private put(dialog: Dialog): void {
    const { db } = this;
    if (db === null) return;
    const { settings } = this.dialogs;
    const columns = writtenColumns(settings.columns);
    const isUnsure = this.unsure.delete(dialog);
    const isNew = isUnsure || !dialog.stored;
    dialog.stored = true;
    dialog.dirty = false;
    const again = (): void => this.again(dialog);
    if (isUnsure) this.work(() => db.delete(settings.table, this.rowOf(dialog)), again);
    this.work(
      () =>
        isNew
          ? db.insert(settings.table, columns, cells(dialog))
          : db.update(settings.table, this.rowOf(dialog), columns, cells(dialog)),
      again,
    );
    if (isUnsure || (dialog.seen & Seen.VARIABLES) !== 0 || (isNew && dialog.variables.size > 0))
      this.putVariables(db, dialog, isNew && !isUnsure);
  }

  private again(dialog: Dialog): void {
    if (this.ended.has(dialog)) return;
    this.unsure.add(dialog);
    this.dirty.add(dialog);
  }

  private putVariables(db: Database, dialog: Dialog, isNew: boolean): void {
    const { settings } = this.dialogs;
    const { varsEntry, varsId, varsKey, varsValue } = settings.columns;
    dialog.seen &= ~Seen.VARIABLES;
    const again = (): void => this.again(dialog);
    if (!isNew) this.work(() => db.delete(settings.varsTable, this.varsOf(dialog)), again);
    const columns = [varsEntry, varsId, varsKey, varsValue];
    // the newest first, as Kamailio writes them
    for (const [name, value] of [...dialog.variables].reverse())
      this.work(() => db.insert(settings.varsTable, columns, [dialog.entry, dialog.id, name, value]), again);
  }

  private drop(dialog: { readonly entry: number; readonly id: number }): void {
    const { db } = this;
    if (db === null) return;
    const { settings } = this.dialogs;
    const { entry, id } = dialog;
    const again = (): void => {
      const last = this.gone.at(-1);
      if (this.gone.length < MAX_GONE && (last?.entry !== entry || last.id !== id)) this.gone.push({ entry, id });
    };
    this.work(() => db.delete(settings.table, this.rowOf(dialog)), again);
    this.work(() => db.delete(settings.varsTable, this.varsOf(dialog)), again);
  }

  private rowOf({ entry, id }: { readonly entry: number; readonly id: number }): Match[] {
    const { columns } = this.dialogs.settings;
    return [
      { column: columns.entry, value: entry },
      { column: columns.id, value: id },
    ];
  }

  private varsOf({ entry, id }: { readonly entry: number; readonly id: number }): Match[] {
    const { columns } = this.dialogs.settings;
    return [
      { column: columns.varsEntry, value: entry },
      { column: columns.varsId, value: id },
    ];
  }

  // A database that fails costs no call. `again` remembers the write for when the server is back.
  private work(run: () => unknown, again: () => void): void {
    try {
      const done = run();
      if (!(done instanceof Promise)) return;
      const told = done.catch((error: unknown) => this.failed(error, again));
      this.waiting.push(told);
      void told.finally(() => {
        const at = this.waiting.indexOf(told);
        if (at >= 0) this.waiting.splice(at, 1);
      });
    } catch (error) {
      this.failed(error, again);
    }
  }

  private failed(error: unknown, again: () => void): void {
    const { proxy } = this.dialogs.host;
    if (isAway(error)) {
      again();
      if (!this.failing) this.arm(RETRY_MS);
      this.failing = true;
    }
    proxy.limited.error(proxy.log, `dialog: database: ${error instanceof Error ? error.message : String(error)}`);
  }

  // ---- reading ----

  /** Reads the dialogs that fit the conditions and are not in memory. How many there were; at once where the database answers at once. */
  load(where: readonly Match[]): number | Promise<number> {
    let after = -1;
    let count = 0;
    for (;;) {
      const rows = this.page(where, after);
      if (rows instanceof Promise) return this.loadLater(rows, where);
      count += this.take(rows, (d) => this.readVariables(d));
      after = this.last(rows);
      if (after < 0) return count;
    }
  }

  private async loadLater(first: Promise<Row[]>, where: readonly Match[]): Promise<number> {
    let count = 0;
    for (let rows = await first; ; ) {
      const variables: Promise<unknown>[] = [];
      count += this.take(rows, (d) => {
        const read = this.readVariables(d);
        if (read instanceof Promise) variables.push(read);
      });
      await Promise.all(variables);
      const after = this.last(rows);
      if (after < 0) return count;
      rows = await this.page(where, after);
    }
  }

  private page(where: readonly Match[], after: number): Row[] | Promise<Row[]> {
    const { dbFetchRows, table } = this.dialogs.settings;
    const all: Match[] = [...where, { column: "id", op: ">", value: after }];
    return this.db!.query(table, [], all, { order: "id", ...(dbFetchRows > 0 ? { limit: dbFetchRows } : {}) });
  }

  private last(rows: readonly Row[]): number {
    const { dbFetchRows } = this.dialogs.settings;
    const last = rows.at(-1)?.["id"];
    return dbFetchRows === 0 || rows.length < dbFetchRows || typeof last !== "number" ? -1 : last;
  }

  private take(rows: readonly Row[], readVariables: (dialog: Dialog) => unknown): number {
    const { dialogs } = this;
    const { table, profiles, settings, host } = dialogs;
    let count = 0;
    for (const row of rows) {
      const loaded = dialogOf(row, settings.columns, dialogs);
      if (loaded === null || table.find(loaded.dialog.entry, loaded.dialog.id) !== null) continue;
      if (table.full) {
        host.log.warn("dialog: rows were left out, there are more than max_dialogs");
        return count;
      }
      const { dialog } = loaded;
      for (const { name, value } of loaded.profiles) {
        const profile = profiles.find(name);
        if (profile !== null) profiles.add(profile, dialog, value ?? "");
      }
      dialog.seen = Seen.ANSWERED | Seen.ACK | Seen.RELAYED;
      readVariables(dialog);
      dialogs.resume(dialog);
      count++;
    }
    return count;
  }

  private readVariables(dialog: Dialog): unknown {
    const { settings } = this.dialogs;
    const { varsKey, varsValue } = settings.columns;
    const rows = this.db!.query(settings.varsTable, [varsKey, varsValue], this.varsOf(dialog));
    const put = (list: readonly Row[]): void => {
      for (const row of [...list].reverse())
        dialog.setVariable(String(row[varsKey] ?? ""), String(row[varsValue] ?? ""));
      dialog.seen &= ~Seen.VARIABLES;
    };
    return rows instanceof Promise ? rows.then(put) : put(rows);
  }

  private arm(ms: number): void {
    const { host } = this.dialogs;
    host.wheel.arm(this.timer, ms, host.host.clock.mono());
  }
}

function after(before: unknown, then: () => unknown): unknown {
  return before instanceof Promise ? before.then(then) : then();
}
