// Calls that module acc tells of, compared with Kamailio's: lines of the log and rows of acc and missed_calls.

import type { Call, CallGroup } from "./dialog-call.ts";

const TIME = ["id", "time"];

async function rows(call: Call): Promise<void> {
  await call.wait(100);
  await call.ownRows("acc", TIME);
  await call.ownRows("missed_calls", TIME);
}

// An INVITE of a kind that the script knows by X-F, answered by these codes one after another.
function answered(kind: string, codes: readonly number[], after?: (call: Call) => Promise<void>) {
  return {
    name: `${kind === "" ? "usual" : kind}: ${codes.join(" ")}`,
    run: async (call: Call): Promise<void> => {
      await call.invite([`X-F: ${kind}`]);
      for (const code of codes) await call.answer(code);
      await after?.(call);
      await rows(call);
    },
  };
}

const PARAMS = `modparam("acc", "log_level", -1)
modparam("acc", "log_flag", 1)
modparam("acc", "log_missed_flag", 2)
modparam("acc", "failed_transaction_flag", 3)
modparam("acc", "failed_filter", "404,480")
modparam("acc", "acc_prepare_flag", 5)
modparam("acc", "db_flag", 1)
modparam("acc", "db_missed_flag", 2)
modparam("acc", "db_url", "{DB}")
modparam("acc", "report_cancels", 1)
modparam("acc", "report_ack", 1)
modparam("acc", "early_media", 1)
modparam("acc", "detect_direction", 1)
modparam("acc", "log_extra", "fu=$fU;x=$hdr(X-F);no=$avp(none);av=$avp(a);all=$(hdr(CSeq)[*]);up=$(fU{s.toupper})")
`;

const FIRST = `  $avp(a) = "request";
  if ($hdr(X-F) != "none" && $hdr(X-F) != "prepared" && $hdr(X-F) != "late") { setflag(1); setflag(2); }
  if ($hdr(X-F) =~ "fail") setflag(3);
  if ($hdr(X-F) == "prepared") setflag(5);
`;

const INITIAL = `    if ($hdr(X-F) == "local") { t_newtran(); t_reply("486", "Mine"); exit; }
    if ($hdr(X-F) == "fail-local") { t_newtran(); t_reply("487", "Mine"); exit; }
    if ($hdr(X-F) == "comment") { acc_log_request("404 Not Here"); acc_log_request("nothing else"); acc_log_request("4040 x"); acc_request("499 $rm", "acc"); }
    if ($hdr(X-F) == "stateless") { sl_send_reply("500", "No"); exit; }
    if ($hdr(X-F) == "again" || $hdr(X-F) == "again-unset" || $hdr(X-F) == "fail-again") t_on_failure("AGAIN");
    if ($hdr(X-F) == "nothing" || $hdr(X-F) == "fail-nothing") t_on_failure("NOTHING");
    if ($hdr(X-F) == "own" || $hdr(X-F) == "fail-own") t_on_failure("OWN");
    if ($hdr(X-F) == "prepared") t_on_failure("PREPARED");
    if ($hdr(X-F) == "reply") t_on_reply("REPLY");
    if ($hdr(X-F) == "late") { t_relay(); setflag(1); exit; }
`;

const ROUTES = `failure_route[AGAIN] { if ($hdr(X-F) != "again-unset") setflag(2); $avp(a) = "failure"; $ru = $ru + ";second"; t_relay(); }
failure_route[NOTHING] { $avp(a) = "failure"; }
failure_route[OWN] { $avp(a) = "failure"; t_reply("603", "Mine"); }
failure_route[PREPARED] { setflag(1); setflag(2); setflag(3); }
onreply_route[REPLY] { $avp(a) = "reply"; setflag(3); acc_log_request("555 In reply"); }
`;

/** All groups. */
export const ACC_GROUPS: readonly CallGroup[] = [
  {
    name: "transactions",
    modules: ["db_sqlite", "acc"],
    params: PARAMS,
    first: FIRST,
    initial: INITIAL,
    routes: ROUTES,
    cases: [
      answered("", [180, 200], async (call) => {
        await call.ack();
        await call.within("uac", "BYE");
      }),
      answered("", [200], async (call) => {
        await call.ack();
        await call.within("uac", "INVITE");
        await call.within("uas", "BYE");
      }),
      answered("", [200], async (call) => {
        await call.within("uac", "ACK", ["X-F: none"]);
        await call.within("uas", "INFO", ["X-F: none"]);
        await call.within("uas", "BYE", ["X-F: fail"]);
      }),
      answered("", [486]),
      answered("fail", [486]),
      answered("fail", [404]),
      answered("fail", [503]),
      answered("fail", [603]),
      answered("none", [200]),
      answered("none", [486]),
      answered("local", []),
      answered("fail-local", []),
      answered("comment", [200]),
      answered("stateless", []),
      answered("again", [486, 200]),
      answered("again", [486, 487]),
      answered("again-unset", [486, 487]),
      answered("fail-again", [486, 603]),
      answered("nothing", [486]),
      answered("fail-nothing", [486]),
      answered("own", [486]),
      answered("fail-own", [486]),
      answered("prepared", [487]),
      answered("prepared", [200]),
      answered("reply", [486]),
      answered("reply", [200]),
      answered("late", [200]),
      answered("", [183, 180, 200]),
      {
        name: "silence",
        run: async (call) => {
          await call.invite(["X-F: fail"], 1900);
          await rows(call);
        },
      },
      {
        name: "cancelled",
        run: async (call) => {
          await call.invite(["X-F: fail"]);
          await call.answer(180);
          await call.cancel();
          await call.wait(100);
          // Kamailio has no row for the CANCEL, since its To has no tag
          await call.ownRows("missed_calls", TIME);
        },
      },
    ],
  },
  {
    name: "legs and times",
    modules: ["db_sqlite", "acc"],
    params: `modparam("acc", "log_level", -1)
modparam("acc", "log_flag", 1)
modparam("acc", "time_mode", 1)
modparam("acc", "time_attr", "secs")
modparam("acc", "time_exten", "usecs")
modparam("acc", "reason_from_hf", 1)
modparam("acc", "multi_leg_info", "a=$avp(la);b=$avp(lb)")
modparam("acc", "db_url", "{DB}")
`,
    first: `  setflag(1);
  if ($hdr(X-F) == "two") { $avp(la) = "A1"; $avp(lb) = "B1"; $avp(la) = "A2"; $avp(lb) = "B2"; }
  if ($hdr(X-F) == "uneven") { $avp(la) = "A1"; $avp(la) = "A2"; $avp(lb) = "B2"; }
`,
    initial: "",
    cases: [
      answered("two", [200]),
      answered("uneven", [200]),
      answered("none", [200]),
      {
        name: "reason of a header",
        run: async (call) => {
          await call.invite([]);
          await call.answer(200, { headers: ['Reason: SIP;cause=480;text="From it"'] });
        },
      },
    ],
  },
  {
    name: "calls",
    modules: ["acc"],
    params: `modparam("acc", "log_level", -1)
modparam("acc", "cdr_enable", 1)
modparam("acc", "cdr_skip", "skipped")
modparam("acc", "cdr_extra", "ci=$ci;x=$dlg_var(x);fu=$fU;no=$avp(none)")
`,
    initial: `    dlg_manage(); $dlg_var(x) = "one"; if ($hdr(X-F) == "skip") $dlg_var(skipped) = "1";
`,
    within: `    if (is_method("BYE")) $dlg_var(x) = "bye";
`,
    cases: [
      answered("", [180, 200], async (call) => {
        await call.ack();
        await call.within("uac", "BYE");
      }),
      answered("", [200], async (call) => {
        await call.ack();
        await call.within("uas", "BYE");
      }),
      answered("skip", [200], async (call) => {
        await call.ack();
        await call.within("uac", "BYE");
      }),
      answered("", [180, 486]),
    ].map((c) => ({ ...c, run: withoutRows(c.run) })),
  },
];

// Calls alone have no rows of acc.
function withoutRows(run: (call: Call) => Promise<void>): (call: Call) => Promise<void> {
  return async (call) => {
    call.ownRows = () => Promise.resolve();
    await run(call);
  };
}
