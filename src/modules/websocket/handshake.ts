// The handshake: what an HTTP request must say to become a WebSocket (RFC 6455 4.2), and what is answered when it does not.

import type { Hashing } from "../../host/host.ts";
import type { WsConnections } from "../../net/ws/connections.ts";
import type { RouteContext } from "../../proxy/context.ts";
import { exchangeOf } from "../../proxy/http-exchange.ts";
import type { SipMessage } from "../../sip/message.ts";
import { findHeaderByName } from "../../sip/scan.ts";

/** What every server adds to the key before it hashes it (RFC 6455 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Sixteen octets in base64 (RFC 6455 4.1). */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const VERSION = "13";
/** Header lines of the answer that no script may write. */
const OURS = /^(?:content-length|transfer-encoding|connection|upgrade|sec-websocket-[a-z]+)[ \t]*:.*\r?\n/gim;

/** Bits of the parameter sub_protocols. */
export const SubProtocol = { SIP: 1, MSRP: 2 } as const;
/** Values of the parameter cors_mode. */
export const Cors = { NONE: 0, ANY: 1, ORIGIN: 2 } as const;

/** Sec-WebSocket-Accept of a key (RFC 6455 4.2.2). */
export function acceptOf(hashing: Hashing, key: string): string {
  const hex = hashing.sha1(key + GUID);
  let octets = "";
  for (let i = 0; i < hex.length; i += 2) octets += String.fromCharCode(Number.parseInt(hex.slice(i, i + 2), 16));
  return btoa(octets);
}

/** Why a handshake fails, with what is answered. */
interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly lines: string;
  readonly why: string;
}

/** How one generation of the configuration shakes hands. */
export interface HandshakeRules {
  readonly enabled: boolean;
  readonly cors: number;
}

/**
 * Checks the request of an xhttp route and makes a WebSocket of its connection. Returns "" when that is done, else why not; the client has
 * been answered either way, unless it is no HTTP request at all.
 */
export function shakeHands(ctx: RouteContext, connections: WsConnections, rules: HandshakeRules): string {
  const exchange = exchangeOf(ctx.message);
  if (exchange === null) return "not an HTTP request";
  const refusal = rules.enabled ? refusalOf(ctx.message, exchange.wantsUpgrade) : DISABLED;
  if (refusal !== null) {
    exchange.send(refusal.code, refusal.reason, refusal.lines + ctx.proxy.serverLine, "", false);
    return refusal.why;
  }
  const flow = connections.adopt(exchange.flow);
  if (flow === null) return "the connection has gone";
  const { hashing } = ctx.proxy.host;
  const accept = acceptOf(hashing, header(ctx.message, "sec-websocket-key") ?? "");
  const lines = `Sec-WebSocket-Protocol: sip\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`;
  const added = ctx.message.replyHeaders.replace(OURS, "") + cors(ctx.message, rules.cors);
  if (exchange.upgrade(added + lines + ctx.proxy.serverLine, flow)) return "";
  connections.release(flow);
  return "the request has been answered already";
}

const DISABLED: Refusal = { code: 503, reason: "Service Unavailable", lines: "", why: "WebSockets are disabled" };

function refusalOf(msg: SipMessage, wantsUpgrade: boolean): Refusal | null {
  const version = header(msg, "sec-websocket-version");
  if (version !== null && version !== VERSION)
    return {
      code: 426,
      reason: "Upgrade Required",
      lines: `Upgrade: websocket\r\nSec-WebSocket-Version: ${VERSION}\r\n`,
      why: "its version of WebSocket is not 13",
    };
  const why = faultOf(msg, wantsUpgrade, version);
  if (why === null) return null;
  const lines = `Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: ${VERSION}\r\n`;
  return { code: 400, reason: "Bad Request", lines, why };
}

function faultOf(msg: SipMessage, wantsUpgrade: boolean, version: string | null): string | null {
  if (msg.methodText() !== "GET") return "the method is not GET";
  if (!wantsUpgrade || !hasToken(header(msg, "upgrade"), "websocket")) return "no Upgrade to websocket";
  if (!hasToken(header(msg, "connection"), "upgrade")) return "Connection does not say Upgrade";
  if (!KEY.test(header(msg, "sec-websocket-key") ?? "")) return "no Sec-WebSocket-Key of 16 octets";
  if (version === null) return "no Sec-WebSocket-Version";
  return hasToken(header(msg, "sec-websocket-protocol"), "sip") ? null : "it does not offer the sub-protocol sip";
}

function cors(msg: SipMessage, mode: number): string {
  if (mode === Cors.ANY) return "Access-Control-Allow-Origin: *\r\n";
  const origin = mode === Cors.ORIGIN ? header(msg, "origin") : null;
  return origin === null ? "" : `Access-Control-Allow-Origin: ${origin}\r\n`;
}

/** The values of all headers of a name, joined by commas; null without one. */
function header(msg: SipMessage, name: string): string | null {
  let text: string | null = null;
  for (let h = findHeaderByName(msg, name); h >= 0; h = findHeaderByName(msg, name, h + 1))
    text = text === null ? msg.value(h) : `${text},${msg.value(h)}`;
  return text;
}

function hasToken(list: string | null, token: string): boolean {
  return list?.split(",").some((t) => t.trim().toLowerCase() === token) === true;
}
