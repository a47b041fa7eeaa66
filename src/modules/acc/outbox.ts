// Rows on their way into the database. Those that it cannot take because it is away are kept in order, up to a bound, and written when it
// is back; a row whose connection was lost while it was written may stand there twice.

import type { ModuleHost } from "../../registry/module-host.ts";
import type { Cell } from "../../store/database.ts";
import { isAway } from "../../store/pool.ts";
import { Timer } from "../../util/timer-wheel.ts";

/** Rows that are kept, and the octets of their texts: strangers choose how long theirs are. */
const MAX_KEPT = 20_000;
const MAX_OCTETS = 64 << 20;
/** Milliseconds between looks at whether the database is back. */
const RETRY = 1000;
/** Rows written in one go, where the database answers at once. */
const SLICE = 100;

/** A row of a table. */
export interface OutgoingRow {
  readonly url: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
}

/** The rows of the process. */
export class Outbox {
  /** Rows that could not be kept. */
  dropped = 0;
  private readonly host: ModuleHost;
  private kept: OutgoingRow[] = [];
  private octets = 0;
  private writing = false;
  /** Rows written since the database is back. */
  private late = 0;
  private readonly timer = new Timer(() => void this.drain());

  constructor(host: ModuleHost) {
    this.host = host;
  }

  get size(): number {
    return this.kept.length;
  }

  /** Writes a row, now or when the database is back. False when it is known at once that it cannot be written. */
  put(row: OutgoingRow): boolean {
    if (this.kept.length > 0) return this.keep(row); // behind those before it
    const done = this.insert(row);
    if (!(done instanceof Promise)) return done === null || this.failed(row, done);
    void done.then((error) => error === null || this.failed(row, error));
    return true;
  }

  /** Writes a row; whether that went well. Nothing is kept. */
  tryNow(row: OutgoingRow): boolean | Promise<boolean> {
    const over = (error: unknown): boolean => {
      if (error !== null) this.complain(row, error);
      return error === null;
    };
    const done = this.insert(row);
    return done instanceof Promise ? done.then(over) : over(done);
  }

  // What went wrong; null when nothing did.
  private insert({ url, table, columns, cells }: OutgoingRow): unknown {
    try {
      const done = this.host.database(url).insert(table, columns, cells);
      if (!(done instanceof Promise)) return null;
      return done.then(
        () => null,
        (error: unknown) => error,
      );
    } catch (error) {
      return error;
    }
  }

  // Whether it may be written later.
  private failed(row: OutgoingRow, error: unknown): boolean {
    this.complain(row, error);
    return isAway(error) && this.keep(row);
  }

  private keep(row: OutgoingRow): boolean {
    const octets = octetsOf(row);
    if (this.kept.length >= MAX_KEPT || this.octets + octets > MAX_OCTETS) {
      this.dropped++;
      this.host.proxy.limited.error(
        this.host.log,
        `a record is lost: ${this.kept.length} wait for the database already`,
      );
      return false;
    }
    this.octets += octets;
    if (this.kept.length === 0) this.host.log.warn("the database is away: records are kept until it is back");
    this.kept.push(row);
    this.wait();
    return true;
  }

  private wait(ms = RETRY): void {
    if (!this.writing && !this.timer.armed) this.host.wheel.arm(this.timer, ms, this.host.host.clock.mono());
  }

  /** Writes what was kept, as far as the database takes it. */
  async drain(): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    let count = 0;
    let isBack = true;
    while (isBack && count < this.kept.length && count < SLICE) {
      const row = this.kept[count]!;
      const error = await this.insert(row);
      isBack = !isAway(error);
      if (!isBack) break;
      count++;
      if (error === null) this.late++;
      else this.complain(row, error);
    }
    for (let i = 0; i < count; i++) this.octets -= octetsOf(this.kept[i]!);
    this.kept = this.kept.slice(count);
    this.writing = false;
    if (this.kept.length > 0) this.wait(isBack ? 1 : RETRY);
    else {
      this.host.log.notice(`the database is back: ${this.late} records written that were kept`);
      this.late = 0;
    }
  }

  /** The process ends: what is kept is tried once more. */
  async close(): Promise<void> {
    this.host.wheel.cancel(this.timer);
    for (let before = -1; before !== this.kept.length && this.kept.length > 0; ) {
      before = this.kept.length;
      await this.drain();
      this.host.wheel.cancel(this.timer);
    }
    if (this.kept.length > 0) this.host.log.error(`${this.kept.length} records are lost: the database is away`);
  }

  private complain({ table }: OutgoingRow, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.host.proxy.limited.error(this.host.log, `cannot write a record into table ${table}: ${text}`);
  }
}

function octetsOf({ cells }: OutgoingRow): number {
  let octets = 0;
  for (const cell of cells) if (typeof cell === "string") octets += cell.length;
  return octets;
}
