// Transformations {uri.…}: parts of a SIP URI. A part that is missing is the empty text; what is no URI gives null.

import type { TransformDef } from "../registry/define.ts";
import { parseUriText, type UriText } from "../sip/uri-text.ts";
import { ofText } from "./transform-define.ts";

/** Longest text read as a URI. */
const MAX_URI = 4096;

function part(doc: string, read: (uri: UriText) => string): TransformDef {
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
    if (own === wanted) return equal < 0 ? "" : item.slice(equal + 1).trim();
  }
  return "";
}

function portText(uri: UriText): string {
  return uri.port > 0 ? String(uri.port) : "";
}

function withPort(uri: UriText): string {
  return uri.port > 0 ? `${uri.host}:${uri.port}` : uri.host;
}

function transportParam(uri: UriText): string {
  const transport = param(uri, "transport");
  return transport === "" ? "" : `;transport=${transport}`;
}

function userAt(uri: UriText): string {
  return uri.user === "" ? "" : `${uri.user}@`;
}

function headers(text: string): string {
  const mark = text.indexOf("?");
  return mark < 0 ? "" : text.slice(mark + 1);
}

function socket(uri: UriText): string {
  const proto = (param(uri, "transport") || (uri.scheme === "sips" ? "tls" : "udp")).toLowerCase();
  return `${proto}:${uri.host}:${uri.port > 0 ? uri.port : proto === "tls" ? 5061 : 5060}`;
}

/** Parts of URIs, by name. */
export const URI_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "uri.user": part("user part", (u) => u.user),
  "uri.host": part("host", (u) => u.host),
  "uri.domain": part("host", (u) => u.host),
  "uri.passwd": part("password", (u) => u.password),
  "uri.port": part("port as written; empty without one", portText),
  "uri.params": part("all parameters", (u) => u.params),
  "uri.headers": part("headers", (u) => headers(u.text)),
  "uri.scheme": part("scheme", (u) => u.scheme),
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
  "uri.tosocket": part("as proto:address:port", socket),
  "uri.duri": part("scheme, host, port and transport only", (u) => `${u.scheme}:${withPort(u)}${transportParam(u)}`),
  "uri.saor": part("scheme, user and host only", (u) => `${u.scheme}:${userAt(u)}${u.host}`),
  "uri.suri": part(
    "scheme, user, host, port and transport only",
    (u) => `${u.scheme}:${userAt(u)}${withPort(u)}${transportParam(u)}`,
  ),
};
