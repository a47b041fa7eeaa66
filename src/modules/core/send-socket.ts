// Sockets as scripts write and see them ($fs, force_send_socket, $Ras).

import type { Listener } from "../../net/flow.ts";
import type { Proxy } from "../../proxy/proxy.ts";
import { Transport, transportName } from "../../sip/transports.ts";

/** The listener of ours that "proto:host:port", "host:port" or "host" names; null when there is none. */
export function findListener(ctx: { readonly proxy: Proxy }, text: string): Listener | null {
  const m = /^(?:([a-z]+):)?(\[[0-9a-f:.]+\]|[^:]+)(?::(\d+))?$/.exec(text.toLowerCase());
  if (m === null) return null;
  const host = m[2]!.startsWith("[") ? m[2]!.slice(1, -1) : m[2]!;
  for (const l of ctx.proxy.transports.listeners) {
    if (m[1] !== undefined && transportName(l.protocol).toLowerCase() !== m[1]) continue;
    if (l.local.address !== host && l.advertisedHost !== host) continue;
    if (m[3] !== undefined && l.local.port !== Number(m[3])) continue;
    return l;
  }
  return null;
}

/** A listener as "proto:ip:port", IPv6 in brackets: how $fs and $Ras show it. */
export function socketText(protocol: number, address: string, port: number): string {
  return `${uriTransport(protocol)}:${bracketed(address)}:${port}`;
}

/** What $fs shows of a listener. */
export function listenerText(l: Listener): string {
  return socketText(l.protocol, l.local.address, l.local.port);
}

/** Lower-case name of a transport, as $pr shows it. */
export function protocolName(protocol: number): string {
  return LOWER[protocol] ?? "none";
}

/** What `transport` says in a URI: "ws" for WSS too (RFC 7118 5.4, and the oracle). */
export function uriTransport(protocol: number): string {
  return protocolName(protocol === Transport.WSS ? Transport.WS : protocol);
}

/** The address with brackets when it is IPv6, as URIs want it. */
export function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

const LOWER: Readonly<Record<number, string>> = Object.fromEntries(
  Object.values(Transport).map((t) => [t, transportName(t).toLowerCase()]),
);
