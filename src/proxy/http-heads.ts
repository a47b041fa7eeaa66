// Heads of HTTP answers as bytes, kept from one answer to the next: scripts give the same few again and again.
import { copyBytes } from "../util/bytes.ts";

/** A power of two; more than a script usually has. */
const PLACES = 8;
const MOST_BYTES = 1024;

interface Head {
  readonly code: number;
  readonly reason: string;
  readonly lines: string;
  readonly more: string;
  readonly form: number;
  readonly bytes: Uint8Array;
}

/** One place for each status, by its last bits: who comes later takes it. */
export class HttpHeads {
  private readonly places: (Head | null)[] = new Array(PLACES).fill(null);

  /** Writes the head with exactly these parts to the beginning of `out` and returns its length; 0 when it is not kept. */
  put(out: Uint8Array, code: number, reason: string, lines: string, more: string, form: number): number {
    const head = this.places[code % PLACES]!;
    if (head === null || head.code !== code || head.form !== form) return 0;
    if (head.reason !== reason || head.lines !== lines || head.more !== more) return 0;
    return copyBytes(out, 0, head.bytes, 0, head.bytes.length);
  }

  /** Keeps the head that stands in out[0,end). */
  keep(out: Uint8Array, end: number, code: number, reason: string, lines: string, more: string, form: number): void {
    if (end <= MOST_BYTES) this.places[code % PLACES] = { code, reason, lines, more, form, bytes: out.slice(0, end) };
  }
}
