// Decodes a chunked request body (RFC 9112 7.1) as it comes in, behind a copy of its head, so that the whole lies in one piece.
// Strict and bounded: sizes, extensions and trailers.
import { FrameError } from "./frame-rules.ts";
import { isTchar } from "./http-head.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;
const QUOTE = 34;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;
const DEL = 127;

const S = {
  SIZE: 0,
  EXT_NAME: 1,
  EXT_VALUE: 2,
  EXT_TOKEN: 3,
  EXT_QUOTED: 4,
  EXT_ESCAPED: 5,
  EXT_END: 6,
  SIZE_LF: 7,
  DATA: 8,
  DATA_CR: 9,
  DATA_LF: 10,
  TRAILER: 11,
  TRAILER_NAME: 12,
  TRAILER_VALUE: 13,
  TRAILER_LF: 14,
  END_LF: 15,
  DONE: 16,
} as const;

const MAX_DIGITS = 8;
/** Bytes that all extensions together, and all trailers together, may take. */
const MAX_EXTENSIONS = 1024;
const MAX_TRAILERS = 8192;

/** One body in the making. */
export class ChunkedBody {
  /** The head and what has been decoded: bytes[0,length). */
  bytes: Uint8Array;
  length: number;
  readonly #max: number;
  #state: number = S.SIZE;
  #digits = 0;
  #left = 0; // of the chunk in hand
  #empty = false; // nothing yet of a name that needs one character
  #extensions = 0;
  #trailers = 0;

  /** `buf[start,end)` is the head; it is copied. `max` bounds head and body together. */
  constructor(buf: Uint8Array, start: number, end: number, max: number) {
    this.length = end - start;
    this.bytes = new Uint8Array(Math.max(1024, 2 * this.length));
    this.bytes.set(buf.subarray(start, end), 0);
    this.#max = max;
  }

  get done(): boolean {
    return this.#state === S.DONE;
  }

  /** Takes buf[from,end), or as much of it as belongs to the body. Returns the position after it, or a negative FrameError. */
  feed(buf: Uint8Array, from: number, end: number): number {
    let p = from;
    while (p < end && this.#state !== S.DONE) {
      if (this.#state === S.DATA) p = this.#data(buf, p, end);
      else {
        const bad = this.#step(buf[p]!);
        if (bad !== 0) return -bad;
        p++;
      }
    }
    return p;
  }

  #data(buf: Uint8Array, from: number, end: number): number {
    const n = Math.min(this.#left, end - from);
    const need = this.length + n;
    if (need > this.bytes.length) {
      const bigger = new Uint8Array(Math.max(need, Math.min(this.#max, 2 * this.bytes.length)));
      bigger.set(this.bytes.subarray(0, this.length));
      this.bytes = bigger;
    }
    this.bytes.set(buf.subarray(from, from + n), this.length);
    this.length = need;
    this.#left -= n;
    if (this.#left === 0) this.#state = S.DATA_CR;
    return from + n;
  }

  #step(c: number): number {
    const state = this.#state;
    if (state === S.SIZE) return this.#size(c);
    if (state < S.SIZE_LF) return this.#extension(c);
    switch (state) {
      case S.SIZE_LF:
        if (c !== LF) return FrameError.CHUNK;
        this.#digits = 0;
        this.#state = this.#left > 0 ? S.DATA : S.TRAILER;
        return 0;
      case S.DATA_CR:
        this.#state = S.DATA_LF;
        return c === CR ? 0 : FrameError.CHUNK;
      case S.DATA_LF:
        this.#state = S.SIZE;
        return c === LF ? 0 : FrameError.CHUNK;
      default:
        return this.#trailer(c);
    }
  }

  #size(c: number): number {
    const value = hexValue(c);
    if (value >= 0) {
      if (++this.#digits > MAX_DIGITS) return FrameError.CHUNK;
      this.#left = this.#left * 16 + value;
      return this.length + this.#left > this.#max ? FrameError.BODY_TOO_LONG : 0;
    }
    if (this.#digits === 0) return FrameError.CHUNK;
    return this.#endOfExtension(c);
  }

  #endOfExtension(c: number): number {
    if (c === CR) this.#state = S.SIZE_LF;
    else if (c === SEMICOLON) {
      this.#state = S.EXT_NAME;
      this.#empty = true;
    } else return FrameError.CHUNK;
    return 0;
  }

  // *( ";" token [ "=" ( token / quoted-string ) ] ); the white space that RFC 9112 7.1.1 calls bad is refused
  #extension(c: number): number {
    if (++this.#extensions > MAX_EXTENSIONS) return FrameError.CHUNK;
    switch (this.#state) {
      case S.EXT_QUOTED:
        if (c === QUOTE) this.#state = S.EXT_END;
        else if (c === BACKSLASH) this.#state = S.EXT_ESCAPED;
        return isControl(c) ? FrameError.CHUNK : 0;
      case S.EXT_ESCAPED:
        this.#state = S.EXT_QUOTED;
        return isControl(c) ? FrameError.CHUNK : 0;
      case S.EXT_END:
        return this.#endOfExtension(c);
      case S.EXT_VALUE:
        if (c !== QUOTE && !isTchar(c)) return FrameError.CHUNK;
        this.#state = c === QUOTE ? S.EXT_QUOTED : S.EXT_TOKEN;
        return 0;
      default:
    }
    if (isTchar(c)) {
      this.#empty = false;
      return 0;
    }
    if (this.#empty) return FrameError.CHUNK;
    if (c !== EQUALS || this.#state === S.EXT_TOKEN) return this.#endOfExtension(c);
    this.#state = S.EXT_VALUE;
    return 0;
  }

  // Trailers are read and forgotten: none of them may say how the message is framed or who it is for (RFC 9110 6.5.1).
  #trailer(c: number): number {
    if (++this.#trailers > MAX_TRAILERS) return FrameError.HTTP_HEAD_TOO_LONG;
    switch (this.#state) {
      case S.TRAILER:
        this.#state = c === CR ? S.END_LF : S.TRAILER_NAME;
        return c === CR || isTchar(c) ? 0 : FrameError.TRAILER;
      case S.TRAILER_NAME:
        if (c === COLON) this.#state = S.TRAILER_VALUE;
        return c === COLON || isTchar(c) ? 0 : FrameError.TRAILER;
      case S.TRAILER_VALUE:
        if (c === CR) this.#state = S.TRAILER_LF;
        return c === CR || !isControl(c) ? 0 : FrameError.TRAILER;
      case S.TRAILER_LF:
        this.#state = S.TRAILER;
        return c === LF ? 0 : FrameError.TRAILER;
      default:
        this.#state = S.DONE;
        return c === LF ? 0 : FrameError.TRAILER;
    }
  }
}

function hexValue(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function isControl(c: number): boolean {
  return (c < SP && c !== TAB) || c === DEL;
}
