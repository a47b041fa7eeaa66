// Transformations {param.…} on lists of parameters (a=1;b=2) and {nameaddr.…} on name-addr values.

import type { TransformDef } from "../registry/define.ts";
import { NameAddrRange, parseNameAddr } from "../sip/name-addr.ts";
import { bytesOf, trimmed } from "../util/bytes.ts";
import { argInt, ofText } from "./transform-define.ts";

interface Param {
  readonly name: string;
  readonly value: string;
}

/** The parameters of a list; a separator inside quotes does not count, a comma outside of them ends the list. */
function params(text: string, delimiter: string | undefined): Param[] | null {
  if (text === "") return null;
  const separator = (delimiter ?? "").trim()[0] ?? ";";
  const list: Param[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (isQuoted && c === "\\") i++;
    else if (c === '"') isQuoted = !isQuoted;
    const isEnd = i >= text.length || (!isQuoted && c === ",");
    if (!isEnd && (isQuoted || c !== separator)) continue;
    const item = trimmed(text.slice(start, i));
    start = i + 1;
    // an empty one between two separators counts, one at the end does not
    if (item !== "" || !isEnd) list.push(paramOf(item));
    if (isEnd) break;
  }
  return list;
}

function paramOf(item: string): Param {
  const equal = item.indexOf("=");
  const value = equal < 0 ? "" : trimmed(item.slice(equal + 1));
  return {
    name: equal < 0 ? item : item.slice(0, equal).trim(),
    value: /^".*"$/s.test(value) ? value.slice(1, -1) : value,
  };
}

/** Of several with one name the last one. */
function named(text: string, args: readonly string[]): Param | undefined | null {
  const wanted = (args[0] ?? "").trim().toLowerCase();
  const list = params(text, args[1]);
  return list === null ? null : list.findLast((p) => p.name.toLowerCase() === wanted);
}

function at(text: string, args: readonly string[], read: (p: Param) => string): string | null {
  const list = params(text, args[1]);
  if (list === null) return null;
  const found = list.at(argInt(args[0]));
  return found === undefined ? "" : read(found);
}

const range = new NameAddrRange();

/**
 * Reads a name-addr. What has no angle brackets is a URI as a whole, parameters included, whatever it looks like; null when it is empty or
 * has brackets and is none all the same.
 */
function nameAddr(
  text: string,
  read: (name: string, uri: string, length: number) => string | number,
): string | number | null {
  if (text === "") return null;
  if (!text.includes("<")) return read("", text, text.length);
  const bytes = bytesOf(text);
  if (parseNameAddr(bytes, 0, bytes.length, range) !== 0) return null;
  // the name is what stands before the bracket, white space included
  const name = text.slice(range.start, range.uriStart - 1);
  return read(name, text.slice(range.uriStart, range.uriEnd), range.uriEnd + range.brackets - range.start);
}

/** Lists and name-addr values, by name. */
export const LIST_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "param.value": ofText("the value of the parameter of that name", 1, 2, (t, args) => {
    const found = named(t, args);
    return found === null ? null : (found?.value ?? "");
  }),
  "param.in": ofText("1 when there is a parameter of that name, else 0", 1, 2, (t, args) => {
    const found = named(t, args);
    return found === null ? null : found === undefined ? 0 : 1;
  }),
  "param.valueat": ofText("the value of the parameter with that index", 1, 2, (t, args) => at(t, args, (p) => p.value)),
  "param.name": ofText("the name of the parameter with that index", 1, 2, (t, args) => at(t, args, (p) => p.name)),
  "param.count": ofText("how many parameters there are", 0, 1, (t, [d]) => params(t, d)?.length ?? null),
  "nameaddr.name": ofText("the display name, as written before the URI", 0, 0, (t) => nameAddr(t, (name) => name)),
  "nameaddr.uri": ofText("the URI", 0, 0, (t) => nameAddr(t, (_, uri) => uri)),
  "nameaddr.len": ofText("the length of the name-addr", 0, 0, (t) => nameAddr(t, (_name, _uri, length) => length)),
};
