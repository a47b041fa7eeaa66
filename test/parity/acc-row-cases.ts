// Rows that module acc writes, compared with Kamailio's: calls (acc_cdrs), transactions and missed calls, with every mode of time, columns by other
// names, tables named by variables, legs, and what the functions write.

import type { Call, CallGroup } from "./dialog-call.ts";

// What the script does with a call is chosen by the header X-F.
function call(kind: string, run: (call: Call) => Promise<void>, ...tables: (readonly [table: string, of: string])[]) {
  return {
    name: kind === "" ? "usual" : kind,
    run: async (call: Call): Promise<void> => {
      await call.invite([`X-F: ${kind}`]);
      await run(call);
      await call.wait(100);
      for (const [table, of] of tables) await call.kinds(table, of);
    },
  };
}

/** Kamailio's tables, whose columns may be null: it writes null for an empty value, which the original tables refuse, so that the row would be lost. */
const TABLES = ["acc", "missed_calls"].flatMap((table) => [
  `DROP TABLE IF EXISTS ${table}`,
  `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, method VARCHAR(16), from_tag VARCHAR(128), to_tag VARCHAR(128), callid VARCHAR(255), sip_code VARCHAR(3), sip_reason VARCHAR(128), time TIMESTAMP)`,
]);

const CALLS = ["acc_cdrs", "ci"] as const;
const ACC = ["acc", "callid"] as const;
const MISSED = ["missed_calls", "callid"] as const;

async function hungUp(call: Call, by: "uac" | "uas" = "uac"): Promise<void> {
  await call.answer(200);
  await call.ack();
  await call.wait(200);
  await call.within(by, "BYE");
}

const refused = (call: Call): Promise<void> => call.answer(486);

async function canceled(call: Call): Promise<void> {
  await call.answer(180);
  await call.cancel();
}

const CDR = `modparam("acc", "log_level", -1)
modparam("acc", "cdr_enable", 1)
modparam("acc", "cdrs_table", "acc_cdrs")
modparam("acc", "db_url", "{DB}")
modparam("acc", "cdr_extra", "ci=$dlg_var(ci);x=$dlg_var(x);fu=$fU;no=$avp(none);kind=$dlg_var(kind);dl=$dlg(callid)")
`;

const TRACKED = `    dlg_manage(); $dlg_var(ci) = $ci; $dlg_var(kind) = $hdr(X-F);
    if ($hdr(X-F) == "skipped") $dlg_var(nocdr) = "1";
    if ($hdr(X-F) == "expires") dlg_set_timeout("1");
`;
const BYE = `    if (is_method("BYE")) { $dlg_var(x) = "bye"; t_on_reply("BYE"); }
`;
const BYE_REPLY = `onreply_route[BYE] { $dlg_var(x) = $dlg_var(x) + "-" + $rs; }
`;

const columns = (table: string, ...names: string[]): string[] =>
  names.map((name) => `ALTER TABLE ${table} ADD COLUMN ${name}`);
const CDR_COLUMNS = [
  ...TABLES,
  ...columns(
    "acc_cdrs",
    "ci VARCHAR(64)",
    "x VARCHAR(64)",
    "fu VARCHAR(64)",
    "no VARCHAR(64)",
    "kind VARCHAR(64)",
    "dl VARCHAR(64)",
  ),
];

const FLAGS = `modparam("acc", "log_flag", 1)
modparam("acc", "log_missed_flag", 2)
modparam("acc", "db_flag", 1)
modparam("acc", "db_missed_flag", 2)
modparam("acc", "failed_transaction_flag", 3)
`;

/** All groups. */
export const ACC_ROW_GROUPS: readonly CallGroup[] = [
  {
    name: "rows of calls",
    modules: ["db_sqlite", "acc"],
    params: `${CDR}modparam("acc", "cdr_expired_dlg_enable", 1)
modparam("acc", "cdr_skip", "nocdr")
`,
    sql: CDR_COLUMNS,
    initial: TRACKED,
    within: BYE,
    routes: BYE_REPLY,
    cases: [
      call("", hungUp, CALLS),
      call("callee", (c) => hungUp(c, "uas"), CALLS),
      call("skipped", hungUp, CALLS),
      call("refused", refused, CALLS),
      call("canceled", canceled, CALLS),
      call("silent", (c) => c.wait(1900), CALLS),
      call(
        "expires",
        async (c) => {
          await c.answer(200);
          await c.ack();
          await c.wait(2500);
        },
        CALLS,
      ),
      call(
        "ended by the server",
        async (c) => {
          await c.answer(200);
          await c.ack();
          await c.ask("dlg.dlg_list", "{CALLID}", "{FTAG}");
          await c.ask("dlg.end_dlg", "{ENTRY}", "{ID}");
          await c.wait(200);
        },
        CALLS,
      ),
      call(
        "BYE without an answer",
        (c) => {
          c.uas.answers["BYE"] = 0;
          return hungUp(c).then(() => c.wait(1900));
        },
        CALLS,
      ),
      call(
        "BYE answered late",
        async (c) => {
          c.uas.delay = 400;
          await hungUp(c);
          await c.wait(100);
          await c.kinds(...CALLS);
          c.mark("later");
          await c.wait(400);
          await c.kinds(...CALLS);
        },
        CALLS,
      ),
      call(
        "refused after 200",
        async (c) => {
          await c.answer(200);
          await c.ack();
          c.uas.answers["BYE"] = 481;
          await c.within("uac", "BYE");
        },
        CALLS,
      ),
    ],
  },
  {
    name: "other names, local time",
    modules: ["db_sqlite", "acc"],
    params: `${CDR}${FLAGS}modparam("acc", "cdr_start_id", "began")
modparam("acc", "cdr_end_id", "ended")
modparam("acc", "cdr_duration_id", "length")
modparam("acc", "cdr_start_on_confirmed", 1)
modparam("acc", "cdr_on_failed", 0)
modparam("acc", "cdr_extra_nullable", 1)
modparam("acc", "cdr_facility", "LOG_LOCAL1")
modparam("acc", "log_facility", "LOG_LOCAL2")
modparam("acc", "time_mode", 3)
modparam("acc", "time_attr", "moment")
modparam("acc", "acc_extra_nullable", 1)
modparam("acc", "db_extra", "kind=$hdr(X-F);no=$avp(none)")
modparam("acc", "db_table_acc", "acc_$rm")
modparam("acc", "db_table_missed_calls", "missed_$rm")
modparam("acc", "db_insert_mode", 1)
modparam("acc", "acc_prepare_always", 1)
modparam("acc", "acc_method_column", "c_method")
modparam("acc", "acc_from_tag_column", "c_from")
modparam("acc", "acc_to_tag_column", "c_to")
modparam("acc", "acc_callid_column", "c_call")
modparam("acc", "acc_sip_code_column", "c_code")
modparam("acc", "acc_sip_reason_column", "c_reason")
modparam("acc", "acc_time_column", "c_time")
`,
    sql: [
      ...CDR_COLUMNS,
      ...["start_time TO began", "end_time TO ended", "duration TO length"].map(
        (names) => `ALTER TABLE acc_cdrs RENAME COLUMN ${names}`,
      ),
      ...["acc_INVITE", "acc_BYE", "missed_INVITE"].map(
        (table) =>
          `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, c_method VARCHAR(16), c_from VARCHAR(64), c_to VARCHAR(64), c_call VARCHAR(255), c_code VARCHAR(3), c_reason VARCHAR(64), c_time TIMESTAMP, moment VARCHAR(128), kind VARCHAR(64), no VARCHAR(64))`,
      ),
    ],
    initial: `${TRACKED}    if ($hdr(X-F) != "later") { setflag(1); setflag(2); setflag(3); } else t_on_failure("LATER");
`,
    within: `${BYE}    setflag(1);
`,
    routes: `${BYE_REPLY}failure_route[LATER] { setflag(1); setflag(2); setflag(3); }
`,
    cases: [
      call("", hungUp, CALLS, ["acc_INVITE", "c_call"], ["acc_BYE", "c_call"]),
      call("refused", refused, CALLS, ["acc_INVITE", "c_call"], ["missed_INVITE", "c_call"]),
      call("later", refused, CALLS, ["acc_INVITE", "c_call"], ["missed_INVITE", "c_call"]),
    ],
  },
  {
    name: "universal time",
    modules: ["db_sqlite", "acc"],
    params: `${CDR}${FLAGS}modparam("acc", "time_mode", 4)
modparam("acc", "time_attr", "moment")
modparam("acc", "time_format", "%Y/%m/%d %H:%M:%S")
modparam("acc", "db_extra", "kind=$hdr(X-F);no=$avp(none)")
`,
    sql: [
      ...CDR_COLUMNS,
      ...["acc", "missed_calls"].flatMap((table) =>
        columns(table, "moment VARCHAR(128)", "kind VARCHAR(64)", "no VARCHAR(64)"),
      ),
    ],
    first: `  setflag(1); setflag(2); setflag(3);
`,
    initial: TRACKED,
    within: BYE,
    routes: BYE_REPLY,
    cases: [call("", hungUp, CALLS, ACC), call("refused", refused, CALLS, ACC, MISSED)],
  },
  {
    name: "seconds with a fraction, and the functions",
    modules: ["db_sqlite", "acc"],
    params: `${CDR}${FLAGS}modparam("acc", "time_mode", 2)
modparam("acc", "time_attr", "stamp")
modparam("acc", "db_extra", "kind=$hdr(X-F)")
modparam("acc", "db_insert_mode", 2)
modparam("acc", "clone_msg", 0)
modparam("acc", "early_media", 0)
`,
    sql: [
      ...CDR_COLUMNS,
      ...["acc", "missed_calls"].flatMap((table) => columns(table, "stamp DOUBLE", "kind VARCHAR(64)")),
      "CREATE TABLE other_INVITE AS SELECT * FROM acc",
    ],
    initial: `${TRACKED}    if ($hdr(X-F) == "functions") {
      $var(code) = 404;
      acc_log_request("$var(code) of $rm"); ${rc("log")}
      acc_db_request("$var(code) of $rm", "acc"); ${rc("db")}
      acc_db_request("no code", "other_$rm"); ${rc("other")}
      acc_db_request("500 no table", "nowhere"); ${rc("nowhere")}
      t_on_branch("OUT"); t_on_reply("BACK"); t_on_failure("NOT");
    } else { setflag(1); setflag(2); }
`,
    within: BYE,
    routes: `${BYE_REPLY}branch_route[OUT] { acc_db_request("181 branch", "acc"); ${rc("branch")} }
onreply_route[BACK] { acc_db_request("182 reply $rs", "acc"); ${rc("reply")} }
failure_route[NOT] { acc_db_request("183 failure $T_reply_code", "acc"); ${rc("failure")} }
`,
    cases: [
      call("", hungUp, CALLS, ACC),
      call("refused", refused, CALLS, ACC, MISSED),
      call("functions", refused, ACC, MISSED, ["other_INVITE", "callid"]),
      call("early media", (c) => c.answer(183, { body: "v=0\r\n" }).then(() => hungUp(c)), ACC),
    ],
  },
  {
    name: "seconds and microseconds, legs",
    modules: ["db_sqlite", "acc"],
    params: `${CDR}${FLAGS}modparam("acc", "time_mode", 1)
modparam("acc", "time_attr", "secs")
modparam("acc", "time_exten", "usecs")
modparam("acc", "multi_leg_info", "a=$avp(la);b=$avp(lb)")
modparam("acc", "early_media", 1)
modparam("acc", "reason_from_hf", 1)
modparam("acc", "cdr_extra_size", 7)
modparam("acc", "acc_extra_size", 7)
modparam("acc", "cdr_log_enable", 0)
modparam("acc", "db_extra", "kind=$hdr(X-F)")
`,
    sql: [
      ...CDR_COLUMNS,
      ...["acc", "missed_calls"].flatMap((table) =>
        columns(table, "secs INTEGER", "usecs INTEGER", "kind VARCHAR(64)", "a VARCHAR(64)", "b VARCHAR(64)"),
      ),
    ],
    first: `  setflag(1); setflag(2); setflag(3);
`,
    initial: `${TRACKED}    if ($hdr(X-F) == "two") { $avp(la) = "A1"; $avp(lb) = "B1"; $avp(la) = "A2"; $avp(lb) = "B2"; }
    if ($hdr(X-F) == "uneven") { $avp(la) = "A1"; $avp(la) = "A2"; $avp(lb) = "B2"; }
`,
    within: BYE,
    routes: BYE_REPLY,
    cases: [
      call("two", hungUp, CALLS, ACC),
      call("uneven", hungUp, CALLS, ACC),
      call("none", refused, CALLS, ACC, MISSED),
      call("reason", (c) => c.answer(486, { headers: ['Reason: Q.850;cause=17;text="busy"'] }), ACC, MISSED),
      call("early media", (c) => c.answer(183, { body: "v=0\r\n" }).then(() => hungUp(c)), ACC),
    ],
  },
  {
    name: "values of calls",
    modules: ["acc"],
    params: `modparam("acc", "log_level", -1)
modparam("acc", "cdr_enable", 1)
modparam("acc", "cdr_extra", "ci=$ci;rs=$rs;rm=$rm;ru=$ru;cs=$cs;a=$avp(a);h=$hdr(X-F);ct=$ct;ft=$ft;fu=$fu")
`,
    initial: `    dlg_manage(); $avp(a) = "invite";
`,
    within: `    if (is_method("BYE")) { $avp(a) = "bye"; t_on_reply("BYE"); }
`,
    routes: `onreply_route[BYE] { $avp(a) = "reply"; }
`,
    cases: [
      call("", hungUp),
      call("callee", (c) => hungUp(c, "uas")),
      call("refused", refused),
      call("canceled", canceled),
      call("silent", (c) => c.wait(1900)),
      call("BYE without an answer", (c) => {
        c.uas.answers["BYE"] = 0;
        return hungUp(c).then(() => c.wait(1900));
      }),
    ],
  },
  {
    name: "no database",
    modules: ["acc"],
    params: `modparam("acc", "log_level", -1)
modparam("acc", "log_flag", 1)
`,
    initial: `    acc_request("499 both", "acc"); ${rc("both")}
    acc_log_request("404 log"); ${rc("log")}
`,
    cases: [call("", refused)],
  },
];

function rc(what: string): string {
  return `xlog("L_ALERT", "@$ci ${what} $rc\\n");`;
}
