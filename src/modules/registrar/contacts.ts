// The Contact headers of a REGISTER, read into one reused list of offsets.

import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { parseQ } from "../../sip/misc.ts";
import { NameAddrRange, parseContact } from "../../sip/name-addr.ts";
import { nextParam, ParamRange } from "../../sip/params.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { equalsIgnoreCase, parseUint } from "../../sip/tokens.ts";
import { textOf } from "../../util/bytes.ts";
import type { Contact } from "../usrloc/index.ts";
import { kamailioBits } from "./methods.ts";

/** The most contacts one request may carry: matching them with the bindings takes the product of both. */
const MAX_CONTACTS = 64;

/** One value of a Contact header, and what save() works out for it. */
export class ContactItem {
  readonly addr = new NameAddrRange();
  /** The URI that a function of the script has put in place of that of the message; null when none has. */
  newUri: string | null = null;
  /** +sip.instance without its quotes; "" none. */
  instance = "";
  regId = 0;
  /** Kamailio's bits from the `methods` parameter, -1 without one. */
  methods = -1;
  /** Thousandths; -1 unspecified, -2 malformed. */
  q = -1;
  /** Seconds from the parameter; -1 when it is missing or malformed. */
  expires = -1;
  /** Filled by save(): seconds granted, the binding it means, and whether it is a retransmission. */
  granted = 0;
  match: Contact | null = null;
  repeated = false;
}

/** Why the list could not be read: none, syntax, too many. */
export const ContactsError = { NONE: 0, PARSE: 1, TOO_MANY: 2 } as const;

/**
 * The contacts of one request, and where the other headers stand that matter to a registrar; found in one pass, since looking for each
 * by itself costs more than all else here. Reused for the next request.
 */
export class ContactList {
  count = 0;
  star = false;
  readonly items: ContactItem[] = [];
  /** Number of the first header of each kind in the message's index, -1 without one. */
  callId = -1;
  userAgent = -1;
  expires = -1;
  require = -1;
  allow = -1;
  path = -1;

  /** Reads all Contact headers. Returns a ContactsError. Valid until the next call. */
  read(msg: SipMessage): number {
    this.count = 0;
    this.star = false;
    this.callId = this.userAgent = this.expires = this.require = this.allow = this.path = -1;
    const { index, headerCount } = msg;
    let result: number = ContactsError.NONE;
    for (let h = 0; h < headerCount; h++) {
      switch (index[h * STRIDE]) {
        case H.CONTACT:
          if (result === ContactsError.NONE) {
            result = this.readHeader(msg, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!);
          }
          break;
        case H.CALL_ID:
          if (this.callId < 0) this.callId = h;
          break;
        case H.USER_AGENT:
          if (this.userAgent < 0) this.userAgent = h;
          break;
        case H.EXPIRES:
          if (this.expires < 0) this.expires = h;
          break;
        case H.REQUIRE:
          if (this.require < 0) this.require = h;
          break;
        case H.ALLOW:
          if (this.allow < 0) this.allow = h;
          break;
        case H.PATH:
          if (this.path < 0) this.path = h;
          break;
        default:
      }
    }
    return result;
  }

  // As the oracle: the values of one header from its end.
  private reverse(first: number): void {
    const { items } = this;
    for (let i = first, k = this.count - 1; i < k; i++, k--) {
      const item = items[i]!;
      items[i] = items[k]!;
      items[k] = item;
    }
  }

  private readHeader(msg: SipMessage, start: number, end: number): number {
    const { buf } = msg;
    let pos = start;
    const first = this.count;
    while (pos >= 0) {
      if (this.count === MAX_CONTACTS) return ContactsError.TOO_MANY;
      const item = (this.items[this.count++] ??= new ContactItem());
      if (parseContact(buf, pos, end, item.addr) !== 0) return ContactsError.PARSE;
      if (item.addr.star === 1) this.star = true;
      item.newUri = msg.edits.count === 0 ? null : newUriOf(msg, item.addr);
      readParams(buf, item);
      pos = item.addr.next;
    }
    this.reverse(first);
    return ContactsError.NONE;
  }
}

/** As nathelper writes it: the whole URI, with brackets where the header has none. */
function newUriOf(msg: SipMessage, { uriStart, uriEnd }: NameAddrRange): string | null {
  const text = msg.edits.replacement(uriStart, uriEnd);
  return text?.startsWith("<") ? text.slice(1, -1) : text;
}

const param = new ParamRange();

function readParams(buf: Uint8Array, item: ContactItem): void {
  const { addr } = item;
  item.instance = "";
  item.regId = 0;
  item.methods = -1;
  item.match = null;
  item.repeated = false;
  item.q = addr.qStart < 0 ? -1 : lenientQ(buf, addr.qStart, addr.qEnd);
  item.expires = addr.expiresStart < 0 ? -1 : unquotedUint(buf, addr.expiresStart, addr.expiresEnd);
  if (addr.paramsStart < 0) return;
  let pos = addr.paramsStart;
  while (nextParam(buf, pos, addr.paramsEnd, param) === 0) {
    pos = param.next;
    const { nameStart: s, nameEnd: e, valueStart: v } = param;
    if (v < 0) continue;
    if (e - s === 13 && equalsIgnoreCase(buf, s, e, "+sip.instance")) item.instance = inQuotes(buf, v, param.valueEnd);
    else if (e - s === 6 && equalsIgnoreCase(buf, s, e, "reg-id"))
      item.regId = Math.max(0, parseUint(buf, v, param.valueEnd));
    else if (e - s === 7 && equalsIgnoreCase(buf, s, e, "methods")) {
      const inner = buf[v] === 0x22 ? 1 : 0;
      item.methods = kamailioBits(buf, v + inner, param.valueEnd - inner);
    }
  }
  if (item.instance === "") item.regId = 0; // RFC 5626 6: then it tells no flows apart
}

/** A value without its quotes, escapes kept: it goes back into quotes as it is. */
function inQuotes(buf: Uint8Array, start: number, end: number): string {
  const inner = buf[start] === 0x22 ? 1 : 0;
  return textOf(buf, start + inner, end - inner);
}

/** Some phones quote the number. -1 when it is none. */
function unquotedUint(buf: Uint8Array, start: number, end: number): number {
  const inner = end - start > 2 && buf[start] === 0x22 ? 1 : 0;
  const n = parseUint(buf, start + inner, end - inner);
  return n > 0x7fffffff ? -1 : n;
}

/** A q in thousandths, with more digits and without the leading zero allowed, as Kamailio does; -2 when it is none. */
function lenientQ(buf: Uint8Array, start: number, end: number): number {
  const exact = parseQ(buf, start, end);
  if (exact >= 0) return exact;
  let i = start;
  let q = 0;
  if (buf[i] === 0x30 || buf[i] === 0x31) q = (buf[i++]! - 0x30) * 1000;
  if (buf[i] !== 0x2e || i + 1 >= end) return -2;
  let scale = 100;
  for (i++; i < end; i++) {
    const d = buf[i]! - 0x30;
    if (d < 0 || d > 9) return -2;
    q += Math.floor(d * scale);
    scale = scale > 1 ? scale / 10 : 0;
  }
  return q > 1000 ? -2 : q;
}
