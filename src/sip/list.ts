// Comma-separated header values: where one ends and the next begins, with respect to quotes and `<…>`.
import { skipQuoted } from "./tokens.ts";

/**
 * End of the list value that begins at `pos`: the position of the comma after it, or `end`.
 * A comma inside a quoted string or between `<` and `>` separates nothing. A quote or bracket that is never closed
 * takes all that is left, so a caller's parser sees and refuses it.
 */
export function nextValue(buf: Uint8Array, pos: number, end: number): number {
  let i = pos;
  while (i < end) {
    const b = buf[i]!;
    if (b === 0x2c) return i;
    if (b === 0x22) {
      i = skipQuoted(buf, i, end);
      if (i < 0) return end;
    } else if (b === 0x3c) {
      while (i < end && buf[i] !== 0x3e) i++;
      if (i >= end) return end;
      i++;
    } else i++;
  }
  return end;
}
