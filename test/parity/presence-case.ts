// What a case of presence is: agents publish and subscribe at one server, and answer the NOTIFYs they get. The same conversation is held with
// the installed Kamailio on loopback addresses and with ours in virtual time.

/** The network of the texts; on a machine it is another one of loopback. */
export const NETWORK = "192.0.2.";
/** The server and the agents, by name. */
export const SERVER = `${NETWORK}1:5060`;
export const AGENTS = { alice: `${NETWORK}11:7000`, bob: `${NETWORK}12:7000`, carol: `${NETWORK}13:7000` } as const;

export type AgentName = keyof typeof AGENTS;

export interface PresenceStep {
  /** Who sends; without it only time passes. */
  readonly from?: AgentName;
  /** The request; `{tag:X}` and `{etag:X}` stand for what the last reply in call X said. */
  readonly text?: string;
  /** A command: name and arguments. */
  readonly rpc?: readonly (string | number)[];
  /** A statement on the database. */
  readonly sql?: string;
  /** Agents that answer with another code from now on. */
  readonly answers?: Partial<Record<AgentName, number>>;
  /** How long what comes is awaited, ms; 150 when left out. */
  readonly ms?: number;
}

export interface PresenceCase {
  readonly name: string;
  readonly steps: readonly PresenceStep[];
}

export interface PresenceGroup {
  readonly name: string;
  /** modparam lines; `{DB}` stands for the file of the database. */
  readonly params?: string;
  readonly modules?: readonly string[];
  /** request_route; the usual one of the stock configuration when left out. */
  readonly request?: string;
  readonly routes?: string;
  /** Statements that fill the database before the start. */
  readonly sql?: readonly string[];
  readonly cases: readonly PresenceCase[];
}

/** What came in each step: "agent < text". */
export type PresenceAnswer = readonly (readonly string[])[];

/** The tables that the configuration needs. */
export const TABLES = ["version", "presentity", "active_watchers", "watchers", "xcap"];

/** request_route of the stock configuration, as far as presence goes. */
export const STOCK_REQUEST = `
  if (!t_newtran()) { sl_reply_error(); exit; }
  if (is_method("PUBLISH")) { handle_publish(); t_release(); }
  else if (is_method("SUBSCRIBE")) { handle_subscribe(); t_release(); }
  exit;
`;

/** The configuration of a group. */
export function presenceConfig(group: PresenceGroup, server: string, db: string): string {
  const modules = [
    "tm",
    "sl",
    "rr",
    "pv",
    "maxfwd",
    "textops",
    "siputils",
    "textopsx",
    "xlog",
    "db_sqlite",
    "presence",
    "presence_xml",
  ];
  const text = [
    '#!KAMAILIO\ndebug=-1\nlog_stderror=yes\nchildren=1\nserver_header=""\nuser_agent_header=""\nauto_aliases=no\ndisable_tcp=yes\n',
    `listen=udp:${server}\n`,
    ...[...modules, ...(group.modules ?? [])].map((m) => `loadmodule "${m}.so"\n`),
    'modparam("presence|presence_xml", "db_url", "sqlite:///{DB}")\n',
    group.params ?? 'modparam("presence_xml", "force_active", 1)\n',
    'request_route {\n  if ($hdr(X-Case) == "up") { sl_send_reply("200", "OK"); exit; }\n',
    group.request ?? STOCK_REQUEST,
    "}\n",
    group.routes ?? "",
  ].join("");
  return text.replaceAll("{DB}", db.replace(/^\//, ""));
}

/** The reply of an agent. */
export function answerTo(request: string, code: number): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|Record-Route|From|Call-ID|CSeq|To):/.test(l));
  return `SIP/2.0 ${code} Agent\r\n${kept.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`;
}

/** Holds what agents must remember: tags and entity tags by call. */
export class Memory {
  private readonly known = new Map<string, string>();

  /** Learns from a reply. */
  heard(text: string): void {
    const call = /^Call-ID: *(.*?)\r$/m.exec(text)?.[1];
    if (call === undefined || !text.startsWith("SIP/2.0")) return;
    const tag = /^To:.*;tag=([^;\r]*)/m.exec(text)?.[1];
    const etag = /^SIP-ETag: *(.*?)\r$/m.exec(text)?.[1];
    if (tag !== undefined) this.known.set(`tag:${call}`, tag);
    if (etag !== undefined) this.known.set(`etag:${call}`, etag);
  }

  /** A text with what is remembered in it. */
  filled(text: string): string {
    return text.replace(/\{(e?tag:[^}]*)\}/g, (_, name: string) => this.known.get(name) ?? `unknown-${name}`);
  }
}

/** Without what differs from run to run, and with XML in one form: how it is laid out is each server's own affair. */
export function tidyPresence(text: string): string {
  const end = text.indexOf("\r\n\r\n");
  const head = text
    .slice(0, end)
    .replace(/(Via: SIP\/2\.0\/\w+ [\d.]+):5060;/g, "$1;")
    .replace(/(branch=z9hG4bK)(?!-presence)[^;\r\n]*(;i=\w+)?/g, "$1{BRANCH}")
    .replace(/^((?:To|From): .*;tag=)[0-9a-f.-]{10,}[^\r\n]*/gim, "$1{TAG}")
    .replace(/^SIP-ETag: [^\r\n]*/gm, "SIP-ETag: {ETAG}")
    .replace(/^(CSeq: )\d+( NOTIFY)/gm, "$1{N}$2")
    .replace(/((?:active|pending);expires=)(\d+)/g, (_, k: string, n) => k + Math.ceil(Number(n) / 10) * 10)
    .replace(/^Content-Length: +\d+/gm, "Content-Length: {N}");
  return `${head}\r\n\r\n${tidyXml(text.slice(end + 4))}`;
}

// Name spaces are said again where they hold already by some, documents begin with a declaration or do not.
function tidyXml(body: string): string {
  return body
    .replace(/<\?xml[^>]*\?>\s*/, "")
    .replace(/ xmlns="urn:ietf:params:xml:ns:pidf"/g, "")
    .replace(/ xmlns:\w+="[^"]*"/g, "")
    .replace(/>\s+</g, "><")
    .replace(/(<tuple id=")[0-9a-f]{32}"/g, '$1none"')
    .trim();
}

/** A request; lines given replace or add headers. `n` is its number within the call. */
export function presenceRequest(
  agent: AgentName,
  method: string,
  call: string,
  n: number,
  lines: readonly string[] = [],
  body = "",
): string {
  const names = new Set(lines.map((l) => l.slice(0, l.indexOf(":")).toLowerCase()));
  const usual = [
    `Via: SIP/2.0/UDP ${AGENTS[agent]};branch=z9hG4bK-presence-${call}-${n};rport`,
    "Max-Forwards: 70",
    `From: <sip:${agent}@office.example>;tag=t-${agent}`,
    `To: <sip:alice@office.example>${n > 1 && method === "SUBSCRIBE" ? `;tag={tag:${call}}` : ""}`,
    `Call-ID: ${call}`,
    `CSeq: ${n} ${method}`,
    ...(method === "SUBSCRIBE" ? [`Contact: <sip:${agent}@${AGENTS[agent]}>`] : []),
    "Event: presence",
  ].filter((l) => !names.has(l.slice(0, l.indexOf(":")).toLowerCase()));
  const uri = method === "SUBSCRIBE" && n > 1 ? `sip:${SERVER}` : "sip:alice@office.example";
  const head = [
    `${method} ${uri} SIP/2.0`,
    ...usual,
    ...lines.filter((l) => !l.endsWith(": -")),
    `Content-Length: ${body.length}`,
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
