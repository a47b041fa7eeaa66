// Header names as arguments: looked up once in the table of known headers, compact forms included.

import { type Arg, ArgError, parsed } from "../../registry/args.ts";
import { H, headerIdOfName } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import {
  findHeader,
  findHeaderByName,
  LINE_END,
  NAME_END,
  NAME_START,
  STRIDE,
  VALUE_END,
  VALUE_START,
} from "../../sip/scan.ts";
import { textOf } from "../../util/bytes.ts";

/** A header to look for. */
export interface HeaderName {
  /** H.OTHER when it is not in the table; then `lower` decides. */
  readonly id: number;
  readonly lower: string;
}

/** The name in a text, with or without a colon behind it. */
export function headerName(text: string): HeaderName {
  const lower = text.trim().replace(/:$/, "").toLowerCase();
  return { id: headerIdOfName(lower), lower };
}

/** An argument that names a header. */
export function headerArg(name: string): Arg<HeaderName> {
  return parsed(name, (text) => (text.trim() === "" ? new ArgError("an empty header name") : headerName(text)));
}

/** Number in the index of the first such header from number `from` on; -1 without one. */
export function findNamed(msg: SipMessage, name: HeaderName, from = 0): number {
  return name.id === H.OTHER ? findHeaderByName(msg, name.lower, from) : findHeader(msg, name.id, from);
}

/** The name of header number `h` as it was received. */
export function nameText(msg: SipMessage, h: number): string {
  return textOf(msg.buf, msg.index[h * STRIDE + NAME_START]!, msg.index[h * STRIDE + NAME_END]!);
}

/** Where header number `h` begins: its name. */
export function lineStart(msg: SipMessage, h: number): number {
  return msg.index[h * STRIDE + NAME_START]!;
}

/** Where header number `h` ends, its line end included. */
export function lineEnd(msg: SipMessage, h: number): number {
  return msg.index[h * STRIDE + LINE_END]!;
}

/** Where the value of header number `h` begins. */
export function valueStart(msg: SipMessage, h: number): number {
  return msg.index[h * STRIDE + VALUE_START]!;
}

/** Where the value of header number `h` ends. */
export function valueEnd(msg: SipMessage, h: number): number {
  return msg.index[h * STRIDE + VALUE_END]!;
}

/** A text as whole header lines: its end is a line end, and no empty line ends the head early. */
export function wholeLines(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  return lines.length === 0 ? "" : `${lines.join("\r\n")}\r\n`;
}

/** A text as it may stand within one header line: line breaks in it become a blank. */
export function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, " ") : text;
}
