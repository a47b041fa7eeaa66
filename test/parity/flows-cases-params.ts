// Flows that show what each parameter of module tm does to proxied requests, and what it is like without.

import { type FlowCase, type FlowGroup, param, say } from "./flows-case.ts";

const HOP = { a: ["486"], b: ["404@40"] } as const;
const FAILURE = `failure_route[F{N}] { ${say("failed $T_reply_code")} }`;

const group = (name: string, params: string, ...cases: readonly FlowCase[]): FlowGroup => ({ name, params, cases });

const mute: FlowCase = { name: "silence", user: "mute", ms: 1300 };
const cancel: FlowCase = { name: "CANCEL", user: "180", later: [[60, "CANCEL"]] };
const nowhere = '$ru = "sip:x@nonexistent.invalid";';
const fork = (user: string): string => `append_branch("sip:${user}@{UAS}"); t_relay();`;
const preloaded: Partial<FlowCase> = {
  headers: ["Route: <sip:{ME};lr>", "Route: <sip:{UAS2};lr>"],
  request: "loose_route(); t_relay();",
};

export const PARAMS: readonly FlowGroup[] = [
  group(
    "noisy_ctimer 0",
    param("noisy_ctimer", 0),
    mute,
    { name: "180 and no more", user: "180", ms: 1900 },
    { name: "two silent branches", user: "mute", request: fork("mute2"), ms: 1300 },
    { name: "failure_route", user: "mute", request: 't_on_failure("F{N}"); t_relay();', blocks: FAILURE, ms: 1300 },
    { name: "MESSAGE", method: "MESSAGE", user: "mute", ms: 1300 },
  ),
  group(
    "ac_extra_hdrs",
    param("ac_extra_hdrs", "P-My"),
    { ...cancel, headers: ["P-My-One: 1", "p-my-two: 2", "P-Other: 3", "P-My: 4"] },
    {
      name: "ACK",
      user: "486",
      headers: ["P-My-One: 1", "P-Other: 3"],
      request: 'append_hf("P-My-Three: 3\\r\\n"); t_relay();',
    },
  ),
  ...[0, 1].map((mode) => ({
    name: `reparse_invite ${mode}`,
    modules: ["rr"],
    params: param("reparse_invite", mode),
    // Kamailio then always writes a User-Agent line, a blank one when that is empty
    globals: 'user_agent_header="User-Agent: x"\n',
    cases: [
      { ...cancel, ...preloaded },
      { name: "ACK", user: "486", ...preloaded },
      {
        name: "Max-Forwards changed",
        user: "486",
        request: 'remove_hf("Max-Forwards"); append_hf("Max-Forwards: 12\\r\\n"); t_relay();',
      },
    ],
  })),
  {
    name: "on_sl_reply",
    params: param("on_sl_reply", "SL"),
    routes: `onreply_route[SL] { xlog("L_ALERT", "@$(ft{s.substr,1,0}) stray $rs\\n"); append_hf("X-Sl: 1\\r\\n"); if (is_present_hf("X-Drop")) drop; if (is_present_hf("X-Zero")) return 0; if (is_present_hf("X-Exit")) exit; }
      reply_route { xlog("L_ALERT", "@$(ft{s.substr,1,0}) any $rs\\n"); }\n`,
    cases: [
      { name: "passes", method: "MESSAGE", request: "forward();" },
      { name: "drop", method: "MESSAGE", request: "forward();", hop: { "200": ["200|X-Drop: 1"] } },
      { name: "return 0", method: "MESSAGE", request: "forward();", hop: { "200": ["200|X-Zero: 1"] } },
      { name: "exit", method: "MESSAGE", request: "forward();", hop: { "200": ["200|X-Exit: 1"] } },
      { name: "a reply with a transaction", method: "MESSAGE" },
    ],
  },
  ...[0, 1].map((mode) =>
    group(
      `relay_100 ${mode}`,
      param("relay_100", mode),
      { name: "without a transaction", method: "MESSAGE", user: "100-200", request: "forward();" },
      { name: "with one", user: "100-200" },
      { name: "MESSAGE with one", method: "MESSAGE", user: "100-200" },
    ),
  ),
  group(
    "timers by AVP",
    param("fr_timer_avp", "$avp(fr)") + param("fr_inv_timer_avp", "$avp(frinv)"),
    { name: "fr_timer 2", user: "mute", request: "$avp(fr) = 2; t_relay();", ms: 1300 },
    { name: "fr_timer 1", user: "mute", request: "$avp(fr) = 1; t_relay();", ms: 1500 },
    { name: "fr_inv_timer 2", user: "180", request: "$avp(frinv) = 2; t_relay();", ms: 1600 },
    { name: "fr_inv_timer in text", user: "180", request: '$avp(frinv) = "2"; t_relay();', ms: 1600 },
    { ...mute, name: "neither" },
  ),
  group(
    "failure_exec_mode 1",
    param("failure_exec_mode", 1),
    {
      name: "unresolvable",
      request: `${nowhere} t_on_failure("F{N}"); t_relay(); ${say("$rc")}`,
      blocks: FAILURE,
      ms: 400,
    },
    {
      name: "dropped by its branch_route",
      user: "a",
      request: `t_on_branch("B{N}"); t_on_failure("F{N}"); t_relay(); ${say("$rc")}`,
      blocks: `branch_route[B{N}] { drop; }\n${FAILURE}`,
    },
    {
      name: "one of two unresolvable",
      user: "a",
      hop: HOP,
      request: `append_branch("sip:x@nonexistent.invalid"); t_on_failure("F{N}"); t_relay(); ${say("$rc")}`,
      blocks: FAILURE,
      ms: 400,
    },
  ),
  ...[0, 1, 2, 3].map((mode) =>
    group(
      `rich_redirect ${mode}`,
      param("rich_redirect", mode),
      {
        name: "t_reply",
        request:
          '$ru = "sip:n@1.2.3.4"; append_branch("sip:m@5.6.7.8", "0.5"); $(branch(flags)[0]) = 6; $(branch(path)[0]) = "<sip:p1;lr>,<sip:p2;lr>"; setbflag(3); t_newtran(); t_reply("302", "Moved");',
      },
      { name: "sl_send_reply", request: '$ru = "sip:n@1.2.3.4"; setbflag(3); sl_send_reply("302", "Moved");' },
      {
        name: "send_reply with a transaction",
        request: '$ru = "sip:n@1.2.3.4"; setbflag(3); t_newtran(); send_reply("302", "Moved");',
      },
      { name: "send_reply without", request: '$ru = "sip:n@1.2.3.4"; setbflag(3); send_reply("302", "Moved");' },
    ),
  ),
  ...[1, 2, 3].map((mode) =>
    group(
      `rich_redirect ${mode} of sl`,
      `modparam("sl", "rich_redirect", ${mode})\n`,
      ...["sl_send_reply", "send_reply", "t_newtran(); send_reply"].map((name) => ({
        name,
        request: `$ru = "sip:n@1.2.3.4"; append_branch("sip:m@5.6.7.8", "0.5"); $(branch(flags)[0]) = 6; $(branch(path)[0]) = "<sip:p1;lr>,<sip:p2;lr>"; setbflag(3); ${name}("302", "Moved");`,
      })),
      { name: "send_reply_mode", request: '$ru = "sip:n@1.2.3.4"; setbflag(3); send_reply_mode("302", "Moved", "0");' },
    ),
  ),
  ...[0, 1].map((mode) =>
    group(`ruri_matching ${mode}`, param("ruri_matching", mode), {
      name: "another R-URI",
      user: "180",
      old: true,
      later: [[60, "~INVITE sip:180@=>INVITE sip:other@"]],
    }),
  ),
  group(
    "via1_matching 0",
    param("via1_matching", 0),
    { name: "another parameter", user: "180", old: true, later: [[60, "~;rport=>;x=1;rport"]] },
    { name: "another branch", user: "180", old: true, later: [[60, "~;branch==>;branch=zz"]] },
  ),
  ...[0, 1].map((mode) =>
    group(
      `callid_matching ${mode}`,
      param("callid_matching", mode),
      { name: "a reply with another", user: "q", method: "MESSAGE", hop: { q: ["200|~Call-ID: =>Call-ID: other"] } },
      { name: "the request again with another", method: "MESSAGE", later: [[60, "~Call-ID: =>Call-ID: other"]] },
    ),
  ),
  group(
    "callid_cseq_matching 1",
    param("callid_cseq_matching", 1),
    { name: "again with another branch", method: "MESSAGE", later: [[60, "~branch=z9hG4bK=>branch=z9hG4bKother"]] },
    cancel,
    { name: "486", user: "486" },
    { name: "200", later: [[100, "ACK"]] },
  ),
  ...[0, 1, 2].map((mode) =>
    group(
      `cancel_b_method ${mode}`,
      param("cancel_b_method", mode),
      {
        name: "CANCEL before any reply",
        user: "late",
        hop: { late: ["180@150"] },
        later: [[50, "CANCEL"]],
        ms: 350,
        unordered: true,
      },
      { name: "CANCEL and silence", user: "mute", later: [[50, "CANCEL"]], ms: 1300, unordered: true },
      {
        name: "603 of the other branch",
        user: "mute",
        request: fork("603"),
        hop: { "603": ["603@60"] },
        ms: 1300,
        unordered: true,
      },
    ),
  ),
  ...[0, 1].map((mode) =>
    group(
      `Reason of CANCELs ${mode}`,
      param("local_cancel_reason", mode) + param("e2e_cancel_reason", mode),
      { ...cancel, cancelHeaders: ['Reason: SIP;cause=200;text="x"', "Reason: Q.850;cause=16"] },
      {
        name: "603 of the other branch",
        user: "180",
        request: fork("603"),
        hop: { "603": ["603@60"] },
        unordered: true,
      },
    ),
  ),
  group(
    "remap_503_500, aggregate_challenges, disable_6xx_block",
    param("remap_503_500", 0) + param("aggregate_challenges", 0) + param("disable_6xx_block", 1),
    { name: "503", user: "503" },
    {
      name: "two challenges",
      user: "a",
      request: fork("b"),
      hop: { a: ['401|WWW-Authenticate: Digest realm="a"'], b: ['407@40|Proxy-Authenticate: Digest realm="b"'] },
    },
    { name: "603 and 404", user: "603", request: fork("404"), hop: { "404": ["404@40"] } },
    {
      name: "603 and a phone that rings",
      user: "603",
      request: fork("x"),
      hop: { x: ["180", "200@100"] },
      ms: 300,
      unordered: true,
    },
  ),
  ...[0, 1, 2].map((mode) =>
    group(`unmatched_cancel ${mode}`, param("unmatched_cancel", mode), {
      name: "CANCEL",
      method: "CANCEL",
      all: true,
    }),
  ),
  group(
    "auto_inv_100, default_code",
    param("auto_inv_100", 0) + param("default_code", 502) + param("default_reason", "Not mine"),
    { name: "180", user: "180", ms: 150 },
    { name: "t_set_auto_inv_100(1)", user: "180", request: 't_set_auto_inv_100("1"); t_relay();', ms: 150 },
    { name: "t_reply with a code that is none", request: '$var(c) = "no"; t_newtran(); t_reply("$var(c)", "x");' },
  ),
  group("auto_inv_100_reason", param("auto_inv_100_reason", "On its way"), { name: "180", user: "180", ms: 150 }),
  group(
    "faked_reply_prio",
    param("faked_reply_prio", 2000),
    { name: "486 and silence", user: "486", request: fork("mute"), ms: 1300 },
    { name: "503 and silence", user: "503", request: fork("mute"), ms: 1300 },
  ),
  group(
    "max_inv_lifetime",
    param("max_inv_lifetime", 500) + param("max_noninv_lifetime", 300),
    { name: "180", user: "180", ms: 1000 },
    { name: "MESSAGE", method: "MESSAGE", user: "mute", ms: 700 },
  ),
  ...[0, 1].map((mode) =>
    group(
      `restart_fr_on_each_reply ${mode}`,
      param("restart_fr_on_each_reply", mode),
      { name: "180 again and again", user: "r", hop: { r: ["180", "180@500", "180@900"] }, ms: 1600 },
      { name: "180, then 183", user: "r", hop: { r: ["180", "183@700"] }, ms: 1600 },
    ),
  ),
];
