// What a case with many addresses is: agents anywhere (private ones too) send texts to one server, and what each of them gets is kept. The
// same configuration runs on Kamailio, in a network namespace of its own, and on our proxy in virtual time.

import { createHash } from "node:crypto";

/** The server of all cases. */
export const SERVER = "203.0.113.1:5060";
/** Agents: behind a NAT that shows its own public address, on a public one, another next hop. */
export const PRIVATE = "10.1.1.5:7000";
export const PUBLIC = "198.51.100.7:7000";
export const HOP = "198.51.100.9:7100";
export const STREAM = "tcp:198.51.100.7:7200";

/** Credentials that answer the challenge which came last; they stand in the text in place of {AUTH}. */
export interface NatLogin {
  readonly user: string;
  readonly password: string;
  readonly proxy?: boolean;
  /** Without it the first of the challenge; "" for none. */
  readonly qop?: string;
  readonly nc?: string;
  /** Another nonce than the one given; "~": that one with its last character changed. */
  readonly nonce?: string;
  readonly realm?: string;
  /** Of the response, where that is not the request's. */
  readonly method?: string;
}

export interface NatStep {
  readonly login?: NatLogin;
  /** Who sends: one of the agents, "tcp:" in front for a connection. Without it only time passes. */
  readonly from?: string;
  readonly text?: string;
  /** A connection that its agent closes. */
  readonly close?: string;
  /** A command: name and arguments. */
  readonly rpc?: readonly (string | number)[];
  /** A question to the database of the group; its rows are the answer. */
  readonly sql?: string;
  /** A pattern of lines of the log: what it has met since the start is the answer, each text once. */
  readonly log?: string;
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
  /** Statements that make the database {DIR}/db.sqlite; {DIR} in params is where it is. */
  readonly sql?: string;
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

/** The flow token (module outbound) in a Path or Record-Route of the server; null when there is none. */
export function tokenIn(text: string): string | null {
  return /^(?:Path|Record-Route): <sip:([^@>]{30,})@/m.exec(text)?.[1] ?? null;
}

/**
 * The text of a step, with credentials for a challenge when it has some; {TOKEN} is the flow token that came last, {BADTOKEN} that one with a
 * letter changed.
 */
export function textFor(step: NatStep, challenge: string, token = ""): string {
  const { login } = step;
  const bad = (token.startsWith("A") ? "B" : "A") + token.slice(1);
  const text = (step.text ?? "").replaceAll("{TOKEN}", token).replaceAll("{BADTOKEN}", bad);
  if (login === undefined) return text;
  const of = (name: string): string => new RegExp(`${name}="?([^",\\r\\n]*)`).exec(challenge)?.[1] ?? "";
  const algorithm = of("algorithm");
  const kind = algorithm === "SHA-256" ? "sha256" : "md5";
  const hash = (t: string): string => createHash(kind).update(t, "latin1").digest("hex");
  const [method = "", uri = ""] = text.split(" ");
  const realm = login.realm ?? of("realm");
  const given = of("nonce");
  const nonce = login.nonce === "~" ? given.slice(0, -1) + (given.endsWith("0") ? "1" : "0") : (login.nonce ?? given);
  const qop = login.qop ?? of("qop").split(",")[0]!;
  const nc = login.nc ?? "00000001";
  const ha1 = hash(`${login.user}:${realm}:${login.password}`);
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  const ha2 = hash(`${login.method ?? method}:${uri}${qop === "auth-int" ? `:${hash(body)}` : ""}`);
  const response = hash(qop === "" ? `${ha1}:${nonce}:${ha2}` : `${ha1}:${nonce}:${nc}:c0ffee:${qop}:${ha2}`);
  const more = qop === "" ? "" : `, qop=${qop}, nc=${nc}, cnonce="c0ffee"`;
  const header = login.proxy === true ? "Proxy-Authorization" : "Authorization";
  const named = algorithm === "" ? "" : `, algorithm=${algorithm}`;
  return text.replace(
    "{AUTH}",
    `${header}: Digest username="${login.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"${more}${named}`,
  );
}

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
    .replace(/^((?:Path|Record-Route): .*?203\.0\.113\.1):5060(?=[;>])/gm, "$1")
    .replace(/^((?:Path|Record-Route|Route): .*?<sip:)[^@>,]{30,}@/gm, "$1{TOKEN}@")
    .replace(/(branch=z9hG4bK)(?!-parity)[^;\r\n]*(;i=\w+)?/g, "$1{BRANCH}")
    .replace(/^(To: .*;tag=)[0-9a-f.]{10,}\S*/gim, "$1{TAG}")
    .replace(/uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+/g, "{RUID}")
    .replace(/({RUID}|uloc[-\w]*)-[0-9a-f]+-[0-9a-f]+$/gm, "{RUID}-{HASH}")
    .replace(/^Call-ID: [0-9a-f]+-[0-9a-f]+(-[0-9a-f]+)?@.*$/gm, "Call-ID: {OURS}")
    .replace(/;expires=(\d+)/g, (_, n) => `;expires=${Math.ceil(Number(n) / 10) * 10}`) // a second may pass meanwhile
    .replace(/;tag={RUID}-.*$/gm, ";tag={PING}")
    .replace(/^Call-ID: ksrulka-.*$/gm, "Call-ID: {OURS}")
    .replace(/rspauth="[^"]*"/g, 'rspauth="{PROOF}"')
    .replace(/nonce=\\"[^"]*"/g, 'nonce="{NONCE}"')
    .replace(/nonce="[^"]*"/g, 'nonce="{NONCE}"');
}

/** Rows of the database as text, without what differs from run to run. */
export function rowsText(rows: readonly object[]): string {
  const text = rows.map((row) => JSON.stringify(Object.values(row).map((v) => (v === null ? null : String(v)))));
  return tidyNat(text.join("\n")).replace(/\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/g, "{TIME}");
}

/** What a pattern meets in lines of a log, without what differs from run to run. */
export function logText(lines: readonly string[], pattern: string): string {
  const met = lines.flatMap((line) => new RegExp(pattern).exec(line)?.[0] ?? []);
  return [...new Set(met.map((text) => tidyNat(text).replace(/roundtrip: [\d.]+/, "roundtrip: {TIME}")))]
    .sort()
    .join("\n");
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
