// The media relays that a configuration names, in numbered sets: which one serves a call, and which are left alone for a while.

import type { SocketAddress } from "../../host/host.ts";
import { bytesOf, crc32 } from "../../util/bytes.ts";
import { ipFamily } from "../../util/ip.ts";

/** One relay. Times are milliseconds of the clock that never goes back. */
export class Relay {
  /** As the configuration writes it, without its weight. */
  readonly url: string;
  readonly set: number;
  readonly index: number;
  weight: number;
  /** Name or numeric address. */
  readonly hostname: string;
  readonly port: number;
  readonly family: 0 | 4 | 6;
  /** Where it is; null until its name is known. */
  address: SocketAddress | null = null;
  /** An operator has switched it off. */
  off = false;
  /** It is no longer in the database. */
  hidden = false;
  /** It has answered once: what it can do is known. */
  known = false;
  /** It has not answered, and is left alone until then; 0 when it is used. */
  restsUntil = 0;

  constructor(place: RelayPlace, set: number, index: number) {
    this.url = place.url;
    this.set = set;
    this.index = index;
    this.weight = place.weight;
    this.hostname = place.hostname;
    this.port = place.port;
    this.family = place.family;
    const family = ipFamily(place.hostname);
    if (family !== 0) this.address = { family, address: place.hostname, port: place.port };
  }

  /** Whether new calls go there. */
  get isUsed(): boolean {
    return !this.off && !this.hidden && this.restsUntil === 0;
  }
}

/** What a URL of a relay says. */
export interface RelayPlace {
  readonly url: string;
  readonly hostname: string;
  readonly port: number;
  readonly family: 0 | 4 | 6;
  readonly weight: number;
}

/** Reads "udp:host:port", "udp6:address:port" and the like, with "=weight" behind; a text says what is wrong. */
export function parseRelay(text: string, defaultPort: number): RelayPlace | string {
  const match = /^(?:(udp6?):)?(\[[^\]]*\]|.+?)(?::(\d+))?(?:=(\d+))?$/i.exec(text);
  if (match === null) return `"${text}" is no address of a relay`;
  const [, proto = "udp", host = "", port = String(defaultPort), weight = "1"] = match;
  const hostname = host.replace(/^\[|\]$/g, "");
  if (/^(unix|wss?|cunix|tcp6?):/i.test(text)) return `"${text}": relays are reached by UDP only`;
  if (Number(port) < 1 || Number(port) > 65_535) return `"${text}": no port ${port}`;
  if (hostname === "") return `"${text}" is no address of a relay`;
  const url = text.replace(/=\d+$/, "");
  return { url, hostname, port: Number(port), family: proto.toLowerCase() === "udp6" ? 6 : 0, weight: Number(weight) };
}

/** Reads a parameter: "[set ==] relay relay …". A text says what is wrong. */
export function parseRelaySet(
  text: string,
  defaultPort: number,
  defaultSet = 0,
): { readonly set: number; readonly places: readonly RelayPlace[] } | string {
  const divided = /^\s*(\d+)\s*==\s*(.*)$/s.exec(text);
  const set = divided === null ? defaultSet : Number(divided[1]);
  const places: RelayPlace[] = [];
  for (const word of (divided === null ? text : divided[2]!).split(/\s+/)) {
    if (word === "") continue;
    const place = parseRelay(word, defaultPort);
    if (typeof place === "string") return place;
    places.push(place);
  }
  return { set, places };
}

/** The number by which a call is spread over relays, of its Call-ID: 32 bits unsigned. */
export type CallHash = (callId: string) => number;

/** The sum of its octets, modulo 256. */
export const octetSum: CallHash = (callId) => {
  let sum = 0;
  for (let i = 0; i < callId.length; i++) sum += callId.charCodeAt(i);
  return sum & 0xff;
};

/** CRC-32. */
export const checksum: CallHash = (callId) => crc32(bytesOf(callId), 0, callId.length);

/** The sum of the octets, as signed numbers, of a digest that `digest` gives in hexadecimal. */
export function digestSum(digest: (text: string) => string): CallHash {
  return (callId) => {
    const hex = digest(callId);
    let sum = 0;
    for (let i = 0; i < hex.length; i += 2) sum += (Number.parseInt(hex.slice(i, i + 2), 16) << 24) >> 24;
    return sum >>> 0;
  };
}

/** The relays of a module. */
export class Relays {
  readonly all: Relay[] = [];
  private readonly hash: CallHash;

  constructor(hash: CallHash = octetSum) {
    this.hash = hash;
  }

  add(place: RelayPlace, set: number): Relay {
    const relay = new Relay(place, set, this.all.length);
    this.all.push(relay);
    return relay;
  }

  hasSet(set: number): boolean {
    return this.all.some((relay) => relay.set === set && !relay.hidden);
  }

  /** Those whose URL is that; all for "all". */
  named(url: string): Relay[] {
    return this.all.filter((relay) => !relay.hidden && (url === "all" || relay.url === url));
  }

  /**
   * The relays of a set in the order in which they are tried for a call: the first by its Call-ID and the weights, then the others. `usable`
   * says which may be.
   */
  order(set: number, callId: string, usable: (relay: Relay) => boolean): Relay[] {
    const found = this.all.filter((relay) => relay.set === set && relay.weight > 0 && usable(relay));
    let total = 0;
    for (const relay of found) total += relay.weight;
    if (total === 0) return found;
    let at = this.hash(callId) % total;
    let first = 0;
    while (at >= found[first]!.weight) at -= found[first++]!.weight;
    return [...found.slice(first), ...found.slice(0, first)];
  }
}
