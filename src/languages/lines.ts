// Places in a script's text (a byte string) by line and column.

import { fromUnicode, toUnicode } from "../util/bytes.ts";

/** [start, end) of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Offsets of a line (from 1; the last one when there are fewer), without its end. */
export function lineOf(text: string, line: number): Span {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf("\n", start);
    if (next < 0) break;
    start = next + 1;
  }
  const end = text.indexOf("\n", start);
  return { start, end: end < 0 ? text.length : end };
}

/** The same without what the line is indented by. */
export function wordsOf(text: string, line: number): Span {
  const { start, end } = lineOf(text, line);
  let at = start;
  while (at < end && (text[at] === " " || text[at] === "\t")) at++;
  return { start: at, end };
}

/** The offset of a column (from 1, in characters of UTF-8) of a line, at most its end. */
export function columnOf(text: string, line: number, column: number): number {
  const { start, end } = lineOf(text, line);
  const before = [...toUnicode(text.slice(start, end))].slice(0, column - 1).join("");
  return Math.min(start + fromUnicode(before).length, end);
}
