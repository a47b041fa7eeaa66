// Cases of presence: publications, subscriptions, what watchers are told.

import {
  type AgentName,
  type PresenceCase,
  type PresenceGroup,
  presenceRequest,
  STOCK_REQUEST,
} from "./presence-case.ts";

/** A presence document with one tuple. */
export function pidf(id: string, basic: string, note = "", entity = "sip:alice@office.example", more = ""): string {
  const text = note === "" ? "" : `<note>${note}</note>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}"><tuple id="${id}"><status><basic>${basic}</basic></status>${text}</tuple>${more}</presence>`;
}

const TYPE = "Content-Type: application/pidf+xml";

function publish(call: string, n: number, lines: readonly string[], body = "") {
  return {
    from: "alice" as const,
    text: presenceRequest("alice", "PUBLISH", call, n, body === "" ? lines : [TYPE, ...lines], body),
  };
}
function subscribe(agent: AgentName, call: string, n: number, lines: readonly string[] = ["Expires: 600"]) {
  return { from: agent, text: presenceRequest(agent, "SUBSCRIBE", call, n, lines) };
}
const ifMatch = (call: string): string => `SIP-If-Match: {etag:${call}}`;
const to = (user: string): string => `To: <sip:${user}@office.example>`;

const PUBLISHING: readonly PresenceCase[] = [
  {
    name: "new, refreshed, modified, removed",
    steps: [
      publish("p1", 1, ["Expires: 600"], pidf("a", "open")),
      publish("p1", 2, ["Expires: 600", ifMatch("p1")]),
      publish("p1", 3, ["Expires: 600", ifMatch("p1")], pidf("a", "closed")),
      publish("p1", 4, ["Expires: 0", ifMatch("p1")]),
    ],
  },
  {
    name: "what is refused",
    steps: [
      publish("p2", 3, ["Expires: 600"]),
      publish("p2", 4, ["Expires: 600", "Event: weather"], pidf("a", "open")),
      publish("p2", 5, ["Expires: 600", "Event: -"], pidf("a", "open")),
      publish("p2", 6, ["Expires: 600"], "this is no document"),
      publish("p2", 7, ["Expires: 600"], "<presence><broken></presence>"),
      publish("p2", 8, ["Expires: 0"], pidf("a", "open")),
      publish("p2", 9, ["Expires: 9999"], pidf("a", "open")),
      publish("p2", 10, ["Expires: 0", ifMatch("p2")]),
      publish("p2", 11, [], pidf("a", "open")),
      publish("p2", 12, ["Expires: 0", ifMatch("p2")]),
      publish("p2", 15, ["Expires: 0", ifMatch("p2")]),
    ],
  },
  {
    name: "an entity tag that is none of ours",
    steps: [publish("p9", 1, ["Expires: 600", "SIP-If-Match: nobody-knows"], pidf("a", "open"))],
  },
  {
    name: "watcher information cannot be published",
    steps: [publish("p10", 1, ["Event: presence.winfo"], pidf("a", "open"))],
  },
  {
    name: "an event with an identifier",
    steps: [
      publish("p11", 1, ["Event: presence;id=7"], pidf("a", "open")),
      publish("p11", 2, ["Expires: 0", ifMatch("p11")]),
      subscribe("bob", "s7", 1, ["Event: presence;id=7", "Expires: 9999"]),
      subscribe("bob", "s7", 2, ["Event: presence", "Expires: 0"]),
      subscribe("bob", "s7", 3, ["Event: presence;id=7", "Expires: 0"]),
    ],
  },
];

const SUBSCRIBING: readonly PresenceCase[] = [
  {
    name: "a subscription from its beginning to its end, nothing published",
    steps: [
      subscribe("bob", "s1", 1),
      subscribe("bob", "s1", 2),
      subscribe("bob", "s1", 3, ["Expires: 0"]),
      subscribe("bob", "s1", 4),
    ],
  },
  {
    name: "a watcher is told of each publication",
    steps: [
      subscribe("bob", "s2", 1),
      publish("p3", 1, ["Expires: 600"], pidf("a", "open", "here")),
      publish("p3", 2, ["Expires: 600", ifMatch("p3")]),
      publish("p3", 3, ["Expires: 600", ifMatch("p3")], pidf("a", "closed", "gone")),
      publish("p3", 4, ["Expires: 0", ifMatch("p3")]),
      subscribe("bob", "s2", 2, ["Expires: 0"]),
    ],
  },
  {
    name: "several watchers and several publications",
    steps: [
      subscribe("bob", "s3", 1),
      subscribe("carol", "s4", 1),
      publish("p4", 1, ["Expires: 600"], pidf("a", "open", "desk")),
      publish(
        "p5",
        1,
        ["Expires: 600"],
        pidf(
          "b",
          "closed",
          "car",
          "sip:alice@office.example",
          '<r:person xmlns:r="urn:ietf:params:xml:ns:pidf:data-model" id="p1"><r:note>x</r:note></r:person>',
        ),
      ),
      subscribe("bob", "s3", 2),
      publish("p6", 1, ["Expires: 600"], pidf("a", "closed", "same id")),
      publish("p4", 2, ["Expires: 0", ifMatch("p4")]),
      publish("p5", 2, ["Expires: 0", ifMatch("p5")]),
      publish("p6", 2, ["Expires: 0", ifMatch("p6")]),
      subscribe("bob", "s3", 3, ["Expires: 0"]),
      subscribe("carol", "s4", 2, ["Expires: 0"]),
    ],
  },
  {
    name: "fetched once, without a subscription that stays",
    steps: [
      publish("p7", 1, ["Expires: 600"], pidf("a", "open")),
      subscribe("bob", "s5", 1, ["Expires: 0"]),
      publish("p7", 2, ["Expires: 0", ifMatch("p7")]),
    ],
  },
  {
    name: "what is refused, and what is taken",
    steps: [
      subscribe("bob", "s6", 1, ["Event: weather"]),
      subscribe("bob", "s6", 1, ["Event: -"]),
      subscribe("bob", "s6", 1, ["Contact: -"]),
      subscribe("bob", "s8", 1, ["Expires: -", "Record-Route: <sip:192.0.2.13:7000;lr>, <sip:192.0.2.12:7000;lr>"]),
      subscribe("bob", "s8", 1, ["To: <sip:alice@office.example>;tag=wrong"]),
      subscribe("bob", "s8", 2, ["Expires: 0", "Contact: <sip:bob2@192.0.2.12:7000>"]),
      subscribe("bob", "s9", 1, ["Expires: 600", to("nobody")]),
    ],
  },
  {
    name: "the CSeq of a subscription grows",
    steps: [
      subscribe("bob", "s10", 1),
      subscribe("bob", "s10", 5),
      subscribe("bob", "s10", 3),
      subscribe("bob", "s10", 6, ["Expires: 0"]),
    ],
  },
  {
    name: "who answers 481 is no watcher any more",
    steps: [
      subscribe("bob", "s11", 1),
      { answers: { bob: 481 } },
      publish("p8", 1, ["Expires: 600"], pidf("a", "open")),
      { answers: { bob: 200 } },
      publish("p8", 2, ["Expires: 600", ifMatch("p8")], pidf("a", "closed")),
      subscribe("bob", "s11", 2),
      { answers: { carol: 486 } },
      subscribe("carol", "s12", 1),
      { answers: { carol: 200 } },
      publish("p8", 3, ["Expires: 600", ifMatch("p8")], pidf("a", "open")),
      publish("p8", 4, ["Expires: 0", ifMatch("p8")]),
      subscribe("carol", "s12", 2, ["Expires: 0"]),
    ],
  },
];

const WINFO: readonly PresenceCase[] = [
  {
    name: "watchers of watchers",
    steps: [
      subscribe("bob", "w1", 1),
      subscribe("alice", "w2", 1, ["Event: presence.winfo", "Expires: 600"]),
      subscribe("carol", "w3", 1),
      subscribe("carol", "w3", 2, ["Expires: 0"]),
      subscribe("bob", "w1", 2),
      subscribe("bob", "w1", 3, ["Expires: 0"]),
      subscribe("alice", "w2", 2, ["Event: presence.winfo", "Expires: 0"]),
    ],
  },
];

/** Subscriptions are active at once, as the stock configuration has it. */
export const OPEN: PresenceGroup = { name: "open", cases: [...PUBLISHING, ...SUBSCRIBING, ...WINFO] };

/** A rule that lets or does not let identities see. */
function rule(id: string, users: readonly string[], handling: string, more = ""): string {
  const ones = users.map((u) => (u.includes(":") ? `<cr:one id="${u}"/>` : `<cr:many domain="${u}"/>`)).join("");
  return `<cr:rule id="${id}"><cr:conditions><cr:identity>${ones}</cr:identity></cr:conditions><cr:actions><pr:sub-handling>${handling}</pr:sub-handling></cr:actions>${more}</cr:rule>`;
}

const RULESET =
  'xmlns="urn:ietf:params:xml:ns:pres-rules" xmlns:pr="urn:ietf:params:xml:ns:pres-rules" xmlns:cr="urn:ietf:params:xml:ns:common-policy"';
function rules(...list: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?><cr:ruleset ${RULESET}>${list.join("")}</cr:ruleset>`;
}
const ALL =
  "<cr:transformations><pr:provide-services><pr:all-services/></pr:provide-services><pr:provide-persons><pr:all-persons/></pr:provide-persons><pr:provide-devices><pr:all-devices/></pr:provide-devices><pr:provide-all-attributes/></cr:transformations>";
const SERVICES =
  "<cr:transformations><pr:provide-services><pr:all-services/></pr:provide-services></cr:transformations>";

function store(doc: string): string {
  const uri = "/xcap-root/pres-rules/users/sip:alice@office.example/index";
  return `INSERT OR REPLACE INTO xcap (username, domain, doc, doc_type, etag, source, doc_uri, port) VALUES ('alice', 'office.example', '${doc}', 2, 'e1', 0, '${uri}', 0)`;
}
const who = (user: string): string => `From: <sip:${user}>;tag=t-bob`;
const RICH =
  '<dm:person xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" id="p1"><rpid:activities><rpid:meeting/></rpid:activities><dm:note>busy</dm:note></dm:person>';

const REST = [
  rule("b", ["sip:carol@office.example"], "block"),
  rule("few", ["sip:few@office.example"], "allow", SERVICES),
].join("");
const BY_DOMAIN =
  '<cr:rule id="x"><cr:conditions><cr:identity><cr:many domain="friends.example"><cr:except id="sip:bad@friends.example"/></cr:many></cr:identity></cr:conditions><cr:actions><pr:sub-handling>allow</pr:sub-handling></cr:actions></cr:rule>';
const DECIDED =
  "SELECT presentity_uri, watcher_username, watcher_domain, event, status, coalesce(reason, '') AS reason FROM watchers WHERE watcher_domain = 'office.example' AND watcher_username != 'alice' ORDER BY id";

const RULED = 'modparam("presence_xml", "force_active", 0)\nmodparam("presence_xml", "integrated_xcap_server", 1)\n';

const AUTHORISED: readonly PresenceCase[] = [
  {
    name: "let in, politely put off, to be asked, not known",
    steps: [
      publish("r0", 1, ["Expires: 600"], pidf("a", "open", "here", "sip:alice@office.example", RICH)),
      subscribe("bob", "r1", 1),
      subscribe("bob", "r3", 1, ["Expires: 600", who("dave@office.example")]),
      subscribe("bob", "r4", 1, ["Expires: 600", who("erin@office.example")]),
      subscribe("bob", "r5", 1, ["Expires: 600", who("frank@office.example")]),
      subscribe("bob", "r9", 1, ["Expires: 600", who("none@office.example")]),
      { sql: DECIDED },
      publish("r0", 2, ["Expires: 600", ifMatch("r0")], pidf("a", "closed", "gone", "sip:alice@office.example", RICH)),
    ],
  },
  {
    name: "rules change",
    steps: [
      {
        sql: store(
          rules(
            rule("e", ["sip:erin@office.example"], "allow", ALL),
            rule("f", ["sip:dave@office.example"], "block"),
            REST,
          ),
        ),
      },
      { rpc: ["presence.refreshWatchers", "sip:alice@office.example", "presence", 0], ms: 400 },
      { sql: DECIDED },
      subscribe("bob", "r4", 2, ["Expires: 0", who("erin@office.example")]),
      subscribe("bob", "r5", 2, ["Expires: 0", who("frank@office.example")]),
    ],
  },
  {
    name: "shut out",
    steps: [subscribe("bob", "r2", 1, ["Expires: 600", who("carol@office.example")]), { sql: DECIDED }],
  },
  {
    name: "let see a part",
    steps: [
      subscribe("bob", "r8", 1, ["Expires: 600", who("few@office.example")]),
      subscribe("bob", "r8", 2, ["Expires: 0", who("few@office.example")]),
    ],
  },
  {
    name: "who watches, told to the one who is watched and to nobody else",
    steps: [
      subscribe("alice", "r10", 1, ["Event: presence.winfo", "Expires: 600"]),
      subscribe("bob", "r11", 1, ["Event: presence.winfo", "Expires: 600"]),
      subscribe("bob", "r12", 1, ["Expires: 600", who("gina@office.example")]),
      subscribe("bob", "r12", 2, ["Expires: 0", who("gina@office.example")]),
    ],
  },
];

/** Watchers by the rules of presentities. */
export const RULES: PresenceGroup = {
  name: "rules",
  params: RULED,
  sql: [
    store(
      rules(
        rule("a", ["sip:bob@office.example"], "allow", ALL),
        rule("c", ["sip:dave@office.example"], "polite-block"),
        rule("d", ["sip:erin@office.example"], "confirm"),
        rule("none", ["sip:none@office.example"], "allow"),
        REST,
      ),
    ),
  ],
  cases: AUTHORISED,
};

/** The same, by domains. */
export const DOMAINS: PresenceGroup = {
  name: "domains",
  params: RULED,
  sql: [store(rules(BY_DOMAIN))],
  cases: [
    {
      name: "let in by domain",
      steps: [
        publish("d0", 1, ["Expires: 600"], pidf("a", "open", "here")),
        subscribe("bob", "d1", 1, ["Expires: 600", who("any@friends.example")]),
      ],
    },
    {
      name: "let in by domain, but not that one",
      steps: [
        subscribe("bob", "d2", 1, ["Expires: 600", who("bad@friends.example")]),
        subscribe("bob", "d3", 1, ["Expires: 600", who("frank@office.example")]),
      ],
    },
  ],
};

const note = (text: string): string => `<note xml:lang="en">${text}</note>`;

/** Other settings: short times, a server address, answers 202. */
export const SETTINGS: PresenceGroup = {
  name: "settings",
  params:
    'modparam("presence_xml", "force_active", 1)\nmodparam("presence", "min_expires", 100)\nmodparam("presence", "max_expires", 500)\nmodparam("presence", "expires_offset", 10)\nmodparam("presence", "server_address", "sip:pres@office.example:5070")\nmodparam("presence", "subs_respond_200", 0)\nmodparam("presence", "subs_db_mode", 1)\nmodparam("presence_xml", "force_dummy_presence", 1)\n',
  cases: [
    {
      name: "times out of bounds, an address of the server",
      steps: [
        publish("m1", 1, ["Expires: 700"], pidf("a", "open", "", "sip:alice@office.example", note("one"))),
        publish("m2", 1, ["Expires: 700"], pidf("b", "open", "", "sip:alice@office.example", note("two"))),
        subscribe("bob", "m3", 1, ["Expires: 50"]),
        subscribe("bob", "m6", 1, ["Expires: 700"]),
        {
          sql: "SELECT presentity_uri, watcher_username, watcher_domain, to_user, to_domain, event, event_id, from_tag, callid, remote_cseq, record_route, status, coalesce(reason, '') AS reason, local_contact, from_user, from_domain, updated, updated_winfo, flags, user_agent FROM active_watchers",
        },
        { sql: "SELECT username, domain, event, length(body) AS n, sender, priority FROM presentity ORDER BY id" },
        publish("m1", 2, ["Expires: 0", ifMatch("m1")]),
        publish("m2", 2, ["Expires: 0", ifMatch("m2")]),
      ],
    },
    {
      name: "nothing is published",
      steps: [
        subscribe("bob", "m4", 1, ["Expires: 300"]),
        subscribe("bob", "m4", 2, ["Expires: 0"]),
        { sql: "SELECT count(*) AS n FROM active_watchers" },
        subscribe("bob", "m5", 1, ["Event: xcap-diff", "Expires: 300"]),
      ],
    },
    { name: "a publication for too short a time", steps: [publish("m7", 1, ["Expires: 50"], pidf("a", "open"))] },
  ],
};

/** The functions of the script and the commands. */
export const FUNCTIONS: PresenceGroup = {
  name: "functions",
  request: `
  if (is_method("OPTIONS")) {
    pres_has_subscribers("sip:alice@office.example", "presence"); append_to_reply("X-Has: $rc\\r\\n");
    pres_has_subscribers("sip:nobody@office.example", "presence"); append_to_reply("X-None: $rc\\r\\n");
    pres_auth_status("sip:bob@office.example", "sip:alice@office.example"); append_to_reply("X-Auth: $rc\\r\\n");
    pres_check_basic("sip:alice@office.example", "open"); append_to_reply("X-Open: $rc\\r\\n");
    pres_check_basic("sip:alice@office.example", "closed"); append_to_reply("X-Closed: $rc\\r\\n");
    pres_check_basic("sip:nobody@office.example", "open"); append_to_reply("X-Nobody: $rc\\r\\n");
    pres_check_activities("sip:alice@office.example", "meeting"); append_to_reply("X-Meeting: $rc\\r\\n");
    pres_check_activities("sip:alice@office.example", "away"); append_to_reply("X-Away: $rc\\r\\n");
    pres_check_activities("sip:nobody@office.example", "away"); append_to_reply("X-NobodyA: $rc\\r\\n");
    if ($hdr(X-Do) == "refresh") { pres_refresh_watchers("sip:alice@office.example", "presence", 1); append_to_reply("X-Rc: $rc\\r\\n"); }
    if ($hdr(X-Do) == "update") { pres_update_watchers("sip:alice@office.example", "presence"); append_to_reply("X-Rc: $rc\\r\\n"); }
    sl_send_reply("200", "OK"); exit;
  }
  if (!t_newtran()) { sl_reply_error(); exit; }
  if (is_method("PUBLISH")) { if ($hdr(Sender) != $null) handle_publish("$hdr(Sender)"); else handle_publish(); }
  else if ($hdr(X-Watcher) != $null) { handle_subscribe("$hdr(X-Watcher)"); }
  else if (is_method("SUBSCRIBE")) { handle_subscribe(); }
  exit;
`,
  cases: [
    {
      name: "what functions say",
      steps: [
        { from: "alice", text: presenceRequest("alice", "OPTIONS", "f0", 1) },
        subscribe("bob", "f1", 1),
        publish("f2", 1, ["Expires: 600"], pidf("a", "open", "here", "sip:alice@office.example", RICH)),
        { from: "alice", text: presenceRequest("alice", "OPTIONS", "f0", 2) },
        { from: "alice", text: presenceRequest("alice", "OPTIONS", "f0", 3, ["X-Do: refresh"]) },
        { from: "alice", text: presenceRequest("alice", "OPTIONS", "f0", 4, ["X-Do: update"]) },
        { rpc: ["presence.refreshWatchers", "sip:alice@office.example", "presence", 1] },
        { rpc: ["presence.updateWatchers", "sip:alice@office.example", "presence"] },
        { rpc: ["presence.refreshWatchers", "sip:alice@office.example", "weather", 1] },
        { rpc: ["presence.cleanup"] },
        subscribe("carol", "f3", 1, ["Expires: 600", "X-Watcher: sip:zoe@office.example"]),
        publish("f4", 1, ["Expires: 600", "Sender: <sip:bob@office.example>"], pidf("b", "closed")),
        subscribe("bob", "f1", 2, ["Expires: 0"]),
      ],
    },
    {
      name: "the sender is not told",
      steps: [
        subscribe("bob", "f6", 1),
        publish("f5", 1, ["Expires: 600", "Sender: sip:bob@office.example"], pidf("b", "closed")),
      ],
    },
  ],
};

// Publications with a priority each, a second apart where the time counts; what the watcher is told shows their order.
const ordered = (columns: string): PresenceGroup => ({
  name: `order by ${columns}`,
  params: `modparam("presence_xml", "force_active", 1)\nmodparam("presence", "xavp_cfg", "pres")\nmodparam("presence", "retrieve_order", 1)\nmodparam("presence", "retrieve_order_by", "${columns}")\n`,
  request: `
  if (is_method("PUBLISH")) $xavp(pres=>priority) = $(hdr(Priority){s.int});
${STOCK_REQUEST}`,
  cases: [
    {
      name: "four publications",
      steps: [
        ...(
          [
            ["o1", 5],
            ["o2", 9],
            ["o3", 1],
            ["o4", 5],
          ] as const
        ).map(([call, priority]) => ({
          ...publish(call, 1, ["Expires: 600", `Priority: ${priority}`], pidf(call, "open")),
          ms: columns.startsWith("received") ? 1100 : 150,
        })),
        subscribe("bob", "o5", 1),
      ],
    },
  ],
});

/** send_fast_notify is 0, and there is nothing to tell: a NOTIFY follows all the same. */
export const FAST: PresenceGroup = {
  name: "send_fast_notify 0",
  params: 'modparam("presence_xml", "force_active", 1)\nmodparam("presence", "send_fast_notify", 0)\n',
  cases: [
    {
      name: "subscribe, renew, end",
      steps: [
        subscribe("bob", "n1", 1),
        subscribe("bob", "n1", 2, ["Expires: 500", "To: <sip:alice@office.example>;tag={tag:n1}"]),
        subscribe("bob", "n1", 3, ["Expires: 0", "To: <sip:alice@office.example>;tag={tag:n1}"]),
      ],
    },
  ],
};

const ORDERS = ["priority", "received_time", "received_time desc", "priority desc, received_time"].map(ordered);

export const GROUPS: readonly PresenceGroup[] = [OPEN, RULES, DOMAINS, SETTINGS, FUNCTIONS, FAST, ...ORDERS];
