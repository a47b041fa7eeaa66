// Requests that keep the way to a phone open: sent without a transaction, their replies known by the branch of our Via.

import type { SocketAddress } from "../../host/host.ts";
import type { Flow, Listener } from "../../net/flow.ts";
import { hex8 } from "../../proxy/proxy.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Transport } from "../../sip/transports.ts";
import { bytesOf, equalsText, textOf } from "../../util/bytes.ts";
import { aorHash, type Contact } from "./contact.ts";

/** How long an answer is awaited, milliseconds. */
const PATIENCE = 32_000;
/** The most pings unanswered at a time; beyond, the oldest are given up. */
const MOST_PENDING = 200_000;
/** The most names of next hops looked up at a time. */
const MOST_LOOKUPS = 100;

const ZEROS = new Uint8Array(4);

interface Pending {
  readonly contact: Contact;
  /** Monotonic milliseconds. */
  readonly sent: number;
  readonly spec: PingSpec;
}

/** Told of an answer: what it was for, and milliseconds it took. */
export type Answered = (contact: Contact, reply: SipMessage, flow: Flow, took: number) => void;

/** What a ping says. */
export interface PingSpec {
  readonly method: string;
  /** Values of From and To; From without its tag. */
  readonly from: string;
  readonly to: string;
  readonly answered?: Answered;
  /** Whether an answer of that status counts; the others change nothing. All count without it. */
  readonly counts?: (status: number) => boolean;
}

/** Pings of one process. */
export class Pings {
  private readonly host: ModuleHost;
  private readonly prefix: string;
  private readonly pending = new Map<number, Pending>();
  private number = 0;
  private lookups = 0;

  constructor(host: ModuleHost) {
    this.host = host;
    const { random } = host.host;
    // who has not been pinged cannot make up an answer
    this.prefix = `z9hG4bKka${hex8(random.uint32())}${hex8(random.uint32())}.`;
    this.number = random.uint32() >>> 8;
    host.proxy.pingReply = (msg, flow) => this.reply(msg, flow);
  }

  /** The listener a binding came by; null when it is none of ours. */
  listenerOf(contact: Contact): Listener | null {
    return this.host.proxy.transports.listeners.find((l) => l.name === contact.socket) ?? null;
  }

  /** Four zero bytes to a URI, when that is reached by datagrams; in the name of `as`, where that is given and may be. */
  zeros(uri: string, from: Listener | null, as: SocketAddress | null = null): void {
    const { resolver, transports } = this.host.proxy;
    if (resolver.protocolOf(uri) !== Transport.UDP) return;
    this.over(uri, from, (flow) => {
      if (as === null || transports.foreign?.send(as, flow.remote, ZEROS) !== true) flow.send(ZEROS, 0, ZEROS.length);
    });
  }

  /**
   * A request to the first hop of the binding's path, else where it was seen to come from, else to itself; `streams`: over open
   * connections too. Whether it can be reached at all.
   */
  request(contact: Contact, spec: PingSpec, from: Listener | null, streams: boolean): boolean {
    const { proxy } = this.host;
    const open = streams && contact.flowId !== 0 ? proxy.transports.flowById(contact.flowId) : null;
    if (open !== null && contact.path === "") {
      this.send(contact, spec, open);
      return true;
    }
    const to = firstHop(contact.path) ?? (contact.received === "" ? contact.contact : contact.received);
    if (!streams && proxy.resolver.protocolOf(to) !== Transport.UDP) return false;
    this.over(to, from, (flow) => this.send(contact, spec, flow));
    return true;
  }

  private over(uri: string, from: Listener | null, then: (flow: Flow) => void): void {
    const found = this.host.proxy.resolver.uriFlow(uri, from, true);
    if (found === null) return;
    if (!(found instanceof Promise)) {
      then(found);
      return;
    }
    if (this.lookups >= MOST_LOOKUPS) return;
    this.lookups++;
    found
      .then(
        (flow) => {
          if (flow !== null) then(flow);
        },
        () => undefined,
      )
      .finally(() => this.lookups--);
  }

  private send(contact: Contact, spec: PingSpec, flow: Flow): void {
    const { proxy, host } = this.host;
    const n = (this.number = (this.number + 1) >>> 0);
    const now = host.clock.mono();
    this.forget(now);
    this.pending.set(n, { contact, sent: now, spec });
    const hash = aorHash(contact.aor).toString(16);
    const text =
      `${spec.method} ${contact.contact} SIP/2.0\r\n${proxy.viaLine(flow, this.prefix + n.toString(16), null)}` +
      `${contact.path === "" ? "" : `Route: ${contact.path}\r\n`}Max-Forwards: 70\r\n` +
      `From: ${spec.from};tag=${contact.ruid}-${hash}-${n.toString(16)}\r\nTo: ${spec.to}\r\n` +
      `Call-ID: ${hex8(n)}-${hash}@${flow.listener.addressText}\r\nCSeq: 1 ${spec.method}\r\nContent-Length: 0\r\n\r\n`;
    const bytes = bytesOf(text);
    flow.send(bytes, 0, bytes.length);
  }

  // Entries stand in the order in which they were sent.
  private forget(now: number): void {
    for (const [n, { sent }] of this.pending) {
      if (sent > now - PATIENCE && this.pending.size < MOST_PENDING) return;
      this.pending.delete(n);
    }
  }

  /** Whether a reply was for one of these; then nobody else gets it. */
  private reply(msg: SipMessage, flow: Flow): boolean {
    const via = msg.via();
    if (via === null || via.branchStart < 0) return false;
    const at = via.branchStart + this.prefix.length;
    if (at >= via.branchEnd || !equalsText(msg.buf, via.branchStart, at, this.prefix)) return false;
    const n = Number.parseInt(textOf(msg.buf, at, via.branchEnd), 16);
    const ping = this.pending.get(n);
    if (ping === undefined) return true;
    const { contact, sent, spec } = ping;
    if (spec.counts?.(msg.status) === false) return true;
    this.pending.delete(n);
    const took = this.host.host.clock.mono() - sent;
    contact.lastKeepalive = Math.floor(this.host.host.clock.wall() / 1000);
    contact.silentSince = 0;
    contact.roundtrip = Math.round(took * 1000);
    spec.answered?.(contact, msg, flow, took);
    return true;
  }
}

function firstHop(path: string): string | null {
  return path === "" ? null : (/^[^<]*<([^>]*)>/.exec(path)?.[1] ?? null);
}
