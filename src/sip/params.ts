// Header parameters: `;name[=value]` lists as in RFC 3261 generic-param, read one at a time without copying.
// Parameters inside a URI have other character rules and live in uri.ts.
import { SipError } from "./errors.ts";
import { C, equalsIgnoreCase, skipClass, skipLws, skipQuoted } from "./tokens.ts";

/** Returned by `nextParam` when the list has ended; `next` then holds the position of what follows. */
export const PARAMS_END = -1;

/** One parameter. A value range is -1 when there is no `=`; a quoted value keeps its quotes. */
export class ParamRange {
  nameStart = -1;
  nameEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  /** Where reading goes on: white space is skipped, so it is a `;`, a `,`, another byte, or the end. */
  next = -1;
}

/**
 * Read the parameter at or after `pos` (white space allowed before its `;`).
 * Returns 0 with `out` filled; `PARAMS_END` when what follows is no `;`; else a `SipError`.
 * White space is allowed around `;` and `=`. An empty name is refused; a `=` without a value (`rport=`) gives an empty range.
 */
export function nextParam(buf: Uint8Array, pos: number, end: number, out: ParamRange): number {
  let i = skipLws(buf, pos, end);
  out.next = i;
  if (i >= end || buf[i] !== 0x3b) return PARAMS_END;
  i = skipLws(buf, i + 1, end);
  out.nameStart = i;
  i = skipClass(buf, i, end, C.TOKEN);
  out.nameEnd = i;
  out.valueStart = -1;
  out.valueEnd = -1;
  if (i === out.nameStart) return SipError.PARAM_NAME;
  i = skipLws(buf, i, end);
  if (i < end && buf[i] === 0x3d) {
    const equals = i;
    i = skipLws(buf, i + 1, end);
    out.valueStart = i;
    if (i < end && buf[i] === 0x22) {
      i = skipQuoted(buf, i, end);
      if (i < 0) return SipError.UNTERMINATED_QUOTE;
    } else {
      i = skipClass(buf, i, end, C.VALUE);
      if (i === out.valueStart) {
        // White space after the `=` belongs to nothing: the empty value stands right behind the sign.
        out.valueStart = out.valueEnd = equals + 1;
        out.next = i;
        return i >= end || buf[i] === 0x3b || buf[i] === 0x2c ? 0 : SipError.PARAM_VALUE;
      }
    }
    out.valueEnd = i;
    i = skipLws(buf, i, end);
  }
  out.next = i;
  return 0;
}

/** Find the first parameter called `lowerName` (given in lower case) in [start, end). False when absent or malformed before it. */
export function findParam(buf: Uint8Array, start: number, end: number, lowerName: string, out: ParamRange): boolean {
  if (start < 0) return false;
  let pos = start;
  while (nextParam(buf, pos, end, out) === 0) {
    if (equalsIgnoreCase(buf, out.nameStart, out.nameEnd, lowerName)) return true;
    pos = out.next;
  }
  return false;
}
