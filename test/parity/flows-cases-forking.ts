// Flows of serial forking: contacts by q, several flows of a phone, which replies and edits later legs see, what stays armed.

import { type FlowCase, type FlowGroup, param, say } from "./flows-case.ts";

const AVPS = param("contacts_avp", "tm_contacts") + param("contact_flows_avp", "tm_flows");

/** What the hops answer, by user. */
const HOP = { a: ["486"], b: ["404@40"], c: ["302"], d: ["503"], e: ["603"] } as const;

const STATE = "ru=$ru du=$du bf=$bf rc=$T_reply_code idx=$T_branch_idx";

/** A failure route that goes on with the next contacts. */
const SERIAL = `failure_route[SERIAL{N}] {
  ${say("failed $T_reply_code $ru")}
  if (!t_next_contacts()) { ${say("none $rc")} exit; }
  ${say("next $ru n=$branch(count) du=$du")}
  t_on_failure("SERIAL{N}");
  t_relay();
}`;

/** Loads the branches, begins with the best. */
function contacts(name: string, branches: string, mode = "", more: Partial<FlowCase> = {}): FlowCase {
  const fields = [0, 1, 2].map((i) => `[${i}]=$xavp(tm_contacts[${i}]=>uri)`).join(" ");
  return {
    name,
    user: "a",
    hop: HOP,
    ms: 400,
    request: `${branches}
      t_load_contacts(${mode}); ${say(`loaded $rc $ru n=$branch(count) ${fields} q=$xavp(tm_contacts=>q_flag)`)}
      t_next_contacts(); ${say("rc=$rc $ru n=$branch(count) du=$du left=$xavp(tm_contacts=>uri)")}
      t_on_failure("SERIAL{N}"); t_relay();`,
    blocks: SERIAL,
    ...more,
  };
}

const branch = (user: string, q = ""): string => `append_branch("sip:${user}@{UAS}"${q === "" ? "" : `, "${q}"`});`;

/** Short while there are more contacts, longer for the last one. */
const LEG = `if ($xavp(tm_contacts) != $null) { t_set_fr("0", "150"); ${say("more")} } else { t_set_fr("0", "500"); ${say("last")} }`;

const CONTACTS: FlowGroup = {
  name: "contacts by q",
  params: AVPS,
  cases: [
    contacts("three values of q", branch("b", "0.5") + branch("c", "0.5") + branch("e", "1.0")),
    contacts("one contact", ""),
    contacts("no q at all", branch("b") + branch("c")),
    contacts("the R-URI comes last", branch("b", "0.5") + branch("c", "0.2")),
    contacts("by chance, one of them with q", branch("b", "0.5") + branch("c", "0"), '"1"'),
    contacts("twice the same URI", branch("b", "0.5") + branch("b", "0.5")),
    contacts("CANCEL during the first leg", branch("b", "0.5") + branch("x180", "0.6"), "", {
      later: [[100, "CANCEL"]],
    }),
    {
      name: "fields",
      user: "a",
      hop: HOP,
      request: `${branch("b", "0.5")} $(branch(dst_uri)[0]) = "sip:{UAS2}"; $(branch(flags)[0]) = 4;
        $(branch(path)[0]) = "<sip:{UAS2};lr>"; t_load_contacts();
        ${say("$xavp(tm_contacts=>uri)|$xavp(tm_contacts=>dst_uri)|$xavp(tm_contacts=>path)|$xavp(tm_contacts=>flags)|$xavp(tm_contacts=>q_flag)|$xavp(tm_contacts=>sock)|$xavp(tm_contacts=>instance)|$xavp(tm_contacts=>ruid)")}
        t_next_contacts(); t_on_failure("SERIAL{N}"); t_relay();`,
      blocks: SERIAL,
    },
    {
      name: "times of each leg, by what is left",
      user: "mute",
      ms: 1400,
      request: `${branch("mute2", "0.5")} t_load_contacts(); t_next_contacts(); ${LEG} t_on_failure("TIMES{N}"); t_relay();`,
      blocks: `failure_route[TIMES{N}] { ${say("failed $T_reply_code")} if (!t_next_contacts()) { ${say("none")} exit; } ${LEG} t_on_failure("TIMES{N}"); t_relay(); }`,
    },
    { name: "next without load", user: "a", hop: HOP, request: `t_next_contacts(); ${say("$rc $ru")} t_relay();` },
    {
      name: "load without next",
      user: "a",
      hop: HOP,
      request: `${branch("b", "0.5")} t_load_contacts(); t_relay(); ${say("$rc")}`,
    },
    {
      name: "next twice",
      user: "a",
      hop: HOP,
      request: `${branch("b", "0.5")} t_load_contacts(); t_next_contacts(); t_next_contacts(); t_relay();`,
    },
    {
      name: "a branch between load and next",
      user: "a",
      hop: HOP,
      request: `${branch("b", "0.5")} t_load_contacts(); ${branch("c")} t_next_contacts(); ${say("$ru n=$branch(count)")} t_relay();`,
    },
    {
      name: "load twice",
      user: "a",
      hop: HOP,
      request: `${branch("b", "0.5")} t_load_contacts(); ${branch("c", "0.7")} t_load_contacts(); ${say("$rc $branch(count) $xavp(tm_contacts[1]=>uri) $xavp(tm_contacts[2]=>uri)")} t_next_contacts(); t_on_failure("SERIAL{N}"); t_relay();`,
      blocks: SERIAL,
      ms: 400,
    },
    {
      name: "load in failure_route",
      user: "a",
      hop: HOP,
      ms: 400,
      request: 't_on_failure("LOAD{N}"); t_relay();',
      blocks: `failure_route[LOAD{N}] { ${branch("b", "0.5")} ${branch("c", "0.6")} t_load_contacts(); ${say("$rc $ru n=$branch(count)")} t_next_contacts(); ${say("$rc $ru n=$branch(count)")} t_on_failure("SERIAL{N}"); t_relay(); }\n${SERIAL}`,
    },
  ],
};

const INSTANCES = (...ids: readonly number[]): string =>
  ids.map((id, i) => `$xavp(tm_contacts[${i}]=>instance) = "<urn:${id}>";`).join(" ");

const FLOWS: FlowGroup = {
  name: "flows of one instance",
  params: AVPS,
  cases: [
    {
      name: "two and another",
      user: "a",
      hop: HOP,
      request: `${branch("b")} ${branch("c")} t_load_contacts(); ${INSTANCES(1, 1, 2)} t_next_contacts();
        ${say("$ru n=$branch(count) flows=$xavp(tm_flows=>uri)")} t_on_branch_failure("X{N}"); t_relay();`,
      blocks: `event_route[tm:branch-failure:X{N}] { ${say(STATE)} t_next_contact_flow(); ${say("$rc $ru")} if ($rc > 0) { t_relay(); } }`,
    },
    {
      name: "three",
      user: "a",
      hop: HOP,
      ms: 400,
      request: `${branch("b")} ${branch("c")} t_load_contacts(); ${INSTANCES(1, 1, 1)} t_next_contacts();
        ${say("$ru n=$branch(count) flows=$xavp(tm_flows[0]=>uri) $xavp(tm_flows[1]=>uri)")} t_on_branch_failure("X{N}"); t_relay();`,
      blocks: `event_route[tm:branch-failure:X{N}] { ${say(STATE)} t_next_contact_flow(); ${say("$rc $ru")} if ($rc > 0) { t_on_branch_failure("X{N}"); t_relay(); ${say("relayed $rc")} } }`,
    },
    {
      name: "none",
      user: "a",
      hop: HOP,
      request: 't_on_branch_failure("X{N}"); t_relay();',
      blocks: `event_route[tm:branch-failure:X{N}] { t_next_contact_flow(); ${say("$rc")} }`,
    },
  ],
};

/** Three legs: 302, 486, 503, each route doing `each`. */
function legs(name: string, each: string): FlowCase {
  const leg = (k: number, next: string): string =>
    `failure_route[L${k}x{N}] { ${say(`${k} $T_reply_code $T_branch_idx`)} ${next === "" ? "" : `${each} $ru = "sip:${next}@{UAS}"; t_on_failure("L${k + 1}x{N}"); t_relay();`} }\n`;
  return {
    name,
    user: "c",
    hop: HOP,
    ms: 300,
    request: 't_on_failure("L1x{N}"); t_relay();',
    blocks: leg(1, "a") + leg(2, "d") + leg(3, ""),
  };
}

function replyModes(mode: number): FlowGroup {
  const few = "if ($T_branch_idx > 3) { exit; }";
  return {
    name: `failure_reply_mode ${mode}`,
    params: param("failure_reply_mode", mode),
    cases: [
      legs("as the parameter says", few),
      legs("t_drop_replies()", `${few} t_drop_replies();`),
      legs("t_drop_replies(a)", `${few} t_drop_replies("a");`),
      legs("t_drop_replies(l)", `${few} t_drop_replies("l");`),
      legs("t_drop_replies(n)", `${few} t_drop_replies("n");`),
      {
        name: "forgotten and nothing else",
        user: "c",
        hop: HOP,
        request: 't_on_failure("F{N}"); t_relay();',
        blocks: `failure_route[F{N}] { t_drop_replies(); ${say("$rc")} }`,
      },
      {
        name: "two branches a leg",
        user: "a",
        hop: HOP,
        ms: 400,
        request: `${branch("c")} t_on_failure("F{N}"); t_relay();`,
        blocks: `failure_route[F{N}] { ${say("1 $T_reply_code")} if ($T_branch_idx > 3) { exit; } $ru = "sip:d@{UAS}"; ${branch("b")} t_on_failure("G{N}"); t_relay(); }
          failure_route[G{N}] { ${say("2 $T_reply_code")} $ru = "sip:a@{UAS}"; t_relay(); }`,
      },
    ],
  };
}

const EDITS: FlowGroup = {
  name: "edits of legs",
  cases: [
    {
      name: "t_save_lumps",
      user: "a",
      hop: HOP,
      request: `t_newtran(); append_hf("X-One: 1\\r\\n"); t_save_lumps(); ${say("$rc")} append_hf("X-Two: 2\\r\\n"); t_on_failure("F{N}"); t_relay();`,
      blocks: 'failure_route[F{N}] { append_hf("X-Three: 3\\r\\n"); $ru = "sip:b@{UAS}"; t_relay(); }',
    },
    {
      name: "without it",
      user: "a",
      hop: HOP,
      request:
        't_newtran(); append_hf("X-One: 1\\r\\n"); append_hf("X-Two: 2\\r\\n"); t_on_failure("F{N}"); t_relay();',
      blocks: 'failure_route[F{N}] { append_hf("X-Three: 3\\r\\n"); $ru = "sip:b@{UAS}"; t_relay(); }',
    },
    {
      name: "t_save_lumps without a transaction",
      user: "a",
      hop: HOP,
      request: `append_hf("X-One: 1\\r\\n"); t_save_lumps(); ${say("$rc")} t_on_failure("F{N}"); t_relay();`,
      blocks: 'failure_route[F{N}] { $ru = "sip:b@{UAS}"; t_relay(); }',
    },
  ],
};

const event = (body: string): string => `event_route[tm:branch-failure:X{N}] { ${say(`branch ${STATE}`)} ${body} }\n`;
const failure = (body: string): string => `failure_route[F{N}] { ${say(`failure ${STATE}`)} ${body} }\n`;
const OTHERS = `branch_route[B{N}] { append_hf("X-B: 1\\r\\n"); } onreply_route[R{N}] { ${say("reply $rs")} }`;

const ARMED: FlowGroup = {
  name: "what stays armed",
  cases: [
    {
      name: "failure_route, after a branch failure relayed",
      user: "a",
      hop: HOP,
      request: 't_on_failure("F{N}"); t_on_branch_failure("X{N}"); t_relay();',
      blocks: event(`${branch("b")} t_relay();`) + failure(""),
    },
    {
      name: "others, after a branch failure relayed",
      user: "a",
      hop: HOP,
      request: 't_on_branch("B{N}"); t_on_reply("R{N}"); t_on_branch_failure("X{N}"); t_relay();',
      blocks: event(`${branch("b")} t_relay();`) + OTHERS,
    },
    {
      name: "others, after a failure_route relayed",
      user: "a",
      hop: HOP,
      request: 't_on_branch("B{N}"); t_on_reply("R{N}"); t_on_branch_failure("X{N}"); t_on_failure("F{N}"); t_relay();',
      blocks: failure('$ru = "sip:b@{UAS}"; t_relay();') + event("") + OTHERS,
    },
    {
      name: "two branches fail, the first relays",
      user: "a",
      hop: HOP,
      request: `${branch("b")} t_on_failure("F{N}"); t_on_branch_failure("X{N}"); t_relay();`,
      blocks: event(`if ($T_branch_idx == 0) { ${branch("d")} t_relay(); }`) + failure(""),
    },
    {
      name: "a second failure_route",
      user: "a",
      hop: HOP,
      request: 't_on_failure("F{N}"); t_relay();',
      blocks: `${failure('$ru = "sip:d@{UAS}"; t_on_failure("G{N}"); t_relay();')} failure_route[G{N}] { ${say(`second ${STATE}`)} }`,
    },
    {
      name: "t_reuse_branch: the R-URI's",
      user: "a",
      hop: HOP,
      request: `${branch("b")} setbflag(2); t_on_branch_failure("X{N}"); t_relay();`,
      blocks: event(`if ($T_branch_idx == 0) { t_reuse_branch(); ${say("$rc $ru $du $bf")} t_relay(); }`),
    },
    {
      name: "t_reuse_branch: another",
      user: "a",
      hop: HOP,
      request: `${branch("b")} $(branch(dst_uri)[0]) = "sip:{UAS2}"; $(branch(flags)[0]) = 8; t_on_branch_failure("X{N}"); t_relay();`,
      blocks: event(`if ($T_branch_idx == 1) { t_reuse_branch(); ${say("$rc $ru $du $bf")} t_relay(); }`),
      unordered: true,
    },
    {
      name: "t_reuse_branch: changed by its branch_route",
      user: "a",
      hop: HOP,
      request: 't_on_branch("C{N}"); t_on_branch_failure("X{N}"); t_relay();',
      blocks: `branch_route[C{N}] { $ru = "sip:b@{UAS}"; } ${event(`t_reuse_branch(); ${say("$rc $ru")} t_relay();`)}`,
    },
  ],
};

export const FORKING: readonly FlowGroup[] = [
  CONTACTS,
  {
    name: "contacts without the parameters",
    cases: [
      {
        name: "load and next",
        user: "a",
        hop: HOP,
        request: `${branch("b", "0.5")} t_load_contacts(); ${say("$rc $branch(count)")} t_next_contacts(); ${say("$rc")} t_relay();`,
      },
    ],
  },
  FLOWS,
  ...[0, 1, 2, 3].map(replyModes),
  EDITS,
  ARMED,
];
