// Modules path and outbound: what stands in Path and Record-Route, and where a flow token leads.

import { HOP, type NatCase, type NatGroup, type NatStep, natRequest, PUBLIC, STREAM } from "./nat-case.ts";

const MODULES = ["kex", "sl", "tm", "pv", "textops", "siputils", "xlog"];
const PHONE = "198.51.100.7:7200";

let next = 0;

interface Sent {
  readonly from?: string;
  readonly method?: string;
  readonly uri?: string;
  readonly lines?: readonly string[];
}

/** One request by the stream of the telephone unless another is named. */
function send(n: number, s: Sent, k = 0): NatStep {
  const from = s.from ?? STREAM;
  const transport = from.startsWith("tcp:") ? "TCP" : "UDP";
  const via = `Via: SIP/2.0/${transport} ${from.replace("tcp:", "")};branch=z9hG4bK-parity${n}-${k};rport`;
  const method = s.method ?? "REGISTER";
  const given = s.lines ?? [];
  const vias = given.filter((l) => l.startsWith("Via:"));
  const lines = [`CSeq: ${k + 1} ${method}`, ...given.filter((l) => !l.startsWith("Via:"))];
  const text = natRequest(n, method, s.uri ?? "sip:office.example", "", [via, ...vias, ...lines]);
  return { from, text };
}

function one(name: string, script: string, ...sent: readonly (Sent | NatStep)[]): NatCase {
  const n = next++;
  return {
    name,
    script,
    steps: sent.map((s, k) => ("text" in s || "close" in s ? (s as NatStep) : send(n, s as Sent, k))),
  };
}

/** The number of a case is its place in its group. */
function group(
  name: string,
  make: () => readonly NatCase[],
  rest: Omit<NatGroup, "name" | "cases" | "agents">,
): NatGroup {
  next = 0;
  return { name, agents: [PUBLIC, HOP, STREAM], answers: { [HOP]: 200, [PUBLIC]: 200 }, cases: make(), ...rest };
}

const TO_HOP = `$du = "sip:${HOP}"; t_relay();`;
const path = (call: string, more = ""): string =>
  `    ${more}${call}; $var(rc) = $rc; append_hf("X-Rc: $var(rc)\\r\\n"); ${TO_HOP}`;
const UDP: Sent = { from: PUBLIC };

const calls = (): NatCase[] =>
  [
    "add_path()",
    'add_path("edge")',
    'add_path("edge", "a=b;c")',
    'add_path("")',
    'add_path("", "x=1")',
    "add_path_received()",
    'add_path_received("edge")',
    'add_path_received("edge", "a=b;c")',
    'add_path_received("", "x=1")',
    'add_path("$rm-$si", "p=$rp")',
  ].flatMap((call) => [one(`${call} by TCP`, path(call), {}), one(`${call} by UDP`, path(call), UDP)]);

const PATH_MODULES = [...MODULES, "rr", "path"];

const ROUTE = (uri: string): readonly string[] => [`Route: <${uri}>`];
const LOOSE = `
    loose_route(); $var(rc) = $rc;
    append_hf("X-Rc: $var(rc) du $du fs $fs\\r\\n");`;
const LOOSE_RELAY = `${LOOSE} t_relay();`;
const LOOSE_SHOW = `${LOOSE} ${TO_HOP}`;
const OWN = "sip:203.0.113.1:5060;lr";
const received = (value: string): Sent => ({
  from: HOP,
  method: "MESSAGE",
  uri: "sip:bob@192.0.2.9",
  lines: ROUTE(`sip:203.0.113.1:5060;${value};lr`),
});

export const PATHS: readonly NatGroup[] = [
  group(
    "path",
    () => [
      ...calls(),
      one("a Path that is there already", path("add_path()"), { lines: ["Path: <sip:198.51.100.1;lr>"] }),
      one("twice", path('add_path("a"); add_path("b")'), {}),
      one("another socket", path("add_path()", "force_send_socket(udp:203.0.113.1:5062); "), {}),
      one("an invitation", path("add_path()"), { method: "INVITE", uri: "sip:bob@office.example" }),
      one("out by TCP", path("add_path()").replace(HOP, "$si:$sp;transport=tcp"), {}),
      one("out by TCP, received", path("add_path_received()").replace(HOP, "$si:$sp;transport=tcp"), {}),
      one("received is left alone", LOOSE_SHOW, received("received=sip:198.51.100.7:7000")),
    ],
    { modules: PATH_MODULES },
  ),
  group(
    "path: two headers",
    () => [...calls(), one("another socket", path("add_path()", "force_send_socket(udp:203.0.113.1:5062); "), {})],
    {
      modules: PATH_MODULES,
      params: 'modparam("path", "enable_r2", 1)\n',
    },
  ),
  group("path: another form of received", () => calls(), {
    modules: PATH_MODULES,
    params: 'modparam("path", "received_format", 1)\nmodparam("path", "received_name", "rcv")\n',
  }),
  group(
    "path: names of sockets",
    () => [
      one("a socket with a name", path("add_path()", "force_send_socket(udp:203.0.113.1:5064); "), UDP),
      one("a socket with a name, and a user", path('add_path("u")', "force_send_socket(udp:203.0.113.1:5064); "), UDP),
      one(
        "a socket with a name, and parameters",
        path('add_path_received("u", "x=y")', "force_send_socket(udp:203.0.113.1:5064); "),
        UDP,
      ),
      one("a socket without one", path("add_path()"), UDP),
    ],
    {
      modules: PATH_MODULES,
      params: 'listen=udp:203.0.113.1:5064 name "edge"\nmodparam("path", "sockname_mode", 1)\n',
    },
  ),
  group(
    "path: received is used",
    () => [
      one("a URI", LOOSE_SHOW, received("received=sip:198.51.100.7:7000")),
      one("escaped", LOOSE_SHOW, received("received=sip%3A198.51.100.7%3A7000%3Btransport%3Dtcp")),
      one("to where it leads", LOOSE_RELAY, received("received=sip:198.51.100.7:7000")),
      one("nonsense", LOOSE_SHOW, received("received=hello")),
      one("empty", LOOSE_SHOW, received("received=")),
      one("none", LOOSE_SHOW, received("x=1")),
      one("with another Route behind", LOOSE_SHOW, {
        ...received(""),
        lines: [`Route: <sip:203.0.113.1;received=sip:198.51.100.7:7000;lr>, <sip:192.0.2.7;lr>`],
      }),
      one("a pair of ours", LOOSE_SHOW, {
        ...received(""),
        lines: [
          `Route: <sip:203.0.113.1;lr;r2=on>, <sip:203.0.113.1;transport=tcp;received=sip:198.51.100.7:7000;lr;r2=on>`,
        ],
      }),
      one("a pair of ours, in the first", LOOSE_SHOW, {
        ...received(""),
        lines: [
          `Route: <sip:203.0.113.1;lr;received=sip:198.51.100.7:7000;r2=on>, <sip:203.0.113.1;transport=tcp;lr;r2=on>`,
        ],
      }),
      one("the other form", LOOSE_SHOW, received("received=198.51.100.7~7000~1")),
    ],
    { modules: PATH_MODULES, params: 'modparam("path", "use_received", 1)\n' },
  ),
  group(
    "path: received is used, the other form",
    () => [
      one("the form", LOOSE_SHOW, received("rcv=198.51.100.7~7000~1")),
      one("the form, TCP", LOOSE_SHOW, received("rcv=198.51.100.7~7000~2")),
      one("a URI", LOOSE_SHOW, received("rcv=sip:198.51.100.7:7000")),
      one("nonsense", LOOSE_SHOW, received("rcv=a~b")),
      one("the usual name", LOOSE_SHOW, received("received=198.51.100.7~7000~1")),
    ],
    {
      modules: PATH_MODULES,
      params:
        'modparam("path", "use_received", 1)\nmodparam("path", "received_format", 1)\nmodparam("path", "received_name", "rcv")\n',
    },
  ),
];

const INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"';
const CONTACT = (params: string): string => `Contact: <sip:alice@${PHONE};transport=tcp>;${params}`;
const SUPPORTED = "Supported: path, outbound";
const WHOLE: Sent = { lines: [SUPPORTED, CONTACT(`${INSTANCE};reg-id=1`)] };
const OB = `Contact: <sip:alice@${PHONE};transport=tcp;ob>`;
const PLAIN = `Contact: <sip:alice@${PHONE};transport=tcp>`;
const INVITE: Sent = { method: "INVITE", uri: "sip:bob@office.example", lines: [SUPPORTED, OB] };
const recorded = (call = "record_route()"): string => path(call);
const BY_TOKEN = (token: string, more = ""): Sent => ({
  from: HOP,
  method: "MESSAGE",
  uri: `sip:alice@192.0.2.9:9`,
  lines: ROUTE(`sip:${token}@203.0.113.1${more};lr`),
});
const LEARN = path(
  "add_path()",
  'if ($hdr(Route) != $null) { loose_route(); $var(rc) = $rc; append_hf("X-Loose: $var(rc) du $du fs $fs\\r\\n"); if ($var(rc) < -1) { append_to_reply("X-Loose: $var(rc) du $du\\r\\n"); sl_send_reply("403", "Forbidden"); } else if (!t_relay()) sl_reply_error(); exit; } ',
);
const FAILURE = 'if (t_branch_timeout() || !t_branch_replied()) send_reply("430", "Flow Failed");';
const LEARN_FAIL = path(
  "add_path()",
  'if ($hdr(Route) != $null) { loose_route(); t_on_failure("gone"); if (!t_relay()) sl_reply_error(); exit; } ',
);

const OUTBOUND_MODULES = [...MODULES, "outbound", "rr", "path"];
const FORCED = path("record_route()", 'if ($hdr(X-Flag) == "5") setflag(5); if ($hdr(X-Flag) == "6") setflag(6); ');

const SAVE = '    save("location", "0", "sip:u$hdr(X-Case)@office.example"); ';
const FAR_VIA = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-parity-far";
const over = (lines: readonly string[]): Sent => ({ lines: [FAR_VIA, ...lines, ...WHOLE.lines!] });

export const OUTBOUND: readonly NatGroup[] = [
  group(
    "outbound",
    () => [
      one("a registration that asks for it", path("add_path()"), WHOLE),
      one("add_path_received", path("add_path_received()"), WHOLE),
      one("a user of the script's", path('add_path("edge")'), WHOLE),
      one("a user and parameters of the script's", path('add_path("edge", "x=1")'), WHOLE),
      one("a registration by UDP", path("add_path()"), { ...WHOLE, from: PUBLIC }),
      one("without Supported", path("add_path()"), { lines: [CONTACT(`${INSTANCE};reg-id=1`)] }),
      one("without reg-id", path("add_path()"), { lines: [SUPPORTED, CONTACT(INSTANCE)] }),
      one("without an instance", path("add_path()"), { lines: [SUPPORTED, CONTACT("reg-id=1")] }),
      one("required", path("add_path()"), { lines: ["Require: outbound", CONTACT(`${INSTANCE};reg-id=1`)] }),
      one("over another proxy", path("add_path()"), {
        lines: ["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-parity-x", ...WHOLE.lines!],
      }),
      one("two Contacts", path("add_path()"), {
        lines: [SUPPORTED, `${CONTACT(`${INSTANCE};reg-id=1`)}, <sip:x@192.0.2.1>`],
      }),
      one("two Contacts, the other way", path("add_path()"), {
        lines: [SUPPORTED, `Contact: <sip:x@192.0.2.1>, <sip:alice@${PHONE}>;${INSTANCE};reg-id=1`],
      }),
      one("no Contact", path("add_path()"), { lines: [SUPPORTED] }),
      one("reg-id 0", path("add_path()"), { lines: [SUPPORTED, CONTACT(`${INSTANCE};reg-id=0`)] }),
      one("Contact: *", path("add_path()"), { lines: [SUPPORTED, "Contact: *", "Expires: 0"] }),
      one("another socket", path("add_path()", "force_send_socket(udp:203.0.113.1:5062); "), WHOLE),
      one("an invitation with ob", recorded(), INVITE),
      one("an invitation without ob", recorded(), { ...INVITE, lines: [SUPPORTED, PLAIN] }),
      one("an invitation with ob, without Supported", recorded(), { ...INVITE, lines: [OB] }),
      one("an invitation with ob, over another proxy", recorded(), {
        ...INVITE,
        lines: ["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-parity-y", SUPPORTED, OB],
      }),
      one("an invitation by UDP with ob", recorded(), { ...INVITE, from: PUBLIC }),
      one("ob in a Route", recorded("loose_route(); record_route()"), {
        ...INVITE,
        lines: [SUPPORTED, PLAIN, `Route: <${OWN};ob>`],
      }),
      one("ob in a Route, not loose", recorded(), { ...INVITE, lines: [SUPPORTED, PLAIN, `Route: <${OWN};ob>`] }),
      one("ob in a Route, a registration", path("add_path()"), { lines: [SUPPORTED, PLAIN, `Route: <${OWN};ob>`] }),
      one("ob in a Route, over another proxy", recorded(), {
        ...INVITE,
        lines: ["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-parity-w", SUPPORTED, PLAIN, `Route: <${OWN};ob>`],
      }),
      one("SUBSCRIBE with ob", recorded(), { ...INVITE, method: "SUBSCRIBE" }),
      one("MESSAGE with ob", recorded(), { ...INVITE, method: "MESSAGE" }),
      one("a preset address", recorded('record_route_preset("1.2.3.4:99")'), INVITE),
      one("an advertised address", recorded('record_route_advertised_address("1.2.3.4:99")'), INVITE),
      one("no preset address without ob", recorded('record_route_preset("1.2.3.4:99")'), { ...INVITE, lines: [PLAIN] }),
      one("parameters", recorded('record_route(";a=b")'), INVITE),
      one("another socket, recorded", path("record_route()", "force_send_socket(udp:203.0.113.1:5062); "), INVITE),
      one("by the token to the connection", LEARN, WHOLE, BY_TOKEN("{TOKEN}")),
      one("by the token to the connection, with ob", LEARN, WHOLE, BY_TOKEN("{TOKEN}", ";ob")),
      one("by the token to a UDP telephone", LEARN, { ...WHOLE, from: PUBLIC }, BY_TOKEN("{TOKEN}", ";ob")),
      one("a token that was changed", LEARN, WHOLE, BY_TOKEN("{BADTOKEN}")),
      one("a token that is none", LEARN, BY_TOKEN("nonsense")),
      one("a long token that is none", LEARN, BY_TOKEN("c29tZXRoaW5nIHRoYXQgaXMgbm8gdG9rZW4gYXQgYWxs")),
      one("a token with another Route behind", LEARN, WHOLE, {
        ...BY_TOKEN("{TOKEN}"),
        lines: [`Route: <sip:{TOKEN}@203.0.113.1;lr;ob>, <sip:192.0.2.7;lr>`],
      }),
      one("the token of the sender's own flow, from somebody else's port", LEARN, WHOLE, {
        ...BY_TOKEN("{TOKEN}"),
        from: PUBLIC,
      }),
      one("a token with two of our Routes", LEARN, WHOLE, {
        ...BY_TOKEN("{TOKEN}"),
        lines: ["Route: <sip:{TOKEN}@203.0.113.1;lr;r2=on>, <sip:{TOKEN}@203.0.113.1;transport=tcp;lr;r2=on>"],
      }),
      one("a token with two of our Routes, in a dialog", LEARN, WHOLE, {
        ...BY_TOKEN("{TOKEN}"),
        lines: [
          "To: <sip:bob@office.example>;tag=t2",
          "Route: <sip:{TOKEN}@203.0.113.1;lr;r2=on>, <sip:{TOKEN}@203.0.113.1;transport=tcp;lr;r2=on>, <sip:192.0.2.7;lr>",
        ],
      }),
      one("a token with two of our Routes, of the sender's own flow", LEARN, WHOLE, {
        method: "BYE",
        uri: `sip:bob@${HOP}`,
        lines: [
          "To: <sip:bob@office.example>;tag=t2",
          "Route: <sip:{TOKEN}@203.0.113.1;transport=tcp;lr;r2=on>, <sip:{TOKEN}@203.0.113.1;lr;r2=on>",
        ],
      }),
      one("the token of the sender's own flow", LEARN, WHOLE, {
        method: "MESSAGE",
        uri: `sip:bob@${HOP}`,
        lines: ROUTE("sip:{TOKEN}@203.0.113.1;lr;ob"),
      }),
      one("the token of the sender's own flow, in a dialog", LEARN, WHOLE, {
        method: "BYE",
        uri: `sip:bob@${HOP}`,
        lines: ["To: <sip:bob@office.example>;tag=t2", ...ROUTE("sip:{TOKEN}@203.0.113.1;lr;ob")],
      }),
      one("in a dialog to the telephone", LEARN, WHOLE, {
        ...BY_TOKEN("{TOKEN}", ";ob"),
        method: "BYE",
        lines: ["To: <sip:bob@office.example>;tag=t2", ...ROUTE("sip:{TOKEN}@203.0.113.1;lr;ob")],
      }),
      one("the connection has gone", LEARN, WHOLE, { close: STREAM }, BY_TOKEN("{TOKEN}", ";ob")),
      one(
        "the connection has gone, with a failure route",
        LEARN_FAIL,
        WHOLE,
        { close: STREAM },
        BY_TOKEN("{TOKEN}", ";ob"),
      ),
    ],
    { modules: OUTBOUND_MODULES, routes: `failure_route[gone] { ${FAILURE} }\n` },
  ),
  group(
    "outbound: flags of the script",
    () => [
      one("neither", FORCED, { ...INVITE, lines: [PLAIN] }),
      one("forced", FORCED, { ...INVITE, lines: [PLAIN, "X-Flag: 5"] }),
      one("forced, over another proxy", FORCED, {
        ...INVITE,
        lines: ["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-parity-z", PLAIN, "X-Flag: 5"],
      }),
      one("prevented", FORCED, { ...INVITE, lines: [OB, "X-Flag: 6"] }),
      one("a registration, forced", path("add_path()", "setflag(5); "), {}),
      one("a registration, prevented", path("add_path()", "setflag(6); "), WHOLE),
      one("both", path("add_path()", "setflag(6); setflag(5); "), WHOLE),
    ],
    {
      modules: OUTBOUND_MODULES,
      params:
        'modparam("outbound", "force_outbound_flag", 5)\nmodparam("outbound", "force_no_outbound_flag", 6)\nmodparam("outbound", "flow_token_secret", "hello")\n',
    },
  ),
  ...[1, 2].map((mode) =>
    group(
      `registrar: outbound_mode ${mode}`,
      () => [
        one("straight", SAVE, WHOLE),
        one("straight, by UDP", SAVE, { ...WHOLE, from: PUBLIC }),
        one("straight, required", SAVE, { lines: ["Require: outbound", CONTACT(`${INSTANCE};reg-id=1`)] }),
        one("straight, no reg-id", SAVE, { lines: [SUPPORTED, CONTACT(INSTANCE)] }),
        one("straight, no instance", SAVE, { lines: [SUPPORTED, CONTACT("reg-id=1")] }),
        one("straight, reg-id but no Supported", SAVE, { lines: [CONTACT(`${INSTANCE};reg-id=1`)] }),
        one("straight, nothing of it", SAVE, { lines: [PLAIN] }),
        one("a first hop that has it", SAVE, over(["Path: <sip:x@192.0.2.1;lr;ob>"])),
        one("a first hop that lacks it", SAVE, over(["Path: <sip:192.0.2.1;lr>"])),
        one("a first hop that says nothing", SAVE, over([])),
        one(
          "a first hop that has it, another that lacks it",
          SAVE,
          over(["Path: <sip:192.0.2.2;lr>", "Path: <sip:x@192.0.2.1;lr;ob>"]),
        ),
        one(
          "a first hop that lacks it, another that has it",
          SAVE,
          over(["Path: <sip:x@192.0.2.2;lr;ob>, <sip:192.0.2.1;lr>"]),
        ),
        one("a first hop that lacks it, no reg-id", SAVE, {
          lines: [FAR_VIA, "Path: <sip:192.0.2.1;lr>", SUPPORTED, CONTACT(INSTANCE)],
        }),
        one("a first hop that lacks it, not supported", SAVE, {
          lines: [FAR_VIA, "Path: <sip:192.0.2.1;lr>", "Supported: path", CONTACT(`${INSTANCE};reg-id=1`)],
        }),
        one("a first hop that lacks it, two telephones", SAVE, {
          lines: [
            FAR_VIA,
            "Path: <sip:192.0.2.1;lr>",
            SUPPORTED,
            `${CONTACT(`${INSTANCE};reg-id=1`)}, <sip:x@192.0.2.9>`,
          ],
        }),
        one("a first hop that lacks it, the end of a registration", SAVE, {
          lines: [FAR_VIA, "Path: <sip:192.0.2.1;lr>", SUPPORTED, CONTACT(`${INSTANCE};reg-id=1;expires=0`)],
        }),
        one("two flows with one URI", SAVE, WHOLE, { lines: [SUPPORTED, CONTACT(`${INSTANCE};reg-id=2`)] }, WHOLE),
        one("a URI that was bound without outbound", SAVE, { lines: [SUPPORTED, PLAIN] }, WHOLE, {
          lines: [SUPPORTED, CONTACT(`${INSTANCE}`)],
        }),
        one("another URI on the same flow", SAVE, WHOLE, {
          lines: [SUPPORTED, `Contact: <sip:new@${PHONE}>;${INSTANCE};reg-id=1`],
        }),
        one("another instance, the same URI", SAVE, WHOLE, {
          lines: [SUPPORTED, CONTACT(`+sip.instance="<urn:uuid:1>";reg-id=1`)],
        }),
        one(
          "an instance without reg-id, again by another URI",
          SAVE,
          { lines: [SUPPORTED, CONTACT(INSTANCE)] },
          {
            lines: [SUPPORTED, `Contact: <sip:new@${PHONE}>;${INSTANCE}`],
          },
        ),
        one("a query", SAVE, { lines: [FAR_VIA, "Path: <sip:192.0.2.1;lr>", SUPPORTED] }),
      ],
      {
        modules: [...MODULES, "usrloc", "registrar"],
        params: `modparam("registrar", "outbound_mode", ${mode})\nmodparam("registrar", "use_path", 1)\nmodparam("registrar", "flow_timer", 25)\n`,
      },
    ),
  ),
];
