// Module acc: accounting of transactions and calls, to the log and to databases.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, str } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  type FunctionResult,
  fn,
  type ParamReaders,
  type ParamValues,
} from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { facilityOf } from "../../util/log.ts";
import { core } from "../core/index.ts";
import { dialog } from "../dialog/index.ts";
import { rr } from "../rr/index.ts";
import { tm } from "../tm/index.ts";
import { Accounting, type AccTexts } from "./accounting.ts";
import { CallRecords, type CdrSettings } from "./cdr.ts";
import { Outbox } from "./outbox.ts";
import { params } from "./params.ts";
import { codeAndReason, recordOf, tagOf } from "./record.ts";
import { ACC_VERSION, CDR_VERSION, MISSED_VERSION } from "./rows.ts";
import { type AccSettings, type Extra, extrasOf, legPartsOf, TimeMode } from "./settings.ts";

type Params = ParamValues<typeof params>;

/** What acc keeps for the process: the accounting, made with the first generation. */
class AccState {
  readonly host: ModuleHost;
  readonly outbox: Outbox;
  accounting: Accounting | null = null;
  cdrs: CallRecords | null = null;
  constructor(host: ModuleHost) {
    this.host = host;
    this.outbox = new Outbox(host);
    const { statistics } = host.proxy;
    statistics.put("acc", "kept_records", () => this.outbox.size, true);
    statistics.put("acc", "lost_records", () => this.outbox.dropped);
  }
}

/** The module in one generation. */
class Acc {
  readonly state: AccState;
  readonly params: Params;
  readonly settings: AccSettings;
  texts: AccTexts | null = null;
  private cdrExtras: readonly Extra[] = [];

  constructor(state: AccState, params: Params) {
    this.state = state;
    this.params = params;
    this.settings = settingsOf(params);
  }

  bind(readers: ParamReaders): void {
    const p = this.params;
    const table = (text: string, param: string) => {
      const reader = readers.text(text);
      if (reader instanceof ArgError) throw new ConfigError(reader.message, param, reader.hint);
      return reader;
    };
    if (p.cdr_enable !== 0 && this.state.host.useIfLoaded(dialog) === null)
      throw new ConfigError("cdr_enable needs module dialog", "cdr_enable", 'loadmodule "dialog.so"');
    this.cdrExtras = extrasOf(p.cdr_extra, "cdr_extra", p.cdr_extra_size, readers);
    this.texts = {
      logExtras: extrasOf(p.log_extra, "log_extra", p.acc_extra_size, readers),
      dbExtras: extrasOf(p.db_extra, "db_extra", p.acc_extra_size, readers),
      legs: legPartsOf(p.multi_leg_info, p.acc_extra_size),
      accTable: table(p.db_table_acc, "db_table_acc"),
      missedTable: table(p.db_table_missed_calls, "db_table_missed_calls"),
    };
  }

  async start(): Promise<void> {
    const { state, settings } = this;
    const texts = this.texts!;
    state.accounting ??= new Accounting(state.host, state.outbox, settings, texts);
    state.accounting.apply(settings, texts);
    this.startCdrs();
    if (settings.dbUrl === "") return;
    const database = state.host.database(settings.dbUrl);
    const { db_table_acc: acc, db_table_missed_calls: missed, cdrs_table: calls, cdr_enable } = this.params;
    const tables = [
      { name: acc, layout: "acc", version: ACC_VERSION },
      { name: missed, layout: "missed_calls", version: MISSED_VERSION },
      { name: cdr_enable === 0 ? "" : calls, layout: "acc_cdrs", version: CDR_VERSION },
    ];
    // those whose names are made of variables are for the operator to make
    for (const table of tables)
      if (table.name !== "" && !table.name.includes("$")) await database.ensureTable(table, settings.checkVersion);
  }

  private startCdrs(): void {
    const { state, params } = this;
    const dialogs = params.cdr_enable === 0 ? null : state.host.useIfLoaded(dialog);
    if (dialogs === null) {
      state.cdrs?.apply(null, []);
      return;
    }
    state.cdrs ??= new CallRecords(state.host, state.outbox, state.accounting!, dialogs);
    state.cdrs.apply(cdrSettingsOf(params), this.cdrExtras);
  }

  logRequest(ctx: RouteContext, comment: string): number {
    const accounting = this.state.accounting;
    if (accounting === null) return -1;
    accounting.log("request accounted", ctx, this.record(ctx, comment));
    return 1;
  }

  dbRequest(ctx: RouteContext, comment: string, table: string): FunctionResult {
    const accounting = this.state.accounting;
    if (accounting === null || this.settings.dbUrl === "") return -1;
    const record = this.record(ctx, comment);
    if (!this.settings.waits) return accounting.store(table, ctx, record) ? 1 : -1;
    const stored = accounting.storeNow(table, ctx, record);
    if (typeof stored === "boolean") return stored ? 1 : -1;
    return stored.then((ok) => (ok ? 1 : -1));
  }

  private record(ctx: RouteContext, comment: string) {
    const [code, reason] = codeAndReason(comment);
    return recordOf(ctx.message, tagOf(ctx.message, "to"), code, reason, this.state.host.host.clock.wall());
  }
}

function settingsOf(p: Params): AccSettings {
  const mask = (flag: number): number => (flag < 0 ? 0 : (1 << flag) | 0);
  const ofDatabase = (flag: number): number => (p.db_url === "" ? 0 : mask(flag));
  if (p.time_mode !== TimeMode.NONE && p.time_attr === "")
    throw new ConfigError("time_mode needs a name for the value", "time_attr", 'modparam("acc", "time_attr", "…")');
  if (p.time_mode === TimeMode.SPLIT && p.time_exten === "")
    throw new ConfigError("time_mode 1 needs a name for the microseconds", "time_exten");
  const facility = facilityOf(p.log_facility);
  if (facility === null && p.log_facility !== "")
    throw new ConfigError(`no facility "${p.log_facility}"`, "log_facility", '"LOG_LOCAL0"');
  if (p.cdr_facility !== "" && facilityOf(p.cdr_facility) === null)
    throw new ConfigError(`no facility "${p.cdr_facility}"`, "cdr_facility", '"LOG_LOCAL0"');
  return {
    logFlag: mask(p.log_flag),
    logMissedFlag: mask(p.log_missed_flag),
    dbFlag: ofDatabase(p.db_flag),
    dbMissedFlag: ofDatabase(p.db_missed_flag),
    failedFlag: mask(p.failed_transaction_flag),
    prepareFlag: mask(p.acc_prepare_flag),
    prepareAlways: p.acc_prepare_always !== 0,
    earlyMedia: p.early_media !== 0,
    reportAck: p.report_ack !== 0,
    reportCancels: p.report_cancels !== 0,
    detectDirection: p.detect_direction !== 0,
    failedFilter: p.failed_filter,
    logLevel: p.log_level,
    logFacility: facility,
    time: { mode: p.time_mode, attr: p.time_attr, exten: p.time_exten, format: p.time_format },
    reasonFromHeader: p.reason_from_hf !== 0,
    nullable: p.acc_extra_nullable !== 0,
    dbUrl: p.db_url,
    waits: p.db_insert_mode === 0,
    checkVersion: p.db_version_check !== 0,
    columns: {
      method: p.acc_method_column,
      fromTag: p.acc_from_tag_column,
      toTag: p.acc_to_tag_column,
      callId: p.acc_callid_column,
      code: p.acc_sip_code_column,
      reason: p.acc_sip_reason_column,
      time: p.acc_time_column,
    },
  };
}

function cdrSettingsOf(p: Params): CdrSettings {
  return {
    skip: p.cdr_skip,
    onExpired: p.cdr_expired_dlg_enable !== 0,
    onFailed: p.cdr_on_failed !== 0,
    fromAnswer: p.cdr_start_on_confirmed !== 0,
    facility: facilityOf(p.cdr_facility),
    level: p.log_level,
    startId: p.cdr_start_id,
    endId: p.cdr_end_id,
    durationId: p.cdr_duration_id,
    logs: p.cdr_log_enable !== 0,
    nullable: p.cdr_extra_nullable !== 0,
    dbUrl: p.db_url,
    table: p.db_url === "" ? "" : p.cdrs_table,
    time: { mode: p.time_mode, attr: p.time_attr, exten: p.time_exten, format: p.time_format },
  };
}

/** Kamailio's module acc. */
export const acc = defineModule({
  name: "acc",
  doc: "Accounting of transactions and calls, to the log and to databases.",
  uses: [core, tm],
  mayUse: [rr, dialog],
  params,
  state: (host) => new AccState(host),
  configure: (state, p): Acc => new Acc(state, p),
  bind: (acc, readers) => acc.bind(readers),
  start: (acc) => acc.start(),
  stop: (state) => state.outbox.close(),
  functions: {
    acc_log_request: fn({
      args: [str("comment")],
      routes: RouteKind.ANY,
      doc: 'Writes a record of the message to the log; the comment is its code and reason, "404 Not Found".',
      run: (acc: Acc, ctx, comment) => acc.logRequest(ctx, comment),
    }),
    acc_db_request: fn({
      args: [str("comment"), str("table")],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Writes a record of the message into a table.",
      run: (acc: Acc, ctx, comment, table) => acc.dbRequest(ctx, comment, table),
    }),
    acc_request: fn({
      args: [str("comment"), str("table")],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "Both acc_log_request() and, with a db_url, acc_db_request().",
      run: (acc: Acc, ctx, comment, table) => {
        const logged = acc.logRequest(ctx, comment);
        return acc.settings.dbUrl === "" ? logged : acc.dbRequest(ctx, comment, table);
      },
    }),
  },
  tables: {
    acc: { version: ACC_VERSION, doc: "A row for each accounted transaction." },
    missed_calls: { version: MISSED_VERSION, doc: "A row for each call that nobody took." },
    acc_cdrs: { version: CDR_VERSION, doc: "A row for each call that has ended." },
  },
});

export default acc;
