// Requests that begin here, for module tm and whoever builds on it: built from what is asked for, shown to the script
// (event_route[tm:local-request]), sent through a transaction without a server side; ACK for the 2xx of INVITE.

import type { Flow, Listener } from "../net/flow.ts";
import { hasTag, requestText, uriIn } from "../sip/build-local.ts";
import { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { parseUriText } from "../sip/uri-text.ts";
import { forward, NOBODY, RelayError, type Timers, type Tm, type Transaction } from "../tm/index.ts";
import { bytesOf } from "../util/bytes.ts";
import { RouteContext, RouteKind, Stop } from "./context.ts";
import { forwardStateless } from "./forward.ts";
import { callKey, LocalRequest } from "./local-request.ts";
import { hex8, type Proxy } from "./proxy.ts";
import { leaveWith } from "./script-state.ts";
import { nowhere } from "./unasked.ts";

/** A request to be made. Texts are byte strings. */
export interface RequestSpec {
  readonly method: string;
  readonly ruri: string;
  /** URI of the next hop; without one the first Route, else the R-URI leads. */
  readonly nextHop?: string | null;
  /** Values of Route in their order. */
  readonly routes?: readonly string[];
  /** The listener to send from; null leaves the choice to the script and the server. */
  readonly socket?: Listener | null;
  /** Values of From and To; From gets a tag when it has none. */
  readonly from: string;
  readonly to: string;
  /** Made here when left out. */
  readonly callId?: string;
  /** 10 when left out. */
  readonly cseq?: number;
  /** More header lines, each ended by CRLF; Max-Forwards and User-Agent may be among them, Via and Content-Length must not. */
  readonly headers?: string;
  readonly body?: string;
  /** Other times than module tm's parameters say. */
  readonly timers?: Partial<Timers>;
  /** Whether a 2xx to INVITE is acknowledged by itself, which is usual; else by ackLocal. */
  readonly autoAck?: boolean;
}

/** What became of a request made here. */
export interface LocalReply {
  /** 200 and above: the end, told once. Below only when the settings ask for provisional replies. */
  readonly status: number;
  readonly reason: string;
  /** The reply, valid during the call unless it is `own()`ed; null when none came (408 after a timeout, 503, 487 …). */
  readonly message: SipMessage | null;
  readonly transaction: Transaction;
}

export type OnReply = (reply: LocalReply) => void;

/** Module tm's parameters for requests made here. */
export interface LocalSettings {
  /** Where the ACK for a 2xx goes: 0 by Contact and Record-Route, 1 where the INVITE went, 2 where the 2xx came from. */
  readonly ackMode: number;
  /** Its branch: 0 that of the INVITE, 1 a little different, 2 a new one. */
  readonly ackBranchMode: number;
  /** Whether callbacks hear of provisional replies. */
  readonly provisional: boolean;
  /** Whether failure routes run (enable_uac_fr). */
  readonly failureRoutes: boolean;
  /** Whether event_route[tm:local-request] also sees CANCELs from hop to hop. */
  readonly showsCancels: boolean;
}

export const DEFAULT_LOCAL_SETTINGS: LocalSettings = {
  ackMode: 0,
  ackBranchMode: 0,
  provisional: false,
  failureRoutes: false,
  showsCancels: false,
};

const TOKEN = /^[\w.!%*+`'~-]+$/;
const DEFAULT_CSEQ = 10;

/** Makes requests; one a worker. */
export class LocalRequests {
  readonly proxy: Proxy;
  readonly tm: Tm;
  settings: LocalSettings = DEFAULT_LOCAL_SETTINGS;
  /** INVITEs by Call-ID and CSeq number while their transactions last. */
  readonly invites = new Map<string, LocalRequest>();
  /** The script looks at a request: what it sends itself meanwhile is not shown to it, which would go on for ever. */
  private showing = false;

  constructor(proxy: Proxy, tm: Tm) {
    this.proxy = proxy;
    this.tm = tm;
  }

  /**
   * Sends a request. 1 when it is on its way, and then `onReply` is told the final reply once, for certain; below zero a RelayError, and
   * it is not called: BAD_REQUEST (malformed, too large, no socket), UNRESOLVABLE, SEND, DROPPED (by the script), TOO_MANY
   * (transactions). A promise when a name is looked up or the script waits. ACK is sent without transaction and without callback.
   */
  request(spec: RequestSpec, onReply: OnReply | null = null): number | Promise<number> {
    const { routes } = this.proxy;
    const flow = this.source(spec);
    if (routes === null) return RelayError.FAILED;
    const msg = flow === null ? null : this.message(spec, flow);
    if (flow === null || msg === null) return RelayError.BAD_REQUEST;
    const ctx = new RouteContext(this.proxy, routes, msg, flow, RouteKind.LOCAL);
    ctx.sendFrom = spec.socket ?? null;
    const tx = msg.method === Method.ACK ? null : this.transaction(spec, ctx, onReply);
    if (tx === null && msg.method !== Method.ACK) return RelayError.TOO_MANY;
    return this.shown(ctx, tx, msg.dstUri);
  }

  /**
   * Sends a copy of the context's request to `uri` (null: where it leads itself), whose replies are ignored; the request's own transaction
   * has no part in it. As request().
   */
  replicate(ctx: RouteContext, uri: string | null): number | Promise<number> {
    const { message: msg } = ctx;
    const tx = this.tm.create(msg, NOBODY, ctx.flow, IGNORED);
    if (tx === null) return RelayError.TOO_MANY;
    const to = {
      uri: msg.requestUri(),
      dstUri: uri ?? msg.dstUri,
      path: msg.path,
      q: -1,
      flags: msg.branchFlags,
      flowId: 0,
      sendFrom: ctx.sendFrom,
      ruid: "",
      instance: "",
    };
    return later(forward(this.tm, tx, ctx, [to], false), (sent) => this.sentOrForgotten(tx, sent));
  }

  /** Acknowledges the 2xx of an INVITE of ours that is not acknowledged by itself. 1, or -1 when there is no such 2xx. */
  ackLocal(callId: string, cseq: number, headers: string, body: string): number | Promise<number> {
    return this.invites.get(callKey(callId, cseq))?.acknowledge(headers, body) ?? -1;
  }

  // ---- steps of request() ----

  private source(spec: RequestSpec): Flow | null {
    const { listeners } = this.proxy.transports;
    const protocol = this.proxy.resolver.protocolOf(nextHopOf(spec));
    const listener = spec.socket ?? listeners.find((l) => l.protocol === protocol) ?? listeners[0];
    return listener === undefined ? null : nowhere(listener, listener.local);
  }

  private message(spec: RequestSpec, flow: Flow): SipMessage | null {
    const { headers = "", body = "", cseq = DEFAULT_CSEQ } = spec;
    const callId = spec.callId ?? `${this.unique()}@${flow.listener.addressText}`;
    if (!TOKEN.test(spec.method) || typeof parseUriText(spec.ruri) === "number") return null;
    if (/[\r\n]/.test(spec.ruri + spec.from + spec.to + callId) || callId === "") return null;
    const tagged = hasTag(spec.from);
    if (tagged === null || hasTag(spec.to) === null) return null;
    const text = requestText({
      method: spec.method,
      uri: spec.ruri,
      to: spec.to,
      from: tagged ? spec.from : `${spec.from};tag=${this.unique()}`,
      callId,
      cseq,
      routes: spec.routes ?? [],
      userAgent: /^user-agent[ \t]*:/im.test(headers) ? "" : this.proxy.userAgentLine,
      headers,
      body,
    });
    const msg = new SipMessage();
    const bytes = bytesOf(text);
    if (msg.parse(bytes, 0, bytes.length) !== 0 || msg.cseq() === null) return null;
    msg.owned = true;
    msg.dstUri = nextHopOf(spec);
    return msg;
  }

  private transaction(spec: RequestSpec, ctx: RouteContext, onReply: OnReply | null): Transaction | null {
    const { message: msg } = ctx;
    const side = new LocalRequest(this, onReply, spec.autoAck ?? true);
    const tx = this.tm.create(msg, NOBODY, ctx.flow, side);
    if (tx === null) return null;
    side.began(tx, msg);
    tx.message = msg;
    ctx.transaction = tx;
    if (spec.timers !== undefined) this.tm.setTimers(tx, { ...tx.timers, ...spec.timers });
    return tx;
  }

  // The script sees the request, with its next hop as $du, and may change it.
  private shown(ctx: RouteContext, tx: Transaction | null, hop: string | null): number | Promise<number> {
    const { local } = ctx.routes;
    if (local === null || this.showing) return this.sent(ctx, tx, hop);
    try {
      this.showing = true;
      const ran = local(ctx);
      this.showing = false;
      if (typeof ran === "number") return this.sent(ctx, tx, hop);
      return ran.then(
        () => this.sent(ctx, tx, hop),
        (error: unknown) => this.failed(tx, error),
      );
    } catch (error) {
      this.showing = false;
      return this.failed(tx, error);
    }
  }

  private failed(tx: Transaction | null, error: unknown): number {
    this.proxy.counters.routeErrors++;
    this.proxy.limited.error(
      this.proxy.log,
      `event_route[tm:local-request]: ${error instanceof Error ? error.message : String(error)}`,
    );
    return tx === null ? RelayError.FAILED : this.sentOrForgotten(tx, RelayError.FAILED);
  }

  private sent(ctx: RouteContext, tx: Transaction | null, hop: string | null): number | Promise<number> {
    const { message: msg } = ctx;
    if (ctx.stop === Stop.DROP) return tx === null ? RelayError.DROPPED : this.sentOrForgotten(tx, RelayError.DROPPED);
    ctx.clearBranches(); // it goes to one place
    if (msg.newUri === null && msg.dstUri === hop && hop === msg.requestUri()) msg.dstUri = null;
    if (tx === null) return forwardStateless(this.proxy, msg, ctx.flow, null, ctx.sendFrom);
    if (!this.settings.failureRoutes) ctx.onFailure = ctx.onBranchFailure = 0;
    return later(forward(this.tm, tx, ctx, ONLY_HERE, false), (sent) => {
      if (!tx.released && sent > 0) leaveWith(tx, ctx);
      return this.sentOrForgotten(tx, sent);
    });
  }

  // A transaction that has told its end while it was still on its way out (a CANCEL) counts as sent.
  private sentOrForgotten(tx: Transaction, sent: number): number {
    if (sent > 0 || tx.final) return 1;
    this.tm.discard(tx);
    return sent;
  }

  private unique(): string {
    const { random } = this.proxy.host;
    return hex8(random.uint32()) + hex8(random.uint32()) + hex8(random.uint32());
  }
}

const ONLY_HERE = [null];

const IGNORED = {
  provisional: () => undefined,
  final: () => undefined,
  accepted: () => undefined,
  released: () => undefined,
};

function nextHopOf(spec: RequestSpec): string {
  const { nextHop, routes = [], ruri } = spec;
  if (nextHop !== undefined && nextHop !== null) return nextHop;
  return (routes[0] === undefined ? null : uriIn(routes[0])) ?? ruri;
}

function later(value: number | Promise<number>, then: (n: number) => number): number | Promise<number> {
  return typeof value === "number" ? then(value) : value.then(then);
}
