// The table of contents of the server: bytes in, then parse, sanity, transaction or route. One bad message never touches another.

import type { Flow } from "../net/flow.ts";
import { H } from "../sip/headers.ts";
import { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { STRIDE, scanErrorText } from "../sip/scan.ts";
import { Transport } from "../sip/transports.ts";
import { InFlight, NEW } from "../tm/index.ts";
import { textOf } from "../util/bytes.ts";
import { Level } from "../util/log.ts";
import { type Avps, type Fault, RouteContext, RouteKind, type RouteResult, type Routes, Stop } from "./context.ts";
import { EventRoutes } from "./event-routes.ts";
import { forwardReply, isOurVia } from "./forward-reply.ts";
import type { Incoming, Proxy } from "./proxy.ts";

/** The most requests whose script may wait at a time before repetitions of further ones are no longer recognised. */
const MAX_IN_FLIGHT = 4096;

/** What a message whose script waits takes beside its octets, about. */
const WAITING_COST = 4096;

/** Takes whole messages from the transports of one worker. */
export class Receiver {
  private readonly proxy: Proxy;
  /** Requests whose script waits. */
  private readonly inFlight: InFlight<Flow>;
  /** Octets of the messages whose script waits, with what they take beside. */
  private waiting = 0;
  /** The message object for the next datagram; replaced when somebody keeps it. */
  private spare = new SipMessage();
  private events: EventRoutes;
  /** AVPs that the routes of the message at hand begin with (event_route[network:msg]). */
  private brought: Avps | null = null;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
    this.events = new EventRoutes(proxy);
    this.inFlight = new InFlight(proxy.host.random.uint32(), MAX_IN_FLIGHT);
  }

  /** One message as it came from the network; the bytes are only valid during the call. Never throws. */
  readonly receive = (buf: Uint8Array, start: number, end: number, flow: Flow): void => {
    if (isKeepAlive(buf, start, end)) return;
    if (buf[start]! < 2 && this.proxy.stun?.take(buf, start, end, flow) === true) return;
    const { incoming } = this.proxy;
    if (incoming === null) this.take(buf, start, end, flow);
    else this.takeAfter(incoming, buf, start, end, flow);
  };

  private takeAfter(incoming: Incoming, buf: Uint8Array, start: number, end: number, flow: Flow): void {
    const { bytes, avps } = incoming(buf, start, end, flow);
    this.taken(bytes, avps, flow);
  }

  /** A message that has been looked at: its bytes, and the AVPs that its routes begin with. */
  taken(bytes: Uint8Array, avps: Avps | null, flow: Flow): void {
    this.brought = avps;
    this.take(bytes, 0, bytes.length, flow);
    this.brought = null;
  }

  private take(buf: Uint8Array, start: number, end: number, flow: Flow): void {
    const msg = this.spare;
    if (this.events.routes !== this.proxy.routes) this.events = new EventRoutes(this.proxy);
    try {
      if (this.events.looksAtReceived && !this.mayEnter(buf, start, end, flow)) return;
      const bad = msg.parse(buf, start, end);
      if (bad === 0 && this.proxy.log.enabled(Level.DEBUG)) this.tell(msg, flow);
      if (bad !== 0) this.refuseUnscanned(bad, msg, flow);
      else {
        this.proxy.logAs(msg, flow);
        if (msg.isRequest) this.request(msg, flow);
        else this.reply(msg, flow);
      }
    } catch (error) {
      this.failed(error, msg, flow);
    }
    this.proxy.logPlain();
    if (msg.owned) this.spare = new SipMessage();
  }

  // Strangers wrote that line: control characters must not forge lines of the log.
  private tell(msg: SipMessage, flow: Flow): void {
    const line = textOf(msg.buf, msg.lineStart, Math.min(msg.firstLineEnd, msg.lineStart + 120)).trimEnd();
    this.proxy.log.debug(`from ${where(flow)}: ${JSON.stringify(line)}`);
  }

  private mayEnter(buf: Uint8Array, start: number, end: number, flow: Flow): boolean {
    const raw = new SipMessage();
    raw.buf = buf;
    raw.start = start;
    raw.end = end;
    const may = this.events.mayEnter(raw, flow);
    if (!may) this.proxy.counters.drop("msg-received");
    return may;
  }

  private request(msg: SipMessage, flow: Flow): void {
    if (this.proxy.forceRport) msg.forceRport = true;
    const { proxy } = this;
    proxy.counters.request(msg.method);
    msg.number = proxy.counters.number;
    const wrong = this.faultOf(msg, flow);
    if (wrong !== null) {
      this.refuse(msg, flow, wrong);
      return;
    }
    if (proxy.acceptAliases && flow.reliable) this.aliasOf(msg, flow);
    const { routes } = proxy;
    if (routes === null) return;
    if (this.events.preRouting === null) {
      this.routeRequest(this.begin(routes, msg, flow, RouteKind.REQUEST));
      return;
    }
    const before = this.events.before(msg, flow, RouteKind.REQUEST, this.brought);
    if (!(before instanceof Promise)) {
      if (before !== null) this.routeRequest(before);
      return;
    }
    before
      .then((ctx) => {
        if (ctx !== null) this.routeRequest(ctx);
      })
      .catch((error: unknown) => this.failed(error, msg, flow));
  }

  private begin(routes: Routes, msg: SipMessage, flow: Flow, kind: number): RouteContext {
    const ctx = new RouteContext(this.proxy, routes, msg, flow, kind);
    ctx.avpsOrNull = this.brought;
    return ctx;
  }

  private aliasOf(msg: SipMessage, flow: Flow): void {
    const via = msg.via();
    if (via !== null && via.aliasStart >= 0) this.proxy.transports.alias(flow, this.proxy.sentByPort(msg));
  }

  private faultOf(msg: SipMessage, flow: Flow): string | null {
    return mandatoryMissing(msg, flow) ?? (this.proxy.strictHeaders ? repeated(msg) : null);
  }

  private readonly isKnown = (cancel: SipMessage): boolean => this.proxy.transactions?.knowsInvite(cancel) === true;

  private routeRequest(ctx: RouteContext): void {
    const { proxy } = this;
    const { message: msg, flow, routes } = ctx;
    if (this.inFlight.offer(msg, flow, this.isKnown) !== NEW) return;
    if (msg.method === Method.ACK && proxy.absorbAck?.(ctx) === true) return;
    if (this.waiting > proxy.maxWaiting) {
      proxy.counters.drop("too-many-waiting");
      proxy.replyStateless(msg, flow, 503, "Service Unavailable", "Retry-After: 10\r\n");
      return;
    }
    const since = proxy.log.enabled(proxy.routeTimeLog) ? proxy.host.clock.mono() : -1;
    try {
      const result = routes.request(ctx);
      if (since >= 0) this.tellTime("request-route", since);
      if (typeof result === "number") this.afterRequestRoute(ctx, result);
      else this.suspended(ctx, result);
    } catch (error) {
      this.routeFailed(error, ctx);
    }
  }

  // The route waits: the bytes must outlive this call, and the rest of the work follows later.
  private suspended(ctx: RouteContext, result: Promise<number>): void {
    ctx.message.own();
    const cost = this.waits(ctx.message);
    const handle = this.inFlight.enter(ctx.message);
    result
      .then((code) => this.afterRequestRoute(ctx, code))
      .catch((error: unknown) => this.routeFailed(error, ctx))
      .finally(() => {
        this.waiting -= cost;
        // what overtook this request was held back and comes now
        for (const { msg, origin } of this.inFlight.leave(handle)) this.again(msg, origin);
      });
  }

  private waits(msg: SipMessage): number {
    const cost = msg.end - msg.start + WAITING_COST;
    this.waiting += cost;
    return cost;
  }

  // As the oracle: a request route that ends with a negative code ends the connection too; exit and drop do not.
  private afterRequestRoute(ctx: RouteContext, code: number): void {
    this.proxy.transactions?.afterRequest(ctx);
    if (code >= 0 || ctx.stop !== Stop.NONE || !this.proxy.closesOnError) return;
    if (ctx.flow.reliable && ctx.flow.protocol !== Transport.SCTP) ctx.flow.finish();
  }

  private again(msg: SipMessage, flow: Flow): void {
    try {
      this.request(msg, flow);
    } catch (error) {
      this.failed(error, msg, flow);
    }
  }

  // latency_cfg_log; a route that waits is measured up to there: afterwards it holds nobody up.
  private tellTime(what: string, since: number): void {
    const { log, host, routeTimeLog } = this.proxy;
    log.write(routeTimeLog, `${what} executed in: ${Math.round((host.clock.mono() - since) * 1000)} usec`);
  }

  private reply(msg: SipMessage, flow: Flow): void {
    const { proxy } = this;
    proxy.counters.reply(msg.status, msg.cseq()?.method ?? 0);
    msg.number = proxy.counters.number;
    const wrong = this.faultOf(msg, flow);
    if (wrong !== null) {
      proxy.counters.drop("bad-reply");
      if (proxy.strangers.caresForBad(flow))
        this.tellStranger(proxy.coreLog, "unusable replies", () => `reply from ${where(flow)} dropped: ${wrong}`);
      return;
    }
    proxy.replySeen?.(msg);
    if (proxy.pingReply?.(msg, flow) === true) return;
    const { routes } = proxy;
    if (routes === null) return;
    if (this.events.preRouting === null) {
      if (routes.reply === null) this.passReply(msg, flow);
      else this.routeReply(this.begin(routes, msg, flow, RouteKind.REPLY));
      return;
    }
    const before = this.events.before(msg, flow, RouteKind.REPLY, this.brought);
    if (!(before instanceof Promise)) {
      if (before !== null) this.routeReply(before);
      return;
    }
    before
      .then((ctx) => {
        if (ctx !== null) this.routeReply(ctx);
      })
      .catch((error: unknown) => this.failed(error, msg, flow));
  }

  private routeReply(ctx: RouteContext): void {
    const { message: msg, flow, routes } = ctx;
    if (routes.reply === null) {
      this.passReply(msg, flow);
      return;
    }
    if (this.waiting > this.proxy.maxWaiting) {
      this.proxy.counters.drop("too-many-waiting");
      return;
    }
    ctx.status = msg.status;
    const since = this.proxy.log.enabled(this.proxy.routeTimeLog) ? this.proxy.host.clock.mono() : -1;
    const result: RouteResult = routes.reply(ctx);
    if (since >= 0) this.tellTime("reply-route", since);
    if (typeof result === "number") {
      this.afterReplyRoute(ctx, result);
      return;
    }
    msg.own();
    const cost = this.waits(msg);
    result
      .then((code) => this.afterReplyRoute(ctx, code))
      .catch((error: unknown) => this.failed(error, msg, flow))
      .finally(() => {
        this.waiting -= cost;
      });
  }

  // As the oracle: besides drop, a route whose code is 0 or negative drops the reply; exit does not.
  private afterReplyRoute(ctx: RouteContext, code: number): void {
    const drops = ctx.stop === Stop.DROP || (ctx.stop !== Stop.EXIT && code <= 0);
    if (drops) this.proxy.counters.drop("reply-route");
    else this.passReply(ctx.message, ctx.flow);
  }

  private passReply(msg: SipMessage, flow: Flow): void {
    const { proxy } = this;
    if (proxy.transactions?.reply(msg, flow) === true) return;
    // Else a stranger could have us send to anybody, by a Via chosen freely.
    if (!isOurVia(proxy, msg)) proxy.counters.drop("reply-not-ours");
    else if (proxy.strayReplyRoute !== "") this.strayReply(msg, flow);
    else forwardReply(proxy, msg, flow);
  }

  // A reply without a transaction goes through a route first, which may drop it (module tm's on_sl_reply).
  private strayReply(msg: SipMessage, flow: Flow): void {
    const { proxy } = this;
    const { routes } = proxy;
    const id = routes?.onreplyNumber?.(proxy.strayReplyRoute) ?? 0;
    if (routes === null || id === 0) {
      forwardReply(proxy, msg, flow);
      return;
    }
    const ctx = new RouteContext(proxy, routes, msg, flow, RouteKind.ONREPLY);
    ctx.status = msg.status;
    const after = (code: number): void => {
      if (ctx.stop === Stop.DROP || (ctx.stop !== Stop.EXIT && code === 0)) proxy.counters.drop("reply-route");
      else forwardReply(proxy, msg, flow);
    };
    const result = routes.onreply(id, ctx);
    if (typeof result === "number") after(result);
    else {
      msg.own();
      result.then(after).catch((error: unknown) => this.failed(error, msg, flow));
    }
  }

  private refuseUnscanned(code: number, msg: SipMessage, flow: Flow): void {
    const { proxy } = this;
    proxy.counters.drop("not-sip");
    if (!proxy.strangers.caresForBad(flow)) return;
    this.tellStranger(Level.INFO, "messages that are not SIP", () => {
      const head = textOf(msg.buf, msg.start, Math.min(msg.end, msg.start + 60));
      return `message from ${where(flow)} dropped: ${scanErrorText(code)}: ${JSON.stringify(head)}`;
    });
    this.events.broken(msg, flow);
    if (msg.isRequest) this.events.fault(msg, flow, badRequest(scanErrorText(code)));
  }

  // A request that has enough to be answered gets a 400 that says why (RFC 3261 8.1.3, 16.3).
  private refuse(msg: SipMessage, flow: Flow, why: string): void {
    const { proxy } = this;
    proxy.counters.badRequests++;
    if (!proxy.strangers.caresForBad(flow)) return;
    if (this.events.fault(msg, flow, badRequest(why))) return;
    if (msg.via() === null || msg.find(H.FROM) < 0 || msg.find(H.CSEQ) < 0) {
      proxy.counters.drop("bad-request");
      this.tellStranger(proxy.coreLog, "unusable requests", () => `request from ${where(flow)} dropped: ${why}`);
      return;
    }
    proxy.replyStateless(msg, flow, 400, `Bad Request (${why})`, "");
  }

  private tellStranger(level: number, kind: string, text: () => string): void {
    this.proxy.limited.write(this.proxy.log, level, kind, text);
  }

  // The route of a request has failed: where it has a transaction, that answers, so that a repetition gets the same answer.
  private routeFailed(error: unknown, ctx: RouteContext): void {
    try {
      if (this.proxy.transactions?.routeFailed(ctx) === true) this.complain(error, ctx.flow);
      else this.failed(error, ctx.message, ctx.flow);
    } catch (another) {
      this.complain(another, ctx.flow);
    }
  }

  private failed(error: unknown, msg: SipMessage, flow: Flow): void {
    const { proxy } = this;
    this.complain(error, flow);
    try {
      if (msg.isRequest && msg.via() !== null) proxy.replyStateless(msg, flow, 500, "Server Internal Error", "");
    } catch {
      proxy.counters.drop("error-reply-failed");
    }
  }

  private complain(error: unknown, flow: Flow): void {
    const { proxy } = this;
    proxy.counters.routeErrors++;
    const text = error instanceof Error ? error.message : String(error);
    this.tellStranger(
      Level.ERROR,
      "errors while handling messages",
      () => `error while handling a message from ${where(flow)}: ${text}`,
    );
    if (error instanceof Error && error.stack !== undefined) proxy.log.debug(error.stack);
  }
}

function badRequest(why: string): Fault {
  return { info: why, code: 400, reason: `Bad Request (${why})` };
}

function where(flow: Flow): string {
  return `${flow.remote.address}:${flow.remote.port}`;
}

// CRLF or a few zero bytes: what phones send to keep a NAT binding open.
function isKeepAlive(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start > 4) return false;
  for (let i = start; i < end; i++) if (buf[i] !== 13 && buf[i] !== 10 && buf[i] !== 0 && buf[i] !== 32) return false;
  return true;
}

/** What every message must have (RFC 3261 8.1.1) and we rely on; null when all is there and well-formed. */
function mandatoryMissing(msg: SipMessage, flow: Flow): string | null {
  if (msg.via() === null) return "Via missing or broken";
  const cseq = msg.cseq();
  if (cseq === null) return "CSeq missing or broken";
  if (msg.find(H.CALL_ID) < 0) return "Call-ID missing";
  if (msg.from() === null) return "From missing or broken";
  if (msg.to() === null) return "To missing or broken";
  if ((!flow.reliable || flow.protocol === Transport.SCTP) && lengthWrong(msg))
    return "Content-Length broken or larger than the body";
  if (msg.isRequest && cseq.method !== msg.method && msg.method !== Method.UNKNOWN) return "CSeq names another method";
  return null;
}

/** The headers that stand once, by their numbers (all below 32) as bits. */
const SINGLE =
  (1 << H.FROM) | (1 << H.TO) | (1 << H.CALL_ID) | (1 << H.CSEQ) | (1 << H.MAX_FORWARDS) | (1 << H.CONTENT_LENGTH);

// Two readers of a message with two Call-IDs may each take another one.
function repeated(msg: SipMessage): string | null {
  const { index, headerCount } = msg;
  let seen = 0;
  for (let h = 0; h < headerCount; h++) {
    const id = index[h * STRIDE]!;
    if (id > H.CONTENT_LENGTH) continue;
    const bit = (1 << id) & SINGLE;
    if ((seen & bit) !== 0) return "a header that may stand once stands twice";
    seen |= bit;
  }
  return null;
}

// RFC 3261 18.3: a datagram that ends before its body does is refused; on streams the framer has seen to it.
function lengthWrong(msg: SipMessage): boolean {
  const length = msg.uint(H.CONTENT_LENGTH);
  return length === -2 || length > msg.end - msg.bodyStart;
}
