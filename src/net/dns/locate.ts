// From a host to where its server is (RFC 3263 4 and 5): NAPTR, SRV, addresses. Targets come one by one, since the next is only
// looked up when the one before has failed.

import { Transport } from "../../sip/transports.ts";
import { ipFamily } from "../../util/ip.ts";
import { type Maybe, whenThere } from "../../util/maybe.ts";
import type { DnsEntry } from "./cache.ts";
import type { Dns } from "./dns.ts";
import { type NaptrRecord, RecordType, type SrvRecord } from "./wire.ts";

/** Where to, as a URI or a Via says it. */
export interface Place {
  /** A name, or a numeric address without brackets. */
  readonly host: string;
  /** 0 when none is given. */
  readonly port: number;
  /** A number of sip/transports.ts; -1 when none is given. */
  readonly protocol: number;
  /** sips: */
  readonly secure: boolean;
}

/** One address to try. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly protocol: number;
}

/** A host whose addresses are still to be found. */
interface Hop {
  readonly host: string;
  readonly port: number;
  readonly protocol: number;
}

/** SRV records of one name that are looked at. */
const MAX_SRV = 128;

/** The targets of a place, in order; each is looked up when it is asked for. */
export class Targets {
  private readonly dns: Dns;
  private readonly hops: readonly Hop[];
  private hop = 0;
  private addresses: readonly string[] | null = null;
  private address = 0;

  constructor(dns: Dns, hops: readonly Hop[]) {
    this.dns = dns;
    this.hops = hops;
  }

  /** The next target; null when there is none any more. A promise when a name must be looked up. */
  next(): Maybe<Target | null> {
    while (this.hop < this.hops.length) {
      const hop = this.hops[this.hop]!;
      if (this.addresses === null) {
        const found = ipFamily(hop.host) !== 0 ? [hop.host] : this.dns.addresses(hop.host);
        if (found instanceof Promise)
          return found.then((addresses) => {
            this.addresses = addresses;
            return this.next();
          });
        this.addresses = found;
      }
      if (this.address < this.addresses.length)
        return { address: this.addresses[this.address++]!, port: hop.port, protocol: hop.protocol };
      this.hop++;
      this.addresses = null;
      this.address = 0;
    }
    return null;
  }

  /** Whether there may be another one. */
  get more(): boolean {
    if (this.addresses !== null && this.address < this.addresses.length) return true;
    return this.hop + (this.addresses === null ? 0 : 1) < this.hops.length;
  }
}

/** The targets of a place. A promise when that needs look-ups whose answers are not known. */
export function locate(dns: Dns, place: Place): Maybe<Targets> {
  const { host, port, secure } = place;
  const protocol = place.protocol >= 0 ? place.protocol : secure ? Transport.TLS : -1;
  if (port !== 0 || ipFamily(host) !== 0) return plain(dns, host, port, protocol);
  if (protocol >= 0) return bySrv(dns, host, [protocol], 0, protocol);
  if (!dns.settings.tryNaptr) return bySrv(dns, host, preferred(dns), 0, -1);
  return whenThere(dns.records(host, RecordType.NAPTR), (entry) => byNaptr(dns, host, usable(dns, entry), 0));
}

function plain(dns: Dns, host: string, port: number, protocol: number): Targets {
  const by = protocol < 0 ? Transport.UDP : protocol;
  return new Targets(dns, [{ host, port: port || defaultPort(by), protocol: by }]);
}

function defaultPort(protocol: number): number {
  return protocol === Transport.TLS ? 5061 : 5060;
}

function preferenceOf(dns: Dns, protocol: number): number {
  const { udpPreference, tcpPreference, tlsPreference, sctpPreference } = dns.settings;
  if (protocol === Transport.UDP) return udpPreference;
  if (protocol === Transport.SCTP) return sctpPreference;
  return protocol === Transport.TCP ? tcpPreference : tlsPreference;
}

// The transports to look for when nothing says which: those that we speak, as dns_*_pref order them.
function preferred(dns: Dns): readonly number[] {
  return [Transport.UDP, Transport.TCP, Transport.TLS, Transport.SCTP]
    .filter((p) => dns.environment.speaks(p) && preferenceOf(dns, p) >= 0)
    .sort((a, b) => preferenceOf(dns, b) - preferenceOf(dns, a));
}

function serviceName(host: string, protocol: number): string {
  if (protocol === Transport.TLS) return `_sips._tcp.${host}`;
  return `_sip.${protocol === Transport.TCP ? "_tcp" : protocol === Transport.SCTP ? "_sctp" : "_udp"}.${host}`;
}

// SRV for one transport after the other; without any, the addresses of the name itself.
function bySrv(dns: Dns, host: string, protocols: readonly number[], at: number, given: number): Maybe<Targets> {
  const protocol = protocols[at];
  if (protocol === undefined) return plain(dns, host, 0, given);
  return whenThere(dns.records(serviceName(host, protocol), RecordType.SRV), (entry) =>
    entry.records.length > 0 ? targetsOf(dns, entry, protocol) : bySrv(dns, host, protocols, at + 1, given),
  );
}

/** What a NAPTR record stands for here. */
interface Service {
  readonly name: string;
  readonly protocol: number;
}

function byNaptr(dns: Dns, host: string, services: readonly Service[], at: number): Maybe<Targets> {
  const service = services[at];
  if (service === undefined) return bySrv(dns, host, preferred(dns), 0, -1);
  return whenThere(dns.records(service.name, RecordType.SRV), (entry) =>
    entry.records.length > 0 ? targetsOf(dns, entry, service.protocol) : byNaptr(dns, host, services, at + 1),
  );
}

const SERVICES: Readonly<Record<string, number>> = {
  "SIP+D2U": Transport.UDP,
  "SIP+D2T": Transport.TCP,
  "SIPS+D2T": Transport.TLS,
  "SIP+D2S": Transport.SCTP,
};

// The records that we can use, the one to take first in front (RFC 3263 4.1, RFC 3403 4.1, dns_naptr_ignore_rfc).
function usable(dns: Dns, { records }: DnsEntry): readonly Service[] {
  const found: { readonly record: NaptrRecord; readonly protocol: number; readonly ours: number }[] = [];
  for (const record of records) {
    if (record.type !== RecordType.NAPTR || record.flags.toLowerCase() !== "s" || record.replacement === ".") continue;
    const service = record.service.toUpperCase();
    const protocol = Object.hasOwn(SERVICES, service) ? SERVICES[service]! : -1;
    if (protocol < 0 || !dns.environment.speaks(protocol)) continue;
    const ours = preferenceOf(dns, protocol);
    if (ours >= 0) found.push({ record, protocol, ours });
  }
  const ignoreOrder = dns.settings.naptrIgnoreOrder;
  found.sort(
    (a, b) =>
      (ignoreOrder ? 0 : a.record.order - b.record.order) ||
      b.ours - a.ours ||
      a.record.order - b.record.order ||
      a.record.preference - b.record.preference,
  );
  return found.map(({ record, protocol }) => ({ name: record.replacement, protocol }));
}

function targetsOf(dns: Dns, entry: DnsEntry, protocol: number): Targets {
  const records = entry.records.slice(0, MAX_SRV).filter((r) => r.type === RecordType.SRV);
  const hops: Hop[] = [];
  for (const { target, port } of orderSrv(records, dns.settings.srvWeights ? dns.random : null))
    if (target !== "." && port > 0) hops.push({ host: target, port, protocol }); // "." says: no such service here
  return new Targets(dns, hops);
}

/**
 * SRV records in the order they are tried: by priority, then heavier first, or with `random` (32 bits) by weighted chance (RFC 2782).
 */
export function orderSrv(records: readonly SrvRecord[], random: (() => number) | null): readonly SrvRecord[] {
  const sorted = [...records].sort(
    (a, b) => a.priority - b.priority || (random === null ? b.weight - a.weight : a.weight - b.weight),
  );
  if (random === null) return sorted;
  const out: SrvRecord[] = [];
  for (let from = 0; from < sorted.length; ) {
    const { priority } = sorted[from]!;
    const group: SrvRecord[] = [];
    while (from < sorted.length && sorted[from]!.priority === priority) group.push(sorted[from++]!);
    while (group.length > 0) out.push(...group.splice(draw(group, random), 1));
  }
  return out;
}

// One of a group in ascending order of weight: those without weight have a small chance, the others one in proportion to it.
function draw(group: readonly SrvRecord[], random: () => number): number {
  let sum = 0;
  for (const { weight } of group) sum += weight;
  const at = random() % (sum + 1);
  let running = 0;
  for (let i = 0; i < group.length; i++) {
    running += group[i]!.weight;
    if (running >= at) return i;
  }
  return group.length - 1;
}
