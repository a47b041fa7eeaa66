// Flows of serial forking with attributes of contacts (parameter xavp_contact): which of them the script sees while a contact is tried, in
// every kind of route.

import { type FlowCase, type FlowGroup, param, say } from "./flows-case.ts";

const AVPS = param("contacts_avp", "tm_contacts") + param("contact_flows_avp", "tm_flows");
const HOP = { a: ["486"], b: ["404@40"], c: ["302"], d: ["503"], e: ["603"] } as const;

const seen = [0, 1, 2, 3].map(
  (i) => `[${i}]$xavp(attrs[${i}]=>c)/$xavp(attrs[${i}]=>n)/$(xavp(attrs[${i}]){s.substr,0,6})`,
);
const SEEN = `${seen.join(" ")} of $cnt($xavp(attrs))`;
const kept = [0, 1, 2].map((i) => `$xavp(tm_contacts[${i}]=>uri)=$(xavp(tm_contacts[${i}]=>attrs){s.substr,0,6})`);
const KEPT = kept.join(" ");

const branch = (user: string, q = ""): string => `append_branch("sip:${user}@{UAS}"${q === "" ? "" : `, "${q}"`});`;
/** Attributes for the R-URI and the branches in order. */
const attributes = (...colors: readonly string[]): string =>
  [...colors]
    .reverse()
    .map((c) => `$xavp(attrs=>c) = "${c}"; $xavp(attrs[0]=>n) = 5;`)
    .join(" ");
const take = (field: string, at: number): string => `$xavp(tm_contacts[${at}]=>${field}) = $null;`;
const instances = (...ids: readonly number[]): string =>
  ids.map((id, i) => `$xavp(tm_contacts[${i}]=>instance) = "<urn:${id}>";`).join(" ");

const ROUTES = `failure_route[NEXT{N}] {
  ${say(`failed $T_reply_code ${SEEN}`)}
  if (!t_next_contacts()) { ${say(`none ${SEEN}`)} exit; }
  t_on_failure("NEXT{N}"); t_on_branch("SEND{N}"); t_on_reply("BACK{N}"); t_relay();
  ${say(`relayed ${SEEN}`)}
}
branch_route[SEND{N}] { ${say(`branch $T_branch_idx $ru ${SEEN}`)} append_hf("X-Color: $xavp(attrs=>c)\\r\\n"); }
onreply_route[BACK{N}] { ${say(`reply $rs ${SEEN}`)} }`;

/** `before` makes the destination set and the attributes; `between` runs before the first of them is taken. */
function serial(name: string, before: string, between = "", mode = ""): FlowCase {
  return {
    name,
    user: "a",
    hop: HOP,
    ms: 400,
    request: `${before} t_load_contacts(${mode}); ${say(`loaded $rc ${KEPT} ${SEEN}`)} ${between} t_next_contacts();
      ${say(`next $rc $ru ${SEEN}`)} t_on_failure("NEXT{N}"); t_on_branch("SEND{N}"); t_on_reply("BACK{N}"); t_relay();`,
    blocks: ROUTES,
  };
}

const three = branch("b", "0.5") + branch("c", "0.2");
const equal = branch("b", "0.5") + branch("c", "0.5") + branch("d", "0.5");

const SERIAL: readonly FlowCase[] = [
  serial(
    "three values of q",
    branch("b", "0.5") + branch("c", "0.5") + branch("e", "1.0") + attributes("A", "B", "C", "E"),
  ),
  serial("all at once", branch("b") + branch("c") + attributes("A", "B", "C")),
  serial("one contact", attributes("A", "X")),
  serial("none at all", three),
  serial("fewer than contacts", three + attributes("A", "B")),
  serial("more than contacts", three + attributes("A", "B", "C", "D")),
  serial("by chance, one of them with q", branch("b", "0.5") + branch("c", "0") + attributes("A", "B", "C"), "", '"1"'),
  serial("plain values", `${three} $xavp(attrs) = "C"; $xavp(attrs) = "B"; $xavp(attrs) = "A";`),
  serial("set anew in between", three + attributes("A", "B", "C"), attributes("X", "Y")),
  serial("next twice", three + attributes("A", "B", "C"), "t_next_contacts();"),
  serial(
    "loaded twice",
    branch("b", "0.5") + attributes("A", "B"),
    `${branch("c", "0.7")} ${attributes("X", "Y")} t_load_contacts();`,
  ),
  serial("a branch in between", branch("b", "0.5") + attributes("A", "B"), branch("c", "0.7") + attributes("X", "Y")),
  serial("a branch before a group", equal + attributes("A", "B", "C", "D"), branch("x404")),
  serial("the first of a group has none", equal + attributes("A", "B", "C"), take("attrs", 0)),
  serial("the second of a group has none", equal + attributes("A", "B", "C", "D"), take("attrs", 1)),
  serial(
    "the first has none, others are there",
    equal + attributes("A", "B", "C"),
    attributes("X", "Y") + take("attrs", 0),
  ),
  serial("written over", branch("b", "0.5") + attributes("A", "B"), '$xavp(tm_contacts[0]=>attrs) = "text";'),
  {
    name: "loaded in a failure_route",
    user: "a",
    hop: HOP,
    ms: 400,
    request: 't_on_failure("LOAD{N}"); t_relay();',
    blocks: `failure_route[LOAD{N}] { ${branch("b", "0.5")} ${branch("c", "0.6")} ${attributes("A", "B", "C")} t_load_contacts();
      ${say(KEPT)} t_next_contacts(); ${say(`$rc $ru ${SEEN}`)} t_on_failure("NEXT{N}"); t_on_branch("SEND{N}"); t_relay(); }
      ${ROUTES}`,
  },
];

/** Four contacts of one q, the last added first; a failure of an instance tries its next flow. */
function flows(name: string, given: string, ids: readonly number[], before = ""): FlowCase {
  return {
    name,
    user: "a",
    hop: HOP,
    ms: 400,
    request: `${branch("b")} ${branch("c")} ${branch("d")} ${given} t_load_contacts(); ${instances(...ids)} t_next_contacts(); ${before}
      ${say(`$ru flows=$xavp(tm_flows=>uri) ${SEEN}`)} t_on_branch_failure("X{N}"); t_relay();`,
    blocks: `event_route[tm:branch-failure:X{N}] { ${say(`failed $T_branch_idx ${SEEN}`)} t_next_contact_flow();
      ${say(`$rc n=$branch(count) ${SEEN}`)} if ($rc > 0) { t_on_branch_failure("X{N}"); t_relay(); } }`,
  };
}

const all = attributes("A", "B", "C", "D");

export const ATTRIBUTES: readonly FlowGroup[] = [
  { name: "attributes of contacts", params: AVPS + param("xavp_contact", "attrs"), cases: SERIAL },
  { name: "attributes that tm does not know", params: AVPS, cases: SERIAL.slice(0, 5) },
  {
    name: "attributes and flows of an instance",
    params: AVPS + param("xavp_contact", "attrs"),
    cases: [
      flows("one instance", all, [1, 1, 1, 1]),
      flows("two instances", all, [1, 2, 1, 2]),
      flows("the last flow alone has some", attributes("A"), [1, 1, 1, 1]),
      flows("taken away meanwhile", all, [1, 2, 1, 2], "$xavp(attrs[*]) = $null;"),
    ],
  },
];
