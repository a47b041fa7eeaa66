// What nathelper writes into Contact headers. The URI is replaced as a whole, so that registrar finds it by its place (Edits.replacement).

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseContact } from "../../sip/name-addr.ts";
import { parseTransport, Transport } from "../../sip/transports.ts";
import type { UriText } from "../../sip/uri-text.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { ipFamily } from "../../util/ip.ts";
import { bracketed, isSip, portOf, uriOf, uriTransport, valueEnd, valueStart, withHostPort } from "../core/index.ts";

const address = new NameAddrRange();
const other = new NameAddrRange();

/** Results of finding the contact: there is one in `address`, there is no header, it cannot be used. */
const Contact = { FOUND: 1, NONE: 2, UNUSABLE: -1 } as const;

/** Kamailio works on one contact: of a list the last one of the first header. */
function findContact(msg: SipMessage): number {
  const h = msg.find(H.CONTACT);
  if (h < 0) return Contact.NONE;
  const end = valueEnd(msg, h);
  for (let at = valueStart(msg, h); at >= 0; at = address.next)
    if (parseContact(msg.buf, at, end, address) !== 0 || address.star === 1) return Contact.UNUSABLE;
  return Contact.FOUND;
}

/** The URI of the contact in `address`, when it is a SIP URI that nothing else has changed yet. */
function contactUri(msg: SipMessage): UriText | null {
  if (msg.currentEdits().touches(address.uriStart, address.uriEnd)) return null;
  const uri = uriOf(textOf(msg.buf, address.uriStart, address.uriEnd));
  return uri !== null && isSip(uri) ? uri : null;
}

function replaceUri(msg: SipMessage, text: string, needsBrackets: boolean): void {
  const written = needsBrackets && address.brackets === 0 ? `<${text}>` : text;
  msg.currentEdits().add(address.uriStart, address.uriEnd - address.uriStart, written);
}

/** The address a message came from, as it stands in URIs. */
export function sourceHostPort(ctx: RouteContext): string {
  const { remote } = ctx.flow;
  return `${bracketed(remote.address)}:${remote.port}`;
}

/** The same as a URI. */
export function sourceUri(ctx: RouteContext): string {
  const { protocol } = ctx.flow;
  return `sip:${sourceHostPort(ctx)}${protocol === Transport.UDP ? "" : `;transport=${uriTransport(protocol)}`}`;
}

/** fix_nated_contact(): the source address in place of that of the contact. */
export function fixContact(ctx: RouteContext): number {
  const msg = ctx.message;
  if (findContact(msg) !== Contact.FOUND) return -1;
  const uri = contactUri(msg);
  const text = uri === null ? null : withHostPort(uri, sourceHostPort(ctx));
  if (text === null) return -1;
  replaceUri(msg, text, false);
  return 1;
}

/** "alias=ip~port~protocol" of the source. */
function sourceAlias(ctx: RouteContext, name: string): string {
  const { remote, protocol } = ctx.flow;
  return `;${name}=${bracketed(remote.address)}~${remote.port}~${protocol}`;
}

/** add_contact_alias() with the source: 2 when there is no contact, or the contact is the source as it stands. */
export function addSourceAlias(ctx: RouteContext, name: string): number {
  const msg = ctx.message;
  const what = findContact(msg);
  if (what !== Contact.FOUND) return what;
  const uri = contactUri(msg);
  if (uri === null) return -1;
  const { remote, protocol } = ctx.flow;
  const transport = uri.range.transport > 0 ? uri.range.transport : Transport.OTHER;
  if (uri.host === bracketed(remote.address) && portOf(uri) === remote.port && transport === protocol) return 2;
  return putAlias(msg, uri, sourceAlias(ctx, name));
}

/** add_contact_alias(ip, port, proto). */
export function addGivenAlias(ctx: RouteContext, name: string, ip: string, port: string, proto: string): number {
  const msg = ctx.message;
  const what = findContact(msg);
  if (what !== Contact.FOUND) return what;
  const uri = contactUri(msg);
  const bytes = bytesOf(proto);
  const protocol = parseTransport(bytes, 0, bytes.length);
  const isPort = /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65536;
  if (uri === null || !isPort || protocol === Transport.OTHER || ipFamily(ip.replace(/^\[|\]$/g, "")) === 0) return -1;
  return putAlias(msg, uri, `;${name}=${ip}~${port}~${protocol}`);
}

// In front of the other parameters.
function putAlias(msg: SipMessage, uri: UriText, alias: string): number {
  const { range, text } = uri;
  const at = range.portEnd >= 0 ? range.portEnd : range.hostEnd;
  replaceUri(msg, text.slice(0, at) + alias + text.slice(at), true);
  return 1;
}

/** set_contact_alias(): as the last parameter, in every case; with `trim` in place of one that is there. */
export function setAlias(ctx: RouteContext, name: string, trim: boolean): number {
  const msg = ctx.message;
  if (findContact(msg) !== Contact.FOUND) return -1;
  const uri = contactUri(msg);
  if (uri === null) return -1;
  const base = trim ? (withoutAlias(uri, name, false)?.rest ?? uri.text) : uri.text;
  const headers = base.indexOf("?", uri.range.hostEnd);
  const at = headers < 0 ? base.length : headers;
  replaceUri(msg, base.slice(0, at) + sourceAlias(ctx, name) + base.slice(at), true);
  return 1;
}

/** add_rcv_param(): the source as parameter of every contact, or, with `inUri`, of its URI (datagrams only). */
export function addReceived(ctx: RouteContext, inUri: boolean): number {
  const msg = ctx.message;
  if (inUri && ctx.flow.protocol !== Transport.UDP) return -1;
  const uri = sourceUri(ctx);
  const edits = msg.currentEdits();
  for (let h = msg.find(H.CONTACT); h >= 0; h = msg.find(H.CONTACT, h + 1)) {
    const end = valueEnd(msg, h);
    for (let at = valueStart(msg, h); at >= 0; at = other.next) {
      if (parseContact(msg.buf, at, end, other) !== 0) return -1;
      if (other.star === 1) continue;
      if (inUri) edits.add(other.uriEnd, 0, `;received=${uri}`);
      else edits.add(other.end, 0, `;received="${uri}"`);
    }
  }
  return 1;
}

/** A URI without an alias parameter, and that parameter's value. */
interface WithoutAlias {
  readonly rest: string;
  readonly value: string;
}

/** Takes the first (or `last`) alias out of a URI; null when it has none with a value. Its name is compared with case. */
export function withoutAlias(uri: UriText, name: string, last: boolean): WithoutAlias | null {
  const { text, range } = uri;
  if (range.paramsStart < 0) return null;
  const head = text.slice(0, range.paramsStart - 1);
  const params = text.slice(range.paramsStart, range.paramsEnd).split(";");
  const isIt = (p: string): boolean => p.startsWith(`${name}=`) && p.length > name.length + 1;
  const at = last ? params.findLastIndex(isIt) : params.findIndex(isIt);
  if (at < 0) return null;
  const value = params[at]!.slice(name.length + 1);
  params.splice(at, 1);
  const kept = params.map((p) => `;${p}`).join("");
  return { rest: head + kept + text.slice(range.paramsEnd), value };
}

/** The URI an alias stands for; null when it is none. `always`: transport=udp is written too. */
export function uriOfAlias(value: string, always: boolean): string | null {
  const m = /^([^~]+)~(\d+)~([1-6])$/.exec(value);
  if (m === null) return null;
  const protocol = Number(m[3]);
  // WebSocket is one transport in URIs, secure or not (RFC 7118 5.1)
  const transport = uriTransport(protocol);
  return `sip:${m[1]}:${m[2]}${protocol === Transport.UDP && !always ? "" : `;transport=${transport}`}`;
}

/** handle_ruri_alias(): 1 when the request now goes where the alias says, 2 when there is none, -1 when it is broken. */
export function handleAlias(msg: SipMessage, name: string, last: boolean): number {
  if (!msg.isRequest) return -1;
  const uri = uriOf(msg.requestUri());
  if (uri === null) return -1;
  const alias = withoutAlias(uri, name, last);
  if (alias === null) return 2;
  const to = uriOfAlias(alias.value, false);
  if (to === null) return -1;
  msg.newUri = alias.rest;
  msg.dstUri = to;
  return 1;
}

/** The URI that the alias of the contact stands for; null when there is none. */
export function contactAlias(msg: SipMessage, name: string): string | null {
  if (findContact(msg) !== Contact.FOUND) return null;
  const uri = uriOf(textOf(msg.buf, address.uriStart, address.uriEnd));
  const alias = uri === null ? null : withoutAlias(uri, name, false);
  return alias === null ? null : uriOfAlias(alias.value, true);
}
