// What a message says of one side of a dialog: tag, Contact, CSeq, and the way to it by Record-Route (RFC 3261 12.1).

import type { Listener } from "../../net/flow.ts";
import type { Proxy } from "../../proxy/proxy.ts";
import { contactOf, headerValues } from "../../sip/build-local.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { findListener, listenerText } from "../core/index.ts";
import { tagOf } from "./context.ts";
import type { Side } from "./dialog.ts";

/** Fills the caller's side from the INVITE as it was received. */
export function callerFrom(side: Side, msg: SipMessage, listener: Listener): void {
  side.tag = tagOf(msg, "from");
  side.contact = contactOf(msg) ?? "";
  side.cseq = msg.cseq()?.number ?? 0;
  side.routes = headerValues(msg, H.RECORD_ROUTE).join(",");
  side.known = true;
  setSocket(side, listener);
}

/**
 * Fills the callee's side from the 2xx. Of its Record-Routes the last `behind` stand for the way to the caller; those of ours come next, one
 * or a pair, and are left out unless they are to be kept. Returns them.
 */
export function calleeFrom(
  side: Side,
  reply: SipMessage,
  behind: number,
  listener: Listener,
  keepOwn: boolean,
  isOurs: (value: string) => boolean,
): string[] {
  side.tag = tagOf(reply, "to");
  side.contact = contactOf(reply) ?? "";
  side.cseq = 0;
  const all = headerValues(reply, H.RECORD_ROUTE);
  const front = all.slice(0, Math.max(0, all.length - behind));
  const own = front.splice(front.length - ownCount(front, isOurs));
  side.routes = (keepOwn ? [...front, ...own] : front).reverse().join(",");
  side.known = true;
  setSocket(side, listener);
  return own;
}

/** Notes the listener that messages of a side come to. */
export function setSocket(side: Side, listener: Listener): void {
  side.socket = listener;
  side.socketText = listenerText(listener);
}

/** The listener of a side; null when no listener has that address now. Those read from a database are looked for when they are needed. */
export function socketOf(proxy: Proxy, side: Side): Listener | null {
  if (side.socket === null && side.socketText !== "") side.socket = findListener({ proxy }, side.socketText);
  return side.socket;
}

// Ours stands last of those in front of the caller's: a pair when it says r2.
function ownCount(front: readonly string[], isOurs: (value: string) => boolean): number {
  const last = front.at(-1);
  if (last === undefined || !isOurs(last)) return 0;
  return /;r2=/i.test(last) && front.length > 1 && isOurs(front.at(-2)!) ? 2 : 1;
}
