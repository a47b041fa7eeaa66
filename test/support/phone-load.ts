// Many telephones at once over UDP, as they behave in the field: requests are repeated until they are answered (RFC 3261 17.1), what
// was refused is tried again with the next CSeq, calls are answered and hung up. What the server has promised is kept for comparison.

import { createSocket, type Socket } from "node:dgram";
import { param, readSip, type SipText, uriOf, writeSip } from "./sip-text.ts";

const T1 = 500;
const T2 = 4000;
/** How long a telephone waits for a final reply: 64 * T1. */
const GIVEN_UP = 32_000;

interface Pending {
  readonly text: string;
  readonly resolve: (reply: SipText | null) => void;
  readonly until: number;
  next: number;
  interval: number;
}

/** One UDP socket that repeats its requests; replies and requests that come are told. */
class Peer {
  port = 0;
  onRequest: (message: SipText) => void = () => {};
  readonly #server: number;
  readonly #pending = new Map<string, Pending>();
  readonly #socket: Socket;
  readonly #timer: ReturnType<typeof setInterval>;
  #count = 0;

  constructor(server: number) {
    this.#server = server;
    this.#socket = createSocket({ type: "udp4", recvBufferSize: 1 << 22 });
    this.#socket.on("message", (data) => this.#take(data.toString("latin1")));
    this.#socket.on("error", () => {});
    this.#timer = setInterval(() => this.#repeat(), 50);
  }

  open(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.bind(0, "127.0.0.1", () => {
        this.port = this.#socket.address().port;
        resolve();
      });
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  send(text: string): void {
    this.#socket.send(Buffer.from(text, "latin1"), this.#server, "127.0.0.1", () => {});
  }

  /** Sends a request (its first Via is put in front) until a final reply comes; null when none did. */
  ask(lines: readonly string[]): Promise<SipText | null> {
    const branch = `z9hG4bK${this.port.toString(36)}x${(this.#count++).toString(36)}`;
    const via = `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch}`;
    const text = writeSip([lines[0]!, via, ...lines.slice(1)]);
    const now = performance.now();
    this.send(text);
    return new Promise((resolve) => {
      this.#pending.set(branch, { text, resolve, until: now + GIVEN_UP, next: now + T1, interval: T1 });
    });
  }

  /** Nothing that is under way is answered any more. */
  abandon(): void {
    for (const { resolve } of this.#pending.values()) resolve(null);
    this.#pending.clear();
  }

  #repeat(): void {
    const now = performance.now();
    for (const [branch, one] of this.#pending) {
      if (now >= one.until) {
        this.#pending.delete(branch);
        one.resolve(null);
      } else if (now >= one.next) {
        one.interval = Math.min(T2, one.interval * 2);
        one.next = now + one.interval;
        this.send(one.text);
      }
    }
  }

  #take(raw: string): void {
    const message = readSip(raw);
    if (message.status === 0) {
      this.onRequest(message);
      return;
    }
    const branch = param(message.first("Via"), "branch") ?? "";
    const one = this.#pending.get(branch);
    if (one === undefined) return;
    if (message.status < 200) one.next = Number.POSITIVE_INFINITY;
    else {
      this.#pending.delete(branch);
      one.resolve(message);
    }
  }
}

/** One REGISTER for one contact: whether it is to be there, and when (performance.now) that was acknowledged, -1 while it was not. */
export interface Change {
  readonly contact: string;
  readonly isThere: boolean;
  acknowledged: number;
}

/** What was counted so far. */
export interface LoadCounts {
  /** REGISTER requests answered, by status; 0 for those that nobody answered. */
  readonly registers: Map<number, number>;
  /** Calls begun; those that were answered and hung up; what went wrong with the others. */
  calls: number;
  completed: number;
  readonly failures: string[];
  /** Acknowledged replies whose Contacts were not those that had been acknowledged before. */
  readonly surprises: string[];
}

/** Telephones that register and call. `random` gives numbers from 0 up to 1. */
export class PhoneLoad {
  readonly counts: LoadCounts = { registers: new Map(), calls: 0, completed: 0, failures: [], surprises: [] };
  /** The contacts of each user as the last acknowledged requests have left them. */
  readonly promised = new Map<string, Set<string>>();
  /** Every change that was asked for, by user, in order; one after the other is under way. */
  readonly changes = new Map<string, Change[]>();
  readonly #server: number;
  readonly #random: () => number;
  readonly #phones: Peer;
  readonly #callers: Peer;
  readonly #called: Peer;
  #serial = 0;

  constructor(server: number, random: () => number) {
    this.#server = server;
    this.#random = random;
    this.#phones = new Peer(server);
    this.#callers = new Peer(server);
    this.#called = new Peer(server);
    this.#called.onRequest = (request) => this.#answer(request);
  }

  async open(): Promise<void> {
    for (const peer of [this.#phones, this.#callers, this.#called]) await peer.open();
  }

  close(): void {
    for (const peer of [this.#phones, this.#callers, this.#called]) peer.close();
  }

  /** Registers telephones that `call` will call. */
  async registerCalled(count: number): Promise<void> {
    const all = Array.from({ length: count }, async (_, i) => {
      const user = `called${i}`;
      const contact = `sip:${user}@127.0.0.1:${this.#called.port}`;
      const ok = await this.#register(user, `own-${user}`, 1, contact, 600);
      if (ok?.status === 200) this.promised.set(user, new Set([contact]));
    });
    await Promise.all(all);
  }

  /** One telephone's morning: some registrations, refreshed and taken back, each until it is acknowledged or `isOver`. */
  async phone(user: string, isOver: () => boolean = () => false): Promise<void> {
    const contacts = new Set<string>();
    this.promised.set(user, contacts);
    const callId = `${user}-${this.#serial++}@load`;
    let cseq = 0;
    const steps = 1 + Math.floor(this.#random() * 4);
    for (let i = 0; i < steps && !isOver(); i++) {
      const contact = `sip:${user}@127.0.0.1:${this.#phones.port};line=${Math.floor(this.#random() * 2)}`;
      const expires = this.#random() < 0.25 ? 0 : 600 + Math.floor(this.#random() * 3000);
      for (let reply: SipText | null = null; reply?.status !== 200; ) {
        reply = await this.#register(user, callId, ++cseq, contact, expires);
        if (reply?.status === 200) break;
        if (isOver()) {
          this.promised.delete(user); // nobody knows what became of it
          return;
        }
        await pause(200);
      }
      if (expires === 0) contacts.delete(contact);
      else contacts.add(contact);
      await pause(this.#random() * 300);
    }
  }

  async #register(user: string, callId: string, cseq: number, contact: string, expires: number) {
    const change: Change = { contact, isThere: expires > 0, acknowledged: -1 };
    const changes = this.changes.get(user) ?? [];
    this.changes.set(user, changes);
    changes.push(change);
    const reply = await this.#phones.ask([
      `REGISTER sip:127.0.0.1:${this.#server} SIP/2.0`,
      "Max-Forwards: 70",
      `From: <sip:${user}@127.0.0.1>;tag=r${cseq}`,
      `To: <sip:${user}@127.0.0.1>`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} REGISTER`,
      `Contact: <${contact}>`,
      `Expires: ${expires}`,
    ]);
    const status = reply?.status ?? 0;
    if (status === 200) change.acknowledged = performance.now();
    this.counts.registers.set(status, (this.counts.registers.get(status) ?? 0) + 1);
    if (status === 200 && reply !== null) this.#compare(user, contact, expires, reply);
    return reply;
  }

  #compare(user: string, contact: string, expires: number, reply: SipText): void {
    const wanted = new Set(this.promised.get(user));
    if (expires === 0) wanted.delete(contact);
    else wanted.add(contact);
    const told = reply.all("Contact").map(uriOf).sort().join();
    if (told !== [...wanted].sort().join()) this.counts.surprises.push(`${user}: ${told} in place of ${[...wanted]}`);
  }

  /** One call to a telephone of `registerCalled`: answered, held for `hold` milliseconds, hung up. */
  async call(called: number, hold: number): Promise<void> {
    this.counts.calls++;
    const fail = (what: string): void => void this.counts.failures.push(what);
    const id = `call-${this.#callers.port}-${this.#serial++}`;
    const from = `<sip:caller@127.0.0.1>;tag=${id}`;
    const uri = `sip:called${called}@127.0.0.1:${this.#server}`;
    const ok = await this.#callers.ask([
      `INVITE ${uri} SIP/2.0`,
      "Max-Forwards: 70",
      `From: ${from}`,
      `To: <${uri}>`,
      `Call-ID: ${id}`,
      "CSeq: 1 INVITE",
      `Contact: <sip:caller@127.0.0.1:${this.#callers.port}>`,
    ]);
    if (ok === null || ok.status !== 200) return fail(`INVITE: ${ok?.startLine ?? "no answer"}`);
    const within = (method: string, cseq: number): string[] => [
      `${method} ${uriOf(ok.first("Contact"))} SIP/2.0`,
      "Max-Forwards: 70",
      ...ok
        .all("Record-Route")
        .reverse()
        .map((route) => `Route: ${route}`),
      `From: ${from}`,
      `To: ${ok.first("To")}`,
      `Call-ID: ${id}`,
      `CSeq: ${cseq} ${method}`,
    ];
    const via = `Via: SIP/2.0/UDP 127.0.0.1:${this.#callers.port};branch=z9hG4bKack${id}`;
    const [line = "", ...rest] = within("ACK", 1);
    this.#callers.send(writeSip([line, via, ...rest]));
    await pause(hold);
    const bye = await this.#callers.ask(within("BYE", 2));
    if (bye?.status === 200) this.counts.completed++;
    else fail(`BYE: ${bye?.startLine ?? "no answer"}`);
  }

  #answer(request: SipText): void {
    if (request.method === "ACK") return;
    const to = request.first("To");
    this.#called.send(
      writeSip([
        "SIP/2.0 200 OK",
        ...request.all("Via").map((via) => `Via: ${via}`),
        ...request.all("Record-Route").map((route) => `Record-Route: ${route}`),
        `From: ${request.first("From")}`,
        `To: ${to.includes("tag=") ? to : `${to};tag=t${request.first("Call-ID")}`}`,
        `Call-ID: ${request.first("Call-ID")}`,
        `CSeq: ${request.first("CSeq")}`,
        ...(request.method === "INVITE" ? [`Contact: <sip:called@127.0.0.1:${this.#called.port}>`] : []),
      ]),
    );
  }

  /** Ends all that is under way, as if nobody would ever answer. */
  abandon(): void {
    for (const peer of [this.#phones, this.#callers, this.#called]) peer.abandon();
  }

  /**
   * Starts phones and calls evenly until `isOver`, then waits for what was begun: for all of it, or when `isCut` only for what is under
   * way. Users are `prefix`0, `prefix`1 …
   */
  async run(
    prefix: string,
    { phones: phonesASecond, calls: callsASecond, called }: { phones: number; calls: number; called: number },
    isOver: () => boolean,
    isCut = false,
  ): Promise<void> {
    const begun: Promise<void>[] = [];
    const since = performance.now();
    let [phones, calls] = [0, 0];
    while (!isOver()) {
      const seconds = (performance.now() - since) / 1000;
      while (phones < seconds * phonesASecond)
        begun.push(this.phone(`${prefix}${phones++}`, isCut ? isOver : undefined));
      while (calls < seconds * callsASecond) begun.push(this.call(calls++ % called, this.#random() * 1500));
      await pause(10);
    }
    await Promise.all(begun);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
