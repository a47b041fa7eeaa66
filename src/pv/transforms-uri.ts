// Transformations {uri.…}: parts of a SIP URI. A part that is missing is the empty text; what is no URI gives null.

import type { TransformDef } from "../registry/define.ts";
import { parseUriText, type UriText } from "../sip/uri-text.ts";
import type { Value } from "../sip/value.ts";
import { trimmed } from "../util/bytes.ts";
import { ipFamily } from "../util/ip.ts";
import { ofText } from "./transform-define.ts";

/** Longest text read as a URI. */
const MAX_URI = 4096;

function part(doc: string, read: (uri: UriText) => Value): TransformDef {
  return ofText(doc, 0, 0, (text) => {
    const uri = text.length > MAX_URI ? 0 : parseUriText(text);
    return typeof uri === "number" ? null : read(uri);
  });
}

/** The value of a parameter; empty when it is missing or has none. */
function param(uri: UriText, name: string): string {
  const wanted = name.toLowerCase();
  for (const item of uri.params.split(";")) {
    const equal = item.indexOf("=");
    const own = (equal < 0 ? item : item.slice(0, equal)).trim().toLowerCase();
    if (own === wanted) return equal < 0 ? "" : trimmed(item.slice(equal + 1));
  }
  return "";
}

function withPort(uri: UriText): string {
  return uri.port > 0 ? `${uri.host}:${uri.port}` : uri.host;
}

function transportParam(uri: UriText): string {
  const transport = param(uri, "transport");
  return transport === "" ? "" : `;transport=${transport}`;
}

function userAt(uri: UriText): string {
  if (uri.user === "") return "";
  return uri.host === "" ? uri.user : `${uri.user}@`; // tel has no host
}

function headers(text: string): string {
  const mark = text.indexOf("?");
  return mark < 0 ? "" : text.slice(mark + 1);
}

/** proto:host:port; empty without a parameter transport. */
function socket(uri: UriText): string {
  const proto = param(uri, "transport").toLowerCase();
  if (proto === "") return "";
  return `${proto}:${uri.host}:${uri.port > 0 ? uri.port : 5060}`;
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** Protocols by their numbers in an alias. */
const PROTOCOLS = ["", "udp", "tcp", "tls", "sctp", "ws", "wss"];

/** address~port~number of the protocol; empty for what has no address. */
function alias(text: string): string {
  const uri = parseUriText(text);
  if (typeof uri === "number" || ipFamily(bare(uri.host)) === 0) return "";
  const proto = (param(uri, "transport") || (uri.scheme === "sips" ? "tls" : "udp")).toLowerCase();
  const number = PROTOCOLS.indexOf(proto);
  const port = uri.port > 0 ? uri.port : proto === "tls" || proto === "wss" ? 5061 : 5060;
  return number < 1 ? "" : `${uri.host}~${port}~${number}`;
}

function ofAlias(text: string): string | null {
  const m = /^([^~]+)~(\d{1,5})~([1-6])$/.exec(text);
  if (m === null) return null;
  const proto = PROTOCOLS[Number(m[3])]!;
  return `sip:${m[1]}:${m[2]}${proto === "udp" ? "" : `;transport=${proto}`}`;
}

/** Parts of URIs, by name. */
export const URI_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "uri.user": part("user part; of a telephone number without its parameters", (u) => u.userOrNumber),
  "uri.host": part("host", (u) => u.host),
  "uri.domain": part("host", (u) => u.host),
  "uri.passwd": part("password", (u) => u.password),
  "uri.port": part("port as written; 0 without one", (u) => Math.max(0, u.port)),
  "uri.params": part("all parameters", (u) => (u.scheme === "tel" ? "" : u.params)),
  "uri.headers": part("headers", (u) => headers(u.text)),
  "uri.scheme": part("scheme, as written", (u) => u.text.slice(0, u.scheme.length)),
  "uri.transport": part("parameter transport", (u) => param(u, "transport")),
  "uri.ttl": part("parameter ttl", (u) => param(u, "ttl")),
  "uri.uparam": part("parameter user", (u) => param(u, "user")),
  "uri.maddr": part("parameter maddr", (u) => param(u, "maddr")),
  "uri.method": part("parameter method", (u) => param(u, "method")),
  "uri.lr": part("parameter lr", (u) => param(u, "lr")),
  "uri.r2": part("parameter r2", (u) => param(u, "r2")),
  "uri.param": ofText("the parameter of that name", 1, 1, (text, [name]) => {
    const uri = text.length > MAX_URI ? 0 : parseUriText(text);
    return typeof uri === "number" ? null : param(uri, (name ?? "").trim());
  }),
  "urialias.encode": ofText("a URI as address~port~protocol", 0, 0, (t) => (t.length > MAX_URI ? "" : alias(t))),
  "urialias.decode": ofText("the URI of address~port~protocol", 0, 0, ofAlias),
  "uri.tosocket": part("as proto:address:port", socket),
  "uri.duri": part("scheme, host, port and transport only", (u) =>
    u.host === "" ? null : `${u.scheme}:${withPort(u)}${transportParam(u)}`,
  ),
  "uri.saor": part("scheme, user and host only", (u) => `${u.scheme}:${userAt(u)}${u.host}`),
  "uri.suri": part(
    "scheme, user, host, port and transport only",
    (u) => `${u.scheme}:${userAt(u)}${withPort(u)}${transportParam(u)}`,
  ),
};
