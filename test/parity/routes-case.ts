// What a case about routes is, the configuration that holds many of them, and how both far ends behave. A case's blocks run only for
// messages with its number in X-Case, so one server answers all of them.

/** One case. In texts {N} is the case's number, {UAS} the next hop, {ME} the server under test, {UAC} the client (host:port each). */
export interface RouteCase {
  readonly name: string;
  readonly method?: "INVITE" | "MESSAGE";
  /** User of the R-URI: what the next hop answers, codes joined by "-"; MESSAGE and "200" when left out. "mute" answers nothing. */
  readonly user?: string;
  /** How many requests are sent, one after the other, each its own transaction. */
  readonly times?: number;
  /** A whole message in place of the usual request, e.g. a broken one. */
  readonly raw?: string;
  /** Body of request_route for this case; relays when left out. */
  readonly request?: string;
  /** Bodies of the blocks of which there is one each. */
  readonly reply?: string;
  readonly onsend?: string;
  readonly preRouting?: string;
  readonly received?: string;
  readonly parseError?: string;
  /** Named blocks as they stand in the configuration. */
  readonly blocks?: string;
  /** Milliseconds to wait for what comes by timers. */
  readonly ms?: number;
}

/** What was seen: lines logged by the script, what the client got, what the next hop got; each without repetitions. */
export interface Seen {
  readonly log: readonly string[];
  readonly uac: readonly string[];
  readonly uas: readonly string[];
}

/** Cases that share a configuration, and its own lines. */
export interface Group {
  readonly name: string;
  readonly globals?: string;
  readonly cases: readonly RouteCase[];
}

/** The state of a message in one line, for xlog. */
export const STATE =
  "var=$var(a) avp=$avp(a) mf=$mf bf=$bf sf=$sf ru=$rU du=$du branches=$branch(count) hf=$hdr(X-New) rc=$rc";

/** Statements that change all that STATE shows; `v` is one digit, the value and the flag. */
export function changes(v: number, extra = ""): string {
  return (
    `$var(a) = "v${v}"; $avp(a) = "a${v}"; setflag(${v}); setbflag(${v}); setsflag(${v}); ` +
    `append_hf("X-New: ${v}\\r\\n"); ${extra}`
  );
}

/** A line in the log. */
export function say(text: string): string {
  return `xlog("L_ALERT", "@{N} ${text}\\n");`;
}

const MODULES = ["kex", "sl", "tm", "tmx", "pv", "xlog", "textops", "textopsx", "siputils"];

const HEAD = `debug=-1
log_stderror=yes
children=1
disable_tcp=yes
modparam("tm", "fr_timer", 500)
modparam("tm", "fr_inv_timer", 800)
modparam("tm", "wt_timer", 1000)
`;

/** What tells that the server is up. */
const UP = '  if ($hdr(X-Case) == "up") { sl_send_reply("200", "OK"); exit; }';

/** The configuration of a group; `oracle` for Kamailio, which keeps append_branch in a module of its own. */
export function configOf(group: Group, ends: Ends, oracle: boolean): string {
  const cases = group.cases.map((c, n) => ({ c, n }));
  const dispatch = (head: string, body: (c: RouteCase) => string | undefined): string => {
    const arms = cases.flatMap(({ c, n }) => {
      const text = body(c);
      return text === undefined ? [] : [`  if ($hdr(X-Case) == "${n}") {\n${fill(text, n, ends)}\n  }`];
    });
    // "else" keeps the last statement of a case the last of its route; Kamailio nests too few levels for that in request_route
    const joined = head === "request_route" ? [UP, ...arms].join("\n") : arms.join("\n  else ");
    return arms.length === 0 ? "" : `${head} {\n${joined}\n}\n`;
  };
  const dispatchRaw = (head: string, body: (c: RouteCase) => string | undefined): string => {
    const arms = cases.flatMap(({ c, n }) => {
      const text = body(c);
      return text === undefined ? [] : [`  if ($(rcv(buf)) =~ "X-Case: ${n}[^0-9]") {\n${fill(text, n, ends)}\n  }`];
    });
    return arms.length === 0 ? "" : `${head} {\n${arms.join("\n  else ")}\n}\n`;
  };
  const plain = (head: string, body: (c: RouteCase) => string | undefined): string => {
    const all = cases.flatMap(({ c, n }) => (body(c) === undefined ? [] : [fill(body(c)!, n, ends)]));
    return all.length === 0 ? "" : `${head} {\n${all.join("\n")}\n}\n`;
  };
  const loads = [...MODULES, ...(oracle ? ["corex"] : [])].map((m) => `loadmodule "${m}.so"\n`).join("");
  const [params, rest] = [group.globals ?? "", HEAD];
  return [
    "#!KAMAILIO\n",
    params,
    rest.replace(/^modparam.*\n/gm, ""),
    loads,
    rest.match(/^modparam.*\n/gm)!.join(""),
    dispatch("request_route", (c) => (c.raw === undefined ? (c.request ?? "t_relay();") : c.request)),
    dispatch("reply_route", (c) => c.reply),
    dispatch("onsend_route", (c) => c.onsend),
    dispatch("event_route[core:pre-routing]", (c) => c.preRouting),
    dispatchRaw("event_route[core:msg-received]", (c) => c.received),
    plain("event_route[core:receive-parse-error]", (c) => c.parseError),
    ...cases.map(({ c, n }) => fill(c.blocks ?? "", n, ends)),
  ].join("");
}

/** Addresses of the three, host:port. */
export interface Ends {
  readonly me: string;
  readonly uac: string;
  readonly uas: string;
}

export function fill(text: string, n: number, ends: Ends): string {
  return text
    .replaceAll("{N}", String(n))
    .replaceAll("{ME}", ends.me)
    .replaceAll("{UAC}", ends.uac)
    .replaceAll("{UAS}", ends.uas);
}

/** The k-th request of a case. */
export function requestOf(c: RouteCase, n: number, k: number, ends: Ends, run: string): string {
  if (c.raw !== undefined) return fill(c.raw, n, ends);
  const method = c.method ?? "MESSAGE";
  return [
    `${method} sip:${c.user ?? "200"}@${ends.uas} SIP/2.0`,
    `Via: SIP/2.0/UDP ${ends.uac};branch=z9hG4bK${run}x${n}x${k};rport`,
    "Max-Forwards: 70",
    `From: <sip:a@x>;tag=f${n}`,
    "To: <sip:b@y>",
    `Call-ID: ${run}-${n}-${k}`,
    `CSeq: 1 ${method}`,
    `X-Case: ${n}`,
    `Contact: <sip:a@${ends.uac}>`,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

function lines(text: string, name: RegExp): string[] {
  return text.split("\r\n").filter((l) => name.test(l));
}

/** What the next hop sends back, in order. */
export function answersTo(request: string, invites: Map<string, string>): string[] {
  const [method, uri] = request.split(" ") as [string, string];
  const user = /^sip:([^@]*)@/.exec(uri)?.[1] ?? "";
  const key = lines(request, /^Via:/)[0]!;
  if (method === "ACK") return [];
  if (method === "CANCEL") {
    const invite = invites.get(key);
    return invite === undefined ? [replyTo(request, "200")] : [replyTo(request, "200"), replyTo(invite, "487")];
  }
  const known = invites.has(key); // a repetition gets what the first one got
  invites.set(key, request);
  if (known) return [];
  const codes = /(\d{3}(?:-\d{3})*)$/.exec(user)?.[1];
  return codes === undefined ? [] : codes.split("-").map((code) => replyTo(request, code));
}

function replyTo(request: string, code: string): string {
  const to = lines(request, /^To:/).map((l) => (l.includes(";tag=") ? l : `${l};tag=u${code}`));
  const kept = lines(request, /^(Via|From|Call-ID|CSeq|X-Case):/);
  const vias = kept.filter((l) => l.startsWith("Via"));
  const others = kept.filter((l) => !l.startsWith("Via"));
  return [`SIP/2.0 ${code} R${code}`, ...vias, ...others, ...to, "Content-Length: 0", "", ""].join("\r\n");
}

/** The ACK the client sends for a failure; null for anything else. */
export function ackFor(reply: string, request: string): string | null {
  const status = Number(reply.slice(8, 11));
  if (status < 300 || !/^CSeq: *1 INVITE/m.test(reply) || !request.startsWith("INVITE")) return null;
  const to = lines(reply, /^To:/)[0]!;
  return request
    .replace(/^INVITE/, "ACK")
    .replace("CSeq: 1 INVITE", "CSeq: 1 ACK")
    .replace(/^To:.*$/m, to);
}

/** A message in a few words: its first line and the headers scripts added. Everything that differs from run to run is replaced. */
export function noteOf(message: string, ends: Ends): string {
  const first = message.slice(0, message.indexOf("\r\n"));
  const marks = lines(message, /^(X-New|X-More|Contact: <sip:(?!a@)).*/).join(" ");
  return tidy(`${first} ${marks}`.trim(), ends);
}

export function tidy(text: string, ends: Ends): string {
  return text.replaceAll(ends.me, "{ME}").replaceAll(ends.uac, "{UAC}").replaceAll(ends.uas, "{UAS}");
}

// Each case has its own From tag.
function belongsTo(message: string, n: number): boolean {
  return message.includes(`;tag=f${n}\r\n`);
}

/** Collects what is seen of one case at a time. */
export class Notes {
  log: string[] = [];
  uac: string[] = [];
  uas: string[] = [];
  private readonly ends: Ends;

  constructor(ends: Ends) {
    this.ends = ends;
  }

  /** A line of the server's log; lines without the mark of a case are not ours. */
  logged(line: string, n: number): void {
    const at = line.indexOf(`@${n} `);
    if (at >= 0) this.log.push(tidy(line.slice(at + String(n).length + 2).trimEnd(), this.ends));
  }
  /** Something the client got; what earlier cases still bring is not counted. Returns whether it counts. */
  clientGot(message: string, n: number): boolean {
    if (!belongsTo(message, n)) return false;
    const note = noteOf(message, this.ends);
    if (!this.uac.includes(note)) this.uac.push(note);
    return true;
  }
  hopGot(message: string, n: number): void {
    if (!belongsTo(message, n)) return;
    const note = noteOf(message, this.ends);
    if (!message.startsWith("ACK ") && !this.uas.includes(note)) this.uas.push(note);
  }
  take(): Seen {
    const { log, uac, uas } = this;
    this.log = [];
    this.uac = [];
    this.uas = [];
    return { log, uac, uas };
  }
}
