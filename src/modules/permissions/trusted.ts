// The table of trusted peers: which source, by which protocol, for which From and R-URI.

import { type Pattern, posixRegex } from "../../script/posix-regex.ts";
import type { Cell, Row } from "../../store/database.ts";

/** Protocols as the table names them. */
export const PROTOCOLS = ["any", "udp", "tcp", "tls", "sctp", "ws", "wss", "none"];
/** Their numbers, as the commands show them. */
const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = {
  any: 0,
  udp: 1,
  tcp: 2,
  tls: 3,
  sctp: 4,
  ws: 5,
  wss: 6,
  none: -1,
};

/** Names of the columns. */
export interface TrustedColumns {
  readonly source: string;
  readonly proto: string;
  readonly from: string;
  readonly ruri: string;
  readonly tag: string;
  readonly priority: string;
}

/** A peer. */
export interface Peer {
  readonly source: string;
  readonly proto: string;
  readonly from: Pattern | null;
  readonly ruri: Pattern | null;
  readonly tag: string | null;
  readonly priority: number;
}

/** What is asked about a request. */
export interface Question {
  readonly source: string;
  readonly proto: string;
  readonly from: string;
  readonly ruri: string;
}

/** A peer from its row, or what is wrong with it. */
export function peerOf(row: Row, c: TrustedColumns): Peer | string {
  const proto = text(row[c.proto]).toLowerCase();
  if (!PROTOCOLS.includes(proto)) return `"${proto}" is no protocol`;
  const from = pattern(text(row[c.from]));
  const ruri = pattern(text(row[c.ruri]));
  if (typeof from === "string") return from;
  if (typeof ruri === "string") return ruri;
  const tag = row[c.tag] ?? null;
  return {
    source: text(row[c.source]),
    proto,
    from,
    ruri,
    tag: tag === null ? null : String(tag),
    priority: Number(row[c.priority] ?? 0),
  };
}

function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}

function pattern(source: string): Pattern | string | null {
  return source === "" ? null : posixRegex(source, false);
}

/** Whether a peer of that source fits what is asked. */
export function fits(peer: Peer, q: Question): boolean {
  if (peer.proto === "none") return false;
  if (peer.proto !== "any" && q.proto !== "any" && peer.proto !== q.proto) return false;
  return (peer.from === null || peer.from.test(q.from)) && (peer.ruri === null || peer.ruri.test(q.ruri));
}

/** A peer as the command shows it. */
export function shown(peer: Peer): { [name: string]: string | number } {
  return {
    ip: peer.source,
    proto: PROTOCOL_NUMBERS[peer.proto]!,
    pattern: peer.from?.source ?? "NULL",
    ruri_pattern: peer.ruri?.source ?? "NULL",
    tag: peer.tag ?? "NULL",
    priority: peer.priority,
  };
}

/** Peers in memory, by source. */
export class Peers {
  readonly bySource = new Map<string, Peer[]>();

  /** From peers in any order: those of higher priority come first. */
  constructor(peers: readonly Peer[]) {
    for (const peer of [...peers].sort((a, b) => b.priority - a.priority)) {
      const list = this.bySource.get(peer.source);
      if (list === undefined) this.bySource.set(peer.source, [peer]);
      else list.push(peer);
    }
  }
}
