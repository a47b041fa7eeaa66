// Addresses of record: the user part of a URI, with its domain when usrloc's use_domain says so, in the one form tables use.

import { parseUri, Scheme, UriRange } from "../../sip/uri.ts";
import { unescapeUri } from "../../sip/uri-text.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";

/** How addresses of record are written in the tables. */
export interface AorForm {
  readonly useDomain: boolean;
  readonly caseSensitive: boolean;
  readonly realmPrefix: string;
}

const range = new UriRange();

/** The URI parsed last by `aorOf` or `aorOfText`; valid until the next call. */
export const aorUri: UriRange = range;

/** The address of record of the URI in [start, end); "" when there is none (broken URI, no user part). */
export function aorOf(buf: Uint8Array, start: number, end: number, form: AorForm): string {
  if (parseUri(buf, start, end, range) !== 0) return "";
  return aorOfRange(buf, range, form);
}

/** The same for a URI as a byte string. */
export function aorOfText(uri: string, form: AorForm): string {
  const buf = bytesOf(uri);
  return aorOf(buf, 0, buf.length, form);
}

/** The same for a URI that is parsed already. */
export function aorOfRange(buf: Uint8Array, uri: UriRange, form: AorForm): string {
  if (uri.userStart < 0 || uri.scheme === Scheme.OTHER || uri.scheme === Scheme.URN) return "";
  let user = textOf(buf, uri.userStart, uri.userEnd);
  if (hasByte(buf, uri.userStart, uri.userEnd, 0x25)) user = unescapeUri(user);
  if (!form.caseSensitive && hasUpper(user)) user = lower(user);
  if (!form.useDomain || uri.hostStart < 0) return user;
  let domain = lower(textOf(buf, uri.hostStart, uri.hostEnd));
  if (form.realmPrefix !== "" && domain.startsWith(form.realmPrefix)) domain = domain.slice(form.realmPrefix.length);
  return `${user}@${domain}`;
}

function hasByte(buf: Uint8Array, start: number, end: number, byte: number): boolean {
  for (let i = start; i < end; i++) if (buf[i] === byte) return true;
  return false;
}

function hasUpper(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x41 && c <= 0x5a) return true;
  }
  return false;
}

/** ASCII only: byte strings hold octets, whose upper half is no latin1 text. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
}
