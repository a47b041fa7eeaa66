// The checks of module sanity, one function each, in the order in which they run. What each refuses was measured on Kamailio, since the
// README gives neither codes nor reasons; the words of the answers are Kamailio's own.

import { checkCredentials, DigestParam, DigestRange, parseDigest } from "../../sip/digest.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { NameAddrRange, parseContact } from "../../sip/name-addr.ts";
import { nextParam, ParamRange } from "../../sip/params.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { equalsIgnoreCase, rangesEqualIgnoreCase, skipLws } from "../../sip/tokens.ts";
import { parseUri, Scheme, UriRange } from "../../sip/uri.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";

/** The answer that a broken message gets. */
export interface Refusal {
  readonly code: number;
  /** Empty: the check fails, but nothing is answered. */
  readonly reason: string;
  /** Header lines of the answer. */
  readonly extra: string;
}

/** What the checks are told. */
export interface Wanted {
  /** Bits of the checks, and of the URIs that are parsed. */
  readonly checks: number;
  readonly uris: number;
  /** Extensions that Proxy-Require may ask for. */
  readonly extensions: ReadonlySet<string>;
}

type Check = (msg: SipMessage, wanted: Wanted) => Refusal | null;

/** Bits above those there are. */
export const CHECKS_END = 1 << 15;
export const URIS_END = 1 << 4;

const Uris = { REQUEST: 1, FROM: 2, TO: 4, CONTACT: 8 } as const;

const uri = new UriRange();
const address = new NameAddrRange();
const param = new ParamRange();
const credentials = new DigestRange();

const bad = (reason: string): Refusal => ({ code: 400, reason, extra: "" });
/** A check fails of which nobody is told. */
const SILENT: Refusal = bad("");

/** The largest value that passes as 32 bits on Kamailio; it is one too large. */
const LARGEST = 4_294_967_296;
const MOST_DIGITS = 10;

const BAD_URI = bad("Bad Request URI");

/** The first fault of a message; null when it has none that is looked for. */
export function faultOf(msg: SipMessage, wanted: Wanted): Refusal | null {
  for (const [bit, check] of CHECKS) {
    if ((wanted.checks & bit) === 0) continue;
    const fault = check(msg, wanted);
    if (fault !== null) return fault;
  }
  return null;
}

// A reply has no version of a request.
function version(msg: SipMessage): Refusal | null {
  return msg.isRequest ? null : SILENT;
}

function requestScheme(msg: SipMessage): Refusal | null {
  if (!msg.isRequest) return SILENT;
  return requestUriIsGood(msg) ? null : BAD_URI;
}

function requestUriIsGood(msg: SipMessage): boolean {
  if (msg.newUri === null) return isGoodUri(msg.buf, msg.uriStart, msg.uriEnd);
  const bytes = bytesOf(msg.newUri);
  return isGoodUri(bytes, 0, bytes.length);
}

function isGoodUri(buf: Uint8Array, start: number, end: number): boolean {
  if (parseUri(buf, start, end, uri) !== 0) return false;
  const { scheme } = uri;
  return scheme === Scheme.SIP || scheme === Scheme.SIPS || scheme === Scheme.TEL || scheme === Scheme.URN;
}

const REQUIRED = [H.TO, H.FROM, H.CSEQ, H.CALL_ID, H.VIA];

// The core sees to that before any script runs.
function requiredHeaders(msg: SipMessage): Refusal | null {
  return REQUIRED.every((id) => msg.find(id) >= 0) ? null : bad("Missing Required Header in Request");
}

function cseqMethod(msg: SipMessage): Refusal | null {
  if (!msg.isRequest) return SILENT;
  const cseq = msg.cseq();
  if (cseq === null) return SILENT;
  const { buf, methodStart, methodEnd } = msg;
  const same =
    msg.method === Method.UNKNOWN
      ? rangesEqualIgnoreCase(buf, methodStart, methodEnd, buf, cseq.methodStart, cseq.methodEnd)
      : msg.method === cseq.method;
  return same ? null : bad("CSeq method does not match request method");
}

function cseqNumber(msg: SipMessage): Refusal | null {
  const digits = /^[0-9]*/.exec(msg.header(H.CSEQ) ?? "")![0];
  return msg.cseq() === null || digits.length > MOST_DIGITS ? bad("CSeq number is illegal") : null;
}

function contentLength(msg: SipMessage): Refusal | null {
  const length = msg.uint(H.CONTENT_LENGTH);
  if (length === -1) return null;
  if (length < 0) return SILENT;
  return length === msg.end - msg.bodyStart ? null : bad("Content-Length mis-match");
}

// Digits up to the first white space.
function expires(msg: SipMessage): Refusal | null {
  const text = msg.header(H.EXPIRES);
  if (text === null) return null;
  if (text === "") return bad("Bad Expires Header");
  const word = /^[^ \t\r\n]*/.exec(text)![0];
  const good = /^[0-9]+$/.test(word) && word.length <= MOST_DIGITS && Number(word) <= LARGEST;
  return good ? null : bad("Expires value is illegal");
}

function proxyRequire(msg: SipMessage, { extensions }: Wanted): Refusal | null {
  for (let h = msg.find(H.PROXY_REQUIRE); h >= 0; h = msg.find(H.PROXY_REQUIRE, h + 1)) {
    const text = msg.value(h);
    if (text === "") return bad("Bad Proxy Require Header");
    for (const part of text.split(",")) {
      const name = part.trim();
      if (extensions.has(name)) continue;
      return { code: 420, reason: "Bad Proxy Require Extension", extra: `Unsupported: ${clean(name)}\r\n` };
    }
  }
  return null;
}

// Folded values must not make lines of their own.
function clean(text: string): string {
  return text.replace(/[\r\n]+[ \t]*/g, " ");
}

function uris(msg: SipMessage, wanted: Wanted): Refusal | null {
  const { buf } = msg;
  const isGood = (a: NameAddrRange | null): boolean => a !== null && isGoodUri(buf, a.uriStart, a.uriEnd);
  if ((wanted.uris & Uris.REQUEST) !== 0) {
    if (!msg.isRequest) return SILENT;
    if (!requestUriIsGood(msg)) return BAD_URI;
  }
  if ((wanted.uris & Uris.FROM) !== 0 && !isGood(msg.from())) return bad("Invalid From Header");
  if ((wanted.uris & Uris.TO) !== 0 && !isGood(msg.to())) return bad("Ivalid To Header");
  return (wanted.uris & Uris.CONTACT) !== 0 ? contacts(msg) : null;
}

function contacts(msg: SipMessage): Refusal | null {
  const { buf, index } = msg;
  for (let h = msg.find(H.CONTACT); h >= 0; h = msg.find(H.CONTACT, h + 1)) {
    const end = index[h * STRIDE + VALUE_END]!;
    for (let at = index[h * STRIDE + VALUE_START]!; at >= 0; at = address.next) {
      if (parseContact(buf, at, end, address) !== 0)
        return bad(address.brackets === 1 ? "Bad Contact URI" : "Bad Contact Header");
      if (address.star === 1) break;
      if (!isGoodUri(buf, address.uriStart, address.uriEnd)) return bad("Bad Contact URI");
    }
  }
  return null;
}

/** Every set of credentials under those headers; another scheme than Digest fails when `only` says so. */
function digests(msg: SipMessage, ids: readonly number[], only: boolean): Refusal | null {
  const { buf, index } = msg;
  for (const id of ids)
    for (let h = msg.find(id); h >= 0; h = msg.find(id, h + 1)) {
      const fault = parseDigest(buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!, credentials);
      if (credentials.isDigest === 0 || credentials.schemeEnd === credentials.schemeStart) {
        if (only) return SILENT;
        continue;
      }
      if (fault !== 0) return bad("Bad Auth Header");
      if (checkCredentials(credentials) !== 0) return bad("Bad Auth Credentials");
      for (const [which, reason] of NOT_EMPTY)
        if (credentials.start[which] === credentials.end[which]) return bad(reason);
    }
  return null;
}

const NOT_EMPTY = [
  [DigestParam.USERNAME, "Auth Empty User"],
  [DigestParam.NONCE, "Auth Empty Nonce"],
  [DigestParam.RESPONSE, "Auth Empty Response"],
] as const;

const AUTHORIZATIONS = [H.AUTHORIZATION, H.PROXY_AUTHORIZATION];

function tags(msg: SipMessage): Refusal | null {
  if (tagsOf(msg, msg.from()) > 1) return bad("Many From Tag Params");
  return tagsOf(msg, msg.to()) > 1 ? bad("Many To Tag Params") : null;
}

function tagsOf({ buf }: SipMessage, a: NameAddrRange | null): number {
  if (a === null || a.paramsStart < 0) return 0;
  let count = 0;
  for (let p = skipLws(buf, a.paramsStart, a.paramsEnd); nextParam(buf, p, a.paramsEnd, param) === 0; p = param.next)
    if (equalsIgnoreCase(buf, param.nameStart, param.nameEnd, "tag")) count++;
  return count;
}

function firstVia(msg: SipMessage): Refusal | null {
  const via = msg.via();
  return via !== null && textOf(msg.buf, via.hostStart, via.hostEnd) !== "" ? null : bad("Bad Via Header");
}

// 8 and 16, version and protocol of Via, do nothing: the README calls them disabled.
const CHECKS: readonly (readonly [number, Check])[] = [
  [1, version],
  [2, requestScheme],
  [4, requiredHeaders],
  [32, cseqMethod],
  [64, cseqNumber],
  [128, contentLength],
  [256, expires],
  [512, proxyRequire],
  [1024, uris],
  [2048, (msg) => digests(msg, AUTHORIZATIONS, true)],
  [8192, (msg) => digests(msg, AUTHORIZATIONS, false)],
  [4096, tags],
  [16384, firstVia],
];
