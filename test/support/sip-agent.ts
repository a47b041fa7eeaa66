// A scripted user agent for what sipp cannot say well: raw texts out, messages in, over UDP or one TCP connection.
// It repeats nothing by itself and answers nothing by itself; whoever writes a test says every message.

import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { answerChallenge, type Login, readSip, type SipText, writeSip } from "./sip-text.ts";

export type Transport = "udp" | "tcp";

/** Parts of a request; all but the method have defaults. */
export interface RequestParts {
  readonly method: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly maxForwards?: number | null;
  /** More header lines. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

type Waiter = { matches: (message: SipText) => boolean; take: (message: SipText) => void };

let counter = 0;
/** A word that no other test run uses by accident. */
export const unique = (prefix: string): string => `${prefix}${process.pid.toString(36)}x${(counter++).toString(36)}`;

/** A peer of the proxy, at 127.0.0.1 unless it was said otherwise. Open it with `openAgent`, close it with `close`. */
export class SipAgent {
  readonly transport: Transport;
  readonly serverPort: number;
  /** Own address, and the server's. */
  readonly address: string;
  readonly serverAddress: string;
  /** Everything received and not yet taken by `receive`. */
  readonly inbox: SipText[] = [];
  /** Everything received, ever. */
  readonly received: SipText[] = [];
  /** Own port; of the TCP connection: its local end. */
  port = 0;
  #waiters: Waiter[] = [];
  #send: (text: string) => void = () => {};
  #close: () => void = () => {};

  constructor(transport: Transport, serverPort: number, address = "127.0.0.1", serverAddress = "127.0.0.1") {
    this.transport = transport;
    this.serverPort = serverPort;
    this.address = address;
    this.serverAddress = serverAddress;
  }

  /** Called by `openAgent`. */
  attach(port: number, send: (text: string) => void, close: () => void): void {
    this.port = port;
    this.#send = send;
    this.#close = close;
  }

  send(text: string): void {
    this.#send(text);
  }

  close(): void {
    this.#close();
  }

  /** A message has arrived; called by the socket. */
  deliver(raw: string): void {
    const message = readSip(raw);
    this.received.push(message);
    const i = this.#waiters.findIndex((waiter) => waiter.matches(message));
    if (i < 0) this.inbox.push(message);
    else this.#waiters.splice(i, 1)[0]!.take(message);
  }

  /** The next message for which `matches` holds, taken from the inbox or awaited; throws after `limit` ms. */
  receive(what: string, matches: (message: SipText) => boolean, limit = 15_000): Promise<SipText> {
    const i = this.inbox.findIndex(matches);
    if (i >= 0) return Promise.resolve(this.inbox.splice(i, 1)[0]!);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((one) => one !== waiter);
        const got = this.received.map((message) => message.startLine).join("\n  ");
        reject(new Error(`${what} did not come within ${limit} ms; received so far:\n  ${got || "nothing"}`));
      }, limit);
      const waiter: Waiter = {
        matches,
        take: (message) => {
          clearTimeout(timer);
          resolve(message);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  /** The next request of a method. */
  receiveRequest(method: string, limit?: number): Promise<SipText> {
    return this.receive(method, (message) => message.method === method, limit);
  }

  /** The next final reply to a request, found by Call-ID and CSeq; 100 to 199 are passed over. */
  receiveFinal(request: SipText, limit?: number): Promise<SipText> {
    return this.receiveReply(request, (status) => status >= 200, "a final reply", limit);
  }

  /** The next reply to a request whose status fits. */
  receiveReply(request: SipText, fits: (status: number) => boolean, what: string, limit?: number): Promise<SipText> {
    const same = (name: string, message: SipText) => message.first(name) === request.first(name);
    return this.receive(
      `${what} to ${request.startLine}`,
      (message) => fits(message.status) && same("Call-ID", message) && same("CSeq", message),
      limit,
    );
  }

  /** The Via value this agent puts on top. */
  via(branch = `z9hG4bK${unique("b")}`): string {
    return `SIP/2.0/${this.transport.toUpperCase()} ${this.address}:${this.port};branch=${branch};rport`;
  }

  /** Contact URI under which this agent can be reached. */
  contact(user: string): string {
    return `sip:${user}@${this.address}:${this.port}${this.transport === "tcp" ? ";transport=tcp" : ""}`;
  }

  /** Writes a request; does not send it. */
  request(parts: RequestParts): SipText {
    const { method, uri = `sip:${this.serverAddress}:${this.serverPort}`, maxForwards = 70 } = parts;
    const from = parts.from ?? `<sip:nobody@${this.address}>;tag=${unique("t")}`;
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: ${this.via(parts.branch)}`,
      ...(maxForwards === null ? [] : [`Max-Forwards: ${maxForwards}`]),
      `From: ${from}`,
      `To: ${parts.to ?? `<${uri}>`}`,
      `Call-ID: ${parts.callId ?? unique("call")}`,
      `CSeq: ${parts.cseq ?? 1} ${method}`,
      ...(parts.headers ?? []),
    ];
    return readSip(writeSip(lines, parts.body));
  }

  /** Sends a request and gives its final reply. */
  async ask(parts: RequestParts, limit?: number): Promise<SipText> {
    const request = this.request(parts);
    this.send(request.raw);
    return this.receiveFinal(request, limit);
  }

  /**
   * Sends a request, answers the challenge to it (401 or 407), and gives the final reply to the second try. An INVITE's
   * refusal is acknowledged. `sent` tells the second request.
   */
  async askWithLogin(parts: RequestParts, login: Login, sent?: (request: SipText) => void): Promise<SipText> {
    const callId = parts.callId ?? unique("call");
    const first = this.request({ ...parts, callId, from: parts.from ?? this.from(login.user) });
    this.send(first.raw);
    const challenge = await this.receiveFinal(first);
    if (first.method === "INVITE") this.send(this.ackRefusal(first, challenge));
    const second = this.request({
      ...parts,
      callId,
      from: first.first("From"),
      cseq: (parts.cseq ?? 1) + 1,
      headers: [...(parts.headers ?? []), credentials(challenge, login, first)],
    });
    sent?.(second);
    this.send(second.raw);
    return this.receiveFinal(second);
  }

  /** A From value with a new tag. */
  from(user: string): string {
    return `<sip:${user}@${this.serverAddress}:${this.serverPort}>;tag=${unique("t")}`;
  }

  /** Registers this agent's own contact (or the one given) for a user. */
  register(login: Login, options: { contact?: string; expires?: number } = {}): Promise<SipText> {
    const contact = options.contact ?? `<${this.contact(login.user)}>`;
    return this.askWithLogin(
      {
        method: "REGISTER",
        to: `<sip:${login.user}@${this.serverAddress}:${this.serverPort}>`,
        headers: [`Contact: ${contact}`, `Expires: ${options.expires ?? 600}`],
      },
      login,
    );
  }

  /** The ACK for a final reply other than 2xx: same transaction as the INVITE (RFC 3261 17.1.1.3). */
  ackRefusal(invite: SipText, refusal: SipText): string {
    return writeSip([
      `ACK ${invite.uri} SIP/2.0`,
      `Via: ${invite.first("Via")}`,
      "Max-Forwards: 70",
      ...invite.all("Route").map((route) => `Route: ${route}`),
      `From: ${invite.first("From")}`,
      `To: ${refusal.first("To")}`,
      `Call-ID: ${invite.first("Call-ID")}`,
      `CSeq: ${invite.first("CSeq").replace("INVITE", "ACK")}`,
    ]);
  }

  /** The CANCEL of an INVITE (RFC 3261 9.1). */
  cancel(invite: SipText): string {
    return this.ackRefusal(invite, invite)
      .replace(/^ACK/, "CANCEL")
      .replace(/(CSeq: \d+) ACK/, "$1 CANCEL");
  }

  /** A reply to a received request: Via and Record-Route as they came, a To tag unless there is one. */
  reply(request: SipText, status: number, reason: string, headers: readonly string[] = [], body = ""): string {
    const to = request.first("To");
    return writeSip(
      [
        `SIP/2.0 ${status} ${reason}`,
        ...request.all("Via").map((via) => `Via: ${via}`),
        ...request.all("Record-Route").map((route) => `Record-Route: ${route}`),
        `From: ${request.first("From")}`,
        `To: ${/;\s*tag=/i.test(to) || status === 100 ? to : `${to};tag=agent${this.port}`}`,
        `Call-ID: ${request.first("Call-ID")}`,
        `CSeq: ${request.first("CSeq")}`,
        ...headers,
      ],
      body,
    );
  }
}

/** The header line that answers a 401 or a 407. */
export function credentials(challenge: SipText, login: Login, request: SipText, count = 1): string {
  const isProxy = challenge.status === 407;
  const value = challenge.first(isProxy ? "Proxy-Authenticate" : "WWW-Authenticate");
  const name = isProxy ? "Proxy-Authorization" : "Authorization";
  return `${name}: ${answerChallenge(value, login, request.method, request.uri, count)}`;
}

/** Opens an agent that talks to 127.0.0.1:serverPort; by UDP from `port` when one is given. */
export function openAgent(transport: Transport, serverPort: number, port = 0): Promise<SipAgent> {
  const agent = new SipAgent(transport, serverPort);
  return transport === "udp" ? openUdp(agent, port) : openTcp(agent);
}

function openUdp(agent: SipAgent, port: number): Promise<SipAgent> {
  const socket = createSocket("udp4");
  socket.on("message", (data) => agent.deliver(data.toString("latin1")));
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, "127.0.0.1", () => {
      socket.on("error", () => {});
      const send = (text: string) => socket.send(Buffer.from(text, "latin1"), agent.serverPort, "127.0.0.1", () => {});
      agent.attach(socket.address().port, send, () => socket.close());
      resolve(agent);
    });
  });
}

function openTcp(agent: SipAgent): Promise<SipAgent> {
  const socket = connect({ port: agent.serverPort, host: "127.0.0.1", noDelay: true });
  let buffered = "";
  socket.on("data", (data: Buffer) => {
    buffered = (buffered + data.toString("latin1")).replace(/^(?:\r\n)+/, "");
    for (;;) {
      const end = buffered.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = /^(?:Content-Length|l)\s*:\s*(\d+)/im.exec(buffered.slice(0, end))?.[1];
      const total = end + 4 + Number(length ?? 0);
      if (buffered.length < total) return;
      agent.deliver(buffered.slice(0, total));
      buffered = buffered.slice(total).replace(/^(?:\r\n)+/, "");
    }
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.on("error", () => {});
      agent.attach(
        socket.localPort ?? 0,
        (text) => socket.write(Buffer.from(text, "latin1")),
        () => socket.destroy(),
      );
      resolve(agent);
    });
  });
}
