// Deep validation of a scanned message: every header we know is parsed, and the first thing wrong is named.
// Not on the path of ordinary messages, which parse only what they use; for sanity checks and the reason of a 400.
import { equalsBytes } from "../util/bytes.ts";
import { CseqRange, parseCseq } from "./cseq.ts";
import { parseDate } from "./date.ts";
import { DigestRange, parseDigest } from "./digest.ts";
import { SipError } from "./errors.ts";
import { H } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { Method } from "./methods.ts";
import {
  ContentTypeRange,
  checkCallId,
  checkTokenList,
  checkWarning,
  parseContentLength,
  parseContentType,
  parseEvent,
  parseExpires,
  parseMaxForwards,
  parseQ,
  parseRack,
  parseRetryAfter,
  RackRange,
  TokenParamsRange,
} from "./misc.ts";
import { NameAddrRange, parseContact, parseNameAddr, parseSingleAddr } from "./name-addr.ts";
import { ID, STRIDE, VALUE_END, VALUE_START } from "./scan.ts";
import { parseUri, UriRange } from "./uri.ts";
import { parseVia, ViaRange } from "./via.ts";

type Check = (buf: Uint8Array, start: number, end: number) => number;

const via = new ViaRange();
const addr = new NameAddrRange();
const uri = new UriRange();
const cseq = new CseqRange();
const digest = new DigestRange();
const contentType = new ContentTypeRange();
const tokenParams = new TokenParamsRange();
const rack = new RackRange();

/** One address: name-addr or addr-spec with a well-formed URI, nothing after it. */
function oneAddress(error: number): Check {
  return (buf, start, end) => {
    if (parseSingleAddr(buf, start, end, addr) !== 0 || addr.next >= 0) return error;
    return isStrict(buf) ? 0 : error;
  };
}

/** Whether the address just parsed is well-formed, its URI too, and not merely understood. */
function isStrict(buf: Uint8Array): boolean {
  return addr.loose === 0 && parseUri(buf, addr.uriStart, addr.uriEnd, uri) === 0;
}

/** A list of addresses. */
function addresses(error: number): Check {
  return (buf, start, end) => {
    for (let pos = start; pos >= 0; pos = addr.next) {
      if (parseNameAddr(buf, pos, end, addr) !== 0 || !isStrict(buf)) return error;
    }
    return 0;
  };
}

/** Contact: a list of addresses with sound q, or `*`. A malformed expires passes: it counts as 3600 (RFC 3261 10.2.1.1). */
function contacts(buf: Uint8Array, start: number, end: number): number {
  for (let pos = start; pos >= 0; pos = addr.next) {
    const code = parseContact(buf, pos, end, addr);
    if (code === SipError.ADDR_STAR || (addr.star === 1 && pos !== start)) return SipError.MSG_STAR_NOT_ALONE;
    if (code !== 0) return SipError.MSG_BAD_CONTACT;
    if (addr.star === 1) return 0;
    if (!isStrict(buf)) return SipError.MSG_BAD_CONTACT;
    if (addr.qStart >= 0 && parseQ(buf, addr.qStart, addr.qEnd) < 0) return SipError.ADDR_Q;
  }
  return 0;
}

function vias(buf: Uint8Array, start: number, end: number): number {
  for (let pos = start; pos >= 0; pos = via.next) {
    const code = parseVia(buf, pos, end, via);
    if (code !== 0) return code;
    if (via.isSip2 === 0) return SipError.VIA_PROTOCOL;
  }
  return 0;
}

const credentials: Check = (buf, start, end) => {
  for (let pos = start; pos >= 0; pos = digest.next) {
    if (parseDigest(buf, pos, end, digest) !== 0) return SipError.MSG_BAD_AUTH;
  }
  return 0;
};

const tokens: Check = (buf, start, end) => (checkTokenList(buf, start, end) === 0 ? 0 : SipError.MSG_BAD_LIST);

const CHECKS: (Check | undefined)[] = [];
CHECKS[H.VIA] = vias;
CHECKS[H.FROM] = oneAddress(SipError.MSG_BAD_FROM);
CHECKS[H.TO] = oneAddress(SipError.MSG_BAD_TO);
CHECKS[H.CALL_ID] = (buf, s, e) => (checkCallId(buf, s, e) === 0 ? 0 : SipError.MSG_BAD_CALL_ID);
CHECKS[H.CSEQ] = (buf, s, e) => parseCseq(buf, s, e, cseq);
CHECKS[H.CONTACT] = contacts;
CHECKS[H.MAX_FORWARDS] = (buf, s, e) => (parseMaxForwards(buf, s, e) < 0 ? SipError.MSG_MAX_FORWARDS : 0);
CHECKS[H.ROUTE] = addresses(SipError.MSG_BAD_ROUTE);
CHECKS[H.RECORD_ROUTE] = addresses(SipError.MSG_BAD_RECORD_ROUTE);
CHECKS[H.CONTENT_LENGTH] = (buf, s, e) => (parseContentLength(buf, s, e) < 0 ? SipError.MSG_CONTENT_LENGTH : 0);
CHECKS[H.CONTENT_TYPE] = (buf, s, e) =>
  parseContentType(buf, s, e, contentType) === 0 && contentType.next < 0 ? 0 : SipError.MSG_BAD_CONTENT_TYPE;
CHECKS[H.DATE] = (buf, s, e) => (Number.isNaN(parseDate(buf, s, e)) ? SipError.MSG_BAD_DATE : 0);
CHECKS[H.EVENT] = (buf, s, e) => (parseEvent(buf, s, e, tokenParams) === 0 ? 0 : SipError.MSG_BAD_EVENT);
CHECKS[H.RETRY_AFTER] = (buf, s, e) => (parseRetryAfter(buf, s, e) < 0 ? SipError.MSG_BAD_RETRY_AFTER : 0);
CHECKS[H.WARNING] = (buf, s, e) => (checkWarning(buf, s, e) === 0 ? 0 : SipError.MSG_BAD_WARNING);
CHECKS[H.RACK] = (buf, s, e) => (parseRack(buf, s, e, rack) === 0 ? 0 : SipError.MSG_BAD_RACK);
const digestHeaders = [H.AUTHORIZATION, H.PROXY_AUTHORIZATION, H.WWW_AUTHENTICATE, H.PROXY_AUTHENTICATE];
for (const id of digestHeaders) CHECKS[id] = credentials;
const tokenHeaders = [H.SUPPORTED, H.REQUIRE, H.PROXY_REQUIRE, H.UNSUPPORTED, H.ALLOW, H.ALLOW_EVENTS];
for (const id of tokenHeaders) CHECKS[id] = tokens;
const addressLists = [H.PATH, H.SERVICE_ROUTE, H.P_ASSERTED_IDENTITY, H.P_PREFERRED_IDENTITY, H.DIVERSION];
const addressHeaders = [H.REPLY_TO, H.REFER_TO, H.REFERRED_BY, H.REMOTE_PARTY_ID, ...addressLists];
for (const id of addressHeaders) CHECKS[id] = addresses(SipError.MSG_BAD_ADDRESS);

/** Headers of which a message has one at most (bit by header id; the ids are below 32), and what a second one means. */
const SINGLE: readonly (readonly [number, number])[] = [
  [H.FROM, SipError.MSG_DUPLICATE_FROM],
  [H.TO, SipError.MSG_DUPLICATE_TO],
  [H.CALL_ID, SipError.MSG_DUPLICATE_CALL_ID],
  [H.CSEQ, SipError.MSG_DUPLICATE_CSEQ],
  [H.MAX_FORWARDS, SipError.MSG_DUPLICATE_MAX_FORWARDS],
];

/** Headers without which a message is nothing (RFC 3261 section 8.1.1; Max-Forwards is newer than RFC 2543 and may be missing). */
const REQUIRED: readonly (readonly [number, number])[] = [
  [H.VIA, SipError.MSG_NO_VIA],
  [H.FROM, SipError.MSG_NO_FROM],
  [H.TO, SipError.MSG_NO_TO],
  [H.CALL_ID, SipError.MSG_NO_CALL_ID],
  [H.CSEQ, SipError.MSG_NO_CSEQ],
];

/**
 * The first thing wrong with a message that `SipMessage.parse` accepted, as a `SipError`, or 0.
 * `stream` says that the message came by a byte stream, where Content-Length is required. On datagrams bytes after
 * Content-Length are no error: the receiver drops them (RFC 3261 section 18.3).
 */
export function validateMessage(msg: SipMessage, stream = false): number {
  return checkRequestUri(msg) || checkPresence(msg) || checkHeaders(msg) || checkBody(msg, stream);
}

function checkRequestUri(msg: SipMessage): number {
  if (!msg.isRequest) return 0;
  if (msg.buf[msg.uriStart] === 0x3c) return SipError.MSG_URI_BRACKETS;
  if (parseUri(msg.buf, msg.uriStart, msg.uriEnd, uri) !== 0) return SipError.MSG_REQUEST_URI;
  return uri.headersStart >= 0 ? SipError.MSG_URI_HEADERS : 0;
}

function checkPresence(msg: SipMessage): number {
  for (const [id, error] of REQUIRED) if (msg.find(id) < 0) return error;
  for (const [id, error] of SINGLE) {
    const first = msg.find(id);
    if (first >= 0 && msg.find(id, first + 1) >= 0) return error;
  }
  return 0;
}

function checkHeaders(msg: SipMessage): number {
  const { buf, index } = msg;
  let star = false;
  let contactHeaders = 0;
  let expires = -1;
  for (let h = 0; h < msg.headerCount; h++) {
    const at = h * STRIDE;
    const id = index[at + ID]!;
    const start = index[at + VALUE_START]!;
    const end = index[at + VALUE_END]!;
    const code = CHECKS[id]?.(buf, start, end) ?? 0;
    if (code !== 0) return code;
    if (id === H.CONTACT) {
      contactHeaders++;
      if (addr.star === 1) star = true;
    } else if (id === H.EXPIRES) {
      expires = parseExpires(buf, start, end);
    } else if (id === H.CSEQ && msg.isRequest && !agrees(msg)) {
      return SipError.MSG_CSEQ_MISMATCH;
    }
  }
  // RFC 3261 section 10.2.2
  const starAllowed = contactHeaders === 1 && msg.method === Method.REGISTER && expires === 0;
  return star && !starAllowed ? SipError.MSG_STAR_NOT_ALONE : 0;
}

/** Whether the CSeq just parsed names the request's method. */
function agrees(msg: SipMessage): boolean {
  return equalsBytes(msg.buf, msg.methodStart, msg.methodEnd, msg.buf, cseq.methodStart, cseq.methodEnd);
}

function checkBody(msg: SipMessage, stream: boolean): number {
  let length = -1;
  for (let h = msg.find(H.CONTENT_LENGTH); h >= 0; h = msg.find(H.CONTENT_LENGTH, h + 1)) {
    const at = h * STRIDE;
    const n = parseContentLength(msg.buf, msg.index[at + VALUE_START]!, msg.index[at + VALUE_END]!);
    if (length >= 0 && n !== length) return SipError.MSG_DUPLICATE_CONTENT_LENGTH;
    length = n;
  }
  if (length < 0) return stream ? SipError.MSG_CONTENT_LENGTH_MISSING : 0;
  return length > msg.end - msg.bodyStart ? SipError.MSG_CONTENT_LENGTH_LARGE : 0;
}
