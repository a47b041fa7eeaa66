// One conversation about the destination blocklist, step by step, the same on Kamailio and here: each step is a request, and what comes of
// it is the final answer, the return codes that the script put into it, and how often the next hop was asked.

/** A request; `to` names a next hop: dead (silent), busy (503), well (200), refused (no TCP there). */
export interface BlocklistStep {
  readonly method: string;
  readonly to: "dead" | "busy" | "well" | "other" | "me";
  readonly lines?: readonly string[];
  readonly transport?: string;
}

export interface BlocklistCase {
  readonly name: string;
  readonly globals: string;
  readonly params?: string;
  readonly steps: readonly BlocklistStep[];
}

/** A next hop's answer: status line and header lines; null for silence. */
export const HOPS: Readonly<Record<"dead" | "busy" | "well" | "other", readonly string[] | null>> = {
  dead: null,
  other: null,
  busy: ["503 Busy", "Retry-After: 7"],
  well: ["200 OK"],
};

const ON = "use_dst_blocklist=yes\ndst_blocklist_expire=30\n";
const s = (method: string, to: BlocklistStep["to"], ...lines: string[]): BlocklistStep => ({ method, to, lines });
const ask = (what: string, ...lines: string[]): BlocklistStep => s("MESSAGE", "me", `X-Do: ${what}`, ...lines);
const FUNCTIONS = [
  ask("is"),
  ask("add"),
  ask("is"),
  ask("del"),
  ask("is"),
  ask("del"),
  ask("add0"),
  ask("addneg"),
  ask("is"),
  ask("ra"),
  ask("ra", "Retry-After: 7"),
  ask("is"),
  ask("del"),
  ask("ra", "Retry-After: 7;duration=3"),
  ask("del"),
  ask("set"),
  ask("clear"),
  ask("rset"),
  ask("rclear"),
];

/** The conversations. */
export const BLOCKLIST_CASES: readonly BlocklistCase[] = [
  { name: "functions, used", globals: ON, steps: FUNCTIONS },
  { name: "functions, not used", globals: "", steps: FUNCTIONS },
  { name: "never set up", globals: `${ON}dst_blocklist_init=no\n`, steps: [ask("add"), ask("is")] },
  { name: "no memory", globals: `${ON}dst_blocklist_mem=0\n`, steps: [ask("add"), ask("is"), ask("del")] },
  {
    name: "silence",
    globals: ON,
    steps: [
      s("MESSAGE", "dead"),
      s("MESSAGE", "dead"),
      s("INVITE", "dead"),
      s("INVITE", "dead"),
      s("MESSAGE", "dead"),
      s("ACK", "dead"),
      s("CANCEL", "dead"),
      s("BYE", "dead"),
      s("MESSAGE", "dead", "X-Do: forward"),
      s("MESSAGE", "dead", "X-Ignore: 255"),
      s("MESSAGE", "well"),
      s("MESSAGE", "well", "X-Next: dead"),
    ],
  },
  { name: "silence, off", globals: "", steps: [s("INVITE", "dead"), s("INVITE", "dead")] },
  {
    name: "forks and failure routes",
    globals: ON,
    params: 'modparam("tm", "remap_503_500", 0)\n',
    steps: [
      s("INVITE", "dead"),
      s("MESSAGE", "dead", "X-Also: well"),
      s("MESSAGE", "well", "X-Also: dead"),
      s("MESSAGE", "dead", "X-Also: busy"),
      s("MESSAGE", "dead", "X-Also: dead"),
      s("MESSAGE", "busy", "X-Next: dead"),
      s("MESSAGE", "busy", "X-Next: well"),
      s("MESSAGE", "dead", "X-Next: well"),
      s("INVITE", "other", "X-Next: dead"),
    ],
  },
  {
    name: "masks of messages",
    globals: ON,
    steps: [
      s("INVITE", "dead", "X-Ignore: 16"),
      s("INVITE", "dead", "X-Ignore: 64"),
      s("INVITE", "dead", "X-Ignore: 16"),
    ],
  },
  {
    name: "mask of UDP",
    globals: `${ON}dst_blocklist_udp_imask=16\n`,
    steps: [s("INVITE", "dead"), s("INVITE", "dead")],
  },
  {
    name: "methods",
    globals: ON,
    params: 'modparam("tm", "blst_methods_add", 256)\nmodparam("tm", "blst_methods_lookup", 524544)\n',
    steps: [
      s("INVITE", "dead"),
      s("OPTIONS", "dead"),
      s("MESSAGE", "dead"),
      s("MESSAGE", "dead"),
      s("OPTIONS", "dead"),
      s("FOO", "dead"),
      s("BYE", "dead"),
    ],
  },
  { name: "503, off", globals: ON, steps: [s("MESSAGE", "busy"), s("MESSAGE", "busy")] },
  {
    name: "503",
    globals: ON,
    params: 'modparam("tm", "blst_503", 1)\n',
    steps: [s("MESSAGE", "busy"), s("MESSAGE", "busy"), s("MESSAGE", "busy", "X-Do: forward")],
  },
  {
    name: "503, ignored",
    globals: `${ON}dst_blocklist_udp_imask=32\n`,
    params: 'modparam("tm", "blst_503", 1)\n',
    steps: [s("MESSAGE", "busy"), s("MESSAGE", "busy")],
  },
];

const ONE_CALL: Readonly<Record<string, string>> = {
  is: "blst_is_blocklisted()",
  add: "blst_add()",
  add0: "blst_add(0)",
  addneg: "blst_add(-1)",
  ra: "blst_add_retry_after(5, 10)",
  del: "blst_del()",
  set: "blst_set_ignore(6)",
  clear: 'blst_clear_ignore("4")',
  rset: "blst_rpl_set_ignore()",
  rclear: "blst_rpl_clear_ignore()",
};

/** The configuration of a case; `hops` gives host:port of each next hop. */
export function configOf(c: BlocklistCase, hops: Readonly<Record<string, string>>, load: string): string {
  const calls = Object.entries(ONE_CALL).map(
    ([name, call]) =>
      `  if ($hdr(X-Do) == "${name}") { ${call}; append_to_reply("X-R: $rc\\r\\n"); sl_send_reply("299", "Asked"); exit; }\n`,
  );
  const where = (header: string, then: string): string =>
    Object.entries(hops)
      .map(([name, at]) => `  if ($hdr(${header}) == "${name}") { ${then.replace("{AT}", at)} }\n`)
      .join("");
  return [
    `#!KAMAILIO\n${c.globals}${load}modparam("tm", "fr_timer", 400)\n${c.params ?? ""}`,
    "request_route {\n",
    ...calls,
    '  if ($hdr(X-Do) == "forward") {\n    if (forward()) { exit; }\n    sl_send_reply("299", "Not sent");\n    exit;\n  }\n',
    '  if ($hdr(X-Ignore) == "16") { blst_set_ignore(16); }\n  if ($hdr(X-Ignore) == "64") { blst_set_ignore(64); }\n  if ($hdr(X-Ignore) == "255") { blst_set_ignore(); }\n',
    where("X-Also", 'append_branch("sip:also@{AT}");'),
    '  if ($hdr(X-Next) != $null) { t_on_failure("NEXT"); }\n',
    '  t_relay();\n  xlog("L_ALERT", "@$rm t_relay $rc\\n");\n}\n',
    `failure_route[NEXT] {\n${where("X-Next", '$du = "sip:{AT}"; t_relay(); xlog("L_ALERT", "@failure t_relay $rc\\n");')}}\n`,
  ].join("");
}

/** The request of a step. */
export function requestOf(step: BlocklistStep, n: number, from: string, at: string): string {
  return [
    `${step.method} sip:bob@${at} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from};branch=z9hG4bKblst${n};rport`,
    "Max-Forwards: 70",
    "From: <sip:alice@office.example>;tag=t1",
    "To: <sip:bob@office.example>",
    `Call-ID: blst${n}@office.example`,
    `CSeq: 1 ${step.method}`,
    ...(step.lines ?? []),
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

/** The answer of a next hop to a request. */
export function answerOf(request: string, answer: readonly string[]): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
  return [`SIP/2.0 ${answer[0]}`, ...kept, ...answer.slice(1), "Content-Length: 0", "", ""].join("\r\n");
}

/** The ACK for a failure. */
export function ackOf(request: string, reply: string): string {
  const to = reply.split("\r\n").find((l) => /^To:/i.test(l)) ?? "";
  return request
    .replace(/^INVITE/, "ACK")
    .replace("1 INVITE", "1 ACK")
    .replace(/^To:.*$/m, to);
}

/** What came of a step, as it is compared: final status line and return codes. */
export function outcomeOf(
  step: BlocklistStep,
  replies: readonly string[],
  asked: ReadonlySet<string>,
  log: readonly string[],
): string {
  const reply = replies.find((r) => !r.startsWith("SIP/2.0 1")) ?? "";
  const codes = reply.split("\r\n").filter((l) => l.startsWith("X-R:"));
  const what = [step.method, step.to, ...(step.lines ?? [])].join(" ");
  const answer = reply === "" ? "nothing" : reply.slice(8, reply.indexOf("\r\n"));
  // when the ACK for a failure is relayed is a matter of chance
  const told = step.method === "ACK" ? log : log.filter((l) => !l.startsWith("ACK "));
  return [what, answer, ...codes, `asked: ${[...asked].sort().join(" ")}`, ...told].join(" | ");
}
