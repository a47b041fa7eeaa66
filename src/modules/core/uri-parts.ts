// Parts of a URI read and changed as text, for scripts: $rU, $fd, $dp, rewriteuser() and their like. Text that is no URI has no parts.

import { Scheme } from "../../sip/uri.ts";
import { uriRules } from "../../sip/uri-rules.ts";
import { parseUriText, type UriText } from "../../sip/uri-text.ts";

const MAX_CACHED = 512;
/** Longer texts are read anew each time. */
const MAX_LENGTH = 512;
// What a text parses to changes only with the rules; strangers choose the texts, so the cache is emptied when it is full.
const cache = new Map<string, UriText | null>();
let edition = uriRules.edition;

/** The URI in a text, or null when it is none. */
export function uriOf(text: string): UriText | null {
  if (edition !== uriRules.edition) {
    edition = uriRules.edition;
    cache.clear();
  }
  let uri = cache.get(text);
  if (uri === undefined) {
    const parsed = parseUriText(text);
    uri = typeof parsed === "number" ? null : parsed;
    if (text.length > MAX_LENGTH) return uri;
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(text, uri);
  }
  return uri;
}

/** Whether the scheme is sip or sips, which have a host. */
export function isSip(uri: UriText): boolean {
  return uri.range.scheme === Scheme.SIP || uri.range.scheme === Scheme.SIPS;
}

/** The URI with another user part; "" takes user and password away. Null when the URI has no place for one. */
export function withUser(uri: UriText, user: string): string | null {
  const { text, range } = uri;
  const rest = text.slice(0, range.restStart);
  if (!isSip(uri)) return range.userStart < 0 || user === "" ? null : rest + user + text.slice(range.userEnd);
  if (user === "") return rest + text.slice(range.hostStart);
  if (range.userStart < 0) return `${rest}${user}@${text.slice(range.hostStart)}`;
  return rest + user + text.slice(range.userEnd);
}

/** The URI with "user" or "user:password" in place of both. */
export function withUserAndPassword(uri: UriText, text: string): string | null {
  return isSip(uri) ? `${uri.text.slice(0, uri.range.restStart)}${text}@${uri.text.slice(uri.range.hostStart)}` : null;
}

/** The URI with another host, its port kept. A tel URI becomes the SIP URI of that number at that host (RFC 3261 19.1.6). */
export function withHost(uri: UriText, host: string): string | null {
  const { text, range } = uri;
  if (isSip(uri)) return text.slice(0, range.hostStart) + host + text.slice(range.hostEnd);
  if (range.scheme !== Scheme.TEL && range.scheme !== Scheme.TELS) return null;
  return `${range.scheme === Scheme.TEL ? "sip" : "sips"}:${text.slice(range.restStart)}@${host};user=phone`;
}

/** The URI with "host" or "host:port", possibly with parameters, in place of host and port. */
export function withHostPort(uri: UriText, hostPort: string): string | null {
  const { text, range } = uri;
  if (!isSip(uri)) return withHost(uri, hostPort);
  return text.slice(0, range.hostStart) + hostPort + text.slice(range.portEnd >= 0 ? range.portEnd : range.hostEnd);
}

/** As withHostPort(), for what may name a transport: the one the URI had goes, whether or not another comes. */
export function withHostPortTransport(uri: UriText, hostPort: string): string | null {
  const { text, range } = uri;
  if (!isSip(uri)) return withHost(uri, hostPort);
  const at = range.portEnd >= 0 ? range.portEnd : range.hostEnd;
  const headers = text.indexOf("?", at);
  const end = headers < 0 ? text.length : headers;
  const params = text
    .slice(at, end)
    .split(";")
    .filter((param) => !/^transport(=|$)/i.test(param));
  return text.slice(0, range.hostStart) + hostPort + params.join(";") + text.slice(end);
}

/** The URI with another port; "" takes it away. */
export function withPort(uri: UriText, port: string): string | null {
  const { text, range } = uri;
  if (!isSip(uri)) return null;
  const tail = text.slice(range.portEnd >= 0 ? range.portEnd : range.hostEnd);
  return text.slice(0, range.hostEnd) + (port === "" ? "" : `:${port}`) + tail;
}

/** The port that counts: the one written, else that of the scheme and transport. */
export function portOf(uri: UriText): number {
  if (uri.port > 0) return uri.port;
  return uri.range.scheme === Scheme.SIPS || uri.param("transport")?.toLowerCase() === "tls" ? 5061 : 5060;
}
