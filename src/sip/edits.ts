// Changes to a message, kept apart from its bytes and applied when it is built (Kamailio's lumps): they are not seen by
// later reads until the message is rebuilt.

import { copyBytes, putText } from "../util/bytes.ts";

/** How a listening socket shows itself in messages. */
export interface SocketFace {
  /** A `Transport` number. */
  readonly protocol: number;
  /** The address as it stands in URIs, IPv6 in brackets, and the port. */
  readonly addressText: string;
  readonly portText: string;
  /** What is shown in place of them; null when nothing is. IPv6 without brackets. */
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
}

/** Record-Route headers that cannot be written before it is known by which socket the request leaves (module rr). */
export interface RecordRoute {
  /** Whole header lines for a request that came by one socket and leaves by the other. */
  lines(from: SocketFace, to: SocketFace): string;
}

/** A text that cannot be final before it is known by which socket the request leaves (module path). */
interface LateText {
  readonly make: LateLines;
  /** How it stands in the list at present. */
  now: string;
}

/** Whole header lines for a request that came by one socket and leaves by the other. */
export type LateLines = (from: SocketFace, to: SocketFace) => string;

/** An ordered list of (position, bytes deleted there, text put there). Positions are offsets in the message's buffer. */
export class Edits {
  count = 0;
  /** Written above all headers when the request is forwarded; null when there is none. */
  recordRoute: RecordRoute | null = null;
  private late: LateText[] | null = null;
  private pos: number[] = [];
  private del: number[] = [];
  private text: string[] = [];

  clear(): void {
    this.count = 0;
    this.recordRoute = null;
    this.late = null;
  }

  /** As add without deleting, of lines that depend on the socket it leaves by; `from` is the one it came by, for as long as that is not known. */
  addLate(pos: number, make: LateLines, from: SocketFace): void {
    const now = make(from, from);
    this.add(pos, 0, now);
    this.late ??= [];
    this.late.push({ make, now });
  }

  /** Whether some text depends on the socket it leaves by. */
  get hasLate(): boolean {
    return this.late !== null;
  }

  /** Gives these texts their form for a request that came by one socket and leaves by the other. */
  settleLate(from: SocketFace, to: SocketFace): void {
    for (const late of this.late ?? []) {
      const i = this.text.indexOf(late.now);
      if (i < 0 || i >= this.count) continue;
      late.now = late.make(from, to);
      this.text[i] = late.now;
    }
  }

  /** Deletes `del` bytes at `pos` and puts `text` (a byte string) in their place. At one position, later edits come after earlier ones. */
  add(pos: number, del: number, text: string): void {
    let i = this.count++;
    while (i > 0 && this.pos[i - 1]! > pos) {
      this.pos[i] = this.pos[i - 1]!;
      this.del[i] = this.del[i - 1]!;
      this.text[i] = this.text[i - 1]!;
      i--;
    }
    this.set(i, pos, del, text);
  }

  /** As add, but before the edits already at that position: how a later Record-Route or Via comes to stand above an earlier one. */
  addFirst(pos: number, del: number, text: string): void {
    let i = this.count++;
    while (i > 0 && this.pos[i - 1]! >= pos) {
      this.pos[i] = this.pos[i - 1]!;
      this.del[i] = this.del[i - 1]!;
      this.text[i] = this.text[i - 1]!;
      i--;
    }
    this.set(i, pos, del, text);
  }

  private set(i: number, pos: number, del: number, text: string): void {
    this.pos[i] = pos;
    this.del[i] = del;
    this.text[i] = text;
  }

  /** Whether some edit deletes bytes of [start,end) or puts text strictly inside. */
  touches(start: number, end: number): boolean {
    for (let i = 0; i < this.count; i++) {
      const p = this.pos[i]!;
      if (p < end && p + this.del[i]! > start) return true;
      if (p > start && p < end) return true;
    }
    return false;
  }

  /** The text that stands in place of exactly [start,end); null when that was not replaced as a whole. */
  replacement(start: number, end: number): string | null {
    for (let i = 0; i < this.count && this.pos[i]! <= start; i++)
      if (this.pos[i] === start && this.del[i] === end - start && end > start) return this.text[i]!;
    return null;
  }

  /** A list of its own with the same edits: what a branch route may add to without touching the other branches. */
  clone(): Edits {
    const copy = new Edits();
    copy.count = this.count;
    copy.recordRoute = this.recordRoute;
    copy.late = this.late === null ? null : this.late.map((l) => ({ ...l }));
    copy.pos = this.pos.slice(0, this.count);
    copy.del = this.del.slice(0, this.count);
    copy.text = this.text.slice(0, this.count);
    return copy;
  }

  /** Becomes the same list as another. */
  copyFrom(other: Edits): void {
    this.count = other.count;
    this.recordRoute = other.recordRoute;
    this.late = other.late === null ? null : other.late.map((l) => ({ ...l }));
    this.pos = other.pos.slice(0, other.count);
    this.del = other.del.slice(0, other.count);
    this.text = other.text.slice(0, other.count);
  }

  /** Moves all positions by `delta`; for when the message's bytes move to another buffer. */
  shift(delta: number): void {
    for (let i = 0; i < this.count; i++) this.pos[i]! += delta;
  }

  /** How many bytes the edits add at the most, for sizing output. */
  growth(): number {
    let n = 0;
    for (let i = 0; i < this.count; i++) n += this.text[i]!.length;
    return n;
  }

  /**
   * How much longer (or shorter) the part of the buffer from `start` on becomes; for Content-Length after edits of a body.
   */
  delta(start: number): number {
    let cursor = start;
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      const p = this.pos[i]!;
      const e = p + this.del[i]!;
      if (p >= start) n += this.text[i]!.length;
      if (e > cursor) {
        n -= e - Math.max(p, cursor);
        cursor = e;
      }
    }
    return n;
  }

  /** Writes the texts of the edits that stand exactly at `pos` and delete nothing; see `write` with `textsDone`. */
  writeTextsAt(dst: Uint8Array, at: number, pos: number): number {
    let out = at;
    for (let i = 0; i < this.count && this.pos[i]! <= pos; i++) {
      if (this.pos[i] === pos && this.del[i] === 0) out = putText(dst, out, this.text[i]!);
    }
    return out;
  }

  /**
   * Writes src[start,end) with the edits applied to dst at `at`; returns the position after it. Edits at `start` are included
   * (without the pure insertions there when `textsDone`), edits at `end` only when `last` is set. Deletions may overlap: their union is
   * left out, texts are all kept.
   */
  write(
    dst: Uint8Array,
    at: number,
    src: Uint8Array,
    start: number,
    end: number,
    last = false,
    textsDone = false,
  ): number {
    let cursor = start;
    let out = at;
    for (let i = 0; i < this.count; i++) {
      const p = this.pos[i]!;
      const after = p + this.del[i]!;
      if (p < start) {
        if (after > cursor) cursor = after;
        continue;
      }
      if (last ? p > end : p >= end) break;
      if (textsDone && p === start && after === p) continue;
      if (p > cursor) {
        out = copyBytes(dst, out, src, cursor, p);
        cursor = p;
      }
      out = putText(dst, out, this.text[i]!);
      if (after > cursor) cursor = after;
    }
    return cursor < end ? copyBytes(dst, out, src, cursor, end) : out;
  }
}
