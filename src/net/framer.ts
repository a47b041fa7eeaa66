// Cuts a byte stream into messages (design.md, D7): SIP and HTTP/1.x by Content-Length or chunks, CRLF keep-alive in between.
// Whole messages in a segment are handed out where they lie; only what is incomplete is copied. Every byte is looked at once.
import { ChunkedBody } from "./chunked-body.ts";
import { DEFAULT_LIMITS, FrameError, type FrameLimits } from "./frame-rules.ts";
import { Head, HeadScan } from "./head-scan.ts";

/** What a framer hands out; ranges are valid only during the call. */
export interface FrameHandler {
  onSip(buf: Uint8Array, start: number, end: number): void;
  /** A whole HTTP request, a chunked body decoded; `flags` are HttpFlag bits. */
  onHttp(buf: Uint8Array, start: number, end: number, flags: number): void;
  /** The head of an HTTP request has come, and its body waits to be asked for (Expect: 100-continue). */
  onExpect(): void;
  /** CRLF CRLF between messages: the peer wants one CRLF back (RFC 5626 4.4.1). */
  onPing(): void;
}

const CR = 13;
const LF = 10;
const FIRST_HOLD = 4096;
const LARGEST_IDLE_HOLD = 16_384;
const NOTHING = new Uint8Array(0);

/** The framer of one stream. */
export class Framer {
  readonly #handler: FrameHandler;
  readonly #scan: HeadScan;
  #hold = NOTHING;
  #held = 0;
  #crlf = 0; // octets seen of CR LF CR LF
  #total = 0; // length of the message in hand once its head is known, else 0
  #chunks: ChunkedBody | null = null; // the body being decoded
  #stopped = false;
  #paused = false;
  readonly #limits: FrameLimits;

  constructor(handler: FrameHandler, limits: FrameLimits = DEFAULT_LIMITS) {
    this.#handler = handler;
    this.#limits = limits;
    this.#scan = new HeadScan(limits);
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return (this.#held > 0 && !this.#paused) || this.#chunks !== null;
  }

  /** Hands out nothing more until `resume`; for when what was handed out must be answered first. What is fed meanwhile is kept. */
  pause(): void {
    this.#paused = true;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Goes on with what was kept. Returns a FrameError. */
  resume(): number {
    this.#paused = false;
    const held = this.#held;
    this.#held = 0;
    return this.#stopped ? FrameError.NONE : this.#frames(this.#hold, 0, held);
  }

  /** Stops, and returns a copy of what was kept, for another reader of the stream. */
  takeRest(): Uint8Array {
    const rest = this.#hold.slice(0, this.#held);
    this.stop();
    return rest;
  }

  /** Hands out nothing more, whatever is fed; for when the connection closes within a call. */
  stop(): void {
    this.#stopped = true;
    this.#hold = NOTHING;
    this.#held = 0;
    this.#chunks = null;
  }

  /** Takes the next bytes of the stream. Returns a FrameError; after one the stream is of no use. */
  feed(buf: Uint8Array, start: number, end: number): number {
    if (this.#stopped) return FrameError.NONE;
    if (this.#paused) return this.#keepMore(buf, start, end);
    if (this.#held === 0) return this.#frames(buf, start, end);
    this.#append(buf, start, end);
    const held = this.#held;
    this.#held = 0;
    return this.#frames(this.#hold, 0, held);
  }

  #frames(buf: Uint8Array, from: number, end: number): number {
    let p = from;
    while (!this.#stopped && !this.#paused) {
      if (this.#chunks !== null) {
        p = this.#chunk(this.#chunks, buf, p, end);
        if (p < 0) return this.#fail(-p);
        if (this.#chunks !== null) break;
        continue;
      }
      if (this.#total === 0) {
        if (!this.#scan.begun) p = this.#skipBlank(buf, p, end);
        if (p === end || this.#stopped) break;
        const head = this.#scan.scan(buf, p, end);
        if (head === Head.MORE) break;
        if (head < 0) return this.#fail(-head);
        if (this.#beginsBody(buf, p, head, end)) {
          p += head;
          continue;
        }
      }
      if (end - p < this.#total) break;
      const next = p + this.#total;
      const { isHttp, http } = this.#scan;
      const { flags } = http;
      this.#total = 0;
      this.#scan.reset();
      if (isHttp) this.#handler.onHttp(buf, p, next, flags);
      else this.#handler.onSip(buf, p, next);
      p = next;
    }
    this.#keep(buf, p, end);
    return FrameError.NONE;
  }

  /** The head of a message has ended: whether a chunked body follows, which is then taken piece by piece. */
  #beginsBody(buf: Uint8Array, p: number, length: number, end: number): boolean {
    const { isHttp, http, headLength } = this.#scan;
    const chunked = isHttp && http.chunked;
    if (isHttp && http.expects && end - p <= headLength && (chunked || length > headLength)) this.#handler.onExpect();
    if (chunked) this.#chunks = new ChunkedBody(buf, p, p + length, this.#limits.maxMessage);
    else this.#total = length;
    return chunked;
  }

  // Returns the position after what it took, or a negative FrameError.
  #chunk(chunks: ChunkedBody, buf: Uint8Array, from: number, end: number): number {
    const p = chunks.feed(buf, from, end);
    if (p < 0 || !chunks.done) return p;
    const { flags } = this.#scan.http;
    this.#chunks = null;
    this.#scan.reset();
    this.#handler.onHttp(chunks.bytes, 0, chunks.length, flags);
    return p;
  }

  // A peer is not read from while we are paused, so that this is little.
  #keepMore(buf: Uint8Array, start: number, end: number): number {
    if (this.#held + end - start > 2 * this.#limits.maxMessage) return this.#fail(FrameError.MESSAGE_TOO_LONG);
    this.#append(buf, start, end);
    return FrameError.NONE;
  }

  /** Passes over line ends between messages and answers pings among them. */
  #skipBlank(buf: Uint8Array, from: number, end: number): number {
    let p = from;
    for (; p < end; p++) {
      const c = buf[p]!;
      if (c !== CR && c !== LF) break;
      if (c === (this.#crlf % 2 === 0 ? CR : LF)) this.#crlf++;
      else this.#crlf = c === CR ? 1 : 0;
      if (this.#crlf < 4) continue;
      this.#crlf = 0;
      this.#handler.onPing();
      if (this.#stopped) return end;
    }
    if (p < end) this.#crlf = 0;
    return p;
  }

  #keep(buf: Uint8Array, start: number, end: number): void {
    if (this.#stopped) return;
    const length = end - start;
    if (buf === this.#hold) {
      if (start > 0) this.#hold.copyWithin(0, start, end);
    } else if (length > 0) {
      this.#reserve(length);
      this.#hold.set(buf.subarray(start, end), 0);
    }
    this.#held = length;
    if (length === 0 && this.#hold.length > LARGEST_IDLE_HOLD) this.#hold = NOTHING;
  }

  #append(buf: Uint8Array, start: number, end: number): void {
    this.#reserve(this.#held + end - start);
    this.#hold.set(buf.subarray(start, end), this.#held);
    this.#held += end - start;
  }

  #reserve(length: number): void {
    if (length <= this.#hold.length) return;
    const bigger = new Uint8Array(Math.max(FIRST_HOLD, 2 * this.#hold.length, length));
    bigger.set(this.#hold.subarray(0, this.#held), 0);
    this.#hold = bigger;
  }

  #fail(code: number): number {
    this.stop();
    return code;
  }
}
