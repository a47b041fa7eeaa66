// Transformations {param.…} on lists of parameters (a=1;b=2) and {nameaddr.…} on name-addr values.

import type { TransformDef } from "../registry/define.ts";
import { NameAddrRange, parseNameAddr } from "../sip/name-addr.ts";
import { bytesOf } from "../util/bytes.ts";
import { argInt, ofText } from "./transform-define.ts";

interface Param {
  readonly name: string;
  readonly value: string;
}

/** The parameters of a list; a separator inside quotes does not count. */
function params(text: string, delimiter: string | undefined): Param[] {
  const separator = (delimiter ?? "").trim()[0] ?? ";";
  const list: Param[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (isQuoted && c === "\\") i++;
    else if (c === '"') isQuoted = !isQuoted;
    if (i < text.length && (isQuoted || c !== separator)) continue;
    const item = text.slice(start, i).trim();
    start = i + 1;
    if (item === "") continue;
    const equal = item.indexOf("=");
    const value = equal < 0 ? "" : item.slice(equal + 1).trim();
    list.push({
      name: equal < 0 ? item : item.slice(0, equal).trim(),
      value: /^".*"$/.test(value) ? value.slice(1, -1) : value,
    });
  }
  return list;
}

function named(text: string, args: readonly string[]): Param | undefined {
  const wanted = (args[0] ?? "").trim().toLowerCase();
  return params(text, args[1]).find((p) => p.name.toLowerCase() === wanted);
}

const range = new NameAddrRange();

/** Reads a name-addr; null when the text is none. */
function nameAddr(text: string, read: (r: NameAddrRange) => string | number): string | number | null {
  const bytes = bytesOf(text);
  return parseNameAddr(bytes, 0, bytes.length, range) !== 0 ? null : read(range);
}

/** Lists and name-addr values, by name. */
export const LIST_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "param.value": ofText("the value of the parameter of that name", 1, 2, (t, args) => named(t, args)?.value ?? ""),
  "param.in": ofText("1 when there is a parameter of that name, else 0", 1, 2, (t, args) =>
    named(t, args) === undefined ? 0 : 1,
  ),
  "param.valueat": ofText(
    "the value of the parameter with that index",
    1,
    2,
    (t, [n, d]) => params(t, d).at(argInt(n))?.value ?? "",
  ),
  "param.name": ofText(
    "the name of the parameter with that index",
    1,
    2,
    (t, [n, d]) => params(t, d).at(argInt(n))?.name ?? "",
  ),
  "param.count": ofText("how many parameters there are", 0, 1, (t, [d]) => params(t, d).length),
  "nameaddr.name": ofText("the display name", 0, 0, (t) =>
    nameAddr(t, (r) => t.slice(Math.max(0, r.displayStart), Math.max(0, r.displayEnd))),
  ),
  "nameaddr.uri": ofText("the URI", 0, 0, (t) => nameAddr(t, (r) => t.slice(r.uriStart, r.uriEnd))),
  "nameaddr.len": ofText("the length of the name-addr", 0, 0, (t) =>
    nameAddr(t, (r) => r.uriEnd + r.brackets - r.start),
  ),
};
