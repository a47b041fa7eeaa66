// Attributes of registered contacts on the way through serial forking: lookup(), t_load_contacts() and t_next_contacts() with the parameter
// xavp_contact of usrloc and tm, and lookups over attributes that are there already.

import { HOP, type NatCase, type NatGroup, type NatStep, natRequest, PUBLIC } from "./nat-case.ts";

const MODULES = ["kex", "corex", "sl", "tm", "pv", "textops", "textopsx", "siputils", "usrloc", "registrar"];

const shown = (i: number): string => `$xavp(ulattrs[${i}]=>color)`;
const tell = (mark: string): string =>
  `append_to_reply("${mark}: $rc $ru $branch(count) $cnt($xavp(ulattrs)): ${[0, 1, 2, 3].map(shown).join(" ")}\\r\\n");`;
const kept = [0, 1, 2].map((i) => `$xavp(contacts[${i}]=>uri) $(xavp(contacts[${i}]=>ulattrs){s.substr,0,7})`);

// What a request asks for stands in X-Do.
const SCRIPT = `
  if (is_method("ACK|CANCEL")) { t_relay(); exit; }
  if (is_method("REGISTER")) {
    if ($hdr(X-Color) != $null) $xavp(ulattrs=>color) = $hdr(X-Color);
    save("location");
    exit;
  }
  if ($hdr(X-Do) =~ "before") { $xavp(ulattrs=>color) = "two"; $xavp(ulattrs=>color) = "one"; }
  if ($hdr(X-Do) =~ "branches") {
    append_branch("sip:a@office.example"); append_branch("sip:nobody@office.example"); append_branch("sip:c@office.example");
    lookup_branches("location");
  } else if ($hdr(X-Do) =~ "dset") { lookup_to_dset("location"); } else { lookup("location"); }
  if ($hdr(X-Do) =~ "again") { lookup("location"); }
  if (is_method("OPTIONS")) {
    ${tell("L")}
    if ($hdr(X-Do) =~ "load") {
      t_load_contacts();
      ${tell("C")}
      append_to_reply("K: ${kept.join(" ")}\\r\\n");
      t_next_contacts(); ${tell("N")}
      t_next_contacts(); ${tell("N")}
      t_next_contacts(); ${tell("N")}
    }
    sl_send_reply("299", "Done");
    exit;
  }
  t_load_contacts();
  t_next_contacts();
  t_on_branch("SEND");
  t_on_failure("NEXT");
  t_relay();
  exit;
`;
const ROUTES = `
branch_route[SEND] { append_hf("X-Color: $xavp(ulattrs=>color) $cnt($xavp(ulattrs))\\r\\n"); }
failure_route[NEXT] { if (t_next_contacts()) { t_on_branch("SEND"); t_on_failure("NEXT"); t_relay(); } }
`;

let next = 0;

function send(method: string, user: string, lines: readonly string[]): NatStep {
  const more = [`From: <sip:${user}@office.example>;tag=t1`, `To: <sip:${user}@office.example>`, ...lines];
  return { from: PUBLIC, text: natRequest(`r${next++}`, method, `sip:${user}@office.example`, PUBLIC, more) };
}

let call = 0;
const register = (user: string, contact: string, color = ""): NatStep =>
  send("REGISTER", user, [
    `Contact: ${contact}`,
    `Call-ID: serial-${call++}`,
    ...(color === "" ? [] : [`X-Color: ${color}`]),
  ]);
const ask = (user: string, does: string): NatStep => send("OPTIONS", user, [`X-Do: ${does}`]);

const p = (module: string, name: string, value: string): string => `modparam("${module}", "${name}", "${value}")\n`;
const TM = p("tm", "contacts_avp", "contacts") + p("tm", "contact_flows_avp", "flows");

const asked = (user: string): NatStep[] =>
  ["load", "dset load", "before load", "before", "before dset", "again", "before again"].map((does) => ask(user, does));

const cases: readonly NatCase[] = [
  {
    name: "all have some",
    steps: [
      register("a", "<sip:a@1.1.1.1>;q=0.9", "red"),
      register("a", "<sip:a@2.2.2.2>;q=0.7", "blue"),
      register("a", "<sip:a@3.3.3.3>;q=0.5", "grey"),
      ...asked("a"),
    ],
  },
  {
    name: "some have none",
    steps: [
      register("b", "<sip:b@1.1.1.1>;q=0.9"),
      register("b", "<sip:b@2.2.2.2>;q=0.7", "red"),
      register("b", "<sip:b@3.3.3.3>;q=0.5"),
      ...asked("b"),
    ],
  },
  {
    name: "those of one q",
    steps: [
      register("c", "<sip:c@1.1.1.1>", "red"),
      register("c", "<sip:c@2.2.2.2>"),
      register("c", "<sip:c@3.3.3.3>", "blue"),
      ...asked("c"),
    ],
  },
  {
    name: "lookup_branches",
    steps: [ask("b", "branches"), ask("nobody", "before branches"), ask("b", "branches load")],
  },
  {
    name: "a call to one after another",
    steps: [
      register("d", `<sip:d@${PUBLIC}>;q=0.9`, "red"),
      register("d", `<sip:d@${HOP}>;q=0.5`, "blue"),
      send("INVITE", "d", []),
    ],
  },
];

const group = (name: string, params: string): NatGroup => ({
  name: `attributes: ${name}`,
  modules: MODULES,
  params: params + TM,
  request: SCRIPT,
  routes: ROUTES,
  agents: [PUBLIC, HOP],
  answers: { [PUBLIC]: 486, [HOP]: 486 },
  cases,
});

/** Both modules know the attributes, and usrloc alone. */
export const ATTRIBUTES: readonly NatGroup[] = [
  group("attributes of contacts", p("tm|usrloc", "xavp_contact", "ulattrs")),
  group("attributes that tm does not know", p("usrloc", "xavp_contact", "ulattrs")),
];
