// Whether credentials belong to who a request says it is from.

import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import type { NameAddrRange } from "../../sip/name-addr.ts";
import { parseUri, UriRange } from "../../sip/uri.ts";
import { unescapeUri } from "../../sip/uri-text.ts";
import { textOf } from "../../util/bytes.ts";
import type { DigestCredentials } from "./credentials.ts";

const range = new UriRange();

/**
 * As Kamailio documents auth_check(): for REGISTER From and To must name the authenticated user, for PUBLISH From, To and R-URI, for
 * all else From. `useDomain`: the hosts must be the realm (or the domain of the user name) too.
 */
export function userMatches(msg: SipMessage, credentials: DigestCredentials, useDomain: boolean): boolean {
  const register = msg.method === Method.REGISTER;
  const publish = msg.method === Method.PUBLISH;
  if (!addressIs(msg, msg.from(), credentials, useDomain)) return false;
  if ((register || publish) && !addressIs(msg, msg.to(), credentials, useDomain)) return false;
  return !publish || uriIs(msg.buf, msg.uriStart, msg.uriEnd, credentials, useDomain);
}

function addressIs(
  msg: SipMessage,
  address: NameAddrRange | null,
  credentials: DigestCredentials,
  useDomain: boolean,
): boolean {
  return address !== null && uriIs(msg.buf, address.uriStart, address.uriEnd, credentials, useDomain);
}

function uriIs(
  buf: Uint8Array,
  start: number,
  end: number,
  credentials: DigestCredentials,
  useDomain: boolean,
): boolean {
  if (parseUri(buf, start, end, range) !== 0 || range.userStart < 0) return false;
  if (unescapeUri(textOf(buf, range.userStart, range.userEnd)) !== credentials.user) return false;
  if (!useDomain) return true;
  const host = range.hostStart < 0 ? "" : textOf(buf, range.hostStart, range.hostEnd).toLowerCase();
  return host === (credentials.domain === "" ? credentials.realm : credentials.domain).toLowerCase();
}
