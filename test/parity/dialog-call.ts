// A call between two phones through a server, step by step, for comparing module dialog with Kamailio's: the same steps run against both, and what
// the phones get, what the script logs and what commands answer is noted. Tags, branches, identifiers and times that differ from run to run
// are masked.

import { all, DATES, kindOf, TIMES } from "./dialog-call-text.ts";

/** Who a phone is: the one that calls, and the one that is called. */
export type Side = "uac" | "uas";

/** Addresses (host:port) of the server and the phones. */
export interface CallEnds {
  readonly me: string;
  readonly uac: string;
  readonly uas: string;
}

/** Where a call takes place. */
export interface CallWorld {
  readonly ends: CallEnds;
  send(side: Side, text: string): void;
  wait(ms: number): Promise<void>;
  later(ms: number, act: () => void): void;
  /** The rows of a table of the group's database. */
  rows(table: string): Promise<readonly Record<string, unknown>[]>;
  /** What a command answers; `{ error: … }` when it is refused. */
  rpc(name: string, args: readonly (string | number)[]): Promise<unknown>;
}

/** One case: steps of a call. */
export interface CallCase {
  readonly name: string;
  readonly run: (call: Call) => Promise<void>;
}

/** Calls that share a configuration. */
export interface CallGroup {
  readonly name: string;
  /** modparam lines of dialog; {DB} stands for a database file of its own. */
  readonly params?: string;
  readonly modules?: readonly string[];
  /** Statements for initial INVITEs; "dlg_manage();" when left out. */
  readonly initial?: string;
  /** Statements for requests within a call, after loose_route(). */
  readonly within?: string;
  /** Further blocks. */
  readonly routes?: string;
  /** Statements that run first for every request. */
  readonly first?: string;
  /** A relay for media is asked; {RELAY} in params is its address. */
  readonly relay?: "rtpengine" | "rtpproxy";
  /** SQL that changes the group's database before the first call. */
  readonly sql?: readonly string[];
  /** Takes long on the real clock: asked only when the record is made anew. */
  readonly slow?: boolean;
  readonly cases: readonly CallCase[];
}

export { callConfig, note } from "./dialog-call-config.ts";

interface Phone {
  readonly side: Side;
  readonly address: string;
  user: string;
  tag: string;
  remoteTag: string;
  routes: string[];
  target: string;
  cseq: number;
  /** What it answers by method; 0 is silence. */
  readonly answers: Record<string, number>;
  /** Bodies of those answers. */
  readonly bodies: Record<string, string>;
  /** After so many ms. */
  delay: number;
}

/** One call. */
export class Call {
  readonly seen: string[] = [];
  readonly callId: string;
  readonly uac: Phone;
  readonly uas: Phone;
  /** The last INVITE the called phone got, and the last messages of both. */
  invited = "";
  readonly last: Record<Side, string> = { uac: "", uas: "" };
  /** h_entry and h_id, when a command has told them. */
  entry = "";
  id = "";
  private readonly world: CallWorld;
  private sent = "";
  private readonly told = new Set<string>();
  private over = false;
  private count = 0;

  constructor(world: CallWorld, n: number, run: string) {
    this.world = world;
    this.callId = `${run}-${n}-`;
    const phone = (side: Side, user: string, tag: string): Phone => ({
      side,
      address: world.ends[side],
      user,
      tag,
      remoteTag: "",
      routes: [],
      target: `sip:bob@${world.ends.uas}`,
      cseq: 1,
      answers: {},
      bodies: {},
      delay: 0,
    });
    this.uac = phone("uac", "alice", `c${n}`);
    this.uas = phone("uas", "bob", `s${n}`);
  }

  end(): void {
    this.over = true;
  }

  wait(ms: number): Promise<void> {
    return this.world.wait(ms);
  }

  mark(text: string): void {
    if (!this.over) this.seen.push(`-- ${text}`);
  }

  // ---- the calling phone ----

  /** Sends the INVITE. */
  async invite(headers: readonly string[] = [], ms = 60, body = ""): Promise<void> {
    const lines = [`Contact: <sip:alice@${this.uac.address}>`, ...headers];
    this.sent = this.text("INVITE", this.uac, "z9hG4bK", lines, body);
    this.world.send("uac", this.sent);
    await this.wait(ms);
  }

  /** The INVITE once more, as it was. */
  async again(): Promise<void> {
    this.world.send("uac", this.sent);
    await this.wait(60);
  }

  async cancel(): Promise<void> {
    this.world.send(
      "uac",
      this.sent
        .replace("INVITE", "CANCEL")
        .replace(`${this.uac.cseq} INVITE`, `${this.uac.cseq} CANCEL`)
        .replace(/^(Contact|Content-Type|X-[^:]*):.*\r\n/gm, "")
        .replace(/^Content-Length: \d+\r\n\r\n[\s\S]*/m, "Content-Length: 0\r\n\r\n"),
    );
    await this.wait(60);
  }

  /** INVITE, 180, 200, ACK. */
  async establish(headers: readonly string[] = []): Promise<void> {
    await this.invite(headers);
    await this.answer(180);
    await this.answer(200);
    await this.ack();
  }

  async ack(): Promise<void> {
    await this.within("uac", "ACK");
  }

  // ---- the phone called ----

  /** Answers the INVITE. */
  async answer(
    code: number,
    more: { tag?: string; headers?: readonly string[]; contact?: string; body?: string } = {},
  ): Promise<void> {
    if (more.tag !== undefined) this.uas.tag = more.tag;
    const { headers = [], contact, body } = more;
    this.world.send("uas", this.reply(this.invited, code, this.uas, headers, contact, body));
    await this.wait(60);
  }

  // ---- both ----

  /** A request within the call. */
  async within(side: Side, method: string, headers: readonly string[] = [], cseq = 0, body = ""): Promise<void> {
    const phone = this[side];
    if (cseq > 0) phone.cseq = cseq;
    else if (method !== "ACK") phone.cseq++;
    this.world.send(
      side,
      this.text(method, phone, "z9hG4bKw", [`Contact: <sip:${phone.user}@${phone.address}>`, ...headers], body),
    );
    await this.wait(60);
  }

  /** What came from the network. */
  got(side: Side, text: string): void {
    if (this.over) return;
    const phone = this[side];
    this.last[side] = text;
    const noted = `${side} < ${this.noteOf(text)}`;
    if (!this.told.has(`${noted}${text}`)) this.seen.push(noted);
    this.told.add(`${noted}${text}`);
    const isReply = text.startsWith("SIP/2.0");
    const method = isReply ? /^CSeq: *\d+ (\w+)/m.exec(text)![1]! : text.slice(0, text.indexOf(" "));
    if (isReply) this.gotReply(phone, method, text);
    else this.gotRequest(phone, method, text);
  }

  private gotReply(phone: Phone, method: string, text: string): void {
    const status = Number(text.slice(8, 11));
    if (method !== "INVITE" || phone.side !== "uac" || status < 101) return;
    const tag = /^To:.*;tag=([^\r;]*)/m.exec(text)?.[1];
    if (status >= 300) {
      const ack = this.sent
        .replace("INVITE", "ACK")
        .replace(/^CSeq: (\d+) INVITE/m, "CSeq: $1 ACK")
        .replace(/^To:.*$/m, /^To:.*$/m.exec(text)![0])
        .replace(/^(Contact|Content-Type|X-[^:]*):.*\r\n/gm, "")
        .replace(/^Content-Length: \d+\r\n\r\n[\s\S]*/m, "Content-Length: 0\r\n\r\n");
      if (phone.answers["ACK"] !== 0) this.world.send("uac", ack);
      return;
    }
    if (tag === undefined) return;
    phone.remoteTag = tag;
    const routes = all(text, "Record-Route").reverse();
    if (routes.length > 0) phone.routes = routes;
    const contact = /^Contact: *<([^>]*)>/m.exec(text)?.[1];
    if (contact !== undefined) phone.target = contact;
  }

  private gotRequest(phone: Phone, method: string, text: string): void {
    if (method === "INVITE" && phone.side === "uas" && !/^To:.*;tag=/m.test(text)) {
      this.invited = text;
      phone.remoteTag = /^From:.*;tag=([^\r;]*)/m.exec(text)![1]!;
      phone.routes = all(text, "Record-Route");
      phone.target = /^Contact: *<([^>]*)>/m.exec(text)?.[1] ?? "";
      return;
    }
    if (method === "ACK") return;
    const code = phone.answers[method] ?? 200;
    if (code === 0) return;
    const body = phone.bodies[method];
    const answer = (): void => this.world.send(phone.side, this.reply(text, code, phone, [], undefined, body));
    if (phone.delay > 0) this.world.later(phone.delay, answer);
    else answer();
    if (method === "CANCEL" && this.invited !== "") this.world.send("uas", this.reply(this.invited, 487, this.uas, []));
  }

  // ---- database ----

  /** Notes the rows of a table that belong to this call. */
  async rows(table: string, masked: readonly string[] = []): Promise<void> {
    const rows = await this.world.rows(table);
    const unknown = new Set(["id", "hash_entry", "hash_id", ...masked]);
    for (const row of rows) {
      const kept = Object.entries(row).map(([k, v]) => [k, unknown.has(k) ? "#" : v]);
      const text = JSON.stringify(Object.fromEntries(kept)).replace(/"puid\\":\\"[^"]*\\"/g, '"puid\\":\\"#\\"');
      this.seen.push(`rpc row ${table} ${this.masked(text).replace(/"(start_time|timeout)":\d{9,}/g, '"$1":"T"')}`);
    }
    this.seen.push(`rpc rows ${table} ${rows.length}`);
  }

  // ---- commands ----

  /** Runs a command and notes its answer; {…} in arguments are what the call knows. */
  async rpc(name: string, ...args: (string | number)[]): Promise<unknown> {
    const answer = await this.ask(name, ...args);
    this.seen.push(`rpc ${name} ${this.masked(JSON.stringify(answer))}`);
    return answer;
  }

  /** Runs a command without a note. */
  async ask(name: string, ...args: (string | number)[]): Promise<unknown> {
    const given = args.map((a) =>
      typeof a === "number"
        ? a
        : a
            .replaceAll("{CALLID}", this.callId)
            .replaceAll("{FTAG}", this.uac.tag)
            .replaceAll("{TTAG}", this.uas.tag)
            .replaceAll("{ENTRY}", this.entry)
            .replaceAll("{ID}", this.id),
    );
    const numbers = given.map((a) => (typeof a === "string" && /^\d+$/.test(a) ? Number(a) : a));
    const answer = await this.world.rpc(name, numbers);
    const text = JSON.stringify(answer);
    this.entry = /"h_entry":(\d+)/.exec(text)?.[1] ?? this.entry;
    this.id = /"h_id":(\d+)/.exec(text)?.[1] ?? this.id;
    return answer;
  }

  /** The relay was asked. */
  relayed(command: string): void {
    const host = this.world.ends.uac.split(":")[0]!;
    if (!this.over) this.seen.push(`relay ${this.masked(command).replaceAll(host, "{HOST}")}`);
  }

  logged(line: string): void {
    const at = line.indexOf(`@${this.callId} `);
    if (at >= 0 && !this.over) this.seen.push(`log ${this.masked(line.slice(at + this.callId.length + 2).trimEnd())}`);
    // lines of module acc
    const own = line.includes(`call_id=${this.callId};`)
      ? "ACC: "
      : line.includes(`ci=${this.callId}`)
        ? (/(?:start_time|began)=/.exec(line)?.[0] ?? "")
        : "";
    const from = own === "" ? -1 : line.indexOf(own);
    if (from >= 0 && !this.over)
      this.seen.push(
        `log ${this.masked(line.slice(from).trimEnd()).replace(DATES, "D$1D$2D D:D:D").replace(TIMES, "$1=T")}`,
      );
  }

  /** Notes the rows of a table that have the Call-ID of this call. */
  async ownRows(table: string, masked: readonly string[]): Promise<void> {
    for (const row of await this.world.rows(table)) {
      if (row["callid"] !== this.callId) continue;
      const kept = Object.entries(row).map(([k, v]) => [k, masked.includes(k) ? "#" : v]);
      const text = this.masked(JSON.stringify(Object.fromEntries(kept)));
      this.seen.push(`rpc row ${table} ${text.replace(/"to_tag":"(?![cs]\d+")[^"]+"/, '"to_tag":"{T}"')}`);
    }
  }

  /**
   * Notes the rows of a table whose column `of` is the Call-ID of this call, with the kinds of numbers in place of their values (a Julian day, seconds
   * since 1970 whole or with a fraction, a length, zero), and how a date in text is made.
   */
  async kinds(table: string, of: string): Promise<void> {
    for (const row of await this.world.rows(table)) {
      if (row[of] !== this.callId) continue;
      const kept = Object.entries(row).map(([k, v]) => [k, k === "id" ? "#" : kindOf(v)]);
      this.seen.push(`rpc row ${table} ${this.masked(JSON.stringify(Object.fromEntries(kept)))}`);
    }
  }

  // ---- texts ----

  private text(method: string, phone: Phone, branch: string, headers: readonly string[], body = ""): string {
    const remote = phone.remoteTag === "" ? "" : `;tag=${phone.remoteTag}`;
    const far = phone.side === "uac" ? "sip:bob@y" : "sip:alice@x";
    const near = phone.side === "uac" ? "sip:alice@x" : "sip:bob@y";
    return [
      `${method} ${phone.target} SIP/2.0`,
      `Via: SIP/2.0/UDP ${phone.address};branch=${branch}${this.callId}${phone.side}${++this.count};rport`,
      "Max-Forwards: 70",
      ...phone.routes.map((r) => `Route: ${r}`),
      `From: <${near}>;tag=${phone.tag}`,
      `To: <${far}>${remote}`,
      `Call-ID: ${this.callId}`,
      `CSeq: ${phone.cseq} ${method}`,
      ...headers,
      ...(body === "" ? [] : ["Content-Type: application/sdp"]),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  }

  private reply(
    request: string,
    code: number,
    phone: Phone,
    headers: readonly string[],
    contact?: string,
    body = "",
  ): string {
    const head = request.split("\r\n");
    const kept = head.filter((l) => /^(Via|Record-Route|From|Call-ID|CSeq):/.test(l));
    const to = head
      .filter((l) => /^To:/.test(l))
      .map((l) => (l.includes(";tag=") || code === 100 ? l : `${l};tag=${phone.tag}`));
    const at = contact ?? `sip:${phone.user}@${phone.address}`;
    return [
      `SIP/2.0 ${code} R${code}`,
      ...kept,
      ...to,
      `Contact: <${at}>`,
      ...headers,
      ...(body === "" ? [] : ["Content-Type: application/sdp"]),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  }

  private noteOf(message: string): string {
    const head = message.slice(0, message.indexOf("\r\n\r\n")).split("\r\n");
    const body = message.slice(message.indexOf("\r\n\r\n") + 4);
    const lines = head
      .slice(1)
      .filter((l) => !/^(Content-Length: *0$|Max-Forwards:)/.test(l))
      .map((l) => this.line(l))
      .sort();
    return [this.masked(head[0]!), ...lines, ...(body === "" ? [] : [JSON.stringify(this.masked(body))])].join(" | ");
  }

  private line(line: string): string {
    if (!line.startsWith("Via:")) return this.masked(line);
    const [sentBy, ...params] = this.masked(line).split(";") as [string, ...string[]];
    return [sentBy, ...params.filter((p) => !/^(branch|rport|received)/.test(p)).sort()].join(";");
  }

  /** What differs from run to run is masked. */
  private masked(text: string): string {
    const { me, uac, uas } = this.world.ends;
    return text
      .replaceAll(me, "{ME}")
      .replaceAll(uac, "{UAC}")
      .replaceAll(uas, "{UAS}")
      .replaceAll(this.callId, "{C}")
      .replace(/;(did|zzz)=[0-9a-f]+\.[0-9a-f]+/g, ";$1={D}")
      .replace(/ lt=\d+/, " lt=#")
      .replace(/ start=\d{9,}/, " start=T")
      .replace(/"(h_entry|h_id|ref|dflags|duration)":\d+/g, '"$1":"#"')
      .replace(/\d+-\d+-(?=")/g, "{C}")
      .replace(/"(\w*_?ts|timeout|start_ts|init_ts|end_ts)":([1-9]\d{8,})/g, '"$1":"T"')
      .replace(/(tag=)(?![cs]\d+(?![\w.-]))[^;|\s]+/g, "$1{T}");
  }
}
