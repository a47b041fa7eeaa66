// Small header grammars of RFC 3261 and its extensions: numbers, token lists, media types, Event, Call-ID, q, RAck.
// Ranges are offsets into the message; numbers come back as numbers, -1 meaning malformed.
import { SipError } from "./errors.ts";
import { Method, parseMethod } from "./methods.ts";
import { nextParam, PARAMS_END, ParamRange } from "./params.ts";
import {
  C,
  equalsIgnoreCase,
  parseUint,
  skipClass,
  skipComment,
  skipLws,
  skipQuoted,
  skipToken,
  trimEnd,
} from "./tokens.ts";

const param = new ParamRange();

/** A number that is the whole header value, white space around it allowed; -1 when malformed or 2^32 or more. */
export function parseNumber(buf: Uint8Array, start: number, end: number): number {
  const stop = trimEnd(buf, start, end);
  return parseUint(buf, skipLws(buf, start, stop), stop);
}

/** Expires, Min-Expires and Min-SE in seconds, 0 to 2^32 - 1 (RFC 3261 section 20.19); -1 when malformed. */
export const parseExpires: typeof parseNumber = parseNumber;

/** Content-Length in bytes; -1 when malformed. */
export const parseContentLength: typeof parseNumber = parseNumber;

/** Max-Forwards, 0 to 255 (RFC 3261 section 20.22); -1 when malformed or out of range. */
export function parseMaxForwards(buf: Uint8Array, start: number, end: number): number {
  const n = parseNumber(buf, start, end);
  return n > 255 ? -1 : n;
}

/** A qvalue in thousandths, 0 to 1000 (RFC 3261 section 25.1: 0, 1, and up to three decimals); -1 when malformed. */
export function parseQ(buf: Uint8Array, start: number, end: number): number {
  if (start < 0 || end <= start) return -1;
  const whole = buf[start]! - 0x30;
  if (whole < 0 || whole > 1) return -1;
  let q = whole * 1000;
  if (end === start + 1) return q;
  if (buf[start + 1] !== 0x2e || end - start > 5) return -1;
  let scale = 100;
  for (let i = start + 2; i < end; i++) {
    const d = buf[i]! - 0x30;
    if (d < 0 || d > 9) return -1;
    q += d * scale;
    scale /= 10;
  }
  return q > 1000 ? -1 : q;
}

/** One token of a comma-separated list. */
export class TokenRange {
  start = -1;
  end = -1;
  /** Where to go on reading. */
  next = -1;
}

/**
 * Read the next token of a list such as Allow, Supported or Require. Returns 0, `PARAMS_END` at the end of the list,
 * or a `SipError`. Empty elements are passed over, as an empty Supported or Allow is legal and receivers must be lenient.
 */
export function nextListToken(buf: Uint8Array, pos: number, end: number, out: TokenRange): number {
  let i = skipLws(buf, pos, end);
  while (i < end && buf[i] === 0x2c) i = skipLws(buf, i + 1, end);
  if (i >= end) return PARAMS_END;
  out.start = i;
  out.end = skipToken(buf, i, end);
  if (out.end === i) return SipError.BAD_TOKEN;
  i = skipLws(buf, out.end, end);
  if (i < end && buf[i] !== 0x2c) return SipError.BAD_TOKEN;
  out.next = i;
  return 0;
}

const listToken = new TokenRange();

/** Whether a token list holds `lowerName` (given in lower case; compared without case, as option tags are). */
export function listHasToken(buf: Uint8Array, start: number, end: number, lowerName: string): boolean {
  let pos = start;
  while (nextListToken(buf, pos, end, listToken) === 0) {
    if (equalsIgnoreCase(buf, listToken.start, listToken.end, lowerName)) return true;
    pos = listToken.next;
  }
  return false;
}

/** Bit set of the methods named in an Allow list, bit n for `Method` number n. Malformed lists end early. */
export function methodBits(buf: Uint8Array, start: number, end: number): number {
  let bits = 0;
  let pos = start;
  while (nextListToken(buf, pos, end, listToken) === 0) {
    bits |= 1 << parseMethod(buf, listToken.start, listToken.end);
    pos = listToken.next;
  }
  return bits;
}

/** Whether [start, end) is a token list: 0 or a `SipError`. */
export function checkTokenList(buf: Uint8Array, start: number, end: number): number {
  let pos = start;
  for (;;) {
    const code = nextListToken(buf, pos, end, listToken);
    if (code !== 0) return code === PARAMS_END ? 0 : code;
    pos = listToken.next;
  }
}

/** A media type with parameters. */
export class ContentTypeRange {
  typeStart = -1;
  typeEnd = -1;
  subtypeStart = -1;
  subtypeEnd = -1;
  /** From the first `;` to the end of the last parameter. */
  paramsStart = -1;
  paramsEnd = -1;
  /** Value of `boundary`, with its quotes if it has them. */
  boundaryStart = -1;
  boundaryEnd = -1;
  /** Start of the next comma-separated value (Accept), or -1. */
  next = -1;
}

/** Parse the first media type in [start, end), as in Content-Type and Accept. Returns 0 or a `SipError`. */
export function parseContentType(buf: Uint8Array, start: number, end: number, out: ContentTypeRange): number {
  out.subtypeStart = out.subtypeEnd = out.paramsStart = out.paramsEnd = -1;
  out.boundaryStart = out.boundaryEnd = out.next = -1;
  out.typeStart = skipLws(buf, start, end);
  out.typeEnd = skipToken(buf, out.typeStart, end);
  let i = skipLws(buf, out.typeEnd, end);
  if (out.typeEnd === out.typeStart || i >= end || buf[i] !== 0x2f) return SipError.CONTENT_TYPE;
  out.subtypeStart = skipLws(buf, i + 1, end);
  out.subtypeEnd = skipToken(buf, out.subtypeStart, end);
  if (out.subtypeEnd === out.subtypeStart) return SipError.CONTENT_TYPE;
  i = skipLws(buf, out.subtypeEnd, end);
  if (i < end && buf[i] === 0x3b) {
    out.paramsStart = i;
    for (;;) {
      const code = nextParam(buf, i, end, param);
      i = param.next;
      if (code === PARAMS_END) break;
      if (code !== 0) return SipError.CONTENT_TYPE;
      out.paramsEnd = param.valueEnd >= 0 ? param.valueEnd : param.nameEnd;
      if (out.boundaryStart < 0 && equalsIgnoreCase(buf, param.nameStart, param.nameEnd, "boundary")) {
        out.boundaryStart = param.valueStart;
        out.boundaryEnd = param.valueEnd;
      }
    }
  }
  if (i >= end) return 0;
  if (buf[i] !== 0x2c) return SipError.CONTENT_TYPE;
  out.next = skipLws(buf, i + 1, end);
  return 0;
}

/** Whether a parsed media type is `type/subtype`, given in lower case. */
export function isContentType(buf: Uint8Array, range: ContentTypeRange, type: string, subtype: string): boolean {
  return (
    equalsIgnoreCase(buf, range.typeStart, range.typeEnd, type) &&
    equalsIgnoreCase(buf, range.subtypeStart, range.subtypeEnd, subtype)
  );
}

/** A token followed by parameters: Event, Subscription-State, Content-Disposition, Reason, Session-Expires. */
export class TokenParamsRange {
  tokenStart = -1;
  tokenEnd = -1;
  paramsStart = -1;
  paramsEnd = -1;
  /** Value of the parameter `id` (Event). */
  idStart = -1;
  idEnd = -1;
  /** Value of `expires` (Subscription-State). */
  expiresStart = -1;
  expiresEnd = -1;
  /** Start of the next comma-separated value, or -1. */
  next = -1;
}

/** Parse the first `token *(;param)` in [start, end). Returns 0 or a `SipError`. */
export function parseTokenParams(buf: Uint8Array, start: number, end: number, out: TokenParamsRange): number {
  out.paramsStart = out.paramsEnd = out.idStart = out.idEnd = out.expiresStart = out.expiresEnd = out.next = -1;
  out.tokenStart = skipLws(buf, start, end);
  out.tokenEnd = skipToken(buf, out.tokenStart, end);
  if (out.tokenEnd === out.tokenStart) return SipError.BAD_TOKEN;
  let i = skipLws(buf, out.tokenEnd, end);
  if (i < end && buf[i] === 0x3b) out.paramsStart = i;
  for (;;) {
    const code = nextParam(buf, i, end, param);
    i = param.next;
    if (code === PARAMS_END) break;
    if (code !== 0) return code;
    out.paramsEnd = param.valueEnd >= 0 ? param.valueEnd : param.nameEnd;
    if (out.idStart < 0 && equalsIgnoreCase(buf, param.nameStart, param.nameEnd, "id")) {
      out.idStart = param.valueStart;
      out.idEnd = param.valueEnd;
    } else if (out.expiresStart < 0 && equalsIgnoreCase(buf, param.nameStart, param.nameEnd, "expires")) {
      out.expiresStart = param.valueStart;
      out.expiresEnd = param.valueEnd;
    }
  }
  if (i >= end) return 0;
  if (buf[i] !== 0x2c) return SipError.TRAILING_GARBAGE;
  out.next = skipLws(buf, i + 1, end);
  return 0;
}

/** Parse Event (RFC 6665): package with its templates, parameters, `id`. Returns 0 or `SipError.EVENT`. */
export function parseEvent(buf: Uint8Array, start: number, end: number, out: TokenParamsRange): number {
  return parseTokenParams(buf, start, end, out) === 0 && out.next < 0 ? 0 : SipError.EVENT;
}

/** Whether [start, end) is a Call-ID, `word [@ word]`: 0 or `SipError.CALL_ID`. White space around it is allowed. */
export function checkCallId(buf: Uint8Array, start: number, end: number): number {
  const stop = trimEnd(buf, start, end);
  const first = skipLws(buf, start, stop);
  let i = skipClass(buf, first, stop, C.WORD);
  if (i === first) return SipError.CALL_ID;
  if (i < stop && buf[i] === 0x40) {
    const host = i + 1;
    i = skipClass(buf, host, stop, C.WORD);
    if (i === host) return SipError.CALL_ID;
  }
  return i === stop ? 0 : SipError.CALL_ID;
}

/** A parsed RAck (RFC 3262): the numbers and method it acknowledges. */
export class RackRange {
  rseq = -1;
  cseq = -1;
  /** A `Method` number. */
  method: number = Method.UNKNOWN;
}

/** Parse RAck: `response-num CSeq-num Method`. Returns 0 or `SipError.RACK`. */
export function parseRack(buf: Uint8Array, start: number, end: number, out: RackRange): number {
  const stop = trimEnd(buf, start, end);
  const first = skipLws(buf, start, stop);
  const firstEnd = skipClass(buf, first, stop, C.DIGIT);
  const second = skipLws(buf, firstEnd, stop);
  const secondEnd = skipClass(buf, second, stop, C.DIGIT);
  const method = skipLws(buf, secondEnd, stop);
  out.rseq = parseUint(buf, first, firstEnd);
  out.cseq = parseUint(buf, second, secondEnd);
  out.method = parseMethod(buf, method, stop);
  const spaced = second > firstEnd && method > secondEnd && method < stop;
  const whole = skipToken(buf, method, stop) === stop;
  return spaced && whole && out.rseq >= 0 && out.cseq >= 0 && out.cseq < 0x80000000 ? 0 : SipError.RACK;
}

/** Retry-After in seconds, its comment and parameters passed over; -1 when malformed. */
export function parseRetryAfter(buf: Uint8Array, start: number, end: number): number {
  const first = skipLws(buf, start, end);
  let i = skipClass(buf, first, end, C.DIGIT);
  const seconds = parseUint(buf, first, i);
  i = skipLws(buf, i, end);
  if (i < end && buf[i] === 0x28) {
    i = skipComment(buf, i, end);
    if (i < 0) return -1;
  }
  for (;;) {
    const code = nextParam(buf, i, end, param);
    i = param.next;
    if (code === PARAMS_END) return i >= end ? seconds : -1;
    if (code !== 0) return -1;
  }
}

/**
 * Whether [start, end) is a list of warnings, `3DIGIT agent "text"` (RFC 3261 section 20.43): 0 or `SipError.WARNING`.
 */
export function checkWarning(buf: Uint8Array, start: number, end: number): number {
  let i = skipLws(buf, start, end);
  for (;;) {
    const digits = skipClass(buf, i, end, C.DIGIT);
    const agent = skipLws(buf, digits, end);
    if (digits - i !== 3 || agent === digits) return SipError.WARNING;
    const agentEnd = skipClass(buf, agent, end, C.VALUE);
    const text = skipLws(buf, agentEnd, end);
    if (agentEnd === agent || text === agentEnd || text >= end || buf[text] !== 0x22) return SipError.WARNING;
    const textEnd = skipQuoted(buf, text, end);
    if (textEnd < 0) return SipError.WARNING;
    i = skipLws(buf, textEnd, end);
    if (i >= end) return 0;
    if (buf[i] !== 0x2c) return SipError.WARNING;
    i = skipLws(buf, i + 1, end);
  }
}
