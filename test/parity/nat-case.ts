// What a case with many addresses is: agents anywhere (private ones too) send texts to one server, and what each of them gets is kept. The
// same configuration runs on Kamailio, in a network namespace of its own, and on our proxy in virtual time.

/** The server of all cases. */
export const SERVER = "203.0.113.1:5060";
/** Agents: behind a NAT that shows its own public address, on a public one, another next hop. */
export const PRIVATE = "10.1.1.5:7000";
export const PUBLIC = "198.51.100.7:7000";
export const HOP = "198.51.100.9:7100";
export const STREAM = "tcp:198.51.100.7:7200";

export interface NatStep {
  /** Who sends: one of the agents, "tcp:" in front for a connection. Without it only time passes. */
  readonly from?: string;
  readonly text?: string;
  /** A command: name and arguments. */
  readonly rpc?: readonly (string | number)[];
  /** How long what comes is awaited, ms; 120 when left out. */
  readonly ms?: number;
}

export interface NatCase {
  readonly name: string;
  readonly steps: readonly NatStep[];
  /** Statements of request_route when the header X-Case has the number of the case; the reply ends it. */
  readonly script?: string;
}

export interface NatGroup {
  readonly name: string;
  readonly modules: readonly string[];
  /** modparam lines and global parameters. */
  readonly params?: string;
  /** Routes beside request_route, and what request_route does with messages without X-Case. */
  readonly routes?: string;
  readonly request?: string;
  readonly agents: readonly string[];
  readonly cases: readonly NatCase[];
  /** Replies of agents to requests they get, by address: a code, 0 none. Without it nothing is answered. */
  /** What comes in a step is compared as a set. */
  readonly unordered?: boolean;
  readonly answers?: Readonly<Record<string, number>>;
}

/** What came in each step, in order: "address of the agent < address it came from", a line end, and the text. */
export type NatAnswer = readonly (readonly string[])[];

/** The configuration of a group. */
export function natConfig(group: NatGroup): string {
  const arms = group.cases
    .map((c, n) => (c.script === undefined ? "" : `  if ($hdr(X-Case) == "${n}") {\n${c.script}\n    exit;\n  }\n`))
    .join("");
  return [
    '#!KAMAILIO\ndebug=-1\nlog_stderror=yes\nchildren=1\ntcp_children=1\nserver_header=""\nuser_agent_header=""\nauto_aliases=no\n',
    `listen=udp:${SERVER}\nlisten=tcp:${SERVER}\nlisten=udp:${SERVER.replace("5060", "5062")}\n`,
    ...group.modules.map((m) => `loadmodule "${m}.so"\n`),
    group.params ?? "",
    'request_route {\n  if ($hdr(X-Case) == "up") { sl_send_reply("200", "OK"); exit; }\n',
    arms,
    group.request ?? "",
    "}\n",
    group.routes ?? "",
  ].join("");
}

/** The reply of an agent. */
export function answerTo(request: string, code: number): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|Record-Route|From|Call-ID|CSeq|To):/.test(l));
  return `SIP/2.0 ${code} Agent\r\n${kept.map((l) => (l.startsWith("To:") && !l.includes(";tag=") ? `${l};tag=u` : l)).join("\r\n")}\r\nContent-Length: 0\r\n\r\n`;
}

/** Without what differs from run to run. */
export function tidyNat(text: string): string {
  return text
    .replace(/(Via: SIP\/2\.0\/\w+ 203\.0\.113\.1):5060;/g, "$1;") // of which the oracle leaves out the usual port where no transaction is
    .replace(/(branch=z9hG4bK)(?!-parity)[^;\r\n]*(;i=\w+)?/g, "$1{BRANCH}")
    .replace(/^(To: .*;tag=)[0-9a-f.]{10,}\S*/gim, "$1{TAG}")
    .replace(/uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+/g, "{RUID}")
    .replace(/({RUID}|uloc[-\w]*)-[0-9a-f]+-[0-9a-f]+$/gm, "{RUID}-{HASH}")
    .replace(/^Call-ID: [0-9a-f]+-[0-9a-f]+(-[0-9a-f]+)?@.*$/gm, "Call-ID: {OURS}")
    .replace(/;expires=(\d+)/g, (_, n) => `;expires=${Math.ceil(Number(n) / 10) * 10}`) // a second may pass meanwhile
    .replace(/;tag={RUID}-.*$/gm, ";tag={PING}")
    .replace(/^Call-ID: ksrulka-.*$/gm, "Call-ID: {OURS}")
    .replace(/nonce="[^"]*"/g, 'nonce="{NONCE}"');
}

/** A request; lines given replace or add headers. */
export function natRequest(
  n: number | string,
  method: string,
  uri: string,
  sentBy: string,
  lines: readonly string[] = [],
  body = "",
): string {
  const names = new Set(lines.map((l) => l.slice(0, l.indexOf(":")).toLowerCase()));
  const usual = [
    `Via: SIP/2.0/UDP ${sentBy};branch=z9hG4bK-parity${n};rport`,
    "Max-Forwards: 70",
    "From: <sip:alice@office.example>;tag=t1",
    "To: <sip:bob@office.example>",
    `Call-ID: nat-${n}`,
    `CSeq: 1 ${method}`,
  ].filter((l) => !names.has(l.slice(0, l.indexOf(":")).toLowerCase()));
  const head = [`${method} ${uri} SIP/2.0`, ...usual, `X-Case: ${n}`, ...lines, `Content-Length: ${body.length}`];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
