// The cases about routes: how each way to end works in each kind of route, and what is kept between routes.

import { changes, type Group, type RouteCase, STATE, say } from "./routes-case.ts";

/** Ways a block can end; the last lets it run to its end, whose code is that of its last statement. */
const ENDINGS = ["drop;", "exit;", "return 1;", "return 0;", "return -1;", "return;", "isflagset(30);", ""];

interface Kind {
  readonly name: string;
  /** The case whose route of this kind has that body. */
  readonly make: (body: string) => Omit<RouteCase, "name">;
}

const RELAY = `t_relay(); ${say("relayed rc=$rc")}`;

const KINDS: readonly Kind[] = [
  { name: "request_route", make: (body) => ({ request: body }) },
  {
    name: "request_route with a transaction",
    make: (body) => ({ method: "INVITE", request: `t_newtran(); ${body}` }),
  },
  {
    name: "branch_route",
    make: (body) => ({ request: `t_on_branch("B{N}"); ${RELAY}`, blocks: `branch_route[B{N}] {\n${body}\n}\n` }),
  },
  {
    name: "branch_route, one of two branches",
    make: (body) => ({
      request: `t_on_branch("B{N}"); append_branch("sip:two.200@{UAS}"); ${RELAY}`,
      blocks: `branch_route[B{N}] {\n if ($rU == "200") { ${body} }\n}\n`,
      user: "200",
    }),
  },
  {
    name: "failure_route",
    make: (body) => ({
      user: "486",
      request: `t_on_failure("F{N}"); ${RELAY}`,
      blocks: `failure_route[F{N}] {\n${body}\n}\n`,
    }),
  },
  {
    name: "failure_route that relays again",
    make: (body) => ({
      user: "486",
      method: "INVITE",
      request: `t_on_failure("F{N}"); ${RELAY}`,
      blocks: `failure_route[F{N}] {\n$rU = "again.200"; t_relay(); ${body}\n}\n`,
    }),
  },
  {
    name: "onreply_route, 180 then 200",
    make: (body) => ({
      user: "180-200",
      method: "INVITE",
      request: `t_on_reply("R{N}"); ${RELAY}`,
      blocks: `onreply_route[R{N}] {\n${say("status $rs")}\n${body}\n}\n`,
    }),
  },
  {
    name: "onreply_route, 486",
    make: (body) => ({
      user: "486",
      request: `t_on_reply("R{N}"); t_on_failure("F{N}"); ${RELAY}`,
      blocks: `onreply_route[R{N}] {\n${body}\n}\nfailure_route[F{N}] { ${say("failed")} }\n`,
    }),
  },
  {
    name: "onreply_route of a branch, 180 then 200",
    make: (body) => ({
      user: "180-200",
      method: "INVITE",
      request: `t_on_branch("B{N}"); ${RELAY}`,
      blocks: `branch_route[B{N}] { t_on_reply("R{N}"); }\nonreply_route[R{N}] {\n${say("status $rs")}\n${body}\n}\n`,
    }),
  },
  {
    name: "reply_route, 180 then 200",
    make: (body) => ({
      user: "180-200",
      method: "INVITE",
      request: `t_on_reply("R{N}"); ${RELAY}`,
      reply: body,
      blocks: `onreply_route[R{N}] { ${say("named $rs")} }\n`,
    }),
  },
  {
    name: "reply_route, stateless",
    make: (body) => ({ request: `forward(); ${say("forwarded")}`, reply: body }),
  },
  { name: "onsend_route", make: (body) => ({ request: RELAY, onsend: body }) },
  { name: "onsend_route, stateless", make: (body) => ({ request: `forward(); ${say("forwarded")}`, onsend: body }) },
  {
    name: "event_route[tm:branch-failure]",
    make: (body) => ({
      user: "486",
      request: `t_on_branch_failure("F{N}"); t_on_failure("G{N}"); ${RELAY}`,
      blocks: `event_route[tm:branch-failure:F{N}] {\n${body}\n}\nfailure_route[G{N}] { ${say("failed")} }\n`,
    }),
  },
  {
    name: "event_route[core:pre-routing]",
    make: (body) => ({ preRouting: body, request: `${say("request")} t_relay();` }),
  },
];

const RECEIVED: Kind = {
  name: "event_route[core:msg-received]",
  make: (body) => ({ received: body, request: say("request") }),
};

/** How the end of a route of that kind works, written in it and in a route it calls. */
function endings(kind: Kind): RouteCase[] {
  return ENDINGS.flatMap((ending) => {
    const label =
      ending === "" ? "to its end" : ending.startsWith("isflagset") ? "last statement false" : ending.slice(0, -1);
    const isEnd = ending !== "" && !ending.startsWith("isflagset");
    const last = ending === "" ? say("end") : isEnd ? `${ending} ${say("not ended")}` : ending;
    const direct = { ...kind.make(`${say("in")} ${last}`), name: `${kind.name}: ${label}` };
    if (kind.name.startsWith("onsend")) return [direct]; // Kamailio takes no route() there
    const nested = kind.make(`${say("in")} route(E{N}); ${say("back rc=$rc")}`);
    return [
      direct,
      {
        ...nested,
        name: `${kind.name}: ${label} in a called route`,
        blocks: `${nested.blocks ?? ""}route[E{N}] { ${last} }\n`,
      },
    ];
  });
}

const NEW_URI = '$rU = "new.200"; $du = "sip:{UAS}"; ';

const STATES: readonly RouteCase[] = [
  {
    name: "state: the next message's request_route",
    times: 2,
    request: `${say(`begin ${STATE}`)} ${changes(1, '$du = "sip:{UAS}"; append_branch("sip:b2.200@{UAS}");')} ${say(`end ${STATE}`)} exit;`,
  },
  {
    name: "state: reads after changes in request_route",
    request: `${changes(1, '$rU = "x.200"; append_branch("sip:two.200@{UAS}");')} ${say(STATE)} t_relay(); ${say(`relayed ${STATE}`)}`,
  },
  {
    name: "state: from request_route to branch_route and back",
    request: `${changes(1)} t_on_branch("B{N}"); t_relay(); ${say(`after ${STATE}`)}`,
    blocks: `branch_route[B{N}] { ${say(`begin ${STATE}`)} ${changes(2, '$rU = "new.200"; $du = "sip:{UAS}";')} ${say(`end ${STATE}`)} }\n`,
  },
  {
    name: "state: from one branch_route to the next",
    request: `${changes(1)} append_branch("sip:two.200@{UAS}"); t_on_branch("B{N}"); t_relay(); ${say(`after ${STATE}`)}`,
    blocks: `branch_route[B{N}] { ${say(`begin ${STATE}`)} if ($T_branch_idx == 0) { ${changes(2, '$rU = "new.200";')} } ${say(`end ${STATE}`)} }\n`,
  },
  {
    name: "state: branches keep their own flags",
    request: `setbflag(1); append_branch("sip:two.200@{UAS}"); resetbflag(1); setbflag(4); t_on_branch("B{N}"); t_relay(); ${say(`after ${STATE}`)}`,
    blocks: `branch_route[B{N}] { ${say(STATE)} }\n`,
  },
  {
    name: "state: from request_route and branch_route to failure_route",
    user: "486",
    request: `${changes(1)} t_on_branch("B{N}"); t_on_failure("F{N}"); t_relay(); ${say("relayed")} ${changes(3, '$rU = "late";')}`,
    blocks:
      `branch_route[B{N}] { ${changes(2, '$du = "sip:{UAS}";')} }\n` +
      `failure_route[F{N}] { ${say(`begin ${STATE}`)} }\n`,
  },
  {
    name: "state: from failure_route to what it relays, and to the next failure_route",
    user: "486",
    request: `${changes(1)} t_on_failure("F{N}"); t_relay();`,
    blocks:
      `branch_route[B{N}] { ${say(`branch ${STATE}`)} }\n` +
      `failure_route[F{N}] { ${say(`begin ${STATE}`)} ${changes(2, '$rU = "new.404"; t_on_branch("B{N}"); t_on_failure("G{N}");')} t_relay(); ${say(`end ${STATE}`)} }\n` +
      `failure_route[G{N}] { ${say(`second ${STATE}`)} }\n`,
  },
  {
    name: "state: a failure_route relays with what request_route changed",
    user: "486",
    request: `append_hf("X-New: 1\\r\\n"); $rU = "first.486"; t_on_failure("F{N}"); t_relay();`,
    blocks: `failure_route[F{N}] { ${say(STATE)} append_hf("X-More: 2\\r\\n"); $rU = "second.200"; t_relay(); }\n`,
  },
  {
    name: "state: edits of one failure_route and the next",
    user: "486",
    request: `append_hf("X-New: 1\\r\\n"); t_on_failure("F{N}"); t_relay();`,
    blocks:
      `failure_route[F{N}] { append_hf("X-New: 2\\r\\n"); $rU = "a.404"; t_on_failure("G{N}"); t_relay(); append_hf("X-More: 3\\r\\n"); $rU = "late"; setflag(5); }\n` +
      `failure_route[G{N}] { ${say(STATE)} append_hf("X-New: 4\\r\\n"); $rU = "b.200"; t_relay(); }\n`,
  },
  {
    name: "state: edits of a branch-failure and the failure_route",
    user: "486",
    request: `append_hf("X-New: 1\\r\\n"); t_on_branch_failure("F{N}"); t_on_failure("G{N}"); t_relay();`,
    blocks:
      `event_route[tm:branch-failure:F{N}] { append_hf("X-New: 2\\r\\n"); $rU = "x"; }\n` +
      `failure_route[G{N}] { ${say(STATE)} append_hf("X-New: 4\\r\\n"); $rU = "b.200"; t_relay(); }\n`,
  },
  {
    name: "state: a failure_route adds a branch",
    user: "486",
    request: `t_on_failure("F{N}"); t_relay();`,
    blocks: `failure_route[F{N}] { append_branch("sip:two.200@{UAS}"); ${say(STATE)} t_relay(); ${say(`relayed ${STATE}`)} }\n`,
  },
  {
    name: "state: a failure_route relays without a change",
    user: "486",
    request: `t_on_failure("F{N}"); t_relay();`,
    blocks: `failure_route[F{N}] { t_relay(); ${say("rc=$rc")} }\n`,
  },
  {
    name: "state: onreply_route begins with",
    user: "180-200",
    method: "INVITE",
    request: `${changes(1)} t_on_reply("R{N}"); t_relay();`,
    blocks: `onreply_route[R{N}] { ${say(`$rs begin ${STATE}`)} ${changes(2)} ${say(`$rs end ${STATE}`)} }\n`,
  },
  {
    name: "state: from onreply_route to failure_route",
    user: "180-486",
    method: "INVITE",
    request: `${changes(1)} t_on_reply("R{N}"); t_on_failure("F{N}"); t_relay();`,
    blocks:
      `onreply_route[R{N}] { ${say(`$rs begin ${STATE}`)} ${changes(2)} }\n` +
      `failure_route[F{N}] { ${say(`begin ${STATE}`)} }\n`,
  },
  {
    name: "state: from reply_route to onreply_route",
    user: "180-200",
    method: "INVITE",
    request: `${changes(1)} t_on_reply("R{N}"); t_relay();`,
    reply: `${say(`$rs begin ${STATE}`)} ${changes(2)} ${say(`$rs end ${STATE}`)}`,
    blocks: `onreply_route[R{N}] { ${say(`$rs named ${STATE}`)} ${changes(3)} }\n`,
  },
  {
    name: "state: reply_route of a stateless reply",
    request: `${changes(1)} forward();`,
    reply: `${say(`begin ${STATE}`)} ${changes(2)} ${say(`end ${STATE}`)}`,
  },
  {
    name: "state: onsend_route of a transaction, and what follows",
    request: `${changes(1)} t_relay(); ${say(`after ${STATE}`)}`,
    onsend: `${say(`begin ${STATE}`)} $var(a) = "v2"; $avp(a) = "a2"; setflag(2); setbflag(2); setsflag(2); append_hf("X-New: 2\\r\\n"); ${say(`end ${STATE}`)}`,
  },
  {
    name: "state: onsend_route after branch_route",
    request: `${changes(1)} t_on_branch("B{N}"); t_relay(); ${say(`after ${STATE}`)}`,
    onsend: `${say(`begin ${STATE}`)}`,
    blocks: `branch_route[B{N}] { ${changes(2, NEW_URI)} }\n`,
  },
  {
    name: "state: onsend_route of a stateless request, and what follows",
    request: `${changes(1)} forward(); ${say(`after ${STATE}`)}`,
    onsend: `${say(`begin ${STATE}`)} $var(a) = "v2"; $avp(a) = "a2"; setflag(2); ${say(`end ${STATE}`)}`,
  },
  {
    name: "state: event_route[tm:branch-failure] and what follows",
    user: "486",
    request: `${changes(1)} t_on_branch_failure("F{N}"); t_on_failure("G{N}"); t_relay();`,
    blocks:
      `event_route[tm:branch-failure:F{N}] { ${say(`begin ${STATE}`)} ${changes(2)} }\n` +
      `failure_route[G{N}] { ${say(`failed ${STATE}`)} }\n`,
  },
  {
    name: "state: event_route[core:pre-routing] and request_route",
    preRouting: `${say(`begin ${STATE}`)} ${changes(1, '$rU = "pre.200"; $du = "sip:{UAS}"; append_branch("sip:b2.200@{UAS}");')}`,
    request: `${say(`request ${STATE}`)} t_relay();`,
  },
  {
    name: "state: event_route[core:pre-routing] and reply_route",
    user: "180-200",
    method: "INVITE",
    preRouting: `if ($rs != $null) { ${say(`$rs begin ${STATE}`)} ${changes(1)} }`,
    reply: say(`$rs reply ${STATE}`),
  },
  {
    name: "state: msg_apply_changes keeps what routes share",
    request: `${changes(1)} msg_apply_changes(); t_on_branch("B{N}"); t_relay(); ${say(`after ${STATE}`)}`,
    blocks: `branch_route[B{N}] { ${say(`begin ${STATE}`)} }\n`,
  },
  {
    name: "state: a called route",
    request: `${changes(1)} route(S{N}); ${say(`back ${STATE}`)} t_relay();`,
    blocks: `route[S{N}] { ${say(`begin ${STATE}`)} ${changes(2, '$rU = "new.200"; append_branch("sip:b2.200@{UAS}");')} return 5; }\n`,
  },
];

const MORE: readonly RouteCase[] = [
  {
    name: "names: numbers, text, variables, text with variables",
    request:
      'route(7); route("7"); $var(i) = 7; $var(n) = "N{N}"; route("N" + "{N}"); route($var(n)); route("N" + $var(i) + "x{N}"); exit;',
    blocks: `route[7] { ${say("seven")} }\nroute[N{N}] { ${say("named")} }\nroute[N7x{N}] { ${say("computed")} }\n`,
  },
  {
    name: "names: a computed name that does not exist",
    request: `$var(n) = "none"; route($var(n)); ${say("rc=$rc")} exit;`,
  },
  {
    name: "names: t_on_branch and t_on_failure by variable",
    user: "486",
    request: `$var(b) = "B{N}"; $var(f) = "F{N}"; t_on_branch("$var(b)"); t_on_failure("$var(f)"); t_relay();`,
    blocks: `branch_route[B{N}] { ${say("branch")} }\nfailure_route[F{N}] { ${say("failure")} }\n`,
  },
  {
    name: "called from branch_route, failure_route and onreply_route",
    user: "180-486",
    method: "INVITE",
    request: 't_on_branch("B{N}"); t_on_reply("R{N}"); t_on_failure("F{N}"); t_relay();',
    blocks:
      `route[S{N}] { ${say("sub of $rm $rs")} return 2; }\n` +
      `branch_route[B{N}] { route(S{N}); ${say("branch rc=$rc")} }\n` +
      `onreply_route[R{N}] { route(S{N}); ${say("reply rc=$rc")} }\n` +
      `failure_route[F{N}] { route(S{N}); ${say("failure rc=$rc")} }\n`,
  },
  {
    name: "onreply_route of the branch in place of the transaction's",
    user: "200",
    request: 't_on_reply("R{N}"); t_on_branch("B{N}"); t_relay();',
    blocks:
      `branch_route[B{N}] { t_on_reply("Q{N}"); }\n` +
      `onreply_route[R{N}] { ${say("of the transaction")} }\nonreply_route[Q{N}] { ${say("of the branch")} }\n`,
  },
  {
    name: "onreply_route armed for one of two branches",
    user: "one.180-486",
    method: "INVITE",
    request: 'append_branch("sip:two.180-480@{UAS}"); t_on_branch("B{N}"); t_relay();',
    blocks:
      `branch_route[B{N}] { if ($rU == "two.180-480") t_on_reply("Q{N}"); }\n` +
      `onreply_route[Q{N}] { ${say("$rs")} }\n`,
  },
  {
    name: "failure_route runs for a timeout",
    user: "mute",
    ms: 1500,
    request: 't_on_failure("F{N}"); t_relay();',
    blocks: `failure_route[F{N}] { ${say("$T_reply_code $rs")} t_reply("404", "none"); }\n`,
  },
  {
    name: "failure_route replies",
    user: "486",
    method: "INVITE",
    request: 't_on_failure("F{N}"); t_relay();',
    blocks: `failure_route[F{N}] { t_reply("404", "none"); ${say("rc=$rc")} }\n`,
  },
  {
    name: "failure_route does not run for a reply made here",
    request: 't_on_failure("F{N}"); t_newtran(); t_reply("404", "none"); exit;',
    blocks: `failure_route[F{N}] { ${say("failure")} }\n`,
  },
  {
    name: "failure_route is armed once",
    user: "486",
    request: 't_on_failure("F{N}"); t_relay();',
    blocks: `failure_route[F{N}] { ${say("failure $rU")} $rU = "again.404"; t_relay(); }\n`,
  },
  {
    name: "onsend_route: keywords",
    request: "t_relay();",
    onsend: `if (to_port == 1) { ${say("port")} } if (snd_ip == 10.0.0.1) { ${say("other")} } if (snd_proto == UDP) { ${say("udp")} } if (snd_proto == TCP) { ${say("tcp")} } if (snd_af == INET) { ${say("inet")} } if (msg:len > 200) { ${say("long")} } if (msg:len > 2000) { ${say("longer")} } if (to_ip == 0.0.0.0/0) { ${say("anywhere")} } if (snd_port > 1024) { ${say("high")} }`,
  },
  {
    name: "onsend_route runs for each branch and not for retransmissions, replies, CANCEL, ACK",
    user: "one.mute",
    method: "INVITE",
    ms: 1500,
    request: 'append_branch("sip:two.180@{UAS}"); t_relay();',
    onsend: say("$rm $ru"),
  },
  {
    name: "onsend_route: branches of the request",
    user: "one.200",
    request: 'append_branch("sip:two.200@{UAS}"); t_relay();',
    onsend: say("$branch(count) $rU"),
  },
  {
    name: "onsend_route drops one of two branches",
    user: "one.200",
    request: `append_branch("sip:two.200@{UAS}"); t_on_branch("B{N}"); ${RELAY}`,
    blocks: `branch_route[B{N}] { if ($rU == "one.200") setflag(9); else resetflag(9); }\n`,
    onsend: `if (isflagset(9)) drop;`,
  },
  {
    name: "onsend_route sees the request as it was received",
    user: "one.200",
    request: `$rU = "two.200"; append_hf("X-New: 1\\r\\n"); t_relay();`,
    onsend: say("$rU $hdr(X-New) $ou"),
  },
  {
    name: "branch-failure: unnamed arming does not exist; named runs for each branch",
    user: "one.486",
    method: "INVITE",
    request: 'append_branch("sip:two.404@{UAS}"); t_on_branch_failure("F{N}"); t_relay();',
    blocks: `event_route[tm:branch-failure:F{N}] { ${say("$T_reply_code")} }\n`,
  },
  {
    name: "branch-failure: adds a branch",
    user: "486",
    method: "INVITE",
    request: 't_on_branch_failure("F{N}"); t_relay();',
    blocks: `event_route[tm:branch-failure:F{N}] { append_branch("sip:three.200@{UAS}"); t_relay(); ${say("rc=$rc")} }\n`,
  },
  {
    name: "return: values of a route in conditions",
    request: `if (route(P{N})) { ${say("5 true $rc")} } if (!route(M{N})) { ${say("-5 false $rc")} } if (route(M{N})) { ${say("-5 true")} } if (route(Z{N})) { ${say("0 true")} } ${say("not reached")}`,
    blocks: "route[P{N}] { return 5; }\nroute[M{N}] { return -5; }\nroute[Z{N}] { return 0; }\n",
  },
  {
    name: "return: through two levels",
    request: `route(A{N}); ${say("main rc=$rc")} exit;`,
    blocks: `route[A{N}] { route(B{N}); ${say("middle rc=$rc")} return 3; }\nroute[B{N}] { return -7; }\n`,
  },
  {
    name: "exit: through two levels",
    request: `route(A{N}); ${say("main rc=$rc")} exit;`,
    blocks: `route[A{N}] { route(B{N}); ${say("middle rc=$rc")} }\nroute[B{N}] { exit; }\n`,
  },
  {
    name: "exit after t_relay leaves the branches going",
    request: "t_relay(); exit;",
  },
  {
    name: "drop after t_relay",
    request: "t_relay(); drop;",
  },
  { name: "nothing done with the request", request: say("done") },
  { name: "a transaction that nobody used", method: "INVITE", request: "t_newtran();", ms: 100 },
];

const BROKEN = "MESSAGE sip:x@{UAS} SIP/2.0\r\nVia: SIP/2.0/UDP {UAC};branch=z9hG4bKbroken;rport\r\n";
const IDS = "From: <sip:a@x>;tag=f{N}\r\nTo: <sip:b@y>\r\nCall-ID: b{N}\r\nCSeq: 1 MESSAGE\r\nX-Case: {N}\r\n";

const BROKEN_CASES: readonly RouteCase[] = [
  {
    name: "core:receive-parse-error: not SIP",
    raw: "HELLO {N} world, and more of it\r\n\r\n",
    parseError: 'if ($mb =~ "^HELLO") xlog("L_ALERT", "@0 error\\n"); else xlog("L_ALERT", "@1 other error\\n");',
  },
  {
    name: "core:receive-parse-error: a line that is no header",
    raw: `${BROKEN}no header at all\r\n${IDS}Content-Length: 0\r\n\r\n`,
    request: say("request"),
  },
  { name: "headers missing", raw: `${BROKEN}X-Case: {N}\r\n\r\n`, request: say("request") },
];

/** All groups. Each is one configuration. */
export const GROUPS: readonly Group[] = [
  { name: "endings", cases: KINDS.flatMap(endings) },
  { name: "states", cases: STATES },
  { name: "more", cases: MORE },
  {
    name: "received_route_mode",
    globals: "received_route_mode=1\n",
    cases: [
      ...endings(RECEIVED),
      {
        name: "event_route[core:msg-received]: what $rcv shows",
        received: say("$rcv(proto) $rcv(sproto) $rcv(af)"),
        request: say("request $rcv(len)"),
      },
      {
        name: "state: event_route[core:msg-received] and request_route",
        received: `${say("var=$var(a) avp=$avp(a) mf=$mf rc=$rc")} $var(a) = "v1"; $avp(a) = "a1"; setflag(1);`,
        request: say("var=$var(a) avp=$avp(a) mf=$mf rc=$rc"),
      },
    ],
  },
  {
    name: "onsend_route_reply",
    globals: "onsend_route_reply=yes\n",
    cases: [
      {
        name: "onsend for replies: statefully forwarded",
        user: "180-200",
        method: "INVITE",
        onsend: say("$rm $rs"),
      },
      { name: "onsend for replies: statelessly forwarded", request: "forward();", onsend: say("$rm $rs") },
      { name: "onsend for replies: made here", request: 'sl_send_reply("404", "none");', onsend: say("$rm $rs") },
      {
        name: "onsend for replies: made here by the transaction",
        request: 't_newtran(); t_reply("404", "none");',
        onsend: say("$rm $rs"),
      },
      {
        name: "onsend for replies: drop, stateful",
        user: "180-200",
        method: "INVITE",
        onsend: `if ($rs == 180) drop;`,
      },
      { name: "onsend for replies: drop, stateless", request: "forward();", onsend: `if ($rs == 200) drop;` },
    ],
  },
  {
    name: "broken messages",
    cases: BROKEN_CASES,
  },
];
