// What phones say to a server that runs the stock configuration, and what each of them gets, whole. A conversation knows what its phones have
// heard, so that replies, ACKs and requests within calls follow from it; where the server runs is given to it.

import { tidyPresence } from "./presence-case.ts";
import {
  answered,
  contactOf,
  dialogOf,
  header,
  type Login,
  PHONES,
  type PhoneDialog,
  type PhoneName,
  places,
  tidyStock,
  withCredentials,
} from "./stock-texts.ts";

/** Where a conversation takes place. */
export interface StockWorld {
  /** Sends from a phone to the server. */
  send(phone: PhoneName, text: string): Promise<void>;
  /** Waits for as many entries as are expected, or when that is not known, for what may come; `least` ms in any case. */
  settle(count: () => number, expected: number | null, least: number): Promise<void>;
  /** What a command answers, as the operator's tool prints it. */
  command(words: readonly (string | number)[]): Promise<string>;
  /** Rows of the database, or a change. */
  sql(statement: string): readonly Record<string, unknown>[];
  /** What an HTTP request by POST gets: status, type and body. */
  http(path: string, body: string): Promise<string>;
}

export interface StockCase {
  readonly name: string;
  readonly run: (talk: Talk) => Promise<void>;
  /** Messages of any Call-ID belong to it. */
  readonly any?: boolean;
}

export interface StockGroup {
  readonly name: string;
  /** WITH_ names that are defined. */
  readonly defines: readonly string[];
  /** Statements for the database before the server starts. */
  readonly sql?: readonly string[];
  /** Lines of kamailio-local.cfg beside the usual ones. */
  readonly local?: string;
  /** Commands before the first case. */
  readonly setUp?: readonly (readonly (string | number)[])[];
  /** Further sockets. */
  readonly listen?: readonly string[];
  /** The file of Kamailio's repository in place of Debian's. */
  readonly upstream?: boolean;
  /** Phones that are not there. */
  readonly silent?: readonly PhoneName[];
  /** In place of Debian's file Kamailio's example whose routing is in this language, or one of ours for Lua in the style of SIP Router. */
  readonly routing?: "native" | "lua" | "python" | "sr";
  /** The password by which phones register that give none. */
  readonly password?: string;
  readonly cases: readonly StockCase[];
}

/** Entries of all steps in order; a step begins with "== what". */
export type StockAnswer = readonly string[];

/** How many entries each step of an answer has. */
export function stepCounts(answer: StockAnswer | undefined): number[] {
  const counts: number[] = [];
  for (const entry of answer ?? []) {
    if (entry.startsWith("== ")) counts.push(0);
    else counts[counts.length - 1]!++;
  }
  return counts;
}

export interface RequestOptions {
  readonly user?: string;
  readonly to?: string;
  readonly lines?: readonly string[];
  readonly without?: readonly string[];
  readonly body?: string;
  readonly type?: string;
  readonly login?: Login;
  readonly contact?: string;
  readonly route?: boolean;
  readonly uri?: string;
  readonly change?: (text: string) => string;
}

export class Talk {
  readonly entries: string[] = [];
  private readonly world: StockWorld;
  private readonly expected: number[] | null;
  private readonly id: string;
  private readonly any: boolean;
  private readonly password: string | undefined;
  private count = 0;
  private pending: [PhoneName | "log", string][] = [];
  private readonly heardOnce = new Set<string>();
  /** The last request of each method that a phone got, and sent; the last reply. */
  private readonly got = new Map<string, string>();
  private readonly sent = new Map<string, string>();
  private readonly lastReply = new Map<PhoneName, string>();
  private readonly dialogs = new Map<PhoneName, PhoneDialog>();
  private readonly registered = new Set<string>();
  private over = false;

  /** `expected`: how many entries each step has, when that is known. */
  constructor(world: StockWorld, group: StockGroup, n: number, expected: number[] | null) {
    this.world = world;
    this.expected = expected === null ? null : [...expected];
    this.id = `stock-${group.name.replace(/\W/g, "")}-${n}-`;
    this.any = group.cases[n]!.any === true;
    this.password = group.password;
  }

  // ---- steps ----

  /** Does something and keeps what comes of it, in the order of the phones. */
  async step(what: string, act: () => Promise<void>, least = 0): Promise<void> {
    this.pending = [];
    await act();
    await this.world.settle(
      () => this.pending.length,
      this.expected === null ? null : (this.expected.shift() ?? 0),
      least,
    );
    this.entries.push(`== ${what}`);
    const order = [...Object.keys(PHONES), "log"];
    const sorted = this.pending.map(([who, text], i) => ({ at: order.indexOf(who), i, text }));
    sorted.sort((a, b) => a.at - b.at || a.i - b.i);
    this.entries.push(...sorted.map((s) => s.text));
    this.pending = [];
  }

  /** A note that is compared like a message. */
  note(text: string): void {
    this.pending.push(["log", tidyStock(text)]);
  }

  /** Lets time pass. */
  wait(ms: number): Promise<void> {
    return this.step(`${ms} ms`, () => Promise.resolve(), ms);
  }

  /** Sends text as it is. */
  raw(phone: PhoneName, text: string, what = "text"): Promise<void> {
    return this.step(`${phone}: ${what}`, () => this.world.send(phone, text));
  }

  /** Many texts at once; what comes of them does not matter. */
  async volley(phone: PhoneName, count: number, make: () => string): Promise<void> {
    for (let i = 0; i < count; i++) await this.world.send(phone, make());
    await this.world.settle(() => this.pending.length, null, 500);
  }

  /** A command whose answer is kept. */
  command(...words: (string | number)[]): Promise<void> {
    return this.step(words.join(" "), async () => this.note(await this.world.command(words)));
  }

  /** The same, with an answer that does not matter. */
  async quietly(...words: (string | number)[]): Promise<void> {
    await this.world.command(words);
  }

  sql(statement: string): Promise<void> {
    return this.step("sql", async () => {
      for (const row of this.world.sql(statement)) this.note(JSON.stringify(row));
    });
  }

  http(path: string, body: string): Promise<void> {
    return this.step(`HTTP ${path}`, async () => this.note(await this.world.http(path, body)));
  }

  /** What a phone, or the log, got. */
  heard(phone: PhoneName | "log", from: string, text: string): void {
    if (this.over || (!this.any && !text.includes(this.id))) return;
    if (phone === "log" || !/^SIP\/2\.0 |^\S+ \S+ SIP\/2\.0\r\n/.test(text)) {
      this.pending.push([phone, `${phone} < ${tidyStock(text)}`]);
      return;
    }
    const isReply = text.startsWith("SIP/2.0 ");
    const key = `${phone} ${text}`;
    if (!isReply && this.heardOnce.has(key)) return; // sent again, since nobody answers in some cases
    this.heardOnce.add(key);
    const isPresence = /^(Event: presence|SIP-ETag:)/m.test(text);
    this.pending.push([phone, `${phone} < ${from}\n${tidyStock(isPresence ? tidyPresence(text) : text)}`]);
    if (isReply) this.heardReply(phone, text);
    else this.got.set(`${phone} ${text.slice(0, text.indexOf(" "))}`, text);
    if (text.startsWith("INVITE ") && !/^To:.*;tag=/m.test(text)) this.dialogs.set(phone, dialogOf(phone, text, true));
  }

  private heardReply(phone: PhoneName, text: string): void {
    this.lastReply.set(phone, text);
    const [, number = "", method = ""] = /^CSeq: *(\d+) (\w+)/m.exec(text) ?? [];
    const request = this.sent.get(`${phone} ${header(text, "Call-ID")} ${number} ${method}`);
    if (method !== "INVITE" && method !== "SUBSCRIBE") return;
    const code = Number(text.slice(8, 11));
    if (code > 100 && code < 300 && !/^To:.*;tag=/m.test(request ?? ""))
      this.dialogs.set(phone, dialogOf(phone, text, false));
    if (code >= 300 && method === "INVITE" && request !== undefined) {
      const kept = request.split("\r\n").filter((l) => /^(Via|Max-Forwards|Route|From|Call-ID):/.test(l));
      const first = request.split("\r\n")[0]!.replace("INVITE", "ACK");
      const lines = [first, ...kept, `To: ${header(text, "To")}`, `CSeq: ${number} ACK`, "Content-Length: 0", "", ""];
      void this.world.send(phone, lines.join("\r\n"));
    }
  }

  // ---- requests ----

  /** A request out of a call, as text; it gets a Call-ID of its own. */
  make(phone: PhoneName, method: string, uri: string, o: RequestOptions = {}, again = "", cseq = 1): string {
    const { own, transport } = places(phone);
    const call = again === "" ? `${this.id}${++this.count}` : again;
    const user = o.user ?? phone;
    const contact = o.contact ?? contactOf(phone, user);
    const usual = [
      `Via: SIP/2.0/${transport} ${own};branch=z9hG4bK-${call}-${cseq}`,
      "Max-Forwards: 70",
      `From: <sip:${user}@office.example>;tag=f${this.count}`,
      `To: <${o.to ?? (method === "REGISTER" ? `sip:${user}@office.example` : uri)}>`,
      `Call-ID: ${call}`,
      `CSeq: ${cseq} ${method}`,
      ...(["INVITE", "REGISTER", "SUBSCRIBE"].includes(method) && contact !== "" ? [`Contact: ${contact}`] : []),
    ];
    const body = o.body ?? "";
    const given = [...(o.lines ?? []), ...(body === "" ? [] : [`Content-Type: ${o.type ?? "application/sdp"}`])];
    const named = new Set([...given.map((l) => l.slice(0, l.indexOf(":"))), ...(o.without ?? [])]);
    const head = [...usual.filter((l) => !named.has(l.slice(0, l.indexOf(":")))), ...given];
    const text = `${[`${method} ${uri} SIP/2.0`, ...head, ...(named.has("Content-Length") ? [] : [`Content-Length: ${body.length}`])].join("\r\n")}\r\n\r\n${body}`;
    return o.change?.(text) ?? text;
  }

  /** Sends a request out of a call; with a login the one after the challenge too. */
  async request(phone: PhoneName, method: string, uri: string, o: RequestOptions = {}): Promise<void> {
    const text = this.make(phone, method, uri, o);
    await this.step(`${phone}: ${method} ${uri}`, () => this.out(phone, text));
    if (o.login === undefined) return;
    const call = header(text, "Call-ID");
    const credentials = withCredentials(method, uri, o.body ?? "", this.lastReply.get(phone) ?? "", o.login);
    const second = this.make(phone, method, uri, { ...o, lines: [...(o.lines ?? []), credentials] }, call, 2);
    await this.step(`${phone}: ${method} with credentials`, () => this.out(phone, second));
  }

  /** Sends and remembers. */
  private async out(phone: PhoneName, text: string): Promise<void> {
    const method = text.slice(0, text.indexOf(" "));
    this.sent.set(`${phone} ${header(text, "Call-ID")} ${header(text, "CSeq")}`, text);
    this.sent.set(`${phone} ${method}`, text);
    if (method === "REGISTER") this.registered.add(/<?sips?:([^@>]*@[^>;:]*)/.exec(header(text, "To"))?.[1] ?? "");
    await this.world.send(phone, text);
  }

  register(phone: PhoneName, o: RequestOptions & { readonly expires?: number } = {}): Promise<void> {
    const lines = [...(o.expires === undefined ? [] : [`Expires: ${o.expires}`]), ...(o.lines ?? [])];
    const login = this.password === undefined ? {} : { login: { user: o.user ?? phone, password: this.password } };
    return this.request(phone, "REGISTER", "sip:office.example", { ...login, ...o, lines });
  }

  invite(phone: PhoneName, uri: string, o: RequestOptions = {}): Promise<void> {
    return this.request(phone, "INVITE", uri, o);
  }

  /** The last request of a method once more, as it was. */
  again(phone: PhoneName, method: string): Promise<void> {
    return this.step(`${phone}: ${method} again`, () => this.world.send(phone, this.sent.get(`${phone} ${method}`)!));
  }

  cancel(phone: PhoneName): Promise<void> {
    const invite = this.sent.get(`${phone} INVITE`)!.split("\r\n");
    const kept = invite.filter((l) => /^(Via|Max-Forwards|Route|From|To|Call-ID):/.test(l));
    const number = /^\d+/.exec(header(invite.join("\r\n"), "CSeq"))![0];
    const lines = [
      invite[0]!.replace("INVITE", "CANCEL"),
      ...kept,
      `CSeq: ${number} CANCEL`,
      "Content-Length: 0",
      "",
      "",
    ];
    return this.step(`${phone}: CANCEL`, () => this.world.send(phone, lines.join("\r\n")));
  }

  /** Answers the last request of a method that the phone got. */
  reply(phone: PhoneName, code: number, o: RequestOptions & { readonly method?: string } = {}): Promise<void> {
    const method = o.method ?? "INVITE";
    const request = this.got.get(`${phone} ${method}`);
    return this.step(`${phone}: ${code} to ${method}`, async () => {
      if (request !== undefined) await this.world.send(phone, answered(phone, request, code, o));
    });
  }

  // ---- within calls ----

  /** A request within the call the phone is in. */
  within(phone: PhoneName, method: string, o: RequestOptions = {}): Promise<void> {
    const d = this.dialogs.get(phone);
    return this.step(`${phone}: ${method} within`, async () => {
      if (d === undefined) return;
      if (method !== "ACK") d.cseq++;
      const { own, transport } = places(phone);
      const via = `Via: SIP/2.0/${transport} ${own};branch=z9hG4bK-${d.callId}-${phone}${method}${d.cseq}`;
      const routes = o.route === false ? [] : d.routes.map((r) => `Route: ${r}`);
      const body = o.body ?? "";
      const lines = [
        `${method} ${o.uri ?? d.target} SIP/2.0`,
        ...[via, ...routes, "Max-Forwards: 70", `From: ${d.local}`, `To: ${d.remote}`, `Call-ID: ${d.callId}`],
        ...[
          `CSeq: ${d.cseq} ${method}`,
          ...(method === "INVITE" || method === "UPDATE" ? [`Contact: ${contactOf(phone)}`] : []),
        ],
        ...(o.lines ?? []),
        ...(body === "" ? [] : [`Content-Type: ${o.type ?? "application/sdp"}`]),
      ];
      const text = `${lines.join("\r\n")}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      await this.out(phone, o.change?.(text) ?? text);
    });
  }

  ack(phone: PhoneName, o: RequestOptions = {}): Promise<void> {
    return this.within(phone, "ACK", o);
  }

  /** Removes what was registered, for the next case. */
  async end(): Promise<void> {
    this.over = true;
    for (const aor of this.registered) {
      await this.world.command(["ul.rm", "location", aor.replace(/@.*/, "")]);
      await this.world.command(["ul.rm", "location", aor]);
    }
  }
}
