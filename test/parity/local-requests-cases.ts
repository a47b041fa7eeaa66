// Requests that a server makes by itself, as commands to be run on Kamailio and here, with what two next hops answer; and what is compared.

/** How a next hop answers a request: status, To tag, more header lines; `from` the other hop's socket when it says so. */
export interface Reply {
  readonly code: number;
  readonly tag?: string;
  readonly extra?: string;
  readonly fromB?: boolean;
}

export interface LocalCase {
  readonly name: string;
  readonly command: string;
  /** {A}, {B}, {ME}: host:port of the hops and of the server. */
  readonly args: readonly string[];
  readonly replies?: readonly Reply[];
  /** A second command, run when the replies are out. */
  readonly after?: readonly [command: string, ...args: string[]];
  /** Why ours is another. */
  readonly difference?: string;
}

export interface LocalGroup {
  readonly name: string;
  readonly params: readonly string[];
  readonly cases: readonly LocalCase[];
}

/** What came of a case: the command's result, and what each hop got, each message once. */
export interface Outcome {
  readonly result: unknown;
  readonly after: unknown;
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** Event routes that both sides have. */
export const SCRIPT = `
event_route[tm:local-request] {
  switch ($rU) {
    case "drop": drop;
    case "exit": append_hf("X-L: 1\\r\\n"); exit;
    case "neg": append_hf("X-L: 1\\r\\n"); return -1;
    case "ru": $ru = "sip:new@{A};x=1"; break;
    case "away": $ru = "sip:new@{B}"; break;
    case "user": $rU = "renamed"; break;
    case "du": $du = "sip:{B}"; break;
    case "edits": remove_hf("X-A"); append_hf("X-New: 1\\r\\n"); insert_hf("X-Top: 1\\r\\n"); break;
    case "body": set_body("newbody", "text/x"); break;
    case "branch": append_branch("sip:second@{A}"); break;
    case "seen": append_hf("X-Seen: rm=$rm ru=$ru du=$du ou=$ou fu=$fu tu=$tu fs=$fs rc=$rc cs=$cs tt=$tt rb=$rb mf=$mf sp=$sp Rp=$Rp pr=$pr\\r\\n"); break;
    case "arm": t_on_failure("F"); t_on_branch("B"); break;
  }
}
failure_route[F] {
  if ($T_reply_code == 486) { $ru = "sip:two@{B}"; t_relay(); }
}
branch_route[B] { append_hf("X-B: 1\\r\\n"); }
`;

const HEADERS = "From: <sip:a@x>\r\nTo: <sip:b@y>\r\nX-A: 1\r\n";
const TYPED = `${HEADERS}Content-Type: text/plain\r\n`;
const CONTACT = "Contact: <sip:phone@{B};x=1>\r\n";
const OK: readonly Reply[] = [{ code: 200 }];

function options(user: string, replies: readonly Reply[] = OK, difference?: string): LocalCase {
  const args = ["OPTIONS", `sip:${user}@{A}`, ".", ".", TYPED, "hello"];
  return {
    name: `route: ${user}`,
    command: "tm.t_uac_wait",
    args,
    replies,
    ...(difference === undefined ? {} : { difference }),
  };
}

function invite(name: string, replies: readonly Reply[], difference?: string): LocalCase {
  const args = ["INVITE", "sip:bob@{A}", ".", ".", `${HEADERS}Contact: <sip:me@{ME}>\r\n`];
  return { name, command: "tm.t_uac_wait", args, replies, ...(difference === undefined ? {} : { difference }) };
}

function refused(name: string, ...args: string[]): LocalCase {
  return { name: `refused: ${name}`, command: "tm.t_uac_start", args };
}

const AT = "sip:bob@{A}";

export const GROUPS: readonly LocalGroup[] = [
  {
    name: "as it is",
    params: [],
    cases: [
      { name: "start", command: "tm.t_uac_start", args: ["MESSAGE", AT, ".", ".", TYPED, "hello"], replies: OK },
      { name: "start, empty fields", command: "tm.t_uac_start", args: ["OPTIONS", AT, "", "", HEADERS], replies: OK },
      {
        name: "identifiers",
        command: "tm.t_uac_wait",
        args: [
          "OPTIONS",
          AT,
          ".",
          ".",
          "From: <sip:a@x>;tag=1\r\nTo: <sip:b@y>;tag=2\r\nCSeq: 7 OPTIONS\r\nCall-ID: me\r\nMax-Forwards: 3\r\nContact: <sip:me>\r\n",
        ],
        replies: OK,
        difference: "a From that has a tag keeps it; Kamailio puts a second one behind it",
      },
      {
        name: "next hop",
        command: "tm.t_uac_wait",
        args: ["OPTIONS", "sip:bob@{B}", "sip:{A};lr", "udp:{ME}", HEADERS],
        replies: OK,
      },
      {
        name: "Route among the headers leads nowhere by itself",
        command: "tm.t_uac_wait",
        args: ["OPTIONS", AT, ".", ".", `${HEADERS}Route: <sip:{B};lr>\r\n`],
        replies: OK,
      },
      { name: "ACK", command: "tm.t_uac_start", args: ["ACK", AT, ".", ".", HEADERS] },
      { name: "block", command: "tm.t_uac_wait_block", args: ["OPTIONS", AT, ".", ".", HEADERS], replies: OK },
      {
        name: "wait: dialog",
        command: "tm.t_uac_wait",
        args: ["SUBSCRIBE", AT, ".", ".", HEADERS],
        replies: [
          { code: 202, extra: `${CONTACT}Record-Route: <sip:r1;lr>, <sip:r2;lr>\r\nRecord-Route: <sip:r3;lr>\r\n` },
        ],
      },
      {
        name: "wait: failure",
        command: "tm.t_uac_wait",
        args: ["OPTIONS", AT, ".", ".", HEADERS],
        replies: [{ code: 404 }],
      },
      { name: "wait: silence", command: "tm.t_uac_wait", args: ["OPTIONS", AT, ".", ".", HEADERS] },
      { name: "block: silence", command: "tm.t_uac_wait_block", args: ["OPTIONS", AT, ".", ".", HEADERS] },
      invite("invite: 200", [
        { code: 180, tag: "u1" },
        { code: 200, tag: "u1", extra: CONTACT },
      ]),
      invite(
        "invite: 200 without Contact",
        [{ code: 200, tag: "u1" }],
        "a 2xx without Contact is acknowledged where the INVITE went; Kamailio lets the far end repeat it",
      ),
      invite("invite: 200 again", [
        { code: 200, tag: "u1", extra: CONTACT },
        { code: 200, tag: "u1", extra: CONTACT },
      ]),
      invite("invite: 200 by loose routers", [
        { code: 200, tag: "u1", extra: `${CONTACT}Record-Route: <sip:r1;lr>, <sip:{B};lr;f=1>\r\n` },
      ]),
      invite("invite: 200 by a strict router", [
        { code: 200, tag: "u1", extra: `${CONTACT}Record-Route: <sip:{B};f=1>\r\n` },
      ]),
      invite(
        "invite: forks",
        [
          { code: 200, tag: "u1", extra: CONTACT },
          { code: 200, tag: "u2", extra: CONTACT },
        ],
        "each 2xx is acknowledged by its own tag (RFC 3261 13.2.2.4); Kamailio sends the first ACK again",
      ),
      invite("invite: 486", [
        { code: 180, tag: "u1" },
        { code: 486, tag: "u1" },
      ]),
      invite("invite: silence", []),
      {
        name: "cancel",
        command: "tm.t_uac_start",
        args: ["INVITE", AT, ".", ".", `${HEADERS}Call-ID: cancelled\r\nCSeq: 5 INVITE\r\n`],
        replies: [{ code: 180, tag: "u1" }],
        after: ["tm.cancel", "cancelled", "5"],
      },
      { name: "cancel: unknown", command: "tm.cancel", args: ["nobody", "5"] },
      refused("no method", "", AT, ".", ".", HEADERS),
      refused("R-URI", "OPTIONS", "bob", ".", ".", HEADERS),
      refused("next hop", "OPTIONS", AT, "bob", ".", HEADERS),
      refused("socket", "OPTIONS", AT, ".", "udp:127.0.0.1:9", HEADERS),
      refused("socket that is none", "OPTIONS", AT, ".", "x", HEADERS),
      refused("no From", "OPTIONS", AT, ".", ".", "To: <sip:b@y>\r\n"),
      refused("no To", "OPTIONS", AT, ".", ".", "From: <sip:b@y>\r\n"),
      refused("empty headers", "OPTIONS", AT, ".", ".", ""),
      refused("a broken line", "OPTIONS", AT, ".", ".", `${HEADERS}broken\r\n`),
      refused("a body without type", "OPTIONS", AT, ".", ".", HEADERS, "body"),
      refused("CSeq of another method", "OPTIONS", AT, ".", ".", `${HEADERS}CSeq: 1 FOO\r\n`),
      ...["drop", "exit", "neg", "ru", "away", "user", "edits", "body", "branch", "seen"].map((user) => options(user)),
      options(
        "du",
        OK,
        "$du leads the request elsewhere, as the documentation says; 5.6.3 sends it where it was going",
      ),
      options("arm", [{ code: 486 }]),
    ],
  },
  {
    name: "ACK where the INVITE went",
    params: ['modparam("tm", "local_ack_mode", 1)'],
    cases: [invite("mode 1: 200", [{ code: 200, tag: "u1", extra: CONTACT, fromB: true }])],
  },
  {
    name: "ACK where the 2xx came from",
    params: ['modparam("tm", "local_ack_mode", 2)'],
    cases: [invite("mode 2: 200", [{ code: 200, tag: "u1", extra: CONTACT.replace("{B}", "{A}"), fromB: true }])],
  },
  {
    name: "failure routes",
    params: ['modparam("tm", "enable_uac_fr", 1)'],
    cases: [
      options("arm", [{ code: 486 }], "a second leg has our Via once; Kamailio leaves that of the first below it"),
      options("bob", [{ code: 486 }]),
    ],
  },
];

/** Addresses of one side. */
export interface Ends {
  readonly me: string;
  readonly a: string;
  readonly b: string;
}

/** A text with this side's addresses in place of {ME}, {A}, {B}. */
export function filled(text: string, ends: Ends): string {
  return text.replaceAll("{ME}", ends.me).replaceAll("{A}", ends.a).replaceAll("{B}", ends.b);
}

/** What is sent for a request that came to a hop, in order. */
export function repliesTo(
  request: string,
  replies: readonly Reply[],
  ends: Ends,
): { readonly fromB: boolean; readonly text: string }[] {
  const method = request.split(" ")[0]!;
  if (method === "ACK" || method === "SIP/2.0") return [];
  const make = (code: number, tag: string, extra: string, text = request): string => {
    const lines = text.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq|To):/.test(l));
    const head = lines.map((l) => (l.startsWith("To:") && !l.includes(";tag=") ? `${l};tag=${tag}` : l));
    return `SIP/2.0 ${code} R${code}\r\n${head.join("\r\n")}\r\n${filled(extra, ends)}Content-Length: 0\r\n\r\n`;
  };
  if (method === "CANCEL")
    return [
      { fromB: false, text: make(200, "u1", "") },
      { fromB: false, text: make(487, "u1", "", request.replaceAll("CANCEL", "INVITE")) },
    ];
  return replies.map(({ code, tag = "far", extra = "", fromB = false }) => ({ fromB, text: make(code, tag, extra) }));
}

/** Takes out of a text what differs from side to side and run to run; equal branches stay equal. */
export function tidier(ends: Ends): (text: string) => string {
  const branches = new Map<string, string>();
  return (text) =>
    text
      .replaceAll(ends.me, "{ME}")
      .replaceAll(ends.a, "{A}")
      .replaceAll(ends.b, "{B}")
      .replace(new RegExp(`\\b(sp|Rp)=${ends.me.split(":")[1]}\\b`, "g"), "$1={PORT}")
      .replace(/branch=([^;\r\n]+)/g, (_, branch: string) => {
        if (!branches.has(branch)) branches.set(branch, `{branch ${branches.size + 1}}`);
        return `branch=${branches.get(branch)}`;
      })
      .replace(/^(From: <sip:a@x>(?:;tag=1)?;tag=)[0-9a-f-]{20,}/gm, "$1{TAG}")
      .replace(/^(Call-ID: )(?!me\r|cancelled\r)\S+/gm, "$1{CALLID}")
      .replace(/^(User-Agent: ).*/gm, "$1{UA}\r")
      // RFC 3261 8.1.1 asks for it in every request; Kamailio leaves it out of this one
      .replace(/^(ACK [\s\S]*?\r\nCSeq: \d+ ACK\r\n(?:Route: .*\r\n)?)Max-Forwards: 70\r\n/, "$1");
}

/** A group's configuration without its sockets and what brings the commands in. */
export function configOf(group: LocalGroup, ends: Ends): string {
  const modules = ["kex", "tm", "tmx", "sl", "pv", "xlog", "textops", "textopsx", "siputils"];
  return [
    ...modules.map((m) => `loadmodule "${m}.so"`),
    'modparam("tm", "fr_timer", 700)',
    'modparam("tm", "fr_inv_timer", 1500)',
    ...group.params,
    'request_route { sl_send_reply("404", "up"); }',
    filled(SCRIPT, ends),
  ].join("\n");
}
