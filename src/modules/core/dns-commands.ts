// The dns.* commands, with the names and fields of Kamailio's.

import { type Dns, type DnsEntry, type DnsRecord, dnsName, RecordType, recordTypeName } from "../../net/dns/index.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { canonicalIp, ipFamily } from "../../util/ip.ts";

/** How the commands find the cache. */
interface WithDns {
  readonly proxy: { readonly dns: Dns; readonly host: { readonly clock: { mono(): number } } };
}
type Command = RpcDef<WithDns>;
type Args = Parameters<Command["run"]>[1];

/** Flags of an entry that an administrator adds. */
const NEGATIVE = 1;
const PERMANENT = 2;

const { A, AAAA, CNAME, NAPTR, PTR, SRV, TXT } = RecordType;

// ---- what there is ----

function secondsLeft(until: number, now: number): number {
  return Number.isFinite(until) ? Math.max(0, Math.ceil((until - now) / 1000)) : 0;
}

function recordFields(r: DnsRecord): { [key: string]: RpcValue } {
  switch (r.type) {
    case A:
    case AAAA:
      return { rr_ip: r.address };
    case SRV:
      return { rr_name: r.target, rr_port: r.port, rr_priority: r.priority, rr_weight: r.weight };
    case NAPTR:
      return {
        ...{ rr_order: r.order, rr_preference: r.preference, rr_flags: r.flags, rr_service: r.service },
        ...{ rr_regexp: r.regexp, rr_replacement: r.replacement },
      };
    default:
      return r.type === TXT ? { rr_txt: r.text } : { rr_name: r.text };
  }
}

// A record of its own lifetime lives no longer than the entry it is in.
function recordSeconds(entry: DnsEntry, record: DnsRecord, now: number): number {
  return entry.permanent ? 0 : secondsLeft(Math.max(entry.since + record.ttl * 1000, entry.expires), now);
}

const yesNo = (value: boolean): string => (value ? "yes" : "no");

function entryFields(entry: DnsEntry, now: number): RpcValue {
  const records = entry.records.map((record, index) => ({
    rr_idx: index,
    ...recordFields(record),
    rr_permanent: yesNo(entry.permanent),
    rr_expires: recordSeconds(entry, record, now),
  }));
  return {
    name: entry.name,
    type: recordTypeName(entry.type),
    size_bytes: entry.bytes,
    reference_counter: 1,
    permanent: yesNo(entry.permanent),
    expires: secondsLeft(entry.expires, now),
    last_used: Math.floor((now - entry.lastUsed) / 1000),
    negative_entry: yesNo(entry.negative),
    ...(records.length > 0 ? { records } : {}),
  };
}

function flagsOf(entry: DnsEntry): number {
  return (entry.negative ? NEGATIVE : 0) | (entry.permanent ? PERMANENT : 0);
}

function times(entry: DnsEntry, now: number): RpcValue[] {
  const unused = Math.floor((now - entry.lastUsed) / 1000);
  return [entry.bytes, 1, secondsLeft(entry.expires, now), unused, flagsOf(entry)];
}

function kindAndValue(r: DnsRecord): RpcValue[] {
  switch (r.type) {
    case A:
    case AAAA:
      return ["ip", r.address];
    case SRV:
      return ["srv", r.target];
    case NAPTR:
      return ["naptr", r.flags + r.service + r.regexp + r.replacement];
    default:
      return [recordTypeName(r.type).toLowerCase(), r.text];
  }
}

function debug(dns: Dns, now: number): RpcValue {
  const out: RpcValue[] = [];
  for (const entry of dns.cache.all()) out.push(entry.name, entry.type, ...times(entry, now));
  return out;
}

function debugAll(dns: Dns, now: number): RpcValue {
  const out: RpcValue[] = [];
  for (const entry of dns.cache.all()) {
    const shown = times(entry, now);
    for (const [index, record] of entry.records.entries()) {
      const seconds = recordSeconds(entry, record, now);
      out.push(entry.name, entry.type, index, ...shown, ...kindAndValue(record), seconds);
    }
  }
  return out;
}

// ---- look-ups and changes ----

function lookUp(dns: Dns, [typeText, name]: Args, now: () => number): RpcValue | Promise<RpcValue> {
  const type = TYPES[String(typeText ?? "").toUpperCase()];
  if (type === undefined) throw new RpcError(400, "Invalid type");
  const shown = (entry: DnsEntry): RpcValue => {
    if (entry.negative) throw new RpcError(400, "Not found");
    return entryFields(entry, now());
  };
  const entry = dns.records(String(name ?? ""), type);
  return entry instanceof Promise ? entry.then(shown) : shown(entry);
}

const TYPES: Readonly<Record<string, number>> = { A, AAAA, CNAME, NAPTR, PTR, SRV, TXT };

// An administrator's record, beside those that the name has; without one the name is said to have none.
function put(dns: Dns, name: string, type: number, record: DnsRecord | null, ttl: number, flags: number): RpcValue {
  const permanent = (flags & PERMANENT) !== 0;
  const negative = record === null;
  const known = dns.cache.get(name, type);
  const others = negative || known?.permanent !== permanent ? [] : known.records;
  const entry = dns.cache.put(name, type, negative ? [] : [...others, record], ttl, {
    permanent,
    negative,
    byHand: true,
  });
  if (dns.cache.peek(name, type) !== entry) throw failed(); // no room
  return null;
}

function failed(): RpcError {
  return new RpcError(400, "Failed to add the entry to the cache");
}

function nameAndTtl(dns: Dns, [name, ttl]: Args): { name: string; ttl: number } {
  const valid = dns.settings.useCache ? dnsName(String(name ?? "")) : null;
  const seconds = Number(ttl);
  if (valid === null || !(seconds >= 0)) throw failed();
  return { name: valid, ttl: seconds };
}

function addAddress(dns: Dns, args: Args, type: typeof A | typeof AAAA): RpcValue {
  const { name, ttl } = nameAndTtl(dns, args);
  const flags = Number(args[3]);
  const text = String(args[2] ?? "").replace(/^\[(.*)\]$/, "$1");
  const address = canonicalIp(text);
  if ((flags & NEGATIVE) !== 0) return put(dns, name, type, null, ttl, flags);
  if (address === null || ipFamily(text) !== (type === A ? 4 : 6)) throw failed();
  return put(dns, name, type, { type, name, ttl, address }, ttl, flags);
}

function addSrv(dns: Dns, args: Args): RpcValue {
  const { name, ttl } = nameAndTtl(dns, args);
  const [priority, weight, port] = [Number(args[2]), Number(args[3]), Number(args[4])];
  const target = dnsName(String(args[5] ?? ""));
  const flags = Number(args[6]);
  if ((flags & NEGATIVE) !== 0) return put(dns, name, SRV, null, ttl, flags);
  for (const n of [priority, weight, port]) if (!(n >= 0 && n <= 65535)) throw failed();
  if (target === null) throw failed();
  return put(dns, name, SRV, { type: SRV, name, ttl, priority, weight, port, target }, ttl, flags);
}

function clear(dns: Dns, force: boolean): RpcValue {
  dns.cache.clear(force);
  return { status: "ok" };
}

// ---- the table ----

function cacheOf({ proxy }: WithDns): Dns {
  const { dns } = proxy;
  if (!dns.settings.useCache) throw new RpcError(500, "dns cache support disabled (see use_dns_cache)");
  return dns;
}

const clockOf = ({ proxy }: WithDns): number => proxy.host.clock.mono();

const text = (name: string) => ({ name, kind: "str", optional: false }) as const;
const number = (name: string) => ({ name, kind: "int", optional: false }) as const;

function deleting(type: number): Command {
  return {
    doc: `Deletes the ${recordTypeName(type)} records of a name from the cache of names.`,
    args: [text("name")],
    run: (self, [name]) => {
      const { cache } = cacheOf(self);
      const valid = dnsName(String(name ?? "")) ?? "";
      if (cache.peek(valid, type)?.permanent === true) throw new RpcError(400, "Permanent entries cannot be deleted");
      if (!cache.remove(valid, type)) throw new RpcError(400, "Not found");
      return null;
    },
  };
}

/** The commands. */
export const dnsCommands: Readonly<Record<string, Command>> = {
  "dns.mem_info": {
    doc: "Bytes of the cache of names in use, and the most there may be.",
    args: [],
    run: (self) => [cacheOf(self).cache.used, self.proxy.dns.settings.memory],
  },
  "dns.debug": {
    doc: "The entries of the cache of names as a flat list of values.",
    args: [],
    run: (self) => debug(cacheOf(self), clockOf(self)),
  },
  "dns.debug_all": {
    doc: "The same with all records.",
    args: [],
    run: (self) => debugAll(cacheOf(self), clockOf(self)),
  },
  "dns.view": {
    doc: "The entries of the cache of names.",
    args: [],
    run: (self) => [...cacheOf(self).cache.all()].map((entry) => entryFields(entry, clockOf(self))),
  },
  "dns.lookup": {
    doc: "Looks records up: their type, a name.",
    args: [text("type"), text("name")],
    run: (self, args) => lookUp(cacheOf(self), args, () => clockOf(self)),
  },
  "dns.add_a": {
    doc: "Adds an A record: name, seconds to live, address, flags (1: there is none, 2: permanent).",
    args: [text("name"), number("ttl"), text("ip"), number("flags")],
    run: (self, args) => addAddress(self.proxy.dns, args, A),
  },
  "dns.add_aaaa": {
    doc: "Adds an AAAA record: name, seconds to live, address, flags (1: there is none, 2: permanent).",
    args: [text("name"), number("ttl"), text("ip"), number("flags")],
    run: (self, args) => addAddress(self.proxy.dns, args, AAAA),
  },
  "dns.add_srv": {
    doc: "Adds an SRV record: name, seconds to live, priority, weight, port, target, flags (1: there is none, 2: permanent).",
    args: [
      ...[text("name"), number("ttl"), number("priority"), number("weight"), number("port")],
      ...[text("target"), number("flags")],
    ],
    run: (self, args) => addSrv(self.proxy.dns, args),
  },
  "dns.delete_a": deleting(A),
  "dns.delete_aaaa": deleting(AAAA),
  "dns.delete_srv": deleting(SRV),
  "dns.delete_naptr": deleting(NAPTR),
  "dns.delete_cname": deleting(CNAME),
  "dns.delete_txt": deleting(TXT),
  "dns.delete_ptr": deleting(PTR),
  "dns.delete_all": {
    doc: "Empties the cache of names; permanent entries stay.",
    args: [],
    run: (self) => clear(cacheOf(self), false),
  },
  "dns.delete_all_force": {
    doc: "Empties the cache of names, permanent entries included.",
    args: [],
    run: (self) => clear(cacheOf(self), true),
  },
};
