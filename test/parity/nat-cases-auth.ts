// Module auth: challenges and what comes back, with the parameters that say how often a nonce is good and what it is bound to.

import {
  HOP,
  type NatCase,
  type NatGroup,
  type NatLogin,
  type NatStep,
  natRequest,
  PRIVATE,
  PUBLIC,
} from "./nat-case.ts";

const MODULES = ["kex", "sl", "tm", "pv", "textops", "siputils", "xlog", "auth"];

const CHECK = `
  append_to_reply("C: $rc $au $ad $ar\\r\\n");
  sl_send_reply("299", "Done");
`;

// The script is chosen by X-Do.
const SCRIPT = `
  if ($hdr(X-Do) == "www1") { www_challenge("office.example", "1"); exit; }
  if ($hdr(X-Do) == "www0") { www_challenge("office.example", "0"); exit; }
  if ($hdr(X-Do) == "www2") { www_challenge("office.example", "2"); exit; }
  if ($hdr(X-Do) == "www3") { www_challenge("office.example", "3"); exit; }
  if ($hdr(X-Do) == "www16") { www_challenge("office.example", "17"); exit; }
  if ($hdr(X-Do) == "proxy1") { proxy_challenge("office.example", "1"); exit; }
  if ($hdr(X-Do) == "both") { auth_challenge("office.example", "1"); exit; }
  if ($hdr(X-Do) == "get0") { auth_get_www_authenticate("office.example", "0", "$var(c)"); append_to_reply("C: $rc [$(var(c){s.escape.common})]\\r\\n"); sl_send_reply("299", "Done"); exit; }
  if ($hdr(X-Do) == "get1") { auth_get_www_authenticate("office.example", "1", "$var(c)"); append_to_reply("C: $rc [$(var(c){s.escape.common})]\\r\\n"); sl_send_reply("299", "Done"); exit; }
  if ($hdr(X-Do) == "get2") { auth_get_www_authenticate("office.example", "2", "$var(c)"); append_to_reply("C: $rc [$(var(c){s.escape.common})]\\r\\n"); sl_send_reply("299", "Done"); exit; }
  if ($hdr(X-Do) == "get4") { auth_get_www_authenticate("office.example", "4", "$var(c)"); append_to_reply("C: $rc [$(var(c){s.escape.common})]\\r\\n"); sl_send_reply("299", "Done"); exit; }
  if ($hdr(X-Do) == "get8") { auth_get_www_authenticate("office.example", "8", "$var(c)"); append_to_reply("C: $rc [$(var(c){s.escape.common})]\\r\\n"); sl_send_reply("299", "Done"); exit; }
  if ($hdr(X-Do) == "get16") { auth_get_www_authenticate("office.example", "16", "$var(c)"); append_to_reply("C: $rc [$(var(c){s.escape.common})]\\r\\n"); sl_send_reply("299", "Done"); exit; }
  if ($hdr(X-Do) == "attr") {
    pv_www_authenticate("office.example", "secret", "2");
    append_to_reply("C: $rc [$(avp(challenge){s.escape.common})] [$avp(digest_challenge)]\\r\\n");
    pv_proxy_authenticate("office.example", "secret", "6");
    append_to_reply("C: $rc [$(avp(challenge){s.escape.common})] [$avp(digest_challenge)]\\r\\n");
    sl_send_reply("299", "Done");
    exit;
  }
  if ($hdr(X-Do) == "has") { has_credentials("office.example"); ${CHECK} exit; }
  if ($hdr(X-Do) == "pv") { pv_www_authenticate("office.example", "secret", "0"); ${CHECK} exit; }
  if ($hdr(X-Do) == "pvm") { pv_www_authenticate("office.example", "secret", "0", "INVITE"); ${CHECK} exit; }
  if ($hdr(X-Do) == "pvp") { pv_proxy_authenticate("office.example", "secret", "0"); ${CHECK} exit; }
  if ($hdr(X-Do) == "ha1") { pv_www_authenticate("office.example", "0f3d5dd3b8b6a5dcf9c5b1a2cf4f6ba1", "1"); ${CHECK} exit; }
  if ($hdr(X-Do) == "check0") { pv_auth_check("office.example", "secret", "0", "0"); ${CHECK} exit; }
  if ($hdr(X-Do) == "check1") { pv_auth_check("office.example", "secret", "0", "1"); ${CHECK} exit; }
  if ($hdr(X-Do) == "retry") {
    if (!pv_www_authenticate("office.example", "secret", "0")) { www_challenge("office.example", "1"); exit; }
    consume_credentials();
    append_to_reply("C: $rc\\r\\n");
    sl_send_reply("299", "Done");
    $du = "sip:${HOP}";
    forward();
    exit;
  }
`;

let next = 0;

function send(
  does: string,
  login?: NatLogin,
  method = "REGISTER",
  lines: readonly string[] = [],
  from = PUBLIC,
  body = "",
): NatStep {
  const n = `h${next++}`;
  const more = [
    "From: <sip:alice@office.example>;tag=t1",
    `To: <sip:${method === "REGISTER" ? "alice" : "bob"}@office.example>`,
    ...(lines.some((l) => l.startsWith("Call-ID:")) ? [] : ["Call-ID: nat-auth"]),
    `X-Do: ${does}`,
    ...lines,
    ...(login === undefined ? [] : ["{AUTH}"]),
  ];
  const text = natRequest(n, method, "sip:office.example", PUBLIC, more, body);
  return login === undefined ? { from, text } : { from, text, login };
}

const alice: NatLogin = { user: "alice", password: "secret" };

const usual: readonly NatCase[] = [
  {
    name: "challenges",
    steps: [
      "www0",
      "www1",
      "www2",
      "www3",
      "www16",
      "proxy1",
      "both",
      "get0",
      "get1",
      "get2",
      "get4",
      "get8",
      "get16",
    ].map((d) => send(d)),
  },
  {
    name: "auth_challenge of another method",
    steps: [send("both", undefined, "OPTIONS"), send("www1", undefined, "ACK")],
  },
  {
    name: "return codes",
    steps: [
      send("www1"),
      send("pv"),
      send("pv", alice),
      send("pv", { ...alice, password: "wrong" }),
      send("pv", { ...alice, realm: "other" }),
      send("pv", { ...alice, nonce: "nonsense" }),
      send("pv", { ...alice, nonce: "0" }),
      send("pv", { ...alice, nonce: "~" }),
      send("pv", { ...alice, user: "alice@office.example" }),
      send("pv", { ...alice, nc: "xyz" }),
      send("pvm", { ...alice, method: "INVITE" }),
      send("pvp", { ...alice, proxy: true }, "OPTIONS"),
      send("has", alice),
      send("has", { ...alice, realm: "other" }),
    ],
  },
  { name: "without qop", steps: [send("www0"), send("pv", alice), send("pv", alice)] },
  {
    name: "auth-int",
    steps: [
      send("www2"),
      send("pv", alice),
      send("pv", { ...alice, qop: "auth" }),
      send("pv", { ...alice, nc: "00000005" }, "REGISTER", [], PUBLIC, "a body"),
    ],
  },
  {
    name: "who it is",
    steps: [
      send("www1"),
      send("check0", { ...alice, user: "carol" }),
      send("check1", { ...alice, user: "carol" }),
      send("check1", alice),
      send("both", undefined, "INVITE"),
      send("check1", { ...alice, proxy: true }, "INVITE"),
    ],
  },
  { name: "challenge, answer, forward without credentials", steps: [send("retry"), send("retry", alice)] },
];

const count: readonly NatCase[] = [
  {
    name: "counts grow",
    steps: [
      send("www1"),
      send("pv", alice),
      send("pv", alice),
      send("pv", { ...alice, nc: "00000002" }),
      send("pv", { ...alice, nc: "00000001" }),
      send("pv", { ...alice, nc: "00000009" }),
      send("retry", { ...alice, nc: "00000009" }),
    ],
  },
];

const once: readonly NatCase[] = [
  { name: "without qop", steps: [send("www0"), send("pv", alice), send("pv", alice), send("retry", alice)] },
  { name: "with qop", steps: [send("www1"), send("pv", alice), send("pv", { ...alice, nc: "00000002" })] },
  {
    name: "a wrong password first",
    steps: [send("www0"), send("pv", { ...alice, password: "no" }), send("pv", alice)],
  },
];

const bound: readonly NatCase[] = [
  {
    name: "nonces bound to Call-ID and source",
    steps: [
      send("www1"),
      send("pv", alice),
      send("pv", alice, "REGISTER", ["Call-ID: another"]),
      send("pv", alice, "REGISTER", [], PRIVATE),
      send("pv", alice),
    ],
  },
];

const group = (name: string, params: string, cases: readonly NatCase[]): NatGroup => ({
  name,
  modules: MODULES,
  params: `modparam("auth", "secret", "a secret of both")\n${params}`,
  request: SCRIPT,
  agents: [PUBLIC, PRIVATE, HOP],
  cases,
});

const p = (name: string, value: string | number): string =>
  `modparam("auth", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;

export const AUTH: readonly NatGroup[] = [
  group("auth", "", usual),
  group("auth, nonce_count", p("nonce_count", 1) + p("qop", "auth"), count),
  group("auth, one_time_nonce", p("one_time_nonce", 1), once),
  group("auth, checks", p("auth_checks_register", 10), bound),
  group("auth, SHA-256 and Authentication-Info", p("algorithm", "SHA-256") + p("add_authinfo_hdr", 1), [
    { name: "a login", steps: [send("www1"), send("pv", alice), send("retry", { ...alice, password: "wrong" })] },
  ]),
  group("auth, nonce_expire", p("nonce_expire", 1), [
    { name: "stale", steps: [send("www1"), { ms: 2500 }, send("pv", alice), send("retry", alice)] },
  ]),
  group(
    "auth, names of headers and of the AVP",
    p("www_challenge_header", "WWW-Challenge") +
      p("proxy_challenge_header", "Proxy-Challenge") +
      p("challenge_attr", "$challenge"),
    [
      { name: "challenges", steps: [send("www1"), send("proxy1"), send("both"), send("get1")] },
      { name: "the AVP", steps: [send("attr"), send("attr", undefined, "OPTIONS")] },
      { name: "a login", steps: [send("www1"), send("pv", alice)] },
    ],
  ),
  group("auth, protect_contacts", p("auth_checks_register", 2) + p("protect_contacts", 1), [
    {
      name: "another Contact is no other nonce",
      steps: [
        send("www1", undefined, "REGISTER", ["Contact: <sip:a@198.51.100.7>"]),
        send("pv", alice, "REGISTER", ["Contact: <sip:a@203.0.113.9>"]),
        send("pv", alice, "REGISTER"),
        send("pv", alice, "REGISTER", ["Call-ID: another"]),
      ],
    },
  ]),
];
