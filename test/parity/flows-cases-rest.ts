// Flows of module tmx, of messages put aside, of copies and of requests made in the middle of a route.

import { type FlowCase, type FlowGroup, say } from "./flows-case.ts";

const HOP = { a: ["486"], b: ["404@40"] } as const;

const calls = (name: string, call: string, more: Partial<FlowCase> = {}): FlowCase => ({
  name,
  request: `${call}; ${say("$rc")}`,
  hop: HOP,
  ...more,
});

const asks = (fn: string): string => `if (${fn}) { ${say(`${fn} yes`)} } else { ${say(`${fn} no`)} }`;
const WHERE = ["t_is_request_route()", "t_is_branch_route()", "t_is_failure_route()", "t_is_reply_route()"]
  .map(asks)
  .join(" ");
const FLAGS = `if (isflagset(5)) { ${say("5 yes")} } if (isflagset(7)) { ${say("7 yes")} }`;

/** INVITE is put aside; the client's ACK, which belongs to nothing, is the message that takes it up. */
const aside = (name: string, onAck: string, more: Partial<FlowCase> = {}): FlowCase => ({
  name,
  all: true,
  later: [[80, "ACK"]],
  ms: 350,
  request: `
    if (is_method("ACK")) { ${onAck} exit; }
    if (is_method("CANCEL")) { t_relay_cancel(); exit; }
    if (t_lookup_request()) exit;
    append_hf("X-Before: 1\\r\\n"); setflag(5);
    t_suspend(); ${say("suspended $rc")} $shv(i{N}) = $T(id_index); $shv(l{N}) = $T(id_label);
    append_hf("X-After: 1\\r\\n"); setflag(7);`,
  blocks: `route[C{N}] { ${say("on $rm $rU")} ${FLAGS} append_hf("X-On: 1\\r\\n"); t_relay(); }`,
  ...more,
});
const GO_ON = `t_continue("$shv(i{N})", "$shv(l{N})", "C{N}"); ${say("continued $rc")}`;

const ASIDE: FlowGroup = {
  name: "put aside",
  cases: [
    aside("and relayed", GO_ON),
    aside("and relayed, 486", GO_ON, { user: "486" }),
    aside("and replied", GO_ON, { blocks: 'route[C{N}] { t_reply("404", "no"); }' }),
    aside("and replied provisionally, then relayed", GO_ON, {
      user: "486",
      blocks: 'route[C{N}] { t_reply("183", "wait"); t_relay(); }',
    }),
    aside("and nothing done", GO_ON, { blocks: `route[C{N}] { ${say("nothing")} }` }),
    aside("taken up twice", `${GO_ON} ${GO_ON}`),
    aside("taken up by another number", `t_continue("$shv(i{N})", "1", "C{N}"); ${say("continued $rc")}`),
    aside("and repeated by the client", GO_ON, {
      later: [
        [40, "INVITE"],
        [80, "ACK"],
      ],
    }),
    aside("and cancelled", GO_ON, { later: [[60, "CANCEL"]] }),
    aside("and forgotten", GO_ON, { later: [], ms: 1300 }),
    aside("and a failure_route after it", GO_ON, {
      user: "486",
      blocks: `route[C{N}] { t_on_failure("F{N}"); t_relay(); }\nfailure_route[F{N}] { ${say("failed $T_reply_code")} }`,
    }),
  ],
};

const TMX: FlowGroup = {
  name: "tmx",
  cases: [
    {
      name: "which route it is",
      user: "486",
      request: `${WHERE} t_on_branch("B{N}"); t_on_reply("R{N}"); t_on_failure("F{N}"); t_relay();`,
      blocks: `branch_route[B{N}] { ${WHERE} }\nonreply_route[R{N}] { ${WHERE} }\nfailure_route[F{N}] { ${WHERE} }`,
    },
    calls("t_drop", 't_newtran(); t_drop("0")', { ms: 100, later: [[50, "INVITE"]] }),
    calls("t_drop()", "t_newtran(); t_drop()", { ms: 100 }),
    calls("t_drop without a transaction", "t_drop()", { ms: 100 }),
    {
      name: "flags of the transaction without t_flush_flags",
      user: "486",
      request: 'setflag(5); t_newtran(); setflag(7); t_on_failure("F{N}"); t_relay();',
      blocks: `failure_route[F{N}] { ${FLAGS} }`,
    },
    {
      name: "t_flush_flags",
      user: "486",
      request: `t_on_failure("F{N}"); setflag(5); t_relay(); setflag(7); t_flush_flags(); ${say("$rc")}`,
      blocks: `failure_route[F{N}] { ${FLAGS} }`,
    },
    calls("t_flush_flags without a transaction", "t_flush_flags()", { ms: 100 }),
    calls("t_flush_xflags", "t_newtran(); t_flush_xflags()", { ms: 100 }),
    {
      name: "t_precheck_trans of INVITE and ACK",
      all: true,
      user: "180-486",
      request: `t_precheck_trans(); ${say("$rm $rc")} if (!is_method("ACK|CANCEL")) t_check_trans(); t_relay();`,
    },
    {
      name: "t_precheck_trans of INVITE and CANCEL",
      all: true,
      user: "180",
      request: `t_precheck_trans(); ${say("$rm $rc")} if (!is_method("ACK|CANCEL")) t_check_trans(); t_relay();`,
      later: [
        [60, "INVITE"],
        [100, "CANCEL"],
      ],
      ms: 200,
    },
    {
      name: "t_reply_callid",
      all: true,
      user: "180",
      later: [[80, "ACK"]],
      ms: 250,
      request: `if (is_method("ACK")) { t_reply_callid("$ci", "1", "480", "Gone"); ${say("$rc")} exit; } if (t_lookup_request()) exit; t_relay();`,
      unordered: true,
    },
    calls("t_reply_callid of none", 't_reply_callid("none", "1", "480", "Gone")', { ms: 100 }),
    {
      name: "t_cancel_callid",
      all: true,
      noAck: true,
      user: "180",
      later: [[80, "ACK"]],
      ms: 250,
      request: `if (is_method("ACK")) { t_cancel_callid("$ci", "1", "9"); ${say("$rc")} exit; } if (t_lookup_request()) exit; t_on_failure("F{N}"); t_relay();`,
      blocks: `failure_route[F{N}] { if (isflagset(9)) { ${say("flag 9")} } }`,
    },
    {
      name: "t_cancel_callid with a code",
      all: true,
      noAck: true,
      user: "180",
      later: [[80, "ACK"]],
      ms: 250,
      request: `if (is_method("ACK")) { t_cancel_callid("$ci", "1", "9", "486"); ${say("$rc")} exit; } if (t_lookup_request()) exit; t_relay();`,
    },
    calls("t_cancel_callid of none", 't_cancel_callid("none", "1", "9")', { ms: 100 }),
    {
      name: 't_cancel_branches("this")',
      user: "183",
      request: 'append_branch("sip:x@{UAS}"); t_on_reply("R{N}"); t_relay();',
      hop: { x: ["180"] },
      blocks: `onreply_route[R{N}] { if (status == 183) { t_cancel_branches("this"); ${say("$rc")} } }`,
      unordered: true,
    },
    {
      name: 't_cancel_branches("all")',
      user: "180",
      request: 'append_branch("sip:x@{UAS}"); t_on_reply("R{N}"); t_relay();',
      hop: { x: ["183@40"] },
      blocks: `onreply_route[R{N}] { if (status == 183) { t_cancel_branches("all"); ${say("$rc")} } }`,
      unordered: true,
    },
    {
      name: "variables of the transaction",
      user: "a",
      hop: HOP,
      request: 'append_branch("sip:b@{UAS}"); t_on_reply("R{N}"); t_on_failure("F{N}"); t_relay();',
      blocks: `onreply_route[R{N}] { ${say("$T_branch_idx $T_reply_code $T_req($rU) $T_req($fu)")} }
        failure_route[F{N}] { ${say("$T_branch_idx $T_reply_code $T_reply_reason $T_rpl($rs) $T_inv($rU) $T(reply_code) $T(branch_index)")} }`,
    },
  ],
};

const COPIES: FlowGroup = {
  name: "copies",
  cases: [
    calls("t_replicate", 't_replicate("sip:{UAS2}"); t_relay()', { method: "MESSAGE", unordered: true }),
    calls("t_replicate of an INVITE", 't_replicate("sip:{UAS2}")', { ms: 150, unordered: true }),
    calls("t_replicate to a user", 't_replicate("sip:c200@{UAS2}"); t_relay()', { method: "MESSAGE", unordered: true }),
    calls("t_replicate_udp", 't_replicate_udp("127.0.0.1", "9"); t_relay()', { method: "MESSAGE", unordered: true }),
    calls("t_replicate_tcp without TCP", 't_replicate_tcp("127.0.0.1", "9"); t_relay()', { method: "MESSAGE" }),
    calls("t_replicate_sctp", 't_replicate_sctp("127.0.0.1", "9"); t_relay()', { method: "MESSAGE" }),
    calls("t_replicate_tls without TLS", 't_replicate_tls("127.0.0.1", "9"); t_relay()', { method: "MESSAGE" }),
    calls("t_replicate_to", 't_replicate_to("udp", "{UAS2}"); t_relay()', { method: "MESSAGE", unordered: true }),
    calls("t_relay_to_tls without TLS", 't_relay_to_tls("127.0.0.1", "9")'),
  ],
};

const LOCAL = "From: <sip:me@x>\\r\\nTo: <sip:you@y>\\r\\nX-Flow: x;tag=f{N}\\r\\n";
const made = (name: string, uri: string, next: string, more: Partial<FlowCase> = {}): FlowCase => ({
  name,
  method: "OPTIONS",
  request: `t_uac_send("OPTIONS", "${uri}", "${next}", "", "${LOCAL}", ""); ${say("$rc")} sl_send_reply("200", "OK");`,
  hop: HOP,
  unordered: true,
  ...more,
});

const MADE_HERE: FlowGroup = {
  name: "requests made here",
  routes: 'event_route[tm:local-request] { append_hf("X-Local: $rm\\r\\n"); }\n',
  cases: [
    made("t_uac_send", "sip:200@{UAS}", ""),
    made("t_uac_send by a next hop", "sip:200@nowhere.invalid", "sip:{UAS2}"),
    made("t_uac_send, 486", "sip:486@{UAS}", ""),
    {
      name: "t_uac_send with a body",
      method: "MESSAGE",
      request: `t_uac_send("MESSAGE", "sip:200@{UAS}", "", "", "${LOCAL}Content-Type: text/plain\\r\\n", "hello"); ${say("$rc")} sl_send_reply("200", "OK");`,
      unordered: true,
    },
  ],
};

const TIMES: FlowGroup = {
  name: "times of the transaction",
  cases: [
    {
      name: "t_reset_max_lifetime",
      user: "180",
      request: 't_set_max_lifetime("300", "0"); t_reset_max_lifetime(); t_relay();',
      ms: 700,
    },
    calls("t_set_retr", 't_set_retr("100", "200"); t_relay()', { user: "180", ms: 150 }),
    calls("t_reset_retr", 't_set_retr("100", "200"); t_reset_retr(); t_relay()', { user: "180", ms: 150 }),
  ],
};

const EACH: FlowGroup = {
  name: "routes for all messages",
  routes: `reply_route { xlog("L_ALERT", "@$(ft{s.substr,1,0}) any $rs $rm\\n"); if (is_present_hf("X-Drop")) drop; }
    onsend_route { xlog("L_ALERT", "@$(ft{s.substr,1,0}) sends $rm\\n"); }\n`,
  cases: [
    { name: "INVITE, 180, 486", user: "180-486" },
    { name: "MESSAGE", method: "MESSAGE" },
    { name: "a reply dropped", user: "x", hop: { x: ["180|X-Drop: 1", "486@40"] } },
    {
      name: "beside the transaction's own",
      user: "486",
      request: 't_on_reply("R{N}"); t_relay();',
      blocks: `onreply_route[R{N}] { ${say("own $rs")} }`,
    },
  ],
};

export const REST: readonly FlowGroup[] = [EACH, ASIDE, TMX, COPIES, MADE_HERE, TIMES];
