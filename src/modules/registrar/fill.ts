// Writing a contact of a request into its binding.

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { unescapeUri } from "../../sip/uri-text.ts";
import { equalsText, textOf } from "../../util/bytes.ts";
import { parseQText } from "../core/index.ts";
import { type Contact, common } from "../usrloc/index.ts";
import { attributesOf, numberSetting } from "./attributes.ts";
import type { ContactItem } from "./contacts.ts";
import { kamailioBits } from "./methods.ts";
import { list, type Save } from "./run.ts";

const FORCED_Q = {};

/** set_q_override() of scripts in other languages: the q of contacts that are saved for this message from now on, in thousandths. */
export function forceQ(ctx: RouteContext, text: string): number {
  const q = parseQText(text);
  if (q < 0) return -1;
  ctx.attach(FORCED_Q, q);
  return 1;
}

/** The most octets of User-Agent that a binding keeps: what the column holds. */
const MAX_AGENT = 255;

/** Writes a contact of the request into a binding. Texts that have not changed are not made anew. */
export function fill(run: Save, contact: Contact, item: ContactItem, path: string): void {
  const { reg, ctx, now } = run;
  const { settings } = reg;
  const msg = ctx.message;
  const { buf, index } = msg;
  const { addr } = item;
  if (item.newUri !== null) contact.contact = item.newUri;
  else if (!equalsText(buf, addr.uriStart, addr.uriEnd, contact.contact))
    contact.contact = textOf(buf, addr.uriStart, addr.uriEnd);
  const callId = list.callId * STRIDE;
  if (!equalsText(buf, index[callId + VALUE_START]!, index[callId + VALUE_END]!, contact.callid)) {
    contact.callid = textOf(buf, index[callId + VALUE_START]!, index[callId + VALUE_END]!);
  }
  const agent = list.userAgent * STRIDE;
  if (agent < 0) contact.userAgent = "n/a";
  else {
    const start = index[agent + VALUE_START]!;
    const end = Math.min(index[agent + VALUE_END]!, start + MAX_AGENT);
    if (!equalsText(buf, start, end, contact.userAgent)) contact.userAgent = common(textOf(buf, start, end));
  }
  contact.expires = now + item.granted;
  contact.lastModified = now;
  contact.silentSince = 0;
  contact.cseq = msg.cseq()?.number ?? 0;
  contact.q =
    ctx.attachment<number>(FORCED_Q) ?? numberSetting(settings, ctx, "q") ?? (item.q >= 0 ? item.q : settings.defaultQ);
  if (contact.q > 1000) contact.q = 1000;
  contact.methods = item.methods >= 0 ? item.methods : allowed(msg);
  contact.instance = item.instance;
  contact.regId = item.regId;
  contact.serverId = reg.usrloc.settings.serverId;
  contact.socket = reg.socketOf(ctx);
  const { xavpContact } = reg.usrloc.settings;
  if (xavpContact !== "") contact.attributes = attributesOf(ctx, xavpContact);
  contact.cflags = msg.branchFlags;
  contact.path = path;
  contact.received = reg.receivedOf(ctx);
  if (settings.pathUseReceived && path !== "") takeReceived(run, contact, path);
  // a contact that asks for datagrams gets them, whatever it registered over
  contact.flowId = ctx.flow.reliable && !/;transport=udp\b/i.test(contact.contact) ? ctx.flow.id : 0;
}

/** path_use_received: the first hop tells the source address in its Path URI (RFC 3327 has no such thing; load balancers do). */
function takeReceived(run: Save, contact: Contact, path: string): void {
  const received = /^[^>,]*?;received=([^;>,]*)/i.exec(path)?.[1];
  if (received === undefined || received === "") return;
  contact.received = unescapeUri(received);
  contact.cflags |= run.reg.usrloc.settings.natFlag;
}

function allowed(msg: SipMessage): number {
  let bits = -1;
  for (let h = list.allow; h >= 0; h = msg.find(H.ALLOW, h + 1)) {
    bits =
      Math.max(0, bits) |
      kamailioBits(msg.buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!);
  }
  return bits;
}
