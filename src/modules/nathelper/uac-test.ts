// nat_uac_test(): what hints at a phone behind NAT.

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import { HostKind, hostKind } from "../../sip/host.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseContact } from "../../sip/name-addr.ts";
import { Transport } from "../../sip/transports.ts";
import { parseUri, Scheme, UriRange } from "../../sip/uri.ts";
import { toInt } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import { canonicalIp } from "../../util/ip.ts";
import { isSip, portOf, uriOf, valueEnd, valueStart } from "../core/index.ts";
import { isPrivate, isPrivateText } from "./addresses.ts";
import { AddressLine, hasSession, nextAddress, SessionAddress } from "./session.ts";

/** Bits of the argument, as Kamailio documents them. */
const Test = {
  CONTACT_PRIVATE: 1,
  VIA_HOST_DIFFERS: 2,
  VIA_PRIVATE: 4,
  SDP_PRIVATE: 8,
  VIA_PORT_DIFFERS: 16,
  SOURCE_PRIVATE: 32,
  WEBSOCKET: 64,
  CONTACT_PORT_DIFFERS: 128,
  SDP_DIFFERS: 256,
  TARGET_DIFFERS: 512,
} as const;

const uri = new UriRange();
const address = new NameAddrRange();
const found = new SessionAddress();

/** 1 when one of the tests in `flags` holds, else -1. */
export function uacTest(ctx: RouteContext, flags: number, reserved: boolean): number {
  const msg = ctx.message;
  const { remote, protocol } = ctx.flow;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (has(Test.CONTACT_PRIVATE) && anyContact(msg, (buf) => isPrivate(buf, uri.hostStart, uri.hostEnd, reserved)))
    return 1;
  const via = has(Test.VIA_HOST_DIFFERS | Test.VIA_PRIVATE | Test.VIA_PORT_DIFFERS) ? msg.via() : null;
  if (via !== null) {
    if (has(Test.VIA_HOST_DIFFERS) && !isAddress(msg.buf, via.hostStart, via.hostEnd, remote.address)) return 1;
    if (has(Test.VIA_PRIVATE) && isPrivate(msg.buf, via.hostStart, via.hostEnd, reserved)) return 1;
    if (has(Test.VIA_PORT_DIFFERS) && (via.port < 0 ? 5060 : via.port) !== remote.port) return 1;
  }
  if (has(Test.SOURCE_PRIVATE) && isPrivateText(remote.address, reserved)) return 1;
  if (has(Test.WEBSOCKET) && (protocol === Transport.WS || protocol === Transport.WSS)) return 1;
  if (has(Test.CONTACT_PORT_DIFFERS) && contactPort(msg) !== remote.port && contactPort(msg) >= 0) return 1;
  if (has(Test.SDP_PRIVATE) && anyConnection(msg, (buf, start, end) => isPrivate(buf, start, end, reserved))) return 1;
  if (has(Test.SDP_DIFFERS) && anyConnection(msg, (buf, start, end) => isOther(buf, start, end, remote.address)))
    return 1;
  if (has(Test.TARGET_DIFFERS) && (msg.isRequest ? requestTargetDiffers(msg) : replyTargetDiffers(msg))) return 1;
  return -1;
}

/** Whether some SIP URI among the contacts is one; `uri` is the one in question. */
function anyContact(msg: SipMessage, holds: (buf: Uint8Array) => boolean): boolean {
  for (let h = msg.find(H.CONTACT); h >= 0; h = msg.find(H.CONTACT, h + 1)) {
    const end = valueEnd(msg, h);
    for (let at = valueStart(msg, h); at >= 0; at = address.next) {
      if (parseContact(msg.buf, at, end, address) !== 0 || address.star === 1) return false;
      if (parseUri(msg.buf, address.uriStart, address.uriEnd, uri) === 0 && holds(msg.buf)) return true;
    }
  }
  return false;
}

/** The port of the first contact; -1 when there is none that is a SIP URI. */
function contactPort(msg: SipMessage): number {
  const h = msg.find(H.CONTACT);
  if (h < 0 || parseContact(msg.buf, valueStart(msg, h), valueEnd(msg, h), address) !== 0 || address.star === 1)
    return -1;
  if (parseUri(msg.buf, address.uriStart, address.uriEnd, uri) !== 0) return -1;
  if (uri.scheme !== Scheme.SIP && uri.scheme !== Scheme.SIPS) return -1;
  if (uri.port > 0) return uri.port;
  return uri.scheme === Scheme.SIPS || uri.transport === Transport.TLS ? 5061 : 5060;
}

function anyConnection(msg: SipMessage, holds: (buf: Uint8Array, start: number, end: number) => boolean): boolean {
  if (!hasSession(msg)) return false;
  for (let at = msg.bodyStart; nextAddress(msg.buf, at, msg.end, found); at = found.next)
    if (found.kind === AddressLine.CONNECTION && holds(msg.buf, found.start, found.end)) return true;
  return false;
}

/** Whether it is a numeric address, but not that one. */
function isOther(buf: Uint8Array, start: number, end: number, ip: string): boolean {
  const kind = hostKind(buf, start, end);
  const isNumeric = kind === HostKind.IPV4 || kind === HostKind.IPV6 || textOf(buf, start, end).includes(":");
  return isNumeric && !isAddress(buf, start, end, ip);
}

function isAddress(buf: Uint8Array, start: number, end: number, ip: string): boolean {
  const text = textOf(buf, start, end).replace(/^\[|\]$/g, "");
  return text === ip || canonicalIp(text) === ip;
}

// Where the request goes in place of its R-URI.
function requestTargetDiffers(msg: SipMessage): boolean {
  if (msg.dstUri === null || msg.dstUri === "") return false;
  const to = uriOf(msg.dstUri);
  const asked = uriOf(msg.requestUri());
  if (to === null || asked === null || !isSip(to) || !isSip(asked)) return false;
  const transport = to.param("transport")?.toLowerCase();
  if (transport === "ws" || transport === "wss") return true;
  return to.host.toLowerCase() !== asked.host.toLowerCase() || portOf(to) !== portOf(asked);
}

// Where the reply goes in place of the sent-by of its second Via.
function replyTargetDiffers(msg: SipMessage): boolean {
  const via = msg.secondVia();
  if (via === null) return false;
  if (via.transport === Transport.WS || via.transport === Transport.WSS) return true;
  const { buf } = msg;
  if (
    via.receivedStart >= 0 &&
    !isAddress(buf, via.hostStart, via.hostEnd, textOf(buf, via.receivedStart, via.receivedEnd))
  )
    return true;
  if (via.rportValueStart < 0) return false;
  return toInt(textOf(buf, via.rportValueStart, via.rportValueEnd)) !== (via.port < 0 ? 5060 : via.port);
}
