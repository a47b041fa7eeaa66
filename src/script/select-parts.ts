// What selects take out of a text: parts of URIs, of From-like headers, of Via, of credentials.

import type { RouteContext } from "../proxy/context.ts";
import { nextValue } from "../sip/list.ts";
import { NameAddrRange, parseNameAddr } from "../sip/name-addr.ts";
import { parseUriText, type UriText } from "../sip/uri-text.ts";
import { parseVia, ViaRange } from "../sip/via.ts";
import { bytesOf, textOf, trimmed } from "../util/bytes.ts";

/** What a text is, which decides what can be taken out of it. */
export type SelectClass =
  | "text"
  | "uri"
  | "address"
  | "header"
  | "via"
  | "cseq"
  | "credentials"
  | "username"
  | "value"
  | "values"
  | "pairs"
  | "line";

/** Reads a select; null when what it names is not there. */
export type SelectReader = (ctx: RouteContext) => string | null;

/** What a select begins with: how it is read, what parts are taken from when that is something else, and what it is. */
export interface SelectRoot {
  readonly read: SelectReader;
  readonly parts?: SelectReader;
  readonly is: SelectClass;
}

/** A segment of a select: a name, or what stood in brackets. */
export interface Segment {
  readonly text: string;
  readonly isIndex: boolean;
}

/** A part: how it is read (null: it is not there), and what it is. */
export interface SelectPart {
  readonly read: (text: string) => string | null;
  readonly is: SelectClass;
}

/** The part of that name; `argument` is what stands in brackets behind it. Null when there is no such part. */
export function partOf(is: SelectClass, name: string, argument: string | null): SelectPart | null {
  const key = name.toLowerCase();
  const isShort = key === "param" || key === "p";
  if (argument !== null && (key === "params" || isShort)) return paramOf(is, argument);
  if (argument !== null) return null;
  const table = TABLES[is];
  if (table !== undefined && Object.hasOwn(table, key)) return table[key]!;
  // a parameter may stand alone behind these
  return is === "value" || is === "values" || is === "pairs" ? paramOf(is, name) : null;
}

const text = (read: SelectPart["read"]): SelectPart => ({ read, is: "text" });

// ---- URIs ----

function ofUri(read: (uri: UriText) => string): SelectPart {
  return text((t) => {
    const uri = parseUriText(t);
    return typeof uri === "number" ? null : read(uri);
  });
}

const port = (uri: UriText): string => (uri.port > 0 ? String(uri.port) : "");

const URI: Readonly<Record<string, SelectPart>> = {
  type: ofUri((u) => u.scheme),
  user: ofUri((u) => u.user),
  rn_user: ofUri((u) => u.user.replace(/;.*$/s, "")),
  pwd: ofUri((u) => u.password),
  host: ofUri((u) => u.host),
  port: ofUri(port),
  // with the port that counts when none is written
  hostport: ofUri((u) => `${u.host}:${port(u) || (u.scheme === "sips" ? "5061" : "5060")}`),
  params: ofUri((u) => u.params),
  transport: ofUri((u) => listed(u.params, "transport") ?? ""),
};

// ---- parameters ----

/** The value of a parameter in a list; empty when it has none, null without it. Quotes are taken off. */
function listed(params: string, name: string): string | null {
  const wanted = name.toLowerCase();
  for (const [, own, value] of params.matchAll(/(?<![^;=\s])([^;=\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;]*))?(?:;|$)/g)) {
    if (own!.toLowerCase() === wanted) return trimmed(value ?? "").replace(/^"(.*)"$/s, "$1");
  }
  return null;
}

function paramOf(is: SelectClass, name: string): SelectPart | null {
  if (is === "uri") return ofUri((u) => listed(u.params, name) ?? "");
  if (is === "address" || is === "header") return text((t) => listed(paramsOf(t), name));
  if (is === "value" || is === "values") return text((t) => listed(ownParams(t), name));
  if (is === "pairs") return text((t) => pair(t, name));
  if (is === "via") return text((t) => listed(t.replace(/^[^;]*;?/s, ""), name));
  return null;
}

// The parameters of the first value of a list: behind its address, or behind the first semicolon that no quotes hold.
function ownParams(list: string): string {
  const buf = bytesOf(list);
  const value = textOf(buf, 0, nextValue(buf, 0, buf.length));
  return value.includes("<") ? paramsOf(value) : value.replace(/^(?:"(?:[^"\\]|\\.)*"|[^;"])*;?/s, "");
}

// name=value, or a name alone, among pairs separated by commas, behind a scheme or not
function pair(t: string, name: string): string | null {
  const wanted = name.toLowerCase();
  const pairs = t.replace(/^\s*[^\s=,"]+\s+(?=[^\s=,"]+\s*=)/, "");
  for (const [, own, value] of pairs.matchAll(/(?<![^,=\s])([^,=\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^,]*))?(?:,|$)/g)) {
    if (own!.toLowerCase() === wanted) return trimmed(value ?? "").replace(/^"(.*)"$/s, "$1");
  }
  return null;
}

// ---- From, To, Contact … ----

function ofAddress(read: (buf: Uint8Array, a: NameAddrRange) => string | null, is: SelectClass = "text"): SelectPart {
  return {
    is,
    read: (t) => {
      const buf = bytesOf(t);
      const range = new NameAddrRange();
      return parseNameAddr(buf, 0, buf.length, range) === 0 ? read(buf, range) : null;
    },
  };
}

function slice(buf: Uint8Array, start: number, end: number): string {
  return start < 0 ? "" : textOf(buf, start, end);
}

function paramsOf(t: string): string {
  const buf = bytesOf(t);
  const range = new NameAddrRange();
  if (parseNameAddr(buf, 0, buf.length, range) !== 0) return "";
  return slice(buf, range.paramsStart, range.paramsEnd).replace(/^;/, "");
}

const addressParams = text(paramsOf);
const param = (name: string): SelectPart => text((t) => listed(paramsOf(t), name));

const uri = ofAddress((buf, a) => slice(buf, a.uriStart, a.uriEnd), "uri");
const displayName = ofAddress((buf, a) => slice(buf, a.displayStart, a.displayEnd));

const ADDRESS: Readonly<Record<string, SelectPart>> = {
  uri,
  params: addressParams,
  name: displayName,
  tag: param("tag"),
  q: param("q"),
  expires: param("expires"),
  methods: param("methods"),
  method: param("methods"),
  received: param("received"),
  instance: param("+sip.instance"),
};

// A display name without its quotes.
const plainName = ofAddress((buf, a) => slice(buf, a.displayStart, a.displayEnd).replace(/^"(.*)"$/s, "$1"));

const whole: SelectPart["read"] = (t) => t;

const HEADER: Readonly<Record<string, SelectPart>> = {
  nameaddr: { read: (t) => t, is: "address" },
};

// ---- values of a header, joined by commas ----

const valuesUri = text((t) => {
  const buf = bytesOf(t);
  const uris: string[] = [];
  for (let at = 0; at < buf.length; ) {
    const comma = nextValue(buf, at, buf.length);
    const range = new NameAddrRange();
    if (parseNameAddr(buf, at, comma, range) === 0) uris.push(slice(buf, range.uriStart, range.uriEnd));
    at = comma + 1;
  }
  return uris.join(",");
});

// ---- Via ----

function ofVia(read: (buf: Uint8Array, v: ViaRange) => string | null): SelectPart {
  return text((t) => {
    const buf = bytesOf(t);
    const range = new ViaRange();
    return parseVia(buf, 0, buf.length, range) === 0 ? read(buf, range) : null;
  });
}

// What stands in the last parentheses, at the end.
function commentOf(via: string): string | null {
  const end = via.trimEnd().length - 1;
  if (via[end] !== ")") return null;
  const open = via.indexOf("(", via.lastIndexOf(")", end - 1) + 1);
  return open < 0 || open > end ? null : via.slice(open + 1, end);
}

const viaParam = (name: string): SelectPart => text((t) => listed(t.replace(/^[^;]*;?/s, ""), name));

const VIA: Readonly<Record<string, SelectPart>> = {
  name: ofVia((buf, v) => slice(buf, v.protoStart, v.protoEnd).split("/")[0]!.trim()),
  version: ofVia((buf, v) => slice(buf, v.protoStart, v.protoEnd).split("/")[1]?.trim() ?? null),
  transport: ofVia((buf, v) => slice(buf, v.transportStart, v.transportEnd)),
  host: ofVia((buf, v) => slice(buf, v.hostStart, v.hostEnd)),
  port: ofVia((_, v) => (v.port > 0 ? String(v.port) : null)),
  comment: text(commentOf),
  ...Object.fromEntries(["branch", "received", "rport", "i", "alias"].map((name) => [name, viaParam(name)])),
};

// ---- CSeq, credentials ----

const CREDENTIALS = ["realm", "nonce", "uri", "cnonce", "nc", "response", "opaque", "algorithm", "qop"];

function credential(name: string, is: SelectClass = "text"): SelectPart {
  const pattern = new RegExp(`[\\s,]${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^,\\s]*))`, "i");
  return {
    is,
    read: (t) => {
      const found = pattern.exec(t);
      return found === null ? null : (found[1] ?? found[2]!);
    },
  };
}

const TABLES: Readonly<Partial<Record<SelectClass, Readonly<Record<string, SelectPart>>>>> = {
  uri: URI,
  address: ADDRESS,
  header: HEADER,
  value: { uri, name: plainName, nameaddr: { read: whole, is: "address" }, params: text(ownParams) },
  values: {
    uri: valuesUri,
    name: text((t) => /^\s*"([^"]*)"/.exec(t)?.[1] ?? null),
    nameaddr: { read: whole, is: "address" },
  },
  via: VIA,
  cseq: {
    num: text((t) => /^\d+/.exec(t)?.[0] ?? null),
    method: text((t) => /^\d+\s+(\S+)/.exec(t)?.[1] ?? null),
  },
  credentials: {
    ...Object.fromEntries(CREDENTIALS.map((name) => [name, credential(name)])),
    username: credential("username", "username"),
  },
  username: {
    user: text((t) => t.replace(/@.*$/s, "")),
    domain: text((t) => (t.includes("@") ? t.replace(/^[^@]*@/s, "") : null)),
  },
};
