// A bed for tests of the transaction engine: a thin proxy on it, with a clock and a wire that the test holds. Requests go where the
// host of their R-URI says ("sip:x@b1" to "b1"); "fork=b1+b2" as user forks. "b1-or-b2" is one host with two targets, of which one that
// begins with "slow" has to be looked up.

import { markSource, writeForwardedReply, writeForwardedRequest, writeReply } from "../../src/sip/build.ts";
import { SipMessage } from "../../src/sip/message.ts";
import { Method } from "../../src/sip/methods.ts";
import { reasonPhrase } from "../../src/sip/reasons.ts";
import {
  type Branch,
  type Destination,
  type Further,
  forward,
  type Hooks,
  type Outgoing,
  RelayError,
  type Target,
  Tm,
  type Transaction,
} from "../../src/tm/index.ts";
import { textOf } from "../../src/util/bytes.ts";
import { TimerWheel } from "../../src/util/timer-wheel.ts";

/** One host on the wire, as the proxy sees it. */
export class Peer implements Target {
  readonly name: string;
  readonly reliable: boolean;
  readonly remote: { readonly address: string; readonly port: number };
  private readonly put: (to: string, buf: Uint8Array, start: number, end: number) => boolean;

  constructor(name: string, reliable: boolean, put: Peer["put"]) {
    this.name = name;
    this.reliable = reliable;
    this.remote = { address: name, port: 5060 };
    this.put = put;
  }
  send(buf: Uint8Array, start: number, end: number): boolean {
    return this.put(this.name, buf, start, end);
  }
}

/** What a test may give a bed beside the wire. */
export interface BedOptions {
  readonly name?: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly put: (to: string, buf: Uint8Array, start: number, end: number) => boolean;
  readonly reliable?: (name: string) => boolean;
  readonly maxTransactions?: number;
}

/** The routes of the "script"; a test replaces what it needs. */
export interface BedRoutes {
  destinations: (msg: SipMessage) => (Destination | null)[];
  branch: ((tx: Transaction, branch: Branch) => number | Promise<number>) | null;
  reply: ((tx: Transaction, branch: Branch, reply: SipMessage) => boolean | Promise<boolean>) | null;
  failure: ((tx: Transaction, winner: Branch) => void | Promise<void>) | null;
  branchFailure: ((tx: Transaction, branch: Branch) => void | Promise<void>) | null;
}

/** The destination a URI names. */
export function destination(uri: string): Destination {
  return { uri, dstUri: null, path: null, q: -1, flags: 0, flowId: 0, ruid: "", instance: "" };
}

/** The names that a branch may go on to. */
interface FurtherNames extends Further {
  readonly names: readonly string[];
}

/** A proxy that relays everything through transactions. */
export class Bed implements Hooks {
  readonly tm: Tm;
  readonly wheel: TimerWheel;
  readonly routes: BedRoutes = {
    destinations: (msg) => forkOf(msg),
    branch: null,
    reply: null,
    failure: null,
    branchFailure: null,
  };
  readonly errors: unknown[] = [];
  private readonly options: BedOptions;
  private readonly peers = new Map<string, Peer>();
  private readonly out = new Uint8Array(1 << 16);
  private msg = new SipMessage();
  private readonly uri = new Map<string, string>();

  constructor(options: BedOptions) {
    this.options = options;
    this.wheel = new TimerWheel(options.now(), 10);
    this.tm = new Tm({
      wheel: this.wheel,
      hooks: this,
      now: options.now,
      random: options.random,
      maxTransactions: options.maxTransactions ?? 100_000,
    });
  }

  peer(name: string): Peer {
    let peer = this.peers.get(name);
    if (peer === undefined) {
      peer = new Peer(name, this.options.reliable?.(name) ?? false, this.options.put);
      this.peers.set(name, peer);
    }
    return peer;
  }

  /** A datagram from a host. */
  receive(buf: Uint8Array, start: number, end: number, from: string): void {
    const { msg } = this;
    if (msg.parse(buf, start, end) !== 0) throw new Error(`unreadable: ${textOf(buf, start, end)}`);
    if (msg.isRequest) this.request(msg, this.peer(from));
    else if (!this.tm.reply(msg)) this.forwardReply(msg);
    if (msg.owned) this.msg = new SipMessage();
  }

  private request(msg: SipMessage, from: Peer): void {
    const { tm } = this;
    if (msg.method === Method.ACK) {
      if (!tm.ack(msg)) this.forwardStateless(msg, from);
      return;
    }
    if (msg.method === Method.CANCEL) {
      const tx = tm.lookupCancelled(msg);
      const end = writeReply(msg, from.remote, tx === null ? 481 : 200, "canceling", "t", false, "", "", "", this.out);
      from.send(this.out, 0, end);
      if (tx !== null) tm.cancel(tx, "");
      return;
    }
    const known = tm.lookup(msg);
    if (known !== null) {
      tm.retransmission(known);
      return;
    }
    const tx = tm.create(msg, from, from);
    if (tx === null) return;
    const to = this.routes.destinations(msg);
    if (this.routes.failure !== null) tx.wantsFailure = true;
    if (this.routes.reply !== null) tx.wantsReplies = true;
    if (this.routes.branchFailure !== null) tx.wantsBranchFailure = true;
    if (this.routes.failure !== null || this.routes.branch !== null) {
      msg.own();
      tx.message = msg;
    }
    if (tx.isInvite) tm.sendReply(tx, 100, "Trying", "");
    const sent = forward(tm, tx, msg, to, false);
    if (typeof sent === "number") {
      if (sent < 0) tm.sendReply(tx, 500, "Server Internal Error", "");
    } else void sent.then((n) => n > 0 || tm.sendReply(tx, 500, "Server Internal Error", ""));
  }

  private forwardStateless(msg: SipMessage, from: Peer): void {
    markSource(msg, from.remote);
    const via = `Via: SIP/2.0/UDP ${this.options.name ?? "proxy"};branch=z9hG4bKstateless\r\n`;
    const end = writeForwardedRequest(msg, null, via, "", this.out);
    this.peer(hostOf(msg.requestUri())).send(this.out, 0, end);
  }

  private forwardReply(msg: SipMessage): void {
    const via = msg.secondVia();
    if (via === null) return;
    const end = writeForwardedReply(msg, this.out);
    this.peer(textOf(msg.buf, via.hostStart, via.hostEnd)).send(this.out, 0, end);
  }

  // ---- hooks ----

  prepareBranch(tx: Transaction, branch: Branch, run: object, out: Outgoing): number | Promise<number> {
    const said = this.routes.branch?.(tx, branch) ?? 0;
    if (typeof said !== "number") {
      (run as SipMessage).own();
      return said.then((code) => (code === 0 ? this.build(branch, run as SipMessage, out) : code));
    }
    return said === 0 ? this.build(branch, run as SipMessage, out) : said;
  }

  private build(branch: Branch, msg: SipMessage, out: Outgoing): number {
    const uri = branch.destination?.uri ?? null;
    const names = hostOf(uri ?? msg.requestUri()).split("-or-");
    if (names[0] === "nowhere") return RelayError.UNRESOLVABLE;
    return this.buildFor(names, branch, msg, out);
  }

  prepareNext(further: Further, branch: Branch, out: Outgoing): number | Promise<number> {
    const { names } = further as FurtherNames;
    const build = (): number => this.buildFor(names, branch, branch.tx.ownRequest(), out);
    return names[0]?.startsWith("slow") === true ? Promise.resolve().then(build) : build();
  }

  private buildFor([name = "", ...further]: readonly string[], branch: Branch, msg: SipMessage, out: Outgoing): number {
    const uri = branch.destination?.uri ?? null;
    markSource(msg, (branch.tx.origin as Peer).remote);
    const via = `Via: SIP/2.0/UDP ${this.options.name ?? "proxy"};branch=${branch.id()}\r\n`;
    out.buf = this.out;
    out.start = 0;
    out.end = writeForwardedRequest(msg, uri, via, "", this.out);
    out.target = this.peer(name);
    const left: FurtherNames = { names: further, runsRoute: false };
    out.further = further.length > 0 ? left : null;
    return 0;
  }

  reopen(): Target | null {
    return null;
  }

  writeReply(tx: Transaction, code: number, reason: string, toTag: string, extra: string, out: Outgoing): boolean {
    const origin = tx.origin as Peer;
    const text = reason === "" ? reasonPhrase(code) : reason;
    out.buf = this.out;
    out.start = 0;
    out.end = writeReply(tx.request(), origin.remote, code, text, toTag, false, extra, "", "", this.out);
    return out.end > 0;
  }
  replyRoute(tx: Transaction, branch: Branch, reply: SipMessage): boolean | Promise<boolean> {
    return this.routes.reply?.(tx, branch, reply) ?? false;
  }
  mayReply(): boolean {
    return true;
  }
  branchFailureRoute(tx: Transaction, branch: Branch): void | Promise<void> {
    return this.routes.branchFailure?.(tx, branch);
  }
  failureRoute(tx: Transaction, winner: Branch): void | Promise<void> {
    return this.routes.failure?.(tx, winner);
  }
  silent(): void {}
  unsent(): void {}
  released(): void {}
  failed(_tx: Transaction, error: unknown): void {
    this.errors.push(error);
  }
  /** The host a URI goes to, remembered by its text. */
  hostOf(uri: string): string {
    let host = this.uri.get(uri);
    if (host === undefined) this.uri.set(uri, (host = hostOf(uri)));
    return host;
  }
}

/** "sip:user@host;params" to "host". */
export function hostOf(uri: string): string {
  const at = uri.indexOf("@");
  const end = /[;>?:]/.exec(uri.slice(at + 1));
  return end === null ? uri.slice(at + 1) : uri.slice(at + 1, at + 1 + end.index);
}

function forkOf(msg: SipMessage): (Destination | null)[] {
  const uri = msg.requestUri();
  const hosts = /^sip:fork=([^@]+)@/.exec(uri)?.[1]?.split("+");
  if (hosts === undefined) return [null];
  return hosts.map((host) => destination(`sip:x@${host}`));
}
