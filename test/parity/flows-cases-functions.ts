// Flows of module tm's functions over proxied requests.

import { type FlowCase, type FlowGroup, say } from "./flows-case.ts";

const HOP = { a: ["486"], b: ["404@40"] } as const;
const nowhere = '$ru = "sip:x@nonexistent.invalid";';

/** Calls something and says what it returned. */
const calls = (name: string, call: string, more: Partial<FlowCase> = {}): FlowCase => ({
  name,
  request: `${call}; ${say("$rc")}`,
  hop: HOP,
  ...more,
});

const asks = (fn: string): string =>
  `if (${fn}) { ${say(`${fn.replaceAll('"', "'")} yes`)} } else { ${say(`${fn.replaceAll('"', "'")} no`)} }`;
const QUESTIONS = [
  "t_branch_timeout()",
  "t_branch_replied()",
  "t_any_timeout()",
  "t_any_replied()",
  't_grep_status("486")',
  "t_is_canceled()",
  "t_is_expired()",
  't_check_status("4[0-9][0-9]")',
  't_is_set("failure_route")',
  't_is_set("onreply_route")',
  't_is_set("branch_route")',
];
const ask = (questions: readonly string[]): string =>
  [...questions.map(asks), "t_get_status_code();", say("code $rc")].join(" ");
const ASK_ALL = ask(QUESTIONS);
/** What may be asked anywhere. */
const ASK_SOME = ask(QUESTIONS.slice(2));

const RELAYING: FlowGroup = {
  name: "relaying",
  cases: [
    calls("t_relay_to(proxy)", 't_relay_to("udp:{UAS2}")'),
    calls("t_relay_to(proxy without protocol)", 't_relay_to("{UAS2}")'),
    calls("t_relay_to(proxy without port)", 't_relay_to("udp:127.0.0.1")', { ms: 100 }),
    calls("t_relay_to(proxy, 1)", 't_relay_to("udp:{UAS2}", "1")'),
    calls("t_relay_to(proxy, 0x01)", 't_relay_to("udp:{UAS2}", "0x01")'),
    calls("t_relay_to(proxy, 2)", 't_relay_to("udp:{UAS2}", "2")'),
    calls("t_relay_to()", "t_relay_to()"),
    calls("t_relay_to() nowhere", `${nowhere} t_relay_to()`, { ms: 400 }),
    calls("t_relay_to(proxy) of two branches", 'append_branch("sip:b@1.2.3.4"); t_relay_to("udp:{UAS2}")', {
      user: "486",
    }),
    calls("t_relay_to(1) of the R-URI", 't_relay_to("0x01")'),
    calls("t_relay_to_udp()", "t_relay_to_udp()"),
    calls("t_relay_to_udp() of two branches", 'append_branch("sip:b@{UAS2}"); t_relay_to_udp()', {
      user: "486",
      unordered: true,
    }),
    calls("t_relay_to_sctp()", "t_relay_to_sctp()"),
    calls("t_relay_to_sctp(host, port)", 't_relay_to_sctp("127.0.0.1", "5060")'),
    calls("t_relay_to_tcp() without TCP", 't_relay_to_tcp("127.0.0.1", "9")'),
    calls("t_forward_nonack(host, port)", 't_forward_nonack("127.0.0.1", "9")', { ms: 100 }),
    calls("t_forward_nonack(host, port) with a transaction", 't_newtran(); t_forward_nonack("127.0.0.1", "9")', {
      ms: 100,
    }),
    calls("$du and a branch", 'append_branch("sip:b@{UAS2}"); $du = "sip:{UAS2}"; t_relay()', { user: "486" }),
    calls("nowhere", `${nowhere} t_relay()`, { ms: 400 }),
    calls("nowhere, without a reply", `${nowhere} t_set_disable_internal_reply("1"); t_relay()`, { ms: 400 }),
    calls("nowhere, sl_reply_error", `${nowhere} t_set_disable_internal_reply("1"); t_relay(); sl_reply_error()`, {
      ms: 400,
    }),
    calls("nowhere, then the script's own reply", `${nowhere} t_relay(); t_reply("404", "mine")`, { ms: 400 }),
    {
      name: "nowhere in failure_route",
      user: "a",
      hop: HOP,
      ms: 400,
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${nowhere} t_relay(); ${say("$rc")} }`,
    },
    {
      name: "thirteen legs",
      user: "a",
      hop: HOP,
      ms: 400,
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { $ru = "sip:486@{UAS}"; t_on_failure("F{N}"); t_relay(); ${say("$rc $T_branch_idx")} }`,
    },
    calls("t_relay twice", "t_relay(); t_relay()"),
    calls("t_set_disable_failover", 't_set_disable_failover("1"); t_relay()'),
    calls("t_clean", "t_clean(); t_relay()"),
  ],
};

const REPLYING: FlowGroup = {
  name: "replying",
  cases: [
    calls("t_reply without a transaction", 't_reply("404", "no")', { ms: 100 }),
    calls("t_reply", 't_newtran(); t_reply("404", "no")'),
    calls("t_reply twice", 't_newtran(); t_reply("404", "no"); t_reply("405", "again")'),
    calls("t_reply provisional, then final", 't_newtran(); t_reply("183", "wait"); t_reply("486", "no")'),
    calls("t_reply provisional, then relayed", 't_newtran(); t_reply("183", "wait"); t_relay()', { user: "486" }),
    calls("t_send_reply", 't_send_reply("480", "away")'),
    calls("t_send_reply after t_newtran", 't_newtran(); t_send_reply("480", "away")'),
    calls("t_newtran and nothing", "t_newtran()", { ms: 100 }),
    calls("t_newtran twice", "t_newtran(); t_newtran()", { ms: 100 }),
    calls("t_retransmit_reply", 't_newtran(); t_reply("183", "wait"); t_retransmit_reply()', { ms: 100 }),
    calls("t_retransmit_reply without a reply", "t_newtran(); t_retransmit_reply()", { ms: 100 }),
    calls("t_release", "t_newtran(); t_release()", { ms: 100, later: [[50, "INVITE"]] }),
    calls("append_to_reply", 'append_to_reply("X-Mine: 1\\r\\n"); t_newtran(); t_reply("404", "no")'),
    {
      name: "t_reply in failure_route",
      user: "a",
      hop: HOP,
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { t_reply("499", "mine"); ${say("$rc")} }`,
    },
    {
      name: "t_reply in failure_route while another rings",
      user: "a",
      hop: { ...HOP, x: ["180"] },
      request: 'append_branch("sip:x@{UAS}"); t_on_branch_failure("X{N}"); t_relay();',
      blocks: `event_route[tm:branch-failure:X{N}] { t_reply("499", "mine"); ${say("$rc")} }`,
      unordered: true,
    },
    {
      name: "t_reply in onreply_route",
      user: "180",
      request: 't_on_reply("R{N}"); t_relay();',
      blocks: `onreply_route[R{N}] { if (status == 180) { t_reply("499", "mine"); ${say("$rc")} } }`,
    },
    {
      name: "302 of contacts",
      request: 'append_branch("sip:m@5.6.7.8", "0.5"); $ru = "sip:n@1.2.3.4"; t_newtran(); t_reply("302", "Moved");',
    },
  ],
};

const ASKING: FlowGroup = {
  name: "asking",
  cases: [
    {
      name: "in failure_route after 486",
      user: "a",
      hop: HOP,
      request: 't_on_failure("F{N}"); t_on_reply("R{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${ASK_ALL} }\nonreply_route[R{N}] { ${say("reply")} }`,
    },
    {
      name: "in failure_route after 180, 486",
      user: "180-486",
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${ASK_ALL} }`,
    },
    {
      name: "in failure_route after silence",
      user: "mute",
      ms: 1200,
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${ASK_ALL} }`,
    },
    {
      name: "in failure_route after 180 and silence",
      user: "180",
      ms: 1600,
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${ASK_ALL} }`,
    },
    {
      name: "in failure_route after CANCEL",
      user: "180",
      later: [[60, "CANCEL"]],
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${ASK_ALL} }`,
    },
    {
      name: "in failure_route after its lifetime",
      user: "180",
      ms: 700,
      request: 't_set_max_lifetime("300", "0"); t_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${ASK_ALL} }`,
    },
    {
      name: "in failure_route after two branches",
      user: "mute",
      ms: 1200,
      hop: HOP,
      request: 'append_branch("sip:a@{UAS}"); t_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${ASK_ALL} }`,
    },
    {
      name: "in a branch failure route",
      user: "a",
      hop: HOP,
      request: 'append_branch("sip:b@{UAS}"); t_on_branch_failure("X{N}"); t_relay();',
      blocks: `event_route[tm:branch-failure:X{N}] { ${ASK_ALL} }`,
    },
    {
      name: "in onreply_route",
      user: "180-200",
      request: 't_on_reply("R{N}"); t_relay();',
      blocks: `onreply_route[R{N}] { ${ASK_SOME} }`,
    },
    {
      name: "in onreply_route of the second branch",
      user: "a",
      hop: HOP,
      request: 'append_branch("sip:b@{UAS}"); t_on_reply("R{N}"); t_relay();',
      blocks: `onreply_route[R{N}] { ${ASK_SOME} }`,
    },
    {
      name: "in request_route with a transaction",
      request: `t_newtran(); t_reply("183", "wait"); ${ASK_SOME}`,
      ms: 100,
    },
    { name: "in request_route without", request: ASK_SOME, ms: 100 },
    {
      name: "in branch_route",
      request: 't_on_branch("B{N}"); t_relay();',
      blocks: `branch_route[B{N}] { ${ask(QUESTIONS.slice(2).filter((q) => !q.startsWith("t_check")))} }`,
    },
    {
      name: "t_lookup_cancel and flags",
      all: true,
      user: "180",
      request: `if (is_method("CANCEL")) { setflag(9); t_lookup_cancel(); ${say("$rc mf=$mf")} t_lookup_cancel("1"); ${say("$rc mf=$mf")} } else if (is_method("INVITE")) { setflag(3); setflag(5); } t_relay();`,
      later: [[60, "CANCEL"]],
    },
    {
      name: "t_check_trans of each",
      all: true,
      user: "180-486",
      request: `t_check_trans(); ${say("$rm $rc")} t_relay();`,
      later: [
        [100, "INVITE"],
        [150, "CANCEL"],
      ],
    },
    {
      name: "t_lookup_request again",
      all: true,
      user: "180",
      request: `t_lookup_request(); ${say("$rm $rc")} t_relay();`,
      later: [[60, "INVITE"]],
      ms: 200,
    },
    {
      name: "t_relay_cancel",
      all: true,
      user: "180",
      request: `if (is_method("CANCEL")) { t_relay_cancel(); ${say("$rc")} exit; } t_relay();`,
      later: [[60, "CANCEL"]],
    },
    {
      name: "t_relay_cancel without INVITE",
      all: true,
      method: "CANCEL",
      request: `t_relay_cancel(); ${say("$rc")}`,
      ms: 100,
    },
  ],
};

const WISHES: FlowGroup = {
  name: "wishes for the transaction",
  cases: [
    {
      name: "t_set_no_e2e_cancel_reason(1)",
      user: "180",
      request: 't_set_no_e2e_cancel_reason("1"); t_relay();',
      later: [[60, "CANCEL"]],
      cancelHeaders: ["Reason: SIP;cause=200"],
    },
    {
      name: "t_set_no_e2e_cancel_reason(0)",
      user: "180",
      request: 't_set_no_e2e_cancel_reason("0"); t_relay();',
      later: [[60, "CANCEL"]],
      cancelHeaders: ["Reason: SIP;cause=200"],
    },
    {
      name: "t_set_disable_6xx(1)",
      user: "603",
      request: 't_set_disable_6xx("1"); append_branch("sip:x@{UAS}"); t_relay();',
      hop: { x: ["180", "200@100"] },
      ms: 300,
      unordered: true,
    },
    { name: "t_set_auto_inv_100(0)", user: "180", request: 't_set_auto_inv_100("0"); t_relay();', ms: 150 },
    { name: "t_set_fr(1500)", user: "180", request: 't_set_fr("1500"); t_relay();', ms: 1300 },
    { name: "t_set_fr(0, 300)", user: "mute", request: 't_set_fr("0", "300"); t_relay();', ms: 550 },
    {
      name: "t_set_fr in onreply_route",
      user: "180",
      request: 't_on_reply("R{N}"); t_relay();',
      blocks: 'onreply_route[R{N}] { t_set_fr("300"); }',
      ms: 600,
    },
    { name: "t_reset_fr", user: "mute", request: 't_set_fr("0", "100"); t_reset_fr(); t_relay();', ms: 450 },
    { name: "t_set_max_lifetime", user: "180", request: 't_set_max_lifetime("300", "0"); t_relay();', ms: 700 },
    {
      name: "t_use_uac_headers",
      user: "180",
      request: `t_use_uac_headers(); ${say("$rc")} t_relay();`,
      later: [[60, "CANCEL"]],
    },
    {
      name: "t_on_reply of a branch",
      user: "a",
      hop: HOP,
      request: 'append_branch("sip:b@{UAS}"); t_on_branch("B{N}"); t_relay();',
      blocks: `branch_route[B{N}] { if ($T_branch_idx == 1) { t_on_reply("R{N}"); } }\nonreply_route[R{N}] { ${say("reply $rs $T_branch_idx")} }`,
    },
    {
      name: "drop of a provisional reply",
      user: "180-200",
      request: 't_on_reply("R{N}"); t_relay();',
      blocks: "onreply_route[R{N}] { if (status == 180) drop; }",
    },
    {
      name: "t_cancel_branches",
      user: "180",
      request: 'append_branch("sip:x@{UAS}"); t_on_reply("R{N}"); t_relay();',
      hop: { x: ["183@40"] },
      blocks: `onreply_route[R{N}] { if (status == 183) { t_cancel_branches("others"); ${say("$rc")} } }`,
      ms: 200,
      unordered: true,
    },
  ],
};

export const FUNCTIONS: readonly FlowGroup[] = [RELAYING, REPLYING, ASKING, WISHES];
