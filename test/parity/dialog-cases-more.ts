// Calls through module dialog, compared with Kamailio's: time, parameters, functions, databases.

import { type Call, type CallGroup, note } from "./dialog-call.ts";
import { dnote, EVENTS, list, PROFILE_QUESTIONS, PROFILES, STATE } from "./dialog-case-parts.ts";

export const MORE_DIALOG_GROUPS: readonly CallGroup[] = [
  {
    name: "time over",
    params: 'modparam("dialog","default_timeout",3)\n',
    routes: EVENTS,
    cases: [
      {
        name: "silently",
        run: async (c) => {
          await c.establish();
          await c.wait(5000);
          await list(c);
          await c.within("uac", "BYE");
        },
      },
      {
        name: "a request prolongs it",
        run: async (c) => {
          await c.establish();
          await c.wait(1500);
          await c.within("uac", "INFO");
          await c.wait(2000);
          await list(c);
        },
      },
      {
        name: "does not count while it rings",
        run: async (c) => {
          await c.invite();
          await c.answer(180);
          await c.wait(4000);
          await list(c);
        },
      },
    ],
  },
  {
    name: "time over, with BYE",
    params:
      'modparam("dialog","default_timeout",3)\nmodparam("dialog","send_bye",1)\nmodparam("dialog","dlg_extra_hdrs","X-Extra: 1\\r\\n")\nmodparam("dialog","lreq_callee_headers","X-Callee: 1\\r\\n")\n',
    initial: `$dlg_ctx(timeout_route) = "TO"; dlg_manage(); $dlg_var(x)="1"; ${note(`after ${STATE} tr=$dlg_ctx(timeout_route) id=$dlg_ctx(timeout_route_id) tor=$dlg(toroute)`)}`,
    routes: `${EVENTS}event_route[tm:local-request] { ${dnote("local $rm $ru st=$dlg(state) life=$dlg(lifetime)")} }\n`,
    cases: [
      {
        name: "both answer",
        run: async (c) => {
          c.uac.delay = c.uas.delay = 200; // no sooner than Kamailio has run its routes
          await c.establish();
          await c.wait(5000);
          await list(c);
        },
      },
      {
        name: "one is silent",
        run: async (c) => {
          c.uas.answers["BYE"] = 0;
          c.uac.delay = 200;
          await c.establish();
          await c.wait(5000);
          await list(c);
        },
      },
      {
        name: "both do not know it",
        run: async (c) => {
          c.uas.answers["BYE"] = c.uac.answers["BYE"] = 481;
          c.uac.delay = c.uas.delay = 200;
          await c.establish();
          await c.wait(5000);
          await list(c);
        },
      },
    ],
  },
  {
    name: "lifetime by AVP",
    params: 'modparam("dialog","timeout_avp","$avp(to)")\n',
    initial: `$avp(to)=2; dlg_manage(); ${note(`after ${STATE}`)}`,
    within: note(`within ${STATE}`),
    routes: EVENTS,
    cases: [
      {
        name: "2 seconds",
        run: async (c) => {
          await c.establish();
          await c.wait(1000);
          await list(c);
          await c.wait(3000);
          await list(c);
        },
      },
    ],
  },
  {
    name: "context",
    first: note(`first ${STATE} on=$dlg_ctx(on)`),
    initial: `$dlg_ctx(timeout_bye)=1; $dlg_ctx(on)=7; ${note(`before ${STATE} on=$dlg_ctx(on) b=$dlg_ctx(timeout_bye)`)}$dlg_var(y)="pre"; dlg_manage(); ${note("manage rc=$rc")}dlg_setflag("3"); ${note(`rc=$rc ${STATE} sf=$dlg(sflags)`)}
if (dlg_isflagset("3")) { ${note("3 is set")} } if (!dlg_isflagset("4")) { ${note("4 is not")} } dlg_resetflag("3"); dlg_setflag("5"); ${note("sf=$dlg(sflags) y=$dlg_var(y)")}
$dlg_var(x)="2"; $dlg_var(n)=5; $dlg_var(x)=$null; ${note("x=$dlg_var(x) n=$dlg_var(n)")}\n`,
    within: `${note(`within $rm ${STATE} y=$dlg_var(y) on=$dlg_ctx(on) sf=$dlg(sflags)`)}dlg_manage(); ${note("managed rc=$rc")}
if (is_method("INFO")) { $ru = "sip:nowhere@{ME}"; dlg_set_ruri(); ${note("ruri rc=$rc $ru")} }\n`,
    routes: EVENTS,
    cases: [
      {
        name: "values, flags, variables, R-URI",
        run: async (c) => {
          await c.establish();
          await c.within("uas", "INFO");
          await c.within("uac", "INFO");
          await list(c);
        },
      },
    ],
  },
  {
    name: "functions",
    params: PROFILES,
    initial: 'dlg_manage(); set_dlg_profile("caller","$fU"); set_dlg_profile("all");',
    within: `if (is_method("INFO")) {
dlg_set_timeout("77"); ${note(`rc=$rc ${STATE}`)} dlg_set_timeout("78","1","2"); ${note(`rc=$rc ${STATE}`)}
dlg_set_timeout("79","$dlg(h_entry)","$dlg(h_id)"); ${note(`rc=$rc ${STATE}`)} dlg_set_timeout_by_profile("caller","alice","80"); ${note(`rc=$rc ${STATE}`)}
dlg_set_timeout_by_profile("caller","nobody","81"); ${note(`rc=$rc ${STATE}`)}
dlg_set_property("ka-src"); ${note("rc=$rc")} dlg_set_property("ka-dst"); dlg_set_property("timeout-noreset"); dlg_reset_property("ka-dst"); ${note("rc=$rc")}
${PROFILE_QUESTIONS}
get_profile_size("caller","alice","$var(n)"); ${note("size rc=$rc $var(n)")} get_profile_size("caller","bob","$avp(n)"); ${note("size rc=$rc $avp(n)")} get_profile_size("all","$var(n)"); ${note("size rc=$rc $var(n)")}
$var(e)=$Ts+100; dlg_remote_profile("add","other","val","uid1","$var(e)"); ${note("rc=$rc")} dlg_remote_profile("add","other","val","uid2","$var(e)"); dlg_remote_profile("rm","other","val","uid2","0"); ${note("rc=$rc")} dlg_remote_profile("rm","other","val","uid9","0"); ${note("rc=$rc")}
get_profile_size("other","val","$var(n)"); ${note("size rc=$rc $var(n)")}
dlg_get("nope","1","2"); ${note("get rc=$rc")} dlg_get("$ci","$ft","$tt"); ${note("get rc=$rc dir=$dlg_ctx(dir)")} dlg_get("$ci","$ft",""); ${note("get rc=$rc")} dlg_get("$ci","$tt","$ft"); ${note("get rc=$rc dir=$dlg_ctx(dir)")}
dlg_db_load_callid("$ci"); ${note("rc=$rc")} dlg_db_load_extra(); ${note("rc=$rc")} }\n`,
    first: `if (is_method("INFO")) { is_known_dlg(); ${note("known rc=$rc")} }
if (is_method("MESSAGE")) { is_known_dlg(); ${note(`known rc=$rc ${STATE}`)} dlg_bye("all"); ${note("bye rc=$rc")} dlg_set_ruri(); ${note("ruri rc=$rc")} set_dlg_profile("all"); ${note("set rc=$rc")}
dlg_setflag("1"); ${note("flag rc=$rc")} dlg_isflagset("1"); ${note("flag rc=$rc")} dlg_set_timeout("3"); ${note("timeout rc=$rc")} dlg_set_property("ka-src"); ${note("property rc=$rc")}
dlg_manage(); ${note("manage rc=$rc")} dlg_refer("caller","sip:x@y"); ${note("refer rc=$rc")} is_in_profile("all"); ${note("in rc=$rc")} sl_send_reply("200","OK"); exit; }\n`,
    cases: [
      {
        name: "on a dialog",
        run: async (c) => {
          await c.establish();
          await c.within("uac", "INFO");
          await list(c);
          await c.rpc("dlg.profile_get_size", "other");
          await c.rpc("dlg.profile_list", "other");
        },
      },
      {
        name: "without a dialog",
        run: async (c) => {
          await c.within("uac", "MESSAGE");
          c.uac.remoteTag = "qq";
          await c.within("uac", "MESSAGE");
        },
      },
    ],
  },
  ...[0, 1, 2].map((mode) => ({
    name: `match mode ${mode}`,
    params: `modparam("dialog","dlg_match_mode",${mode})\n`,
    within: note(`within $rm ${STATE}`),
    routes: EVENTS,
    cases: [
      {
        name: "as it should be",
        run: async (c: Call) => {
          await c.establish();
          await c.within("uas", "BYE");
        },
      },
      {
        name: "the cookie is lost",
        run: async (c: Call) => {
          await c.invite();
          await c.answer(200);
          c.uac.routes = c.uac.routes.map((r) => r.replace(/;did=[^;>]*/, ""));
          await c.ack();
          await c.within("uac", "BYE");
          await list(c);
        },
      },
      {
        name: "a wrong cookie",
        run: async (c: Call) => {
          await c.invite();
          await c.answer(200);
          c.uac.routes = c.uac.routes.map((r) => r.replace(/;did=[^;>]*/, ";did=1.1"));
          await c.ack();
          await c.within("uac", "BYE");
          await list(c);
        },
      },
    ],
  })),
  {
    name: "by flag",
    params: 'modparam("dialog","dlg_flag",4)\n',
    initial: "setflag(4);",
    within: note(`within $rm ${STATE}`),
    routes: EVENTS,
    cases: [
      {
        name: "a call",
        run: async (c) => {
          await c.establish();
          await c.within("uas", "BYE");
        },
      },
    ],
  },
  ...[
    ["as it stands", ""],
    ["ruri_pvar", 'modparam("dialog","ruri_pvar","$avp(kept)")\n'],
    ["ruri_pvar of nothing", 'modparam("dialog","ruri_pvar","$avp(none)")\nmodparam("dialog","xavp_cfg","x")\n'],
  ].map(([name, params]) => ({
    name: `R-URI: ${name}`,
    params: params!,
    initial: '$avp(kept) = "sip:kept@x"; $du = $ru; $ru = "sip:changed@x"; dlg_manage(); $ru = "sip:later@x";\n',
    cases: [
      {
        name: "a call",
        run: async (c: Call) => {
          await c.invite();
          await c.answer(180);
          for (const user of ["kept", "changed", "later"]) await c.rpc("dlg.list_match", "ruri", "eq", `sip:${user}@x`);
          await c.answer(404);
          await c.ack();
        },
      },
    ],
  })),
  ...[1, 0].map((detect) => ({
    name: `spiral, detect_spirals ${detect}`,
    params: `modparam("dialog","detect_spirals",${detect})\n`,
    initial: `dlg_manage(); if ($hdr(X-Again)==$null) { append_hf("X-Again: 1\\r\\n"); $du="sip:{ME}"; } ${note(`after ${STATE}`)}`,
    within: note(`within $rm ${STATE}`),
    routes: EVENTS,
    cases: [
      {
        name: "a call",
        run: async (c: Call) => {
          await c.invite();
          await c.answer(180);
          await c.rpc("dlg.stats_active");
          await c.answer(200);
          await c.ack();
          await c.rpc("dlg.stats_active");
          await c.within("uac", "BYE");
          await c.rpc("dlg.stats_active");
        },
      },
    ],
  })),
  {
    name: "rr_param",
    params: 'modparam("dialog","rr_param","zzz")\n',
    within: note(`within $rm ${STATE}`),
    cases: [
      {
        name: "a call",
        run: async (c) => {
          await c.invite();
          c.mark(/;zzz=[0-9a-f]+\.[0-9a-f]+/.test(c.invited) ? "cookie" : "no cookie");
        },
      },
    ],
  },
  {
    name: "in a database",
    modules: ["db_sqlite"],
    params: `modparam("dialog","db_mode",1)\nmodparam("dialog","db_url","{DB}")\n${PROFILES}`,
    initial:
      '$dlg_ctx(timeout_route) = "TO"; $dlg_var(y)="pre"; dlg_manage(); $dlg_var(x)="1"; set_dlg_profile("caller","$fU"); set_dlg_profile("all"); dlg_setflag("2"); dlg_set_property("ka-src");',
    routes: EVENTS,
    cases: [
      {
        name: "rows",
        run: async (c) => {
          await c.invite(["Record-Route: <sip:10.9.9.9;lr>, <sip:10.9.9.8;lr>"]);
          await c.answer(180);
          await c.rows("dialog");
          await c.answer(200);
          await c.rows("dialog", ["timeout"]); // Kamailio's is not yet known then
          await c.rows("dialog_vars");
          c.uac.routes = c.uac.routes.filter((r) => !r.includes("10.9.9"));
          await c.ack();
          await c.rows("dialog");
          await c.within("uac", "INFO");
          await c.rows("dialog");
          await c.within("uac", "BYE");
          await c.wait(1500);
          await c.rows("dialog");
          await c.rows("dialog_vars");
        },
      },
    ],
  },
  {
    name: "keep-alives",
    slow: true,
    params:
      'modparam("dialog","ka_timer",1)\nmodparam("dialog","ka_interval",30)\nmodparam("dialog","default_timeout",100)\n',
    initial: 'dlg_manage(); dlg_set_property("ka-src"); dlg_set_property("ka-dst");',
    routes: EVENTS,
    cases: [
      {
        name: "answered",
        run: async (c) => {
          await c.establish();
          await c.wait(32500);
          await list(c);
        },
      },
      {
        name: "481",
        run: async (c) => {
          c.uas.answers["OPTIONS"] = 481;
          await c.establish();
          await c.wait(32500);
          await list(c);
          await c.wait(14000);
          await list(c);
        },
      },
      {
        name: "silence",
        run: async (c) => {
          c.uac.answers["OPTIONS"] = 0;
          await c.establish();
          await c.wait(48000);
          await list(c);
        },
      },
    ],
  },
];
