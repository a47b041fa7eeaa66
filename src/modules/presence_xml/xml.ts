// XML of strangers: read by xmldom after a look at its shape, so that nothing large, deep or with a document type comes near it. There are no
// entities beside the five of XML itself, and nothing is ever fetched.

import { DOMParser, type Document, type Element, onErrorStopParsing, XMLSerializer } from "@xmldom/xmldom";
import { fromUnicode, toUnicode } from "../../util/bytes.ts";

export type { Document, Element };

/** How deep elements may lie in each other, how many there may be, and attributes of one: what xmldom does with them costs their square. */
const MAX_DEPTH = 32;
export const MAX_ELEMENTS = 1000;
const MAX_ATTRIBUTES = 64;

/** A document from a byte string in UTF-8; null when it is not well-formed, has a document type, or is out of bounds. */
export function parseXml(text: string): Document | null {
  if (!isTame(text)) return null;
  try {
    const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(toUnicode(text), "text/xml");
    return document.documentElement === null ? null : document;
  } catch {
    return null;
  }
}

/** A document as a byte string in UTF-8, with a declaration. */
export function xmlText(document: Document): string {
  const root = document.documentElement;
  const text = root === null ? "" : new XMLSerializer().serializeToString(root);
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n${fromUnicode(text)}`;
}

/** A copy of an element for another document. */
export function copied(into: Document, element: Element): Element {
  return into.importNode(element, true) as Element;
}

/** The child elements of an element; of one local name when that is given. */
export function elementsOf(parent: Element, name?: string): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node !== null; node = node.nextSibling)
    if (node.nodeType === 1 && (name === undefined || localName(node as Element) === name)) found.push(node as Element);
  return found;
}

/** The name of an element without prefix. */
export function localName(element: Element): string {
  return element.localName ?? element.nodeName;
}

/** The text in an element, without white space around it. */
export function innerText(element: Element): string {
  return (element.textContent ?? "").trim();
}

// Walks over the tags: whether elements are few and shallow and there is no declaration, which is where entities come from.
function isTame(text: string): boolean {
  let depth = 0;
  let count = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const special = SPECIAL.find(([open]) => text.startsWith(open, at));
    if (special !== undefined) {
      const end = text.indexOf(special[1], at + special[0].length);
      if (end < 0) return false;
      at = end + special[1].length;
      continue;
    }
    if (text.charCodeAt(at + 1) === 0x21) return false;
    const end = tagEnd(text, at + 1);
    if (end < 0) return false;
    if (text.charCodeAt(at + 1) === 0x2f) depth--;
    else if (++count > MAX_ELEMENTS) return false;
    else if (text.charCodeAt(end - 1) !== 0x2f && ++depth > MAX_DEPTH) return false;
    at = end + 1;
  }
  return count > 0;
}

const SPECIAL: readonly (readonly [string, string])[] = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
];

// Where a tag ends: the first > that is not in quotes; -1 without one, or with too many attributes.
function tagEnd(text: string, from: number): number {
  let quote = 0;
  let quoted = 0;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quote !== 0) {
      if (c === quote) quote = 0;
    } else if (c === 0x22 || c === 0x27) {
      quote = c;
      if (++quoted > MAX_ATTRIBUTES) return -1;
    } else if (c === 0x3e) return i;
  }
  return -1;
}
