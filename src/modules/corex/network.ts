// event_route[network:msg]: the script sees what comes in before it is parsed, and what is about to leave, and may put other bytes in its
// place; event_route[corex:reply-out] sees replies that leave.

import type { Flow } from "../../net/flow.ts";
import type { Outgoing } from "../../net/wire.ts";
import { RouteContext, RouteKind, type RouteResult } from "../../proxy/context.ts";
import type { Entered, Proxy } from "../../proxy/proxy.ts";
import { SipMessage } from "../../sip/message.ts";
import { bytesOf } from "../../util/bytes.ts";

const DIRECTION = {};
/** "SIP/" begins a reply. */
const REPLY = [0x53, 0x49, 0x50, 0x2f];

/** What the parameters nio_* say; `avp` is its key in `Avps`. */
export interface NetworkRules {
  readonly minLength: number;
  readonly avp: string;
}

type Run = (ctx: RouteContext) => RouteResult;

/** Whether the event route looks at something that came in. */
export function isIncoming(ctx: RouteContext): boolean {
  return ctx.attachment<boolean>(DIRECTION) === true;
}

/** Puts the event routes in force, or out of it where the script has none. `rules`: null when nio_intercept is off. */
export function watchNetwork(proxy: Proxy, rules: NetworkRules | null): void {
  const message = rules === null ? null : (proxy.routes?.event("network:msg") ?? null);
  const replyOut = proxy.routes?.event("corex:reply-out") ?? null;
  const watch = message === null ? null : new NetworkRoute(proxy, rules!, message);
  proxy.incoming = watch === null ? null : (buf, start, end, flow) => watch.received(buf, start, end, flow);
  const look: Outgoing = (buf, start, end, flow) => {
    const bytes = buf.slice(start, end); // a route may build another message where this one stands
    if (replyOut !== null && REPLY.every((byte, i) => bytes[i] === byte)) tellReply(proxy, replyOut, bytes, flow);
    return watch?.leaving(bytes, flow) ?? bytes;
  };
  proxy.transports.wire.outgoing = watch === null && replyOut === null ? null : look;
}

// The reply as it leaves, as the message of a route of its own.
function tellReply(proxy: Proxy, route: Run, bytes: Uint8Array, flow: Flow): void {
  const msg = new SipMessage();
  if (msg.parse(bytes, 0, bytes.length) !== 0) return;
  msg.owned = true;
  const ctx = new RouteContext(proxy, proxy.routes!, msg, flow, RouteKind.EVENT);
  ctx.status = msg.status;
  runNow(proxy, "corex:reply-out", route, ctx);
}

class NetworkRoute {
  private readonly proxy: Proxy;
  private readonly rules: NetworkRules;
  private readonly route: Run;

  constructor(proxy: Proxy, rules: NetworkRules, route: Run) {
    this.proxy = proxy;
    this.rules = rules;
    this.route = route;
  }

  received(buf: Uint8Array, start: number, end: number, flow: Flow): Entered {
    const bytes = buf.slice(start, end);
    if (bytes.length < this.rules.minLength) return { bytes, avps: null };
    const ctx = this.run(bytes, flow, true);
    return { bytes: this.result(ctx) ?? bytes, avps: ctx.avpsOrNull };
  }

  /** What to send in place of the bytes; null: them. */
  leaving(bytes: Uint8Array, flow: Flow): Uint8Array | null {
    return bytes.length < this.rules.minLength ? null : this.result(this.run(bytes, flow, false));
  }

  // Each run begins without AVPs: what was put in place of one message must not be sent in place of another.
  private run(bytes: Uint8Array, flow: Flow, incoming: boolean): RouteContext {
    const msg = new SipMessage();
    msg.buf = bytes;
    msg.start = 0;
    msg.end = bytes.length;
    msg.owned = true;
    const ctx = new RouteContext(this.proxy, this.proxy.routes!, msg, flow, RouteKind.EVENT);
    ctx.attach(DIRECTION, incoming);
    runNow(this.proxy, "network:msg", this.route, ctx);
    return ctx;
  }

  // A number changes nothing, as on the oracle.
  private result(ctx: RouteContext): Uint8Array | null {
    const value = ctx.avpsOrNull?.all(this.rules.avp)?.[0];
    return typeof value === "string" ? bytesOf(value) : null;
  }
}

// The bytes are on their way: a route that waits is too late to change them, one that fails changes nothing.
function runNow(proxy: Proxy, name: string, route: Run, ctx: RouteContext): void {
  const failed = (error: unknown): void => {
    proxy.counters.routeErrors++;
    const text = error instanceof Error ? error.message : String(error);
    proxy.limited.error(proxy.log, `event_route[${name}]: ${text}`);
  };
  try {
    const ran = route(ctx);
    if (typeof ran !== "number") ran.catch(failed);
  } catch (error) {
    failed(error);
  }
}
