// The parameters of module acc.

import { ArgError } from "../../registry/args.ts";
import { intParam, parsedParam, strParam } from "../../registry/define.ts";

const SYNTAX = '"name=$variable;name=$variable"';

function flag(what: string) {
  return intParam(-1, `Number of the message flag that has ${what}; -1 none.`, { min: -1, max: 31 });
}

function onOff(value: 0 | 1, what: string) {
  return intParam(value, what, { min: 0, max: 1 });
}

function statusesOf(text: string): ReadonlySet<number> | ArgError {
  const codes = text
    .split(",")
    .map((code) => code.trim())
    .filter((code) => code !== "");
  for (const code of codes)
    if (!/^[3-9]\d\d$/.test(code))
      return new ArgError(`"${code}" is no failure`, 'statuses from 300 to 999: "404,408"');
  return new Set(codes.map(Number));
}

/** Kamailio's names and defaults. */
export const params = {
  early_media: onOff(0, "Whether provisional replies with a body are accounted too."),
  failed_transaction_flag: flag("transactions accounted that end with 300 or above"),
  failed_filter: parsedParam<ReadonlySet<number>>(
    new Set<number>(),
    "Statuses of failures that are not accounted, divided by commas.",
    statusesOf,
  ),
  report_ack: onOff(0, "Whether ACKs of answered calls are accounted."),
  report_cancels: onOff(0, "Whether CANCELs are accounted."),
  detect_direction: onOff(0, "Whether the tags of requests from the callee are exchanged (module rr)."),
  acc_prepare_flag: flag("transactions looked at whose accounting flags may be set later"),
  acc_prepare_always: onOff(0, "Whether all transactions are."),
  acc_extra_nullable: onOff(0, "Whether values of db_extra that are null are NULL; else they are empty."),
  multi_leg_info: strParam("", `AVPs whose values are told for each leg of a call: ${SYNTAX}.`),
  log_flag: flag("a transaction accounted in the log"),
  log_missed_flag: flag("missed calls accounted in the log"),
  log_level: intParam(1, "Level of lines in the log."),
  log_facility: strParam("LOG_DAEMON", "Syslog facility of lines in the log."),
  log_extra: strParam("", `Further values of lines in the log: ${SYNTAX}.`),
  db_url: strParam("", "The database; empty for none."),
  db_flag: flag("a transaction accounted in the database"),
  db_missed_flag: flag("missed calls accounted in the database"),
  db_table_acc: strParam("acc", "Table of transactions; variables in it are replaced."),
  db_table_missed_calls: strParam("missed_calls", "Table of missed calls; variables in it are replaced."),
  db_extra: strParam("", `Further columns: ${SYNTAX}.`),
  db_insert_mode: intParam(0, "Whether acc_db_request() waits until a slow database has the row: 0 yes, 1 and 2 no.", {
    min: 0,
    max: 2,
  }),
  db_version_check: onOff(1, "Whether the version numbers of the tables are compared."),
  acc_method_column: strParam("method", "Column of the method."),
  acc_from_tag_column: strParam("from_tag", "Column of the From tag."),
  acc_to_tag_column: strParam("to_tag", "Column of the To tag."),
  acc_callid_column: strParam("callid", "Column of the Call-ID."),
  acc_sip_code_column: strParam("sip_code", "Column of the status."),
  acc_sip_reason_column: strParam("sip_reason", "Column of the reason phrase."),
  acc_time_column: strParam("time", "Column of the time."),
  acc_extra_size: intParam(64, "The most values of log_extra, db_extra and multi_leg_info.", { min: 1, max: 4096 }),
  time_mode: intParam(
    0,
    "A further value for the time: 0 none, 1 seconds and microseconds, 2 seconds with a fraction, 3 local time and 4 UTC as time_format says.",
    { min: 0, max: 4 },
  ),
  time_attr: strParam("", "Name of that value, and of its column."),
  time_exten: strParam("", "Name of the microseconds, and of their column."),
  time_format: strParam("%Y-%m-%d %H:%M:%S", "How times are formatted, as for strftime."),
  reason_from_hf: onOff(0, "Whether the reason is that of a Reason header, where the reply has one."),
  clone_msg: intParam(1, "Kept for configurations made for Kamailio.", {
    effect: "a transaction has its request to itself here",
  }),
  cdr_enable: onOff(0, "Whether calls are told of as a whole when they end (module dialog)."),
  cdr_skip: strParam("", "Name of the dialog variable whose calls are left out."),
  cdr_expired_dlg_enable: onOff(0, "Whether calls whose time was over are told too."),
  cdr_start_on_confirmed: onOff(0, "Whether calls begin with their answer; else with their INVITE."),
  cdr_on_failed: onOff(1, "Whether calls that were not answered are told."),
  cdr_facility: strParam("LOG_DAEMON", "Syslog facility of calls."),
  cdr_extra: strParam("", `Further values of calls: ${SYNTAX}.`),
  cdr_extra_nullable: onOff(0, "Whether values of cdr_extra that are null are NULL; else they are empty."),
  cdr_extra_size: intParam(64, "The most values of cdr_extra.", { min: 1, max: 4096 }),
  cdr_start_id: strParam("start_time", "Name and column of the begin of calls."),
  cdr_end_id: strParam("end_time", "Name and column of the end of calls."),
  cdr_duration_id: strParam("duration", "Name and column of the length of calls."),
  cdr_log_enable: onOff(1, "Whether calls are written to the log."),
  cdrs_table: strParam("", "Table of calls; empty for none."),
};
