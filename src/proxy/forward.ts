// Stateless forwarding (RFC 3261 16.11): the core's forward(), and ACKs that belong to no transaction.

import type { Flow, Listener } from "../net/flow.ts";
import { H } from "../sip/headers.ts";
import type { SipMessage } from "../sip/message.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../sip/scan.ts";
import { parseUriText } from "../sip/uri-text.ts";
import { hashBytes } from "../util/bytes.ts";
import { type Maybe, whenThere } from "../util/maybe.ts";
import type { RouteContext } from "./context.ts";
import { mayLeave } from "./onsend.ts";
import { hex8, type Proxy } from "./proxy.ts";
import type { Walk } from "./walk.ts";

/**
 * Forwards a request without a transaction to `uri` (the destination URI, else the R-URI, when null). Returns 1 when it was handed to a
 * flow, -1 when it could not be; `from` is the listener to send from (null: the one it came by). A promise of that when the name of the next hop had to be looked up.
 * `ctx`: the route that forwards, for onsend_route; null sends without it.
 */
export function forwardStateless(
  proxy: Proxy,
  msg: SipMessage,
  flow: Flow,
  uri: string | null,
  from: Listener | null = null,
  ctx: RouteContext | null = null,
): number | Promise<number> {
  const hop = uri ?? msg.dstUri;
  if (msg.flowId !== 0 && hop === null && msg.newUri === msg.flowUri) {
    const open = proxy.transports.flowById(msg.flowId);
    if (open !== null) return sendTo(proxy, msg, flow, open, ctx);
  }
  const next = hop ?? msg.requestUri();
  const asker = ctx?.avpsOrNull ?? null;
  const walk = proxy.dns.settings.failover
    ? proxy.resolver.walk(next, from ?? flow.listener, msg.send?.forwardNoConnect === true, from !== null, asker)
    : null;
  if (walk !== null) {
    const sent = whenThere(walk, (targets) => sendAlong(proxy, msg, flow, targets, next, ctx));
    if (sent instanceof Promise) msg.own();
    return sent;
  }
  const { blocklist } = proxy;
  if (blocklist.on && proxy.resolver.isListed(next, blocklist)) return blocked(proxy, ctx); // before a connection is opened
  const to = proxy.resolver.uriFlow(
    next,
    from ?? flow.listener,
    msg.send?.forwardNoConnect === true,
    from !== null,
    asker,
  );
  if (to instanceof Promise) {
    msg.own();
    return to.then((found) => (found === null ? unreachable(proxy, next, ctx) : sendTo(proxy, msg, flow, found, ctx)));
  }
  return to === null ? unreachable(proxy, next, ctx) : sendTo(proxy, msg, flow, to, ctx);
}

// To the first target of a name that takes it (use_dns_failover).
function sendAlong(
  proxy: Proxy,
  msg: SipMessage,
  flow: Flow,
  walk: Walk,
  uri: string,
  ctx: RouteContext | null,
): Maybe<number> {
  return whenThere(walk.next(), (found) => {
    if (found === null) return unreachable(proxy, uri, ctx);
    return whenThere(sendTo(proxy, msg, flow, found, ctx), (sent) =>
      sent > 0 || !walk.more ? sent : sendAlong(proxy, msg, flow, walk, uri, ctx),
    );
  });
}

/** What sl_reply_error tells after a forwarding that failed, in Kamailio's words. */
const UNSENT = { code: 477, reason: "Unfortunately error on sending to next hop occurred (477/SL)" };
const UNRESOLVED = { code: 478, reason: "Unresolvable destination (478/SL)" };
/** RFC 5626 5.3.1: so that who sent it may try another flow of the telephone. */
const FLOW_FAILED = { code: 430, reason: "Flow Failed" };
const NO_SOCKET = { code: 500, reason: "I'm terribly sorry, server error occurred (7/SL)" };

function unreachable(proxy: Proxy, uri: string, ctx: RouteContext | null): number {
  proxy.counters.drop("unroutable");
  if (typeof parseUriText(uri) === "number") proxy.counters.badUris++;
  const noSocket = proxy.lacksSocket(uri);
  if (ctx === null) return -1;
  const { send } = ctx.message;
  if (send?.byFlowToken === true) ctx.failure = FLOW_FAILED;
  else ctx.failure = noSocket ? NO_SOCKET : send?.forwardNoConnect === true ? UNSENT : UNRESOLVED;
  return -1;
}

function blocked(proxy: Proxy, ctx: RouteContext | null): number {
  proxy.counters.drop("blocked");
  if (ctx !== null) ctx.failure = UNSENT;
  return -1;
}

function sendTo(
  proxy: Proxy,
  msg: SipMessage,
  flow: Flow,
  found: Flow,
  ctx: RouteContext | null,
): number | Promise<number> {
  const end = proxy.writeRequest(msg, flow, found, statelessBranch(msg), null, msg.path);
  if (end < 0) {
    proxy.counters.drop("too-large");
    return -1;
  }
  const to = proxy.leaving ?? found;
  const { blocklist } = proxy;
  if (blocklist.on) {
    const ignore = msg.send?.ignoreFailures ?? 0;
    if (ignore !== 0) blocklist.excuse(to, ignore);
    if (to.open && blocklist.isBlocked(to)) return blocked(proxy, ctx);
  }
  const onsend = ctx === null || ctx.sending !== null ? null : ctx.routes.onsend; // what onsend_route itself sends is not looked at
  const last = msg.send?.forwardClose === true;
  if (onsend === null) return give(to, proxy.out, end, last, ctx);
  const bytes = proxy.out.slice(0, end); // the route may send something itself, which is built there
  const leaves = mayLeave(ctx!, onsend, to, end);
  if (typeof leaves === "boolean") return leaves ? give(to, bytes, end, last, ctx) : -1;
  msg.own();
  return leaves.then((may) => (may ? give(to, bytes, end, last, ctx) : -1));
}

function give(to: Flow, bytes: Uint8Array, end: number, last: boolean, ctx: RouteContext | null): number {
  const sent = to.send(bytes, 0, end);
  if (sent && ctx !== null) ctx.proxy.counters.forwardedRequests++;
  if (!sent && ctx !== null) ctx.failure = UNSENT;
  if (last) to.finish();
  return sent ? 1 : -1;
}

/** A branch that is the same for each retransmission (RFC 3261 16.11), made from the received one; never one of tm's. */
function statelessBranch(msg: SipMessage): string {
  let h = 0;
  const via = msg.via();
  if (via !== null && via.branchStart >= 0) h = hashBytes(msg.buf, via.branchStart, via.branchEnd, h);
  const callId = msg.find(H.CALL_ID);
  if (callId >= 0)
    h = hashBytes(msg.buf, msg.index[callId * STRIDE + VALUE_START]!, msg.index[callId * STRIDE + VALUE_END]!, h);
  const cseq = msg.cseq();
  if (cseq !== null) h = Math.imul(h ^ cseq.number, 0x01000193);
  return `z9hG4bKsl${hex8(h)}`;
}
