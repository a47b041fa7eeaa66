// Module nathelper with usrloc and registrar: what is stored of phones behind NAT, and how they are pinged.

import {
  HOP,
  type NatCase,
  type NatGroup,
  type NatStep,
  natRequest,
  PRIVATE,
  PUBLIC,
  SERVER,
  STREAM,
} from "./nat-case.ts";

const MODULES = ["kex", "sl", "tm", "pv", "textops", "siputils", "xlog", "rr", "usrloc", "registrar", "nathelper"];
const AGENTS = [PUBLIC, PRIVATE, HOP, STREAM];

const REGISTRAR = `
  if (is_method("REGISTER")) {
    $var(do) = $hdr(X-Do);
    if ($var(do) =~ "r") fix_nated_register();
    if ($var(do) =~ "c") fix_nated_contact();
    if ($var(do) =~ "a") set_contact_alias();
    if ($var(do) =~ "A") add_contact_alias();
    if ($var(do) =~ "n") setbflag(6);
    if ($var(do) =~ "s") setbflag(7);
    if ($var(do) =~ "d") setbflag(8);
    save("location");
    exit;
  }
  if (lookup("location")) {
    append_to_reply("R: $ru\\r\\nD: $du\\r\\nS: $fs\\r\\n");
    sl_send_reply("299", "Found");
    exit;
  }
  sl_send_reply("404", "Nobody");
`;

const COMMON = `modparam("nathelper|registrar", "received_avp", "$avp(rcv)")
modparam("usrloc", "nat_bflag", 6)
modparam("usrloc", "timer_interval", 1)
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
`;

let next = 0;

export interface Phone {
  readonly does: string;
  readonly from?: string;
  readonly contact?: string;
  readonly user?: string;
  readonly lines?: readonly string[];
}

/** A REGISTER as a step. */
export function register(p: Phone): NatStep {
  const n = `r${next++}`;
  const { user = "bob", from = PUBLIC, contact = "<sip:bob@10.1.1.5:7000>" } = p;
  const lines = [
    `From: <sip:${user}@office.example>;tag=t1`,
    `To: <sip:${user}@office.example>`,
    `Contact: ${contact}`,
    `X-Do: ${p.does}`,
    ...(p.lines ?? []),
  ];
  return { from, text: natRequest(n, "REGISTER", `sip:${SERVER}`, "10.1.1.5:7000", lines) };
}

const ask = (user = "bob"): NatStep => ({
  from: PUBLIC,
  text: natRequest(`q${next++}`, "OPTIONS", `sip:${user}@office.example`, PUBLIC),
});

const wait = (ms: number): NatStep => ({ ms });

const stored: readonly NatCase[] = (
  [
    ["nothing", { does: "" }],
    ["fix_nated_register", { does: "r" }],
    ["fix_nated_contact", { does: "c" }],
    ["set_contact_alias", { does: "a" }],
    ["add_contact_alias", { does: "A" }],
    ["all of them", { does: "rc" }],
    ["over TCP", { does: "r", from: STREAM }],
    ["over TCP, alias", { does: "a", from: STREAM }],
    ["two contacts as they are", { does: "", contact: "<sip:a@10.1.1.5>, <sip:b@10.1.1.6>, <sip:c@10.1.1.6>" }],
    [
      "two contacts in two headers",
      { does: "", contact: "<sip:a@10.1.1.5>, <sip:b@10.1.1.5>", lines: ["Contact: <sip:c@10.1.1.6>"] },
    ],
    ["two contacts", { does: "c", contact: "<sip:a@10.1.1.5>, <sip:b@10.1.1.6>" }],
  ] as const
).map(([name, phone], i) => ({
  name: `stored: ${name}`,
  steps: [register({ ...phone, user: `u${i}` }), ask(`u${i}`)],
}));

const group = (
  name: string,
  params: string,
  cases: readonly NatCase[],
  answers?: Record<string, number>,
): NatGroup => ({
  name,
  modules: MODULES,
  params: COMMON + params,
  request: REGISTRAR,
  agents: AGENTS,
  cases,
  unordered: true,
  ...(answers === undefined ? {} : { answers }),
});

const p = (name: string, value: string | number): string =>
  `modparam("nathelper", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;

const SIP = `${p("sipping_bflag", 7)}${p("sipping_from", "sip:pinger@office.example")}`;

export const STORED: NatGroup = group("what registrar stores", "", stored);

export const PINGS: readonly NatGroup[] = [
  group("UDP pings to all", p("natping_interval", 1), [
    {
      name: "received leads, else the contact",
      steps: [
        register({ does: "r" }),
        register({ does: "", user: "carol", contact: `<sip:carol@${HOP}>` }),
        register({ does: "d", user: "dave", contact: `<sip:dave@${PRIVATE}>` }),
        wait(1500),
        { rpc: ["nathelper.enable_ping", 0] },
        wait(1500),
        { rpc: ["nathelper.enable_ping", 1] },
        wait(1500),
        { rpc: ["nathelper.enable_ping"] },
      ],
    },
  ]),
  group("pings with a flag that switches them off", `${p("natping_interval", 1)}${p("natping_disable_bflag", 8)}`, [
    {
      name: "only the other one",
      steps: [
        register({ does: "rd" }),
        register({ does: "", user: "carol", contact: `<sip:carol@${HOP}>` }),
        wait(1500),
      ],
    },
  ]),
  group("SIP pings to those behind NAT", `${p("natping_interval", 1)}${p("ping_nated_only", 1)}${SIP}`, [
    {
      name: "by flags",
      steps: [
        register({ does: "rns" }),
        register({ does: "n", user: "carol", contact: `<sip:carol@${HOP}>` }),
        register({ does: "s", user: "dave", contact: `<sip:dave@${PRIVATE}>` }),
        wait(1500),
      ],
    },
  ]),
  group(
    "SIP pings to all",
    `${p("natping_interval", 1)}${SIP}${p("sipping_method", "INFO")}`,
    [
      {
        name: "by flags",
        steps: [
          register({ does: "rs" }),
          register({ does: "", user: "carol", contact: `<sip:carol@${HOP}>` }),
          register({ does: "s", user: "dave", contact: `<sip:dave@192.0.2.9>`, lines: [`Path: <sip:${PRIVATE};lr>`] }),
          wait(1500),
        ],
      },
    ],
    { [PUBLIC]: 200 },
  ),
  group("UDP pings with Path", p("natping_interval", 1), [
    {
      name: "to the first hop",
      steps: [
        register({ does: "", user: "dave", contact: `<sip:dave@${HOP}>`, lines: [`Path: <sip:${PRIVATE};lr>`] }),
        wait(1500),
      ],
    },
  ]),
  group("UDP pings from a socket", `${p("natping_interval", 1)}${p("force_socket", "udp:203.0.113.1:5062")}`, [
    { name: "force_socket", steps: [register({ does: "r" }), wait(1500)] },
  ]),
  group("pings over TCP", `${p("natping_interval", 1)}${SIP}`, [
    {
      name: "nothing but SIP",
      steps: [
        register({ does: "rs", from: STREAM }),
        register({ does: "r", from: STREAM, user: "carol" }),
        register({ does: "s", from: STREAM, user: "dave", contact: "<sip:dave@10.1.1.5;transport=tcp>" }),
        wait(1500),
      ],
    },
  ]),
  group(
    "who is silent goes",
    `${p("natping_interval", 1)}${SIP}${p("keepalive_timeout", 3)}`,
    [
      {
        name: "and who answers stays",
        steps: [
          register({ does: "rns", contact: "<sip:bob@10.1.1.5:7000>;expires=600" }),
          register({ does: "ns", user: "carol", contact: `<sip:carol@${HOP}>` }),
          wait(7000),
          ask(),
          ask("carol"),
        ],
      },
    ],
    { [PUBLIC]: 200 },
  ),
];
