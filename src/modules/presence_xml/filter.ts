// What of a presence document a watcher may see (RFC 5025 3.3): tuples, persons and devices, and their attributes.

import type { Provided } from "./rules.ts";
import { type Element, elementsOf, innerText, localName, parseXml, xmlText } from "./xml.ts";

/** Attributes that are seen wherever the component is. */
const ALWAYS: ReadonlySet<string> = new Set(["status", "basic", "contact", "timestamp"]);

/** The document without what is not for the watcher. */
export function filtered(body: string, provided: Provided): string {
  const document = parseXml(body);
  const root = document?.documentElement ?? null;
  if (document === null || root === null) return "";
  for (const element of elementsOf(root)) {
    if (!isSeen(element, provided)) root.removeChild(element);
    else if (!provided.allAttributes && isComponent(element)) withoutAttributes(element, provided);
  }
  return xmlText(document);
}

// Maps, since names of elements are anybody's: an object would know "constructor" too.
const SELECTORS: ReadonlyMap<string, "services" | "persons" | "devices"> = new Map([
  ["tuple", "services"],
  ["person", "persons"],
  ["device", "devices"],
]);

function isComponent(element: Element): boolean {
  return SELECTORS.has(localName(element));
}

function isSeen(element: Element, provided: Provided): boolean {
  const list = SELECTORS.get(localName(element));
  if (list === undefined) return provided.allAttributes || provided.attributes.has(localName(element));
  return provided[list].some((selector) => fits(element, selector));
}

function fits(element: Element, selector: string): boolean {
  if (selector === "all") return true;
  const at = selector.indexOf(" ");
  const kind = selector.slice(0, at);
  const value = selector.slice(at + 1);
  const says = (name: string): string[] => elementsOf(element, name).map(innerText);
  if (kind === "occurrence-id") return element.getAttribute("id") === value;
  if (kind === "class") return says("class").includes(value);
  if (kind === "deviceID") return says("deviceID").includes(value);
  if (kind === "service-uri") return says("contact").includes(value);
  if (kind === "service-uri-scheme") return says("contact").some((uri) => uri.startsWith(`${value}:`));
  return false;
}

function withoutAttributes(component: Element, { attributes }: Provided): void {
  for (const child of elementsOf(component)) {
    const name = localName(child);
    if (!ALWAYS.has(name) && !attributes.has(name)) component.removeChild(child);
    else if (name === "status")
      for (const inner of elementsOf(child))
        if (localName(inner) !== "basic" && !attributes.has(localName(inner))) child.removeChild(inner);
  }
}
