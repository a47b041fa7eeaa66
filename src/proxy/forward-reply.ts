// Replies that belong to no transaction here: passed on by their Vias (RFC 3261 16.7, 18.1.2).

import type { Flow } from "../net/flow.ts";
import { writeForwardedReply } from "../sip/build.ts";
import type { SipMessage } from "../sip/message.ts";
import { textOf } from "../util/bytes.ts";
import { replyMayLeave } from "./onsend.ts";
import type { Proxy } from "./proxy.ts";

/** Forwards a reply to where its second Via says. Returns whether it could be sent. */
export function forwardReply(proxy: Proxy, msg: SipMessage, flow: Flow): boolean {
  const via = msg.secondVia();
  if (via === null) {
    proxy.counters.drop("reply-without-second-via");
    return false;
  }
  const { send } = msg; // in routes of replies, what is said of forwarding means the reply
  const openOnly = send !== null && (send.replyNoConnect || send.forwardNoConnect);
  const to = proxy.resolver.viaFlow(msg.buf, via, flow, openOnly);
  if (!(to instanceof Promise)) return pass(proxy, msg, flow, to);
  msg.own();
  void to.then((found) => pass(proxy, msg, flow, found));
  return true;
}

function pass(proxy: Proxy, msg: SipMessage, flow: Flow, to: Flow | null): boolean {
  const { send } = msg;
  if (to === null) {
    proxy.counters.drop("reply-unroutable");
    return false;
  }
  const end = writeForwardedReply(msg, proxy.out);
  if (end <= 0) return false;
  if (proxy.onsendReplies) {
    if (!replyMayLeave(proxy, proxy.routes, msg, flow, to, end, null)) return false;
    writeForwardedReply(msg, proxy.out); // the route may have sent something itself
  }
  const sent = to.send(proxy.out, 0, end);
  if (sent) proxy.counters.forwardedReplies++;
  if (send !== null && (send.replyClose || send.forwardClose)) to.finish();
  return sent;
}

/** Whether the first Via of a reply is one that we have put there (RFC 3261 18.1.2; others are dropped). */
export function isOurVia(proxy: Proxy, msg: SipMessage): boolean {
  const via = msg.via();
  if (via === null) return false;
  const host = textOf(msg.buf, via.hostStart, via.hostEnd).toLowerCase();
  return proxy.identity.isOurSentBy(host, via.port > 0 ? via.port : 5060);
}
