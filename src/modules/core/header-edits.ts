// Edits of whole header lines, for textops and for scripts in other languages. Later reads do not see them.

import type { SipMessage } from "../../sip/message.ts";
import { findNamed, type HeaderName, lineEnd, lineStart, wholeLines } from "./header-name.ts";

/** Adds header lines at the end of the head, or behind the last header of a name. */
export function appendLines(msg: SipMessage, text: string, after: HeaderName | undefined): number {
  let h = -1;
  for (let next = after === undefined ? -1 : findNamed(msg, after); next >= 0; next = findNamed(msg, after!, next + 1))
    h = next;
  msg.currentEdits().add(h < 0 ? msg.headEnd : lineEnd(msg, h), 0, wholeLines(text));
  return 1;
}

/** Adds header lines at the start of the head, or in front of the first header of a name. */
export function insertLines(msg: SipMessage, text: string, before: HeaderName | undefined): number {
  const h = before === undefined ? -1 : findNamed(msg, before);
  msg.currentEdits().add(h < 0 ? msg.firstLineEnd : lineStart(msg, h), 0, wholeLines(text));
  return 1;
}

/** Removes header number `h`. */
export function removeLine(msg: SipMessage, h: number): void {
  msg.currentEdits().add(lineStart(msg, h), lineEnd(msg, h) - lineStart(msg, h), "");
}

/** Removes all headers of a name; 1 when there was one, else -1. */
export function removeNamed(msg: SipMessage, name: HeaderName): number {
  let removed = -1;
  for (let h = findNamed(msg, name); h >= 0; h = findNamed(msg, name, h + 1)) {
    removeLine(msg, h);
    removed = 1;
  }
  return removed;
}
