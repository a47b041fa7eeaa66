// One request that began here, as its transaction sees it: tells whoever made it, and acknowledges 2xx to INVITE (RFC 3261 13.2.2.4).

import type { Flow } from "../net/flow.ts";
import { ackText, type DialogWay, wayFromReply } from "../sip/build-local.ts";
import { H } from "../sip/headers.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Branch, LocalSide, Transaction } from "../tm/index.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { RouteContext, RouteKind } from "./context.ts";
import type { LocalRequests, OnReply } from "./local-requests.ts";
import { hex8 } from "./proxy.ts";

/** The most forks of one INVITE whose 2xx are acknowledged. */
const MAX_ACKS = 16;

interface Ack {
  /** The To tag of the 2xx, which tells forks apart. */
  readonly tag: string;
  /** Null until it is on its way. */
  bytes: Uint8Array | null;
  target: Flow | null;
}

/** The side of a local transaction where a client would be. */
export class LocalRequest implements LocalSide {
  /** Whether a 2xx is acknowledged by itself (t_set_no_auto_ack). */
  autoAck: boolean;
  private readonly all: LocalRequests;
  private readonly onReply: OnReply | null;
  private readonly acks: Ack[] = [];
  /** The INVITE as it was sent, for its From, Call-ID and CSeq. */
  private invite: Uint8Array | null = null;
  /** The first 2xx that waits for its ACK. */
  private answer: { readonly tx: Transaction; readonly branch: Branch; readonly reply: SipMessage } | null = null;
  private key = "";

  constructor(all: LocalRequests, onReply: OnReply | null, autoAck: boolean) {
    this.all = all;
    this.onReply = onReply;
    this.autoAck = autoAck;
  }

  /** Its transaction has been made. */
  began(tx: Transaction, msg: SipMessage): void {
    if (!tx.isInvite) return;
    this.key = callKey(msg.header(H.CALL_ID) ?? "", msg.cseq()?.number ?? 0);
    this.all.invites.set(this.key, this);
  }

  provisional(tx: Transaction, reply: SipMessage): void {
    if (this.all.settings.provisional) this.tell(tx, reply.status, reasonOf(reply), reply);
  }

  final(tx: Transaction, status: number, reason: string, reply: SipMessage | null): void {
    this.tell(tx, status, reason, reply);
  }

  released(_tx: Transaction): void {
    if (this.all.invites.get(this.key) === this) this.all.invites.delete(this.key);
  }

  accepted(tx: Transaction, branch: Branch, reply: SipMessage): void {
    this.invite ??= branch.bytes ?? tx.bytes;
    const tag = tagOf(reply);
    const known = this.acks.find((a) => a.tag === tag);
    if (known !== undefined) {
      if (known.bytes !== null) known.target?.send(known.bytes, 0, known.bytes.length);
    } else if (this.autoAck) void this.ack(tx, branch, reply, tag, "", "");
    else if (this.answer === null) {
      reply.own();
      this.answer = { tx, branch, reply };
    }
  }

  /** Acknowledges the 2xx that waits for it. */
  acknowledge(headers: string, body: string): number | Promise<number> {
    const { answer } = this;
    if (answer === null) return -1;
    this.answer = null;
    return this.ack(answer.tx, answer.branch, answer.reply, tagOf(answer.reply), headers, body);
  }

  private ack(
    tx: Transaction,
    branch: Branch,
    reply: SipMessage,
    tag: string,
    headers: string,
    body: string,
  ): number | Promise<number> {
    if (this.acks.length >= MAX_ACKS) return -1;
    const ack: Ack = { tag, bytes: null, target: null };
    this.acks.push(ack);
    const way = wayFromReply(reply, tx.request().requestUri());
    const send = (to: Flow | null): number => this.sendAck(ack, tx, branch, reply, way, to, headers, body);
    const to = this.ackTarget(branch, way);
    if (!(to instanceof Promise)) return send(to);
    reply.own();
    return to.then(send);
  }

  private ackTarget(branch: Branch, way: DialogWay): Flow | null | Promise<Flow | null> {
    const { ackMode } = this.all.settings;
    const went = branch.target as Flow | null;
    if (ackMode === 1) return went;
    if (ackMode === 2) return (branch.repliedBy as Flow | null) ?? went;
    return this.all.proxy.resolver.uriFlow(way.nextHop, went?.listener ?? null);
  }

  private sendAck(
    ack: Ack,
    tx: Transaction,
    branch: Branch,
    reply: SipMessage,
    way: DialogWay,
    to: Flow | null,
    headers: string,
    body: string,
  ): number {
    const { proxy } = this.all;
    if (to === null) {
      proxy.counters.drop("unroutable");
      this.acks.splice(this.acks.indexOf(ack), 1); // the 2xx will come again
      return -1;
    }
    const via = proxy.identity.viaLine(to, this.ackBranch(branch));
    const userAgent = proxy.userAgentLine;
    ack.bytes = bytesOf(ackText(this.invite ?? tx.bytes, reply, { way, via, userAgent, headers, body }));
    ack.target = to;
    const sent = to.send(ack.bytes, 0, ack.bytes.length);
    if (sent) this.ackSent(tx, branch, reply);
    return sent ? 1 : -1;
  }

  private ackBranch(branch: Branch): string {
    const { settings, proxy } = this.all;
    if (settings.ackBranchMode === 0) return branch.id();
    if (settings.ackBranchMode === 1) return `${branch.id()}.ack`;
    return `z9hG4bK${hex8(proxy.host.random.uint32())}${hex8(proxy.host.random.uint32())}`;
  }

  // event_route[tm:local-ack-sent], over the 2xx.
  private ackSent(tx: Transaction, branch: Branch, reply: SipMessage): void {
    const { proxy } = this.all;
    const route = proxy.routes?.event("tm:local-ack-sent") ?? null;
    if (route === null) return;
    const ctx = new RouteContext(proxy, proxy.routes!, reply, (branch.target ?? tx.origin) as Flow, RouteKind.EVENT);
    ctx.transaction = tx;
    ctx.branch = branch.number;
    ctx.status = reply.status;
    this.guarded("event_route[tm:local-ack-sent]", () => {
      const ran = route(ctx);
      if (typeof ran === "number") return;
      reply.own();
      ran.catch((error: unknown) => this.complain("event_route[tm:local-ack-sent]", error));
    });
  }

  private tell(transaction: Transaction, status: number, reason: string, message: SipMessage | null): void {
    const { onReply } = this;
    if (onReply !== null)
      this.guarded("callback of a local request", () => onReply({ status, reason, message, transaction }));
  }

  private guarded(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.complain(what, error);
    }
  }

  private complain(what: string, error: unknown): void {
    const { proxy } = this.all;
    proxy.counters.routeErrors++;
    proxy.limited.error(proxy.log, `${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Under what INVITEs made here are found. */
export function callKey(callId: string, cseq: number): string {
  return `${cseq} ${callId}`;
}

function reasonOf(reply: SipMessage): string {
  return textOf(reply.buf, reply.reasonStart, reply.reasonEnd);
}

function tagOf(reply: SipMessage): string {
  const to = reply.to();
  return to === null || to.tagStart < 0 ? "" : textOf(reply.buf, to.tagStart, to.tagEnd);
}
