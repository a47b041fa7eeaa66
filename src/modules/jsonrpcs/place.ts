// Where parameter dgram_socket says that datagrams come in: a unix socket by its path, or udp:address:port.

import type { SocketAddress } from "../../host/host.ts";
import { ipFamily } from "../../util/ip.ts";

export type DatagramPlace = { readonly path: string } | { readonly udp: SocketAddress };

/** Reads one; null when it is none. */
export function parseDatagramPlace(text: string): DatagramPlace | null {
  if (!text.startsWith("udp:")) return { path: text };
  const match = /^udp:(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const address = match[1] ?? match[2]!;
  const family = ipFamily(address);
  const port = Number(match[3]);
  return family === 0 || port < 1 || port > 65_535 ? null : { udp: { family, address, port } };
}
