// What a call flow is, for comparing module tm with Kamailio's: a client and two next hops that do as they are told, at their times. Many
// flows share one configuration; each is told from the others by the tag of its From. Messages are compared whole, but for what
// differs from run to run.

/** One flow. In texts {N} is its number, {ME} the server, {UAC} the client, {UAS} and {UAS2} the next hops (host:port each; {PORT2} the latter's port). */
export interface FlowCase {
  readonly name: string;
  /** INVITE when left out. */
  readonly method?: string;
  /** User of the R-URI at {UAS}; "200" when left out. */
  readonly user?: string;
  /** Body of request_route; relays when left out. ACK and CANCEL are relayed before it, unless `all`. */
  readonly request?: string;
  readonly all?: boolean;
  /** Named blocks. */
  readonly blocks?: string;
  /** Header lines that the request has more. */
  readonly headers?: readonly string[];
  /** What a hop answers by the user asked for, "code", "code@ms" or "code@ms|Header: x", with "~this=>that" among the
   * headers for a change: the codes in the name when left out. */
  readonly hop?: Readonly<Record<string, readonly string[]>>;
  /** What a hop sends beside 200 for the CANCEL; 487 when left out. */
  readonly onCancel?: Readonly<Record<string, readonly string[]>>;
  /** What the client does after so many ms: "CANCEL", "ACK" (of a 2xx), "INVITE" (its request again), "~this=>that" (with a change). */
  readonly later?: readonly (readonly [ms: number, what: string])[];
  /** Header lines of the client's CANCEL. */
  readonly cancelHeaders?: readonly string[];
  /** Via of the client has no cookie. */
  readonly old?: boolean;
  /** The client acknowledges no failure. */
  readonly noAck?: boolean;
  /** How long to watch, ms; 250 when left out. */
  readonly ms?: number;
  /** What comes by several ways at a time has no order to compare. */
  readonly unordered?: boolean;
}

/** Flows that share a configuration, with lines of their own. */
export interface FlowGroup {
  readonly name: string;
  /** Global parameters. */
  readonly globals?: string;
  /** Modules beside the usual ones. */
  readonly modules?: readonly string[];
  /** modparam lines. */
  readonly params?: string;
  /** Routes all flows share. */
  readonly routes?: string;
  readonly cases: readonly FlowCase[];
}

export interface Flow {
  readonly log: readonly string[];
  readonly uac: readonly string[];
  readonly uas: readonly string[];
}

export interface Ends {
  readonly me: string;
  readonly uac: string;
  readonly uas: string;
  readonly uas2: string;
}

const MODULES = ["kex", "sl", "tm", "tmx", "pv", "xlog", "textops", "textopsx", "siputils"];

/** The configuration of a group; `oracle` for Kamailio, which keeps append_branch in a module of its own. */
export function configOf(group: FlowGroup, ends: Ends, oracle: boolean): string {
  const arms = (all: boolean): string =>
    group.cases
      .map((c, n) => ({ c, n }))
      .filter(({ c }) => (c.all === true) === all)
      .map(({ c, n }) => `  if ($hdr(X-Case) == "${n}") {\n${fill(c.request ?? "t_relay();", n, ends)}\n  exit; }\n`)
      .join("");
  const loads = [...MODULES, ...(group.modules ?? []), ...(oracle ? ["corex"] : [])];
  return [
    '#!KAMAILIO\ndebug=-1\nlog_stderror=yes\nchildren=1\ndisable_tcp=yes\nserver_header=""\nuser_agent_header=""\n',
    group.globals ?? "",
    ...loads.map((m) => `loadmodule "${m}.so"\n`),
    'modparam("tm", "fr_timer", 700)\nmodparam("tm", "fr_inv_timer", 1000)\nmodparam("tm", "wt_timer", 1000)\n',
    fill(group.params ?? "", 0, ends),
    'request_route {\n  if ($hdr(X-Case) == "up") { sl_send_reply("200", "OK"); exit; }\n',
    arms(true),
    '  if (is_method("ACK|CANCEL")) { t_relay(); exit; }\n',
    arms(false),
    "}\n",
    fill(group.routes ?? "", 0, ends),
    ...group.cases.map((c, n) => fill(c.blocks ?? "", n, ends)),
  ].join("");
}

/** A modparam line of module tm. */
export function param(name: string, value: string | number): string {
  return `modparam("tm", "${name}", ${typeof value === "number" ? value : `"${value}"`})\n`;
}

/** A line in the log. */
export function say(text: string): string {
  return `xlog("L_ALERT", "@{N} ${text}\\n");`;
}

export function fill(text: string, n: number, ends: Ends): string {
  return text
    .replaceAll("{N}", String(n))
    .replaceAll("{ME}", ends.me)
    .replaceAll("{UAC}", ends.uac)
    .replaceAll("{UAS}", ends.uas)
    .replaceAll("{UAS2}", ends.uas2)
    .replaceAll("{PORT2}", ends.uas2.slice(ends.uas2.indexOf(":") + 1));
}

/** What a next hop answers when that user is asked for. */
export function answersOf(c: FlowCase, user: string): readonly string[] {
  return c.hop?.[user] ?? /(\d{3}(?:-\d{3})*)$/.exec(user)?.[1]?.split("-") ?? [];
}

function lines(text: string, name: RegExp): string[] {
  return text.split("\r\n").filter((l) => name.test(l));
}

function replyTo(request: string, answer: string): string {
  const code = answer.slice(0, 3);
  const extra = /\|(.*)$/s.exec(answer)?.[1]?.split("\\n") ?? [];
  const changes = extra.filter((l) => l.startsWith("~"));
  const to = lines(request, /^To:/).map((l) => (l.includes(";tag=") || code === "100" ? l : `${l};tag=u${code}`));
  const kept = lines(request, /^(Via|Record-Route|From|Call-ID|CSeq):/);
  const more = extra.filter((l) => !l.startsWith("~"));
  const text = [`SIP/2.0 ${code} R${code}`, ...kept, ...to, ...more, "Content-Length: 0", "", ""].join("\r\n");
  return changes.reduce(changed, text);
}

// "~this=>that" in a message.
function changed(text: string, change: string): string {
  const [from, to] = change.slice(1).split("=>") as [string, string];
  return text.replace(from, to);
}

/** Sends a message after so many ms. */
export type Send = (message: string, ms: number) => void;

/** What is seen of one flow. */
export class Recorder {
  readonly log: string[] = [];
  private readonly uac: string[] = [];
  private readonly uas: string[] = [];
  protected readonly c: FlowCase;
  protected readonly n: number;
  protected readonly ends: Ends;
  private over = false;

  constructor(c: FlowCase, n: number, ends: Ends) {
    this.c = c;
    this.n = n;
    this.ends = ends;
  }

  /** The client got a message. */
  atClient(message: string): void {
    this.note(this.uac, message, "");
  }

  /** A next hop got a message; `hop` is put in front. */
  atHop(message: string, hop: string): void {
    this.note(this.uas, message, hop);
  }

  /** What comes from now on does not count. */
  end(): void {
    this.over = true;
  }

  private note(to: string[], message: string, hop: string): void {
    if (this.over) return;
    const note = hop + noteOf(message, this.ends, this.n);
    if (!to.includes(note)) to.push(note);
  }

  logged(line: string): void {
    const mark = `@${this.n} `;
    const at = line.indexOf(mark);
    if (at >= 0 && !this.over) this.log.push(tidy(line.slice(at + mark.length).trimEnd(), this.ends));
  }

  seen(): Flow {
    const { log, uac, uas } = this;
    return this.c.unordered === true
      ? { log: [...log].sort(), uac: [...uac].sort(), uas: [...uas].sort() }
      : { log, uac, uas };
  }
}

/** A client and the next hops for one flow, whatever the world they live in. */
export class Players extends Recorder {
  readonly request: string;
  private readonly invites = new Map<string, string>();
  private success = "";

  constructor(c: FlowCase, n: number, ends: Ends, run: string) {
    super(c, n, ends);
    this.request = this.first(run);
  }

  private first(run: string): string {
    const { c, n, ends } = this;
    const method = c.method ?? "INVITE";
    return [
      `${method} sip:${c.user ?? "200"}@${ends.uas} SIP/2.0`,
      `Via: SIP/2.0/UDP ${ends.uac};branch=${c.old === true ? "" : "z9hG4bK"}${run}x${n};rport`,
      "Max-Forwards: 70",
      `From: <sip:a@x>;tag=f${n}`,
      "To: <sip:b@y>",
      `Call-ID: ${run}-${n}`,
      `CSeq: 1 ${method}`,
      `X-Case: ${n}`,
      `Contact: <sip:a@${ends.uac}>`,
      ...(c.headers ?? []).map((h) => fill(h, n, ends)),
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n");
  }

  /** Begins: `send` goes from the client to the server. */
  start(send: Send): void {
    send(this.request, 0);
    for (const [ms, what] of this.c.later ?? []) send(what, ms);
  }

  /** The message that stands for a word of `later`. */
  made(what: string): string {
    if (what === "ACK") return this.ackOf2xx();
    if (what.startsWith("~")) return changed(this.request, what);
    if (what !== "CANCEL") return this.request;
    const extra = (this.c.cancelHeaders ?? []).map((h) => `${h}\r\n`).join("");
    return this.as("CANCEL").replace("Content-Length:", `${extra}Content-Length:`);
  }

  private as(method: string): string {
    const old = this.c.method ?? "INVITE";
    return this.request
      .replace(old, method)
      .replace(`CSeq: 1 ${old}`, `CSeq: 1 ${method}`)
      .replace(/^(Contact|P-[^:]*):.*\r\n/gm, "");
  }

  private ackOf2xx(): string {
    return this.ackOfSuccess(lines(this.success, /^To:/)[0] ?? "To: <sip:b@y>");
  }

  /** The ACK to a 2xx, with its To line. */
  ackOfSuccess(to: string): string {
    return this.as("ACK")
      .replace(/branch=[^;]*/, (b) => `${b}a`)
      .replace(/^To:.*$/m, to);
  }

  /** The client got something; it acknowledges failures. */
  clientGot(message: string, send: Send): void {
    this.atClient(message);
    const status = Number(message.slice(8, 11));
    if (!/^CSeq: *1 INVITE/m.test(message)) return;
    if (status >= 200 && status < 300) this.success = message;
    if (status < 300 || this.c.noAck === true) return;
    send(this.ackOfFailure(lines(message, /^To:/)[0]!), 0);
  }

  /** The ACK to a failure, with the failure's To line. */
  ackOfFailure(to: string): string {
    return this.as("ACK").replace(/^To:.*$/m, to);
  }

  /** A next hop got something, and answers. */
  hopGot(message: string, send: Send, hop: string): void {
    this.atHop(message, hop);
    const [method, uri] = message.split(" ") as [string, string];
    const user = userOf(uri);
    const key = lines(message, /^Via:/)[0]!;
    if (method === "ACK" || method === "SIP/2.0") return;
    const answer = (to: string, list: readonly string[]): void => {
      for (const a of list) send(replyTo(to, a), Number(/^\d+@(\d+)/.exec(a)?.[1] ?? 0));
    };
    if (method === "CANCEL") {
      const invite = this.invites.get(key);
      if (invite?.startsWith("INVITE") === true) {
        this.invites.set(key, "gone");
        answer(message, ["200"]);
        answer(invite, this.c.onCancel?.[user] ?? ["487"]);
      } else if (invite === undefined) answer(message, ["481"]);
      return;
    }
    if (this.invites.has(key)) return;
    this.invites.set(key, message);
    answer(message, answersOf(this.c, user));
  }
}

/** The user of a SIP URI; empty when it has none. */
export function userOf(uri: string): string {
  return /^sips?:([^@;]*)@/.exec(uri)?.[1] ?? "";
}

/** The number of the flow a message belongs to; -1 for none. */
export function flowOf(message: string): number {
  return Number(/;tag=f(\d+)\r\n/.exec(message)?.[1] ?? -1);
}

function tidy(text: string, ends: Ends): string {
  return text
    .replaceAll(ends.me, "{ME}")
    .replaceAll(ends.uac, "{UAC}")
    .replaceAll(ends.uas, "{UAS}")
    .replaceAll(ends.uas2, "{UAS2}");
}

// A message in a few words: its first line, the method a reply is for, what To's tag is, and every line that is not as usual; usual ones
// that are missing are told with a minus.
function noteOf(message: string, ends: Ends, n: number): string {
  const [head, ...rest] = message.slice(0, message.indexOf("\r\n\r\n")).split("\r\n") as [string, ...string[]];
  const body = message.slice(message.indexOf("\r\n\r\n") + 4);
  const isReply = head.startsWith("SIP/2.0");
  const method = isReply ? (/^CSeq: *1 (.*)$/m.exec(message)?.[1]?.trim() ?? "") : head.slice(0, head.indexOf(" "));
  const usual = usualLines(isReply, method, n);
  const more: string[] = [];
  let vias = 0;
  for (const raw of rest) {
    const line = normal(tidy(raw, ends));
    if (usual.delete(line)) continue;
    if (line.startsWith("Via:")) {
      vias++;
      if (line === "Via: SIP/2.0/UDP {ME};branch={B}" || line === `Via: SIP/2.0/UDP {UAC};branch={B};received;rport`)
        continue;
    }
    more.push(line);
  }
  const parts = [
    tidy(head, ends),
    isReply ? method : "",
    `via${vias}`,
    ...more.sort(),
    ...[...usual].map((u) => `-${u}`),
  ];
  return [...parts.filter((p) => p !== ""), ...(body === "" ? [] : [`body ${body}`])].join(" | ");
}

function usualLines(isReply: boolean, method: string, n: number): Set<string> {
  const all = [`From: <sip:a@x>;tag=f${n}`, "Call-ID: {C}", `CSeq: 1 ${method}`, "Content-Length: 0"];
  if (!isReply) all.push("Max-Forwards: 70");
  if (!isReply && method !== "CANCEL" && method !== "ACK") all.push(`X-Case: ${n}`, "Contact: <sip:a@{UAC}>");
  return new Set(all);
}

function normal(line: string): string {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1).trim();
  switch (name) {
    case "Via": {
      const [sentBy, ...params] = value.split(";") as [string, ...string[]];
      const tidied = params.map((p) =>
        p.startsWith("branch=") ? "branch={B}" : p.replace(/^(rport|received)=.*/, "$1"),
      );
      return `Via: ${[sentBy, ...tidied.sort()].join(";")}`;
    }
    case "Call-ID":
      return "Call-ID: {C}";
    case "From":
      return `From: ${value.replace(/;tag=(?!f\d+$).*/, ";tag={T}")}`;
    case "To":
      return `To: ${value.replace(/;tag=(?!u\d+(?:;|$))[^;]*/, ";tag={T}")}`;
    default:
      return `${name}: ${value}`;
  }
}
