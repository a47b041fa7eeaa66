// Finds the end of one message's head in a stream and the length of the whole message, going on where the last bytes ended.
import { FrameError, type FrameLimits } from "./frame-rules.ts";
import { HttpHead } from "./http-head.ts";

/** Results of `scan` that are no length. */
export const Head = { MORE: 0 } as const;

const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;
const COLON = 58;
const CONTENT_LENGTH = "content-length";
const LARGEST_LENGTH = 1e9;

/** Offsets are relative to the message's first byte, so that the message may move between calls. */
export class HeadScan {
  isHttp = false;
  /** Length of the head, once it has ended. */
  headLength = 0;
  /** What the head says, when it is that of an HTTP request. */
  readonly http: HttpHead;
  readonly #limits: FrameLimits;
  #at = 0; // bytes looked at
  #line = 0; // where the current line begins
  #firstDone = false;
  #value = -1; // where the value of a Content-Length being read begins
  #length = -1;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
    this.http = new HttpHead(limits);
  }

  /** Whether bytes of a message have been looked at. */
  get begun(): boolean {
    return this.#at > 0;
  }

  reset(): void {
    if (this.isHttp) this.http.reset();
    this.isHttp = false;
    this.#at = 0;
    this.#line = 0;
    this.#firstDone = false;
    this.#value = -1;
    this.#length = -1;
  }

  /**
   * Looks at buf[start,end), which begins with the message's first byte. Returns its whole length (that of the head alone when its body is
   * chunked), Head.MORE, or a negative FrameError.
   */
  scan(buf: Uint8Array, start: number, end: number): number {
    if (this.#at === 0 && !isToken(buf[start]!)) return -FrameError.NOT_SIP;
    let p = start + this.#at;
    for (; p < end; p++) {
      if (buf[p] !== LF) continue;
      const line = start + this.#line;
      const done = p === line || (p === line + 1 && buf[line] === CR);
      const bad = this.#endOfLine(buf, start, line, p, done);
      if (bad !== 0) return -bad;
      this.#line = p + 1 - start;
      if (done) return this.#whole(p + 1 - start);
    }
    this.#at = p - start;
    return -this.#tooLong(buf, start, end);
  }

  // An HTTP request line that does not end is told from a SIP one by what its target begins with.
  #tooLong(buf: Uint8Array, start: number, end: number): number {
    const { maxHead, maxHttpHead, maxTarget } = this.#limits;
    if (this.isHttp) return this.#at > maxHttpHead ? FrameError.HTTP_HEAD_TOO_LONG : 0;
    if (!this.#firstDone && this.#at > maxTarget) {
      let target = start;
      while (target < end && buf[target] !== SP) target++;
      if (target + 1 < end && (buf[target + 1] === 47 || startsWith(buf, target + 1, end, "http")))
        return FrameError.TARGET_TOO_LONG;
    }
    return this.#at > maxHead ? FrameError.HEAD_TOO_LONG : 0;
  }

  #whole(head: number): number {
    this.headLength = head;
    const { maxHead, maxHttpHead, maxMessage, acceptNoLength } = this.#limits;
    if (this.isHttp) {
      if (head > maxHttpHead) return -FrameError.HTTP_HEAD_TOO_LONG;
      const bad = this.http.finish();
      if (bad !== 0) return -bad;
      const length = head + Math.max(0, this.http.length);
      return length > maxMessage ? -FrameError.BODY_TOO_LONG : length;
    }
    if (head > maxHead) return -FrameError.HEAD_TOO_LONG;
    if (this.#length < 0 && !acceptNoLength) return -FrameError.NO_LENGTH;
    const whole = head + Math.max(0, this.#length);
    return whole > maxMessage ? -FrameError.MESSAGE_TOO_LONG : whole;
  }

  /** The line buf[line,p) has ended with the LF at p; `empty` when it is the one after the headers. */
  #endOfLine(buf: Uint8Array, start: number, line: number, p: number, empty: boolean): number {
    if (this.isHttp && buf[p - 1] !== CR) return FrameError.BARE_LF;
    if (!this.#firstDone) return this.#firstLine(buf, line, p);
    if (this.isHttp) {
      if (p - start >= this.#limits.maxHttpHead) return FrameError.HTTP_HEAD_TOO_LONG;
      return empty ? 0 : this.http.header(buf, line, p - 1);
    }
    const c = buf[line]!;
    if (!empty && (c === SP || c === TAB)) return 0; // folded: belongs to the header before
    if (this.#value >= 0) {
      const bad = this.#readLength(buf, start + this.#value, line);
      if (bad !== 0) return bad;
    }
    return empty ? 0 : this.#header(buf, start, line, p);
  }

  #firstLine(buf: Uint8Array, line: number, p: number): number {
    this.#firstDone = true;
    const end = buf[p - 1] === CR ? p - 1 : p;
    if (startsWith(buf, line, end, "sip/")) return 0;
    let word = end;
    while (word > line && buf[word - 1] !== SP) word--;
    if (startsWith(buf, word, end, "sip/")) return 0;
    if (!startsWith(buf, word, end, "http/")) return FrameError.NOT_SIP;
    this.isHttp = true;
    return end === p ? FrameError.BARE_LF : this.http.firstLine(buf, line, word, end);
  }

  #header(buf: Uint8Array, start: number, line: number, p: number): number {
    const c = buf[line]! | 0x20;
    if (c === 99 || c === 108) {
      const value = afterName(buf, line, p, c === 99 ? CONTENT_LENGTH : "l");
      if (value >= 0) this.#value = value - start;
    }
    return 0;
  }

  #readLength(buf: Uint8Array, from: number, end: number): number {
    this.#value = -1;
    let p = from;
    while (p < end && isBlank(buf[p]!)) p++;
    const digits = p;
    let length = 0;
    for (; p < end; p++) {
      const digit = buf[p]! - 48;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
      if (length > LARGEST_LENGTH) return FrameError.BAD_LENGTH;
    }
    const some = p > digits;
    while (p < end && isBlank(buf[p]!)) p++;
    if (!some || p < end) return FrameError.BAD_LENGTH;
    // A second one may only repeat the first.
    if (this.#length >= 0 && this.#length !== length) return FrameError.BAD_LENGTH;
    this.#length = length;
    return 0;
  }
}

/** Where the value begins when the line's header has that lower-case name, else -1. */
function afterName(buf: Uint8Array, line: number, p: number, name: string): number {
  if (!startsWith(buf, line, p, name)) return -1;
  let i = line + name.length;
  while (i < p && (buf[i] === SP || buf[i] === TAB)) i++;
  return buf[i] === COLON ? i + 1 : -1;
}

function startsWith(buf: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start < lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const c = buf[start + i]!;
    if ((c >= 65 && c <= 90 ? c | 0x20 : c) !== lower.charCodeAt(i)) return false;
  }
  return true;
}

function isBlank(c: number): boolean {
  return c === SP || c === TAB || c === CR || c === LF;
}

/** RFC 3261 25.1 token: no message begins with anything else, a TLS handshake does. */
function isToken(c: number): boolean {
  return (
    (c >= 97 && c <= 122) ||
    (c >= 65 && c <= 90) ||
    (c >= 48 && c <= 57) ||
    c === 45 ||
    c === 46 ||
    c === 33 ||
    c === 37 ||
    c === 42 ||
    c === 95 ||
    c === 43 ||
    c === 96 ||
    c === 39 ||
    c === 126
  );
}
