// Accounting of transactions: which are looked at, when something is told of them, and where it goes.

import type { Flow } from "../../net/flow.ts";
import { RouteContext, RouteKind } from "../../proxy/context.ts";
import { ScriptState } from "../../proxy/script-state.ts";
import type { TextReader } from "../../registry/args.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { reasonPhrase } from "../../sip/reasons.ts";
import type { Transaction } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import { type RecordRouting, rr } from "../rr/index.ts";
import { type TmEngine, tm } from "../tm/index.ts";
import { logLine } from "./log-line.ts";
import type { Outbox, OutgoingRow } from "./outbox.ts";
import { type AccRecord, legsOf, recordOf, tagOf, valuesOf } from "./record.ts";
import { columnsOf, legCells, rowOf } from "./rows.ts";
import type { AccSettings, Extra, LegPart } from "./settings.ts";
import { AccWatch } from "./watch.ts";

/** INVITEs whose ACKs are waited for; more than transactions there are never. */
const MAX_AWAITED = 100_000;

/** What parameters name in variables. */
export interface AccTexts {
  readonly logExtras: readonly Extra[];
  readonly dbExtras: readonly Extra[];
  readonly legs: readonly LegPart[];
  readonly accTable: TextReader;
  readonly missedTable: TextReader;
}

/** The accounting of a process. */
export class Accounting {
  readonly host: ModuleHost;
  readonly engine: TmEngine;
  private readonly outbox: Outbox;
  private readonly rr: RecordRouting | null;
  settings: AccSettings;
  private texts: AccTexts;
  private columns: readonly string[] = [];
  /** Answered INVITEs by what their ACKs carry; used with report_ack. */
  private readonly awaited = new Map<string, Transaction>();

  constructor(host: ModuleHost, outbox: Outbox, settings: AccSettings, texts: AccTexts) {
    this.host = host;
    this.outbox = outbox;
    this.settings = settings;
    this.texts = texts;
    this.engine = host.use(tm);
    this.rr = host.useIfLoaded(rr);
    this.engine.onCreate.push((tx, ctx) => this.created(tx, ctx));
    this.engine.onCancel.push((ctx) => this.canceled(ctx));
    this.engine.onAck.push((ctx) => this.acknowledged(ctx));
  }

  /** Puts the parameters of a generation in force. */
  apply(settings: AccSettings, texts: AccTexts): void {
    this.settings = settings;
    this.texts = texts;
    this.columns = columnsOf(settings.columns, settings.time, texts.dbExtras, texts.legs);
  }

  now(): number {
    return this.host.host.clock.wall();
  }

  // ---- what is looked at ----

  private created(tx: Transaction, ctx: RouteContext): void {
    const s = this.settings;
    const { message: msg } = ctx;
    const any = s.logFlag | s.dbFlag | s.logMissedFlag | s.dbMissedFlag | s.prepareFlag;
    if ((msg.flags & any) === 0 && !s.prepareAlways) return;
    if (msg.method === Method.CANCEL) return;
    keepRequest(tx, ctx);
    tx.watch(new AccWatch(this, this.isUpstream(ctx)));
  }

  // Requests from the callee show From and To as in the request that began the call.
  private isUpstream(ctx: RouteContext): boolean {
    if (!this.settings.detectDirection || this.rr === null) return false;
    return tagOf(ctx.message, "to") !== "" && !this.rr.isDownstream(ctx);
  }

  private canceled(ctx: RouteContext): void {
    const s = this.settings;
    if (!s.reportCancels || (ctx.message.flags & (s.logFlag | s.dbFlag)) === 0) return;
    this.account(
      "transaction answered",
      ctx,
      ctx.message.flags,
      this.record(ctx.message, null, tagOf(ctx.message, "to"), 200, false),
    );
  }

  // ---- ACKs ----

  /** An INVITE was answered: its ACK will be told. */
  awaitAck(tx: Transaction, msg: SipMessage, toTag: string): void {
    if (!this.settings.reportAck || this.awaited.size >= MAX_AWAITED) return;
    this.awaited.set(ackKey(msg, toTag), tx);
  }

  forget(tx: Transaction, msg: SipMessage, toTag: string): void {
    const key = ackKey(msg, toTag);
    if (this.awaited.get(key) === tx) this.awaited.delete(key);
  }

  // The flags of the INVITE count, not those of the ACK (as the oracle).
  private acknowledged(ctx: RouteContext): void {
    const { message: msg } = ctx;
    const tx = this.awaited.size === 0 ? undefined : this.awaited.get(ackKey(msg, tagOf(msg, "to")));
    if (tx === undefined) return;
    const state = tx.attachment as ScriptState | null;
    const record = this.record(msg, null, tagOf(msg, "to"), tx.status, false);
    const { avpsOrNull } = ctx;
    ctx.avpsOrNull = state?.avps ?? avpsOrNull; // those of the INVITE are seen
    this.account("request acknowledged", ctx, state?.flags ?? 0, record);
    ctx.avpsOrNull = avpsOrNull;
  }

  // ---- what is told ----

  /** The context over the request of a transaction, as variables of records see it. */
  contextOf(tx: Transaction): RouteContext {
    const { proxy } = this.host;
    const state = tx.attachment as ScriptState | null;
    const routes = state?.routes ?? proxy.routes!;
    const ctx = new RouteContext(proxy, routes, tx.ownRequest(), tx.origin as Flow, RouteKind.ONREPLY);
    ctx.transaction = tx;
    ctx.avpsOrNull = state?.avps ?? null;
    return ctx;
  }

  /** A record of a request and its reply; null for one made here, which has that To tag. */
  record(request: SipMessage, reply: SipMessage | null, toTag: string, status: number, upstream: boolean): AccRecord {
    const tag = reply === null ? toTag : tagOf(reply, "to");
    const reason = reply === null ? reasonPhrase(status) : this.reasonOf(reply);
    const made = recordOf(request, tag, String(status), reason, this.now());
    return upstream ? { ...made, fromTag: made.toTag, toTag: made.fromTag } : made;
  }

  private reasonOf(reply: SipMessage): string {
    const header = this.settings.reasonFromHeader ? reply.header(H.REASON) : null;
    return header ?? textOf(reply.buf, reply.reasonStart, reply.reasonEnd);
  }

  /** Tells of an end of a transaction where its flags want it. */
  account(what: string, ctx: RouteContext, flags: number, record: AccRecord): void {
    if ((flags & this.settings.logFlag) !== 0) this.log(what, ctx, record);
    if ((flags & this.settings.dbFlag) !== 0) this.store(this.texts.accTable(ctx), ctx, record);
  }

  /** Tells of a call that nobody took. */
  missed(ctx: RouteContext, flags: number, record: AccRecord): void {
    if ((flags & this.settings.logMissedFlag) !== 0) this.log("call missed", ctx, record);
    if ((flags & this.settings.dbMissedFlag) !== 0) this.store(this.texts.missedTable(ctx), ctx, record);
  }

  /** Writes a record to the log. */
  log(what: string, ctx: RouteContext, record: AccRecord): void {
    const { settings, texts } = this;
    if (!this.host.log.enabled(settings.logLevel)) return;
    const { logExtras: extras, legs } = texts;
    const line = logLine(record, settings.time, extras, valuesOf(extras, ctx), legs, legsOf(legs, ctx));
    this.host.log.write(settings.logLevel, `ACC: ${what}: ${line}`, settings.logFacility);
  }

  /** Writes a record, a row for each leg, now or when the database is back. False when it is known at once that it cannot be written. */
  store(table: string, ctx: RouteContext, record: AccRecord): boolean {
    return this.rows(table, ctx, record)
      .map((row) => this.outbox.put(row))
      .every((ok) => ok);
  }

  /** Writes it now or never. Whether it could; a promise where the database takes its time. */
  storeNow(table: string, ctx: RouteContext, record: AccRecord): boolean | Promise<boolean> {
    const done = this.rows(table, ctx, record).map((row) => this.outbox.tryNow(row));
    if (!done.some((each) => each instanceof Promise)) return done.every((each) => each === true);
    return Promise.all(done).then((all) => all.every((each) => each));
  }

  private rows(table: string, ctx: RouteContext, record: AccRecord): OutgoingRow[] {
    const { settings, texts, columns } = this;
    const cells = rowOf(record, settings.time, valuesOf(texts.dbExtras, ctx), settings.nullable);
    const legs = texts.legs.length === 0 ? [] : legsOf(texts.legs, ctx);
    return (legs.length > 0 ? legs : [[]]).map((leg) => ({
      url: settings.dbUrl,
      table,
      columns,
      cells: [...cells, ...legCells(texts.legs, leg)],
    }));
  }
}

/** Keeps the request with its transaction, with flags and AVPs: what the script has made of it is told at its end. */
export function keepRequest(tx: Transaction, ctx: RouteContext): void {
  const { message: msg } = ctx;
  tx.attachment ??= new ScriptState(ctx.routes);
  const state = tx.attachment as ScriptState;
  state.flags = msg.flags;
  state.avps = ctx.avps;
  if (tx.message !== null) return;
  msg.own();
  tx.message = msg;
}

function ackKey(msg: SipMessage, toTag: string): string {
  return `${msg.header(H.CALL_ID) ?? ""}\n${tagOf(msg, "from")}\n${toTag}\n${msg.cseq()?.number ?? 0}`;
}
