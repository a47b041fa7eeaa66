// What a case about names is: a server that relays requests to names, a name server with a zone, next hops on several addresses, ports and
// transports. What the name server is asked in each step and where the request arrives is compared.

export const SERVER = "192.0.2.1";
export const SERVER6 = "2001:db8::1";
export const NAME_SERVERS: readonly string[] = ["192.0.2.53", "192.0.2.54"];
export const CLIENT = "192.0.2.30:7000";
/** Where next hops listen, by UDP and TCP. */
export const HOPS: readonly string[] = [
  ...[5060, 7001, 7002, 7003].map((port) => `192.0.2.20:${port}`),
  "192.0.2.21:5060",
  "192.0.2.21:7001",
  "[2001:db8::20]:5060",
];

export interface DnsStep {
  /** R-URI of a MESSAGE that is sent; without it only time passes, or a command runs. */
  readonly uri?: string;
  /** What the script does: relays with a transaction when left out. */
  readonly does?: "forward" | "off" | "newtran";
  readonly rpc?: readonly (string | number)[];
  /** How long the final reply is awaited at most, or how much time passes, ms. */
  readonly ms?: number;
}

export interface DnsGroup {
  readonly name: string;
  /** Global parameters and modparam lines. */
  readonly globals?: string;
  readonly params?: string;
  /** Whether the server listens on IPv6, too. */
  readonly six?: boolean;
  readonly zone: string;
  /** Further lines of resolv.conf. */
  readonly resolv?: string;
  /** Name servers that say nothing. */
  readonly silent?: readonly string[];
  /** What hops answer in place of 200: "address:port/protocol" to a code; 0 nothing; -1 nobody listens. */
  readonly answers?: Readonly<Record<string, number>>;
  readonly cases: readonly { readonly name: string; readonly steps: readonly DnsStep[] }[];
}

/** For each step: what was asked, where the request arrived, and what the client got at last. */
export type DnsAnswer = readonly {
  readonly asked: readonly string[];
  readonly at: readonly string[];
  readonly reply: string;
}[];

export function dnsConfig(group: DnsGroup): string {
  const listen = ["udp", "tcp"].flatMap((p) =>
    [SERVER, ...(group.six ? [`[${SERVER6}]`] : [])].map((a) => `${p}:${a}:5060`),
  );
  return [
    '#!KAMAILIO\ndebug=-1\nlog_stderror=yes\nchildren=1\ntcp_children=1\nserver_header=""\nuser_agent_header=""\nauto_aliases=no\n',
    "tcp_connect_timeout=2\n",
    group.globals ?? "",
    ...listen.map((l) => `listen=${l}\n`),
    ...["kex", "tm", "tmx", "sl", "pv", "textops", "siputils", "cfg_rpc"].map((m) => `loadmodule "${m}.so"\n`),
    'modparam("tm", "fr_timer", 400)\nmodparam("tm", "retr_timer1", 150)\n',
    group.params ?? "",
    `request_route {
  if ($hdr(X-Case) == "up") { sl_send_reply("200", "OK"); exit; }
  if (is_method("ACK")) exit;
  if ($hdr(X-Do) == "forward") { if (!forward()) sl_send_reply("500", "Not forwarded"); exit; }
  if ($hdr(X-Do) == "off") t_set_disable_failover("1");
  if ($hdr(X-Do) == "newtran") { t_newtran(); t_set_disable_failover("1"); }
  t_on_branch("B");
  t_relay();
}
branch_route[B] { append_hf("X-Branch: $T_branch_idx\\r\\n"); }
`,
  ].join("");
}

/** Who looks on, in either world. */
export class Onlooker {
  private asked: string[] = [];
  private at: string[] = [];
  private reply = "";
  private current = "";
  private readonly group: DnsGroup;

  constructor(group: DnsGroup) {
    this.group = group;
  }

  /** The request of a step. */
  request(step: DnsStep, n: number): string {
    this.current = `dns-${n}`;
    return [
      `MESSAGE ${step.uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${CLIENT};branch=z9hG4bKdns${n};rport`,
      "Max-Forwards: 70",
      "From: <sip:a@x>;tag=1",
      "To: <sip:b@y>",
      `Call-ID: dns-${n}`,
      "CSeq: 1 MESSAGE",
      `X-Do: ${step.does ?? "relay"}`,
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n");
  }

  private isCurrent(text: string): boolean {
    return /^Call-ID: (.*)\r$/m.exec(text)?.[1] === this.current;
  }

  /** A hop ("address:port/protocol") got a request; what it answers, null nothing. */
  hopGot(hop: string, text: string): string | null {
    if (text.startsWith("ACK")) return null;
    const branch = /^X-Branch: (.*)\r$/m.exec(text)?.[1];
    const via = /^Via: SIP\/2\.0\/\w+ [^;]*;branch=[^;\r]*\.(\w+)/m.exec(text)?.[1];
    const note = branch === undefined ? hop : `${hop} branch ${via}, made as ${branch}`;
    if (this.isCurrent(text) && !this.at.includes(note)) this.at.push(note);
    const code = this.group.answers?.[hop] ?? 200;
    if (code <= 0) return null;
    const kept = text.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq):/.test(l));
    return [`SIP/2.0 ${code} Hop`, ...kept, "To: <sip:b@y>;tag=u", "Content-Length: 0", "", ""].join("\r\n");
  }

  clientGot(text: string): void {
    if (this.isCurrent(text) && !text.startsWith("SIP/2.0 1")) this.reply ||= text.slice(8, 11);
  }

  get isAnswered(): boolean {
    return this.reply !== "";
  }

  /** A name server got a question ("A a.test"); what programs around the server want to know does not count. */
  wasAsked(question: string): void {
    if (/(\.test| \w+)( of the second)?$/.test(question)) this.asked.push(question);
  }

  begin(): void {
    this.asked = [];
    this.at = [];
    this.reply = "";
  }

  seen(): DnsAnswer[number] {
    return { asked: [...new Set(this.asked)], at: [...this.at], reply: this.reply };
  }
}

/** Whether anybody listens there. */
export function isOpen(group: DnsGroup, hop: string): boolean {
  return group.answers?.[hop] !== -1;
}
