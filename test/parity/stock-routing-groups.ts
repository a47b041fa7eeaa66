// Groups of cases for Kamailio's examples of routing in other languages, most of them those of the stock configuration. The examples have
// everything switched on that needs no other program: passwords, trusted addresses, NAT with rtpproxy, defence against floods, records.

import { CALLS, REFUSALS, REGISTRATION } from "./stock-cases-basic.ts";
import { ACCOUNTS, AUTHENTICATION, BY_ADDRESS, PASSWORD, subscribers } from "./stock-cases-features.ts";
import { ADDRESS_OF, BEHIND_NAT } from "./stock-cases-nat.ts";
import { SR_CASES } from "./stock-sr.ts";
import type { StockCase, StockGroup } from "./stock-talk.ts";
import { PHONES, type PhoneName } from "./stock-texts.ts";

const CALLERS: readonly PhoneName[] = ["alice", "bob", "bob2", "dave", "erin", "gate", "mail", "far", "tara"];
const address = (phone: PhoneName, group = 1, port = 0): string =>
  `INSERT INTO address (grp, ip_addr, mask, port) VALUES (${group}, '${ADDRESS_OF(phone)}', 32, ${port})`;
const USERS = subscribers(...Object.keys(PHONES));
const GHOSTLESS = USERS.filter((row) => !row.includes("'far'"));

/** Sockets at the phones' own addresses: what comes from there is never a flood, so that cases need no pauses. */
const LISTEN = CALLERS.map((phone) => `udp:${ADDRESS_OF(phone)}:5099`);

const FLOOD: readonly StockCase[] = [
  {
    name: "too many requests, and the ban",
    run: async (t) => {
      await t.volley("carol", 60, () => t.make("carol", "OPTIONS", "sip:office.example"));
      await t.command("htable.get", "ipban", ADDRESS_OF("carol"));
      await t.request("carol", "OPTIONS", "sip:office.example");
      await t.request("alice", "OPTIONS", "sip:office.example");
    },
  },
];

/** Cases that another one of the same group shows too. */
const named = (cases: readonly StockCase[], ...names: readonly string[]): StockCase[] =>
  names.map((name) => cases.find((c) => c.name === name)!);

const REFUSED = ["OPTIONS to the server", "no hops left", "without a user", "to a foreign place"];

const DEFINES = { native: [], lua: ["WITH_CFGLUA"], python: ["WITH_CFGPYTHON3"], sr: [] } as const;

function groupsOf(routing: "native" | "lua"): StockGroup[] {
  const all = { defines: DEFINES[routing], routing, listen: LISTEN };
  const trusting = {
    ...all,
    password: PASSWORD,
    sql: [...USERS, ...CALLERS.map((phone) => address(phone))],
  };
  const asking = {
    ...all,
    sql: [...GHOSTLESS, address("gate"), address("mail", 1, 9), address("carol", 2)],
  };
  return [
    { ...trusting, name: `${routing}, calls`, cases: CALLS },
    { ...trusting, name: `${routing}, registration`, cases: REGISTRATION },
    { ...trusting, name: `${routing}, refusals`, cases: REFUSALS },
    { ...trusting, name: `${routing}, nat`, cases: [...BEHIND_NAT, ...ACCOUNTS] },
    { ...asking, name: `${routing}, auth`, cases: [...AUTHENTICATION, ...BY_ADDRESS, ...FLOOD] },
  ];
}

export const ROUTING_GROUPS: readonly StockGroup[] = [
  ...groupsOf("native"),
  ...groupsOf("lua"),
  {
    name: "sr",
    routing: "sr",
    defines: DEFINES.sr,
    sql: GHOSTLESS,
    password: PASSWORD,
    cases: [...SR_CASES, ...AUTHENTICATION, ...named(REFUSALS, ...REFUSED)],
  },
];

/**
 * The example in Python: app_python3 5.6.3 fails over it in every other message, so its flows are those of the example in
 * Lua, as far as both say the same: it adds rport and `nat=yes` in fewer places, and says another phrase to scanners.
 */
export const PYTHON_GROUP: StockGroup = {
  name: "python",
  routing: "python",
  defines: DEFINES.python,
  listen: LISTEN,
  sql: [...GHOSTLESS, ...CALLERS.map((phone) => address(phone))],
  password: PASSWORD,
  cases: [
    ...named(REGISTRATION, "register, ask, again, remove"),
    ...named(CALLS, "call, ended by the caller", "re-INVITE both ways, UPDATE, INFO, REFER", "CANCEL while it rings"),
    ...named(CALLS, "refused with 486", "refused with 503", "forked, one answers"),
    ...named(REFUSALS, "without a user"),
    ...BEHIND_NAT.slice(0, 1),
    ...AUTHENTICATION.slice(0, 2),
  ],
};

/** Where the cases of the group in Python are among those in Lua, by name. */
export function inLuaGroups(name: string): string {
  const group = ROUTING_GROUPS.find((g) => g.routing === "lua" && g.cases.some((c) => c.name === name))!;
  return `${group.name}: ${name}`;
}
