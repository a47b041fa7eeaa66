// Answers of name servers, kept as the dns_cache_* parameters say: by name and type, with a bound on memory, and with entries that an
// administrator has added.

import type { DnsSettings } from "./settings.ts";
import { type DnsRecord, RecordType } from "./wire.ts";

/** One answer: all records of a type that a name has, or that it has none. */
export interface DnsEntry {
  readonly name: string;
  readonly type: number;
  /** Empty in negative entries. */
  readonly records: readonly DnsRecord[];
  readonly negative: boolean;
  /** Stays until it is deleted by name, or by force. */
  readonly permanent: boolean;
  /** Milliseconds of the host's clock; for permanent entries without end. */
  readonly expires: number;
  /** When each record was received, in the same milliseconds, for its own time to live. */
  readonly since: number;
  readonly bytes: number;
  lastUsed: number;
}

/** How it is added: by a server's answer, or by an administrator, whose word counts more. */
export interface EntryOptions {
  readonly byHand?: boolean;
  readonly permanent?: boolean;
  readonly negative?: boolean;
}

/** The entries of one process. */
export class DnsCache {
  /** Bytes that the entries take, by our count. */
  used = 0;
  // From the longest unused to the one used last.
  private readonly entries = new Map<string, DnsEntry>();
  private readonly now: () => number;
  private nextSweep = 0;
  settings: DnsSettings;

  constructor(now: () => number, settings: DnsSettings) {
    this.now = now;
    this.settings = settings;
  }

  /** The live entry of a name and type; undefined when there is none. */
  get(name: string, type: number): DnsEntry | undefined {
    if (!this.settings.useCache) return undefined;
    const key = keyOf(name, type);
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.now();
    if (entry.expires <= now) return undefined;
    entry.lastUsed = now;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  /**
   * Makes an entry of records of one name and type and keeps it when there is room. `ttl` in seconds; the bounds of the settings are
   * applied. Returns the entry to use: the one that was there already when the settings prefer it.
   */
  put(name: string, type: number, records: readonly DnsRecord[], ttl: number, how: EntryOptions = {}): DnsEntry {
    const now = this.now();
    if (now >= this.nextSweep) this.sweep(now);
    const { minTtl, maxTtl, useCache } = this.settings;
    const seconds = Math.min(Math.max(ttl, minTtl), maxTtl);
    const permanent = how.permanent === true;
    const expires = permanent ? Number.POSITIVE_INFINITY : now + seconds * 1000;
    const negative = how.negative === true;
    const bytes = sizeOf(name, records);
    const entry: DnsEntry = { name, type, records, negative, permanent, expires, since: now, bytes, lastUsed: now };
    if (!useCache || (negative && ttl === 0 && !permanent)) return entry;
    const key = keyOf(name, type);
    const old = this.entries.get(key);
    if (old !== undefined && how.byHand !== true && this.prefers(old, entry, now)) return old;
    if (old !== undefined) this.drop(key, old);
    if (!this.makeRoom(bytes, now)) return entry;
    this.entries.set(key, entry);
    this.used += bytes;
    return entry;
  }

  // What an administrator has made permanent is replaced by his own doing only.
  private prefers(old: DnsEntry, young: DnsEntry, now: number): boolean {
    if (old.permanent) return true;
    if (old.expires <= now) return false;
    const preference = this.settings.recordPreference;
    return preference === 1 || (preference === 3 && old.expires >= young.expires);
  }

  /** One entry as it is, expired or not, unused by that; undefined when there is none. */
  peek(name: string, type: number): DnsEntry | undefined {
    return this.entries.get(keyOf(name, type));
  }

  /** Deletes one entry; false when there is none. */
  remove(name: string, type: number): boolean {
    const key = keyOf(name, type);
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    this.drop(key, entry);
    return true;
  }

  /** Deletes all entries, permanent ones only by force. */
  clear(force: boolean): void {
    for (const [key, entry] of this.entries) if (force || !entry.permanent) this.drop(key, entry);
  }

  /** All entries, the longest unused first, expired ones included while they are there. */
  all(): Iterable<DnsEntry> {
    return this.entries.values();
  }

  get size(): number {
    return this.entries.size;
  }

  private drop(key: string, entry: DnsEntry): void {
    this.entries.delete(key);
    this.used -= entry.bytes;
  }

  private sweep(now: number): void {
    this.nextSweep = now + this.settings.gcInterval;
    for (const [key, entry] of this.entries) if (entry.expires <= now) this.drop(key, entry);
  }

  private makeRoom(bytes: number, now: number): boolean {
    const { memory, deleteLive } = this.settings;
    if (this.used + bytes <= memory) return true;
    this.sweep(now);
    if (deleteLive && bytes <= memory) {
      for (const [key, entry] of this.entries) {
        if (this.used + bytes <= memory) break;
        if (!entry.permanent) this.drop(key, entry);
      }
    }
    return this.used + bytes <= memory;
  }
}

function keyOf(name: string, type: number): string {
  return `${type} ${name}`;
}

// About what Kamailio counts, so that the same dns_cache_mem holds about as much.
function sizeOf(name: string, records: readonly DnsRecord[]): number {
  let bytes = 64 + name.length;
  for (const record of records) bytes += recordSize(record);
  return bytes;
}

function recordSize(r: DnsRecord): number {
  switch (r.type) {
    case RecordType.A:
      return 32;
    case RecordType.AAAA:
      return 40;
    case RecordType.SRV:
      return 32 + r.target.length;
    case RecordType.NAPTR:
      return 64 + r.flags.length + r.service.length + r.regexp.length + r.replacement.length;
    default:
      return 32 + r.text.length;
  }
}
