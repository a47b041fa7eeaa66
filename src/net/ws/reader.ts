// Cuts a byte stream into WebSocket messages and control frames (RFC 6455 5): strict, bounded, whole frames are unmasked where they lie.
// A frame that comes in pieces is gathered as it comes, and its text checked as it comes, so that what is wrong is known at once.
import { isControl, mask } from "./frames.ts";
import { CloseCode, DEFAULT_WS_LIMITS, isCloseCode, MAX_CONTROL, Opcode, type WsLimits } from "./rules.ts";
import { Utf8Check } from "./utf8.ts";

/** What a reader hands out; ranges are valid only during the call, and may be written to. */
export interface WsHandler {
  onMessage(buf: Uint8Array, start: number, end: number, binary: boolean): void;
  onPing(buf: Uint8Array, start: number, end: number): void;
  onPong(buf: Uint8Array, start: number, end: number): void;
  /** The far end closes: code (1005 when it gave none) and reason. Nothing is handed out after it. */
  onCloseFrame(code: number, buf: Uint8Array, start: number, end: number): void;
}

/** Which end of the connection reads: a server's peer masks its frames, a client's does not (RFC 6455 5.1). */
export const Role = { SERVER: 0, CLIENT: 1 } as const;
export type Role = (typeof Role)[keyof typeof Role];

const FIRST_HOLD = 2048;
const LARGEST_IDLE_HOLD = 16_384;
const NOTHING = new Uint8Array(0);

/** The reader of one connection. */
export class WsReader {
  readonly #handler: WsHandler;
  readonly #masked: boolean;
  readonly #limits: WsLimits;
  readonly #utf8 = new Utf8Check();
  #stopped = false;
  // The head in hand, which may come octet by octet.
  readonly #head = new Uint8Array(14);
  #headLength = 0;
  // The frame in hand, once its head is whole.
  #inFrame = false;
  #opcode = 0;
  #fin = false;
  #key = 0;
  #length = 0;
  #got = 0; // octets of its payload
  // The message in hand: its opcode (0: none), its frames, what has been gathered of it.
  #message = 0;
  #fragments = 0;
  #hold = NOTHING;
  #held = 0;
  #control: Uint8Array | null = null; // a control frame that comes in pieces

  constructor(handler: WsHandler, role: Role = Role.SERVER, limits: WsLimits = DEFAULT_WS_LIMITS) {
    this.#handler = handler;
    this.#masked = role === Role.SERVER;
    this.#limits = limits;
  }

  /** Whether a frame or a message has begun and not ended. */
  get partial(): boolean {
    return this.#headLength > 0 || this.#inFrame || this.#message !== 0;
  }

  /** Hands out nothing more, whatever is fed. */
  stop(): void {
    this.#stopped = true;
    this.#hold = NOTHING;
    this.#control = null;
  }

  /** Takes the next bytes of the stream, which it may overwrite. Returns 0, or the code that the connection must be closed with. */
  feed(buf: Uint8Array, start: number, end: number): number {
    let p = start;
    while (p < end && !this.#stopped) {
      if (!this.#inFrame) {
        p = this.#takeHead(buf, p, end);
        if (!this.#inFrame) break;
        const bad = this.#begin();
        if (bad !== 0) return this.#fail(bad);
      }
      const n = Math.min(this.#length - this.#got, end - p);
      const bad = this.#payload(buf, p, p + n);
      if (bad !== 0) return this.#fail(bad);
      p += n;
    }
    return 0;
  }

  #fail(code: number): number {
    this.stop();
    return code;
  }

  /** Copies octets of a head until it is whole; returns the position after it. */
  #takeHead(buf: Uint8Array, from: number, end: number): number {
    const head = this.#head;
    let p = from;
    let need = this.#headNeed();
    while (p < end && this.#headLength < need) {
      head[this.#headLength++] = buf[p++]!;
      if (this.#headLength === 2) need = this.#headNeed();
    }
    this.#inFrame = this.#headLength === need;
    return p;
  }

  // Two octets; then what the second says. A head that is wrong already needs no more of it.
  #headNeed(): number {
    if (this.#headLength < 2) return 2;
    const second = this.#head[1]!;
    if (this.#badStart() !== 0) return 2;
    const short = second & 0x7f;
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (this.#masked ? 4 : 0);
  }

  /** What is wrong with the first two octets of the head; 0 when nothing is. */
  #badStart(): number {
    const first = this.#head[0]!;
    const second = this.#head[1]!;
    if ((first & 0x70) !== 0 || second >= 0x80 !== this.#masked) return CloseCode.PROTOCOL;
    const opcode = first & 0x0f;
    if (isControl(opcode)) {
      const isKnown = opcode <= Opcode.PONG && (first & 0x80) !== 0;
      return isKnown && (second & 0x7f) <= MAX_CONTROL ? 0 : CloseCode.PROTOCOL;
    }
    if (opcode > Opcode.BINARY) return CloseCode.PROTOCOL;
    return (opcode === Opcode.CONTINUATION) === (this.#message !== 0) ? 0 : CloseCode.PROTOCOL;
  }

  /** The head is whole: reads it. Returns 0 or a close code. */
  #begin(): number {
    const bad = this.#badStart();
    if (bad !== 0) return bad;
    const head = this.#head;
    const at = this.#readLength();
    if (at < 0) return CloseCode.PROTOCOL;
    this.#headLength = 0;
    this.#fin = (head[0]! & 0x80) !== 0;
    this.#opcode = head[0]! & 0x0f;
    this.#key = this.#masked ? (head[at]! << 24) | (head[at + 1]! << 16) | (head[at + 2]! << 8) | head[at + 3]! : 0;
    this.#got = 0;
    if (isControl(this.#opcode)) return 0;
    if (this.#opcode !== Opcode.CONTINUATION) {
      this.#message = this.#opcode;
      this.#fragments = 0;
      this.#held = 0;
      this.#utf8.reset();
    }
    if (++this.#fragments > this.#limits.maxFragments) return CloseCode.POLICY;
    return this.#held + this.#length > this.#limits.maxMessage ? CloseCode.TOO_BIG : 0;
  }

  // The shortest form is the only one (RFC 6455 5.2). Returns where the mask begins; -1 for a length that may not be.
  #readLength(): number {
    const head = this.#head;
    const short = head[1]! & 0x7f;
    if (short < 126) {
      this.#length = short;
      return 2;
    }
    if (short === 126) {
      this.#length = (head[2]! << 8) | head[3]!;
      return this.#length < 126 ? -1 : 4;
    }
    if (head[2]! >= 0x80) return -1;
    let length = 0;
    for (let i = 2; i < 10; i++) length = length * 256 + head[i]!;
    this.#length = length;
    return length < 0x10000 ? -1 : 10;
  }

  /** Takes octets of the frame in hand, and hands it out when they end it. Returns 0 or a close code. */
  #payload(buf: Uint8Array, start: number, end: number): number {
    if (this.#masked) mask(buf, start, end, this.#key, this.#got);
    const isWhole = this.#got === 0 && end - start === this.#length;
    this.#got += end - start;
    const ends = this.#got === this.#length;
    if (ends) this.#inFrame = false;
    if (isControl(this.#opcode)) return this.#controlFrame(buf, start, end, isWhole, ends);
    if (this.#message === Opcode.TEXT && !this.#utf8.feed(buf, start, end)) return CloseCode.BAD_DATA;
    const isLast = ends && this.#fin;
    if (isLast && this.#message === Opcode.TEXT && !this.#utf8.whole) return CloseCode.BAD_DATA;
    if (isLast && isWhole && this.#held === 0) {
      this.#deliver(buf, start, end);
      return 0;
    }
    this.#gather(buf, start, end);
    if (isLast) this.#deliver(this.#hold, 0, this.#held);
    return 0;
  }

  #deliver(buf: Uint8Array, start: number, end: number): void {
    const binary = this.#message === Opcode.BINARY;
    this.#message = 0;
    this.#handler.onMessage(buf, start, end, binary);
    this.#held = 0;
    if (this.#hold.length > LARGEST_IDLE_HOLD) this.#hold = NOTHING;
  }

  #gather(buf: Uint8Array, start: number, end: number): void {
    const need = this.#held + end - start;
    if (need > this.#hold.length) {
      const bigger = new Uint8Array(Math.min(this.#limits.maxMessage, Math.max(FIRST_HOLD, 2 * need)));
      bigger.set(this.#hold.subarray(0, this.#held), 0);
      this.#hold = bigger;
    }
    this.#hold.set(buf.subarray(start, end), this.#held);
    this.#held = need;
  }

  // A control frame may stand between the fragments of a message: it has room of its own.
  #controlFrame(buf: Uint8Array, start: number, end: number, isWhole: boolean, ends: boolean): number {
    if (isWhole) return this.#handControl(buf, start, end);
    this.#control ??= new Uint8Array(MAX_CONTROL);
    this.#control.set(buf.subarray(start, end), this.#got - (end - start));
    if (!ends) return 0;
    const control = this.#control;
    this.#control = null;
    return this.#handControl(control, 0, this.#length);
  }

  #handControl(buf: Uint8Array, start: number, end: number): number {
    if (this.#opcode === Opcode.PING) this.#handler.onPing(buf, start, end);
    else if (this.#opcode === Opcode.PONG) this.#handler.onPong(buf, start, end);
    else return this.#close(buf, start, end);
    return 0;
  }

  #close(buf: Uint8Array, start: number, end: number): number {
    if (end - start === 1) return CloseCode.PROTOCOL;
    let code: number = CloseCode.NONE;
    if (end > start) {
      code = (buf[start]! << 8) | buf[start + 1]!;
      if (!isCloseCode(code)) return CloseCode.PROTOCOL;
      const reason = new Utf8Check();
      if (!reason.feed(buf, start + 2, end) || !reason.whole) return CloseCode.BAD_DATA;
    }
    this.stop();
    this.#handler.onCloseFrame(code, buf, Math.min(start + 2, end), end);
    return 0;
  }
}
