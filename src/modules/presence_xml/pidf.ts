// Presence documents (RFC 3863, RFC 4479): several made one, what is told when one has gone, and questions about them.

import { copied, type Element, elementsOf, innerText, localName, MAX_ELEMENTS, parseXml, xmlText } from "./xml.ts";

export const PIDF = "urn:ietf:params:xml:ns:pidf";
const DATA_MODEL = "urn:ietf:params:xml:ns:pidf:data-model";
const RPID = "urn:ietf:params:xml:ns:pidf:rpid";

/** The most octets of bodies that are made one: no NOTIFY takes more, and each subscription costs the work. */
const MAX_TOTAL = 65_536;

/** Whether a body is an XML document at all; what it says is between those who publish and who watch. */
export function isDocument(body: string): boolean {
  return parseXml(body) !== null;
}

/**
 * One document of several, the newest first: that one, and of each older one the elements that no newer one has, as far as there is room.
 * Elements are the same when name and id are; without an id, when all of them is.
 */
export function aggregate(bodies: readonly string[]): string {
  const [first = "", ...older] = bodies;
  const document = parseXml(first);
  const root = document?.documentElement ?? null;
  if (document === null || root === null) return first;
  const known = new Set(elementsOf(root).map(identity));
  let left = MAX_TOTAL - first.length;
  for (const body of older) {
    left -= body.length;
    if (left < 0 || known.size >= MAX_ELEMENTS) break;
    const other = parseXml(body)?.documentElement ?? null;
    if (other === null) continue;
    for (const element of elementsOf(other)) {
      const id = identity(element);
      if (known.has(id)) continue;
      known.add(id);
      root.appendChild(copied(document, element));
    }
  }
  return xmlText(document);
}

function identity(element: Element): string {
  const id = element.getAttribute("id");
  return id === null || id === "" ? `${localName(element)}\n${element.toString()}` : `${localName(element)}\t${id}`;
}

/** The tuples of a document, closed: what holds when it has gone. "" when it has none. */
export function offline(body: string): string {
  const root = parseXml(body)?.documentElement ?? null;
  if (root === null) return "";
  const entity = root.getAttribute("entity") ?? "";
  const document = parseXml(`<presence xmlns="${PIDF}"/>`);
  const into = document?.documentElement ?? null;
  if (document === null || into === null) return "";
  into.setAttribute("entity", entity);
  const tuples = elementsOf(root, "tuple");
  for (const tuple of tuples) {
    const closed = document.createElementNS(PIDF, "tuple");
    closed.setAttribute("id", tuple.getAttribute("id") ?? "");
    const status = document.createElementNS(PIDF, "status");
    const basic = document.createElementNS(PIDF, "basic");
    basic.appendChild(document.createTextNode("closed"));
    status.appendChild(basic);
    closed.appendChild(status);
    into.appendChild(closed);
  }
  return tuples.length === 0 ? "" : xmlText(document);
}

/** The document that stands for one that nobody has published (force_dummy_presence). */
export function dummy(presentity: string): string {
  const document = parseXml(
    `<presence xmlns="${PIDF}" xmlns:dm="${DATA_MODEL}" xmlns:rpid="${RPID}"><tuple id="none"><status><basic>open</basic></status></tuple>` +
      `<note>Available</note><dm:person id="1"><rpid:activities/><dm:note>Available</dm:note></dm:person></presence>`,
  );
  if (document === null) return "";
  document.documentElement?.setAttribute("entity", presentity);
  return xmlText(document);
}

/** Of several documents the one whose element says what comes first in a list of priorities (force_presence_single_body). */
export function chosen(bodies: readonly string[], element: string, priorities: readonly string[]): string {
  let best = bodies[0] ?? "";
  let bestAt = priorities.length;
  for (const body of bodies) {
    const found = parseXml(body)?.getElementsByTagNameNS("*", element).item(0) ?? null;
    const at = found === null ? -1 : priorities.indexOf(innerText(found));
    if (at < 0 || at >= bestAt) continue;
    best = body;
    bestAt = at;
  }
  return best;
}

/** Whether a tuple of a document has that basic status. */
export function hasBasic(body: string, status: string): boolean {
  const root = parseXml(body)?.documentElement ?? null;
  if (root === null) return false;
  const basics = elementsOf(root, "tuple")
    .flatMap((tuple) => elementsOf(tuple, "status"))
    .flatMap((s) => elementsOf(s, "basic"));
  return basics.some((b) => innerText(b) === status);
}

/** Whether a person of a document does that: 1, -1, or -2 when there is no person or no activities. */
export function hasActivity(body: string, activity: string): number {
  const root = parseXml(body)?.documentElement ?? null;
  if (root === null) return -2;
  const activities = elementsOf(root, "person").flatMap((person) => elementsOf(person, "activities"));
  if (activities.length === 0) return -2;
  return activities.some((a) => elementsOf(a, activity).length > 0) ? 1 : -1;
}
