// Where the parameters of one header value stand: behind semicolons, or behind commas in headers like Authorization.

import type { SipMessage } from "../../sip/message.ts";
import { textOf } from "../../util/bytes.ts";

/** One parameter, as offsets into the message. */
export interface Param {
  /** In lower case. */
  readonly name: string;
  readonly nameEnd: number;
  /** Where its value ends; where its name does without one. */
  readonly valueEnd: number;
  /** What goes when it is taken away: a separator is with it. */
  readonly cutStart: number;
  readonly cutEnd: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x3c;
const CLOSE = 0x3e;
const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const COMMA = 0x2c;

/** The parameters behind semicolons in [start, end), those of a URI in angle brackets left out. */
export function valueParams(msg: SipMessage, start: number, end: number): Param[] {
  const marks = separators(msg.buf, start, end, SEMICOLON);
  return marks.map((at, i) => {
    // white space in front of the semicolon goes with it
    let cut = at;
    while (cut > start && isSpace(msg.buf[cut - 1]!)) cut--;
    return paramAt(msg, at + 1, marks[i + 1] ?? end, cut, -1);
  });
}

/** The parameters behind the scheme in [start, end), separated by commas. */
export function authorizationParams(msg: SipMessage, start: number, end: number): Param[] {
  const { buf } = msg;
  let from = start;
  while (from < end && isSpace(buf[from]!)) from++;
  while (from < end && !isSpace(buf[from]!)) from++;
  while (from < end && isSpace(buf[from]!)) from++;
  if (from >= end) return [];
  const marks = separators(buf, from, end, COMMA);
  const starts = [from, ...marks.map((at) => at + 1)];
  return starts.map((at, i) => {
    const stop = marks[i] ?? end;
    // with the comma behind it, the last one with that in front of it
    const isLast = stop === end && i > 0;
    return paramAt(msg, at, stop, isLast ? at - 1 : at, isLast ? end : Math.min(stop + 1, end));
  });
}

function separators(buf: Uint8Array, start: number, end: number, separator: number): number[] {
  const out: number[] = [];
  let isQuoted = false;
  let isBracketed = false;
  for (let i = start; i < end; i++) {
    const c = buf[i]!;
    if (isQuoted) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) isQuoted = false;
    } else if (c === QUOTE) isQuoted = true;
    else if (c === OPEN) isBracketed = true;
    else if (c === CLOSE) isBracketed = false;
    else if (c === separator && !isBracketed) out.push(i);
  }
  return out;
}

// Its value ends before white space; so does what is cut, unless the caller says where.
function paramAt(msg: SipMessage, from: number, stop: number, cutStart: number, cutEnd: number): Param {
  const { buf } = msg;
  let start = from;
  let end = stop;
  while (start < end && isSpace(buf[start]!)) start++;
  while (end > start && isSpace(buf[end - 1]!)) end--;
  let nameEnd = start;
  while (nameEnd < end && buf[nameEnd] !== EQUALS && !isSpace(buf[nameEnd]!)) nameEnd++;
  return {
    name: textOf(buf, start, nameEnd).toLowerCase(),
    nameEnd,
    valueEnd: end,
    cutStart,
    cutEnd: cutEnd < 0 ? end : cutEnd,
  };
}

function isSpace(c: number): boolean {
  return c === 32 || c === 9 || c === 13 || c === 10;
}
