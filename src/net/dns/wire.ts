// DNS messages as bytes (RFC 1035, 2782, 3403, 3596, 6891): queries written, answers read by dns-packet. Names are byte strings in
// lower case without the last dot. Whatever a server sends is a value; nothing here throws.

import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import { ipFamily } from "../../util/ip.ts";

/** Record types that are understood. */
export const RecordType = { A: 1, CNAME: 5, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, NAPTR: 35 } as const;

/** Response codes that matter here. */
export const Rcode = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

interface Common {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
}

export interface AddressRecord extends Common {
  readonly type: typeof RecordType.A | typeof RecordType.AAAA;
  /** Numeric, without brackets. */
  readonly address: string;
}

export interface SrvRecord extends Common {
  readonly type: typeof RecordType.SRV;
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export interface NaptrRecord extends Common {
  readonly type: typeof RecordType.NAPTR;
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** CNAME and PTR: another name. TXT: the texts, one after the other. */
export interface TextRecord extends Common {
  readonly type: typeof RecordType.CNAME | typeof RecordType.PTR | typeof RecordType.TXT;
  readonly text: string;
}

export type DnsRecord = AddressRecord | SrvRecord | NaptrRecord | TextRecord;

/** What a server answered. */
export interface DnsAnswer {
  readonly id: number;
  readonly rcode: number;
  /** It did not fit a datagram: to be asked again over TCP. */
  readonly truncated: boolean;
  /** The question it repeats; null when it repeats none. */
  readonly name: string | null;
  readonly type: number;
  readonly answers: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** Bytes of an answer that we say we take by UDP (RFC 6891). */
const UDP_SIZE = 4096;
const TRUNCATED = 0x200;

const NAME_OF: ReadonlyMap<number, string> = new Map(Object.entries(RecordType).map(([name, type]) => [type, name]));
const TYPE_OF: ReadonlyMap<string, number> = new Map(Object.entries(RecordType));

/** "A", "SRV" …; the number in decimal for others. */
export function recordTypeName(type: number): string {
  return NAME_OF.get(type) ?? String(type);
}

/** The type of that name (any case), or 0. */
export function recordType(name: string): number {
  return TYPE_OF.get(name.toUpperCase()) ?? 0;
}

/** A name as it is asked for and kept: lower case, no last dot. Null when it can stand in no query (RFC 1035 2.3.4). */
export function dnsName(text: string): string | null {
  const name = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
  if (name.length === 0 || name.length > 253) return null;
  for (const label of name.split(".")) if (label.length === 0 || label.length > 63) return null;
  return /^[\x21-\x7e]+$/.test(name) ? name : null;
}

/** A query with EDNS0 for a name that dnsName() gave. */
export function encodeQuery(id: number, name: string, type: number): Uint8Array {
  const opt = {
    type: "OPT",
    name: ".",
    udpPayloadSize: UDP_SIZE,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    options: [],
  };
  const questions = [{ type: recordTypeName(type), name }];
  return encode({ type: "query", id, flags: RECURSION_DESIRED, questions, additionals: [opt] });
}

/** Reads an answer in buf[start,end); null when it is none or broken. */
export function decodeAnswer(buf: Uint8Array, start: number, end: number): DnsAnswer | null {
  try {
    // dns-packet wants a Buffer; it looks at the bytes where they are and copies what it keeps
    const packet = decode(globalThis.Buffer.from(buf.buffer, buf.byteOffset + start, end - start));
    if (packet.type !== "response") return null;
    const question = packet.questions.length === 1 ? fields(packet.questions[0]) : null;
    return {
      id: packet.id,
      rcode: packet.flags & 15,
      truncated: (packet.flags & TRUNCATED) !== 0,
      name: question === null ? null : nameOf(question["name"]),
      type: question === null ? 0 : recordType(String(question["type"])),
      answers: records(packet.answers),
      additionals: records(packet.additionals),
    };
  } catch {
    return null; // it throws on what is cut off or refers to what is not there
  }
}

type Fields = { readonly [key: string]: unknown };

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function nameOf(value: unknown): string | null {
  return typeof value === "string" ? dnsName(value) : null;
}

// Records of other classes and types, and those whose data makes no sense, are left out.
function records(list: readonly unknown[]): DnsRecord[] {
  const out: DnsRecord[] = [];
  for (const item of list) {
    const record = recordOf(fields(item));
    if (record !== null) out.push(record);
  }
  return out;
}

function recordOf(item: Fields | null): DnsRecord | null {
  if (item === null || item["class"] !== "IN") return null;
  const name = nameOf(item["name"]);
  const ttl = unsigned(item["ttl"]);
  if (name === null || ttl < 0) return null;
  const { data } = item;
  const type = recordType(String(item["type"]));
  switch (type) {
    case RecordType.A:
    case RecordType.AAAA:
      return typeof data === "string" && ipFamily(data) === (type === RecordType.A ? 4 : 6)
        ? { type, name, ttl, address: data }
        : null;
    case RecordType.SRV:
      return srv(name, ttl, fields(data));
    case RecordType.NAPTR:
      return naptr(name, ttl, fields(data));
    case RecordType.CNAME:
    case RecordType.PTR: {
      const text = nameOf(data);
      return text === null ? null : { type, name, ttl, text };
    }
    case RecordType.TXT:
      return { type, name, ttl, text: Array.isArray(data) ? data.map(String).join("") : String(data) };
    default:
      return null;
  }
}

function srv(name: string, ttl: number, data: Fields | null): SrvRecord | null {
  if (data === null) return null;
  const [priority, weight, port] = [unsigned(data["priority"]), unsigned(data["weight"]), unsigned(data["port"])];
  const target = data["target"] === "." ? "." : nameOf(data["target"]);
  if (target === null || priority < 0 || weight < 0 || port < 0) return null;
  return { type: RecordType.SRV, name, ttl, priority, weight, port, target };
}

function naptr(name: string, ttl: number, data: Fields | null): NaptrRecord | null {
  if (data === null) return null;
  const [order, preference] = [unsigned(data["order"]), unsigned(data["preference"])];
  const text = (key: string): string => (typeof data[key] === "string" ? (data[key] as string) : "");
  const replacement = data["replacement"] === "." ? "." : nameOf(data["replacement"]);
  if (replacement === null || order < 0 || preference < 0) return null;
  const [flags, service, regexp] = [text("flags"), text("services"), text("regexp")];
  return { type: RecordType.NAPTR, name, ttl, order, preference, flags, service, regexp, replacement };
}

function unsigned(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : -1;
}
