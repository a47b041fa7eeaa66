// What the dns_* and use_dns_* parameters of the core say, with their defaults.

/** Settings of all look-ups of a process. Times are milliseconds, TTLs seconds. */
export interface DnsSettings {
  /** dns_retr_time: how long a server may take; null: as resolv.conf says. */
  readonly timeout: number | null;
  /** dns_retr_no: how often each server is asked; null: as resolv.conf says. */
  readonly tries: number | null;
  /** dns_servers_no: how many of the servers are asked; null: all. */
  readonly servers: number | null;
  readonly useSearchList: boolean;
  /** Whether a record found by the search list must carry the whole name that was asked for (dns_search_full_match). */
  readonly searchFullMatch: boolean;
  readonly useCache: boolean;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly negativeTtl: number;
  /** Most bytes of the cache, by our count (dns_cache_mem). */
  readonly memory: number;
  readonly gcInterval: number;
  /** Whether live records make room for new ones (dns_cache_del_nonexp). */
  readonly deleteLive: boolean;
  /** dns_cache_rec_pref: 0 and 2 take the new, 1 keeps the old, 3 keeps what lives longer. */
  readonly recordPreference: number;
  /** dns_cache_flags: 1 IPv4 only, 2 IPv6 only, 4 IPv6 first. */
  readonly flags: number;
  readonly tryIpv6: boolean;
  readonly tryNaptr: boolean;
  /** Whether our own preferences come before the order that NAPTR records ask for (dns_naptr_ignore_rfc). */
  readonly naptrIgnoreOrder: boolean;
  /** dns_*_pref; below zero: never. */
  readonly udpPreference: number;
  readonly tcpPreference: number;
  readonly tlsPreference: number;
  readonly sctpPreference: number;
  /** Whether SRV records of one priority are ordered by chance and weight (dns_srv_lb). */
  readonly srvWeights: boolean;
  /** Whether the next target is tried when one fails (use_dns_failover). */
  readonly failover: boolean;
}

export const DEFAULT_DNS_SETTINGS: DnsSettings = {
  timeout: null,
  tries: null,
  servers: null,
  useSearchList: true,
  searchFullMatch: true,
  useCache: true,
  minTtl: 0,
  maxTtl: 2147483647,
  negativeTtl: 60,
  memory: 500 * 1024,
  gcInterval: 120_000,
  deleteLive: false,
  recordPreference: 0,
  flags: 0,
  tryIpv6: true, // as Kamailio 5.6.3 does, whatever its documentation says
  tryNaptr: false,
  naptrIgnoreOrder: true,
  udpPreference: 30,
  tcpPreference: 20,
  tlsPreference: 10,
  sctpPreference: 20,
  srvWeights: false,
  failover: false,
};
