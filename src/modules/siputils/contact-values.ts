// The addresses of the first Contact header, for functions that put other URIs there.

import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseNameAddr } from "../../sip/name-addr.ts";
import { textOf } from "../../util/bytes.ts";
import { valueEnd, valueStart } from "../core/index.ts";

const range = new NameAddrRange();

/** One address of a Contact header. */
export interface ContactValue {
  readonly uri: string;
  readonly start: number;
  readonly end: number;
  readonly isBracketed: boolean;
}

/** The addresses of the first Contact header; null when it cannot be read. None without one, and for the lone "*". */
export function contactValues(msg: SipMessage): ContactValue[] | null {
  const out: ContactValue[] = [];
  const h = msg.find(H.CONTACT);
  if (h < 0) return out;
  const end = valueEnd(msg, h);
  if (msg.value(h) === "*") return out;
  for (let at = valueStart(msg, h); at >= 0; at = range.next) {
    if (parseNameAddr(msg.buf, at, end, range) !== 0) return null;
    const { uriStart, uriEnd } = range;
    out.push({
      uri: textOf(msg.buf, uriStart, uriEnd),
      start: uriStart,
      end: uriEnd,
      isBracketed: range.brackets === 1,
    });
  }
  return out;
}

/**
 * Gives each address of the first Contact header the URI a function makes of it: a text, null to leave it, a negative number to give up
 * with that code; what was changed before stays. 1 when all went well. `brackets`: a bare URI gets them.
 */
export function changeContacts(
  msg: SipMessage,
  brackets: boolean,
  change: (uri: string) => string | number | null,
): number {
  const values = contactValues(msg);
  if (values === null) return -1;
  const edits = msg.currentEdits();
  for (const { uri, start, end, isBracketed } of values) {
    const made = change(uri);
    if (typeof made === "number") return made;
    if (made === null || made === uri) continue;
    edits.add(start, end - start, brackets && !isBracketed ? `<${made}>` : made);
  }
  return 1;
}
