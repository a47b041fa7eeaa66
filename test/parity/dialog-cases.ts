// Calls through module dialog, compared with Kamailio's: what both phones get, what scripts see, what commands answer.

import { type Call, type CallGroup, note } from "./dialog-call.ts";
import { ALL, EVENTS, IN_SIDES, list, PROFILES } from "./dialog-case-parts.ts";

export const DIALOG_GROUPS: readonly CallGroup[] = [
  {
    name: "a call",
    params: PROFILES,
    first: note("first $rm set=$dlg_ctx(set)"),
    initial: `${note(`before ${ALL}`)} dlg_manage(); $dlg_var(x)="one"; set_dlg_profile("caller","$fu"); set_dlg_profile("all"); ${note(`after ${ALL}`)} t_on_reply("R"); t_on_failure("F"); t_on_branch("B");\n`,
    within: note(`within $rm ${ALL}`),
    routes: `onreply_route[R] { ${note(`reply $rs ${ALL}`)} }\nfailure_route[F] { ${note(`failure ${ALL}`)} }\nbranch_route[B] { ${note(`branch ${ALL}`)} }\n${EVENTS}`,
    cases: [
      {
        name: "both ways, BYE of the callee",
        run: async (c) => {
          await c.invite();
          await list(c);
          await c.answer(180);
          await list(c);
          await c.answer(200);
          await list(c);
          await c.ack();
          await c.rpc("dlg.dlg_list_ctx", "{CALLID}", "{FTAG}");
          await c.rpc("dlg.is_alive", "{CALLID}", "{FTAG}", "{TTAG}");
          await c.rpc("dlg.list_match", "callid", "eq", "{CALLID}");
          await c.within("uac", "INFO");
          await c.within("uas", "INFO");
          await c.within("uas", "BYE");
          await list(c);
          await c.rpc("dlg.is_alive", "{CALLID}", "{FTAG}", "{TTAG}");
          await c.within("uas", "INFO");
        },
      },
      {
        name: "BYE of the caller",
        run: async (c) => {
          await c.establish();
          await c.within("uac", "BYE");
          await list(c);
          await c.wait(1500);
          await list(c);
        },
      },
      {
        name: "486",
        run: async (c) => {
          await c.invite();
          await c.answer(486);
          await list(c);
          await c.wait(2500);
          await list(c);
        },
      },
      {
        name: "CANCEL",
        run: async (c) => {
          await c.invite();
          await c.answer(180);
          await c.cancel();
          await list(c);
        },
      },
      {
        name: "two early dialogs, the second one answers, then a third",
        run: async (c) => {
          await c.invite();
          await c.answer(180, { tag: "sa" });
          await c.answer(180, { tag: "sb" });
          await list(c);
          await c.answer(200, { tag: "sb" });
          await c.ack();
          await list(c);
          await c.answer(200, { tag: "sc" });
          await list(c);
        },
      },
      {
        name: "2xx again, ACK again, INVITE again",
        run: async (c) => {
          await c.invite();
          await c.answer(200);
          await c.answer(200);
          await c.ack();
          await c.ack();
          await c.again();
          await list(c);
        },
      },
      {
        name: "PRACK, UPDATE and BYE before the answer",
        run: async (c) => {
          await c.invite();
          await c.answer(183);
          await c.within("uac", "PRACK");
          await c.within("uas", "UPDATE");
          await c.within("uac", "BYE");
        },
      },
      {
        name: "BYE before the ACK",
        run: async (c) => {
          await c.invite();
          await c.answer(200);
          await c.within("uac", "INFO");
          await c.within("uac", "BYE");
          await list(c);
        },
      },
      {
        name: "a request with a wrong tag",
        run: async (c) => {
          await c.establish();
          c.uac.remoteTag = "zz";
          await c.within("uac", "BYE");
          await list(c);
        },
      },
      {
        name: "the way by others in front and behind",
        run: async (c) => {
          await c.invite(["Record-Route: <sip:10.9.9.9;lr>, <sip:10.9.9.8;lr>"]);
          c.invited = c.invited.replace(
            "Record-Route:",
            "Record-Route: <sip:10.8.8.8;lr>\r\nRecord-Route: <sip:10.8.8.7;lr>\r\nRecord-Route:",
          );
          await c.answer(200);
          await list(c);
        },
      },
      {
        name: "a new Contact",
        run: async (c) => {
          await c.establish();
          c.uac.user = "elsewhere";
          await c.within("uac", "UPDATE");
          await list(c);
          c.uas.user = "there";
          await c.within("uas", "INVITE");
          await list(c);
        },
      },
    ],
  },
  {
    name: "statistics",
    params: PROFILES,
    initial: 'dlg_manage(); set_dlg_profile("caller","$fU"); set_dlg_profile("all");',
    within: note("cnt=$DLG_count"),
    cases: [
      {
        name: "counted",
        run: async (c) => {
          await c.rpc("dlg.list");
          await c.rpc("dlg.stats_active");
          await c.invite();
          await c.rpc("dlg.stats_active");
          await c.answer(180);
          await c.rpc("dlg.stats_active");
          await c.answer(200);
          await c.rpc("dlg.stats_active");
          await c.ack();
          await c.rpc("dlg.stats_active");
          await c.rpc("dlg.list");
          await c.rpc("dlg.profile_get_size", "caller");
          await c.rpc("dlg.profile_get_size", "caller", "alice");
          await c.rpc("dlg.profile_get_size", "caller", "bob");
          await c.rpc("dlg.profile_get_size", "all");
          await c.rpc("dlg.profile_get_size", "none");
          await c.rpc("dlg.profile_list", "all");
          await c.rpc("dlg.profile_list", "caller", "bob");
          await c.rpc("dlg.profile_list", "none");
          await c.rpc("dlg.list_match", "furi", "eq", "sip:alice@x");
          await c.rpc("dlg.list_match", "turi", "sw", "sip:bo");
          await c.rpc("dlg.list_match", "furi", "re", "^sip:al.*x$");
          await c.rpc("dlg.list_match", "furi", "eq", "sip:nobody@x");
          await c.rpc("dlg.list_match", "foo", "eq", "1");
          await c.rpc("dlg.list_match", "furi", "xx", "1");
          await c.rpc("dlg.list_match", "furi", "re", "[");
          await c.rpc("dlg.is_alive", "x", "y", "z");
          await c.rpc("dlg.dlg_list", "nobody");
          await c.rpc("dlg.end_dlg", "1", "1");
          await c.rpc("dlg.terminate_dlg", "x", "y", "z");
          await c.rpc("dlg.set_state", "x", "y", "z", 5);
          await c.rpc("dlg.set_state", "{CALLID}", "{FTAG}", "{TTAG}", 9);
          await c.within("uac", "BYE");
          await c.rpc("dlg.stats_active");
          await c.rpc("dlg.profile_get_size", "all");
        },
      },
    ],
  },
  {
    name: "ended from here",
    within: `if (is_method("INFO")) { switch($hdr(X-Side)) { ${IN_SIDES} } ${note("bye rc=$rc")} sl_send_reply("200","OK"); exit; }\n`,
    routes: EVENTS,
    cases: [
      ...["all", "caller", "callee"].map((side) => ({
        name: `dlg_bye ${side}`,
        run: async (c: Call) => {
          c.uac.delay = c.uas.delay = 100; // no sooner than Kamailio has run its routes
          await c.establish();
          await c.within("uac", "INFO", [`X-Side: ${side}`]);
          await c.wait(400);
          await list(c);
        },
      })),
      {
        name: "dlg.end_dlg",
        run: async (c) => {
          c.uac.delay = c.uas.delay = 100; // no sooner than Kamailio has run its routes
          await c.establish();
          await c.ask("dlg.dlg_list", "{CALLID}");
          await c.rpc("dlg.end_dlg", "{ENTRY}", "{ID}");
          await c.wait(400);
          await list(c);
        },
      },
      {
        name: "dlg.end_dlg with a header",
        run: async (c) => {
          c.uac.delay = c.uas.delay = 100; // no sooner than Kamailio has run its routes
          await c.establish();
          await c.ask("dlg.dlg_list", "{CALLID}");
          await c.rpc("dlg.end_dlg", "{ENTRY}", "{ID}", "X-Why: because\r\n");
          await c.wait(400);
        },
      },
      {
        name: "dlg.terminate_dlg",
        run: async (c) => {
          c.uac.delay = c.uas.delay = 100; // no sooner than Kamailio has run its routes
          await c.establish();
          await c.rpc("dlg.terminate_dlg", "{CALLID}", "{FTAG}", "{TTAG}");
          await c.wait(400);
          await list(c);
        },
      },
      {
        name: "nobody answers the BYEs",
        run: async (c) => {
          c.uac.answers["BYE"] = 0;
          c.uas.answers["BYE"] = 0;
          c.uac.delay = c.uas.delay = 100; // no sooner than Kamailio has run its routes
          await c.establish();
          await c.ask("dlg.dlg_list", "{CALLID}");
          await c.rpc("dlg.end_dlg", "{ENTRY}", "{ID}");
          await list(c);
          await c.wait(2600);
          await list(c);
        },
      },
      {
        name: "dlg.set_state",
        run: async (c) => {
          c.uac.delay = c.uas.delay = 100; // no sooner than Kamailio has run its routes
          await c.establish();
          await c.rpc("dlg.set_state", "{CALLID}", "{FTAG}", "{TTAG}", 5);
          await c.ask("dlg.dlg_list", "{CALLID}");
          await c.within("uac", "BYE");
        },
      },
      {
        name: "while it rings",
        run: async (c) => {
          await c.invite();
          await c.answer(180);
          await c.ask("dlg.dlg_list", "{CALLID}");
          await c.rpc("dlg.end_dlg", "{ENTRY}", "{ID}");
          await c.wait(400);
          await c.rpc("dlg.is_alive", "{CALLID}", "{FTAG}", "{TTAG}");
        },
      },
    ],
  },
  {
    name: "referred",
    within:
      'if (is_method("INFO")) { if ($hdr(X-Side) == "caller") dlg_refer("caller", "sip:new@{ME}"); else dlg_refer("callee", "sip:new@{ME}"); sl_send_reply("200","OK"); exit; }\n',
    cases: [
      {
        name: "caller",
        run: async (c) => {
          await c.establish();
          await c.within("uac", "INFO", ["X-Side: caller"]);
          await c.wait(200);
        },
      },
      {
        name: "callee",
        run: async (c) => {
          await c.establish();
          await c.within("uac", "INFO", ["X-Side: callee"]);
          await c.wait(200);
        },
      },
    ],
  },
];
