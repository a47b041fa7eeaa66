// Records of names: from the hosts file, from the cache, else from the name servers; search list and aliases (CNAME) followed. Equal
// questions that are out at the same time are asked once.

import type { Host } from "../../host/host.ts";
import { type Maybe, whenThere } from "../../util/maybe.ts";
import { DnsCache, type DnsEntry } from "./cache.ts";
import { DnsClient } from "./client.ts";
import { DEFAULT_DNS_SETTINGS, type DnsSettings } from "./settings.ts";
import { SystemFiles } from "./system-files.ts";
import { type DnsAnswer, type DnsRecord, dnsName, Rcode, RecordType } from "./wire.ts";

/** Aliases that are followed one after the other; longer chains and rings lead nowhere. */
const MAX_ALIASES = 8;

/** What of the process matters when a target is chosen. */
export interface DnsEnvironment {
  /** Whether we listen on an IPv6 address. */
  readonly speaksIpv6: () => boolean;
  /** Whether we send by that transport (a number of sip/transports.ts). */
  readonly speaks: (protocol: number) => boolean;
}

/** Names and records, for one process. */
export class Dns {
  readonly cache: DnsCache;
  readonly client: DnsClient;
  readonly files: SystemFiles;
  readonly environment: DnsEnvironment;
  /** 32 random bits. */
  readonly random: () => number;
  private readonly asked = new Map<string, Promise<DnsEntry>>();

  constructor(host: Host, environment: DnsEnvironment) {
    this.files = new SystemFiles(host);
    this.cache = new DnsCache(() => host.clock.mono(), DEFAULT_DNS_SETTINGS);
    this.client = new DnsClient(host, () => this.files.conf());
    this.environment = environment;
    this.random = () => host.random.uint32();
  }

  get settings(): DnsSettings {
    return this.cache.settings;
  }
  set settings(settings: DnsSettings) {
    this.cache.settings = settings;
  }

  /**
   * The records of a type that a name has; a negative entry when it has none or nobody says. At once when that is known, else a promise,
   * which never rejects. The entry's name is the one at the end of its aliases.
   */
  records(text: string, type: number): Maybe<DnsEntry> {
    const name = dnsName(text);
    if (name === null) return this.unknown(text, type);
    return this.follow(name, type, MAX_ALIASES);
  }

  /** Numeric addresses of a name, of the families that the settings want, the preferred ones first. */
  addresses(text: string): Maybe<readonly string[]> {
    const name = dnsName(text);
    if (name === null) return [];
    const types = this.addressTypes();
    const local = this.files.addresses(name);
    if (local.length > 0) {
      for (const type of types) {
        const found = local.filter((a) => a.includes(":") === (type === RecordType.AAAA));
        if (found.length > 0) return found;
      }
    }
    return this.addressesOf(name, types, 0);
  }

  private addressesOf(name: string, types: readonly number[], at: number): Maybe<readonly string[]> {
    return whenThere(this.follow(name, types[at]!, MAX_ALIASES), ({ records }) => {
      if (records.length === 0 && at + 1 < types.length) return this.addressesOf(name, types, at + 1);
      return records.flatMap((r) => (r.type === RecordType.A || r.type === RecordType.AAAA ? [r.address] : []));
    });
  }

  private addressTypes(): readonly number[] {
    const { flags, tryIpv6 } = this.settings;
    if ((flags & 1) !== 0 || !tryIpv6 || !this.environment.speaksIpv6()) return [RecordType.A];
    if ((flags & 2) !== 0) return [RecordType.AAAA];
    return (flags & 4) !== 0 ? [RecordType.AAAA, RecordType.A] : [RecordType.A, RecordType.AAAA];
  }

  private follow(name: string, type: number, patience: number): Maybe<DnsEntry> {
    for (let at = name; patience >= 0; patience--) {
      const known = this.cache.get(at, type);
      if (known !== undefined) return known;
      const alias = type === RecordType.CNAME ? undefined : this.cache.get(at, RecordType.CNAME)?.records[0];
      if (alias === undefined || alias.type !== RecordType.CNAME) return this.ask(at, type, patience);
      at = alias.text;
    }
    return this.nothing(name, type);
  }

  private ask(name: string, type: number, patience: number): Promise<DnsEntry> {
    const key = `${type} ${name} ${patience}`; // with it, questions that wait for each other cannot form a ring
    let asked = this.asked.get(key);
    if (asked === undefined) {
      asked = this.search(name, type, patience).finally(() => this.asked.delete(key));
      this.asked.set(key, asked);
    }
    return asked;
  }

  private async search(name: string, type: number, patience: number): Promise<DnsEntry> {
    for (const candidate of this.candidates(name)) {
      const answer = await this.client.ask(candidate, type, this.settings);
      if (answer === "busy") return this.unknown(name, type);
      if (answer === "silent") break; // who does not answer for one name will not for the next
      const entry = await this.take(candidate, name, type, answer, patience);
      if (entry === null) continue;
      if (candidate !== name && type !== RecordType.CNAME) this.link(name, candidate, entry);
      return entry;
    }
    return this.nothing(name, type);
  }

  // As the system's resolver does: names with too few dots belong to the search list first, others to themselves.
  private candidates(name: string): readonly string[] {
    if (!this.settings.useSearchList) return [name];
    const { search, ndots } = this.files.conf();
    const longer = search.map((domain) => dnsName(`${name}.${domain}`)).filter((n) => n !== null);
    return name.split(".").length > ndots ? [name, ...longer] : [...longer, name];
  }

  // Keeps the answer for one candidate. Null when it has no such records: the next candidate may.
  private async take(
    candidate: string,
    name: string,
    type: number,
    answer: DnsAnswer,
    patience: number,
  ): Promise<DnsEntry | null> {
    if (answer.rcode !== Rcode.NOERROR) return null;
    const loose = candidate !== name && !this.settings.searchFullMatch;
    let at = candidate;
    for (let left = patience; left >= 0; left--) {
      const found = answer.answers.filter(
        (r) => r.type === type && (r.name === at || (loose && r.name.startsWith(name))),
      );
      if (found.length > 0) {
        this.takeRelated(found, answer.additionals);
        return this.cache.put(at, type, found, shortest(found));
      }
      const alias = answer.answers.find((r) => r.type === RecordType.CNAME && r.name === at);
      if (alias === undefined || alias.type !== RecordType.CNAME) {
        if (at === candidate) return null;
        const entry = await this.follow(at, type, left - 1);
        return entry.negative ? null : entry;
      }
      this.cache.put(at, RecordType.CNAME, [alias], alias.ttl);
      at = alias.text;
    }
    return null;
  }

  // What comes along is kept when the answer itself speaks of it; what is known already stays.
  private takeRelated(found: readonly DnsRecord[], additionals: readonly DnsRecord[]): void {
    if (additionals.length === 0) return;
    const mentioned = new Set<string>();
    for (const r of found) {
      if (r.type === RecordType.SRV) mentioned.add(r.target);
      else if (r.type === RecordType.NAPTR) mentioned.add(r.replacement);
    }
    const groups = new Map<string, DnsRecord[]>();
    for (const r of additionals) {
      if (!mentioned.has(r.name)) continue;
      const key = `${r.type} ${r.name}`;
      groups.set(key, [...(groups.get(key) ?? []), r]);
    }
    for (const group of groups.values()) {
      const { name, type } = group[0]!;
      if (this.cache.get(name, type) === undefined) this.cache.put(name, type, group, shortest(group));
    }
  }

  // A short name found by the search list: remembered as an alias of the long one.
  private link(name: string, candidate: string, entry: DnsEntry): void {
    const ttl = shortest(entry.records);
    this.cache.put(name, RecordType.CNAME, [{ type: RecordType.CNAME, name, ttl, text: candidate }], ttl);
  }

  // Negative, and not kept.
  private unknown(name: string, type: number): DnsEntry {
    return this.cache.put(name, type, [], 0, { negative: true });
  }

  private nothing(name: string, type: number): DnsEntry {
    return this.cache.put(name, type, [], this.settings.negativeTtl, { negative: true });
  }
}

function shortest(records: readonly DnsRecord[]): number {
  let ttl = 2147483647; // RFC 2181 8
  for (const r of records) ttl = Math.min(ttl, r.ttl);
  return ttl;
}
