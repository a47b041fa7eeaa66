// Transport protocols as small numbers, as Via (upper case) and the URI parameter `transport` (lower case) name them.
import { equalsIgnoreCase } from "./tokens.ts";

/** Numbers of the transports we know; `OTHER` stands for any other token. */
export const Transport = { OTHER: 0, UDP: 1, TCP: 2, TLS: 3, SCTP: 4, WS: 5, WSS: 6 } as const;

const UPPER: readonly string[] = ["OTHER", "UDP", "TCP", "TLS", "SCTP", "WS", "WSS"];
const LOWER: readonly string[] = UPPER.map((name) => name.toLowerCase());

/** Number of the transport named by [start, end), letters in any case; `Transport.OTHER` when unknown. */
export function parseTransport(buf: Uint8Array, start: number, end: number): number {
  for (let id = 1; id < LOWER.length; id++) if (equalsIgnoreCase(buf, start, end, LOWER[id]!)) return id;
  return Transport.OTHER;
}

/** The transport that carries another one: TCP for WS, TLS for WSS; of all others themselves. */
export function carrierOf(id: number): number {
  return id === Transport.WS ? Transport.TCP : id === Transport.WSS ? Transport.TLS : id;
}

/** Whether it is SIP over WebSocket (RFC 7118), in clear or over TLS. */
export function isWebSocket(id: number): boolean {
  return id === Transport.WS || id === Transport.WSS;
}

/** Upper-case name, as a Via carries it. */
export function transportName(id: number): string {
  return UPPER[id] ?? "OTHER";
}
