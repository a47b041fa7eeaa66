// A telephone on a simulated host: registers with a password, calls, rings, answers and hangs up, keeping the timers of RFC 3261.
// It works on text and shares no code with what it tests.

import type { UdpSocket } from "../../src/host/host.ts";
import type { SimHost } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { answerChallenge, param, readSip, type SipText, uriOf, writeSip } from "../support/sip-text.ts";

const T1 = 500;
const T2 = 4000;

/** How a telephone treats a call that comes in. */
export interface Manners {
  /** ms until it answers with `code`; null: rings until it is cancelled. */
  readonly answerAfter: number | null;
  readonly code: number;
}

/** One call as its caller sees it. */
export interface PlacedCall {
  readonly status: number;
  /** Ends it; resolves with the status of the reply to BYE. */
  readonly hangUp: () => Promise<number>;
  /** A request within the call (re-INVITE); resolves with its final status. */
  readonly again: () => Promise<number>;
}

interface Pending {
  readonly resolve: (reply: SipText) => void;
  final: boolean;
  provisional: boolean;
}

/** Opens a telephone at the host's first address, port 5060. */
export async function openPhone(host: SimHost, address: string, user: string, proxy: string): Promise<Phone> {
  const phone = new Phone(host, address, user, proxy);
  await phone.open();
  return phone;
}

export class Phone {
  readonly user: string;
  manners: Manners = { answerAfter: 2000, code: 200 };
  /** Calls that came in: Call-ID to how they ended ("ringing", "200", "486", "487", "bye"). */
  readonly incoming = new Map<string, string>();
  /** Texts of MESSAGEs that came in, each once. */
  readonly messages: string[] = [];
  private readonly host: SimHost;
  private readonly address: string;
  private readonly proxy: string;
  private socket: UdpSocket | null = null;
  private counter = 0;
  private readonly pending = new Map<string, Pending>();
  private readonly served = new Map<string, string>();
  private readonly acked = new Set<string>();

  constructor(host: SimHost, address: string, user: string, proxy: string) {
    this.host = host;
    this.address = address;
    this.user = user;
    this.proxy = proxy;
  }

  async open(): Promise<void> {
    this.socket = await this.host.network.bindUdp({
      local: { family: 4, address: this.address, port: 5060 },
      onMessage: (buf, start, end) => this.received(readSip(textOf(buf, start, end))),
    });
  }

  /** Registers; resolves with the final status. */
  async register(password: string, expires = 600): Promise<number> {
    const lines = (): string[] => [`Contact: <sip:${this.user}@${this.address}:5060>`, `Expires: ${expires}`];
    const aor = `<sip:${this.user}@${this.proxy}>`;
    return (await this.withPassword("REGISTER", `sip:${this.proxy}`, aor, lines(), password)).status;
  }

  /** Sends a short text; resolves with the final status. */
  async message(to: string, text: string, password: string): Promise<number> {
    return (
      await this.withPassword(
        "MESSAGE",
        `sip:${to}@${this.proxy}`,
        `<sip:${to}@${this.proxy}>`,
        ["Content-Type: text/plain"],
        password,
        text,
      )
    ).status;
  }

  /** Calls; resolves when the call was answered or refused. `cancelAfter` ms it is cancelled, if that is given and it still rings. */
  async call(to: string, password: string, cancelAfter: number | null = null): Promise<PlacedCall> {
    const uri = `sip:${to}@${this.proxy}`;
    const reply = await this.withPassword(
      "INVITE",
      uri,
      `<sip:${to}@${this.proxy}>`,
      [`Contact: <sip:${this.user}@${this.address}:5060>`],
      password,
      "",
      cancelAfter,
    );
    const route = reply
      .all("Record-Route")
      .reverse()
      .map((r) => `Route: ${r}`);
    const target = uriOf(reply.first("Contact"));
    const common = { to: reply.first("To"), from: reply.first("From"), callId: reply.first("Call-ID") };
    let cseq = Number(reply.first("CSeq").split(" ")[0]);
    const within = async (method: string): Promise<number> => {
      cseq++;
      const r = await this.transaction(method, target, [...route, `Contact: <sip:${this.user}@${this.address}:5060>`], {
        ...common,
        cseq,
      });
      if (method === "INVITE" && r.status < 300)
        this.put(this.request("ACK", target, route, { ...common, cseq }, this.branch()));
      return r.status;
    };
    if (reply.status < 300) this.ackTwoHundred(reply, target, route, { ...common, cseq });
    return { status: reply.status, hangUp: () => within("BYE"), again: () => within("INVITE") };
  }

  // ---- requests out ----

  private async withPassword(
    method: string,
    uri: string,
    to: string,
    lines: string[],
    password: string,
    body = "",
    cancelAfter: number | null = null,
  ): Promise<SipText> {
    const callId = `${this.user}-${++this.counter}@${this.address}`;
    const from = `<sip:${this.user}@${this.proxy}>;tag=${this.user}${this.counter}`;
    const first = await this.transaction(method, uri, lines, { to, from, callId, cseq: 1 }, body);
    if (first.status !== 401 && first.status !== 407) return first;
    const name = first.status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
    const answer = answerChallenge(first.first(name), { user: this.user, password }, method, uri);
    const credentials = `${first.status === 401 ? "Authorization" : "Proxy-Authorization"}: ${answer}`;
    return this.transaction(method, uri, [...lines, credentials], { to, from, callId, cseq: 2 }, body, cancelAfter);
  }

  private transaction(
    method: string,
    uri: string,
    lines: string[],
    dialog: Dialog,
    body = "",
    cancelAfter: number | null = null,
  ): Promise<SipText> {
    const branch = this.branch();
    const text = this.request(method, uri, lines, dialog, branch, body);
    return new Promise((resolve, reject) => {
      const pending: Pending = { final: false, provisional: false, resolve };
      this.pending.set(`${branch} ${method}`, pending);
      this.repeat(
        () => this.put(text),
        () => pending.final || (method === "INVITE" && pending.provisional),
      );
      this.host.clock.after(200_000, () => pending.final || reject(new Error(`no final reply to ${method} ${uri}`)));
      if (cancelAfter !== null) this.host.clock.after(cancelAfter, () => this.cancel(uri, dialog, branch, pending));
    });
  }

  private cancel(uri: string, dialog: Dialog, branch: string, invite: Pending): void {
    if (invite.final) return;
    if (!invite.provisional) {
      this.host.clock.after(100, () => this.cancel(uri, dialog, branch, invite));
      return;
    }
    const pending: Pending = { final: false, provisional: false, resolve: () => {} };
    this.pending.set(`${branch} CANCEL`, pending);
    const text = this.request("CANCEL", uri, [], dialog, branch);
    this.repeat(
      () => this.put(text),
      () => pending.final,
    );
  }

  private request(method: string, uri: string, lines: string[], d: Dialog, branch: string, body = ""): string {
    const via = `Via: SIP/2.0/UDP ${this.address}:5060;branch=${branch};rport`;
    return writeSip(
      [
        `${method} ${uri} SIP/2.0`,
        via,
        "Max-Forwards: 70",
        `From: ${d.from}`,
        `To: ${d.to}`,
        `Call-ID: ${d.callId}`,
        `CSeq: ${d.cseq} ${method}`,
        ...lines,
      ],
      body,
    );
  }

  // The 2xx may come again; each copy is acknowledged (RFC 3261 13.2.2.4).
  private ackTwoHundred(_reply: SipText, target: string, route: string[], d: Dialog): void {
    const text = this.request("ACK", target, route, d, this.branch());
    this.acks.set(d.callId, text);
    this.put(text);
  }
  private readonly acks = new Map<string, string>();

  // ---- what comes in ----

  private received(message: SipText): void {
    if (message.status > 0) this.reply(message);
    else if (message.method === "ACK") this.acked.add(inviteOf(message));
    else this.serve(message);
  }

  private reply(message: SipText): void {
    const [, method = ""] = message.first("CSeq").split(" ");
    const branch = param(message.first("Via"), "branch") ?? "";
    const pending = this.pending.get(`${branch} ${method}`);
    if (pending === undefined) throw new Error(`a reply nobody waits for: ${message.raw}`);
    if (message.status < 200) {
      pending.provisional = true;
      return;
    }
    if (method === "INVITE" && message.status >= 300) {
      const d = {
        to: message.first("To"),
        from: message.first("From"),
        callId: message.first("Call-ID"),
        cseq: Number(message.first("CSeq").split(" ")[0]),
      };
      this.put(this.request("ACK", "sip:x", [], d, branch));
    } else if (method === "INVITE" && pending.final) {
      const ack = this.acks.get(message.first("Call-ID"));
      if (ack !== undefined) this.put(ack);
    }
    if (pending.final) return;
    pending.final = true;
    pending.resolve(message);
  }

  private serve(message: SipText): void {
    const { method } = message;
    const key = `${param(message.first("Via"), "branch")} ${method}`;
    const known = this.served.get(key);
    if (known !== undefined) {
      if (known !== "") this.put(known);
      return;
    }
    this.served.set(key, "");
    const id = message.first("Call-ID");
    if (method === "CANCEL") {
      this.answer(message, key, 200);
      if (this.incoming.get(id) === "ringing") this.finish(this.invites.get(id)!, 487);
    } else if (method === "BYE") {
      this.incoming.set(id, "bye");
      this.answer(message, key, 200);
    } else if (method === "MESSAGE") {
      this.messages.push(message.body);
      this.answer(message, key, 200);
    } else if (method === "INVITE") this.ring(message, key, id);
    else this.answer(message, key, 501);
  }
  private readonly invites = new Map<string, SipText>();

  private ring(message: SipText, key: string, id: string): void {
    this.invites.set(id, message);
    if (param(message.first("To"), "tag") !== null) {
      this.finish(message, 200);
      return;
    }
    this.incoming.set(id, "ringing");
    this.answer(message, key, 180);
    const { answerAfter, code } = this.manners;
    if (answerAfter === null) return;
    this.host.clock.after(answerAfter, () => {
      if (this.incoming.get(id) === "ringing") this.finish(message, code);
    });
  }

  private finish(invite: SipText, code: number): void {
    const id = invite.first("Call-ID");
    this.incoming.set(id, String(code));
    const key = `${param(invite.first("Via"), "branch")} INVITE`;
    this.repeat(
      () => this.answer(invite, key, code),
      () => this.acked.has(inviteOf(invite)),
    );
  }

  private answer(request: SipText, key: string, code: number): void {
    const to = request.first("To");
    const tagged = param(to, "tag") === null ? `${to};tag=${this.user}${this.address.replaceAll(".", "")}` : to;
    const lines = [
      `SIP/2.0 ${code} R`,
      ...request.all("Via").map((v) => `Via: ${v}`),
      ...request.all("Record-Route").map((r) => `Record-Route: ${r}`),
    ];
    lines.push(
      `From: ${request.first("From")}`,
      `To: ${tagged}`,
      `Call-ID: ${request.first("Call-ID")}`,
      `CSeq: ${request.first("CSeq")}`,
      `Contact: <sip:${this.user}@${this.address}:5060>`,
    );
    const text = writeSip(lines);
    this.served.set(key, text);
    this.put(text);
  }

  // ---- the wire ----

  private branch(): string {
    return `z9hG4bK${this.user}${this.address.replaceAll(".", "x")}x${++this.counter}`;
  }

  private repeat(send: () => void, done: () => boolean, interval = T1, left = 32_000): void {
    if (done() || left <= 0) return;
    send();
    this.host.clock.after(interval, () => this.repeat(send, done, Math.min(interval * 2, T2), left - interval));
  }

  private put(text: string): void {
    const { socket } = this;
    if (socket === null) return;
    const peer = socket.peer({ family: 4, address: this.proxy, port: 5060 });
    const bytes = bytesOf(text);
    if (peer !== null) socket.send(peer, bytes, 0, bytes.length);
  }
}

/** An ACK and its INVITE have the same. */
function inviteOf(message: SipText): string {
  return `${message.first("Call-ID")} ${message.first("CSeq").split(" ")[0]}`;
}

interface Dialog {
  readonly to: string;
  readonly from: string;
  readonly callId: string;
  readonly cseq: number;
}
