// The parameters of module dialog: what they are called, their defaults, and how they become settings.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { ConfigError, intParam, type ParamDef, strParam } from "../../registry/define.ts";
import { DbMode, type DialogColumns, type DialogSettings } from "./settings.ts";

/** As Kamailio has them. */
export const DEFAULT_COLUMNS: DialogColumns = {
  callId: "callid",
  fromUri: "from_uri",
  fromTag: "from_tag",
  toUri: "to_uri",
  toTag: "to_tag",
  callerCseq: "caller_cseq",
  calleeCseq: "callee_cseq",
  callerRoutes: "caller_route_set",
  calleeRoutes: "callee_route_set",
  callerContact: "caller_contact",
  calleeContact: "callee_contact",
  callerSocket: "caller_sock",
  calleeSocket: "callee_sock",
  id: "hash_id",
  entry: "hash_entry",
  state: "state",
  startTime: "start_time",
  timeout: "timeout",
  flags: "sflags",
  timeoutRoute: "toroute_name",
  varsId: "hash_id",
  varsEntry: "hash_entry",
  varsKey: "dialog_key",
  varsValue: "dialog_value",
};

const column = (name: string, what: string, ...aliases: string[]) => strParam(name, `Column of ${what}.`, { aliases });
const seconds = { unit: "seconds", min: 1 } as const;
const flagOf = { min: 0, max: 1 } as const;

export const params = {
  enable_stats: intParam(1, "Whether statistics are kept.", { effect: "they always are" }),
  hash_size: intParam(
    4096,
    "Entries of the hash table of Kamailio, a power of two; part of what a dialog is called by.",
    {
      min: 1,
      max: 1 << 20,
    },
  ),
  rr_param: strParam("did", "Name of the Record-Route parameter that carries the cookie of a dialog."),
  dlg_flag: intParam(-1, "Message flag that has an INVITE tracked without dlg_manage(); -1 none.", {
    min: -1,
    max: 31,
  }),
  timeout_avp: strParam("", "AVP with the lifetime of a dialog in seconds, written $avp(name)."),
  ruri_pvar: strParam("$ru", "Variable with the R-URI that is kept with a dialog."),
  default_timeout: intParam(43200, "Lifetime of a dialog after its answer or the last request in it.", seconds),
  early_timeout: intParam(300, "How long a call may wait for its answer.", seconds),
  noack_timeout: intParam(60, "How long an answered call may wait for its ACK; then it has 10 seconds left.", seconds),
  end_timeout: intParam(300, "How long a dialog that has ended is kept at most.", seconds),
  dlg_extra_hdrs: strParam("", "Header lines for requests made here, each ended by CRLF."),
  lreq_callee_headers: strParam("", "Header lines for requests made here that go to the callee."),
  dlg_match_mode: intParam(
    0,
    "How requests are matched: 0 by the cookie alone, 1 by it and else by Call-ID and tags, 2 without a cookie.",
    { min: 0, max: 2 },
  ),
  detect_spirals: intParam(
    1,
    "Whether an INVITE that comes by again belongs to the dialog it has made already.",
    flagOf,
  ),
  db_url: strParam("", "Database of the dialogs, needed unless db_mode is 0."),
  db_mode: intParam(0, "When dialogs are written: 0 never, 1 at once, 2 by timer, 3 when the server stops.", {
    min: 0,
    max: 3,
  }),
  db_update_period: intParam(60, "Time between writes of db_mode 2.", seconds),
  db_fetch_rows: intParam(200, "Rows read at a time at start; 0 all.", { min: 0 }),
  db_skip_load: intParam(0, "Whether dialogs are not read at start.", flagOf),
  table_name: strParam("dialog", "Table of dialogs."),
  call_id_column: column(DEFAULT_COLUMNS.callId, "Call-IDs", "callid_column"),
  from_uri_column: column(DEFAULT_COLUMNS.fromUri, "From URIs"),
  from_tag_column: column(DEFAULT_COLUMNS.fromTag, "From tags"),
  to_uri_column: column(DEFAULT_COLUMNS.toUri, "To URIs"),
  to_tag_column: column(DEFAULT_COLUMNS.toTag, "To tags"),
  from_cseq_column: column(DEFAULT_COLUMNS.callerCseq, "the caller's CSeq", "caller_cseq_column"),
  to_cseq_column: column(DEFAULT_COLUMNS.calleeCseq, "the callee's CSeq", "callee_cseq_column"),
  from_route_column: column(DEFAULT_COLUMNS.callerRoutes, "the way to the caller", "caller_route_column"),
  to_route_column: column(DEFAULT_COLUMNS.calleeRoutes, "the way to the callee", "callee_route_column"),
  from_contact_column: column(DEFAULT_COLUMNS.callerContact, "the caller's Contact", "caller_contact_column"),
  to_contact_column: column(DEFAULT_COLUMNS.calleeContact, "the callee's Contact", "callee_contact_column"),
  from_sock_column: column(DEFAULT_COLUMNS.callerSocket, "the listener of the caller", "caller_sock_column"),
  to_sock_column: column(DEFAULT_COLUMNS.calleeSocket, "the listener of the callee", "callee_sock_column"),
  h_id_column: column(DEFAULT_COLUMNS.id, "the number of a dialog"),
  h_entry_column: column(DEFAULT_COLUMNS.entry, "the hash entry of a dialog"),
  state_column: column(DEFAULT_COLUMNS.state, "states"),
  start_time_column: column(DEFAULT_COLUMNS.startTime, "start times"),
  timeout_column: column(DEFAULT_COLUMNS.timeout, "times of expiry"),
  sflags_column: column(DEFAULT_COLUMNS.flags, "flags of the script"),
  toroute_name_column: column(DEFAULT_COLUMNS.timeoutRoute, "routes for timeouts", "toroute_column"),
  vars_table_name: strParam("dialog_vars", "Table of the variables of dialogs."),
  vars_h_id_column: column(DEFAULT_COLUMNS.varsId, "the number of a variable's dialog"),
  vars_h_entry_column: column(DEFAULT_COLUMNS.varsEntry, "the hash entry of a variable's dialog"),
  vars_key_column: column(DEFAULT_COLUMNS.varsKey, "names of variables"),
  vars_value_column: column(DEFAULT_COLUMNS.varsValue, "values of variables"),
  profiles_with_value: strParam("", "Names of the profiles that have values, separated by semicolons."),
  profiles_no_value: strParam("", "Names of the profiles without values, separated by semicolons."),
  bridge_controller: strParam("sip:controller@kamailio.org", "Who calls and refers in dlg_bridge() and dlg_refer()."),
  bridge_contact: strParam("sip:controller@kamailio.org:5060", "Contact of these requests."),
  initial_cbs_inscript: intParam(
    1,
    "Whether other modules are told of a new dialog within dlg_manage(), or when the script ends.",
    flagOf,
  ),
  send_bye: intParam(0, "Whether both sides get BYE when the time of a dialog is over.", flagOf),
  dlg_filter_mode: intParam(
    0,
    "1: no keep-alives and timeouts for dialogs whose sockets are not of this server (read from a shared database).",
    flagOf,
  ),
  wait_ack: intParam(1, "Whether a dialog that failed is kept for a moment.", flagOf),
  ka_timer: intParam(0, "How often keep-alives are looked after; 0 never.", { unit: "seconds", min: 0 }),
  ka_interval: intParam(0, "Time between keep-alives of a dialog, at least 30; 0 none.", { unit: "seconds", min: 0 }),
  ka_failed_limit: intParam(1, "After how many failed keep-alives a dialog has 10 seconds left.", { min: 1 }),
  timeout_noreset: intParam(0, "Whether requests within dialogs do not prolong them.", flagOf),
  timer_procs: intParam(0, "Timer processes.", { effect: "there are no timer processes" }),
  enable_dmq: intParam(0, "Whether dialogs are shared by DMQ.", { effect: "there is no module dmq" }),
  xavp_cfg: strParam("", "XAVP with settings for one dialog.", {
    effect: "as with the installed Kamailio, which reads no field of it",
  }),
  track_cseq_updates: intParam(
    0,
    "Whether requests to the callee get a higher CSeq once that of the INVITE was raised (authentication on the way).",
    flagOf,
  ),
  h_id_start: intParam(0, "Where the numbers of dialogs start; -1: at server_id.", { min: -1 }),
  h_id_step: intParam(1, "Their distance, for servers that read each other's dialogs.", { min: 1 }),
  keep_proxy_rr: intParam(
    0,
    "Whether requests made here pass through this server, by its own Record-Route: 1 to the callee, 2 to the caller, 3 both.",
    { min: 0, max: 3 },
  ),
  bye_early_code: intParam(480, "What the caller gets when a call that rings is ended here.", { min: 300, max: 699 }),
  bye_early_reason: strParam("Temporarily Unavailable", "The phrase of that reply."),
  max_dialogs: intParam(500_000, "The most dialogs at a time; further calls go through untracked.", { min: 1 }),
};

/** What the declared parameters give. */
export type Given = { readonly [K in keyof typeof params]: (typeof params)[K] extends ParamDef<infer T> ? T : never };

function names(list: string): string[] {
  return list
    .split(";")
    .map((n) => n.trim())
    .filter((n) => n !== "");
}

/** Header lines as they are to stand in a message: each ended by CRLF, no empty one among them. */
export function headerLines(given: string): string {
  return given
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map((line) => `${line}\r\n`)
    .join("");
}

/** The settings; throws ConfigError for what does not go together. */
export function settingsOf(p: Given): DialogSettings {
  if (p.db_mode !== DbMode.NONE && p.db_url === "")
    throw new ConfigError(
      "db_mode is set but db_url is not",
      "db_url",
      'modparam("dialog", "db_url", "sqlite:///var/lib/portico/portico.db")',
    );
  const avp = p.timeout_avp === "" ? null : /^\$avp\((.+)\)$/.exec(p.timeout_avp);
  if (p.timeout_avp !== "" && avp === null)
    throw new ConfigError("not an AVP", "timeout_avp", "write it as $avp(name)");
  if (p.h_id_step > 1 && p.h_id_start >= p.h_id_step)
    throw new ConfigError("h_id_start must be below h_id_step", "h_id_start");
  const twice = names(p.profiles_with_value).find((n) => names(p.profiles_no_value).includes(n));
  if (twice !== undefined)
    throw new ConfigError(`profile "${twice}" is declared both with and without values`, "profiles_no_value");
  return {
    hashSize: p.hash_size,
    rrParam: p.rr_param,
    flag: p.dlg_flag < 0 ? 0 : 1 << p.dlg_flag,
    timeoutAvp: avp === null ? "" : avpNameOf(avp[1]!),
    defaultTimeout: p.default_timeout,
    earlyTimeout: p.early_timeout,
    noackTimeout: p.noack_timeout,
    endTimeout: p.end_timeout,
    extraHeaders: headerLines(p.dlg_extra_hdrs),
    calleeHeaders: headerLines(p.lreq_callee_headers),
    matchMode: p.dlg_match_mode,
    detectSpirals: p.detect_spirals !== 0,
    profilesWithValue: names(p.profiles_with_value),
    profilesNoValue: names(p.profiles_no_value),
    bridgeController: p.bridge_controller,
    bridgeContact: p.bridge_contact,
    callbacksInScript: p.initial_cbs_inscript !== 0,
    sendBye: p.send_bye !== 0,
    localOnly: p.dlg_filter_mode !== 0,
    waitAck: p.wait_ack !== 0,
    kaTimer: p.ka_timer,
    kaInterval: p.ka_interval,
    kaFailedLimit: p.ka_failed_limit,
    timeoutNoReset: p.timeout_noreset !== 0,
    trackCseq: p.track_cseq_updates !== 0,
    idStart: p.h_id_start,
    idStep: p.h_id_step,
    keepProxyRr: p.keep_proxy_rr,
    byeEarlyCode: p.bye_early_code,
    byeEarlyReason: p.bye_early_reason,
    maxDialogs: p.max_dialogs,
    dbUrl: p.db_url,
    dbMode: p.db_mode,
    dbUpdatePeriod: p.db_update_period,
    dbFetchRows: p.db_fetch_rows,
    dbSkipLoad: p.db_skip_load !== 0,
    table: p.table_name,
    varsTable: p.vars_table_name,
    columns: {
      callId: p.call_id_column,
      fromUri: p.from_uri_column,
      fromTag: p.from_tag_column,
      toUri: p.to_uri_column,
      toTag: p.to_tag_column,
      callerCseq: p.from_cseq_column,
      calleeCseq: p.to_cseq_column,
      callerRoutes: p.from_route_column,
      calleeRoutes: p.to_route_column,
      callerContact: p.from_contact_column,
      calleeContact: p.to_contact_column,
      callerSocket: p.from_sock_column,
      calleeSocket: p.to_sock_column,
      id: p.h_id_column,
      entry: p.h_entry_column,
      state: p.state_column,
      startTime: p.start_time_column,
      timeout: p.timeout_column,
      flags: p.sflags_column,
      timeoutRoute: p.toroute_name_column,
      varsId: p.vars_h_id_column,
      varsEntry: p.vars_h_entry_column,
      varsKey: p.vars_key_column,
      varsValue: p.vars_value_column,
    },
  };
}

/** The settings of a configuration that sets nothing. */
export const DEFAULT_SETTINGS: DialogSettings = settingsOf(
  Object.fromEntries(Object.entries(params).map(([name, def]) => [name, def.default])) as unknown as Given,
);
