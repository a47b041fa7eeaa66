// Call data records: one for each call that has ended, by what module dialog tells.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { Cell } from "../../store/database.ts";
import { dateCell } from "../../store/dates.ts";
import type { Transaction } from "../../tm/index.ts";
import { strftime } from "../../util/strftime.ts";
import type { Dialog, Dialogs } from "../dialog/index.ts";
import { type Accounting, keepRequest } from "./accounting.ts";
import type { Outbox } from "./outbox.ts";
import { shown } from "./record.ts";
import { type Extra, TimeMode, type TimeSettings } from "./settings.ts";

/** Names are those of fields of the log and of columns. */
export interface CdrSettings {
  /** Dialog variable whose calls are left out; "" none. */
  readonly skip: string;
  readonly onExpired: boolean;
  readonly onFailed: boolean;
  /** Whether calls begin with their answer. */
  readonly fromAnswer: boolean;
  readonly facility: number | null;
  readonly level: number;
  readonly startId: string;
  readonly endId: string;
  readonly durationId: string;
  readonly logs: boolean;
  readonly nullable: boolean;
  readonly dbUrl: string;
  /** "" for none. */
  readonly table: string;
  readonly time: TimeSettings;
}

/** Writes the records of calls. */
export class CallRecords {
  private readonly host: ModuleHost;
  private readonly outbox: Outbox;
  private readonly accounting: Accounting;
  private readonly dialogs: Dialogs;
  private settings: CdrSettings | null = null;
  private extras: readonly Extra[] = [];
  /** Calls that have ended by a BYE whose route still runs, and that has no transaction yet. */
  private readonly ending = new Map<Dialog, { readonly ctx: RouteContext; readonly at: number }>();

  constructor(host: ModuleHost, outbox: Outbox, accounting: Accounting, dialogs: Dialogs) {
    this.host = host;
    this.outbox = outbox;
    this.accounting = accounting;
    this.dialogs = dialogs;
    dialogs.listeners.push({
      created: (dialog) => this.begins(dialog, false),
      confirmed: (dialog) => this.begins(dialog, true),
      failed: (dialog, ctx) => this.failed(dialog, ctx),
      ended: (dialog, ctx) => {
        if (ctx === null || ctx.kind !== RouteKind.REQUEST) this.ended(dialog, ctx, this.now());
        else if (ctx.transaction !== null) this.await(dialog, ctx.transaction as Transaction, ctx, this.now());
        else this.ending.set(dialog, { ctx, at: this.now() });
      },
      removed: (dialog) => this.routeEnds(dialog, null),
      expired: (dialog) => {
        if (this.settings?.onExpired === true) this.ended(dialog, null, this.now());
      },
    });
    accounting.engine.onCreate.push((tx, ctx) => {
      for (const [dialog, { ctx: waiting, at }] of this.ending) {
        if (waiting !== ctx) continue;
        this.ending.delete(dialog);
        this.await(dialog, tx, ctx, at);
      }
    });
    accounting.engine.onScriptEnd.push((ctx) => {
      for (const [dialog, waiting] of this.ending) if (waiting.ctx === ctx) this.routeEnds(dialog, ctx);
    });
  }

  // The record of a call is written when its BYE is answered, so that routes of the reply can add to it (as the oracle).
  private await(dialog: Dialog, tx: Transaction, ctx: RouteContext, at: number): void {
    keepRequest(tx, ctx);
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.ended(dialog, this.accounting.contextOf(tx), at);
    };
    tx.watch({
      replying: (_tx, status) => {
        if (status >= 200) over();
      },
      released: over,
    });
  }

  /** Puts settings in force; null for no records. */
  apply(settings: CdrSettings | null, extras: readonly Extra[]): void {
    this.settings = settings;
    this.extras = extras;
  }

  // The beginning stands with the dialog, and so survives with it.
  private begins(dialog: Dialog, answered: boolean): void {
    const s = this.settings;
    if (s === null || s.fromAnswer !== answered) return;
    dialog.setVariable(s.startId, seconds(this.now()));
  }

  private failed(dialog: Dialog, ctx: RouteContext | null): void {
    const s = this.settings;
    if (s === null || !s.onFailed || this.isLeftOut(dialog, s)) return;
    const now = this.now();
    this.write(dialog, ctx, now, now, s);
  }

  private routeEnds(dialog: Dialog, ctx: RouteContext | null): void {
    const waiting = this.ending.get(dialog);
    if (waiting === undefined) return;
    this.ending.delete(dialog);
    this.ended(dialog, ctx, waiting.at);
  }

  private now(): number {
    return this.host.host.clock.wall();
  }

  private ended(dialog: Dialog, ctx: RouteContext | null, now: number): void {
    const s = this.settings;
    if (s === null || this.isLeftOut(dialog, s)) return;
    const began = Number(dialog.variables.get(s.startId) ?? Number.NaN) * 1000;
    const start = Number.isFinite(began) ? began : (s.fromAnswer ? dialog.startedAt : dialog.createdAt) * 1000;
    this.write(dialog, ctx, Math.round(start), now, s);
  }

  private isLeftOut(dialog: Dialog, { skip }: CdrSettings): boolean {
    return skip !== "" && dialog.variables.has(skip);
  }

  private write(dialog: Dialog, from: RouteContext | null, start: number, end: number, s: CdrSettings): void {
    const length = end > start ? seconds(end - start) : "0";
    dialog.setVariable(s.startId, seconds(start));
    dialog.setVariable(s.endId, seconds(end));
    dialog.setVariable(s.durationId, length);
    const ctx = this.dialogs.events.contextOf(dialog, from);
    // without a message there is nothing but the dialog (as the oracle)
    const values = this.extras.map(({ value, ofDialog }) => (from === null && !ofDialog ? null : value.get(ctx)));
    if (s.logs && this.host.log.enabled(s.level)) {
      let line = `${s.startId}=${seconds(start)}; ${s.endId}=${seconds(end)}; ${s.durationId}=${length}`;
      this.extras.forEach((extra, i) => {
        line += `; ${extra.name}=${shown(values[i] ?? null)}`;
      });
      this.host.log.write(s.level, line, s.facility);
    }
    if (s.table === "") return;
    const columns = [s.startId, s.endId, s.durationId, ...this.extras.map((extra) => extra.name)];
    const cells: Cell[] = [momentCell(start, s.time), momentCell(end, s.time), Number(length)];
    for (const value of values) cells.push(value === null ? (s.nullable ? null : "") : shown(value));
    this.outbox.put({ url: s.dbUrl, table: s.table, columns, cells });
  }
}

function seconds(ms: number): string {
  return (Math.floor(ms) / 1000).toFixed(3);
}

// Times in UTC are texts in this form whatever time_format says, all others are moments (as the oracle).
function momentCell(ms: number, { mode }: TimeSettings): Cell {
  return mode === TimeMode.UTC ? strftime("%Y-%m-%d %H:%M:%S", ms, true) : dateCell(Math.floor(ms / 1000));
}
