// The head of an HTTP/1.x request, line by line as the framer finds them: strict, since what two readers frame differently is how
// requests are smuggled (RFC 9112 11.2). Makes no strings.
import { FrameError, type FrameLimits, HttpFlag } from "./frame-rules.ts";

const TAB = 9;
const SP = 32;
const COLON = 58;
const COMMA = 44;
const SLASH = 47;
const DEL = 127;
const MAX_LENGTH_DIGITS = 15;

const ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const TCHAR = table(`${ALNUM}!#$%&'*+-.^_\`|~`); // RFC 9110 5.6.2
const HOST_CHAR = table(`${ALNUM}-._~!$&'()*+;=%:[]`); // RFC 3986 host and port, without the comma

/** What one head says; `reset` before each. The lines given to it have neither CR nor LF at their end. */
export class HttpHead {
  /** HttpFlag bits. */
  flags = 0;
  /** Content-Length; -1 without one. */
  length = -1;
  chunked = false;
  /** Whether the client waits for 100 Continue before it sends its body. */
  expects = false;
  readonly #limits: FrameLimits;
  #headers = 0;
  #hosts = 0;
  #close = false;
  #keepAlive = false;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  reset(): void {
    this.flags = 0;
    this.length = -1;
    this.chunked = false;
    this.expects = false;
    this.#headers = 0;
    this.#hosts = 0;
    this.#close = false;
    this.#keepAlive = false;
  }

  /** The request line buf[line,end), whose last word begins with "HTTP/" at `version`. Returns 0 or a FrameError. */
  firstLine(buf: Uint8Array, line: number, version: number, end: number): number {
    let p = line;
    while (p < end && TCHAR[buf[p]!] === 1) p++;
    if (p === line || buf[p] !== SP) return FrameError.HTTP_LINE;
    const target = p + 1;
    const targetEnd = version - 1;
    if (targetEnd <= target) return FrameError.HTTP_LINE;
    if (targetEnd - target > this.#limits.maxTarget) return FrameError.TARGET_TOO_LONG;
    for (let i = target; i < targetEnd; i++) if (buf[i]! <= SP || buf[i] === DEL) return FrameError.HTTP_LINE;
    const bad = this.#version(buf, version, end);
    if (bad !== 0) return bad;
    if (equals(buf, line, p, "CONNECT")) return FrameError.CONNECT;
    if (equals(buf, line, p, "HEAD")) this.flags |= HttpFlag.HEAD;
    return isTarget(buf, target, targetEnd, equals(buf, line, p, "OPTIONS")) ? 0 : FrameError.HTTP_TARGET;
  }

  // RFC 9112 2.3: case counts; a higher minor version is read as 1.1.
  #version(buf: Uint8Array, at: number, end: number): number {
    if (!equals(buf, at, at + 5, "HTTP/") || end - at !== 8 || buf[at + 6] !== 46) return FrameError.HTTP_LINE;
    if (!isDigit(buf[at + 5]!) || !isDigit(buf[at + 7]!)) return FrameError.HTTP_LINE;
    if (buf[at + 5] !== 49) return FrameError.HTTP_VERSION;
    if (buf[at + 7] === 48) this.flags |= HttpFlag.OLD;
    return 0;
  }

  /** A header line buf[line,end). Returns 0 or a FrameError. */
  header(buf: Uint8Array, line: number, end: number): number {
    if (buf[line] === SP || buf[line] === TAB) return FrameError.FOLDED;
    if (++this.#headers > this.#limits.maxHttpHeaders) return FrameError.TOO_MANY_HEADERS;
    let p = line;
    while (p < end && TCHAR[buf[p]!] === 1) p++;
    if (p === line || p >= end || buf[p] !== COLON) return FrameError.HTTP_HEADER; // no white space before the colon
    const nameEnd = p++;
    for (let i = p; i < end; i++) {
      const c = buf[i]!;
      if ((c < SP && c !== TAB) || c === DEL) return FrameError.HTTP_HEADER;
    }
    while (p < end && isBlank(buf[p]!)) p++;
    let last = end;
    while (last > p && isBlank(buf[last - 1]!)) last--;
    return this.#known(buf, line, nameEnd, p, last);
  }

  #known(buf: Uint8Array, name: number, nameEnd: number, value: number, end: number): number {
    switch (nameEnd - name) {
      case 4:
        return same(buf, name, nameEnd, "host") ? this.#host(buf, value, end) : 0;
      case 6:
        return same(buf, name, nameEnd, "expect") ? this.#expect(buf, value, end) : 0;
      case 7:
        if (same(buf, name, nameEnd, "upgrade")) this.flags |= HttpFlag.UPGRADE;
        return 0;
      case 10:
        if (same(buf, name, nameEnd, "connection")) this.#connection(buf, value, end);
        return 0;
      case 14:
        return same(buf, name, nameEnd, "content-length") ? this.#contentLength(buf, value, end) : 0;
      case 17:
        return same(buf, name, nameEnd, "transfer-encoding") ? this.#transferEncoding(buf, value, end) : 0;
      default:
        return 0;
    }
  }

  #host(buf: Uint8Array, value: number, end: number): number {
    if (++this.#hosts > 1) return FrameError.HOST;
    for (let i = value; i < end; i++) if (HOST_CHAR[buf[i]!] !== 1) return FrameError.HOST;
    return 0;
  }

  #expect(buf: Uint8Array, value: number, end: number): number {
    if (!same(buf, value, end, "100-continue")) return FrameError.EXPECTATION;
    this.expects = true;
    return 0;
  }

  #connection(buf: Uint8Array, from: number, end: number): void {
    for (let p = from; p < end; ) {
      let next = p;
      while (next < end && buf[next] !== COMMA) next++;
      let last = next;
      while (p < last && isBlank(buf[p]!)) p++;
      while (last > p && isBlank(buf[last - 1]!)) last--;
      if (same(buf, p, last, "close")) this.#close = true;
      else if (same(buf, p, last, "keep-alive")) this.#keepAlive = true;
      p = next + 1;
    }
  }

  // RFC 9112 6.3: one number, once; a list of equal ones may be refused and is.
  #contentLength(buf: Uint8Array, value: number, end: number): number {
    if (this.length >= 0 || value === end || end - value > MAX_LENGTH_DIGITS) return FrameError.HTTP_LENGTH;
    let length = 0;
    for (let i = value; i < end; i++) {
      if (!isDigit(buf[i]!)) return FrameError.HTTP_LENGTH;
      length = length * 10 + buf[i]! - 48;
    }
    this.length = length;
    return 0;
  }

  #transferEncoding(buf: Uint8Array, value: number, end: number): number {
    if (this.chunked || !same(buf, value, end, "chunked")) return FrameError.CODING;
    this.chunked = true;
    return 0;
  }

  /** The head has ended. Returns 0 or a FrameError. */
  finish(): number {
    const old = (this.flags & HttpFlag.OLD) !== 0;
    if (this.#hosts === 0 && !old) return FrameError.HOST;
    if (this.chunked && this.length >= 0) return FrameError.TWO_LENGTHS;
    if (this.chunked && old) return FrameError.OLD_CHUNKED;
    if (old) {
      this.flags &= ~HttpFlag.UPGRADE;
      this.expects = false; // RFC 9110 10.1.1
    }
    if (!this.#close && (!old || this.#keepAlive)) this.flags |= HttpFlag.KEEP;
    return 0;
  }
}

// RFC 9112 3.2: a path, a whole http URL, or * of OPTIONS.
function isTarget(buf: Uint8Array, start: number, end: number, isOptions: boolean): boolean {
  if (buf[start] === SLASH) return true;
  if (buf[start] === 42) return isOptions && end === start + 1;
  const authority = startsWith(buf, start, end, "http://") ? start + 7 : start + 8;
  if (authority === start + 8 && !startsWith(buf, start, end, "https://")) return false;
  return authority < end && HOST_CHAR[buf[authority]!] === 1;
}

function table(chars: string): Uint8Array {
  const out = new Uint8Array(256);
  for (let i = 0; i < chars.length; i++) out[chars.charCodeAt(i)] = 1;
  return out;
}

/** Whether a byte may stand in a token of HTTP (RFC 9110 5.6.2). */
export function isTchar(c: number): boolean {
  return TCHAR[c] === 1;
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function isBlank(c: number): boolean {
  return c === SP || c === TAB;
}

function equals(buf: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (buf[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The same in any case, for a lower-case text of letters, digits and hyphens. */
function same(buf: Uint8Array, start: number, end: number, lower: string): boolean {
  return end - start === lower.length && startsWith(buf, start, end, lower);
}

function startsWith(buf: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start < lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const c = buf[start + i]!;
    if ((c >= 65 && c <= 90 ? c | 0x20 : c) !== lower.charCodeAt(i)) return false;
  }
  return true;
}
