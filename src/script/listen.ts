// The address of a listen, alias or advertise: [proto:]host[:port], where host is an address, a name, an interface, [IPv6], or * .

import { ipFamily } from "../util/ip.ts";

export interface ListenAddress {
  /** Null: UDP and TCP. */
  readonly proto: "udp" | "tcp" | "tls" | "sctp" | "ws" | "wss" | null;
  /** Without brackets; "*" for all interfaces. */
  readonly host: string;
  /** Null when not given. */
  readonly port: number | null;
}

/** Parses an address; a string says what is wrong. */
export function parseListen(text: string): ListenAddress | string {
  let rest = text.trim();
  let proto: ListenAddress["proto"] = null;
  const prefix = /^(udp|tcp|tls|sctp|wss?):/i.exec(rest);
  if (prefix !== null) {
    proto = prefix[1]!.toLowerCase() as ListenAddress["proto"];
    rest = rest.slice(prefix[0].length);
  }
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(rest);
  if (bracketed !== null) {
    if (ipFamily(bracketed[1]!) !== 6) return "not an IPv6 address";
    return withPort(proto, bracketed[1]!, bracketed[2]);
  }
  if (ipFamily(rest) === 6) return withPort(proto, rest, undefined);
  const plain = /^([^:\s]+)(?::(\d+))?$/.exec(rest);
  if (plain === null) return rest === "" ? "the address is missing" : "not an address";
  const host = plain[1]!;
  if (!/^(\*|[A-Za-z0-9_][A-Za-z0-9_.-]*)$/.test(host)) return "not an address, name or interface";
  if (/^[\d.]+$/.test(host) && ipFamily(host) !== 4) return "not an IPv4 address";
  return withPort(proto, host, plain[2]);
}

function withPort(proto: ListenAddress["proto"], host: string, port: string | undefined): ListenAddress | string {
  if (port === undefined) return { proto, host, port: null };
  const number = Number(port);
  return number >= 1 && number <= 65535 ? { proto, host, port: number } : "the port is not between 1 and 65535";
}
