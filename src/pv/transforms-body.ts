// Transformations of hashes {s.md5} …, of header bodies {tobody.…} and of lines {line.…}.

import type { Hashing } from "../host/host.ts";
import type { TransformDef } from "../registry/define.ts";
import { NameAddrRange, parseNameAddr } from "../sip/name-addr.ts";
import { parseUriText } from "../sip/uri-text.ts";
import { toText } from "../sip/value.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { argInt, ofText } from "./transform-define.ts";

/** Longest text read as the body of a From or To. */
const MAX_BODY = 4096;

function hash(name: string, of: (hashing: Hashing, text: string) => string): TransformDef {
  return {
    doc: `${name} hash in hexadecimal`,
    minArgs: 0,
    maxArgs: 0,
    apply: (value, _args, ctx) => (value === null ? null : of(ctx.proxy.host.hashing, toText(value))),
  };
}

/** Part of a body such as From has; empty when the part is missing, null when it is no such body. */
function body(doc: string, read: (buf: Uint8Array, a: NameAddrRange) => string): TransformDef {
  const range = new NameAddrRange();
  return ofText(doc, 0, 0, (text) => {
    if (text.length > MAX_BODY) return null;
    const buf = bytesOf(text);
    return parseNameAddr(buf, 0, buf.length, range) === 0 ? read(buf, range) : null;
  });
}

function slice(buf: Uint8Array, start: number, end: number): string {
  return start < 0 ? "" : textOf(buf, start, end).trim();
}

function uriPart(read: (user: string, host: string) => string): (buf: Uint8Array, a: NameAddrRange) => string {
  return (buf, a) => {
    const uri = parseUriText(textOf(buf, a.uriStart, a.uriEnd));
    return typeof uri === "number" ? "" : read(uri.user, uri.host);
  };
}

/** The lines; what ends with a line end has no empty line after it. */
function lines(text: string): string[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""));
}

/** Hashes, bodies and lines, by name. */
export const BODY_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "s.md5": hash("MD5", (h, text) => h.md5(text)),
  "s.sha256": hash("SHA-256", (h, text) => h.sha256(text)),
  "s.sha384": hash("SHA-384", (h, text) => h.sha384(text)),
  "s.sha512": hash("SHA-512", (h, text) => h.sha512(text)),
  "tobody.uri": body("URI of a From or To", (buf, a) => slice(buf, a.uriStart, a.uriEnd)),
  "tobody.tag": body("tag of a From or To", (buf, a) => slice(buf, a.tagStart, a.tagEnd)),
  "tobody.display": body("display name of a From or To, quotes included", (buf, a) =>
    slice(buf, a.displayStart, a.displayEnd),
  ),
  "tobody.user": body(
    "user part of the URI of a From or To",
    uriPart((user) => user),
  ),
  "tobody.host": body(
    "host of the URI of a From or To",
    uriPart((_user, host) => host),
  ),
  "tobody.params": body("parameters of a From or To", (buf, a) =>
    slice(buf, a.paramsStart, a.paramsEnd).replace(/^;\s*/, ""),
  ),
  "line.count": ofText("how many lines there are", 0, 0, (text) => (text === "" ? null : String(lines(text).length))),
  "line.at": ofText("the line with that index, from the end when it is negative", 1, 1, (text, [n]) => {
    return text === "" ? null : (lines(text).at(argInt(n)) ?? "");
  }),
  "line.sw": ofText("the first line that begins with a text", 1, 1, (text, [start]) => {
    return lines(text).find((line) => line.startsWith(start ?? "")) ?? "";
  }),
};
