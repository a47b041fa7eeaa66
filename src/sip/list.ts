// Comma-separated header values: where one ends and the next begins, with respect to quotes and `<…>`.
import { bytesOf, textOf, trimmed } from "../util/bytes.ts";
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

/** The values of a list as texts, those that are empty left out. */
export function listValues(list: string): string[] {
  const values: string[] = [];
  const bytes = bytesOf(list);
  for (let at = 0; at < bytes.length; ) {
    const comma = nextValue(bytes, at, bytes.length);
    const value = trimmed(textOf(bytes, at, comma));
    if (value !== "") values.push(value);
    at = comma + 1;
  }
  return values;
}
