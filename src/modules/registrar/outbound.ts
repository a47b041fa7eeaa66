// What a registrar looks at for outbound (RFC 5626 6): what the user agent and its first hop can do.

import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { clearNameAddr, NameAddrRange, parseNameAddr } from "../../sip/name-addr.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { textOf } from "../../util/bytes.ts";
import { uriOf } from "../core/index.ts";
import { hasOption, type Registrar } from "./registrar.ts";
import { list } from "./run.ts";

const hop = new NameAddrRange();

/** Forgets the reg-ids of `list` where the first hop cannot keep flows apart: there they mean nothing. Always 0. */
export function ignoreRegIds(reg: Registrar, msg: SipMessage): 0 {
  let isUsed = false;
  for (let i = 0; i < list.count; i++) isUsed ||= list.items[i]!.regId > 0;
  if (isUsed && reg.settings.outboundMode !== 0 && !firstHopHasOutbound(msg))
    for (let i = 0; i < list.count; i++) list.items[i]!.regId = 0;
  return 0;
}

/** Whether the user agent names outbound. */
export function asksOutbound(msg: SipMessage): boolean {
  return hasOption(msg, H.SUPPORTED, "outbound") || (list.require >= 0 && hasOption(msg, H.REQUIRE, "outbound"));
}

/** Whether the first hop supports outbound: that is us, or the proxy whose Path stands last, since it was the first to write one. */
export function firstHopHasOutbound(msg: SipMessage): boolean {
  if (msg.secondVia() === null) return true;
  let last = list.path;
  if (last < 0) return false;
  for (let h = last; h >= 0; h = msg.find(H.PATH, h + 1)) last = h;
  const end = msg.index[last * STRIDE + VALUE_END]!;
  for (let at = msg.index[last * STRIDE + VALUE_START]!; at >= 0; at = hop.next) {
    clearNameAddr(hop);
    if (parseNameAddr(msg.buf, at, end, hop) !== 0) return false;
  }
  return uriOf(textOf(msg.buf, hop.uriStart, hop.uriEnd))?.param("ob") !== undefined;
}
